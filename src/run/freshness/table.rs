//! Files as they were when their digests were taken: pure.
//!
//! A digest is taken over from the record while the system says of the file what it said then. That is not enough where the file had just
//! been changed: a second change in the same tick of the system's clock would leave no trace (git calls such an entry racy). So a file that
//! had changed shortly before it was looked at is read again, until it has been looked at later.

use std::cmp::Ordering;

use bytes::Bytes;

use super::layout::{FILE_SIZE, Files, TableFile, kind_byte};
use crate::os::walk::{Folder, Kind, Stamp};
use crate::plan::FileChange;
use crate::text::patterns::{Patterns, Place};

/// The system's clock for files may be behind by so much: a tick is 10 ms at most, and a little more does no harm.
const TICK: i64 = 50_000_000;

/// Some disks know only every second second; times on them are whole seconds.
const COARSE_TICK: i64 = 2_000_000_000;

const SECOND: i64 = 1_000_000_000;

/// A digest of a file's content.
pub(super) type Digest = [u8; 32];

/// Files with their digests, by folder and name in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// When it was begun to look at them, in nanoseconds since the epoch.
    pub(super) taken: i64,
    /// The folders.
    pub(super) folders: Vec<TableFolder>,
}

/// The files of one folder, by name. Nearly all folders are as they were: their files stay the bytes of the record, and nobody takes them apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TableFolder {
    /// From the root; empty for the root.
    pub(super) path: Bytes,
    /// The files, as in `layout`.
    pub(super) bytes: Bytes,
    /// How many there are.
    pub(super) number: u32,
    /// How many of them are still to be read.
    unread: u32,
}

/// What was found in a folder, with the digests of `recorded` where they still hold. The others are still to be read.
pub(super) fn carry_over(recorded: Option<&Table>, found: Folder) -> TableFolder {
    let since = recorded.map_or(i64::MIN, |table| table.taken);
    let old = recorded.and_then(|table| table.folder(&found.path));
    let files = found.files.iter().map(|(name, stamp)| (found.names.get(*name), stamp));
    if let Some(old) = old
        && usize::try_from(old.number) == Ok(files.len())
        && old.files().zip(files.clone()).filter(|(old, now)| holds(old, *now, since)).count() == files.len()
    {
        return old.clone();
    }
    let mut old = Files(old.map(|old| &*old.bytes).unwrap_or_default()).peekable();
    let files = files.map(|(name, stamp)| {
        while old.next_if(|old| old.name < name).is_some() {}
        let digest = old.peek().filter(|old| holds(old, (name, stamp), since)).and_then(|old| old.digest);
        TableFile { name, stamp: *stamp, digest }
    });
    TableFolder::new(Bytes::copy_from_slice(&found.path), files)
}

/// Whether a file that was looked at `since` is sure to be the same.
fn holds(old: &TableFile<'_>, (name, stamp): (&[u8], &Stamp), since: i64) -> bool {
    let is_old = |time: i64| {
        let tick = if time % SECOND == 0 { COARSE_TICK } else { TICK };
        time < since.saturating_sub(tick)
    };
    // What a link leads to may change without the link.
    old.stamp == *stamp
        && old.name == name
        && stamp.kind != Kind::Link
        && is_old(stamp.modified)
        && is_old(stamp.changed)
}

impl TableFolder {
    /// Of files in the order of their names.
    pub(super) fn new<'a>(path: Bytes, files: impl Iterator<Item = TableFile<'a>>) -> Self {
        let (mut number, mut unread) = (0, 0);
        let mut bytes = Vec::with_capacity(files.size_hint().0 * (FILE_SIZE + 16));
        for file in files {
            file.put(&mut bytes);
            number += 1;
            unread += u32::from(file.digest.is_none());
        }
        Self { path, bytes: bytes.into(), number, unread }
    }

    /// Of a record, whose files have all been read.
    pub(super) fn recorded(path: Bytes, number: u32, bytes: Bytes) -> Self {
        Self { path, bytes, number, unread: 0 }
    }

    /// Its files.
    pub(super) fn files(&self) -> Files<'_> {
        Files(&self.bytes)
    }

    /// Whether all were read.
    pub(super) fn is_read(&self) -> bool {
        self.unread == 0
    }

    fn place(&self, patterns: &Patterns) -> Place {
        let names = self.path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
        names.fold(patterns.start(), |place, name| patterns.enter(&place, name))
    }

    fn path_of(&self, file: &TableFile<'_>) -> Vec<u8> {
        joined(&self.path, file.name)
    }
}

impl Table {
    /// Of `folders` in any order.
    pub(super) fn new(taken: i64, mut folders: Vec<TableFolder>) -> Self {
        folders.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        Self { taken, folders }
    }

    fn folder(&self, path: &[u8]) -> Option<&TableFolder> {
        let at = self.folders.binary_search_by(|folder| (*folder.path).cmp(path)).ok()?;
        self.folders.get(at)
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.folders.iter().map(|folder| folder.number as usize).sum()
    }

    /// Whether one of them is meant.
    pub(super) fn has(&self, patterns: &Patterns) -> bool {
        self.first_of(patterns).is_some()
    }

