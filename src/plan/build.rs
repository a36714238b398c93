//! From named steps to a checked graph.

use std::collections::HashMap;

use super::step::{Effect, Step, StepId, Terms, WhenOrphaned};

/// A checked graph: every need exists, no cycle.
#[derive(Debug)]
pub struct Plan<A> {
    steps: Vec<Step<A>>,
    dependents: Vec<Vec<StepId>>,
    by_name: HashMap<String, StepId>,
}

/// What is wrong with the steps that were added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// Two steps of one name.
    #[error("the step `{0}` stands in the plan twice")]
    Twice(String),
    /// A need that is not in the plan.
    #[error("`{step}` needs `{need}`, which is not in the plan")]
    Missing {
        /// Who needs it.
        step: String,
        /// What is missing.
        need: String,
    },
    /// Steps that wait for each other; the last needs the first.
    #[error("these steps wait for each other: {}", .0.join(" → "))]
    Cycle(Vec<String>),
}

/// Collects steps that name their needs, in any order.
#[derive(Debug)]
pub struct PlanBuilder<A> {
    steps: Vec<(Step<A>, Vec<String>)>,
}

impl<A> Default for PlanBuilder<A> {
    fn default() -> Self {
        Self { steps: Vec::new() }
    }
}

impl<A> PlanBuilder<A> {
    /// Adds a step. `needs` are names of steps added before or later.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        title: impl Into<String>,
        needs: Vec<String>,
        (effect, when_orphaned): (Effect, WhenOrphaned),
        action: A,
    ) {
        let step = Step {
            name: name.into(),
            title: title.into(),
            action,
            needs: Vec::new(),
            effect,
            when_orphaned,
            terms: Terms::default(),
        };
        self.steps.push((step, needs));
    }

    /// The step that was added last shares the run in this way. One that closes another needs it.
    pub fn on_terms(&mut self, terms: Terms) {
        if let Some((step, needs)) = self.steps.last_mut() {
            needs.extend(terms.closes.clone());
            step.terms = terms;
        }
    }

    /// The checked plan. Steps keep the order in which they were added; among steps that may start, the earlier one does.
    pub fn build(self) -> Result<Plan<A>, PlanFault> {
        let mut by_name = HashMap::with_capacity(self.steps.len());
        for (index, (step, _)) in self.steps.iter().enumerate() {
            let id = StepId(u32::try_from(index).unwrap_or(u32::MAX));
            if by_name.insert(step.name.clone(), id).is_some() {
                return Err(PlanFault::Twice(step.name.clone()));
            }
        }
        let mut steps = Vec::with_capacity(self.steps.len());
        let mut dependents: Vec<Vec<StepId>> = vec![Vec::new(); self.steps.len()];
        // The last step that needs each: a need that is named twice is one.
        let mut last: Vec<Option<StepId>> = vec![None; self.steps.len()];
        for (index, (mut step, needs)) in self.steps.into_iter().enumerate() {
            let id = StepId(u32::try_from(index).unwrap_or(u32::MAX));
            for need in needs {
                let Some(&on) = by_name.get(&need) else {
                    return Err(PlanFault::Missing { step: step.name, need });
                };
                if last[on.index()].replace(id) != Some(id) {
                    step.needs.push(on);
                    dependents[on.index()].push(id);
                }
            }
            steps.push(step);
        }
        let plan = Plan { steps, dependents, by_name };
        match plan.cycle() {
            Some(cycle) => Err(PlanFault::Cycle(cycle)),
            None => Ok(plan),
        }
    }
}

