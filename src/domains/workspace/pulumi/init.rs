//! Init of a stack: what its program needs is fetched, and the stack is made where there is none.
//!
//! Pulumi is not asked ahead whether that is so: a preview says it, and then it is done (`plan`).

use crate::adapters::pulumi::complaint;
use crate::diagnostic::Fault;
use crate::domains::workspace::site::Site;
use crate::event::Level;
use crate::run::{Action, Outcome, StepContext};

/// Pulumi's words for a stack that is there already.
const THERE: &str = "already exists";

pub(in crate::domains::workspace) struct StackInitAction {
    pub(in crate::domains::workspace) site: Site,
    /// Further arguments of the user, for `pulumi install`.
    pub(in crate::domains::workspace) extra: Vec<String>,
    /// The user asked for it by name.
    pub(in crate::domains::workspace) always: bool,
}

impl Action for StackInitAction {
    fn describe(&self) -> Vec<String> {
        let when = if self.always { "" } else { "  (where it is missing)" };
        let install = self.site.stack_preview(|stack| stack.install().args(&self.extra));
        let init = self.site.stack_preview(|stack| stack.init());
        vec![format!("{install}{when}"), format!("{init}  (where it is missing)")]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.init(context).into()
    }
}

impl StackInitAction {
    fn init(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        if !self.always && context.redo_reason().is_none() {
            return Ok(Outcome::Skipped("pulumi says where it is missing".to_owned()));
        }
        let workspace = self.site.workspace()?;
        self.site.run_hook(context, "before_init", &workspace.before_init)?;
        let (termination, answer) =
            self.site.stack_ask(context, "the install", |stack| stack.install().args(&self.extra))?;
        if !termination.is_success() {
            return Err(self.site.stack_failure(context, "the install", &[], &answer.err));
        }
        let (termination, answer) = self.site.stack_ask(context, "the init", |stack| stack.init())?;
        if termination.is_success() {
            let text =
                format!("the stack `{}` of `{}` is made; it is empty", workspace.stack, self.site.name);
            context.log().notice(Level::Note, &text);
            return Ok(Outcome::done());
        }
        if complaint::first_error(&answer.err).is_some_and(|error| error.contains(THERE)) {
            return Ok(Outcome::done());
        }
        Err(self.site.stack_failure(context, "the init", &[], &answer.err))
    }
}
