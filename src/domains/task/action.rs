//! Runs a task's commands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::exports;
use super::fingerprint;
use super::parts::Part;
use super::rules::Deadline;
use crate::diagnostic::{Fault, FaultKind, Spanned};
use crate::event::{Level, Termination};
use crate::model::{Call, Command, Confirm, Model, Task};
use crate::os::command::{EnvironmentValue, Output};
use crate::plan::{Broken, Digest, Fingerprint, Proposal, ProposedChange, Skip, Terms};
use crate::run::bindings::Scope;
use crate::run::node::Invocation;
use crate::run::{Action, CommandRun, Outcome, StepContext, script};
use crate::text::cut::cut;

/// Runs a task's commands in order, and its `finally` whatever happened.
pub(super) struct TaskAction {
    pub(super) model: Arc<Model>,
    pub(super) task: String,
    pub(super) scope: Scope,
    /// Its work is that of all combinations, which came before.
    pub(super) is_whole_matrix: bool,
    /// Which of its commands.
    pub(super) part: Part,
    /// It cleans up after a task that ended with this status.
    pub(super) cleans_up_after: Option<u8>,
}

/// Asks a task's question.
pub(super) struct ConfirmAction {
    /// The task with its arguments: a yes to one set of them is none to another.
    pub(super) title: String,
    pub(super) confirm: Confirm,
}

/// Says in `finally` how the task ended.
const STATUS: &str = "SHIPWAY_STATUS";

/// Of a command that is told once more only so many letters are.
const LONGEST_LINE: usize = 4000;

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
        let run = self.part.commands(task).iter().map(preview);
        if self.part.ends { run.chain(finally).collect() } else { run.collect() }
    }

    fn outlives_its_run(&self) -> bool {
        // What is tracked has a better record, and what is handed on is kept nowhere else.
        self.model.task(&self.task).is_some_and(|task| task.tracking.is_empty() && task.exports.is_empty())
    }

    fn terms(&self) -> Terms {
        let Some(task) = self.model.task(&self.task).filter(|_| !self.is_whole_matrix) else {
            return Terms::default();
        };
        let place = |name: &Spanned<String>| Some((name.value.clone(), *self.model.pools.get(&name.value)?));
        let runs = !self.part.commands(task).is_empty();
        Terms {
            pool: task.rules.pool.as_ref().and_then(place),
            alone: task.rules.interactive && runs,
            closes: self.part.closes.clone(),
            yields: true,
        }
    }

    fn only_runs_commands(&self) -> bool {
        self.model.task(&self.task).is_some_and(|task| {
            let rules = &task.rules;
            let waits = rules.interactive || rules.wait_until.is_some() || rules.retry.attempts > 1;
            task.tracking.is_empty() && !waits
        })
    }

    fn fingerprint(&self, context: &mut StepContext<'_>) -> Result<Option<Fingerprint>, Fault> {
        if self.is_whole_matrix {
            // What its combinations made is what it made.
            let needs = vec![format!("task:{}", self.task)];
            return Ok(Some(Fingerprint { needs, hands_on: true, ..Fingerprint::default() }));
        }
        let Some(task) = self.model.task(&self.task).filter(|_| self.part.is_whole()) else {
            return Ok(None);
        };
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
        self.perform(context, task).unwrap_or_else(Outcome::Failed)
    }
}

impl TaskAction {
    fn perform(&self, context: &mut StepContext<'_>, task: &Task) -> Result<Outcome, Fault> {
        // Another task that is called by `finally` closes nothing itself.
        let broken = if self.part.is_whole() { None } else { context.broken() };
        if let Some(Broken { skip: Skip::HeldBack { reason }, .. }) = broken {
            return Ok(Outcome::Skipped(reason));
        }
        if let Some(broken) = broken.as_ref().filter(|_| self.part.is_unbegun.load(Ordering::SeqCst)) {
            return Ok(Outcome::Stopped(broken.skip.clone()));
        }
        let exports = exports::file(context, task, &self.part)?;
        let place = self.place(context, task, exports.as_deref())?;
        if let Some(condition) = task.rules.condition.as_ref().filter(|_| self.part.opens)
            && let Some(reason) = self.held_back(context, condition, &place).inspect_err(|_| {
                // There is nothing to clean up.
                self.part.is_unbegun.store(true, Ordering::SeqCst);
            })?
        {
            // The end of a step tells why; another task's commands in `finally` are no step.
            if self.cleans_up_after.is_some() {
                context.log().notice(Level::Note, &format!("skipped: {reason}"));
            }
            return Ok(match self.part.ends {
                true => Outcome::Skipped(reason),
                false => Outcome::Stopped(Skip::HeldBack { reason }),
            });
        }
        let result = match &broken {
            Some(_) => Ok(()),
            None => self.attempts(context, task, &place),
        };
        if !self.part.ends {
            return result.map(|()| Outcome::done());
        }
        let status = match (&result, &broken) {
            (Err(fault), _) => fault.exit_code(),
            (Ok(()), Some(broken)) => broken_status(context, broken),
            (Ok(()), None) => 0,
        };
        let cleaned = self.clean_up(context, task, place, status, result.is_err());
        if let Some(broken) = broken {
            return cleaned.map(|()| Outcome::Stopped(broken.skip));
        }
        Ok(match result.and(cleaned) {
            Ok(()) => match &exports {
                Some(file) => exports::read(context, task, file).map(Outcome::done_with).into(),
                None => Outcome::done(),
            },
            Err(fault) if task.rules.ignore_error && !context.is_cancelled() => {
                let text = format!("{}; the task ignores it", fault.message);
                context.log().notice(Level::Warning, &text);
                Outcome::Ignored(fault)
            }
            Err(fault) => Outcome::Failed(fault),
        })
    }

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
        if let Some(status) = self.cleans_up_after {
            env.insert(STATUS.to_owned(), EnvironmentValue::Plain(status.to_string()));
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
                        return Err(context.interruption());
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
        if self.part.opens {
            exports::clear(context, place)?;
        }
        let now = context.doors().clock.monotonic();
        let deadline = task.rules.timeout.map(|timeout| Deadline { at: now + timeout, timeout });
        for command in self.part.commands(task) {
            self.run_one(context, task, command, place, deadline)?;
        }
        match task.rules.wait_until.as_ref().filter(|_| self.part.ends) {
            Some(wait) => self.wait_until(context, wait, place, deadline),
            None => Ok(()),
        }
    }

