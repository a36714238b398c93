//! Quotes and expansions: `'…'`, `"…"`, `$'…'`, `${…}`, `$(…)`, `$((…))`, backticks.
//!
//! Holes are refused in all of them but the first two, so for the rest only the end matters: a hole behind a misjudged end
//! would be quoted for the wrong place. Where shells disagree about an end, the script is unreadable.

use super::Place;
use super::lexer::{Lexer, Unit};
use super::refusal::{Refusal, Unreadable};
use super::word::Word;

/// What a `'` means inside of `${…}`: shells and operators differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apostrophe {
    Quotes,
    IsItself,
}

impl Lexer<'_> {
    /// `'…'`, from its first quote.
    pub(super) fn single_quotes(&mut self, word: &mut Word) -> Result<(), Unreadable> {
        let start = self.at;
        self.bump();
        loop {
            match self.here() {
                Unit::End => return Err(self.unreadable(start, "a `'` is never closed")),
                Unit::Byte(b'\'') => break,
                Unit::Byte(byte) => word.see(byte),
                Unit::Hole(hole) => self.hole_in_word(word, hole, Place::SingleQuoted),
            }
            self.bump();
        }
        self.bump();
        word.quoted();
        Ok(())
    }

    /// `"…"`, from its first quote.
    pub(super) fn double_quotes(&mut self, word: &mut Word) -> Result<(), Unreadable> {
        let start = self.at;
        self.bump();
        // zsh reads `"$name[1]"` as a subscript, so its brackets are followed.
        let mut subscript = false;
        loop {
            match self.peek() {
                Unit::End => return Err(self.unreadable(start, "a `\"` is never closed")),
                Unit::Byte(b'"') => break,
                Unit::Byte(b'\\') => {
                    if !matches!(self.bytes().get(self.at + 1), Some(b'"' | b'\\' | b'$' | b'`')) {
                        word.escaped(b'\\');
                    }
                    self.backslash(word, start)?;
                }
                Unit::Byte(b'$') => subscript |= self.dollar(true, word)? && self.eat(b'['),
                Unit::Byte(b'`') => self.backticks(true, word)?,
                Unit::Byte(byte) => {
                    subscript &= byte != b']';
                    word.see(byte);
                    self.bump();
                }
                Unit::Hole(hole) => {
                    if subscript {
                        self.refuse(hole, Refusal::Subscript);
                    }
                    self.hole_in_word(word, hole, Place::DoubleQuoted);
                    self.bump();
                }
            }
        }
        self.bump();
        word.quoted();
        Ok(())
    }

    /// A backslash and what it quotes; `start` is where the construct around it began.
    pub(super) fn backslash(&mut self, word: &mut Word, start: usize) -> Result<(), Unreadable> {
        self.bump();
        match self.here() {
            Unit::End => return Err(self.unreadable(start, "a `\\` stands at the very end")),
            Unit::Hole(hole) => self.refuse(hole, Refusal::AfterBackslash),
            Unit::Byte(byte) => word.escaped(byte),
        }
        self.bump();
        word.quoted();
        Ok(())
    }

    /// `$` and what belongs to it, whether in double quotes or not. Tells whether it expands a parameter.
    pub(super) fn dollar(&mut self, in_quotes: bool, word: &mut Word) -> Result<bool, Unreadable> {
        let start = self.at;
        self.bump();
        word.expanded();
        match self.peek() {
            Unit::Hole(hole) => {
                self.refuse(hole, Refusal::AfterDollar);
                self.bump();
            }
            Unit::Byte(b'(') => self.dollar_parenthesis(start)?,
            Unit::Byte(b'{') => {
                self.within(Refusal::ParameterExpansion, |inside| inside.parameter(in_quotes))?;
                return Ok(true);
            }
            Unit::Byte(b'[') => {
                self.bump();
                self.within(Refusal::Arithmetic, |inside| inside.balanced(b'[', b']', start))?;
                return Err(self.unreadable(start, "only some shells know `$[…]`"));
            }
            Unit::Byte(b'\'') if !in_quotes => {
                self.within(Refusal::AnsiQuote, |inside| inside.ansi_quotes(start))?;
            }
            Unit::Byte(b'"') if !in_quotes => {
                self.within(Refusal::LocaleQuote, |inside| inside.double_quotes(&mut Word::default()))?;
            }
            Unit::Byte(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                while let Unit::Byte(byte) = self.peek()
                    && (byte.is_ascii_alphanumeric() || byte == b'_')
                {
                    self.bump();
                }
                return Ok(true);
            }
            Unit::Byte(byte) if byte.is_ascii_digit() || b"#?@*!-$+=~^:".contains(&byte) => {
                // In zsh these may be flags of the parameter that follows: `$#name`, `$=name`.
                if let (b'#' | b'+' | b'=' | b'~' | b'^' | b':', Unit::Hole(hole)) = (byte, self.second()) {
                    self.refuse(hole, Refusal::AfterDollar);
                }
                if byte.is_ascii_digit() || b"#?@*!-$".contains(&byte) {
                    self.bump();
                    return Ok(true);
                }
            }
            Unit::Byte(_) | Unit::End => {}
        }
        Ok(false)
    }

    /// `$'…'`, from its first quote.
    fn ansi_quotes(&mut self, start: usize) -> Result<(), Unreadable> {
        self.bump();
        loop {
            match self.here() {
                Unit::End => return Err(self.unreadable(start, "a `$'` is never closed")),
                Unit::Byte(b'\'') => break,
                Unit::Byte(b'\\') => {
                    self.bump();
                    if self.here() == Unit::Byte(b'\'') {
                        return Err(self.unreadable(start, "shells disagree about `\\'` in `$'…'`"));
                    }
                }
                Unit::Byte(_) => {}
                Unit::Hole(hole) => self.refuse(hole, Refusal::AnsiQuote),
            }
            self.bump();
        }
        self.bump();
        Ok(())
    }

    /// Backticks, from the first: they end at the next one without a backslash, whatever quotes are inside.
    pub(super) fn backticks(&mut self, in_quotes: bool, word: &mut Word) -> Result<(), Unreadable> {
        let start = self.at;
        let mut content = Vec::new();
        self.bump();
        loop {
            match self.here() {
                Unit::End => return Err(self.unreadable(start, "a backtick is never closed")),
                Unit::Byte(b'`') => break,
                Unit::Byte(b'\\') => {
                    self.bump();
                    match self.here() {
                        Unit::Byte(byte) if b"\\`$".contains(&byte) || (in_quotes && byte == b'"') => {
                            content.push(byte);
                        }
                        Unit::Byte(byte) => content.extend([b'\\', byte]),
                        Unit::Hole(hole) => self.refuse(hole, Refusal::Backticks),
                        Unit::End => {}
                    }
                }
                Unit::Byte(byte) => content.push(byte),
                Unit::Hole(hole) => self.refuse(hole, Refusal::Backticks),
            }
            self.bump();
        }
        self.bump();
        word.expanded();
        self.look_for_pipelines(&String::from_utf8_lossy(&content), |inner| inner.script());
        Ok(())
    }

    /// `${…}`, from its brace.
    fn parameter(&mut self, in_quotes: bool) -> Result<(), Unreadable> {
        let start = self.at;
        self.bump();
        match self.peek() {
            Unit::Byte(b' ' | b'\t' | b'\n' | b'|') => {
                return Err(self.unreadable(start, "`${ … }` with a command is new"));
            }
            Unit::Byte(b'(') => return Err(self.unreadable(start, "`${(…)…}` is zsh's alone")),
            _ => {}
        }
        if !in_quotes {
            return self.parameter_end(Apostrophe::Quotes, start);
        }
        let end = |inside: &mut Self| inside.parameter_end(Apostrophe::Quotes, start).map(|()| inside.at);
        let other = self.trial(end, |_| false);
        self.parameter_end(Apostrophe::IsItself, start)?;
        if other == Ok(self.at) {
            Ok(())
        } else {
            Err(self.unreadable(start, "shells disagree about `'` in `\"${…}\"`"))
        }
    }

    /// The rest of `${…}`.
    fn parameter_end(&mut self, apostrophe: Apostrophe, start: usize) -> Result<(), Unreadable> {
        let mut inside = Word::default();
        loop {
            match self.peek() {
                Unit::End => return Err(self.unreadable(start, "a `${` is never closed")),
                Unit::Byte(b'}') => break,
                Unit::Byte(b'{') => return Err(self.unreadable(start, "shells disagree about `{` in `${…}`")),
                Unit::Byte(b'\'') if apostrophe == Apostrophe::Quotes => self.single_quotes(&mut inside)?,
                Unit::Byte(b'"') => self.double_quotes(&mut inside)?,
                Unit::Byte(b'\\') => self.backslash(&mut inside, start)?,
                Unit::Byte(b'$') => {
                    self.dollar(apostrophe == Apostrophe::IsItself, &mut inside)?;
                }
                Unit::Byte(b'`') => self.backticks(false, &mut inside)?,
                Unit::Byte(_) => self.bump(),
                Unit::Hole(hole) => {
                    self.refuse(hole, Refusal::ParameterExpansion);
                    self.bump();
                }
            }
        }
        self.bump();
        Ok(())
    }

    /// Up to the `close` that matches an `open` that was just read: subscripts, arithmetic, patterns.
    pub(super) fn balanced(&mut self, open: u8, close: u8, start: usize) -> Result<(), Unreadable> {
        let mut inside = Word::default();
        let mut depth = 1_usize;
        loop {
            match self.peek() {
                Unit::End => return Err(self.unreadable(start, "a bracket is never closed")),
                Unit::Byte(b'\'') => self.single_quotes(&mut inside)?,
                Unit::Byte(b'"') => self.double_quotes(&mut inside)?,
                Unit::Byte(b'\\') => self.backslash(&mut inside, start)?,
                Unit::Byte(b'$') => {
                    self.dollar(false, &mut inside)?;
                }
                Unit::Byte(b'`') => self.backticks(false, &mut inside)?,
                Unit::Byte(byte) => {
                    depth += usize::from(byte == open);
                    depth -= usize::from(byte == close);
                    self.bump();
                    if depth == 0 {
                        return Ok(());
                    }
                }
                Unit::Hole(hole) => {
                    self.refuse(hole, Refusal::Pattern);
                    self.bump();
                }
            }
        }
    }
}
