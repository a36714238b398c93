//! The records of an environment: written whole, read often, the live one found among them.

use std::io;

use crate::diagnostic::{Fault, FaultKind};
use crate::os::Doors;
use crate::os::files::FileKind;
use crate::os::{identity, kill_point};
use crate::release::layout::Layout;
use crate::release::protocol::Settings;
use crate::release::record::{Ended, RECORD_VERSION, Record, Release};

/// The environment's folder with the doors to it.
#[derive(Clone, Copy)]
pub(super) struct Store<'a> {
    pub(super) doors: &'a Doors,
    pub(super) layout: &'a Layout,
}

impl Store<'_> {
    /// What `server setup` pinned.
    pub(super) fn settings(&self) -> Result<Settings, Fault> {
        let path = self.layout.settings();
        if self.doors.files.kind(&path) == FileKind::Missing {
            let home = self.layout.home.display();
            return Err(Fault::new(FaultKind::World, format!("{home} is not prepared for deployments"))
                .hint(format!("prepare it: `shipway server setup -e {}`", self.layout.environment)));
        }
        let bytes = self.doors.files.read(&path).map_err(|error| unreadable(&path, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| unreadable(&path, &error))
    }

    /// All records, the oldest first.
    pub(super) fn records(&self) -> Result<Vec<Record>, Fault> {
        let folder = self.layout.records();
        if self.doors.files.kind(&folder) == FileKind::Missing {
            return Ok(Vec::new());
        }
        let names = self.doors.files.list(&folder).map_err(|error| unreadable(&folder, &error))?;
        let mut numbers: Vec<u64> =
            names.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect();
        numbers.sort_unstable();
        numbers.into_iter().map(|number| self.record(number)).collect()
    }

    /// One record.
    pub(super) fn record(&self, number: u64) -> Result<Record, Fault> {
        let path = self.layout.record(number);
        if self.doors.files.kind(&path) == FileKind::Missing {
            return Err(Fault::new(FaultKind::Usage, format!("there is no deployment #{number}"))
                .hint("`shipway releases` lists them"));
        }
        let bytes = self.doors.files.read(&path).map_err(|error| unreadable(&path, &error))?;
        let record: Record = serde_json::from_slice(&bytes).map_err(|error| unreadable(&path, &error))?;
        if record.version > RECORD_VERSION {
            let message = format!("{} was written by a newer Shipway", path.display());
            return Err(
                Fault::new(FaultKind::World, message).hint("bring a newer one: `shipway server setup`")
            );
        }
        Ok(record)
    }

    /// Says of every deployment that died without a word that it did. Whoever calls it holds the lock.
    pub(super) fn bury(&self) -> Result<(), Fault> {
        let is_dead = |record: &Record| record.result.is_none() && !is_open(record);
        for mut record in self.records()?.into_iter().filter(is_dead) {
            record.result = Some(Ended::Abandoned);
            record.finished = record.finished.or_else(|| Some(self.doors.clock.now()));
            self.write(&record)?;
        }
        Ok(())
    }

    /// Writes a record; it is on the disk when this returns.
    pub(super) fn write(&self, record: &Record) -> Result<(), Fault> {
        let path = self.layout.record(record.number);
        serde_json::to_vec_pretty(record)
            .map_err(io::Error::other)
            .and_then(|bytes| self.doors.files.write_durable(&path, &bytes, 0o600))
            .map_err(|error| unwritable(&path, &error))?;
        kill_point::pass();
        Ok(())
    }

    /// Gives the record the next number and writes it.
    pub(super) fn allocate(&self, mut record: Record) -> Result<Record, Fault> {
        loop {
            record.number = self.records()?.last().map_or(1, |last| last.number + 1);
            let path = self.layout.record(record.number);
            let is_new = serde_json::to_vec_pretty(&record)
                .map_err(io::Error::other)
                .and_then(|bytes| self.doors.files.write_new(&path, &bytes, 0o600))
                .map_err(|error| unwritable(&path, &error))?;
            if is_new {
                return Ok(record);
            }
        }
    }

    /// What is kept of a release, where all of it is there.
    pub(super) fn release(&self, name: &str) -> Result<Option<Release>, Fault> {
        let path = self.layout.release(name).join("release.json");
        if self.doors.files.kind(&path) == FileKind::Missing {
            return Ok(None);
        }
        let bytes = self.doors.files.read(&path).map_err(|error| unreadable(&path, &error))?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(&path, &error))
    }
}

