//! Many files at once: which there are, and what the system says of each.
//!
//! Whether ten thousand files are as they were has to be answered in about the time that asking the system for each takes: folders are
//! opened once and their files asked for by name, folders are shared out among threads where there are many, and nothing is read.
//!
//! A link is never followed out of the root, and a link to a folder is not entered but where a pattern names it: there would be no end.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};

use crate::text::patterns::{NEVER, Patterns, Place};

/// So many folders are looked into by who asks: a thread costs more than a few folders.
const ALONE: usize = 12;

/// After so long others help. Two processors of one core take half as long together, and half again as much of their time.
const LONG: Duration = Duration::from_millis(25);

/// More threads only wait for the same disk.
const MOST_THREADS: usize = 8;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A file that may be executed.
    Program,
    /// A link, to whatever.
    Link,
}

/// What the system says of a file without reading it. While it says the same, and what it says is old enough, the content is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Last written, in nanoseconds since the epoch.
    pub modified: i64,
    /// Last changed in any way; nobody can set it.
    pub changed: i64,
    /// Which file it is.
    pub inode: u64,
}

/// Names one behind the other: ten thousand pieces of memory would take longer to get than to fill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Vec<u8>);

/// One of [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    start: u32,
    end: u32,
}

impl Names {
    /// Adds one. No folder has names of four gigabytes.
    pub fn add(&mut self, name: &[u8]) -> Name {
        let here = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let start = here(self.0.len());
        self.0.extend_from_slice(name);
        Name { start, end: here(self.0.len()) }
    }

    /// One that was added.
    pub fn get(&self, name: Name) -> &[u8] {
        self.0.get(name.start as usize..name.end as usize).unwrap_or_default()
    }
}

/// The files of one folder that are meant, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// From the root, with `/`; empty for the root.
    pub path: Vec<u8>,
    /// Their names.
    pub names: Names,
    /// Their stamps.
    pub files: Vec<(Name, Stamp)>,
}

/// What could not be looked at.
#[derive(Debug, thiserror::Error)]
#[error("{} can't be read: {error}", .path.display())]
pub struct Unreadable {
    /// From the root.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

/// What `each` makes of the folders below `root` that hold files that `patterns` mean, in any order.
pub fn walk<T: Send>(
    root: &Path,
    patterns: &Patterns,
    each: impl Fn(Folder) -> T + Sync,
) -> Result<Vec<T>, Unreadable> {
    walk_alone_for(LONG, root, patterns, each)
}

fn walk_alone_for<T: Send>(
    long: Duration,
    root: &Path,
    patterns: &Patterns,
    each: impl Fn(Folder) -> T + Sync,
) -> Result<Vec<T>, Unreadable> {
    let walk = Walk { root, real_root: super::files::real_path(root), patterns, each, long };
    let mut found = Vec::new();
    let mut open = VecDeque::from([Job { path: Vec::new(), place: patterns.start(), by_name: false }]);
    let mut looked = 0;
    while let Some(job) = open.pop_front() {
        walk.folder(job, &mut found, &mut open)?;
        looked += 1;
        if looked >= ALONE && open.len() >= ALONE {
            walk.together(std::mem::take(&mut open), &mut found)?;
        }
    }
    Ok(found)
}

/// A folder that is still to be looked into.
struct Job {
    path: Vec<u8>,
    place: Place,
    /// A pattern names it: it may be a link.
    by_name: bool,
}

struct Walk<'a, F> {
    root: &'a Path,
    real_root: PathBuf,
    patterns: &'a Patterns,
    each: F,
    /// After so long others help.
    long: Duration,
}

/// Folders that wait for one of several threads.
struct Shared {
    open: VecDeque<Job>,
    busy: usize,
    fault: Option<Unreadable>,
}

