//! Refuses what would act out of order: an apply before what it depends on, a destroy under what depends on it.

use super::site::{Site, StateFound};
use crate::diagnostic::{Fault, FaultKind};
use crate::run::{Action, Outcome, StepContext};

/// Refuses what would act out of order.
pub(super) struct GuardAction {
    pub(super) site: Site,
    /// The workspaces that are looked at.
    pub(super) others: Vec<Site>,
    pub(super) rule: Rule,
}

/// What a guard demands of the other workspaces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// All of them have a state: this one depends on them.
    UpstreamLives,
    /// None of them has a state: they depend on this one.
    DependentsAreGone,
}

impl Action for GuardAction {
    fn describe(&self) -> Vec<String> {
        self.others.iter().map(|other| other.preview_state()).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.guard(context).into()
    }
}

impl GuardAction {
    fn guard(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let name = &self.site.name;
        for other in &self.others {
            let found = other.without_gone(context)?.state(context)?;
            let refusal = match (self.rule, found) {
                (Rule::UpstreamLives, StateFound::Living(_))
                | (Rule::DependentsAreGone, StateFound::Empty) => {
                    continue;
                }
                (Rule::UpstreamLives, StateFound::Empty) => Fault::new(
                    FaultKind::Refused,
                    format!("`{name}` depends on `{}`, which is not applied: it has no state", other.name),
                )
                .hint(format!("apply it first: `shipway apply-{}`", other.name))
                .hint(format!("or all that `{name}` needs, in order: `shipway up {name}`")),
                (Rule::DependentsAreGone, StateFound::Living(state)) => Fault::new(
                    FaultKind::Refused,
                    format!(
                        "`{}` depends on `{name}` and still lives: its state has {}",
                        other.name,
                        crate::text::count::count(state.managed.len(), "resource")
                    ),
                )
                .hint(format!("destroy it first: `shipway destroy-{}`", other.name))
                .hint(format!("or both, in order: `shipway down {name} --with-dependents`")),
                (_, StateFound::Unreadable(diagnostics)) => {
                    let mut fault = other.failure(context, "reading the state", &diagnostics, "");
                    fault.kind = FaultKind::Refused;
                    fault.hint(format!("what can't be read counts as living; `{name}` was not touched"))
                }
            };
            return Err(refusal);
        }
        Ok(Outcome::done())
    }
}
