//! Model and goals → plan. The only room that knows all domains; commands, and later hooks, servers and watches, use it alike.

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::{Fault, FaultKind};
use crate::domains::{database, deploy, releases, repository, rollout, secrets, task, workspace};
use crate::masking::Masker;
use crate::model::{Call, Model};
use crate::os::environment::Environment;
use crate::plan::PlanBuilder;
use crate::run::node::{Invocation, Need, Node};
use crate::run::{RunPlan, bindings};

/// What a person wants to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A task of the project.
    Task(Invocation),
    /// A verb on workspaces.
    Workspaces {
        /// What is to be done.
        verb: workspace::Verb,
        /// With which, all checked to exist.
        names: Vec<String>,
        /// Further arguments for terraform.
        extra: Vec<String>,
        /// Stateful addresses that may be destroyed.
        allow_destroy: Vec<String>,
    },
    /// The preview of workspaces and all that they need.
    Preview {
        /// Which, all checked to exist.
        names: Vec<String>,
        /// Where to keep the plans of those that can be applied; a private folder.
        save: Option<PathBuf>,
    },
    /// An `up` whose preview is answered in one question.
    UpAsPreviewed {
        /// Which workspaces, all checked to exist.
        names: Vec<String>,
        /// What was shown.
        promised: Vec<workspace::Promised>,
        /// Stateful addresses that may be destroyed.
        allow_destroy: Vec<String>,
    },
    /// Plans that were kept.
    Saved(workspace::SavedRequest),
    /// A tag on the current commit.
    Tag(deploy::TagRequest),
    /// The list of tags.
    Tags,
    /// Something of an environment's deployments.
    Deploy(deploy::Request),
    /// Something of the project's secrets.
    Secrets(secrets::Request),
    /// The project's repository, here and at its forge.
    Repository(repository::Request),
    /// A task as the file calls it.
    Call(Call),
    /// A commit's files, on the server.
    Checkout(releases::CheckoutRequest),
    /// Releases that go, on the server.
    Forget(releases::ForgetRequest),
    /// A ref that says what is live, on the server.
    MoveRef(releases::MoveRefRequest),
    /// An environment's folder that is prepared, on the server.
    Prepare(releases::PrepareRequest),
    /// A part of a deployment, on the server.
    Rollout(rollout::Request),
}

/// The plan that reaches all goals. Goals are pursued side by side where nothing orders them.
///
/// `masker` knows the secrets that may stand in arguments: names of steps show none.
pub fn assemble(
    model: &Arc<Model>,
    environment: &Environment,
    masker: &Masker,
    goals: &[Goal],
) -> Result<RunPlan, Fault> {
    let mut assembly = Assembly {
        model,
        environment,
        masker,
        nodes: Vec::new(),
        names: HashSet::new(),
        open: VecDeque::new(),
        later: Vec::new(),
    };
    for goal in goals {
        match goal {
            Goal::Task(invocation) => assembly.open.push_back(Need::Task(invocation.clone())),
            Goal::Workspaces { verb, names, extra, allow_destroy } => {
                let nodes = workspace::nodes(model, *verb, names, (extra, allow_destroy))?;
                assembly.add(nodes)?;
            }
            Goal::Preview { names, save } => {
                assembly.add(workspace::preview_nodes(model, names, save.as_deref())?)?;
            }
            Goal::UpAsPreviewed { names, promised, allow_destroy } => {
                assembly.add(workspace::up_as_previewed(model, names, promised, allow_destroy)?)?;
            }
            Goal::Saved(request) => assembly.add(workspace::saved_nodes(model, request)?)?,
            Goal::Tag(request) => assembly.add(deploy::tag_nodes(request))?,
            Goal::Tags => assembly.add(deploy::tags_nodes())?,
            Goal::Deploy(request) => assembly.deploy(request)?,
            Goal::Secrets(request) => assembly.add(secrets::nodes(model, request)?)?,
            Goal::Repository(request) => assembly.add(repository::nodes(model, request)?)?,
            Goal::Call(call) => {
                let invocation = task::invocation(model, environment, call, &bindings::Scope::default())?;
                assembly.open.push_back(Need::Task(invocation));
            }
            Goal::Checkout(request) => assembly.add(releases::checkout_nodes(request))?,
            Goal::Forget(request) => assembly.add(releases::forget_nodes(request))?,
            Goal::MoveRef(request) => assembly.add(releases::move_ref_nodes(request))?,
            Goal::Prepare(request) => assembly.add(releases::prepare_nodes(request))?,
            Goal::Rollout(request) => assembly.add(rollout::nodes(request))?,
        }
    }
    assembly.close()?;
    build(model, masker, assembly.nodes)
}

