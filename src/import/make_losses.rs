//! What stands in Makefiles beside rules and variables: exports, and what has no like here. Pure but for `expand`.

use super::Loss;
use super::make::is_header;
use super::make_database::{Database, Rule};
use super::make_files::Files;
use super::make_shell::Part;
use super::make_text::{Texts, template};
use super::script::Value;

/// `export NAME` and `export NAME = value`.
pub(super) fn exports(texts: &mut Texts<'_>, losses: &mut Vec<Loss>) {
    let mut lose =
        |file: &str, line: usize, what: String| losses.push(Loss { file: file.to_owned(), line, what });
    for (file, number, line) in texts.files.lines() {
        let line = line.trim_start_matches(' ');
        if line.starts_with("unexport ") || line == "unexport" {
            lose(file, number, format!("`{}`: commands get it", line.trim()));
        }
        let Some(rest) = line.strip_prefix("export") else { continue };
        // `export-db:` is a target.
        if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
            continue;
        }
        let rest = rest.trim();
        if rest.is_empty() {
            let what =
                "`export` without a name exports every variable; here commands get those that they use"
                    .to_owned();
            lose(file, number, what);
            continue;
        }
        let names = rest.split(['=', ':', '?']).next().unwrap_or_default();
        for name in names.split_whitespace() {
            // Of a definition in several branches make took one.
            let is_another = rest != names
                && texts
                    .database
                    .variables
                    .get(name)
                    .and_then(|it| it.place.as_ref())
                    .is_some_and(|place| (place.0.as_str(), place.1) != (file, number));
            if is_another {
                continue;
            }
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                lose(file, number, format!("`export {name}`: no shell has a variable of this name"));
                continue;
            }
            let parts = texts.recipe(&format!("$({name})"), &Rule::default(), (file, number));
            let is_of_the_shell = |value: &Value| value.reference.is_empty();
            let value = match template(&parts, false) {
                Some(value) => value,
                None if !parts.iter().any(|part| {
                    matches!(part, Part::Shell(..))
                        || matches!(part, Part::Value(it, ..) if is_of_the_shell(it))
                }) =>
                {
                    parts
                        .iter()
                        .map(|part| match part {
                            Part::Text(text) => super::literal(text),
                            Part::Value(value, ..) => format!("{{{{ {} }}}}", value.reference),
                            Part::Shell(..) => String::new(),
                        })
                        .collect()
                }
                None => {
                    lose(file, number, format!("`{name}` was expanded once, at the import"));
                    super::literal(&texts.expanded(&format!("$({name})"), None))
                }
            };
            let entry = (name.to_owned(), value);
            // The caller's own variable reaches commands anyway.
            if entry.1 != format!("{{{{ env.{name} }}}}") && !texts.imported.env.contains(&entry) {
                texts.imported.env.push(entry);
            }
        }
    }
}

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
        let names = if names.contains('$') { texts.expanded(names, None) } else { names.to_owned() };
        for name in names.split_whitespace() {
            let is_read = match name.contains(['*', '?', '[']) {
                true => !texts.expanded(&format!("$(wildcard {name})"), None).trim().is_empty(),
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
    for (name, file, line) in &database.patterns {
        lose(
            file,
            *line,
            format!("the pattern rule `{}` of {file}: write a task with an argument", name.trim()),
        );
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
        for (variable, _) in &rule.variables {
            let place =
                files.line_where(|line| is_header(line, &rule.name) && line.contains(variable.as_str()));
            let (file, line) = place.unwrap_or((files.main(), 0));
            lose(
                file,
                line,
                format!(
                    "`{variable}` of `{}` stands in its own commands, but not in those of what it needs",
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
