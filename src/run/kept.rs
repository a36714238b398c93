//! A run that goes on where an earlier one stopped: steps that succeeded there need not run again.
//!
//! Kept is a step that ended well in the earlier run, says that its work outlives it, and needs nothing that was done anew in this one. A step
//! whose work is tracked is not kept by this: what is recorded of it tells more (`freshness`), and what it needs and was kept is as it was
//! when it ended well. All others run, and with them what needs them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use super::action::{Action, Outcome, RunPlan};
use super::context::StepContext;
use super::freshness;
use super::shared::lock;
use crate::plan::{Effect, StepId};

/// What an earlier run got done, and those that it went on for itself: which of them is told by a number that grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// The id of the last one.
    pub run: String,
    /// Names of the steps that ended well, and in which run.
    pub done: BTreeMap<String, usize>,
    /// Names of the steps that were started and change something, and in which run last.
    pub started: BTreeMap<String, usize>,
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
        let is_kept = plan.step(id).action.outlives_its_run() && self.was_done(plan, id);
        (is_kept && !self.needs_what_is_new(plan, id))
            .then(|| format!("done in the run {}", self.resumed.run))
    }

    /// Whether the step ended well there, and nothing that it needs was done once more after it, in a run that did not come to it again.
    pub(super) fn was_done(&self, plan: &RunPlan, id: StepId) -> bool {
        let step = plan.step(id);
        let Some(done) = self.resumed.done.get(&step.name) else { return false };
        let is_later =
            |need: &StepId| self.resumed.started.get(&plan.step(*need).name).is_some_and(|at| at > done);
        !step.needs.iter().any(is_later)
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
            freshness::keep(context, action);
            return Outcome::UpToDate(reason);
        }
        let outcome = freshness::run(context, action);
        self.note(plan, id, !matches!(outcome, Outcome::UpToDate(_) | Outcome::Skipped(_)));
        outcome
    }
}
