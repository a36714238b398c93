//! What was sent where: for each secret and place a keyed digest of the value, never the value.
//!
//! A remote place never gives a secret back, so whether it still holds what we have can only be told from what we sent. The digest is keyed
//! with a random key of the user, outside the project: nobody who reads `.shipway/` can try passwords against it. Another user, another
//! machine or a CI job has another key, and so knows nothing of what was sent from here: there everything is `unknown`, which is the truth.
//!
//! Entries are written one after another, each right after the place took its value, so a push that is killed half-way has sent what it
//! says. Who writes holds the lock beside the file.

mod key;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::os::Doors;
use crate::os::files::FileKind;
use crate::os::lock::FileLock;

pub use key::DigestKey;

/// The version of the file that is written.
const VERSION: u32 = 1;

/// The folder of Shipway's records, and the file in it.
const FOLDER: &str = ".shipway";
const FILE: &str = "secrets.json";

/// Others write for so long at most, but for a push, which may wait for a forge.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often one looks whether they are done.
const OFTEN: Duration = Duration::from_millis(20);

/// What keeps the ledger from being read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The system said no.
    #[error("{} can't be read or written: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is no ledger.
    #[error("{} can't be understood: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A later Shipway wrote it.
    #[error("{} was written by a newer Shipway", .0.display())]
    Newer(PathBuf),
    /// Another process writes it.
    #[error("another Shipway sends secrets of this project")]
    Locked,
    /// There is nowhere to keep the user's key.
    #[error(
        "there is no home folder to keep the key of the digests in: neither $XDG_STATE_HOME nor $HOME is set"
    )]
    NoHome,
}

/// What was sent where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    version: u32,
    /// By place and secret.
    entries: BTreeMap<String, Sent>,
}

/// What was sent to one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The keyed digest of the value.
    pub digest: Digest,
    /// When.
    pub at: jiff::Timestamp,
    /// What the place said of its time right after, in the place's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_updated_at: Option<String>,
}

/// A keyed digest: a short name of the key, and the digest itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Whether both are of one key; of different ones nothing can be told.
    pub fn is_comparable(&self, other: &Self) -> bool {
        let key = |digest: &Self| digest.0.split(':').next().map(str::to_owned);
        key(self) == key(other)
    }

    /// As it is written down.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ledger {
    /// Reads the ledger of the project at `root`; empty where nothing was sent yet.
    pub fn read(doors: &Doors, root: &Path) -> Result<Self, LedgerError> {
        let path = root.join(FOLDER).join(FILE);
        if doors.files.kind(&path) == FileKind::Missing {
            return Ok(Self::default());
        }
        let bytes = doors.files.read(&path).map_err(|error| LedgerError::Io { path: path.clone(), error })?;
        let ledger: Self = serde_json::from_slice(&bytes)
            .map_err(|error| LedgerError::Malformed { path: path.clone(), reason: error.to_string() })?;
        if ledger.version > VERSION { Err(LedgerError::Newer(path)) } else { Ok(ledger) }
    }

    /// What was sent of `secret` to `place`.
    pub fn sent(&self, place: &str, secret: &str) -> Option<&Sent> {
        self.entries.get(&entry_key(place, secret))
    }
}

/// The right to write the ledger of a project.
pub struct LedgerWriter<'a> {
    doors: &'a Doors,
    path: PathBuf,
    ledger: Ledger,
    lock: FileLock,
}

impl std::fmt::Debug for LedgerWriter<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LedgerWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<'a> LedgerWriter<'a> {
    /// Takes the lock and reads what is there.
    pub fn open(doors: &'a Doors, root: &Path) -> Result<Self, LedgerError> {
        let folder = root.join(FOLDER);
        let path = folder.join(FILE);
        let io = |error| LedgerError::Io { path: path.clone(), error };
        doors.files.create_private_dir(&folder).map_err(io)?;
        let lock =
            FileLock::try_take(&folder.join("secrets.lock")).map_err(io)?.ok_or(LedgerError::Locked)?;
        let mut ledger = Ledger::read(doors, root)?;
        ledger.version = VERSION;
        Ok(Self { doors, path, ledger, lock })
    }

