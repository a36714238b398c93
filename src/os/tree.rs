//! Folders with many files: new ones, whole or not at all, and copies of others.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Makes the folder `target` with `files` (paths below it, and texts). It must not exist, or be empty. They are written into a folder
/// beside it, which is then renamed; into an empty one that exists they are moved, for somebody may stand in it.
///
/// Modes follow the user's umask, as those of files that an editor makes; scripts (`.sh`) may be executed.
pub fn create(target: &Path, files: &[(&str, String)]) -> io::Result<()> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).create(parent)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = parent.join(format!(".{name}.new-{}", std::process::id()));
    DirBuilder::new().create(&beside)?;
    let result = fill(&beside, files).and_then(|()| move_into_place(&beside, target));
    // Gone already where all went well.
    std::fs::remove_dir_all(&beside).ok();
    result
}

fn fill(folder: &Path, files: &[(&str, String)]) -> io::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            DirBuilder::new().recursive(true).create(parent)?;
        }
        let is_script = path.extension().is_some_and(|extension| extension == "sh");
        let mode = if is_script { 0o777 } else { 0o666 };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
        file.write_all(text.as_bytes())?;
    }
    Ok(())
}

fn move_into_place(beside: &Path, target: &Path) -> io::Result<()> {
    if !target.is_dir() {
        return std::fs::rename(beside, target);
    }
    let mut moved: Vec<(PathBuf, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(beside)? {
        let from = entry?.path();
        let to = target.join(from.file_name().unwrap_or_default());
        if let Err(error) = std::fs::rename(&from, &to) {
            for (from, to) in moved {
                std::fs::rename(to, from).ok();
            }
            return Err(error);
        }
        moved.push((from, to));
    }
    Ok(())
}

/// Makes the folder `target` of copies, whole or not at all: each part is what is copied and where it lies in `target`. Where the
/// folder is there already, nothing is done.
pub fn gather(target: &Path, parts: &[(PathBuf, PathBuf)]) -> io::Result<()> {
    if target.is_dir() {
        return Ok(());
    }
    let parent = target.parent().unwrap_or(Path::new("/"));
    DirBuilder::new().recursive(true).create(parent)?;
    let beside = parent.join(format!(".new-{}", std::process::id()));
    if beside.is_dir() {
        std::fs::remove_dir_all(&beside)?;
    }
    let filled = parts.iter().try_for_each(|(from, place)| mirror(from, &beside.join(place)));
    let result = filled.and_then(|()| std::fs::rename(&beside, target));
    // Gone already where all went well.
    std::fs::remove_dir_all(&beside).ok();
    result
}

/// Makes `to` what `from` is, a file or a folder, with modes and with what links say; what is in a folder beyond that is removed.
/// Folders stay the same folders and files that are alike are left alone, so that whoever looks in from elsewhere sees the change.
pub fn mirror(from: &Path, to: &Path) -> io::Result<()> {
    let from = std::fs::canonicalize(from)?;
    if let Some(parent) = to.parent() {
        DirBuilder::new().recursive(true).create(parent)?;
    }
    mirror_entry(&from, to)
}

fn mirror_entry(from: &Path, to: &Path) -> io::Result<()> {
    let wanted = std::fs::symlink_metadata(from)?;
    let there = std::fs::symlink_metadata(to).ok();
    if there.as_ref().is_some_and(|there| there.file_type() != wanted.file_type()) {
        remove(to)?;
    }
    if wanted.is_symlink() {
        let target = std::fs::read_link(from)?;
        if std::fs::read_link(to).ok().as_ref() != Some(&target) {
            remove(to)?;
            std::os::unix::fs::symlink(target, to)?;
        }
        return Ok(());
    }
    if !wanted.is_dir() {
        return mirror_file(from, to, &wanted);
    }
    if !to.is_dir() {
        DirBuilder::new().create(to)?;
    }
    let mut names = std::collections::HashSet::new();
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name();
        mirror_entry(&from.join(&name), &to.join(&name))?;
        names.insert(name);
    }
    for entry in std::fs::read_dir(to)? {
        let name = entry?.file_name();
        if !names.contains(&name) {
            remove(&to.join(&name))?;
        }
    }
    std::fs::set_permissions(to, wanted.permissions())
}

