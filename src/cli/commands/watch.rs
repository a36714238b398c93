//! `watch`: runs a task again whenever something in its folder changes.
//!
//! `changes` knows what changed and counts; here is what follows from that. Each run is a Shipway of its own, so that it is told to stop as
//! any run is: once and politely, with all that it cleans up. What git ignores is not looked at, nor `.git` and `.shipway`: what a task
//! makes would otherwise start it again.

use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, select, unbounded};

use super::changes::Changes;
use crate::cli::session::Session;
use crate::cli::{goals, print};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Stream;
use crate::model::Part;
use crate::os::process::{Child, ChildEvent, Launch, LaunchOutput};
use crate::os::signal::{self, Signal};
use crate::os::{terminal, watch};

/// How often a running task is left to look for changes.
const LOOK: Duration = Duration::from_millis(50);

/// Who was asked to end and does not is asked again; a run takes the second time for an order.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(session: &Session<'_>, words: &[String]) -> Result<u8, Fault> {
    let (name, arguments) = words.split_first().ok_or_else(|| Fault::new(FaultKind::Usage, "which task?"))?;
    // A slip is told now and not at the first change.
    goals::task_goal(&session.model, &session.doors.environment, name, arguments, &mut |name, argument| {
        session.ask_for(name, argument)
    })?;
    let folder = folder(session, name);
    let (paths_sender, paths) = unbounded();
    let (signals_sender, signals) = unbounded();
    let failed = |what: &str, error: std::io::Error| Fault::new(FaultKind::World, format!("{what}: {error}"));
    let _signals = signal::watch(move |signal| signals_sender.send(signal).is_ok())
        .map_err(|error| failed("signals can't be watched", error))?;
    let watch = watch::folder(&folder, paths_sender)
        .map_err(|error| failed(&format!("{} can't be watched", folder.display()), error))?;
    let (told, changes) = unbounded();
    let (until_end, over) = bounded(0);
    let root = &session.model.root;
    let teller = Changes { doors: session.doors, root, folder: &folder, watch, paths, over };
    let watch = Watch { session, folder: folder.clone(), line: line(session, words), changes, signals };
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("changes".to_owned())
            .spawn_scoped(scope, move || teller.tell(&told))
            .map_err(|error| failed("changes can't be waited for", error))?;
        let ended = watch.keep();
        drop(until_end);
        ended
    })
}

/// The folder of the task, as far as it is known before it runs: where it is a value, that of its file.
fn folder(session: &Session<'_>, name: &str) -> PathBuf {
    let mut folder = session.model.root.clone();
    if let Some(task) = session.model.task(name) {
        folder.push(&task.folder);
        if let Some([Part::Text(dir)]) = task.dir.as_ref().map(|dir| dir.parts.as_slice()) {
            folder.push(dir);
        }
    }
    folder
}

/// What is given to each run: the task, and the options that were given to us.
fn line(session: &Session<'_>, words: &[String]) -> Vec<String> {
    let options = &session.options;
    let mut line = vec!["--file".to_owned(), session.model.file.display().to_string()];
    let flags = [
        (options.force, "--force"),
        (options.keep_going, "--keep-going"),
        (options.fail_fast, "--fail-fast"),
        (options.yes, "--yes"),
        (options.json, "--json"),
        (options.dry_run, "--dry-run"),
    ];
    line.extend(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| (*flag).to_owned()));
    line.extend(options.jobs.map(|jobs| format!("--jobs={jobs}")));
    line.extend(options.environment.as_ref().map(|name| format!("--environment={name}")));
    line.extend(options.confirm.iter().map(|word| format!("--confirm={word}")));
    line.push("run".to_owned());
    line.extend_from_slice(words);
    line
}

struct Watch<'a> {
    session: &'a Session<'a>,
    folder: PathBuf,
    line: Vec<String>,
    changes: Receiver<String>,
    signals: Receiver<Signal>,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Next {
    /// Nothing yet: the run came to its end.
    Ended,
    /// This changed.
    Changed(String),
    /// We are to end.
    Signal(Signal),
}

impl Watch<'_> {
    /// Runs the task now and after each change, until a signal comes. Gives the status to exit with.
    fn keep(&self) -> Result<u8, Fault> {
        loop {
            // What changed so far this run sees.
            while self.changes.try_recv().is_ok() {}
            let mut child = self.start()?;
            let mut next = self.accompany(&mut *child);
            if next == Next::Ended {
                self.say(&format!("waiting for changes in {}", self.folder.display()));
                next = self.wait();
            }
            match next {
                Next::Signal(signal) => return Ok(u8::try_from(128 + signal.number()).unwrap_or(1)),
                Next::Changed(what) => self.say(&format!("{what} changed")),
                Next::Ended => {}
            }
        }
    }

    fn say(&self, text: &str) {
        if !self.session.options.json {
            terminal::say(Stream::Err, &format!("watch: {text}\n"));
        }
    }

    fn start(&self) -> Result<Box<dyn Child>, Fault> {
        let doors = self.session.doors;
        let wrong =
            |why: String| Fault::new(FaultKind::World, format!("Shipway could not start itself: {why}"));
        let program = doors.environment.executable.clone().ok_or_else(|| wrong("where is it?".to_owned()))?;
        let variables = doors.environment.variables.iter();
        let launch = Launch {
            program,
            args: self.line.iter().map(Into::into).collect(),
            env: variables.map(|(name, value)| (name.clone(), value.clone())).collect(),
            dir: doors.environment.current_dir.clone(),
            stdin: None,
            output: LaunchOutput::Pipe,
        };
        doors.processes.start(&launch).map_err(|error| wrong(error.to_string()))
    }

    /// Shows what a run says until it ends; a change or a signal asks it to.
    fn accompany(&self, child: &mut dyn Child) -> Next {
        let clock = &self.session.doors.clock;
        let mut next = Next::Ended;
        let mut asked = None;
        loop {
            match child.next(LOOK) {
                ChildEvent::Output(Stream::Out, bytes) => print(&bytes),
                ChildEvent::Output(Stream::Err, bytes) => terminal::say(Stream::Err, &bytes),
                ChildEvent::Quiet => {}
                ChildEvent::Ended { .. } => return next,
            }
            let ask = if let Ok(signal) = self.signals.try_recv() {
                next = Next::Signal(signal);
                Some(signal)
            } else if next == Next::Ended
                && let Ok(what) = self.changes.try_recv()
            {
                next = Next::Changed(what);
                Some(Signal::Interrupt)
            } else {
                let is_late = |asked: Duration| clock.monotonic().saturating_sub(asked) > PATIENCE;
                asked.is_some_and(is_late).then_some(Signal::Interrupt)
            };
            if let Some(signal) = ask {
                child.control().ask_to_end(signal.number());
                asked = Some(clock.monotonic());
            }
        }
    }

    /// Waits while nothing runs.
    fn wait(&self) -> Next {
        select! {
            recv(self.signals) -> signal => Next::Signal(signal.unwrap_or(Signal::Terminate)),
            recv(self.changes) -> what => what.map_or(Next::Signal(Signal::Terminate), Next::Changed),
        }
    }
}
