//! From trees to the model: one file for each table, every fault at once.
//!
//! A decoder never stops at a fault: it reports it, leaves the value out and goes on. What it returns is complete only if it
//! reported nothing. Names are resolved here, against `Names`; what needs the decoded whole (cycles, secrets, the arguments
//! of calls) is left to `check`.
//!
//! Decoded by hand rather than by serde: serde stops at the first fault of a table, and its errors know neither near names
//! nor the tables of a person's other tools.

mod argument;
mod command;
mod deploy;
mod environment;
mod healthcheck;
mod hole;
mod literal;
mod name;
mod number;
mod project;
mod reader;
mod resolve;
mod rollout;
mod rules;
mod script;
mod secret;
mod sources;
mod task;
mod template;
mod variable;
mod workspace;

use std::path::Path;

use indexmap::IndexMap;
use toml::de::{DeTable, DeValue};

use self::reader::{Entry, Reader, Subject};
use self::template::Scope;
use super::Model;
use super::files::File;
use super::foreign::MISE_SECTIONS;
use super::names::Names;
use super::project::Variable;
use crate::diagnostic::Diagnostic;
use crate::text::{list, suggest};

/// The sections of the main file.
const SECTIONS: [&str; 14] = [
    "project",
    "vars",
    "env",
    "include",
    "tasks",
    "env_files",
    "environments",
    "terraform",
    "workspaces",
    "secrets",
    "forge",
    "databases",
    "rollout",
    "pools",
];

/// Those that an included file may have.
const INCLUDED_SECTIONS: [&str; 4] = ["vars", "env", "include", "tasks"];

