//! How steps end, and what a step may ask.

use serde::{Deserialize, Serialize};

use crate::diagnostic::Fault;

/// What an approval is bound to: the digest of exactly that which was shown (a plan file's bytes, a list of names).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub String);

/// One thing that an approval would allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedChange {
    /// What it is called in the question: a workspace's name, a task's name.
    pub name: String,
    /// In short: `2 to add, 1 to destroy`; empty where there is nothing to count.
    pub summary: String,
    /// Addresses that would be destroyed.
    pub destroys: Vec<String>,
    /// Addresses that would be destroyed and made anew.
    pub replaces: Vec<String>,
    /// What the approval is bound to.
    pub digest: Digest,
}

/// A question that a step puts before it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The question itself: `Apply base?`.
    pub question: String,
    /// What it would allow, in the order in which it would be done.
    pub changes: Vec<ProposedChange>,
    /// Words that have to be typed (or given as `--confirm WORD`), one for each protected thing; `--yes` is not enough then.
    pub words: Vec<String>,
}

/// Why a step was not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Skip {
    /// A step that it needs did not end well.
    Needs {
        /// That step's title.
        title: String,
    },
    /// Another step failed, and nothing new was to be started.
    OtherFailed {
        /// That step's title.
        title: String,
    },
    /// A question before it was answered with no.
    Declined {
        /// The title of the step that asked.
        title: String,
    },
    /// A signal came first.
    Interrupted,
    /// It is a part of a whole that does not run here.
    HeldBack {
        /// Why not.
        reason: String,
    },
    /// The step itself found that there is nothing for it to do.
    Nothing {
        /// Why.
        reason: String,
    },
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum Ending {
    /// It did its work.
    Done,
    /// Its work was done already.
    UpToDate {
        /// How one knows.
        reason: String,
    },
    /// It was not run.
    Skipped(Skip),
    /// It failed, and what needs it runs all the same.
    Ignored {
        /// Why, where and what next.
        fault: Fault,
    },
    /// It asked, and the answer was no.
    Declined {
        /// The question.
        question: String,
    },
    /// It failed.
    Failed {
        /// Why, where and what next.
        fault: Fault,
    },
}

/// Why a step that closes others finds them not done, and with which status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// How it would have been skipped if it were no closing step.
    pub skip: Skip,
    /// What the first of them that failed would have us exit with; 0 where nothing failed.
    pub status: u8,
}

impl Ending {
    /// Whether steps that need it may run.
    pub fn is_good(&self) -> bool {
        match self {
            Self::Done
            | Self::UpToDate { .. }
            | Self::Ignored { .. }
            | Self::Skipped(Skip::Nothing { .. }) => true,
            Self::Skipped(_) | Self::Declined { .. } | Self::Failed { .. } => false,
        }
    }
}
