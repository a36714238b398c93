//! The journal on disk: `.shipway/runs/ID/`, private to the user.
//!
//! ```text
//! journal.jsonl   records; an intent is in the file before the act
//! events.jsonl    every event, for `logs` to replay
//! steps/NAME.log  what the step printed and said, masked
//! raw/            unmasked streams, plan and variable files of open steps; gone when the step's result is recorded
//! ```
//!
//! An intent that changes something is forced to the disk; the others are written, which is enough to survive our own death. A journal that
//! can't be written is an error that stops a change before it happens; a log that can't be written is not.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::record::{Entry, JOURNAL_VERSION, ProcessIdentity, Record};
use crate::event::{EVENTS_VERSION, Event, EventKind, Termination};
use crate::os::files::{Files as _, RealFiles, append_private, create_private, create_private_folder};
use crate::os::shim::{self, ShimReport};
use crate::os::{Doors, identity};

/// Runs that are kept; older ones are removed when a new one starts.
const KEPT_RUNS: usize = 200;

/// The folder of Shipway's own files beside the tasks file.
pub const FOLDER: &str = ".shipway";

/// An open run.
#[derive(Debug)]
pub struct RunStore {
    id: String,
    folder: PathBuf,
    journal: Mutex<File>,
    events: Mutex<io::BufWriter<File>>,
    logs: Mutex<HashMap<String, io::BufWriter<File>>>,
}

impl RunStore {
    /// Makes the folder of a new run and records that it is about to start. `command` must be masked.
    pub fn create(doors: &Doors, root: &Path, command: &str, steps: Vec<String>) -> io::Result<Self> {
        let runs = root.join(FOLDER).join("runs");
        doors.files.create_private_dir(&runs)?;
        ignore_in_git(doors, root)?;
        sweep(doors, &runs);
        let process = identity::own();
        let (id, folder) = make_folder(doors, &runs, process.pid)?;
        let store = Self {
            journal: Mutex::new(create_private(&folder.join("journal.jsonl"))?),
            events: Mutex::new(io::BufWriter::new(create_private(&folder.join("events.jsonl"))?)),
            logs: Mutex::default(),
            id,
            folder,
        };
        let entry = Entry::Run { run: store.id.clone(), command: command.to_owned(), process, steps };
        store.record(doors.clock.now(), entry, false)?;
        Ok(store)
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A private folder for files of open steps.
    pub fn raw(&self) -> PathBuf {
        self.folder.join("raw")
    }

    /// The log of a step.
    pub fn log_path(&self, step: &str) -> PathBuf {
        self.folder.join("steps").join(format!("{}.log", file_name(step)))
    }

    /// Appends a record; `durable` forces it to the disk before this returns.
    pub fn record(&self, at: jiff::Timestamp, entry: Entry, durable: bool) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Record { version: JOURNAL_VERSION, at, entry })?;
        line.push(b'\n');
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.write_all(&line)?;
        if durable { journal.sync_data() } else { Ok(()) }
    }

    /// Keeps an event, and what it says in the step's log.
    pub fn event(&self, event: &Event) -> io::Result<()> {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.write_all(&json_line(event)?)?;
        events.flush()?;
        drop(events);
        let Some(step) = &event.step else { return Ok(()) };
        match &event.kind {
            EventKind::Notice { text, .. } => self.log(step, &format!("{text}\n"))?,
            EventKind::CommandStarted { line } => self.log(step, &format!("$ {line}\n"))?,
            EventKind::CommandEnded { termination, .. } => self.log(step, &format!("({termination})\n"))?,
            _ => return Ok(()),
        }
        self.flush()
    }

    /// Keeps lines that a step's command printed. They stay in memory until something else happens or `flush` is called: a command that
    /// prints a million of them must not cost two million writes.
    pub fn lines(&self, lines: &[Event]) -> io::Result<()> {
        let mut json = Vec::with_capacity(lines.len() * 256);
        for event in lines {
            serde_json::to_writer(&mut json, event)?;
            json.push(b'\n');
        }
        self.events.lock().unwrap_or_else(PoisonError::into_inner).write_all(&json)?;
        for of_step in lines.chunk_by(|one, next| one.step == next.step) {
            let Some(step) = of_step.first().and_then(|event| event.step.as_ref()) else { continue };
            let mut text = String::new();
            for event in of_step {
                if let EventKind::Line { text: line, .. } = &event.kind {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            self.log(step, &text)?;
        }
        Ok(())
    }

    /// Writes out what is still in memory.
    pub fn flush(&self) -> io::Result<()> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).flush()?;
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).values_mut().try_for_each(io::Write::flush)
    }

    fn log(&self, step: &str, text: &str) -> io::Result<()> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if !logs.contains_key(step) {
            // The folder is made when the first step has something to say: most runs of a task are short and silent.
            RealFiles.create_private_dir(&self.folder.join("steps"))?;
            logs.insert(step.to_owned(), io::BufWriter::new(append_private(&self.log_path(step))?));
        }
        match logs.get_mut(step) {
            Some(log) => log.write_all(text.as_bytes()),
            None => Ok(()),
        }
    }
}

fn json_line(event: &Event) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    Ok(line)
}

/// A run that is on disk.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// Its id.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its journal, as far as it can be read.
    pub records: Vec<Record>,
}

impl StoredRun {
    /// Who ran it.
    pub fn process(&self) -> Option<&ProcessIdentity> {
        self.records.iter().find_map(|record| match &record.entry {
            Entry::Run { process, .. } => Some(process),
            _ => None,
        })
    }

    /// What Shipway exited with; `None` while it runs, and where it died.
    pub fn exit_code(&self) -> Option<u8> {
        self.records.iter().rev().find_map(|record| match &record.entry {
            Entry::RunEnded { exit_code, .. } => Some(*exit_code),
            _ => None,
        })
    }

