//! Shipway as a process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::events::Story;
use super::patience::DEADLINE;
use super::terminal::Terminal;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_shipway");

/// A command line in the making.
#[derive(Clone)]
pub(crate) struct Shipway {
    pub(super) args: Vec<String>,
    pub(super) dir: PathBuf,
    pub(super) environment: BTreeMap<OsString, OsString>,
}

impl Shipway {
    pub(super) fn new(args: Vec<String>, dir: PathBuf, environment: BTreeMap<OsString, OsString>) -> Self {
        Self { args, dir, environment }
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Runs in another folder.
    pub(crate) fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = dir.into();
        self
    }

    /// Runs it to its end, with nothing on standard input.
    #[track_caller]
    pub(crate) fn run(&self) -> Output {
        self.start().wait()
    }

    /// Starts it, in a process group of its own.
    pub(crate) fn start(&self) -> Running {
        let mut command = Command::new(PROGRAM);
        command.args(&self.args).current_dir(&self.dir).env_clear().envs(&self.environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        let pid = Pid::from_child(&child);
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let (sender, ended) = channel();
        std::thread::spawn(move || {
            let status = child.wait().unwrap();
            sender.send(status).ok();
        });
        Running { line: self.args.join(" "), pid, stdout, stderr, ended, status: None }
    }

    /// Starts it in a pseudo-terminal.
    pub(crate) fn terminal(&self) -> Terminal {
        Terminal::start(self)
    }
}

/// A started Shipway. It is killed when the value goes before its end was seen.
pub(crate) struct Running {
    line: String,
    /// Its process.
    pub(crate) pid: Pid,
    stdout: Collected,
    stderr: Collected,
    ended: Receiver<ExitStatus>,
    /// How it ended, once that was seen.
    status: Option<ExitStatus>,
}

impl Running {
    /// Sends a signal to Shipway alone.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// What it printed so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it said so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Whether it ends before so much time has passed.
    pub(crate) fn ends_within(&mut self, time: Duration) -> bool {
        self.status = self.status.or_else(|| self.ended.recv_timeout(time).ok());
        self.status.is_some()
    }

    /// Its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Output {
        let ended = self.status.map_or_else(|| self.ended.recv_timeout(DEADLINE), Ok);
        match ended {
            Ok(status) => {
                self.status = Some(status);
                let raw = [self.stdout.whole(), self.stderr.whole()];
                let [stdout, stderr] =
                    raw.each_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                Output { line: self.line.clone(), status, stdout, stderr, raw }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => panic!(
                "`shipway {}` did not end\n--- stdout\n{}\n--- stderr\n{}",
                self.line,
                self.stdout(),
                self.stderr()
            ),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.status.is_none() && matches!(self.ended.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty))
        {
            kill_process_group(self.pid, Signal::KILL).ok();
        }
    }
}

/// Bytes that a thread reads along.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: Receiver<()>,
}

impl Collected {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// All of it: to the end of the pipe, or as far as it is when something that Shipway left behind still holds it.
    fn whole(&self) -> Vec<u8> {
        self.end.recv_timeout(Duration::from_secs(5)).ok();
        self.bytes.lock().unwrap().clone()
    }
}

fn collect(mut reader: impl Read + Send + 'static) -> Collected {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let (sender, end) = channel();
    let target = Arc::clone(&bytes);
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            target.lock().unwrap().extend_from_slice(&buffer[..length]);
        }
        sender.send(()).ok();
    });
    Collected { bytes, end }
}

/// How a command line ended.
#[derive(Debug)]
pub(crate) struct Output {
    line: String,
    status: ExitStatus,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it said.
    pub(crate) stderr: String,
    /// Both, in bytes.
    pub(crate) raw: [Vec<u8>; 2],
}

impl Output {
    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "{}", self.all());
        self
    }

    /// The signal that ended it.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Asserts that a phrase is on standard error.
    #[track_caller]
    pub(crate) fn says(&self, phrase: &str) -> &Self {
        assert!(self.stderr.contains(phrase), "{phrase:?} is not said: {}", self.all());
        self
    }

    /// Asserts that a phrase is nowhere on standard error.
    #[track_caller]
    pub(crate) fn does_not_say(&self, phrase: &str) -> &Self {
        assert!(!self.stderr.contains(phrase), "{phrase:?} is said: {}", self.all());
        self
    }

    /// Asserts what is on standard output.
    #[track_caller]
    pub(crate) fn prints(&self, text: &str) -> &Self {
        assert_eq!(self.stdout, text, "{}", self.all());
        self
    }

    /// The events of `--json`.
    #[track_caller]
    pub(crate) fn story(&self) -> Story {
        Story::read(&self.stdout)
    }

    /// Everything, for a failed assertion.
    pub(crate) fn all(&self) -> String {
        format!(
            "`shipway {}` ended with {}\n--- stdout\n{}\n--- stderr\n{}",
            self.line, self.status, self.stdout, self.stderr
        )
    }
}
