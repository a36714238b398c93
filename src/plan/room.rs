//! Who may run beside whom: the places of pools, and steps that have the terminal to themselves.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::build::Plan;
use super::step::StepId;

/// The places that are taken. Steps on no particular terms cost nothing here.
#[derive(Debug, Default)]
pub(super) struct Room {
    pools: Vec<Pool>,
    pool_of: HashMap<StepId, usize>,
    alone: HashSet<StepId>,
    has_terminal: bool,
}

#[derive(Debug)]
struct Pool {
    free: usize,
    /// Those that could start but for a place.
    parked: BTreeSet<StepId>,
}

impl Room {
    pub(super) fn new<A>(plan: &Plan<A>) -> Self {
        let mut room = Self::default();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for id in plan.ids() {
            let terms = &plan.step(id).terms;
            if terms.alone {
                room.alone.insert(id);
            }
            if let Some((name, places)) = &terms.pool {
                let number = *numbers.entry(name).or_insert_with(|| {
                    room.pools.push(Pool { free: (*places).max(1), parked: BTreeSet::new() });
                    room.pools.len() - 1
                });
                room.pool_of.insert(id, number);
            }
        }
        room
    }

    /// Whether the step has to be the only one.
    pub(super) fn is_alone(&self, id: StepId) -> bool {
        self.alone.contains(&id)
    }

    /// Whether a step runs that has to be the only one.
    pub(super) fn is_taken(&self) -> bool {
        self.has_terminal
    }

    /// Takes the step in. Where its pool is full it is parked, and comes back by `leave`.
    pub(super) fn enter(&mut self, id: StepId) -> bool {
        if let Some(pool) = self.pool_of.get(&id).and_then(|number| self.pools.get_mut(*number)) {
            if pool.free == 0 {
                pool.parked.insert(id);
                return false;
            }
            pool.free -= 1;
        }
        self.has_terminal = self.is_alone(id);
        true
    }

    /// A step that was taken in is out again. Gives one that was parked and may try now.
    pub(super) fn leave(&mut self, id: StepId) -> Option<StepId> {
        if self.is_alone(id) {
            self.has_terminal = false;
        }
        let pool = self.pools.get_mut(*self.pool_of.get(&id)?)?;
        pool.free += 1;
        pool.parked.pop_first()
    }

    /// The step does not want in any more.
    pub(super) fn forget(&mut self, id: StepId) {
        if let Some(pool) = self.pool_of.get(&id).and_then(|number| self.pools.get_mut(*number)) {
            pool.parked.remove(&id);
        }
    }
}
