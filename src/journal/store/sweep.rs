//! What earlier runs left behind: removed when a new run starts.

use std::path::Path;

use super::read::read;
use super::unfinished::{Fate, open_commands};
use super::{raw_of, runs_of, with_raw};
use crate::os::{Doors, identity};

/// Runs that are kept, as the README says; older ones are removed when a new one starts.
const KEPT_RUNS: usize = 200;

/// So many more may be there before they are removed, since not every start should have to look.
const AT_ONCE: usize = 20;

/// Removes what earlier runs left: runs beyond the kept ones, and raw files of runs that died, but for the streams of what is not settled:
/// they are the only witnesses. A file that can't be removed now is tried again at a later start.
pub(super) fn sweep(doors: &Doors, root: &Path) {
    let surplus = surplus(doors, &runs_of(root));
    let mut ids = [surplus.clone(), with_raw(doors, root).unwrap_or_default()].concat();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let Ok(run) = read(doors, root, id) else { continue };
        if run.exit_code().is_none() && run.process().is_some_and(identity::is_alive) {
            continue;
        }
        let open = open_commands(doors, root, &run);
        if open.iter().any(|leftover| matches!(leftover.fate, Fate::Running(_))) {
            continue;
        }
        let kept: Vec<&str> =
            open.iter().filter_map(|leftover| leftover.files.file_name()?.to_str()).collect();
        remove_raw(doors, &raw_of(root, &run.id), &kept);
        if kept.is_empty() && surplus.contains(&run.id) {
            doors.files.remove_dir(&run.folder).ok();
        }
    }
}

/// The runs that may go.
fn surplus(doors: &Doors, runs: &Path) -> Vec<String> {
    if doors.files.count_folders(runs).is_some_and(|count| count < KEPT_RUNS + AT_ONCE) {
        return Vec::new();
    }
    let mut names = doors.files.list(runs).unwrap_or_default();
    names.truncate(names.len().saturating_sub(KEPT_RUNS));
    names
}

/// Removes raw files, all but those of the streams `kept`.
pub(super) fn remove_raw(doors: &Doors, raw: &Path, kept: &[&str]) {
    if kept.is_empty() {
        doors.files.remove_dir(raw).ok();
        return;
    }
    let stems: Vec<&Path> = kept.iter().map(Path::new).collect();
    for name in doors.files.list(raw).unwrap_or_default() {
        let path = raw.join(&name);
        let is_kept = stems.iter().any(|stem| {
            ["out", "err", "status"].iter().any(|ending| stem.with_extension(ending) == Path::new(&name))
        });
        if !is_kept {
            doors.files.remove(&path).ok();
        }
    }
}
