//! What is left of a command's processes after its first one has ended, where we asked it to end.
//!
//! A shell may be gone long before the program that it started has shut down: that program was told, and is waited for. Other processes
//! never heard of it, since a shell has what it puts into the background ignore Ctrl-C, or since they are in a group of their own and nobody
//! is left who could tell them: these are asked by a SIGTERM of their own, and ended where they ignore that too. A second signal of the user
//! ends all at once.
//!
//! Only Linux tells which processes those are. Elsewhere nothing is waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::process::Signal;

use super::family::Family;
use super::signal_process;
use crate::os::identity::Process;

/// How often it is looked whether anybody is left.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// So many looks a process may take that had to be asked for itself; there are twenty in a second.
const GRACE: u32 = 100;

/// What is left of a command.
#[derive(Debug)]
pub(super) struct Remains {
    family: Family,
    /// What its group was asked by.
    signal: i32,
    /// Those of other groups that were told of it themselves.
    told: BTreeSet<u32>,
    /// Those that had to be asked by another signal, how many looks ago, and their names.
    asked: BTreeMap<u32, (u32, String)>,
}

impl Remains {
    pub(super) fn new(family: Family, signal: i32, told: BTreeSet<u32>) -> Self {
        Self { family, signal, told, asked: BTreeMap::new() }
    }

    /// Whether anybody is left. Asks those who have not heard.
    pub(super) fn look(&mut self) -> bool {
        let members = self.family.look();
        let pids: BTreeSet<u32> = members.iter().map(|member| member.pid).collect();
        for member in &members {
            if let Some((looks, _)) = self.asked.get_mut(&member.pid) {
                *looks += 1;
                if *looks > GRACE {
                    signal_process(member.pid, Signal::KILL);
                }
            } else if !self.has_heard(member, pids.contains(&member.parent)) {
                signal_process(member.pid, Signal::TERM);
                self.asked.insert(member.pid, (0, member.name.clone()));
            }
        }
        !members.is_empty()
    }

    /// Whether it was told in a way that it hears, or somebody is there who can tell it.
    fn has_heard(&self, member: &Process, has_parent: bool) -> bool {
        let is_told = member.group == self.family.group || self.told.contains(&member.pid);
        if is_told { !member.ignores(self.signal) } else { has_parent }
    }

    /// The names of those that had to be asked for themselves.
    pub(super) fn names(&self) -> Vec<String> {
        self.asked.iter().map(|(pid, (_, name))| format!("{name} ({pid})")).collect()
    }
}
