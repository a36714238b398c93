//! Is a step's work still as it was left? What goes into the answer, and the answer with its reason.
//!
//! A step says what its result depends on (`Fingerprint`): small parts as digests, each under a name that a person understands, and files by
//! patterns, which the engine looks at. What is recorded after a success is compared before the next one; the first part that differs is the
//! reason. Parts are told by name, values never.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::text::count::count;
use crate::text::patterns::Patterns;

/// Everything that a step's result depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// What goes into it: digests, never values, by the part's name. Taken before the step runs; where it is another one afterwards, nothing is
    /// recorded.
    pub inputs: BTreeMap<String, String>,
    /// What the step itself may change, taken again afterwards.
    pub results: BTreeMap<String, String>,
    /// Files that go in.
    pub sources: Patterns,
    /// Files that it makes: they have to be as it left them.
    pub outputs: Patterns,
    /// Names of steps, without their arguments, whose results go in.
    pub needs: Vec<String>,
    /// Why it always runs, although what it makes is looked at for those that need it.
    pub always: Option<String>,
    /// It does nothing itself: its result is that of the steps that it needs.
    pub hands_on: bool,
    /// Parts that can't be known without running something.
    pub unknown: Vec<String>,
}

impl Fingerprint {
    /// Adds the digest of `bytes` under `part`.
    pub fn add(&mut self, part: impl Into<String>, bytes: &[u8]) {
        self.inputs.insert(part.into(), digest(bytes));
    }

    /// The same of something that the step itself may change.
    pub fn add_result(&mut self, part: impl Into<String>, bytes: &[u8]) {
        self.results.insert(part.into(), digest(bytes));
    }
}

fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Whether a step has to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// Its work is as it was left.
    Fresh {
        /// So many files went in.
        sources: usize,
        /// So many came out.
        outputs: usize,
    },
    /// It has to run.
    Stale(Reason),
    /// It was done in the run that this one goes on for.
    Kept {
        /// Which one.
        reason: String,
    },
    /// Only a run can tell: these parts are known then.
    Open {
        /// Their names.
        parts: Vec<String>,
    },
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileChange {
    /// Its content is another one.
    Changed,
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
}

/// Why a step has to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Reason {
    /// No record of a success.
    NeverRun,
    /// `--force`.
    Forced,
    /// It is one that always runs.
    Always {
        /// Why.
        why: String,
    },
    /// Its last run did not come to a good end, or is still under way.
    Unfinished,
    /// This part is not what it was.
    Changed {
        /// Its name in the fingerprint.
        part: String,
    },
    /// A source is not what it was.
    Source {
        /// Its path in the project.
        path: String,
        /// What became of it.
        change: FileChange,
        /// So many others with it.
        others: usize,
    },
    /// An output is not as it was left.
    Output {
        /// Its path in the project.
        path: String,
        /// What became of it.
        change: FileChange,
        /// So many others with it.
        others: usize,
    },
    /// What the sources name is not there.
    NoSource {
        /// The pattern.
        pattern: String,
    },
    /// A source or another part changed while it ran: what came out belongs to neither.
    ChangedMeanwhile {
        /// The part, or the path of the file.
        part: String,
    },
    /// It did not make what its outputs name.
    NotMade {
        /// The pattern.
        pattern: String,
    },
    /// Another run of it, with other values, made this at the same time: nobody knows whose it is.
    MadeByTwo {
        /// The file's path in the project.
        path: String,
    },
    /// A step that it needs ran, and nobody knows what that changed.
    Needs {
        /// That step's title.
        title: String,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = |change: FileChange| match change {
            FileChange::Changed => "changed",
            FileChange::Added => "is new",
            FileChange::Removed => "is gone",
        };
        match self {
            Self::NeverRun => formatter.write_str("it has not been done yet"),
            Self::Forced => formatter.write_str("--force"),
            Self::Always { why } => formatter.write_str(why),
            Self::Unfinished => formatter.write_str("its last run did not come to a good end"),
            Self::Changed { part } => write!(formatter, "{part} changed"),
            Self::Source { path, change, others } => {
                write!(formatter, "{path} {}{}", file(*change), and(*others, "source"))
            }
            Self::Output { path, change, others } => {
                write!(formatter, "its output {path} {}{}", file(*change), and(*others, "output"))
            }
            Self::NoSource { pattern } => write!(formatter, "no file fits its source `{pattern}`"),
            Self::ChangedMeanwhile { part } => write!(formatter, "{part} changed while it ran"),
            Self::NotMade { pattern } => write!(formatter, "it did not make its output `{pattern}`"),
            Self::MadeByTwo { path } => {
                write!(formatter, "another run of it made its output {path} at the same time")
            }
            Self::Needs { title } => write!(formatter, "`{title}` runs each time"),
        }
    }
}

