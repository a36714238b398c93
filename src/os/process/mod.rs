//! Child processes.
//!
//! Each child leads its own process group, so that a signal reaches it exactly when we send it. Output comes as chunks, the end comes
//! last. The process is waited for first and its pipes are drained with a limit: a grandchild that keeps them open hangs nothing
//! (`aesthetics.md` 6.1). A child that must survive us runs under the shim and writes to files, which are read along.

mod attached;
mod control;
mod family;
mod piped;
mod pty;
mod remains;
mod shimmed;
mod terminal;

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

pub use attached::{attach, is_written};
use piped::PipedChild;
use shimmed::ShimmedChild;
use terminal::TerminalChild;

use super::shim::Orphaned;
use crate::event::{Stream, Termination};

/// Everything that is needed to start a process; nothing is inherited but what stands here.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Absolute.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment, in the order of its names; many children have the same.
    pub env: Arc<[(OsString, OsString)]>,
    /// The folder that it runs in.
    pub dir: PathBuf,
    /// What it reads.
    pub input: LaunchInput,
    /// Where its output goes.
    pub output: LaunchOutput,
}

/// What a child reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaunchInput {
    /// Nothing.
    Nothing,
    /// These bytes.
    Bytes(Vec<u8>),
    /// What we were given to read.
    Ours,
}

/// Where a child's output goes.
#[derive(Clone, Debug)]
pub enum LaunchOutput {
    /// Through pipes to us.
    Pipe,
    /// Through pseudo-terminals to us.
    Tty,
    /// To the terminal that we have, which is also what it reads.
    Terminal,
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
        /// Processes that it left behind and that were ended after it, by name.
        swept: Vec<String>,
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
    /// Stops it where it is, or lets it go on, as its terminal's user does with us. What must not be stopped is not.
    fn suspend(&self, _stop: bool) {}
}

/// The machine's processes.
#[derive(Clone, Copy, Debug)]
pub struct RealProcesses;

impl Processes for RealProcesses {
    fn start(&self, launch: &Launch) -> io::Result<Box<dyn Child>> {
        match &launch.output {
            LaunchOutput::Pipe | LaunchOutput::Tty => Ok(Box::new(PipedChild::start(launch)?)),
            LaunchOutput::Terminal => Ok(Box::new(TerminalChild::start(launch)?)),
            LaunchOutput::Shim { executable, files, orphaned } => {
                Ok(Box::new(ShimmedChild::start(launch, executable, files, *orphaned)?))
            }
        }
    }
}

/// Signals a process group. Nobody is there to hear it any more when this fails.
pub(super) fn signal_group(group: u32, signal: rustix::process::Signal) {
    let group = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        rustix::process::kill_process_group(group, signal).ok();
    }
}

/// Signals one process. It has ended by itself when this fails.
fn signal_process(pid: u32, signal: rustix::process::Signal) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        rustix::process::kill_process(pid, signal).ok();
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
