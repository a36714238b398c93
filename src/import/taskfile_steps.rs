//! What a task of a Taskfile does: what it needs first, its commands, and the tasks that it calls. Pure.

use super::script::{Piece, fit};
use super::taskfile::{Open, Reader};
use super::taskfile_values::default_of;
use super::yaml::Yaml;
use super::{Argument, Call, Task, missing, variable_name};
use crate::text::quote;

/// Task has a shell of its own, which is most like bash with `-e`: the first failure ends a command of several lines.
const SHEBANG: &str = "#!/usr/bin/env -S bash -e";

/// The same for a `$( )` of several commands, which only this makes stop at its first failure, too.
const INHERITS: &str = "#!/usr/bin/env -S bash -O inherit_errexit -e";

/// The variables that some task requires.
pub(super) fn required(tasks: &[(String, Yaml)]) -> Vec<String> {
    let variables = tasks.iter().flat_map(|(_, task)| requirements(task));
    variables.filter_map(|each| name_of(each)).map(str::to_owned).collect()
}

/// Whether a task requires a variable.
pub(super) fn requires(task: &Yaml, name: &str) -> bool {
    requirements(task).into_iter().any(|each| name_of(each) == Some(name))
}

fn requirements(task: &Yaml) -> Vec<&Yaml> {
    task.get("requires").and_then(|requires| requires.get("vars")).map(Yaml::items).unwrap_or_default()
}

fn name_of(requirement: &Yaml) -> Option<&str> {
    requirement.text().or_else(|| requirement.get("name").and_then(Yaml::text))
}

impl<'a> Reader<'a> {
    /// A step that fails, because something that the task says of itself could not be carried over.
    pub(super) fn fail(&mut self, open: &Open<'a>, task: &mut Task, what: &str) {
        self.lose(open.line, format!("{what}: `{}` fails here", open.name));
        task.run.push(missing(self.file, open.line));
    }

    /// All steps, in the order in which Task does what they are made of.
    pub(super) fn commands(&mut self, open: &Open<'a>, task: &mut Task) {
        for dependency in open.tree.get("deps").map(Yaml::items).unwrap_or_default() {
            self.dependency(dependency, open, task);
        }
        for requirement in requirements(open.tree) {
            self.requirement(requirement, open, task);
        }
        for condition in open.tree.get("preconditions").map(Yaml::items).unwrap_or_default() {
            self.precondition(condition, open, task);
        }
        let steps = open.tree.get("cmds").or_else(|| open.tree.get("cmd")).map(Yaml::items);
        let steps = steps.unwrap_or_default();
        let is_silent = |step: &&&Yaml| step.get("silent").is_some_and(Yaml::is_true);
        let silent = steps.iter().filter(is_silent).count();
        task.quiet |= silent > 0 && silent == steps.len();
        if silent > 0 && !task.quiet {
            self.lose(open.line, "`silent` of a step: its command line is shown here".to_owned());
        }
        steps.into_iter().for_each(|step| self.step(step, open, task));
    }

    fn dependency(&mut self, dependency: &Yaml, open: &Open<'a>, task: &mut Task) {
        if *dependency == Yaml::Nothing {
            return;
        }
        let name = dependency.text().or_else(|| dependency.get("task").and_then(Yaml::text));
        let name = name.unwrap_or_default();
        if dependency.get("for").is_some() {
            self.fail(open, task, &format!("the dependency `{name}` with `for`"));
        } else if dependency.get("vars").is_some() {
            // A dependency has no variables of its own here.
            self.called(dependency, open, task);
        } else {
            match self.names.get(name.trim_start_matches(':')) {
                Some(own) => task.depends.push(Call { task: own.clone(), args: Vec::new() }),
                None => self.fail(open, task, &format!("the dependency `{name}`, which is not in this file")),
            }
        }
    }

    /// A variable that has to be given, maybe as one of several values.
    fn requirement(&mut self, requirement: &Yaml, open: &Open<'a>, task: &mut Task) {
        let Some(name) = name_of(requirement) else { return };
        let hole = format!("\"{{{{.{name}}}}}\"");
        let is_there = |tree: &Yaml| tree.get("vars").and_then(|vars| vars.get(name)).is_some();
        let script = match requirement.get("enum") {
            None if is_there(self.tree) || is_there(open.tree) => return,
            None => format!(": {hole}"),
            Some(Yaml::List(values)) => {
                let values: Vec<&str> = values.iter().filter_map(Yaml::text).collect();
                let told = quote::shell(&format!("{name} is none of {}", values.join(", "))).into_owned();
                let values: Vec<String> =
                    values.into_iter().map(|value| quote::shell(value).into_owned()).collect();
                format!("case {hole} in {}) ;; *) echo {told} >&2; exit 1 ;; esac", values.join(" | "))
            }
            Some(_) => {
                self.fail(open, task, &format!("the values that `{name}` may have"));
                return;
            }
        };
        let pieces = self.pieces(&script, Some(open));
        self.push(pieces, false, open, task);
    }