    /// Its events, as far as they can be read.
    pub fn events(&self, doors: &Doors) -> io::Result<Vec<Event>> {
        let bytes = doors.files.read(&self.folder.join("events.jsonl"))?;
        read_lines(&bytes, |event: &Event| event.version, EVENTS_VERSION)
    }
}

/// All runs of a project, the newest last.
pub fn list(doors: &Doors, root: &Path) -> io::Result<Vec<StoredRun>> {
    let runs = root.join(FOLDER).join("runs");
    let names = match doors.files.list(&runs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        names => names?,
    };
    names.into_iter().map(|id| read(doors, &runs, id)).collect()
}

fn read(doors: &Doors, runs: &Path, id: String) -> io::Result<StoredRun> {
    let folder = runs.join(&id);
    let bytes = match doors.files.read(&folder.join("journal.jsonl")) {
        // It died before its first record.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        bytes => bytes?,
    };
    let records = read_lines(&bytes, |record: &Record| record.version, JOURNAL_VERSION)?;
    Ok(StoredRun { id, folder, records })
}

/// Lines of JSON up to the first that is torn: a crash may cut the last one.
fn read_lines<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
    version: impl Fn(&T) -> u32,
    known: u32,
) -> io::Result<Vec<T>> {
    let mut values = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice::<T>(line) {
            Ok(value) if version(&value) <= known => values.push(value),
            Ok(_) => {
                return Err(io::Error::other("it was written by a newer Shipway; update Shipway to read it"));
            }
            Err(_) => break,
        }
    }
    Ok(values)
}

fn make_folder(doors: &Doors, runs: &Path, pid: u32) -> io::Result<(String, PathBuf)> {
    let now = doors.clock.now();
    let stamp = now.strftime("%Y%m%d-%H%M%S").to_string();
    let millisecond = now.subsec_millisecond();
    let mut last = None;
    for attempt in 0..100 {
        let suffix = blake3::hash(format!("{pid} {millisecond} {attempt}").as_bytes()).to_hex();
        let id = format!("{stamp}-{millisecond:03}-{}", &suffix[..4]);
        let folder = runs.join(&id);
        match create_private_folder(&folder) {
            Ok(()) => return Ok((id, folder)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("no free name for a run")))
}

fn ignore_in_git(doors: &Doors, root: &Path) -> io::Result<()> {
    let path = root.join(FOLDER).join(".gitignore");
    if doors.files.kind(&path) == crate::os::files::FileKind::Missing {
        doors.files.write(&path, b"*\n", 0o600)?;
    }
    Ok(())
}

/// Removes what earlier runs left: runs beyond the kept ones, and raw files of runs that died where nothing is in doubt. A file that can't
/// be removed now is tried again at the next start.
fn sweep(doors: &Doors, runs: &Path) {
    let Ok(names) = doors.files.list(runs) else { return };
    let surplus = names.len().saturating_sub(KEPT_RUNS);
    for (index, id) in names.into_iter().enumerate() {
        let folder = runs.join(&id);
        let has_raw = doors.files.kind(&folder.join("raw")) != crate::os::files::FileKind::Missing;
        if index >= surplus && !has_raw {
            continue;
        }
        let Ok(run) = read(doors, runs, id) else { continue };
        if run.exit_code().is_none() && run.process().is_some_and(identity::is_alive) {
            continue;
        }
        if has_raw && is_in_doubt(&run) && !is_known(doors, &folder.join("raw")) {
            continue;
        }
        if index < surplus {
            doors.files.remove_dir(&folder).ok();
        } else {
            doors.files.remove_dir(&folder.join("raw")).ok();
        }
    }
}

/// Whether the shims of a dead run say that everything they ran has ended well: then nothing is in doubt although the journal has no
/// result. Where they do not, plan and variable files are removed once nothing runs any more; the streams stay as witnesses.
fn is_known(doors: &Doors, raw: &Path) -> bool {
    let names = doors.files.list(raw).unwrap_or_default();
    let reports: Vec<Option<ShimReport>> = names
        .iter()
        .filter(|name| name.ends_with(".out"))
        .map(|name| shim::read_report(&raw.join(name).with_extension("status")))
        .collect();
    let is_alive = |report: &Option<ShimReport>| matches!(report, Some(ShimReport::Running { process }) if identity::is_alive(process));
    if reports.iter().any(is_alive) {
        return false;
    }
    let is_witness = |name: &&String| [".out", ".err", ".status"].iter().any(|ending| name.ends_with(ending));
    for name in names.iter().filter(|name| !is_witness(name)) {
        doors.files.remove(&raw.join(name)).ok();
    }
    let plan_or_success = |termination: &Termination| {
        // A plan with changes exits with 2 (`-detailed-exitcode`); what was open may have been one.
        matches!(termination, Termination::Exited { status: 0 | 2 })
    };
    reports.iter().all(
        |report| matches!(report, Some(ShimReport::Ended { termination }) if plan_or_success(termination)),
    )
}

/// Whether a step of the run changed something and its result is not recorded: then its raw stream is the only witness.
fn is_in_doubt(run: &StoredRun) -> bool {
    let mut open: HashMap<&str, bool> = HashMap::new();
    for record in &run.records {
        match &record.entry {
            Entry::Step { step, effect, .. } => {
                open.insert(step, *effect != crate::plan::Effect::Reads);
            }
            Entry::StepEnded { step, .. } => {
                open.remove(step.as_str());
            }
            _ => {}
        }
    }
    open.into_values().any(|changes| changes)
}

/// A step's name as a file name: `workspace:base:plan` → `workspace-base-plan`.
pub fn file_name(step: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    step.chars().map(safe).collect()
}
