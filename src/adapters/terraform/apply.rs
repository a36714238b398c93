//! What an apply's stream says while it runs, and what it means together with the end of its process.
//!
//! An apply that fails, or is interrupted, prints no summary: what was done is what was seen to complete. What was
//! started and never ended is *in doubt*: it may exist and not be in the state (measured after a second SIGINT and after SIGKILL).
//! Data sources are read in between; they change nothing and count for nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::Action;
use super::diagnostic::{TerraformDiagnostic, errors};
use super::lock::{LockInfo, was_released};
use super::stream::{ChangeSummary, Operation, OutputEvent, StreamEvent};
use crate::event::{Progress, Termination};
use crate::text::duration;

/// How many running objects a line names.
const NAMED: usize = 2;

/// What an apply came to.
#[derive(Clone, Debug, PartialEq)]
pub enum ApplyReading {
    /// All of it was done.
    Applied {
        /// Terraform's own count.
        counts: ChangeSummary,
        /// The outputs as they are now; sensitive ones without their values.
        outputs: BTreeMap<String, OutputEvent>,
    },
    /// Terraform gave up on the way.
    Failed {
        /// Why, warnings among them. Empty where it only printed to standard error: `text_box` reads that.
        diagnostics: Vec<TerraformDiagnostic>,
        /// What was done before.
        completed: Vec<Operation>,
        /// What was started and did not end.
        in_doubt: Vec<Operation>,
        /// The state could not be stored: it lies in `errored.tfstate` in the root's folder, and `state push` repairs it.
        state_left_behind: bool,
    },
    /// The plan file no longer fits; nothing was changed.
    Stale(Staleness),
    /// Somebody else holds the state's lock; nothing was changed.
    Locked(LockInfo),
    /// It was told to stop and did so in order: the state is stored, the lock is free.
    Interrupted {
        /// What was done before.
        completed: Vec<Operation>,
        /// What was started and did not end, because it was told twice.
        in_doubt: Vec<Operation>,
    },
    /// It ended without saying how: killed, or a remote run whose text is no stream. With backends other than the local one even
    /// what completed may not be in the state.
    Incomplete {
        /// What was seen to be done.
        completed: Vec<Operation>,
        /// What was started and did not end.
        in_doubt: Vec<Operation>,
    },
}

/// What is not known of an apply: what was done and may not be in the state, what was started and may be done, and whether the state lies
/// in `errored.tfstate`.
pub type InDoubt = (Vec<Operation>, Vec<Operation>, bool);

impl ApplyReading {
    /// In a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Failed { .. } => "failed",
            Self::Stale(_) => "stale",
            Self::Locked(_) => "locked",
            Self::Interrupted { .. } => "interrupted",
            Self::Incomplete { .. } => "incomplete",
        }
    }

    /// The reading where it is known that the state has all that was done; else what is not known.
    pub fn doubt(self) -> Result<Self, InDoubt> {
        match self {
            Self::Failed { completed, in_doubt, state_left_behind, .. }
                if state_left_behind || !in_doubt.is_empty() =>
            {
                Err((completed, in_doubt, state_left_behind))
            }
            Self::Interrupted { completed, in_doubt } if !in_doubt.is_empty() => {
                Err((completed, in_doubt, false))
            }
            Self::Incomplete { completed, in_doubt } => Err((completed, in_doubt, false)),
            known => Ok(known),
        }
    }
}

/// Why a plan file no longer fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staleness {
    /// The state was changed after the plan was made.
    SavedPlanStale,
    /// The plan is for another state.
    OtherLineage,
    /// Somebody else had the state's lock until a moment ago.
    LockReleased,
}

/// Takes in an apply's events one by one.
#[derive(Clone, Debug, Default)]
pub struct ApplyFold {
    total: usize,
    completed: Vec<Operation>,
    errored: Vec<Operation>,
    running: Vec<Running>,
    diagnostics: Vec<TerraformDiagnostic>,
    summary: Option<ChangeSummary>,
    outputs: BTreeMap<String, OutputEvent>,
    interrupted: bool,
    waiting: bool,
}

/// Something that is being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// What, to which object.
    pub operation: Operation,
    /// When it started, on the caller's clock.
    pub since: Duration,
}

impl ApplyFold {
    /// Takes in one event that came at `now`, counted from any fixed moment.
    pub fn observe(&mut self, event: &StreamEvent, now: Duration) {
        match event {
            StreamEvent::PlannedChange(change) => self.total += parts(&change.action, &change.address),
            StreamEvent::ApplyStart(operation) => {
                self.waiting = false;
                self.running.push(Running { operation: operation.clone(), since: now });
            }
            StreamEvent::ApplyComplete(operation) => {
                let ended = self.end(operation);
                if operation.action != Action::Read {
                    self.completed.push(ended);
                }
            }
            StreamEvent::ApplyErrored(operation) => {
                let ended = self.end(operation);
                self.errored.push(ended);
            }
            StreamEvent::ChangeSummary(summary) if summary.operation != "plan" => {
                self.summary = Some(summary.clone());
            }
            StreamEvent::Outputs(outputs) => self.outputs.clone_from(outputs),
            StreamEvent::Diagnostic(diagnostic) => {
                self.interrupted |=
                    matches!(diagnostic.summary.as_str(), "execution halted" | "operation canceled");
                self.diagnostics.push(diagnostic.clone());
            }
            StreamEvent::Log(message) => self.interrupted |= message.starts_with("Interrupt received"),
            StreamEvent::StateLockAcquire => self.waiting = true,
            _ => {}
        }
    }