fn mirror_file(from: &Path, to: &Path, wanted: &std::fs::Metadata) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this is a door")]
    let read = |path: &Path| std::fs::read(path);
    let is_alike = std::fs::metadata(to)
        .is_ok_and(|there| there.len() == wanted.len() && there.permissions() == wanted.permissions());
    if is_alike && read(from)? == read(to)? {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(Path::new("/"));
    let file = tempfile::Builder::new().prefix(".shipway-").tempfile_in(folder)?;
    std::fs::copy(from, file.path())?;
    file.persist(to).map(drop).map_err(|error| error.error)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(there) if there.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_tree_is_there_whole_and_nothing_is_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let files = [("a.txt", "a".to_owned()), ("b/c.sh", "#!/bin/sh\n".to_owned())];
        create(&place.path().join("deep/new"), &files).unwrap();
        assert_eq!(names(&place.path().join("deep")), ["new"]);
        assert_eq!(names(&place.path().join("deep/new")), ["a.txt", "b"]);
        let script = std::fs::metadata(place.path().join("deep/new/b/c.sh")).unwrap();
        assert_eq!(script.permissions().mode() & 0o100, 0o100);
    }

    #[test]
    fn an_empty_folder_is_filled_and_stays_the_same_folder() {
        use std::os::unix::fs::MetadataExt as _;
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("here");
        std::fs::create_dir(&target).unwrap();
        let before = std::fs::metadata(&target).unwrap().ino();
        create(&target, &[("a", String::new())]).unwrap();
        assert_eq!((names(&target), names(place.path())), (vec!["a".to_owned()], vec!["here".to_owned()]));
        assert_eq!(std::fs::metadata(&target).unwrap().ino(), before);
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let files = [("a", String::new()), ("a/b", String::new())];
        assert!(create(&place.path().join("new"), &files).is_err());
        assert!(names(place.path()).is_empty());
    }

    #[test]
    fn a_mirror_is_what_it_mirrors_and_its_folders_stay_the_same() {
        use std::os::unix::fs::MetadataExt as _;
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to/here"));
        let files = [("a", "one".to_owned()), ("b/c.sh", "two".to_owned()), ("d", "three".to_owned())];
        create(&from, &files).unwrap();
        std::os::unix::fs::symlink("a", from.join("link")).unwrap();
        mirror(&from, &to).unwrap();
        let folder = std::fs::metadata(to.join("b")).unwrap().ino();
        let alike = std::fs::metadata(to.join("d")).unwrap().ino();
        assert_eq!(std::fs::metadata(to.join("b/c.sh")).unwrap().permissions().mode() & 0o100, 0o100);

        std::fs::remove_file(from.join("a")).unwrap();
        create(&from.join("a"), &[("deep", String::new())]).unwrap();
        std::fs::remove_file(from.join("b/c.sh")).unwrap();
        std::fs::File::create(from.join("b/e")).unwrap().write_all(b"new").unwrap();
        mirror(&from, &to).unwrap();
        assert_eq!((names(&to), names(&to.join("a"))), (names(&from), vec!["deep".to_owned()]));
        assert_eq!(names(&to.join("b")), ["e"]);
        assert_eq!(std::fs::read_link(to.join("link")).unwrap(), Path::new("a"));
        assert_eq!(std::fs::metadata(to.join("b")).unwrap().ino(), folder);
        assert_eq!(std::fs::metadata(to.join("d")).unwrap().ino(), alike);
    }

    #[test]
    fn what_is_gathered_is_there_whole_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        create(&place.path().join("from"), &[("a", "one".to_owned())]).unwrap();
        let (target, from) = (place.path().join("kept/one"), place.path().join("from"));
        let missing = [(from.clone(), "x".into()), (from.join("none"), PathBuf::from("y"))];
        assert!(gather(&target, &missing).is_err());
        assert!(names(&place.path().join("kept")).is_empty());
        gather(&target, &[(from.join("a"), "x/a".into())]).unwrap();
        assert_eq!(names(&target.join("x")), ["a"]);
        gather(&target, &missing).unwrap();
    }
}
