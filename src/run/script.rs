//! From a step of `run`, `finally` or a hook to a command, and its preview for a dry run.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;

use super::bindings::{ArgumentValue, Scope};
use super::context::StepContext;
use crate::diagnostic::{Fault, FaultKind};
use crate::model::{
    Binding, Command, Given, Hole, Model, Part, Reference, Script, ScriptPart, ScriptShell, Template, Value,
};
use crate::os::command::{CommandSpec, EnvironmentValue};
use crate::os::environment::Environment;
use crate::text::quote;

/// The command of a step.
pub fn command_spec(
    context: &mut StepContext<'_>,
    scope: &Scope,
    command: &Command,
    dir: PathBuf,
    env: BTreeMap<String, EnvironmentValue>,
) -> Result<CommandSpec, Fault> {
    match command {
        Command::Shell(script) => shell_spec(context, scope, script, dir, env),
        Command::Exec(words) => {
            let mut argv = Vec::new();
            for word in words {
                match word.sole().map(|hole| given(context, scope, hole)).transpose()? {
                    Some(Given::Words(items)) => argv.extend(items),
                    Some(Given::Text(text)) => argv.push(text),
                    // An optional argument that is empty is no word, as in a script.
                    Some(Given::Absent) => {}
                    None => {
                        let bindings = context.bindings();
                        argv.push(bindings.template(context, scope, word)?.text());
                    }
                }
            }
            direct(argv, dir, env)
        }
        Command::Task(call) => Err(context.bindings().fault_at(
            call.task.span,
            Fault::new(FaultKind::Bug, format!("the task `{}` is no command", call.task.value)),
        )),
    }
}

/// The command of a script: without a shell where it needs none.
pub fn shell_spec(
    context: &mut StepContext<'_>,
    scope: &Scope,
    script: &Script,
    dir: PathBuf,
    env: BTreeMap<String, EnvironmentValue>,
) -> Result<CommandSpec, Fault> {
    let mut values: BTreeMap<Reference, Given> = BTreeMap::new();
    for part in &script.parts {
        if let ScriptPart::Hole(hole, _) = part {
            values.insert(hole.reference.clone(), given(context, scope, hole)?);
        }
    }
    let mut value = |hole: &Hole| values.get(&hole.reference).cloned().unwrap_or(Given::Absent);
    if let Some(argv) = script.argv(&mut value) {
        return direct(argv, dir, env);
    }
    let text = script.render(&mut value);
    let mut spec = match &script.shell {
        ScriptShell::Shebang => {
            interpreter_is_there(context, script, &text)?;
            let name = format!("script-{}", blake3::hash(text.as_bytes()).to_hex());
            let path = context.private_path(&name)?;
            context.doors().files.write(&path, text.as_bytes(), 0o700).map_err(|error| {
                Fault::new(FaultKind::World, format!("a script could not be written: {error}"))
            })?;
            CommandSpec::new(path.to_string_lossy(), dir)
        }
        ScriptShell::Given(words) => {
            let mut words = words.iter().map(String::as_str);
            CommandSpec::new(words.next().unwrap_or("sh"), dir).args(words.chain([text.as_str()]))
        }
        ScriptShell::Default => {
            let doors = context.doors();
            let path = doors.environment.variables.get(OsStr::new("PATH")).map(std::ffi::OsString::as_os_str);
            if doors.tools.find("bash", path, context.root()).is_ok() {
                CommandSpec::new("bash", dir).args(["-euo", "pipefail", "-c", &text])
            } else if script.pipeline {
                return Err(context.bindings().fault_at(
                    script.span,
                    Fault::new(
                        FaultKind::World,
                        "this script has a pipeline, and there is no bash to watch over it",
                    )
                    .hint("install bash, or write the step without `|`"),
                ));
            } else {
                CommandSpec::new("sh", dir).args(["-eu", "-c", &text])
            }
        }
    };
    spec.env = env;
    spec.shown = Some(text);
    Ok(spec)
}

/// A `#!` line names a program that is there. Otherwise the system would say that the script itself is not there.
fn interpreter_is_there(context: &mut StepContext<'_>, script: &Script, text: &str) -> Result<(), Fault> {
    let line = text.lines().next().unwrap_or_default();
    let named = line.strip_prefix("#!").and_then(|line| line.split_whitespace().next());
    let interpreter = named.unwrap_or_default();
    // Another one is looked for in the folder that the script is started in.
    if !interpreter.starts_with('/') || context.doors().tools.find(interpreter, None, context.root()).is_ok()
    {
        return Ok(());
    }
    let message = format!("`{interpreter}`, which is to run this script, is not there");
    let fault = Fault::new(FaultKind::World, message).detail(line.to_owned());
    let hint = match interpreter.rsplit('/').next() {
        Some(name) if !name.is_empty() && name != "env" => {
            format!("install it, or let it be looked for in PATH: `#!/usr/bin/env {name}`")
        }
        _ => "name another program in the script's first line".to_owned(),
    };
    Err(context.bindings().fault_at(script.span, fault.hint(hint)))
}

