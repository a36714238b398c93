//! Where in a command the values of a recipe stand. Pure.
//!
//! make puts a value into the text that a shell then reads; here a value is data. That is the same where the value is one word or a shell
//! only splits it, and another thing where it begins a command with `NAME=…`, stands behind an apostrophe of a comment or in a
//! here-document that no shell evaluates: there its text stands in the command, and that is told.

use super::make_lines::ASKED;
use super::script::{Piece, Quotes, Value, is_simple, prints_a_word};

/// A part of a recipe, as make's `$` cuts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// As it stands.
    Text(String),
    /// A variable, how the Makefile calls it, and its text as far as it is known.
    Value(Value, String, Option<String>),
    /// `$(shell …)`: the command, and how all of it is written.
    Shell(Vec<Part>, String),
}

/// What does not do here what it did there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The text of a variable stands in the command.
    AsItIs(String),
    /// A text was expanded by make.
    Once(String),
    /// make would split what this command prints.
    OneWordOf(String),
    /// make ends with an error where it expands this.
    Lost(String),
    /// make would split another value of this variable.
    OneWord(String),
}

/// Begin more than a command, and are no such words when they come of a variable.
const KEYWORDS: [&str; 14] =
    ["if", "then", "else", "elif", "while", "until", "do", "for", "case", "!", "{", "time", "[[", "function"];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Context {
    Bare,
    /// Between the parentheses of `( )` or `$( )`.
    Inner,
    Single,
    Double,
    Comment,
    /// A here-document with its last line; whether a shell reads it; whether its last line may begin with tabs.
    Here(String, bool, bool),
}

/// The pieces of a command, and what is to be told of them. With `joins`, lines that `\` continues become one; `known` is what make makes
/// of a text, `None` where it ends with an error.
pub(super) fn settle(
    parts: &[Part],
    joins: bool,
    known: &mut dyn FnMut(&str) -> Option<String>,
) -> (Vec<Piece>, Vec<Told>) {
    let mut walk = Walk {
        pieces: Vec::new(),
        told: Vec::new(),
        contexts: vec![Context::Bare],
        documents: Vec::new(),
        quotes: Quotes::default(),
        word: String::new(),
        is_command: true,
        line: String::new(),
        joins,
        known,
    };
    walk.parts(parts);
    let Walk { mut pieces, mut told, .. } = walk;
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    let shape: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Value(_) => "x",
        })
        .collect();
    // A script splits them, as make does.
    if !is_simple(&shape) || pieces.iter().any(|piece| matches!(piece, Piece::Value(it) if !it.is_word)) {
        told.retain(|told| !matches!(told, Told::OneWord(_)));
    }
    (pieces, told)
}

struct Walk<'k> {
    pieces: Vec<Piece>,
    told: Vec<Told>,
    contexts: Vec<Context>,
    /// Here-documents that begin at the end of the line.
    documents: Vec<Context>,
    quotes: Quotes,
    /// The word so far, a value as `x`.
    word: String,
    /// Whether the command's name is still to come.
    is_command: bool,
    /// The line of a here-document so far.
    line: String,
    joins: bool,
    known: &'k mut dyn FnMut(&str) -> Option<String>,
}

