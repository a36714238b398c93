//! A run as a document, for whoever was not there: a CI service, an archive, a pull request. Pure, by the run's events alone, so that a
//! document of a run that goes on and one that is made of its stored events later are the same.
//!
//! `record` folds events into what became of each step; `junit`, `json` and `markdown` write that down. Which one it is, the ending of the file's
//! name says. All texts are masked already; what would steer a terminal is taken out.

mod json;
mod junit;
mod markdown;
mod record;

use std::path::Path;

pub use record::RunRecord;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// JUnit's XML, which CI services show: a step is a test.
    Junit,
    /// JSON, versioned.
    Json,
    /// Markdown, for a summary page or a comment.
    Markdown,
}

impl DocumentKind {
    /// The kind that the ending of a file's name asks for: `.xml`, `.json` or `.md`.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "xml" => Some(Self::Junit),
            "json" => Some(Self::Json),
            "md" => Some(Self::Markdown),
            _ => None,
        }
    }

    /// The document.
    pub fn render(self, record: &RunRecord) -> String {
        match self {
            Self::Junit => junit::render(record),
            Self::Json => json::render(record),
            Self::Markdown => markdown::render(record),
        }
    }
}

#[cfg(test)]
mod tests;
