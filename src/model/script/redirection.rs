//! Redirections, and the bodies of here-documents.

use std::ops::Range;

use super::lexer::{HereDocument, Lexer, Unit, is_meta};
use super::refusal::{Refusal, Unreadable};
use super::word::{Position, Word};

impl Lexer<'_> {
    /// The redirection that comes next, with its target; false, and nothing read, if there is none.
    pub(super) fn redirection(&mut self) -> Result<bool, Unreadable> {
        self.peek();
        let start = self.at;
        self.skip_descriptor();
        let operator = match self.peek() {
            Unit::Byte(operator @ (b'<' | b'>')) if self.second() != Unit::Byte(b'(') => operator,
            Unit::Byte(b'&') if self.at == start && self.second() == Unit::Byte(b'>') => {
                self.bump();
                b'>'
            }
            _ => {
                self.at = start;
                return Ok(false);
            }
        };
        self.eat(operator);
        if operator == b'<' && self.eat(b'<') {
            if !self.eat(b'<') {
                return self.here_document(start).map(|()| true);
            }
        } else if self.eat(b'&') {
            let word = self.target(start)?;
            self.refuse_word(&word, Refusal::Descriptor);
            return Ok(true);
        } else if !self.eat(b'>') {
            self.eat(b'|');
        }
        self.target(start)?;
        Ok(true)
    }

    /// `2` or `{name}` before the operator.
    fn skip_descriptor(&mut self) {
        if self.eat(b'{') {
            while let Unit::Byte(byte) = self.peek()
                && (byte.is_ascii_alphanumeric() || byte == b'_')
            {
                self.bump();
            }
            self.eat(b'}');
        } else {
            while let Unit::Byte(b'0'..=b'9') = self.peek() {
                self.bump();
            }
        }
    }

    /// The word after the operator.
    fn target(&mut self, start: usize) -> Result<Word, Unreadable> {
        while self.eat(b' ') || self.eat(b'\t') {}
        let word = self.word(Position::Single)?;
        if word.is_empty() { Err(self.unreadable(start, "a redirection has no target")) } else { Ok(word) }
    }

    /// A here-document from behind its `<<` to behind its delimiter; the body comes with the line's end.
    fn here_document(&mut self, start: usize) -> Result<(), Unreadable> {
        let strip_tabs = self.eat(b'-');
        while self.eat(b' ') || self.eat(b'\t') {}
        let mut document = HereDocument { delimiter: Vec::new(), quoted: false, strip_tabs };
        let mut quote = None;
        loop {
            let unit = if quote == Some(b'\'') { self.here() } else { self.peek() };
            match unit {
                Unit::End if quote.is_some() => return Err(self.unreadable(start, "a quote is never closed")),
                Unit::End => break,
                Unit::Hole(hole) => {
                    self.refuse(hole, Refusal::HereDelimiter);
                    let written = self.holes.get(hole).and_then(|range| self.bytes().get(range.clone()));
                    document.delimiter.extend_from_slice(written.unwrap_or_default());
                }
                Unit::Byte(b'$' | b'`' | b'\n' | b'(') if quote.is_some() || unit != Unit::Byte(b'\n') => {
                    return Err(self.unreadable(start, "shells disagree about this delimiter"));
                }
                Unit::Byte(byte) if quote == Some(byte) => quote = None,
                Unit::Byte(b'\\') if quote == Some(b'"') => {
                    return Err(self.unreadable(start, "shells disagree about this delimiter"));
                }
                Unit::Byte(byte) if quote.is_some() => document.delimiter.push(byte),
                Unit::Byte(byte @ (b'\'' | b'"')) => {
                    quote = Some(byte);
                    document.quoted = true;
                }
                Unit::Byte(b'\\') => {
                    self.bump();
                    document.quoted = true;
                    match self.here() {
                        Unit::Byte(byte) => document.delimiter.push(byte),
                        Unit::Hole(hole) => self.refuse(hole, Refusal::HereDelimiter),
                        Unit::End => {}
                    }
                }
                Unit::Byte(byte) if is_meta(byte) => break,
                Unit::Byte(byte) => document.delimiter.push(byte),
            }
            self.bump();
        }
        if document.delimiter.is_empty() {
            return Err(self.unreadable(start, "a here-document has no delimiter"));
        }
        self.pending.push(document);
        Ok(())
    }

    /// A line's end, and the bodies that begin there.
    pub(super) fn line_end(&mut self) -> Result<(), Unreadable> {
        self.bump();
        for document in std::mem::take(&mut self.pending) {
            self.here_body(&document)?;
        }
        Ok(())
    }

    /// One body with the line that ends it.
    fn here_body(&mut self, document: &HereDocument) -> Result<(), Unreadable> {
        let start = self.at;
        let mut continued = false;
        loop {
            let rest = self.bytes().get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                return Err(self.unreadable(start, "a here-document is never closed"));
            }
            let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            let begin =
                if document.strip_tabs { line.iter().take_while(|byte| **byte == b'\t').count() } else { 0 };
            let found = !continued && line.get(begin..) == Some(&document.delimiter);
            // Shells disagree: is a delimiter that follows a continued line one?
            if continued && line.get(begin..) == Some(&document.delimiter) {
                return Err(self.unreadable(start, "shells disagree where this here-document ends"));
            }
            let backslashes = line.iter().rev().take_while(|byte| **byte == b'\\').count();
            continued = !document.quoted && backslashes % 2 == 1;
            let end = self.at;
            self.at = (self.at + length + 1).min(self.text.len());
            if found {
                let body = start..end;
                self.refuse_holes_in(&body, Refusal::HereDocument);
                self.refuse_holes_in(&(end..self.at), Refusal::HereDelimiter);
                let text = self.text.get(body).unwrap_or_default();
                // dash looks for the other backtick even behind the delimiter.
                if !document.quoted && !self.look_for_pipelines(text, |inner| inner.here_text()) {
                    return Err(self.unreadable(start, "a construct in a here-document is never closed"));
                }
                return Ok(());
            }
        }
    }

    /// Refuses the holes that begin in `range`.
    fn refuse_holes_in(&mut self, range: &Range<usize>, refusal: Refusal) {
        for (hole, place) in self.holes.iter().enumerate() {
            if range.contains(&place.start) {
                self.refuse(hole, refusal);
            }
        }
    }

    /// The text of a here-document whose delimiter is not quoted.
    fn here_text(&mut self) -> Result<(), Unreadable> {
        let mut word = Word::default();
        loop {
            match self.peek() {
                Unit::End => return Ok(()),
                Unit::Byte(b'\\') => self.backslash(&mut word, 0)?,
                Unit::Byte(b'$') => {
                    self.dollar(true, &mut word)?;
                }
                Unit::Byte(b'`') => self.backticks(true, &mut word)?,
                Unit::Byte(_) | Unit::Hole(_) => self.bump(),
            }
        }
    }
}
