//! Reads tasks files for the model.

use std::path::{Path, PathBuf};

use super::files::{FileKind, Files};
use crate::model::{LoadedText, SourceLoader};

/// Reads files through the door, and names them as one would from `here`.
pub struct SourceFiles<'a> {
    /// The door.
    pub files: &'a dyn Files,
    /// Where the user stands.
    pub here: &'a Path,
}

impl SourceLoader for SourceFiles<'_> {
    fn load(&self, path: &Path) -> Result<LoadedText, String> {
        let bytes = self.files.read(path).map_err(|error| error.to_string())?;
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        Ok(LoadedText { shown: shown(path, self.here), text })
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.files.kind(path) == FileKind::Folder
    }
}

/// `path` as one would name it from `here`: relative where it is below, absolute otherwise.
pub fn shown(path: &Path, here: &Path) -> PathBuf {
    path.strip_prefix(here).map_or_else(|_| path.to_owned(), Path::to_owned)
}
