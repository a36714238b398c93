//! TOML text → tree, with every syntax error at its place.
//!
//! The parser recovers and goes on, so one slip can give several errors on its line: the first of a line is told, the others
//! are noise. What the tree holds between a slip and the next table header is doubtful, and faults there are not told either.

use std::ops::Range;

use toml::de::DeTable;

use crate::diagnostic::{Diagnostic, SourceId, Span};

/// Parses `text`; errors go to `faults`, the stretches that they make doubtful to `doubtful`.
pub(super) fn parse<'a>(
    text: &'a str,
    source: SourceId,
    faults: &mut Vec<Diagnostic>,
    doubtful: &mut Vec<Span>,
) -> DeTable<'a> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut last_line = None;
    let mut errors: Vec<(Range<usize>, String)> = errors
        .iter()
        .map(|error| (error.span().unwrap_or(0..0), error.message().to_owned()))
        .collect();
    errors.sort_by_key(|(range, _)| range.start);
    // The parser puts the keys of a table that is defined twice into the first one, where they may be there again.
    let mut same_table_until = 0;
    for (range, message) in errors {
        let line = line_start(text, range.start);
        let is_duplicate = message == "duplicate key";
        if last_line.replace(line) == Some(line) || (is_duplicate && line < same_table_until) {
            continue;
        }
        if is_duplicate && text.get(line..).is_some_and(|rest| rest.starts_with('[')) {
            same_table_until = next_header(text, line);
        }
        faults.push(diagnostic(text, source, range, &message));
        // A key that is defined twice leaves the rest of its table as it was.
        if !is_duplicate {
            doubtful.push(Span::new(source, line, next_header(text, line)));
        }
    }
    table.into_inner()
}

fn diagnostic(text: &str, source: SourceId, range: Range<usize>, message: &str) -> Diagnostic {
    let end = range.end.min(text.len());
    let span = Span::new(source, range.start.min(end), end);
    if message != "duplicate key" {
        return Diagnostic::error("syntax", format!("invalid TOML: {message}"), span, "");
    }
    let name = text.get(range.clone()).unwrap_or_default();
    let diagnostic = Diagnostic::error(
        "duplicate-key",
        format!("`{name}` is defined twice"),
        span,
        "defined again",
    );
    match first_definition(text, range, name) {
        Some(first) => {
            diagnostic.also(Span::new(source, first.start, first.end), "first defined here")
        }
        None => diagnostic,
    }
}

/// Where the key that stands again at `again` was written first, found by its line: the parser doesn't tell.
fn first_definition(text: &str, again: Range<usize>, name: &str) -> Option<Range<usize>> {
    let line_of_again = line_start(text, again.start);
    let line = text.get(line_of_again..)?.lines().next()?.trim();
    let starts_line = |candidate: &str| -> Option<usize> {
        if line.starts_with('[') {
            let header = line.get(..=line.find(']')?)?;
            candidate.trim_start().starts_with(header).then(|| candidate.find(name)).flatten()
        } else {
            let rest = candidate.trim_start().strip_prefix(name)?;
            let separates = rest.trim_start().starts_with(['=', '.']);
            separates.then(|| candidate.len() - candidate.trim_start().len())
        }
    };
    let from = if line.starts_with('[') { 0 } else { previous_header(text, line_of_again) };
    let mut offset = from;
    for candidate in text.get(from..line_of_again)?.split_inclusive('\n') {
        if let Some(column) = starts_line(candidate) {
            return Some(offset + column..offset + column + name.len());
        }
        offset += candidate.len();
    }
    None
}

fn line_start(text: &str, offset: usize) -> usize {
    let bytes = text.as_bytes();
    let before = &bytes[..offset.min(bytes.len())];
    before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1)
}

/// Where the first table header after the line at `line` starts; the end of the text if there is none.
fn next_header(text: &str, line: usize) -> usize {
    let mut offset = line;
    for (index, candidate) in text.get(line..).unwrap_or_default().split_inclusive('\n').enumerate() {
        if index > 0 && candidate.starts_with('[') {
            return offset;
        }
        offset += candidate.len();
    }
    text.len()
}

/// Where the last table header before the line at `line` starts.
fn previous_header(text: &str, line: usize) -> usize {
    let before = text.get(..line).unwrap_or_default();
    before.rfind("\n[").map_or(0, |newline| newline + 1)
}
