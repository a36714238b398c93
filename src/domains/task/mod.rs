//! Tasks: a task becomes one step, and one question before everything else where it says `confirm`.
//!
//! `arguments` (pure) reads what a task was given; `action` runs its commands.

mod action;
mod arguments;

pub use arguments::{ArgumentFault, read_arguments, usage};

use std::sync::Arc;

use action::{ConfirmAction, TaskAction};

use crate::diagnostic::{Fault, FaultKind};
use crate::model::{Model, Reference, Task, Template};
use crate::os::environment::Environment;
use crate::plan::{Effect, WhenOrphaned};
use crate::run::bindings::{ArgumentValue, Scope};
use crate::run::node::{Invocation, Need, Node};
use crate::run::script;
use crate::text::quote;

/// How names of steps begin that ask a task's `confirm`.
pub const CONFIRM: &str = "confirm:";

/// The name of the step that runs a task: once for each set of arguments.
pub fn step_name(invocation: &Invocation) -> String {
    let mut name = format!("task:{}", invocation.task);
    for (argument, value) in &invocation.scope.args {
        match value {
            ArgumentValue::Absent => {}
            ArgumentValue::Text(text) => name.push_str(&format!(" {argument}={}", quote::shell(text))),
            ArgumentValue::List(items) => {
                for item in items {
                    name.push_str(&format!(" {}", quote::shell(item)));
                }
            }
        }
    }
    name
}

/// The nodes of a task: itself, and its question.
pub fn nodes(
    model: &Arc<Model>,
    environment: &Environment,
    invocation: &Invocation,
) -> Result<Vec<Node>, Fault> {
    let task = find(model, &invocation.task)?;
    let name = step_name(invocation);
    let mut needs = outputs(model, task);
    for call in &task.depends {
        needs.push(Need::Call(call.clone(), invocation.scope.clone()));
    }
    let mut nodes = Vec::new();
    if let Some(confirm) = &task.confirm {
        let confirm_name = format!("{CONFIRM}{}", task.name);
        needs.push(Need::Step(confirm_name.clone()));
        nodes.push(Node {
            name: confirm_name,
            title: format!("confirm {}", task.name),
            needs: Vec::new(),
            after: Vec::new(),
            effect: Effect::Reads,
            when_orphaned: WhenOrphaned::Stop,
            action: Box::new(ConfirmAction { task: task.name.clone(), confirm: confirm.clone() }),
        });
    }
    nodes.push(Node {
        title: name.strip_prefix("task:").unwrap_or(&name).to_owned(),
        name,
        needs,
        after: Vec::new(),
        effect: if task.run.is_empty() { Effect::Reads } else { Effect::Changes },
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(TaskAction {
            model: Arc::clone(model),
            task: task.name.clone(),
            scope: invocation.scope.clone(),
        }),
    });
    Ok(nodes)
}

fn find<'a>(model: &'a Model, name: &str) -> Result<&'a Task, Fault> {
    model.task(name).ok_or_else(|| Fault::new(FaultKind::Bug, format!("there is no task `{name}`")))
}

/// The workspaces whose outputs the task's texts refer to.
fn outputs(model: &Model, task: &Task) -> Vec<Need> {
    let mut workspaces: Vec<&str> = Vec::new();
    let templates = task
        .env
        .values()
        .chain(model.env.values())
        .chain(&task.dir)
        .chain(task.dotenv.iter().chain(&model.project.dotenv).map(|dotenv| &dotenv.path));
    let commands = task.run.iter().chain(&task.finally);
    let mut open: Vec<&Reference> = templates
        .flat_map(Template::references)
        .chain(commands.flat_map(|command| command.references()))
        .collect();
    while let Some(reference) = open.pop() {
        match reference {
            Reference::Output { workspace, .. } if !workspaces.contains(&workspace.as_str()) => {
                workspaces.push(workspace);
            }
            // No cycle of variables is left in a checked model.
            Reference::Variable(name) => {
                open.extend(model.variables.get(name).map(|it| it.binding.references()).unwrap_or_default());
            }
            _ => {}
        }
    }
    workspaces.into_iter().map(|workspace| Need::Outputs(workspace.to_owned())).collect()
}

/// An argument of a dependency. The graph is complete before anything runs, so only what is known by then may stand here.
fn static_text(
    model: &Model,
    environment: &Environment,
    scope: &Scope,
    template: &Template,
) -> Result<String, Fault> {
    script::static_text(model, environment, scope, template).map_err(|reference| {
        let fault = Fault::new(
            FaultKind::File,
            format!(
                "`{{{{ {reference} }}}}` is not known before the run starts, so it can't choose what is run"
            ),
        )
        .hint("pass an argument, or use the value inside the task");
        at(model, template.span, fault)
    })
}

fn at(model: &Model, span: crate::diagnostic::Span, fault: Fault) -> Fault {
    let position = model.sources.position(span);
    fault.at(model.sources.path(span.source).display().to_string(), position.line, position.column)
}
