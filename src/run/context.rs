//! What a running step may use.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use super::action::{Approval, Exports};
use super::asker::AskRequest;
use super::bindings::Bindings;
use super::cancel::Manner;
use super::follow::{End, QUIET};
use super::launch::no_folder;
use super::observe::{Answer, Question};
use super::shared::{Shared, lock};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{EventKind, Level, Progress, Stream, Termination};
use crate::journal::record::Entry;
use crate::masking::Masker;
use crate::os::command::CommandSpec;
use crate::os::files::TemporaryFolder;
use crate::os::process::LaunchOutput;
use crate::os::signal::{self, Signal};
use crate::os::{Doors, identity};
use crate::plan::{Broken, Digest, Step, StepId};

/// How often a wait looks for a signal.
const HEEDS: Duration = Duration::from_millis(50);

/// What a running step may use: the doors, its log, its bindings, the values of steps that it needs, the person's approval.
pub struct StepContext<'a> {
    pub(super) shared: &'a Shared<'a>,
    id: StepId,
    attempt: u32,
    redo_reason: Option<String>,
    /// So many commands write to files, those of `beside` too.
    pub(super) commands: Arc<AtomicU32>,
    /// Told that it takes longer than a moment, as often as one likes.
    pub(super) lasts: &'a (dyn Fn() + Sync),
}

/// What helps where a command's words and variables are more than the system takes.
const TOO_LONG: &str = "the system takes 128 KB for one word or variable, and a few MB for all of them: give the words in a file, \
                        or fewer of them at a time (`xargs`)";

/// A step's voice. Everything said through it is masked.
#[derive(Clone, Copy)]
pub struct StepLog<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) step: &'a str,
}

/// Gets each line that a command prints, unmasked.
pub type LineReader<'a> = dyn FnMut(StepLog<'_>, Stream, &str) + 'a;

/// How a command is run.
#[derive(Default)]
pub struct CommandRun<'a> {
    /// It cleans up: it runs although a signal came.
    pub cleans_up: bool,
    /// What would be lost if it were ended hard.
    pub precious: Option<String>,
    /// What its change is bound to, for the journal.
    pub digest: Option<Digest>,
    /// What the step wants to know of it after a crash, for the journal. Where there are facts, the command is open until the step settles
    /// it (`settle`).
    pub facts: BTreeMap<String, String>,
    /// It only looks at something: it is in the journal and not on the screen.
    pub is_look: bool,
    /// When its time is over it is asked to end first, and ended hard only after this.
    pub grace: Duration,
    /// Gets the lines instead of the log.
    pub reader: Option<&'a mut LineReader<'a>>,
}

/// What a command printed.
#[derive(Debug)]
pub struct CommandAnswer {
    /// How it ended.
    pub termination: Termination,
    /// Standard output, each line with its end.
    pub out: String,
    /// The lines of standard error.
    pub err: Vec<String>,
}

impl<'a> StepLog<'a> {
    /// A line that a command printed. Waits while the display is far behind.
    pub fn line(&self, stream: Stream, text: &str) {
        self.shared.send_lines(self.step, EventKind::Line { stream, text: self.shared.masker.mask(text) });
    }

    /// How far the step is.
    pub fn progress(&self, progress: Progress) {
        let progress = Progress { text: self.shared.masker.mask(&progress.text), ..progress };
        self.shared.send(self.step, EventKind::Progress(progress));
    }

    /// A sentence for people; may have several lines.
    pub fn notice(&self, level: Level, text: &str) {
        self.shared.send(self.step, EventKind::Notice { level, text: self.shared.masker.mask(text) });
    }
}

impl<'a> StepContext<'a> {
    pub(super) fn new(
        shared: &'a Shared<'a>,
        id: StepId,
        (attempt, redo_reason): (u32, Option<String>),
        lasts: &'a (dyn Fn() + Sync),
    ) -> Self {
        Self { shared, id, attempt, redo_reason, commands: Arc::default(), lasts }
    }