impl<T: Send, F: Fn(Folder) -> T + Sync> Walk<'_, F> {
    fn together(&self, open: VecDeque<Job>, found: &mut Vec<T>) -> Result<(), Unreadable> {
        let shared = Mutex::new(Shared { open, busy: 0, fault: None });
        let changed = Condvar::new();
        let all = Mutex::new(std::mem::take(found));
        std::thread::scope(|scope| {
            let work = || {
                let mut own = Vec::new();
                self.share(&shared, &changed, &mut own);
                lock(&all).append(&mut own);
            };
            let apart = move || {
                own_open_files();
                work();
            };
            let start = || std::thread::Builder::new().spawn_scoped(scope, apart).is_ok();
            if !start() {
                // Where there are no threads to be had, this one does it all.
                return work();
            }
            let is_open = |shared: &mut Shared| shared.busy > 0 || !shared.open.is_empty();
            let waited = changed.wait_timeout_while(lock(&shared), self.long, is_open);
            if waited.unwrap_or_else(PoisonError::into_inner).1.timed_out() {
                for _ in 1..threads() {
                    start();
                }
            }
        });
        *found = all.into_inner().unwrap_or_else(PoisonError::into_inner);
        shared.into_inner().unwrap_or_else(PoisonError::into_inner).fault.map_or(Ok(()), Err)
    }

    fn share(&self, shared: &Mutex<Shared>, changed: &Condvar, found: &mut Vec<T>) {
        let mut state = lock(shared);
        loop {
            let Some(job) = state.open.pop_front() else {
                if state.busy == 0 {
                    changed.notify_all();
                    return;
                }
                state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.busy += 1;
            drop(state);
            let mut open = VecDeque::new();
            let result = self.folder(job, found, &mut open);
            state = lock(shared);
            state.busy -= 1;
            if !open.is_empty() {
                state.open.append(&mut open);
                changed.notify_all();
            }
            if let Err(fault) = result {
                state.open.clear();
                state.fault.get_or_insert(fault);
            }
        }
    }

    /// Looks into one folder. One that is gone by now has nothing in it.
    fn folder(&self, job: Job, found: &mut Vec<T>, open: &mut VecDeque<Job>) -> Result<(), Unreadable> {
        let here = self.root.join(os_path(&job.path));
        let unreadable = |path: &[u8], error: rustix::io::Errno| Unreadable {
            path: os_path(path).to_owned(),
            error: error.into(),
        };
        let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        if !job.path.is_empty() && !job.by_name {
            flags |= OFlags::NOFOLLOW;
        }
        let folder = match rustix::fs::openat(CWD, &here, flags, Mode::empty()) {
            Ok(folder) => folder,
            Err(error) if is_gone(error) => return Ok(()),
            Err(error) => return Err(unreadable(&job.path, error)),
        };
        let (mut names, mut files) = (Names::default(), Vec::new());
        let mut take = |name: &[u8], kind: FileType, by_name: bool| -> Result<(), Unreadable> {
            let unknown = kind == FileType::Unknown;
            let maybe_folder = unknown || kind == FileType::Directory;
            if !maybe_folder && !self.patterns.means(&job.place, name) {
                return Ok(());
            }
            let stat = match kind {
                FileType::Directory => None,
                _ => match rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => Some(stat),
                    Err(error) if is_gone(error) => return Ok(()),
                    Err(error) => return Err(unreadable(&joined(&job.path, name), error)),
                },
            };
            let kind = stat.as_ref().map_or(kind, |stat| FileType::from_raw_mode(stat.st_mode));
            let is_linked_folder =
                by_name && kind == FileType::Symlink && self.leads_to_folder(&joined(&job.path, name));
            if kind == FileType::Directory || is_linked_folder {
                let place = self.patterns.enter(&job.place, name);
                if self.patterns.goes_on(&place) {
                    open.push_back(Job { path: joined(&job.path, name), place, by_name });
                }
            } else if let Some(stat) = stat
                && let Some(stamp) = stamp(&stat)
                && (!unknown || self.patterns.means(&job.place, name))
            {
                files.push((names.add(name), stamp));
            }
            Ok(())
        };
        match self.patterns.names(&job.place) {
            Some(names) => names.into_iter().try_for_each(|name| take(name, FileType::Unknown, true))?,
            None => each_entry(
                &folder,
                |error| unreadable(&job.path, error),
                |name, kind| {
                    let is_never = NEVER.iter().any(|never| never.as_bytes() == name);
                    if name == b"." || name == b".." || is_never { Ok(()) } else { take(name, kind, false) }
                },
            )?,
        }
        if !files.is_empty() {
            let (names, files) = sorted(&names, &files);
            found.push((self.each)(Folder { path: job.path, names, files }));
        }
        Ok(())
    }

    /// Whether a link leads to a folder of the project.
    fn leads_to_folder(&self, path: &[u8]) -> bool {
        let target = self.root.join(os_path(path)).canonicalize();
        target.is_ok_and(|target| target.starts_with(&self.real_root) && target.is_dir())
    }
}

/// Gives this thread a table of open files of its own, where the system lets it. With one that threads share, each look at a file counts who
/// uses its folder, and is slower by a twentieth.
#[cfg(target_os = "linux")]
fn own_open_files() {
    #[expect(
        deprecated,
        reason = "the new form is unsafe for the sake of threads that have files open; this one has none"
    )]
    rustix::thread::unshare(rustix::thread::UnshareFlags::FILES).ok();
}

/// Other systems have no such call.
#[cfg(not(target_os = "linux"))]
fn own_open_files() {}

/// The same by name, with the names one behind the other in that order: two folders with the same files have the same [`Names`].
fn sorted(names: &Names, files: &[(Name, Stamp)]) -> (Names, Vec<(Name, Stamp)>) {
    // The first letters decide nearly always, and can be compared as a number.
    let head = |name: &[u8]| {
        let mut head = [0; 8];
        head.iter_mut().zip(name).for_each(|(place, byte)| *place = *byte);
        u64::from_be_bytes(head)
    };
    let mut order: Vec<(u64, &[u8], &Stamp)> = files
        .iter()
        .map(|(name, stamp)| (names.get(*name), stamp))
        .map(|(name, stamp)| (head(name), name, stamp))
        .collect();
    order.sort_unstable_by(|one, other| one.0.cmp(&other.0).then_with(|| one.1.cmp(other.1)));
    let mut in_order = Names(Vec::with_capacity(names.0.len()));
    let files = order.into_iter().map(|(_, name, stamp)| (in_order.add(name), *stamp)).collect();
    (in_order, files)
}

