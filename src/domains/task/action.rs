//! Runs a task's commands.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::fingerprint;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Termination;
use crate::model::{Command, Confirm, Model, Task};
use crate::os::command::EnvironmentValue;
use crate::plan::{Digest, Fingerprint, Proposal, ProposedChange};
use crate::run::bindings::Scope;
use crate::run::{Action, CommandRun, Outcome, StepContext, interrupted, script};

/// Runs a task's commands in order, and its `finally` whatever happened.
pub(super) struct TaskAction {
    pub(super) model: Arc<Model>,
    pub(super) task: String,
    pub(super) scope: Scope,
}

/// Asks a task's question.
pub(super) struct ConfirmAction {
    /// The task with its arguments: a yes to one set of them is none to another.
    pub(super) title: String,
    pub(super) confirm: Confirm,
}

/// Where and with what commands run.
struct Place {
    dir: PathBuf,
    env: BTreeMap<String, EnvironmentValue>,
}

impl Action for TaskAction {
    fn describe(&self) -> Vec<String> {
        let Some(task) = self.model.task(&self.task) else { return Vec::new() };
        let preview = |command| script::preview(&self.model, &self.scope, command);
        let finally = task.finally.iter().rev().map(|command| format!("finally: {}", preview(command)));
        task.run.iter().map(preview).chain(finally).collect()
    }

    fn fingerprint(&self, context: &mut StepContext<'_>) -> Result<Option<Fingerprint>, Fault> {
        let Some(task) = self.model.task(&self.task) else { return Ok(None) };
        fingerprint::of(context, &self.model, task, &self.scope).map(Some)
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let Some(task) = self.model.task(&self.task) else {
            return Outcome::Failed(Fault::new(FaultKind::Bug, format!("there is no task `{}`", self.task)));
        };
        if task.run.is_empty() && task.finally.is_empty() {
            return Outcome::done();
        }
        let place = match self.place(context, task) {
            Ok(place) => place,
            Err(fault) => return Outcome::Failed(fault),
        };
        let result = task.run.iter().try_for_each(|command| self.run_one(context, command, &place));
        let cleaned = self.clean_up(context, task, place, result.as_ref().err());
        match result.and(cleaned) {
            Ok(()) => Outcome::done(),
            Err(fault) => Outcome::Failed(fault),
        }
    }
}

impl TaskAction {
    fn place(&self, context: &mut StepContext<'_>, task: &Task) -> Result<Place, Fault> {
        let bindings = context.bindings();
        let folder = self.model.root.join(&task.folder);
        let dir = match &task.dir {
            Some(dir) => folder.join(bindings.template(context, &self.scope, dir)?.text()),
            None => folder,
        };
        let env = bindings.environment_of(context, &self.scope, &task.folder, &[], Some(task))?;
        Ok(Place { dir, env })
    }

    fn run_one(&self, context: &mut StepContext<'_>, command: &Command, place: &Place) -> Result<(), Fault> {
        let spec = script::command_spec(context, &self.scope, command, place.dir.clone(), place.env.clone())?;
        let termination = context.run_command(&spec, CommandRun::default())?;
        match termination {
            _ if termination.is_success() => Ok(()),
            _ if context.is_cancelled() => Err(interrupted()),
            _ => Err(failure(&self.task, termination, &spec.to_string())),
        }
    }

    /// All of `finally` runs, the last first; the first fault of all is the one that is told.
    fn clean_up(
        &self,
        context: &mut StepContext<'_>,
        task: &Task,
        mut place: Place,
        fault: Option<&Fault>,
    ) -> Result<(), Fault> {
        let status = fault.map_or(0, Fault::exit_code).to_string();
        place.env.insert("SHIPWAY_STATUS".to_owned(), EnvironmentValue::Plain(status));
        let mut first = Ok(());
        for command in task.finally.iter().rev() {
            let (dir, env) = (place.dir.clone(), place.env.clone());
            let cleaned = script::command_spec(context, &self.scope, command, dir, env).and_then(|spec| {
                let run = CommandRun { cleans_up: true, ..CommandRun::default() };
                match context.run_command(&spec, run)? {
                    termination if termination.is_success() => Ok(()),
                    termination => {
                        Err(failure(&format!("{} (finally)", self.task), termination, &spec.to_string()))
                    }
                }
            });
            first = first.and(cleaned);
        }
        first
    }
}

fn failure(task: &str, termination: Termination, line: &str) -> Fault {
    let mut fault =
        Fault::new(FaultKind::Failed, format!("`{task}` failed: {termination}")).detail(format!("$ {line}"));
    fault.status = Some(termination.status());
    fault
}

impl Action for ConfirmAction {
    fn describe(&self) -> Vec<String> {
        let how = self.confirm.word.as_ref().map(|word| format!(" (type `{word}`)")).unwrap_or_default();
        vec![format!("ask: {}{how}", self.confirm.text)]
    }

    fn run(&self, _context: &mut StepContext<'_>) -> Outcome {
        let digest = blake3::hash(format!("{}\0{}", self.title, self.confirm.text).as_bytes());
        Outcome::Ask(Proposal {
            question: self.confirm.text.clone(),
            changes: vec![ProposedChange {
                name: self.title.clone(),
                summary: String::new(),
                destroys: Vec::new(),
                replaces: Vec::new(),
                digest: Digest(digest.to_hex().to_string()),
            }],
            words: self.confirm.word.iter().cloned().collect(),
        })
    }
}
