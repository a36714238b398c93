//! The time.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Knows the time.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> jiff::Timestamp;
    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug)]
pub struct RealClock {
    start: Instant,
}

impl Default for RealClock {
    fn default() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let start = Instant::now();
        Self { start }
    }
}

impl Clock for RealClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Time since the machine's start, the same for all its processes, those in containers too.
pub fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

/// A clock that goes on by a fixed step each time that it is asked, so that outputs are the same each time.
#[derive(Debug)]
pub struct ScriptedClock {
    now: Mutex<Duration>,
    step: Duration,
}

impl ScriptedClock {
    /// Starts at the epoch.
    pub fn new(step: Duration) -> Self {
        Self { now: Mutex::new(Duration::ZERO), step }
    }
}

impl Clock for ScriptedClock {
    fn now(&self) -> jiff::Timestamp {
        let elapsed = i64::try_from(self.monotonic().as_millis()).unwrap_or(0);
        jiff::Timestamp::from_millisecond(elapsed).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    fn monotonic(&self) -> Duration {
        let mut now = self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now += self.step;
        *now
    }
}
