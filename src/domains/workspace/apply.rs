//! Apply and destroy: exactly the plan that was approved, or nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::approve::is_covered;
use super::ground;
use super::plan::{Planned, Purpose, digest};
use super::promised::Promised;
use super::pulumi::is_still_the_state;
use super::resume::Resumed;
use super::sent;
use super::site::{Site, StateFound};
use crate::adapters::pulumi::Stack;
use crate::adapters::terraform::apply::Staleness;
use crate::adapters::terraform::stream::{Operation, OutputEvent};
use crate::adapters::terraform::{ApplyFold, ApplyReading};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Progress;
use crate::os::command::CommandSpec;
use crate::plan::Digest;
use crate::run::{Action, Approval, CommandRun, Outcome, StepContext};
use crate::text::count::count;

pub(super) struct ApplyAction {
    pub(super) site: Site,
    pub(super) purpose: Purpose,
    /// What was answered before anything was applied.
    pub(super) promised: Option<Promised>,
}

/// What an apply left: outputs that are no secrets.
pub(super) struct Applied {
    pub(super) outputs: BTreeMap<String, OutputEvent>,
}

impl Action for ApplyAction {
    fn describe(&self) -> Vec<String> {
        let Ok(workspace) = self.site.workspace() else { return Vec::new() };
        let none = Vec::new();
        let (before, after) = match self.purpose {
            Purpose::Apply => (&workspace.before_apply, &none),
            Purpose::Destroy => (&workspace.before_destroy, &workspace.after_destroy),
        };
        let hook = |command| {
            crate::run::script::preview(&self.site.model, &crate::run::bindings::Scope::default(), command)
        };
        let wait = self.site.model.terraform.lock_timeout;
        let plan = Path::new("PLAN");
        let apply = if self.site.is_pulumi() {
            self.site.stack_preview(|stack| self.on_stack(stack, plan))
        } else {
            self.site.preview(|root| root.apply(plan, wait, &[]))
        };
        before.iter().map(hook).chain([apply]).chain(after.iter().map(hook)).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.apply(context).into()
    }
}

impl ApplyAction {
    fn apply(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let plan_step = self.site.step(self.purpose.plan_step());
        let planned = context.value::<Planned>(&plan_step).ok_or_else(|| {
            Fault::new(FaultKind::Bug, format!("the plan of `{}` is not there", self.site.name))
        })?;
        let (file, approved, terraform) = match planned.as_ref() {
            Planned::Nothing(reason) | Planned::Stands(reason) => return self.nothing_to_do(context, reason),
            Planned::Changes { file, digest, terraform, .. } => (file, digest, terraform),
        };
        // A plan that stays within the preview has the answer that the preview got.
        let of_preview = || {
            let promised = self.promised.as_ref();
            let promised = promised.filter(|_| is_covered(context, promised, &planned))?;
            context.approval(promised.digest())
        };
        let Some(approval) = context.approval(approved).or_else(of_preview) else {
            let message = format!("the plan of `{}` was not approved", self.site.name);
            return Err(Fault::new(FaultKind::Refused, message));
        };
        let workspace = self.site.workspace()?;
        let (hook, before) = match self.purpose {
            Purpose::Apply => ("before_apply", &workspace.before_apply),
            Purpose::Destroy => ("before_destroy", &workspace.before_destroy),
        };
        self.site.run_hook(context, hook, before)?;
        ground::forget(context.doors(), &self.site);
        let reading = self.run_plan(context, (file, approved), &approval, terraform)?;
        context.doors().files.remove(file).ok();
        // While the workspace is still ours alone.
        if let (ApplyReading::Applied { .. }, Planned::Changes { ground: Some(ground), .. }) =
            (&reading.0, planned.as_ref())
        {
            ground.note_apply(context, &self.site)?;
        }
        self.judge(context, &plan_step, reading)
    }

