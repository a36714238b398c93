//! The stat cache against a disk that is made up: whatever is done to the files, a digest that is taken over is that of the content.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// The kernel's clock for files goes on in steps of so much.
const SIMULATED_TICK: i64 = 10_000_000;

/// A disk with a clock.
struct Disk {
    now: i64,
    next_inode: u64,
    files: BTreeMap<u8, (u8, Stamp)>,
}

/// Something that happens to it.
#[derive(Clone, Debug)]
enum Happening {
    /// So many nanoseconds go by.
    Pass(i64),
    /// A file is written in place.
    Write(u8, u8),
    /// The time of the last writing is set back, or on.
    SetTime(u8, i64),
    /// Another file of the same age is moved over it.
    Replace(u8, u8),
    /// It is removed.
    Remove(u8),
    /// All is looked at.
    Look,
    /// All is looked at, and before the files are read one is written.
    LookWhileWriting(u8, u8),
}

impl Disk {
    fn tick(&self) -> i64 {
        self.now - self.now % SIMULATED_TICK
    }

    fn write(&mut self, name: u8, content: u8) {
        let tick = self.tick();
        let inode = self.files.get(&name).map_or_else(|| self.next_inode, |(_, stamp)| stamp.inode);
        self.next_inode += 1;
        // Every second content has the same length.
        let size = u64::from(content % 2);
        self.files
            .insert(name, (content, Stamp { kind: Kind::File, size, modified: tick, changed: tick, inode }));
    }

    fn happen(&mut self, happening: &Happening) {
        let tick = self.tick();
        match *happening {
            Happening::Pass(time) => self.now += time,
            Happening::Write(name, content) => self.write(name, content),
            Happening::SetTime(name, time) => {
                if let Some((_, stamp)) = self.files.get_mut(&name) {
                    (stamp.modified, stamp.changed) = (tick - time, tick);
                }
            }
            Happening::Replace(name, content) => {
                let modified = self.files.get(&name).map_or(0, |(_, stamp)| stamp.modified);
                self.files.remove(&name);
                self.write(name, content);
                if let Some((_, stamp)) = self.files.get_mut(&name) {
                    stamp.modified = modified;
                }
            }
            Happening::Remove(name) => {
                self.files.remove(&name);
            }
            Happening::Look | Happening::LookWhileWriting(..) => {}
        }
    }

    /// Names of even numbers lie in another folder.
    fn found(&self) -> Vec<Folder> {
        let folder = |path: &str, parity: u8| {
            let mut folder = Folder { path: path.as_bytes().to_vec(), ..Folder::default() };
            for (name, (_, stamp)) in self.files.iter().filter(|(name, _)| **name % 2 == parity) {
                folder.files.push((folder.names.add(&[*name]), *stamp));
            }
            folder
        };
        let mut folders = vec![folder("", 1), folder("even", 0)];
        folders.retain(|folder| !folder.files.is_empty());
        folders
    }

    fn table(&self, recorded: Option<&Table>) -> Table {
        let folders = self.found().into_iter().rev().map(|folder| carry_over(recorded, folder));
        Table::new(self.now, folders.collect())
    }

    fn content(&self, path: &[u8]) -> Option<Digest> {
        self.files.get(path.last()?).map(|(content, _)| [*content + 1; 32])
    }

    fn look(&mut self, recorded: Option<&Table>, meanwhile: Option<(u8, u8)>) -> Table {
        let mut table = self.table(recorded);
        if let Some((name, content)) = meanwhile {
            self.write(name, content);
        }
        let read: Vec<_> = table.unread().iter().map(|(path, _)| self.content(path)).collect();
        table.fill(&read);
        table
    }
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let name = 1..5_u8;
    let content = 0..6_u8;
    let time = prop_oneof![Just(0), 0..SIMULATED_TICK, Just(3 * TICK)];
    proptest::collection::vec(
        prop_oneof![
            2 => time.clone().prop_map(Happening::Pass),
            4 => (name.clone(), content.clone()).prop_map(|(name, content)| Happening::Write(name, content)),
            1 => (name.clone(), time).prop_map(|(name, time)| Happening::SetTime(name, time)),
            2 => (name.clone(), content.clone()).prop_map(|(name, content)| Happening::Replace(name, content)),
            1 => name.clone().prop_map(Happening::Remove),
            4 => Just(Happening::Look),
            2 => (name, content).prop_map(|(name, content)| Happening::LookWhileWriting(name, content)),
        ],
        0..60,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_digest_that_is_taken_over_is_that_of_the_content(happenings in happenings()) {
        let mut disk = Disk { now: 1_700_000_000_123_456_789, next_inode: 1, files: BTreeMap::new() };
        let mut recorded: Option<Table> = None;
        for happening in &happenings {
            disk.happen(happening);
            let meanwhile = match *happening {
                Happening::Look => None,
                Happening::LookWhileWriting(name, content) => Some((name, content)),
                _ => continue,
            };
            let before = disk.found();
            let table = disk.look(recorded.as_ref(), meanwhile);
            if meanwhile.is_none() {
                let seen: usize = before.iter().map(|folder| folder.files.len()).sum();
                prop_assert_eq!(table.len(), seen);
                for folder in &table.folders {
                    for file in folder.files() {
                        prop_assert_eq!(file.digest.copied(), disk.content(file.name));
                    }
                }
            }
            recorded = Some(table);
        }
    }
}

#[test]
fn what_is_old_enough_is_not_read_again() {
    let mut disk = Disk { now: 1_700_000_000_123_456_789, next_inode: 1, files: BTreeMap::new() };
    disk.write(1, 1);
    disk.write(2, 2);
    let young = disk.look(None, None);
    assert_eq!(disk.table(Some(&young)).unread().len(), 2);
    disk.now += 2 * TICK;
    let old = disk.look(Some(&young), None);
    assert!(disk.table(Some(&old)).unread().is_empty());
    disk.write(2, 4);
    assert_eq!(disk.table(Some(&old)).unread(), [(b"even/\x02".to_vec(), Kind::File)]);
}

#[test]
fn each_change_of_a_file_is_named_and_counted() {
    let mut disk = Disk { now: 1, next_inode: 1, files: BTreeMap::new() };
    (1..5).for_each(|name| disk.write(name, name));
    let before = disk.look(None, None);
    assert_eq!(difference(&before, &before), None);
    let changed = |disk: &mut Disk| difference(&before, &disk.look(None, None));
    disk.write(4, 9);
    assert_eq!(changed(&mut disk), Some(("even/\u{4}".to_owned(), FileChange::Changed, 0)));
    disk.write(7, 9);
    assert_eq!(changed(&mut disk), Some(("\u{7}".to_owned(), FileChange::Added, 1)));
    disk.happen(&Happening::Remove(1));
    assert_eq!(changed(&mut disk), Some(("\u{1}".to_owned(), FileChange::Removed, 2)));
    disk = Disk { now: 1, next_inode: 1, files: BTreeMap::new() };
    assert_eq!(changed(&mut disk), Some(("\u{1}".to_owned(), FileChange::Removed, 3)));
}
