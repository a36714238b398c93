//! Reads tasks files for the model.

use std::path::{Path, PathBuf};

use super::files::{FileKind, Files, access, real_path};
use super::identity;
use crate::model::{LoadedText, SourceLoader};

/// Reads files through the door, and names them as one would from `here`.
pub struct SourceFiles<'a> {
    /// The door.
    pub files: &'a dyn Files,
    /// Where the user stands.
    pub here: &'a Path,
    /// The main file's folder, without links: files that are included lie in it.
    pub root: &'a Path,
    /// Files of other users are taken too: in a CI job, where whoever checked out is not who runs.
    pub any_owner: bool,
}

/// Why a file may not say what is run as us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// That user's commands would run as us.
    #[error("it belongs to another user")]
    OtherOwner,
    /// Anybody could make it run commands as us.
    #[error("it may be written by everybody")]
    OpenToAll,
}

/// Whether another user could have written `file`.
pub fn distrust(file: &Path, any_owner: bool) -> Option<Distrust> {
    let access = access(file)?;
    if access.mode & 0o002 != 0 {
        return Some(Distrust::OpenToAll);
    }
    let is_ours = any_owner || access.owner == identity::user() || access.owner == 0;
    (!is_ours).then_some(Distrust::OtherOwner)
}

impl SourceLoader for SourceFiles<'_> {
    fn load(&self, path: &Path) -> Result<LoadedText, String> {
        if let Some(distrust) = distrust(path, self.any_owner) {
            return Err(distrust.to_string());
        }
        if !real_path(path).starts_with(self.root) {
            return Err("it is a link to a place outside of the project".to_owned());
        }
        let bytes = self.files.read(path).map_err(|error| error.to_string())?;
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        Ok(LoadedText { shown: shown(path, self.here), text })
    }

    fn torn(&self, path: &Path) -> Option<(LoadedText, usize)> {
        let is_ours = distrust(path, self.any_owner).is_none() && real_path(path).starts_with(self.root);
        let bytes = is_ours.then(|| self.files.read(path).ok()).flatten()?;
        let at = std::str::from_utf8(&bytes).err()?.valid_up_to();
        // What stands before that byte is as long there as here.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Some((LoadedText { shown: shown(path, self.here), text }, at))
    }

    fn is_there(&self, path: &Path) -> bool {
        self.files.kind(path) != FileKind::Missing
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.files.kind(path) == FileKind::Folder
    }
}

/// `path` as one would name it from `here`: relative where it is below, absolute otherwise.
pub fn shown(path: &Path, here: &Path) -> PathBuf {
    path.strip_prefix(here).map_or_else(|_| path.to_owned(), Path::to_owned)
}