impl Walk<'_> {
    fn context(&self) -> Context {
        self.contexts.last().cloned().unwrap_or(Context::Bare)
    }

    fn parts(&mut self, parts: &[Part]) {
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Text(text) => self.text(text),
                Part::Value(value, name, text) => {
                    let next = parts[index + 1..].iter().find(|part| **part != Part::Text(String::new()));
                    let ends = match next {
                        None => true,
                        Some(Part::Text(text)) => {
                            text.starts_with([' ', '\t', '\n', ';', '&', '|', ')', '\\'])
                        }
                        Some(_) => false,
                    };
                    self.value(value, name, text.as_deref(), ends);
                }
                Part::Shell(parts, source) => self.shell(parts, source),
            }
        }
    }

    /// A text that a shell gets as it is, whatever it is part of.
    fn raw(&mut self, text: &str) {
        text.chars().for_each(|c| self.quotes.read(c));
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn text(&mut self, text: &str) {
        let characters: Vec<char> = text.chars().collect();
        let mut at = 0;
        while let Some(c) = characters.get(at) {
            let next = characters.get(at + 1);
            at += match (self.context(), c, next) {
                (Context::Bare | Context::Inner | Context::Double, '\\', Some('\n')) if self.joins => {
                    self.join(&characters[at + 2..])
                }
                (Context::Bare | Context::Inner | Context::Double, '\\', Some(escaped)) => {
                    self.raw(&format!("\\{escaped}"));
                    self.word.push('x');
                    2
                }
                (Context::Bare | Context::Inner | Context::Double, '$', Some('(')) => {
                    self.raw("$(");
                    self.open();
                    2
                }
                (Context::Bare | Context::Inner, '<', Some('<')) => self.document(&characters[at..]),
                (Context::Comment, '\'' | '"' | '`', _) => {
                    self.raw("’");
                    1
                }
                (context, c, _) => {
                    self.raw(c.encode_utf8(&mut [0; 4]));
                    self.read(&context, *c);
                    1
                }
            };
        }
    }

    /// What a character means that stands for itself.
    fn read(&mut self, context: &Context, c: char) {
        match (context, c) {
            (Context::Single, '\'') | (Context::Double, '"') => {
                self.contexts.pop();
            }
            (Context::Single | Context::Double, _) => {}
            (Context::Here(last, _, tabs), '\n') => {
                let line = if *tabs { self.line.trim_start_matches('\t') } else { &self.line };
                if line == last {
                    self.contexts.pop();
                    self.is_command = true;
                }
                self.line.clear();
            }
            (Context::Here(..), _) => self.line.push(c),
            (Context::Comment, '\n') => {
                self.contexts.pop();
                self.end_line();
            }
            (Context::Comment, _) => {}
            (_, '\'') => {
                self.contexts.push(Context::Single);
                self.word.push('x');
            }
            (_, '"') => {
                self.contexts.push(Context::Double);
                self.word.push('x');
            }
            (_, '(') => self.open(),
            (Context::Inner, ')') => {
                self.contexts.pop();
                self.word.push('x');
                self.is_command = false;
            }
            (_, '#') if self.word.is_empty() => self.contexts.push(Context::Comment),
            (_, '\n') => self.end_line(),
            (_, ' ' | '\t') => self.end_word(),
            (_, '&') if self.word.ends_with(['>', '<']) => self.word.push(c),
            (_, ';' | '&' | '|' | '`') => {
                self.word.clear();
                self.is_command = true;
            }
            _ => self.word.push(c),
        }
    }

    fn open(&mut self) {
        self.contexts.push(Context::Inner);
        self.word.clear();
        self.is_command = true;
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        let is_before = word.is_empty() || is_assignment(&word) || KEYWORDS.contains(&word.as_str());
        self.is_command &= is_before;
    }

    fn end_line(&mut self) {
        self.word.clear();
        self.is_command = true;
        self.line.clear();
        while let Some(document) = self.documents.pop() {
            self.contexts.push(document);
        }
    }

    /// A `\` and the end of a line: `after` is what follows. A shell takes both away; of the blanks around, one does.
    fn join(&mut self, after: &[char]) -> usize {
        let is_blank = |c: &char| matches!(c, ' ' | '\t');
        let blanks = after.iter().take_while(|c| is_blank(c)).count();
        let Some(Piece::Text(last)) =
            self.pieces.last_mut().filter(|_| self.contexts.last() != Some(&Context::Double))
        else {
            return 2;
        };
        if blanks == 0 && !last.ends_with([' ', '\t']) {
            return 2;
        }
        last.truncate(last.trim_end_matches([' ', '\t']).len());
        self.raw(" ");
        self.end_word();
        2 + blanks
    }

    /// `<<'END'`, or what only looks like it.
    fn document(&mut self, rest: &[char]) -> usize {
        let text: String = rest.iter().take_while(|c| **c != '\n').collect();
        let after = text.trim_start_matches('<');
        let signs = text.len() - after.len();
        self.raw(&text[..signs]);
        self.word.clear();
        if signs == 2 {
            let (after, tabs) = after.strip_prefix('-').map_or((after, false), |after| (after, true));
            let word: String =
                after.trim_start().chars().take_while(|c| !" \t;&|<>()".contains(*c)).collect();
            let last = word.replace(['\'', '"', '\\'], "");
            if last.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                self.documents.insert(0, Context::Here(last.clone(), last == word, tabs));
            }
        }
        signs
    }

    /// Puts the text of a variable, or of all that `source` is, where it stood.
    fn put(&mut self, source: &str, text: Option<&str>, told: Told) {
        match text.map_or_else(|| (self.known)(source), |text| Some(text.to_owned())) {
            Some(text) => {
                self.told.push(told);
                self.text(&text);
            }
            None => self.told.push(Told::Lost(source.to_owned())),
        }
    }

    fn value(&mut self, value: &Value, name: &str, text: Option<&str>, ends: bool) {
        let (context, source) = (self.context(), format!("$({name})"));
        let as_it_is = Told::AsItIs(name.to_owned());
        let is_misread = self.quotes.single != (context == Context::Single);
        match context {
            Context::Comment => return self.text(text.unwrap_or(name)),
            Context::Here(_, false, _) => return self.put(&source, text, as_it_is),
            _ if is_misread => return self.put(&source, text, as_it_is),
            Context::Single | Context::Double | Context::Here(..) => {
                return self.pieces.push(Piece::Value(value.clone()));
            }
            Context::Bare | Context::Inner => {}
        }
        let begins = self.word.is_empty();
        let words = text.unwrap_or_default();
        let first = words.split_whitespace().next().unwrap_or_default();
        let is_grammar = begins && (is_assignment(first) || KEYWORDS.contains(&first));
        let is_split = is_assignment(&self.word) && words.contains(' ');
        if self.is_command && (is_grammar || is_split) {
            return self.put(&source, text, as_it_is);
        }
        let mut value = value.clone();
        if begins && ends && is_list(name) {
            value.is_word = false;
        } else if value.is_word {
            self.told.push(Told::OneWord(name.to_owned()));
        }
        self.pieces.push(Piece::Value(value));
        self.word.push('x');
    }

    fn shell(&mut self, parts: &[Part], source: &str) {
        let context = self.context();
        let is_single = context == Context::Single;
        match context {
            Context::Comment => return,
            Context::Here(_, false, _) => return self.put(source, None, Told::Once(source.to_owned())),
            _ if self.quotes.single != is_single => {
                return self.put(source, None, Told::Once(source.to_owned()));
            }
            _ => {}
        }
        let command = source.trim_start_matches("$(shell ").trim_end_matches(')');
        let is_assigned = matches!(context, Context::Bare | Context::Inner) && is_assignment(&self.word);
        if is_assigned && !prints_a_word(command) && !self.word.starts_with(ASKED) {
            self.told.push(Told::OneWordOf(source.to_owned()));
        }
        let (depth, word, is_command) = (self.contexts.len(), self.word.clone(), self.is_command);
        self.raw(if is_single { "'\"$(" } else { "$(" });
        self.open();
        self.parts(parts);
        self.contexts.truncate(depth);
        self.raw(if is_single { ")\"'" } else { ")" });
        (self.word, self.is_command) = (word + "x", is_command);
    }
}

