//! Taskfile.yml, of Task: pure.

use std::collections::HashMap;

use super::script::{Piece, fit};
use super::taskfile_values::default_of;
use super::yaml::{self, Yaml};
use super::{
    Argument, Call, Imported, Source, Task, line_where, literal, missing, task_name, unique, variable_name,
};

/// Task has a shell of its own, which is most like bash with `-e`: the first failure ends a command of several lines.
const SHEBANG: &str = "#!/usr/bin/env -S bash -e";

/// Keys of the file that mean nothing for what is run.
const SILENT: [&str; 5] = ["version", "silent", "output", "interval", "method"];

/// Reads `file` with the text `source`. The error says why it is no Taskfile.
pub fn read(file: &str, source: &str) -> Result<Imported, String> {
    let tree = yaml::read(source)?;
    let tasks = tree.get("tasks").map(Yaml::entries).unwrap_or_default();
    let aliases = tasks.iter().filter_map(|(_, task)| task.get("aliases")).flat_map(Yaml::items);
    let called = tasks.iter().map(|(name, _)| name.as_str()).chain(aliases.filter_map(Yaml::text));
    let names = unique(called, task_name, "-2");
    let mut reader =
        Reader { file, source, tree: &tree, names, is_data: false, imported: Imported::default() };
    for (name, value) in tree.entries() {
        let line = line_where(source, |line| line.starts_with(&format!("{name}:")));
        match name.as_str() {
            "vars" => reader.variables(value, ""),
            "env" => {
                for (name, value) in value.entries() {
                    let line = reader.line_of(name);
                    let value = reader.value(&format!("ENV_{name}"), value, line);
                    reader.imported.env.push((name.clone(), value));
                }
            }
            "dotenv" => {
                for file in value.items().into_iter().filter_map(Yaml::text) {
                    let lost = match reader.likely(file, None, 0) {
                        (Some(text), true) => {
                            reader.imported.dotenv.push(format!("{text}?"));
                            if !file.contains("{{") {
                                continue;
                            }
                            ": a variable that is given does not change it"
                        }
                        _ => "",
                    };
                    reader.lose(line, format!("the dotenv file `{file}`{lost}"));
                }
            }
            "tasks" => {}
            known if SILENT.contains(&known) => {}
            other => reader.lose(line, format!("`{other}` of the file")),
        }
    }
    for (name, value) in tasks {
        let task = reader.task(name, value);
        reader.imported.tasks.push(task);
    }
    reader.imported.losses.sort();
    Ok(reader.imported)
}

pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    source: &'a str,
    pub(super) tree: &'a Yaml,
    /// What tasks and aliases are called here.
    names: HashMap<String, String>,
    /// Whether the text is no command, so that no value in it is code.
    pub(super) is_data: bool,
    pub(super) imported: Imported,
}

/// A task while it is read.
pub(super) struct Open<'y> {
    pub(super) tree: &'y Yaml,
    pub(super) name: String,
    /// As it was called there.
    pub(super) written: &'y str,
    line: usize,
}

