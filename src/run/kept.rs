//! A run that goes on where an earlier one stopped: steps that succeeded there need not run again.
//!
//! Kept is a step that ended well in the earlier run, says that its work outlives it, and needs nothing that was done anew in this one. A step
//! whose work is tracked is not kept by this: what is recorded of it tells more (`freshness`). All others run, and with them what needs
//! them.

use std::collections::{BTreeSet, HashSet};
use std::sync::Mutex;

use super::action::{Action, Outcome, RunPlan};
use super::context::StepContext;
use super::freshness;
use super::shared::lock;
use crate::plan::{Effect, StepId};

/// What an earlier run got done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Its id.
    pub run: String,
    /// Names of the steps that ended well.
    pub done: BTreeSet<String>,
    /// The digest of the tasks file that it read; empty where it is not known.
    pub tasks_file: String,
}

/// What is kept in a run.
pub(super) struct Kept {
    resumed: Resumed,
    /// Steps that changed something in this run, and those that need them.
    anew: Mutex<HashSet<StepId>>,
}

impl Kept {
    pub(super) fn new(resumed: Resumed) -> Self {
        Self { resumed, anew: Mutex::default() }
    }

    /// What is said of a step that is kept; `None`: it has to run, or to be looked at.
    pub(super) fn reason(&self, plan: &RunPlan, id: StepId) -> Option<String> {
        let step = plan.step(id);
        let is_kept = self.resumed.done.contains(&step.name) && step.action.outlives_its_run();
        (is_kept && !self.needs_what_is_new(plan, id))
            .then(|| format!("done in the run {}", self.resumed.run))
    }

    /// The step was not kept; `ran`: nor was it up to date.
    pub(super) fn note(&self, plan: &RunPlan, id: StepId, ran: bool) {
        if ran && (plan.step(id).effect != Effect::Reads || self.needs_what_is_new(plan, id)) {
            lock(&self.anew).insert(id);
        }
    }

    fn needs_what_is_new(&self, plan: &RunPlan, id: StepId) -> bool {
        let anew = lock(&self.anew);
        plan.step(id).needs.iter().any(|need| anew.contains(need))
    }

    /// Runs a step, or keeps it.
    pub(super) fn run(&self, context: &mut StepContext<'_>, action: &dyn Action) -> Outcome {
        let (plan, id) = (context.shared().plan, context.id());
        if let Some(reason) = self.reason(plan, id) {
            return Outcome::UpToDate(reason);
        }
        let outcome = freshness::run(context, action);
        self.note(plan, id, !matches!(outcome, Outcome::UpToDate(_) | Outcome::Skipped(_)));
        outcome
    }
}
