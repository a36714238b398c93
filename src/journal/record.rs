//! Records of the journal as data.
//!
//! A run's journal is a file of JSON lines, only ever appended to. An intent stands in it before the act, so that whoever comes after a
//! crash knows what may have been started. No secret is in a record: command lines are masked, values are digests.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::{Termination, milliseconds};
use crate::plan::{Digest, Effect, Ending, WhenOrphaned};

/// Version of the record format: the newest kind of entry in it. A record carries the version that brought its kind.
pub const JOURNAL_VERSION: u32 = 2;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the format that brought its entry, at most `JOURNAL_VERSION`.
    pub version: u32,
    /// Wall-clock time.
    pub at: jiff::Timestamp,
    /// What is recorded.
    pub entry: Entry,
}

/// What can be recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "entry")]
pub enum Entry {
    /// A run is about to start.
    Run {
        /// The run's id.
        run: String,
        /// What was typed, masked.
        command: String,
        /// Who runs it.
        process: ProcessIdentity,
        /// Names of the steps, in order.
        steps: Vec<String>,
        /// The digest of the tasks file and what it includes; empty where there was none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        tasks_file: String,
        /// The run that it goes on for, whose steps it keeps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resumes: Option<String>,
    },
    /// A step is about to start.
    Step {
        /// Its name.
        step: String,
        /// From 1.
        attempt: u32,
        /// What it does to the world.
        effect: Effect,
        /// What happens to it when we die.
        when_orphaned: WhenOrphaned,
    },
    /// A command is about to start.
    Command {
        /// The step that runs it.
        step: String,
        /// The line that could be pasted into a shell, masked.
        line: String,
        /// The folder that it runs in.
        dir: String,
        /// What the change is bound to: the approved plan's digest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Digest>,
        /// The name, without an ending, of the files in `raw/` that it writes; where it writes to files.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<String>,
        /// What the step wants to know of it after a crash: it has to be settled before the like of it is done again. Words and digests
        /// of the step's own.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        facts: BTreeMap<String, String>,
    },
    /// What became of a command with facts is known and dealt with; of this run, or of an earlier one that left it open.
    Settled {
        /// The run.
        run: String,
        /// Its step.
        step: String,
        /// In a few words.
        result: String,
    },
    /// A command that can outlive us has started.
    CommandStarted {
        /// The step that runs it.
        step: String,
        /// The process, to be told from another one that got its number later.
        process: ProcessIdentity,
    },
    /// A command ended.
    CommandEnded {
        /// The step that ran it.
        step: String,
        /// How it ended.
        termination: Termination,
        /// How long it took.
        #[serde(rename = "took_ms", with = "milliseconds")]
        took: Duration,
    },
    /// A question was answered.
    Answer {
        /// The step that asked.
        step: String,
        /// What the answer is bound to.
        digests: Vec<Digest>,
        /// Whether it was yes.
        approved: bool,
        /// Who answered.
        by: String,
    },
    /// A step is over.
    StepEnded {
        /// Its name.
        step: String,
        /// How it ended; `ignored` since version 2.
        ending: Ending,
        /// How long it took.
        #[serde(rename = "took_ms", with = "milliseconds")]
        took: Duration,
    },
    /// The run is over.
    RunEnded {
        /// What Shipway exits with.
        exit_code: u8,
        /// How long it took.
        #[serde(rename = "took_ms", with = "milliseconds")]
        took: Duration,
    },
}

impl Entry {
    /// Version of the format that brought it.
    pub fn version(&self) -> u32 {
        match self {
            Self::StepEnded { ending: Ending::Ignored { .. }, .. } => 2,
            _ => 1,
        }
    }
}

/// A process on one machine in one boot: the number alone is used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// Process number.
    pub pid: u32,
    /// When it started, in the kernel's own clock ticks since boot; 0 where the system does not tell.
    pub started: u64,
    /// The boot that it runs in; empty where the system does not tell.
    pub boot: String,
    /// The machine's name.
    pub host: String,
}
