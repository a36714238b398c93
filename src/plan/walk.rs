//! The state machine over a plan: what may start now, and what an ending means for the others.

use std::collections::{BTreeSet, HashMap};

use super::build::Plan;
use super::outcome::{Broken, Ending, Skip};
use super::room::Room;
use super::step::{Effect, StepId};

/// How often a stretch of the plan may be run again before that is a failure: a plan that goes stale this often has somebody else
/// working on the same state.
const REDO_LIMIT: u32 = 3;

/// Rules of one run.
#[derive(Clone, Copy, Debug)]
pub struct WalkSettings {
    /// How many steps may run at once; at least 1.
    pub jobs: usize,
    /// After a failure, go on with what does not depend on it.
    pub keep_going: bool,
}

/// Where a step is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Not all that it needs has ended, or there was no room yet.
    Waiting,
    /// A thread is at it.
    Running,
    /// It put a question and waits for the answer; it takes no room.
    Asking,
    /// It is over.
    Ended(Ending),
}

/// The walk through one plan.
#[derive(Debug)]
pub struct Walk {
    settings: WalkSettings,
    states: Vec<StepState>,
    missing: Vec<usize>,
    ready: BTreeSet<StepId>,
    attempts: Vec<u32>,
    redone: HashMap<StepId, u32>,
    /// Steps that wait for a redone one beyond what the plan says, because what stood between them is not done again.
    also: HashMap<StepId, Vec<StepId>>,
    running: usize,
    asking: usize,
    ended: usize,
    stop: Option<Skip>,
    room: Room,
    closers: HashMap<StepId, Closer>,
}

/// What a step that closes others waits for.
#[derive(Debug)]
struct Closer {
    opener: StepId,
    needs: Vec<StepId>,
}

impl Walk {
    /// Nothing has started yet.
    pub fn new<A>(plan: &Plan<A>, settings: WalkSettings) -> Self {
        let missing: Vec<usize> = plan.ids().map(|id| plan.step(id).needs.len()).collect();
        Self {
            settings,
            states: vec![StepState::Waiting; plan.len()],
            ready: plan.ids().filter(|id| missing[id.index()] == 0).collect(),
            missing,
            attempts: vec![0; plan.len()],
            redone: HashMap::new(),
            also: HashMap::new(),
            running: 0,
            asking: 0,
            ended: 0,
            stop: None,
            room: Room::new(plan),
            closers: closers(plan),
        }
    }

    /// The next step to start, if one may start now. It counts as running from here on.
    pub fn start_next(&mut self) -> Option<StepId> {
        if self.running >= self.settings.jobs.max(1) || self.room.is_taken() {
            return None;
        }
        loop {
            let asking = self.asking > 0;
            let id = *self.ready.iter().find(|id| !(asking && self.room.is_alone(**id)))?;
            if self.running > 0 && self.room.is_alone(id) {
                // It is its turn as soon as all that run have ended.
                return None;
            }
            self.ready.remove(&id);
            if self.room.enter(id) {
                self.states[id.index()] = StepState::Running;
                self.attempts[id.index()] += 1;
                self.running += 1;
                return Some(id);
            }
        }
    }

    /// A step does not run any more: its places are free.
    fn leave(&mut self, id: StepId) {
        match self.states[id.index()] {
            StepState::Running => {
                self.running -= 1;
                self.ready.extend(self.room.leave(id));
            }
            StepState::Asking => self.asking -= 1,
            StepState::Waiting | StepState::Ended(_) => {}
        }
    }

    /// A running step put a question: it gives its room to others.
    pub fn ask(&mut self, id: StepId) {
        if self.states[id.index()] == StepState::Running {
            self.leave(id);
            self.states[id.index()] = StepState::Asking;
            self.asking += 1;
        }
    }

    /// A running or asking step is over. Gives all steps that are over by this, itself first, in the order of the plan.
    pub fn end<A>(&mut self, plan: &Plan<A>, id: StepId, ending: Ending) -> Vec<(StepId, Ending)> {
        self.leave(id);
        let title = &plan.step(id).title;
        let stop = match &ending {
            Ending::Failed { .. } if !self.settings.keep_going => {
                Some(Skip::OtherFailed { title: title.clone() })
            }
            _ => None,
        };
        let mut over = Vec::new();
        self.settle(id, ending, &mut over);
        let mut next = 0;
        while let Some((settled, ending)) = over.get(next).cloned() {
            next += 1;
            let also = self.also.remove(&settled).unwrap_or_default();
            for &dependent in plan.dependents(settled).iter().chain(&also) {
                self.missing[dependent.index()] -= 1;
                if self.states[dependent.index()] != StepState::Waiting {
                    continue;
                }
                if let Some(why) = self.why_not(plan, settled, &ending).filter(|_| !self.is_owed(dependent)) {
                    self.settle(dependent, Ending::Skipped(why), &mut over);
                } else if self.missing[dependent.index()] == 0 {
                    self.ready.insert(dependent);
                }
            }
        }
        if let Some(stop) = stop {
            over.extend(self.stop(stop));
        }
        over
    }

    /// Nothing new starts from here on: what waits is skipped.
    pub fn stop(&mut self, why: Skip) -> Vec<(StepId, Ending)> {
        if self.stop.is_none() {
            self.stop = Some(why.clone());
        }
        let mut over = Vec::new();
        for index in 0..self.states.len() {
            let id = StepId(u32::try_from(index).unwrap_or(u32::MAX));
            if self.states[index] == StepState::Waiting && !self.is_owed(id) {
                self.settle(id, Ending::Skipped(why.clone()), &mut over);
            }
        }
        for (id, closer) in &self.closers {
            if self.states[id.index()] == StepState::Waiting {
                let is_open = |need: &&StepId| !matches!(self.states[need.index()], StepState::Ended(_));
                self.missing[id.index()] = closer.needs.iter().filter(is_open).count();
                if self.missing[id.index()] == 0 {
                    self.ready.insert(*id);
                }
            }
        }
        over
    }

