//! Outputs: read for whoever refers to them, printed for whoever asks, and the links to look at after an apply.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::Applied;
use super::site::Site;
use crate::adapters::terraform::{init, output, text_box};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Level, Stream};
use crate::model::Value;
use crate::run::bindings::Scope;
use crate::run::{Action, CommandRun, Exports, Outcome, StepContext, script};

pub(super) struct OutputsAction {
    pub(super) site: Site,
    /// The outputs that are referred to; `None`: all.
    pub(super) wanted: Option<BTreeSet<String>>,
}

impl Action for OutputsAction {
    fn describe(&self) -> Vec<String> {
        vec![self.site.preview(|root| root.output_json())]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.read(context).into()
    }
}

impl OutputsAction {
    fn read(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        if let Some(exports) = self.left_by_apply(context) {
            return Ok(Outcome::done_with(exports));
        }
        let (termination, answer) = self.site.ask(context, |root| root.output_json())?;
        if !termination.is_success() {
            let diagnostics = text_box::parse(&answer.err);
            if init::missing_init(&diagnostics).is_some() && context.attempt() == 1 {
                let reason = format!("terraform says that `{}` has to be initialised", self.site.name);
                return Ok(Outcome::Redo { from: self.site.step("init"), reason });
            }
            return Err(self.site.failure(context, "reading the outputs", &diagnostics, &answer.err));
        }
        let outputs = output::parse(&answer.out).map_err(|error| {
            let message = format!("the outputs of `{}` are no JSON: {error}", self.site.name);
            Fault::new(FaultKind::Failed, message)
        })?;
        let mut exports = BTreeMap::new();
        for (name, output) in outputs {
            if output.sensitive {
                register(context, &output.value);
            }
            exports.insert(name, Value { json: output.value, secret: output.sensitive });
        }
        Ok(Outcome::done_with(Exports(exports)))
    }

    /// The apply's own stream has every output that is no secret: one start of terraform less.
    fn left_by_apply(&self, context: &StepContext<'_>) -> Option<Exports> {
        let wanted = self.wanted.as_ref()?;
        let applied = context.value::<Applied>(&self.site.step("apply"))?;
        let value = |name: &String| {
            let output = applied.outputs.get(name).filter(|output| !output.sensitive)?;
            Some((name.clone(), Value::public(output.value.clone()?)))
        };
        let exports: Option<BTreeMap<String, Value>> = wanted.iter().map(value).collect();
        exports.map(Exports)
    }
}

/// Masks every text in a sensitive output.
fn register(context: &StepContext<'_>, value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            context.masker().add(text.as_bytes());
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| register(context, item)),
        serde_json::Value::Object(entries) => entries.values().for_each(|entry| register(context, entry)),
        _ => {}
    }
}

/// What follows an apply: the hook, and the links to look at.
pub(super) struct AfterApplyAction {
    pub(super) site: Site,
}

impl Action for AfterApplyAction {
    fn describe(&self) -> Vec<String> {
        let Ok(workspace) = self.site.workspace() else { return Vec::new() };
        let preview = |command| script::preview(&self.site.model, &Scope::default(), command);
        workspace.after_apply.iter().map(preview).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.conclude(context).into()
    }
}

impl AfterApplyAction {
    fn conclude(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let workspace = self.site.workspace()?;
        // Nothing was applied, so nothing follows; the links stand in the log of the run that applied it.
        if context.value::<Applied>(&self.site.step("apply")).is_none() {
            return Ok(Outcome::UpToDate("no changes".to_owned()));
        }
        self.site.run_hook(context, "after_apply", &workspace.after_apply)?;
        for link in &workspace.links {
            let link = context.bindings().template(context, &Scope::default(), link)?;
            context.log().notice(Level::Note, &format!("{}: {}", self.site.name, link.text()));
        }
        Ok(Outcome::done())
    }
}

/// A terraform command that is shown as it is: validate, fmt, get, output.
pub(super) struct PlainAction {
    pub(super) site: Site,
    pub(super) verb: PlainVerb,
    pub(super) extra: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlainVerb {
    Validate,
    Fmt,
    Update,
    Output,
}

impl PlainAction {
    fn spec(&self, root: &crate::adapters::terraform::Root<'_>) -> crate::os::command::CommandSpec {
        let spec = match self.verb {
            PlainVerb::Validate => root.validate(),
            PlainVerb::Fmt => root.fmt(false),
            PlainVerb::Update => root.get_update(),
            PlainVerb::Output => root.output(),
        };
        spec.args(self.extra.iter().cloned())
    }
}

impl Action for PlainAction {
    fn describe(&self) -> Vec<String> {
        vec![self.site.preview(|root| self.spec(root))]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.run_shown(context).into()
    }
}

impl PlainAction {
    fn run_shown(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let spec = self.site.call(context, |root| self.spec(root))?;
        let mut complaint = String::new();
        let mut reader = |log: crate::run::StepLog<'_>, stream: Stream, line: &str| {
            if stream == Stream::Err {
                complaint.push_str(line);
                complaint.push('\n');
            } else {
                log.line(stream, line);
            }
        };
        let run = CommandRun { reader: Some(&mut reader), ..CommandRun::default() };
        let termination = context.run_command(&spec, run)?;
        if termination.is_success() {
            return Ok(Outcome::done());
        }
        if context.is_cancelled() {
            return Err(crate::run::interrupted());
        }
        let diagnostics = text_box::parse(&complaint);
        let what = format!("{:?}", self.verb).to_lowercase();
        Err(self.site.failure(context, &what, &diagnostics, &complaint))
    }
}

/// Removes what init left in a workspace's folder.
pub(super) struct CleanAction {
    pub(super) site: Site,
}

impl Action for CleanAction {
    fn describe(&self) -> Vec<String> {
        let dir = self.site.workspace().map(|workspace| workspace.dir.clone()).unwrap_or_default();
        vec![format!("rm -rf {}", dir.join(".terraform").display())]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let folder = match self.site.folder() {
            Ok(folder) => folder.join(".terraform"),
            Err(fault) => return Outcome::Failed(fault),
        };
        if context.doors().files.kind(&folder) == crate::os::files::FileKind::Missing {
            return Outcome::UpToDate("there is nothing to remove".to_owned());
        }
        match context.doors().files.remove_dir(&folder) {
            Ok(()) => Outcome::done(),
            Err(error) => Outcome::Failed(Fault::new(
                FaultKind::World,
                format!("{} could not be removed: {error}", folder.display()),
            )),
        }
    }
}
