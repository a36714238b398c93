//! Where successes are recorded: `.shipway/cache/STEP/`, private to the user.
//!
//! ```text
//! DIGEST.record                the last success of the step with these arguments
//! DIGEST.open-PID-STARTED-N    a run of it that did not come to a good end, or still goes on; why, where that is known
//! ```
//!
//! A record is written beside and renamed, after a success. Before a step starts, a file says so; it is taken away after the record is there.
//! So a step that failed or was killed half way is never taken for done, also where an older record fits what is there again. Of two runs
//! that do the same at once each has a file of its own, which the other's success leaves alone: the one that ends last may fail.
//!
//! It is kept small: of one step the last so many sets of arguments, and steps that were not done for long are forgotten.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::record::Record;
use crate::journal::store::{FOLDER, file_name};
use crate::os::files::modified;
use crate::os::{Doors, identity};
use crate::plan::Reason;

/// So many sets of arguments of one step are remembered.
const KEPT_SETS: usize = 64;

/// A step that was not done for so long is forgotten.
const KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The folder in `.shipway`.
const CACHE: &str = "cache";

/// What is recorded of one step.
pub(super) struct StepStore<'a> {
    doors: &'a Doors,
    cache: PathBuf,
    folder: PathBuf,
    key: String,
}

/// A run of a step that is not over, in the store.
pub(super) struct OpenRun {
    path: PathBuf,
}

/// A run that did not come to a good end.
pub(super) struct BadEnd {
    name: String,
    /// Why, where that is known.
    pub(super) reason: Reason,
}

impl BadEnd {
    /// Whether it has no end yet: another process is at it.
    fn goes_on(&self) -> bool {
        let mut numbers = self.name.rsplit('-').skip(1);
        let started = numbers.next().and_then(|started| started.parse().ok());
        let pid = numbers.next().and_then(|pid| pid.parse().ok());
        pid.zip(started).is_some_and(|(pid, started): (u32, u64)| {
            pid != std::process::id() && started != 0 && identity::of(pid).started == started
        })
    }
}

impl<'a> StepStore<'a> {
    /// Of the step `name` in the project in `root`.
    pub(super) fn new(doors: &'a Doors, root: &Path, name: &str) -> Self {
        let cache = root.join(FOLDER).join(CACHE);
        let folder = cache.join(file_name(bare(name)));
        let key = blake3::hash(name.as_bytes()).to_hex()[..16].to_owned();
        Self { doors, cache, folder, key }
    }

    /// The last success. A record that can't be read counts as none.
    pub(super) fn read(&self) -> Option<Record> {
        Record::of_bytes(&self.doors.files.read(&self.record()).ok()?.into())
    }

    /// Runs that did not come to a good end, or are not over.
    pub(super) fn bad_ends(&self) -> Vec<BadEnd> {
        let names = self.doors.files.list(&self.folder).unwrap_or_default();
        let open = format!("{}.open-", self.key);
        let ours = names.into_iter().filter(|name| name.starts_with(&open));
        ours.map(|name| {
            let text = self.doors.files.read(&self.folder.join(&name)).ok();
            let reason = text.and_then(|text| serde_json::from_slice(&text).ok());
            BadEnd { name, reason: reason.unwrap_or(Reason::Unfinished) }
        })
        .collect()
    }

    /// Says that it is about to run.
    pub(super) fn open(&self) -> io::Result<OpenRun> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let own = identity::own();
        let name = format!("{}.open-{}-{}-{number}", self.key, own.pid, own.started);
        let run = OpenRun { path: self.folder.join(name) };
        self.doors.files.create_private_dir(&self.folder)?;
        self.leave(&run, &Reason::Unfinished)?;
        Ok(run)
    }

    /// Says why the run is not recorded.
    pub(super) fn leave(&self, run: &OpenRun, reason: &Reason) -> io::Result<()> {
        self.doors.files.write(&run.path, &serde_json::to_vec(reason)?, 0o600)
    }

    /// Takes back that it was about to run: it did nothing.
    pub(super) fn close(&self, run: &OpenRun) {
        self.doors.files.remove(&run.path).ok();
    }

    /// Records a success, which makes up for earlier bad ends.
    pub(super) fn finish(&self, record: &Record, run: &OpenRun, earlier: &[BadEnd]) -> io::Result<()> {
        self.write(record)?;
        for bad in earlier.iter().filter(|bad| !bad.goes_on()) {
            self.doors.files.remove(&self.folder.join(&bad.name)).ok();
        }
        self.doors.files.remove(&run.path)?;
        self.forget_surplus();
        Ok(())
    }

    /// Writes the record anew.
    pub(super) fn write(&self, record: &Record) -> io::Result<()> {
        let bytes = record.to_bytes().ok_or_else(|| io::Error::other("the record is too large"))?;
        self.doors.files.write(&self.record(), &bytes, 0o600)
    }

    fn record(&self) -> PathBuf {
        self.folder.join(format!("{}.record", self.key))
    }

    /// Removes records of the sets of arguments that were used longest ago.
    fn forget_surplus(&self) {
        let names = self.doors.files.list(&self.folder).unwrap_or_default();
        let mut records: Vec<PathBuf> = names
            .iter()
            .filter(|name| name.ends_with(".record"))
            .map(|name| self.folder.join(name))
            .collect();
        if records.len() > KEPT_SETS {
            records.sort_by_cached_key(|path| std::cmp::Reverse(modified(path)));
            for path in &records[KEPT_SETS..] {
                self.doors.files.remove(path).ok();
            }
        }
    }

    /// Forgets steps that were not done for long. Once in a run is enough.
    pub(super) fn sweep(&self) {
        let now = Duration::from_nanos(u64::try_from(self.doors.clock.now().as_nanosecond()).unwrap_or(0));
        for name in self.doors.files.list(&self.cache).unwrap_or_default() {
            let folder = self.cache.join(name);
            if modified(&folder).is_some_and(|time| now.saturating_sub(time) > KEPT_FOR) {
                self.doors.files.remove_dir(&folder).ok();
            }
        }
    }
}

