//! An env file without loss: every byte has its place, and written back it is the same file.
//!
//! This is for what changes a file or points into it. It takes bytes, for one that is no text has to be told so
//! and not refused; and it never fails, because what is no assignment is kept as `Garbage`. What a value
//! *means* depends on who reads it (`read`); here a value is what stands between the `=` and the end of the
//! line, blanks, quotes and comment with it.
//!
//! A quote that the value starts with and that a later line closes makes it a value of several lines, as
//! compose has it: a quote after an odd number of backslashes closes nothing. One that is never closed ends
//! with its line, so that it hides no other.

use std::ops::Range;

/// The byte order mark that some editors put in front of a text.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file and where its lines are. It has no `Debug`, for that would show the values.
#[derive(Clone)]
pub struct Document<'b> {
    bytes: &'b [u8],
    lines: Vec<Line>,
}

/// One line, or the several ones of a quoted value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The number of the first one, from 1.
    pub number: usize,
    /// All of its bytes, with the newline. The spans of all lines together are the file but for a byte order
    /// mark.
    pub span: Range<usize>,
    /// Its bytes without the newline and the carriage return before that.
    pub content: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but white space.
    Blank,
    /// `#` comes first.
    Comment,
    /// `KEY=value`.
    Assignment(Assignment),
    /// Anything else: no `=`, or no single word in front of it.
    Garbage,
}

/// Where the parts of `export KEY=value` stand in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Whether `export` stands in front.
    pub export: bool,
    /// The key; no white space is in it or around it.
    pub key: Range<usize>,
    /// All between the `=` and the end of the line: blanks, quotes and comment belong to it.
    pub raw: Range<usize>,
}

impl<'b> Document<'b> {
    /// Reads any bytes.
    pub fn new(bytes: &'b [u8]) -> Self {
        let mut lines = Vec::new();
        let mut start = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut number = 1;
        while start < bytes.len() {
            let mut span = start..line_end(bytes, start);
            let mut kind = kind(bytes, content(bytes, &span));
            if let Kind::Assignment(Assignment { raw, .. }) = &mut kind
                && let Some(close) = closing_quote(bytes, raw.clone())
            {
                span.end = line_end(bytes, close);
                raw.end = content(bytes, &span).end;
            }
            let content = content(bytes, &span);
            let next = number + bytes[span.clone()].iter().filter(|byte| **byte == b'\n').count();
            start = span.end;
            lines.push(Line { number, span, content, kind });
            number = next;
        }
        Self { bytes, lines }
    }

    /// The bytes it was read from.
    pub fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// Whether a byte order mark comes first.
    pub fn has_byte_order_mark(&self) -> bool {
        self.bytes.starts_with(BYTE_ORDER_MARK)
    }

    /// Its lines in order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Its assignments in order, each with its line.
    pub fn assignments(&self) -> impl Iterator<Item = (&Line, &Assignment)> {
        self.lines.iter().filter_map(|line| match &line.kind {
            Kind::Assignment(assignment) => Some((line, assignment)),
            _ => None,
        })
    }

    /// The key of an assignment of this document.
    pub fn key(&self, assignment: &Assignment) -> &'b [u8] {
        &self.bytes[assignment.key.clone()]
    }

    /// The value of an assignment of this document as it is written.
    pub fn raw(&self, assignment: &Assignment) -> &'b [u8] {
        &self.bytes[assignment.raw.clone()]
    }

    /// The file, with other values where `change` gives one for an assignment. All other bytes are kept, so
    /// with no change it is the file itself.
    pub fn write(&self, mut change: impl FnMut(&Line, &Assignment) -> Option<Vec<u8>>) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len());
        if self.has_byte_order_mark() {
            out.extend_from_slice(BYTE_ORDER_MARK);
        }
        for line in &self.lines {
            let changed = match &line.kind {
                Kind::Assignment(assignment) => {
                    change(line, assignment).map(|value| (assignment.raw.clone(), value))
                }
                _ => None,
            };
            match changed {
                Some((raw, value)) => {
                    out.extend_from_slice(&self.bytes[line.span.start..raw.start]);
                    out.extend(value);
                    out.extend_from_slice(&self.bytes[raw.end..line.span.end]);
                }
                None => out.extend_from_slice(&self.bytes[line.span.clone()]),
            }
        }
        out
    }
}

/// Where the line that `start` is in ends, after its newline.
fn line_end(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| start + at + 1)
}

/// `span` without a newline and a carriage return before it.
fn content(bytes: &[u8], span: &Range<usize>) -> Range<usize> {
    let line = &bytes[span.clone()];
    let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
    span.start..span.start + line.len()
}

fn kind(bytes: &[u8], content: Range<usize>) -> Kind {
    let line = &bytes[content.clone()];
    let trimmed = line.trim_ascii();
    if trimmed.is_empty() {
        return Kind::Blank;
    }
    if trimmed.starts_with(b"#") {
        return Kind::Comment;
    }
    let Some(equals) = line.iter().position(|byte| *byte == b'=') else { return Kind::Garbage };
    let name = line[..equals].trim_ascii_end();
    let start = name.len() - name.trim_ascii_start().len();
    let (export, key_start) = match name[start..].strip_prefix(b"export") {
        Some(after) if after.first().is_some_and(u8::is_ascii_whitespace) => {
            (true, name.len() - after.trim_ascii_start().len())
        }
        _ => (false, start),
    };
    let key = &name[key_start..];
    if key.is_empty() || key.iter().any(u8::is_ascii_whitespace) {
        return Kind::Garbage;
    }
    Kind::Assignment(Assignment {
        export,
        key: content.start + key_start..content.start + name.len(),
        raw: content.start + equals + 1..content.end,
    })
}

