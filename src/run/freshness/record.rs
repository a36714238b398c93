//! What is kept of a step's last success, as bytes: pure.
//!
//! A short text for what is small and two tables of files, which are written as they lie in memory: ten thousand of them as JSON would take
//! longer to read than to look at. A record that is not whole, or of another version, is none: the step runs again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::table::{Table, TableFile, TableFolder, kind_byte};
use crate::model::Value;
use crate::os::walk::{Kind, Stamp};

/// How a record begins; its last byte is the version.
const BEGINNING: &[u8; 8] = b"shipway\x01";

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
        let mut bytes =
            Vec::with_capacity(parts.len() + 128 * (self.sources.len() + self.outputs.len()) + 64);
        bytes.extend_from_slice(BEGINNING);
        put_bytes(&mut bytes, &parts)?;
        put_table(&mut bytes, &self.sources)?;
        put_table(&mut bytes, &self.outputs)?;
        bytes.extend_from_slice(END);
        Some(bytes)
    }

    /// From bytes; `None` where they are no record of this version, or not all of it.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(BEGINNING)?.strip_suffix(END)?;
        let parts = serde_json::from_slice(take_bytes(&mut rest)?).ok()?;
        let sources = take_table(&mut rest)?;
        let outputs = take_table(&mut rest)?;
        rest.is_empty().then_some(Self { parts, sources, outputs })
    }
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
        put_bytes(bytes, &folder.path)?;
        bytes.extend_from_slice(&u32::try_from(folder.files.len()).ok()?.to_le_bytes());
        for file in &folder.files {
            put_bytes(bytes, folder.names.get(file.name))?;
            let stamp = &file.stamp;
            bytes.push(kind_byte(stamp.kind));
            bytes.extend_from_slice(&stamp.size.to_le_bytes());
            bytes.extend_from_slice(&stamp.modified.to_le_bytes());
            bytes.extend_from_slice(&stamp.changed.to_le_bytes());
            bytes.extend_from_slice(&stamp.inode.to_le_bytes());
            bytes.extend_from_slice(&file.digest?);
        }
    }
    Some(())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (piece, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*piece)
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_number(rest)?;
    let (piece, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(piece)
}

fn take_number(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(take(rest)?)).ok()
}

fn take_table(rest: &mut &[u8]) -> Option<Table> {
    let mut table = Table { taken: i64::from_le_bytes(take(rest)?), folders: Vec::new() };
    for _ in 0..take_number(rest)? {
        let path = take_bytes(rest)?.to_vec();
        let mut folder = TableFolder { path, ..TableFolder::default() };
        let number = take_number(rest)?;
        // A number that lies must not take all the memory there is.
        folder.files.reserve(number.min(rest.len() / 64));
        for _ in 0..number {
            let name = folder.names.add(take_bytes(rest)?);
            let kind = match take::<1>(rest)? {
                [b'f'] => Kind::File,
                [b'x'] => Kind::Program,
                [b'l'] => Kind::Link,
                _ => return None,
            };
            let stamp = Stamp {
                kind,
                size: u64::from_le_bytes(take(rest)?),
                modified: i64::from_le_bytes(take(rest)?),
                changed: i64::from_le_bytes(take(rest)?),
                inode: u64::from_le_bytes(take(rest)?),
            };
            folder.files.push(TableFile { name, stamp, digest: Some(take(rest)?) });
        }
        table.folders.push(Arc::new(folder));
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let stamp = Stamp { kind: Kind::Program, size: 7, modified: -1, changed: i64::MAX, inode: u64::MAX };
        let mut folder = TableFolder { path: b"a/\xff".to_vec(), ..TableFolder::default() };
        for name in [b"x", b"y"] {
            let name = folder.names.add(name);
            folder.files.push(TableFile { name, stamp, digest: Some([7; 32]) });
        }
        let mut parts = Parts { step: "task:x".into(), left: "l".into(), ..Parts::default() };
        parts.inputs.insert("vars.a".into(), "d".into());
        parts.exports = Some(BTreeMap::from([("v".to_owned(), serde_json::json!("1"))]));
        Record {
            parts,
            sources: Table { taken: 5, folders: vec![Arc::new(folder)] },
            outputs: Table { taken: 6, folders: Vec::new() },
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let record = record();
        assert_eq!(Record::of_bytes(&record.to_bytes().unwrap()), Some(record));
    }

    #[test]
    fn a_record_that_is_cut_off_or_of_another_version_is_none() {
        let bytes = record().to_bytes().unwrap();
        for length in 0..bytes.len() {
            assert_eq!(Record::of_bytes(&bytes[..length]), None, "{length}");
            // Also where the end was written before what comes before it.
            let torn = [&bytes[..length], END].concat();
            assert!(length == bytes.len() - END.len() || Record::of_bytes(&torn).is_none(), "{length}");
        }
        let mut newer = bytes.clone();
        newer[7] += 1;
        assert_eq!(Record::of_bytes(&newer), None);
    }
}
