//! What stands in Task's `{{ }}`: what it is here, and what it most likely is there. Pure.

use std::collections::HashMap;

use super::script::{
    Piece, Quotes, Shape, Value, is_evaluated, printed, prints_a_word, shape, template, without_holes,
};
use super::taskfile::{Open, Reader};
use super::yaml::Yaml;
use super::{Source, valueless, variable_name};
use crate::text::quote;

/// What a variable of the caller's environment is taken for where it is not set: empty is a value, too.
const NOT_SET: &str = "(not set)";

/// Task's own variables that mean nothing here: a step with one of them fails.
const UNKNOWN: [&str; 17] = [
    "ALIAS",
    "CHECKSUM",
    "CLI_ARGS_LIST",
    "CLI_ASSUME_YES",
    "CLI_FORCE",
    "CLI_OFFLINE",
    "CLI_SILENT",
    "CLI_VERBOSE",
    "EXIT_CODE",
    "ITEM",
    "KEY",
    "MATCH",
    "TASK_DIR",
    "TASK_EXE",
    "TASK_VERSION",
    "TIMESTAMP",
    "USER_WORKING_DIR",
];

/// Task's name of the system, as Go calls it.
const SYSTEM: &str = "case \"{{ os }}\" in macos) echo darwin ;; *) echo \"{{ os }}\" ;; esac";

/// Task's name of the processor, as Go calls it.
const MACHINE: &str = "case \"{{ arch }}\" in x86_64) echo amd64 ;; aarch64) echo arm64 ;; x86) echo 386 ;; *) echo \"{{ arch }}\" ;; esac";

impl<'a> Reader<'a> {
    /// Variables of the file, or those of a task.
    pub(super) fn variables(&mut self, value: &Yaml, mut open: Option<&mut Open<'a>>) {
        for (index, (name, value)) in value.entries().iter().enumerate() {
            let line = self.line_of(name);
            // One that comes later is not there yet, and neither is the one that is being evaluated.
            match &mut open {
                Some(open) => open.visible = index,
                None => self.visible = index,
            }
            let own = match &open {
                Some(open) => variable_name(&format!("{}_{name}", open.name)),
                None => variable_name(name),
            };
            let source = self.source_of(name, value, open.as_deref(), line);
            if let (Source::Environment(given, _), true) = (&source, open.is_some()) {
                self.lose(line, format!("`{given}=…` is given as `{own}=…` here"));
            }
            self.imported.set_var(&own, source);
        }
        match open {
            Some(open) => open.visible = usize::MAX,
            None => self.visible = usize::MAX,
        }
    }

    /// Where the value comes from; of what is not understood nothing comes, and what uses it fails.
    fn source_of(&mut self, name: &str, value: &Yaml, open: Option<&Open<'a>>, line: usize) -> Source {
        if *value == Yaml::Nothing {
            return Source::Text(String::new());
        }
        if let Some(command) = value.get("sh").and_then(Yaml::text) {
            let pieces = self.data(command, open).filter(|_| value.entries().len() == 1);
            if let Some(text) = pieces.and_then(|pieces| printed(&pieces)) {
                return Source::Shell(text);
            }
        } else if let Some(text) = value.text() {
            if let Some((variable, default)) = default_of(text) {
                let global = self.tree.get("vars").and_then(|vars| vars.get(&variable));
                let is_own =
                    |known: &&Yaml| known.text().and_then(default_of).is_none_or(|(own, _)| own != variable);
                return match global.filter(is_own) {
                    Some(_) => {
                        self.lose(line, format!("the default of `{variable}` where it is empty"));
                        Source::Text(format!("{{{{ vars.{} }}}}", variable_name(&variable)))
                    }
                    None => Source::Environment(variable, default),
                };
            }
            if let Some(pieces) = self.data(text, open) {
                return Source::Text(template(&pieces));
            }
        }
        self.lose(
            line,
            format!("the value of `{name}` is more than Shipway evaluates: what uses it fails here"),
        );
        valueless(self.file, line, name)
    }

