//! From the text of a tasks file to a `Model`, or to everything that is wrong with it.

use std::path::{Path, PathBuf};

use super::Model;
use crate::diagnostic::{Diagnostic, Sources};

/// Reads files for the loader; floor 4 implements it.
pub trait SourceLoader {
    /// The text of `path` (absolute), or why it can't be had.
    fn load(&self, path: &Path) -> Result<LoadedText, String>;
    /// Whether `path` (absolute) is a folder.
    fn is_folder(&self, path: &Path) -> bool;
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct LoadedText {
    /// The name to show it under.
    pub shown: PathBuf,
    /// Its text.
    pub text: String,
}

/// Why there is no model: everything that is wrong, at once.
#[derive(Clone, Debug)]
pub struct LoadFailure {
    /// The texts that the diagnostics point into.
    pub sources: Sources,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads and checks the tasks file `file` (absolute).
pub fn load(file: &Path, loader: &dyn SourceLoader) -> Result<Model, Box<LoadFailure>> {
    let _ = (file, loader);
    Err(Box::new(LoadFailure { sources: Sources::default(), diagnostics: Vec::new() }))
}
