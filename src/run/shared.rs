//! What all threads of a run share.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};

use super::action::{Approval, Outcome, Produced, RunPlan};
use super::asker::{Asker, Pause};
use super::bindings::Bindings;
use super::budget::Budget;
use super::cancel::{Cancel, LentTerminal};
use super::freshness::Freshness;
use super::kept::Kept;
use super::mailbox::Mailbox;
use super::observe::Answer;
use crate::event::{Event, EventKind};
use crate::journal::record::Entry;
use crate::journal::store::RunStore;
use crate::masking::Masker;
use crate::os::Doors;
use crate::os::files::{FileKind, TemporaryFolder};
use crate::os::signal::Signal;
use crate::os::terminal::TerminalGuard;
use crate::plan::{Broken, Digest, StepId};

/// A message to the dispatcher.
pub(super) enum Message {
    Event(Box<Event>),
    Ended(StepId, Outcome),
    Answered(StepId, Answer),
    Signal(Signal),
    /// A command wants the screen for itself.
    Pause(Pause),
}

/// The right to use the screen, which is given back when this goes; and the terminal is put back as it was.
pub(super) struct BorrowedScreen<'a> {
    _over: Sender<()>,
    _modes: TerminalGuard,
    _terminal: LentTerminal<'a>,
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
    pub(super) unlock_own_stale: bool,
    pub(super) cancel: Cancel,
    pub(super) life: Arc<Mailbox<Message>>,
    pub(super) budget: Arc<Budget>,
    pub(super) asker: Asker,
    pub(super) started: Duration,
    pub(super) mode: Mode,
    pub(super) freshness: Freshness,
    pub(super) kept: Option<Kept>,
    values: Mutex<Vec<Option<Produced>>>,
    approved: Mutex<BTreeSet<Digest>>,
    broken: Mutex<HashMap<StepId, Broken>>,
    environment: OnceLock<Arc<[(OsString, OsString)]>>,
    /// Folders that were there when a command was about to start in them.
    folders: Mutex<HashSet<PathBuf>>,
}

/// How steps are run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mode {
    /// Although their work is as it was left.
    pub(super) force: bool,
    /// Saying why.
    pub(super) explain: bool,
    /// When one fails, those that yield are ended.
    pub(super) fail_fast: bool,
    /// Not at all: it is only looked whether they would.
    pub(super) looks: bool,
}

/// Where messages of a run go.
pub(super) struct Channels {
    pub(super) life: Arc<Mailbox<Message>>,
    pub(super) budget: Arc<Budget>,
    pub(super) asker: Asker,
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
            unlock_own_stale: false,
            cancel: Cancel::default(),
            life: channels.life,
            budget: channels.budget,
            asker: channels.asker,
            started: doors.clock.monotonic(),
            mode,
            freshness: Freshness::new(plan.len()),
            kept: None,
            values: Mutex::new(vec![None; plan.len()]),
            approved: Mutex::default(),
            broken: Mutex::default(),
            environment: OnceLock::new(),
            folders: Mutex::default(),
        }
    }

    /// Our own environment, as a command is given it.
    pub(super) fn environment(&self) -> &Arc<[(OsString, OsString)]> {
        let ours = || self.doors.environment.variables.iter();
        self.environment.get_or_init(|| ours().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Whether a command can start in this folder. Looked at once: a folder that has gone since keeps the command from starting.
    pub(super) fn is_folder(&self, path: &Path) -> bool {
        let mut folders = lock(&self.folders);
        if folders.contains(path) {
            return true;
        }
        let is_there = self.doors.files.kind(path) == FileKind::Folder;
        if is_there {
            folders.insert(path.to_owned());
        }
        is_there
    }

    /// Whether it is one still.
    pub(super) fn is_folder_still(&self, path: &Path) -> bool {
        lock(&self.folders).remove(path);
        self.is_folder(path)
    }

    /// An event of now. Its texts must be masked already.
    pub(super) fn event(&self, step: Option<&str>, kind: EventKind) -> Event {
        Event {
            version: kind.version(),
            at: self.doors.clock.now(),
            elapsed: self.doors.clock.monotonic().saturating_sub(self.started),
            step: step.map(str::to_owned),
            kind,
        }
    }

    /// Sends an event to the dispatcher.
    pub(super) fn send(&self, step: &str, kind: EventKind) {
        self.life.send(Message::Event(Box::new(self.event(Some(step), kind))));
    }

    /// Sends an event that the dispatcher may take with the next message, or when it is nudged.
    pub(super) fn send_later(&self, step: &str, kind: EventKind) {
        self.life.send_later(Message::Event(Box::new(self.event(Some(step), kind))));
    }

    /// Waits until all that was said so far is on the screen and nobody else draws there.
    pub(super) fn borrow_screen(&self) -> BorrowedScreen<'_> {
        let (paused_sender, paused) = bounded(1);
        let (_over, over) = bounded(1);
        self.life.send(Message::Pause(Pause { paused: paused_sender, over }));
        // Where nobody shows the run any more, the message is thrown away, and there is nothing to wait for.
        paused.recv().ok();
        let _terminal = self.cancel.lend_terminal(&*self.doors.clock);
        BorrowedScreen { _over, _modes: TerminalGuard::new(), _terminal }
    }

    /// Sends lines to the dispatcher. Waits while the display is far behind.
    pub(super) fn send_lines(&self, step: &str, lines: EventKind) {
        self.budget.take(lines.weight());
        self.send(step, lines);
    }

    /// Appends to the journal, if this run has one.
    pub(super) fn record(&self, entry: Entry, durable: bool) -> std::io::Result<()> {
        match &self.journal {
            Some(journal) => journal.record(self.doors.clock.now(), entry, durable),
            None => Ok(()),
        }
    }

    /// Appends to the journal, with the next record or in a moment.
    pub(super) fn record_soon(&self, entry: Entry) -> std::io::Result<()> {
        match &self.journal {
            Some(journal) => journal.record_soon(self.doors.clock.now(), entry),
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

    /// A step that closes others starts although they are not done.
    pub(super) fn tell_broken(&self, step: StepId, broken: Broken) {
        lock(&self.broken).insert(step, broken);
    }

    pub(super) fn broken(&self, step: StepId) -> Option<Broken> {
        lock(&self.broken).get(&step).cloned()
    }

    pub(super) fn approval(&self, digest: &Digest) -> Option<Approval> {
        lock(&self.approved).get(digest).cloned().map(Approval::new)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
