//! What earlier runs left behind: removed when a new run starts.

use std::path::Path;

use super::read::read;
use super::unfinished::{Fate, open_commands};
use crate::os::files::FileKind;
use crate::os::{Doors, identity};

/// Runs that are kept; older ones are removed when a new one starts.
const KEPT_RUNS: usize = 200;

/// Removes what earlier runs left: runs beyond the kept ones, and raw files of runs that died, but for the streams of what is not settled:
/// they are the only witnesses. A file that can't be removed now is tried again at the next start.
pub(super) fn sweep(doors: &Doors, runs: &Path) {
    let Ok(names) = doors.files.list(runs) else { return };
    let surplus = names.len().saturating_sub(KEPT_RUNS);
    for (index, id) in names.into_iter().enumerate() {
        let folder = runs.join(&id);
        let has_raw = doors.files.kind(&folder.join("raw")) != FileKind::Missing;
        if index >= surplus && !has_raw {
            continue;
        }
        let Ok(run) = read(doors, runs, id) else { continue };
        if run.exit_code().is_none() && run.process().is_some_and(identity::is_alive) {
            continue;
        }
        let open = open_commands(doors, &run);
        if open.is_empty() && index < surplus {
            doors.files.remove_dir(&folder).ok();
        } else if has_raw && !open.iter().any(|leftover| matches!(leftover.fate, Fate::Running(_))) {
            let kept: Vec<&str> =
                open.iter().filter_map(|leftover| leftover.files.file_name()?.to_str()).collect();
            remove_raw(doors, &folder.join("raw"), &kept);
        }
    }
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
