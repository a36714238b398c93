//! Lists and simple commands, by recursive descent.
//!
//! More lenient than a shell: what a shell refuses to run may pass. What matters is that each hole is seen as the shell sees
//! it, so whatever this grammar does not know makes the script unreadable.

use super::lexer::{Lexer, Unit};
use super::refusal::{Refusal, Unreadable};
use super::word::{Position, Word};

/// Keywords that begin a compound command.
const OPENING: [&str; 11] =
    ["if", "for", "select", "case", "while", "until", "function", "coproc", "{", "[[", "repeat"];
/// Keywords that go on with one or end it.
const CLOSING: [&str; 10] = ["then", "elif", "else", "fi", "do", "done", "esac", "}", "in", "]]"];
/// Builtins whose arguments are read as assignments, or as the names of variables.
const DECLARING: [&str; 8] =
    ["export", "readonly", "local", "declare", "typeset", "integer", "float", "unset"];
/// Builtins after which the next word is again a command's name.
const PREFIXES: [&str; 3] = ["command", "builtin", "exec"];

/// What was read of a simple command.
#[derive(Default)]
struct Simple {
    /// No word was read that surely is the command's name: absent holes leave the place to the next word.
    named: bool,
    /// Something was read.
    begun: bool,
    /// The command's name is one of `DECLARING`.
    declares: bool,
    /// The command's name was, or may have been, `command` or its like: options of it may come.
    prefixed: bool,
    /// The next word belongs to an option of `exec`.
    skips: bool,
    /// The command's name and its arguments.
    words: Vec<Word>,
    /// Holes that may be absent, and so not be the command's name.
    vanishing: Vec<usize>,
    /// The only word so far, which may turn out to name a function.
    first: Option<Word>,
}

