//! Dotenv files as docker compose reads them.
//!
//! The rules are those of compose-go, `dotenv/parser.go` for lines, quotes and escapes and
//! `template/template.go` for `$NAME` (<https://github.com/compose-spec/compose-go>, read at e70e961). So one
//! file means the same to compose and to a task. Where that parser gives a value that nobody can have meant,
//! this one differs:
//!
//! - text after a closing quote is a fault, where compose reads it as the next assignment;
//! - a name is never empty and has no tab in it; the last line needs no newline to be a name alone;
//! - a `#` starts a comment after any blank, where compose wants a space and reads `A= # b` as a value;
//! - the word of `${NAME:-word}` may have several lines and braces of its own;
//! - a value has no NUL byte, which no process can be given.
//!
//! Knows no files and no environment; `known` tells what the caller has. No message shows a value, nor a line
//! that is no assignment, for that may be the rest of a key or a certificate. The one part of a value that is
//! shown, as written, is the message of `${NAME:?message}`.

use std::borrow::Cow;

/// Why a file is no dotenv file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DotenvFault {
    /// The line of the fault, from 1.
    pub line: usize,
    /// What is wrong there, with no value in it.
    pub message: String,
}

/// The names and values of `text` in order; a name that is given twice comes twice, and the later one wins.
///
/// `known` is asked for a name that stands alone on its line (absent where it is not known) and for the
/// variables in values, there before the earlier lines of the file: what the caller has set wins. `before` is asked
/// last: what files that were read before this one say.
pub fn parse(
    text: &str,
    known: impl Fn(&str) -> Option<String>,
    before: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(String, String)>, DotenvFault> {
    let mut values: Vec<(String, String)> = Vec::new();
    let mut source = Source { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    while source.skip_to_assignment() {
        let line = source.line;
        let fault = |message| DotenvFault { line, message };
        let (name, has_value) = source.take_name().map_err(fault)?;
        let value = if has_value {
            let template = source.take_value(name)?;
            let earlier = |wanted: &str| values.iter().rev().find(|(name, _)| name == wanted);
            let look_up = |wanted: &str| {
                known(wanted)
                    .or_else(|| earlier(wanted).map(|(_, value)| value.clone()))
                    .or_else(|| before(wanted))
            };
            let value = match template {
                Value::Literal(text) => text,
                Value::Template(text) => {
                    expand(&text, look_up).map_err(|why| fault(format!("in the value of `{name}`, {why}")))?
                }
            };
            Some(value)
        } else {
            known(name).or_else(|| before(name))
        };
        if let Some(value) = value {
            if value.contains('\0') {
                return Err(fault(format!("the value of `{name}` holds a NUL byte")));
            }
            values.push((name.to_owned(), value));
        }
    }
    Ok(values)
}

/// A value without quotes, comment and escapes.
enum Value<'t> {
    Literal(String),
    /// With variables still in it, and `$$` for a dollar sign.
    Template(Cow<'t, str>),
}

/// What is left to read.
struct Source<'t> {
    rest: &'t str,
    line: usize,
}

impl<'t> Source<'t> {
    /// Goes past blank lines and comments; whether anything is left.
    fn skip_to_assignment(&mut self) -> bool {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            if !self.rest.starts_with('#') {
                return !self.rest.is_empty();
            }
            self.take_line();
        }
    }

    /// A name up to its `=` or `:`, or up to the end of a line with neither, and whether a value follows.
    fn take_name(&mut self) -> Result<(&'t str, bool), String> {
        let line_end = self.rest.find('\n').unwrap_or(self.rest.len());
        let name_end = self.rest[..line_end].find(['=', ':']);
        let name = self.take(name_end.unwrap_or(line_end)).trim_end_matches(is_blank);
        // `exported=1` is a name like any other.
        let exported = name.strip_prefix("export").filter(|after| after.starts_with(is_blank));
        let name = exported.map_or(name, |after| after.trim_start_matches(is_blank));
        check_name(name, name_end.is_some())?;
        if name_end.is_some() {
            self.take(1);
        }
        Ok((name, name_end.is_some()))
    }

    /// The value after `=`, and all of its last line.
    fn take_value(&mut self, name: &str) -> Result<Value<'t>, DotenvFault> {
        let trimmed = self.rest.trim_start_matches(is_blank);
        let Some(quote) = trimmed.chars().next().filter(|first| matches!(first, '\'' | '"')) else {
            let value = without_comment(self.take_line()).trim_start_matches(is_blank).trim_end();
            return Ok(Value::Template(Cow::Borrowed(value)));
        };
        self.take(self.rest.len() - trimmed.len() + 1);
        let Some(end) = closing_quote(self.rest, quote) else {
            let message = format!("the value of `{name}` starts with {quote} and has no closing {quote}");
            return Err(DotenvFault { line: self.line, message });
        };
        let inner = self.take(end);
        self.take(1);
        let line = self.line;
        let after = self.take_line().trim();
        if !after.is_empty() && !after.starts_with('#') {
            let message = format!("only a comment may follow the closing {quote} of `{name}`");
            return Err(DotenvFault { line, message });
        }
        Ok(match quote {
            '"' => Value::Template(Cow::Owned(resolve_escapes(inner))),
            _ => Value::Literal(inner.replace("\\'", "'")),
        })
    }

    /// What is left of the line; its newline is dropped.
    fn take_line(&mut self) -> &'t str {
        let line = self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        self.take(self.rest.len().min(1));
        line
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

/// White space within a line, as compose has it.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

