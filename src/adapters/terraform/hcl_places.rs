//! Where in a `.tf` text its blocks and expressions stand, so that a copy can be edited and the rest of it keeps every byte.

use std::ops::Range;

use super::hcl::{Token, located};

/// A block and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its first word.
    pub(super) kind: String,
    /// Its labels, without quotes.
    pub(super) labels: Vec<String>,
    /// From its first word to its closing brace.
    pub(super) whole: Range<usize>,
    /// Behind its opening brace.
    pub(super) inner: usize,
    /// Names, and where their expressions stand.
    pub(super) attributes: Vec<(String, Range<usize>)>,
    /// Blocks in it.
    pub(super) blocks: Vec<Place>,
}

impl Place {
    /// The first label.
    pub(super) fn label(&self) -> &str {
        self.labels.first().map_or("", String::as_str)
    }

    /// Where the expression of an attribute stands.
    pub(super) fn attribute(&self, name: &str) -> Option<Range<usize>> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, range)| range.clone())
    }
}

/// The blocks of a text in terraform's own language. Never fails, as the scanner below it.
pub(super) fn places(text: &str) -> Vec<Place> {
    let tokens = located(text);
    Walk { tokens: &tokens, at: 0, length: text.len() }.body(0).1
}

/// Blocks below this depth are not read; terraform's own language has none.
const DEPTH: usize = 32;

struct Walk<'t> {
    tokens: &'t [(usize, Token<'t>)],
    at: usize,
    length: usize,
}

type Body = (Vec<(String, Range<usize>)>, Vec<Place>);

impl<'t> Walk<'t> {
    fn peek(&self) -> Option<&'t Token<'t>> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    /// The byte behind the token before this one.
    fn end_of_last(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(0, |(start, token)| start + length(token))
    }

    fn body(&mut self, depth: usize) -> Body {
        let (mut attributes, mut blocks) = (Vec::new(), Vec::new());
        while let Some((start, token)) = self.tokens.get(self.at) {
            self.at += 1;
            match token {
                Token::Sign('}') if depth > 0 => break,
                Token::Word(name) | Token::Text(name) if self.peek() == Some(&Token::Sign('=')) => {
                    self.at += 1;
                    attributes.push((name.trim_matches('"').to_owned(), self.expression()));
                }
                Token::Word(kind) => {
                    let mut labels = Vec::new();
                    while let Some(Token::Word(label) | Token::Text(label)) = self.peek() {
                        labels.push(label.trim_matches('"').to_owned());
                        self.at += 1;
                    }
                    if self.peek() == Some(&Token::Sign('{')) {
                        self.at += 1;
                        let inner = self.end_of_last();
                        if depth < DEPTH {
                            let (attributes, inside) = self.body(depth + 1);
                            let whole = *start..self.end_of_last();
                            let kind = (*kind).to_owned();
                            blocks.push(Place { kind, labels, whole, inner, attributes, blocks: inside });
                        }
                    }
                }
                _ => {}
            }
        }
        (attributes, blocks)
    }

    /// Reads up to the end of the line, or the brace that closes the block, outside of all brackets.
    fn expression(&mut self) -> Range<usize> {
        let start = self.tokens.get(self.at).map_or(self.length, |(start, _)| *start);
        let mut open = 0_usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Newline if open == 0 => break,
                Token::Sign('}') if open == 0 => break,
                Token::Sign('{' | '[' | '(') => open += 1,
                Token::Sign('}' | ']' | ')') => open = open.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
        }
        start..self.end_of_last().max(start)
    }
}

fn length(token: &Token<'_>) -> usize {
    match token {
        Token::Word(text) | Token::Text(text) => text.len(),
        Token::Newline => 1,
        Token::Sign(sign) => sign.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_expressions_are_found_byte_for_byte() {
        let text = "# data \"x\" {}\ndata \"ä\" \"y\" {\n  config = merge({ a = \"}\" }, # why\n    var.b)\n  lifecycle { z = 1 }\n}\nlocals { a = 1 }\n";
        let found = places(text);
        assert_eq!(found.len(), 2);
        let data = &found[0];
        assert_eq!(
            (data.kind.as_str(), data.labels.as_slice()),
            ("data", &["ä".to_owned(), "y".to_owned()][..])
        );
        assert!(
            text[data.whole.clone()].starts_with("data \"ä\"")
                && text[data.whole.clone()].ends_with("1 }\n}")
        );
        let config = data.attribute("config").unwrap();
        assert_eq!(&text[config], "merge({ a = \"}\" }, # why\n    var.b)");
        assert_eq!(&text[data.blocks[0].whole.clone()], "lifecycle { z = 1 }");
        assert_eq!(&text[found[1].attribute("a").unwrap()], "1");
    }

    #[test]
    fn a_text_that_is_cut_anywhere_gives_what_could_be_read() {
        let text = "terraform {\n  backend \"s3\" {\n    key = <<-E\n      a\n    E\n  }\n}\n";
        for end in 0..=text.len() {
            for place in places(&text[..end]) {
                assert!(place.whole.end <= end && place.inner <= end);
            }
        }
    }
}
