//! Cycles in which `wait_for` stands: tasks that can't run together, or never, since each would come after the other.
//!
//! `wait_for` pulls nothing in, so what it orders is looked at apart from what is needed. The graph here is nearer to the plan's: a task
//! that is a step of another one is a step of its own there, after those before it, and has nothing of what its namesake follows by
//! `depends_post`. What `finally` calls is no step of the plan.

use super::cycles::{Edge, Graph, How};
use super::uses::of_task;
use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::model::expression::Reference;
use crate::model::task::Task;

/// Reports each such cycle once.
pub(super) fn check(model: &Model, needs: Graph<'_>, faults: &mut Vec<Diagnostic>) {
    if model.tasks.values().all(|task| task.wait_for.is_empty()) {
        return;
    }
    let graph = Steps::new(model, needs).graph();
    for cycle in graph.cycles() {
        if cycle.iter().any(|(_, edge)| edge.how == How::Waits) {
            faults.push(graph.diagnostic(&cycle));
        }
    }
}

/// The nodes that stand for steps: each task has one, one for each task among its steps, and one for all that comes before those.
struct Steps<'m> {
    model: &'m Model,
    graph: Graph<'m>,
    /// Of each task: where it begins. Without tasks among its steps that is the task itself.
    begins: Vec<usize>,
    /// Of each task: the nodes of its steps that are tasks, in order.
    called: Vec<Vec<usize>>,
    /// Of each task: the nodes that run it.
    runs: Vec<Vec<usize>>,
}

impl<'m> Steps<'m> {
    fn new(model: &'m Model, mut graph: Graph<'m>) -> Self {
        let count = model.tasks.len();
        let (mut begins, mut called, mut runs) = (Vec::new(), vec![Vec::new(); count], Vec::new());
        for task in 0..count {
            runs.push(vec![graph.of_task(task)]);
        }
        for (index, task) in model.tasks.values().enumerate() {
            let whole = graph.of_task(index);
            begins.push(if task.called().next().is_some() { graph.add_step(index) } else { whole });
            for call in task.called() {
                // A name that is unknown is told elsewhere.
                if let Some(of) = model.tasks.get_index_of(&call.task.value) {
                    let node = graph.add_step(of);
                    called[index].push(node);
                    runs[of].push(node);
                }
            }
        }
        Self { model, graph, begins, called, runs }
    }

    fn graph(mut self) -> Graph<'m> {
        for (index, task) in self.model.tasks.values().enumerate() {
            let begin = self.begins[index];
            let before = self.before(task);
            for &node in &self.runs[index] {
                self.graph.edges[node].clear();
            }
            self.graph.edges[begin] = before;
        }
        for (index, task) in self.model.tasks.values().enumerate() {
            self.row(index, task);
        }
        for task in self.model.tasks.values() {
            for call in &task.depends_post {
                let before = self.graph.task(&task.name, call.task.span);
                if let (Some(after), Some(before)) =
                    (self.graph.task(&call.task.value, call.task.span), before)
                {
                    self.graph.edges[after.to].push(before);
                }
            }
        }
        self.graph
    }

    /// What comes before the first command of a task.
    fn before(&self, task: &Task) -> Vec<Edge> {
        let graph = &self.graph;
        let mut edges: Vec<Edge> =
            task.depends.iter().filter_map(|call| graph.task(&call.task.value, call.task.span)).collect();
        let own = |reference: &Reference| match reference {
            Reference::Export { task: name, .. } => task.called().any(|call| call.task.value == *name),
            _ => false,
        };
        let mut uses = of_task(task);
        uses.retain(|each| !own(&each.hole.reference));
        for cleaner in task.called_finally().filter_map(|call| self.model.tasks.get(&call.task.value)) {
            uses.extend(of_task(cleaner));
        }
        edges.extend(graph.edges_of_uses(&uses, None));
        for other in &task.wait_for {
            let runs = self.model.tasks.get_index_of(&other.value).map(|of| self.runs[of].as_slice());
            let waits = |to: &usize| Edge { to: *to, span: other.span, how: How::Waits };
            edges.extend(runs.unwrap_or_default().iter().map(waits));
        }
        edges
    }

    /// The steps of a task, each after the one in front of it, and all that run it after the last.
    fn row(&mut self, index: usize, task: &Task) {
        let begin = self.begins[index];
        let mut last = Edge { to: begin, span: task.span, how: How::Begins };
        let mut inside = vec![last];
        for (&node, call) in self.called[index].iter().zip(task.called()) {
            let span = call.task.span;
            let how = if last.to == begin { How::StepOf } else { How::Follows };
            self.graph.edges[node].push(Edge { to: last.to, span, how });
            last = Edge { to: node, span, how: How::Needs };
            inside.push(last);
        }
        for at in 0..self.runs[index].len() {
            let node = self.runs[index][at];
            if self.called[index].is_empty() && node != begin {
                let same = self.graph.edges[begin].clone();
                self.graph.edges[node].extend(same);
            } else if node != begin {
                self.graph.edges[node].extend(inside.iter().copied());
            }
        }
    }
}
