//! `watch`: runs a task again whenever something in its folder changes.
//!
//! `changes` knows what changed and counts; here is what follows from that. Each run is a Shipway of its own, so that it is told to stop as
//! any run is: once and politely, with all that it cleans up. What git ignores is not looked at, nor `.git` and `.shipway`: what a task
//! makes would otherwise start it again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, select, unbounded};

use super::changes::Changes;
use crate::cli::options::{Colour, Options};
use crate::cli::print;
use crate::cli::session::{Session, facts};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Stream;
use crate::model::Part;
use crate::os::process::{Child, ChildEvent, Launch, LaunchInput, LaunchOutput};
use crate::os::signal::{self, Signal};
use crate::os::{terminal, watch};

/// How often a running task is left to look for changes.
const LOOK: Duration = Duration::from_millis(50);

/// Who was asked to end and does not is asked again; a run takes the second time for an order.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(session: &Session<'_>, words: &[String]) -> Result<u8, Fault> {
    let (name, arguments) = words.split_first().ok_or_else(|| Fault::new(FaultKind::Usage, "which task?"))?;
    // A slip is told now and not at the first change.
    let (_, arguments) = session.task_goal(name, arguments)?;
    let words: Vec<String> = std::iter::once(name.clone()).chain(arguments).collect();
    let folder = folder(session, name);
    let (paths_sender, paths) = unbounded();
    let (signals_sender, signals) = unbounded();
    let failed = |what: &str, error: std::io::Error| Fault::new(FaultKind::World, format!("{what}: {error}"));
    let _signals = signal::watch_all(move |signal| signals_sender.send(signal).is_ok())
        .map_err(|error| failed("signals can't be watched", error))?;
    let watch = watch::folder(&folder, paths_sender)
        .map_err(|error| failed(&format!("{} can't be watched", folder.display()), error))?;
    let (told, changes) = unbounded();
    let (until_end, over) = bounded(0);
    let root = &session.model.root;
    let teller = Changes { doors: session.doors, root, folder: &folder, watch, paths, over };
    let is_coloured = facts(session.doors, &session.options).colour;
    let line = line(&session.options, &session.model.file, is_coloured, &words);
    let watch = Watch { session, folder: folder.clone(), line, changes, signals };
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

/// What is given to each run: the task, and the options that were given to us. What they show comes through a pipe, so whether with colour is
/// decided here.
fn line(options: &Options, file: &Path, is_coloured: bool, words: &[String]) -> Vec<OsString> {
    // Each by its name, so that a new one is not forgotten.
    let Options {
        file: _,
        jobs,
        dry_run,
        force,
        explain,
        keep_going,
        fail_fast,
        yes,
        confirm,
        unlock_own_stale,
        allow_destroy,
        json,
        report,
        group,
        quiet,
        environment,
        color,
        resumed: _,
    } = options;
    let mut line = vec![OsString::from("--file"), file.into()];
    let flags = [
        (*dry_run, "--dry-run"),
        (*force, "--force"),
        (*explain, "--explain"),
        (*keep_going, "--keep-going"),
        (*fail_fast, "--fail-fast"),
        (*yes, "--yes"),
        (*unlock_own_stale, "--unlock-own-stale"),
        (*json, "--json"),
        (*group, "--group"),
        (*quiet, "--quiet"),
    ];
    line.extend(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| OsString::from(flag)));
    line.extend(jobs.map(|jobs| format!("--jobs={jobs}").into()));
    line.extend(environment.iter().map(|name| format!("--environment={name}").into()));
    line.extend(confirm.iter().map(|word| format!("--confirm={word}").into()));
    line.extend(allow_destroy.iter().map(|address| format!("--allow-destroy={address}").into()));
    line.extend(report.iter().flat_map(|file| ["--report".into(), file.into()]));
    line.push(match color {
        Colour::Always => "--color=always".into(),
        Colour::Auto if is_coloured => "--color=always".into(),
        Colour::Auto | Colour::Never => "--color=never".into(),
    });
    line.push("run".into());
    line.extend(words.iter().map(OsString::from));
    line
}

struct Watch<'a> {
    session: &'a Session<'a>,
    folder: PathBuf,
    line: Vec<OsString>,
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
        if !self.session.options.json && !self.session.options.quiet {
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
            args: self.line.clone(),
            env: variables.map(|(name, value)| (name.clone(), value.clone())).collect(),
            dir: doors.environment.current_dir.clone(),
            input: LaunchInput::Nothing,
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
            let signal = self.signals.try_recv().ok();
            if signal == Some(Signal::Suspend) {
                // It stops its commands, and itself then; woken, it lets them go on.
                signal::suspend_child(child.pid());
                signal::suspend();
                child.control().suspend(false);
                continue;
            }
            let ask = if let Some(signal) = signal {
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
        loop {
            select! {
                recv(self.signals) -> signal => match signal.unwrap_or(Signal::Terminate) {
                    Signal::Suspend => signal::suspend(),
                    signal => return Next::Signal(signal),
                },
                recv(self.changes) -> what => {
                    return what.map_or(Next::Signal(Signal::Terminate), Next::Changed);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_given_every_option() {
        let given = "--dry-run --force --explain --keep-going --yes --unlock-own-stale --group --quiet --jobs=3 --environment=e \
                     --confirm=a --confirm=b --allow-destroy=x --report r.xml --color=never";
        let words: Vec<String> = given.split_whitespace().map(str::to_owned).collect();
        let Ok(options) = Options::read(&words) else { unreachable!("{given}") };
        let task = ["it".to_owned(), "word".to_owned()];
        let line = |options: &Options, is_coloured| {
            let line = line(options, Path::new("/p/tasks.toml"), is_coloured, &task);
            line.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line(&options, true), format!("--file /p/tasks.toml {} run it word", words.join(" ")));
        let options = Options { json: true, fail_fast: true, ..Options::default() };
        let rest = "--file /p/tasks.toml --fail-fast --json --color=always run it word";
        assert_eq!(line(&options, true), rest);
        assert_eq!(line(&options, false), rest.replace("always", "never"));
    }
}
