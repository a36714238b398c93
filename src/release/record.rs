//! What is kept of a deployment (`deployers.md` 5.4). Versioned: a reader refuses a newer one.
//!
//! A *deployment* has a number and a record, whatever became of it; numbers only grow, and a roll-back is a new number. A *release* is a
//! folder with a commit's files and all that is needed to run it again without building or reading anything.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::FaultKind;
use crate::event::milliseconds;
use crate::journal::record::ProcessIdentity;

/// Version of the records.
pub const RECORD_VERSION: u32 = 1;

/// A deployment: `records/N.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// `RECORD_VERSION` of the writer.
    pub version: u32,
    /// Its number, from 1.
    pub number: u64,
    /// The environment.
    pub environment: String,
    /// What was asked for.
    pub kind: Kind,
    /// The commit, 40 digits.
    pub commit: String,
    /// The tag that it was asked for by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Who asked for it: name and address of git, as the client said.
    pub by: String,
    /// From where: host or CI job, as the client said.
    pub from: String,
    /// The folder under `releases/`, once there is one. A roll-back has that of the release that it returns to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The number of the deployment that was live before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// The version of Shipway on the server.
    pub shipway: String,
    /// When it was asked for.
    pub asked: jiff::Timestamp,
    /// When it began to work; later than `asked` where it waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<jiff::Timestamp>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<jiff::Timestamp>,
    /// The process that does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessIdentity>,
    /// The process that asked for it: it answers for the deployment until that has a process of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launcher: Option<ProcessIdentity>,
    /// How it ended; `None`: it has not, or the next deployment is still to find out that it died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Ended>,
    /// Why it failed, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whose fault that is, and so the exit code of whoever follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultKind>,
    /// What it did, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Phase>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A commit was pushed.
    Deploy,
    /// Back to an earlier release, by what is kept of it.
    Rollback,
}

/// How a deployment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// It is or was live.
    Succeeded,
    /// It is not live; what was live before is live again.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// A later one that waited for the same environment took its place before it began.
    Superseded,
    /// It died under way, and a later run put things in order.
    Abandoned,
}

/// A part of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// `checkout`, `build`, `before`, `roll`, `after`, `restore`.
    pub name: String,
    /// How long it took.
    #[serde(rename = "took_ms", with = "milliseconds")]
    pub took: Duration,
    /// Whether it ended well.
    pub succeeded: bool,
}

/// A release: `releases/NAME/release.json`, written when all that it needs is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// `RECORD_VERSION` of the writer.
    pub version: u32,
    /// The number of the deployment that made it.
    pub number: u64,
    /// Its folder's name: `N-TAG-COMMIT`.
    pub name: String,
    /// The project's name.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The commit, 40 digits.
    pub commit: String,
    /// The tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The resolved roll-out.
    pub rollout: Rollout,
    /// How its containers are made; `None`: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose: Option<Compose>,
}

/// How a release's containers are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compose {
    /// Which compose.
    pub flavour: Flavour,
    /// The compose project's name.
    pub project: String,
    /// The files, from the release's `src`; the override file comes after them.
    pub files: Vec<PathBuf>,
    /// Every service with the image that it runs: those that are built by the tag with the commit, the others as the files say.
    pub images: BTreeMap<String, Image>,
    /// For each service that mounts files of the release: their digest, which names the place where copies of them are kept for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mounts: BTreeMap<String, String>,
    /// For each service that is rolled: what its containers carry as a label, to tell those that were made as this release wants them
    /// from others of the same image.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fingerprints: BTreeMap<String, String>,
    /// The same of services that are not rolled, whose containers have no label to tell it by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// Which program of compose this was seen with, as its place, size and time of change: while it is the same, its version need not be
    /// asked again, which takes compose 1.x longer than all else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stamp: String,
    /// Services with a profile: their images are made, and nobody starts them but by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_demand: Vec<String>,
}

/// Which compose a server has. A change of flavour would make every container anew, the proxy included (`deployers.md` 3.4): it is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flavour {
    /// `docker-compose`, 1.x.
    V1,
    /// `docker compose`, or `docker-compose` 2.x.
    V2,
}

/// An image of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// As the override file names it.
    pub reference: String,
    /// `sha256:…`; empty where the image is not there yet.
    pub id: String,
    /// Shipway built it, and removes it with its last release.
    pub built: bool,
}

/// `[rollout]`, resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// The compose service of the proxy, where Caddy moves the traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caddy: Option<String>,
    /// Whether tasks are to run after traffic has moved, also on a roll-back.
    pub has_after: bool,
    /// So many releases are kept.
    pub keep_releases: usize,
    /// Groups of services that take traffic, in order.
    pub groups: Vec<Group>,
}

/// Services that are replaced so that one always serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its compose services; one: start-first.
    pub services: Vec<String>,
    /// What is asked of a container.
    pub probe: Probe,
    /// So long may it take to become healthy.
    #[serde(rename = "healthy_within_ms", with = "milliseconds")]
    pub healthy_within: Duration,
    /// So many good answers in a row.
    pub successes: u32,
    /// How the app is told to leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<Drain>,
    /// So long may it finish what it has begun.
    #[serde(rename = "drain_within_ms", with = "milliseconds")]
    pub drain_within: Duration,
}

/// What a health check asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// GET gives a status from 200 to 299.
    Http {
        /// With its `/`.
        path: String,
        /// The container's port.
        port: u16,
    },
    /// The port takes a connection.
    Tcp {
        /// The container's port.
        port: u16,
    },
    /// A command in the container ends with 0.
    Exec(Vec<String>),
    /// The container's own health check says healthy.
    Docker,
}

/// How the app is told to leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drain {
    /// A signal to the container's first process.
    Signal(String),
    /// A command in the container.
    Exec(Vec<String>),
}

/// The journal of the deployment that is under way: `state.json`, written before each act, forced to the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// `RECORD_VERSION` of the writer.
    pub version: u32,
    /// The deployment.
    pub number: u64,
    /// What was live when it began: a folder under `releases/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What is to be live: a folder under `releases/`, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How far it is.
    pub stage: Stage,
    /// Containers (ids) that were told to leave: they never take traffic again, whatever they answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<String>,
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Nothing that serves was touched.
    Preparing,
    /// Containers are replaced: whoever finds this goes back to `from`.
    Rolling,
    /// It failed, and `from` is put back.
    Restoring,
    /// All of `to` serves; what is left is to say so: whoever finds this goes on to `to`.
    Concluding,
}
