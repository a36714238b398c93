//! The environment's own files: received from a client as a tar archive, private, and known as secrets.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::store::{Store, unreadable, unwritable};
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::{Masker, dotenv_values, env_value_is_secret};
use crate::model::EnvFiles;
use crate::os::Doors;
use crate::os::files::FileKind;

/// More than any env file; a mistake, or worse.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Replaces all files in `shared/` by those of the archive. They are in the next release; those that are made keep theirs.
pub(super) fn receive(store: Store<'_>, archive: impl Read) -> Result<usize, Fault> {
    let files = &store.doors.files;
    let shared = store.layout.shared();
    let (new, old) = (shared.with_extension("new"), shared.with_extension("old"));
    files.remove_dir(&new).map_err(|error| unwritable(&new, &error))?;
    files.create_private_dir(&new).map_err(|error| unwritable(&new, &error))?;
    let broken =
        |error: std::io::Error| Fault::new(FaultKind::Failed, format!("the archive is broken: {error}"));
    let mut archive = tar::Archive::new(archive);
    let mut count = 0;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let path = entry.path().map_err(broken)?.into_owned();
        let place = place(&path).filter(|_| entry.header().entry_type().is_file() && entry.size() <= LARGEST);
        let Some(place) = place else {
            return Err(Fault::new(FaultKind::Refused, format!("`{}` is no env file", path.display())));
        };
        let place = new.join(place);
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(broken)?;
        let folder = place.parent().unwrap_or(&new);
        files.create_private_dir(folder).map_err(|error| unwritable(folder, &error))?;
        files.write(&place, &bytes, 0o600).map_err(|error| unwritable(&place, &error))?;
        count += 1;
    }
    files.remove_dir(&old).map_err(|error| unwritable(&old, &error))?;
    if files.kind(&shared) != FileKind::Missing {
        files.rename(&shared, &old).map_err(|error| unwritable(&old, &error))?;
    }
    files.rename(&new, &shared).map_err(|error| unwritable(&shared, &error))?;
    files.remove_dir(&old).map_err(|error| unwritable(&old, &error))?;
    Ok(count)
}

/// A path of the archive, where it stays below the folder.
fn place(path: &Path) -> Option<PathBuf> {
    let mut place = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => place.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!place.as_os_str().is_empty()).then_some(place)
}

/// What is secret in the environment's files is masked from now on; `entries` say what their names do not.
pub(super) fn teach<'e>(
    doors: &Doors,
    shared: &Path,
    entries: impl IntoIterator<Item = &'e EnvFiles>,
    masker: &Masker,
) -> Result<(), Fault> {
    let entries: Vec<&EnvFiles> = entries.into_iter().collect();
    teach_below(doors, shared, shared, &entries, masker)
}

fn teach_below(
    doors: &Doors,
    shared: &Path,
    folder: &Path,
    entries: &[&EnvFiles],
    masker: &Masker,
) -> Result<(), Fault> {
    if doors.files.kind(folder) != FileKind::Folder {
        return Ok(());
    }
    for name in doors.files.list(folder).map_err(|error| unreadable(folder, &error))? {
        let path = folder.join(&name);
        if doors.files.kind(&path) == FileKind::Folder {
            teach_below(doors, shared, &path, entries, masker)?;
            continue;
        }
        let bytes = doors.files.read(&path).map_err(|error| unreadable(&path, &error))?;
        masker.add_file(&bytes);
        let place = path.strip_prefix(shared).unwrap_or(&path);
        let entry = entries.iter().find(|entry| place.starts_with(&entry.path));
        let (mask, public) =
            entry.map_or((&[][..], &[][..]), |entry| (entry.mask.as_slice(), entry.public.as_slice()));
        for (key, value) in dotenv_values(&bytes) {
            if env_value_is_secret(&key, &value, mask, public) {
                masker.add(&value);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_an_archive_leaves_the_folder() {
        assert_eq!(place(Path::new("./.envs/.django")), Some(PathBuf::from(".envs/.django")));
        for path in ["../x", "/etc/passwd", "a/../../x", "", "."] {
            assert_eq!(place(Path::new(path)), None, "{path}");
        }
    }
}
