//! Bare repositories of real git that a forge's stand-in gives for the ones that it makes. Each has an address for ssh and one for https: two
//! paths to one folder.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of repositories.
#[derive(Clone, Debug)]
pub(crate) struct Depot(PathBuf);

impl Depot {
    /// In a new folder.
    pub(crate) fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder.join("ssh")).unwrap();
        std::os::unix::fs::symlink("ssh", folder.join("https")).unwrap();
        Self(folder.to_owned())
    }

    /// Makes a repository.
    pub(crate) fn make(&self, name: &str) {
        let made = Command::new("git").args(["init", "--quiet", "--bare"]).arg(self.path(name)).status();
        assert!(made.unwrap().success());
    }

    /// Where a repository is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join("ssh").join(format!("{name}.git"))
    }

    /// Its address for `ssh` or `https`.
    pub(crate) fn url(&self, by: &str, name: &str) -> String {
        format!("file://{}/{by}/{name}.git", self.0.display())
    }
}
