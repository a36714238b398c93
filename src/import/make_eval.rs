//! Recipes that make wrote itself, by `eval`: what it evaluated on the way stands in them as text. Pure but for `expand`.
//!
//! A value that comes from the environment or from a command gets its name back: it is the value of this machine on this day, and may be a
//! secret, which belongs into no file. Other variables are told, for theirs is the text that stands in the Makefile.

use std::cmp::Reverse;

use super::Loss;
use super::make_database::{Database, Own, assignment};
use super::make_files::Files;
use super::make_text::{Expand, Probe};

/// Shorter values stand in other words by chance.
const SHORTEST: usize = 4;

/// Puts names back into the recipes of `database`, and tells of the variables whose text was taken.
pub(super) fn restore(database: &mut Database, files: Files<'_>, expand: &mut Expand<'_>) -> Vec<Loss> {
    let mut known: Vec<(String, &str)> = Vec::new();
    let mut losses = Vec::new();
    let evaluates = files.0.iter().any(|file| file.text.contains("eval "));
    for (name, file, line) in early(files).into_iter().filter(|_| evaluates) {
        let variable = database.variables.get(name).cloned().unwrap_or_default();
        let value = match variable.origin.as_str() {
            "environment" => variable.value.trim().to_owned(),
            // Nobody has set it, or it is the name of a loop.
            "" if files.0.iter().any(|it| it.text.contains(&format!("foreach {name},"))) => continue,
            "" => String::new(),
            "makefile" | "override" if is_of_a_command(files, name) => {
                let probe = Probe { text: format!("$({name})"), variables: Vec::new() };
                expand(&probe).unwrap_or_default().trim().to_owned()
            }
            "makefile" | "override" => String::new(),
            _ => continue,
        };
        if value.len() >= SHORTEST {
            known.push((value, name));
        } else {
            let what = format!(
                "`{name}` was expanded once, at the import: `{name}=…` changes nothing in the recipes that `eval` makes"
            );
            losses.push(Loss { file: file.to_owned(), line, what });
        }
    }
    known.sort_by_key(|(value, name)| (Reverse(value.len()), *name));
    for rule in database.rules.iter_mut().filter(|rule| !files.has(rule)) {
        for line in &mut rule.recipe {
            *line = named(line, &known);
        }
    }
    losses
}

/// Expands what rules need a second time, where the Makefile says so.
pub(super) fn expand_needs(database: &mut Database, expand: &mut Expand<'_>) {
    if !database.rules.iter().any(|rule| rule.name == ".SECONDEXPANSION") {
        return;
    }
    for rule in &mut database.rules {
        let target = Own::new("@", &rule.name);
        for needs in [&mut rule.needs, &mut rule.order_only] {
            if needs.iter().any(|need| need.contains('$')) {
                let probe = Probe { text: needs.join(" "), variables: vec![target.clone()] };
                let text = expand(&probe).unwrap_or_default();
                *needs = text.split_whitespace().map(str::to_owned).collect();
            }
        }
    }
}

/// The variables that `eval` and `define` expand before there is a recipe, with their lines: `$(NAME)`, and not `$$(NAME)`.
fn early(files: Files<'_>) -> Vec<(&str, &str, usize)> {
    let mut found: Vec<(&str, &str, usize)> = Vec::new();
    let mut is_within = false;
    for (file, number, line) in files.lines() {
        if line == "endef" {
            is_within = false;
        } else if line.starts_with("define ") {
            is_within = true;
            continue;
        }
        if !is_within && !line.contains("$(eval ") && !line.contains("${eval ") {
            continue;
        }
        for (at, _) in line.match_indices('$') {
            let is_doubled = line[..at].chars().rev().take_while(|c| *c == '$').count() % 2 == 1;
            let Some(name) = line[at + 1..].strip_prefix(['(', '{']) else { continue };
            let name = name.split([')', '}']).next().unwrap_or_default();
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
            if !is_doubled && is_name && !found.iter().any(|(known, ..)| *known == name) {
                found.push((name, file, number));
            }
        }
    }
    found
}

/// Whether a variable is what a command prints.
fn is_of_a_command(files: Files<'_>, name: &str) -> bool {
    files.lines().any(|(_, _, line)| {
        let line = line.trim_start_matches("export ").trim_start_matches("override ");
        assignment(line).is_some_and(|(left, value)| {
            left == name && (value.contains("$(shell ") || value.contains("${shell ") || line.contains("!="))
        })
    })
}

/// A text in which each value is its name again; the longest value counts.
fn named(text: &str, known: &[(String, &str)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some((value, name)) = known.iter().find(|(value, _)| rest.starts_with(value.as_str())) {
            out.push_str(&format!("$({name})"));
            rest = &rest[value.len()..];
        } else {
            out.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    out
}
