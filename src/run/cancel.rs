//! Who is told what when a signal comes.
//!
//! Each child hears of a signal once, politely, and is waited for. The next signal ends it hard, but for a child whose work would be lost
//! (an apply that is open): then that signal only says so, and the one after it is hard. A command that cleans up and starts after a signal
//! counts from its own start.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::os::process::ChildControl;
use crate::os::signal::{self, Signal};

/// Shared by the dispatcher and all running steps.
#[derive(Default)]
pub(super) struct Cancel {
    signals: AtomicU32,
    children: Mutex<Children>,
}

#[derive(Default)]
struct Children {
    next: u64,
    /// The first signal that came.
    first: Option<Signal>,
    running: BTreeMap<u64, Heard>,
}

struct Heard {
    control: Arc<dyn ChildControl>,
    count: u32,
    precious: Option<String>,
}

/// A child in the table; leaves it when dropped.
pub(super) struct Registration<'a> {
    cancel: &'a Cancel,
    key: u64,
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.cancel.lock().running.remove(&self.key);
    }
}

impl Cancel {
    /// Whether a signal has come.
    pub(super) fn is_cancelled(&self) -> bool {
        self.signals.load(Ordering::SeqCst) > 0
    }

    /// Adds a child. `precious` says what would be lost if it were ended hard. Where a signal came just before, the child hears of that one
    /// now, unless it is there to clean up.
    pub(super) fn register(
        &self,
        control: Arc<dyn ChildControl>,
        precious: Option<String>,
        cleans_up: bool,
    ) -> Registration<'_> {
        let mut children = self.lock();
        let missed = children.first.filter(|_| !cleans_up);
        if let Some(signal) = missed {
            control.ask_to_end(signal.number());
        }
        let key = children.next;
        children.next += 1;
        children.running.insert(key, Heard { control, count: u32::from(missed.is_some()), precious });
        Registration { cancel: self, key }
    }

    /// Whether a child has the terminal.
    pub(super) fn has_terminal(&self) -> bool {
        self.lock().running.values().any(|heard| heard.control.has_terminal())
    }

    /// Stops all children, then us; returns when we go on, and they do.
    pub(super) fn suspend(&self) {
        let children = self.lock();
        children.running.values().for_each(|heard| heard.control.suspend(true));
        signal::suspend();
        children.running.values().for_each(|heard| heard.control.suspend(false));
    }

    /// A signal came. Gives how many came so far, and what would be lost by the next one.
    pub(super) fn signal(&self, signal: Signal) -> (u32, Vec<String>) {
        let mut children = self.lock();
        children.first.get_or_insert(signal);
        let count = self.signals.fetch_add(1, Ordering::SeqCst) + 1;
        let mut lost = Vec::new();
        for heard in children.running.values_mut() {
            heard.count += 1;
            match (heard.count, &heard.precious) {
                (1, _) => heard.control.ask_to_end(signal.number()),
                (2, Some(precious)) => lost.push(precious.clone()),
                _ => heard.control.kill(),
            }
        }
        (count, lost)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Children> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<String>>);

    impl ChildControl for Told {
        fn ask_to_end(&self, signal: i32) {
            self.0.lock().unwrap().push(format!("ask {signal}"));
        }
        fn kill(&self) {
            self.0.lock().unwrap().push("kill".into());
        }
    }

    impl Told {
        fn heard(&self) -> Vec<String> {
            self.0.lock().unwrap().clone()
        }
    }

    #[test]
    fn an_ordinary_child_is_asked_once_then_ended() {
        let (cancel, child) = (Cancel::default(), Arc::new(Told::default()));
        let registration = cancel.register(child.clone(), None, false);
        cancel.signal(Signal::Terminate);
        assert_eq!(child.heard(), ["ask 15"]);
        cancel.signal(Signal::Interrupt);
        assert_eq!(child.heard(), ["ask 15", "kill"]);
        drop(registration);
        cancel.signal(Signal::Interrupt);
        assert_eq!(child.heard().len(), 2);
    }

    #[test]
    fn a_precious_child_is_ended_only_by_the_third_signal() {
        let (cancel, child) = (Cancel::default(), Arc::new(Told::default()));
        let _registration = cancel.register(child.clone(), Some("the state of base".into()), false);
        assert_eq!(cancel.signal(Signal::Interrupt), (1, vec![]));
        assert_eq!(cancel.signal(Signal::Interrupt), (2, vec!["the state of base".to_owned()]));
        assert_eq!(child.heard(), ["ask 2"]);
        cancel.signal(Signal::Interrupt);
        assert_eq!(child.heard(), ["ask 2", "kill"]);
    }

    #[test]
    fn a_child_that_starts_late_is_asked_at_once_unless_it_cleans_up() {
        let cancel = Cancel::default();
        cancel.signal(Signal::Terminate);
        let (late, cleaner) = (Arc::new(Told::default()), Arc::new(Told::default()));
        let _late = cancel.register(late.clone(), None, false);
        let _cleaner = cancel.register(cleaner.clone(), None, true);
        assert_eq!(late.heard(), ["ask 15"]);
        assert!(cleaner.heard().is_empty());
        cancel.signal(Signal::Interrupt);
        assert_eq!(cleaner.heard(), ["ask 2"]);
    }
}