    /// What the environment gets for `name`: what the caller has of it wins, also where that is empty.
    pub(super) fn exported(
        &mut self,
        name: &str,
        value: &Yaml,
        open: Option<&Open<'a>>,
        line: usize,
    ) -> String {
        let wanted = match open {
            Some(open) => variable_name(&format!("ENV_{}_{name}", open.name)),
            None => variable_name(&format!("ENV_{name}")),
        };
        let taken = self.variables_there();
        self.exporting.push(name.to_owned());
        let source = self.source_of(name, value, open, line);
        self.exporting.pop();
        let source = match source {
            Source::Text(text) if !text.contains("{{") => Source::Environment(name.to_owned(), text),
            Source::Environment(given, default) if given == name => Source::Environment(given, default),
            source => {
                let fallback = match &source {
                    Source::Text(text) if is_one_value(text) => text.clone(),
                    _ => {
                        let own = self.imported.helper(&format!("{wanted}_HERE"), source, &taken);
                        format!("{{{{ vars.{own} }}}}")
                    }
                };
                let caller = Source::Environment(name.to_owned(), NOT_SET.to_owned());
                let caller = self.imported.helper(&format!("CALLER_{name}"), caller, &taken);
                Source::Shell(format!(
                    "x=\"{{{{ vars.{caller} }}}}\"\nif [ \"$x\" = '{NOT_SET}' ]; then printf '%s' \"{fallback}\"; else printf '%s' \"$x\"; fi"
                ))
            }
        };
        let own = self.imported.helper(&wanted, source, &taken);
        format!("{{{{ vars.{own} }}}}")
    }

    /// A text that is no command.
    pub(super) fn data(&mut self, text: &str, open: Option<&Open<'a>>) -> Option<Vec<Piece>> {
        let before = std::mem::replace(&mut self.is_data, true);
        let pieces = self.pieces(text, open);
        self.is_data = before;
        pieces
    }

    /// A text with Task's `{{ }}`; `None` where one is more than a name.
    pub(super) fn pieces(&mut self, text: &str, open: Option<&Open<'a>>) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut quotes = Quotes::default();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (hole, after) = after.split_once("}}")?;
            pieces.push(Piece::Text(before.to_owned()));
            before.chars().for_each(|c| quotes.read(c));
            self.is_kept = quotes.keep();
            pieces.extend(self.hole(hole.trim().trim_matches('-').trim(), open)?);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Some(pieces)
    }

    fn hole(&mut self, hole: &str, open: Option<&Open<'a>>) -> Option<Vec<Piece>> {
        if let Some((name, default)) = fallback_of(hole) {
            return self.with_fallback(hole, &name, &default, open).map(|piece| vec![piece]);
        }
        let name = match hole {
            "OS" => return Some(vec![self.printed_here("OS", SYSTEM)]),
            "ARCH" => return Some(vec![self.printed_here("ARCH", MACHINE)]),
            "exeExt" => return Some(Vec::new()),
            _ => hole.strip_prefix('.').filter(|name| is_name(name))?,
        };
        match name {
            "CLI_ARGS" if self.is_data => return None,
            "CLI_ARGS" => {
                open?;
                return Some(vec![Piece::Value(Value {
                    reference: "args".to_owned(),
                    variable: "args".to_owned(),
                    is_word: true,
                    argument: Some("args...".to_owned()),
                })]);
            }
            "TASK" => return open.map(|open| vec![Piece::Text(open.written.to_owned())]),
            "ROOT_DIR" | "TASKFILE_DIR" => return Some(vec![self.printed_here("ROOT_DIR", "pwd")]),
            "ROOT_TASKFILE" | "TASKFILE" => {
                let command = format!("printf '%s' \"$PWD\"/{}", quote::shell(self.file));
                return Some(vec![self.printed_here("ROOT_TASKFILE", &command)]);
            }
            _ if UNKNOWN.contains(&name) => return None,
            _ => {}
        }
        let (own, known) = self.known(name, open)?;
        let Some(known) = known else {
            self.given_by_the_caller(name, open)?;
            return Some(vec![by_name(own, false)]);
        };
        let (likely, is_fixed) = self.likely_value(known, open, 0);
        let is_default = known.text().and_then(default_of).is_some();
        // Of a value that is not known, what stands around its `{{ }}` is.
        let around = || known.text().filter(|_| !is_default).map(without_holes);
        let Some(text) = likely.or_else(|| around().filter(|text| is_evaluated(text))) else {
            return Some(vec![by_name(own, false)]);
        };
        let line = self.line_of(name);
        match shape(&text) {
            Shape::Code if !self.is_data && is_fixed => {
                self.lose_code(name, line);
                Some(vec![Piece::Text(text)])
            }
            // As data it would be words with quotes in them.
            Shape::Code if !self.is_data && !self.is_kept && is_evaluated(&text) => {
                let written = known.text().filter(|_| !is_default && self.depth < 9)?.to_owned();
                self.depth += 1;
                let pieces = self.pieces(&written, open);
                self.depth -= 1;
                self.lose_code(name, line);
                pieces
            }
            Shape::Code if !self.is_data => {
                self.lose(line, format!("the value of `{name}` is code there; here it is words"));
                Some(vec![by_name(own, false)])
            }
            shape => Some(vec![by_name(own, shape == Shape::Word)]),
        }
    }

