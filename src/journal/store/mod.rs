//! The journal on disk, in `.shipway`, private to the user.
//!
//! ```text
//! runs/ID/journal.jsonl   records; an intent is in the file before the act
//! runs/ID/events.jsonl    every event, for `logs` to replay; those of a short run stand behind the last record instead
//! raw/ID/                 unmasked streams, plan and variable files of open steps; gone with the run, but for the streams of what is not
//!                         settled; apart from the runs, so that nobody has to look at each of them to know which have any
//! ```
//!
//! An intent of a step whose work outlives us is forced to the disk; the others are written, which is enough to survive our own death. That an
//! ordinary command or step ended may wait a moment for the next intent: without that record it counts as one that was under way. A journal
//! that can't be written is an error that stops a change before it happens; a log that can't be written is not.

mod kept;
mod read;
mod sweep;
mod unfinished;

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::record::{Entry, Record};
use kept::KeptEvents;

use crate::event::Event;
use crate::os::files::{create_private, create_private_folder};
use crate::os::{Doors, identity, kill_point};

pub use read::{StoredRun, list};
pub use unfinished::{Fate, Leftover, fate, unfinished};

/// File names may have 255 bytes; ours get endings.
const LONGEST_NAME: usize = 120;

/// The folder of Shipway's own files beside the tasks file.
pub const FOLDER: &str = ".shipway";

/// The file of records, and those that are not in it yet.
#[derive(Debug)]
struct Journal {
    file: File,
    waiting: Vec<u8>,
}

impl Journal {
    fn add(&mut self, at: jiff::Timestamp, entry: Entry) -> io::Result<()> {
        serde_json::to_writer(&mut self.waiting, &Record { version: entry.version(), at, entry })?;
        self.waiting.push(b'\n');
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(&self.waiting);
        self.waiting.clear();
        written
    }
}

/// An open run.
#[derive(Debug)]
pub struct RunStore {
    id: String,
    command: String,
    folder: PathBuf,
    journal: Mutex<Journal>,
    /// The streams of commands that are not settled, by their steps.
    unsettled: Mutex<Vec<(String, String)>>,
    /// Whether something of an earlier run was settled: then its raw files may go.
    settled_others: AtomicBool,
    events: Mutex<KeptEvents>,
}

impl RunStore {
    /// Makes the folder of a new run and records that it is about to start. `command` must be masked.
    pub fn create(doors: &Doors, root: &Path, command: &str, steps: Vec<String>) -> io::Result<Self> {
        Self::create_for(doors, root, (command, "", None), steps)
    }

