//! `[rollout]` and `[environments.NAME.deploy]`: what a server does with a release, and where that server is.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use super::expression::Template;
use super::task::Call;
use crate::diagnostic::{Span, Spanned};

/// `[environments.NAME.deploy]`.
#[derive(Clone, Debug)]
pub struct Deploy {
    /// Where it is defined.
    pub span: Span,
    /// What is deployed to.
    pub target: DeployTarget,
}

/// What is deployed to.
#[derive(Clone, Debug)]
pub enum DeployTarget {
    /// A server that `server setup` prepared.
    Server {
        /// `ssh://user@host[:port]/root`, or the root as a path on this machine, from the model's root.
        address: Template,
        /// Where the address stands.
        address_span: Span,
        /// The only host key that is believed: `ssh-ed25519 AAAA…`. Without one, ssh's own known hosts decide.
        host_key: Option<String>,
        /// The private key with which a person logs in (`ssh`), from an output or a variable. Without one, ssh's own keys are tried.
        ssh_key: Option<Template>,
    },
    /// A task that deploys in its own way.
    Task(Call),
}

impl Deploy {
    /// The task that deploys, where that is no server.
    pub fn task(&self) -> Option<&Call> {
        match &self.target {
            DeployTarget::Server { .. } => None,
            DeployTarget::Task(call) => Some(call),
        }
    }
}

/// `[rollout]`.
#[derive(Clone, Debug)]
pub struct Rollout {
    /// Where it is defined.
    pub span: Span,
    /// The compose files, from the tasks file's folder, later over earlier; empty: no containers.
    pub compose: Vec<Spanned<PathBuf>>,
    /// How traffic is moved.
    pub proxy: Proxy,
    /// Tasks of the release, run once with the new image, before traffic moves; not on a roll-back.
    pub before: Vec<Call>,
    /// Tasks of the release, run once after traffic has moved.
    pub after: Vec<Call>,
    /// So many releases are kept, those that an environment runs or goes back to counted in; at least 2, so that one can go back.
    pub keep_releases: usize,
    /// The services that take traffic, by the name of their table.
    pub groups: IndexMap<String, RolledGroup>,
}

impl Rollout {
    /// The tasks before and after.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.before.iter().chain(&self.after)
    }
}

/// What moves traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// Nothing that Shipway talks to.
    None,
    /// Caddy, with active health checks.
    Caddy {
        /// Its compose service.
        service: Spanned<String>,
    },
}

/// `[rollout.NAME]`: services that are replaced so that one always serves.
#[derive(Clone, Debug)]
pub struct RolledGroup {
    /// Its name.
    pub name: String,
    /// Where it is defined.
    pub span: Span,
    /// Compose services. Several are replaced one after another; a single one is replaced by a second container that starts first. The
    /// table's name where the file has none.
    pub services: Vec<Spanned<String>>,
    /// When a container may take traffic.
    pub healthcheck: HealthCheck,
    /// How the app is told, while it goes on serving, that it is about to leave, so that its health check fails.
    pub drain: Option<Drain>,
    /// So long a container may finish what it has begun.
    pub drain_timeout: Duration,
}

/// When a container may take traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// What is asked.
    pub probe: Probe,
    /// So long may it take until the container is healthy.
    pub timeout: Duration,
    /// So many good answers in a row; at least 1.
    pub successes: u32,
}

/// What a health check asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// `{ path, port }`: GET over HTTP on the container's own address gives a status from 200 to 299.
    Http {
        /// With its `/`.
        path: String,
        /// The container's port.
        port: u16,
    },
    /// `{ tcp = PORT }`: the container's port takes a connection.
    Tcp {
        /// The container's port.
        port: u16,
    },
    /// `{ exec = […] }`: a command in the container ends with 0.
    Exec(Vec<String>),
    /// `{ docker = true }`: the health check of the image or the compose file says healthy.
    Docker,
}

/// How the app is told that it is about to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drain {
    /// `{ signal = "USR1" }`: to the container's first process.
    Signal(String),
    /// `{ exec = […] }`: a command in the container.
    Exec(Vec<String>),
}
