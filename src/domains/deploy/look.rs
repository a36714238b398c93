//! What a server says when it is only asked: status, releases, logs.

use std::time::Duration;

use super::remote::Remote;
use super::server::{ask_server, status};
use super::survey::nothing_yet;
use super::target::Target;
use crate::diagnostic::{Fault, FaultKind};
use crate::release::protocol::Status;
use crate::release::record::{RECORD_VERSION, Record};
use crate::run::{Action, Outcome, StepContext};

/// What is asked.
pub(super) enum Look {
    Status { limit: Option<Duration> },
    Releases,
    Log { number: Option<u64> },
}

/// Asks it.
pub(super) struct LookAction {
    pub(super) target: Target,
    pub(super) look: Look,
}

/// What is live and under way in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The environment.
    pub environment: String,
    /// What its server says.
    pub status: Status,
}

/// Every deployment of an environment, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Releases {
    /// What is live and under way.
    pub status: Status,
    /// The records.
    pub records: Vec<Record>,
}

/// What a deployment printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseLog {
    /// Its lines.
    pub text: String,
}

/// The name of the step that asks for an environment's status.
pub fn status_step(environment: &str) -> String {
    format!("deploy:status:{environment}")
}

impl LookAction {
    fn words(&self) -> Vec<String> {
        match &self.look {
            Look::Status { .. } => vec!["status".to_owned()],
            Look::Releases => vec!["releases".to_owned()],
            Look::Log { number } => {
                std::iter::once("log".to_owned()).chain(number.map(|number| number.to_string())).collect()
            }
        }
    }

    fn look(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let remote = Remote::find(context, &self.target, None)?;
        let limit = match self.look {
            Look::Status { limit } => limit,
            _ => None,
        };
        let is_status = matches!(self.look, Look::Status { .. });
        let status = match is_status && remote.is_unprepared_folder(context) {
            true => nothing_yet(&self.target.environment),
            false => status(context, &remote, limit)?,
        };
        if is_status {
            let environment = self.target.environment.clone();
            return Ok(Outcome::done_with(Seen { environment, status }));
        }
        let text = ask_server(context, &remote, &self.words(), None)?;
        Ok(match self.look {
            Look::Log { .. } => Outcome::done_with(ReleaseLog { text }),
            _ => {
                let records = records(&self.target.environment, &text)?;
                Outcome::done_with(Releases { status, records })
            }
        })
    }
}

impl Action for LookAction {
    fn describe(&self) -> Vec<String> {
        vec![Remote::preview(&self.target).call(&self.words()).to_string()]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.look(context).into()
    }
}

/// Records, one a line, the newest first.
pub(super) fn records(environment: &str, text: &str) -> Result<Vec<Record>, Fault> {
    let mut records = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let record: Record = serde_json::from_str(line).map_err(|error| {
            Fault::new(FaultKind::Failed, format!("a record of `{environment}` can't be read: {error}"))
        })?;
        if record.version > RECORD_VERSION {
            let message =
                format!("deployment #{} of `{environment}` was recorded by a newer Shipway", record.number);
            return Err(Fault::new(FaultKind::Refused, message).hint("update this one"));
        }
        records.push(record);
    }
    records.sort_by_key(|record| std::cmp::Reverse(record.number));
    Ok(records)
}