    /// The same for a run that may be gone on with: by what was typed, by the digest of the tasks file, and the run that it goes on for.
    pub fn create_for(
        doors: &Doors,
        root: &Path,
        (command, tasks_file, resumes): (&str, &str, Option<&str>),
        steps: Vec<String>,
    ) -> io::Result<Self> {
        let runs = runs_of(root);
        doors.files.create_private_dir(&runs)?;
        ignore_in_git(doors, root)?;
        sweep::sweep(doors, root);
        let process = identity::own();
        let (id, folder) = make_folder(doors, &runs, process.pid)?;
        let store = Self {
            unsettled: Mutex::default(),
            settled_others: AtomicBool::new(false),
            command: command.to_owned(),
            journal: Mutex::new(Journal {
                file: create_private(&folder.join("journal.jsonl"))?,
                waiting: Vec::new(),
            }),
            events: Mutex::new(KeptEvents::new(folder.join(kept::FILE))),
            id,
            folder,
        };
        let (run, command, tasks_file) = (store.id.clone(), command.to_owned(), tasks_file.to_owned());
        let resumes = resumes.map(str::to_owned);
        let entry = Entry::Run { run, command, process, steps, tasks_file, resumes };
        store.record(doors.clock.now(), entry, false)?;
        Ok(store)
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What was typed, masked.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// The folder whose `.shipway` this run is kept in.
    pub fn root(&self) -> &Path {
        // `.shipway/runs/ID` below it.
        self.folder.ancestors().nth(3).unwrap_or(&self.folder)
    }

    /// A private folder for files of open steps.
    pub fn raw(&self) -> PathBuf {
        raw_of(self.root(), &self.id)
    }

    /// Appends a record; `durable` forces it to the disk before this returns.
    pub fn record(&self, at: jiff::Timestamp, entry: Entry, durable: bool) -> io::Result<()> {
        self.note_unsettled(&entry);
        let mut journal = self.journal();
        journal.add(at, entry)?;
        journal.write()?;
        let written = if durable { journal.file.sync_data() } else { Ok(()) };
        drop(journal);
        if durable {
            // What was said before it is of use to whoever comes after a crash.
            self.flush().ok();
        }
        kill_point::pass();
        written
    }

    /// Appends a record that may wait for the next one, or for `flush`: that something ended which nobody would have to look for.
    pub fn record_soon(&self, at: jiff::Timestamp, entry: Entry) -> io::Result<()> {
        self.note_unsettled(&entry);
        self.journal().add(at, entry)?;
        kill_point::pass();
        Ok(())
    }

    fn journal(&self) -> std::sync::MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_unsettled(&self, entry: &Entry) {
        let mut unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        match entry {
            Entry::Command { step, stream: Some(stream), facts, .. } if !facts.is_empty() => {
                unsettled.push((step.clone(), stream.clone()));
            }
            Entry::Settled { run, step, .. } if *run == self.id => unsettled.retain(|(of, _)| of != step),
            Entry::Settled { .. } => self.settled_others.store(true, Ordering::Relaxed),
            _ => {}
        }
    }

    /// The run is over: removes raw files, all but the streams that whoever settles them later has to read.
    pub fn close(&self, doors: &Doors) {
        let unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: Vec<&str> = unsettled.iter().map(|(_, stream)| stream.as_str()).collect();
        sweep::remove_raw(doors, &self.raw(), &kept);
        drop(unsettled);
        if self.settled_others.load(Ordering::Relaxed) {
            sweep::sweep(doors, self.root());
        }
        let mut journal = self.journal();
        journal.write().ok();
        self.events().close(&mut journal.file).ok();
    }

    /// Keeps an event. It stays in memory until `flush` is called, or for a tenth of a second of events: a command that prints a million lines
    /// must not cost a million writes.
    pub fn event(&self, event: &Event) -> io::Result<()> {
        self.events().keep(event)
    }

    /// Writes out what is still in memory.
    pub fn flush(&self) -> io::Result<()> {
        self.journal().write()?;
        self.events().flush()
    }

    fn events(&self) -> std::sync::MutexGuard<'_, KeptEvents> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_folder(doors: &Doors, runs: &Path, pid: u32) -> io::Result<(String, PathBuf)> {
    let now = doors.clock.now();
    let stamp = now.strftime("%Y%m%d-%H%M%S").to_string();
    let millisecond = now.subsec_millisecond();
    let mut last = None;
    for attempt in 0..100 {
        let mut hasher = DefaultHasher::new();
        (pid, millisecond, attempt).hash(&mut hasher);
        let id = format!("{stamp}-{millisecond:03}-{:04x}", hasher.finish() & 0xffff);
        let folder = runs.join(&id);
        match create_private_folder(&folder) {
            Ok(()) => return Ok((id, folder)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("no free name for a run")))
}

/// Where the runs of the project at `root` are.
fn runs_of(root: &Path) -> PathBuf {
    root.join(FOLDER).join("runs")
}

/// Where a run has its unmasked files.
fn raw_of(root: &Path, id: &str) -> PathBuf {
    root.join(FOLDER).join("raw").join(id)
}

/// The runs that have unmasked files, the oldest first.
fn with_raw(doors: &Doors, root: &Path) -> io::Result<Vec<String>> {
    list_names(doors, &root.join(FOLDER).join("raw"))
}

/// The names in a folder; none where there is no folder.
fn list_names(doors: &Doors, folder: &Path) -> io::Result<Vec<String>> {
    match doors.files.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        names => names,
    }
}

fn ignore_in_git(doors: &Doors, root: &Path) -> io::Result<()> {
    let path = root.join(FOLDER).join(".gitignore");
    if doors.files.kind(&path) == crate::os::files::FileKind::Missing {
        doors.files.write(&path, b"*\n", 0o600)?;
    }
    Ok(())
}

/// A step's name as a file name: as it stands where it may, `:` included; where letters have to be left out, a piece of its digest tells it
/// from others.
pub fn file_name(step: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
    if step.len() <= LONGEST_NAME && step.chars().all(safe) {
        return step.to_owned();
    }
    let name: String = step.chars().take(LONGEST_NAME).map(|c| if safe(c) { c } else { '-' }).collect();
    format!("{name}-{}", &blake3::hash(step.as_bytes()).to_hex()[..8])
}