    /// The doors.
    pub fn doors(&self) -> &'a Doors {
        self.shared.doors
    }

    /// The masker: a secret that the step learns is added here before anything is said.
    pub fn masker(&self) -> &'a Masker {
        self.shared.masker
    }

    /// What `{{ }}` stands for.
    pub fn bindings(&self) -> &'a Bindings {
        self.shared.bindings
    }

    /// The step's voice.
    pub fn log(&self) -> StepLog<'a> {
        StepLog { shared: self.shared, step: &self.step().name }
    }

    /// The step's name.
    pub fn name(&self) -> &'a str {
        &self.step().name
    }

    /// The project's folder.
    pub fn root(&self) -> &'a Path {
        &self.shared.root
    }

    /// From 1; more after a redo.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Why this step is done again, where a later one asked for it.
    pub fn redo_reason(&self) -> Option<&str> {
        self.redo_reason.as_deref()
    }

    /// Whether this is a dry run: nothing may be changed, started or asked.
    pub fn only_looks(&self) -> bool {
        self.shared.mode.looks
    }

    /// Whether a signal came, or a failure for which this step is ended: stop soon, in order.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancel.is_cancelled() || self.failed().is_some()
    }

    /// The fault of this step when it is cancelled.
    pub fn interruption(&self) -> Fault {
        let (fault, number) = match self.failed().filter(|_| !self.shared.cancel.is_cancelled()) {
            Some(title) => {
                let text = format!("ended, since `{title}` failed");
                (Fault::new(FaultKind::Interrupted, text), Some(signal::TERMINATE))
            }
            None => (interrupted(), self.shared.cancel.first().map(Signal::number)),
        };
        // As of a command that the signal ended.
        Fault { status: number.and_then(|number| u8::try_from(128 + number).ok()), ..fault }
    }

    /// The title of the step for whose failure this one is ended.
    pub(super) fn failed(&self) -> Option<String> {
        if self.step().terms.yields { self.shared.cancel.failed() } else { None }
    }

    /// What the step `name` left, if it is in the plan and left a `T`.
    pub fn value<T: Any + Send + Sync>(&self, name: &str) -> Option<Arc<T>> {
        self.shared.value(self.shared.plan.find(name)?)?.downcast().ok()
    }

    /// The exports of the step `name`.
    pub fn exports(&self, name: &str) -> Option<Arc<Exports>> {
        self.value(name)
    }

    /// Of a step that closes others: why they are not done, if so.
    pub fn broken(&self) -> Option<Broken> {
        self.shared.broken(self.id)
    }

    /// A person's yes to `digest`, if there is one.
    pub fn approval(&self, digest: &Digest) -> Option<Approval> {
        self.shared.approval(digest)
    }

    /// A private path for a file of this step, in a private folder that goes away with the step's result; in a run without a journal, with
    /// the run.
    pub fn private_path(&self, name: &str) -> Result<PathBuf, Fault> {
        let folder = match &self.shared.journal {
            Some(journal) => journal.raw(),
            None => self.temporary_folder()?,
        };
        self.doors().files.create_private_dir(&folder).map_err(|error| unwritable(&folder, &error))?;
        Ok(folder.join(name))
    }

    fn temporary_folder(&self) -> Result<PathBuf, Fault> {
        let mut folder = lock(&self.shared.temporary);
        if let Some(folder) = folder.as_ref() {
            return Ok(folder.path().to_owned());
        }
        let made = TemporaryFolder::new().map_err(|error| {
            Fault::new(FaultKind::World, format!("no temporary folder could be made: {error}"))
        })?;
        Ok(folder.insert(made).path().to_owned())
    }

    /// Asks a person for a value and waits for the answer.
    pub fn ask_value(&self, question: Question) -> Answer {
        (self.lasts)();
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let reply = Box::new(move |answer| {
            sender.send(answer).ok();
        });
        if !self.shared.asker.ask(AskRequest { question, reply }) {
            return Answer::Interrupted;
        }
        loop {
            match receiver.recv_timeout(QUIET) {
                Ok(answer) => return answer,
                Err(crossbeam_channel::RecvTimeoutError::Timeout) if !self.is_cancelled() => {}
                Err(_) => return Answer::Interrupted,
            }
        }
    }

    /// Waits; false where a signal came first.
    pub fn wait(&self, time: Duration) -> bool {
        (self.lasts)();
        let clock = &self.doors().clock;
        let until = clock.monotonic() + time;
        loop {
            let left = until.saturating_sub(clock.monotonic());
            if self.is_cancelled() || left.is_zero() {
                return !self.is_cancelled();
            }
            crossbeam_channel::after(left.min(HEEDS)).recv().ok();
        }
    }

    /// Runs a command to its end. A status other than 0 is no fault here: the caller knows what it means.
    pub fn run_command(&mut self, spec: &CommandSpec, mut how: CommandRun<'_>) -> Result<Termination, Fault> {
        if self.only_looks() {
            return Err(Fault::new(FaultKind::Refused, "a dry run starts nothing"));
        }
        if self.is_cancelled() && !how.cleans_up {
            return Err(self.interruption());
        }
        let launch = self.launch(spec)?;
        let stream = match &launch.output {
            LaunchOutput::Shim { files, .. } => {
                files.file_name().map(|name| name.to_string_lossy().into_owned())
            }
            LaunchOutput::Pipe | LaunchOutput::Tty | LaunchOutput::Terminal => None,
        };
        let line = self.shared.masker.mask(&spec.to_string());
        let (step, clock) = (self.step(), &self.shared.doors.clock);
        let intent = Entry::Command {
            step: step.name.clone(),
            line: line.clone(),
            dir: spec.dir.to_string_lossy().into_owned(),
            digest: how.digest.take(),
            stream,
            facts: std::mem::take(&mut how.facts),
        };
        self.intend(intent)?;
        let is_look = how.is_look;
        if !is_look {
            // Most commands are over before anybody could read it.
            self.shared.send_later(&step.name, EventKind::CommandStarted { line });
        }
        let started = clock.monotonic();
        if !matches!(launch.output, LaunchOutput::Pipe | LaunchOutput::Tty) {
            (self.lasts)();
        }
        let screen = matches!(launch.output, LaunchOutput::Terminal).then(|| self.shared.borrow_screen());
        let mut child = self.shared.doors.processes.start(&launch).map_err(|error| {
            if !self.shared.is_folder_still(&spec.dir) {
                return no_folder(spec);
            }
            let message = format!("`{}` could not be started: {error}", spec.tool);
            let fault = Fault::new(FaultKind::World, message).detail(format!("in {}", spec.dir.display()));
            match error.kind() {
                std::io::ErrorKind::ArgumentListTooLong => fault.hint(TOO_LONG),
                _ => fault,
            }
        })?;
        // One that writes to us does not outlive us, so nobody will look for it.
        let can_outlive_us = matches!(launch.output, LaunchOutput::Shim { .. });
        if can_outlive_us {
            let process = identity::of(child.pid());
            self.record(Entry::CommandStarted { step: step.name.clone(), process })?;
        }
        let (precious, yields) = (how.precious.take(), self.step().terms.yields);
        let manner = Manner { precious, cleans_up: how.cleans_up, yields };
        let registration = self.shared.cancel.register(child.control(), manner);
        let End { termination, leaked, swept } = self.follow(child.as_mut(), spec.timeout, &mut how);
        drop(registration);
        drop(screen);
        let took = clock.monotonic().saturating_sub(started);
        if leaked {
            let text =
                format!("`{}` ended, but a process that it started still holds its output open", spec.tool);
            self.log().notice(Level::Warning, &text);
        }
        self.tell_swept(&spec.tool, &swept);
        if !is_look {
            self.shared.send_later(&step.name, EventKind::CommandEnded { termination, took });
        }
        let ended = Entry::CommandEnded { step: step.name.clone(), termination, took };
        if can_outlive_us {
            self.record(ended)?;
        } else {
            self.shared.record_soon(ended).map_err(|error| unrecorded(&error))?;
        }
        Ok(termination)
    }

    /// Runs a command and reads its answer whole; `is_look` as in `CommandRun`. A status other than 0 is no fault here, unless a signal came.
    pub fn read_command(&mut self, spec: &CommandSpec, is_look: bool) -> Result<CommandAnswer, Fault> {
        let (mut out, mut err) = (String::new(), Vec::new());
        let mut reader = |_: StepLog<'_>, stream: Stream, line: &str| match stream {
            Stream::Out => {
                out.push_str(line);
                out.push('\n');
            }
            Stream::Err => err.push(line.to_owned()),
        };
        let run = CommandRun { is_look, reader: Some(&mut reader), ..CommandRun::default() };
        let termination = self.run_command(spec, run)?;
        if self.is_cancelled() && !termination.is_success() {
            return Err(interrupted());
        }
        Ok(CommandAnswer { termination, out, err })
    }

    /// Does `other` at the same time as `this`, and returns when both have come to an end. Either may run commands.
    pub fn beside<A, B: Send>(
        &mut self,
        this: impl FnOnce(&mut Self) -> A,
        other: impl FnOnce(&mut StepContext<'_>) -> B + Send,
    ) -> (A, B) {
        let mut second = StepContext {
            shared: self.shared,
            id: self.id,
            attempt: self.attempt,
            redo_reason: self.redo_reason.clone(),
            commands: Arc::clone(&self.commands),
            lasts: self.lasts,
        };
        (self.lasts)();
        std::thread::scope(|scope| {
            let other = scope.spawn(move || other(&mut second));
            let done = this(self);
            let also = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (done, also)
        })
    }

    /// Says which processes a command left behind, now that they were ended.
    pub(super) fn tell_swept(&self, tool: &str, swept: &[String]) {
        if !swept.is_empty() {
            let names = swept.join(", ");
            let text =
                format!("`{tool}` ended and left processes behind, which were ended after it: {names}");
            self.log().notice(Level::Warning, &text);
        }
    }

    /// Records what is about to be done.
    pub(super) fn intend(&self, entry: Entry) -> Result<(), Fault> {
        let durable = self.step().is_precious();
        self.shared.record(entry, durable).map_err(|error| unrecorded(&error))
    }

    /// Records what happened. If the machine fails before this is on the disk, the intent before it says that it may have happened.
    pub(super) fn record(&self, entry: Entry) -> Result<(), Fault> {
        self.shared.record(entry, false).map_err(|error| unrecorded(&error))
    }

    /// What this step and those that it needs share.
    pub(super) fn shared(&self) -> &'a Shared<'a> {
        self.shared
    }

    /// Which step this is.
    pub(super) fn id(&self) -> StepId {
        self.id
    }

    pub(super) fn step(&self) -> &'a Step<Box<dyn super::action::Action>> {
        self.shared.plan.step(self.id)
    }
}

/// The fault of a step that a signal kept from going on.
pub fn interrupted() -> Fault {
    Fault::new(FaultKind::Interrupted, "interrupted")
}

/// The fault of a step whose intent could not be recorded.
pub(super) fn unrecorded(error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::World, format!("the journal could not be written: {error}")).hint(
        "nothing is changed without a record of it; make room in the project's folder and run this again",
    )
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::World, format!("{} could not be written: {error}", path.display()))
}
