//! Where each byte of a decoded TOML string stands in the file.
//!
//! The `toml` crate tells where a string starts and ends, not where its tenth character is; with an escape or a trimmed
//! newline before it the two differ. So a string that has to be pointed into is lexed once more here, by the rules of
//! TOML 1.1. Strings without holes and faults never come here.

use std::ops::Range;

/// A decoded string with the way back to its source.
#[derive(Debug)]
pub(super) struct Located {
    /// The text as TOML means it; a line break of a multi-line string is always `\n`, as a shell wants it.
    pub(super) text: String,
    segments: Vec<Segment>,
}

/// A stretch of the decoded text and of the source. Of equal length when copied as it is; an escape differs in length.
#[derive(Debug)]
struct Segment {
    decoded: Range<usize>,
    source: Range<usize>,
}

impl Located {
    /// Lexes the token `raw`, quotes included, that starts at byte `start` of its file.
    pub(super) fn lex(raw: &str, start: usize) -> Self {
        let mut located = Self { text: String::with_capacity(raw.len()), segments: Vec::new() };
        let multi_line = raw.len() >= 6 && (raw.starts_with("\"\"\"") || raw.starts_with("'''"));
        let width = match raw.as_bytes().first() {
            _ if multi_line => 3,
            Some(b'"' | b'\'') if raw.len() >= 2 => 1,
            // Left over from a syntax error: taken as it is.
            _ => 0,
        };
        let mut at = width;
        if multi_line {
            let rest = raw.get(at..).unwrap_or_default();
            at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        }
        let body_end = raw.len().saturating_sub(width).max(at);
        let Some(body) = raw.get(at..body_end) else { return located };
        let escapes = width > 0 && raw.starts_with('"');
        let mut rest = body;
        while !rest.is_empty() {
            let here = start + body_end - rest.len();
            let plain = rest
                .bytes()
                .position(|byte| (byte == b'\\' && escapes) || (byte == b'\r' && multi_line))
                .unwrap_or(rest.len());
            if plain > 0 {
                located.push(&rest[..plain], here..here + plain);
                rest = &rest[plain..];
            } else if rest.starts_with('\r') {
                let taken = if rest.starts_with("\r\n") { 2 } else { 1 };
                located.push("\n", here..here + taken);
                rest = &rest[taken..];
            } else {
                let (decoded, taken) = escape(rest, multi_line);
                let mut buffer = [0; 4];
                located
                    .push(decoded.map_or("", |decoded| decoded.encode_utf8(&mut buffer)), here..here + taken);
                rest = &rest[taken..];
            }
        }
        located
    }

    /// The bytes of the file that `range` of the decoded text came from.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        let start = self.boundary(range.start, false);
        if range.is_empty() {
            return start..start;
        }
        start..self.boundary(range.end, true).max(start)
    }

    /// The source offset of a decoded offset; an end belongs to the segment before it, a start to the one after it.
    fn boundary(&self, offset: usize, is_end: bool) -> usize {
        let after = self.segments.partition_point(|segment| {
            if is_end { segment.decoded.start < offset } else { segment.decoded.start <= offset }
        });
        let Some(segment) = after.checked_sub(1).and_then(|index| self.segments.get(index)) else {
            return self.segments.first().map_or(0, |segment| segment.source.start);
        };
        if segment.decoded.len() == segment.source.len() {
            (segment.source.start + (offset - segment.decoded.start)).min(segment.source.end)
        } else if is_end || offset >= segment.decoded.end {
            segment.source.end
        } else {
            segment.source.start
        }
    }

    fn push(&mut self, text: &str, source: Range<usize>) {
        let start = self.text.len();
        self.text.push_str(text);
        self.segments.push(Segment { decoded: start..self.text.len(), source });
    }
}

/// What the escape at the start of `rest` stands for, and how many bytes it takes; `None` for a trimmed line break.
fn escape(rest: &str, multi_line: bool) -> (Option<char>, usize) {
    let Some(letter) = rest.chars().nth(1) else { return (Some('\\'), 1) };
    let simple = match letter {
        'b' => '\u{8}',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '"' | '\\' => letter,
        'x' => return hexadecimal(rest, 2),
        'u' => return hexadecimal(rest, 4),
        'U' => return hexadecimal(rest, 8),
        _ if multi_line && letter.is_ascii_whitespace() => {
            let kept = rest[1..].trim_start_matches([' ', '\t', '\n', '\r']);
            return (None, rest.len() - kept.len());
        }
        // A syntax error that was already reported.
        _ => return (Some('\\'), 1),
    };
    (Some(simple), 2)
}

fn hexadecimal(rest: &str, digits: usize) -> (Option<char>, usize) {
    rest.get(2..2 + digits)
        .and_then(|text| u32::from_str_radix(text, 16).ok())
        .and_then(char::from_u32)
        .map_or((Some('\\'), 1), |decoded| (Some(decoded), 2 + digits))
}

#[cfg(test)]
mod tests {
    use super::Located;

    fn place(raw: &str, needle: &str) -> String {
        let located = Located::lex(raw, 100);
        let at = located.text.find(needle).expect("needle");
        let source = located.source(at..at + needle.len());
        raw[source.start - 100..source.end - 100].to_owned()
    }

    #[test]
    fn escapes_before_and_inside_do_not_move_the_place() {
        assert_eq!(place(r#""a\tb {{ x }} c""#, "{{ x }}"), "{{ x }}");
        assert_eq!(place(r#""é\u00e9 {{ \"x\" }}""#, "{{ \"x\" }}"), r#"{{ \"x\" }}"#);
        assert_eq!(place("'é {{ x }}'", "{{ x }}"), "{{ x }}");
    }

    #[test]
    fn multi_line_strings_skip_the_first_newline_and_trimmed_ones() {
        assert_eq!(place("\"\"\"\none \\\n   {{ x }}\"\"\"", "{{ x }}"), "{{ x }}");
        assert_eq!(place("'''\r\none\r\n{{ x }}'''", "{{ x }}"), "{{ x }}");
        assert_eq!(Located::lex("'''\r\none\r\ntwo'''", 0).text, "one\ntwo");
    }
}