    /// The same, with some patience for others who write for a moment.
    pub fn open_soon(doors: &'a Doors, root: &Path) -> Result<Self, LedgerError> {
        let until = doors.clock.monotonic() + PATIENCE;
        loop {
            match Self::open(doors, root) {
                Err(LedgerError::Locked) if doors.clock.monotonic() < until => {
                    crossbeam_channel::after(OFTEN).recv().ok();
                }
                other => return other,
            }
        }
    }

    /// Notes that `place` took all these secrets.
    pub fn note_all(
        &mut self,
        place: &str,
        sent: impl IntoIterator<Item = (String, Sent)>,
    ) -> Result<(), LedgerError> {
        let sent = sent.into_iter().map(|(secret, sent)| (entry_key(place, &secret), sent));
        self.ledger.entries.extend(sent);
        self.write()
    }

    /// Notes that `place` has nothing any more.
    pub fn forget_place(&mut self, place: &str) -> Result<(), LedgerError> {
        let before = self.ledger.entries.len();
        self.ledger
            .entries
            .retain(|key, _| key.strip_prefix(place).is_none_or(|rest| !rest.starts_with(' ')));
        if self.ledger.entries.len() == before { Ok(()) } else { self.write() }
    }

    /// Notes that `place` took `secret`; it is on the disk when this returns.
    pub fn note(&mut self, place: &str, secret: &str, sent: Sent) -> Result<(), LedgerError> {
        self.ledger.entries.insert(entry_key(place, secret), sent);
        self.write()
    }

    fn write(&self) -> Result<(), LedgerError> {
        let io = |error| LedgerError::Io { path: self.path.clone(), error };
        let bytes = serde_json::to_vec_pretty(&self.ledger).map_err(|error| io(error.into()))?;
        self.doors.files.write_durable(&self.path, &bytes, 0o600).map_err(io)
    }

    /// Gives the right back.
    pub fn close(self) -> Result<(), LedgerError> {
        let path = self.path;
        self.lock.release().map_err(|error| LedgerError::Io { path, error })
    }
}

/// As the ledger calls a secret of an environment, or of the repository.
pub fn secret_key(environment: Option<&str>, name: &str) -> String {
    match environment {
        Some(environment) => format!("{environment}/{name}"),
        None => name.to_owned(),
    }
}

/// Neither has a blank.
fn entry_key(place: &str, secret: &str) -> String {
    format!("{place} {secret}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(key: &DigestKey, value: &[u8]) -> Sent {
        Sent { digest: key.digest("X", value), at: jiff::Timestamp::UNIX_EPOCH, remote_updated_at: None }
    }

    #[test]
    fn what_was_noted_is_read_again_and_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let doors = Doors::real();
        assert_eq!(Ledger::read(&doors, folder.path()).unwrap(), Ledger::default());
        let key = DigestKey::of([7; 32]);
        let mut writer = LedgerWriter::open(&doors, folder.path()).unwrap();
        assert!(matches!(LedgerWriter::open(&doors, folder.path()), Err(LedgerError::Locked)));
        writer.note("github:o/r", "X", sent(&key, b"hunter2")).unwrap();
        writer.note("github:o/r@stage", "X", sent(&key, b"other")).unwrap();
        writer.forget_place("github:o/r@stage").unwrap();
        writer.forget_place("github:o").unwrap();
        writer.close().unwrap();
        let ledger = Ledger::read(&doors, folder.path()).unwrap();
        assert_eq!(
            ledger.sent("github:o/r", "X").map(|sent| &sent.digest),
            Some(&key.digest("X", b"hunter2"))
        );
        assert_eq!(ledger.sent("github:o/r@stage", "X"), None);
        let path = folder.path().join(".shipway/secrets.json");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let bytes = doors.files.read(&path).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("hunter2"));
    }

    #[test]
    fn what_a_newer_shipway_wrote_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let doors = Doors::real();
        doors.files.create_private_dir(&folder.path().join(".shipway")).unwrap();
        let newer = br#"{"version": 99, "entries": {}}"#;
        doors.files.write(&folder.path().join(".shipway/secrets.json"), newer, 0o600).unwrap();
        assert!(matches!(Ledger::read(&doors, folder.path()), Err(LedgerError::Newer(_))));
        assert!(matches!(LedgerWriter::open(&doors, folder.path()), Err(LedgerError::Newer(_))));
    }
}
