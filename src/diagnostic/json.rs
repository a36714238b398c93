//! Diagnostics as data, for editors and CI annotations.

use serde_json::{Value, json};

use super::order::ordered;
use super::{Diagnostic, Label, Position, Sources, Span};

/// The same as `render` shows, in the same order: an array of `{ severity, code, title, file, line, column,
/// end_line, end_column, labels, notes, help }`.
///
/// Each label is `{ file, line, column, end_line, end_column, text }`, and the first is the place itself.
/// Lines and columns count from 1, columns in characters, and the end is the first character after the place.
/// A diagnostic without a place has `null` for all five.
pub fn to_json(sources: &Sources, diagnostics: &[Diagnostic]) -> Value {
    ordered(diagnostics).into_iter().map(|diagnostic| diagnostic_json(sources, diagnostic)).collect()
}

fn diagnostic_json(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let place = diagnostic.span().map(|span| Place::of(sources, span));
    json!({
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "title": diagnostic.title,
        "file": place.as_ref().map(|place| &place.file),
        "line": place.as_ref().map(|place| place.start.line),
        "column": place.as_ref().map(|place| place.start.column),
        "end_line": place.as_ref().map(|place| place.end.line),
        "end_column": place.as_ref().map(|place| place.end.column),
        "labels": diagnostic.labels.iter().map(|label| label_json(sources, label)).collect::<Vec<_>>(),
        "notes": diagnostic.notes,
        "help": diagnostic.help,
    })
}

fn label_json(sources: &Sources, label: &Label) -> Value {
    let Place { file, start, end } = Place::of(sources, label.span);
    json!({
        "file": file,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "text": label.text,
    })
}

struct Place {
    file: String,
    start: Position,
    end: Position,
}

impl Place {
    fn of(sources: &Sources, span: Span) -> Self {
        Self {
            file: sources.path(span.source).display().to_string(),
            start: sources.position(span),
            end: sources.end_position(span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_is_told_with_its_places() {
        let mut sources = Sources::default();
        let tasks = sources.add("tasks.toml", "[tasks.build]\nrunn = 1\n");
        let docs = sources.add("docs/tasks.toml", "[tasks]\n");
        let diagnostic =
            Diagnostic::error("unknown-key", "unknown key `runn`", Span::new(tasks, 14, 18), "unknown")
                .also(Span::new(docs, 0, 99), "")
                .note("a note")
                .help("write `run`");
        let expected = json!([{
            "severity": "error",
            "code": "unknown-key",
            "title": "unknown key `runn`",
            "file": "tasks.toml",
            "line": 2, "column": 1, "end_line": 2, "end_column": 5,
            "labels": [
                { "file": "tasks.toml", "line": 2, "column": 1, "end_line": 2, "end_column": 5, "text": "unknown" },
                { "file": "docs/tasks.toml", "line": 1, "column": 1, "end_line": 1, "end_column": 8, "text": "" },
            ],
            "notes": ["a note"],
            "help": ["write `run`"],
        }]);
        assert_eq!(to_json(&sources, &[diagnostic.clone(), diagnostic]), expected);
    }

    #[test]
    fn a_diagnostic_without_a_place_has_null_for_it() {
        let mut sources = Sources::default();
        let span = Span::new(sources.add("tasks.toml", ""), 0, 0);
        let diagnostic = Diagnostic { labels: vec![], ..Diagnostic::warning("rule", "title", span, "") };
        let expected = json!([{
            "severity": "warning",
            "code": "rule",
            "title": "title",
            "file": null,
            "line": null, "column": null, "end_line": null, "end_column": null,
            "labels": [],
            "notes": [],
            "help": [],
        }]);
        assert_eq!(to_json(&sources, &[diagnostic]), expected);
        assert_eq!(to_json(&sources, &[]), json!([]));
    }
}
