//! TOML text → tree, with every syntax error at its place.
//!
//! The parser recovers and goes on, so one slip can give several errors on its line: the first of a line is told, the others
//! are noise. What the tree holds between a slip and the next table header is doubtful, and faults there are not told either.

use std::ops::Range;

use toml::de::DeTable;

use crate::diagnostic::{Diagnostic, SourceId, Span};

/// To find a first definition the text is searched, which is too slow for a file with thousands of second ones.
const EXPLAINED: usize = 100;

/// Parses `text`; errors go to `faults`, the stretches that they make doubtful to `doubtful`.
pub(super) fn parse<'a>(
    text: &'a str,
    source: SourceId,
    faults: &mut Vec<Diagnostic>,
    doubtful: &mut Vec<Span>,
) -> DeTable<'a> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut last_line = None;
    let mut errors: Vec<(Range<usize>, String)> =
        errors.iter().map(|error| (error.span().unwrap_or(0..0), error.message().to_owned())).collect();
    errors.sort_by_key(|(range, _)| range.start);
    // The parser puts the keys of a table that is defined twice into the first one, where they may be there again.
    let mut same_table_until = 0;
    for (range, message) in errors {
        let line = line_start(text, range.start);
        let is_duplicate = message == "duplicate key";
        if last_line.replace(line) == Some(line) || (is_duplicate && line < same_table_until) {
            continue;
        }
        if let Some(start) = unclosed_string(text, range.start, &message) {
            let span = Span::new(source, start, start + 3);
            faults.push(Diagnostic::error(
                "syntax",
                "invalid TOML: this string is never closed",
                span,
                "opened here",
            ));
            doubtful.push(Span::new(source, line_start(text, start), text.len()));
            break;
        }
        if let Some(start) = unclosed_list(text, line, range.start, &message) {
            // The parser lost its way at the list; all that follows is an echo.
            let span = Span::new(source, start, start + 1);
            faults.push(
                Diagnostic::error("syntax", "invalid TOML: this list is never closed", span, "opened here")
                    .also(Span::new(source, range.start, range.start), "expected `]` before this"),
            );
            doubtful.push(Span::new(source, start, text.len()));
            break;
        }
        if is_duplicate && text.get(line..).is_some_and(|rest| rest.starts_with('[')) {
            same_table_until = next_header(text, line);
        }
        let explain = faults.len() < EXPLAINED;
        faults.push(diagnostic(text, source, range, &message, explain));
        // A key that is defined twice leaves the rest of its table as it was.
        if !is_duplicate {
            doubtful.push(Span::new(source, line, next_header(text, line)));
        }
    }
    table.into_inner()
}

/// Where the multi-line string starts that takes all the rest of the file.
fn unclosed_string(text: &str, at: usize, message: &str) -> Option<usize> {
    if !message.starts_with("invalid multi-line") || !text.get(at..)?.trim().is_empty() {
        return None;
    }
    text.get(..at)?.rfind(if message.contains("literal") { "'''" } else { "\"\"\"" })
}

/// Where the list starts whose missing `]` makes the parser read the next key or header, at `at`, as an item.
fn unclosed_list(text: &str, line: usize, at: usize, message: &str) -> Option<usize> {
    let starts_line = text.get(line..at)?.trim().is_empty();
    let rest = text.get(at..)?.lines().next()?;
    let is_key = rest.split_once('=').is_some_and(|(key, _)| {
        !key.trim().is_empty()
            && key.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    });
    if !message.starts_with("missing comma between array elements")
        || !starts_line
        || !(is_key || rest.starts_with('['))
    {
        return None;
    }
    let mut depth = 0_usize;
    text.get(..line)?.bytes().enumerate().rev().find_map(|(index, byte)| match byte {
        b']' => {
            depth += 1;
            None
        }
        b'[' if depth == 0 => Some(index),
        b'[' => {
            depth -= 1;
            None
        }
        _ => None,
    })
}

fn diagnostic(text: &str, source: SourceId, range: Range<usize>, message: &str, explain: bool) -> Diagnostic {
    let end = range.end.min(text.len());
    let span = Span::new(source, range.start.min(end), end);
    if message != "duplicate key" {
        return Diagnostic::error("syntax", format!("invalid TOML: {message}"), span, "");
    }
    let name = text.get(range.clone()).unwrap_or_default();
    let diagnostic =
        Diagnostic::error("duplicate-key", format!("`{name}` is defined twice"), span, "defined again");
    match explain.then(|| first_definition(text, range, name)).flatten() {
        Some(first) => diagnostic.also(Span::new(source, first.start, first.end), "first defined here"),
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
