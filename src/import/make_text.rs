//! Make's texts with their `$`: which of them are values that stay values, and which make itself has to expand. Pure.

use super::make_database::{Database, Rule, Variable};
use super::make_files::Files;
use super::script::{Piece, Value};
use super::{Imported, Loss, Source, variable_name};

/// A text that make has to expand, in the place of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The text, as it would stand in a recipe.
    pub text: String,
    /// Automatic variables and those of the target, with their texts.
    pub variables: Vec<(String, String)>,
}

/// Asks make; `None` where it gives no answer.
pub type Expand<'a> = dyn FnMut(&Probe) -> Option<String> + 'a;

/// Reads texts of one Makefile.
pub(super) struct Texts<'a> {
    pub(super) database: &'a Database,
    pub(super) files: Files<'a>,
    pub(super) expand: &'a mut Expand<'a>,
    pub(super) imported: Imported,
}

/// A file and a line of it.
pub(super) type At<'p> = (&'p str, usize);

/// How deep variables may stand in each other: make refuses those that never end.
const DEPTH: usize = 20;

/// A value that is one word to every shell, quoted or not.
fn is_word(text: &str) -> bool {
    !text.is_empty() && is_plain(text) && !text.contains(' ')
}

/// Words that a shell only splits.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@%+,= ".contains(c))
}

impl Texts<'_> {
    pub(super) fn lose(&mut self, at: At<'_>, what: String) {
        self.imported.lose(at.0, at.1, what);
    }

    /// A text of a recipe.
    pub(super) fn recipe(&mut self, text: &str, rule: &Rule, at: At<'_>) -> Vec<Piece> {
        if let Some(pieces) = self.pieces(text, Some(rule), at, 0) {
            return pieces;
        }
        self.lose(at, format!("`{}` was expanded once, at the import", text.trim()));
        vec![Piece::Text(self.expanded(text, Some(rule)))]
    }

    pub(super) fn expanded(&mut self, text: &str, rule: Option<&Rule>) -> String {
        let mut variables = Vec::new();
        if let Some(rule) = rule {
            variables.extend(
                ["@", "<", "^", "+", "?", "*", "|"].map(|name| (name.to_owned(), automatic(rule, name))),
            );
            variables.extend(rule.variables.clone());
        }
        (self.expand)(&Probe { text: text.to_owned(), variables }).unwrap_or_default()
    }

    /// The pieces of a text; `None` where it has functions that only make knows.
    fn pieces(&mut self, text: &str, rule: Option<&Rule>, at: At<'_>, depth: usize) -> Option<Vec<Piece>> {
        if depth > DEPTH {
            return None;
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            pieces.push(Piece::Text(before.to_owned()));
            let first = after.chars().next()?;
            if first == '$' {
                pieces.push(Piece::Text("$".to_owned()));
                rest = &after[1..];
                continue;
            }
            let (name, left) = match first {
                '(' | '{' => {
                    let end = closing(after)?;
                    (&after[1..end], &after[end + 1..])
                }
                _ => after.split_at(first.len_utf8()),
            };
            rest = left;
            if let Some(command) = name.strip_prefix("shell ") {
                pieces.push(Piece::Text("$(".to_owned()));
                pieces.extend(self.pieces(command, rule, at, depth + 1)?);
                pieces.push(Piece::Text(")".to_owned()));
            } else {
                pieces.extend(self.variable(name, rule, at, depth)?);
            }
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Some(pieces)
    }

    fn variable(&mut self, name: &str, rule: Option<&Rule>, at: At<'_>, depth: usize) -> Option<Vec<Piece>> {
        if let Some(rule) = rule {
            if ["@", "<", "^", "+", "?", "*", "|"].contains(&name) {
                return Some(vec![Piece::Text(automatic(rule, name))]);
            }
            if let Some((_, value)) = rule.variables.iter().find(|(own, _)| own == name) {
                return self.pieces(value, Some(rule), at, depth + 1);
            }
        }
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
            return None;
        }
        match name {
            "MAKE" => {
                self.lose(
                    at,
                    "make calls itself; the step still calls make, which needs the Makefile".to_owned(),
                );
                return Some(vec![Piece::Text("make".to_owned())]);
            }
            "MAKEFLAGS" | "MFLAGS" => return Some(Vec::new()),
            "CURDIR" | "PWD" => return Some(vec![Piece::Text("${PWD}".to_owned())]),
            "MAKEFILE_LIST" => return Some(vec![Piece::Text(self.files.main().to_owned())]),
            _ => {}
        }
        let Some(variable) = self.database.variables.get(name).cloned() else {
            // Whoever calls make may give it: `make deploy TAG=v1`.
            let own = variable_name(name);
            self.imported.set_var(&own, Source::Environment(own.clone(), String::new()));
            return Some(vec![value(name, false)]);
        };
        match variable.origin.as_str() {
            "environment" => Some(vec![Piece::Text(format!("${{{name}}}"))]),
            "makefile" | "override" => self.own_variable(name, &variable, depth),
            _ => self.pieces(&variable.value, rule, at, depth + 1),
        }
    }

    /// A variable of the Makefile: one of `[vars]` where its value is a value, else its text.
    fn own_variable(&mut self, name: &str, variable: &Variable, depth: usize) -> Option<Vec<Piece>> {
        let place = variable.place.clone().unwrap_or_else(|| (self.files.main().to_owned(), 0));
        let at = (place.0.as_str(), place.1);
        let written = self.files.written(name, variable);
        let is_optional = written.as_ref().is_some_and(|(_, sign)| sign == "?");
        let text = written.map_or_else(|| variable.value.clone(), |(text, _)| text);
        let own = variable_name(name);
        let known = |source: Source, this: &mut Self| this.imported.set_var(&own, source);
        if !text.contains('$') {
            if !is_plain(&text) {
                self.lose(at, format!("`{name}` holds more than words: its text stands in the commands, and `{name}=…` changes nothing"));
                return Some(vec![Piece::Text(text)]);
            }
            let source = if is_optional {
                Source::Environment(own.clone(), text.clone())
            } else {
                Source::Text(text.clone())
            };
            known(source, self);
            return Some(vec![value(name, is_word(&text))]);
        }
        if let Some(command) = text.strip_prefix("$(shell ").and_then(|rest| rest.strip_suffix(')'))
            && closing(&text[1..]).is_some_and(|end| end + 2 == text.len())
            && let Some(pieces) = self.pieces(command, None, at, depth + 1)
            && let Some(command) = template(&pieces, true)
        {
            known(Source::Shell(command), self);
            self.lose(
                at,
                format!("`{name}` is what a command prints: evaluated when it is first used, and one word"),
            );
            return Some(vec![value(name, true)]);
        }
        match self.pieces(&text, None, at, depth + 1) {
            Some(pieces) => {
                let Some(text) = template(&pieces, false) else { return Some(pieces) };
                if is_optional {
                    self.lose(at, format!("`{name}` is no longer taken from the environment: `{name}=…` before the task gives it"));
                }
                known(Source::Text(text.clone()), self);
                let words = pieces.iter().all(|piece| match piece {
                    Piece::Text(text) => is_plain(text) && !text.contains(' '),
                    Piece::Value(value) => value.is_word,
                });
                Some(vec![value(name, words && !text.is_empty())])
            }
            None => {
                let text = self.expanded(&format!("$({name})"), None);
                self.lose(at, format!("`{name}` was expanded once, at the import"));
                if !is_plain(&text) {
                    return Some(vec![Piece::Text(text)]);
                }
                known(Source::Text(text.clone()), self);
                Some(vec![value(name, is_word(&text))])
            }
        }
    }

    /// What was read, with the losses of a whole file.
    pub(super) fn into_imported(mut self, more: Vec<Loss>) -> Imported {
        self.imported.losses.extend(more);
        self.imported.losses.sort();
        self.imported
    }
}

