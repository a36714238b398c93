//! What is left of a process group whose first process has ended after we asked the group to end.
//!
//! A shell may be gone long before the program that it started has shut down: that program was told, and is waited for. Other processes
//! never heard of it, since a shell has what it puts into the background ignore Ctrl-C: these are asked by a SIGTERM of their own, and
//! ended where they ignore that too. A second signal of the user ends all at once.
//!
//! Only Linux tells which processes those are. Elsewhere nothing is waited for.

use std::collections::BTreeMap;

use rustix::process::{Pid, Signal, kill_process};

use super::signal_group;
use crate::os::identity;

/// So many looks a process may take that had to be asked for itself; there are twenty in a second.
const GRACE: u32 = 100;

/// What is left of a group.
#[derive(Debug)]
pub(super) struct Remains {
    group: u32,
    /// What the group was asked by.
    signal: i32,
    /// Those that had to be asked for themselves, how many looks ago, and their names.
    asked: BTreeMap<u32, (u32, String)>,
}

impl Remains {
    pub(super) fn new(group: u32, signal: i32) -> Self {
        Self { group, signal, asked: BTreeMap::new() }
    }

    /// Whether anybody is left. Asks those who have not heard.
    pub(super) fn look(&mut self) -> bool {
        let members = identity::members(self.group);
        for member in &members {
            match self.asked.get_mut(&member.pid) {
                Some((looks, _)) if *looks > GRACE => signal_group(self.group, Signal::KILL),
                Some((looks, _)) => *looks += 1,
                None if member.ignores(self.signal) => {
                    let pid = i32::try_from(member.pid).ok().and_then(Pid::from_raw);
                    // It has ended by itself when this fails.
                    pid.map(|pid| kill_process(pid, Signal::TERM).ok());
                    self.asked.insert(member.pid, (0, member.name.clone()));
                }
                None => {}
            }
        }
        !members.is_empty()
    }

    /// The names of those that had to be asked for themselves.
    pub(super) fn names(&self) -> Vec<String> {
        self.asked.iter().map(|(pid, (_, name))| format!("{name} ({pid})")).collect()
    }
}