    /// The path of one of them that is meant.
    pub(super) fn first_of(&self, patterns: &Patterns) -> Option<String> {
        self.folders.iter().find_map(|folder| {
            let place = folder.place(patterns);
            let file = folder.files().find(|file| patterns.means(&place, file.name))?;
            Some(String::from_utf8_lossy(&folder.path_of(&file)).into_owned())
        })
    }

    /// Takes it in as it lies here, stamps and all: for as long as it is certainly the same.
    pub(super) fn stamp(&self, hasher: &mut blake3::Hasher) {
        for folder in &self.folders {
            hasher.update(&folder.path).update(b"\0").update(&folder.bytes);
        }
    }

    /// Those that are not meant.
    pub(super) fn without(&self, patterns: &Patterns) -> Self {
        let of = |folder: &TableFolder| {
            let place = folder.place(patterns);
            let files = folder.files().filter(|file| !patterns.means(&place, file.name));
            TableFolder::new(folder.path.clone(), files)
        };
        let folders = self.folders.iter().map(of).filter(|folder| folder.number > 0).collect();
        Self { taken: self.taken, folders }
    }

    /// The paths and kinds of files that are still to be read.
    pub(super) fn unread(&self) -> Vec<(Vec<u8>, Kind)> {
        let folders = self.folders.iter().filter(|folder| !folder.is_read());
        let all = folders.flat_map(|folder| folder.files().map(move |file| (folder, file)));
        all.filter(|(_, file)| file.digest.is_none())
            .map(|(folder, file)| (folder.path_of(&file), file.stamp.kind))
            .collect()
    }

    /// Takes in what was read, in the order of `unread`. What could not be read, for it is gone, is left out.
    pub(super) fn fill(&mut self, digests: &[Option<Digest>]) {
        let mut digests = digests.iter();
        for folder in self.folders.iter_mut().filter(|folder| !folder.is_read()) {
            let files = folder.files().filter_map(|file| {
                let digest = file.digest.or_else(|| digests.next()?.as_ref())?;
                Some(TableFile { digest: Some(digest), ..file })
            });
            *folder = TableFolder::new(folder.path.clone(), files);
        }
        self.folders.retain(|folder| folder.number > 0);
    }

    /// A digest of all paths and contents.
    pub(super) fn digest(&self, hasher: &mut blake3::Hasher) {
        for folder in &self.folders {
            for file in folder.files() {
                hasher.update(&folder.path_of(&file)).update(b"\0").update(&[kind_byte(file.stamp.kind)]);
                hasher.update(file.digest.unwrap_or(&[0; 32]));
            }
        }
    }
}

/// The first file that is not the same in both, and how many there are.
pub(super) fn difference(recorded: &Table, now: &Table) -> Option<(String, FileChange, usize)> {
    unlike(recorded, now, |before, after| {
        before.digest == after.digest && before.stamp.kind == after.stamp.kind
    })
}

/// The first file that was changed between two looks, also where it was changed back since: then the system says something else of it.
pub(super) fn touched(before: &Table, after: &Table) -> Option<String> {
    unlike(before, after, |before, after| before == after).map(|(path, ..)| path)
}

/// The first file that is not alike in both, and how many there are.
fn unlike(
    recorded: &Table,
    now: &Table,
    alike: impl Fn(&TableFile<'_>, &TableFile<'_>) -> bool,
) -> Option<(String, FileChange, usize)> {
    let mut first = None;
    let mut number = 0;
    let mut note = |folder: &TableFolder, file: &TableFile<'_>, change: FileChange| {
        number += 1;
        if first.is_none() {
            let path = String::from_utf8_lossy(&folder.path_of(file)).into_owned();
            first = Some((path, change));
        }
    };
    let none = TableFolder::default();
    merge(
        (recorded.folders.iter(), now.folders.iter()),
        |one, other| one.path.cmp(&other.path),
        |old, new| {
            let (old, new) = (old.unwrap_or(&none), new.unwrap_or(&none));
            if std::ptr::eq(&*old.bytes, &*new.bytes) {
                return;
            }
            let by_name = |one: &TableFile<'_>, other: &TableFile<'_>| one.name.cmp(other.name);
            merge((old.files(), new.files()), by_name, |before, after| match (before, after) {
                (Some(before), None) => note(old, &before, FileChange::Removed),
                (None, Some(after)) => note(new, &after, FileChange::Added),
                (Some(before), Some(after)) => {
                    if !alike(&before, &after) {
                        note(new, &after, FileChange::Changed);
                    }
                }
                (None, None) => {}
            });
        },
    );
    first.map(|(path, change)| (path, change, number - 1))
}

/// Goes along two sorted rows and hands out what stands in either at each place of the order.
fn merge<T>(
    (one, other): (impl Iterator<Item = T>, impl Iterator<Item = T>),
    compare: impl Fn(&T, &T) -> Ordering,
    mut each: impl FnMut(Option<T>, Option<T>),
) {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    loop {
        let order = match (one.peek(), other.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => compare(one, other),
        };
        let first = if order.is_le() { one.next() } else { None };
        let second = if order.is_ge() { other.next() } else { None };
        each(first, second);
    }
}

fn joined(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let gap: &[u8] = if folder.is_empty() { b"" } else { b"/" };
    [folder, gap, name].concat()
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