    fn lose_code(&mut self, name: &str, line: usize) {
        let what = "is code: it stands where it is used, and";
        self.lose(line, format!("the value of `{name}` {what} `{name}=…` does not change that"));
    }

    /// What a command of ours prints, which is one word.
    fn printed_here(&mut self, name: &str, command: &str) -> Piece {
        let source = Source::Shell(command.to_owned());
        by_name(self.imported.helper(name, source, &self.variables_there()), true)
    }

    /// What `name` is called here, and its value there: of the task, of the file, or of its `env`. `None` where it is not there yet.
    pub(super) fn known(
        &mut self,
        name: &str,
        open: Option<&Open<'a>>,
    ) -> Option<(String, Option<&'a Yaml>)> {
        let own = open.and_then(|open| position(open.tree, name).filter(|(index, _)| *index < open.visible));
        if let (Some((_, value)), Some(open)) = (own, open) {
            return Some((variable_name(&format!("{}_{name}", open.name)), Some(value)));
        }
        let here = variable_name(name);
        if let Some((index, value)) = position(self.tree, name) {
            return (index < self.visible).then_some((here, Some(value)));
        }
        let exported = self.tree.get("env").and_then(|env| env.get(name));
        let exported = exported.filter(|_| !self.exporting.iter().any(|known| known == name));
        if let Some(value) = exported {
            self.exporting.push(name.to_owned());
            let line = self.line_of(name);
            let source = self.source_of(name, value, None, line);
            self.exporting.pop();
            self.imported.set_var(&here, source);
        }
        Some((here, exported))
    }

    /// A variable that the file does not have: whoever calls it may give it (`task deploy TAG=v1`), and has to where it is required.
    pub(super) fn given_by_the_caller(&mut self, name: &str, open: Option<&Open<'a>>) -> Option<()> {
        let own = variable_name(name);
        let source = if self.required.iter().any(|required| required == name) {
            if let Some(open) = open.filter(|open| !super::taskfile_steps::requires(open.tree, name)) {
                self.lose(open.line, format!("`{name}` has to be given for `{}`, too", open.written));
            }
            Source::Required(name.to_owned())
        } else {
            Source::Environment(name.to_owned(), String::new())
        };
        self.imported.set_var(&own, source.clone());
        // With a default at one place and without at another it would be neither.
        self.imported.vars.iter().any(|(known, its)| *known == own && *its == source).then_some(())
    }

    /// `{{.NAME | default …}}` among other text.
    fn with_fallback(
        &mut self,
        hole: &str,
        name: &str,
        default: &Fallback,
        open: Option<&Open<'a>>,
    ) -> Option<Piece> {
        let (own, known) = self.known(name, open)?;
        let likely = match (known, default) {
            (Some(known), _) => self.likely_value(known, open, 0).0,
            (None, Fallback::Text(text)) => Some(text.clone()),
            (None, Fallback::Name(_)) => None,
        };
        let is_code = likely.as_ref().is_some_and(|text| is_evaluated(text));
        if is_code && !self.is_data && !self.is_kept {
            return None;
        }
        let is_word = likely.as_ref().is_some_and(|text| shape(text) == Shape::Word);
        if known.is_some() && likely.is_some_and(|text| !text.is_empty()) {
            return Some(by_name(own, is_word));
        }
        if known.is_none() {
            let goes_on = |rest: &&str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let uses = self.source.split(&format!(".{name}")).skip(1).filter(|rest| !goes_on(rest)).count();
            if let (Fallback::Text(text), true) = (default, uses == self.source.matches(hole).count()) {
                self.imported.set_var(&own, Source::Environment(name.to_owned(), text.clone()));
                return Some(by_name(own, is_word));
            }
            self.given_by_the_caller(name, open)?;
        }
        let default = match default {
            Fallback::Text(text) => quote::shell(&super::literal(text)).into_owned(),
            Fallback::Name(other) => match self.data(&format!("{{{{.{other}}}}}"), open)?.as_slice() {
                [Piece::Value(value)] => format!("\"{{{{ {} }}}}\"", value.reference),
                _ => return None,
            },
        };
        let command = format!(
            "x=\"{{{{ vars.{own} }}}}\"\nif [ -n \"$x\" ]; then printf '%s' \"$x\"; else printf '%s' {default}; fi"
        );
        let helper =
            self.imported.helper(&format!("{own}_OR"), Source::Shell(command), &self.variables_there());
        Some(by_name(helper, is_word))
    }