    fn precondition(&mut self, condition: &Yaml, open: &Open<'a>, task: &mut Task) {
        let command =
            condition.text().or_else(|| condition.get("sh").and_then(Yaml::text)).unwrap_or_default();
        let message = condition.get("msg").and_then(Yaml::text).unwrap_or("a precondition is not met");
        let script = format!("if ! ( {command} ); then echo {} >&2; exit 1; fi", quote::shell(message));
        let pieces = self.pieces(&script, Some(open));
        self.push(pieces, false, open, task);
        if !task.sources.is_empty() {
            self.lose(open.line, "a precondition is looked at only where the task runs".to_owned());
        }
    }

    pub(super) fn step(&mut self, step: &Yaml, open: &Open<'a>, task: &mut Task) {
        let known = ["cmd", "silent", "ignore_error", "task", "vars", "defer"];
        let strange: Vec<&str> =
            step.entries().iter().map(|(key, _)| key.as_str()).filter(|key| !known.contains(key)).collect();
        if !strange.is_empty() {
            self.lose(
                open.line,
                format!("a step of `{}` has `{}`: it fails here", open.name, strange.join("`, `")),
            );
            task.run.push(missing(self.file, open.line));
            return;
        }
        if let Some(deferred) = step.get("defer") {
            let pieces = match deferred.text() {
                Some(command) => Some(self.pieces(command, Some(open))),
                None => self.call(deferred, open).map(|command| self.data(&command, Some(open))),
            };
            match pieces {
                Some(pieces) => {
                    let step = self.written(pieces, false, open, task);
                    task.finally.extend(step);
                }
                None => {
                    self.lose(open.line, "a `defer` with variables: it fails here".to_owned());
                    task.finally.push(missing(self.file, open.line));
                }
            }
            self.lose(
                open.line,
                "`defer` is `finally` here: it runs also where a step before it failed".to_owned(),
            );
            return;
        }
        if step.get("task").is_some() {
            self.called(step, open, task);
            return;
        }
        let command = step.text().or_else(|| step.get("cmd").and_then(Yaml::text)).unwrap_or_default();
        let pieces = self.pieces(command, Some(open));
        self.push(pieces, ignores(step, open), open, task);
    }

    /// What `variable` is called that the task `name` is called with; nothing where the task's own value wins.
    fn given(&self, name: &str, variable: &str) -> Option<Option<String>> {
        let its = |tree: &'a Yaml| tree.get("vars").and_then(|vars| vars.get(variable));
        let callee = self.tree.get("tasks").and_then(|tasks| tasks.get(name));
        let Some(own) = callee.and_then(its) else { return Some(Some(variable.to_owned())) };
        let is_open = own.text().and_then(default_of).is_some_and(|(known, _)| known == variable);
        if is_open {
            let here = variable_name(&format!("{}_{variable}", self.named(name)));
            return Some(Some(if its(self.tree).is_some() { variable.to_owned() } else { here }));
        }
        // Its own variables may use the one that it is called with before they replace it.
        let vars = callee.and_then(|callee| callee.get("vars")).map(Yaml::entries).unwrap_or_default();
        let uses = |value: &Yaml| {
            let text = value.text().or_else(|| value.get("sh").and_then(Yaml::text)).unwrap_or_default();
            text.contains(&format!(".{variable}"))
        };
        (!vars.iter().any(|(_, value)| uses(value))).then_some(None)
    }

    /// A task that is called becomes a step, or one that fails.
    fn called(&mut self, step: &Yaml, open: &Open<'a>, task: &mut Task) {
        match self.call(step, open) {
            Some(command) => {
                let pieces = self.data(&command, Some(open));
                self.push(pieces, ignores(step, open), open, task);
            }
            None => {
                let name = step.get("task").and_then(Yaml::text).unwrap_or_default();
                self.fail(open, task, &format!("the step that calls `{name}`"));
            }
        }
    }

