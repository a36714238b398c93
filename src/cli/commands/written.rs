//! Parts of the tasks file as they were written, for `show`: nothing is evaluated. Pure.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::diagnostic::Span;
use crate::model::{
    Argument, ArgumentKind, Call, Command, Dotenv, Model, Part, ScriptPart, Template, VarValue,
};
use crate::model::{Ready, Rules};
use crate::text::duration;
use crate::text::quote;

/// `file:line` of a place.
pub(super) fn place(model: &Model, span: Span) -> String {
    format!("{}:{}", model.sources.path(span.source).display(), model.sources.position(span).line)
}

/// The place for programs.
pub(super) fn place_json(model: &Model, span: Span) -> (String, usize) {
    (model.sources.path(span.source).display().to_string(), model.sources.position(span).line)
}

/// A text with its holes.
pub(super) fn template(template: &Template) -> String {
    template
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Hole(hole) => format!("{{{{ {} }}}}", hole.reference),
        })
        .collect()
}

/// A command as a line, or as the lines of its script.
pub(super) fn command(command: &Command) -> String {
    match command {
        Command::Shell(script) => script
            .parts
            .iter()
            .map(|part| match part {
                ScriptPart::Text(text) => text.clone(),
                ScriptPart::Hole(hole, _) => format!("{{{{ {} }}}}", hole.reference),
            })
            .collect(),
        Command::Exec(words) => {
            let words: Vec<String> = words.iter().map(exec_word).collect();
            words.join(" ")
        }
        Command::Task(called) => format!("task: {}", call(called)),
    }
}

fn exec_word(word: &Template) -> String {
    let text = template(word);
    if word.parts.iter().any(|part| matches!(part, Part::Hole(_))) {
        text
    } else {
        quote::shell(&text).into_owned()
    }
}

/// Commands for programs: `{ "script": "…" }`, `{ "exec": […] }` or `{ "task": "…", "args": […] }`.
pub(super) fn commands_json(commands: &[Command]) -> Json {
    commands
        .iter()
        .map(|each| match each {
            Command::Shell(_) => json!({ "script": command(each) }),
            Command::Exec(words) => json!({ "exec": words.iter().map(template).collect::<Vec<_>>() }),
            Command::Task(call) => json!({
                "task": call.task.value, "args": call.args.iter().map(template).collect::<Vec<_>>(),
            }),
        })
        .collect()
}

/// A call of a task with its arguments.
pub(super) fn call(call: &Call) -> String {
    let arguments: String = call.args.iter().map(|argument| format!(" {}", template(argument))).collect();
    format!("{}{arguments}", call.task.value)
}

/// A dotenv file, with its `?`.
pub(super) fn dotenv(entry: &Dotenv) -> String {
    format!("{}{}", template(&entry.path), if entry.optional { "?" } else { "" })
}

/// An argument as the list `args` spells it: `suite=all`, `--keep`, `rest...`.
pub(super) fn argument(argument: &Argument) -> String {
    let name = &argument.name;
    match &argument.kind {
        ArgumentKind::Positional { default: None } => name.clone(),
        ArgumentKind::Positional { default: Some(default) } => format!("{name}={default}"),
        ArgumentKind::Rest { required } => format!("{name}{}...", if *required { "+" } else { "" }),
        ArgumentKind::Flag => format!("--{name}"),
        ArgumentKind::Option { default } => format!("--{name}={}", default.as_deref().unwrap_or_default()),
    }
}

/// A value with its templates as written.
pub(super) fn value_json(value: &VarValue) -> Json {
    match value {
        VarValue::Text(text) => Json::String(template(text)),
        VarValue::Literal(literal) => literal.clone(),
        VarValue::List(items) => items.iter().map(value_json).collect(),
        VarValue::Map(entries) => {
            entries.iter().map(|(name, value)| (name.clone(), value_json(value))).collect()
        }
    }
}

/// A path for a page; the project's folder itself is `.`.
pub(super) fn path(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".to_owned() } else { path.display().to_string() }
}

/// The rules of a task that say something, each with its name.
pub(super) fn rules(rules: &Rules) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut line = |name, text: String| lines.push((name, text));
    if let Some(condition) = &rules.condition {
        let lists = [
            ("os", &condition.os),
            ("arch", &condition.arch),
            ("env", &condition.env),
            ("environment", &condition.environment),
        ];
        let mut parts: Vec<String> = lists
            .iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(name, values)| format!("{name} {}", values.join(" or ")))
            .collect();
        parts
            .extend(condition.run.as_ref().map(|run| format!("$ {}", command(&Command::Shell(run.clone())))));
        line("if", parts.join(", "));
    }
    if let Some(timeout) = rules.timeout {
        line("timeout", duration::render(timeout));
    }
    if rules.retry.attempts > 1 {
        line(
            "retry",
            format!(
                "up to {} attempts, the first wait {}",
                rules.retry.attempts,
                duration::render(rules.retry.delay)
            ),
        );
    }
    let tools = rules.requires.tools.iter().map(|tool| match &tool.version {
        Some(version) => format!("{} {version}", tool.name),
        None => tool.name.clone(),
    });
    let needed: Vec<String> =
        tools.chain(rules.requires.env.iter().map(|variable| format!("${}", variable.name))).collect();
    if !needed.is_empty() {
        line("requires", needed.join(", "));
    }
    if let Some(wait) = &rules.wait_until {
        let what = match &wait.ready {
            Ready::Http(url) => url.clone(),
            Ready::Tcp(address) => address.clone(),
            Ready::File(path) => path.clone(),
            Ready::Run(run) => format!("$ {}", command(&Command::Shell(run.clone()))),
        };
        line("wait until", format!("{what}, for {} at most", duration::render(wait.timeout)));
    }
    if let Some(pool) = &rules.pool {
        line("pool", pool.value.clone());
    }
    if !rules.shell.is_empty() {
        line("shell", rules.shell.join(" "));
    }
    let flags = [
        ("ignore error", rules.ignore_error),
        ("quiet", rules.quiet),
        ("hide", rules.hide),
        ("interactive", rules.interactive),
        ("tty", rules.tty),
    ];
    for (name, is_set) in flags {
        if is_set {
            line(name, "yes".to_owned());
        }
    }
    lines
}
