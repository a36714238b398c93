//! Make's texts with their `$`: which of them are values that stay values, and which make itself has to expand. Pure.

use super::make_database::{Database, Rule, Variable};
use super::make_files::Files;
use super::make_shell::{Part, Told, settle};
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
    /// What variables are called here.
    pub(super) names: Vec<(String, String)>,
    /// Variables of which make would split another value.
    pub(super) single: Vec<String>,
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
    pub(super) fn recipe(&mut self, text: &str, rule: &Rule, at: At<'_>) -> Vec<Part> {
        if let Some(parts) = self.parts(text, Some(rule), at, 0) {
            return parts;
        }
        self.lose(at, format!("`{}` was expanded once, at the import", text.trim()));
        vec![Part::Text(self.expanded(text, Some(rule)))]
    }

    /// A command of a recipe, fit to be written down.
    pub(super) fn command(&mut self, parts: &[Part], rule: &Rule, at: At<'_>, joins: bool) -> Vec<Piece> {
        let mut known = |text: &str| self.expanded(text, Some(rule));
        let (pieces, told) = settle(parts, joins, &mut known);
        for told in told {
            match told {
                Told::AsItIs(name) => self.lose(
                    at,
                    format!("the text of `{name}` stands in the command: `{name}=…` changes nothing in it"),
                ),
                Told::Once(text) => self.lose(at, format!("`{text}` was expanded once, at the import")),
                Told::OneWord(name) => {
                    if !self.single.contains(&name) {
                        self.single.push(name);
                    }
                }
            }
        }
        pieces
    }

    pub(super) fn expanded(&mut self, text: &str, rule: Option<&Rule>) -> String {
        let mut variables = Vec::new();
        if let Some(rule) = rule {
            variables.extend(
                ["@", "<", "^", "+", "?", "*", "|"].map(|name| (name.to_owned(), automatic(rule, name))),
            );
            variables.push(("MAKECMDGOALS".to_owned(), rule.name.clone()));
            variables.extend(rule.variables.clone());
        }
        (self.expand)(&Probe { text: text.to_owned(), variables }).unwrap_or_default()
    }

    /// The parts of a text; `None` where it has functions that only make knows.
    fn parts(&mut self, text: &str, rule: Option<&Rule>, at: At<'_>, depth: usize) -> Option<Vec<Part>> {
        if depth > DEPTH {
            return None;
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            parts.push(Part::Text(before.to_owned()));
            let first = after.chars().next()?;
            if first == '$' {
                parts.push(Part::Text("$".to_owned()));
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
                let inner = self.parts(command, rule, at, depth + 1)?;
                parts.push(Part::Shell(inner, format!("$({name})")));
            } else {
                parts.extend(self.variable(name, rule, at, depth)?);
            }
        }
        parts.push(Part::Text(rest.to_owned()));
        // `$` and what follows it are one text to the shell.
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (Some(Part::Text(last)), Part::Text(text)) => last.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        joined.retain(|part| *part != Part::Text(String::new()));
        Some(joined)
    }

    fn variable(&mut self, name: &str, rule: Option<&Rule>, at: At<'_>, depth: usize) -> Option<Vec<Part>> {
        if let Some(rule) = rule {
            if ["@", "<", "^", "+", "?", "*", "|"].contains(&name) {
                return Some(vec![Part::Text(automatic(rule, name))]);
            }
            if let Some((_, value)) = rule.variables.iter().find(|(own, _)| own == name) {
                return self.parts(value, Some(rule), at, depth + 1);
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
                return Some(vec![Part::Text("make".to_owned())]);
            }
            "MAKECMDGOALS" => {
                self.lose(at, "`$(MAKECMDGOALS)` is the task's own target here, whoever needs it".to_owned());
                return Some(vec![Part::Text(rule.map(|rule| rule.name.clone()).unwrap_or_default())]);
            }
            "MAKEFLAGS" | "MFLAGS" => return Some(Vec::new()),
            "CURDIR" | "PWD" => return Some(vec![of_the_shell("PWD", String::new())]),
            "MAKEFILE_LIST" => return Some(vec![Part::Text(self.files.main().to_owned())]),
            _ => {}
        }
        let Some(variable) = self.database.variables.get(name).cloned() else {
            // Whoever calls make may give it: `make deploy TAG=v1`.
            let own = self.own_name(name);
            self.imported.set_var(&own, Source::Environment(own.clone(), String::new()));
            return Some(vec![self.value(name, false, Some(String::new()))]);
        };
        match variable.origin.as_str() {
            "environment" => match self.files.optional(name) {
                Some(variable) => self.own_variable(name, &variable, depth),
                None => Some(vec![of_the_shell(name, format!("env.{name}"))]),
            },
            "makefile" | "override" => self.own_variable(name, &variable, depth),
            _ => self.parts(&variable.value, rule, at, depth + 1),
        }
    }

    /// A variable of the Makefile: one of `[vars]` where its value is a value, else its text.
    fn own_variable(&mut self, name: &str, variable: &Variable, depth: usize) -> Option<Vec<Part>> {
        let place = variable.place.clone().unwrap_or_else(|| (self.files.main().to_owned(), 0));
        let at = (place.0.as_str(), place.1);
        let written = self.files.written(name, variable);
        let is_optional = written.as_ref().is_some_and(|(_, sign)| sign == "?");
        let is_early = written.as_ref().is_some_and(|(_, sign)| sign == ":");
        // Of what is expanded at once, make only knows what came out.
        let mut text = match written {
            Some((text, _)) if is_early && text.contains('$') => text,
            _ => variable.value.clone(),
        };
        if is_early && let Some(other) = self.later(&text, &place, 0) {
            self.lose(at, format!("`{name}` has the value of `{other}` at its line, and not a later one: `{other}=…` changes nothing in it"));
            text = variable.value.clone();
        }
        let own = self.own_name(name);
        if !text.contains('$') {
            let is_prefix = !text.is_empty() && text.chars().all(|c| "@-+".contains(c));
            if !is_plain(&text) || is_prefix {
                self.lose(at, format!("`{name}` holds more than words: its text stands in the commands, and `{name}=…` changes nothing"));
                return Some(vec![Part::Text(text)]);
            }
            let source = if is_optional {
                Source::Environment(own.clone(), text.clone())
            } else {
                Source::Text(text.clone())
            };
            self.imported.set_var(&own, source);
            return Some(vec![self.value(name, is_word(&text), Some(text))]);
        }
        if let Some(command) = text.strip_prefix("$(shell ").and_then(|rest| rest.strip_suffix(')'))
            && closing(&text[1..]).is_some_and(|end| end + 2 == text.len())
            && let Some(parts) = self.parts(command, None, at, depth + 1)
            && let Some(command) = template(&parts, true)
        {
            self.imported.set_var(&own, Source::Shell(command));
            self.lose(
                at,
                format!("`{name}` is what a command prints: evaluated when it is first used, and one word"),
            );
            return Some(vec![self.value(name, true, None)]);
        }
        let parts = match text.contains(&format!("$({name})")) || text.contains(&format!("${{{name}}}")) {
            // `PATH := bin:$(PATH)`: what it was before is the caller's.
            true if is_early => self.with_its_own(name, &text, at, depth),
            _ => self.parts(&text, None, at, depth + 1),
        };
        match parts {
            Some(parts) => {
                let Some(template) = template(&parts, false) else { return Some(parts) };
                if is_optional {
                    self.lose(at, format!("`{name}` is no longer taken from the environment: `{name}=…` before the task gives it"));
                }
                self.imported.set_var(&own, Source::Text(template.clone()));
                let words = parts.iter().all(|part| match part {
                    Part::Text(text) => is_plain(text) && !text.contains(' '),
                    Part::Value(value, ..) => value.is_word,
                    Part::Shell(..) => false,
                });
                let text = parts.iter().map(known).collect::<Option<String>>();
                Some(vec![self.value(name, words && !template.is_empty(), text)])
            }
            None => {
                let text = self.expanded(&format!("$({name})"), None);
                self.lose(at, format!("`{name}` was expanded once, at the import"));
                if !is_plain(&text) {
                    return Some(vec![Part::Text(text)]);
                }
                self.imported.set_var(&own, Source::Text(text.clone()));
                Some(vec![self.value(name, is_word(&text), Some(text))])
            }
        }
    }

    /// The parts of a text that has the variable which it defines in it.
    fn with_its_own(&mut self, name: &str, text: &str, at: At<'_>, depth: usize) -> Option<Vec<Part>> {
        let round = text.replace(&format!("${{{name}}}"), &format!("$({name})"));
        let mut parts = Vec::new();
        for (index, text) in round.split(&format!("$({name})")).enumerate() {
            if index > 0 {
                parts.push(of_the_shell(name, format!("env.{name}")));
            }
            parts.extend(self.parts(text, None, at, depth + 1)?);
        }
        Some(parts)
    }

    /// A variable that a text names and that is defined behind `place`, where make has read the text already.
    fn later(&self, text: &str, place: &(String, usize), depth: usize) -> Option<String> {
        let names = text.match_indices('$').filter_map(|(at, _)| {
            let rest = &text[at + 1..];
            rest.starts_with(['(', '{']).then(|| closing(rest)).flatten().map(|end| &rest[1..end])
        });
        names.into_iter().find_map(|name| {
            let variable = self.database.variables.get(name)?;
            let (file, line) = variable.place.as_ref()?;
            let is_later = *file == place.0 && *line > place.1;
            let is_within = depth < DEPTH && self.later(&variable.value, place, depth + 1).is_some();
            (is_later || is_within).then(|| name.to_owned())
        })
    }

    /// What a variable is called here, where two names of make would be one.
    fn own_name(&mut self, name: &str) -> String {
        if let Some((_, own)) = self.names.iter().find(|(known, _)| known == name) {
            return own.clone();
        }
        let mut own = variable_name(name);
        while own != name
            && (self.database.variables.contains_key(&own)
                || self.names.iter().any(|(_, known)| *known == own))
        {
            own.push_str("_2");
        }
        self.names.push((name.to_owned(), own.clone()));
        own
    }

    fn value(&mut self, name: &str, is_word: bool, text: Option<String>) -> Part {
        let variable = self.own_name(name);
        let reference = format!("vars.{variable}");
        Part::Value(Value { reference, variable, is_word, argument: None }, name.to_owned(), text)
    }

    /// What was read, with the losses of a whole file.
    pub(super) fn into_imported(mut self, more: Vec<Loss>) -> Imported {
        for name in std::mem::take(&mut self.single) {
            let place = self.database.variables.get(&name).and_then(|variable| variable.place.clone());
            let (file, line) = place.unwrap_or_else(|| (self.files.main().to_owned(), 0));
            self.lose((&file, line), format!("`{name}` is one word here: make would split `{name}=\"a b\"`"));
        }
        self.imported.losses.extend(more);
        self.imported.losses.sort();
        self.imported
    }
}

