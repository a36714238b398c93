//! A preview of one workspace, as it will be when everything before it is applied.
//!
//! Where nothing that it reads is about to change, it is an ordinary plan. Otherwise it is planned in a copy (`shadow`) in which what is about
//! to change is unknown, as terraform itself plans with what a resource will have only after its apply. Nothing is saved, nothing locked, and no
//! task is run: what a task would make first is unknown as well.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value as Json;

use super::ground;
use super::init::InitAction;
use super::plan::SHOWN;
use super::previewed::{Left, Pending, Preview, PreviewStatus, Said};
use super::saved::{self, paths};
use super::shadow::{ShadowFolder, lacks_init};
use super::site::Site;
use super::stateful;
use crate::adapters::terraform::command::PlanRequest;
use crate::adapters::terraform::shadow::{self, Unknowns, reads_states};
use crate::adapters::terraform::{
    PlanFold, PlanReading, PlannedChanges, TerraformDiagnostic, backend, deferral, diagnostic, frame, output,
    plan_text, state, text_box,
};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Level, Progress};
use crate::os::command::CommandSpec;
use crate::run::{Action, CommandRun, Exports, Outcome, StepContext, interrupted};

pub(super) struct PreviewAction {
    pub(super) site: Site,
    /// All workspaces that it needs, directly or through others.
    pub(super) upstream: Vec<String>,
    /// The tasks that would run before it: its own, and those of the workspaces that it needs.
    pub(super) tasks: Vec<String>,
    /// Whether its init is a step of its own.
    pub(super) is_initialised: bool,
    /// Where the plan is saved, if it is one that can be applied.
    pub(super) save: Option<PathBuf>,
}

/// A state as the backend gave it.
struct StateText {
    text: String,
    lives: bool,
    outputs: BTreeMap<String, output::OutputValue>,
}

impl Action for PreviewAction {
    fn describe(&self) -> Vec<String> {
        let mut files: Vec<PathBuf> = Vec::new();
        if let Ok(workspace) = self.site.workspace() {
            files.extend(workspace.var_files.iter().map(|file| file.value.clone()));
            if !workspace.vars.is_empty() {
                files.push(PathBuf::from("VARS.tfvars.json"));
            }
        }
        vec![self.site.preview(|root| root.state_pull()), self.site.preview(|root| root.look(&files, &[]))]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.preview(context).map(Outcome::done_with).into()
    }
}