struct Assembly<'a> {
    model: &'a Arc<Model>,
    environment: &'a Environment,
    masker: &'a Masker,
    nodes: Vec<Node>,
    names: HashSet<String>,
    open: VecDeque<Need>,
    /// A task's step, and one that comes before it.
    later: Vec<(String, String)>,
}

impl Assembly<'_> {
    /// Adds nodes; the first of a name stays, so what a goal asks for comes before what others pull in.
    fn add(&mut self, nodes: Vec<Node>) -> Result<(), Fault> {
        for mut node in nodes {
            for need in &mut node.needs {
                if let Need::Call(call, scope) = need {
                    *need = Need::Task(task::invocation(self.model, self.environment, call, scope)?);
                }
            }
            if self.names.insert(node.name.clone()) {
                self.open.extend(node.needs.iter().cloned());
                self.nodes.push(node);
            }
        }
        Ok(())
    }

    /// Adds a deployment, and where a task does it, that task after all that comes before it.
    fn deploy(&mut self, request: &deploy::Request) -> Result<(), Fault> {
        let nodes = deploy::nodes(self.model, request)?;
        let before: Vec<Need> = nodes.iter().map(|node| Need::Step(node.name.clone())).collect();
        self.add(nodes)?;
        let Some((call, told)) = deploy::task(self.model, request)? else { return Ok(()) };
        let mut invocation =
            task::invocation(self.model, self.environment, &call, &bindings::Scope::default())?;
        invocation.scope.args.extend(told.args);
        let mut nodes = task::nodes(self.model, self.masker, &invocation)?;
        if let Some(node) = nodes.last_mut() {
            node.needs.extend(before);
        }
        self.add(nodes)
    }

    /// Adds what runs after a task.
    fn then(&mut self, done: &Invocation) -> Result<(), Fault> {
        let before = task::step_name(self.model, self.masker, done);
        for after in task::after(self.model, self.environment, done)? {
            self.later.push((task::step_name(self.model, self.masker, &after), before.clone()));
            self.open.push_back(Need::Task(after));
        }
        Ok(())
    }

    /// Adds everything that is needed and not there yet.
    fn close(&mut self) -> Result<(), Fault> {
        while let Some(need) = self.open.pop_front() {
            if self.names.contains(&need_name(self.model, self.masker, &need)) {
                continue;
            }
            if let Need::Task(done) = &need {
                self.then(done)?;
            }
            let nodes = match &need {
                Need::Step(_) | Need::Call(..) => continue,
                Need::Task(invocation) => task::nodes(self.model, self.masker, invocation)?,
                Need::Database(name) => database::nodes(self.model, name)?,
                Need::Outputs(name) => {
                    let wanted = self.model.all_outputs().remove(name);
                    workspace::outputs_nodes(self.model, name, wanted)
                }
            };
            self.add(nodes)?;
        }
        for (after, before) in std::mem::take(&mut self.later) {
            if let Some(node) = self.nodes.iter_mut().find(|node| node.name == after) {
                node.needs.push(Need::Step(before));
            }
        }
        Ok(())
    }
}

fn need_name(model: &Model, masker: &Masker, need: &Need) -> String {
    match need {
        Need::Step(name) => name.clone(),
        Need::Call(call, _) => format!("task:{}", call.task.value),
        Need::Task(invocation) => task::step_name(model, masker, invocation),
        Need::Database(name) => bindings::database_step(name),
        Need::Outputs(workspace) => bindings::outputs_step(workspace),
    }
}

fn build(model: &Model, masker: &Masker, nodes: Vec<Node>) -> Result<RunPlan, Fault> {
    let names: HashSet<String> = nodes.iter().map(|node| node.name.clone()).collect();
    // A question of `confirm` comes before everything, dependencies included.
    let named = |prefix: &str| -> Vec<String> {
        nodes.iter().map(|node| node.name.clone()).filter(|name| name.starts_with(prefix)).collect()
    };
    // And what a task requires, before its question: who lacks it need not answer.
    let (questions, requirements) = (named(task::CONFIRM), named(task::REQUIRES));
    let mut builder = PlanBuilder::default();
    for node in nodes {
        let mut needs: Vec<String> = node.needs.iter().map(|need| need_name(model, masker, need)).collect();
        for name in &node.after {
            // A task with arguments has them in its name.
            let is_it = |other: &&String| {
                other.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            };
            needs.extend(names.iter().filter(is_it).cloned());
        }
        if !node.name.starts_with(task::REQUIRES) {
            needs.extend(requirements.iter().cloned());
            if !node.name.starts_with(task::CONFIRM) {
                needs.extend(questions.iter().cloned());
            }
        }
        builder.add(node.name, node.title, needs, (node.effect, node.when_orphaned), node.action);
    }
    builder.build().map_err(|fault| {
        Fault::new(FaultKind::File, fault.to_string())
            .hint("look at the `depends` and the `{{ workspaces.… }}` of these tasks and workspaces")
    })
}
