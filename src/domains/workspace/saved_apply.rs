//! A saved plan taken up again: exactly it, if all that it was made from is as it was; or, to verify, a fresh one that means the same.

use std::path::{Path, PathBuf};

use super::plan::{Planned, digest};
use super::saved::{SavedPlan, VERSION, basis, meaning_of, paths};
use super::site::Site;
use super::stateful;
use super::values::Absent;
use crate::adapters::terraform::command::PlanRequest;
use crate::adapters::terraform::{PlanFold, PlanReading, meaning, plan_text};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Level, Progress};
use crate::run::{Action, CommandRun, Outcome, StepContext, interrupted};

/// So many changes are shown; the rest is counted.
const SHOWN: usize = 200;

/// Stands where a plan is made, and gives the one that was made before.
pub(super) struct SavedAction {
    pub(super) site: Site,
    pub(super) folder: PathBuf,
    /// Make a fresh plan and compare it.
    pub(super) verify: bool,
    /// Stateful addresses that may be destroyed.
    pub(super) allowed: Vec<String>,
}

impl Action for SavedAction {
    fn describe(&self) -> Vec<String> {
        let (file, _) = paths(&self.folder, &self.site.name);
        let how = if self.verify { "compare a fresh plan with" } else { "check" };
        vec![format!("{how} {}", file.display())]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.take_up(context).into()
    }
}

impl SavedAction {
    fn take_up(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let saved = self.read(context)?;
        let (file, _) = paths(&self.folder, &self.site.name);
        let found = digest(context, &file)?;
        if found != saved.plan {
            let message = format!("{} is not the plan that was saved", file.display());
            return Err(Fault::new(FaultKind::Refused, message).hint(self.again()));
        }
        let (file, found, planned) = if self.verify {
            let Some(fresh) = self.verify(context, &saved)? else {
                let text = "no changes: what was planned is done already".to_owned();
                return Ok(Outcome::done_with(Planned::Nothing(text)));
            };
            fresh
        } else {
            self.compare(context, &saved)?;
            (file, found, saved.planned())
        };
        let summary = plan_text::summary(&planned);
        let mut text = format!("{}: {summary} (planned {})", self.site.name, saved.created);
        for line in plan_text::render(&planned, SHOWN) {
            text.push_str(&format!("\n  {line}"));
        }
        context.log().progress(Progress { text: summary, done: Some(0), total: Some(0) });
        context.log().notice(Level::Note, &text);
        match stateful::refusal(self.site.workspace()?, &planned, &self.allowed) {
            Some(refusal) => Err(refusal),
            None => {
                let terraform = saved.basis.terraform.clone();
                Ok(Outcome::done_with(Planned::Changes {
                    file,
                    digest: found,
                    changes: planned,
                    terraform,
                    ground: None,
                }))
            }
        }
    }

