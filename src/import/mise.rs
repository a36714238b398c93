//! `[tasks]` of mise.toml: pure.

use std::collections::HashMap;

use toml::{Table, Value as Toml};

use super::mise_usage::bare_name;
use super::script::{
    Piece, Shape, Value, fit, fit_elsewhere, is_evaluated, is_shell, shape, strange_shell, template,
    without_holes,
};
use super::{
    Argument, Call, Imported, Source, Task, argument_name, line_where, missing, shebang, task_name, unique,
    valueless, variable_name,
};
use crate::text::{duration, wildcard};

/// Reads `file` with the text `source`. The error says why it is no TOML.
pub fn read(file: &str, source: &str) -> Result<Imported, String> {
    let table: Table = toml::from_str(source).map_err(|error| error.message().to_owned())?;
    let tasks = table.get("tasks").and_then(Toml::as_table);
    let names: Vec<&str> = tasks.into_iter().flat_map(Table::keys).map(String::as_str).collect();
    let aliases = tasks.into_iter().flat_map(Table::values).filter_map(|task| task.get("alias"));
    let aliases: Vec<String> = aliases.flat_map(items).filter_map(scalar).collect();
    let called = unique(names.iter().copied().chain(aliases.iter().map(String::as_str)), task_name, "-2");
    let mut reader =
        Reader { file, source, table: &table, names, called, depth: 0, imported: Imported::default() };
    for (name, value) in &table {
        let line = line_where(source, |line| {
            line.trim_start().starts_with(&format!("[{name}")) || line.starts_with(name.as_str())
        });
        match (name.as_str(), value) {
            ("tasks", _) => {}
            ("vars", Toml::Table(vars)) => reader.variables(vars),
            ("env", Toml::Table(env)) => reader.environment(env),
            ("tools", _) => {
                reader.lose(line, "`[tools]`: Shipway installs no tools; let mise do that".to_owned())
            }
            (other, _) => reader.lose(line, format!("`{other}` of the file")),
        }
    }
    for (name, value) in tasks.into_iter().flatten() {
        let task = reader.task(name, value);
        reader.imported.tasks.push(task);
    }
    if reader.imported.tasks.iter().any(|task| task.args.is_empty() && !task.run.is_empty()) {
        let what = "words behind a task's name were added to its last command; give a task `args` for that"
            .to_owned();
        reader.lose(0, what);
    }
    reader.imported.losses.sort();
    Ok(reader.imported)
}

pub(super) struct Reader<'a> {
    file: &'a str,
    pub(super) source: &'a str,
    /// Of all tasks, as they are written there.
    names: Vec<&'a str>,
    /// What tasks and aliases are called here.
    called: HashMap<String, String>,
    table: &'a Table,
    /// How deep values stand in one another.
    depth: usize,
    imported: Imported,
}

/// A string, or a number or boolean as text.
pub(super) fn scalar(value: &Toml) -> Option<String> {
    match value {
        Toml::String(text) => Some(text.clone()),
        Toml::Integer(_) | Toml::Float(_) | Toml::Boolean(_) => Some(value.to_string()),
        _ => None,
    }
}

/// The items of a list; one value is a list of itself.
pub(super) fn items(value: &Toml) -> Vec<&Toml> {
    match value {
        Toml::Array(items) => items.iter().collect(),
        other => vec![other],
    }
}

