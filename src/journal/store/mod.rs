//! The journal on disk: `.shipway/runs/ID/`, private to the user.
//!
//! ```text
//! journal.jsonl   records; an intent is in the file before the act
//! events.jsonl    every event, for `logs` to replay
//! steps/NAME.log  what the step printed and said, masked
//! raw/            unmasked streams, plan and variable files of open steps; gone with the run, but for the streams of what is not settled
//! ```
//!
//! An intent of a step whose work outlives us is forced to the disk; the others are written, which is enough to survive our own death. A journal that
//! can't be written is an error that stops a change before it happens; a log that can't be written is not.

mod read;
mod sweep;
mod unfinished;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::record::{Entry, JOURNAL_VERSION, Record};
use crate::event::{Event, EventKind};
use crate::os::files::{Files as _, RealFiles, append_private, create_private, create_private_folder};
use crate::os::{Doors, identity, kill_point};

pub use read::{StoredRun, list};
pub use unfinished::{Fate, Leftover, fate, unfinished};

/// So many bytes of lines are kept of one run: a command that prints without end must not fill the disk.
const KEPT_LINES: usize = 64 * 1024 * 1024;

/// File names may have 255 bytes; ours get endings.
const LONGEST_NAME: usize = 120;

/// The folder of Shipway's own files beside the tasks file.
pub const FOLDER: &str = ".shipway";

/// An open run.
#[derive(Debug)]
pub struct RunStore {
    id: String,
    command: String,
    folder: PathBuf,
    journal: Mutex<File>,
    /// The streams of commands that are not settled, by their steps.
    unsettled: Mutex<Vec<(String, String)>>,
    /// Whether something of an earlier run was settled: then its raw files may go.
    settled_others: AtomicBool,
    events: Mutex<io::BufWriter<File>>,
    logs: Mutex<HashMap<String, io::BufWriter<File>>>,
    kept: AtomicUsize,
}

impl RunStore {
    /// Makes the folder of a new run and records that it is about to start. `command` must be masked.
    pub fn create(doors: &Doors, root: &Path, command: &str, steps: Vec<String>) -> io::Result<Self> {
        let runs = root.join(FOLDER).join("runs");
        doors.files.create_private_dir(&runs)?;
        ignore_in_git(doors, root)?;
        sweep::sweep(doors, &runs);
        let process = identity::own();
        let (id, folder) = make_folder(doors, &runs, process.pid)?;
        let store = Self {
            unsettled: Mutex::default(),
            settled_others: AtomicBool::new(false),
            command: command.to_owned(),
            journal: Mutex::new(create_private(&folder.join("journal.jsonl"))?),
            events: Mutex::new(io::BufWriter::new(create_private(&folder.join("events.jsonl"))?)),
            logs: Mutex::default(),
            kept: AtomicUsize::new(0),
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
        self.folder.join("raw")
    }

    /// The log of a step.
    pub fn log_path(&self, step: &str) -> PathBuf {
        self.folder.join("steps").join(format!("{}.log", file_name(step)))
    }

    /// Appends a record; `durable` forces it to the disk before this returns.
    pub fn record(&self, at: jiff::Timestamp, entry: Entry, durable: bool) -> io::Result<()> {
        self.note_unsettled(&entry);
        let mut line = serde_json::to_vec(&Record { version: JOURNAL_VERSION, at, entry })?;
        line.push(b'\n');
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.write_all(&line)?;
        let written = if durable { journal.sync_data() } else { Ok(()) };
        kill_point::pass();
        written
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
        if self.settled_others.load(Ordering::Relaxed)
            && let Some(runs) = self.folder.parent()
        {
            sweep::sweep(doors, runs);
        }
        self.flush().ok();
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
        if self.kept.load(Ordering::Relaxed) > KEPT_LINES {
            return Ok(());
        }
        let mut json = Vec::with_capacity(lines.len() * 256);
        for event in lines {
            serde_json::to_writer(&mut json, event)?;
            json.push(b'\n');
        }
        self.events.lock().unwrap_or_else(PoisonError::into_inner).write_all(&json)?;
        let kept = self.kept.fetch_add(json.len(), Ordering::Relaxed) + json.len();
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
            if kept > KEPT_LINES {
                self.log(
                    step,
                    "(the run printed more than is kept; what follows was shown and is not here)\n",
                )?;
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Stream;

    #[test]
    fn a_command_that_prints_without_end_does_not_fill_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = RunStore::create(&Doors::real(), folder.path(), "shipway endless", vec![]).unwrap();
        let line = Event {
            version: crate::event::EVENTS_VERSION,
            at: jiff::Timestamp::UNIX_EPOCH,
            elapsed: std::time::Duration::ZERO,
            step: Some("task:endless".to_owned()),
            kind: EventKind::Line { stream: Stream::Out, text: "x".repeat(KEPT_LINES / 4) },
        };
        for _ in 0..8 {
            store.lines(std::slice::from_ref(&line)).unwrap();
        }
        store.flush().unwrap();
        let log = RealFiles.read(&store.log_path("task:endless")).unwrap();
        assert!(log.len() < KEPT_LINES * 5 / 4, "{}", log.len());
        let end = String::from_utf8_lossy(&log[log.len() - 80..]).into_owned();
        assert!(end.contains("was shown and is not here"), "{end}");
    }
}