    /// Runs exactly the approved plan. The approval is demanded by its type: no other file is taken.
    fn run_plan(
        &self,
        context: &mut StepContext<'_>,
        (file, planned): (&Path, &Digest),
        _approval: &Approval,
        terraform: &str,
    ) -> Result<(ApplyReading, String), Fault> {
        if digest(context, file)? != *planned {
            let message = format!("the plan file of `{}` is not the one that was approved", self.site.name);
            return Err(Fault::new(FaultKind::Refused, message).hint("somebody changed it; run this again"));
        }
        let is_pulumi = self.site.is_pulumi();
        if is_pulumi && self.purpose == Purpose::Destroy && !is_still_the_state(context, &self.site, file)? {
            return Ok((ApplyReading::Stale(Staleness::SavedPlanStale), String::new()));
        }
        let before = self.site.snapshot(context)?;
        let facts = self.site.facts(context, self.purpose, before.as_ref(), terraform)?;
        let wait = self.site.model.terraform.lock_timeout;
        let spec = if is_pulumi {
            self.site.stack_call(context, |stack| self.on_stack(stack, file))?
        } else {
            self.site.call(context, |root| root.apply(file, wait, &[]))?
        };
        let mut waited = Duration::ZERO;
        loop {
            let (reading, complaint) = self.run_once(context, &spec, planned, facts.clone())?;
            let is_untouched =
                matches!(&reading, ApplyReading::Failed { diagnostics, .. } if diagnostics.is_empty());
            if !is_pulumi
                || !is_untouched
                || !self.site.stack_is_free_now(context, &complaint, &mut waited)?
            {
                return Ok((reading, complaint));
            }
        }
    }

    fn run_once(
        &self,
        context: &mut StepContext<'_>,
        spec: &CommandSpec,
        planned: &Digest,
        facts: BTreeMap<String, String>,
    ) -> Result<(ApplyReading, String), Fault> {
        let clock = &context.doors().clock;
        let mut fold = ApplyFold::default();
        let run = CommandRun {
            precious: Some(format!("the record of what `{}` is changing now", self.site.name)),
            digest: Some(planned.clone()),
            facts,
            ..CommandRun::default()
        };
        let (termination, complaint) = self.site.follow(context, spec, run, |log, event| {
            let now = clock.monotonic();
            fold.observe(event, now);
            log.progress(fold.progress(now));
        })?;
        Ok((fold.reading(termination), complaint))
    }

    /// The call that does it to a stack.
    fn on_stack(&self, stack: &Stack<'_>, plan: &Path) -> CommandSpec {
        match self.purpose {
            Purpose::Apply => stack.up(plan),
            Purpose::Destroy => stack.destroy(),
        }
    }

    fn judge(
        &self,
        context: &mut StepContext<'_>,
        plan_step: &str,
        (reading, complaint): (ApplyReading, String),
    ) -> Result<Outcome, Fault> {
        let name = &self.site.name;
        let what = match self.purpose {
            Purpose::Apply => "the apply",
            Purpose::Destroy => "the destroy",
        };
        // What is in doubt stays open for the next run, which begins with it.
        if reading.clone().doubt().is_ok() {
            context.settle(None, reading.word())?;
        }
        match reading {
            ApplyReading::Applied { outputs, counts } => {
                let text = match self.purpose {
                    Purpose::Apply => {
                        let counts =
                            [(counts.add, "added"), (counts.change, "changed"), (counts.remove, "destroyed")];
                        let said: Vec<String> = counts
                            .iter()
                            .filter(|(count, _)| *count > 0)
                            .map(|(count, what)| format!("{count} {what}"))
                            .collect();
                        if said.is_empty() { "outputs changed".to_owned() } else { said.join(", ") }
                    }
                    Purpose::Destroy => format!("{} destroyed", counts.remove),
                };
                let parts = counts.add + counts.change + counts.remove;
                let done = Progress { text, done: Some(parts), total: Some(parts) };
                context.log().progress(done);
                self.conclude(context)?;
                Ok(Outcome::done_with(Applied { outputs }))
            }
            ApplyReading::Stale(_) => Ok(Outcome::Redo {
                from: plan_step.to_owned(),
                reason: format!("the state of `{name}` changed after its plan was made"),
            }),
            ApplyReading::Locked(lock) => Err(self.site.locked(context, &lock)),
            ApplyReading::Failed { diagnostics, completed, in_doubt, state_left_behind } => {
                let mut fault = self.site.failure(context, what, &diagnostics, &complaint);
                fault = self.tell(fault, &completed, &in_doubt);
                if state_left_behind {
                    let dir = self.site.workspace()?.dir.display().to_string();
                    fault = fault.hint(format!(
                        "its state could not be stored and lies in {dir}/errored.tfstate: \
                         `{} -chdir={dir} state push errored.tfstate` repairs that",
                        self.site.tool()
                    ));
                }
                Err(fault)
            }
            ApplyReading::Interrupted { completed, in_doubt } => {
                let fault =
                    Fault::new(FaultKind::Interrupted, format!("{what} of `{name}` was stopped in order"));
                Err(self.tell(fault, &completed, &in_doubt))
            }
            ApplyReading::Incomplete { completed, in_doubt } => {
                let message = format!("{what} of `{name}` ended without saying how");
                let mut fault = Fault::new(FaultKind::Failed, message);
                fault.details.extend(complaint.lines().map(str::to_owned));
                Err(self.tell(fault, &completed, &in_doubt))
            }
        }
    }

