//! Diagnostics: what is wrong in a text that a person wrote, where, and what to do about it.
//!
//! A `Diagnostic` is plain data; `render` draws it. This room does not know what the text means, nor which
//! file a rule comes from: `model` and `cli` say that.

pub mod fault;
mod json;
mod order;
mod render;
mod span;
mod summary;

pub use fault::{Fault, FaultKind};
pub use json::to_json;
pub use render::render;
pub use span::{Lines, Position, Source, SourceId, Sources, Span, Spanned};
pub use summary::summary;

use serde::Serialize;

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file can't be used.
    Error,
    /// The file can be used, but a person should look.
    Warning,
}

/// A place that a diagnostic points at, with what is to be said there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The marked text.
    pub span: Span,
    /// What is said beside the mark; may be empty.
    pub text: String,
}

/// One fault or warning in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name of the rule, in kebab case: `unknown-key`.
    pub code: &'static str,
    /// One sentence without a final period.
    pub title: String,
    /// The place itself first, then the places that explain it. Empty where no text has a place for the
    /// fault: a key that is missing in an empty file, a file that can't be read.
    pub labels: Vec<Label>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to do next.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at `span`, with `label` beside the mark.
    pub fn error(code: &'static str, title: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            title: title.into(),
            labels: vec![Label { span, text: label.into() }],
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// The same, as a warning.
    pub fn warning(
        code: &'static str,
        title: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, title, span, label) }
    }

    /// Where the fault is, if it has a place.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }

    /// Also marks `span`.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: label.into() });
        self
    }

    /// Adds a further fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

#[cfg(test)]
mod tests;
