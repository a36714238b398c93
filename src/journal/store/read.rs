//! Runs that are on disk.

use std::io;
use std::path::{Path, PathBuf};

use super::kept::FILE;
use super::{list_names, runs_of};
use crate::event::{EVENTS_VERSION, Event};
use crate::journal::record::{Entry, JOURNAL_VERSION, ProcessIdentity, Record};
use crate::os::Doors;

/// A run that is on disk.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// Its id.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its journal, as far as it can be read.
    pub records: Vec<Record>,
}

impl StoredRun {
    /// Who ran it.
    pub fn process(&self) -> Option<&ProcessIdentity> {
        self.records.iter().find_map(|record| match &record.entry {
            Entry::Run { process, .. } => Some(process),
            _ => None,
        })
    }

    /// What Shipway exited with; `None` while it runs, and where it died.
    pub fn exit_code(&self) -> Option<u8> {
        self.records.iter().rev().find_map(|record| match &record.entry {
            Entry::RunEnded { exit_code, .. } => Some(*exit_code),
            _ => None,
        })
    }

    /// Its events, as far as they can be read.
    pub fn events(&self, doors: &Doors) -> io::Result<Vec<Event>> {
        let version = |event: &Event| event.version;
        match doors.files.read(&self.folder.join(FILE)) {
            // A short run: they stand behind its records.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let bytes = doors.files.read(&self.folder.join("journal.jsonl"))?;
                let mut lines = bytes.split_inclusive(|&byte| byte == b'\n');
                let records = lines.by_ref().take(self.records.len()).map(<[u8]>::len).sum();
                read_lines(&bytes[records..], version, EVENTS_VERSION)
            }
            bytes => read_lines(&bytes?, version, EVENTS_VERSION),
        }
    }
}

/// All runs of a project, the newest last.
pub fn list(doors: &Doors, root: &Path) -> io::Result<Vec<StoredRun>> {
    list_names(doors, &runs_of(root))?.into_iter().map(|id| read(doors, root, id)).collect()
}

pub(super) fn read(doors: &Doors, root: &Path, id: String) -> io::Result<StoredRun> {
    let folder = runs_of(root).join(&id);
    let bytes = match doors.files.read(&folder.join("journal.jsonl")) {
        // It died before its first record.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        bytes => bytes?,
    };
    let records = read_lines(&bytes, |record: &Record| record.version, JOURNAL_VERSION)?;
    Ok(StoredRun { id, folder, records })
}

/// Lines of JSON up to the first that is torn: a crash may cut the last one.
fn read_lines<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
    version: impl Fn(&T) -> u32,
    known: u32,
) -> io::Result<Vec<T>> {
    let mut values = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice::<T>(line) {
            Ok(value) if version(&value) <= known => values.push(value),
            Ok(_) => {
                return Err(io::Error::other("it was written by a newer Shipway; update Shipway to read it"));
            }
            Err(_) => break,
        }
    }
    Ok(values)
}
