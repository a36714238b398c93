//! Compound commands: `if`, loops, `case`, groups, conditions, functions.

use super::lexer::{Lexer, Unit};
use super::refusal::{Refusal, Unreadable};
use super::word::Position;

impl Lexer<'_> {
    /// What follows the keyword `word`. True if the redirections behind it were read, too.
    pub(super) fn compound(&mut self, word: &str, start: usize) -> Result<bool, Unreadable> {
        match word {
            "{" => self.list_until("}", start)?,
            "if" => self.if_command(start)?,
            "while" | "until" => {
                self.list_until("do", start)?;
                self.list_until("done", start)?;
            }
            "for" | "select" => self.loop_over_words(start)?,
            "case" => self.case_command(start)?,
            "[[" => self.within(Refusal::Condition, |inside| inside.condition(start))?,
            "function" => {
                self.function_with_keyword(start)?;
                return Ok(true);
            }
            "coproc" => {
                self.coprocess()?;
                return Ok(true);
            }
            _ => return Err(self.unreadable(start, "only some shells know this command")),
        }
        Ok(false)
    }

    /// A list and the keyword that ends it.
    fn list_until(&mut self, word: &str, start: usize) -> Result<(), Unreadable> {
        self.list()?;
        self.expect_word(word, start)
    }

    fn expect_word(&mut self, word: &str, start: usize) -> Result<(), Unreadable> {
        if self.eat_word(word) {
            Ok(())
        } else {
            Err(self.unreadable(start, "a compound command is not ended by its keyword"))
        }
    }

    /// `if` behind its keyword.
    fn if_command(&mut self, start: usize) -> Result<(), Unreadable> {
        loop {
            self.list_until("then", start)?;
            self.list()?;
            if !self.eat_word("elif") {
                break;
            }
        }
        if self.eat_word("else") {
            self.list()?;
        }
        self.expect_word("fi", start)
    }

    /// `for` and `select` behind their keyword.
    fn loop_over_words(&mut self, start: usize) -> Result<(), Unreadable> {
        self.skip_blanks();
        if self.peek() == Unit::Byte(b'(') {
            if self.second() != Unit::Byte(b'(') || !self.arithmetic()? {
                return Err(self.unreadable(start, "only some shells know this loop"));
            }
        } else {
            let name = self.word(Position::Single)?;
            self.refuse_word(&name, Refusal::LoopVariable);
            self.skip_line_ends()?;
            if self.eat_word("in") {
                self.loop_words(start)?;
            }
        }
        self.skip_line_ends()?;
        if self.eat(b';') {
            self.skip_line_ends()?;
        }
        if self.eat_word("{") {
            self.list_until("}", start)
        } else {
            self.expect_word("do", start)?;
            self.list_until("done", start)
        }
    }

    /// The words behind `in`.
    fn loop_words(&mut self, start: usize) -> Result<(), Unreadable> {
        loop {
            self.skip_blanks();
            if let Unit::End | Unit::Byte(b'\n' | b';') = self.peek() {
                return Ok(());
            }
            if self.word(Position::Listed)?.is_empty() {
                return Err(self.unreadable(start, "only some shells know this loop"));
            }
        }
    }

    /// `case` behind its keyword.
    fn case_command(&mut self, start: usize) -> Result<(), Unreadable> {
        self.skip_blanks();
        if self.word(Position::Single)?.is_empty() {
            return Err(self.unreadable(start, "`case` has no subject"));
        }
        self.skip_line_ends()?;
        self.expect_word("in", start)?;
        loop {
            self.skip_line_ends()?;
            if self.eat_word("esac") {
                return Ok(());
            }
            self.eat(b'(');
            self.within(Refusal::CasePattern, |inside| inside.case_pattern(start))?;
            self.list()?;
            if self.eat(b';') {
                self.bump();
                self.eat(b'&');
            }
        }
    }

    /// `a | b)`.
    fn case_pattern(&mut self, start: usize) -> Result<(), Unreadable> {
        loop {
            while self.eat(b' ') || self.eat(b'\t') {}
            if self.eat(b')') {
                return Ok(());
            }
            if !self.eat(b'|') && self.word(Position::Single)?.is_empty() {
                return Err(self.unreadable(start, "a pattern of `case` is never closed"));
            }
        }
    }

    /// `[[ … ]]` behind its first word. Its operators are those of no other place, and right of `==` and `=~` quotes change
    /// what a word means; so no hole may stand in it, and only its end is looked for.
    fn condition(&mut self, start: usize) -> Result<(), Unreadable> {
        loop {
            let blank = self.at;
            while self.eat(b' ') || self.eat(b'\t') || self.eat(b'\n') {}
            match self.peek() {
                Unit::End => return Err(self.unreadable(start, "a `[[` is never closed")),
                Unit::Byte(b'#') => return Err(self.unreadable(start, "`#` in `[[ … ]]` may be a comment")),
                Unit::Byte(b'<') if self.second() == Unit::Byte(b'<') => {
                    return Err(self.unreadable(start, "`<<` in `[[ … ]]` may begin a here-document"));
                }
                Unit::Byte(b'<' | b'>') if self.second() != Unit::Byte(b'(') => self.bump(),
                Unit::Byte(b'(' | b')' | b'|' | b'&' | b';') => self.bump(),
                Unit::Byte(_) | Unit::Hole(_) => {
                    let separate = self.at > blank;
                    if self.plain_word().is_some_and(|(word, _)| word == "]]") {
                        if !separate {
                            return Err(self.unreadable(start, "`]]` without a blank before it"));
                        }
                        self.eat_word("]]");
                        return Ok(());
                    }
                    self.word(Position::Listed)?;
                }
            }
        }
    }

    /// `function NAME` behind its keyword, with the body.
    fn function_with_keyword(&mut self, start: usize) -> Result<(), Unreadable> {
        self.skip_blanks();
        let name = self.word(Position::Single)?;
        self.refuse_word(&name, Refusal::FunctionName);
        self.skip_blanks();
        if self.eat(b'(') {
            while self.eat(b' ') || self.eat(b'\t') {}
            self.expect(b')', start, "a parenthesis can't stand here")?;
        }
        self.function_body()
    }

    /// `coproc` behind its keyword. The first word may be a name.
    fn coprocess(&mut self) -> Result<(), Unreadable> {
        self.skip_blanks();
        let name = self.trial(|ahead| ahead.word(Position::Single), |_| false)?;
        self.refuse_word(&name, Refusal::FunctionName);
        self.nested(Self::command)
    }
}
