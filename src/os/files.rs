//! Files: whole reads, atomic private writes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Reads and writes files.
pub trait Files: Send + Sync {
    /// The whole file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Writes the whole file or nothing: a new file beside it is renamed over it. `mode` is its access mode. It is not forced to the disk:
    /// what has to outlive the machine's failure is in the journal, and all else is of no use after it or can be found out again.
    fn write(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()>;
    /// The same, and it is on the disk when this returns: for records that have to outlive the machine's failure.
    fn write_durable(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()>;
    /// Writes a file that must not be there yet, whole and durable. False where it is there.
    fn write_new(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<bool>;
    /// Makes a folder that only its owner can read, with all folders above it.
    fn create_private_dir(&self, path: &Path) -> io::Result<()>;
    /// Gives a file or folder another name on the same disk.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name on the same disk; one that has it already is no error.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file; one that is not there is no error.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder and all in it; one that is not there is no error.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// What a path is.
    fn kind(&self, path: &Path) -> FileKind;
    /// How many folders a folder holds; `None` where the file system does not count them by a folder's links, as most do.
    fn count_folders(&self, path: &Path) -> Option<usize>;
    /// The names in a folder, sorted.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
}

/// What a path is, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// There is nothing.
    Missing,
    /// A file.
    File,
    /// A folder.
    Folder,
    /// Anything else: a socket, a device.
    Other,
}

/// The machine's files.
#[derive(Clone, Copy, Debug)]
pub struct RealFiles;

impl Files for RealFiles {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        written_beside(path, bytes, mode)?.persist(path).map(drop).map_err(|error| error.error)
    }

    fn write_durable(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        let file = written_beside(path, bytes, mode)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The name is on the disk only when its folder is.
        File::open(folder_of(path))?.sync_all()
    }

    fn write_new(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<bool> {
        let file = written_beside(path, bytes, mode)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Ok(_) => File::open(folder_of(path))?.sync_all().map(|()| true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
        }
    }

    fn create_private_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)?;
        File::open(folder_of(to))?.sync_all()
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        match std::fs::hard_link(from, to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        absent_is_fine(std::fs::remove_file(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        absent_is_fine(std::fs::remove_dir_all(path))
    }

    fn kind(&self, path: &Path) -> FileKind {
        match std::fs::metadata(path) {
            Err(_) => FileKind::Missing,
            Ok(metadata) if metadata.is_file() => FileKind::File,
            Ok(metadata) if metadata.is_dir() => FileKind::Folder,
            Ok(_) => FileKind::Other,
        }
    }

    fn count_folders(&self, path: &Path) -> Option<usize> {
        // Its name, its own `.`, and the `..` of each folder in it.
        let links = std::fs::metadata(path).ok()?.nlink();
        usize::try_from(links).ok()?.checked_sub(2)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn written_beside(path: &Path, bytes: &[u8], mode: u32) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".shipway-")
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(folder_of(path))?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    Ok(file)
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A private file of the system's folder for temporary files; it goes away with the value.
#[derive(Debug)]
pub struct TemporaryFile(tempfile::NamedTempFile);

impl TemporaryFile {
    /// With this in it.
    pub fn with(bytes: &[u8]) -> io::Result<Self> {
        let mut file = tempfile::Builder::new().prefix("shipway-").tempfile()?;
        file.write_all(bytes)?;
        Ok(Self(file))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A private folder among the system's temporary ones; it goes away with the value, and all in it.
#[derive(Debug)]
pub struct TemporaryFolder(tempfile::TempDir);

impl TemporaryFolder {
    /// An empty one.
    pub fn new() -> io::Result<Self> {
        tempfile::Builder::new().prefix("shipway-").tempdir().map(Self)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A new private folder; fails where it exists.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

/// A new private file for appending; fails where it exists.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)
}

/// The file for appending, made private where it does not exist.
pub fn append_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Opens a file for reading along while another process writes it.
pub fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Copies a file with its access mode; the disk may share what both have in common.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::copy(from, to).map(drop)
}

/// Makes `link` a symbolic link to `target`.
pub fn link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Makes `link` a symbolic link to `target`, in place of the link that is there: whoever looks sees the one or the other.
pub fn replace_link(target: &Path, link: &Path) -> io::Result<()> {
    let beside = folder_of(link).join(format!(".shipway-link-{}", std::process::id()));
    absent_is_fine(std::fs::remove_file(&beside))?;
    std::os::unix::fs::symlink(target, &beside)?;
    std::fs::rename(&beside, link)?;
    File::open(folder_of(link))?.sync_all()
}

/// Who owns a path and who may write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The owner's user number.
    pub owner: u32,
    /// The access mode's lower bits.
    pub mode: u32,
    /// The device, to notice a mount point.
    pub device: u64,
}

/// Who owns a path and who may write it; `None` where there is nothing.
pub fn access(path: &Path) -> Option<Access> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some(Access { owner: metadata.uid(), mode: metadata.mode() & 0o7777, device: metadata.dev() })
}

/// What changes when a file does: its real place, its size and when it was written last; empty where there is nothing.
pub fn stamp(path: &Path) -> String {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(metadata) = std::fs::metadata(path) else { return String::new() };
    format!(
        "{} {} {}.{}",
        real_path(path).display(),
        metadata.size(),
        metadata.mtime(),
        metadata.mtime_nsec()
    )
}

/// `path` without links and `..`; the path itself where it does not exist.
pub fn real_path(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Which file or folder a path leads to: its device and number. `None` where there is nothing.
pub fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Whether `path` itself is a link, to whatever.
pub fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

/// When a file was written last, or a folder's names changed; since the epoch. `None` where there is nothing.
pub fn modified(path: &Path) -> Option<std::time::Duration> {
    std::fs::metadata(path).ok()?.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()
}
