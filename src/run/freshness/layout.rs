//! How files lie in a record, and in memory: one behind the other, as bytes. Pure.
//!
//! ```text
//! of a file    length of the name (2), the name, its kind (1), size (8), times of writing and of changing (8, 8), inode (8), digest (32)
//! ```
//!
//! Numbers have their lowest byte first. A digest of zeros stands for a file that is still to be read.

use super::table::Digest;
use crate::os::walk::{Kind, Stamp};

/// Where no digest is known.
const UNREAD: Digest = [0; 32];

/// A file without its name takes so many bytes.
pub(super) const FILE_SIZE: usize = 2 + 33 + UNREAD.len();

/// One file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TableFile<'a> {
    /// Its name.
    pub(super) name: &'a [u8],
    /// What the system said of it.
    pub(super) stamp: Stamp,
    /// Its content; `None` where it is still to be read.
    pub(super) digest: Option<&'a Digest>,
}

impl TableFile<'_> {
    /// Writes it behind others.
    pub(super) fn put(&self, bytes: &mut Vec<u8>) {
        // No system has longer names.
        let length = u16::try_from(self.name.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&self.name[..usize::from(length)]);
        bytes.push(kind_byte(self.stamp.kind));
        bytes.extend_from_slice(&self.stamp.size.to_le_bytes());
        bytes.extend_from_slice(&self.stamp.modified.to_le_bytes());
        bytes.extend_from_slice(&self.stamp.changed.to_le_bytes());
        bytes.extend_from_slice(&self.stamp.inode.to_le_bytes());
        bytes.extend_from_slice(self.digest.unwrap_or(&UNREAD));
    }
}

/// The files that lie in some bytes. What is no file ends them.
#[derive(Clone, Debug)]
pub(super) struct Files<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Files<'a> {
    type Item = TableFile<'a>;

    fn next(&mut self) -> Option<TableFile<'a>> {
        let rest = &mut self.0;
        let length = u16::from_le_bytes(*take(rest)?);
        let name = take_slice(rest, usize::from(length))?;
        let kind = match take::<1>(rest)? {
            b"f" => Kind::File,
            b"x" => Kind::Program,
            b"l" => Kind::Link,
            _ => return None,
        };
        let stamp = Stamp {
            kind,
            size: u64::from_le_bytes(*take(rest)?),
            modified: i64::from_le_bytes(*take(rest)?),
            changed: i64::from_le_bytes(*take(rest)?),
            inode: u64::from_le_bytes(*take(rest)?),
        };
        let digest = take(rest)?;
        Some(TableFile { name, stamp, digest: Some(digest).filter(|digest| **digest != UNREAD) })
    }
}

/// How a kind of file is written down.
pub(super) fn kind_byte(kind: Kind) -> u8 {
    match kind {
        Kind::File => b'f',
        Kind::Program => b'x',
        Kind::Link => b'l',
    }
}

/// The next bytes.
pub(super) fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (piece, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(piece)
}

/// The next bytes, so many of them.
pub(super) fn take_slice<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (piece, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(piece)
}
