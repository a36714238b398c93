//! Who is told what when a signal comes.
//!
//! Each child hears of a signal once, politely, and is waited for. The next signal ends it hard, but for a child whose work would be lost
//! (an apply that is open): then that signal only says so, and the one after it is hard. A command that cleans up and starts after a signal
//! counts from its own start.
//!
//! With `--fail-fast` a step that fails is like a first signal to the children of steps that yield, and to nobody else.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::os::clock::Clock;
use crate::os::process::ChildControl;
use crate::os::signal::{self, Signal};

/// So late may we hear a Ctrl-C that a command with the terminal heard, too, and that perhaps ended it.
const HEARD_LATE: Duration = Duration::from_millis(200);

/// Shared by the dispatcher and all running steps.
#[derive(Default)]
pub(super) struct Cancel {
    signals: AtomicU32,
    has_failed: AtomicBool,
    children: Mutex<Children>,
}

#[derive(Default)]
struct Children {
    next: u64,
    /// The first signal that came.
    first: Option<Signal>,
    /// The title of the step for whose failure those that yield are ended.
    failed: Option<String>,
    terminal: Terminal,
    running: BTreeMap<u64, Heard>,
}

/// Whose the terminal is.
#[derive(Default)]
enum Terminal {
    #[default]
    Ours,
    /// A command's, so that Ctrl-C reaches it without us.
    Lent,
    /// Ours again since this time of the monotonic clock.
    Back(Duration),
}

struct Heard {
    control: Arc<dyn ChildControl>,
    count: u32,
    precious: Option<String>,
    yields: bool,
}

/// What a child is to whoever ends it.
#[derive(Default)]
pub(super) struct Manner {
    /// What would be lost if it were ended hard.
    pub(super) precious: Option<String>,
    /// It cleans up: a signal that came before it is none to it.
    pub(super) cleans_up: bool,
    /// It may be ended when another step failed.
    pub(super) yields: bool,
}

/// A child in the table; leaves it when dropped.
pub(super) struct Registration<'a> {
    cancel: &'a Cancel,
    key: u64,
}

/// The terminal of a command; ours again when dropped.
pub(super) struct LentTerminal<'a> {
    cancel: &'a Cancel,
    clock: &'a dyn Clock,
}

impl Drop for LentTerminal<'_> {
    fn drop(&mut self) {
        self.cancel.lock().terminal = Terminal::Back(self.clock.monotonic());
    }
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

    /// The first signal that came.
    pub(super) fn first(&self) -> Option<Signal> {
        self.lock().first
    }

    /// The title of the step that failed, where those that yield are ended for it.
    pub(super) fn failed(&self) -> Option<String> {
        if self.has_failed.load(Ordering::SeqCst) { self.lock().failed.clone() } else { None }
    }

    /// Adds a child. Where a signal came just before, the child hears of that one now, unless it is there to clean up.
    pub(super) fn register(&self, control: Arc<dyn ChildControl>, manner: Manner) -> Registration<'_> {
        let Manner { precious, cleans_up, yields } = manner;
        let yields = yields && !cleans_up;
        let mut children = self.lock();
        let failed = children.failed.as_ref().filter(|_| yields).map(|_| signal::TERMINATE);
        let missed = children.first.filter(|_| !cleans_up).map(Signal::number).or(failed);
        if let Some(number) = missed {
            control.ask_to_end(number);
        }
        let key = children.next;
        children.next += 1;
        children.running.insert(key, Heard { control, count: u32::from(missed.is_some()), precious, yields });
        Registration { cancel: self, key }
    }

    /// The step with this title failed, and those that yield are ended; the first one counts.
    pub(super) fn fail(&self, title: &str) {
        let mut children = self.lock();
        if children.failed.is_some() {
            return;
        }
        children.failed = Some(title.to_owned());
        self.has_failed.store(true, Ordering::SeqCst);
        for heard in children.running.values_mut().filter(|heard| heard.yields && heard.count == 0) {
            heard.count = 1;
            heard.control.ask_to_end(signal::TERMINATE);
        }
    }

    /// Lends the terminal to a command that is about to start.
    pub(super) fn lend_terminal<'a>(&'a self, clock: &'a dyn Clock) -> LentTerminal<'a> {
        self.lock().terminal = Terminal::Lent;
        LentTerminal { cancel: self, clock }
    }

    /// Whether a Ctrl-C that is heard `now` was meant for a command that has the terminal, or had it when the key was pressed.
    pub(super) fn is_terminal_lent(&self, now: Duration) -> bool {
        match self.lock().terminal {
            Terminal::Ours => false,
            Terminal::Lent => true,
            Terminal::Back(at) => now < at + HEARD_LATE,
        }
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
    use crate::os::clock::ScriptedClock;

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
        let registration = cancel.register(child.clone(), Manner::default());
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
        let _registration = cancel.register(
            child.clone(),
            Manner { precious: Some("the state of base".into()), ..Manner::default() },
        );
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
        let _late = cancel.register(late.clone(), Manner::default());
        let _cleaner = cancel.register(cleaner.clone(), Manner { cleans_up: true, ..Manner::default() });
        assert_eq!(late.heard(), ["ask 15"]);
        assert!(cleaner.heard().is_empty());
        cancel.signal(Signal::Interrupt);
        assert_eq!(cleaner.heard(), ["ask 2"]);
    }

    #[test]
    fn a_ctrl_c_that_is_heard_late_is_still_the_one_of_the_command_that_had_the_terminal() {
        let (cancel, clock) = (Cancel::default(), ScriptedClock::new(Duration::from_secs(1)));
        assert!(!cancel.is_terminal_lent(clock.monotonic()));
        let lent = cancel.lend_terminal(&clock);
        assert!(cancel.is_terminal_lent(clock.monotonic()));
        drop(lent);
        let back = clock.monotonic();
        assert!(!cancel.is_terminal_lent(back));
        assert!(cancel.is_terminal_lent(back - Duration::from_secs(1)));
    }

    #[test]
    fn a_failure_ends_only_those_that_yield_and_a_signal_after_it_is_the_second() {
        let cancel = Cancel::default();
        let children: [Arc<Told>; 4] = Default::default();
        let yields = || Manner { yields: true, ..Manner::default() };
        let cleans_up = || Manner { cleans_up: true, ..yields() };
        let _before = [
            cancel.register(children[0].clone(), yields()),
            cancel.register(children[1].clone(), Manner::default()),
            cancel.register(children[2].clone(), cleans_up()),
        ];
        cancel.fail("lint");
        cancel.fail("test");
        let _after = cancel.register(children[3].clone(), yields());
        let heard = || children.each_ref().map(|child| child.heard().join(", "));
        assert_eq!(heard(), ["ask 15", "", "", "ask 15"]);
        assert_eq!((cancel.failed().as_deref(), cancel.is_cancelled()), (Some("lint"), false));
        cancel.signal(Signal::Interrupt);
        assert_eq!(heard(), ["ask 15, kill", "ask 2", "ask 2", "ask 15, kill"]);
    }
}
