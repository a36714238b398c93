//! Commands whose result nobody dealt with: Shipway died over them, or they themselves did.
//!
//! A command is open from its record with facts to the record that settles it, be that in its own run or in a later one; who settles it
//! later also removes its files, so that only runs that still have some are read. One whose output file was never made was never started.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::read::{StoredRun, read};
use super::{raw_of, with_raw};
use crate::event::Termination;
use crate::journal::record::{Entry, ProcessIdentity};
use crate::os::files::FileKind;
use crate::os::process::is_written;
use crate::os::shim::{self, ShimReport};
use crate::os::{Doors, identity};
use crate::plan::Digest;

/// A command whose result nobody dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The run that started it.
    pub run: String,
    /// What was typed there.
    pub typed: String,
    /// The step.
    pub step: String,
    /// When it was about to start.
    pub at: jiff::Timestamp,
    /// Its line, masked.
    pub line: String,
    /// What its change was bound to.
    pub digest: Option<Digest>,
    /// What the step noted for now.
    pub facts: BTreeMap<String, String>,
    /// The machine that it ran on.
    pub host: String,
    /// What became of its process.
    pub fate: Fate,
    /// Its files, without an ending.
    pub files: PathBuf,
}

/// What became of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It runs, itself or its shim; the process where it is known.
    Running(Option<ProcessIdentity>),
    /// It ended so; `Unknown` where the machine failed, or whoever would have recorded it was killed too.
    Ended(Termination),
}

/// All of them, the oldest first; those of runs that are under way are theirs.
pub fn unfinished(doors: &Doors, root: &Path) -> io::Result<Vec<Leftover>> {
    let mut found = Vec::new();
    for id in with_raw(doors, root)? {
        let run = read(doors, root, id)?;
        if run.exit_code().is_some() || !run.process().is_some_and(identity::is_alive) {
            found.extend(open_commands(doors, root, &run));
        }
    }
    Ok(found)
}

/// The open commands of one run.
pub(super) fn open_commands(doors: &Doors, root: &Path, run: &StoredRun) -> Vec<Leftover> {
    let (mut open, mut typed, mut host): (Vec<Leftover>, _, _) = (Vec::new(), String::new(), String::new());
    for record in &run.records {
        match &record.entry {
            Entry::Run { command, process, .. } => (typed, host) = (command.clone(), process.host.clone()),
            Entry::Command { step, line, digest, stream: Some(stream), facts, .. } if !facts.is_empty() => {
                open.push(Leftover {
                    run: run.id.clone(),
                    typed: typed.clone(),
                    step: step.clone(),
                    at: record.at,
                    line: line.clone(),
                    digest: digest.clone(),
                    facts: facts.clone(),
                    host: host.clone(),
                    fate: Fate::Ended(Termination::Unknown),
                    files: raw_of(root, &run.id).join(stream),
                });
            }
            Entry::Settled { run: of, step, .. } if *of == run.id => {
                open.retain(|leftover| leftover.step != *step);
            }
            _ => {}
        }
    }
    open.retain(|leftover| doors.files.kind(&leftover.files.with_extension("out")) == FileKind::File);
    for leftover in &mut open {
        leftover.fate = fate(&leftover.files);
    }
    open
}

/// What became of the command that writes to `files`, now.
pub fn fate(files: &Path) -> Fate {
    // Looked at before the report is read: what ends in between has left its report.
    let runs = is_written(files);
    match shim::read_report(&files.with_extension("status")) {
        Some(ShimReport::Ended { termination, .. }) => Fate::Ended(termination),
        Some(ShimReport::Running { process }) if runs => Fate::Running(Some(process)),
        None if runs => Fate::Running(None),
        Some(ShimReport::Running { .. }) | None => Fate::Ended(Termination::Unknown),
    }
}
