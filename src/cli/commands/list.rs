//! `list`: the project's tasks, and with `--all` those that its workspaces generate.

use crate::cli::session::Session;
use crate::cli::{command_names, print};
use crate::diagnostic::Fault;
use crate::domains::task;
use crate::domains::workspace::Verb;
use crate::text::columns;
use crate::text::visible::visible;

pub(super) fn run(session: &Session<'_>, all: bool) -> Result<u8, Fault> {
    let model = &session.model;
    if session.options.json {
        for task in model.tasks.values() {
            let row = serde_json::json!({
                "name": task.name, "kind": "task", "description": task.description, "aliases": task.aliases,
                "usage": task::usage(task), "hidden": task.rules.hide,
            });
            print(&format!("{row}\n"));
        }
        for (name, description) in generated(session) {
            let row = serde_json::json!({ "name": name, "kind": "generated", "description": description });
            print(&format!("{row}\n"));
        }
        return Ok(0);
    }
    let mut rows = Vec::new();
    let commands = command_names();
    for task in model.tasks.values().filter(|task| all || !task.rules.hide) {
        let mut about = task.description.clone().unwrap_or_default();
        if !task.aliases.is_empty() {
            about.push_str(&format!("  [alias {}]", task.aliases.join(", ")));
        }
        if commands.contains(&task.name) {
            about.push_str(&format!("  [hides the command; `shipway builtin {}` reaches it]", task.name));
        }
        let usage = task::usage(task);
        rows.push(vec![usage.strip_prefix("shipway ").unwrap_or(&usage).to_owned(), about.trim().to_owned()]);
    }
    let mut text = String::new();
    if !rows.is_empty() {
        text.push_str("Tasks:\n");
        text.push_str(&indented(&columns::render(&rows)));
    }
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
    print(&visible(&text));
    Ok(0)
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
