//! `list`: the project's tasks, those of each included file together, and with `--all` those that its workspaces generate.

use indexmap::IndexMap;

use crate::cli::session::Session;
use crate::cli::{command_names, print};
use crate::diagnostic::{Fault, Lines};
use crate::domains::task;
use crate::domains::workspace::Verb;
use crate::model::{Model, Task};
use crate::text::columns;
use crate::text::visible::visible;

pub(super) fn run(session: &Session<'_>, all: bool) -> Result<u8, Fault> {
    let model = &*session.model;
    let text = if session.options.json { json(session) } else { visible(&page(session, model, all)) };
    print(&text);
    Ok(0)
}

fn json(session: &Session<'_>) -> String {
    let mut text = String::new();
    let sources = &session.model.sources;
    let mut lines = Lines::new(sources);
    for task in session.model.tasks.values() {
        let (file, line) = (sources.path(task.span.source).display().to_string(), lines.line(task.span));
        let row = serde_json::json!({
            "name": task.name, "kind": "task", "group": group(task), "file": file, "line": line,
            "description": task.description, "aliases": task.aliases, "usage": task::usage(task),
            "hidden": task.rules.hide,
        });
        text.push_str(&format!("{row}\n"));
    }
    for (name, description) in generated(session) {
        let row = serde_json::json!({ "name": name, "kind": "generated", "description": description });
        text.push_str(&format!("{row}\n"));
    }
    text
}

fn page(session: &Session<'_>, model: &Model, all: bool) -> String {
    let mut text = tasks(model, all);
    if !model.workspaces.is_empty() {
        let names: Vec<&str> = model.workspaces.keys().map(String::as_str).collect();
        text.push_str(&format!("Workspaces: {}\n", names.join(", ")));
        if all {
            let rows: Vec<Vec<String>> =
                generated(session).into_iter().map(|(name, about)| vec![name, about]).collect();
            text.push_str(&indented(&columns::render(&rows)));
        } else {
            let verbs: Vec<&str> = Verb::GENERATED.iter().map(|verb| verb.word()).collect();
            text.push_str(&format!(
                "  each with {}-NAME; `shipway list --all` names them\n",
                verbs.join("-, ")
            ));
            text.push_str("  up, down and status act on all of them\n");
        }
    }
    if text.is_empty() {
        text.push_str(
            "The tasks file has no tasks and no workspaces yet; `shipway help` lists the commands.\n",
        );
    }
    text
}

/// The tasks of the main file, then those of each included file under its prefix; columns stand under each other through all groups.
fn tasks(model: &Model, all: bool) -> String {
    let commands = command_names();
    let mut groups: IndexMap<&str, Vec<(&Task, Vec<String>)>> = IndexMap::new();
    for task in model.tasks.values().filter(|task| all || !task.rules.hide) {
        let mut about = task.description.clone().unwrap_or_default();
        if !task.aliases.is_empty() {
            about.push_str(&format!("  [alias {}]", task.aliases.join(", ")));
        }
        if commands.contains(&task.name) {
            about.push_str(&format!("  [hides the command; `shipway builtin {}` reaches it]", task.name));
        }
        let usage = task::usage(task);
        let row = vec![usage.strip_prefix("shipway ").unwrap_or(&usage).to_owned(), about.trim().to_owned()];
        groups.entry(group(task)).or_default().push((task, row));
    }
    groups.sort_by_key(|group, _| !group.is_empty());
    let rows: Vec<Vec<String>> = groups.values().flatten().map(|(_, row)| row.clone()).collect();
    let drawn = columns::render(&rows);
    let mut lines = drawn.lines();
    let mut text = String::new();
    for (group, tasks) in &groups {
        if group.is_empty() {
            text.push_str("Tasks:\n");
        } else {
            let file = tasks.first().map(|(task, _)| model.sources.path(task.span.source).display());
            text.extend(file.map(|file| format!("Tasks of {file}:\n")));
        }
        text.extend(lines.by_ref().take(tasks.len()).map(|line| format!("  {line}\n")));
    }
    text
}

/// The prefix of the file that a task stands in: `docs` of `docs:build`.
fn group(task: &Task) -> &str {
    task.name.rsplit_once(':').map_or("", |(group, _)| group)
}

/// The generated tasks with their descriptions.
fn generated(session: &Session<'_>) -> Vec<(String, String)> {
    let names = session.model.workspaces.keys();
    names
        .flat_map(|name| {
            Verb::GENERATED.map(|verb| (format!("{}-{name}", verb.word()), verb.describes(name)))
        })
        .collect()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
