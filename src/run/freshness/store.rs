//! Where successes are recorded: `.shipway/cache/STEP/`, private to the user.
//!
//! ```text
//! DIGEST.record                the last success of the step with these arguments
//! DIGEST.open-PID-STARTED-N    a run of it that did not come to a good end, or still goes on; why, and what it makes of what
//! ```
//!
//! A record is written beside and renamed, after a success. Before a step starts, a file says so; it is taken away after the record is there.
//! So a step that failed or was killed half way is never taken for done, also where an older record fits what is there again. Of two runs
//! that do the same at once each has a file of its own, which the other's success leaves alone: the one that ends last may fail.
//!
//! Two runs of one step that go on at once, of other arguments or with other variables, may make the same file: then what lies there belongs to
//! either, and neither is recorded. The first that ends finds the file of the other, and leaves its own for that one to find.
//!
//! It is kept small: of one step the last so many sets of arguments, but always all of a run, and steps that were not done for long are forgotten.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Made;
use super::record::Record;
use super::table::Table;
use crate::journal::store::{FOLDER, file_name};
use crate::os::files::modified;
use crate::os::{Doors, identity};
use crate::plan::Reason;
use crate::run::shared::lock;
use crate::text::patterns::Patterns;

/// So many sets of arguments of one step are remembered, or as many as one run has.
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

/// Runs of this process that go on, by their numbers.
static OURS: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

/// A run of a step that is not over, in the store.
pub(super) struct OpenRun {
    name: String,
    number: u64,
    work: Work,
}

impl Drop for OpenRun {
    fn drop(&mut self) {
        lock(&OURS).remove(&self.number);
    }
}

/// What a run makes of what.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Work {
    /// A digest of all that goes in.
    pub(super) inputs: String,
    /// What comes out.
    pub(super) outputs: Patterns,
}

/// What is written of a run that is not over, or came to no good end.
#[derive(Serialize, Deserialize)]
struct Mark {
    reason: Reason,
    work: Work,
}

/// A run that did not come to a good end.
pub(super) struct BadEnd {
    name: String,
    /// Why, where that is known.
    pub(super) reason: Reason,
}

/// What runs of a step left in the store.
#[derive(Default)]
pub(super) struct Ends {
    /// Those with these arguments.
    pub(super) bad: Vec<BadEnd>,
    /// The names of all, whatever arguments, that were over by then.
    over: HashSet<String>,
}

/// Whether the run of this name has no end yet.
fn goes_on(name: &str) -> bool {
    let mut numbers = name.rsplit('-').map(|number| number.parse::<u64>().ok());
    let mut next = || numbers.next().flatten();
    let (Some(number), Some(started), Some(pid)) = (next(), next(), next()) else { return false };
    match u32::try_from(pid) {
        Ok(pid) if pid == std::process::id() => lock(&OURS).contains(&number),
        Ok(pid) => started != 0 && identity::of(pid).started == started,
        Err(_) => false,
    }
}

impl<'a> StepStore<'a> {
    /// Of the step `name` in the project in `root`.
    pub(super) fn new(doors: &'a Doors, root: &Path, name: &str) -> Self {
        let cache = root.join(FOLDER).join(CACHE);
        let folder = cache.join(file_name(bare(name)));
        Self { doors, cache, folder, key: key(name) }
    }

    /// The last success. A record that can't be read counts as none.
    pub(super) fn read(&self) -> Option<Record> {
        Record::of_bytes(&self.doors.files.read(&self.record()).ok()?.into())
    }

    /// Runs that did not come to a good end, or are not over.
    pub(super) fn ends(&self) -> Ends {
        let names = self.marks();
        let bad = names.iter().filter(|name| self.is_own(name)).map(|name| {
            let reason = self.mark(name).map_or(Reason::Unfinished, |mark| mark.reason);
            BadEnd { name: name.clone(), reason }
        });
        Ends { bad: bad.collect(), over: names.iter().filter(|name| !goes_on(name)).cloned().collect() }
    }