impl PreviewAction {
    fn preview(&self, context: &mut StepContext<'_>) -> Result<Preview, Fault> {
        let before: Vec<Arc<Preview>> = self
            .upstream
            .iter()
            .filter_map(|name| context.value(&super::site::step_name(name, "preview")))
            .collect();
        let pending: Vec<&Arc<Preview>> =
            before.iter().filter(|preview| preview.left.pending != Pending::Nothing).collect();
        let mut weighed = self.weigh_environment(context, &pending)?;
        let is_unknown = |name: &str| {
            weighed.unknowns.variables.contains_key(name.strip_prefix("TF_VAR_").unwrap_or(name))
        };
        let site = self.site.without(is_unknown);
        let workspace = site.workspace()?;
        let state = self.state(context, &site, !pending.is_empty())?;
        self.weigh_variables(context, &pending, &mut weighed)?;
        let files = site.files(context.doors())?;
        if reads_states(&files) {
            for preview in &pending {
                weighed.waits_for.insert(preview.workspace.clone());
                match &preview.left.place {
                    Some(place) => {
                        weighed.unknowns.states.insert(place.clone());
                    }
                    None => weighed.unknowns.any_state = true,
                }
            }
        }
        let left = Left { place: self.place(context)?, outputs: state.outputs.clone(), ..Left::default() };
        let mut var_files = site.var_files(context)?;
        let values_file = if weighed.values.is_empty() {
            None
        } else {
            let values = Json::Object(weighed.values.clone());
            Some(site.write_private(context, "tfvars.json", &values)?)
        };
        var_files.extend(values_file.clone());
        let with_unknowns = weighed.unknowns != Unknowns::default();
        let said = if with_unknowns {
            let copy = ShadowFolder::make(&site, context, &files, (&weighed.unknowns, &state.text));
            copy.and_then(|copy| {
                let said = self.plan_in_copy(context, (&site, &copy), &var_files);
                copy.remove(context.doors());
                said
            })
        } else {
            self.plan_in_place(context, &site, &var_files)
        };
        if let Some(file) = values_file {
            context.doors().files.remove(&file).ok();
        }
        let (mut planned, errors, complaint) = said.inspect_err(|_| self.unsave(context))?;
        if with_unknowns {
            shadow::without_ours(&mut planned);
        }
        let deferred = if errors.is_empty() && complaint.is_empty() {
            None
        } else {
            let fault = site.failure(context, "the preview", &errors, &complaint);
            let waits = with_unknowns || !pending.is_empty();
            let mut found = diagnostic::errors(&errors).peekable();
            if !waits || found.peek().is_none() || !found.all(deferral::awaits) {
                self.unsave(context);
                return Err(fault);
            }
            weighed.waits_for.extend(pending.iter().map(|preview| preview.workspace.clone()));
            // It goes past the display, which masks what it is told.
            Some(context.masker().mask(&shortly(&errors, &workspace.dir)))
        };
        let mut preview = Preview::empty(workspace, PreviewStatus::NoChanges);
        preview.left = left;
        preview.guarded = stateful::guarded(workspace, &planned, &[]);
        let said = Said { planned: planned.clone(), with_unknowns, deferred, lives: state.lives };
        let summary = plan_text::summary(&said.planned);
        let lines = plan_text::render(&said.planned, SHOWN);
        let mut preview = preview.told(said);
        preview.waits_for =
            self.upstream.iter().filter(|it| weighed.waits_for.contains(*it)).cloned().collect();
        let tasks = weighed.waits_for.into_iter().filter(|it| !self.upstream.contains(it));
        preview.waits_for.extend(tasks);
        if preview.status != PreviewStatus::NoChanges {
            ground::forget(context.doors(), &self.site);
        }
        self.save(context, &site, (&mut preview, &planned), &Json::Object(weighed.values))?;
        tell(context, &preview, &summary, &lines);
        Ok(preview)
    }

    fn plan_in_place(
        &self,
        context: &mut StepContext<'_>,
        site: &Site,
        var_files: &[PathBuf],
    ) -> Result<Planned, Fault> {
        let spec = match &self.save {
            None => site.call_plan(context, |root| root.look(var_files, &[]))?,
            Some(folder) => {
                let (out, _) = paths(folder, &site.name);
                context.doors().files.write(&out, b"", 0o600).map_err(|error| {
                    Fault::new(FaultKind::World, format!("{} could not be written: {error}", out.display()))
                })?;
                let lock_timeout = site.model.terraform.lock_timeout;
                let request = PlanRequest { destroy: false, out: &out, var_files, lock_timeout, extra: &[] };
                site.call_plan(context, |root| root.plan(&request))?
            }
        };
        let mut planned = follow(context, site, &spec);
        if planned.as_ref().is_ok_and(|planned| lacks_init(&planned.1)) {
            self.initialise(context, site)?;
            planned = follow(context, site, &spec);
        }
        // A plan that was made elsewhere can't be followed: that is said first.
        if let Some(folder) = &self.save {
            site.refuse_bookmark(context, &paths(folder, &site.name).0)?;
        }
        planned
    }

    /// A plan that failed leaves a file that is no plan.
    fn unsave(&self, context: &StepContext<'_>) {
        if let Some(folder) = &self.save {
            context.doors().files.remove(&paths(folder, &self.site.name).0).ok();
        }
    }

