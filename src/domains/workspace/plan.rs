//! Plan: made once, shown whole, kept as a private file that is what will be applied.

use std::path::PathBuf;

use super::ground::{self, Ground, Inputs};
use super::resume::{Import, Resumed, SALVAGE_FILE, render_imports};
use super::site::{Site, StateFound};
use super::stateful;
use super::values::Absent;
use serde_json::Value as Json;

use crate::adapters::terraform::command::PlanRequest;
use crate::adapters::terraform::diagnostic::errors;
use crate::adapters::terraform::{
    PlanFold, PlanReading, PlannedChanges, StreamEvent, deferral, init, plan_text,
};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Level, Progress, Termination};
use crate::plan::{Digest, Proposal, ProposedChange};
use crate::run::{Action, CommandRun, Outcome, StepContext, interrupted};

/// So many changes are shown; the rest is counted.
pub(super) const SHOWN: usize = 200;

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To make the world as the files say.
    Apply,
    /// To destroy all of it.
    Destroy,
}

/// What is wanted of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// To look at it.
    Look,
    /// To apply it.
    Apply,
    /// To apply it, and none where it would be the last one again (`ground`).
    ApplyUnlessItStands,
}

impl Purpose {
    /// The step that makes the plan.
    pub(super) fn plan_step(self) -> &'static str {
        match self {
            Self::Apply => "plan",
            Self::Destroy => "plan-destroy",
        }
    }
}

pub(super) struct PlanAction {
    pub(super) site: Site,
    pub(super) purpose: Purpose,
    pub(super) extra: Vec<String>,
    pub(super) want: Want,
    /// Stateful addresses that may be destroyed.
    pub(super) allowed: Vec<String>,
}

/// A plan that was made.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each workspace, and it is shared and not moved"
)]
pub(super) enum Planned {
    /// There is nothing to do.
    Nothing(String),
    /// There is nothing to do, by the ground on which the last plan stood: none was made.
    Stands(String),
    /// This is to be done.
    Changes {
        file: PathBuf,
        digest: Digest,
        changes: PlannedChanges,
        /// The version of the terraform that made it; empty where it did not say.
        terraform: String,
        /// What it was made from, where that can be told.
        ground: Option<Box<Inputs>>,
    },
}

/// What a call of terraform made of it.
struct Made {
    reading: PlanReading,
    termination: Termination,
    /// Its standard error.
    complaint: String,
    /// Its version.
    terraform: String,
}

impl Action for PlanAction {
    fn describe(&self) -> Vec<String> {
        let Ok(workspace) = self.site.workspace() else { return Vec::new() };
        let mut files: Vec<PathBuf> = workspace.var_files.iter().map(|file| file.value.clone()).collect();
        if !workspace.vars.is_empty() {
            files.push(PathBuf::from("VARS.tfvars.json"));
        }
        let out = PathBuf::from("PLAN");
        let request = self.request(&out, &files, &self.extra);
        vec![self.site.preview(|root| root.plan(&request))]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.plan(context).into()
    }
}

