//! The tasks file in its one shape: pure, from text to text.
//!
//! Made of the parser's own events rather than of an edited tree: every token that means something is copied, in its order, and what lies
//! between is written anew, so that no comment can be lost. Afterwards both texts are read and have to say the same.
//!
//! The shape: a blank line before each table and never two, one space around `=`, the `=` of adjacent lines under each other, lists in
//! one line or one item a line as they were, two spaces deep. A comment behind a value keeps its column where there is room; one
//! behind a header, which stands under nothing, is two blanks away. The order of keys, the kind of quotes and the width of lines are left to the author.

mod value;

use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};

/// Why a text can't be brought into shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatFault {
    /// It is no TOML.
    #[error("it is no TOML: {0}")]
    Syntax(String),
    /// Ours: what came out would not say the same.
    #[error("the new text would not say the same")]
    Changed,
}

/// The byte order mark.
const MARK: &str = "\u{feff}";

/// Stands for a newline within a string while lines are made: no TOML has this character.
const WITHIN: char = '\0';

/// `text` in its one shape; the same again for what has it already.
pub fn format(text: &str) -> Result<String, FormatFault> {
    let meaning = |text: &str| toml::from_str::<toml::Table>(text).map(|table| format!("{table:?}"));
    let before = meaning(text).map_err(|error| FormatFault::Syntax(error.message().to_owned()))?;
    let (mark, body) = match text.strip_prefix(MARK) {
        Some(body) => (MARK, body),
        None => ("", text),
    };
    // The first line's end is that of all lines; what stands within a string is a part of its value.
    let end = if body.lines().next().is_some_and(|line| body[line.len()..].starts_with('\r')) {
        "\r\n"
    } else {
        "\n"
    };
    let shaped = render(&Shaper::new(body).lines());
    let formatted = format!("{mark}{}", shaped.replace('\n', end).replace(WITHIN, "\n"));
    if meaning(&formatted).is_ok_and(|after| after == before) {
        Ok(formatted)
    } else {
        Err(FormatFault::Changed)
    }
}

/// A comment behind something, and the column that it stood in.
struct Comment {
    text: String,
    column: usize,
}

impl Comment {
    /// `line` with the comment: in its old column where there is room, else two blanks behind.
    fn behind(&self, line: &str) -> String {
        let width = line.rsplit(['\n', WITHIN]).next().unwrap_or(line).chars().count();
        let gap = self.column.saturating_sub(width).max(2);
        format!("{line}{}{}", " ".repeat(gap), self.text)
    }
}

/// A line of the document, or several where a value has them.
enum Line {
    Blank,
    Comment(String),
    Header(String),
    Entry { key: String, value: String, comment: Option<Comment> },
}

/// Reads events.
struct Shaper<'t> {
    text: &'t str,
    events: Vec<Event>,
    at: usize,
}

impl<'t> Shaper<'t> {
    fn new(text: &'t str) -> Self {
        let tokens = Source::new(text).lex().into_vec();
        let mut events: Vec<Event> = Vec::new();
        // The text was read without an error before.
        parse_document(&tokens, &mut events, &mut ());
        Self { text, events, at: 0 }
    }

    fn kind(&self) -> Option<EventKind> {
        self.events.get(self.at).map(Event::kind)
    }

    /// The text of the current event; goes on to the next.
    fn take(&mut self) -> &'t str {
        let Some(event) = self.events.get(self.at) else { return "" };
        self.at += 1;
        let span = event.span();
        self.text.get(span.start()..span.end()).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        while self.kind() == Some(EventKind::Whitespace) {
            self.at += 1;
        }
    }

    fn comment(&mut self) -> Comment {
        let start = self.events.get(self.at).map_or(0, |event| event.span().start());
        let line = self.text.get(..start).unwrap_or_default();
        let column = line.rsplit('\n').next().unwrap_or_default().chars().count();
        Comment { text: self.take().trim_end().to_owned(), column }
    }

    /// A comment before the end of the line.
    fn comment_behind(&mut self) -> Option<Comment> {
        self.skip_blanks();
        (self.kind() == Some(EventKind::Comment)).then(|| self.comment())
    }

    /// A key with its dots.
    fn key(&mut self) -> String {
        let mut key = String::new();
        loop {
            self.skip_blanks();
            match self.kind() {
                Some(EventKind::SimpleKey) => key.push_str(self.take()),
                Some(EventKind::KeySep) => {
                    self.at += 1;
                    key.push('.');
                }
                _ => return key,
            }
        }
    }

    /// Past `=`.
    fn equals(&mut self) {
        self.skip_blanks();
        if self.kind() == Some(EventKind::KeyValSep) {
            self.at += 1;
        }
        self.skip_blanks();
    }

    fn lines(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut is_begun = false;
        while let Some(kind) = self.kind() {
            match kind {
                EventKind::Newline => {
                    self.at += 1;
                    if !std::mem::take(&mut is_begun) {
                        lines.push(Line::Blank);
                    }
                    continue;
                }
                EventKind::Comment => lines.push(Line::Comment(self.comment().text)),
                EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                    let open = self.take();
                    let key = self.key();
                    let close = self.take();
                    let comment = self.comment_behind();
                    let behind = comment.map(|comment| format!("  {}", comment.text)).unwrap_or_default();
                    lines.push(Line::Header(format!("{open}{key}{close}{behind}")));
                }
                EventKind::SimpleKey => {
                    let key = self.key();
                    self.equals();
                    let value = self.value(0);
                    let comment = self.comment_behind();
                    lines.push(Line::Entry { key, value, comment });
                }
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            is_begun = true;
        }
        lines
    }
}

/// The lines as text.
fn render(lines: &[Line]) -> String {
    let mut text = String::new();
    let mut start = 0;
    let mut is_apart = true;
    while start < lines.len() {
        let length = lines[start..].iter().take_while(|line| !matches!(line, Line::Blank)).count();
        let block = &lines[start..start + length];
        start += length.max(1);
        if block.is_empty() {
            is_apart = true;
            continue;
        }
        // What stands directly above a header belongs to it.
        let mut from = 0;
        while from < block.len() {
            let headers = (from + 1..block.len()).filter(|at| matches!(block[*at], Line::Header(..)));
            let mut starts = headers.map(|at| at - comments_before(&block[from..at]));
            let end = starts.find(|start| *start > from).unwrap_or(block.len());
            if !text.is_empty() && (is_apart || from > 0) {
                text.push('\n');
            }
            text.push_str(&render_block(&block[from..end]));
            (from, is_apart) = (end, false);
        }
    }
    text
}

/// How many comments end `lines`.
fn comments_before(lines: &[Line]) -> usize {
    lines.iter().rev().take_while(|line| matches!(line, Line::Comment(_))).count()
}

/// Lines without a blank one between them: the `=` of all stand under each other.
fn render_block(lines: &[Line]) -> String {
    let width = |line: &Line| match line {
        Line::Entry { key, .. } => key.chars().count(),
        _ => 0,
    };
    let width = lines.iter().map(width).max().unwrap_or_default();
    let mut text = String::new();
    for line in lines {
        let (line, comment) = match line {
            Line::Blank => continue,
            Line::Comment(comment) => (comment.clone(), &None),
            Line::Header(header) => (header.clone(), &None),
            Line::Entry { key, value, comment } => {
                let padding = " ".repeat(width - key.chars().count());
                (format!("{key}{padding} = {value}"), comment)
            }
        };
        text.push_str(&comment.as_ref().map_or_else(|| line.clone(), |comment| comment.behind(&line)));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