    /// There is nothing to do; unless an earlier run did it and died: then what follows it is still to be done.
    fn nothing_to_do(&self, context: &mut StepContext<'_>, reason: &str) -> Result<Outcome, Fault> {
        let resumed = Resumed::of(context, &self.site);
        let applied = resumed.and_then(|resumed| resumed.applied(&self.site, self.purpose));
        if applied.is_some() || self.purpose == Purpose::Apply {
            self.conclude(context)?;
        } else {
            self.settle_earlier(context)?;
        }
        Ok(applied.map_or(Outcome::UpToDate(reason.to_owned()), |applied| Outcome::Done(Some(applied))))
    }

    /// What follows an apply or a destroy that went through.
    fn conclude(&self, context: &mut StepContext<'_>) -> Result<(), Fault> {
        match self.purpose {
            Purpose::Apply => sent::note_given(context, self.site.workspace()?),
            Purpose::Destroy => {
                self.prove_empty(context)?;
                sent::note_gone(context, &self.site.name);
            }
        }
        self.settle_earlier(context)
    }

    /// The workspace is in order: what earlier runs left open of it is over, and other runs may have it.
    fn settle_earlier(&self, context: &StepContext<'_>) -> Result<(), Fault> {
        Resumed::of(context, &self.site).map_or(Ok(()), |resumed| resumed.settle(context, &self.site))
    }

    fn tell(&self, mut fault: Fault, completed: &[Operation], in_doubt: &[Operation]) -> Fault {
        if !completed.is_empty() {
            let done: Vec<&str> = completed.iter().map(|operation| operation.address.as_str()).collect();
            fault = fault.detail(format!("done before, and kept: {}", done.join(", ")));
        }
        if !in_doubt.is_empty() {
            let doubtful: Vec<&str> = in_doubt.iter().map(|operation| operation.address.as_str()).collect();
            fault = fault.detail(format!("in doubt, started and not ended: {}", doubtful.join(", ")));
            fault = fault.hint("look whether those exist; the next `up` or `down` begins with them");
        }
        fault
    }

    /// What follows a destroy: the proof that the workspace is empty, then its hook.
    fn prove_empty(&self, context: &mut StepContext<'_>) -> Result<(), Fault> {
        let workspace = self.site.workspace()?;
        match self.site.state(context)? {
            StateFound::Empty => self.site.run_hook(context, "after_destroy", &workspace.after_destroy),
            StateFound::Living(state) => {
                let message = format!(
                    "`{}` is not empty after its destroy: {} left",
                    self.site.name,
                    count(state.managed.len(), "resource")
                );
                let mut fault = Fault::new(FaultKind::Failed, message);
                fault.details = state.managed.iter().map(|address| format!("- {address}")).collect();
                Err(fault.hint("nothing that it depends on was touched; run `shipway down` again"))
            }
            StateFound::Unreadable(diagnostics) => {
                Err(self.site.failure(context, "the proof that the state", &diagnostics, ""))
            }
        }
    }
}