/// A step's name without its arguments.
fn bare(name: &str) -> &str {
    name.split(' ').next().unwrap_or(name)
}

/// Forgets what is recorded of `steps`, with whatever arguments; of all where there are none. Gives of how many something was recorded;
/// where `only_looks`, nothing is removed.
pub fn forget(doors: &Doors, root: &Path, steps: &[String], only_looks: bool) -> io::Result<usize> {
    let cache = root.join(FOLDER).join(CACHE);
    let all = match doors.files.list(&cache) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let chosen: Vec<String> = steps.iter().map(|step| file_name(step)).collect();
    let mut number = 0;
    for name in all.into_iter().filter(|name| chosen.is_empty() || chosen.contains(name)) {
        number += 1;
        let path = cache.join(name);
        if only_looks {
            continue;
        }
        match doors.files.kind(&path) {
            crate::os::files::FileKind::Folder => doors.files.remove_dir(&path)?,
            _ => doors.files.remove(&path)?,
        }
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::freshness::record::Parts;
    use crate::run::freshness::table::Table;

    fn record(step: &str) -> Record {
        let parts = Parts { step: step.to_owned(), ..Parts::default() };
        Record { parts, sources: Table::default(), outputs: Table::default() }
    }

    #[test]
    fn the_end_of_one_run_does_not_hide_another_that_still_goes_on() {
        let (folder, doors) = (tempfile::tempdir().unwrap(), Doors::real());
        let store = StepStore::new(&doors, folder.path(), "task:x");
        let one = store.open().unwrap();
        let seen = store.bad_ends();
        assert_eq!(seen.len(), 1);
        let other = store.open().unwrap();
        store.finish(&record("task:x"), &one, &[]).unwrap();
        assert_eq!(store.bad_ends().len(), 1);
        assert_eq!(StepStore::new(&doors, folder.path(), "task:x a=b").bad_ends().len(), 0);
        store.finish(&record("task:x"), &other, &seen).unwrap();
        assert_eq!((store.bad_ends().len(), store.read()), (0, Some(record("task:x"))));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "another process is what is looked at")]
    fn the_run_of_another_process_is_left_alone_until_that_is_gone() {
        let (folder, doors) = (tempfile::tempdir().unwrap(), Doors::real());
        let store = StepStore::new(&doors, folder.path(), "task:x");
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let of_other = identity::of(other.id());
        let run = store.open().unwrap();
        let name = format!("{}.open-{}-{}-0", store.key, of_other.pid, of_other.started);
        doors.files.write(&store.folder.join(&name), b"", 0o600).unwrap();
        store.finish(&record("task:x"), &run, &store.bad_ends()).unwrap();
        assert_eq!(store.bad_ends().iter().map(|bad| &bad.name).collect::<Vec<_>>(), [&name]);
        other.kill().unwrap();
        other.wait().unwrap();
        let run = store.open().unwrap();
        store.finish(&record("task:x"), &run, &store.bad_ends()).unwrap();
        assert!(store.bad_ends().is_empty());
    }

    #[test]
    fn only_so_many_sets_of_arguments_are_kept() {
        let (folder, doors) = (tempfile::tempdir().unwrap(), Doors::real());
        let store = |number: usize| StepStore::new(&doors, folder.path(), &format!("task:x n={number}"));
        for number in 0..KEPT_SETS + 5 {
            let store = store(number);
            let run = store.open().unwrap();
            store.finish(&record("x"), &run, &[]).unwrap();
        }
        let kept = (0..KEPT_SETS + 5).filter(|number| store(*number).read().is_some()).count();
        assert_eq!(kept, KEPT_SETS);
        assert!(store(KEPT_SETS + 4).read().is_some());
    }

    #[test]
    fn what_was_not_done_for_long_is_forgotten() {
        let (folder, doors) = (tempfile::tempdir().unwrap(), Doors::real());
        let (old, new) = (
            StepStore::new(&doors, folder.path(), "task:old"),
            StepStore::new(&doors, folder.path(), "task:new"),
        );
        for store in [&old, &new] {
            let run = store.open().unwrap();
            store.finish(&record("x"), &run, &[]).unwrap();
        }
        let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        std::fs::File::open(&old.folder).unwrap().set_modified(long_ago).unwrap();
        new.sweep();
        assert_eq!((old.read(), new.read()), (None, Some(record("x"))));
    }

    #[test]
    fn one_step_or_all_are_forgotten() {
        let (folder, doors) = (tempfile::tempdir().unwrap(), Doors::real());
        assert_eq!(forget(&doors, folder.path(), &[], false).unwrap(), 0);
        let names = ["task:x", "task:x a=b", "task:x-y"];
        for name in names {
            let store = StepStore::new(&doors, folder.path(), name);
            let run = store.open().unwrap();
            store.finish(&record(name), &run, &[]).unwrap();
        }
        let kept = || names.map(|name| StepStore::new(&doors, folder.path(), name).read().is_some());
        assert_eq!(forget(&doors, folder.path(), &["task:x".to_owned()], true).unwrap(), 1);
        assert_eq!(kept(), [true, true, true]);
        assert_eq!(forget(&doors, folder.path(), &["task:x".to_owned()], false).unwrap(), 1);
        assert_eq!(kept(), [false, false, true]);
        assert_eq!(forget(&doors, folder.path(), &[], false).unwrap(), 1);
        assert_eq!(kept(), [false, false, false]);
    }
}