/// `NAME=…`
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Whether a variable is called as those that hold several words.
fn is_list(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["ARGS", "FLAGS", "OPTS", "OPTIONS", "PARAMS"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::super::script::fit;
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn value(name: &str, text: &str) -> Part {
        let (reference, variable) = (format!("vars.{name}"), name.to_owned());
        let is_word = !text.contains(' ');
        let value = Value { reference, variable, is_word, argument: None };
        Part::Value(value, name.to_owned(), Some(text.to_owned()))
    }

    /// The step of parts, and how many things are told of it.
    fn step(parts: &[Part]) -> (String, usize) {
        let (pieces, told) = settle(parts, true, &mut |source| Some(format!("<{source}>")));
        (fit(&pieces, "#!/bin/sh", false).step, told.len())
    }

    #[test]
    fn a_value_is_data_where_a_shell_only_splits_it() {
        assert_eq!(step(&[text("rm a/"), value("X", "b")]), ("rm a/{{ vars.X }}".to_owned(), 1));
        let (list, told) = step(&[text("rm "), value("ARGS", "b")]);
        assert_eq!((list.as_str(), told), ("#!/bin/sh\nrm ${ARGS}\n", 0));
    }

    #[test]
    fn a_value_that_is_grammar_is_text() {
        for (parts, expected) in [
            (vec![value("E", "A=1 B=2"), text(" env")], "A=1 B=2 env"),
            (vec![text("x && "), value("E", "A=1"), text(" env")], "x && A=1 env"),
            (vec![text("A="), value("E", "b c"), text(" d")], "A=b c d"),
            (vec![value("E", "time"), text(" ls")], "#!/bin/sh\ntime ls\n"),
        ] {
            assert_eq!(step(&parts), (expected.to_owned(), 1));
        }
        assert_eq!(step(&[text("env "), value("E", "A=1")]).0, "env {{ vars.E }}");
    }

    #[test]
    fn where_no_shell_reads_a_value_its_text_stands() {
        let here = step(&[text("cat <<'E'\n"), value("X", "b"), text("\nit's\nE\n"), value("X", "b")]);
        assert_eq!(here, ("#!/bin/sh\ncat <<'E'\nb\nit's\nE\nb\n".to_owned(), 2));
        let nested = step(&[text("echo \"$(echo '"), value("X", "b"), text("')\"")]);
        assert_eq!(nested, ("#!/bin/sh\necho \"$(echo 'b')\"\n".to_owned(), 1));
        let comment = step(&[text("a # don't\nb '"), value("X", "b"), text("'")]);
        assert_eq!(comment, ("#!/bin/sh\na # don’t\nb ''\"${X}\"''\n".to_owned(), 0));
    }

    #[test]
    fn a_command_of_make_is_one_of_the_shell_also_between_quotes() {
        let command = || Part::Shell(vec![text("date")], "$(shell date)".to_owned());
        assert_eq!(step(&[text("echo '"), command(), text("'")]).0, "#!/bin/sh\necho ''\"$(date)\"''\n");
        assert_eq!(step(&[text("echo \""), command(), text("\"")]).0, "#!/bin/sh\necho \"$(date)\"\n");
        let document = [text("cat <<\\E\n"), command(), text("\nE\n")];
        assert_eq!(step(&document), ("#!/bin/sh\ncat <<\\E\n<$(shell date)>\nE\n".to_owned(), 1));
    }

    #[test]
    fn lines_are_joined_as_a_shell_does_it() {
        for (parts, expected) in [
            ("a b\\\nc", "a bc"),
            ("a  \\\n  b \\\n\tc", "a b c"),
            ("a \"b  \\\n  c\"", "a \"b    c\""),
            ("a 'b\\\nc'", "#!/bin/sh\na 'b\\\nc'\n"),
        ] {
            assert_eq!(step(&[text(parts)]).0, expected);
        }
    }
}
