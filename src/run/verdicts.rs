//! What was recorded of a step's last success: `.shipway/cache/STEP.json`.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::journal::store::{FOLDER, file_name};
use crate::os::Doors;
use crate::plan::verdict::{self, Fingerprint, Verdict};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Recorded {
    version: u32,
    fingerprint: Fingerprint,
}

/// Whether the step's work is as it was left. A record that can't be read counts as none.
pub(super) fn compare(doors: &Doors, root: &Path, step: &str, now: &Fingerprint) -> Verdict {
    let recorded = doors.files.read(&path(root, step)).ok();
    let recorded: Option<Recorded> = recorded.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    verdict::compare(recorded.filter(|it| it.version == VERSION).map(|it| it.fingerprint).as_ref(), now)
}

/// Records a success.
pub(super) fn remember(doors: &Doors, root: &Path, step: &str, now: &Fingerprint) -> io::Result<()> {
    let path = path(root, step);
    if let Some(folder) = path.parent() {
        doors.files.create_private_dir(folder)?;
    }
    let recorded = Recorded { version: VERSION, fingerprint: now.clone() };
    doors.files.write(&path, &serde_json::to_vec(&recorded)?, 0o600)
}

fn path(root: &Path, step: &str) -> PathBuf {
    root.join(FOLDER).join("cache").join(format!("{}.json", file_name(step)))
}