/// Hands out what is in a folder.
#[cfg(target_os = "linux")]
fn each_entry(
    folder: &OwnedFd,
    unreadable: impl Fn(rustix::io::Errno) -> Unreadable,
    mut each: impl FnMut(&[u8], FileType) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut buffer = [const { std::mem::MaybeUninit::<u8>::uninit() }; 32 * 1024];
    let mut entries = rustix::fs::RawDir::new(folder, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(&unreadable)?;
        each(entry.file_name().to_bytes(), entry.file_type())?;
    }
    Ok(())
}

/// Hands out what is in a folder.
#[cfg(not(target_os = "linux"))]
fn each_entry(
    folder: &OwnedFd,
    unreadable: impl Fn(rustix::io::Errno) -> Unreadable,
    mut each: impl FnMut(&[u8], FileType) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    for entry in rustix::fs::Dir::read_from(folder).map_err(&unreadable)? {
        let entry = entry.map_err(&unreadable)?;
        each(entry.file_name().to_bytes(), entry.file_type())?;
    }
    Ok(())
}

/// How many threads work at files side by side.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS)
}

fn stamp(stat: &rustix::fs::Stat) -> Option<Stamp> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if stat.st_mode & 0o111 != 0 => Kind::Program,
        FileType::RegularFile => Kind::File,
        FileType::Symlink => Kind::Link,
        // A socket, a pipe or a device has no content that could be compared.
        _ => return None,
    };
    let time =
        |seconds: i64, nanoseconds: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds);
    Some(Stamp {
        kind,
        size: u64::try_from(stat.st_size).unwrap_or_default(),
        modified: time(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or_default()),
        changed: time(stat.st_ctime, i64::try_from(stat.st_ctime_nsec).unwrap_or_default()),
        inode: stat.st_ino,
    })
}

fn is_gone(error: rustix::io::Errno) -> bool {
    use rustix::io::Errno;
    matches!(error, Errno::NOENT | Errno::NOTDIR | Errno::LOOP)
}

fn joined(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(folder.len() + 1 + name.len());
    path.extend_from_slice(folder);
    if !folder.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// A path in the system's terms.
pub fn os_path(bytes: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt as _;
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(list: &[&str]) -> Patterns {
        let mut patterns = Patterns::default();
        list.iter().for_each(|text| patterns.add("", text).unwrap());
        patterns
    }

    fn paths(root: &Path, list: &[&str]) -> Vec<String> {
        let sorted = |long| {
            let mut folders = walk_alone_for(long, root, &patterns(list), |folder| folder).unwrap();
            folders.sort_unstable_by(|one, other| one.path.cmp(&other.path));
            folders
        };
        let folders = sorted(Duration::MAX);
        assert_eq!(folders, sorted(Duration::ZERO));
        let files = folders.iter().flat_map(|folder| {
            folder
                .files
                .iter()
                .map(|(name, _)| String::from_utf8(joined(&folder.path, folder.names.get(*name))).unwrap())
        });
        files.collect()
    }

    fn write(root: &Path, path: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(path).unwrap();
    }

    #[test]
    fn all_that_is_meant_is_found_in_order_by_one_and_by_many() {
        let place = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for folder in 0..100 {
            for file in 0..10 {
                let path = format!("a/f{folder:03}/x{file}.c");
                write(place.path(), &path);
                write(place.path(), &format!("a/f{folder:03}/x{file}.o"));
                expected.push(path);
            }
        }
        write(place.path(), "a/.git/x.c");
        write(place.path(), "b/x.c");
        assert_eq!(paths(place.path(), &["a/**/*.c"]), expected);
        assert_eq!(paths(place.path(), &["a/**/*.c", "!a/f0*/**"]), Vec::<String>::new());
        assert_eq!(paths(place.path(), &["a/f001/*.o", "b/x.c", "no/x"]).len(), 11);
    }

    #[test]
    fn links_are_not_followed_out_of_the_root_nor_into_folders() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("root");
        write(&root, "real/a");
        write(place.path(), "outside/secret");
        let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, root.join(name)).unwrap();
        link("../outside", "out");
        link("real", "in");
        link("..", "real/up");
        link("../outside/secret", "file");
        assert_eq!(paths(&root, &["**"]), ["file", "in", "out", "real/a", "real/up"]);
        assert_eq!(paths(&root, &["in/**"]), ["in/a", "in/up"]);
        assert_eq!(paths(&root, &["out/**"]), Vec::<String>::new());
    }
}
