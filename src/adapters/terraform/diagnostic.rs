//! One error or warning of terraform: its parts, from a `-json` stream. `text_box` reads the same from text, `frame` draws it.

use serde_json::Value as Json;

use super::json;
use crate::diagnostic::Severity;

/// An error or a warning. <https://developer.hashicorp.com/terraform/cli/commands/validate#json>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerraformDiagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// One short sentence; the only part that is stable enough to be matched.
    pub summary: String,
    /// The explanation, several lines; may be empty.
    pub detail: String,
    /// The object that it is about.
    pub address: Option<String>,
    /// Where in a file.
    pub place: Option<DiagnosticPlace>,
    /// The code there.
    pub snippet: Option<Snippet>,
}

/// A place in a file of the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagnosticPlace {
    /// Relative to the root's folder; absolute for a variables file that was named so; in `<>` where it isn't a file.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

/// The code that a diagnostic points at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snippet {
    /// The block around it, such as `resource "terraform_data" "a"`.
    pub context: Option<String>,
    /// One or more whole lines.
    pub code: String,
    /// The number of the first line.
    pub start_line: usize,
    /// The marked bytes of `code`; empty where nothing is marked.
    pub marked: std::ops::Range<usize>,
    /// What the parts of the expression were: `local.zone is object with 1 attribute "a"`.
    pub values: Vec<String>,
}

impl TerraformDiagnostic {
    /// Reads the `diagnostic` object of a stream.
    pub(super) fn from_json(object: &Json) -> Self {
        let severity = match object.get("severity").and_then(Json::as_str) {
            Some("warning") => Severity::Warning,
            _ => Severity::Error,
        };
        Self {
            severity,
            summary: json::text(object, "summary"),
            detail: json::text(object, "detail").trim_end().to_owned(),
            address: json::optional_text(object, "address"),
            place: object.get("range").and_then(place),
            snippet: object.get("snippet").filter(|snippet| snippet.is_object()).map(snippet),
        }
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

fn place(range: &Json) -> Option<DiagnosticPlace> {
    let start = range.get("start")?;
    Some(DiagnosticPlace {
        file: json::optional_text(range, "filename")?,
        line: json::number(start, "line").max(1),
        column: json::number(start, "column").max(1),
    })
}

fn snippet(object: &Json) -> Snippet {
    let values = object.get("values").and_then(Json::as_array);
    Snippet {
        context: json::optional_text(object, "context"),
        code: json::text(object, "code"),
        start_line: json::number(object, "start_line"),
        marked: json::number(object, "highlight_start_offset")..json::number(object, "highlight_end_offset"),
        values: values
            .into_iter()
            .flatten()
            .map(|value| format!("{} {}", json::text(value, "traversal"), json::text(value, "statement")))
            .collect(),
    }
}

/// The errors among `diagnostics`.
pub fn errors(diagnostics: &[TerraformDiagnostic]) -> impl Iterator<Item = &TerraformDiagnostic> {
    diagnostics.iter().filter(|diagnostic| diagnostic.is_error())
}
