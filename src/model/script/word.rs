//! A word: what a hole is a piece of.
//!
//! While a word is read, a sketch of it is kept: plain characters as they are, and one mark for each other piece. From the
//! sketch follows whether it is an assignment, a pattern, a name, or nothing but a hole.

use super::Place;
use super::lexer::{Lexer, Unit, is_meta};
use super::refusal::{Refusal, Unreadable};

/// Marks of a sketch: bytes that no UTF-8 text has.
const HOLE: u8 = 0xff;
const HOLE_IN_QUOTES: u8 = 0xfe;
const QUOTED: u8 = 0xfd;
const SUBSCRIPT: u8 = 0xfc;

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// In the list of a command's or a loop's words: none and many are as good as one.
    Listed,
    /// As `Listed`, where assignments are read: before the command's name, or after `export`.
    Assignable,
    /// Where exactly one word has to stand: a redirection, the subject of `case`, a name.
    Single,
}

/// A word that was read, or a part of one.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    sketch: Vec<u8>,
    /// Its plain characters without their quotes.
    text: Vec<u8>,
    /// Where in `text` the first and the last piece stand that are a hole or an expansion.
    unknown: Option<(usize, usize)>,
    /// Its holes, refused ones included.
    pub(super) holes: Vec<usize>,
    /// Its holes outside of quotes.
    bare: Vec<usize>,
    braces: usize,
    brackets: usize,
    /// A `~` that might be expanded stands before, with no `/` or `:` since.
    tilde: bool,
    /// A `=` came before, in quotes or not.
    equals: bool,
    /// A hole came before any `=`.
    hole_first: bool,
}

impl Word {
    /// Takes note of a piece that is no plain text.
    pub(super) fn quoted(&mut self) {
        self.sketch.push(QUOTED);
    }

    /// Takes note of a piece that only the running script knows.
    pub(super) fn expanded(&mut self) {
        self.quoted();
        self.unknown();
    }

    fn unknown(&mut self) {
        let at = self.text.len();
        self.unknown = Some((self.unknown.map_or(at, |(first, _)| first), at));
    }

    /// Takes note of a character behind a backslash.
    pub(super) fn escaped(&mut self, byte: u8) {
        self.text.push(byte);
    }

    /// What the command is given, if that stands in the script.
    pub(super) fn literal(&self) -> Option<&[u8]> {
        self.unknown.is_none().then_some(&self.text)
    }

    /// What of it stands in the script before any hole or expansion, without quotes.
    pub(super) fn head(&self) -> &[u8] {
        let end = self.unknown.map_or(self.text.len(), |(first, _)| first);
        self.text.get(..end).unwrap_or_default()
    }

    /// What of it stands in the script behind the last hole or expansion, without quotes.
    pub(super) fn tail(&self) -> &[u8] {
        let begin = self.unknown.map_or(0, |(_, last)| last);
        self.text.get(begin..).unwrap_or_default()
    }

    /// A subscript of an assignment was read.
    pub(super) fn has_subscript(&self) -> bool {
        self.sketch.contains(&SUBSCRIPT)
    }

    /// Without its quotes it is exactly `text`.
    pub(super) fn reads(&self, text: &str) -> bool {
        self.literal() == Some(text.as_bytes())
    }

    /// There is no word.
    pub(super) fn is_empty(&self) -> bool {
        self.sketch.is_empty()
    }

    /// It is one hole outside of quotes and nothing else.
    pub(super) fn is_sole_hole(&self) -> bool {
        self.sketch == [HOLE]
    }

    /// It is exactly the plain text `text`.
    pub(super) fn is(&self, text: &str) -> bool {
        self.sketch == text.as_bytes()
    }

    /// Directly before `<` or `>` it might be the number of a descriptor: digits and holes outside of quotes.
    fn may_be_descriptor(&self) -> bool {
        !self.bare.is_empty() && self.sketch.iter().all(|byte| *byte == HOLE || byte.is_ascii_digit())
    }

    /// It is a name so far.
    fn is_name(&self) -> bool {
        self.sketch.first().is_some_and(|byte| !byte.is_ascii_digit())
            && self.sketch.iter().all(|byte| is_name_byte(*byte))
    }

    /// What stands before the first `=`.
    fn target(&self) -> Option<&[u8]> {
        let equals = self.sketch.iter().position(|byte| *byte == b'=')?;
        let target = self.sketch.get(..equals)?;
        Some(target.strip_suffix(b"+").unwrap_or(target))
    }

    /// It is `NAME=…`, `NAME+=…` or `NAME[…]=…`.
    pub(super) fn is_assignment(&self) -> bool {
        self.target().is_some_and(|target| {
            let name = target.strip_suffix(&[SUBSCRIPT]).unwrap_or(target);
            name.first().is_some_and(|byte| !byte.is_ascii_digit())
                && name.iter().all(|byte| is_name_byte(*byte))
        })
    }

    /// It might be an assignment, and a hole is a part of the name.
    pub(super) fn names_by_hole(&self) -> bool {
        let is_hole = |byte: &u8| [HOLE, HOLE_IN_QUOTES].contains(byte);
        self.target().is_some_and(|target| {
            target.iter().any(is_hole)
                && target
                    .iter()
                    .all(|byte| is_hole(byte) || is_name_byte(*byte) || [QUOTED, SUBSCRIPT].contains(byte))
        })
    }

    /// As an argument of `export` it has a hole in the name, which zsh and bash evaluate as they do a subscript.
    pub(super) fn declares_by_hole(&self) -> bool {
        self.hole_first
    }

