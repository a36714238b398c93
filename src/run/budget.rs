//! How much output may be on its way from commands to the screen: a chatty command can't fill the memory, it waits.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// So many bytes may be on their way; one block more, to be exact.
const LIMIT: usize = 1024 * 1024;

/// Output that is on its way.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    used: Mutex<Used>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Used {
    bytes: usize,
    /// A question has the screen.
    is_paused: bool,
    /// Nobody may wait any more for a person.
    is_cancelled: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self { limit: LIMIT, used: Mutex::default(), changed: Condvar::new() }
    }
}

impl Budget {
    /// Where nothing is shown, nothing has to wait.
    pub(super) fn endless() -> Self {
        Self { limit: usize::MAX, ..Self::default() }
    }

    /// Takes room for a block. Waits for it, but not for a person once a signal came.
    pub(super) fn take(&self, bytes: usize) {
        let mut used = self.lock();
        while used.bytes > 0
            && used.bytes.saturating_add(bytes) > self.limit
            && !(used.is_paused && used.is_cancelled)
        {
            used = self.changed.wait(used).unwrap_or_else(PoisonError::into_inner);
        }
        used.bytes += bytes;
    }

    /// A block was shown.
    pub(super) fn give(&self, bytes: usize) {
        if bytes > 0 {
            self.change(|used| used.bytes = used.bytes.saturating_sub(bytes));
        }
    }

    /// A question has the screen, or has it no longer.
    pub(super) fn pause(&self, is_paused: bool) {
        self.change(|used| used.is_paused = is_paused);
    }

    /// A signal came.
    pub(super) fn cancel(&self) {
        self.change(|used| used.is_cancelled = true);
    }

    fn change(&self, change: impl FnOnce(&mut Used)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_no_room_waits_until_something_was_shown() {
        let budget = Budget::default();
        budget.take(LIMIT);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| budget.take(1));
            assert!(!waits.is_finished());
            budget.give(LIMIT);
        });
        assert_eq!(budget.lock().bytes, 1);
    }

    #[test]
    fn a_block_that_is_larger_than_all_room_goes_alone() {
        let budget = Budget::default();
        budget.take(LIMIT * 2);
        assert_eq!(budget.lock().bytes, LIMIT * 2);
    }

    #[test]
    fn nobody_waits_for_a_question_when_a_signal_came() {
        let budget = Budget::default();
        budget.take(LIMIT);
        budget.pause(true);
        std::thread::scope(|scope| {
            scope.spawn(|| budget.take(LIMIT));
            budget.cancel();
        });
        assert_eq!(budget.lock().bytes, LIMIT * 2);
    }
}
