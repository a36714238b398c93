//! A child that has the terminal: our own standard input, output and error.
//!
//! It stays in our process group, and so in the terminal's foreground: Ctrl-C and Ctrl-Z reach it as they reach any command of a shell,
//! and us beside it. So an interrupt from the keyboard is not passed on; it is the child's to answer.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use rustix::process::{Pid, Signal, kill_process};

use super::{Child, ChildControl, ChildEvent, Launch, termination};
use crate::event::Termination;

pub(super) struct TerminalChild {
    pid: u32,
    ended: Receiver<Termination>,
    control: Arc<TerminalControl>,
}

impl TerminalChild {
    pub(super) fn start(launch: &Launch) -> io::Result<Self> {
        let handle = duct::cmd(&launch.program, &launch.args)
            .full_env(launch.env.iter().cloned())
            .dir(&launch.dir)
            .unchecked()
            .start()?;
        let pid = handle.pids().first().copied().unwrap_or(0);
        let control = Arc::new(TerminalControl { pid: Mutex::new(Some(pid)) });
        let (sender, ended) = crossbeam_channel::bounded(1);
        let waiting = Arc::clone(&control);
        std::thread::Builder::new().name(format!("wait {pid}")).spawn(move || {
            let ended = handle.wait().map_or(Termination::Unknown, |output| termination(output.status));
            // From here on the number may belong to somebody else.
            *waiting.pid.lock().unwrap_or_else(PoisonError::into_inner) = None;
            sender.send(ended).ok();
        })?;
        Ok(Self { pid, ended, control })
    }
}

impl Child for TerminalChild {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn next(&mut self, limit: Duration) -> ChildEvent {
        match self.ended.recv_timeout(limit) {
            Ok(termination) => ChildEvent::Ended { termination, leaked: false, swept: Vec::new() },
            Err(RecvTimeoutError::Timeout) => ChildEvent::Quiet,
            Err(RecvTimeoutError::Disconnected) => {
                ChildEvent::Ended { termination: Termination::Unknown, leaked: false, swept: Vec::new() }
            }
        }
    }

    fn control(&self) -> Arc<dyn ChildControl> {
        Arc::clone(&self.control) as Arc<dyn ChildControl>
    }
}

struct TerminalControl {
    pid: Mutex<Option<u32>>,
}

impl TerminalControl {
    fn signal(&self, signal: Signal) {
        let pid = self.pid.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            kill_process(pid, signal).ok();
        }
    }
}

impl ChildControl for TerminalControl {
    fn ask_to_end(&self, signal: i32) {
        if let Some(signal) = Signal::from_named_raw(signal) {
            self.signal(signal);
        }
    }

    fn kill(&self) {
        self.signal(Signal::KILL);
    }
}
