//! A command that runs: what it prints is handed on, and its time is watched.

use std::time::Duration;

use super::context::{CommandRun, StepContext};
use super::crew::MOMENT;
use super::lines::{LineSplitter, Printed};
use crate::event::{Stream, Termination};
use crate::os::process::{Child, ChildEvent};
use crate::os::signal;

/// How long a quiet command is left alone before we look whether it still is there.
pub(super) const QUIET: Duration = Duration::from_millis(250);

/// A command that prints nothing for so long is not about to: what it printed is shown.
const PAUSE: Duration = Duration::from_millis(5);

/// More than that is shown while it comes.
const LITTLE: usize = 16 * 1024;

/// How long a command may take to end when another step failed.
const YIELDS: Duration = Duration::from_secs(5);

/// How a command that was followed ended.
pub(super) struct End {
    pub(super) termination: Termination,
    /// Something that it left behind holds its output open.
    pub(super) leaked: bool,
    /// Names of what it left behind and was ended.
    pub(super) swept: Vec<String>,
}

impl StepContext<'_> {
    /// Waits for the end of `child`, and hands on what it prints.
    pub(super) fn follow(
        &self,
        child: &mut dyn Child,
        timeout: Option<Duration>,
        how: &mut CommandRun<'_>,
    ) -> End {
        let log = self.log();
        let clock = &self.doors().clock;
        // Whoever reads along reads a value; what is only shown is a picture.
        let mut splitters = [LineSplitter::default(), LineSplitter::default()];
        let mut printed = Printed::new(log);
        let deadline = timeout.map(|timeout| clock.monotonic() + timeout);
        let mut timed_out = false;
        let (mut hard, mut yields) = (None, false);
        let mut is_told = false;
        let mut length = 0;
        let mut end = loop {
            let limit = if printed.is_waiting() || !is_told { PAUSE } else { QUIET };
            let event = child.next(limit);
            let now = clock.monotonic();
            match event {
                ChildEvent::Output(stream, bytes) => {
                    length += bytes.len();
                    if length > LITTLE || now.saturating_sub(self.shared.started) > MOMENT {
                        (self.lasts)();
                    }
                    match &mut how.reader {
                        Some(reader) => {
                            splitters[stream as usize].push(&bytes, |line| reader(log, stream, line));
                        }
                        None => printed.push(stream, bytes, now),
                    }
                }
                ChildEvent::Ended { termination, leaked, swept } => break End { termination, leaked, swept },
                ChildEvent::Quiet => {
                    (self.lasts)();
                    printed.send();
                    self.shared.life.nudge();
                    is_told = true;
                }
            }
            if hard.is_none() && !yields && !how.cleans_up && self.failed().is_some() {
                // It was asked to end.
                yields = true;
                hard = Some(now + YIELDS);
            }
            if !timed_out && deadline.is_some_and(|deadline| now > deadline) {
                timed_out = true;
                hard = Some(now + how.grace);
                if !how.grace.is_zero() {
                    child.control().ask_to_end(signal::TERMINATE);
                }
            }
            if hard.is_some_and(|hard| now >= hard) {
                hard = None;
                child.control().kill();
            }
        };
        if let Some(reader) = &mut how.reader {
            splitters[0].finish(|line| reader(log, Stream::Out, line));
            splitters[1].finish(|line| reader(log, Stream::Err, line));
        }
        printed.finish();
        if timed_out {
            end.termination = Termination::TimedOut;
        }
        end
    }
}