    fn run_one(
        &self,
        context: &mut StepContext<'_>,
        task: &Task,
        command: &Command,
        place: &Place,
        deadline: Option<Deadline>,
    ) -> Result<(), Fault> {
        let mut spec =
            script::command_spec(context, &self.scope, command, place.dir.clone(), place.env.clone())?;
        if task.rules.interactive {
            spec.output = Output::Terminal;
        } else if task.rules.tty {
            spec.output = Output::Tty;
        }
        let now = context.doors().clock.monotonic();
        spec.timeout = deadline.map(|deadline| deadline.at.saturating_sub(now));
        let how = CommandRun {
            is_look: task.rules.quiet,
            grace: GRACE,
            cleans_up: self.cleans_up_after.is_some(),
            ..CommandRun::default()
        };
        let termination = context.run_command(&spec, how)?;
        match (termination, deadline) {
            _ if termination.is_success() => Ok(()),
            _ if context.is_cancelled() => Err(context.interruption()),
            (Termination::TimedOut, Some(deadline)) => {
                Err(self.too_long(deadline.timeout).detail(repeated(&spec.to_string())))
            }
            _ => Err(failure(&self.task, termination, &spec.to_string())),
        }
    }

    /// All of `finally` runs, the last first. The first fault of all is the result; where the task has failed before that is no fault of
    /// these, and each further one is a warning.
    fn clean_up(
        &self,
        context: &mut StepContext<'_>,
        task: &Task,
        mut place: Place,
        status: u8,
        has_failed: bool,
    ) -> Result<(), Fault> {
        place.env.insert(STATUS.to_owned(), EnvironmentValue::Plain(status.to_string()));
        let mut first = Ok(());
        for command in task.finally.iter().rev() {
            let cleaned = match command {
                Command::Task(call) => self.clean_up_by(context, call, status),
                _ => self.clean_up_with(context, command, &place),
            };
            match cleaned {
                Err(fault) if has_failed || first.is_err() => {
                    let text = format!("a command of `finally` failed too: {}", fault.message);
                    context.log().notice(Level::Warning, &text);
                }
                cleaned => first = first.and(cleaned),
            }
        }
        first
    }

    /// One command of `finally`.
    fn clean_up_with(
        &self,
        context: &mut StepContext<'_>,
        command: &Command,
        place: &Place,
    ) -> Result<(), Fault> {
        let (dir, env) = (place.dir.clone(), place.env.clone());
        let spec = script::command_spec(context, &self.scope, command, dir, env)?;
        let run = CommandRun { cleans_up: true, ..CommandRun::default() };
        match context.run_command(&spec, run)? {
            termination if termination.is_success() => Ok(()),
            termination => Err(failure(&format!("{} (finally)", self.task), termination, &spec.to_string())),
        }
    }

    /// Another task's commands, here: the plan is over for this one, so that task has nothing but commands.
    fn clean_up_by(&self, context: &mut StepContext<'_>, call: &Call, status: u8) -> Result<(), Fault> {
        let environment = &context.doors().environment;
        let Invocation { task, scope, .. } = super::invocation(&self.model, environment, call, &self.scope)?;
        let action = Self {
            model: Arc::clone(&self.model),
            task,
            scope,
            is_whole_matrix: false,
            part: Part::whole(),
            cleans_up_after: Some(status),
        };
        match action.run(context) {
            Outcome::Failed(fault) => Err(fault),
            _ => Ok(()),
        }
    }
}

/// What `$SHIPWAY_STATUS` says where a step before did not end well.
fn broken_status(context: &StepContext<'_>, broken: &Broken) -> u8 {
    match broken.status {
        0 if context.is_cancelled() => context.interruption().exit_code(),
        0 => FaultKind::Failed.exit_code(),
        status => status,
    }
}

/// A command that was shown when it began.
fn repeated(line: &str) -> String {
    format!("$ {}", cut(line, LONGEST_LINE))
}

fn failure(task: &str, termination: Termination, line: &str) -> Fault {
    let mut fault =
        Fault::new(FaultKind::Failed, format!("`{task}` failed: {termination}")).detail(repeated(line));
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
