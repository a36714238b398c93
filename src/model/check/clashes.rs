//! Names that two things have.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::model::Model;
use crate::model::names::Names;
use crate::model::workspace::WORKSPACE_VERBS;

/// Reports tasks and aliases whose name another task, alias or workspace has.
pub(super) fn check(model: &Model, names: &Names, faults: &mut Vec<Diagnostic>) {
    for task in model.tasks.values() {
        faults.extend(generated("the task", &task.name, task.span, model));
    }
    let mut seen: HashMap<&str, Span> = HashMap::with_capacity(names.alias_places.len());
    for place in &names.alias_places {
        faults.extend(generated("the alias", &place.alias, place.span, model));
        let other = names.tasks.get(&place.alias).or_else(|| seen.get(place.alias.as_str()));
        if let Some(other) = other {
            let title = if place.alias == place.task {
                format!("`{}` is the task's own name", place.alias)
            } else {
                format!("the alias `{}` is taken", place.alias)
            };
            faults.push(
                Diagnostic::error("duplicate-name", title, place.span, "defined again")
                    .also(*other, "first defined here"),
            );
        } else {
            seen.insert(&place.alias, place.span);
        }
    }
}

/// A fault if a workspace makes a task of this name.
fn generated(noun: &str, name: &str, span: Span, model: &Model) -> Option<Diagnostic> {
    let (verb, of) = name.split_once('-')?;
    if !WORKSPACE_VERBS.contains(&verb) {
        return None;
    }
    let (workspace, made_by) = match model.workspaces.get(of) {
        Some(workspace) => (workspace, format!("workspace `{of}` makes a task `{name}`")),
        None if of == "all" => {
            (model.workspaces.values().next()?, format!("workspaces make a task `{name}`"))
        }
        None => return None,
    };
    Some(
        Diagnostic::error(
            "duplicate-name",
            format!("{noun} `{name}` has the name of a generated one"),
            span,
            "defined again",
        )
        .also(workspace.span, made_by)
        .help("rename it"),
    )
}
