//! What is kept of a step's last success, as bytes: pure.
//!
//! A short text for what is small and two tables of files, which are written as they lie in memory (`layout`): ten thousand of them as JSON
//! would take longer to read than to look at. A record that is not whole, or of another version, is none: the step runs again.
//!
//! What is handed on or believed has a checksum. Files have none: one of them that is not as it was written is not as it is on the disk either.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::layout::{take, take_slice};
use super::table::{Table, TableFolder};
use crate::model::Value;

/// How a record begins; its last byte is the version.
const BEGINNING: &[u8; 8] = b"shipway\x03";

/// How it ends: what was cut off before it is not taken for a record.
const END: &[u8; 8] = b"whole.\r\n";

/// A step's last success.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// The small parts.
    pub(super) parts: Parts,
    /// The files that went in.
    pub(super) sources: Table,
    /// The files that came out.
    pub(super) outputs: Table,
}

/// What is small in a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Parts {
    /// The step's name, for a person who looks.
    pub(super) step: String,
    /// What went in.
    pub(super) inputs: BTreeMap<String, String>,
    /// What it changed itself.
    pub(super) results: BTreeMap<String, String>,
    /// What steps that need it compare.
    pub(super) left: String,
    /// The values that it left; none is a secret.
    pub(super) exports: Option<BTreeMap<String, serde_json::Value>>,
}

impl Parts {
    /// The values that it left.
    pub(super) fn exported(&self) -> Option<super::Exports> {
        let exports = self.exports.as_ref()?;
        let value = |json: &serde_json::Value| Value { json: json.clone(), secret: false };
        Some(super::Exports(exports.iter().map(|(name, json)| (name.clone(), value(json))).collect()))
    }
}

impl Record {
    /// As bytes; `None` where it can't be written down.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        let parts = serde_json::to_vec(&self.parts).ok()?;
        let folders = self.sources.folders.iter().chain(&self.outputs.folders);
        let size: usize = folders.map(|folder| folder.path.len() + folder.bytes.len() + 12).sum();
        let mut bytes = Vec::with_capacity(parts.len() + size + 64);
        bytes.extend_from_slice(BEGINNING);
        put_bytes(&mut bytes, &parts)?;
        put_table(&mut bytes, &self.sources)?;
        put_table(&mut bytes, &self.outputs)?;
        bytes.extend_from_slice(checksum(&parts, [&self.sources, &self.outputs]).as_bytes());
        bytes.extend_from_slice(END);
        Some(bytes)
    }

    /// From bytes; `None` where they are no record of this version, or not all of it.
    pub(super) fn of_bytes(bytes: &Bytes) -> Option<Self> {
        let mut rest = bytes.strip_prefix(BEGINNING)?.strip_suffix(END)?;
        let parts = take_bytes(&mut rest)?;
        let sources = take_table(bytes, &mut rest)?;
        let outputs = take_table(bytes, &mut rest)?;
        let is_as_written = checksum(parts, [&sources, &outputs]).as_bytes() == rest;
        let parts = serde_json::from_slice(parts).ok().filter(|_| is_as_written)?;
        Some(Self { parts, sources, outputs })
    }
}

/// Of the parts, and of what decides whether files are read.
fn checksum(parts: &[u8], tables: [&Table; 2]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for table in tables {
        hasher.update(&table.taken.to_le_bytes());
    }
    hasher.update(parts).finalize()
}

fn put_bytes(bytes: &mut Vec<u8>, piece: &[u8]) -> Option<()> {
    bytes.extend_from_slice(&u32::try_from(piece.len()).ok()?.to_le_bytes());
    bytes.extend_from_slice(piece);
    Some(())
}

fn put_table(bytes: &mut Vec<u8>, table: &Table) -> Option<()> {
    bytes.extend_from_slice(&table.taken.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(table.folders.len()).ok()?.to_le_bytes());
    for folder in &table.folders {
        if !folder.is_read() {
            return None;
        }
        put_bytes(bytes, &folder.path)?;
        bytes.extend_from_slice(&folder.number.to_le_bytes());
        put_bytes(bytes, &folder.bytes)?;
    }
    Some(())
}

fn take_number(rest: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(*take(rest)?))
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    take_slice(rest, length)
}

/// The files stay where they are: a folder in which one is none has fewer than it says, and is not as it was.
fn take_table(bytes: &Bytes, rest: &mut &[u8]) -> Option<Table> {
    let mut table = Table { taken: i64::from_le_bytes(*take(rest)?), folders: Vec::new() };
    for _ in 0..take_number(rest)? {
        let path = bytes.slice_ref(take_bytes(rest)?);
        let number = take_number(rest)?;
        table.folders.push(TableFolder::recorded(path, number, bytes.slice_ref(take_bytes(rest)?)));
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::walk::{Kind, Stamp};
    use crate::run::freshness::layout::TableFile;

    fn record() -> Record {
        let stamp = Stamp { kind: Kind::Program, size: 7, modified: -1, changed: i64::MAX, inode: u64::MAX };
        let file = |name| TableFile { name, stamp, digest: Some(&[7; 32]) };
        let files = [&b"x"[..], b"y"].map(file);
        let folder = TableFolder::new(Bytes::from_static(b"a/\xff"), files.into_iter());
        let mut parts = Parts { step: "task:x".into(), left: "l".into(), ..Parts::default() };
        parts.inputs.insert("vars.a".into(), "d".into());
        parts.exports = Some(BTreeMap::from([("v".to_owned(), serde_json::json!("1"))]));
        Record {
            parts,
            sources: Table { taken: 5, folders: vec![folder] },
            outputs: Table { taken: 6, folders: Vec::new() },
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let record = record();
        let bytes = Bytes::from(record.to_bytes().unwrap());
        let again = Record::of_bytes(&bytes).unwrap();
        assert_eq!(again, record);
        let names: Vec<&[u8]> = again.sources.folders[0].files().map(|file| file.name).collect();
        assert_eq!(names, [b"x", b"y"]);
    }

    #[test]
    fn a_record_that_is_cut_off_or_of_another_version_is_none() {
        let bytes = record().to_bytes().unwrap();
        let of = |bytes: &[u8]| Record::of_bytes(&Bytes::copy_from_slice(bytes));
        for length in 0..bytes.len() {
            assert_eq!(of(&bytes[..length]), None, "{length}");
            // Also where the end was written before what comes before it.
            let torn = [&bytes[..length], END].concat();
            assert!(length == bytes.len() - END.len() || of(&torn).is_none(), "{length}");
        }
        let mut newer = bytes.clone();
        newer[7] += 1;
        assert_eq!(of(&newer), None);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            if let Some(other) = of(&other) {
                let record = record();
                assert_eq!((other.parts, other.sources.taken), (record.parts, record.sources.taken), "{at}");
            }
        }
    }
}
