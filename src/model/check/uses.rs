//! Every `{{ }}` of the model with the kind of place that it stands in.

use indexmap::IndexMap;

use crate::model::Model;
use crate::model::expression::{Hole, Part, Template};
use crate::model::project::{Binding, Dotenv, Variable};
use crate::model::rollout::{Deploy, DeployTarget, Rollout};
use crate::model::script::{Script, ScriptPart};
use crate::model::task::{Call, Command, Task};
use crate::model::workspace::{Dependency, Workspace};

/// The kind of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model) enum Spot {
    /// A command line: a script or an `exec`.
    Command,
    /// The same in a hook that runs while its workspace is applied, so that its own outputs can be read.
    LateCommand,
    /// The command that a variable's value comes from.
    VariableCommand,
    /// An argument of another task, and so sooner or later a command line.
    Argument,
    /// A path or an address that is shown: the key.
    Path(&'static str),
    /// A link of a workspace: shown, and after its apply.
    Link,
    /// A variable of the environment, or a value that travels in a private file.
    Private,
}

/// One `{{ }}` with its place.
#[derive(Clone, Copy)]
pub(in crate::model) struct Use<'m> {
    /// The hole.
    pub(in crate::model) hole: &'m Hole,
    /// Where it stands.
    pub(in crate::model) spot: Spot,
}

/// Those of a task's own table.
pub(in crate::model) fn of_task(task: &Task) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    task.depends.iter().chain(&task.depends_post).for_each(|call| of_call(call, &mut uses));
    task.rules.scripts().for_each(|script| of_script(script, Spot::Command, &mut uses));
    task.dir.iter().for_each(|dir| of_template(dir, Spot::Path("dir"), &mut uses));
    of_env(&task.env, &mut uses);
    of_dotenv(&task.dotenv, &mut uses);
    task.tracking.sources.iter().for_each(|source| of_template(source, Spot::Path("sources"), &mut uses));
    task.tracking.outputs.iter().for_each(|output| of_template(output, Spot::Path("outputs"), &mut uses));
    task.run.iter().chain(&task.finally).for_each(|command| of_command(command, Spot::Command, &mut uses));
    uses
}

/// All those that stand in no task.
pub(in crate::model) fn outside_of_tasks(model: &Model) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    of_env(&model.env, &mut uses);
    of_dotenv(&model.project.dotenv, &mut uses);
    uses.extend(model.variables.values().flat_map(of_variable));
    uses.extend(model.workspaces.values().flat_map(of_workspace));
    let deploys = model.environments.values().filter_map(|each| each.deploy.as_ref());
    uses.extend(deploys.flat_map(of_deploy));
    uses.extend(model.rollout.iter().flat_map(of_rollout));
    uses
}

/// Those of a workspace's own table.
pub(super) fn of_workspace(workspace: &Workspace) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    for dependency in &workspace.depends {
        if let Dependency::Task(call) = dependency {
            of_call(call, &mut uses);
        }
    }
    for value in workspace.vars.values().chain(workspace.backend_config.values()) {
        value.templates().into_iter().for_each(|template| of_template(template, Spot::Private, &mut uses));
    }
    of_env(&workspace.env, &mut uses);
    for command in workspace.before_init.iter().chain(&workspace.before_apply).chain(&workspace.after_destroy)
    {
        of_command(command, Spot::Command, &mut uses);
    }
    for command in workspace.after_apply.iter().chain(&workspace.before_destroy) {
        of_command(command, Spot::LateCommand, &mut uses);
    }
    workspace.links.iter().for_each(|link| of_template(link, Spot::Link, &mut uses));
    uses
}

/// Those of a variable.
pub(super) fn of_variable(variable: &Variable) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    match &variable.binding {
        Binding::Text(template) => of_template(template, Spot::Private, &mut uses),
        Binding::Shell(script) => of_script(script, Spot::VariableCommand, &mut uses),
        Binding::Literal(_) | Binding::Environment { .. } | Binding::File(_) | Binding::Prompt { .. } => {}
    }
    uses
}

/// Those of an environment's deployment.
pub(super) fn of_deploy(deploy: &Deploy) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    match &deploy.target {
        DeployTarget::Server { address, ssh_key, .. } => {
            of_template(address, Spot::Path("server"), &mut uses);
            ssh_key.iter().for_each(|key| of_template(key, Spot::Private, &mut uses));
        }
        DeployTarget::Task(call) => of_call(call, &mut uses),
    }
    uses
}

/// Those of the roll-out.
pub(super) fn of_rollout(rollout: &Rollout) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    rollout.calls().for_each(|call| of_call(call, &mut uses));
    uses
}

/// Those of a table of variables of the environment.
pub(super) fn of_env<'m>(env: &'m IndexMap<String, Template>, uses: &mut Vec<Use<'m>>) {
    env.values().for_each(|value| of_template(value, Spot::Private, uses));
}

/// Those of a `dotenv` list.
pub(super) fn of_dotenv<'m>(dotenv: &'m [Dotenv], uses: &mut Vec<Use<'m>>) {
    dotenv.iter().for_each(|file| of_template(&file.path, Spot::Path("dotenv"), uses));
}

fn of_call<'m>(call: &'m Call, uses: &mut Vec<Use<'m>>) {
    call.args.iter().for_each(|argument| of_template(argument, Spot::Argument, uses));
}

fn of_command<'m>(command: &'m Command, spot: Spot, uses: &mut Vec<Use<'m>>) {
    match command {
        Command::Shell(script) => of_script(script, spot, uses),
        Command::Exec(words) => words.iter().for_each(|word| of_template(word, spot, uses)),
        Command::Task(call) => of_call(call, uses),
    }
}

fn of_script<'m>(script: &'m Script, spot: Spot, uses: &mut Vec<Use<'m>>) {
    uses.extend(script.parts.iter().filter_map(|part| match part {
        ScriptPart::Hole(hole, _) => Some(Use { hole, spot }),
        ScriptPart::Text(_) => None,
    }));
}

fn of_template<'m>(template: &'m Template, spot: Spot, uses: &mut Vec<Use<'m>>) {
    uses.extend(template.parts.iter().filter_map(|part| match part {
        Part::Hole(hole) => Some(Use { hole, spot }),
        Part::Text(_) => None,
    }));
}
