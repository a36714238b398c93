//! Make's texts with their `$`: which of them are values that stay values, and which make itself has to expand. Pure.

use super::make_database::{Database, Own, Rule, Variable};
use super::make_files::Files;
use super::make_shell::{Part, Told, settle};
use super::make_target::{AUTOMATIC, automatic, is_automatic, reaches};
use super::make_template::{known, may_be, of_the_shell, template};
use super::script::{Piece, Value};
use super::{Imported, Loss, Source, variable_name};

/// A text that make has to expand, in the place of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The text, as it would stand in a recipe.
    pub text: String,
    /// Automatic variables and those of the target.
    pub variables: Vec<Own>,
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
    /// The `#!` line of what `$(shell …)` runs in.
    pub(super) shell: String,
    /// Names of the variables of the caller's environment.
    pub(super) environment: &'a [String],
}

/// A file and a line of it.
pub(super) type At<'p> = (&'p str, usize);

/// How deep variables may stand in each other: make refuses those that never end.
pub(super) const DEPTH: usize = 20;

/// A value that is one word to every shell, quoted or not.
fn is_word(text: &str) -> bool {
    !text.is_empty() && is_plain(text) && !text.contains(' ')
}

/// Words that a shell only splits.
pub(super) fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@%+,= ".contains(c))
}

/// The signs before a command, which mean something only as text.
fn is_prefix(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| "@-+".contains(c))
}