    /// What is being done now, the longest first.
    pub fn running(&self) -> &[Running] {
        &self.running
    }

    /// What was done, in the order of its end, with ids.
    pub fn completed(&self) -> &[Operation] {
        &self.completed
    }

    /// What failed. The state knows of it; what was half made is tainted.
    pub fn errored(&self) -> &[Operation] {
        &self.errored
    }

    /// Whether terraform said that it was told to stop.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// How far it is at `now`. Terraform itself speaks only every ten seconds, so the time is the caller's.
    pub fn progress(&self, now: Duration) -> Progress {
        let text = match self.running.as_slice() {
            [] if self.waiting => "waiting for the lock of its state".to_owned(),
            [] => "applying".to_owned(),
            running => {
                let mut parts: Vec<String> =
                    running.iter().take(NAMED).map(|running| running.text(now)).collect();
                let hidden = running.len().saturating_sub(NAMED);
                if hidden > 0 {
                    parts.push(format!("{hidden} more"));
                }
                parts.join(", ")
            }
        };
        let known = self.total > 0;
        let done = self.completed.len() + self.errored.len();
        Progress { text, done: known.then_some(done), total: known.then_some(self.total) }
    }

    /// What it came to, now that it ended with `termination`.
    pub fn reading(self, termination: Termination) -> ApplyReading {
        let in_doubt = self.in_doubt();
        let is_untouched = self.completed.is_empty() && self.errored.is_empty() && in_doubt.is_empty();
        if is_untouched && let Some(lock) = LockInfo::find(&self.diagnostics) {
            return ApplyReading::Locked(lock);
        }
        if is_untouched && let Some(staleness) = errors(&self.diagnostics).find_map(staleness) {
            return ApplyReading::Stale(staleness);
        }
        let has_errors = errors(&self.diagnostics).next().is_some();
        let state_left_behind =
            self.diagnostics.iter().any(|found| found.detail.contains("\"errored.tfstate\""));
        match (termination, self.summary) {
            // It prints its summary when the state is stored: whoever ended it after that came too late.
            (
                Termination::Exited { status: 0 } | Termination::Unknown | Termination::Signaled { .. },
                Some(counts),
            ) if !has_errors => ApplyReading::Applied { counts, outputs: self.outputs },
            (Termination::Exited { status }, _) if self.interrupted && status != 0 => {
                ApplyReading::Interrupted { completed: self.completed, in_doubt }
            }
            (Termination::Exited { status }, _) if has_errors || status == 1 => ApplyReading::Failed {
                state_left_behind,
                diagnostics: self.diagnostics,
                completed: self.completed,
                in_doubt,
            },
            _ => ApplyReading::Incomplete { completed: self.completed, in_doubt },
        }
    }

    /// Takes `ended` out of what is running. A destroyed object has its id only at the start, so that is kept.
    fn end(&mut self, ended: &Operation) -> Operation {
        let is_it = |running: &Running| {
            running.operation.address == ended.address && running.operation.action == ended.action
        };
        let started =
            self.running.iter().position(is_it).map(|position| self.running.remove(position).operation);
        let (id_key, id_value) = started.map_or((None, None), |started| (started.id_key, started.id_value));
        Operation {
            id_key: ended.id_key.clone().or(id_key),
            id_value: ended.id_value.clone().or(id_value),
            ..ended.clone()
        }
    }

    fn in_doubt(&self) -> Vec<Operation> {
        let operations = self.running.iter().map(|running| &running.operation);
        operations.filter(|operation| operation.action != Action::Read).cloned().collect()
    }
}

impl Running {
    fn text(&self, now: Duration) -> String {
        let operation = &self.operation;
        let time = duration::render(now.saturating_sub(self.since));
        format!("{} {} ({time})", operation.action.doing(), operation.address)
    }
}

/// How many operations a planned change comes to. A replaced object is destroyed and created; a forgotten one and a data source
/// that goes are only dropped from the state.
fn parts(action: &Action, address: &str) -> usize {
    let is_data = address.starts_with("data.") || address.contains(".data.");
    match action {
        Action::Create | Action::Update => 1,
        Action::Delete if !is_data => 1,
        Action::Replace => 2,
        _ => 0,
    }
}

fn staleness(diagnostic: &TerraformDiagnostic) -> Option<Staleness> {
    match diagnostic.summary.as_str() {
        "Saved plan is stale" => Some(Staleness::SavedPlanStale),
        "Saved plan does not match the given state" => Some(Staleness::OtherLineage),
        _ if was_released(diagnostic) => Some(Staleness::LockReleased),
        _ => None,
    }
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
