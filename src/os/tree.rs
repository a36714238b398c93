//! A new folder with many files, whole or not at all.

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
}