    /// Keeps the plan that terraform has written, or takes it away where it is none that can be applied.
    fn save(
        &self,
        context: &mut StepContext<'_>,
        site: &Site,
        (preview, planned): (&mut Preview, &PlannedChanges),
        values: &Json,
    ) -> Result<(), Fault> {
        let Some(folder) = &self.save else { return Ok(()) };
        if preview.status == PreviewStatus::Changes && !preview.preview {
            saved::note(site, context, folder, (planned, values))?;
            preview.saved = true;
        } else {
            context.doors().files.remove(&paths(folder, &site.name).0).ok();
        }
        Ok(())
    }

    fn plan_in_copy(
        &self,
        context: &mut StepContext<'_>,
        (site, copy): (&Site, &ShadowFolder),
        var_files: &[PathBuf],
    ) -> Result<Planned, Fault> {
        let spec = copy.call(site, context, |root| root.look(var_files, &[]))?;
        let planned = follow(context, site, &spec)?;
        if !lacks_init(&planned.1) {
            return Ok(planned);
        }
        copy.init(site, context)?;
        follow(context, site, &spec)
    }

    fn initialise(&self, context: &mut StepContext<'_>, site: &Site) -> Result<(), Fault> {
        let init = InitAction { site: site.clone(), extra: Vec::new(), always: true };
        match init.init(context)? {
            Outcome::Failed(fault) => Err(fault),
            _ => Ok(()),
        }
    }

    /// The state. One that can't be read because its backend may be made by what this workspace waits for is taken for empty, and said so.
    fn state(&self, context: &mut StepContext<'_>, site: &Site, waits: bool) -> Result<StateText, Fault> {
        let must_init = !self.is_initialised && !site.workspace()?.backend_config.is_empty();
        let unread = |fault: Fault, context: &StepContext<'_>| {
            if !waits || fault.kind != FaultKind::Failed {
                return Err(fault);
            }
            let text = format!(
                "the state of `{}` can't be read yet, so it is previewed as new: {}",
                site.name, fault.message
            );
            context.log().notice(Level::Warning, &text);
            Ok(StateText { text: String::new(), lives: false, outputs: BTreeMap::new() })
        };
        let mut may_init = !self.is_initialised || context.attempt() == 1;
        if must_init {
            may_init = false;
            if let Err(fault) = self.initialise(context, site) {
                return unread(fault, context);
            }
        }
        if let Some(state) = site.state_on_disk(context)? {
            return read_state(site, state.text);
        }
        loop {
            let (termination, answer) = site.ask(context, |root| root.state_pull())?;
            if termination.is_success() {
                return read_state(site, answer.out);
            }
            let diagnostics = text_box::parse(&answer.err);
            if !may_init || !lacks_init(&diagnostics) {
                let fault = site.failure(context, "reading the state", &diagnostics, &answer.err);
                return unread(fault, context);
            }
            may_init = false;
            if let Err(fault) = self.initialise(context, site) {
                return unread(fault, context);
            }
        }
    }

    /// Where its state is, for those that read it.
    fn place(&self, context: &StepContext<'_>) -> Result<Option<String>, Fault> {
        let doors = context.doors();
        let record = self.site.data_folder(&doors.environment)?.join("terraform.tfstate");
        let record = doors.files.read(&record).ok();
        let record = record.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(backend::place(record.as_deref(), &crate::os::files::real_path(&self.site.folder()?)))
    }
}

/// The plan or its part, the errors, and what was said to standard error where that says more.
pub(super) type Planned = (PlannedChanges, Vec<TerraformDiagnostic>, String);

