//! What one value of an env file means to those who read such files.
//!
//! There is no standard. Docker's `--env-file` takes every byte as it stands, a shell runs the file, and the
//! libraries are in between. Each reader is a small model here, made from its source:
//!
//! - `Compose`: compose 2, by `parse` beside this file.
//! - `Python`: python-dotenv, `parser.py` and `variables.py` of 0.21 to 1.2
//!   (<https://github.com/theskumar/python-dotenv>), which Django projects load and which compose 1.26 to 1.29
//!   reads `.env` and `env_file:` with.
//! - `DockerEnvFile`: `docker run --env-file`, `pkg/kvfile` of <https://github.com/docker/cli>.
//! - `Shell`: `. ./file` in a POSIX shell (XCU 2.2, 2.3, 2.6 and 2.9.1), also with `set -a`. What shells do not
//!   agree on, or what only a machine can tell (`$$`, `~`, a command), is refused.
//!
//! A value is read alone and with no variable set: earlier lines and the environment are not known.

use super::parse::{is_blank, without_comment};
use super::{parse, shell};

/// Who reads an env file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// Compose 2.
    Compose,
    /// python-dotenv, and compose 1 by it.
    Python,
    /// `docker run --env-file`.
    DockerEnvFile,
    /// `. ./file`.
    Shell,
}

impl Reader {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Compose, Self::Python, Self::DockerEnvFile, Self::Shell];

    /// Its name in a message.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compose => "compose 2",
            Self::Python => "python-dotenv",
            Self::DockerEnvFile => "docker --env-file",
            Self::Shell => "a shell",
        }
    }
}

/// What a reader does to a value, in the words of a message: it "removes the quotes".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Treatment {
    /// `"a"` is `a`.
    Unquotes,
    /// ` a ` is `a`.
    Trims,
    /// `a # b` is `a`.
    DropsComment,
    /// `\n` or `\"` is another character.
    ResolvesBackslashes,
    /// `$NAME` is what is set.
    ReplacesVariables,
}

impl Treatment {
    /// What comes after the reader's name.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unquotes => "removes quotes",
            Self::Trims => "drops blanks around it",
            Self::DropsComment => "drops what follows `#`",
            Self::ResolvesBackslashes => "resolves backslashes",
            Self::ReplacesVariables => "replaces `$` names",
        }
    }
}

/// A value as a reader has it. It has no `Debug`, for it may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading {
    /// The value.
    pub value: String,
    /// What was done to get it, sorted; nothing where every byte is taken as it stands.
    pub treatments: Vec<Treatment>,
}

impl Reading {
    pub(super) fn new(value: String, treatments: impl IntoIterator<Item = Treatment>) -> Self {
        let mut treatments: Vec<Treatment> = treatments.into_iter().collect();
        treatments.sort_unstable();
        treatments.dedup();
        Self { value, treatments }
    }
}

/// Why a reader has no value, or one that only a machine could tell; what comes after its name. No part of the
/// value is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable(pub &'static str);

/// `raw`, which is all that follows `KEY=` up to the end of the line or of a quoted value's last line, as
/// `reader` has it.
pub fn read_as(reader: Reader, raw: &str) -> Result<Reading, Unreadable> {
    if raw.contains('\0') {
        return Err(Unreadable("stops at a NUL byte, which no variable can hold"));
    }
    match reader {
        Reader::Compose => as_compose(raw),
        Reader::Python => as_python(raw),
        Reader::DockerEnvFile => as_docker(raw),
        Reader::Shell => shell::read(raw),
    }
}

fn as_compose(raw: &str) -> Result<Reading, Unreadable> {
    let values = parse(&format!("A={raw}"), |_| None, |_| None)
        .map_err(|_| Unreadable("refuses its quotes or its `${`"))?;
    let Ok([(_, value)]) = <[_; 1]>::try_from(values) else {
        return Err(Unreadable("takes a later line of it for an assignment"));
    };
    let mut treatments = Vec::new();
    let trimmed = raw.trim_start_matches(is_blank);
    if trimmed.starts_with(['\'', '"']) {
        let quote = &trimmed[..1];
        treatments.push(Treatment::Unquotes);
        if trimmed.contains(if quote == "'" { "\\'" } else { "\\" }) {
            treatments.push(Treatment::ResolvesBackslashes);
        }
        if quote == "\"" && trimmed.contains('$') {
            treatments.push(Treatment::ReplacesVariables);
        }
        if !trimmed.trim_end().ends_with(quote) {
            treatments.push(Treatment::DropsComment);
        }
    } else {
        let bare = without_comment(raw);
        if bare != raw {
            treatments.push(Treatment::DropsComment);
        }
        if trimmed != raw || bare == raw && raw.trim_end() != raw {
            treatments.push(Treatment::Trims);
        }
        if bare.trim() != value {
            treatments.push(Treatment::ReplacesVariables);
        }
    }
    Ok(Reading::new(value, treatments))
}