impl Lexer<'_> {
    /// A whole script.
    pub(super) fn script(&mut self) -> Result<(), Unreadable> {
        self.list()?;
        if self.at < self.text.len() {
            return Err(self.unreadable(self.at, "something closes here that was not opened"));
        }
        if !self.pending.is_empty() {
            return Err(self.unreadable(self.at.saturating_sub(1), "a here-document has no body"));
        }
        Ok(())
    }

    /// Commands up to something that closes the construct around them, or the end.
    pub(super) fn list(&mut self) -> Result<(), Unreadable> {
        self.nested(|list| {
            loop {
                list.skip_line_ends()?;
                match list.peek() {
                    Unit::End | Unit::Byte(b')') => return Ok(()),
                    Unit::Byte(b';') if matches!(list.second(), Unit::Byte(b';' | b'&' | b'|')) => {
                        return Ok(());
                    }
                    Unit::Byte(b';') => list.bump(),
                    Unit::Byte(b'&') if list.second() == Unit::Byte(b'>') => list.command()?,
                    Unit::Byte(b'&') => list.bump(),
                    Unit::Byte(b'|') => {
                        list.bump();
                        if !list.eat(b'|') {
                            list.pipeline = true;
                        }
                    }
                    _ => {
                        if list.plain_word().is_some_and(|(word, _)| CLOSING.contains(&&*word)) {
                            return Ok(());
                        }
                        list.command()?;
                        list.command_end()?;
                    }
                }
            }
        })
    }

    /// Checks that what was read as a command ends here.
    fn command_end(&mut self) -> Result<(), Unreadable> {
        self.skip_blanks();
        match self.peek() {
            Unit::End | Unit::Byte(b'\n' | b';' | b'&' | b'|' | b')') => Ok(()),
            _ => Err(self.unreadable(self.at, "a command should end here")),
        }
    }

    /// Blanks and a comment.
    pub(super) fn skip_blanks(&mut self) {
        while self.eat(b' ') || self.eat(b'\t') {}
        if self.peek() != Unit::Byte(b'#') {
            return;
        }
        loop {
            match self.here() {
                Unit::End | Unit::Byte(b'\n') => return,
                Unit::Hole(hole) => self.refuse(hole, Refusal::Comment),
                Unit::Byte(_) => {}
            }
            self.bump();
        }
    }

    /// Blanks, comments and line ends, with the here-documents behind these.
    pub(super) fn skip_line_ends(&mut self) -> Result<(), Unreadable> {
        loop {
            self.skip_blanks();
            if self.peek() != Unit::Byte(b'\n') {
                return Ok(());
            }
            self.line_end()?;
        }
    }

    /// One command, compound or simple.
    pub(super) fn command(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        while let Some((word, end)) = self.plain_word() {
            match &*word {
                "!" => {
                    self.at = end;
                    if self.peek() == Unit::Byte(b'(') {
                        return Err(self.unreadable(start, "`!(` may be a pattern"));
                    }
                }
                "time" => {
                    self.at = end;
                    self.skip_blanks();
                    self.eat_word("-p");
                }
                _ => break,
            }
            self.skip_blanks();
        }
        if self.peek() == Unit::Byte(b'(') {
            self.parentheses()?;
        } else {
            match self.plain_word() {
                Some((word, end)) if OPENING.contains(&&*word) => {
                    self.at = end;
                    if self.nested(|inside| inside.compound(&word, start))? {
                        return Ok(());
                    }
                }
                Some((word, _)) if CLOSING.contains(&&*word) => {
                    return Err(self.unreadable(self.at, "a command should stand here"));
                }
                _ => return self.simple(),
            }
        }
        self.check_line_ends(start)?;
        loop {
            self.skip_blanks();
            if !self.redirection()? {
                return Ok(());
            }
        }
    }

    /// `((…))` or `(…)`.
    fn parentheses(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        if self.second() == Unit::Byte(b'(') && self.arithmetic_command()? {
            return Ok(());
        }
        self.bump();
        self.list()?;
        self.expect(b')', start, "a parenthesis is never closed")
    }

    /// A simple command, or the definition of a function.
    fn simple(&mut self) -> Result<(), Unreadable> {
        let mut simple = Simple::default();
        self.simple_words(&mut simple)?;
        if let Some((name, arguments)) = simple.words.split_first() {
            self.check_arguments(name, arguments);
        }
        Ok(())
    }

    fn simple_words(&mut self, simple: &mut Simple) -> Result<(), Unreadable> {
        let start = self.at;
        loop {
            self.skip_blanks();
            match self.peek() {
                Unit::End | Unit::Byte(b'\n' | b';' | b'|' | b')') => return Ok(()),
                Unit::Byte(b'(') => return self.function_after_name(simple.first.as_ref(), start),
                Unit::Byte(_) | Unit::Hole(_) => {}
            }
            if self.redirection()? {
                simple.first = None;
                simple.begun = true;
                continue;
            }
            if self.peek() == Unit::Byte(b'&') {
                return Ok(());
            }
            self.check_keyword(simple);
            let assigns = !simple.named || simple.declares;
            let word = self.word(if assigns { Position::Assignable } else { Position::Listed })?;
            if word.is_empty() {
                return Err(self.unreadable(start, "a word should stand here"));
            }
            if (assigns && word.names_by_hole()) || (simple.declares && word.declares_by_hole()) {
                self.refuse_word(&word, Refusal::AssignmentName);
            }
            if assigns {
                self.check_assignment(&word);
            }
            simple.take(word);
        }
    }

    /// If the holes before may be absent, the next word must not be a keyword: everything behind it would mean something else.
    fn check_keyword(&mut self, simple: &Simple) {
        if simple.named || simple.vanishing.is_empty() {
            return;
        }
        if let Some((word, _)) = self.plain_word()
            && (OPENING.contains(&&*word) || CLOSING.contains(&&*word))
        {
            for hole in &simple.vanishing {
                self.refuse(*hole, Refusal::BeforeKeyword);
            }
        }
    }

    /// `()` and a body, after what turns out to be a function's name.
    fn function_after_name(&mut self, name: Option<&Word>, start: usize) -> Result<(), Unreadable> {
        self.bump();
        while self.eat(b' ') || self.eat(b'\t') {}
        let Some(name) = name else {
            return Err(self.unreadable(start, "a parenthesis can't stand here"));
        };
        self.expect(b')', start, "a parenthesis can't stand here")?;
        self.refuse_word(name, Refusal::FunctionName);
        self.function_body()
    }

    /// The body of a function.
    pub(super) fn function_body(&mut self) -> Result<(), Unreadable> {
        self.skip_line_ends()?;
        self.nested(Self::command)
    }
}

impl Simple {
    /// Takes the next word.
    fn take(&mut self, word: Word) {
        if !self.named && !word.is_assignment() {
            if word.is_sole_hole() {
                self.vanishing.extend(&word.holes);
            } else if PREFIXES.iter().any(|prefix| word.reads(prefix)) {
                self.prefixed = true;
            } else if std::mem::take(&mut self.skips) {
            } else if self.prefixed && word.head().starts_with(b"-") {
                self.skips = word.head().ends_with(b"a");
            } else if !word.is("time") && !word.is("!") {
                self.named = true;
                self.declares = DECLARING.iter().any(|name| word.reads(name));
            }
        }
        self.first = if self.begun { None } else { Some(word.clone()) };
        self.begun = true;
        if self.named {
            self.words.push(word);
        }
    }
}
