//! What is wrong, or differs by reader, in an env file.
//!
//! No finding shows a value, nor a line that is no assignment: that may be the rest of a key or a certificate.
//! A key is shown where it looks like one (`is_showable`).
//!
//! Errors are what makes a deployment fail or go wrong whoever reads the file, or what compose 2 and
//! python-dotenv (by which compose 1 reads env files) take for different values. What only a shell or
//! `docker --env-file` sees in another way is a warning: nobody may ever use them on this file.

use super::document::{Assignment, Document, Kind, Line};
use super::lint_value;
use super::read::Reader;
use super::write::is_shell_name;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It has to be changed.
    Error,
    /// It works for some.
    Warning,
    /// It is good to know.
    Note,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing, in words with `-` between them.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The key it is about, where there is one that can be shown.
    pub key: Option<String>,
    /// What is wrong and why.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What a file is looked at for.
#[derive(Clone, Copy)]
pub struct Lint<'w> {
    /// Who is going to read the file.
    pub readers: &'w [Reader],
    /// Whether a value is a secret that can't be masked, for it is short or a word; told by who masks.
    pub is_too_weak: &'w dyn Fn(&str, &[u8]) -> bool,
}

impl Default for Lint<'_> {
    /// All readers; no value is too weak.
    fn default() -> Self {
        Self { readers: &Reader::ALL, is_too_weak: &|_, _| false }
    }
}

/// All that is wrong with a file for any reader, in the order of its lines.
pub fn lint(bytes: &[u8]) -> Vec<Finding> {
    Lint::default().run(bytes)
}

impl Lint<'_> {
    /// All that is wrong, in the order of its lines.
    pub fn run(&self, bytes: &[u8]) -> Vec<Finding> {
        let document = Document::new(bytes);
        let mut page = Page { document: &document, findings: Vec::new() };
        if document.has_byte_order_mark() {
            page.add_at(
                "byte-order-mark",
                Severity::Warning,
                (1, 1),
                "the file begins with a byte order mark, which a shell takes for a part of the first line",
                "save it as UTF-8 without one",
            );
        }
        for line in document.lines() {
            page.look_at_bytes(line);
            match &line.kind {
                Kind::Blank | Kind::Comment => {}
                Kind::Garbage => page.look_at_garbage(line),
                Kind::Assignment(assignment) => {
                    page.look_at_key(line, assignment);
                    page.look_at_value(line, assignment, self);
                }
            }
        }
        page.look_for_duplicates();
        if let Some(last) = document.lines().last()
            && last.span.end == last.content.end
        {
            page.add(
                "no-final-newline",
                Severity::Note,
                (last, last.content.end, None),
                "the last line does not end with a newline, so what is appended to the file joins it",
                "end the file with a newline",
            );
        }
        page.findings.sort_by_key(|finding| (finding.line, finding.column));
        page.findings
    }
}

/// Whether a key may stand in a message: a secret that lost its line looks different.
///
/// The last line of base64 without quotes (`q83vAbCd==`) is an assignment to a parser.
fn is_showable(key: &[u8], raw: &[u8]) -> bool {
    let in_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_mixed = key.iter().any(u8::is_ascii_uppercase) && key.iter().any(u8::is_ascii_lowercase);
    let is_padding = raw.trim_ascii().iter().all(|byte| *byte == b'=');
    key.len() <= 64 && key.iter().all(in_key) && !(is_mixed && is_padding)
}

/// The findings of one file.
struct Page<'d, 'b> {
    document: &'d Document<'b>,
    findings: Vec<Finding>,
}

/// A line, a byte of the file in it, and the assignment that it is.
type Spot<'l> = (&'l Line, usize, Option<&'l Assignment>);