pub(super) fn follow(
    context: &mut StepContext<'_>,
    site: &Site,
    spec: &CommandSpec,
) -> Result<Planned, Fault> {
    let mut fold = PlanFold::default();
    let (termination, complaint) = site.follow(context, spec, CommandRun::default(), |log, event| {
        fold.observe(event);
        log.progress(fold.progress());
    })?;
    let so_far = fold.so_far();
    Ok(match fold.reading(termination) {
        PlanReading::NoChanges => (so_far, Vec::new(), String::new()),
        PlanReading::Changes(planned) => (planned, Vec::new(), String::new()),
        PlanReading::Failed(_) | PlanReading::Incomplete if context.is_cancelled() => {
            return Err(interrupted());
        }
        PlanReading::Failed(diagnostics) => {
            let complaint = if diagnostics.is_empty() && complaint.is_empty() {
                termination.to_string()
            } else {
                complaint
            };
            (so_far, diagnostics, complaint)
        }
        PlanReading::Incomplete => {
            let fault = site.failure(context, "the preview", &[], &complaint);
            let message = format!("the preview of `{}` is not whole: {termination}", site.name);
            return Err(Fault { message, ..fault });
        }
    })
}

fn read_state(site: &Site, text: String) -> Result<StateText, Fault> {
    let unreadable = |error: String| {
        Fault::new(FaultKind::Failed, format!("the state of `{}` could not be read: {error}", site.name))
    };
    let read = state::parse(&text).map_err(|error| unreadable(error.to_string()))?;
    let outputs = serde_json::from_str::<Json>(&text).ok().and_then(|state| state.get("outputs").cloned());
    let outputs = outputs.map(|outputs| output::parse(&outputs.to_string())).transpose();
    Ok(StateText {
        lives: read.is_some_and(|state| !state.managed.is_empty() || !state.outputs.is_empty()),
        outputs: outputs.map_err(|error| unreadable(error.to_string()))?.unwrap_or_default(),
        text,
    })
}

/// What terraform has to know first, without its advice: the advice is to apply in parts, which is what `up` does.
fn shortly(errors: &[TerraformDiagnostic], dir: &std::path::Path) -> String {
    let short = |error: &TerraformDiagnostic| {
        let detail = if error.snippet.is_some() { String::new() } else { error.detail.clone() };
        frame::render(&TerraformDiagnostic { detail, ..error.clone() }, dir).join("\n")
    };
    diagnostic::errors(errors).map(short).collect::<Vec<_>>().join("\n")
}

/// Says what the preview comes to.
pub(super) fn tell(context: &StepContext<'_>, preview: &Preview, summary: &str, lines: &[String]) {
    let said = match preview.status {
        PreviewStatus::NoChanges => "no changes".to_owned(),
        PreviewStatus::Deferred => format!("deferred, so far {summary}"),
        _ => summary.to_owned(),
    };
    context.log().progress(Progress { text: said.clone(), done: Some(0), total: Some(0) });
    if preview.status == PreviewStatus::NoChanges && preview.drift.is_empty() {
        return;
    }
    let mark = if preview.preview { " (preview, cannot be applied)" } else { "" };
    let mut text = format!("{}: {said}{mark}", preview.workspace);
    for line in lines {
        text.push_str(&format!("\n  {line}"));
    }
    if let Some(problem) = &preview.problem {
        for line in problem.lines() {
            text.push_str(&format!("\n  {line}"));
        }
    }
    context.log().notice(Level::Note, &text);
}

/// The outputs that a preview read from the state, for those that refer to them.
pub(super) struct PreviewOutputs {
    pub(super) site: Site,
}

impl Action for PreviewOutputs {
    fn describe(&self) -> Vec<String> {
        Vec::new()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let Some(preview) = context.value::<Preview>(&self.site.step("preview")) else {
            return Outcome::Skipped("it was not previewed".to_owned());
        };
        Outcome::done_with(exports(context, &preview.left.outputs))
    }
}

fn exports(context: &StepContext<'_>, outputs: &BTreeMap<String, output::OutputValue>) -> Exports {
    let value = |(name, output): (&String, &output::OutputValue)| {
        if output.sensitive {
            super::outputs::register(context, &output.value);
        }
        (name.clone(), crate::model::Value { json: output.value.clone(), secret: output.sensitive })
    };
    Exports(outputs.iter().map(value).collect())
}