fn check_name(name: &str, has_value: bool) -> Result<(), String> {
    let may_be_in_name = |c: char| c.is_alphanumeric() || "_.-[]".contains(c);
    if name.is_empty() {
        return Err("a name is missing in front of the value".to_owned());
    }
    match name.chars().find(|c| !may_be_in_name(*c)) {
        None if name == "export" && !has_value => Err("`export` is followed by no name".to_owned()),
        None => Ok(()),
        Some(c) if is_blank(c) && has_value => Err("a name has a blank in it".to_owned()),
        Some(_) if !has_value => Err("expected NAME=value, or a name alone".to_owned()),
        Some(c) => Err(format!("a name has the character {c:?} in it")),
    }
}

/// `line` up to a `#` that follows a blank; in `A=b#c` it belongs to the value.
pub(super) fn without_comment(line: &str) -> &str {
    let comment = line.match_indices('#').find(|(at, _)| line[..*at].ends_with(is_blank));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// Where `text` has the first `quote` that no backslash escapes; one escapes in single quotes too.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at)
    })
}

/// The text between double quotes as a template: a `\$` becomes `$$`, an unknown escape stays.
fn resolve_escapes(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        resolved.push_str(before);
        let mut chars = after.chars();
        match chars.next() {
            Some('n') => resolved.push('\n'),
            Some('r') => resolved.push('\r'),
            Some('t') => resolved.push('\t'),
            Some('a') => resolved.push('\u{7}'),
            Some('b') => resolved.push('\u{8}'),
            Some('f') => resolved.push('\u{c}'),
            Some('v') => resolved.push('\u{b}'),
            Some('$') => resolved.push_str("$$"),
            Some(same @ ('"' | '\\')) => resolved.push(same),
            Some('0') => {
                // `\0123`, as `echo` has it: three octal digits after the zero.
                let octal = chars.as_str().get(..3).filter(|three| three.bytes().all(|b| b.is_ascii_digit()));
                if let Some(byte) = octal.and_then(|three| u8::from_str_radix(three, 8).ok()) {
                    resolved.push(char::from(byte));
                    chars.nth(2);
                } else {
                    resolved.push_str("\\0");
                }
            }
            Some(other) => resolved.extend(['\\', other]),
            None => resolved.push('\\'),
        }
        rest = chars.as_str();
    }
    resolved + rest
}

/// `template` with its variables replaced; one that is not set is empty. The fault continues "in the value
/// of NAME, ".
fn expand(template: &str, look_up: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut expanded = String::new();
    // A stack and no recursion: `${A:-${B:-…}}` may be nested as deep as a file is long.
    let mut open = vec![template];
    while let Some(text) = open.pop() {
        let Some((before, after)) = text.split_once('$') else {
            expanded.push_str(text);
            continue;
        };
        expanded.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            expanded.push('$');
            open.push(after);
        } else if let Some(braced) = after.strip_prefix('{') {
            let end = closing_brace(braced).ok_or("a `${` has no closing `}`")?;
            open.push(&braced[end + 1..]);
            match substitute(&braced[..end], &look_up)? {
                Substitute::Value(value) => expanded.push_str(&value),
                Substitute::Word(word) => open.push(word),
            }
        } else {
            let (name, after) = split_variable(after);
            match name {
                // `pa$5` and a last `$` mean themselves.
                "" => expanded.push('$'),
                name => expanded.push_str(&look_up(name).unwrap_or_default()),
            }
            open.push(after);
        }
    }
    Ok(expanded)
}

/// What stands for a `${...}`.
enum Substitute<'t> {
    Value(String),
    /// A word of the file, which may have variables itself.
    Word(&'t str),
}

/// What stands for `${inner}`.
fn substitute(inner: &str, look_up: impl Fn(&str) -> Option<String>) -> Result<Substitute<'_>, String> {
    let (name, operation) = split_variable(inner);
    if name.is_empty() {
        return Err("a `${` is followed by no name".to_owned());
    }
    let set = look_up(name);
    if operation.is_empty() {
        return Ok(Substitute::Value(set.unwrap_or_default()));
    }
    let (operator, empty_counts) = match operation.strip_prefix(':') {
        Some(operator) => (operator, false),
        None => (operation, true),
    };
    let set = set.filter(|value| empty_counts || !value.is_empty());
    let mut chars = operator.chars();
    match (chars.next(), set) {
        (Some('-' | '?'), Some(value)) => Ok(Substitute::Value(value)),
        (Some('-'), None) | (Some('+'), Some(_)) => Ok(Substitute::Word(chars.as_str())),
        (Some('+'), None) => Ok(Substitute::Value(String::new())),
        (Some('?'), None) => {
            let message = chars.as_str().trim();
            let colon = if message.is_empty() { "" } else { ": " };
            let state = if empty_counts { "not set" } else { "not set or empty" };
            Err(format!("`${name}` is required and {state}{colon}{message}"))
        }
        _ => Err("a `${NAME` is followed by neither `}` nor `-`, `?` or `+`".to_owned()),
    }
}

/// The variable's name that `text` starts with, which is narrower than a name of the file, and the rest.
fn split_variable(text: &str) -> (&str, &str) {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end =
        if text.starts_with(|c: char| c.is_ascii_digit()) { Some(0) } else { text.find(|c| !in_name(c)) };
    text.split_at(end.unwrap_or(text.len()))
}

/// Where `text` closes a brace that was opened before it.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, brace) in text.match_indices(['{', '}']) {
        match (brace, depth) {
            ("{", _) => depth += 1,
            (_, 0) => return Some(at),
            _ => depth -= 1,
        }
    }
    None
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
