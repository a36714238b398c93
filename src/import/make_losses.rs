//! What stands in Makefiles beside rules and variables and has no like here. Pure but for `expand`.

use super::Loss;
use super::make::is_header;
use super::make_database::{Database, Pattern, Rule};
use super::make_files::Files;
use super::make_text::Texts;

/// Files that make would have made, or made anew, before it reads them: nothing is made for an import.
pub(super) fn made_files(texts: &mut Texts<'_>, losses: &mut Vec<Loss>) {
    let (files, rules) = (texts.files, &texts.database.rules);
    let is_made = |name: &str| rules.iter().any(|rule| rule.name == name && !rule.recipe.is_empty());
    let mut lose =
        |file: &str, line: usize, what: String| losses.push(Loss { file: file.to_owned(), line, what });
    for name in files.0.iter().map(|file| file.name.as_str()).filter(|name| is_made(name)) {
        let place = files.line_where(|line| is_header(line, name)).unwrap_or((files.main(), 0));
        lose(
            place.0,
            place.1,
            format!("make makes `{name}` anew where it is out of date; it was read as it is"),
        );
    }
    for (file, number, line) in files.lines().filter(|(_, _, line)| !line.starts_with('\t')) {
        let Some((word, names)) = line.trim().split_once([' ', '\t']) else { continue };
        if !matches!(word, "include" | "-include" | "sinclude") {
            continue;
        }
        let names = names.split(" #").next().unwrap_or_default();
        let names = if names.contains('$') {
            texts.expanded(names, None).unwrap_or_default()
        } else {
            names.to_owned()
        };
        for name in names.split_whitespace() {
            let is_read = match name.contains(['*', '?', '[']) {
                true => texts
                    .expanded(&format!("$(wildcard {name})"), None)
                    .is_some_and(|found| !found.trim().is_empty()),
                false => files.0.iter().any(|it| it.name == name || it.name.ends_with(&format!("/{name}"))),
            };
            if !is_read && (word == "include" || is_made(name)) {
                lose(
                    file,
                    number,
                    format!("`{name}` was not there to be read: what it says is missing here"),
                );
            }
        }
    }
}

/// Targets that mean something to make, of which the import knows what.
const KNOWN: [&str; 6] = [".PHONY", ".SUFFIXES", ".SILENT", ".ONESHELL", ".SECONDEXPANSION", ".IGNORE"];

/// Whether a rule's target means something to make.
pub(super) fn is_special(rule: &Rule) -> bool {
    rule.name.starts_with('.') && rule.name.chars().skip(1).all(|c| c.is_ascii_uppercase() || c == '_')
}

/// What is lost of the files as a whole.
pub(super) fn whole_file(database: &Database, files: Files<'_>, losses: &mut Vec<Loss>) {
    let mut lose =
        |file: &str, line: usize, what: String| losses.push(Loss { file: file.to_owned(), line, what });
    for Pattern { header, rule } in &database.patterns {
        let Some((file, line)) = &rule.place else { continue };
        let what = format!("the pattern rule `{}` of {file}: write a task with an argument", header.trim());
        lose(file, *line, what);
    }
    for (file, number, line) in files.lines() {
        let word = line.split_whitespace().next().unwrap_or_default();
        if matches!(word, "ifeq" | "ifneq" | "ifdef" | "ifndef") {
            lose(file, number, format!("`{}` was decided at the import", line.trim()));
        }
    }
    for rule in database.rules.iter().filter(|rule| is_special(rule) && !KNOWN.contains(&rule.name.as_str()))
    {
        let is_it = |line: &str| {
            line.split(':').next().is_some_and(|it| it.split_whitespace().any(|it| it == rule.name))
        };
        let (file, line) = files.line_where(is_it).unwrap_or((files.main(), 0));
        lose(file, line, format!("`{}` has no like here", rule.name));
    }
    let paths = database.variables.get("VPATH").filter(|it| it.origin == "makefile" && !it.value.is_empty());
    let place = paths.and_then(|it| it.place.as_ref()).map(|(file, line)| (file.as_str(), *line));
    if let Some((file, line)) = place.or_else(|| files.line_where(|line| line.starts_with("vpath "))) {
        let what =
            "make looks for files in other folders too: here `$<` and `$^` are the names as they are written";
        lose(file, line, what.to_owned());
    }
    for rule in &database.rules {
        for own in &rule.variables {
            let variable = &own.name;
            let place = own.place.as_ref().map(|(file, line)| (file.as_str(), *line));
            let (file, line) = place.unwrap_or((files.main(), 0));
            lose(
                file,
                line,
                format!(
                    "`{variable}` of `{}` stands in its own commands, but not in those of what it needs, and `{variable}=…` does not change it",
                    rule.name
                ),
            );
        }
    }
    let default = database.variables.get(".DEFAULT_GOAL").map(|it| it.value.clone()).unwrap_or_default();
    if !default.is_empty() {
        lose(files.main(), 0, format!("`make` alone makes `{default}`; `shipway` alone lists the tasks"));
    }
}
