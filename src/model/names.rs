//! All names that a tasks file and its includes define, before anything is decoded.
//!
//! So a reference is resolved where it is read, whatever the order in the file, and its error stands among the others of its
//! table.

use std::cell::Cell;
use std::collections::HashMap;

use toml::de::{DeTable, DeValue};

use super::files::File;
use crate::diagnostic::Span;
use crate::text::{suggest, wildcard};

/// Where each name is defined.
pub(super) struct Names {
    /// `[vars]`, with prefixes.
    pub(super) variables: HashMap<String, Span>,
    /// `[tasks]`, with prefixes.
    pub(super) tasks: HashMap<String, Span>,
    /// Aliases with prefixes → the index of their place; the first of two that clash.
    aliases: HashMap<String, usize>,
    /// Every alias as it is written, in the order of the files.
    pub(super) alias_places: Vec<AliasPlace>,
    /// `[workspaces]`.
    pub(super) workspaces: HashMap<String, Span>,
    /// `[environments]`.
    pub(super) environments: HashMap<String, Span>,
    /// `[env_files]`.
    pub(super) env_files: HashMap<String, Span>,
    /// `[secrets]`, with whether it is one value for all.
    pub(super) secrets: HashMap<String, bool>,
    /// `[databases]`.
    pub(super) databases: HashMap<String, Span>,
    /// Looking for a near name walks all names: a file with thousands of wrong ones must not take minutes.
    comparisons_left: Cell<usize>,
}

/// One alias.
pub(super) struct AliasPlace {
    /// With the prefix of its file.
    pub(super) alias: String,
    /// The task's name in full.
    pub(super) task: String,
    /// Where it stands.
    pub(super) span: Span,
}

/// Enough for some dozen wrong names in a file of ten thousand, and less than a tenth of a second.
const COMPARISONS: usize = 300_000;

impl Names {
    /// Collects the names of all files. What is malformed is left to `decode`.
    pub(super) fn gather(files: &[File<'_>]) -> Self {
        let mut names = Self {
            variables: HashMap::new(),
            tasks: HashMap::new(),
            aliases: HashMap::new(),
            alias_places: Vec::new(),
            workspaces: HashMap::new(),
            environments: HashMap::new(),
            env_files: HashMap::new(),
            secrets: HashMap::new(),
            databases: HashMap::new(),
            comparisons_left: Cell::new(COMPARISONS),
        };
        for file in files {
            collect(file, "vars", &mut names.variables);
            collect(file, "tasks", &mut names.tasks);
            if file.is_main() {
                collect(file, "workspaces", &mut names.workspaces);
                collect(file, "environments", &mut names.environments);
                collect(file, "env_files", &mut names.env_files);
                let secrets = section(file, "secrets").into_iter().flatten();
                names.secrets.extend(secrets.map(|(name, value)| {
                    let is_one = value.get_ref().as_table().is_some_and(|table| table.contains_key("value"));
                    (name.get_ref().to_string(), is_one)
                }));
                collect(file, "databases", &mut names.databases);
            }
        }
        for file in files {
            names.collect_aliases(file);
        }
        names
    }

    fn collect_aliases(&mut self, file: &File<'_>) {
        for (task, value) in section(file, "tasks").into_iter().flatten() {
            let Some(alias) = value.get_ref().as_table().and_then(|table| table.get("alias")) else {
                continue;
            };
            let nodes: Vec<&toml::Spanned<DeValue<'_>>> = match alias.get_ref() {
                DeValue::Array(items) => items.iter().collect(),
                _ => vec![alias],
            };
            for node in nodes {
                let Some(text) = node.get_ref().as_str() else { continue };
                let alias = format!("{}{text}", file.prefix);
                let task = format!("{}{}", file.prefix, task.get_ref());
                self.aliases.entry(alias.clone()).or_insert(self.alias_places.len());
                self.alias_places.push(AliasPlace { alias, task, span: file.span(node.span()) });
            }
        }
    }

    /// Whether the file of this prefix is there and has a name.
    pub(super) fn has_prefix(&self, prefix: &str) -> bool {
        self.variables.keys().chain(self.tasks.keys()).any(|name| name.starts_with(prefix))
    }

    /// The full name of the variable that `name` means in the file of `prefix`.
    pub(super) fn variable(&self, prefix: &str, name: &str) -> Option<String> {
        nearest_file(prefix, name, |full| self.variables.contains_key(full).then(|| full.to_owned()))
    }

    /// The full name of the task that `name`, a name or an alias, means in the file of `prefix`.
    pub(super) fn task(&self, prefix: &str, name: &str) -> Option<String> {
        nearest_file(prefix, name, |full| {
            if self.tasks.contains_key(full) {
                Some(full.to_owned())
            } else {
                self.aliases
                    .get(full)
                    .and_then(|index| self.alias_places.get(*index))
                    .map(|place| place.task.clone())
            }
        })
    }

    /// The full names that a pattern means in the file of `prefix`, in their order.
    pub(super) fn tasks_like(&self, prefix: &str, pattern: &str) -> Vec<String> {
        let found = nearest_file(prefix, pattern, |full| {
            let mut found: Vec<(&Span, &String)> = self
                .tasks
                .iter()
                .filter(|(name, _)| wildcard::fits(full, name))
                .map(|(name, span)| (span, name))
                .collect();
            found.sort_unstable();
            (!found.is_empty()).then(|| found.into_iter().map(|(_, name)| name.clone()).collect())
        });
        found.unwrap_or_default()
    }

    /// Every name and alias of a task.
    pub(super) fn task_names(&self) -> impl Iterator<Item = &String> {
        self.tasks.keys().chain(self.aliases.keys())
    }

    /// The name of `candidates` nearest to `name`. Names of the file's own prefix are compared without it.
    pub(super) fn nearest<'n>(
        &self,
        prefix: &str,
        name: &str,
        candidates: impl IntoIterator<Item = &'n String>,
    ) -> Option<&'n str> {
        let left = self.comparisons_left.get();
        if left == 0 {
            return None;
        }
        // Sorted, so that of two equally near names the same one is named each time.
        let mut candidates: Vec<&str> =
            candidates.into_iter().map(|full| full.strip_prefix(prefix).unwrap_or(full)).collect();
        self.comparisons_left.set(left.saturating_sub(candidates.len()));
        candidates.sort_unstable();
        // The same name in an included file is nearer than any other.
        let is_included =
            |candidate: &&&str| candidate.strip_suffix(name).is_some_and(|prefix| prefix.ends_with(':'));
        if let Some(included) = candidates.iter().find(is_included) {
            return Some(included);
        }
        suggest::nearest(name, candidates)
    }
}

/// Tries `name` in the file of `prefix`, then in the one that includes it, up to the main file.
fn nearest_file<T>(prefix: &str, name: &str, find: impl Fn(&str) -> Option<T>) -> Option<T> {
    let mut prefix = prefix;
    while !prefix.is_empty() {
        if let Some(found) = find(&format!("{prefix}{name}")) {
            return Some(found);
        }
        let outer = prefix.trim_end_matches(':').rfind(':').map_or(0, |colon| colon + 1);
        prefix = &prefix[..outer];
    }
    find(name)
}

fn collect(file: &File<'_>, name: &str, into: &mut HashMap<String, Span>) {
    let Some(table) = section(file, name) else { return };
    into.reserve(table.len());
    for (key, _) in table {
        into.entry(format!("{}{}", file.prefix, key.get_ref())).or_insert_with(|| file.span(key.span()));
    }
}

fn section<'f>(file: &'f File<'_>, name: &str) -> Option<&'f DeTable<'f>> {
    match file.table.get(name)?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}