    /// The names of runs that did not come to a good end or are not over, whatever arguments.
    pub(super) fn marks(&self) -> Vec<String> {
        let mut names = self.doors.files.list(&self.folder).unwrap_or_default();
        names.retain(|name| name.contains(".open-"));
        names
    }

    fn is_own(&self, mark: &str) -> bool {
        mark.strip_prefix(self.key.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }

    fn mark(&self, name: &str) -> Option<Mark> {
        serde_json::from_slice(&self.doors.files.read(&self.folder.join(name)).ok()?).ok()
    }

    /// What tells one record from the next.
    pub(super) fn stamp(&self) -> Option<Duration> {
        modified(&self.record())
    }

    /// Whether another run, of which one of `marks` may be, may have done the same anew.
    pub(super) fn is_made_anew(&self, made: &Made, marks: &[String]) -> bool {
        let since = marks.iter().filter(|name| !made.ends.over.contains(*name));
        let mut others = since.filter(|name| match self.is_own(name) {
            true => true,
            false => self.mark(name).is_some_and(|mark| made.outputs.has(&mark.work.outputs)),
        });
        others.next().is_some() || self.stamp() != made.stamp
    }

    /// One of `outputs` that another run may have made since `ends` were looked at, of something else or not to its end.
    pub(super) fn made_by_another(&self, run: &OpenRun, outputs: &Table, ends: &Ends) -> Option<String> {
        if outputs.len() == 0 {
            return None;
        }
        let since = self.marks().into_iter().filter(|name| *name != run.name && !ends.over.contains(name));
        since
            .filter_map(|name| Some((self.mark(&name)?.work, name)))
            // The same of the same, which is not over: should it fail, it says so itself.
            .filter(|(work, name)| !(self.is_own(name) && work.inputs == run.work.inputs && goes_on(name)))
            .find_map(|(work, _)| outputs.first_of(&work.outputs))
    }

    /// Says that it is about to run.
    pub(super) fn open(&self, work: Work) -> io::Result<OpenRun> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let own = identity::own();
        let name = format!("{}.open-{}-{}-{number}", self.key, own.pid, own.started);
        lock(&OURS).insert(number);
        let run = OpenRun { name, number, work };
        self.doors.files.create_private_dir(&self.folder)?;
        self.leave(&run, &Reason::Unfinished)?;
        Ok(run)
    }

    /// Says why the run is not recorded.
    pub(super) fn leave(&self, run: &OpenRun, reason: &Reason) -> io::Result<()> {
        let mark = Mark { reason: reason.clone(), work: run.work.clone() };
        self.doors.files.write(&self.folder.join(&run.name), &serde_json::to_vec(&mark)?, 0o600)
    }

    /// Takes back that it was about to run: it did nothing.
    pub(super) fn close(&self, run: &OpenRun) {
        self.doors.files.remove(&self.folder.join(&run.name)).ok();
    }

    /// Records a success, which makes up for earlier bad ends.
    pub(super) fn finish(&self, record: &Record, run: &OpenRun, earlier: &[BadEnd]) -> io::Result<()> {
        self.write(record)?;
        for bad in earlier.iter().filter(|bad| !goes_on(&bad.name)) {
            self.doors.files.remove(&self.folder.join(&bad.name)).ok();
        }
        self.doors.files.remove(&self.folder.join(&run.name))
    }

    /// Writes the record anew.
    pub(super) fn write(&self, record: &Record) -> io::Result<()> {
        let bytes = record.to_bytes().ok_or_else(|| io::Error::other("the record is too large"))?;
        self.doors.files.write(&self.record(), &bytes, 0o600)
    }

    fn record(&self) -> PathBuf {
        self.folder.join(record_name(&self.key))
    }