impl Texts<'_> {
    pub(super) fn lose(&mut self, at: At<'_>, what: String) {
        self.imported.lose(at.0, at.1, what);
    }

    /// A text of a recipe; `None` where make ends with an error instead, or would set a variable on the way.
    pub(super) fn recipe(&mut self, text: &str, rule: &Rule, at: At<'_>) -> Option<Vec<Part>> {
        let sets = reaches(self.database, text, 0, &|inside| inside.starts_with("eval "));
        let expanded = match self.parts(text, Some(rule), at, 0) {
            _ if sets => None,
            Some(parts) => return Some(parts),
            None => self.expanded(text, Some(rule)),
        };
        let what = match &expanded {
            None if self.holds_dotenv(text) => {
                format!(
                    "`{}` has a value of a dotenv file, which belongs into no other: the task fails here",
                    text.trim()
                )
            }
            Some(_) => format!("`{}` was expanded once, at the import", text.trim()),
            None if sets => {
                format!("`{}` sets a variable when it is expanded: the task fails here", text.trim())
            }
            None => {
                format!("make ends with an error where it expands `{}`: so does the task here", text.trim())
            }
        };
        self.lose(at, what);
        Some(vec![Part::Text(expanded?)])
    }

    /// A command of a recipe, fit to be written down; `None` as above.
    pub(super) fn command(
        &mut self,
        parts: &[Part],
        rule: &Rule,
        at: At<'_>,
        joins: bool,
    ) -> Option<Vec<Piece>> {
        let mut known = |text: &str| self.expanded(text, Some(rule));
        let (pieces, told) = settle(parts, joins, &mut known);
        for told in told {
            match told {
                Told::AsItIs(name) => self.lose(
                    at,
                    format!("the text of `{name}` stands in the command: `{name}=…` changes nothing in it"),
                ),
                Told::Lost(text) => {
                    self.lose(
                        at,
                        format!("make ends with an error where it expands `{text}`: so does the task here"),
                    );
                    return None;
                }
                Told::OneWordOf(text) => {
                    self.lose(at, format!("`{text}` is one word here: make would split what it prints"))
                }
                Told::Once(text) => self.lose(at, format!("`{text}` was expanded once, at the import")),
                Told::OneWord(name) => {
                    if !self.single.contains(&name) {
                        self.single.push(name);
                    }
                }
            }
        }
        Some(pieces)
    }

    /// Whether a value of a dotenv file stands in a text.
    fn holds_dotenv(&self, text: &str) -> bool {
        reaches(self.database, text, 0, &|inside| self.files.is_of_dotenv(self.database, inside))
    }

    /// What make makes of a text; `None` where it ends with an error, or the text holds a secret.
    pub(super) fn expanded(&mut self, text: &str, rule: Option<&Rule>) -> Option<String> {
        if self.holds_dotenv(text) {
            return None;
        }
        let mut variables = Vec::new();
        if let Some(rule) = rule {
            variables.extend(AUTOMATIC.map(|name| Own::new(name, &automatic(self.database, rule, name))));
            variables.push(Own::new("MAKECMDGOALS", &rule.name));
            variables.extend(rule.variables.clone());
        }
        (self.expand)(&Probe { text: text.to_owned(), variables })
    }

    /// The parts of a text; `None` where it has functions that only make knows.
    pub(super) fn parts(
        &mut self,
        text: &str,
        rule: Option<&Rule>,
        at: At<'_>,
        depth: usize,
    ) -> Option<Vec<Part>> {
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
            if AUTOMATIC.contains(&name) {
                return Some(vec![Part::Text(automatic(self.database, rule, name))]);
            }
            if let Some(own) = rule.variables.iter().find(|own| own.name == name) {
                let parts = self.of_the_target(own, rule, at, depth)?;
                if own.sign != "+=" || !self.database.variables.contains_key(name) {
                    return Some(parts);
                }
                let mut all = self.global(name, Some(rule), at, depth)?;
                all.push(Part::Text(" ".to_owned()));
                all.extend(parts);
                return Some(all);
            }
        }
        self.global(name, rule, at, depth)
    }

    /// A variable that is none of a target.
    fn global(&mut self, name: &str, rule: Option<&Rule>, at: At<'_>, depth: usize) -> Option<Vec<Part>> {
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
            "CURDIR" | "PWD" if !self.is_defined(name) => {
                return Some(vec![of_the_shell("PWD", String::new())]);
            }
            "MAKEFILE_LIST" => return Some(vec![Part::Text(self.files.main().to_owned())]),
            _ => {}
        }
        if self.files.is_of_dotenv(self.database, name) {
            return Some(vec![of_the_shell(name, String::new())]);
        }
        let Some(variable) = self.database.variables.get(name).cloned() else {
            // Whoever calls make may give it: `make deploy TAG=v1`.
            let own = self.own_name(name);
            self.imported.set_var(&own, Source::Environment(own.clone(), String::new()));
            return Some(vec![self.value(name, false, Some(String::new()))]);
        };
        match variable.origin.as_str() {
            "environment" => match self.files.optional(name) {
                Some(variable) => self.own_variable(name, &variable, rule, depth),
                None => Some(vec![of_the_shell(name, format!("env.{name}"))]),
            },
            "makefile" | "override" => self.own_variable(name, &variable, rule, depth),
            _ => self.parts(&variable.value, rule, at, depth + 1),
        }
    }

    /// A variable of the Makefile: one of `[vars]` where its value is a value, else its text.
    fn own_variable(
        &mut self,
        name: &str,
        variable: &Variable,
        rule: Option<&Rule>,
        depth: usize,
    ) -> Option<Vec<Part>> {
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
        // What says another thing for each target has no one value.
        let is_of_the_target = |inside: &str| {
            is_automatic(inside)
                || rule.is_some_and(|rule| rule.variables.iter().any(|own| own.name == inside))
        };
        if !is_early && reaches(self.database, &text, 0, &is_of_the_target) {
            self.lose(
                at,
                format!("the text of `{name}` stands in the commands: `{name}=…` changes nothing in them"),
            );
            return self.parts(&text, rule, at, depth + 1);
        }
        let own = self.own_name(name);
        if !text.contains('$') {
            if !is_plain(&text) || is_prefix(&text) {
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
            && let Some(command) = self.command_of_a_variable(&command, &parts)
        {
            self.imported.set_var(&own, Source::Shell(command));
            if is_optional {
                self.lose(at, format!("`{name}` is no longer taken from the environment: `{name}=…` before the task gives it"));
            }
            self.lose(
                at,
                format!("`{name}` is what a command prints: evaluated when it is first used, and one word"),
            );
            return Some(vec![self.value(name, true, None)]);
        }
        let parts = match text.contains(&format!("$({name})")) || text.contains(&format!("${{{name}}}")) {
            // `PATH := bin:$(PATH)`: what it was before is the caller's.
            true if is_early && self.files.is_defined_before(name, &place) => {
                let computed = variable.value.replace("$$", "$");
                let chain = self.of_its_chain(name, &text, &place, depth);
                chain.filter(|parts| may_be(parts, &computed)).or_else(|| {
                    self.lose(at, format!("`{name}` was expanded once, at the import"));
                    Some(vec![Part::Text(computed)])
                })
            }
            true if is_early => self.with_its_own(name, &text, at, depth),
            _ => self.parts(&text, None, at, depth + 1),
        };
        match parts {
            Some(parts) => {
                let Some(template) = template(&parts, false).filter(|text| !is_prefix(text)) else {
                    return Some(parts);
                };
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
            None => self.expanded_once(name, &own, at),
        }
    }

    /// A variable whose value only make can say.
    fn expanded_once(&mut self, name: &str, own: &str, at: At<'_>) -> Option<Vec<Part>> {
        let text = self.expanded(&format!("$({name})"), None)?;
        self.lose(at, format!("`{name}` was expanded once, at the import"));
        if !is_plain(&text) || is_prefix(&text) {
            return Some(vec![Part::Text(text)]);
        }
        self.imported.set_var(own, Source::Text(text.clone()));
        Some(vec![self.value(name, is_word(&text), Some(text))])
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
    pub(super) fn later(&self, text: &str, place: &(String, usize), depth: usize) -> Option<String> {
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

    /// The folder that make started in.
    pub(super) fn folder(&mut self) -> Value {
        let variable = self.own_name(if self.is_defined("CURDIR") { "make-folder" } else { "CURDIR" });
        self.imported.set_var(&variable, Source::Shell("pwd".to_owned()));
        Value { reference: format!("vars.{variable}"), variable, is_word: false, argument: None }
    }

    /// The value of a variable that make has none for: what needs it fails.
    pub(super) fn failing(&mut self, name: &str, (file, line): At<'_>) -> String {
        let own = format!("no_{}", self.own_name(name));
        let fails = format!("#!/bin/sh\necho '{file}:{line}: {name} was not carried over' >&2\nexit 1\n");
        self.imported.set_var(&own, Source::Shell(fails));
        format!("{{{{ vars.{own} }}}}")
    }

    /// Whether a file says what a variable is.
    fn is_defined(&self, name: &str) -> bool {
        self.database.variables.get(name).is_some_and(|variable| variable.place.is_some())
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

/// Where the bracket that `text` begins with is closed.
pub(super) fn closing(text: &str) -> Option<usize> {
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