    fn read(&self, context: &StepContext<'_>) -> Result<SavedPlan, Fault> {
        let (file, record) = paths(&self.folder, &self.site.name);
        if context.attempt() > 1 || context.doors().files.kind(&file) != crate::os::files::FileKind::File {
            let message = format!("the saved plan of `{}` can't be used any more", self.site.name);
            let reason = context.redo_reason().unwrap_or("its file is gone").to_owned();
            return Err(Fault::new(FaultKind::Refused, message).detail(reason).hint(self.again()));
        }
        let shown = record.display();
        let bytes =
            context.doors().files.read(&record).map_err(|error| {
                Fault::new(FaultKind::File, format!("{shown} could not be read: {error}"))
            })?;
        let json: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| {
            Fault::new(FaultKind::File, format!("{shown} is no record of a plan: {error}"))
        })?;
        let version = json.get("version").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(VERSION)) {
            let message = format!("{shown} was written by another version of Shipway");
            return Err(Fault::new(FaultKind::File, message).hint(self.again()));
        }
        let saved: SavedPlan = serde_json::from_value(json).map_err(|error| {
            Fault::new(FaultKind::File, format!("{shown} is no record of a plan: {error}"))
        })?;
        if saved.workspace != self.site.name {
            let message = format!("{shown} is the record of `{}`", saved.workspace);
            return Err(Fault::new(FaultKind::Refused, message));
        }
        if saved.environment != self.site.workspace()?.environment {
            let message =
                format!("`{}` belongs to another environment than when it was planned", self.site.name);
            return Err(Fault::new(FaultKind::Refused, message).hint(self.again()));
        }
        Ok(saved)
    }

    /// Refuses a plan that was made from something else than what is here.
    fn compare(&self, context: &mut StepContext<'_>, saved: &SavedPlan) -> Result<(), Fault> {
        let values = match self.site.values(context, &self.site.workspace()?.vars, Absent::Fails) {
            Ok(values) => Some(values),
            // The plan has its values in it; a job that only applies need not have them again.
            Err(fault) if fault.kind == FaultKind::File => {
                let text = format!("whether its values are the same can't be told: {}", fault.message);
                context.log().notice(Level::Warning, &text);
                None
            }
            Err(fault) => return Err(fault),
        };
        let now = basis(&self.site, context, values.as_ref())?;
        let differences = saved.basis.differences(&now);
        if differences.is_empty() {
            return Ok(());
        }
        let message = format!("the saved plan of `{}` is not for what is here", self.site.name);
        let mut fault = Fault::new(FaultKind::Refused, message);
        fault.details = differences.iter().map(|line| format!("- {line}")).collect();
        Err(fault
            .hint(self.again())
            .hint("or with `--verify`: a fresh plan is applied where it does exactly what this one would"))
    }

    /// A fresh plan that does the same; nothing where nothing is left to do.
    fn verify(&self, context: &mut StepContext<'_>, saved: &SavedPlan) -> Result<Option<Fresh>, Fault> {
        let workspace = self.site.workspace()?;
        let mut var_files = self.site.var_files(context)?;
        let values = self.site.values(context, &workspace.vars, Absent::Fails)?;
        let values_file = self.site.write_private(context, "tfvars.json", &values)?;
        if !workspace.vars.is_empty() {
            var_files.push(values_file.clone());
        }
        let out = self.site.reserve_private(context, "verify.tfplan")?;
        let lock_timeout = self.site.model.terraform.lock_timeout;
        let request =
            PlanRequest { destroy: false, out: &out, var_files: &var_files, lock_timeout, extra: &[] };
        let spec = self.site.call_plan(context, |root| root.plan(&request))?;
        let mut fold = PlanFold::default();
        let followed = self.site.follow(context, &spec, CommandRun::default(), |log, event| {
            fold.observe(event);
            log.progress(fold.progress());
        });
        context.doors().files.remove(&values_file).ok();
        let (termination, complaint) = followed?;
        let planned = match fold.reading(termination) {
            PlanReading::Changes(planned) => planned,
            PlanReading::NoChanges => return Ok(None),
            _ if context.is_cancelled() => return Err(interrupted()),
            PlanReading::Failed(diagnostics) => {
                return Err(self.site.failure(context, "the fresh plan", &diagnostics, &complaint));
            }
            PlanReading::Incomplete => {
                return Err(self.site.failure(context, "the fresh plan", &[], &complaint));
            }
        };
        let fresh = meaning_of(&self.site, context, &out)?;
        let differences = meaning::differences(&saved.meaning, &fresh);
        if differences.is_empty() {
            let found = digest(context, &out)?;
            return Ok(Some((out, found, planned)));
        }
        context.doors().files.remove(&out).ok();
        let message = format!("a fresh plan of `{}` does something else than the saved one", self.site.name);
        let mut fault = Fault::new(FaultKind::Refused, message);
        fault.details = differences.iter().map(|line| format!("- {line}")).collect();
        Err(fault.hint(self.again()))
    }

    fn again(&self) -> String {
        format!("plan and review it again: `shipway plan {} --save DIR`", self.site.name)
    }
}

type Fresh = (PathBuf, crate::plan::Digest, crate::adapters::terraform::PlannedChanges);

/// Takes away what was used.
pub(super) struct ForgetSavedAction {
    pub(super) folder: PathBuf,
    pub(super) names: Vec<String>,
}

impl Action for ForgetSavedAction {
    fn describe(&self) -> Vec<String> {
        self.names.iter().map(|name| format!("rm -f {}", shown(&paths(&self.folder, name)))).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let files = &context.doors().files;
        for name in &self.names {
            let (plan, record) = paths(&self.folder, name);
            files.remove(&plan).ok();
            files.remove(&record).ok();
        }
        let left = files.list(&self.folder).unwrap_or_default();
        if left.iter().all(|name| name == ".gitignore") {
            files.remove_dir(&self.folder).ok();
        }
        Outcome::done()
    }
}

fn shown((plan, record): &(PathBuf, PathBuf)) -> String {
    let text = |path: &Path| path.display().to_string();
    format!("{} {}", text(plan), text(record))
}
