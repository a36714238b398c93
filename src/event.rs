//! Events: what happened in a run, as data. The engine emits them; reports, the journal and `--json` consume the same ones.
//!
//! Texts in events are masked before the event is made; structural fields (step, address, kind) are never rewritten. The format
//! carries a version: a reader refuses a newer one. Nothing here knows how an event is drawn or kept.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::{Effect, Ending, Proposal, Verdict};

/// Version of the event format: the newest kind of event in it. An event carries the version that brought its kind.
pub const EVENTS_VERSION: u32 = 3;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Version of the format that brought its kind, at most `EVENTS_VERSION`.
    pub version: u32,
    /// Wall-clock time, RFC 3339 in UTC.
    pub at: jiff::Timestamp,
    /// Since the run started.
    #[serde(rename = "elapsed_ms", with = "milliseconds")]
    pub elapsed: Duration,
    /// The step's name, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What happened.
    pub kind: EventKind,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum EventKind {
    /// The first event.
    RunStarted {
        /// The run's id, as in `shipway logs ID`.
        run: String,
        /// What was typed, masked.
        command: String,
        /// The project's name.
        project: String,
        /// How many steps may run at once.
        jobs: usize,
        /// The plan, in order.
        steps: Vec<StepShape>,
    },
    /// A step starts. Its intent is in the journal.
    StepStarted {
        /// From 1; more after a redo.
        attempt: u32,
    },
    /// Whether the step has to run, and why.
    Judged(Verdict),
    /// A command starts.
    CommandStarted {
        /// The line that could be pasted into a shell, masked.
        line: String,
    },
    /// A command ended.
    CommandEnded {
        /// How.
        termination: Termination,
        /// How long it took.
        #[serde(rename = "took_ms", with = "milliseconds")]
        took: Duration,
    },
    /// A line that a command printed, without its newline, masked.
    Line {
        /// Where it was printed.
        stream: Stream,
        /// The line.
        text: String,
    },
    /// Lines that a command printed, masked; since version 2. Only kept and handed on: `--json` tells each as a `line` of its own.
    Lines {
        /// Where they were printed.
        stream: Stream,
        /// The lines as they were printed. The last has no newline where the command wrote none, or where more of it comes.
        text: Bytes,
    },
    /// How far a step is. Replaces the step's last progress.
    Progress(Progress),
    /// A sentence about a step or the run.
    Notice {
        /// How much it matters.
        level: Level,
        /// The sentence; may have several lines.
        text: String,
    },
    /// A step put a question.
    Asked {
        /// The question.
        proposal: Proposal,
    },
    /// A question was answered.
    Answered {
        /// Whether it was yes.
        approved: bool,
        /// Who answered: `terminal`, `--yes`, `--confirm`, `nothing to ask`.
        by: String,
    },
    /// A step found that earlier ones have to be done again.
    StepRedone {
        /// The name of the first of them.
        from: String,
        /// Why.
        reason: String,
    },
    /// A step is over.
    StepFinished {
        /// How it ended; `ignored` since version 3.
        ending: Ending,
        /// How long it took in all, questions not counted.
        #[serde(rename = "took_ms", with = "milliseconds")]
        took: Duration,
    },
    /// A signal came.
    Interrupted {
        /// Its name: `SIGINT`.
        signal: String,
        /// 1: the children were told politely. 2: what would be lost is said and they are told hard.
        count: u32,
    },
    /// The last event.
    RunFinished {
        /// What Shipway exits with.
        exit_code: u8,
        /// How the steps ended.
        counts: Counts,
    },
}

impl Event {
    /// Tells itself, or each of its lines as an event of its own.
    pub fn each(&self, mut tell: impl FnMut(&Event)) {
        let EventKind::Lines { stream, text } = &self.kind else { return tell(self) };
        let line = |text: &str| EventKind::Line { stream: *stream, text: text.to_owned() };
        let mut event = Event { version: 1, step: self.step.clone(), kind: line(""), ..*self };
        for text in String::from_utf8_lossy(text).split_terminator('\n') {
            event.kind = line(drawn(text));
            tell(&event);
        }
    }
}

