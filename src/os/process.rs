//! Child processes.
//!
//! Each child leads its own process group, so that a signal reaches it exactly when we send it. Output comes as chunks, the end comes
//! last. The process is waited for first and its pipes are drained with a limit: a grandchild that keeps them open hangs nothing
//! (`aesthetics.md` 6.1). A child that must survive us runs under the shim and writes to files, which are read along.

use std::ffi::OsString;
use std::io::{self, PipeWriter, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::files;
use super::shim::{self, Orphaned, ShimReport};
use crate::event::{Stream, Termination};

/// How long the pipes of a child that has ended are read on. Whoever still holds them then is a process that it left behind.
const DRAIN: Duration = Duration::from_millis(500);

/// How often files that a child writes are looked at.
const TAIL: Duration = Duration::from_millis(40);

/// Everything that is needed to start a process; nothing is inherited but what stands here.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Absolute.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// The folder that it runs in.
    pub dir: PathBuf,
    /// What it reads; `None`: nothing.
    pub stdin: Option<Vec<u8>>,
    /// Where its output goes.
    pub output: LaunchOutput,
}

/// Where a child's output goes.
#[derive(Clone, Debug)]
pub enum LaunchOutput {
    /// Through pipes to us.
    Pipe,
    /// Into files, under the shim.
    Shim {
        /// Our own program, which is also the shim.
        executable: PathBuf,
        /// Path without an ending: `.out`, `.err` and `.status` are made beside it, private. They must not exist.
        files: PathBuf,
        /// What the shim does when we are gone.
        orphaned: Orphaned,
    },
}

/// Starts processes.
pub trait Processes: Send + Sync {
    /// Starts one.
    fn start(&self, launch: &Launch) -> io::Result<Box<dyn Child>>;
}

/// A process that was started.
pub trait Child: Send {
    /// Its number; of the shim where there is one.
    fn pid(&self) -> u32;
    /// What it did next; waits no longer than `limit`.
    fn next(&mut self, limit: Duration) -> ChildEvent;
    /// To signal it from another thread.
    fn control(&self) -> Arc<dyn ChildControl>;
}

/// What a child did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildEvent {
    /// It printed this.
    Output(Stream, Vec<u8>),
    /// It ended; all its output came before.
    Ended {
        /// How.
        termination: Termination,
        /// A process that it left behind still holds its output open.
        leaked: bool,
    },
    /// Nothing within the limit.
    Quiet,
}

/// Signals a child. Signals to one that has ended go nowhere.
pub trait ChildControl: Send + Sync {
    /// Asks it to end, as the user asked us: the same signal, to its whole group or, under the shim, once to the program alone.
    fn ask_to_end(&self, signal: i32);
    /// Ends it and all that it started, at once.
    fn kill(&self);
}

/// The machine's processes.
#[derive(Clone, Copy, Debug)]
pub struct RealProcesses;

impl Processes for RealProcesses {
    fn start(&self, launch: &Launch) -> io::Result<Box<dyn Child>> {
        match &launch.output {
            LaunchOutput::Pipe => Ok(Box::new(PipedChild::start(launch)?)),
            LaunchOutput::Shim { executable, files, orphaned } => {
                Ok(Box::new(ShimmedChild::start(launch, executable, files, *orphaned)?))
            }
        }
    }
}

enum Message {
    Output(Stream, Vec<u8>),
    Closed,
    Ended(Termination),
}

struct PipedChild {
    pid: u32,
    messages: Receiver<Message>,
    open: usize,
    ended: Option<Termination>,
    control: Arc<GroupControl>,
}

impl PipedChild {
    fn start(launch: &Launch) -> io::Result<Self> {
        let (out_reader, out_writer) = io::pipe()?;
        let (err_reader, err_writer) = io::pipe()?;
        let handle = {
            let expression = duct::cmd(&launch.program, &launch.args)
                .full_env(launch.env.iter().cloned())
                .dir(&launch.dir)
                .stdout_file(out_writer)
                .stderr_file(err_writer)
                .unchecked()
                .before_spawn(|command| {
                    use std::os::unix::process::CommandExt as _;
                    command.process_group(0);
                    Ok(())
                });
            let expression = match &launch.stdin {
                Some(bytes) => expression.stdin_bytes(bytes.clone()),
                None => expression.stdin_null(),
            };
            // The expression holds the writing ends: it must be gone before the pipes can come to their end.
            expression.start()?
        };
        let pid = handle.pids().first().copied().unwrap_or(0);
        let control = Arc::new(GroupControl { group: Mutex::new(Some(pid)) });
        let (sender, messages) = crossbeam_channel::bounded(64);
        read_along(out_reader, Stream::Out, sender.clone())?;
        read_along(err_reader, Stream::Err, sender.clone())?;
        let waiting = Arc::clone(&control);
        std::thread::Builder::new().name(format!("wait {pid}")).spawn(move || {
            let ended = handle.wait().map_or(Termination::Unknown, |output| termination(output.status));
            // From here on the number may belong to somebody else.
            waiting.forget();
            sender.send(Message::Ended(ended)).ok();
        })?;
        Ok(Self { pid, messages, open: 2, ended: None, control })
    }
}