impl PlanAction {
    fn request<'a>(
        &'a self,
        out: &'a PathBuf,
        var_files: &'a [PathBuf],
        extra: &'a [String],
    ) -> PlanRequest<'a> {
        PlanRequest {
            destroy: self.purpose == Purpose::Destroy,
            out,
            var_files,
            lock_timeout: self.site.model.terraform.lock_timeout,
            extra,
        }
    }

    fn plan(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let workspace = self.site.workspace()?;
        if self.purpose == Purpose::Destroy {
            match self.site.state(context)? {
                StateFound::Living(_) => self.site.tell_gone(context)?,
                StateFound::Empty => {
                    return Ok(nothing(context, "it has no state"));
                }
                StateFound::Unreadable(diagnostics) => {
                    return self.again_or(context, "reading the state", &diagnostics, "");
                }
            }
        }
        let mut var_files = self.site.var_files(context)?;
        let absent = match self.purpose {
            Purpose::Apply => Absent::Fails,
            Purpose::Destroy => Absent::IsLeftOut,
        };
        let values = self.site.values(context, &workspace.vars, absent)?;
        let ground = self.ground(context, &values)?;
        if let Some(reason) = ground.as_ref().and_then(|ground| ground.stands(context, &self.site)) {
            context.leave(Planned::Stands(reason.clone()));
            return Ok(Outcome::UpToDate(reason));
        }
        let values_file = if workspace.vars.is_empty() {
            None
        } else {
            let file = self.site.write_private(context, "tfvars.json", &values)?;
            var_files.push(file.clone());
            Some(file)
        };
        let out = self.site.reserve_private(context, &format!("{}.tfplan", self.purpose.plan_step()))?;
        let made = self
            .make(context, &out, &var_files, &self.extra)
            .and_then(|made| self.without_refresh(context, made, &out, &var_files));
        if let Some(file) = values_file {
            context.doors().files.remove(&file).ok();
        }
        let Made { reading, termination, complaint, terraform } = made?;
        let cancelled = context.is_cancelled();
        self.site.refuse_bookmark(context, &out)?;
        let ground = match ground {
            Some(ground) if ground.is_firm() => {
                let again = ground::gather(context, &self.site, &values, false)?;
                ground.still(&again)
            }
            Some(_) | None => None,
        };
        match reading {
            PlanReading::NoChanges => {
                if let Some(ground) = ground {
                    ground.note_plan(context, &self.site, &out)?;
                }
                context.doors().files.remove(&out).ok();
                Ok(nothing(context, "no changes"))
            }
            PlanReading::Changes(changes) => self.show(context, out, (changes, ground), terraform),
            PlanReading::Failed(_) | PlanReading::Incomplete if cancelled => Err(interrupted()),
            PlanReading::Failed(diagnostics) => self.again_or(context, "the plan", &diagnostics, &complaint),
            PlanReading::Incomplete => {
                let fault = self.site.failure(context, "the plan", &[], &complaint);
                Err(Fault {
                    message: format!("the plan of `{}` is not whole: {termination}", self.site.name),
                    ..fault
                })
            }
        }
    }

    /// What the plan is made from; nothing where it is made in any case.
    fn ground(&self, context: &mut StepContext<'_>, values: &Json) -> Result<Option<Ground>, Fault> {
        // What an earlier run left open is dealt with by a plan.
        let is_clear = Resumed::of(context, &self.site).is_none_or(|resumed| resumed.is_clear(&self.site));
        let may_stand = self.want == Want::ApplyUnlessItStands;
        if may_stand && self.purpose == Purpose::Apply && self.extra.is_empty() && is_clear {
            ground::gather(context, &self.site, values, true).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Where the end of a workspace can't be planned because what it reads of another one is gone: a plan by its own state alone, which does not
    /// read that, after a question.
    fn without_refresh(
        &self,
        context: &mut StepContext<'_>,
        made: Made,
        out: &PathBuf,
        var_files: &[PathBuf],
    ) -> Result<Made, Fault> {
        let PlanReading::Failed(diagnostics) = &made.reading else { return Ok(made) };
        let is_known = self.extra.iter().any(|word| word.trim_start_matches('-').starts_with("refresh"));
        if self.purpose != Purpose::Destroy || is_known || !deferral::misses_a_state(diagnostics) {
            return Ok(made);
        }
        let name = &self.site.name;
        let summary = errors(diagnostics).next().map_or(String::new(), |error| error.summary.clone());
        let text = format!(
            "the end of `{name}` can't be planned: what it reads of another workspace is gone ({summary}); it can be by its own state \
             alone, without a look at the world"
        );
        context.log().notice(Level::Warning, &text);
        let question = format!("Plan the end of {name} without refreshing its state?");
        let change = ProposedChange {
            name: name.clone(),
            summary: "-refresh=false".to_owned(),
            destroys: Vec::new(),
            replaces: Vec::new(),
            digest: Digest(blake3::hash(text.as_bytes()).to_hex().to_string()),
        };
        if !context.may(Proposal { question, changes: vec![change], words: Vec::new() })? {
            return Ok(made);
        }
        let extra: Vec<String> =
            self.extra.iter().cloned().chain(std::iter::once("-refresh=false".to_owned())).collect();
        self.make(context, out, var_files, &extra)
    }

    /// Makes the plan. What an earlier run made and could not put into the state is taken over by it; what turns out not to be there to be
    /// taken over is said, and the plan made again without it.
    fn make(
        &self,
        context: &mut StepContext<'_>,
        out: &PathBuf,
        var_files: &[PathBuf],
        extra: &[String],
    ) -> Result<Made, Fault> {
        let file = self.site.folder()?.join(SALVAGE_FILE);
        // One that was left by a run that died must not be in anybody's plan.
        context.doors().files.remove(&file).ok();
        let resumed = Resumed::of(context, &self.site)
            .filter(|_| self.purpose == Purpose::Apply && self.want != Want::Look);
        let mut imports: Vec<Import> = resumed.map(|it| it.imports(&self.site).to_vec()).unwrap_or_default();
        loop {
            if !imports.is_empty() {
                context.doors().files.write(&file, render_imports(&imports).as_bytes(), 0o600).map_err(
                    |error| {
                        Fault::new(
                            FaultKind::World,
                            format!("{} could not be written: {error}", file.display()),
                        )
                    },
                )?;
            }
            let made = self.run_patiently(context, out, var_files, extra);
            context.doors().files.remove(&file).ok();
            let made = made?;
            let PlanReading::Failed(diagnostics) = &made.reading else { return Ok(made) };
            let (gone, left): (Vec<Import>, Vec<Import>) = imports.into_iter().partition(|import| {
                let names = |text: &str| text.contains(&import.address) || text.contains(&import.id);
                errors(diagnostics).any(|error| {
                    names(&error.detail)
                        || names(&error.summary)
                        || error.address.as_deref() == Some(&import.address)
                })
            });
            if gone.is_empty() {
                return Ok(made);
            }
            let mut text = format!(
                "`{}` can't take this over, so it may exist beside what is made now:",
                self.site.name
            );
            for import in &gone {
                text.push_str(&format!("\n  {} (id {})", import.address, import.id));
            }
            let why = errors(diagnostics).map(|error| error.summary.as_str());
            text.push_str(&format!("\n  {} says: {}", self.site.tool(), why.collect::<Vec<_>>().join("; ")));
            context.log().notice(Level::Warning, &text);
            imports = left;
        }
    }

    /// Makes the plan; again where it failed with what passes.
    fn run_patiently(
        &self,
        context: &mut StepContext<'_>,
        out: &PathBuf,
        var_files: &[PathBuf],
        extra: &[String],
    ) -> Result<Made, Fault> {
        let mut tries = 1;
        loop {
            let made = self.run_plan(context, out, var_files, extra)?;
            let said = match &made.reading {
                PlanReading::Failed(diagnostics) => diagnostics.as_slice(),
                PlanReading::Incomplete => &[],
                PlanReading::NoChanges | PlanReading::Changes(_) => return Ok(made),
            };
            if !self.site.tries_again(context, "the plan", tries, (said, &made.complaint))? {
                return Ok(made);
            }
            tries += 1;
        }
    }

    fn run_plan(
        &self,
        context: &mut StepContext<'_>,
        out: &PathBuf,
        var_files: &[PathBuf],
        extra: &[String],
    ) -> Result<Made, Fault> {
        let spec = self.site.call_plan(context, |root| root.plan(&self.request(out, var_files, extra)))?;
        let mut fold = PlanFold::default();
        let mut terraform = String::new();
        let (termination, complaint) =
            self.site.follow(context, &spec, CommandRun::default(), |log, event| {
                if let StreamEvent::Version { terraform: version, .. } = event {
                    terraform.clone_from(version);
                }
                fold.observe(event);
                log.progress(fold.progress());
            })?;
        Ok(Made { reading: fold.reading(termination), termination, complaint, terraform })
    }

    /// Goes back to init where terraform says that it is missing; fails otherwise.
    fn again_or(
        &self,
        context: &StepContext<'_>,
        what: &str,
        diagnostics: &[crate::adapters::terraform::TerraformDiagnostic],
        complaint: &str,
    ) -> Result<Outcome, Fault> {
        let first = |reason| Outcome::Redo { from: self.site.step("init"), reason };
        match init::missing_init(diagnostics) {
            Some(_) if context.attempt() == 1 => Ok(first(format!(
                "{} says that `{}` has to be initialised",
                self.site.tool(),
                self.site.name
            ))),
            _ => Err(self.site.failure(context, what, diagnostics, complaint)),
        }
    }

    fn show(
        &self,
        context: &StepContext<'_>,
        file: PathBuf,
        (changes, ground): (PlannedChanges, Option<Box<Inputs>>),
        terraform: String,
    ) -> Result<Outcome, Fault> {
        tell(context, &self.site, &changes);
        if let Some(refusal) = stateful::refusal(self.site.workspace()?, &changes, &self.allowed) {
            if self.want != Want::Look {
                context.doors().files.remove(&file).ok();
                return Err(refusal);
            }
            context.log().notice(Level::Warning, &refusal.message);
        }
        if self.want == Want::Look {
            context.doors().files.remove(&file).ok();
            return Ok(Outcome::done());
        }
        let digest = digest(context, &file)?;
        Ok(Outcome::done_with(Planned::Changes { file, digest, changes, terraform, ground }))
    }
}

/// Shows the whole plan.
pub(super) fn tell(context: &StepContext<'_>, site: &Site, changes: &PlannedChanges) {
    let summary = plan_text::summary(changes);
    come_to(context, &summary);
    let mut text = format!("{}: {summary}", site.name);
    for line in plan_text::render(changes, SHOWN) {
        text.push_str(&format!("\n  {line}"));
    }
    context.log().notice(Level::Note, &text);
    site.warn(context, &changes.warnings);
}

/// The plan has nothing to do.
pub(super) fn nothing(context: &StepContext<'_>, reason: &str) -> Outcome {
    come_to(context, reason);
    Outcome::done_with(Planned::Nothing(reason.to_owned()))
}

/// The last progress of a plan: what it comes to.
fn come_to(context: &StepContext<'_>, text: &str) {
    context.log().progress(Progress { text: text.to_owned(), done: Some(0), total: Some(0) });
}

impl Planned {
    /// What the plan asks for, in a question.
    pub(super) fn proposal(&self, name: &str) -> Option<ProposedChange> {
        let Self::Changes { digest, changes, .. } = self else { return None };
        let addresses = |found: &mut dyn Iterator<
            Item = &crate::adapters::terraform::stream::PlannedChange,
        >| { found.map(|change| change.address.clone()).collect() };
        Some(ProposedChange {
            name: name.to_owned(),
            summary: plan_text::summary(changes),
            destroys: addresses(&mut changes.destroys()),
            replaces: addresses(&mut changes.replaces()),
            digest: digest.clone(),
        })
    }
}

/// The digest of exactly the bytes that would be applied.
pub(super) fn digest(context: &StepContext<'_>, file: &std::path::Path) -> Result<Digest, Fault> {
    let bytes = context.doors().files.read(file).map_err(|error| {
        Fault::new(FaultKind::World, format!("the plan file {} could not be read: {error}", file.display()))
    })?;
    Ok(Digest(blake3::hash(&bytes).to_hex().to_string()))
}
