//! Model and goals → plan. The only room that knows all domains; commands, and later hooks, servers and watches, use it alike.

mod afterwards;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::{Fault, FaultKind};
use crate::domains::{database, deploy, releases, repository, rollout, secrets, task, workspace};
use crate::masking::{MASK, Masker};
use crate::model::{Call, MATRIX_PREFIX, Model};
use crate::os::Doors;
use crate::os::environment::Environment;
use crate::plan::{PlanBuilder, PlanFault, Terms};
use crate::run::node::{Before, Called, Invocation, Need, Node};
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
/// `masker` knows the secrets that may stand in arguments: names of steps show none. Through `doors` only configuration is read.
/// `asks_in_turn`: a question of `confirm` waits for the yes to those before it, since after a no nothing is left to be asked about. Where nobody
/// answers, all are refused at once.
pub fn assemble(
    model: &Arc<Model>,
    doors: &Doors,
    masker: &Masker,
    goals: &[Goal],
    asks_in_turn: bool,
) -> Result<RunPlan, Fault> {
    let environment = &doors.environment;
    let mut assembly = Assembly {
        model,
        environment,
        masker,
        nodes: Vec::new(),
        names: HashMap::new(),
        secretive: HashMap::new(),
        open: VecDeque::new(),
        later: Vec::new(),
        called: VecDeque::new(),
        places: HashMap::new(),
        late: HashSet::new(),
    };
    for goal in goals {
        match goal {
            Goal::Task(invocation) => assembly.open.push_back(Need::Task(invocation.clone())),
            Goal::Workspaces { verb, names, extra, allow_destroy } => {
                let nodes = workspace::nodes(model, *verb, names, (extra, allow_destroy))?;
                let is_up = *verb == workspace::Verb::Up;
                assembly.add(if is_up { workspace::initialise_ahead(model, doors, nodes) } else { nodes })?;
            }
            Goal::Preview { names, save } => {
                assembly.add(workspace::preview_nodes(model, names, save.as_deref())?)?;
            }
            Goal::UpAsPreviewed { names, promised, allow_destroy } => {
                let nodes = workspace::up_as_previewed(model, names, promised, allow_destroy)?;
                assembly.add(workspace::initialise_ahead(model, doors, nodes))?;
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
    let Assembly { nodes, places, .. } = assembly;
    build(&Names { model, masker, places: &places }, nodes, asks_in_turn)
}

struct Assembly<'a> {
    model: &'a Arc<Model>,
    environment: &'a Environment,
    masker: &'a Masker,
    nodes: Vec<Node>,
    /// Where the node of each name stands.
    names: HashMap<String, usize>,
    /// What the tasks were given whose names hide a secret.
    secretive: HashMap<String, bindings::Scope>,
    open: VecDeque<Need>,
    /// A task's step, and one that comes before it.
    later: Vec<(String, String)>,
    /// Tasks that are steps of others and not in the plan yet, in order.
    called: VecDeque<Called>,
    /// The step that each of them became, by its key.
    places: HashMap<String, String>,
    /// Steps that are in the plan for the sake of such a task alone.
    late: HashSet<String>,
}

/// More is a slip: tasks that call each other twice multiply.
const MOST_CALLED: usize = 10_000;

impl Assembly<'_> {
    /// Adds nodes; the first of a name stays, so what a goal asks for comes before what others pull in.
    fn add(&mut self, nodes: Vec<Node>) -> Result<(), Fault> {
        for mut node in nodes {
            for need in &mut node.needs {
                if let Need::Call(call, scope) = need {
                    *need = Need::Task(task::invocation(self.model, self.environment, call, scope)?);
                }
            }
            if !self.names.contains_key(&node.name) {
                self.names.insert(node.name.clone(), self.nodes.len());
                for need in &node.needs {
                    match need {
                        Need::Called(called) if self.called.iter().all(|other| other.key != called.key) => {
                            self.called.push_back((**called).clone());
                        }
                        Need::Called(_) => {}
                        _ => self.open.push_back(need.clone()),
                    }
                }
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
        for node in nodes.iter_mut().filter(|node| !is_question(&node.name)) {
            node.needs.extend(before.iter().cloned());
        }
        self.add(nodes)
    }

    /// Adds what runs after a task.
    fn then(&mut self, done: &Invocation) -> Result<(), Fault> {
        // Of a matrix, the task as a whole is what others follow.
        if done.scope.args.keys().any(|name| name.starts_with(MATRIX_PREFIX)) {
            return Ok(());
        }
        let before = task::step_name(self.model, self.masker, done);
        for mut after in task::after(self.model, self.environment, done)? {
            let mut name = task::step_name(self.model, self.masker, &after);
            // One that stands among the steps of another task has its turn there.
            if self.places.values().any(|place| *place == name) {
                after.place = " (afterwards)".to_owned();
                name = task::step_name(self.model, self.masker, &after);
            }
            self.later.push((name, before.clone()));
            self.open.push_back(Need::Task(after));
        }
        Ok(())
    }

    /// Adds everything that is needed and not there yet, and then what tasks call in the middle of their work.
    fn close(&mut self) -> Result<(), Fault> {
        let names = Names { model: self.model, masker: self.masker, places: &self.places };
        let wanted = self.nodes.iter().map(|node| node.name.clone());
        let roots: Vec<String> = wanted.chain(self.open.iter().map(|need| names.of(need))).collect();
        self.add_open()?;
        while let Some(called) = self.called.pop_front() {
            self.place(called)?;
        }
        if !self.later.is_empty() {
            self.follow(&roots);
        }
        Ok(())
    }

    /// Puts what runs after others behind them, with what is in the plan for its sake alone.
    fn follow(&mut self, roots: &[String]) {
        let names = Names { model: self.model, masker: self.masker, places: &self.places };
        let number = |name: &str| self.names.get(name).copied();
        let steps = afterwards::Steps {
            needs: self
                .nodes
                .iter()
                .map(|node| node.needs.iter().filter_map(|need| number(&names.of(need))).collect())
                .collect(),
            waits: self
                .nodes
                .iter()
                .map(|node| {
                    let is_waited_for = |step: &str| node.after.iter().any(|name| runs(step, name));
                    let steps = self.nodes.iter().enumerate().filter(|_| !node.after.is_empty());
                    steps.filter(|(_, step)| is_waited_for(&step.name)).map(|(index, _)| index).collect()
                })
                .collect(),
            follows: self
                .later
                .iter()
                .filter_map(|(after, before)| Some((number(after)?, number(before)?)))
                .collect(),
            roots: roots.iter().filter_map(|name| number(name)).collect(),
        };
        for (step, before) in afterwards::turns(steps) {
            if !is_question(&self.nodes[step].name) {
                let before = self.nodes[before].name.clone();
                self.nodes[step].needs.push(Need::Step(before));
            }
        }
    }

    /// Adds a task that is a step of another one, after what stands before it there. Where the same is in the plan already, it runs once
    /// more: a step runs where it stands. What it needs runs once, and where nobody else wants it, not before its turn either.
    fn place(&mut self, called: Called) -> Result<(), Fault> {
        if self.places.len() == MOST_CALLED {
            let message = format!("more than {MOST_CALLED} steps of tasks are tasks themselves");
            return Err(Fault::new(FaultKind::File, message)
                .hint("tasks that call others twice multiply: let the others be needed, by `depends`"));
        }
        let mut invocation = task::invocation(self.model, self.environment, &called.call, &called.scope)?;
        if self.names.contains_key(&task::step_name(self.model, self.masker, &invocation)) {
            invocation.place.clone_from(&called.place);
        }
        let name = task::step_name(self.model, self.masker, &invocation);
        let first_new = self.nodes.len();
        self.open.push_back(Need::Task(invocation));
        self.add_open()?;
        let before = match &called.before {
            None => None,
            Some(Before::Step(name)) => Some(name),
            Some(Before::Called(key)) => self.places.get(key),
        };
        if let Some(before) = before.cloned() {
            let mut waits = self.reach(&name, |name, index| index >= first_new || self.late.contains(name));
            // What comes after it, too.
            waits.extend(first_new..self.nodes.len());
            if waits.iter().any(|index| *index < first_new) {
                let done = self.reach(&before, |_, _| true);
                waits.retain(|index| !done.contains(index));
            }
            for index in waits {
                if let Some(node) = self.nodes.get_mut(index).filter(|node| !is_question(&node.name)) {
                    node.needs.push(Need::Step(before.clone()));
                }
            }
        }
        self.late.extend(self.nodes[first_new..].iter().map(|node| node.name.clone()));
        self.places.insert(called.key, name);
        Ok(())
    }

    /// Where the steps stand that `from` needs, itself included, by way of those only that are meant.
    fn reach(&self, from: &str, is_meant: impl Fn(&str, usize) -> bool) -> BTreeSet<usize> {
        let names = Names { model: self.model, masker: self.masker, places: &self.places };
        let mut found = BTreeSet::new();
        let mut open: Vec<usize> = self.names.get(from).copied().into_iter().collect();
        while let Some(index) = open.pop() {
            let Some(node) = self.nodes.get(index).filter(|_| found.insert(index)) else { continue };
            open.extend(node.needs.iter().filter_map(|need| {
                let name = names.of(need);
                self.names.get(&name).copied().filter(|index| is_meant(&name, *index))
            }));
        }
        found
    }

    /// Refuses a task whose name is that of one with another secret: it would be taken for done. (One pair in 65,536 is like this: more of a
    /// digest would tell something of the secret.)
    fn tell_apart(&mut self, name: &str, invocation: &Invocation) -> Result<(), Fault> {
        let first = self.secretive.entry(name.to_owned()).or_insert_with(|| invocation.scope.clone());
        if first.args == invocation.scope.args {
            return Ok(());
        }
        let message = format!(
            "two calls of `{}` differ in a secret alone, and in the journal they would be one",
            invocation.task
        );
        Err(Fault::new(FaultKind::Refused, message).hint(
            "give one of them another argument beside it, or the secret by another way than an argument",
        ))
    }

    fn add_open(&mut self) -> Result<(), Fault> {
        while let Some(need) = self.open.pop_front() {
            let names = Names { model: self.model, masker: self.masker, places: &self.places };
            let name = names.of(&need);
            if let Need::Task(invocation) = &need
                && name.contains(MASK)
            {
                self.tell_apart(&name, invocation)?;
            }
            if self.names.contains_key(&name) {
                continue;
            }
            if let Need::Task(done) = &need {
                self.then(done)?;
            }
            let nodes = match &need {
                Need::Step(_) | Need::Call(..) | Need::Called(_) => continue,
                Need::Task(invocation) => task::nodes(self.model, self.masker, invocation)?,
                Need::Database(name) => database::nodes(self.model, name)?,
                Need::Outputs(name) => {
                    let wanted = self.model.all_outputs().remove(name);
                    workspace::outputs_nodes(self.model, name, wanted)
                }
            };
            self.add(nodes)?;
        }
        Ok(())
    }
}

/// Whether a step comes before everything, whoever it belongs to.
fn is_question(name: &str) -> bool {
    name.starts_with(task::CONFIRM) || name.starts_with(task::REQUIRES)
}

/// Whether a step runs the task whose plain step has this name: one with arguments has them in its name.
fn runs(step: &str, name: &str) -> bool {
    step.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// What steps are called.
struct Names<'a> {
    model: &'a Model,
    masker: &'a Masker,
    places: &'a HashMap<String, String>,
}

impl Names<'_> {
    fn of(&self, need: &Need) -> String {
        match need {
            Need::Step(name) => name.clone(),
            Need::Call(call, _) => format!("task:{}", call.task.value),
            Need::Called(called) => self.places.get(&called.key).unwrap_or(&called.key).clone(),
            Need::Task(invocation) => task::step_name(self.model, self.masker, invocation),
            Need::Database(name) => bindings::database_step(name),
            Need::Outputs(workspace) => bindings::outputs_step(workspace),
        }
    }
}

fn build(step_names: &Names<'_>, nodes: Vec<Node>, asks_in_turn: bool) -> Result<RunPlan, Fault> {
    let names: HashSet<String> = nodes.iter().map(|node| node.name.clone()).collect();
    // A question of `confirm` comes before everything, dependencies included.
    let named = |prefix: &str| -> Vec<String> {
        nodes.iter().map(|node| node.name.clone()).filter(|name| name.starts_with(prefix)).collect()
    };
    // And what a task requires, before its question: who lacks it need not answer.
    let (questions, requirements) = (named(task::CONFIRM), named(task::REQUIRES));
    let mut builder = PlanBuilder::default();
    for node in nodes {
        let mut needs: Vec<String> = node.needs.iter().map(|need| step_names.of(need)).collect();
        for name in &node.after {
            needs.extend(names.iter().filter(|step| runs(step, name)).cloned());
        }
        if !node.name.starts_with(task::REQUIRES) {
            needs.extend(requirements.iter().cloned());
            if !node.name.starts_with(task::CONFIRM) {
                needs.extend(questions.iter().cloned());
            } else if asks_in_turn {
                needs.extend(questions.iter().take_while(|question| **question != node.name).last().cloned());
            }
        }
        let terms = node.action.terms();
        builder.add(node.name, node.title, needs, (node.effect, node.when_orphaned), node.action);
        if terms != Terms::default() {
            builder.on_terms(terms);
        }
    }
    builder.build().map_err(|fault| unordered(step_names.model, &fault))
}

/// Steps that no order can have: told at the first task among them.
fn unordered(model: &Model, fault: &PlanFault) -> Fault {
    let told = Fault::new(FaultKind::File, fault.to_string()).hint(
        "look at the `depends`, `depends_post`, `wait_for`, the steps that are tasks and the `{{ … }}` of these tasks and workspaces",
    );
    let PlanFault::Cycle(steps) = fault else { return told };
    let first = steps.iter().find_map(|step| {
        let name = step.strip_prefix("task:")?;
        model.task(name.split([' ', '#']).next()?)
    });
    match first {
        Some(task) => {
            let position = model.sources.position(task.span);
            let file = model.sources.path(task.span.source).display().to_string();
            told.at(file, position.line, position.column)
        }
        None => told,
    }
}
