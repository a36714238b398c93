//! The plan of a stack: what its preview showed, kept in a private file that is what may be done.

use std::path::Path;

use super::StackFound;
use crate::adapters::pulumi::Stack;
use crate::adapters::terraform::{PlanFold, PlanReading, PlannedChanges};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::workspace::plan::{Planned, Purpose, Want, digest, nothing, tell};
use crate::domains::workspace::site::Site;
use crate::domains::workspace::stateful;
use crate::event::Level;
use crate::event::Termination;
use crate::os::command::CommandSpec;
use crate::run::{Action, CommandRun, Outcome, StepContext, interrupted};

pub(in crate::domains::workspace) struct StackPlanAction {
    pub(in crate::domains::workspace) site: Site,
    pub(in crate::domains::workspace) purpose: Purpose,
    pub(in crate::domains::workspace) want: Want,
    /// Stateful addresses that may be destroyed.
    pub(in crate::domains::workspace) allowed: Vec<String>,
}

/// What a preview came to.
pub(super) struct Previewed {
    pub(super) reading: PlanReading,
    pub(super) so_far: PlannedChanges,
    pub(super) termination: Termination,
    /// Its standard error.
    pub(super) said: String,
}

impl Action for StackPlanAction {
    fn describe(&self) -> Vec<String> {
        let preview = |stack: &Stack<'_>| match self.purpose {
            Purpose::Apply => stack.preview(Some(Path::new("PLAN"))),
            Purpose::Destroy => stack.preview_destroy(),
        };
        vec![self.site.stack_preview(preview)]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.plan(context).into()
    }
}

impl StackPlanAction {
    fn plan(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let (file, previewed) = match self.purpose {
            Purpose::Apply => {
                let file = self.site.reserve_private(context, "plan.json")?;
                let previewed = preview(context, &self.site, "the plan", |stack| stack.preview(Some(&file)))?;
                (file, previewed)
            }
            Purpose::Destroy => {
                let StackFound::State(state, text) = self.site.stack_state(context, false)? else {
                    return Ok(nothing(context, "it has no stack"));
                };
                if state.reading.managed.is_empty() {
                    return Ok(nothing(context, "its stack is empty"));
                }
                self.site.tell_gone(context)?;
                let file = self.site.write_private_text(context, "state.json", &text)?;
                let previewed = preview(context, &self.site, "the plan", |stack| stack.preview_destroy())?;
                (file, previewed)
            }
        };
        let found = self.judge(context, &file, previewed);
        if !matches!(&found, Ok(Outcome::Done(Some(_)))) {
            context.doors().files.remove(&file).ok();
        }
        found
    }

    fn judge(
        &self,
        context: &mut StepContext<'_>,
        file: &Path,
        previewed: Previewed,
    ) -> Result<Outcome, Fault> {
        let name = &self.site.name;
        match previewed.reading {
            PlanReading::NoChanges => Ok(nothing(context, "no changes")),
            PlanReading::Changes(changes) => self.show(context, file, changes),
            // To look at a stack does not make it.
            PlanReading::Failed(found) if self.want == Want::Look => {
                Err(self.site.stack_failure(context, "the plan", &found, &previewed.said))
            }
            PlanReading::Failed(found) => {
                self.site.stack_again_or(context, "the plan", (&found, &previewed.said))
            }
            PlanReading::Incomplete => {
                let fault = self.site.stack_failure(context, "the plan", &[], &previewed.said);
                let message = format!("the plan of `{name}` is not whole: {}", previewed.termination);
                Err(Fault { message, ..fault }.hint("pulumi 3.48 or later is needed: `pulumi version`"))
            }
        }
    }

    fn show(
        &self,
        context: &StepContext<'_>,
        file: &Path,
        changes: PlannedChanges,
    ) -> Result<Outcome, Fault> {
        tell(context, &self.site, &changes);
        if let Some(refusal) = stateful::refusal(self.site.workspace()?, &changes, &self.allowed) {
            if self.want != Want::Look {
                return Err(refusal);
            }
            context.log().notice(Level::Warning, &refusal.message);
        }
        if self.want == Want::Look {
            return Ok(Outcome::done());
        }
        let digest = digest(context, file)?;
        let terraform = String::new();
        Ok(Outcome::done_with(Planned::Changes {
            file: file.to_owned(),
            digest,
            changes,
            terraform,
            ground: None,
        }))
    }
}

/// Runs a preview; again where it failed with what passes.
pub(super) fn preview(
    context: &mut StepContext<'_>,
    site: &Site,
    what: &str,
    call: impl Fn(&Stack<'_>) -> CommandSpec,
) -> Result<Previewed, Fault> {
    let mut tries = 1;
    loop {
        let spec = site.stack_call(context, &call)?;
        let mut fold = PlanFold::default();
        let (termination, said) = site.follow(context, &spec, CommandRun::default(), |log, event| {
            fold.observe(event);
            log.progress(fold.progress());
        })?;
        if context.is_cancelled() && !termination.is_success() {
            return Err(interrupted());
        }
        let so_far = fold.so_far();
        let reading = fold.reading(termination);
        let found = match &reading {
            PlanReading::Failed(found) => found.as_slice(),
            PlanReading::Incomplete => &[],
            PlanReading::NoChanges | PlanReading::Changes(_) => {
                return Ok(Previewed { reading, so_far, termination, said });
            }
        };
        if !site.tries_again(context, what, tries, (found, &said))? {
            return Ok(Previewed { reading, so_far, termination, said });
        }
        tries += 1;
    }
}

/// Whether the stack still is what the plan of its end showed; `shown` is the file with that.
pub(in crate::domains::workspace) fn is_still_the_state(
    context: &mut StepContext<'_>,
    site: &Site,
    shown: &Path,
) -> Result<bool, Fault> {
    let then = context.doors().files.read(shown).map_err(|error| {
        Fault::new(FaultKind::World, format!("{} could not be read: {error}", shown.display()))
    })?;
    match site.stack_state(context, false)? {
        StackFound::State(_, text) => Ok(text.as_bytes() == then),
        StackFound::None => Ok(false),
    }
}