impl Reader<'_> {
    pub(super) fn lose(&mut self, line: usize, what: String) {
        let file = self.file.to_owned();
        self.imported.lose(&file, line, what);
    }

    fn named(&self, name: &str) -> String {
        self.called.get(name).cloned().unwrap_or_else(|| task_name(name))
    }

    fn variables(&mut self, vars: &Table) {
        for (name, value) in vars {
            let pieces = scalar(value).and_then(|text| self.pieces(&text, &[], false));
            let source = pieces.map(|pieces| Source::Text(template(&pieces)));
            let source = source.unwrap_or_else(|| {
                let line = line_where(self.source, |line| line.starts_with(name.as_str()));
                let what = "is more than Shipway evaluates: what uses it fails here";
                self.lose(line, format!("the value of `{name}` {what}"));
                valueless(self.file, line, name)
            });
            self.imported.set_var(&variable_name(name), source);
        }
    }

    /// What a variable of the environment is given, where it was not understood: commands that would get it fail.
    fn not_exported(&mut self, name: &str, line: usize) -> String {
        self.lose(line, format!("`{name}` of `env`: what gets it fails here"));
        let source = valueless(self.file, line, name);
        let vars = self.table.get("vars").and_then(Toml::as_table).into_iter().flat_map(Table::keys);
        let taken = vars.map(|name| (name.clone(), variable_name(name))).collect();
        let own = self.imported.helper(&format!("ENV_{name}"), source, &taken);
        format!("{{{{ vars.{own} }}}}")
    }

    fn environment(&mut self, env: &Table) {
        for (name, value) in env {
            let line = line_where(self.source, |line| line.starts_with(name.as_str()));
            match value {
                Toml::Table(special) if name == "_" => {
                    for (key, value) in special {
                        match key.as_str() {
                            "file" => items(value).into_iter().for_each(|file| self.dotenv(file, line)),
                            other => self.lose(line, format!("`_.{other}` of `[env]`")),
                        }
                    }
                }
                Toml::Boolean(false) => {
                    self.lose(line, format!("`{name} = false` of `[env]`: there it takes the variable away"));
                }
                value => match scalar(value).and_then(|text| self.pieces(&text, &[], false)) {
                    Some(pieces) => self.imported.env.push((name.clone(), template(&pieces))),
                    None => {
                        let value = self.not_exported(name, line);
                        self.imported.env.push((name.clone(), value));
                    }
                },
            }
        }
    }

    /// `"file"` and `{ path = "file" }` of `_.file`.
    fn dotenv(&mut self, file: &Toml, line: usize) {
        let path = scalar(file).or_else(|| file.get("path").and_then(scalar));
        match path.filter(|path| !path.contains("{{") && path.ends_with(|c: char| c != '/')) {
            Some(path) => self.imported.dotenv.push(format!("{path}?")),
            None => self.lose(line, format!("the file `{file}` of `[env]`")),
        }
        for (key, value) in file.as_table().into_iter().flatten().filter(|(key, _)| *key != "path") {
            self.lose(line, format!("`{key} = {value}` of a file of `[env]`"));
        }
    }

    /// A variable of ours, which the file does not have.
    fn helper(&mut self, name: &str, source: Source) -> Piece {
        let vars = self.table.get("vars").and_then(Toml::as_table).into_iter().flat_map(Table::keys);
        let taken = vars.map(|name| (name.clone(), variable_name(name))).collect();
        let own = self.imported.helper(name, source, &taken);
        Piece::Value(Value { reference: format!("vars.{own}"), variable: own, is_word: true, argument: None })
    }

    /// What mise says of the whole file, in pieces.
    fn global(&mut self, hole: &str, is_command: bool) -> Option<Vec<Piece>> {
        if hole == "config_root" {
            return Some(vec![self.helper("config_root", Source::Shell("pwd".to_owned()))]);
        }
        if let Some(name) = hole.strip_prefix("env.") {
            let own = self.table.get("env").and_then(|env| env.get(name));
            return match own.and_then(scalar) {
                // Of an entry before it, or of the caller where it is the entry itself.
                Some(text) if !text.contains("{{") => Some(vec![Piece::Text(text)]),
                Some(_) if is_command => Some(vec![Piece::Text(format!("${{{name}}}"))]),
                _ => Some(vec![self.helper(&format!("env_{name}"), Source::Required(name.to_owned()))]),
            };
        }
        let name = hole.strip_prefix("vars.").filter(|_| is_command)?;
        let text = self.table.get("vars")?.get(name).and_then(scalar)?;
        let line = line_where(self.source, |line| line.starts_with(name));
        let around = without_holes(&text);
        if text.contains("{{") && is_evaluated(&around) {
            // As a value it would be words with quotes in them.
            self.lose(line, format!("the value of `{name}` is code: it stands where it is used"));
            self.depth += 1;
            let pieces = (self.depth < 9).then(|| self.pieces(&text, &[], true)).flatten();
            self.depth -= 1;
            return pieces;
        }
        let shape_there =
            if text.contains("{{") && around.contains(' ') { Shape::Words } else { shape(&text) };
        match shape_there {
            Shape::Code if !text.contains("{{") => {
                self.lose(line, format!("the value of `{name}` is code: it stands where it is used"));
                Some(vec![Piece::Text(text)])
            }
            Shape::Words => {
                let own = variable_name(name);
                let reference = format!("vars.{own}");
                Some(vec![Piece::Value(Value { reference, variable: own, is_word: false, argument: None })])
            }
            _ => None,
        }
    }

    /// A text with mise's `{{ }}`; `None` where one is more than a name.
    fn pieces(&mut self, text: &str, args: &[Argument], is_command: bool) -> Option<Vec<Piece>> {
        if text.contains("{%") {
            return None;
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (hole, after) = after.split_once("}}")?;
            pieces.push(Piece::Text(before.to_owned()));
            match self.global(hole.trim(), is_command) {
                Some(known) => pieces.extend(known),
                None => pieces.push(hole_piece(hole.trim(), args)?),
            }
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Some(pieces)
    }

    fn task(&mut self, name: &str, value: &Toml) -> Task {
        let header = |line: &str| {
            let line = line.trim().replace(['"', '\''], "");
            line.starts_with(&format!("[tasks.{name}]"))
                || line.starts_with(&format!("{name} "))
                || line.starts_with(&format!("tasks.{name} "))
        };
        let line = line_where(self.source, header);
        let mut task = Task { name: self.named(name), ..Task::default() };
        if task.name != name {
            self.lose(line, format!("the task `{name}` is called `{}` here", task.name));
        }
        let empty = Table::new();
        let table = value.as_table().unwrap_or(&empty);
        if let Some(usage) = table.get("usage").and_then(Toml::as_str) {
            self.usage(usage, &mut task, line);
        }
        for (key, value) in table {
            self.key(key, value, &mut task, line);
        }
        self.files(table, &mut task, line);
        let shell = table.get("shell").and_then(Toml::as_str).unwrap_or("sh -c -o errexit");
        let mut words = shell.split_whitespace();
        let program = words.next().unwrap_or("sh");
        let flags: Vec<&str> = words.collect();
        task.shell = strange_shell(program, &flags).unwrap_or_default();
        let shebang = if flags == ["-c", "-o", "errexit"] {
            shebang(program, &["-e"])
        } else {
            shebang(program, &flags)
        };
        let run = if value.is_table() { table.get("run") } else { Some(value) };
        for step in run.map(items).unwrap_or_default() {
            self.step(step, &shebang, &mut task, line);
        }
        task
    }

    fn key(&mut self, key: &str, value: &Toml, task: &mut Task, line: usize) {
        let texts = |value: &Toml| items(value).into_iter().filter_map(scalar).collect::<Vec<String>>();
        match key {
            "run" | "usage" | "shell" | "sources" | "outputs" => {}
            "quiet" => task.quiet = value.as_bool() == Some(true),
            "hide" => task.hide = value.as_bool() == Some(true),
            "silent" if value.as_bool() == Some(false) => {}
            "silent" => self.lose(line, "`silent`: what the commands print is shown here".to_owned()),
            "timeout" => match scalar(value).filter(|text| duration::parse(text).is_some()) {
                Some(text) => task.timeout = Some(text),
                None => self.lose(line, "`timeout`".to_owned()),
            },
            "raw" | "interactive" => task.interactive |= value.as_bool() == Some(true),
            "description" => task.description = scalar(value).filter(|text| !text.contains("{{")),
            "alias" => task.aliases = texts(value).iter().map(|name| self.named(name)).collect(),
            "depends" => task.depends = self.calls(value, task, line),
            "depends_post" => {
                task.depends_post = self.calls(value, task, line);
                self.lose(line, "`depends_post`: it runs only where the task ended well".to_owned());
            }
            "wait_for" => {
                for name in texts(value) {
                    let called = self.called(&name, task);
                    if called.is_empty() {
                        self.lose(line, format!("`wait_for` of `{name}`, which fits no task of this file"));
                    }
                    task.wait_for.extend(called);
                }
            }
            "dir" if scalar(value).is_some_and(|text| text.replace(' ', "") == "{{config_root}}") => {}
            "dir" => match scalar(value).and_then(|text| self.pieces(&text, &task.args, false)) {
                Some(pieces) => task.dir = Some(template(&pieces)),
                _ => {
                    self.lose(line, format!("`dir`: `{}` fails here", task.name));
                    task.run.push(missing(self.file, line));
                }
            },
            "env" => {
                for (name, value) in value.as_table().into_iter().flatten() {
                    if value.as_bool() == Some(false) {
                        self.lose(
                            line,
                            format!("`{name} = false` of `env`: there it takes the variable away"),
                        );
                        continue;
                    }
                    match scalar(value).and_then(|text| self.pieces(&text, &task.args, false)) {
                        Some(pieces) => task.env.push((name.clone(), template(&pieces))),
                        None => {
                            let value = self.not_exported(name, line);
                            task.env.push((name.clone(), value));
                        }
                    }
                }
            }
            "confirm" => {
                let text = scalar(value).or_else(|| value.get("message").and_then(scalar));
                task.confirm = text
                    .filter(|text| !text.contains("{{"))
                    .or_else(|| Some(format!("Run `{}`?", task.name)));
            }
            other => self.lose(line, format!("`{other}`")),
        }
    }

    /// `depends` and its like; what means no task of this file makes the task fail.
    fn calls(&mut self, value: &Toml, task: &mut Task, line: usize) -> Vec<Call> {
        let texts = |value: &Toml| items(value).into_iter().filter_map(scalar).collect::<Vec<String>>();
        let mut calls = Vec::new();
        for each in items(value) {
            let mut strange = None;
            let words = match each {
                Toml::Array(words) => words.iter().filter_map(scalar).collect(),
                Toml::Table(call) => {
                    strange = call.keys().find(|key| !["task", "args"].contains(&key.as_str()));
                    let args = call.get("args").map(texts).unwrap_or_default();
                    call.get("task").and_then(scalar).into_iter().chain(args).collect()
                }
                other => scalar(other)
                    .map(|text| text.split_whitespace().map(str::to_owned).collect())
                    .unwrap_or_default(),
            };
            let mut words: std::vec::IntoIter<String> = Vec::into_iter(words);
            let Some(name) = words.next() else { continue };
            let args: Vec<String> = words.collect();
            let called = self.called(&name, task);
            let why = match strange {
                Some(key) => format!("has `{key}`"),
                None if args.iter().any(|word| word.contains("{{")) => "has a template".to_owned(),
                None if called.is_empty() => "fits no task of this file".to_owned(),
                None => {
                    calls.extend(called.into_iter().map(|task| Call { task, args: args.clone() }));
                    continue;
                }
            };
            self.lose(line, format!("the dependency `{name}` {why}: `{}` fails here", task.name));
            task.run.push(missing(self.file, line));
        }
        calls
    }

    /// The tasks that a dependency of `task` means, as they are called here: a pattern never means the task itself.
    fn called(&self, name: &str, task: &Task) -> Vec<String> {
        if !wildcard::is_pattern(name) {
            return self.called.get(name).cloned().into_iter().collect();
        }
        let fitting = self.names.iter().filter(|other| wildcard::fits(name, other));
        fitting.map(|other| self.named(other)).filter(|other| *other != task.name).collect()
    }

    fn step(&mut self, step: &Toml, shebang: &str, task: &mut Task, line: usize) {
        if let Some(call) = step.as_table() {
            let names: Vec<String> = call
                .get("task")
                .or_else(|| call.get("tasks"))
                .map(items)
                .unwrap_or_default()
                .into_iter()
                .filter_map(scalar)
                .collect();
            let are_here = names.iter().all(|name| self.called.contains_key(name));
            let names: Vec<String> = names.iter().map(|name| self.named(name)).collect();
            self.lose(line, format!("the step that calls {} is a run of its own here", names.join(" and ")));
            let known = ["task", "tasks", "args"];
            let strange: Vec<&str> =
                call.keys().map(String::as_str).filter(|key| !known.contains(key)).collect();
            let args: Option<Vec<String>> =
                call.get("args").map(items).unwrap_or_default().into_iter().map(scalar).collect();
            let args = args.filter(|args| {
                are_here && strange.is_empty() && !args.iter().any(|word| word.contains("{{"))
            });
            let Some(args) = args else {
                let what =
                    format!("the step that calls {} says more than that: it fails here", names.join(" and "));
                self.lose(line, what);
                task.run.push(missing(self.file, line));
                return;
            };
            let words = args.iter().map(|word| format!(" {}", crate::text::quote::shell(word)));
            let call = format!("shipway {}{}", names.join(" ::: "), words.collect::<String>());
            task.run.push(if task.shell.is_empty() { call } else { format!("#!/bin/sh\n{call}\n") });
            return;
        }
        let pieces = step.as_str().and_then(|text| self.pieces(text, &task.args, true));
        let Some(pieces) = pieces else {
            self.lose(
                line,
                format!("a step of `{}` has a template that Shipway does not know: it fails here", task.name),
            );
            task.run.push(missing(self.file, line));
            return;
        };
        if !task.shell.is_empty()
            && !matches!(pieces.first(), Some(Piece::Text(text)) if text.starts_with("#!"))
        {
            let step = self.imported.add(fit_elsewhere(&pieces, false), task, (self.file, line));
            task.run.push(step);
            return;
        }
        let mut fitted = fit(&pieces, shebang, false);
        // All that is left has no place in a task's environment: the script takes it from the argument's own variable.
        let rest = task.args.iter().filter(|argument| argument.form.ends_with("..."));
        for name in rest.map(|argument| variable_name(bare_name(&argument.form))) {
            let line = format!("export usage_{name}=\"${name}\"\n");
            match fitted.step.split_once('\n').filter(|(_, rest)| rest.contains(&format!("usage_{name}"))) {
                Some((first, _)) if !is_shell(first) => {
                    fitted.lost = Some("has a value in a script that is none of a shell");
                }
                Some((first, rest)) => fitted.step = format!("{first}\n{line}{rest}"),
                None => {}
            }
        }
        let step = self.imported.add(fitted, task, (self.file, line));
        task.run.push(step);
    }
}

/// What one `{{ }}` of mise's is; `None` where it is more than a name.
fn hole_piece(hole: &str, args: &[Argument]) -> Option<Piece> {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if let Some(name) = hole.strip_prefix("vars.").filter(|name| is_name(name)) {
        let own = variable_name(name);
        return Some(Piece::Value(Value {
            reference: format!("vars.{own}"),
            variable: own,
            is_word: true,
            argument: None,
        }));
    }
    let called = ["arg(name=", "option(name=", "flag(name="].iter().find_map(|call| hole.strip_prefix(call));
    let name = match called {
        Some(rest) => rest.trim_start_matches(['"', '\'']).split(['"', '\'']).next()?,
        None => hole.strip_prefix("usage.")?,
    };
    let wanted = argument_name(&variable_name(name));
    let argument =
        args.iter().find(|argument| variable_name(bare_name(&argument.form)) == variable_name(&wanted))?;
    let here = bare_name(&argument.form).to_owned();
    Some(Piece::Value(Value {
        variable: variable_name(&here),
        reference: here,
        is_word: true,
        argument: Some(argument.form.clone()),
    }))
}