    /// Removes records of the sets of arguments that were used longest ago; of none that `steps` have, those of this run. Once in a run is
    /// enough.
    pub(super) fn forget_surplus<'n>(&self, steps: impl IntoIterator<Item = &'n str>) {
        let mut records = self.doors.files.list(&self.folder).unwrap_or_default();
        records.retain(|name| name.ends_with(".record"));
        if records.len() <= KEPT_SETS {
            return;
        }
        let folder = self.folder.file_name();
        let own = steps.into_iter().filter(|step| Some(file_name(bare(step)).as_ref()) == folder);
        let own: HashSet<String> = own.map(|step| record_name(&key(step))).collect();
        let room = KEPT_SETS.saturating_sub(own.len());
        let mut others: Vec<PathBuf> =
            records.iter().filter(|name| !own.contains(*name)).map(|name| self.folder.join(name)).collect();
        others.sort_by_cached_key(|path| std::cmp::Reverse(modified(path)));
        for path in others.iter().skip(room) {
            self.doors.files.remove(path).ok();
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

/// What stands for a step's name with its arguments.
fn key(name: &str) -> String {
    blake3::hash(name.as_bytes()).to_hex()[..16].to_owned()
}

fn record_name(key: &str) -> String {
    format!("{key}.record")
}

/// A step's name without its arguments.
pub(super) fn bare(name: &str) -> &str {
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
        let one = store.open(Work::default()).unwrap();
        let seen = store.ends().bad;
        assert_eq!(seen.len(), 1);
        let other = store.open(Work::default()).unwrap();
        store.finish(&record("task:x"), &one, &[]).unwrap();
        assert_eq!(store.ends().bad.len(), 1);
        assert_eq!(StepStore::new(&doors, folder.path(), "task:x a=b").ends().bad.len(), 0);
        store.finish(&record("task:x"), &other, &seen).unwrap();
        assert_eq!((store.ends().bad.len(), store.read()), (0, Some(record("task:x"))));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "another process is what is looked at")]
    fn the_run_of_another_process_is_left_alone_until_that_is_gone() {
        let (folder, doors) = (tempfile::tempdir().unwrap(), Doors::real());
        let store = StepStore::new(&doors, folder.path(), "task:x");
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let of_other = identity::of(other.id());
        let run = store.open(Work::default()).unwrap();
        let name = format!("{}.open-{}-{}-0", store.key, of_other.pid, of_other.started);
        doors.files.write(&store.folder.join(&name), b"", 0o600).unwrap();
        store.finish(&record("task:x"), &run, &store.ends().bad).unwrap();
        assert_eq!(store.ends().bad.iter().map(|bad| &bad.name).collect::<Vec<_>>(), [&name]);
        other.kill().unwrap();
        other.wait().unwrap();
        let run = store.open(Work::default()).unwrap();
        store.finish(&record("task:x"), &run, &store.ends().bad).unwrap();
        assert!(store.ends().bad.is_empty());
    }

    #[test]
    fn only_so_many_sets_of_arguments_are_kept() {
        let (folder, doors) = (tempfile::tempdir().unwrap(), Doors::real());
        let store = |number: usize| StepStore::new(&doors, folder.path(), &format!("task:x n={number}"));
        for number in 0..KEPT_SETS + 5 {
            let store = store(number);
            let run = store.open(Work::default()).unwrap();
            store.finish(&record("x"), &run, &[]).unwrap();
        }
        let names = |from: usize| -> Vec<String> {
            (from..KEPT_SETS + 5).map(|number| format!("task:x n={number}")).collect()
        };
        let kept = || (0..KEPT_SETS + 5).filter(|number| store(*number).read().is_some()).count();
        store(0).forget_surplus(names(0).iter().map(String::as_str));
        assert_eq!(kept(), KEPT_SETS + 5);
        store(0).forget_surplus(names(KEPT_SETS + 4).iter().map(String::as_str));
        assert_eq!(kept(), KEPT_SETS);
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
            let run = store.open(Work::default()).unwrap();
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
            let run = store.open(Work::default()).unwrap();
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
