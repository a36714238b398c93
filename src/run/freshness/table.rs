//! Files as they were when their digests were taken: pure.
//!
//! A digest is taken over from the record while the system says of the file what it said then. That is not enough where the file had just
//! been changed: a second change in the same tick of the system's clock would leave no trace (git calls such an entry racy). So a file that
//! had changed shortly before it was looked at is read again, until it has been looked at later.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::os::walk::{Folder, Kind, Name, Names, Stamp};
use crate::plan::FileChange;
use crate::text::patterns::Patterns;

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
    pub(super) folders: Vec<Arc<TableFolder>>,
}

/// The files of one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TableFolder {
    /// From the root; empty for the root.
    pub(super) path: Vec<u8>,
    /// The names of its files.
    pub(super) names: Names,
    /// By name.
    pub(super) files: Vec<TableFile>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableFile {
    /// Its name.
    pub(super) name: Name,
    /// What the system said of it.
    pub(super) stamp: Stamp,
    /// Its content; `None` where it is still to be read.
    pub(super) digest: Option<Digest>,
}

/// What was found in a folder, with the digests of `recorded` where they still hold. The others are still to be read.
pub(super) fn carry_over(recorded: Option<&Table>, found: Folder) -> Arc<TableFolder> {
    let Folder { path, names, files } = found;
    let since = recorded.map_or(i64::MIN, |table| table.taken);
    let old = recorded.and_then(|table| table.folder(&path));
    if let Some(old) = old
        && old.names == names
        && old.files.len() == files.len()
        && old
            .files
            .iter()
            .zip(&files)
            .all(|(old, (name, stamp))| old.name == *name && holds(old, stamp, since))
    {
        // Nearly all folders are as they were, and ten thousand files take a megabyte.
        return Arc::clone(old);
    }
    let mut old_files = old.map(|old| old.files.as_slice()).unwrap_or_default().iter().peekable();
    let old_name = |file: &TableFile| old.map(|old| old.names.get(file.name)).unwrap_or_default();
    let carry = |(name, stamp): (Name, Stamp)| {
        let text = names.get(name);
        while old_files.peek().is_some_and(|old| old_name(old) < text) {
            old_files.next();
        }
        let old = old_files.peek().copied();
        let old = old.filter(|old| old_name(old) == text && holds(old, &stamp, since));
        TableFile { digest: old.and_then(|old| old.digest), name, stamp }
    };
    let files = files.into_iter().map(carry).collect();
    Arc::new(TableFolder { path, names, files })
}

/// Whether a file that was looked at `since` is sure to be the same.
fn holds(old: &TableFile, stamp: &Stamp, since: i64) -> bool {
    let is_old = |time: i64| {
        let tick = if time % SECOND == 0 { COARSE_TICK } else { TICK };
        time < since.saturating_sub(tick)
    };
    // What a link leads to may change without the link.
    old.stamp == *stamp && stamp.kind != Kind::Link && is_old(stamp.modified) && is_old(stamp.changed)
}

impl TableFolder {
    fn path_of(&self, file: &TableFile) -> Vec<u8> {
        joined(&self.path, self.names.get(file.name))
    }
}

impl Table {
    /// Of `folders` in any order.
    pub(super) fn new(taken: i64, mut folders: Vec<Arc<TableFolder>>) -> Self {
        folders.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        Self { taken, folders }
    }

    fn folder(&self, path: &[u8]) -> Option<&Arc<TableFolder>> {
        let at = self.folders.binary_search_by(|folder| folder.path.as_slice().cmp(path)).ok()?;
        self.folders.get(at)
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.folders.iter().map(|folder| folder.files.len()).sum()
    }

    /// Whether one of them is meant.
    pub(super) fn has(&self, patterns: &Patterns) -> bool {
        self.folders.iter().any(|folder| {
            let names = folder.path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
            let place = names.fold(patterns.start(), |place, name| patterns.enter(&place, name));
            folder.files.iter().any(|file| patterns.means(&place, folder.names.get(file.name)))
        })
    }

    /// The paths and kinds of files that are still to be read.
    pub(super) fn unread(&self) -> Vec<(Vec<u8>, Kind)> {
        let all = self.folders.iter().flat_map(|folder| folder.files.iter().map(move |file| (folder, file)));
        all.filter(|(_, file)| file.digest.is_none())
            .map(|(folder, file)| (folder.path_of(file), file.stamp.kind))
            .collect()
    }

    /// Takes in what was read, in the order of `unread`. What could not be read, for it is gone, is left out.
    pub(super) fn fill(&mut self, digests: Vec<Option<Digest>>) {
        let mut digests = digests.into_iter();
        let has_unread = |folder: &TableFolder| folder.files.iter().any(|file| file.digest.is_none());
        for folder in self.folders.iter_mut().filter(|folder| has_unread(folder)) {
            Arc::make_mut(folder).files.retain_mut(|file| {
                if file.digest.is_none() {
                    file.digest = digests.next().flatten();
                }
                file.digest.is_some()
            });
        }
        self.folders.retain(|folder| !folder.files.is_empty());
    }

    /// A digest of all paths and contents.
    pub(super) fn digest(&self, hasher: &mut blake3::Hasher) {
        for folder in &self.folders {
            for file in &folder.files {
                hasher.update(&folder.path_of(file)).update(b"\0").update(&[kind_byte(file.stamp.kind)]);
                hasher.update(&file.digest.unwrap_or_default());
            }
        }
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

/// The first file that is not the same in both, and how many there are.
pub(super) fn difference(recorded: &Table, now: &Table) -> Option<(String, FileChange, usize)> {
    let mut first = None;
    let mut number = 0;
    let mut note = |folder: &TableFolder, file: &TableFile, change: FileChange| {
        number += 1;
        if first.is_none() {
            let path = String::from_utf8_lossy(&folder.path_of(file)).into_owned();
            first = Some((path, change));
        }
    };
    let none = Arc::default();
    merge(
        &recorded.folders,
        &now.folders,
        |one, other| one.path.cmp(&other.path),
        |old, new| {
            if let (Some(old), Some(new)) = (old, new)
                && Arc::ptr_eq(old, new)
            {
                return;
            }
            let (old, new) = (old.unwrap_or(&none), new.unwrap_or(&none));
            let has_same_names = old.names == new.names
                && old.files.iter().map(|file| file.name).eq(new.files.iter().map(|file| file.name));
            let by_name = |one: &TableFile, other: &TableFile| match has_same_names {
                true => Ordering::Equal,
                false => old.names.get(one.name).cmp(new.names.get(other.name)),
            };
            merge(&old.files, &new.files, by_name, |before, after| match (before, after) {
                (Some(before), None) => note(old, before, FileChange::Removed),
                (None, Some(after)) => note(new, after, FileChange::Added),
                (Some(before), Some(after)) => {
                    if before.digest != after.digest || before.stamp.kind != after.stamp.kind {
                        note(new, after, FileChange::Changed);
                    }
                }
                (None, None) => {}
            });
        },
    );
    first.map(|(path, change)| (path, change, number - 1))
}

/// Goes along two sorted lists and hands out what stands in either at each place of the order.
fn merge<'a, T>(
    one: &'a [T],
    other: &'a [T],
    compare: impl Fn(&T, &T) -> Ordering,
    mut each: impl FnMut(Option<&'a T>, Option<&'a T>),
) {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
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
