//! Secrets may not be where others can see them.
//!
//! A command line can be read by every user of the machine (`ps`), a path or a link is shown. The environment of a process
//! and a private file can't.

use super::uses::{Spot, Use, of_deploy, of_dotenv, of_env, of_rollout, of_task, of_variable, of_workspace};
use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::model::expression::Reference;
use crate::model::secret::shown;

/// Marks as secret every variable whose text holds a secret.
pub(super) fn spread(model: &mut Model) {
    let secret = reaching(model, |reference| matches!(reference, Reference::EnvFileMap { .. }), true);
    for (variable, secret) in model.variables.values_mut().zip(secret) {
        variable.secret |= secret;
    }
}

/// Reports secrets in the open, and outputs in what every command gets.
pub(super) fn check(model: &Model, faults: &mut Vec<Diagnostic>) {
    let mut global = Vec::new();
    of_env(&model.env, &mut global);
    of_dotenv(&model.project.dotenv, &mut global);
    let variables = model.variables.values().flat_map(of_variable);
    let tasks = model.tasks.values().flat_map(of_task);
    let workspaces = model.workspaces.values().flat_map(of_workspace);
    let deploys = model.environments.values().filter_map(|each| each.deploy.as_ref()).flat_map(of_deploy);
    let places = workspaces.chain(deploys).chain(model.rollout.iter().flat_map(of_rollout));
    for each in global.iter().copied().chain(variables).chain(tasks).chain(places) {
        faults.extend(in_the_open(&each, model));
    }
    // Walked only if there is something to find.
    if !global.is_empty() {
        let reads = reaching(model, |reference| matches!(reference, Reference::Output { .. }), false);
        for each in global {
            let is_output = match &each.hole.reference {
                Reference::Output { .. } => true,
                Reference::Variable(name) => {
                    model.variables.get_index_of(name).is_some_and(|index| reads.get(index) == Some(&true))
                }
                _ => false,
            };
            if is_output {
                faults.push(
                    Diagnostic::error(
                        "output-too-early",
                        "every command needs this, also those that make the output",
                        each.hole.span,
                        "reads an output of a workspace",
                    )
                    .help("set it in the `env` of the tasks that need it"),
                );
            }
        }
    }
}

fn in_the_open(each: &Use<'_>, model: &Model) -> Option<Diagnostic> {
    let name = match &each.hole.reference {
        Reference::Variable(name) if model.variables.get(name)?.secret => shown(name),
        Reference::EnvFileMap { environment } => format!("environments.{environment}.env_file_map"),
        _ => return None,
    };
    let span = each.hole.span;
    match each.spot {
        Spot::Private => None,
        Spot::Command | Spot::LateCommand => Some(exposed(&name, each).help(format!(
            "hand it over in the environment: `env = {{ NAME = \"{{{{ {name} }}}}\" }}`, then `$NAME`"
        ))),
        Spot::VariableCommand => Some(exposed(&name, each).help(format!(
            "hand it over in the environment: `NAME = \"{{{{ {name} }}}}\"` in `[env]`, then `$NAME`"
        ))),
        Spot::Argument => Some(
            exposed(&name, each)
                .help(format!("let that task name it itself: `env = {{ NAME = \"{{{{ {name} }}}}\" }}`")),
        ),
        Spot::Path(key) => Some(Diagnostic::error(
            "secret-not-allowed",
            format!("the secret `{name}` would be shown"),
            span,
            format!("`{key}` is no place for a secret"),
        )),
        Spot::Link => Some(Diagnostic::error(
            "secret-not-allowed",
            format!("the secret `{name}` would be shown"),
            span,
            "a link is printed",
        )),
    }
}

fn exposed(name: &str, each: &Use<'_>) -> Diagnostic {
    Diagnostic::error(
        "secret-in-command",
        format!("the secret `{name}` would stand on a command line"),
        each.hole.span,
        "others can read it there",
    )
}

/// For each variable, by index: whether it, or a variable that it needs, refers to something that `wanted` says, or with
/// `or_secret` is declared secret.
fn reaching(model: &Model, wanted: impl Fn(&Reference) -> bool, or_secret: bool) -> Vec<bool> {
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); model.variables.len()];
    let mut reached = vec![false; model.variables.len()];
    let mut pending = Vec::new();
    for (index, variable) in model.variables.values().enumerate() {
        let uses = of_variable(variable);
        for each in &uses {
            if let Reference::Variable(name) = &each.hole.reference
                && let Some(needed) = model.variables.get_index_of(name)
            {
                needed_by[needed].push(index);
            }
        }
        if (or_secret && variable.secret) || uses.iter().any(|each| wanted(&each.hole.reference)) {
            reached[index] = true;
            pending.push(index);
        }
    }
    while let Some(index) = pending.pop() {
        for user in &needed_by[index] {
            if !std::mem::replace(&mut reached[*user], true) {
                pending.push(*user);
            }
        }
    }
    reached
}