    /// The running or asking step `id` found that `from`, which it needs, has to be done again: `from`, `id` and all between
    /// wait again, but for steps between that have changed the world already. `false` where it does not need `from`, where that happened too often, or where nothing new may start.
    pub fn redo<A>(&mut self, plan: &Plan<A>, from: StepId, id: StepId) -> bool {
        let count = self.redone.entry(from).or_insert(0);
        if *count >= REDO_LIMIT || self.stop.is_some() {
            return false;
        }
        let all = between(plan, from, id);
        if all.is_empty() {
            return false;
        }
        let mut stretch = all.clone();
        stretch.retain(|&step| {
            let changed = plan.step(step).effect != Effect::Reads
                && matches!(&self.states[step.index()], StepState::Ended(ending) if ending.is_good());
            step == from || step == id || !changed
        });
        *count += 1;
        for &step in &stretch {
            self.leave(step);
            if let StepState::Ended(_) = self.states[step.index()] {
                self.ended -= 1;
                for &dependent in plan.dependents(step) {
                    self.missing[dependent.index()] += 1;
                    self.ready.remove(&dependent);
                }
            }
            self.states[step.index()] = StepState::Waiting;
        }
        for &step in stretch.iter().filter(|step| **step != from) {
            for before in above(plan, step, &all, &stretch) {
                self.also.entry(before).or_default().push(step);
                self.missing[step.index()] += 1;
            }
        }
        for &step in &stretch {
            if self.missing[step.index()] == 0 {
                self.ready.insert(step);
            }
        }
        true
    }

    /// The state of a step.
    pub fn state(&self, id: StepId) -> &StepState {
        &self.states[id.index()]
    }

    /// How often the step was started.
    pub fn attempts(&self, id: StepId) -> u32 {
        self.attempts[id.index()]
    }

    /// Whether every step is over.
    pub fn is_over(&self) -> bool {
        self.ended == self.states.len()
    }

    /// How many steps are running now.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Of a step that closes others: why they are not done, if so.
    pub fn broken<A>(&self, plan: &Plan<A>, id: StepId) -> Option<Broken> {
        let mut found: Option<Broken> = None;
        for need in &self.closers.get(&id)?.needs {
            let StepState::Ended(ending) = self.state(*need) else { continue };
            let status = match ending {
                Ending::Failed { fault } => fault.exit_code(),
                _ => 0,
            };
            // What failed explains what was skipped for it.
            if let Some(skip) = self.why_not(plan, *need, ending)
                && !ending.is_good()
                && found.as_ref().is_none_or(|found| found.status == 0 && status > 0)
            {
                found = Some(Broken { skip, status });
            }
        }
        found
    }

    /// Whether a step that closes others has to run, since they were opened.
    fn is_owed(&self, id: StepId) -> bool {
        self.closers.get(&id).is_some_and(|closer| self.attempts[closer.opener.index()] > 0)
    }

    fn settle(&mut self, id: StepId, ending: Ending, over: &mut Vec<(StepId, Ending)>) {
        self.ready.remove(&id);
        self.room.forget(id);
        self.states[id.index()] = StepState::Ended(ending.clone());
        self.ended += 1;
        over.push((id, ending));
    }

    fn why_not<A>(&self, plan: &Plan<A>, need: StepId, ending: &Ending) -> Option<Skip> {
        let title = || plan.step(need).title.clone();
        match ending {
            _ if ending.is_good() => self.stop.clone(),
            Ending::Declined { .. } => Some(Skip::Declined { title: title() }),
            Ending::Skipped(
                why
                @ (Skip::Declined { .. } | Skip::Needs { .. } | Skip::HeldBack { .. } | Skip::Interrupted),
            ) => Some(why.clone()),
            _ => Some(Skip::Needs { title: title() }),
        }
    }
}

fn closers<A>(plan: &Plan<A>) -> HashMap<StepId, Closer> {
    let closer = |id: StepId| {
        let step = plan.step(id);
        let opener = plan.find(step.terms.closes.as_ref()?)?;
        Some((id, Closer { opener, needs: step.needs.clone() }))
    };
    plan.ids().filter_map(closer).collect()
}

/// The steps of `stretch` that `step` needs by way of steps of `all` that are not in it.
fn above<A>(plan: &Plan<A>, step: StepId, all: &[StepId], stretch: &[StepId]) -> BTreeSet<StepId> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let is_left_out = |id: &StepId| all.contains(id) && !stretch.contains(id);
    let mut open: Vec<StepId> = plan.step(step).needs.iter().copied().filter(is_left_out).collect();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        for need in &plan.step(id).needs {
            if stretch.contains(need) {
                found.insert(*need);
            } else if is_left_out(need) {
                open.push(*need);
            }
        }
    }
    found
}

/// `from`, `to` and every step on a path between them; empty where `to` does not need `from`.
fn between<A>(plan: &Plan<A>, from: StepId, to: StepId) -> Vec<StepId> {
    let mut below = vec![false; plan.len()];
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        if !std::mem::replace(&mut below[id.index()], true) {
            open.extend_from_slice(plan.dependents(id));
        }
    }
    let mut stretch = BTreeSet::new();
    let mut open = vec![to];
    while let Some(id) = open.pop() {
        if below[id.index()] && stretch.insert(id) {
            open.extend_from_slice(&plan.step(id).needs);
        }
    }
    stretch.into_iter().collect()
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
