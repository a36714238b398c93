//! Whether what is read of a task is among what it hands on, and whether that task can be run by itself.

use super::uses::{Use, of_deploy, of_dotenv, of_env, of_rollout, of_task, of_variable, of_workspace};
use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::model::expression::Reference;
use crate::text::suggest;

/// Reports exports that no task has.
pub(super) fn check(model: &Model, faults: &mut Vec<Diagnostic>) {
    let mut global = Vec::new();
    of_env(&model.env, &mut global);
    of_dotenv(&model.project.dotenv, &mut global);
    for each in &global {
        if matches!(each.hole.reference, Reference::Export { .. }) {
            faults.push(
                Diagnostic::error(
                    "export-too-early",
                    "every command needs this, also those of the task that hands it on",
                    each.hole.span,
                    "reads what a task exports",
                )
                .help("set it in the `env` of the tasks that need it"),
            );
        }
    }
    let uses = model
        .variables
        .values()
        .flat_map(of_variable)
        .chain(model.tasks.values().flat_map(of_task))
        .chain(model.workspaces.values().flat_map(of_workspace))
        .chain(model.environments.values().filter_map(|each| each.deploy.as_ref()).flat_map(of_deploy))
        .chain(model.rollout.iter().flat_map(of_rollout));
    faults.extend(uses.filter_map(|each| fault(&each, model)));
}

fn fault(each: &Use<'_>, model: &Model) -> Option<Diagnostic> {
    let Reference::Export { task: name, export } = &each.hole.reference else { return None };
    let task = model.tasks.get(name)?;
    let names: Vec<&str> = task.exports.iter().map(|name| name.value.as_str()).collect();
    if !names.contains(&export.as_str()) {
        let title = format!("the task `{name}` does not hand on `{export}`");
        let diagnostic = Diagnostic::error("unknown-export", title, each.hole.span, "unknown export");
        return Some(match suggest::nearest(export, names.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `tasks.{name}.{near}`?")),
            None => diagnostic.help(format!("declare it: `exports = [\"{export}\"]` in [tasks.{name}]")),
        });
    }
    let needed = task.args.iter().find(|argument| argument.default().is_none());
    let why = match needed {
        Some(argument) => format!("it needs the argument `{}`", argument.name),
        None if !task.matrix.is_empty() => "it runs once for each combination of its matrix".to_owned(),
        None => return None,
    };
    let title = format!("the task `{name}` can't be run for its exports alone");
    Some(Diagnostic::error("unknown-export", title, each.hole.span, "pulls it in").note(why))
}
