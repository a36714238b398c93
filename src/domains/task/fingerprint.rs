//! Everything that a task's result depends on, each part under the name that a person knows it by.
//!
//! Counted in are its commands as they are written, what their `{{ }}` stand for, its arguments, every variable of the environment that it is
//! given, those of the caller that its commands name, where its programs are, all this of the tasks that its `finally` calls, and what the tasks
//! that it needs made. Values are compared by
//! digests under the user's key, so nobody who reads the record can try passwords against it: whether one is a secret may be learned only
//! later. Where there is no key, what is known to be a secret can't be compared, and the task runs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::diagnostic::{Fault, FaultKind};
use crate::ledger::DigestKey;
use crate::masking::env_value_is_secret;
use crate::model::{
    Call, Command, Model, Part, Ready, Reference, Script, ScriptPart, ScriptShell, Task, Template,
};
use crate::os::command::EnvironmentValue;
use crate::os::files;
use crate::plan::Fingerprint;
use crate::run::StepContext;
use crate::run::bindings::{Scope, database_step};
use crate::text::patterns::{self, Patterns};

/// Variables that the shell sets anew for each command.
const OF_THE_SHELL: [&str; 4] = ["PWD", "OLDPWD", "SHLVL", "_"];

/// What the result of `task` depends on.
pub(super) fn of(
    context: &mut StepContext<'_>,
    model: &Model,
    task: &Task,
    scope: &Scope,
) -> Result<Fingerprint, Fault> {
    let needs = task.depends.iter().map(|call| format!("task:{}", call.task.value)).collect();
    let mut parts = Parts { fingerprint: Fingerprint { needs, ..Fingerprint::default() }, key: None };
    if task.run.is_empty() {
        // What it has in `finally` alone counts as something that it does.
        parts.fingerprint.hands_on = task.finally.is_empty();
        parts.fingerprint.always = Some("it has no `run`".to_owned());
        return Ok(parts.fingerprint);
    }
    if task.tracking.is_empty() {
        parts.fingerprint.always = Some("it names neither `sources` nor `outputs`".to_owned());
        return Ok(parts.fingerprint);
    }
    parts.fingerprint.outputs = patterns(context, scope, task, &task.tracking.outputs)?;
    if !task.tracking.cache {
        parts.fingerprint.always = Some("`cache = false`".to_owned());
        if task.tracking.outputs.is_empty() {
            return Ok(parts.fingerprint);
        }
    }
    // What it makes is no reason to make it again.
    parts.fingerprint.sources =
        patterns(context, scope, task, &task.tracking.sources)?.without(&parts.fingerprint.outputs);
    parts.of_commands(context, model, scope, task)?;
    for call in task.called_finally() {
        parts.of_called(context, model, scope, call)?;
    }
    Ok(parts.fingerprint)
}

struct Parts {
    fingerprint: Fingerprint,
    /// The user's key, or why there is none; looked for when the first value comes.
    key: Option<Result<DigestKey, String>>,
}

impl Parts {
    fn add(&mut self, part: impl Into<String>, bytes: &[u8]) {
        self.fingerprint.add(part, bytes);
    }

    fn add_value(&mut self, context: &StepContext<'_>, part: String, value: &str, is_secret: bool) {
        let key = self.key.get_or_insert_with(|| match context.only_looks() {
            // A dry run makes no key: then nothing was recorded with it either.
            true => DigestKey::there_is(context.doors()).ok_or_else(|| "there is no key".to_owned()),
            false => DigestKey::of_user(context.doors()).map_err(|error| error.to_string()),
        });
        match key {
            Ok(key) => {
                let digest = key.digest(&part, value.as_bytes());
                self.fingerprint.inputs.insert(part, digest.as_str().to_owned());
            }
            Err(why) if is_secret => {
                self.fingerprint.always = Some(format!("its secret values can't be compared: {why}"));
            }
            Err(_) => self.add(part, value.as_bytes()),
        }
    }

    /// What its own commands depend on.
    fn of_commands(
        &mut self,
        context: &mut StepContext<'_>,
        model: &Model,
        scope: &Scope,
        task: &Task,
    ) -> Result<(), Fault> {
        self.add("what it runs", written(task).as_bytes());
        for (name, value) in &scope.args {
            self.add_value(context, format!("the argument `{name}`"), &format!("{value:?}"), false);
        }
        self.references(context, scope, task)?;
        let env = self.environment(context, model, scope, task)?;
        self.of_the_caller(context, task, &env);
        programs(context, task, &env, self);
        Ok(())
    }

