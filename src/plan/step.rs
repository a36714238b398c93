//! One step of a plan.

use serde::{Deserialize, Serialize};

/// A step's place in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub(super) u32);

impl StepId {
    /// For indexing a list that is parallel to the plan's steps.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a step does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing: it may be run again at any time.
    Reads,
    /// It changes something outside Shipway.
    Changes,
    /// It takes something away for good.
    Destroys,
}

/// What happens to a running step when Shipway itself dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenOrphaned {
    /// It ends with us.
    Stop,
    /// It finishes without us: it runs under the shim and writes to files.
    Finish,
}

/// How a step shares the run with others, beside what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// It takes one of the places of this pool, of which there are so many.
    pub pool: Option<(String, usize)>,
    /// It has the terminal: nothing runs beside it, and no question stands.
    pub alone: bool,
    /// The name of the step that opens what this one closes: once that was started, this one runs however all that it needs ended.
    pub closes: Option<String>,
    /// It may be ended when another one failed (`--fail-fast`).
    pub yields: bool,
}

/// One step: what is to be done, after what.
#[derive(Debug)]
pub struct Step<A> {
    /// Unique in its plan, stable between runs: `workspace:base:plan`.
    pub name: String,
    /// For people: `plan base`.
    pub title: String,
    /// How it is done.
    pub action: A,
    /// Must have ended well first.
    pub needs: Vec<StepId>,
    /// What it does to the world.
    pub effect: Effect,
    /// What happens to it when Shipway dies.
    pub when_orphaned: WhenOrphaned,
    /// How it shares the run with others.
    pub terms: Terms,
}

impl<A> Step<A> {
    /// Whether its work outlives us, so that its records have to outlive the machine: they are forced to the disk. Those of other steps
    /// are written, which is enough to survive our own death.
    pub fn is_precious(&self) -> bool {
        self.when_orphaned == WhenOrphaned::Finish
    }
}
