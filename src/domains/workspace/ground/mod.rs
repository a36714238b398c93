//! Whether a workspace has to be planned at all: on what ground its last plan or apply stood, and whether that is still the same.
//!
//! `up` leaves out a plan only where it can show that terraform would be asked the same question again: the same files (of the root, of every
//! module, with values, of paths that stand in them), the same values, the same environment, the same terraform and modules, the same outputs
//! of the states that it reads, and the same state of its own. Only digests are kept, keyed, so that no secret can be guessed from them.
//!
//! What always holds:
//!
//! - In doubt it is planned. A root whose plan can't be told from that, because it asks the world (a data source, `timestamp()`, a path that is
//!   put together when terraform runs), is planned each time, and `--explain` says why.
//! - Recorded is only what was taken before the plan and was still the same after it; and only after a plan without changes, or an apply that
//!   was done. Before an apply starts, the record goes.
//! - What others changed in the world is not seen: that is drift, and `drift` looks for it. Where it finds some, or a preview finds changes,
//!   the record goes, so that the next `up` plans.
//! - `--force` plans.
//!
//! Between the end of an apply and the look at the state that it left, another machine may have written that state. It would have to take the
//! lock, refresh and apply in the few milliseconds between; a plan without changes has no such gap, its state is looked at before.

mod inputs;
mod memory;
mod places;
mod surroundings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::order::with_upstream;
use super::resume::Resumed;
use super::site::Site;
use crate::adapters::terraform::backend;
use crate::adapters::terraform::reads::{self, StateRead, Wanted};
use crate::adapters::terraform::state;
use crate::diagnostic::Fault;
use crate::ledger::DigestKey;
use crate::os::Doors;
use crate::plan::{Reason, Verdict};
use crate::run::StepContext;
use crate::text::duration;

pub(super) use inputs::gather;
pub(super) use memory::Memory;

/// The version of the record's format.
const VERSION: u32 = 1;

/// What a plan is about to be made from.
pub(super) enum Ground {
    /// It can be told.
    Firm(Box<Inputs>),
    /// It can't, for this reason.
    Shaky(String),
}

/// All that a plan is made from, as digests under names that a person understands.
pub(super) struct Inputs {
    key: DigestKey,
    parts: BTreeMap<String, String>,
    /// States of other roots that it reads, by the names of data sources.
    states: BTreeMap<String, Wanted>,
    /// The outputs of the workspaces that it needs, as they are now; empty where it reads no state.
    upstream: BTreeMap<String, Seen>,
    /// Its own state.
    own: Option<(String, u64)>,
}

/// A state that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    place: Option<String>,
    /// Keyed digests of its outputs.
    outputs: BTreeMap<String, String>,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    version: u32,
    at: jiff::Timestamp,
    parts: BTreeMap<String, String>,
    reads: Vec<Read>,
    /// Lineage and serial; nothing where there is no state.
    state: Option<(String, u64)>,
}

/// Outputs of another workspace that went in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Read {
    workspace: String,
    /// Where they were read: its state may have moved since.
    place: String,
    /// `None`: all.
    outputs: Option<BTreeSet<String>>,
    digest: String,
}

impl Ground {
    /// Why the workspace need not be planned; `None` where it has to be. Says which, where that was asked.
    pub(super) fn stands(&self, context: &StepContext<'_>, site: &Site) -> Option<String> {
        let reason = match self {
            _ if context.is_forced() => Reason::Forced,
            Self::Shaky(why) => Reason::Always { why: why.clone() },
            Self::Firm(inputs) => {
                let Some(record) = read(context.doors(), site) else {
                    context.judged(&Verdict::Stale(Reason::NeverRun));
                    return None;
                };
                match inputs.difference(&record) {
                    Some(part) => Reason::Changed { part },
                    None => {
                        let verdict = Verdict::Fresh { sources: record.parts.len(), outputs: 0 };
                        context.judged(&verdict);
                        let age = context.doors().clock.now().duration_since(record.at);
                        let age =
                            Duration::try_from(age).map(|age| format!(", {} ago", duration::render(age)));
                        return Some(format!(
                            "nothing that it is made from changed since its last plan or apply{}",
                            age.unwrap_or_default()
                        ));
                    }
                }
            }
        };
        context.judged(&Verdict::Stale(reason));
        None
    }

    /// Whether there is anything that could be recorded.
    pub(super) fn is_firm(&self) -> bool {
        matches!(self, Self::Firm(_))
    }

    /// Takes the same again after the plan: where it is another one now, nobody knows which of both terraform has read.
    pub(super) fn still(self, again: &Self) -> Option<Box<Inputs>> {
        match (self, again) {
            (Self::Firm(before), Self::Firm(after)) if before.is_of_same_files(after) => Some(before),
            _ => None,
        }
    }
}

impl Inputs {
    fn is_of_same_files(&self, other: &Self) -> bool {
        self.parts == other.parts && self.states == other.states
    }

    /// The first part that differs from what was recorded.
    fn difference(&self, record: &Record) -> Option<String> {
        let names: BTreeSet<&String> = record.parts.keys().chain(self.parts.keys()).collect();
        let is_other = |name: &&String| record.parts.get(*name) != self.parts.get(*name);
        let others: Vec<&String> = names.into_iter().filter(is_other).collect();
        // A file says more than the folder that it lies in.
        if let Some(name) = others.iter().find(|name| !name.ends_with('/')).or(others.first()) {
            return Some((*name).clone());
        }
        if record.state != self.own {
            return Some("its state".to_owned());
        }
        let other = |read: &&Read| {
            self.upstream.get(&read.workspace).is_none_or(|seen| {
                seen.place.as_ref() != Some(&read.place)
                    || self.digest(seen, read.outputs.as_ref()) != read.digest
            })
        };
        record.reads.iter().find(other).map(|read| format!("outputs of `{}`", read.workspace))
    }

