//! `history`: earlier runs, from their journals.

use std::time::Duration;

use crate::cli::options::Options;
use crate::cli::{print, project};
use crate::diagnostic::{Fault, FaultKind};
use crate::journal::record::Entry;
use crate::journal::store::{self, StoredRun};
use crate::os::{Doors, identity};
use crate::text::visible::one_line;
use crate::text::{columns, duration};

pub(super) fn run(doors: &Doors, options: &Options, number: usize) -> Result<u8, Fault> {
    let root = project::root(doors, options.file.as_deref())?;
    let runs = runs(doors, &root)?;
    let shown = &runs[runs.len().saturating_sub(number)..];
    let now = doors.clock.now();
    let lines: Vec<Line> = shown.iter().map(|run| Line::of(run, identity::is_alive)).collect();
    if options.json {
        for line in &lines {
            let row = serde_json::json!({
                "run": line.run, "at": line.at, "command": line.command, "result": line.result.word(),
                "exit_code": line.result.exit_code(), "took_ms": line.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            });
            print(&format!("{row}\n"));
        }
        return Ok(0);
    }
    if lines.is_empty() {
        print("There are no runs yet.\n");
        return Ok(0);
    }
    let mut table = vec![["RUN", "WHEN", "RESULT", "TOOK", "COMMAND"].map(str::to_owned).to_vec()];
    table.extend(lines.iter().map(|line| line.cells(now)));
    print(&columns::render(&table));
    Ok(0)
}

/// All runs, the newest last.
pub(super) fn runs(doors: &Doors, root: &std::path::Path) -> Result<Vec<StoredRun>, Fault> {
    store::list(doors, root).map_err(|error| {
        Fault::new(FaultKind::World, format!("the runs in {}/runs could not be read: {error}", store::FOLDER))
    })
}

/// How a run ended, as far as its journal tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunResult {
    Ended(u8),
    Running,
    Died,
}

impl RunResult {
    fn word(self) -> &'static str {
        let is = |kind: FaultKind| self == Self::Ended(kind.exit_code());
        match self {
            Self::Ended(0) => "ok",
            Self::Ended(_) if is(FaultKind::Declined) => "declined",
            // Hang-up, Ctrl-C, Ctrl-\ and `kill`: the signals that end a run.
            Self::Ended(129..=131 | 143) => "interrupted",
            Self::Ended(_) => "failed",
            Self::Running => "running",
            Self::Died => "died",
        }
    }

    fn exit_code(self) -> Option<u8> {
        match self {
            Self::Ended(code) => Some(code),
            Self::Running | Self::Died => None,
        }
    }
}

/// One row.
#[derive(Clone, Debug)]
struct Line {
    run: String,
    at: Option<jiff::Timestamp>,
    command: String,
    result: RunResult,
    took: Option<Duration>,
}

impl Line {
    fn of(run: &StoredRun, is_alive: impl Fn(&crate::journal::record::ProcessIdentity) -> bool) -> Self {
        let (mut at, mut command, mut took) = (None, String::new(), None);
        for record in &run.records {
            match &record.entry {
                Entry::Run { command: line, .. } => (at, command) = (Some(record.at), line.clone()),
                Entry::RunEnded { took: time, .. } => took = Some(*time),
                _ => {}
            }
        }
        let result = match run.exit_code() {
            Some(code) => RunResult::Ended(code),
            None if run.process().is_some_and(is_alive) => RunResult::Running,
            None => RunResult::Died,
        };
        Self { run: run.id.clone(), at, command, result, took }
    }

    fn cells(&self, now: jiff::Timestamp) -> Vec<String> {
        let when = self.at.map_or_else(|| "-".to_owned(), |at| when(at, now));
        let result = match self.result {
            RunResult::Ended(code) if self.result.word() == "failed" => format!("failed ({code})"),
            other => other.word().to_owned(),
        };
        let took = self.took.map_or_else(|| "-".to_owned(), duration::render);
        let command = if self.command.is_empty() { "-".to_owned() } else { one_line(&self.command) };
        vec![self.run.clone(), when, result, took, command]
    }
}

/// `2026-11-22 10:15:00Z, 3m ago`.
fn when(at: jiff::Timestamp, now: jiff::Timestamp) -> String {
    let ago = now.duration_since(at);
    let ago = match Duration::try_from(ago) {
        Ok(ago) if ago.as_secs() >= 1 => format!("{} ago", largest(ago)),
        _ => "now".to_owned(),
    };
    format!("{}, {ago}", at.strftime("%Y-%m-%d %H:%M:%SZ"))
}

/// In its largest unit, whole: `3m`, `2h`, `5d`.
fn largest(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [("d", 86_400), ("h", 3_600), ("m", 60)];
    match units.iter().find(|(_, size)| seconds >= *size) {
        Some((unit, size)) => format!("{}{unit}", seconds / size),
        None => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::{JOURNAL_VERSION, ProcessIdentity, Record};

    fn run(ended: Option<u8>) -> StoredRun {
        let at: jiff::Timestamp = "2026-11-22T10:15:00Z".parse().unwrap();
        let record = |entry| Record { version: JOURNAL_VERSION, at, entry };
        let process = ProcessIdentity { pid: 1, started: 1, boot: String::new(), host: String::new() };
        let mut records = vec![record(Entry::Run {
            run: "r".into(),
            command: "shipway up".into(),
            process,
            steps: vec![],
            tasks_file: String::new(),
            resumes: None,
        })];
        records.extend(
            ended.map(|exit_code| record(Entry::RunEnded { exit_code, took: Duration::from_millis(12_400) })),
        );
        StoredRun { id: "r".into(), folder: "r".into(), records }
    }

    #[test]
    fn each_way_to_end_has_its_word() {
        for (code, word) in [
            (0, "ok"),
            (1, "failed"),
            (5, "declined"),
            (130, "interrupted"),
            (131, "interrupted"),
            (42, "failed"),
        ] {
            assert_eq!(Line::of(&run(Some(code)), |_| true).result.word(), word, "{code}");
        }
        assert_eq!(Line::of(&run(None), |_| true).result, RunResult::Running);
        assert_eq!(Line::of(&run(None), |_| false).result, RunResult::Died);
    }

    #[test]
    fn a_row_tells_when_in_both_ways() {
        let now = "2026-11-22T10:18:30Z".parse().unwrap();
        let cells = Line::of(&run(Some(3)), |_| true).cells(now);
        assert_eq!(cells, ["r", "2026-11-22 10:15:00Z, 3m ago", "failed (3)", "12s", "shipway up"]);
    }

    #[test]
    fn a_run_that_died_before_its_first_record_is_listed() {
        let line = Line::of(&StoredRun { records: vec![], ..run(None) }, |_| true);
        assert_eq!(line.cells(jiff::Timestamp::UNIX_EPOCH), ["r", "-", "died", "-", "-"]);
    }
}
