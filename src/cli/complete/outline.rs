//! The names of a project: from the checked file, or, where it has errors, from whatever of its lines can be understood.

use std::path::Path;

use super::Candidate;
use crate::cli::project;
use crate::model::{Argument, ArgumentKind, Model};
use crate::os::Doors;

/// The names of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// Its tasks, aliases among them.
    pub(super) tasks: Vec<OutlineTask>,
    /// Its workspaces, in order.
    pub(super) workspaces: Vec<String>,
    /// Its environments.
    pub(super) environments: Vec<String>,
    /// Those that need their name typed.
    pub(super) protected: Vec<String>,
    /// Names of `[vars]`.
    pub(super) variables: Vec<String>,
}

/// A task as far as a command line is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OutlineTask {
    /// Its name, or an alias of it.
    pub(super) name: String,
    /// Its description.
    pub(super) about: String,
    /// It is not offered.
    pub(super) is_hidden: bool,
    /// Its options: `--keep`, `--jobs=`.
    pub(super) options: Vec<Candidate>,
    /// For each positional argument its only values; empty for any.
    pub(super) positionals: Vec<Vec<String>>,
    /// The last of them takes all words that are left.
    pub(super) takes_rest: bool,
    /// The only values of options that take one, by all their names: `--jobs`, `-j`; empty for any.
    pub(super) values: Vec<(Vec<String>, Vec<String>)>,
}

/// The names of the project of `file`.
pub(super) fn gather(doors: &Doors, file: &Path) -> Outline {
    match project::load_project(doors, Some(file)) {
        Ok(model) => of_model(&model),
        Err(_) => {
            let bytes = doors.files.read(file).unwrap_or_default();
            of_text(&String::from_utf8_lossy(&bytes))
        }
    }
}

fn of_model(model: &Model) -> Outline {
    let mut tasks = Vec::new();
    for task in model.tasks.values() {
        let positionals = task.args.iter().filter(|argument| {
            matches!(argument.kind, ArgumentKind::Positional { .. } | ArgumentKind::Rest { .. })
        });
        let mut entry = OutlineTask {
            name: task.name.clone(),
            about: task.description.clone().unwrap_or_default(),
            is_hidden: task.rules.hide,
            options: task.args.iter().filter_map(option).collect(),
            positionals: positionals.map(|argument| argument.choices.clone()).collect(),
            takes_rest: task.args.iter().any(|argument| argument.kind.is_rest()),
            values: task.args.iter().filter_map(values).collect(),
        };
        for name in std::iter::once(&task.name).chain(&task.aliases) {
            entry.name.clone_from(name);
            tasks.push(entry.clone());
        }
    }
    let protected = model.environments.values().filter(|environment| environment.protected);
    Outline {
        tasks,
        workspaces: model.workspaces.keys().cloned().collect(),
        environments: model.environments.keys().cloned().collect(),
        protected: protected.map(|environment| environment.name.clone()).collect(),
        variables: model
            .variables
            .values()
            .filter(|it| it.can_be_given())
            .map(|it| it.name.clone())
            .collect(),
    }
}

fn values(argument: &Argument) -> Option<(Vec<String>, Vec<String>)> {
    let ArgumentKind::Option { .. } = argument.kind else { return None };
    let mut names = vec![format!("--{}", argument.name)];
    names.extend(argument.short.map(|letter| format!("-{letter}")));
    Some((names, argument.choices.clone()))
}

fn option(argument: &Argument) -> Option<Candidate> {
    let word = match argument.kind {
        ArgumentKind::Flag => format!("--{}", argument.name),
        ArgumentKind::Option { .. } => format!("--{}=", argument.name),
        ArgumentKind::Positional { .. } | ArgumentKind::Rest { .. } => return None,
    };
    Some(Candidate { word, about: argument.help.clone().unwrap_or_default() })
}

/// Headers and descriptions, line by line: the file is being edited, and half of it may be wrong.
fn of_text(text: &str) -> Outline {
    let mut outline = Outline::default();
    let mut section = String::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            section = header.0.trim().to_owned();
            let (table, name) = section.split_once('.').unwrap_or((&section, ""));
            note(&mut outline, table.trim(), name.trim());
        } else if let Some((key, value)) = line.split_once('=') {
            let (key, value) = (key.trim(), value.trim());
            match section.as_str() {
                "tasks" | "workspaces" | "environments" | "vars" => note(&mut outline, &section, key),
                _ if key == "description" && section.starts_with("tasks.") => {
                    if let Some(task) = outline.tasks.last_mut() {
                        task.about = value.trim_matches(['"', '\'']).to_owned();
                    }
                }
                _ if key == "hide" && section.starts_with("tasks.") => {
                    if let Some(task) = outline.tasks.last_mut() {
                        task.is_hidden = value.starts_with("true");
                    }
                }
                _ => {}
            }
        }
    }
    outline
}

fn note(outline: &mut Outline, table: &str, name: &str) {
    let name = name.trim_matches(['"', '\'']);
    let plain = |c: char| c.is_alphanumeric() || "-_:".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return;
    }
    let names = match table {
        "tasks" => {
            if !outline.tasks.iter().any(|task| task.name == name) {
                outline.tasks.push(OutlineTask { name: name.to_owned(), ..OutlineTask::default() });
            }
            return;
        }
        "workspaces" => &mut outline.workspaces,
        "environments" => &mut outline.environments,
        "vars" => &mut outline.variables,
        _ => return,
    };
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_a_file_with_errors() {
        let text = r#"
            [vars]
            region = "fra1"
            [tasks]
            hello = "echo hello"
            [tasks.test]   # the tests
            description = "Run the tests"
            run = ["unclosed
            [tasks.inner]
            hide = true  # only others need it
            [workspaces.base]
            [workspaces.base.vars]
            x = 1
            [workspaces."stage"]
            [environments.prod]
            protected = tru
        "#;
        let outline = of_text(text);
        let tasks: Vec<(&str, &str)> =
            outline.tasks.iter().map(|task| (task.name.as_str(), task.about.as_str())).collect();
        assert_eq!(tasks, [("hello", ""), ("test", "Run the tests"), ("inner", "")]);
        assert_eq!(outline.tasks.iter().map(|task| task.is_hidden).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(outline.workspaces, ["base", "stage"]);
        assert_eq!(outline.environments, ["prod"]);
        assert_eq!(outline.variables, ["region"]);
    }
}