fn value(name: &str, is_word: bool) -> Piece {
    let variable = variable_name(name);
    Piece::Value(Value { reference: format!("vars.{variable}"), variable, is_word, argument: None })
}

/// Pieces as a text with `{{ }}`; `None` where that would not be the same: a shell's own `$` in what is no command.
fn template(pieces: &[Piece], is_command: bool) -> Option<String> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(part) if !is_command && !is_plain(part) => return None,
            Piece::Text(part) => text.push_str(&super::literal(part)),
            Piece::Value(value) => text.push_str(&format!("{{{{ {} }}}}", value.reference)),
        }
    }
    Some(text)
}

/// The value of an automatic variable, as far as it is known before make runs.
fn automatic(rule: &Rule, name: &str) -> String {
    match name {
        "@" => rule.name.clone(),
        "<" => rule.needs.first().cloned().unwrap_or_default(),
        "^" | "?" => {
            let mut needs: Vec<&String> = Vec::new();
            rule.needs.iter().for_each(|need| {
                if !needs.contains(&need) {
                    needs.push(need)
                }
            });
            needs.into_iter().cloned().collect::<Vec<_>>().join(" ")
        }
        "+" => rule.needs.join(" "),
        "|" => rule.order_only.join(" "),
        _ => String::new(),
    }
}

/// Where the bracket that `text` begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let open = text.chars().next()?;
    let close = if open == '(' { ')' } else { '}' };
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}