    /// One digest of some outputs, missing ones included.
    fn digest(&self, seen: &Seen, outputs: Option<&BTreeSet<String>>) -> String {
        let mut text = String::new();
        let all: BTreeSet<String> = seen.outputs.keys().cloned().collect();
        for name in outputs.unwrap_or(&all) {
            text.push_str(&format!("{name}={:?}\n", seen.outputs.get(name)));
        }
        self.key.digest("outputs", text.as_bytes()).as_str().to_owned()
    }

    /// Records that a plan of this came to no changes. `plan` is its file: what it read of other states is in it.
    pub(super) fn note_plan(
        &self,
        context: &mut StepContext<'_>,
        site: &Site,
        plan: &std::path::Path,
    ) -> Result<(), Fault> {
        let reads = if self.states.is_empty() {
            Vec::new()
        } else {
            let (termination, answer) = site.ask(context, |root| root.show_json(plan))?;
            if !termination.is_success() {
                return Ok(());
            }
            reads::states_of_plan(&answer.out)
        };
        self.note(context, site, &reads, self.own.clone());
        Ok(())
    }

    /// Records that an apply of a plan of this was done.
    pub(super) fn note_apply(&self, context: &mut StepContext<'_>, site: &Site) -> Result<(), Fault> {
        let Ok(text) = site.state_text(context)? else { return Ok(()) };
        let reads = reads::states_of_state(&text);
        if let Some(own) = inputs::mark(&text) {
            self.note(context, site, &reads, own);
        }
        Ok(())
    }

    /// Records it, unless it reads a state that none of the workspaces that it needs writes.
    fn note(
        &self,
        context: &StepContext<'_>,
        site: &Site,
        reads: &[StateRead],
        state: Option<(String, u64)>,
    ) {
        let Some(reads) = self.reads(site, reads) else { return };
        let at = context.doors().clock.now();
        let record = Record { version: VERSION, at, parts: self.parts.clone(), reads, state };
        let path = path(site);
        let Ok(bytes) = serde_json::to_vec(&record) else { return };
        // Where it can't be kept the workspace is planned again, and that is all.
        if let Some(folder) = path.parent()
            && context.doors().files.create_private_dir(folder).is_ok()
        {
            context.doors().files.write(&path, &bytes, 0o600).ok();
        }
    }

    /// Which outputs of which workspaces the states are; `None` where one of them is not known to be of a workspace that it needs.
    fn reads(&self, site: &Site, found: &[StateRead]) -> Option<Vec<Read>> {
        if self.states.keys().any(|name| !found.iter().any(|read| read.name == *name)) {
            return None;
        }
        let folder = crate::os::files::real_path(&site.folder().ok()?);
        let mut reads = Vec::new();
        for read in found {
            if read.workspace.as_ref().is_some_and(|name| name != "default") {
                return None;
            }
            let place = backend::place_of_reader(&read.backend, &read.config, &folder)?;
            let (workspace, seen) =
                self.upstream.iter().find(|(_, seen)| seen.place.as_ref() == Some(&place))?;
            // Modules may have data sources of the same name: then the outputs of all of them are meant.
            let outputs = match self.states.get(&read.name) {
                Some(Wanted::Some(outputs)) => Some(outputs.clone()),
                Some(Wanted::All) | None => None,
            };
            let digest = self.digest(seen, outputs.as_ref());
            reads.push(Read { workspace: workspace.clone(), place, outputs, digest });
        }
        Some(reads)
    }
}

/// Forgets on what ground a workspace stands: the next `up` plans it.
pub(super) fn forget(doors: &Doors, site: &Site) {
    doors.files.remove(&path(site)).ok();
}

fn read(doors: &Doors, site: &Site) -> Option<Record> {
    let record: Record = serde_json::from_slice(&doors.files.read(&path(site)).ok()?).ok()?;
    (record.version == VERSION).then_some(record)
}

/// Among the records of steps, so that `clean-cache` forgets it too.
fn path(site: &Site) -> PathBuf {
    site.model.root.join(".shipway/cache").join(site.step("plan")).join("ground.json")
}

/// What is seen of the states of all workspaces that `site` needs; the reason where one can't be read.
fn upstream(
    context: &mut StepContext<'_>,
    site: &Site,
    key: &DigestKey,
) -> Result<Result<BTreeMap<String, Seen>, String>, Fault> {
    let mut found = BTreeMap::new();
    for name in with_upstream(&site.model, std::slice::from_ref(&site.name)) {
        if name == site.name {
            continue;
        }
        let other = Site { model: std::sync::Arc::clone(&site.model), name };
        let resumed = Resumed::of(context, site);
        let known = resumed.as_ref().and_then(|resumed| resumed.seen(&other.name));
        let seen = match known {
            Some(seen) => seen,
            None => {
                let Ok(text) = other.state_text(context)? else {
                    return Ok(Err(format!("the state of `{}` can't be read", other.name)));
                };
                let seen = inputs::seen(context, &other, key, &text)?;
                // It is applied already, so this is what everybody after it reads.
                if let Some(resumed) = resumed {
                    resumed.note_seen(&other.name, &seen);
                }
                seen
            }
        };
        found.insert(other.name, seen);
    }
    Ok(Ok(found))
}

/// Which state it is, and how often it was written.
fn mark_of(reading: Option<state::StateReading>) -> Option<(String, u64)> {
    reading.map(|state| (state.lineage, state.serial)).filter(|(lineage, _)| !lineage.is_empty())
}
