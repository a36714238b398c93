//! How all that a child started is signalled, whatever process group it is in by now.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::Signal;

use super::family::Family;
use super::remains::Remains;
use super::{ChildControl, signal_group, signal_process};

/// Signals a child and what it started.
pub(super) struct FamilyControl {
    state: Mutex<State>,
    /// The child leads a process group: not so where it has our terminal, and so stays in our group.
    has_group: bool,
}

struct State {
    /// `None`: nobody is left of it, and the numbers may belong to somebody else.
    family: Option<Family>,
    /// The first signal that asked it to end.
    asked: Option<i32>,
    /// Who heard of it, beside the child's own group.
    told: BTreeSet<u32>,
}

impl FamilyControl {
    /// Of a child that leads a process group.
    pub(super) fn of_group(pid: u32) -> Self {
        Self::new(pid, true)
    }

    /// Of a child in our own process group.
    pub(super) fn of_process(pid: u32) -> Self {
        Self::new(pid, false)
    }

    fn new(pid: u32, has_group: bool) -> Self {
        let family = Some(Family::new(pid));
        Self { state: Mutex::new(State { family, asked: None, told: BTreeSet::new() }), has_group }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self) {
        self.lock().family = None;
    }

    /// The child has ended. Only where it was asked to end the others are still of interest.
    pub(super) fn leader_ended(&self) {
        let mut state = self.lock();
        if state.asked.is_none() {
            state.family = None;
        }
    }

    /// Who has to be waited for after a child that was asked to end.
    pub(super) fn remains(&self) -> Option<Remains> {
        let state = self.lock();
        Some(Remains::new(state.family.clone()?, state.asked?, state.told.clone()))
    }

    /// Signals all.
    fn signal(&self, signal: Signal) {
        if let Some(family) = &mut self.lock().family {
            family.look();
            family.groups().for_each(|group| signal_group(group, signal));
            family.ours().for_each(|pid| signal_process(pid, signal));
        }
    }
}

impl ChildControl for FamilyControl {
    fn ask_to_end(&self, signal: i32) {
        let mut state = self.lock();
        state.asked.get_or_insert(signal);
        let (Some(signal), Some(family)) = (Signal::from_named_raw(signal), &mut state.family) else {
            return;
        };
        let members = family.look();
        let mut told = family.ours().collect::<BTreeSet<u32>>();
        if self.has_group {
            signal_group(family.group, signal);
        } else {
            told.insert(family.group);
        }
        told.extend(family.unheard(&members));
        told.iter().for_each(|pid| signal_process(*pid, signal));
        // What is stopped, such as by its own question on the terminal, hears only when it goes on.
        members.iter().filter(|it| it.is_stopped).for_each(|it| signal_process(it.pid, Signal::CONT));
        state.told.extend(told);
    }

    fn suspend(&self, stop: bool) {
        // What is in our group is stopped and goes on with us, as the terminal has it.
        if self.has_group {
            self.signal(if stop { Signal::STOP } else { Signal::CONT });
        }
    }

    fn kill(&self) {
        self.signal(Signal::KILL);
    }
}
