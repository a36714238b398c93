//! Runs a task's commands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::exports;
use super::fingerprint;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Level, Termination};
use crate::model::{Command, Confirm, Model, Task};
use crate::os::command::EnvironmentValue;
use crate::plan::{Digest, Fingerprint, Proposal, ProposedChange};
use crate::run::bindings::Scope;
use crate::run::{Action, CommandRun, Outcome, StepContext, interrupted, script};
use crate::text::duration;

/// Runs a task's commands in order, and its `finally` whatever happened.
pub(super) struct TaskAction {
    pub(super) model: Arc<Model>,
    pub(super) task: String,
    pub(super) scope: Scope,
    /// Its work is that of all combinations, which came before.
    pub(super) is_whole_matrix: bool,
}

/// Asks a task's question.
pub(super) struct ConfirmAction {
    /// The task with its arguments: a yes to one set of them is none to another.
    pub(super) title: String,
    pub(super) confirm: Confirm,
}

/// How long a command may take to end after its time is over.
const GRACE: Duration = Duration::from_secs(5);

/// Waits between attempts grow no longer than this, or than the first one.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// Where and with what commands run.
pub(super) struct Place {
    pub(super) dir: PathBuf,
    pub(super) env: BTreeMap<String, EnvironmentValue>,
}

impl Action for TaskAction {
    fn describe(&self) -> Vec<String> {
        let Some(task) = self.model.task(&self.task) else { return Vec::new() };
        if self.is_whole_matrix {
            return Vec::new();
        }
        let preview = |command| script::preview(&self.model, &self.scope, command);
        let finally = task.finally.iter().rev().map(|command| format!("finally: {}", preview(command)));
        task.run.iter().map(preview).chain(finally).collect()
    }

    fn fingerprint(&self, context: &mut StepContext<'_>) -> Result<Option<Fingerprint>, Fault> {
        let task = self.model.task(&self.task).filter(|_| !self.is_whole_matrix);
        let Some(task) = task else { return Ok(None) };
        fingerprint::of(context, &self.model, task, &self.scope).map(Some)
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let Some(task) = self.model.task(&self.task) else {
            return Outcome::Failed(Fault::new(FaultKind::Bug, format!("there is no task `{}`", self.task)));
        };
        let does_nothing = task.run.is_empty() && task.finally.is_empty() && task.rules.wait_until.is_none();
        if self.is_whole_matrix || does_nothing {
            return Outcome::done();
        }
        let exports = match exports::file(context, task) {
            Ok(exports) => exports,
            Err(fault) => return Outcome::Failed(fault),
        };
        let place = match self.place(context, task, exports.as_deref()) {
            Ok(place) => place,
            Err(fault) => return Outcome::Failed(fault),
        };
        if let Some(condition) = &task.rules.condition {
            match self.held_back(context, condition, &place) {
                Ok(None) => {}
                Ok(Some(reason)) => {
                    context.log().notice(Level::Note, &format!("skipped: {reason}"));
                    return Outcome::Skipped(reason);
                }
                Err(fault) => return Outcome::Failed(fault),
            }
        }
        let result = self.attempts(context, task, &place);
        let cleaned = self.clean_up(context, task, place, result.as_ref().err());
        match result.and(cleaned) {
            Ok(()) => match &exports {
                Some(file) => exports::read(context, task, file).map(Outcome::done_with).into(),
                None => Outcome::done(),
            },
            Err(fault) if task.rules.ignore_error && !context.is_cancelled() => {
                let text = format!("{}; the task ignores it", fault.message);
                context.log().notice(Level::Warning, &text);
                // Not done: nobody may take it for up to date.
                Outcome::Skipped("it failed, which it ignores".to_owned())
            }
            Err(fault) => Outcome::Failed(fault),
        }
    }
}

impl TaskAction {
    fn place(
        &self,
        context: &mut StepContext<'_>,
        task: &Task,
        exports: Option<&Path>,
    ) -> Result<Place, Fault> {
        let bindings = context.bindings();
        let folder = self.model.root.join(&task.folder);
        let dir = match &task.dir {
            Some(dir) => folder.join(bindings.template(context, &self.scope, dir)?.text()),
            None => folder,
        };
        let mut env = bindings.environment_of(context, &self.scope, &task.folder, &[], Some(task))?;
        if let Some(exports) = exports {
            let path = EnvironmentValue::Plain(exports.display().to_string());
            env.insert(exports::VARIABLE.to_owned(), path);
        }
        Ok(Place { dir, env })
    }

    /// Tries until one attempt goes well, as often as the task allows.
    fn attempts(&self, context: &mut StepContext<'_>, task: &Task, place: &Place) -> Result<(), Fault> {
        let retry = task.rules.retry;
        let mut delay = retry.delay;
        for attempt in 1..retry.attempts {
            match self.attempt(context, task, place) {
                Err(fault) if !context.is_cancelled() => {
                    if !self.wait_for_next(context, (attempt, retry.attempts), delay, &fault) {
                        return Err(interrupted());
                    }
                    delay = delay.saturating_mul(2).min(LONGEST_DELAY.max(retry.delay));
                }
                done => return done,
            }
        }
        self.attempt(context, task, place)
    }

    /// All commands once, within the task's time, and then the wait.
    fn attempt(&self, context: &mut StepContext<'_>, task: &Task, place: &Place) -> Result<(), Fault> {
        // What a failed attempt wrote is not handed on.
        exports::clear(context, place)?;
        let deadline = task.rules.timeout.map(|timeout| context.doors().clock.monotonic() + timeout);
        for command in &task.run {
            self.run_one(context, task, command, place, deadline)?;
        }
        match &task.rules.wait_until {
            Some(wait) => self.wait_until(context, wait, place),
            None => Ok(()),
        }
    }

    fn run_one(
        &self,
        context: &mut StepContext<'_>,
        task: &Task,
        command: &Command,
        place: &Place,
        deadline: Option<Duration>,
    ) -> Result<(), Fault> {
        let mut spec =
            script::command_spec(context, &self.scope, command, place.dir.clone(), place.env.clone())?;
        let now = context.doors().clock.monotonic();
        spec.timeout = deadline.map(|deadline| deadline.saturating_sub(now));
        let how = CommandRun { is_look: task.rules.quiet, grace: GRACE, ..CommandRun::default() };
        let termination = context.run_command(&spec, how)?;
        match (termination, task.rules.timeout) {
            _ if termination.is_success() => Ok(()),
            _ if context.is_cancelled() => Err(interrupted()),
            (Termination::TimedOut, Some(timeout)) => {
                let message =
                    format!("`{}` took longer than {}, and was ended", self.task, duration::render(timeout));
                let mut fault = Fault::new(FaultKind::Failed, message).detail(format!("$ {spec}"));
                fault.status = Some(termination.status());
                Err(fault.hint("give it longer: `timeout`"))
            }
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
