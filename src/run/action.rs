//! The one seam between engine and domains: what a step does, and how it says how that went.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::StepContext;
use crate::diagnostic::Fault;
use crate::model::Value;
use crate::plan::{Digest, Fingerprint, Plan, Proposal, Skip, Terms};

/// A plan whose steps can be run.
pub type RunPlan = Plan<Box<dyn Action>>;

/// What a step does.
pub trait Action: Send + Sync {
    /// What a dry run prints for it: command lines and sentences, without running anything to find out.
    fn describe(&self) -> Vec<String>;

    /// Everything that its result depends on; `None`: it always runs. Recorded after a success; while it is the same, the step is up
    /// to date. Only looks: in a dry run the context starts no command and asks nobody.
    fn fingerprint(&self, _context: &mut StepContext<'_>) -> Result<Option<Fingerprint>, Fault> {
        Ok(None)
    }

    /// Whether a success in an earlier run counts in one that goes on for it, as far as nothing else tells.
    fn outlives_its_run(&self) -> bool {
        false
    }

    /// How it shares the run with others, beside what it needs.
    fn terms(&self) -> Terms {
        Terms::default()
    }

    /// Whether all that it waits for is its commands. While none of them lasts a moment, nobody has to hear signals beside it, to ask or to show
    /// anything: most commands are over before that.
    fn only_runs_commands(&self) -> bool {
        false
    }

    /// Does it.
    fn run(&self, context: &mut StepContext<'_>) -> Outcome;
}

/// A typed value that a step leaves for those that need it.
pub type Produced = Arc<dyn Any + Send + Sync>;

/// Named values that `{{ }}` can refer to.
#[derive(Clone, Debug, Default)]
pub struct Exports(pub BTreeMap<String, Value>);

/// How an action went.
pub enum Outcome {
    /// It did its work, and leaves a value.
    Done(Option<Produced>),
    /// Its work was done already.
    UpToDate(String),
    /// There is nothing for it to do here.
    Skipped(String),
    /// It failed, and what needs it runs all the same: nobody may take it for done, nor for undone.
    Ignored(Fault),
    /// It was not done, since what it closes was not.
    Stopped(Skip),
    /// It failed.
    Failed(Fault),
    /// It ends well only if a person says yes.
    Ask(Proposal),
    /// The step `from`, which it needs, has to be done again, and then this one.
    Redo {
        /// That step's name.
        from: String,
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// Done, with a value for those that need it.
    pub fn done_with<T: Any + Send + Sync>(value: T) -> Self {
        Self::Done(Some(Arc::new(value)))
    }

    /// Done, with nothing to tell.
    pub fn done() -> Self {
        Self::Done(None)
    }
}

impl From<Result<Outcome, Fault>> for Outcome {
    fn from(result: Result<Outcome, Fault>) -> Self {
        result.unwrap_or_else(Outcome::Failed)
    }
}

/// A person's yes to exactly that which has this digest. Only the engine makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    digest: Digest,
}

impl Approval {
    pub(super) fn new(digest: Digest) -> Self {
        Self { digest }
    }

    /// What was approved.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}
