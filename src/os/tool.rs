//! Finds programs: an absolute path, or an error that names the program.
//!
//! duct starts a program by `posix_spawn` only when it is given an absolute path (`aesthetics.md` 6.1), and a path that was looked up once
//! need not be looked up for each of a thousand steps.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Remembers what was found.
#[derive(Debug, Default)]
pub struct Tools {
    found: Mutex<HashMap<(String, Vec<u8>), PathBuf>>,
}

/// A program that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{tool}` is not installed, or not in PATH")]
pub struct ToolMissing {
    /// What was looked for.
    pub tool: String,
}

impl Tools {
    /// The program `tool` as a shell in `dir` with this PATH would find it.
    pub fn find(&self, tool: &str, path: Option<&OsStr>, dir: &Path) -> Result<PathBuf, ToolMissing> {
        if tool.contains('/') {
            let found = dir.join(tool);
            return if found.is_file() { Ok(found) } else { Err(ToolMissing { tool: tool.to_owned() }) };
        }
        let key = (tool.to_owned(), path.map(|path| path.as_encoded_bytes().to_vec()).unwrap_or_default());
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = found.get(&key) {
            return Ok(known.clone());
        }
        let place = which::which_in(tool, path, dir).map_err(|_| ToolMissing { tool: tool.to_owned() })?;
        found.insert(key, place.clone());
        Ok(place)
    }
}