impl Page<'_, '_> {
    fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        (line, at, key): Spot<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        // A value may have several lines.
        let before = &self.document.bytes()[line.span.start..at];
        let number = line.number + before.iter().filter(|byte| **byte == b'\n').count();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        let key = key.and_then(|assignment| self.shown(assignment));
        let (message, help) = (message.into(), help.into());
        self.findings.push(Finding { code, severity, line: number, column, key, message, help });
    }

    fn add_at(
        &mut self,
        code: &'static str,
        severity: Severity,
        (line, column): (usize, usize),
        message: &str,
        help: &str,
    ) {
        let (message, help) = (message.to_owned(), help.to_owned());
        self.findings.push(Finding { code, severity, line, column, key: None, message, help });
    }

    /// The key as it may be shown.
    fn shown(&self, assignment: &Assignment) -> Option<String> {
        let key = self.document.key(assignment);
        is_showable(key, self.document.raw(assignment)).then(|| String::from_utf8_lossy(key).into_owned())
    }

    /// "`KEY`", or words for it.
    fn named(&self, assignment: &Assignment) -> String {
        self.shown(assignment).map_or_else(|| "the key of this line".to_owned(), |key| format!("`{key}`"))
    }

    /// What no line should have.
    fn look_at_bytes(&mut self, line: &Line) {
        let bytes = &self.document.bytes()[line.span.clone()];
        let key = match &line.kind {
            Kind::Assignment(assignment) => Some(assignment),
            _ => None,
        };
        let place = |at: usize| line.span.start + at;
        if let Some(nul) = bytes.iter().position(|byte| *byte == 0) {
            self.add(
                "nul",
                Severity::Error,
                (line, place(nul), key),
                "a NUL byte, which no variable can hold",
                "remove it; a file in UTF-16 has one beside each letter and has to be saved as UTF-8",
            );
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            self.add(
                "not-utf8",
                Severity::Error,
                (line, place(error.valid_up_to()), key),
                "the line is no UTF-8, and python-dotenv and docker --env-file refuse the file",
                "save the file as UTF-8; encode a value that is no text, for instance as base64",
            );
        }
        if let Some(at) = bytes.iter().position(|byte| *byte == b'\r') {
            self.add(
                "carriage-return",
                Severity::Warning,
                (line, place(at), key),
                "a carriage return, which a shell keeps at the end of the value and others drop",
                "save the file with the line ends of Unix",
            );
        }
    }

    fn look_at_garbage(&mut self, line: &Line) {
        let bytes = &self.document.bytes()[line.content.clone()];
        let at = line.content.start + (bytes.len() - bytes.trim_ascii_start().len());
        // Not shown, even where it is a name: so is a password.
        let (severity, message) = if is_shell_name(bytes.trim_ascii()) {
            (
                Severity::Warning,
                "a name without `=`: compose takes its value from where it runs, a shell runs it as a command",
            )
        } else {
            (
                Severity::Error,
                "this is no `KEY=value` and no comment: some readers skip it, others refuse the file",
            )
        };
        let help = "write KEY=value, put `#` in front, or put a value of several lines into quotes";
        self.add("no-assignment", severity, (line, at, None), message, help);
    }

    fn look_at_key(&mut self, line: &Line, assignment: &Assignment) {
        let key = self.document.key(assignment);
        let (start, end) = (assignment.key.start, assignment.key.end);
        let name = self.named(assignment);
        if self.shown(assignment).is_none() && self.document.raw(assignment).starts_with(b"=") {
            let message =
                "this looks like the last line of a key or a certificate that stands without quotes";
            let help = "put a value of several lines into quotes";
            self.add("no-assignment", Severity::Error, (line, start, None), message, help);
        }
        if assignment.export {
            let message =
                format!("`export` in front of {name}: docker --env-file refuses a name with a blank in it");
            let help = "leave `export` out; for a shell, write `set -a` before it reads the file";
            self.add(
                "export",
                Severity::Warning,
                (line, line.content.start, Some(assignment)),
                message,
                help,
            );
        }
        if !is_shell_name(key) {
            let message = format!(
                "{name} is no name to a shell, which takes the line for a command; compose keeps it as it is"
            );
            let help = "use letters, digits and `_`, and no digit at the beginning";
            self.add("key-name", Severity::Warning, (line, start, Some(assignment)), message, help);
        }
        if end + 1 != assignment.raw.start {
            let message = format!(
                "a blank between {name} and `=`: compose drops it, docker --env-file refuses the file and a shell \
                 takes the line for a command"
            );
            self.add(
                "blank-before-equals",
                Severity::Error,
                (line, end, Some(assignment)),
                message,
                "remove it",
            );
        }
    }

    fn look_at_value(&mut self, line: &Line, assignment: &Assignment, lint: &Lint<'_>) {
        let raw = self.document.raw(assignment);
        let name = self.named(assignment);
        if let Some(marker) = lint_value::unset_marker(raw) {
            let at = assignment.raw.start + marker.at;
            let message = format!("{name} {}", marker.message);
            self.add(marker.code, Severity::Error, (line, at, Some(assignment)), message, marker.help);
            // How readers differ about a placeholder does not matter.
            return;
        }
        let Ok(text) = std::str::from_utf8(raw) else { return };
        if raw.contains(&0) {
            return;
        }
        if let Some((severity, message, help)) = lint_value::difference(text, lint.readers) {
            let at = assignment.raw.start;
            let message = format!("the value of {name} is read in several ways: {message}");
            self.add("readers-differ", severity, (line, at, Some(assignment)), message, help);
        }
        let key = String::from_utf8_lossy(self.document.key(assignment));
        if lint_value::any_reading(text, |value| (lint.is_too_weak)(&key, value.as_bytes())) {
            let message = format!(
                "the value of {name} can't be masked: it is so short or so usual a word that masking it would blank \
                 out half of every log"
            );
            let help = "give it a long random value, or list the key under `public`";
            self.add(
                "too-weak-to-mask",
                Severity::Warning,
                (line, assignment.raw.start, Some(assignment)),
                message,
                help,
            );
        }
    }

    fn look_for_duplicates(&mut self) {
        let assignments: Vec<(&Line, &Assignment)> = self.document.assignments().collect();
        let mut first = std::collections::HashMap::new();
        for (line, assignment) in assignments {
            let key = self.document.key(assignment);
            let raw = self.document.raw(assignment);
            let Some((before, same)) = first.get(key).map(|(line, value)| (*line, *value == raw)) else {
                first.insert(key, (line.number, raw));
                continue;
            };
            let name = self.named(assignment);
            let (severity, message) = if same {
                (Severity::Warning, format!("{name} is set again, to the same as in line {before}"))
            } else {
                (Severity::Error, format!("{name} is set again, to something else than in line {before}"))
            };
            let help = "keep one of the two";
            let at = assignment.key.start;
            self.add("duplicate-key", severity, (line, at, Some(assignment)), message, help);
        }
    }
}

#[cfg(test)]
#[path = "lint_tests.rs"]
mod tests;