    /// Takes note of a character, in quotes or not.
    pub(super) fn see(&mut self, byte: u8) {
        self.equals |= byte == b'=';
        self.text.push(byte);
    }

    /// Takes a plain character.
    fn push(&mut self, byte: u8) {
        let expands = matches!(self.sketch.last(), None | Some(b'=' | b':'));
        match byte {
            b'{' => self.braces += 1,
            b'}' => self.braces = self.braces.saturating_sub(1),
            b'[' => self.brackets += 1,
            // A first `]` in brackets is one of their characters.
            b']' if !matches!(self.sketch.last(), Some(b'[' | b'!' | b'^')) => {
                self.brackets = self.brackets.saturating_sub(1);
            }
            // zsh: `=name` is the path of a program.
            b'~' | b'=' if expands => self.tilde = true,
            b'/' | b':' => self.tilde = false,
            _ => {}
        }
        self.see(byte);
        self.sketch.push(byte);
    }

    /// Why no hole may follow in this word.
    fn forbids(&self) -> Option<Refusal> {
        if self.braces > 0 {
            Some(Refusal::Brace)
        } else if self.brackets > 0 {
            Some(Refusal::Bracket)
        } else if self.tilde {
            Some(Refusal::Tilde)
        } else {
            None
        }
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl Lexer<'_> {
    /// A hole as a piece of `word`; does not step over it.
    pub(super) fn hole_in_word(&mut self, word: &mut Word, hole: usize, place: Place) {
        match word.forbids() {
            Some(refusal) => self.refuse(hole, refusal),
            None => self.place(hole, place),
        }
        word.holes.push(hole);
        word.hole_first |= !word.equals;
        word.unknown();
        if matches!(place, Place::Bare | Place::BarePart) {
            word.bare.push(hole);
            word.sketch.push(HOLE);
        } else {
            word.sketch.push(HOLE_IN_QUOTES);
        }
    }

    /// Refuses all holes of `word`.
    pub(super) fn refuse_word(&mut self, word: &Word, refusal: Refusal) {
        for hole in &word.holes {
            self.refuse(*hole, refusal);
        }
    }

    /// The word at `at`, which may be empty.
    pub(super) fn word(&mut self, position: Position) -> Result<Word, Unreadable> {
        self.peek();
        let start = self.at;
        let mut word = Word::default();
        loop {
            match self.peek() {
                Unit::End | Unit::Byte(b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b')') => break,
                Unit::Byte(b'<' | b'>') if self.second() == Unit::Byte(b'(') => {
                    let start = self.at;
                    self.bump();
                    self.peek();
                    self.commands_in_parentheses(Refusal::ProcessSubstitution, start)?;
                    word.expanded();
                }
                Unit::Byte(b'<' | b'>') => {
                    if word.may_be_descriptor() {
                        self.refuse_word(&word, Refusal::Descriptor);
                    }
                    break;
                }
                Unit::Byte(b'(') => {
                    if !self.parenthesis(&mut word)? {
                        break;
                    }
                }
                Unit::Byte(b'\'') => self.single_quotes(&mut word)?,
                Unit::Byte(b'"') => self.double_quotes(&mut word)?,
                Unit::Byte(b'\\') => self.backslash(&mut word, start)?,
                Unit::Byte(b'$') => {
                    self.dollar(false, &mut word)?;
                }
                Unit::Byte(b'`') => self.backticks(false, &mut word)?,
                Unit::Byte(b'[') if position == Position::Assignable && word.is_name() => {
                    let start = self.at;
                    self.bump();
                    self.within(Refusal::Subscript, |inside| inside.balanced(b'[', b']', start))?;
                    let inside = self.bytes().get(start..self.at).unwrap_or_default();
                    if inside.iter().any(|byte| is_meta(*byte)) {
                        return Err(self.unreadable(start, "sh reads several words in this subscript"));
                    }
                    word.sketch.push(SUBSCRIPT);
                    word.unknown();
                }
                Unit::Byte(byte) => {
                    self.bump();
                    word.push(byte);
                }
                Unit::Hole(hole) => {
                    self.hole_in_word(&mut word, hole, Place::BarePart);
                    self.bump();
                }
            }
        }
        if let ([hole], true, true) = (&*word.holes, word.is_sole_hole(), position != Position::Single) {
            self.place(*hole, Place::Bare);
        }
        self.check_line_ends(start)?;
        Ok(word)
    }

    /// A parenthesis in a word: an array or a pattern. False if it is neither, and so ends the word.
    fn parenthesis(&mut self, word: &mut Word) -> Result<bool, Unreadable> {
        let start = self.at;
        match word.sketch.last() {
            Some(b'=') => self.within(Refusal::Array, |inside| inside.array(start))?,
            Some(b'?' | b'*' | b'+' | b'@' | b'!') => {
                self.bump();
                self.within(Refusal::Pattern, |inside| inside.balanced(b'(', b')', start))?;
            }
            _ => return Ok(false),
        }
        word.expanded();
        Ok(true)
    }

    /// `(…)` of `NAME=(…)`.
    fn array(&mut self, start: usize) -> Result<(), Unreadable> {
        self.bump();
        loop {
            self.skip_line_ends()?;
            if self.eat(b')') {
                return Ok(());
            }
            if self.word(Position::Assignable)?.is_empty() {
                return Err(self.unreadable(start, "an array is never closed"));
            }
        }
    }
}
