//! What earlier runs left behind: removed when a new run starts.

use std::collections::HashMap;
use std::path::Path;

use super::read::{StoredRun, read};
use crate::event::Termination;
use crate::journal::record::Entry;
use crate::os::shim::{self, ShimReport};
use crate::os::{Doors, identity};

/// Runs that are kept; older ones are removed when a new one starts.
const KEPT_RUNS: usize = 200;

/// Removes what earlier runs left: runs beyond the kept ones, and raw files of runs that died where nothing is in doubt. A file that can't
/// be removed now is tried again at the next start.
pub(super) fn sweep(doors: &Doors, runs: &Path) {
    let Ok(names) = doors.files.list(runs) else { return };
    let surplus = names.len().saturating_sub(KEPT_RUNS);
    for (index, id) in names.into_iter().enumerate() {
        let folder = runs.join(&id);
        let has_raw = doors.files.kind(&folder.join("raw")) != crate::os::files::FileKind::Missing;
        if index >= surplus && !has_raw {
            continue;
        }
        let Ok(run) = read(doors, runs, id) else { continue };
        if run.exit_code().is_none() && run.process().is_some_and(identity::is_alive) {
            continue;
        }
        if has_raw && is_in_doubt(&run) && !is_known(doors, &folder.join("raw")) {
            continue;
        }
        if index < surplus {
            doors.files.remove_dir(&folder).ok();
        } else {
            doors.files.remove_dir(&folder.join("raw")).ok();
        }
    }
}

/// Whether the shims of a dead run say that everything they ran has ended well: then nothing is in doubt although the journal has no
/// result. Where they do not, plan and variable files are removed once nothing runs any more; the streams stay as witnesses.
fn is_known(doors: &Doors, raw: &Path) -> bool {
    let names = doors.files.list(raw).unwrap_or_default();
    let reports: Vec<Option<ShimReport>> = names
        .iter()
        .filter(|name| name.ends_with(".out"))
        .map(|name| shim::read_report(&raw.join(name).with_extension("status")))
        .collect();
    let is_alive = |report: &Option<ShimReport>| matches!(report, Some(ShimReport::Running { process }) if identity::is_alive(process));
    if reports.iter().any(is_alive) {
        return false;
    }
    let is_witness = |name: &&String| [".out", ".err", ".status"].iter().any(|ending| name.ends_with(ending));
    for name in names.iter().filter(|name| !is_witness(name)) {
        doors.files.remove(&raw.join(name)).ok();
    }
    let plan_or_success = |termination: &Termination| {
        // A plan with changes exits with 2 (`-detailed-exitcode`); what was open may have been one.
        matches!(termination, Termination::Exited { status: 0 | 2 })
    };
    reports.iter().all(
        |report| matches!(report, Some(ShimReport::Ended { termination }) if plan_or_success(termination)),
    )
}

/// Whether a step of the run changed something and its result is not recorded: then its raw stream is the only witness.
fn is_in_doubt(run: &StoredRun) -> bool {
    let mut open: HashMap<&str, bool> = HashMap::new();
    for record in &run.records {
        match &record.entry {
            Entry::Step { step, effect, .. } => {
                open.insert(step, *effect != crate::plan::Effect::Reads);
            }
            Entry::StepEnded { step, .. } => {
                open.remove(step.as_str());
            }
            _ => {}
        }
    }
    open.into_values().any(|changes| changes)
}