impl Reader<'_> {
    pub(super) fn lose(&mut self, line: usize, what: String) {
        let file = self.file.to_owned();
        self.imported.lose(&file, line, what);
    }

    fn named(&self, name: &str) -> String {
        self.names.get(name).cloned().unwrap_or_else(|| task_name(name))
    }

    /// The line of a task.
    fn line(&self, name: &str) -> usize {
        let tasks = line_where(self.source, |line| line.starts_with("tasks:"));
        let is = |line: &str| {
            line.starts_with([' ', '\t'])
                && line
                    .trim_start()
                    .trim_start_matches(['"', '\''])
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
        };
        self.source.lines().skip(tasks).position(is).map_or(0, |index| tasks + index + 1)
    }

    pub(super) fn line_of(&self, key: &str) -> usize {
        line_where(self.source, |line| line.trim_start().starts_with(&format!("{key}:")))
    }

    /// Variables of the file, or with a prefix those of a task.
    fn variables(&mut self, value: &Yaml, prefix: &str) {
        for (name, value) in value.entries() {
            let line = self.line_of(name);
            let own = variable_name(&format!("{prefix}{name}"));
            let source = self.source_of(name, value, line);
            self.imported.set_var(&own, source);
        }
    }

    fn source_of(&mut self, name: &str, value: &Yaml, line: usize) -> Source {
        if let Some(command) = value.get("sh").and_then(Yaml::text) {
            if let Some(pieces) = self.pieces(command, None).filter(|_| value.entries().len() == 1) {
                return Source::Shell(template(&pieces));
            }
        } else if let Some(text) = value.text() {
            if let Some((variable, default)) = default_of(text) {
                let global = self.tree.get("vars").and_then(|vars| vars.get(&variable));
                let is_own =
                    |known: &&Yaml| known.text().and_then(default_of).is_none_or(|(own, _)| own != variable);
                return match global.filter(is_own) {
                    Some(_) => {
                        self.lose(line, format!("the default of `{variable}` where it is empty"));
                        Source::Text(format!("{{{{ vars.{} }}}}", variable_name(&variable)))
                    }
                    None => Source::Environment(variable, default),
                };
            }
            if let Some(pieces) = self.pieces(text, None) {
                return Source::Text(template(&pieces));
            }
        }
        self.lose(line, format!("the value of `{name}` is more than Shipway evaluates: it is empty"));
        Source::Text(String::new())
    }

    /// A value of the environment; what a command prints becomes a variable first.
    fn value(&mut self, own: &str, value: &Yaml, line: usize) -> String {
        let own = variable_name(own);
        match self.source_of(&own, value, line) {
            Source::Text(text) => text,
            source => {
                self.imported.set_var(&own, source);
                format!("{{{{ vars.{own} }}}}")
            }
        }
    }

    /// A text of a task that is no command.
    fn data(&mut self, text: &str, open: &Open<'_>) -> Option<Vec<Piece>> {
        self.is_data = true;
        let pieces = self.pieces(text, Some(open));
        self.is_data = false;
        pieces
    }

    /// A text with Task's `{{ }}`; `None` where one is more than a name.
    fn pieces(&mut self, text: &str, open: Option<&Open<'_>>) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (hole, after) = after.split_once("}}")?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(self.hole(hole.trim().trim_matches('-').trim(), open)?);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Some(pieces)
    }

    fn task(&mut self, name: &str, value: &Yaml) -> Task {
        let open = Open { tree: value, name: self.named(name), written: name, line: self.line(name) };
        let line = open.line;
        let mut task = Task { name: open.name.clone(), ..Task::default() };
        if name.contains('*') {
            self.lose(line, format!("the pattern `{name}`: write a task with an argument"));
        }
        if task.name != name {
            self.lose(line, format!("the task `{name}` is called `{}` here", task.name));
        }
        if !matches!(value, Yaml::Map(_)) {
            value.items().into_iter().for_each(|step| self.step(step, &open, &mut task));
            return task;
        }
        if let Some(vars) = value.get("vars") {
            self.variables(vars, &format!("{}_", open.name));
        }
        for condition in value.get("preconditions").map(Yaml::items).unwrap_or_default() {
            self.precondition(condition, &open, &mut task);
        }
        for (key, value) in value.entries() {
            self.key(key, value, &open, &mut task);
        }
        task
    }

    fn key(&mut self, key: &str, value: &Yaml, open: &Open<'_>, task: &mut Task) {
        let texts = |value: &Yaml| {
            value.items().into_iter().filter_map(Yaml::text).map(str::to_owned).collect::<Vec<_>>()
        };
        let plain = |value: &Yaml| {
            value.text().filter(|text| !text.contains("{{")).map(|text| text.trim().replace('\n', " "))
        };
        match key {
            "desc" => task.description = plain(value),
            "summary" if open.tree.get("desc").is_none() => task.description = plain(value),
            "summary" | "silent" | "internal" | "preconditions" | "vars" | "label" => {}
            "interactive" => task.interactive = value.is_true(),
            "aliases" => task.aliases = texts(value).iter().map(|name| self.named(name)).collect(),
            "dir" => match value.text().and_then(|text| self.data(text, open)) {
                Some(pieces) => task.dir = Some(template(&pieces)),
                _ => self.lose(open.line, "`dir`".to_owned()),
            },
            "env" => {
                for (name, value) in value.entries() {
                    let own = value.text().filter(|text| default_of(text).is_none());
                    if let Some(pieces) = own.and_then(|text| self.data(text, open)) {
                        task.env.push((name.clone(), template(&pieces)));
                        continue;
                    }
                    let value = self.value(&format!("{}_{name}", open.name), value, open.line);
                    task.env.push((name.clone(), value));
                }
            }
            "dotenv" => {
                for file in texts(value) {
                    match self.data(&file, open) {
                        Some(pieces) => task.dotenv.push(format!("{}?", template(&pieces))),
                        None => self.lose(open.line, format!("the dotenv file `{file}`")),
                    }
                }
            }
            "prompt" => {
                let questions: Vec<String> = value.items().into_iter().filter_map(plain).collect();
                if questions.len() != value.items().len() {
                    self.lose(open.line, "`prompt` holds `{{ }}`".to_owned());
                }
                task.confirm =
                    Some(questions.join(" ")).filter(|text| !text.is_empty()).or(Some("Go on?".to_owned()));
            }
            "deps" => {
                for dependency in value.items() {
                    let name = dependency
                        .text()
                        .or_else(|| dependency.get("task").and_then(Yaml::text))
                        .unwrap_or_default();
                    if dependency.get("vars").is_some() || dependency.get("for").is_some() {
                        self.lose(open.line, format!("the variables that `{name}` is called with"));
                    }
                    task.depends.push(Call { task: self.named(name), args: Vec::new() });
                }
            }
            "cmds" | "cmd" => value.items().into_iter().for_each(|step| self.step(step, open, task)),
            "ignore_error" if value.is_true() => {
                task.run.iter_mut().for_each(|step| *step = format!("({step}) || true"));
                self.lose(open.line, "`ignore_error` of the whole task".to_owned());
            }
            "sources" | "generates" | "status" | "method" => {
                self.lose(open.line, format!("`{key}`: the task always runs here"));
            }
            other => self.lose(open.line, format!("`{other}`")),
        }
    }

    fn precondition(&mut self, condition: &Yaml, open: &Open<'_>, task: &mut Task) {
        let command =
            condition.text().or_else(|| condition.get("sh").and_then(Yaml::text)).unwrap_or_default();
        let message = condition.get("msg").and_then(Yaml::text).unwrap_or("a precondition is not met");
        let script =
            format!("if ! ( {command} ); then echo {} >&2; exit 1; fi", crate::text::quote::shell(message));
        let pieces = self.pieces(&script, Some(open));
        self.push(pieces, false, open, task);
        self.lose(open.line, "a precondition is a step here: dependencies run before it".to_owned());
    }

    fn step(&mut self, step: &Yaml, open: &Open<'_>, task: &mut Task) {
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
            match deferred.text().map(str::to_owned).or_else(|| self.call(deferred, open)) {
                Some(command) => {
                    let pieces = self.pieces(&command, Some(open));
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
            match self.call(step, open) {
                Some(command) => task.run.push(command),
                None => task.run.push(missing(self.file, open.line)),
            }
            return;
        }
        let command = step.text().or_else(|| step.get("cmd").and_then(Yaml::text)).unwrap_or_default();
        let ignore = step.get("ignore_error").is_some_and(Yaml::is_true);
        let pieces = self.pieces(command, Some(open));
        self.push(pieces, ignore, open, task);
    }

    /// What `variable` is called that the task `name` is called with.
    fn given(&self, name: &str, variable: &str) -> String {
        let there = |tree: &Yaml| tree.get("vars").and_then(|vars| vars.get(variable)).is_some();
        let is_own = self.tree.get("tasks").and_then(|tasks| tasks.get(name)).is_some_and(there);
        if is_own && !there(self.tree) {
            return variable_name(&format!("{}_{variable}", self.named(name)));
        }
        variable.to_owned()
    }

    /// A call of a task among the steps: a run of its own.
    fn call(&mut self, step: &Yaml, open: &Open<'_>) -> Option<String> {
        let name = step.get("task").and_then(Yaml::text).filter(|name| !name.contains("{{"))?;
        self.lose(open.line, format!("the step that calls `{name}` is a run of its own here"));
        let mut words = vec!["shipway".to_owned()];
        for (variable, value) in step.get("vars").map(Yaml::entries).unwrap_or_default() {
            let value = value.text().filter(|value| !value.contains("{{"))?;
            let own = self.given(name, variable);
            let word = format!("{own}={value}");
            words.push(crate::text::quote::shell(&word).into_owned());
        }
        words.push(self.named(name));
        Some(words.join(" "))
    }

    fn push(&mut self, pieces: Option<Vec<Piece>>, ignore: bool, open: &Open<'_>, task: &mut Task) {
        let step = self.written(pieces, ignore, open, task);
        task.run.extend(step);
    }

    /// The step of a command; `None` where there is nothing to do.
    fn written(
        &mut self,
        pieces: Option<Vec<Piece>>,
        ignore: bool,
        open: &Open<'_>,
        task: &mut Task,
    ) -> Option<String> {
        let Some(pieces) = pieces else {
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
        let fitted = fit(&pieces, SHEBANG, ignore);
        Some(self.imported.add(fitted, task, (self.file, open.line)))
    }
}

fn template(pieces: &[Piece]) -> String {
    let part = |piece: &Piece| match piece {
        Piece::Text(text) => literal(text),
        Piece::Value(value) => format!("{{{{ {} }}}}", value.reference),
    };
    pieces.iter().map(part).collect()
}
