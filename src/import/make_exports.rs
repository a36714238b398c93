//! What commands of a Makefile find in their environment: `export`, what came by it, and dotenv files. Pure but for `expand`.

use std::collections::HashMap;

use super::make_database::{Rule, Variable, assignment};
use super::make_shell::Part;
use super::make_template::template;
use super::make_text::{At, Texts};
use super::script::Value;
use super::{Loss, Source, Task};

/// `export NAME` and `export NAME = value`.
pub(super) fn exports(texts: &mut Texts<'_>, losses: &mut Vec<Loss>) {
    let mut lose =
        |file: &str, line: usize, what: String| losses.push(Loss { file: file.to_owned(), line, what });
    let mut branches = 0_usize;
    for (file, number, line) in texts.files.lines() {
        let line = line.trim_start_matches(' ');
        match line.split_whitespace().next().unwrap_or_default() {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => branches += 1,
            "endif" => branches = branches.saturating_sub(1),
            _ => {}
        }
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
        if branches > 0 && rest == names {
            lose(file, number, format!("`{}` is done here in every case", line.trim()));
        }
        for name in names.split_whitespace() {
            // Of a definition in several branches make took one, or none.
            let is_another = rest != names
                && texts.database.variables.get(name).is_none_or(|known| {
                    known.place.as_ref().is_some_and(|place| (place.0.as_str(), place.1) != (file, number))
                });
            if is_another {
                continue;
            }
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                lose(file, number, format!("`export {name}`: no shell has a variable of this name"));
                continue;
            }
            export(texts, name, (file, number));
        }
    }
    // What came by the environment goes on there with its new value (manual, 5.7.2); the shell is the caller's.
    let mut changed: Vec<(&String, &Variable)> = texts.database.variables.iter().collect();
    changed.retain(|(name, variable)| {
        matches!(variable.origin.as_str(), "makefile" | "override")
            && texts.environment.contains(name)
            && !matches!(name.as_str(), "SHELL" | "PWD" | "MAKEFLAGS" | "MAKELEVEL" | "MAKEFILES")
            && !texts.imported.env.iter().any(|(known, _)| known == *name)
    });
    changed.sort_by_key(|(name, _)| *name);
    for (name, variable) in changed {
        if let Some((file, line)) = &variable.place {
            export(texts, name, (file, *line));
        }
    }
}

/// Gives a variable to every command.
fn export(texts: &mut Texts<'_>, name: &str, at: At<'_>) {
    // Shipway gives what stands in such a file to every command.
    if texts.files.is_of_dotenv(texts.database, name) {
        return;
    }
    let parts = texts.recipe(&format!("$({name})"), &Rule::default(), at);
    // Without a value, make would not run a command.
    let value = parts.and_then(|parts| exported(texts, name, parts, None, at));
    let value = value.unwrap_or_else(|| texts.failing(name, at));
    // The caller's own variable reaches commands anyway.
    if value != format!("{{{{ env.{name} }}}}") && !texts.imported.env.iter().any(|entry| entry.0 == name) {
        texts.imported.env.push((name.to_owned(), value));
    }
}

/// Scripts get values as variables of their environment, where make puts in texts: what else they start sees those, too.
pub(super) fn seen(texts: &mut Texts<'_>, tasks: &[Task]) {
    let is_all = texts.files.line_where(|line| line.trim() == "export").is_some();
    let mut names: Vec<&str> = Vec::new();
    for (name, value) in tasks.iter().flat_map(|task| &task.env) {
        let is_exported = is_all || texts.imported.env.iter().any(|(known, _)| known == name);
        if !is_exported && *value == format!("{{{{ vars.{name} }}}}") && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        let what = format!(
            "programs that scripts start find {} in their environment, which make gives them only where it is exported",
            names.join(", ")
        );
        texts.lose((texts.files.main(), 0), what);
    }
}