impl Child for PipedChild {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn next(&mut self, limit: Duration) -> ChildEvent {
        loop {
            if let (Some(termination), 0) = (self.ended, self.open) {
                return ChildEvent::Ended { termination, leaked: false };
            }
            let limit = if self.ended.is_some() { DRAIN } else { limit };
            match self.messages.recv_timeout(limit) {
                Ok(Message::Output(stream, bytes)) => return ChildEvent::Output(stream, bytes),
                Ok(Message::Closed) => self.open -= 1,
                Ok(Message::Ended(termination)) => self.ended = Some(termination),
                Err(RecvTimeoutError::Timeout) => match self.ended {
                    Some(termination) => return ChildEvent::Ended { termination, leaked: true },
                    None => return ChildEvent::Quiet,
                },
                Err(RecvTimeoutError::Disconnected) => {
                    let termination = self.ended.unwrap_or(Termination::Unknown);
                    return ChildEvent::Ended { termination, leaked: false };
                }
            }
        }
    }

    fn control(&self) -> Arc<dyn ChildControl> {
        Arc::clone(&self.control) as Arc<dyn ChildControl>
    }
}

fn read_along(mut reader: io::PipeReader, stream: Stream, sender: Sender<Message>) -> io::Result<()> {
    let reading = move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    if sender.send(Message::Output(stream, buffer[..length].to_vec())).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        sender.send(Message::Closed).ok();
    };
    std::thread::Builder::new().name("output".to_owned()).stack_size(128 * 1024).spawn(reading)?;
    Ok(())
}

struct GroupControl {
    group: Mutex<Option<u32>>,
}

impl GroupControl {
    fn forget(&self) {
        *self.group.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = *group {
            signal_group(group, signal);
        }
    }
}

impl ChildControl for GroupControl {
    fn ask_to_end(&self, signal: i32) {
        if let Some(signal) = rustix::process::Signal::from_named_raw(signal) {
            self.signal(signal);
        }
    }

    fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }
}

struct ShimmedChild {
    pid: u32,
    ended: Receiver<()>,
    over: bool,
    files: PathBuf,
    tails: [(Stream, std::fs::File); 2],
    control: Arc<ShimControl>,
}

impl ShimmedChild {
    fn start(
        launch: &Launch,
        executable: &std::path::Path,
        path: &std::path::Path,
        orphaned: Orphaned,
    ) -> io::Result<Self> {
        let (out_path, err_path) = (path.with_extension("out"), path.with_extension("err"));
        let out = files::create_private(&out_path)?;
        let err = files::create_private(&err_path)?;
        let (life_reader, life) = io::pipe()?;
        let handle = duct::cmd(executable, shim::arguments(&path.with_extension("status"), orphaned, launch))
            .full_env(launch.env.iter().cloned())
            .dir(&launch.dir)
            .stdin_file(life_reader)
            .stdout_file(out)
            .stderr_file(err)
            .unchecked()
            .before_spawn(|command| {
                use std::os::unix::process::CommandExt as _;
                command.process_group(0);
                Ok(())
            })
            .start()?;
        let pid = handle.pids().first().copied().unwrap_or(0);
        let (sender, ended) = crossbeam_channel::bounded(1);
        std::thread::Builder::new().name(format!("wait {pid}")).spawn(move || {
            handle.wait().ok();
            sender.send(()).ok();
        })?;
        Ok(Self {
            pid,
            ended,
            over: false,
            files: path.to_owned(),
            tails: [(Stream::Out, files::open(&out_path)?), (Stream::Err, files::open(&err_path)?)],
            control: Arc::new(ShimControl { life: Mutex::new(life) }),
        })
    }
}

impl Child for ShimmedChild {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn next(&mut self, limit: Duration) -> ChildEvent {
        loop {
            for (stream, file) in &mut self.tails {
                let mut buffer = vec![0; 64 * 1024];
                if let Ok(length @ 1..) = file.read(&mut buffer) {
                    buffer.truncate(length);
                    return ChildEvent::Output(*stream, buffer);
                }
            }
            if self.over {
                let termination = match shim::read_report(&self.files.with_extension("status")) {
                    Some(ShimReport::Ended { termination }) => termination,
                    Some(ShimReport::Running { .. }) | None => Termination::Unknown,
                };
                return ChildEvent::Ended { termination, leaked: false };
            }
            match self.ended.recv_timeout(limit.min(TAIL)) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => self.over = true,
                Err(RecvTimeoutError::Timeout) => {
                    if limit <= TAIL {
                        return ChildEvent::Quiet;
                    }
                    return self.next(limit - TAIL);
                }
            }
        }
    }

    fn control(&self) -> Arc<dyn ChildControl> {
        Arc::clone(&self.control) as Arc<dyn ChildControl>
    }
}

struct ShimControl {
    life: Mutex<PipeWriter>,
}

impl ShimControl {
    fn tell(&self, word: u8) {
        // The shim is gone when this fails; then there is nobody to tell.
        self.life.lock().unwrap_or_else(PoisonError::into_inner).write_all(&[word]).ok();
    }
}

impl ChildControl for ShimControl {
    fn ask_to_end(&self, _signal: i32) {
        self.tell(shim::INTERRUPT);
    }

    fn kill(&self) {
        self.tell(shim::KILL);
    }
}

/// Signals a process group. Nobody is there to hear it any more when this fails.
pub(super) fn signal_group(group: u32, signal: rustix::process::Signal) {
    let group = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        rustix::process::kill_process_group(group, signal).ok();
    }
}

/// How a process ended, from its status.
pub(super) fn termination(status: ExitStatus) -> Termination {
    match (status.code(), status.signal()) {
        (Some(status), _) => Termination::Exited { status },
        (None, Some(signal)) => Termination::Signaled { signal },
        (None, None) => Termination::Unknown,
    }
}