/// Where the quote that the value at `raw` starts with is closed, in this or a later line.
fn closing_quote(bytes: &[u8], raw: Range<usize>) -> Option<usize> {
    let blanks = bytes[raw.clone()].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let quote = *bytes[raw.clone()].get(blanks).filter(|first| matches!(first, b'\'' | b'"'))?;
    let start = raw.start + blanks + 1;
    let mut escaped = false;
    bytes[start..]
        .iter()
        .position(|&byte| {
            let closes = byte == quote && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        })
        .map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each line as its number, its kind and its parts.
    fn lines(file: &[u8]) -> Vec<String> {
        let document = Document::new(file);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let each = |line: &Line| match &line.kind {
            Kind::Assignment(assignment) => {
                let export = if assignment.export { "export " } else { "" };
                let (key, raw) = (text(document.key(assignment)), text(document.raw(assignment)));
                format!("{} {export}{key}={raw:?}", line.number)
            }
            kind => format!("{} {kind:?} {:?}", line.number, text(&file[line.content.clone()])),
        };
        document.lines().iter().map(each).collect()
    }

    #[test]
    fn lines_are_what_they_look_like() {
        let file =
            b"# one\n\n  A = b c # d\r\n\texport B=\nexported=1\r\n  # two\nC D=1\n=x\nnone\n \t\nE=last";
        assert_eq!(
            lines(file),
            [
                "1 Comment \"# one\"",
                "2 Blank \"\"",
                "3 A=\" b c # d\"",
                "4 export B=\"\"",
                "5 exported=\"1\"",
                "6 Comment \"  # two\"",
                "7 Garbage \"C D=1\"",
                "8 Garbage \"=x\"",
                "9 Garbage \"none\"",
                "10 Blank \" \\t\"",
                "11 E=\"last\"",
            ]
        );
    }

    #[test]
    fn a_quoted_value_goes_on_to_its_closing_quote() {
        let file = b"A=\"one\r\nB=\\\"2\r\n\" # three\r\nC='4\\'\n5'\nD=x\"y\nE=1";
        assert_eq!(
            lines(file),
            [
                "1 A=\"\\\"one\\r\\nB=\\\\\\\"2\\r\\n\\\" # three\"",
                "4 C=\"'4\\\\'\\n5'\"",
                "6 D=\"x\\\"y\"",
                "7 E=\"1\""
            ]
        );
    }

    #[test]
    fn a_backslash_that_is_escaped_escapes_no_quote() {
        assert_eq!(lines(b"A=\"x\\\\\"\nB=\"y\""), ["1 A=\"\\\"x\\\\\\\\\\\"\"", "2 B=\"\\\"y\\\"\""]);
    }

    #[test]
    fn an_open_quote_hides_no_later_line() {
        assert_eq!(lines(b"A='abc\nB=2\n"), ["1 A=\"'abc\"", "2 B=\"2\""]);
    }

    #[test]
    fn a_byte_order_mark_belongs_to_no_line() {
        let document = Document::new(b"\xef\xbb\xbfA=1");
        assert!(document.has_byte_order_mark());
        assert_eq!(lines(document.bytes()), ["1 A=\"1\""]);
    }

    #[test]
    fn a_change_touches_nothing_but_its_value() {
        let file = b"\xef\xbb\xbf# \xff\r\nexport A = old\r\nB='1\n2'\nC=3";
        let document = Document::new(file);
        let changed = document.write(|_, assignment| match document.key(assignment) {
            b"A" => Some(b"new".to_vec()),
            b"B" => Some(Vec::new()),
            _ => None,
        });
        assert_eq!(changed, b"\xef\xbb\xbf# \xff\r\nexport A =new\r\nB=\nC=3");
    }

    fn files() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"A=".to_vec()),
            Just(b"export ".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\xef\xbb\xbf".to_vec()),
            "[=#'\"\\\\ \t\n\rab]".prop_map(String::into_bytes),
            any::<u8>().prop_map(|byte| vec![byte]),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn written_back_it_is_the_same_file(file in files()) {
            let document = Document::new(&file);
            prop_assert_eq!(document.write(|_, _| None), file.clone());
            let same = document.write(|_, assignment| Some(document.raw(assignment).to_vec()));
            prop_assert_eq!(same, file);
        }

        #[test]
        fn the_lines_are_the_file_without_a_gap_and_rightly_numbered(file in files()) {
            let document = Document::new(&file);
            let mut at = if document.has_byte_order_mark() { 3 } else { 0 };
            for line in document.lines() {
                prop_assert_eq!(line.span.start, at);
                prop_assert!(line.content.start == at && line.content.end <= line.span.end);
                prop_assert_eq!(line.number, 1 + file[..at].iter().filter(|byte| **byte == b'\n').count());
                at = line.span.end;
                if let Kind::Assignment(Assignment { key, raw, .. }) = &line.kind {
                    prop_assert!(!key.is_empty() && key.end < raw.start && raw.end == line.content.end);
                }
            }
            prop_assert_eq!(at, file.len());
        }
    }
}
