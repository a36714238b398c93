//! Workspaces of Pulumi: stacks in place of roots. What plans, asks, applies and resumes is the same; here is what differs.
//!
//! | terraform | pulumi |
//! | --- | --- |
//! | a plan file, applied | the plan that a preview saved, which an update does not go beyond |
//! | a plan to destroy | the state that was shown: it is compared before all that it has is destroyed |
//! | variables in a private file | the stack's own configuration, and `env` |
//! | import blocks for what a dead run made | a list: the program alone says what is there |

mod init;
mod locks;
mod plan;
mod preview;
mod resume;

use std::collections::BTreeMap;

use super::site::{Answer, Site, StateFound};
use crate::adapters::pulumi::{Complaint, PULUMI, Stack, StackState, Translation, complaint, state};
use crate::adapters::terraform::{StreamEvent, TerraformDiagnostic, frame, stream};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Termination;
use crate::model::Engine;
use crate::os::command::{CommandSpec, EnvironmentValue};
use crate::run::{Outcome, StepContext};

pub(super) use init::StackInitAction;
pub(super) use plan::{StackPlanAction, is_still_the_state};
pub(super) use preview::{StackDriftAction, StackPreviewAction};
pub(super) use resume::clear_up;

/// In whose words a stream is.
pub(super) enum Dialect {
    Terraform,
    Pulumi(Translation),
}

impl Dialect {
    /// That of a program.
    pub(super) fn of(tool: &str) -> Self {
        if tool == PULUMI { Self::Pulumi(Translation::default()) } else { Self::Terraform }
    }

    /// What a line says, if it says something.
    pub(super) fn read(&mut self, line: &str) -> Option<StreamEvent> {
        match self {
            Self::Terraform => Some(stream::parse(line)),
            Self::Pulumi(translation) => translation.read(line),
        }
    }

    /// What the end of the process says, and that end as terraform would have come to it.
    pub(super) fn ended(&self, termination: Termination) -> (Termination, Option<StreamEvent>) {
        match self {
            Self::Terraform => (termination, None),
            Self::Pulumi(_) => Translation::ended(termination),
        }
    }
}

/// A stack as the backend has it.
pub(super) enum StackFound {
    /// There is none of that name.
    None,
    /// This is in it; its text as it was printed.
    State(Box<StackState>, String),
}

impl Site {
    /// Whether Pulumi does its work.
    pub(super) fn is_pulumi(&self) -> bool {
        self.workspace().is_ok_and(|workspace| workspace.engine == Engine::Pulumi)
    }

