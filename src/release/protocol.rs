//! What client and server say to each other.
//!
//! A deployment goes over git: a push to `refs/deploy/ENV`, whose push options say the rest and whose end is the deployment's. Everything
//! else is a call of the server's Shipway, over ssh or on this machine: `ROOT/bin/shipway __server PROTOCOL ROOT/ENV VERB …`. It answers
//! with one JSON value on standard output, or with lines where it says so, and with a fault as JSON, the last line of standard error, where it
//! fails.
//!
//! | verb | what it does |
//! | --- | --- |
//! | `receive`, `pre-receive` | git's hooks; the second where git is older than 2.29 |
//! | `status` | one [`Status`] |
//! | `releases` | every record, the newest first, one a line |
//! | `follow [N]` | the log of a deployment until it is over; ends with the deployment's own exit status |
//! | `log [N]` | the log as it is |
//! | `rollback [--to N]` | goes back to a release by what is kept of it, and follows that |
//! | `again COMMIT` | releases a commit again that the server has, and follows that |
//! | `cancel` | cancels the deployment that is under way; it puts back what was live |
//! | `recover` | puts in order what a dead deployment left |
//! | `files` | env files into `shared/`: a tar archive on standard input |
//! | `setup --project NAME` | prepares the environment's folder; prints [`Settings`] |
//! | `shell` | what a restricted ssh key may run: reads `SSH_ORIGINAL_COMMAND` |

use serde::{Deserialize, Serialize};

use super::record::{Flavour, Record};
use crate::journal::record::ProcessIdentity;

/// Number of the protocol. Client and server speak only with their own.
pub const PROTOCOL: u32 = 1;

/// Our first argument where we are the server's part.
pub const WORD: &str = "__server";

/// The ref of an environment, which belongs to Shipway.
pub fn deploy_ref(environment: &str) -> String {
    format!("refs/deploy/{environment}")
}

/// Who asks; travels as push options and as arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Name and address, as git knows them.
    pub by: String,
    /// Host or CI job.
    pub from: String,
    /// The tag that names the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Fail at once where somebody is at work.
    #[serde(default)]
    pub no_wait: bool,
}

/// The answer to `Status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// `PROTOCOL` of the server.
    pub protocol: u32,
    /// The version of Shipway there.
    pub shipway: String,
    /// The environment.
    pub environment: String,
    /// What is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Record>,
    /// What is under way or waits, the one at work first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<Record>,
    /// A deployment that died under way; the next one puts things in order first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<u64>,
    /// Which compose is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flavour: Option<Flavour>,
}

/// Who is at work: `lock.json`, beside the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The deployment.
    pub number: u64,
    /// Who asked for it.
    pub by: String,
    /// Since when.
    pub since: jiff::Timestamp,
    /// The process.
    pub process: ProcessIdentity,
}

/// What `server setup` found: `server.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// `PROTOCOL` of the writer.
    pub protocol: u32,
    /// The environment.
    pub environment: String,
    /// git's version.
    pub git: String,
    /// docker's version, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docker: Option<String>,
    /// Which compose is pinned, and its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compose: Option<(Flavour, String)>,
}
