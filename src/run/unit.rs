//! A unit: the thread of one running step.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::action::Outcome;
use super::context::StepContext;
use super::dispatcher::Job;
use super::freshness;
use super::shared::{Message, Shared};
use crate::diagnostic::{Fault, FaultKind};

/// Runs the step's action, which says when it `lasts` longer than a moment, and leaves a message how that went, for whoever has the next turn. A panic is our bug, and is told as one.
pub(super) fn run(shared: &Shared<'_>, Job { id, attempt, redo_reason }: Job, lasts: &(dyn Fn() + Sync)) {
    let mut context = StepContext::new(shared, id, (attempt, redo_reason), lasts);
    let action = &shared.plan.step(id).action;
    let outcome = catch_unwind(AssertUnwindSafe(|| match &shared.kept {
        Some(kept) => kept.run(&mut context, action.as_ref()),
        None => freshness::run(&mut context, action.as_ref()),
    }))
    .unwrap_or_else(|payload| {
        let title = &shared.plan.step(id).title;
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Outcome::Failed(
            Fault::new(FaultKind::Bug, format!("{title}: Shipway met a state that it does not know"))
                .detail(text.unwrap_or_default())
                .hint("please report this with the run's log: `shipway logs`"),
        )
    });
    shared.life.send_later(Message::Ended(id, outcome));
}
