//! Previews of stacks, and what somebody changed in them. Nothing is saved, nothing locked.
//!
//! A program of Pulumi can't be run with values that are not known yet: where one of its environment waits for another workspace, or where
//! its stack is still to be made, its preview is deferred and says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::StackFound;
use super::plan::{Previewed, preview};
use crate::adapters::pulumi::StackState;
use crate::adapters::pulumi::complaint::{self, Complaint};
use crate::adapters::terraform::{PlanReading, PlannedChanges, diagnostic, plan_text};
use crate::diagnostic::Fault;
use crate::domains::workspace::drift::{self, Drift, DriftStatus};
use crate::domains::workspace::plan::SHOWN;
use crate::domains::workspace::preview::tell;
use crate::domains::workspace::preview_values::pending_of;
use crate::domains::workspace::previewed::{Left, Pending, Preview, PreviewStatus, Said};
use crate::domains::workspace::site::{Site, step_name};
use crate::domains::workspace::stateful;
use crate::run::{Action, Outcome, StepContext};
use crate::text::list;

pub(in crate::domains::workspace) struct StackPreviewAction {
    pub(in crate::domains::workspace) site: Site,
    /// All workspaces that it needs, directly or through others.
    pub(in crate::domains::workspace) upstream: Vec<String>,
}

impl Action for StackPreviewAction {
    fn describe(&self) -> Vec<String> {
        let state = self.site.stack_preview(|stack| stack.export_in_clear());
        vec![state, self.site.stack_preview(|stack| stack.preview(None))]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.preview(context).map(Outcome::done_with).into()
    }
}

impl StackPreviewAction {
    fn preview(&self, context: &mut StepContext<'_>) -> Result<Preview, Fault> {
        let (site, workspace) = (&self.site, self.site.workspace()?);
        let before = self.upstream.iter().filter_map(|name| context.value(&step_name(name, "preview")));
        let before: Vec<Arc<Preview>> = before.collect();
        let pending: Vec<&Arc<Preview>> =
            before.iter().filter(|preview| preview.left.pending != Pending::Nothing).collect();
        let waits_for: BTreeSet<String> =
            workspace.env.values().flat_map(|template| pending_of(&site.model, template, &pending)).collect();
        if !waits_for.is_empty() {
            let names: Vec<String> = waits_for.into_iter().collect();
            let why = format!("its program needs what {} will have after an apply", list::and_ticked(&names));
            return self.deferred(context, why, names);
        }
        let StackFound::State(state, _) = site.stack_state(context, true)? else {
            let why = format!("there is no stack `{}` yet, which an `up` makes first", workspace.stack);
            return self.deferred(context, why, Vec::new());
        };
        let previewed = preview(context, site, "the preview", |stack| stack.preview(None))?;
        let found = match previewed.reading {
            PlanReading::NoChanges | PlanReading::Changes(_) => Vec::new(),
            PlanReading::Failed(found) => found,
            PlanReading::Incomplete => {
                let message =
                    format!("the preview of `{}` is not whole: {}", site.name, previewed.termination);
                return Err(Fault {
                    message,
                    ..site.stack_failure(context, "the preview", &[], &previewed.said)
                });
            }
        };
        let failed = !found.is_empty() || !previewed.termination.is_success();
        // What it reads of another stack may be what is missing.
        if failed
            && (pending.is_empty() || matches!(complaint::read(&previewed.said), Complaint::NotInstalled))
        {
            return Err(site.stack_failure(context, "the preview", &found, &previewed.said));
        }
        if failed {
            let first = diagnostic::errors(&found).next().map(|error| error.summary.clone());
            let why = first.or_else(|| complaint::first_error(&previewed.said).map(str::to_owned));
            let names = pending.iter().map(|preview| preview.workspace.clone()).collect();
            return self.deferred(context, context.masker().mask(&why.unwrap_or_default()), names);
        }
        self.told(context, *state, previewed.so_far)
    }

    fn told(
        &self,
        context: &StepContext<'_>,
        state: StackState,
        planned: PlannedChanges,
    ) -> Result<Preview, Fault> {
        let workspace = self.site.workspace()?;
        let mut preview = Preview::empty(workspace, PreviewStatus::NoChanges);
        preview.left = Left { outputs: state.outputs, ..Left::default() };
        preview.guarded = stateful::guarded(workspace, &planned, &[]);
        let (summary, lines) = (plan_text::summary(&planned), plan_text::render(&planned, SHOWN));
        let lives = !state.reading.managed.is_empty();
        let preview = preview.told(Said { planned, with_unknowns: false, deferred: None, lives });
        tell(context, &preview, &summary, &lines);
        Ok(preview)
    }

    fn deferred(
        &self,
        context: &StepContext<'_>,
        why: String,
        waits_for: Vec<String>,
    ) -> Result<Preview, Fault> {
        let planned = PlannedChanges::default();
        let summary = plan_text::summary(&planned);
        let said = Said { planned, with_unknowns: false, deferred: Some(why), lives: false };
        let mut preview = Preview::empty(self.site.workspace()?, PreviewStatus::Deferred).told(said);
        preview.waits_for = waits_for;
        tell(context, &preview, &summary, &[]);
        Ok(preview)
    }
}

pub(in crate::domains::workspace) struct StackDriftAction {
    pub(in crate::domains::workspace) site: Site,
}

impl Action for StackDriftAction {
    fn describe(&self) -> Vec<String> {
        vec![self.site.stack_preview(|stack| stack.preview_refresh())]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.look(context).into()
    }
}

impl StackDriftAction {
    fn look(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        const WHAT: &str = "the look for drift";
        let site = &self.site;
        let lives = match site.stack_state(context, false)? {
            StackFound::State(state, _) => !state.reading.managed.is_empty(),
            StackFound::None => false,
        };
        if !lives {
            return Ok(Outcome::done_with(Drift::empty(site.workspace()?, DriftStatus::NotApplied)));
        }
        let Previewed { reading, so_far, termination, said } =
            preview(context, site, WHAT, |stack| stack.preview_refresh())?;
        match reading {
            PlanReading::NoChanges | PlanReading::Changes(_) => drift::tell(context, site, &so_far.drift),
            PlanReading::Failed(found) => Err(site.stack_failure(context, WHAT, &found, &said)),
            PlanReading::Incomplete => {
                let message = format!("{WHAT} in `{}` is not whole: {termination}", site.name);
                Err(Fault { message, ..site.stack_failure(context, WHAT, &[], &said) })
            }
        }
    }
}
