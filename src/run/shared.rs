//! What all threads of a run share.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::action::{Approval, Outcome, Produced, RunPlan};
use super::asker::AskRequest;
use super::bindings::Bindings;
use super::cancel::Cancel;
use super::freshness::Freshness;
use super::observe::Answer;
use crate::event::{EVENTS_VERSION, Event, EventKind};
use crate::journal::record::Entry;
use crate::journal::store::RunStore;
use crate::masking::Masker;
use crate::os::Doors;
use crate::os::files::TemporaryFolder;
use crate::plan::{Digest, StepId};

/// A message to the dispatcher.
pub(super) enum Message {
    Event(Box<Event>),
    Lines(Vec<Event>),
    Ended(StepId, Outcome),
    Answered(StepId, Answer),
}

/// Shared by the dispatcher, all units and the asker's callers.
pub(super) struct Shared<'a> {
    pub(super) plan: &'a RunPlan,
    pub(super) doors: &'a Doors,
    pub(super) masker: &'a Masker,
    pub(super) bindings: &'a Bindings,
    pub(super) journal: Option<RunStore>,
    /// Where private files are in a run without a journal; made when the first one is wanted.
    pub(super) temporary: Mutex<Option<TemporaryFolder>>,
    pub(super) root: PathBuf,
    pub(super) cancel: Cancel,
    pub(super) life: Sender<Message>,
    pub(super) permits: Sender<()>,
    pub(super) asker: Sender<AskRequest>,
    pub(super) started: Duration,
    pub(super) mode: Mode,
    pub(super) freshness: Freshness,
    values: Mutex<Vec<Option<Produced>>>,
    approved: Mutex<BTreeSet<Digest>>,
}

/// How steps are run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mode {
    /// Although their work is as it was left.
    pub(super) force: bool,
    /// Saying why.
    pub(super) explain: bool,
    /// Not at all: it is only looked whether they would.
    pub(super) looks: bool,
}

/// Where messages of a run go.
pub(super) struct Channels {
    pub(super) life: Sender<Message>,
    pub(super) permits: Sender<()>,
    pub(super) asker: Sender<AskRequest>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        (plan, doors, masker, bindings): (&'a RunPlan, &'a Doors, &'a Masker, &'a Bindings),
        journal: Option<RunStore>,
        root: PathBuf,
        channels: Channels,
        mode: Mode,
    ) -> Self {
        Self {
            plan,
            doors,
            masker,
            bindings,
            journal,
            temporary: Mutex::default(),
            root,
            cancel: Cancel::default(),
            life: channels.life,
            permits: channels.permits,
            asker: channels.asker,
            started: doors.clock.monotonic(),
            mode,
            freshness: Freshness::new(plan.len()),
            values: Mutex::new(vec![None; plan.len()]),
            approved: Mutex::default(),
        }
    }

    /// An event of now. Its texts must be masked already.
    pub(super) fn event(&self, step: Option<&str>, kind: EventKind) -> Event {
        Event {
            version: EVENTS_VERSION,
            at: self.doors.clock.now(),
            elapsed: self.doors.clock.monotonic().saturating_sub(self.started),
            step: step.map(str::to_owned),
            kind,
        }
    }

    /// Sends an event to the dispatcher. It is gone only when the run is over.
    pub(super) fn send(&self, step: &str, kind: EventKind) {
        self.life.send(Message::Event(Box::new(self.event(Some(step), kind)))).ok();
    }

    /// Sends lines to the dispatcher. Waits while the display is far behind.
    pub(super) fn send_lines(&self, lines: Vec<Event>) {
        self.permits.send(()).ok();
        self.life.send(Message::Lines(lines)).ok();
    }

    /// Appends to the journal, if this run has one.
    pub(super) fn record(&self, entry: Entry, durable: bool) -> std::io::Result<()> {
        match &self.journal {
            Some(journal) => journal.record(self.doors.clock.now(), entry, durable),
            None => Ok(()),
        }
    }

    pub(super) fn keep(&self, step: StepId, value: Option<Produced>) {
        lock(&self.values)[step.index()] = value;
    }

    pub(super) fn value(&self, step: StepId) -> Option<Produced> {
        lock(&self.values)[step.index()].clone()
    }

    pub(super) fn take_values(&self) -> Vec<Produced> {
        lock(&self.values).iter_mut().filter_map(Option::take).collect()
    }

    pub(super) fn approve(&self, digests: impl IntoIterator<Item = Digest>) {
        lock(&self.approved).extend(digests);
    }

    pub(super) fn approval(&self, digest: &Digest) -> Option<Approval> {
        lock(&self.approved).get(digest).cloned().map(Approval::new)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
