//! The time of the run, for drawings that move between events.
//!
//! Events carry the run's own time (`elapsed`). Between two events a drawing needs "now" on the same scale: the first event fixes the
//! offset between the two, and the time never goes back behind an event that was seen. Events that were kept back while a question
//! stood therefore do not shift the clocks of the steps.

use std::time::{Duration, Instant};

/// Time since some fixed moment; never goes back.
pub(super) type Clock = Box<dyn Fn() -> Duration + Send>;

/// The machine's own clock.
#[expect(clippy::disallowed_methods, reason = "only draws clocks; nothing is decided by it")]
pub(super) fn monotonic() -> Clock {
    let start = Instant::now();
    Box::new(move || start.elapsed())
}

/// Says how long the run has lasted.
pub(super) struct RunClock {
    clock: Clock,
    first: Option<(Duration, Duration)>,
    latest: Duration,
}

impl RunClock {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, first: None, latest: Duration::ZERO }
    }

    /// An event of this time was seen.
    pub(super) fn saw(&mut self, elapsed: Duration) {
        if self.first.is_none() {
            self.first = Some(((self.clock)(), elapsed));
        }
        self.latest = self.latest.max(elapsed);
    }

    /// How long the run has lasted.
    pub(super) fn now(&self) -> Duration {
        let moved = self
            .first
            .map_or(Duration::ZERO, |(read, elapsed)| elapsed + (self.clock)().saturating_sub(read));
        moved.max(self.latest)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn late_events_do_not_shift_the_run_s_time() {
        let machine = Arc::new(AtomicU64::new(1_000));
        let read = Arc::clone(&machine);
        let mut clock = RunClock::new(Box::new(move || Duration::from_secs(read.load(Ordering::Relaxed))));
        assert_eq!(clock.now(), Duration::ZERO);
        clock.saw(Duration::from_secs(1));
        machine.store(1_010, Ordering::Relaxed);
        assert_eq!(clock.now(), Duration::from_secs(11));
        clock.saw(Duration::from_secs(3));
        assert_eq!(clock.now(), Duration::from_secs(11));
        clock.saw(Duration::from_secs(60));
        assert_eq!(clock.now(), Duration::from_secs(60));
    }
}