    /// The names of the file's variables, as they are here.
    fn variables_there(&self) -> HashMap<String, String> {
        let all = self.tree.get("vars").map(Yaml::entries).unwrap_or_default();
        all.iter().map(|(name, _)| (name.clone(), variable_name(name))).collect()
    }

    /// What a variable is where nobody says otherwise, as far as it is known, and whether it is just that text.
    fn likely_value(&self, value: &Yaml, open: Option<&Open<'a>>, depth: usize) -> (Option<String>, bool) {
        match (value.text(), value.get("sh").and_then(Yaml::text)) {
            (Some(text), _) => self.likely(text, open, depth),
            (None, Some(command)) => (prints_a_word(command).then(|| "x".to_owned()), false),
            (None, None) => (None, false),
        }
    }

    pub(super) fn likely(&self, text: &str, open: Option<&Open<'a>>, depth: usize) -> (Option<String>, bool) {
        if let Some((_, default)) = default_of(text) {
            return (Some(default), false);
        }
        let (mut likely, mut is_fixed, mut rest) = (String::new(), true, text);
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((hole, after)) = after.split_once("}}").filter(|_| depth < 9) else {
                return (None, false);
            };
            likely.push_str(before);
            rest = after;
            let name = hole.trim().trim_start_matches('.');
            if name.ends_with("_DIR") || name.ends_with("TASKFILE") {
                likely.push_str("/x");
                is_fixed = false;
                continue;
            }
            let own = open.and_then(|open| open.tree.get("vars")).and_then(|vars| vars.get(name));
            let known = own.or_else(|| self.tree.get("vars").and_then(|vars| vars.get(name)));
            let Some((Some(text), is_text)) = known.map(|known| self.likely_value(known, open, depth + 1))
            else {
                return (None, false);
            };
            likely.push_str(&text);
            is_fixed &= is_text;
        }
        likely.push_str(rest);
        (Some(likely), is_fixed)
    }
}

fn by_name(own: String, is_word: bool) -> Piece {
    Piece::Value(Value { reference: format!("vars.{own}"), variable: own, is_word, argument: None })
}

/// `{{.NAME | default "text"}}` as the whole of a value.
pub(super) fn default_of(text: &str) -> Option<(String, String)> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let (name, default) = parts_of(inner)?;
    let default = default.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
    Some((name.to_owned(), default.to_owned()))
}

/// The name and the default of `.NAME | default "text"` and `default "text" .NAME`.
fn parts_of(inner: &str) -> Option<(&str, &str)> {
    let (name, default) = match inner.split_once('|') {
        Some((name, default)) => (name, default.trim().strip_prefix("default ")?),
        None => inner.strip_prefix("default ")?.rsplit_once(' ').map(|(default, name)| (name, default))?,
    };
    let name = name.trim().strip_prefix('.')?;
    is_name(name).then(|| (name, default.trim()))
}

/// What stands in for an empty value.
enum Fallback {
    Text(String),
    Name(String),
}

/// `.NAME | default "text"`, `… | default 3` and `… | default .OTHER`.
fn fallback_of(hole: &str) -> Option<(String, Fallback)> {
    let (name, default) = parts_of(hole)?;
    let quoted = ['"', '\'', '`'].iter().find_map(|quote| default.strip_prefix(*quote)?.strip_suffix(*quote));
    let fallback = match (quoted, default.strip_prefix('.')) {
        (Some(text), _) if !text.contains(['"', '\\', '`']) => Fallback::Text(text.to_owned()),
        (None, Some(other)) if is_name(other) => Fallback::Name(other.to_owned()),
        (None, None) if default.chars().all(|c| c.is_ascii_alphanumeric()) => {
            Fallback::Text(default.to_owned())
        }
        _ => return None,
    };
    Some((name.to_owned(), fallback))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A text that is exactly one `{{ }}`.
fn is_one_value(text: &str) -> bool {
    let inner = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
    inner.is_some_and(|inner| !inner.contains(['{', '}', '"']))
}

/// The place and the value of a variable of the file or of a task.
fn position<'y>(tree: &'y Yaml, name: &str) -> Option<(usize, &'y Yaml)> {
    let vars = tree.get("vars")?.entries();
    vars.iter().enumerate().find(|(_, (known, _))| known == name).map(|(index, (_, value))| (index, value))
}