/// What is left of a line that was drawn over itself, as progress bars are.
fn drawn(line: &str) -> &str {
    let line = line.strip_suffix('\r').unwrap_or(line);
    line.rsplit('\r').next().unwrap_or(line)
}

/// What a command printed: text mostly, but nobody says in which encoding. In JSON, which has to be UTF-8, U+FFFD stands for what is not.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(self), formatter)
    }
}

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(self))
    }
}

impl<'d> Deserialize<'d> for Bytes {
    fn deserialize<D: serde::Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into_bytes()))
    }
}

impl EventKind {
    /// Bytes of output in it.
    pub fn weight(&self) -> usize {
        match self {
            Self::Line { text, .. } => text.len(),
            Self::Lines { text, .. } => text.len(),
            _ => 0,
        }
    }

    /// Version of the format that brought it.
    pub fn version(&self) -> u32 {
        match self {
            Self::StepFinished { ending: Ending::Ignored { .. }, .. } => 3,
            Self::Lines { .. } => 2,
            _ => 1,
        }
    }
}

/// A step as `RunStarted` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepShape {
    /// Its name, as in `Event::step`.
    pub name: String,
    /// For people.
    pub title: String,
    /// Names of the steps that it waits for.
    pub needs: Vec<String>,
    /// What it does to the world.
    pub effect: Effect,
}

/// How far a step is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What it is doing in a few words.
    pub text: String,
    /// Finished parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<usize>,
    /// All parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
}

/// How the steps of a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Did their work.
    pub done: usize,
    /// Had nothing to do.
    pub up_to_date: usize,
    /// Were not run.
    pub skipped: usize,
    /// Failed, which they ignore; in none of the runs before version 3.
    #[serde(default)]
    pub ignored: usize,
    /// Asked and were answered with no.
    pub declined: usize,
    /// Failed.
    pub failed: usize,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, ending: &Ending) {
        match ending {
            Ending::Done => self.done += 1,
            Ending::UpToDate { .. } => self.up_to_date += 1,
            Ending::Skipped(_) => self.skipped += 1,
            Ending::Ignored { .. } => self.ignored += 1,
            Ending::Declined { .. } => self.declined += 1,
            Ending::Failed { .. } => self.failed += 1,
        }
    }
}

/// Which of a command's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Good to know.
    Note,
    /// Should be looked at.
    Warning,
}

/// Every way in which a process can end, nothing folded together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub enum Termination {
    /// It exited by itself.
    Exited {
        /// Its exit status.
        status: i32,
    },
    /// A signal ended it.
    Signaled {
        /// The signal's number.
        signal: i32,
    },
    /// It ran longer than it may, and was ended.
    TimedOut,
    /// It ended without a trace: the process is gone and no status was left.
    Unknown,
}

impl Termination {
    /// Whether it exited with 0.
    pub fn is_success(self) -> bool {
        self == Self::Exited { status: 0 }
    }

    /// The exit status that a shell would report; 128 + n for a signal.
    pub fn status(self) -> u8 {
        match self {
            Self::Exited { status } => u8::try_from(status).unwrap_or(1),
            Self::Signaled { signal } => u8::try_from(128 + signal).unwrap_or(255),
            Self::TimedOut => 124,
            Self::Unknown => 1,
        }
    }
}

impl std::fmt::Display for Termination {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited { status } => write!(formatter, "exit status {status}"),
            Self::Signaled { signal } => write!(formatter, "ended by signal {signal}"),
            Self::TimedOut => formatter.write_str("ended after its time was over"),
            Self::Unknown => formatter.write_str("ended without leaving a status"),
        }
    }
}

/// Durations as whole milliseconds at the file's edge.
pub(crate) mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Ok(Duration::from_millis(u64::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_before_failures_were_counted_as_ignored_is_read() {
        let counts = r#"{"done":1,"up_to_date":2,"skipped":3,"declined":0,"failed":0}"#;
        let read: EventKind =
            serde_json::from_str(&format!(r#"{{"event":"run-finished","exit_code":0,"counts":{counts}}}"#))
                .unwrap();
        let counts = Counts { done: 1, up_to_date: 2, skipped: 3, ..Counts::default() };
        assert_eq!(read, EventKind::RunFinished { exit_code: 0, counts });
    }
}
