//! Files that belong to another tool: whose they are, and what to write instead.

use crate::diagnostic::{Diagnostic, SourceId, Span};

/// Top-level sections that only mise has.
pub(super) const MISE_SECTIONS: &[&str] = &[
    "tools",
    "settings",
    "task_config",
    "alias",
    "tool_alias",
    "shell_alias",
    "plugins",
    "hooks",
    "min_version",
];

/// Keys of a task that only mise has, with what Shipway has instead.
const MISE_TASK_KEYS: &[(&str, &str)] = &[
    ("usage", "declare arguments in `args`"),
    ("tools", "Shipway installs no tools; let mise do that and keep the tasks here"),
    ("raw", "Shipway's tasks have no such switch"),
    ("run_windows", "Shipway runs on Linux and macOS"),
    ("file", "call the script from `run`"),
    ("extends", "write the task out, or put what it shares into another one that it `depends` on"),
    ("silent", "Shipway's tasks have no such switch"),
];

/// Keys that Task has where Shipway has another.
const TASK_KEYS: &[(&str, &str)] = &[
    ("cmds", "`run`"),
    ("cmd", "`run`"),
    ("deps", "`depends`"),
    ("desc", "`description`"),
    ("aliases", "`alias`"),
    ("prompt", "`confirm`"),
    ("generates", "`outputs`"),
    ("preconditions", "a command in `run`"),
];

/// What mise's or Task's key in a task means here.
pub(super) fn task_key(key: &str) -> Option<String> {
    if let Some((_, instead)) = MISE_TASK_KEYS.iter().find(|(known, _)| *known == key) {
        return Some(format!("`{key}` is mise's key: {instead}"));
    }
    let (_, instead) = TASK_KEYS.iter().find(|(known, _)| *known == key)?;
    Some(format!("Task's `{key}` is {instead} here"))
}

/// A diagnostic if the text is YAML, as Task's files are.
pub(super) fn yaml(text: &str, source: SourceId) -> Option<Diagnostic> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare.is_empty() || bare.trim_start().starts_with('#') || bare == "---" {
            offset += line.len();
            continue;
        }
        let key = bare.split(':').next().unwrap_or_default();
        let of_task = ["version", "tasks", "includes", "vars", "env", "dotenv", "silent", "output", "run"];
        if bare.len() == key.len() || !of_task.contains(&key) {
            return None;
        }
        let span = Span::new(source, offset, offset + key.len() + 1);
        return Some(
            Diagnostic::error("foreign-file", "this is a file of Task, not of Shipway", span, "YAML")
                .note("Shipway reads TOML: a task stands in a table `[tasks.NAME]`, its commands in `run`")
                .help("name Shipway's file with `-f FILE`, or write a `tasks.toml`"),
        );
    }
    None
}
