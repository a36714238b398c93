//! Waits until nobody else is at work on the environment. Of several that wait only the last one gets its turn.

use super::line::say;
use super::store::{is_open, unwritable};
use super::worker::{OFTEN, Worker};
use crate::diagnostic::{Fault, FaultKind};
use crate::os::files::FileKind;
use crate::os::identity;
use crate::os::lock::FileLock;
use crate::release::protocol::Holder;
use crate::release::record::Record;

/// What waiting came to.
pub(super) enum Turn {
    /// The lock is ours.
    Ours(FileLock),
    /// This later deployment waits for the same.
    Superseded(u64),
    /// Somebody did not want it any more.
    Cancelled,
}

/// Waits for the lock, saying for whom.
pub(super) fn wait_for_turn(worker: &Worker<'_>, no_wait: bool) -> Result<Turn, Fault> {
    let store = worker.store;
    let path = store.layout.lock();
    let mut said = None;
    loop {
        if let Some(lock) = FileLock::try_take(&path).map_err(|error| unwritable(&path, &error))? {
            // While the one before us worked, a later one may have come.
            if let Some(later) = superseding(&store.records()?, worker.record.number) {
                lock.release().map_err(|error| unwritable(&path, &error))?;
                return Ok(Turn::Superseded(later));
            }
            write_holder(worker)?;
            return Ok(Turn::Ours(lock));
        }
        let holder = read_holder(worker);
        let text = told(holder.as_ref());
        if no_wait {
            return Err(Fault::new(FaultKind::Locked, format!("{} is at work on this environment", text))
                .hint("wait for it with `shipway attach`, or leave out --no-wait"));
        }
        if said.as_ref() != Some(&text) {
            say(&format!("waiting for {text}"));
            said = Some(text);
        }
        if worker.heed().is_err() {
            return Ok(Turn::Cancelled);
        }
        if let Some(later) = superseding(&store.records()?, worker.record.number) {
            return Ok(Turn::Superseded(later));
        }
        crossbeam_channel::after(OFTEN).recv().ok();
    }
}

/// A later deployment that waits as well.
fn superseding(records: &[Record], number: u64) -> Option<u64> {
    records.iter().rev().find(|record| record.number > number && is_open(record)).map(|record| record.number)
}

fn holder_path(worker: &Worker<'_>) -> std::path::PathBuf {
    worker.store.layout.home.join("lock.json")
}

fn write_holder(worker: &Worker<'_>) -> Result<(), Fault> {
    let holder = Holder {
        number: worker.record.number,
        by: worker.record.by.clone(),
        since: worker.store.doors.clock.now(),
        process: identity::own(),
    };
    let path = holder_path(worker);
    let bytes = serde_json::to_vec_pretty(&holder).map_err(|error| unwritable(&path, &error))?;
    worker.store.doors.files.write(&path, &bytes, 0o600).map_err(|error| unwritable(&path, &error))
}

fn read_holder(worker: &Worker<'_>) -> Option<Holder> {
    let path = holder_path(worker);
    if worker.store.doors.files.kind(&path) != FileKind::File {
        return None;
    }
    serde_json::from_slice(&worker.store.doors.files.read(&path).ok()?).ok()
}

fn told(holder: Option<&Holder>) -> String {
    let Some(holder) = holder else { return "another deployment".to_owned() };
    let by = if holder.by.is_empty() { String::new() } else { format!(" of {}", holder.by) };
    let since = holder.since.strftime("%H:%M:%S");
    let dead = if identity::is_alive(&holder.process) {
        ""
    } else {
        "; it is dead, and a command that it started still works"
    };
    format!("deployment #{}{by}, since {since} UTC{dead}", holder.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::record::Ended;
    use crate::server::store::tests::record;

    #[test]
    fn only_a_later_one_that_still_wants_to_takes_the_place() {
        let ended = record(3, Some(Ended::Succeeded), Some(3));
        assert_eq!(superseding(&[record(1, None, None), record(2, None, None), ended.clone()], 1), Some(2));
        assert_eq!(superseding(&[record(1, None, None), record(2, None, None), ended], 2), None);
    }
}