/// Python's `\s`.
fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn is_python_blank(c: char) -> bool {
    is_python_space(c) && c != '\r' && c != '\n'
}

fn as_python(raw: &str) -> Result<Reading, Unreadable> {
    // A text file of Python's has no other ends of lines.
    let text = raw.replace("\r\n", "\n").replace('\r', "\n");
    let trimmed = text.trim_start_matches(is_python_blank);
    let mut treatments = Vec::new();
    let value = if let Some(quote @ ('\'' | '"')) = trimmed.chars().next() {
        let inner = &trimmed[1..];
        let end = python_quote_end(inner, quote)
            .ok_or(Unreadable("reads on after a quote that nothing closes, or skips the line"))?;
        let after = inner[end + 1..].trim_start_matches(is_python_blank);
        let comment = after.starts_with('#');
        if comment && after.contains('\n') || !after.is_empty() && !comment {
            return Err(Unreadable("skips the line, for something follows the closing quote"));
        }
        treatments.push(Treatment::Unquotes);
        if comment {
            treatments.push(Treatment::DropsComment);
        }
        let decoded = python_decoded(&inner[..end], quote);
        if decoded != inner[..end] {
            treatments.push(Treatment::ResolvesBackslashes);
        }
        decoded
    } else {
        if text.contains('\n') {
            return Err(Unreadable("ends the value at a carriage return or a newline"));
        }
        let bare = python_without_comment(trimmed);
        if bare != trimmed {
            treatments.push(Treatment::DropsComment);
        }
        if trimmed != text || bare.trim_end_matches(is_python_space) != bare {
            treatments.push(Treatment::Trims);
        }
        bare.trim_end_matches(is_python_space).to_owned()
    };
    let expanded = python_expanded(&value);
    if expanded != value {
        treatments.push(Treatment::ReplacesVariables);
    }
    Ok(Reading::new(expanded, treatments))
}

/// Where `(?:\\'|[^'])*'` ends: at the first quote without a backslash before it. Where all have one the
/// expression takes the last of the whole *file*, which nobody can have meant.
fn python_quote_end(text: &str, quote: char) -> Option<usize> {
    let mut after_backslash = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == quote && !after_backslash;
        after_backslash = c == '\\';
        closes.then_some(at)
    })
}

/// `\\` and the quote in single quotes, Python's escapes in double ones; an unknown one stays.
fn python_decoded(text: &str, quote: char) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        decoded.push_str(before);
        let escaped = match after.chars().next() {
            Some(same @ ('\\' | '\'')) => Some(same),
            _ if quote == '\'' => None,
            Some('"') => Some('"'),
            Some('a') => Some('\u{7}'),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('v') => Some('\u{b}'),
            _ => None,
        };
        decoded.push(escaped.unwrap_or('\\'));
        rest = if escaped.is_some() { &after[1..] } else { after };
    }
    decoded + rest
}

/// `text` up to white space that a `#` follows.
fn python_without_comment(text: &str) -> &str {
    let comment = text.match_indices('#').find(|(at, _)| text[..*at].ends_with(is_python_space));
    comment.map_or(text, |(at, _)| text[..at].trim_end_matches(is_python_space))
}

/// `${NAME}` and `${NAME:-word}` replaced, in single quotes, too; all else stays, `$NAME` with it.
fn python_expanded(value: &str) -> String {
    let mut expanded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        expanded.push_str(before);
        let name_end = after.find(['}', ':']).unwrap_or(after.len());
        let operation = &after[name_end..];
        if let Some(after) = operation.strip_prefix('}') {
            rest = after;
        } else if let Some((word, after)) = operation.strip_prefix(":-").and_then(|word| word.split_once('}'))
        {
            expanded.push_str(word);
            rest = after;
        } else {
            expanded.push_str("${");
            rest = after;
        }
    }
    expanded + rest
}

/// Longer lines stop docker: `bufio.MaxScanTokenSize`.
const LONGEST_LINE: usize = 64 * 1024;

fn as_docker(raw: &str) -> Result<Reading, Unreadable> {
    if raw.contains('\n') {
        return Err(Unreadable("ends the value at the line's end, quoted or not"));
    }
    // The key and the `=` count, too; no key is so long that it matters where this is told.
    if raw.len() + 2 >= LONGEST_LINE {
        return Err(Unreadable("stops at a line of 64 KiB"));
    }
    Ok(Reading::new(raw.to_owned(), []))
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