fn and(others: usize, noun: &str) -> String {
    if others == 0 { String::new() } else { format!(", and {}", count(others, &format!("other {noun}"))) }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fresh { sources: 0, outputs: 0 } => formatter.write_str("up to date: as it was left"),
            Self::Fresh { .. } => write!(formatter, "up to date: {}", self.unchanged()),
            Self::Stale(reason) => write!(formatter, "runs: {reason}"),
            Self::Kept { reason } => write!(formatter, "not again: {reason}"),
            Self::Open { parts } => {
                write!(formatter, "runs only if {} changed, which a run will tell", parts.join(" or "))
            }
        }
    }
}

impl Verdict {
    /// What is as it was: `12 sources and 1 output unchanged`.
    pub fn unchanged(&self) -> String {
        match self {
            Self::Fresh { sources, outputs } => match (*sources, *outputs) {
                (0, 0) => "as it was left".to_owned(),
                (sources, 0) => format!("{} unchanged", count(sources, "source")),
                (0, outputs) => format!("{} unchanged", count(outputs, "output")),
                (sources, outputs) => {
                    format!("{} and {} unchanged", count(sources, "source"), count(outputs, "output"))
                }
            },
            _ => String::new(),
        }
    }
}

impl Verdict {
    /// The same with each text rewritten: masked.
    #[must_use]
    pub fn map_text(self, map: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Fresh { .. } => self,
            Self::Stale(reason) => Self::Stale(reason.map_text(map)),
            Self::Kept { reason } => Self::Kept { reason: map(&reason) },
            Self::Open { parts } => Self::Open { parts: parts.iter().map(|part| map(part)).collect() },
        }
    }
}

impl Reason {
    fn map_text(mut self, map: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::NeverRun | Self::Forced | Self::Unfinished => {}
            Self::Always { why: text }
            | Self::Changed { part: text }
            | Self::Source { path: text, .. }
            | Self::Output { path: text, .. }
            | Self::NoSource { pattern: text }
            | Self::ChangedMeanwhile { part: text }
            | Self::NotMade { pattern: text }
            | Self::MadeByTwo { path: text }
            | Self::Needs { title: text } => *text = map(text),
        }
        self
    }
}

/// The first part that differs.
pub fn difference(
    recorded: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    unknown: &[String],
) -> Option<Reason> {
    let parts: std::collections::BTreeSet<&String> = recorded.keys().chain(now.keys()).collect();
    parts
        .into_iter()
        .filter(|part| !unknown.contains(part))
        .find(|part| recorded.get(*part) != now.get(*part))
        .map(|part| Reason::Changed { part: part.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(parts: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut fingerprint = Fingerprint::default();
        for (part, text) in parts {
            fingerprint.add(*part, text.as_bytes());
        }
        fingerprint.inputs
    }

    #[test]
    fn a_changed_a_new_and_a_lost_part_are_each_named() {
        let now = parts(&[("a", "1"), ("b", "2")]);
        let stale = |part: &str| Some(Reason::Changed { part: part.into() });
        assert_eq!(difference(&now, &now, &[]), None);
        assert_eq!(difference(&parts(&[("a", "1"), ("b", "3")]), &now, &[]), stale("b"));
        assert_eq!(difference(&parts(&[("a", "1")]), &now, &[]), stale("b"));
        assert_eq!(difference(&parts(&[("a", "1"), ("b", "2"), ("c", "")]), &now, &[]), stale("c"));
        assert_eq!(difference(&parts(&[("a", "1")]), &now, &["b".to_owned()]), None);
    }

    #[test]
    fn a_reason_is_one_sentence_that_names_the_file() {
        let source = |others| Reason::Source { path: "src/a.rs".into(), change: FileChange::Changed, others };
        assert_eq!(source(0).to_string(), "src/a.rs changed");
        assert_eq!(source(1).to_string(), "src/a.rs changed, and 1 other source");
        let output = Reason::Output { path: "out".into(), change: FileChange::Removed, others: 2 };
        assert_eq!(Verdict::Stale(output).to_string(), "runs: its output out is gone, and 2 other outputs");
        assert_eq!(
            Verdict::Fresh { sources: 12, outputs: 1 }.to_string(),
            "up to date: 12 sources and 1 output unchanged"
        );
    }

    #[test]
    fn a_verdict_as_data_keeps_its_reason() {
        let reason = Reason::Source { path: "a".into(), change: FileChange::Added, others: 0 };
        let json = serde_json::to_value(Verdict::Stale(reason.clone())).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "verdict": "stale", "reason": "source", "path": "a", "change": "added", "others": 0 })
        );
        assert_eq!(serde_json::from_value::<Verdict>(json).unwrap(), Verdict::Stale(reason));
    }
}
