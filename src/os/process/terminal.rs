//! A child that has the terminal: our own standard input, output and error.
//!
//! It stays in our process group, and so in the terminal's foreground: Ctrl-C and Ctrl-Z reach it as they reach any command of a shell,
//! and us beside it. So an interrupt from the keyboard is not passed on; it is the child's to answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::control::FamilyControl;
use super::remains::{LOOK, Remains};
use super::{Child, ChildControl, ChildEvent, Launch, termination};
use crate::event::Termination;

pub(super) struct TerminalChild {
    pid: u32,
    end: Receiver<Termination>,
    ended: Option<Termination>,
    remains: Option<Remains>,
    control: Arc<FamilyControl>,
}

impl TerminalChild {
    pub(super) fn start(launch: &Launch) -> io::Result<Self> {
        let handle = duct::cmd(&launch.program, &launch.args)
            .full_env(launch.env.iter().cloned())
            .dir(&launch.dir)
            .unchecked()
            .start()?;
        let pid = handle.pids().first().copied().unwrap_or(0);
        let control = Arc::new(FamilyControl::of_process(pid));
        let (sender, end) = crossbeam_channel::bounded(1);
        let waiting = Arc::clone(&control);
        std::thread::Builder::new().name(format!("wait {pid}")).spawn(move || {
            let ended = handle.wait().map_or(Termination::Unknown, |output| termination(output.status));
            // From here on the number may belong to somebody else.
            waiting.leader_ended();
            sender.send(ended).ok();
        })?;
        Ok(Self { pid, end, ended: None, remains: None, control })
    }

    /// The end, or that it is not the end yet: where it was asked to end, all that it started are waited for.
    fn end(&mut self, termination: Termination) -> ChildEvent {
        if self.remains.is_none() {
            self.remains = self.control.remains();
        }
        if self.remains.as_mut().is_some_and(Remains::look) {
            crossbeam_channel::after(LOOK).recv().ok();
            return ChildEvent::Quiet;
        }
        let swept = self.remains.as_ref().map(Remains::names).unwrap_or_default();
        self.control.forget();
        ChildEvent::Ended { termination, leaked: false, swept }
    }
}

impl Child for TerminalChild {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn next(&mut self, limit: Duration) -> ChildEvent {
        if self.ended.is_none() {
            self.ended = match self.end.recv_timeout(limit) {
                Ok(termination) => Some(termination),
                Err(RecvTimeoutError::Timeout) => return ChildEvent::Quiet,
                Err(RecvTimeoutError::Disconnected) => Some(Termination::Unknown),
            };
        }
        self.end(self.ended.unwrap_or(Termination::Unknown))
    }

    fn control(&self) -> Arc<dyn ChildControl> {
        Arc::clone(&self.control) as Arc<dyn ChildControl>
    }
}