/// The last deployment that went well: what is live, or is to be.
pub(super) fn live(records: &[Record]) -> Option<&Record> {
    records.iter().rev().find(|record| record.result == Some(Ended::Succeeded) && record.release.is_some())
}

/// The release before the live one: of those that went well, the last that was made before it.
pub(super) fn previous(records: &[Record]) -> Option<&Record> {
    let live = made(live(records)?)?;
    records
        .iter()
        .filter(|record| record.result == Some(Ended::Succeeded))
        .filter_map(|record| Some((made(record)?, record)))
        .filter(|(number, _)| *number < live)
        .max_by_key(|(number, record)| (*number, record.number))
        .map(|(_, record)| record)
}

/// The number of the deployment that made the record's release.
pub(super) fn made(record: &Record) -> Option<u64> {
    release_number(record.release.as_deref()?)
}

/// The number in a release's name.
pub(super) fn release_number(name: &str) -> Option<u64> {
    name.split('-').next()?.parse().ok()
}

/// A deployment that works or waits.
pub(super) fn is_open(record: &Record) -> bool {
    record.result.is_none()
        && record.process.as_ref().or(record.launcher.as_ref()).is_none_or(identity::is_alive)
}

pub(super) fn unreadable(path: &std::path::Path, error: &dyn std::fmt::Display) -> Fault {
    Fault::new(FaultKind::World, format!("{} could not be read: {error}", path.display()))
}

pub(super) fn unwritable(path: &std::path::Path, error: &dyn std::fmt::Display) -> Fault {
    Fault::new(FaultKind::World, format!("{} could not be written: {error}", path.display()))
        .hint("nothing is changed without a record of it; make room on the server and run this again")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::release::record::Kind;

    /// A record of the deployment `number` that ended so, with the release that `made` made.
    pub(crate) fn record(number: u64, result: Option<Ended>, made: Option<u64>) -> Record {
        Record {
            version: RECORD_VERSION,
            number,
            environment: "prod".to_owned(),
            kind: Kind::Deploy,
            commit: "1".repeat(40),
            tag: None,
            by: String::new(),
            from: String::new(),
            release: made.map(|made| format!("{made}-v{made}-111111111111")),
            parent: None,
            shipway: String::new(),
            asked: jiff::Timestamp::UNIX_EPOCH,
            started: None,
            finished: None,
            process: None,
            launcher: None,
            result,
            error: None,
            fault: None,
            phases: Vec::new(),
        }
    }

    #[test]
    fn what_died_before_it_had_a_process_of_its_own_is_not_open() {
        let alive = identity::own();
        let dead = crate::journal::record::ProcessIdentity { started: alive.started + 1, ..alive.clone() };
        let mut asked = record(2, None, None);
        asked.launcher = Some(alive.clone());
        assert!(is_open(&asked));
        asked.launcher = Some(dead.clone());
        assert!(!is_open(&asked));
        asked.process = Some(alive);
        assert!(is_open(&asked));
        asked.process = Some(dead);
        assert!(!is_open(&asked));
    }

    #[test]
    fn a_roll_back_goes_back_release_by_release() {
        use Ended::{Failed, Succeeded};
        let mut records = vec![
            record(1, Some(Succeeded), Some(1)),
            record(2, Some(Succeeded), Some(2)),
            record(3, Some(Failed), Some(3)),
            record(4, Some(Succeeded), Some(4)),
            record(5, None, None),
        ];
        assert_eq!(live(&records).and_then(made), Some(4));
        assert_eq!(previous(&records).and_then(made), Some(2));
        records.push(record(6, Some(Succeeded), Some(2)));
        assert_eq!((live(&records).and_then(made), previous(&records).and_then(made)), (Some(2), Some(1)));
        records.push(record(7, Some(Succeeded), Some(1)));
        assert_eq!(previous(&records), None);
        assert_eq!(live(&[record(1, Some(Failed), Some(1))]), None);
    }
}