impl<A> Plan<A> {
    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// All ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = StepId> + use<A> {
        (0..u32::try_from(self.steps.len()).unwrap_or(u32::MAX)).map(StepId)
    }

    /// The step of an id of this plan.
    pub fn step(&self, id: StepId) -> &Step<A> {
        &self.steps[id.index()]
    }

    /// The id of a name.
    pub fn find(&self, name: &str) -> Option<StepId> {
        self.by_name.get(name).copied()
    }

    /// The steps that need `id` directly.
    pub fn dependents(&self, id: StepId) -> &[StepId] {
        &self.dependents[id.index()]
    }

    /// An order in which every step comes after all that it needs; earlier ones first where the graph allows. Steps on a cycle
    /// are left out, which `cycle` uses; a built plan has none.
    pub fn order(&self) -> Vec<StepId> {
        let mut missing: Vec<usize> = self.steps.iter().map(|step| step.needs.len()).collect();
        let mut ready: std::collections::BTreeSet<StepId> =
            self.ids().filter(|id| missing[id.index()] == 0).collect();
        let mut order = Vec::with_capacity(self.steps.len());
        while let Some(id) = ready.pop_first() {
            order.push(id);
            for &dependent in self.dependents(id) {
                missing[dependent.index()] -= 1;
                if missing[dependent.index()] == 0 {
                    ready.insert(dependent);
                }
            }
        }
        order
    }

    /// The names along one cycle, if there is one: each needs the next, the last needs the first.
    fn cycle(&self) -> Option<Vec<String>> {
        let order = self.order();
        if order.len() == self.steps.len() {
            return None;
        }
        let mut ordered = vec![false; self.steps.len()];
        for id in order {
            ordered[id.index()] = true;
        }
        // Every step that is left needs another one that is left: walking needs must come back to a step seen before.
        let mut at = self.ids().find(|id| !ordered[id.index()])?;
        let mut path: Vec<StepId> = Vec::new();
        loop {
            if let Some(start) = path.iter().position(|&seen| seen == at) {
                return Some(path[start..].iter().map(|&id| self.step(id).name.clone()).collect());
            }
            path.push(at);
            at = self.step(at).needs.iter().copied().find(|need| !ordered[need.index()])?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(steps: &[(&str, &[&str])]) -> Result<Plan<()>, PlanFault> {
        let mut builder = PlanBuilder::default();
        for (name, needs) in steps {
            let needs = needs.iter().map(|&need| need.to_owned()).collect();
            builder.add(*name, *name, needs, (Effect::Reads, WhenOrphaned::Stop), ());
        }
        builder.build()
    }

    fn names(plan: &Plan<()>) -> Vec<&str> {
        plan.order().into_iter().map(|id| plan.step(id).name.as_str()).collect()
    }

    #[test]
    fn order_follows_needs_then_the_order_of_adding() {
        let plan = plan(&[("d", &["b", "c"]), ("c", &["a"]), ("b", &["a"]), ("a", &[])]).unwrap();
        assert_eq!(names(&plan), ["a", "c", "b", "d"]);
    }

    #[test]
    fn a_need_that_is_named_twice_is_one() {
        let plan = plan(&[("a", &[]), ("b", &["a", "c", "a"]), ("c", &["a"])]).unwrap();
        assert_eq!(plan.step(plan.find("b").unwrap()).needs.len(), 2);
        assert_eq!(plan.dependents(plan.find("a").unwrap()).len(), 2);
    }

    #[test]
    fn a_cycle_is_named_in_the_order_of_needs() {
        let fault = plan(&[("x", &["a"]), ("a", &["b"]), ("b", &["c"]), ("c", &["a"])]).unwrap_err();
        assert_eq!(fault, PlanFault::Cycle(vec!["a".into(), "b".into(), "c".into()]));
    }

    #[test]
    fn a_missing_need_and_a_second_name_are_faults() {
        assert!(matches!(plan(&[("a", &["b"])]), Err(PlanFault::Missing { .. })));
        assert!(matches!(plan(&[("a", &[]), ("a", &[])]), Err(PlanFault::Twice(_))));
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_needs_no_stack() {
        let mut builder = PlanBuilder::default();
        for index in 0..100_000_u32 {
            let needs = if index == 0 { vec![] } else { vec![(index - 1).to_string()] };
            builder.add(index.to_string(), "", needs, (Effect::Reads, WhenOrphaned::Stop), ());
        }
        assert_eq!(builder.build().unwrap().order().len(), 100_000);
    }
}
