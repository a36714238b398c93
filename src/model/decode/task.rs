//! `[tasks]`.

use indexmap::IndexMap;
use toml::de::DeValue;

use super::reader::{Entry, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::model::expression::Template;
use crate::model::rules::Rules;
use crate::model::script::{ScriptPart, ScriptShell};
use crate::model::task::{Argument, ArgumentKind, Command, Confirm, MATRIX_PREFIX, Task};
use crate::model::tracking::Tracking;

use super::rules::RULE_KEYS;

/// Words of the command line that a task can't take over.
const RESERVED: &[&str] = &["run", "help", "builtin"];

const KEYS: [&str; 30] = [
    "description",
    "alias",
    "depends",
    "wait_for",
    "depends_post",
    "args",
    "dir",
    "env",
    "dotenv",
    "databases",
    "confirm",
    "run",
    "finally",
    "exports",
    "matrix",
    "sources",
    "outputs",
    "cache",
    RULE_KEYS[0],
    RULE_KEYS[1],
    RULE_KEYS[2],
    RULE_KEYS[3],
    RULE_KEYS[4],
    RULE_KEYS[5],
    RULE_KEYS[6],
    RULE_KEYS[7],
    RULE_KEYS[8],
    RULE_KEYS[9],
    RULE_KEYS[10],
    RULE_KEYS[11],
];

/// Shells in which a value in single quotes is that value (`model/script`).
const POSIX_SHELLS: [&str; 4] = ["sh", "bash", "dash", "zsh"];

/// More is a slip, and would take minutes to plan.
const MOST_COMBINATIONS: usize = 10_000;

/// A value of the matrix, as a thing that `{{ }}` may name.
fn in_matrix(name: &str, span: Span) -> Argument {
    Argument {
        name: format!("{MATRIX_PREFIX}{name}"),
        span,
        kind: ArgumentKind::Positional { default: None },
        help: None,
        choices: Vec::new(),
        pattern: None,
        short: None,
        env: None,
    }
}

impl<'f> Reader<'f, '_> {
    /// Adds all tasks of this file to `tasks`; `env` is the `[env]` of an included file, under each task's own.
    pub(super) fn tasks(
        &mut self,
        entry: Option<Entry<'f>>,
        env: &IndexMap<String, Template>,
        tasks: &mut IndexMap<String, Task>,
    ) {
        let entries = self.section(entry);
        tasks.reserve_exact(entries.len());
        for entry in entries {
            if let Some(task) = self.task(entry, env) {
                tasks.insert(task.name.clone(), task);
            }
        }
    }

    fn task(&mut self, entry: Entry<'f>, file_env: &IndexMap<String, Template>) -> Option<Task> {
        self.check_task_name(entry.name(), self.key(entry));
        let mut task = Task {
            name: format!("{}{}", self.file.prefix, entry.name()),
            span: self.key(entry),
            description: None,
            aliases: Vec::new(),
            depends: Vec::new(),
            args: Vec::new(),
            dir: None,
            env: file_env.clone(),
            dotenv: Vec::new(),
            databases: Vec::new(),
            rules: Rules::default(),
            exports: Vec::new(),
            matrix: IndexMap::new(),
            wait_for: Vec::new(),
            depends_post: Vec::new(),
            confirm: None,
            run: Vec::new(),
            finally: Vec::new(),
            tracking: Tracking::default(),
            folder: self.file.folder.clone(),
        };
        let table = match entry.value.get_ref() {
            DeValue::Table(table) => table,
            // As in mise: `build = "cargo build"` is a task of one script.
            DeValue::String(_) | DeValue::Array(_) => {
                task.run = self.steps(Some(entry), Scope { arguments: Some(&[]) });
                return Some(task);
            }
            _ => {
                self.wrong_type(Subject::Named("task", entry.name()), "a table", entry.value);
                return None;
            }
        };
        let owner = Subject::Named("task", entry.name());
        let before = self.faults.len();
        let fields = self.fields(table, owner, KEYS);
        let [description, alias, depends, wait_for, depends_post, args, dir, env, fields @ ..] = fields;
        let [dotenv, databases, confirm, run, finally, exports, matrix, fields @ ..] = fields;
        let [sources, outputs, cache, rules @ ..] = fields;
        // A wrong key was told; it may well be the one that does something.
        let misspelt = self.faults.len() > before;
        task.args = self.arguments(args);
        task.matrix = self.matrix(matrix);
        task.exports = self.exports(exports);
        let known: Vec<Argument> = task
            .args
            .iter()
            .cloned()
            .chain(task.matrix.keys().map(|name| in_matrix(name, task.span)))
            .collect();
        let scope = Scope { arguments: Some(&known) };
        task.description = description.and_then(|entry| self.plain(Subject::Key("description"), entry.value));
        task.aliases = self.aliases(alias);
        task.depends = self.calls(depends, scope, &task.name);
        task.dir = dir.and_then(|entry| self.template(Subject::Key("dir"), entry.value, scope));
        self.check_env_beside_arguments(env, &task.args);
        task.env.extend(self.env(env, scope));
        task.dotenv = self.dotenv(dotenv, scope);
        task.databases = self.database_names(databases);
        task.rules = self.rules(rules, scope);
        task.wait_for = self.task_names(wait_for, &task.name);
        task.depends_post = self.calls(depends_post, scope, &task.name);
        task.confirm = confirm.and_then(|entry| self.confirm(entry));
        task.run = self.steps(run, scope);
        task.finally = self.steps(finally, scope);
        self.give_to_shell(&mut task);
        task.tracking = self.tracking([sources, outputs, cache], scope, run.is_some());
        let does = [run, depends, depends_post, finally].iter().any(Option::is_some);
        if !does && task.rules.wait_until.is_none() && !misspelt {
            let span = task.span;
            self.fault(
                Diagnostic::error(
                    "missing-key",
                    format!("task `{}` does nothing", entry.name()),
                    span,
                    "has neither `run` nor `depends`",
                )
                .help("give it a `run` or `depends`"),
            );
        }
        Some(task)
    }

    /// Scripts of a task with a `shell` are that shell's. Whether a value is quoted right for it is known of few shells.
    fn give_to_shell(&mut self, task: &mut Task) {
        let words = task.rules.shell.clone();
        let Some(program) = words.first() else { return };
        let name = program.rsplit('/').next().unwrap_or_default();
        let commands = task.run.iter_mut().chain(&mut task.finally);
        let scripts = commands.filter_map(|command| match command {
            Command::Shell(script) => Some(script),
            Command::Exec(_) | Command::Task(_) => None,
        });
        for script in scripts.chain(task.rules.scripts_mut()) {
            if script.shell != ScriptShell::Default {
                continue;
            }
            let hole = script.parts.iter().find_map(|part| match part {
                ScriptPart::Hole(hole, _) => Some(hole.span),
                ScriptPart::Text(_) => None,
            });
            if let Some(span) = hole.filter(|_| !POSIX_SHELLS.contains(&name)) {
                let title = format!("a value can't be put into a script for `{name}`");
                self.fault(
                    Diagnostic::error("place-shell", title, span, "nobody knows how to quote it there")
                        .help("use the variable: an argument is `$name`, anything else goes through `env`"),
                );
            }
            script.shell = ScriptShell::Given(words.clone());
            script.words = None;
        }
    }

    fn check_task_name(&mut self, name: &str, span: crate::diagnostic::Span) {
        if self.file.is_main() && RESERVED.contains(&name) {
            self.fault(
                Diagnostic::error(
                    "reserved-name",
                    format!("a task can't be called `{name}`"),
                    span,
                    "a word of Shipway's command line",
                )
                .help("choose another name"),
            );
        } else if name.contains(':') {
            self.fault(
                Diagnostic::error(
                    "bad-name",
                    format!("`{name}` can't be the name of a task"),
                    span,
                    "`:` is not allowed",
                )
                .note("`:` stands between the name of an included file and its task")
                .help(format!("write `{}`", name.replace(':', "-"))),
            );
        } else {
            self.check_name_at("a task", name, span);
        }
    }

    /// What the task hands on.
    fn exports(&mut self, entry: Option<Entry<'f>>) -> Vec<Spanned<String>> {
        let mut names = self.texts(entry);
        names.retain(|name| {
            let fits = super::name::is_identifier(&name.value);
            if !fits {
                let title = format!("`{}` can't be the name of an export", name.value);
                self.fault(
                    Diagnostic::error("bad-name", title, name.span, "").help(
                        "such a name has letters, digits, `_` and `-`, and starts with a letter or `_`",
                    ),
                );
            }
            fits
        });
        names
    }

    /// Lists of values by name.
    fn matrix(&mut self, entry: Option<Entry<'f>>) -> IndexMap<String, Vec<String>> {
        let mut matrix = IndexMap::new();
        for entry in self.section_or_table(entry) {
            self.check_identifier("a value of a matrix", entry);
            let before = self.faults.len();
            let values: Vec<String> = self.texts(Some(entry)).into_iter().map(|text| text.value).collect();
            // Where a value is wrong that is told, and the name is there even so.
            if values.is_empty() && self.faults.len() == before {
                let span = self.at(entry.value);
                let title = format!("`{}` of the matrix has no values", entry.name());
                self.fault(Diagnostic::error("empty", title, span, "no combination"));
            }
            matrix.insert(entry.name().to_owned(), values);
        }
        let number = matrix.values().map(Vec::len).try_fold(1_usize, usize::checked_mul);
        if let Some(entry) = entry
            && number.is_none_or(|number| number > MOST_COMBINATIONS)
        {
            let span = self.at(entry.value);
            let title = format!("the matrix has more than {MOST_COMBINATIONS} combinations");
            self.fault(Diagnostic::error("too-many", title, span, "too many"));
            matrix.clear();
        }
        matrix
    }

    fn aliases(&mut self, entry: Option<Entry<'f>>) -> Vec<String> {
        let mut aliases = Vec::new();
        for alias in self.texts(entry) {
            self.check_task_name(&alias.value, alias.span);
            aliases.push(format!("{}{}", self.file.prefix, alias.value));
        }
        aliases
    }

    /// A table of variables of the environment.
    pub(super) fn env(&mut self, entry: Option<Entry<'f>>, scope: Scope<'_>) -> IndexMap<String, Template> {
        let mut env = IndexMap::new();
        for entry in self.section_or_table(entry) {
            let span = self.key(entry);
            self.check_variable(entry.name(), span);
            if let Some(value) = self.template(Subject::Key(entry.name()), entry.value, scope) {
                env.insert(entry.name().to_owned(), value);
            }
        }
        env
    }

    /// Commands see arguments as variables too: one name can't have two values.
    fn check_env_beside_arguments(&mut self, env: Option<Entry<'f>>, arguments: &[Argument]) {
        let Some(table) = env.and_then(|env| env.value.get_ref().as_table()) else { return };
        for argument in arguments {
            let variable = argument.variable();
            if let Some((key, _)) = table.get_key_value(variable.as_str()) {
                let span = self.span(key.span());
                self.fault(
                    Diagnostic::error(
                        "duplicate-name",
                        format!("`${variable}` is an argument of the task already"),
                        span,
                        "set again",
                    )
                    .also(argument.span, "the argument")
                    .help("choose another name for one of them"),
                );
            }
        }
    }

    /// The entries of a table that is a key's value.
    pub(super) fn section_or_table(&mut self, entry: Option<Entry<'f>>) -> Vec<Entry<'f>> {
        let Some(entry) = entry else { return Vec::new() };
        let table = self.table(Subject::Key(entry.name()), entry.value);
        table.map(Self::entries).unwrap_or_default()
    }

    fn confirm(&mut self, entry: Entry<'f>) -> Option<Confirm> {
        match entry.value.get_ref() {
            DeValue::String(_) => Some(Confirm { text: self.text(entry)?, word: None }),
            DeValue::Table(table) => {
                let [text, word] = self.fields(table, Subject::Plain("`confirm`"), ["text", "type"]);
                let word = word.and_then(|entry| self.text(entry));
                let Some(text) = text else {
                    self.missing("`confirm`", "text", entry.value);
                    return None;
                };
                Some(Confirm { text: self.text(text)?, word })
            }
            _ => {
                self.wrong_type(
                    Subject::Key("confirm"),
                    "a string, the question, or a table `{ text = \"…\" }`",
                    entry.value,
                );
                None
            }
        }
    }
}
