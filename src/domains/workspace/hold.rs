//! Our own lock of each workspace: two runs on one machine meet before terraform is asked, and the one that waits is told for whom.
//!
//! It is held from the first look to the end of the workspace's apply, or of the run, and goes with Shipway alone: what outlives it, an apply under
//! its shim, is found by the journal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::os::identity;
use crate::os::lock::FileLock;
use crate::run::{StepContext, interrupted};
use crate::text::duration;

/// How often it is looked whether a lock is free.
const LOOK: Duration = Duration::from_millis(100);

/// Locks that are held; the value gives them back.
#[derive(Default)]
pub(super) struct Held(Mutex<BTreeMap<String, FileLock>>);

/// What is in a lock's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
    command: String,
    since: jiff::Timestamp,
}

impl Held {
    /// Takes the lock of `workspace`; waits at most `limit`, and says for whom.
    pub(super) fn take(
        &self,
        context: &StepContext<'_>,
        workspace: &str,
        limit: Duration,
    ) -> Result<(), Fault> {
        let path = path(context.root(), workspace);
        let unwritable = |error: std::io::Error| {
            Fault::new(FaultKind::World, format!("the lock {} could not be taken: {error}", path.display()))
        };
        if let Some(folder) = path.parent() {
            context.doors().files.create_private_dir(folder).map_err(unwritable)?;
        }
        let clock = &context.doors().clock;
        let until = clock.monotonic() + limit;
        let mut told = false;
        loop {
            if let Some(mut lock) = FileLock::try_take_alone(&path).map_err(unwritable)? {
                let holder = Holder {
                    pid: std::process::id(),
                    host: identity::host(),
                    command: context.command().to_owned(),
                    since: clock.now(),
                };
                let text = serde_json::to_vec(&holder).unwrap_or_default();
                lock.write_holder(&text).map_err(unwritable)?;
                self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(workspace.to_owned(), lock);
                return Ok(());
            }
            let holder = holder(context, &path);
            // Another goal of this very run has it.
            if holder
                .as_ref()
                .is_some_and(|holder| holder.pid == std::process::id() && holder.host == identity::host())
            {
                return Ok(());
            }
            let text = tell(workspace, holder.as_ref(), clock.now());
            if clock.monotonic() >= until {
                return Err(Fault::new(FaultKind::Locked, text)
                    .detail(format!(
                        "waited for {}, as `[terraform] lock_timeout` says",
                        duration::render(limit)
                    ))
                    .hint("nothing was changed; run this again when the other one has ended")
                    .hint("`shipway attach --run` follows it"));
            }
            if !std::mem::replace(&mut told, true) {
                let limit = duration::render(limit);
                context.log().notice(Level::Note, &format!("{text}; waiting for it, at most {limit}"));
            }
            if !context.wait(LOOK) {
                return Err(interrupted());
            }
        }
    }

    /// Gives the lock of `workspace` back.
    pub(super) fn release(&self, workspace: &str) {
        let lock = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(workspace);
        // A file that stays is one that nobody holds.
        lock.map(|lock| lock.release().ok());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let locks = std::mem::take(self.0.get_mut().unwrap_or_else(PoisonError::into_inner));
        locks.into_values().for_each(|lock| {
            lock.release().ok();
        });
    }
}

fn path(root: &Path, workspace: &str) -> PathBuf {
    root.join(".shipway/locks").join(format!("workspace-{workspace}.lock"))
}

/// Who holds it; nothing where the holder has not written itself down yet.
fn holder(context: &StepContext<'_>, path: &Path) -> Option<Holder> {
    serde_json::from_slice(&context.doors().files.read(path).ok()?).ok()
}

fn tell(workspace: &str, holder: Option<&Holder>, now: jiff::Timestamp) -> String {
    let Some(Holder { pid, host, command, since }) = holder else {
        return format!("another run works on `{workspace}`");
    };
    let age = Duration::try_from(now.duration_since(*since)).map(duration::render);
    let age = age.map(|age| format!(", for {age}")).unwrap_or_default();
    format!("`{command}` (process {pid} on {host}) works on `{workspace}`{age}")
}