    /// What the commands depend on of a task that `finally` calls: they run here, and nowhere else is anything known of them.
    fn of_called(
        &mut self,
        context: &mut StepContext<'_>,
        model: &Model,
        scope: &Scope,
        call: &Call,
    ) -> Result<(), Fault> {
        let invocation = super::invocation(model, &context.doors().environment, call, scope)?;
        let Some(called) = model.task(&invocation.task) else { return Ok(()) };
        let mut own = Parts { fingerprint: Fingerprint::default(), key: self.key.take() };
        own.of_commands(context, model, &invocation.scope, called)?;
        if let Some(run) = called.rules.condition.as_ref().and_then(|condition| condition.run.as_ref()) {
            own.add("the `if`", script(run).as_bytes());
        }
        self.key = own.key;
        let name = super::step_name(model, context.masker(), &invocation);
        let of_it = |part: &str| format!("{part} of `{}` in `finally`", name.trim_start_matches("task:"));
        let Fingerprint { inputs, unknown, always, .. } = own.fingerprint;
        let fingerprint = &mut self.fingerprint;
        fingerprint.inputs.extend(inputs.into_iter().map(|(part, digest)| (of_it(&part), digest)));
        fingerprint.unknown.extend(unknown.iter().map(|part| of_it(part)));
        fingerprint.always = fingerprint.always.take().or(always);
        Ok(())
    }

