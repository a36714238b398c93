//! Steps of `run`, `finally` and hooks, and calls of other tasks.

use toml::de::DeValue;

use super::reader::{Entry, Node, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::model::expression::Template;
use crate::model::task::{Call, Command};
use crate::text::wildcard;

impl<'f> Reader<'f, '_> {
    /// The commands of a hook: a string, or a list of strings and tables.
    pub(super) fn commands(&mut self, entry: Option<Entry<'f>>, scope: Scope<'_>) -> Vec<Command> {
        self.commands_with(entry, |reader, node| reader.step(node, scope, false), scope)
    }

    /// The steps of a task, which may be tasks themselves.
    pub(super) fn steps(&mut self, entry: Option<Entry<'f>>, scope: Scope<'_>) -> Vec<Command> {
        self.commands_with(entry, |reader, node| reader.step(node, scope, true), scope)
    }

    fn commands_with(
        &mut self,
        entry: Option<Entry<'f>>,
        table: impl Fn(&mut Self, Node<'f>) -> Option<Command>,
        scope: Scope<'_>,
    ) -> Vec<Command> {
        let Some(entry) = entry else { return Vec::new() };
        let what = match entry.value.get_ref() {
            DeValue::Array(items) if items.is_empty() => {
                let span = self.at(entry.value);
                self.fault(Diagnostic::error(
                    "empty",
                    format!("`{}` is empty", entry.name()),
                    span,
                    "no steps",
                ));
                return Vec::new();
            }
            DeValue::Array(_) => Subject::Step(entry.name()),
            _ => Subject::Key(entry.name()),
        };
        let mut commands = Vec::new();
        for node in self.items(Some(entry)) {
            commands.extend(match node.get_ref() {
                DeValue::String(_) => self.script(what, node, scope).map(Command::Shell),
                DeValue::Table(_) => table(self, node),
                _ => {
                    self.wrong_type(what, "a string or a table `{ exec = […] }`", node);
                    None
                }
            });
        }
        commands
    }

    fn step(&mut self, node: Node<'f>, scope: Scope<'_>, may_be_task: bool) -> Option<Command> {
        let table = self.table(Subject::Plain("a step"), node)?;
        if may_be_task && (table.contains_key("task") || table.contains_key("args")) {
            return self.call_table(Subject::Plain("a step"), node, table, scope).map(Command::Task);
        }
        let before = self.faults.len();
        let [exec] = self.fields(table, Subject::Plain("a step"), ["exec"]);
        let Some(exec) = exec else {
            // An unknown key was told instead; a second message about the same table would be noise.
            if self.faults.len() == before {
                self.missing("a step", "exec", node);
            }
            return None;
        };
        let items = self.exec_items(exec)?;
        let words: Vec<Option<Template>> =
            items.iter().map(|item| self.word(Subject::Item("exec"), item, scope)).collect();
        Some(Command::Exec(words.into_iter().collect::<Option<_>>()?))
    }

    fn exec_items(&mut self, exec: Entry<'f>) -> Option<&'f [toml::Spanned<DeValue<'f>>]> {
        let DeValue::Array(items) = exec.value.get_ref() else {
            self.wrong_type(Subject::Key("exec"), "a list: the program and its arguments", exec.value);
            return None;
        };
        if items.is_empty() {
            let span = self.at(exec.value);
            self.fault(Diagnostic::error("empty", "`exec` is empty", span, "no program"));
            return None;
        }
        Some(items)
    }

    /// The value of `exec` where `{{ }}` has no meaning: a program and its arguments, for a container.
    pub(super) fn plain_exec(&mut self, exec: Entry<'f>) -> Option<Vec<String>> {
        let (program, arguments) = self.exec_items(exec)?.split_first()?;
        let program = self.filled(Subject::Item("exec"), program);
        let arguments: Vec<Option<String>> =
            arguments.iter().map(|item| self.plain(Subject::Item("exec"), item)).collect();
        let mut words = vec![program?];
        words.extend(arguments.into_iter().collect::<Option<Vec<_>>>()?);
        Some(words)
    }

    /// The calls of a key: tasks by name, by a pattern, which never means the task `own` itself, or as tables.
    pub(super) fn calls(&mut self, entry: Option<Entry<'f>>, scope: Scope<'_>, own: &str) -> Vec<Call> {
        let what = Subject::Item(entry.map_or("", Entry::name));
        let mut calls: Vec<Call> = Vec::new();
        for node in self.items(entry) {
            match self.task_pattern(node, own) {
                Some(names) => calls.extend(names.into_iter().map(|task| Call { task, args: Vec::new() })),
                None => calls.extend(self.call(what, node, scope)),
            }
        }
        calls
    }

    /// The names of tasks, in full; as in `calls`.
    pub(super) fn task_names(&mut self, entry: Option<Entry<'f>>, own: &str) -> Vec<Spanned<String>> {
        let what = Subject::Item(entry.map_or("", Entry::name));
        let mut names = Vec::new();
        for node in self.items(entry) {
            match self.task_pattern(node, own) {
                Some(found) => names.extend(found),
                None => names.extend(self.task_name(what, node)),
            }
        }
        names
    }

    /// The tasks that a pattern means; `None`: it is none.
    fn task_pattern(&mut self, node: Node<'f>, own: &str) -> Option<Vec<Spanned<String>>> {
        let pattern = node.get_ref().as_str().filter(|text| wildcard::is_pattern(text))?;
        let span = self.at(node);
        let mut found = self.names.tasks_like(&self.file.prefix, pattern);
        found.retain(|name| name != own);
        if found.is_empty() {
            self.fault(Diagnostic::error(
                "unknown-task",
                format!("no other task has a name like `{pattern}`"),
                span,
                "means no task",
            ));
        }
        Some(found.into_iter().map(|name| Spanned::new(name, span)).collect())
    }

    /// A task by name, or `{ task = "name", args = […] }`.
    pub(super) fn call(&mut self, what: Subject<'_>, node: Node<'f>, scope: Scope<'_>) -> Option<Call> {
        match node.get_ref() {
            DeValue::String(_) => Some(Call { task: self.task_name(what, node)?, args: Vec::new() }),
            DeValue::Table(table) => self.call_table(what, node, table, scope),
            _ => {
                self.wrong_type(what, "a task's name or a table `{ task = \"…\" }`", node);
                None
            }
        }
    }

    fn call_table(
        &mut self,
        what: Subject<'_>,
        node: Node<'f>,
        table: &'f toml::de::DeTable<'f>,
        scope: Scope<'_>,
    ) -> Option<Call> {
        let before = self.faults.len();
        let [task, args] = self.fields(table, what, ["task", "args"]);
        let args: Vec<Option<Template>> =
            self.items(args).into_iter().map(|node| self.word(Subject::Item("args"), node, scope)).collect();
        let Some(task) = task else {
            if self.faults.len() == before {
                self.missing(what, "task", node);
            }
            return None;
        };
        let task = self.task_name(Subject::Key("task"), task.value)?;
        Some(Call { task, args: args.into_iter().collect::<Option<_>>()? })
    }

    fn task_name(&mut self, what: Subject<'_>, node: Node<'f>) -> Option<Spanned<String>> {
        let name = self.filled(what, node)?;
        let span = self.at(node);
        let prefix = &self.file.prefix;
        if let Some(full) = self.names.task(prefix, &name) {
            return Some(Spanned::new(full, span));
        }
        let diagnostic = self.unknown_task(&name, span);
        self.fault(diagnostic);
        None
    }

    pub(super) fn unknown_task(&self, name: &str, span: Span) -> Diagnostic {
        let prefix = &self.file.prefix;
        let diagnostic =
            Diagnostic::error("unknown-task", format!("there is no task `{name}`"), span, "unknown task");
        let first = name.split_whitespace().next().unwrap_or_default();
        if first != name && self.names.task(prefix, first).is_some() {
            let rest: Vec<String> =
                name.split_whitespace().skip(1).map(|word| format!("\"{word}\"")).collect();
            return diagnostic.help(format!(
                "arguments stand in a table: `{{ task = \"{first}\", args = [{}] }}`",
                rest.join(", ")
            ));
        }
        if self.names.workspaces.contains_key(name) {
            return diagnostic
                .note(format!("`{name}` is a workspace"))
                .help("a task needs a workspace by reading its outputs; it can't depend on it by name");
        }
        match self.names.nearest(prefix, name, self.names.task_names()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help(format!("define it: `[tasks.{name}]`")),
        }
    }

    /// Reports a key that has to be there.
    pub(super) fn missing(&mut self, owner: impl std::fmt::Display, key: &str, node: Node<'_>) {
        let span = self.at(node);
        self.fault(Diagnostic::error(
            "missing-key",
            format!("{owner} needs `{key}`"),
            span,
            format!("has no `{key}`"),
        ));
    }
}
