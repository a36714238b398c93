//! `$(…)`, `<(…)`, `((…))`: commands and arithmetic in parentheses, whose end is the hard part.
//!
//! A `)` inside may belong to a case pattern, a comment or a here-document. bash 4 and later parse the commands; bash 3.2,
//! which macOS still has, and every bash for `$((`, count parentheses and quotes. Only where both ways find the same end
//! is the end sure.

use super::lexer::{Lexer, Unit, is_meta};
use super::refusal::{Refusal, Unreadable};

impl Lexer<'_> {
    /// `$(…)` or `$((…))`, from the first parenthesis; `start` is the dollar.
    pub(super) fn dollar_parenthesis(&mut self, start: usize) -> Result<(), Unreadable> {
        if self.second() == Unit::Byte(b'(') && self.arithmetic()? {
            return Ok(());
        }
        self.commands_in_parentheses(Refusal::CommandSubstitution, start)
    }

    /// `(…)` with commands of their own, from the parenthesis.
    pub(super) fn commands_in_parentheses(
        &mut self,
        refusal: Refusal,
        start: usize,
    ) -> Result<(), Unreadable> {
        let counted = counted_end(self.bytes(), self.at + 1, 0);
        self.bump();
        let outer = std::mem::take(&mut self.pending);
        self.within(refusal, |inside| {
            inside.list()?;
            inside.expect(b')', start, "a parenthesis is never closed")
        })?;
        if !self.pending.is_empty() {
            return Err(self.unreadable(start, "a here-document has no body before the parenthesis"));
        }
        self.pending = outer;
        if counted != Some(self.at) {
            return Err(self.unreadable(start, "older shells see another end of these parentheses"));
        }
        Ok(())
    }

    /// `((…))`, from the first of two parentheses; false, and nothing read, if these are two nested ones.
    ///
    /// As bash decides: arithmetic if the inner one is closed and the outer directly behind it.
    pub(super) fn arithmetic(&mut self) -> Result<bool, Unreadable> {
        let start = self.at;
        let read = |inside: &mut Self| {
            inside.eat(b'(');
            inside.eat(b'(');
            inside.within(Refusal::Arithmetic, |inside| inside.balanced(b'(', b')', start))?;
            Ok(inside.eat(b')'))
        };
        let found = self.trial(read, |found| found == &Ok(true))?;
        let inside = self.text.get(start..self.at).unwrap_or_default();
        if inside.contains('\'') {
            return Err(self.unreadable(start, "shells disagree about `'` in arithmetic"));
        }
        Ok(found)
    }

    /// `((…))` as a command. For sh these are subshells, in which some operators would be the beginning of something else.
    pub(super) fn arithmetic_command(&mut self) -> Result<bool, Unreadable> {
        let start = self.at;
        let found = self.arithmetic()?;
        let inside = self.bytes().get(start..self.at).unwrap_or_default();
        let differs =
            |pair: &[u8]| matches!(pair, [b'<', b'<']) || matches!(pair, [before, b'#'] if is_meta(*before));
        if inside.windows(2).any(differs) {
            return Err(self.unreadable(start, "sh reads something else in `((…))`"));
        }
        Ok(found)
    }

    /// A here-document begins behind the next line end; shells disagree which one that is if a construct spans lines.
    pub(super) fn check_line_ends(&self, start: usize) -> Result<(), Unreadable> {
        let spans_lines = self.bytes().get(start..self.at).is_some_and(|read| read.contains(&b'\n'));
        if spans_lines && !self.pending.is_empty() {
            return Err(self.unreadable(start, "the line of a here-document has to end before its body"));
        }
        Ok(())
    }
}

/// Where the parenthesis ends that was open at `at`, if only quotes and parentheses are counted.
fn counted_end(bytes: &[u8], mut at: usize, depth: usize) -> Option<usize> {
    let mut open = 1_usize;
    let mut in_double = false;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'"' => in_double = !in_double,
            b'\'' if !in_double => at += bytes.get(at..)?.iter().position(|byte| *byte == b'\'')? + 1,
            b'`' => {
                while *bytes.get(at)? != b'`' {
                    at += if bytes.get(at) == Some(&b'\\') { 2 } else { 1 };
                }
                at += 1;
            }
            b'$' if in_double && bytes.get(at) == Some(&b'(') => {
                if depth > 60 {
                    return None;
                }
                at = counted_end(bytes, at + 1, depth + 1)?;
            }
            b'(' if !in_double => open += 1,
            b')' if !in_double => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}