    /// What the `{{ }}` stand for; arguments are there already, and what stands in `env` is counted by the variable that it becomes.
    fn references(&mut self, context: &mut StepContext<'_>, scope: &Scope, task: &Task) -> Result<(), Fault> {
        let commands = task.run.iter().chain(&task.finally).flat_map(Command::references);
        let waits = waits(task).into_iter().flat_map(Script::references);
        let all = task.dir.iter().flat_map(Template::references).chain(commands).chain(waits);
        let all: BTreeSet<&Reference> = all.filter(|it| !matches!(it, Reference::Argument(_))).collect();
        for reference in all {
            match context.bindings().value(context, scope, reference) {
                Ok(value) => self.add_value(context, reference.to_string(), &value.text(), value.secret),
                Err(_) if context.only_looks() => self.fingerprint.unknown.push(reference.to_string()),
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// The environment that it is given on top of the caller's, without its arguments.
    fn environment(
        &mut self,
        context: &mut StepContext<'_>,
        model: &Model,
        scope: &Scope,
        task: &Task,
    ) -> Result<BTreeMap<String, EnvironmentValue>, Fault> {
        let bindings = context.bindings();
        let mut env = bindings.dotenv_of(context, scope, &task.folder, Some(task))?;
        for (name, template) in model.env.iter().chain(&task.env) {
            match bindings.template(context, scope, template) {
                Ok(value) => {
                    env.insert(name.clone(), EnvironmentValue::of(value.text(), value.secret));
                }
                Err(_) if context.only_looks() => {
                    env.remove(name);
                    self.fingerprint.unknown.push(format!("${name}"));
                }
                Err(fault) => return Err(fault),
            }
        }
        for database in &task.databases {
            let part = format!("the database `{}`", database.value);
            match context.exports(&database_step(&database.value)) {
                Some(exports) => {
                    let told: Vec<String> =
                        exports.0.iter().map(|(name, value)| format!("{name}={}", value.text())).collect();
                    self.add_value(context, part, &told.join("\0"), true);
                }
                None if context.only_looks() => self.fingerprint.unknown.push(part),
                None => return Err(Fault::new(FaultKind::Bug, format!("nobody asked for {part}"))),
            }
        }
        for (name, value) in &env {
            let (value, is_secret) = match value {
                EnvironmentValue::Plain(value) => (value.as_str(), false),
                EnvironmentValue::Secret(secret) => (secret.expose(), true),
            };
            self.add_value(context, format!("${name}"), value, is_secret);
        }
        Ok(env)
    }

    /// Variables of the caller's environment that the commands name.
    fn of_the_caller(
        &mut self,
        context: &StepContext<'_>,
        task: &Task,
        env: &BTreeMap<String, EnvironmentValue>,
    ) {
        let mut names = BTreeSet::new();
        let scripts = task.run.iter().chain(&task.finally).filter_map(|command| match command {
            Command::Shell(script) => Some(script),
            Command::Exec(_) | Command::Task(_) => None,
        });
        for script in scripts.chain(waits(task)) {
            names.extend(script.parts.iter().flat_map(|part| match part {
                ScriptPart::Text(text) => named_variables(text),
                ScriptPart::Hole(..) => Vec::new(),
            }));
        }
        names.retain(|name| !env.contains_key(*name) && !OF_THE_SHELL.contains(name));
        for name in names {
            let Some(value) = context.doors().environment.variables.get(OsStr::new(name)) else { continue };
            // What is no text counts by its escaped bytes.
            let text = value.to_str().map_or_else(|| format!("{value:?}"), str::to_owned);
            let is_secret = env_value_is_secret(name, value.as_encoded_bytes(), &[], &[]);
            self.add_value(context, format!("${name}"), &text, is_secret);
        }
    }
}

/// The names after each `$` of a script; one that is only quoted is named too, which costs nothing.
fn named_variables(text: &str) -> Vec<&str> {
    let starts = text.match_indices('$').map(|(at, _)| &text[at + 1..]);
    starts
        .filter_map(|rest| {
            let rest = rest.strip_prefix('{').unwrap_or(rest);
            let rest = rest.strip_prefix(['#', '!']).unwrap_or(rest);
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let name = &rest[..end];
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some(name)
        })
        .collect()
}

/// Where the programs are that are called without a shell: another version has another place. Of a tool that the task requires it counts, too,
/// when it was installed: its newer version mostly takes the place of the old one.
fn programs(
    context: &StepContext<'_>,
    task: &Task,
    env: &BTreeMap<String, EnvironmentValue>,
    parts: &mut Parts,
) {
    let doors = context.doors();
    let own = match env.get("PATH") {
        Some(EnvironmentValue::Plain(path)) => Some(OsString::from(path)),
        _ => None,
    };
    let path = own
        .as_deref()
        .or_else(|| doors.environment.variables.get(OsStr::new("PATH")).map(OsString::as_os_str));
    for tool in task.run.iter().chain(&task.finally).filter_map(program) {
        // What lies in the project is a source, if anything.
        if tool.contains('/') {
            continue;
        }
        if let Ok(found) = doors.tools.find(tool, path, context.root()) {
            parts.add(format!("the place of `{tool}`"), found.as_os_str().as_encoded_bytes());
        }
    }
    for tool in &task.rules.requires.tools {
        if let Ok(found) = doors.tools.find(&tool.name, path, context.root()) {
            // Its name may lead to another version from one day to the next.
            let program = files::real_path(&found);
            let text = format!("{}\0{}\0{:?}", found.display(), program.display(), files::modified(&program));
            parts.add(format!("the tool `{}`", tool.name), text.as_bytes());
        }
    }
}

/// The program that a command starts itself.
fn program(command: &Command) -> Option<&str> {
    match command {
        Command::Exec(words) => match words.first()?.parts.as_slice() {
            [Part::Text(tool)] => Some(tool),
            _ => None,
        },
        Command::Shell(script) => match script.words.as_ref()?.first()?.as_slice() {
            [ScriptPart::Text(tool)] => Some(tool),
            _ => None,
        },
        Command::Task(_) => None,
    }
}

/// The patterns of a list; a value means exactly itself.
fn patterns(
    context: &mut StepContext<'_>,
    scope: &Scope,
    task: &Task,
    list: &[Template],
) -> Result<Patterns, Fault> {
    let folder = folder(&task.folder);
    let bindings = context.bindings();
    let mut found = Patterns::default();
    for template in list {
        let mut text = String::new();
        for part in &template.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Hole(hole) => {
                    let value = bindings.value(context, scope, &hole.reference)?;
                    text.push_str(&patterns::literal(&value.text()));
                }
            }
        }
        found.add(&folder, &text).map_err(|fault| {
            bindings.fault_at(template.span, Fault::new(FaultKind::File, format!("`{text}`: {fault}")))
        })?;
    }
    Ok(found)
}

fn folder(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What a task runs, as it is written: where it stands in the file does not matter.
fn written(task: &Task) -> String {
    let mut text = String::new();
    text.extend(task.dir.as_ref().map(|dir| format!("in {}\n", template(dir))));
    for (kind, commands) in [("run", &task.run), ("finally", &task.finally)] {
        for command in commands {
            text.push_str(&match command {
                Command::Exec(words) => {
                    format!("{kind} exec {:?}\n", words.iter().map(template).collect::<Vec<_>>())
                }
                Command::Task(call) => {
                    let args: Vec<String> = call.args.iter().map(template).collect();
                    format!("{kind} task {} {args:?}\n", call.task.value)
                }
                Command::Shell(each) => format!("{kind} {} {:?}\n", shell(each), script(each)),
            });
        }
    }
    text.extend(task.rules.wait_until.iter().map(|wait| match &wait.ready {
        Ready::Http(url) => format!("until http {url:?}\n"),
        Ready::Tcp(address) => format!("until tcp {address:?}\n"),
        Ready::File(path) => format!("until file {path:?}\n"),
        Ready::Run(run) => format!("until {} {:?}\n", shell(run), script(run)),
    }));
    text.extend(task.exports.iter().map(|export| format!("hands on {}\n", export.value)));
    text
}

/// The command that says when it is done.
fn waits(task: &Task) -> Option<&Script> {
    match &task.rules.wait_until.as_ref()?.ready {
        Ready::Run(script) => Some(script),
        Ready::Http(_) | Ready::Tcp(_) | Ready::File(_) => None,
    }
}

fn shell(script: &Script) -> String {
    match &script.shell {
        ScriptShell::Default => "sh".to_owned(),
        ScriptShell::Shebang => "#!".to_owned(),
        ScriptShell::Given(words) => format!("{words:?}"),
    }
}

fn script(script: &Script) -> String {
    let parts = script.parts.iter().map(|part| match part {
        ScriptPart::Text(text) => text.clone(),
        ScriptPart::Hole(hole, place) => format!("{{{{ {} }}}}{place:?}", hole.reference),
    });
    parts.collect()
}

fn template(template: &Template) -> String {
    let parts = template.parts.iter().map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Hole(hole) => format!("{{{{ {} }}}}", hole.reference),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_in_every_way_to_write_them() {
        let text = "echo $A \"${B:-x}\" ${#C} ${!D} $1 $$ $(date) '$E' $_F$G";
        assert_eq!(named_variables(text), ["A", "B", "C", "D", "E", "_F", "G"]);
    }
}