/// Files of `NAME=value` stay what they are: secrets are in them.
pub(super) fn dotenv(texts: &mut Texts<'_>) {
    for (file, is_optional) in texts.files.dotenv() {
        let sign = if is_optional { "?" } else { "" };
        texts.imported.dotenv.push(format!("{}{sign}", file.name));
        let what = "its variables reach every command here, and the caller's environment wins over them";
        texts.lose((&file.name, 0), what.to_owned());
        for (index, line) in file.text.lines().enumerate() {
            let Some((name, value)) = assignment(line.trim()).filter(|_| !line.trim_start().starts_with('#'))
            else {
                continue;
            };
            if value.contains(['"', '\'', '`', '$', '\\', '#']) {
                let name = name.trim_start_matches("export ");
                let what = format!("make reads the quotes, `$` and `#` of `{name}` in another way");
                texts.lose((&file.name, index + 1), what);
            }
        }
    }
}

/// `target: export NAME = value`, and what is exported anyway and has a value of its own there.
pub(super) fn own_exports(texts: &mut Texts<'_>, rule: &Rule, task: &mut Task) {
    for own in &rule.variables {
        let Some((file, line)) = &own.place else { continue };
        let written = texts.files.text(file).lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let says_so = written.split_once(':').is_some_and(|(_, rest)| {
            rest.split('=').next().is_some_and(|left| left.split_whitespace().any(|word| word == "export"))
        });
        let is_exported = says_so
            || texts.imported.env.iter().any(|(name, _)| *name == own.name)
            || texts.environment.contains(&own.name);
        if !is_exported || own.name == "SHELL" || task.env.iter().any(|(name, _)| *name == own.name) {
            continue;
        }
        let at = (file.as_str(), *line);
        let parts = texts.recipe(&format!("$({})", own.name), rule, at);
        let value = parts.and_then(|parts| exported(texts, &own.name, parts, Some(rule), at));
        let value = value.unwrap_or_else(|| texts.failing(&own.name, at));
        task.env.push((own.name.clone(), value));
    }
}

/// The value that commands find in their environment.
fn exported(
    texts: &mut Texts<'_>,
    name: &str,
    parts: Vec<Part>,
    rule: Option<&Rule>,
    at: At<'_>,
) -> Option<String> {
    let parts: Vec<Part> = parts.into_iter().map(|part| without_shell(texts, name, part)).collect();
    if let Some(value) = template(&parts, false) {
        return Some(value);
    }
    let is_of_the_shell = |part: &Part| match part {
        Part::Text(_) => false,
        Part::Value(value, ..) => value.reference.is_empty(),
        Part::Shell(..) => true,
    };
    let database = texts.database;
    let is_secret =
        |part: &Part| matches!(part, Part::Value(_, name, _) if texts.files.is_of_dotenv(database, name));
    if parts.iter().any(is_secret) {
        texts.lose(
            at,
            format!("`{name}` holds what stands in a dotenv file, and is exported: commands fail here"),
        );
        return None;
    }
    if parts.iter().any(is_of_the_shell) {
        texts.lose(at, format!("`{name}` was expanded once, at the import"));
        return texts.expanded(&format!("$({name})"), rule).map(|text| super::literal(&text));
    }
    let written = parts.iter().map(|part| match part {
        Part::Text(text) => super::literal(text),
        Part::Value(value, ..) => format!("{{{{ {} }}}}", value.reference),
        Part::Shell(..) => String::new(),
    });
    Some(written.collect())
}

/// A part of a value in which no shell stands: the folder, and what a command prints, are variables then.
fn without_shell(texts: &mut Texts<'_>, name: &str, part: Part) -> Part {
    match part {
        Part::Value(value, its, text) if value.reference.is_empty() && value.variable == "PWD" => {
            Part::Value(texts.folder(), its, text)
        }
        Part::Shell(command, source) => {
            let written = template(&command, true).and_then(|it| texts.command_of_a_variable(&it, &command));
            let Some(written) = written else { return Part::Shell(command, source) };
            let wanted = format!("{name}_of_shell");
            let variable = texts.imported.helper(&wanted, Source::Shell(written), &HashMap::new());
            let reference = format!("vars.{variable}");
            Part::Value(Value { reference, variable, is_word: false, argument: None }, source, None)
        }
        part => part,
    }
}
