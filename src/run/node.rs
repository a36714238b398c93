//! A step before it is part of a plan: it names what it needs, in its own domain and in others.

use super::action::Action;
use super::bindings::Scope;
use crate::diagnostic::Spanned;
use crate::model::{Call, Model, Reference};
use crate::plan::{Effect, WhenOrphaned};

/// A task with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The task's full name.
    pub task: String,
    /// What it is given.
    pub scope: Scope,
    /// Where it runs once more, beside the step that others share: ` (step 2 of ship)`; empty for that one.
    pub place: String,
}

impl Invocation {
    /// The one that all share who need it.
    pub fn new(task: impl Into<String>, scope: Scope) -> Self {
        Self { task: task.into(), scope, place: String::new() }
    }
}

/// A task that is a step of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// Tells it from all others.
    pub key: String,
    /// Where it stands, for people: ` (step 2 of ship)`.
    pub place: String,
    /// The task, as the file calls it.
    pub call: Call,
    /// What its arguments may stand for.
    pub scope: Scope,
    /// What stands before it.
    pub before: Option<Before>,
}

/// What stands before a task that is a step of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// The step of this name.
    Step(String),
    /// Another such task, by its key.
    Called(String),
}

/// What a node needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A step by its name.
    Step(String),
    /// A task that must have run.
    Task(Invocation),
    /// A task that must have run, as the file calls it; its arguments may stand for those of the scope.
    Call(Call, Scope),
    /// A task that runs as a step of the one that needs this.
    Called(Box<Called>),
    /// How a database is reached.
    Database(String),
    /// The outputs of a workspace, read after its apply where that is in the plan.
    Outputs(String),
}

impl Need {
    /// What has to be there for values of `references` to be known, variables followed.
    pub fn of<'a>(model: &'a Model, references: impl IntoIterator<Item = &'a Reference>) -> Vec<Self> {
        let references: Vec<&Reference> = references.into_iter().collect();
        let outputs = model.outputs_among(references.iter().copied()).into_keys().map(Self::Outputs);
        let exporters = model.exporters_among(references.iter().copied()).into_iter();
        let tasks = exporters.filter_map(|name| {
            let task = Spanned::new(name.clone(), model.tasks.get(&name)?.span);
            Some(Self::Call(Call { task, args: Vec::new() }, Scope::default()))
        });
        outputs.chain(tasks).collect()
    }
}

/// A step to be.
pub struct Node {
    /// Unique, stable between runs.
    pub name: String,
    /// For people.
    pub title: String,
    /// Pulled into the plan.
    pub needs: Vec<Need>,
    /// Steps that come first where they are in the plan anyway.
    pub after: Vec<String>,
    /// What it does to the world.
    pub effect: Effect,
    /// What happens to it when Shipway dies.
    pub when_orphaned: WhenOrphaned,
    /// How it is done.
    pub action: Box<dyn Action>,
}
