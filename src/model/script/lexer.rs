//! The cursor of the classifier: units of a script, where the lexer stands, and what was found out about each hole.
//!
//! A unit is one byte, one hole, or the end. Bytes are enough: every sign that means something to a shell is ASCII, and no
//! byte of a longer UTF-8 character is. `peek` takes backslash-newline away as a shell does, `here` does not (single
//! quotes, comments, here-documents).

use std::ops::Range;

use super::Place;
use super::refusal::{Refusal, Unreadable};

/// Constructs inside of constructs; nobody writes so many, and the stack is finite.
const DEPTH: usize = 60;

/// What stands at one place of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Byte(u8),
    Hole(usize),
    End,
}

/// A here-document whose body is still to come.
#[derive(Clone, Debug)]
pub(super) struct HereDocument {
    /// The line that ends it.
    pub(super) delimiter: Vec<u8>,
    /// The delimiter was quoted: nothing is expanded in the body.
    pub(super) quoted: bool,
    /// `<<-`: tabs before each line are taken away.
    pub(super) strip_tabs: bool,
}

/// The classifier's state. A clone is a trial: for constructs whose kind shows only at their end.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    pub(super) holes: &'a [Range<usize>],
    /// The next byte; never inside a hole.
    pub(super) at: usize,
    /// What was found about each hole.
    pub(super) verdicts: Vec<Option<Result<Place, Refusal>>>,
    /// The outermost construct around `at` in which no hole may stand.
    pub(super) refusal: Option<Refusal>,
    pub(super) pending: Vec<HereDocument>,
    /// A `|` between commands was seen.
    pub(super) pipeline: bool,
    pub(super) depth: usize,
    /// Units that may still be read: trials inside of trials multiply, and reading a file has to end.
    fuel: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, holes: &'a [Range<usize>]) -> Self {
        let fuel = text.len().saturating_mul(64).saturating_add(10_000);
        Self {
            text,
            holes,
            at: 0,
            verdicts: vec![None; holes.len()],
            refusal: None,
            pending: Vec::new(),
            pipeline: false,
            depth: 0,
            fuel,
        }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// What stands at `at`.
    pub(super) fn here(&self) -> Unit {
        if self.fuel == 0 {
            return Unit::End;
        }
        if let Ok(hole) = self.holes.binary_search_by_key(&self.at, |hole| hole.start) {
            return Unit::Hole(hole);
        }
        self.bytes().get(self.at).map_or(Unit::End, |byte| Unit::Byte(*byte))
    }

    /// What stands at `at` or after line continuations there.
    pub(super) fn peek(&mut self) -> Unit {
        while self.here() == Unit::Byte(b'\\') && self.bytes().get(self.at + 1) == Some(&b'\n') {
            self.at += 2;
        }
        self.here()
    }

    /// What comes after the unit that `peek` sees.
    pub(super) fn second(&mut self) -> Unit {
        self.peek();
        let at = self.at;
        self.bump();
        let unit = self.peek();
        self.at = at;
        unit
    }

    /// Steps over the unit at `at`.
    pub(super) fn bump(&mut self) {
        match self.here() {
            Unit::Byte(_) => self.at += 1,
            Unit::Hole(hole) => self.at = self.holes.get(hole).map_or(self.text.len(), |hole| hole.end),
            Unit::End => {}
        }
        self.fuel = self.fuel.saturating_sub(1);
    }

    /// Steps over `byte` if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Unit::Byte(byte);
        if found {
            self.bump();
        }
        found
    }

    /// Steps over `byte`, which has to come next; `start` is where its construct began.
    pub(super) fn expect(&mut self, byte: u8, start: usize, reason: &'static str) -> Result<(), Unreadable> {
        if self.eat(byte) { Ok(()) } else { Err(self.unreadable(start, reason)) }
    }

    /// The script can't be read: from `start` to here.
    pub(super) fn unreadable(&self, start: usize, reason: &'static str) -> Unreadable {
        let mut end = self.at.max(start + 1).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        let reason = if self.fuel == 0 { "too much is nested" } else { reason };
        Unreadable { range: start.min(end)..end, reason }
    }

    /// A hole in `place`, or refused by a construct around it.
    pub(super) fn place(&mut self, hole: usize, place: Place) {
        self.judge(hole, self.refusal.map_or(Ok(place), Err));
    }

    /// A hole that may not stand where it does.
    pub(super) fn refuse(&mut self, hole: usize, refusal: Refusal) {
        self.judge(hole, Err(self.refusal.unwrap_or(refusal)));
    }

    /// Keeps the first refusal, else the last place.
    fn judge(&mut self, hole: usize, verdict: Result<Place, Refusal>) {
        if let Some(known) = self.verdicts.get_mut(hole)
            && !matches!(known, Some(Err(_)))
        {
            *known = Some(verdict);
        }
    }

    /// Reads a construct in which every hole is refused.
    pub(super) fn within<T>(
        &mut self,
        refusal: Refusal,
        read: impl FnOnce(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        let outer = self.refusal;
        self.refusal = Some(outer.unwrap_or(refusal));
        let result = self.nested(read);
        self.refusal = outer;
        result
    }

    /// Reads a construct inside of another.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        if self.depth >= DEPTH {
            return Err(self.unreadable(self.at, "too much is nested"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads on in a copy. If `keep` likes the result, the copy takes this one's place, else nothing was read.
    pub(super) fn trial<T>(&mut self, read: impl FnOnce(&mut Self) -> T, keep: impl FnOnce(&T) -> bool) -> T {
        let mut copy = self.clone();
        let result = read(&mut copy);
        if keep(&result) {
            *self = copy;
        } else {
            self.fuel = copy.fuel;
        }
        result
    }

    /// Reads `text`, a part of the script without its holes, for its pipelines. False if it can't be read.
    pub(super) fn look_for_pipelines(
        &mut self,
        text: &str,
        read: impl FnOnce(&mut Lexer<'_>) -> Result<(), Unreadable>,
    ) -> bool {
        let mut inner = Lexer::new(text, &[]);
        inner.depth = self.depth + 1;
        inner.fuel = self.fuel;
        let readable = inner.depth < DEPTH && read(&mut inner).is_ok();
        self.pipeline |= if readable { inner.pipeline } else { may_have_pipeline(text) };
        self.fuel = inner.fuel;
        readable
    }

    /// The word of plain characters that comes next and where it ends; `None` where there is none, or quotes, expansions or
    /// holes are in it. Nothing is stepped over.
    pub(super) fn plain_word(&mut self) -> Option<(String, usize)> {
        self.peek();
        let start = self.at;
        let mut word = String::new();
        let whole = loop {
            match self.peek() {
                Unit::Byte(b'\'' | b'"' | b'\\' | b'$' | b'`') | Unit::Hole(_) => break false,
                Unit::Byte(byte) if !is_meta(byte) && word.len() < 16 => word.push(char::from(byte)),
                Unit::Byte(byte) => break is_meta(byte),
                Unit::End => break true,
            }
            self.bump();
        };
        let end = self.at;
        self.at = start;
        (whole && !word.is_empty()).then_some((word, end))
    }

    /// Steps over the plain word `word` if it comes next.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        match self.plain_word() {
            Some((found, end)) if found == word => {
                self.at = end;
                true
            }
            _ => false,
        }
    }
}

/// Whether `byte` ends a word that stands outside of quotes.
pub(super) fn is_meta(byte: u8) -> bool {
    b" \t\n;&|()<>".contains(&byte)
}

/// Whether a text that can't be read may have a pipeline.
pub(super) fn may_have_pipeline(text: &str) -> bool {
    text.replace("||", "").contains('|')
}
