//! What we were started with: variables, the current folder, our own program.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// A value that is no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText;

/// A snapshot taken at the start; later changes by others are not seen, and nothing here changes it.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// All variables.
    pub variables: BTreeMap<OsString, OsString>,
    /// The folder that we were started in.
    pub current_dir: PathBuf,
    /// Our own program, for the shim; `None` where the system does not tell.
    pub executable: Option<PathBuf>,
}

impl Environment {
    /// Takes the snapshot.
    #[expect(clippy::disallowed_methods, reason = "this is the environment")]
    pub fn gather() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            current_dir: std::env::current_dir().unwrap_or_default(),
            executable: std::env::current_exe().ok(),
        }
    }

    /// The value of a variable, where it is set and is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name)).and_then(|value| value.to_str())
    }

    /// The value of a variable. The error is that it is set and no UTF-8, which is neither a text nor nothing.
    pub fn text(&self, name: &str) -> Result<Option<&str>, NotText> {
        self.variables.get(OsStr::new(name)).map(|value| value.to_str().ok_or(NotText)).transpose()
    }

    /// Whether a variable is there and not empty, whatever its bytes.
    pub fn has(&self, name: &str) -> bool {
        self.variables.get(OsStr::new(name)).is_some_and(|value| !value.is_empty())
    }

    /// Whether a variable is set to something other than nothing, `0` or `false`.
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !matches!(value, "" | "0" | "false"))
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<&Path> {
        self.get("HOME").filter(|home| !home.is_empty()).map(Path::new)
    }

    /// Whether this is a CI job.
    pub fn is_ci(&self) -> bool {
        self.is_set("CI") || self.is_set("GITHUB_ACTIONS") || self.is_set("GITLAB_CI")
    }
}
