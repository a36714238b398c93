//! Follows a deployment's log to its end.
//!
//! The worker never writes to whoever follows: a client that is gone, or one that reads no more, changes nothing for it
//! (`deployers.md`, finding 6).

use std::io::{Read as _, Write};
use std::time::Duration;

use super::store::Store;
use crate::diagnostic::{Fault, FaultKind};
use crate::os::files::{FileKind, open};
use crate::os::identity;
use crate::release::record::{Ended, Record};

/// How often the log is looked at.
const OFTEN: Duration = Duration::from_millis(50);

/// A worker that has not said within this who it is never will.
const BIRTH: Duration = Duration::from_secs(20);

/// Copies the log of `number` to `out` until the deployment is over; gives its record. A reader that is gone ends this with an error.
pub(super) fn follow(store: Store<'_>, number: u64, out: &mut dyn Write) -> Result<Record, Fault> {
    let path = store.layout.log(number);
    let clock = &store.doors.clock;
    let begun = clock.monotonic();
    let mut log = None;
    loop {
        let record = store.record(number)?;
        let is_over = record.finished.is_some();
        let is_dead = match &record.process {
            Some(process) => !identity::is_alive(process),
            None => clock.monotonic().saturating_sub(begun) > BIRTH,
        };
        if log.is_none() && store.doors.files.kind(&path) == FileKind::File {
            log = open(&path).ok();
        }
        if let Some(log) = &mut log {
            let mut bytes = Vec::new();
            log.read_to_end(&mut bytes).map_err(|error| super::store::unreadable(&path, &error))?;
            out.write_all(&bytes).and_then(|()| out.flush()).map_err(|_| {
                Fault::new(FaultKind::World, "nobody reads along any more; the deployment goes on")
            })?;
        }
        // Read once more after its end, so that nothing is missing.
        if is_over {
            return Ok(record);
        }
        if is_dead {
            // It may have ended between our two looks.
            let record = store.record(number)?;
            return match record.result {
                Some(_) => Ok(record),
                None => Err(died(number)),
            };
        }
        crossbeam_channel::after(OFTEN).recv().ok();
    }
}

/// How a deployment's end is told to whoever waits for it.
pub(super) fn outcome(record: &Record) -> Result<(), Fault> {
    let number = record.number;
    let error = record.error.clone().unwrap_or_default();
    match record.result {
        Some(Ended::Succeeded) => Ok(()),
        Some(Ended::Superseded) => {
            Err(Fault::new(FaultKind::Refused, format!("deployment #{number} gave way to a later one")))
        }
        Some(Ended::Cancelled) => {
            Err(Fault::new(FaultKind::Interrupted, format!("deployment #{number} was cancelled")))
        }
        Some(Ended::Abandoned) | None => Err(died(number)),
        Some(Ended::Failed) => {
            let kind = record.fault.unwrap_or(FaultKind::Failed);
            Err(Fault::new(kind, format!("deployment #{number}: {error}")))
        }
    }
}

fn died(number: u64) -> Fault {
    Fault::new(FaultKind::Failed, format!("deployment #{number} died under way"))
        .hint("the next deployment puts things in order first; run the same command again")
}
