//! What lies where on a server (`deployers.md` 5.3).
//!
//! ```text
//! ROOT/bin/shipway                 the program that hooks and ssh run
//! ROOT/ENV/repo.git                what is pushed to
//! ROOT/ENV/releases/N-TAG-COMMIT/  src (the commit's files), release.json, override.yml, tasks.toml (for a roll-back)
//! ROOT/ENV/current                 → the release whose files are in use
//! ROOT/ENV/shared/                 env files, 0600, copied into each release
//! ROOT/ENV/records/N.json          each deployment that was ever asked for
//! ROOT/ENV/log/N.log               what it printed
//! ROOT/ENV/state.json              the journal of the deployment that is under way
//! ROOT/ENV/lock, lock.json         who is at work
//! ROOT/ENV/server.json             what `server setup` found and pinned
//! ```

use std::path::{Path, PathBuf};

/// The paths of one environment on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// `ROOT/ENV`, absolute.
    pub home: PathBuf,
    /// The environment's name.
    pub environment: String,
}

impl Layout {
    /// Those of `environment` under `root`.
    pub fn new(root: &Path, environment: &str) -> Self {
        Self { home: root.join(environment), environment: environment.to_owned() }
    }

    /// Those whose folder is `home`; its last part is the environment's name.
    pub fn at(home: &Path) -> Self {
        let environment =
            home.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self { home: home.to_owned(), environment }
    }

    /// `ROOT`, which the environments of a project share.
    pub fn root(&self) -> PathBuf {
        self.home.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// The program that hooks and ssh run.
    pub fn program(&self) -> PathBuf {
        self.root().join("bin/shipway")
    }

    /// What is pushed to.
    pub fn repository(&self) -> PathBuf {
        self.home.join("repo.git")
    }

    /// All releases.
    pub fn releases(&self) -> PathBuf {
        self.home.join("releases")
    }

    /// One release.
    pub fn release(&self, name: &str) -> PathBuf {
        self.releases().join(name)
    }

    /// A release's files: the commit's tree.
    pub fn source(&self, release: &str) -> PathBuf {
        self.release(release).join("src")
    }

    /// The release whose files are in use.
    pub fn current(&self) -> PathBuf {
        self.home.join("current")
    }

    /// Env files.
    pub fn shared(&self) -> PathBuf {
        self.home.join("shared")
    }

    /// All records.
    pub fn records(&self) -> PathBuf {
        self.home.join("records")
    }

    /// The record of a deployment.
    pub fn record(&self, number: u64) -> PathBuf {
        self.records().join(format!("{number}.json"))
    }

    /// What a deployment printed.
    pub fn log(&self, number: u64) -> PathBuf {
        self.home.join("log").join(format!("{number}.log"))
    }

    /// The journal of the deployment that is under way.
    pub fn state(&self) -> PathBuf {
        self.home.join("state.json")
    }

    /// The lock of whoever is at work.
    pub fn lock(&self) -> PathBuf {
        self.home.join("lock")
    }

    /// What `server setup` found and pinned.
    pub fn settings(&self) -> PathBuf {
        self.home.join("server.json")
    }
}