    /// A call of pulumi, for a dry run: what is added to the environment is left out.
    pub(super) fn stack_preview(&self, call: impl FnOnce(&Stack<'_>) -> CommandSpec) -> String {
        let spec = self.on_stack(&BTreeMap::new(), call);
        spec.map(|spec| CommandSpec { env: BTreeMap::new(), ..spec }.to_string()).unwrap_or_default()
    }

    fn on_stack(
        &self,
        env: &BTreeMap<String, EnvironmentValue>,
        call: impl FnOnce(&Stack<'_>) -> CommandSpec,
    ) -> Result<CommandSpec, Fault> {
        let workspace = self.workspace()?;
        Ok(call(&Stack { project: &self.model.root, dir: &workspace.dir, name: &workspace.stack, env }))
    }

    /// A call of pulumi.
    pub(super) fn stack_call(
        &self,
        context: &mut StepContext<'_>,
        call: impl FnOnce(&Stack<'_>) -> CommandSpec,
    ) -> Result<CommandSpec, Fault> {
        self.require_folder(context)?;
        let env = self.environment(context)?;
        let mut spec = self.on_stack(&env, call)?;
        spec.shown = Some(CommandSpec { env: BTreeMap::new(), ..spec.clone() }.to_string());
        Ok(spec)
    }

    /// Runs a call of pulumi that only looks, and reads its answer whole; again where its failure is one that passes.
    pub(super) fn stack_ask(
        &self,
        context: &mut StepContext<'_>,
        what: &str,
        call: impl Fn(&Stack<'_>) -> CommandSpec,
    ) -> Result<(Termination, Answer), Fault> {
        let mut tries = 1;
        loop {
            let spec = self.stack_call(context, &call)?;
            let (termination, answer) = self.answer(context, &spec)?;
            if termination.is_success() || !self.tries_again(context, what, tries, (&[], &answer.err))? {
                return Ok((termination, answer));
            }
            tries += 1;
        }
    }

    /// The stack's state, with secrets in clear or without.
    pub(super) fn stack_state(
        &self,
        context: &mut StepContext<'_>,
        in_clear: bool,
    ) -> Result<StackFound, Fault> {
        const WHAT: &str = "reading the state";
        let call = |stack: &Stack<'_>| if in_clear { stack.export_in_clear() } else { stack.export() };
        let (termination, answer) = self.stack_ask(context, WHAT, call)?;
        if !termination.is_success() {
            return match complaint::read(&answer.err) {
                Complaint::NoStack => Ok(StackFound::None),
                _ => Err(self.stack_failure(context, WHAT, &[], &answer.err)),
            };
        }
        let state = state::parse(&answer.out).map_err(|error| {
            Fault::new(FaultKind::Failed, format!("the state of `{}` could not be read: {error}", self.name))
        })?;
        Ok(StackFound::State(Box::new(state), answer.out))
    }

    /// What the stack's state holds, for those who only ask whether it lives.
    pub(super) fn stack_lives(&self, context: &mut StepContext<'_>) -> Result<StateFound, Fault> {
        Ok(match self.stack_state(context, false)? {
            StackFound::State(state, _) if !state.reading.managed.is_empty() => {
                StateFound::Living(state.reading)
            }
            StackFound::State(..) | StackFound::None => StateFound::Empty,
        })
    }

    /// Pulumi's diagnostics as the end of a step. `said` is its standard error, read where the stream had no error.
    pub(super) fn stack_failure(
        &self,
        context: &StepContext<'_>,
        what: &str,
        diagnostics: &[TerraformDiagnostic],
        said: &str,
    ) -> Fault {
        let name = &self.name;
        let workspace = self.workspace();
        let stack = workspace.as_ref().map(|workspace| workspace.stack.clone()).unwrap_or_default();
        let dir = workspace.map(|workspace| workspace.dir.clone()).unwrap_or_default();
        let first = diagnostics.iter().find(|found| found.is_error());
        if let Some(first) = first {
            let place = first.address.as_ref().map(|address| format!(" at {address}")).unwrap_or_default();
            let message = format!("{what} of `{name}` failed{place}: {}", first.summary);
            return frame::fault(FaultKind::Failed, message, diagnostics, &dir);
        }
        let init = format!("`shipway init-{name}` makes it, and fetches what the program needs");
        let fault = match complaint::read(said) {
            Complaint::Locked(holders) => return self.stack_locked(context, &holders),
            Complaint::NoStack => Fault::new(
                FaultKind::Failed,
                format!("{what} of `{name}` failed: there is no stack `{stack}`"),
            )
            .hint(init),
            Complaint::NotInstalled => {
                let message = format!("{what} of `{name}` failed: what its program needs is not installed");
                Fault::new(FaultKind::Failed, message).hint(init)
            }
            Complaint::Other => {
                let why = complaint::first_error(said).map(|why| format!(": {why}")).unwrap_or_default();
                Fault::new(FaultKind::Failed, format!("{what} of `{name}` failed{why}"))
            }
        };
        said.lines().fold(fault, Fault::detail)
    }

    /// Goes back to init where pulumi says that it is missing; fails otherwise.
    fn stack_again_or(
        &self,
        context: &StepContext<'_>,
        what: &str,
        (diagnostics, said): (&[TerraformDiagnostic], &str),
    ) -> Result<Outcome, Fault> {
        let missing = match complaint::read(said) {
            Complaint::NoStack => "there is no such stack",
            Complaint::NotInstalled => "what its program needs is not installed",
            Complaint::Locked(_) | Complaint::Other => "",
        };
        if missing.is_empty() || context.attempt() > 1 {
            return Err(self.stack_failure(context, what, diagnostics, said));
        }
        let reason = format!("pulumi says of `{}` that {missing}", self.name);
        Ok(Outcome::Redo { from: self.step("init"), reason })
    }
}
