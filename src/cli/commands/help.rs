//! `help`: of Shipway, of a command, of a task.

use clap::CommandFactory as _;

use crate::cli::options::{Cli, Options};
use crate::cli::session::Session;
use crate::cli::{command_names, goals, print};
use crate::diagnostic::Fault;
use crate::domains::task::usage;
use crate::model::ArgumentKind;
use crate::os::Doors;
use crate::text::columns;
use crate::text::visible::visible;

/// Pages that `help` prints: name, line for lists, text.
pub const TOPICS: [(&str, &str, &str); 4] = [
    ("tasks-file", "All that may stand in tasks.toml", include_str!("../../../docs/tasks-file.md")),
    (
        "exit-codes",
        "With which code Shipway ends, and a fault as JSON",
        include_str!("../../../docs/exit-codes.md"),
    ),
    ("deployment", "From a tag to what is live", include_str!("../../../docs/deploy.md")),
    ("secret-files", "Env files and other secrets", include_str!("../../../docs/secrets.md")),
];

pub(super) fn run(doors: &Doors, options: Options, name: Option<&str>) -> Result<u8, Fault> {
    let Some(name) = name else {
        print(&Cli::command().render_long_help().to_string());
        return Ok(0);
    };
    // A task of the project may have the name of a command: then it is what the name means.
    let session = Session::open(doors, options, &[]);
    if let Ok(session) = &session
        && session.model.task(name).is_some()
    {
        return task(session, name);
    }
    if let Some((_, _, page)) = TOPICS.iter().find(|(topic, ..)| *topic == name) {
        print(page);
        return Ok(0);
    }
    if name == "topics" {
        let rows: Vec<Vec<String>> =
            TOPICS.iter().map(|(topic, about, _)| vec![format!("  {topic}"), (*about).to_owned()]).collect();
        print(&format!("Topics of `shipway help`:\n{}", columns::render(&rows)));
        return Ok(0);
    }
    if let Some(page) = command(name) {
        print(&page);
        return Ok(0);
    }
    let session = session?;
    Err(goals::unknown(&session.model, name, &command_names()))
}

/// The help page of a built-in command.
pub fn command(name: &str) -> Option<String> {
    let mut cli = Cli::command();
    cli.build();
    Some(cli.find_subcommand_mut(name)?.render_long_help().to_string())
}

/// The help page of a task.
pub fn task(session: &Session<'_>, name: &str) -> Result<u8, Fault> {
    let Some(task) = session.model.task(name) else {
        return Err(goals::unknown(&session.model, name, &command_names()));
    };
    let mut text = String::new();
    if let Some(description) = &task.description {
        text.push_str(&format!("{description}\n\n"));
    }
    text.push_str(&format!("Usage: {}\n", usage(task)));
    if !task.args.is_empty() {
        let rows: Vec<Vec<String>> = task
            .args
            .iter()
            .map(|argument| {
                let name = match argument.kind {
                    ArgumentKind::Flag | ArgumentKind::Option { .. } => {
                        let short = argument.short.map(|short| format!("-{short}, ")).unwrap_or_default();
                        format!("  {short}--{}", argument.name)
                    }
                    ArgumentKind::Positional { .. } | ArgumentKind::Rest { .. } => {
                        format!("  {}", argument.name.to_uppercase())
                    }
                };
                let mut about = argument.help.clone().unwrap_or_default();
                if let ArgumentKind::Positional { default: Some(default) }
                | ArgumentKind::Option { default: Some(default) } = &argument.kind
                    && !default.is_empty()
                {
                    about.push_str(&format!(" [default: {default}]"));
                }
                if !argument.choices.is_empty() {
                    about.push_str(&format!(" [one of: {}]", argument.choices.join(", ")));
                }
                if let Some(variable) = &argument.env {
                    about.push_str(&format!(" [or ${variable}]"));
                }
                vec![name, about.trim().to_owned()]
            })
            .collect();
        text.push_str(&format!("\nArguments:\n{}", columns::render(&rows)));
    }
    if !task.depends.is_empty() {
        let names: Vec<&str> = task.depends.iter().map(|call| call.task.value.as_str()).collect();
        text.push_str(&format!("\nRuns first: {}\n", names.join(", ")));
    }
    text.push_str(&format!("\nExample:\n  {}\n", usage(task)));
    print(&visible(&text));
    Ok(0)
}