/// The model of all files; `main` is the tasks file, absolute. Sources and warnings are the caller's to add.
pub(super) fn decode(main: &Path, files: &[File<'_>], names: &Names, faults: &mut Vec<Diagnostic>) -> Model {
    let root = main.parent().unwrap_or(Path::new("")).to_owned();
    let folder_name = root.file_name().map_or_else(|| "project".into(), |name| name.to_string_lossy());
    let mut model = Model {
        file: main.to_owned(),
        root: root.clone(),
        sources: Default::default(),
        warnings: Vec::new(),
        project: crate::model::Project {
            name: String::new(),
            shipway: None,
            dotenv: Vec::new(),
            default_environment: None,
        },
        variables: IndexMap::new(),
        env: IndexMap::new(),
        tasks: IndexMap::new(),
        env_files: IndexMap::new(),
        environments: IndexMap::new(),
        terraform: super::TerraformSettings {
            root: Default::default(),
            lock_timeout: Default::default(),
            engine: Default::default(),
            retry: Default::default(),
            retry_on: Vec::new(),
        },
        workspaces: IndexMap::new(),
        secrets: IndexMap::new(),
        forge: None,
        databases: IndexMap::new(),
        pools: IndexMap::new(),
        rollout: None,
    };
    let mut given = Vec::new();
    for file in files {
        let mut reader = Reader { file, names, faults };
        let sections = reader.sections(&file.table);
        let [project, vars, env, include, tasks, sections @ ..] = sections;
        let [env_files, environments, terraform, workspaces, secrets, forge, databases, sections @ ..] =
            sections;
        let [rollout, pools] = sections;
        model.variables.extend(reader.variables(vars).into_iter().map(|each| (each.name.clone(), each)));
        let env = reader.env(env, Scope::GLOBAL);
        given.extend(reader.includes(include));
        let inherited = if file.is_main() { IndexMap::new() } else { env.clone() };
        reader.tasks(tasks, &inherited, &mut model.tasks);
        if file.is_main() {
            model.project = reader.project(project, &folder_name);
            model.env = env;
            model.env_files = named(reader.env_files(env_files), |each| &each.name);
            model.environments = named(reader.environments(environments), |each| &each.name);
            model.terraform = reader.terraform(terraform);
            model.workspaces = named(reader.workspaces(workspaces, &model.terraform), |each| &each.name);
            let (secrets, variables) = reader.secrets(secrets);
            model.secrets = named(secrets, |each| &each.name);
            model.variables.extend(variables.into_iter().map(|each| (each.name.clone(), each)));
            model.forge = forge.and_then(|entry| reader.forge(entry));
            model.databases = named(reader.databases(databases), |each| &each.name);
            model.pools = reader.pools(pools);
            model.rollout = rollout.and_then(|entry| reader.rollout(entry));
        }
    }
    // Whoever includes a file has the last word on its variables; of two of them, the outer one.
    for variable in given.into_iter().rev() {
        if let Some(own) = model.variables.get_mut(&variable.name) {
            let secret = own.secret || variable.secret;
            *own = Variable { span: own.span, secret, ..variable };
        }
    }
    model
}

fn named<T>(items: Vec<T>, name: impl Fn(&T) -> &String) -> IndexMap<String, T> {
    items.into_iter().map(|item| (name(&item).clone(), item)).collect()
}

impl<'f> Reader<'f, '_> {
    /// The sections of a file that it may have; the others are reported.
    fn sections(&mut self, table: &'f DeTable<'f>) -> [Option<Entry<'f>>; 14] {
        let mut found = [None; 14];
        let mut is_mise = false;
        for (key, value) in table {
            let entry = Entry { key, value };
            let index = SECTIONS.iter().position(|known| *known == entry.name());
            match index {
                Some(index) if self.file.is_main() || INCLUDED_SECTIONS.contains(&entry.name()) => {
                    found[index] = Some(entry);
                }
                Some(_) => {
                    let span = self.key(entry);
                    self.fault(
                        Diagnostic::error(
                            "section-not-allowed",
                            format!("an included file can't have `[{}]`", entry.name()),
                            span,
                            "only in the main file",
                        )
                        .help(format!("it may have {}", list::and_ticked(&INCLUDED_SECTIONS))),
                    );
                }
                None => self.unknown_section(entry, &mut is_mise),
            }
        }
        found
    }

    fn unknown_section(&mut self, entry: Entry<'f>, is_mise: &mut bool) {
        let name = entry.name();
        let span = self.key(entry);
        let runs = |entry: Entry<'_>| {
            entry.value.get_ref().as_table().is_some_and(|table| table.contains_key("run"))
        };
        if MISE_SECTIONS.contains(&name) {
            // Once is enough to say whose file it is.
            if !std::mem::replace(is_mise, true) {
                self.fault(
                    Diagnostic::error(
                        "mise-shape",
                        format!("`{name}` belongs to mise's file"),
                        span,
                        "not Shipway's",
                    )
                    .note("Shipway has tasks as mise has them, but installs no tools and has no settings")
                    .help("name Shipway's file with `-f FILE`, or move the tasks into a `tasks.toml`"),
                );
            }
            return;
        }
        if runs(entry) && name != "task" {
            self.fault(
                Diagnostic::error(
                    "mise-shape",
                    format!("`[{name}]` looks like a task"),
                    span,
                    "unknown section",
                )
                .note("in the task files that mise includes, tasks stand without `tasks.`; here they don't")
                .help(format!("write `[tasks.{name}]`")),
            );
            return;
        }
        let is_table = matches!(entry.value.get_ref(), DeValue::Table(_));
        let shown = if is_table { format!("`[{name}]`") } else { format!("`{name}`") };
        let diagnostic = Diagnostic::error(
            "unknown-key",
            format!("the tasks file has no section {shown}"),
            span,
            "unknown section",
        );
        let valid = format!("its sections are {}", list::and_ticked(&SECTIONS));
        let later = reader::LATER_KEYS.contains(&name);
        let diagnostic = match suggest::nearest(name, SECTIONS) {
            _ if later => diagnostic
                .note(format!("`{name}` belongs to a later version; this is {}", env!("CARGO_PKG_VERSION")))
                .help(valid),
            Some(near) => diagnostic.help(format!("did you mean `[{near}]`?")),
            None => diagnostic.help(valid),
        };
        self.fault(diagnostic);
    }

    /// `[pools]`.
    fn pools(&mut self, entry: Option<Entry<'f>>) -> IndexMap<String, usize> {
        let mut pools = IndexMap::new();
        for entry in self.section(entry) {
            self.check_name("a pool", entry);
            let places = self.whole_number(entry.name(), entry.value, 1..=u32::MAX);
            // A wrong number was told; the pool is there all the same.
            pools.insert(entry.name().to_owned(), places.unwrap_or(1) as usize);
        }
        pools
    }

    /// `[include]`: the files were read before; here its entries are checked.
    ///
    /// Gives the variables that they are given.
    fn includes(&mut self, entry: Option<Entry<'f>>) -> Vec<Variable> {
        let mut given = Vec::new();
        for entry in self.section(entry) {
            self.check_name("an included file", entry);
            let DeValue::Table(table) = entry.value.get_ref() else {
                self.text(entry);
                continue;
            };
            let owner = Subject::Named("include", entry.name());
            let before = self.faults.len();
            let [path, optional, vars] = self.fields(table, owner, ["path", "optional", "vars"]);
            match path {
                Some(path) => drop(self.text(path)),
                None if self.faults.len() == before => self.missing(owner, "path", entry.value),
                None => {}
            }
            let is_optional = optional.and_then(|entry| self.boolean(entry)).unwrap_or_default();
            let prefix = format!("{}{}:", self.file.prefix, entry.name());
            // One that is absent has no names at all.
            let is_there = self.names.has_prefix(&prefix);
            let mut variables = self.given_variables(vars, &prefix);
            variables.retain(|variable| {
                let is_known = self.names.variables.contains_key(&variable.name);
                if !is_known && (is_there || !is_optional) {
                    let name = variable.name.strip_prefix(&prefix).unwrap_or(&variable.name);
                    let title = format!("the included file has no variable `{name}`");
                    let diagnostic =
                        Diagnostic::error("unknown-variable", title, variable.span, "unknown variable");
                    let known = self.names.variables.keys().filter_map(|it| it.strip_prefix(&prefix));
                    let diagnostic = match suggest::nearest(name, known) {
                        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                        None => diagnostic,
                    };
                    self.faults.push(diagnostic);
                }
                is_known
            });
            given.extend(variables);
        }
        given
    }
}