/// A variable that commands have anyway; without a reference only they know it.
fn of_the_shell(name: &str, reference: String) -> Part {
    let value = Value { reference, variable: name.to_owned(), is_word: false, argument: None };
    Part::Value(value, name.to_owned(), None)
}

/// The text of a part, as far as it is known.
fn known(part: &Part) -> Option<String> {
    match part {
        Part::Text(text) => Some(text.clone()),
        Part::Value(_, _, text) => text.clone(),
        Part::Shell(..) => None,
    }
}

/// Parts as a text with `{{ }}`; `None` where that would not be the same: a shell's own `$` in what is no command.
pub(super) fn template(parts: &[Part], is_command: bool) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(part) if !is_command && !is_plain(part) => return None,
            Part::Text(part) => text.push_str(&super::literal(part)),
            Part::Value(value, ..) if value.reference.is_empty() && is_command => {
                text.push_str(&format!("${{{}}}", value.variable));
            }
            Part::Value(value, ..) if value.reference.is_empty() => return None,
            Part::Value(value, ..) if is_command && value.reference.starts_with("env.") => {
                text.push_str(&format!("${{{}}}", value.variable));
            }
            Part::Value(value, ..) => text.push_str(&format!("{{{{ {} }}}}", value.reference)),
            Part::Shell(parts, _) if is_command => text.push_str(&format!("$({})", template(parts, true)?)),
            Part::Shell(..) => return None,
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
