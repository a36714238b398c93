//! Who refers to what: the references of each part of the model, variables followed.

use std::collections::{BTreeMap, BTreeSet};

use super::Model;
use super::expression::{Reference, Template};
use super::rollout::{Deploy, DeployTarget};
use super::task::{Command, Task};
use super::workspace::{VarValue, Workspace};

/// Names of outputs, by workspace.
pub type Outputs = BTreeMap<String, BTreeSet<String>>;

impl Model {
    /// The outputs among `references`, and among what their variables refer to.
    pub fn outputs_among<'a>(&'a self, references: impl IntoIterator<Item = &'a Reference>) -> Outputs {
        let mut found = Outputs::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&Reference> = references.into_iter().collect();
        while let Some(reference) = open.pop() {
            match reference {
                Reference::Output { workspace, output } => {
                    found.entry(workspace.clone()).or_default().insert(output.clone());
                }
                Reference::Variable(name) if seen.insert(name) => {
                    let variable = self.variables.get(name);
                    open.extend(variable.map(|it| it.binding.references()).unwrap_or_default());
                }
                _ => {}
            }
        }
        found
    }

    /// The tasks whose exports are among `references`, and among what their variables refer to.
    pub fn exporters_among<'a>(
        &'a self,
        references: impl IntoIterator<Item = &'a Reference>,
    ) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&Reference> = references.into_iter().collect();
        while let Some(reference) = open.pop() {
            match reference {
                Reference::Export { task, .. } => {
                    found.insert(task.clone());
                }
                Reference::Variable(name) if seen.insert(name) => {
                    let variable = self.variables.get(name);
                    open.extend(variable.map(|it| it.binding.references()).unwrap_or_default());
                }
                _ => {}
            }
        }
        found
    }

    /// Every output that the file refers to anywhere.
    pub fn all_outputs(&self) -> Outputs {
        let tasks = self.tasks.values().flat_map(Task::references);
        let workspaces = self.workspaces.values().flat_map(Workspace::references);
        let deploys = self.environments.values().filter_map(|environment| environment.deploy.as_ref());
        let places = workspaces.chain(deploys.flat_map(Deploy::references));
        let secrets =
            self.variables.values().filter(|it| !it.can_be_given()).flat_map(|it| it.binding.references());
        self.outputs_among(tasks.chain(places).chain(secrets).chain(self.command_references()))
    }

    /// The env file maps and secrets among what a workspace's values refer to, variables followed.
    pub fn secrets_of(&self, workspace: &Workspace) -> BTreeSet<Reference> {
        let mut found = BTreeSet::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&Reference> = workspace.values().collect();
        while let Some(reference) = open.pop() {
            match reference {
                Reference::EnvFileMap { .. } => {
                    found.insert(reference.clone());
                }
                Reference::Variable(name) if seen.insert(name) => {
                    let Some(variable) = self.variables.get(name) else { continue };
                    if !variable.can_be_given() {
                        found.insert(reference.clone());
                    }
                    open.extend(variable.binding.references());
                }
                _ => {}
            }
        }
        found
    }

    /// What every command refers to, whoever runs it: `[env]` and the project's dotenv files.
    pub fn command_references(&self) -> impl Iterator<Item = &Reference> {
        let dotenv = self.project.dotenv.iter().map(|dotenv| &dotenv.path);
        self.env.values().chain(dotenv).flat_map(Template::references)
    }

    /// The workspaces that `workspace` needs: those it names, and those whose outputs it refers to.
    pub fn upstream(&self, workspace: &Workspace) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = workspace.upstream().map(str::to_owned).collect();
        names.extend(self.outputs_among(workspace.values()).into_keys());
        names.remove(&workspace.name);
        names
    }
}

impl Task {
    /// Everything that the task itself refers to.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let dotenv = self.dotenv.iter().map(|dotenv| &dotenv.path);
        let templates = self.env.values().chain(&self.dir).chain(dotenv).chain(self.tracking.patterns());
        let commands = self.run.iter().chain(&self.finally).flat_map(Command::references);
        let rules = self.rules.scripts().flat_map(super::script::Script::references);
        templates.flat_map(Template::references).chain(commands).chain(rules)
    }
}

impl Deploy {
    /// Everything that it refers to.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let (templates, key) = match &self.target {
            DeployTarget::Server { address, ssh_key, .. } => {
                (std::slice::from_ref(address), ssh_key.as_ref())
            }
            DeployTarget::Task(call) => (call.args.as_slice(), None),
        };
        templates.iter().chain(key).flat_map(Template::references)
    }
}

impl Workspace {
    /// What its terraform is given: variables, backend arguments, environment.
    pub fn values(&self) -> impl Iterator<Item = &Reference> {
        let values = self.vars.values().chain(self.backend_config.values()).flat_map(VarValue::templates);
        values.chain(self.env.values()).flat_map(Template::references)
    }

    /// Everything that it refers to.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let hooks = self.hooks().flat_map(Command::references);
        self.values().chain(self.links.iter().flat_map(Template::references)).chain(hooks)
    }
}
