//! The events of a run on their way to the disk.
//!
//! They are for people, and nothing is decided by them; so they may stay in memory for a moment. Those of a run that is over by then are
//! written behind the last record of its journal: a file of their own costs more than many a task.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use crate::event::{Bytes, Event, EventKind, Level};
use crate::os::files::append_private;
use crate::text::whole_lines;

/// The file that they have in a run's folder.
pub(super) const FILE: &str = "events.jsonl";

/// So many bytes of lines are kept of one run: a command that prints without end must not fill the disk.
const LINES: usize = 64 * 1024 * 1024;

/// They are in memory for so long at most.
const MOMENT: Duration = Duration::from_millis(100);

/// So many bytes are in memory at most; one event more, to be exact.
const WAITING: usize = 64 * 1024;

/// The events of a run, in order.
#[derive(Debug)]
pub(super) struct KeptEvents {
    path: PathBuf,
    /// Made when it is first needed.
    file: Option<File>,
    waiting: Vec<u8>,
    /// When the last were written, in the run's time.
    written: Duration,
    lines: usize,
}

impl KeptEvents {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None, waiting: Vec::new(), written: Duration::ZERO, lines: 0 }
    }

    /// Takes an event.
    pub(super) fn keep(&mut self, event: &Event) -> io::Result<()> {
        if matches!(event.kind, EventKind::Line { .. } | EventKind::Lines { .. }) {
            if self.lines > LINES {
                return Ok(());
            }
            self.lines += event.kind.weight();
            self.add(event)?;
            if self.lines > LINES {
                let text = "the run printed more than is kept; what follows was shown and is not here";
                let kind = EventKind::Notice { level: Level::Warning, text: text.to_owned() };
                self.add(&Event { version: kind.version(), step: event.step.clone(), kind, ..*event })?;
            }
        } else {
            self.add(event)?;
        }
        if self.waiting.len() > WAITING || event.elapsed.saturating_sub(self.written) > MOMENT {
            self.written = event.elapsed;
            return self.flush();
        }
        Ok(())
    }

    fn add(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::Lines { stream, text } if is_plain(text) => {
                let kind = EventKind::Lines { stream: *stream, text: Bytes::default() };
                let empty = Event { step: event.step.clone(), kind, ..*event };
                serde_json::to_writer(&mut self.waiting, &empty)?;
                put_into_end(&mut self.waiting, text)?;
            }
            _ => serde_json::to_writer(&mut self.waiting, event)?,
        }
        self.waiting.push(b'\n');
        Ok(())
    }

    /// Writes what is in memory.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(append_private(&self.path)?);
        }
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(&self.waiting));
        self.waiting.clear();
        written
    }

    /// The run is over: writes what is in memory, to the journal if nothing else of it is on the disk.
    pub(super) fn close(&mut self, journal: &mut File) -> io::Result<()> {
        if self.file.is_some() {
            return self.flush();
        }
        journal.write_all(&std::mem::take(&mut self.waiting))
    }
}

/// How an event ends whose last field is an empty text.
const EMPTY: &[u8] = br#""}}"#;

/// Whether a text stands in JSON as it is, but for its newlines.
fn is_plain(text: &[u8]) -> bool {
    // Without a way out, so that many bytes are looked at at once.
    let (is_plain, all) = text.iter().fold((true, 0), |(is_plain, all), &byte| {
        (is_plain & (((byte >= b' ') & (byte != b'"') & (byte != b'\\')) | (byte == b'\n')), all | byte)
    });
    is_plain && (all.is_ascii() || std::str::from_utf8(text).is_ok())
}

/// Puts a plain text into the empty one that `json` ends with. A million lines have a million newlines, and each costs a JSON writer as
/// much as many letters.
fn put_into_end(json: &mut Vec<u8>, text: &[u8]) -> io::Result<()> {
    if !json.ends_with(EMPTY) {
        return Err(io::Error::other("an event of lines does not end with its text"));
    }
    json.truncate(json.len() - EMPTY.len());
    whole_lines::put(json, text, b"", b"\\n");
    json.extend_from_slice(EMPTY);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Stream;
    use crate::os::Doors;
    use crate::os::files::{Files as _, RealFiles};

    fn event(kind: EventKind) -> Event {
        let at = jiff::Timestamp::UNIX_EPOCH;
        Event {
            version: kind.version(),
            at,
            elapsed: Duration::ZERO,
            step: Some("task:endless".into()),
            kind,
        }
    }

    #[test]
    fn a_command_that_prints_without_end_does_not_fill_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let mut kept = KeptEvents::new(path.clone());
        let line = event(EventKind::Lines { stream: Stream::Out, text: Bytes(vec![b'x'; LINES / 4]) });
        for _ in 0..8 {
            kept.keep(&line).unwrap();
        }
        kept.flush().unwrap();
        let log = RealFiles.read(&path).unwrap();
        assert!(log.len() < LINES * 3 / 2, "{}", log.len());
        let end = String::from_utf8_lossy(&log[log.len() - 120..]).into_owned();
        assert!(end.contains("was shown and is not here"), "{end}");
    }

    #[test]
    fn plain_lines_are_written_as_json_would_have_them() {
        for text in ["", "\n", "one\ntwo\n", "last", "grün\t\n", "\u{7f}\n", "a \"b\" \\ \r\u{1b}[0m\n"] {
            let event = event(EventKind::Lines { stream: Stream::Err, text: text.into() });
            let mut kept = KeptEvents::new(PathBuf::new());
            kept.add(&event).unwrap();
            let json = serde_json::to_string(&event).unwrap() + "\n";
            assert_eq!(String::from_utf8(kept.waiting).unwrap(), json);
        }
    }

    #[test]
    fn what_is_no_utf_8_is_kept_as_text() {
        let event =
            event(EventKind::Lines { stream: Stream::Out, text: Bytes(b"gr\xfcn \xc3\xbc\n".to_vec()) });
        let mut kept = KeptEvents::new(PathBuf::new());
        kept.add(&event).unwrap();
        let read: Event = serde_json::from_slice(&kept.waiting).unwrap();
        assert_eq!(read.kind, EventKind::Lines { stream: Stream::Out, text: "gr\u{fffd}n ü\n".into() });
    }

    #[test]
    fn events_are_read_back_from_wherever_they_are() {
        for is_long in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let doors = Doors::real();
            let run = super::super::RunStore::create(&doors, folder.path(), "shipway x", vec![]).unwrap();
            let said = event(EventKind::Lines { stream: Stream::Out, text: "one\ntwo\n".into() });
            run.event(&said).unwrap();
            if is_long {
                run.flush().unwrap();
            }
            run.event(&said).unwrap();
            run.close(&doors);
            let runs = super::super::list(&doors, folder.path()).unwrap();
            assert_eq!(runs[0].records.len(), 1);
            assert_eq!(runs[0].events(&doors).unwrap(), [said.clone(), said], "long: {is_long}");
            assert_eq!(runs[0].folder.join(FILE).exists(), is_long);
        }
    }
}
