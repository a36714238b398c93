//! Steps that judge by themselves whether there is anything to do, because only they know what to look at.

use std::any::Any;
use std::sync::Arc;

use super::context::StepContext;
use super::freshness::say;
use crate::plan::Verdict;

impl StepContext<'_> {
    /// Whether everything is to be done although it is as it was left (`--force`).
    pub fn is_forced(&self) -> bool {
        self.shared().mode.force
    }

    /// Tells whether the step's work is as it was left, by a judgement of its own; a reason to do it is shown where one asked for reasons.
    pub fn judged(&self, verdict: &Verdict) {
        say(self, verdict);
    }

    /// Leaves a value to those that need this step, also where it turns out that it has nothing to do.
    pub fn leave<T: Any + Send + Sync>(&self, value: T) {
        self.shared().keep(self.id(), Some(Arc::new(value)));
    }
}