    /// A call of a task among the steps: a run of its own, with Task's `{{ }}`.
    fn call(&mut self, step: &Yaml, open: &Open<'a>) -> Option<String> {
        let name = step.get("task").and_then(Yaml::text)?.trim_start_matches(':');
        let own = self.names.get(name)?.clone();
        let mut words = vec!["shipway".to_owned()];
        for (variable, value) in step.get("vars").map(Yaml::entries).unwrap_or_default() {
            let value = if *value == Yaml::Nothing { "" } else { value.text()? };
            let Some(given) = self.given(name, variable)? else { continue };
            if given == *variable {
                // It is there also where no command of this file uses it.
                self.known(variable, None)?.1.is_none().then(|| self.given_by_the_caller(variable, None));
            }
            if !value.contains("{{") {
                words.push(quote::shell(&format!("{given}={value}")).into_owned());
            } else if value.contains(['\\', '$', '`', '\n'])
                || value.split("{{").any(|part| part.rsplit("}}").next().unwrap_or(part).contains('"'))
            {
                return None;
            } else {
                words.push(format!("{given}=\"{value}\""));
            }
        }
        self.lose(open.line, format!("the step that calls `{name}` is a run of its own here"));
        words.push(own);
        Some(words.join(" "))
    }

    fn push(&mut self, pieces: Option<Vec<Piece>>, ignore: bool, open: &Open<'a>, task: &mut Task) {
        let step = self.written(pieces, ignore, open, task);
        task.run.extend(step);
    }

    /// The step of a command; `None` where there is nothing to do.
    fn written(
        &mut self,
        pieces: Option<Vec<Piece>>,
        ignore: bool,
        open: &Open<'a>,
        task: &mut Task,
    ) -> Option<String> {
        let Some(mut pieces) = pieces else {
            self.lose(
                open.line,
                format!("a step of `{}` has a template that Shipway does not know: it fails here", open.name),
            );
            return Some(missing(self.file, open.line));
        };
        let takes = |piece: &Piece| matches!(piece, Piece::Value(value) if value.argument.is_some());
        if pieces.iter().any(takes) && task.args.is_empty() {
            task.args.push(Argument { form: "args...".to_owned(), ..Argument::default() });
        }
        let is_empty = |piece: &Piece| matches!(piece, Piece::Text(text) if text.trim().is_empty());
        if pieces.iter().all(is_empty) {
            return None;
        }
        self.keep_apart(&mut pieces, task);
        let texts = pieces.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Value(_) => None,
        });
        let shebang = if substitutes_several(&texts.collect::<String>()) { INHERITS } else { SHEBANG };
        let switches: String = self.switches(open).iter().map(|name| format!(" -o {name}")).collect();
        let fitted = fit(&pieces, &format!("{shebang}{switches}"), ignore);
        Some(self.imported.add(fitted, task, (self.file, open.line)))
    }

    /// What `set` of the file and of the task asks of the shell, by its long name.
    fn switches(&mut self, open: &Open<'a>) -> Vec<String> {
        let mut switches = Vec::new();
        for tree in [self.tree, open.tree] {
            for name in
                tree.get("set").map(Yaml::items).unwrap_or_default().into_iter().filter_map(Yaml::text)
            {
                let long = match name {
                    "u" => "nounset",
                    "x" => "xtrace",
                    "e" | "errexit" => continue,
                    "nounset" | "xtrace" | "pipefail" => name,
                    other => {
                        self.lose(open.line, format!("`set: {other}`"));
                        continue;
                    }
                };
                if !switches.iter().any(|known| known == long) {
                    switches.push(long.to_owned());
                }
            }
        }
        switches
    }

    /// A value whose variable the environment has already, with another meaning, gets one of its own.
    fn keep_apart(&self, pieces: &mut [Piece], task: &Task) {
        for piece in pieces {
            let Piece::Value(value) = piece else { continue };
            let text = format!("{{{{ {} }}}}", value.reference);
            let is_other = |variable: &str| {
                let mut all = task.env.iter().chain(&self.imported.env);
                all.any(|(name, other)| name == variable && *other != text)
            };
            while value.argument.is_none() && is_other(&value.variable) {
                value.variable.push('_');
            }
        }
    }
}

/// Whether a `$( )`, or what is between backticks, has more than one command.
fn substitutes_several(text: &str) -> bool {
    let has_several = |inside: &str| inside.trim().contains([';', '\n']);
    let of_parentheses = text.split("$(").skip(1).any(|rest| {
        let mut open = 1_usize;
        let ends = |c: char| {
            match c {
                '(' => open += 1,
                ')' => open -= 1,
                _ => {}
            }
            open == 0
        };
        has_several(rest.split(ends).next().unwrap_or(rest))
    });
    of_parentheses || text.split('`').skip(1).step_by(2).any(has_several)
}

/// Whether a failure of a step is nobody's: it says so, or its task does.
fn ignores(step: &Yaml, open: &Open<'_>) -> bool {
    [step, open.tree].iter().any(|tree| tree.get("ignore_error").is_some_and(Yaml::is_true))
}