fn direct(
    argv: Vec<String>,
    dir: PathBuf,
    env: BTreeMap<String, EnvironmentValue>,
) -> Result<CommandSpec, Fault> {
    let mut argv = argv.into_iter();
    let Some(tool) = argv.next().filter(|tool| !tool.is_empty()) else {
        return Err(Fault::new(
            FaultKind::Failed,
            "the command is empty: its program's name came to nothing",
        ));
    };
    let mut spec = CommandSpec::new(tool, dir).args(argv);
    let shown = CommandSpec { env: BTreeMap::new(), ..spec.clone() }.to_string();
    spec.env = env;
    spec.shown = Some(shown);
    Ok(spec)
}

fn given(context: &mut StepContext<'_>, scope: &Scope, hole: &Hole) -> Result<Given, Fault> {
    if let Reference::Argument(name) = &hole.reference {
        return Ok(match scope.args.get(name) {
            Some(ArgumentValue::Text(text)) => Given::Text(text.clone()),
            Some(ArgumentValue::List(items)) => Given::Words(items.clone()),
            Some(ArgumentValue::Absent) | None => Given::Absent,
        });
    }
    let bindings = context.bindings();
    let value = bindings.value(context, scope, &hole.reference)?;
    let text = value.text();
    if text.contains('\0') {
        return Err(bindings.fault_at(hole.span, Fault::new(FaultKind::Failed, "the value holds a NUL byte")));
    }
    Ok(Given::Text(text))
}

/// The command as far as it is known without running anything: arguments and plain variables are filled in, the rest stands as `{{ }}`.
pub fn preview(model: &Model, scope: &Scope, command: &Command) -> String {
    match command {
        Command::Exec(words) => {
            let words: Vec<String> = words.iter().flat_map(|word| preview_word(model, scope, word)).collect();
            words.join(" ")
        }
        Command::Task(call) => {
            let words = call.args.iter().flat_map(|word| preview_word(model, scope, word));
            std::iter::once(format!("task: {}", call.task.value)).chain(words).collect::<Vec<_>>().join(" ")
        }
        Command::Shell(script) => script
            .parts
            .iter()
            .map(|part| match part {
                ScriptPart::Text(text) => text.clone(),
                ScriptPart::Hole(hole, _) => match known(model, scope, &hole.reference) {
                    Some(value) => {
                        let alone = Script { parts: vec![part.clone()], words: None, ..script.clone() };
                        alone.render(&mut |_| value.clone())
                    }
                    None => format!("{{{{ {} }}}}", hole.reference),
                },
            })
            .collect(),
    }
}

fn preview_word(model: &Model, scope: &Scope, word: &Template) -> Vec<String> {
    match word.sole().and_then(|hole| known(model, scope, &hole.reference)) {
        Some(Given::Words(items)) => items.iter().map(|item| quote::shell(item).into_owned()).collect(),
        Some(Given::Absent) => Vec::new(),
        Some(Given::Text(text)) => vec![quote::shell(&text).into_owned()],
        None => {
            let mut text = String::new();
            for part in &word.parts {
                match part {
                    Part::Text(part) => text.push_str(&quote::shell(part)),
                    Part::Hole(hole) => match known(model, scope, &hole.reference) {
                        Some(Given::Text(value)) => text.push_str(&quote::shell(&value)),
                        Some(_) => {}
                        None => text.push_str(&format!("{{{{ {} }}}}", hole.reference)),
                    },
                }
            }
            vec![text]
        }
    }
}

fn known(model: &Model, scope: &Scope, reference: &Reference) -> Option<Given> {
    match reference {
        Reference::Argument(name) => scope.args.get(name).map(|value| match value {
            ArgumentValue::Text(text) => Given::Text(text.clone()),
            ArgumentValue::Absent => Given::Absent,
            ArgumentValue::List(items) => Given::Words(items.clone()),
        }),
        Reference::ProjectName => Some(Given::Text(model.project.name.clone())),
        Reference::Os => Some(Given::Text(std::env::consts::OS.to_owned())),
        Reference::Arch => Some(Given::Text(std::env::consts::ARCH.to_owned())),
        Reference::Variable(name) => {
            let variable = model.variables.get(name).filter(|variable| !variable.secret)?;
            match &variable.binding {
                Binding::Literal(literal) => Some(Given::Text(Value::public(literal.clone()).text())),
                Binding::Text(template) => match template.parts.as_slice() {
                    [] => Some(Given::Text(String::new())),
                    [Part::Text(text)] => Some(Given::Text(text.clone())),
                    _ => None,
                },
                _ => None,
            }
        }
        _ => None,
    }
}

/// The text of a template where all of it is known before the run starts; otherwise what is not.
pub fn static_text(
    model: &Model,
    environment: &Environment,
    scope: &Scope,
    template: &Template,
) -> Result<String, Reference> {
    let mut text = String::new();
    for part in &template.parts {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Hole(hole) => match (&hole.reference, known(model, scope, &hole.reference)) {
                (_, Some(Given::Text(value))) => text.push_str(&value),
                (_, Some(Given::Absent)) => {}
                (_, Some(Given::Words(items))) => text.push_str(&items.join(" ")),
                (Reference::EnvironmentVariable(name), None) => {
                    text.push_str(environment.get(name).unwrap_or_default());
                }
                (reference, None) => return Err(reference.clone()),
            },
        }
    }
    Ok(text)
}
