//! What earlier runs left open, for the steps that know what it means.
//!
//! The engine knows that a command was started and never settled, what its step noted of it and whether it still runs. What its output
//! means, and what is to be done, is for the domain: it follows what runs, judges what ended, and settles it.

use std::time::Duration;

use super::cancel::Manner;
use super::context::{CommandRun, StepContext, unrecorded};
use super::observe::{Answer, Question};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Termination;
use crate::journal::record::Entry;
use crate::journal::store;
use crate::os::process::attach;
use crate::plan::{Digest, Proposal};

pub use crate::journal::store::{Fate, Leftover};

/// How long a shim that has just been started may take to say what it runs.
const SETTLES: Duration = Duration::from_millis(200);

impl StepContext<'_> {
    /// What earlier runs left open, the oldest first. In a run without a journal nobody asks.
    pub fn leftovers(&self) -> Result<Vec<Leftover>, Fault> {
        let Some(journal) = &self.shared.journal else { return Ok(Vec::new()) };
        store::unfinished(self.doors(), journal.root()).map_err(|error| {
            Fault::new(FaultKind::World, format!("the journals of earlier runs could not be read: {error}"))
                .hint("nothing is changed while it is unknown what they left; they are in .shipway/runs")
        })
    }

    /// Follows a command that an earlier run left running, from its first line to its end. A signal ends the following and not the command:
    /// then there is no end to tell.
    pub fn follow_leftover(
        &self,
        leftover: &Leftover,
        mut how: CommandRun<'_>,
    ) -> Result<Option<Termination>, Fault> {
        let mut child = attach(&leftover.files).map_err(|error| {
            let files = leftover.files.display();
            Fault::new(FaultKind::World, format!("the stream {files} could not be read: {error}"))
        })?;
        let registration = self.shared.cancel.register(child.control(), Manner::default());
        let end = self.follow(child.as_mut(), None, &mut how);
        drop(registration);
        if self.is_cancelled() && matches!(store::fate(&leftover.files), Fate::Running(_)) {
            return Ok(None);
        }
        self.tell_swept("the command", &end.swept);
        Ok(Some(end.termination))
    }

    /// Waits a moment for the process of a command that was started just before Shipway died to be known.
    pub fn look_again(&self, leftover: &Leftover) -> Fate {
        self.wait(SETTLES);
        store::fate(&leftover.files)
    }

    /// Says that the result of a command with facts is known and dealt with: of this step (`None`), or of an earlier run.
    pub fn settle(&self, leftover: Option<&Leftover>, result: &str) -> Result<(), Fault> {
        let Some(journal) = &self.shared.journal else { return Ok(()) };
        let (run, step) = match leftover {
            Some(leftover) => (leftover.run.clone(), leftover.step.clone()),
            None => (journal.id().to_owned(), self.step().name.clone()),
        };
        let entry = Entry::Settled { run, step, result: self.masker().mask(result) };
        self.shared.record(entry, true).map_err(|error| unrecorded(&error))?;
        // The files of this run go with its end.
        for ending in leftover.map_or([].as_slice(), |_| &["out", "err", "status"]) {
            let path = leftover.map(|leftover| leftover.files.with_extension(ending));
            path.map(|path| self.doors().files.remove(&path).ok());
        }
        Ok(())
    }

    /// What was typed for this run, masked; nothing in a run without a journal.
    pub fn command(&self) -> &str {
        self.shared.journal.as_ref().map_or("", |journal| journal.command())
    }

    /// Whether a lock that is proven to be our own and dead is released without a question.
    pub fn unlocks_own_stale(&self) -> bool {
        self.shared.unlock_own_stale
    }

    /// Asks a person in the middle of a step whether something may be done, and records the answer. A refusal is the fault that names the
    /// flag which would have answered.
    pub fn may(&self, proposal: Proposal) -> Result<bool, Fault> {
        let digests: Vec<Digest> = proposal.changes.iter().map(|change| change.digest.clone()).collect();
        let (approved, by) = match self.ask_value(Question::Approve(proposal)) {
            Answer::Approved { by } => (true, by),
            Answer::Declined | Answer::Text(_) => (false, "terminal".to_owned()),
            Answer::Refused(fault) => return Err(fault),
            Answer::Interrupted => return Err(super::interrupted()),
        };
        let entry = Entry::Answer { step: self.step().name.clone(), digests, approved, by };
        self.shared.record(entry, true).map_err(|error| unrecorded(&error))?;
        Ok(approved)
    }
}
