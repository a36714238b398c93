//! Tasks files in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use shipway::model::{LoadFailure, LoadedText, Model, SourceLoader, load};

/// The folder that the files seem to be in.
const ROOT: &str = "/project";

/// Files by their path from the folder of the tasks file.
#[derive(Default)]
pub(crate) struct Texts {
    files: BTreeMap<PathBuf, String>,
}

impl Texts {
    /// Only a tasks file.
    pub(crate) fn main(text: impl Into<String>) -> Self {
        Self::default().file("tasks.toml", text)
    }

    /// Adds a file.
    pub(crate) fn file(mut self, path: &str, text: impl Into<String>) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }

    /// Loads `tasks.toml`.
    pub(crate) fn load(&self) -> Result<Model, Box<LoadFailure>> {
        load(&Path::new(ROOT).join("tasks.toml"), self)
    }
}

impl SourceLoader for Texts {
    fn load(&self, path: &Path) -> Result<LoadedText, String> {
        let shown = path.strip_prefix(ROOT).unwrap_or(path).to_owned();
        match self.files.get(&shown) {
            Some(text) => Ok(LoadedText { shown, text: text.clone() }),
            None => Err("no such file".to_owned()),
        }
    }

    fn is_folder(&self, path: &Path) -> bool {
        let shown = path.strip_prefix(ROOT).unwrap_or(path);
        self.files.keys().any(|file| file != shown && file.starts_with(shown))
    }
}
