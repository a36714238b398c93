//! The question before a protected environment changes: its name has to be typed.

use super::check::{Act, CheckAction, Checked};
use super::target::Target;
use crate::diagnostic::{Fault, FaultKind};
use crate::plan::{Digest, Proposal, ProposedChange};
use crate::run::{Action, Outcome, StepContext};

/// The name of the step.
pub(super) const STEP: &str = "deploy:approve";

/// Asks whether exactly what was compared may be done.
pub(super) struct ApproveAction {
    pub(super) target: Target,
}

impl Action for ApproveAction {
    fn describe(&self) -> Vec<String> {
        vec![question_line(&self.target.environment)]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let environment = &self.target.environment;
        let Some(checked) = context.value::<Checked>(CheckAction::STEP) else {
            return Outcome::Failed(Fault::new(FaultKind::Bug, "nothing was compared"));
        };
        if matches!(checked.act, Act::Nothing(_) | Act::Follow { .. })
            || context.approval(&checked.digest).is_some()
        {
            return Outcome::Skipped("there is nothing to ask for".to_owned());
        }
        Outcome::Ask(Proposal {
            question: match checked.act {
                Act::Rollback { .. } => format!("Roll `{environment}` back to {}?", checked.version),
                _ => format!("Deploy {} to `{environment}`?", checked.version),
            },
            changes: vec![ProposedChange {
                name: environment.clone(),
                summary: checked.summary.clone(),
                destroys: Vec::new(),
                replaces: Vec::new(),
                digest: checked.digest.clone(),
            }],
            words: vec![environment.clone()],
        })
    }
}

/// The same for an environment that a task deploys, of whose doings nothing is known.
pub(super) struct TaskApproveAction {
    pub(super) target: Target,
    pub(super) version: String,
    pub(super) task: String,
}

impl Action for TaskApproveAction {
    fn describe(&self) -> Vec<String> {
        vec![question_line(&self.target.environment)]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let (environment, version) = (&self.target.environment, &self.version);
        let digest = Digest(format!("deploy {environment} {version} {}", self.task));
        if context.approval(&digest).is_some() {
            return Outcome::done();
        }
        Outcome::Ask(Proposal {
            question: format!("Deploy {version} to `{environment}`?"),
            changes: vec![ProposedChange {
                name: environment.clone(),
                summary: format!("by the task `{}`", self.task),
                destroys: Vec::new(),
                replaces: Vec::new(),
                digest,
            }],
            words: vec![environment.clone()],
        })
    }
}

fn question_line(environment: &str) -> String {
    format!("ask: May this be done to {environment}?  (type {environment})")
}
