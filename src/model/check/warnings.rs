//! What is allowed but hardly meant.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::Diagnostic;
use crate::model::Model;

/// Warns of env files that nothing uses, and of workspaces or environments that can't be told apart.
pub(super) fn check(model: &Model, faults: &mut Vec<Diagnostic>) {
    let used: HashSet<&str> = model
        .environments
        .values()
        .flat_map(|environment| environment.env_files.iter().map(|name| name.value.as_str()))
        .collect();
    for env_files in model.env_files.values().filter(|env_files| !used.contains(env_files.name.as_str())) {
        faults.push(
            Diagnostic::warning(
                "unused-env-files",
                format!("no environment uses the env files `{}`", env_files.name),
                env_files.span,
                "not used",
            )
            .help(format!("name them in an environment: `env_files = [\"{}\"]`", env_files.name)),
        );
    }
    let mut folders = HashMap::new();
    for workspace in model.workspaces.values() {
        if let Some(first) = folders.insert(&workspace.dir, workspace) {
            faults.push(
                Diagnostic::warning(
                    "same-folder",
                    format!("the workspaces `{}` and `{}` share a folder", first.name, workspace.name),
                    workspace.span,
                    "the same folder",
                )
                .also(first.span, "as this one")
                .note("what terraform keeps in the folder is then shared too"),
            );
        }
    }
    let mut branches = HashMap::new();
    for environment in model.environments.values() {
        let Some(branch) = &environment.branch else { continue };
        if let Some(first) = branches.insert(branch, environment) {
            faults.push(
                Diagnostic::warning(
                    "same-branch",
                    format!("the branch `{branch}` means both `{}` and `{}`", first.name, environment.name),
                    environment.span,
                    "the same branch",
                )
                .also(first.span, "as this one")
                .note("in CI the branch can't tell them apart"),
            );
        }
    }
}
