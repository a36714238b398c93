//! What a running step may use.

use std::any::Any;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::action::{Approval, Exports};
use super::asker::AskRequest;
use super::bindings::Bindings;
use super::lines::{Crowd, LineSplitter};
use super::observe::{Answer, Question};
use super::shared::{Shared, lock};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{EventKind, Level, Progress, Stream, Termination};
use crate::journal::record::Entry;
use crate::journal::store::file_name;
use crate::masking::Masker;
use crate::os::command::{Argument, CommandSpec, EnvironmentValue, Input, Output};
use crate::os::files::TemporaryFolder;
use crate::os::process::{Child, ChildEvent, Launch, LaunchOutput};
use crate::os::shim::Orphaned;
use crate::os::{Doors, identity, kill_point, signal};
use crate::plan::{Digest, Step, StepId, WhenOrphaned};

/// How long a quiet command is left alone before we look whether it still is there.
const QUIET: Duration = Duration::from_millis(250);

/// How often a wait looks for a signal.
const HEEDS: Duration = Duration::from_millis(50);

/// What a running step may use: the doors, its log, its bindings, the values of steps that it needs, the person's approval.
pub struct StepContext<'a> {
    shared: &'a Shared<'a>,
    id: StepId,
    attempt: u32,
    redo_reason: Option<String>,
    /// So many commands write to files, those of `beside` too.
    commands: Arc<AtomicU32>,
}

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
        let mut crowd = Crowd::new(*self);
        crowd.add(stream, text);
        crowd.send();
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
    pub(super) fn new(shared: &'a Shared<'a>, id: StepId, attempt: u32, redo_reason: Option<String>) -> Self {
        Self { shared, id, attempt, redo_reason, commands: Arc::default() }
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

    /// Whether a signal came: stop soon, in order.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancel.is_cancelled()
    }

    /// What the step `name` left, if it is in the plan and left a `T`.
    pub fn value<T: Any + Send + Sync>(&self, name: &str) -> Option<Arc<T>> {
        self.shared.value(self.shared.plan.find(name)?)?.downcast().ok()
    }

    /// The exports of the step `name`.
    pub fn exports(&self, name: &str) -> Option<Arc<Exports>> {
        self.value(name)
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
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let reply = Box::new(move |answer| {
            sender.send(answer).ok();
        });
        if self.shared.asker.send(AskRequest { question, reply }).is_err() {
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
            return Err(interrupted());
        }
        let launch = self.launch(spec)?;
        let line = self.shared.masker.mask(&spec.to_string());
        let (step, clock) = (self.step(), &self.shared.doors.clock);
        let intent = Entry::Command {
            step: step.name.clone(),
            line: line.clone(),
            dir: spec.dir.to_string_lossy().into_owned(),
            digest: how.digest.take(),
        };
        self.intend(intent)?;
        let is_look = how.is_look;
        if !is_look {
            self.shared.send(&step.name, EventKind::CommandStarted { line });
        }
        let started = clock.monotonic();
        let mut child = self.shared.doors.processes.start(&launch).map_err(|error| {
            Fault::new(FaultKind::World, format!("`{}` could not be started: {error}", spec.tool))
                .detail(format!("in {}", spec.dir.display()))
        })?;
        self.record(Entry::CommandStarted { step: step.name.clone(), process: identity::of(child.pid()) })?;
        let registration = self.shared.cancel.register(child.control(), how.precious.take(), how.cleans_up);
        let (termination, leaked) = self.follow(child.as_mut(), spec, &mut how);
        drop(registration);
        let took = clock.monotonic().saturating_sub(started);
        if leaked {
            let text =
                format!("`{}` ended, but a process that it started still holds its output open", spec.tool);
            self.log().notice(Level::Warning, &text);
        }
        if !is_look {
            self.shared.send(&step.name, EventKind::CommandEnded { termination, took });
        }
        self.record(Entry::CommandEnded { step: step.name.clone(), termination, took })?;
        kill_point::pass();
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
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(move || other(&mut second));
            let done = this(self);
            let also = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (done, also)
        })
    }

    fn follow(
        &self,
        child: &mut dyn Child,
        spec: &CommandSpec,
        how: &mut CommandRun<'_>,
    ) -> (Termination, bool) {
        // Whoever reads along reads a value; what is only shown is a picture.
        let is_data = how.reader.is_some();
        let mut splitters = [Stream::Out, Stream::Err].map(|_| match is_data {
            true => LineSplitter::for_data(),
            false => LineSplitter::for_show(self.masker().stream()),
        });
        let log = self.log();
        let mut crowd = Crowd::new(log);
        let mut say = |crowd: &mut Crowd<'_>, stream: Stream, line: &str| match &mut how.reader {
            Some(reader) => reader(log, stream, line),
            None => crowd.add(stream, line),
        };
        let deadline = spec.timeout.map(|timeout| self.doors().clock.monotonic() + timeout);
        let mut timed_out = false;
        let mut hard = None;
        let (termination, leaked) = loop {
            match child.next(QUIET) {
                ChildEvent::Output(stream, bytes) => {
                    splitters[stream as usize].push(&bytes, |line| say(&mut crowd, stream, line));
                    crowd.send();
                }
                ChildEvent::Ended { termination, leaked } => break (termination, leaked),
                ChildEvent::Quiet => {}
            }
            let now = self.doors().clock.monotonic();
            if !timed_out && deadline.is_some_and(|deadline| now > deadline) {
                timed_out = true;
                hard = Some(now + how.grace);
                if !how.grace.is_zero() {
                    child.control().ask_to_end(signal::TERMINATE);
                }
            }
            if hard.is_some_and(|hard| now >= hard) {
                hard = None;
                child.control().kill();
            }
        };
        splitters[0].finish(|line| say(&mut crowd, Stream::Out, line));
        splitters[1].finish(|line| say(&mut crowd, Stream::Err, line));
        crowd.send();
        (if timed_out { Termination::TimedOut } else { termination }, leaked)
    }

    fn launch(&mut self, spec: &CommandSpec) -> Result<Launch, Fault> {
        let doors = self.doors();
        let mut env = doors.environment.variables.clone();
        for (name, value) in &spec.env {
            let value = match value {
                EnvironmentValue::Plain(value) => value,
                EnvironmentValue::Secret(secret) => secret.expose(),
            };
            env.insert(OsString::from(name), OsString::from(value));
        }
        let path = env.get(OsStr::new("PATH")).map(OsString::as_os_str);
        if doors.files.kind(&spec.dir) != crate::os::files::FileKind::Folder {
            return Err(Fault::new(
                FaultKind::World,
                format!("the folder {} does not exist", spec.dir.display()),
            )
            .detail(format!("`{}` was to run there", spec.tool)));
        }
        let program = doors.tools.find(&spec.tool, path, &spec.dir).map_err(|missing| {
            Fault::new(FaultKind::World, missing.to_string())
                .hint(format!("install `{}`, or add its folder to PATH, and run this again", missing.tool))
        })?;
        let output = match spec.output {
            Output::Pipe => LaunchOutput::Pipe,
            Output::File => self.shim_output()?,
        };
        let args = spec.args.iter().map(|argument| match argument {
            Argument::Plain(text) => OsString::from(text),
            Argument::Path(path) => path.clone().into_os_string(),
        });
        let stdin = match &spec.stdin {
            Input::Empty => None,
            Input::Bytes(secret) => Some(secret.expose().as_bytes().to_vec()),
            Input::Raw(raw) => Some(raw.0.to_vec()),
        };
        Ok(Launch {
            program,
            args: args.collect(),
            env: env.into_iter().collect(),
            dir: spec.dir.clone(),
            stdin,
            output,
        })
    }

    fn shim_output(&mut self) -> Result<LaunchOutput, Fault> {
        let Some(executable) = self.doors().environment.executable.clone() else {
            return Err(Fault::new(FaultKind::World, "the system does not tell where Shipway's program is"));
        };
        let number = self.commands.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("{}-{}-{number}.stream", file_name(&self.step().name), self.attempt);
        let files = self.private_path(&name)?;
        // A change finishes without us on a laptop; a read is of no use without us, and a CI machine goes away with us.
        let finishes = self.step().when_orphaned == WhenOrphaned::Finish && !self.doors().environment.is_ci();
        let orphaned = if finishes { Orphaned::Finish } else { Orphaned::Interrupt };
        Ok(LaunchOutput::Shim { executable, files, orphaned })
    }

    /// Records what is about to be done.
    fn intend(&self, entry: Entry) -> Result<(), Fault> {
        let durable = self.step().is_precious();
        self.shared.record(entry, durable).map_err(|error| unrecorded(&error))
    }

    /// Records what happened. If the machine fails before this is on the disk, the intent before it says that it may have happened.
    fn record(&self, entry: Entry) -> Result<(), Fault> {
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
