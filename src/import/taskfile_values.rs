//! What stands in Task's `{{ }}`: what it is here, and what it most likely is there. Pure.

use std::collections::HashMap;

use super::script::{Piece, Shape, Value, prints_a_word, shape};
use super::taskfile::{Open, Reader};
use super::yaml::Yaml;
use super::{Source, variable_name};

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

impl Reader<'_> {
    pub(super) fn hole(&mut self, hole: &str, open: Option<&Open<'_>>) -> Option<Piece> {
        let name = hole
            .strip_prefix('.')
            .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))?;
        match name {
            "CLI_ARGS" => {
                open?;
                return Some(Piece::Value(Value {
                    reference: "args".to_owned(),
                    variable: "args".to_owned(),
                    is_word: true,
                    argument: Some("args...".to_owned()),
                }));
            }
            "TASK" => return open.map(|open| Piece::Text(open.written.to_owned())),
            "ROOT_DIR" | "TASKFILE_DIR" | "ROOT_TASKFILE" | "TASKFILE" => {
                let command = if name.ends_with("DIR") {
                    "pwd".to_owned()
                } else {
                    format!("printf '%s' \"$PWD\"/{}", crate::text::quote::shell(self.file))
                };
                let name = if name.ends_with("DIR") { "ROOT_DIR" } else { "ROOT_TASKFILE" };
                let own = self.imported.helper(name, Source::Shell(command), &self.variables_there());
                return Some(by_name(own, true));
            }
            _ if UNKNOWN.contains(&name) => return None,
            _ => {}
        }
        let is_own = open.and_then(|open| open.tree.get("vars")).and_then(|vars| vars.get(name));
        let is_global = self.tree.get("vars").and_then(|vars| vars.get(name));
        let own = match (is_own, open) {
            (Some(_), Some(open)) => variable_name(&format!("{}_{name}", open.name)),
            _ => variable_name(name),
        };
        let Some(known) = is_own.or(is_global) else {
            // Whoever calls it may give it: `task deploy TAG=v1`.
            self.imported.set_var(&own, Source::Environment(name.to_owned(), String::new()));
            return Some(by_name(own, false));
        };
        let (likely, is_fixed) = self.likely_value(known, open, 0);
        let Some(text) = likely else { return Some(by_name(own, false)) };
        let line = self.line_of(name);
        let is_command = open.is_some() && !self.is_data;
        match shape(&text) {
            Shape::Code if is_command && is_fixed => {
                self.lose(
                    line,
                    format!("the value of `{name}` is code: it stands where it is used, and `{name}=…` does not change that"),
                );
                Some(Piece::Text(text))
            }
            Shape::Code if is_command => {
                self.lose(line, format!("the value of `{name}` is code there; here it is words"));
                Some(by_name(own, false))
            }
            shape => Some(by_name(own, shape == Shape::Word)),
        }
    }

    /// The names of the file's variables, as they are here.
    fn variables_there(&self) -> HashMap<String, String> {
        let all = self.tree.get("vars").map(Yaml::entries).unwrap_or_default();
        all.iter().map(|(name, _)| (name.clone(), variable_name(name))).collect()
    }

    /// What a variable is where nobody says otherwise, as far as it is known, and whether it is just that text.
    fn likely_value(&self, value: &Yaml, open: Option<&Open<'_>>, depth: usize) -> (Option<String>, bool) {
        match (value.text(), value.get("sh").and_then(Yaml::text)) {
            (Some(text), _) => self.likely(text, open, depth),
            (None, Some(command)) => (prints_a_word(command).then(|| "x".to_owned()), false),
            (None, None) => (None, false),
        }
    }

    pub(super) fn likely(&self, text: &str, open: Option<&Open<'_>>, depth: usize) -> (Option<String>, bool) {
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
    let (name, default) = inner.strip_prefix('.')?.split_once('|')?;
    let default = default
        .trim()
        .strip_prefix("default ")?
        .trim()
        .strip_prefix(['"', '\''])?
        .strip_suffix(['"', '\''])?;
    let name = name.trim();
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then(|| (name.to_owned(), default.to_owned()))
}
