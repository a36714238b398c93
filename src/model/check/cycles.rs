//! Cycles among variables, tasks and workspaces.
//!
//! All three are nodes of one graph: a workspace needs a task, the task reads an output of another workspace, its variable
//! needs a task's … The walk keeps its own stack, so a chain of any length can be followed.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::uses::{Spot, Use, of_task, of_variable, of_workspace};
use super::waits;
use crate::diagnostic::{Diagnostic, Span};
use crate::model::Model;
use crate::model::expression::Reference;
use crate::model::secret::shown;
use crate::model::task::Call;
use crate::model::workspace::Dependency;

/// More labels than this don't help; a cycle of a thousand tasks has a thousand.
const LABELS: usize = 6;

/// Why one node comes after another.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum How {
    /// It needs it.
    Needs,
    /// It waits for it where it runs.
    Waits,
    /// It is a step of it.
    StepOf,
    /// Both are steps of one task, in this order.
    Follows,
    /// It is the end of what begins there: one thing to who reads the file.
    Begins,
}

/// A need of one node, where it is written.
#[derive(Clone, Copy)]
pub(super) struct Edge {
    pub(super) to: usize,
    pub(super) span: Span,
    pub(super) how: How,
}

/// Nodes are numbered: variables, then tasks, then workspaces, and then steps that a task has beside its own.
pub(super) struct Graph<'m> {
    model: &'m Model,
    pub(super) edges: Vec<Vec<Edge>>,
    /// The tasks whose further steps these are.
    steps: Vec<usize>,
}

/// Reports each cycle once.
pub(super) fn check(model: &Model, faults: &mut Vec<Diagnostic>) {
    let graph = Graph::new(model);
    for cycle in graph.cycles() {
        faults.push(graph.diagnostic(&cycle));
    }
    waits::check(model, graph, faults);
}

impl<'m> Graph<'m> {
    fn new(model: &'m Model) -> Self {
        let count = model.variables.len() + model.tasks.len() + model.workspaces.len();
        let mut graph = Self { model, edges: Vec::with_capacity(count), steps: Vec::new() };
        for variable in model.variables.values() {
            graph.edges.push(graph.edges_of_uses(&of_variable(variable), None));
        }
        for task in model.tasks.values() {
            let to_task = |call: &Call| graph.task(&call.task.value, call.task.span);
            let mut edges: Vec<Edge> = task
                .depends
                .iter()
                .chain(task.called())
                .chain(task.called_finally())
                .filter_map(to_task)
                .collect();
            edges.extend(graph.edges_of_uses(&of_task(task), None));
            graph.edges.push(edges);
        }
        // What runs after a task needs it.
        for task in model.tasks.values() {
            for call in &task.depends_post {
                let before = graph.task(&task.name, call.task.span);
                if let (Some(after), Some(before)) = (graph.task(&call.task.value, call.task.span), before) {
                    graph.edges[after.to].push(before);
                }
            }
        }
        for workspace in model.workspaces.values() {
            let mut edges: Vec<Edge> = workspace
                .depends
                .iter()
                .filter_map(|dependency| match dependency {
                    Dependency::Workspace(name) => graph.workspace(&name.value, name.span),
                    Dependency::Task(call) => graph.task(&call.task.value, call.task.span),
                })
                .collect();
            edges.extend(graph.edges_of_uses(&of_workspace(workspace), Some(&workspace.name)));
            graph.edges.push(edges);
        }
        graph
    }

    /// The node of a task, by its number.
    pub(super) fn of_task(&self, index: usize) -> usize {
        self.model.variables.len() + index
    }

    /// Adds a further step of a task.
    pub(super) fn add_step(&mut self, task: usize) -> usize {
        self.steps.push(task);
        self.edges.push(Vec::new());
        self.edges.len() - 1
    }

    /// A need of a task.
    pub(super) fn task(&self, name: &str, span: Span) -> Option<Edge> {
        let index = self.model.tasks.get_index_of(name)?;
        Some(Edge { to: self.of_task(index), span, how: How::Needs })
    }

    fn workspace(&self, name: &str, span: Span) -> Option<Edge> {
        let index = self.model.workspaces.get_index_of(name)?;
        Some(Edge { to: self.model.variables.len() + self.model.tasks.len() + index, span, how: How::Needs })
    }

    /// What `uses` need; `own` is the workspace that they belong to.
    pub(super) fn edges_of_uses(&self, uses: &[Use<'_>], own: Option<&str>) -> Vec<Edge> {
        let mut edges = Vec::new();
        for each in uses {
            let (span, how) = (each.hole.span, How::Needs);
            // Links and hooks after an apply read what that apply made, themselves or through a variable.
            let own = own.filter(|_| matches!(each.spot, Spot::LateCommand | Spot::Link));
            match (&each.hole.reference, own) {
                (Reference::Variable(name), None) => {
                    edges.extend(self.model.variables.get_index_of(name).map(|to| Edge { to, span, how }));
                }
                (Reference::Variable(name), Some(own)) => {
                    let read = self.read_by(name);
                    edges.extend(
                        read.into_iter()
                            .filter(|name| *name != own)
                            .filter_map(|name| self.workspace(name, span)),
                    );
                }
                (Reference::Export { task, .. }, _) => edges.extend(self.task(task, span)),
                (Reference::Output { workspace, .. }, own) if own != Some(workspace.as_str()) => {
                    edges.extend(self.workspace(workspace, span));
                }
                _ => {}
            }
        }
        edges
    }

    /// The workspaces whose outputs a variable holds, itself or through others.
    fn read_by<'n>(&self, variable: &'n str) -> Vec<&'n str>
    where
        'm: 'n,
    {
        let mut seen = HashSet::new();
        let mut pending: Vec<&str> = vec![variable];
        let mut workspaces = Vec::new();
        while let Some(name) = pending.pop() {
            let Some(variable) = self.model.variables.get(name).filter(|_| seen.insert(name)) else {
                continue;
            };
            for reference in variable.binding.references() {
                match reference {
                    Reference::Variable(name) => pending.push(name),
                    Reference::Output { workspace, .. } => workspaces.push(workspace.as_str()),
                    _ => {}
                }
            }
        }
        workspaces
    }

    /// Cycles as lists of nodes with the edge that leaves each; no two share a node.
    pub(super) fn cycles(&self) -> Vec<Vec<(usize, Edge)>> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            Unseen,
            Open,
            Done,
        }
        let mut states = vec![State::Unseen; self.edges.len()];
        let mut reported = vec![false; self.edges.len()];
        let mut cycles = Vec::new();
        for start in 0..self.edges.len() {
            if states[start] != State::Unseen {
                continue;
            }
            states[start] = State::Open;
            // A node and how many of its edges were followed.
            let mut stack = vec![(start, 0)];
            while let Some((node, next)) = stack.last_mut() {
                let Some(edge) = self.edges[*node].get(*next).copied() else {
                    states[*node] = State::Done;
                    stack.pop();
                    continue;
                };
                *next += 1;
                match states[edge.to] {
                    State::Unseen => {
                        states[edge.to] = State::Open;
                        stack.push((edge.to, 0));
                    }
                    State::Done => {}
                    State::Open => {
                        let from = stack.iter().rposition(|(node, _)| *node == edge.to).unwrap_or(0);
                        let cycle: Vec<(usize, Edge)> = stack[from..]
                            .iter()
                            .map(|(node, followed)| (*node, self.edges[*node][*followed - 1]))
                            .collect();
                        if cycle.iter().all(|(node, _)| !reported[*node]) {
                            cycle.iter().for_each(|(node, _)| reported[*node] = true);
                            cycles.push(cycle);
                        }
                    }
                }
            }
        }
        cycles
    }

    /// A cycle for people.
    pub(super) fn diagnostic(&self, cycle: &[(usize, Edge)]) -> Diagnostic {
        // It begins with what does something and where its first line stands, whichever way it was found.
        let begins = |(node, edge): &(usize, Edge)| {
            (*node < self.model.variables.len(), edge.span.source, edge.span.start)
        };
        let cycle: Vec<&(usize, Edge)> = cycle.iter().filter(|(_, edge)| edge.how != How::Begins).collect();
        let first = (0..cycle.len()).min_by_key(|index| begins(cycle[*index])).unwrap_or(0);
        let ordered: Vec<&(usize, Edge)> = cycle[first..].iter().chain(&cycle[..first]).copied().collect();
        let names: Vec<String> = ordered.iter().map(|(node, _)| self.name(*node)).collect();
        let code = if cycle.iter().all(|(node, _)| *node < self.model.variables.len()) {
            "variable-cycle"
        } else {
            "dependency-cycle"
        };
        let label = |(node, edge): &(usize, Edge)| {
            let verb = match edge.how {
                How::Needs | How::Begins => "needs",
                How::Waits => "waits for",
                How::StepOf => "is a step of",
                How::Follows => "comes after",
            };
            format!("{} {verb} {}", self.name(*node), self.name(edge.to))
        };
        let waits = cycle.iter().any(|(_, edge)| edge.how == How::Waits);
        let mut diagnostic = Diagnostic::error(
            code,
            format!("{} {} itself", names[0], if waits { "waits for" } else { "needs" }),
            ordered[0].1.span,
            label(ordered[0]),
        );
        for each in ordered.iter().skip(1).take(LABELS - 1) {
            diagnostic = diagnostic.also(each.1.span, label(each));
        }
        if names.len() > 1 {
            let mut path = names[..names.len().min(LABELS)].join(" → ");
            if names.len() > LABELS {
                path.push_str(&format!(" → … {} more", names.len() - LABELS));
            }
            diagnostic = diagnostic.note(format!("the cycle: {path} → {}", names[0]));
        }
        diagnostic.help(match waits {
            true => "remove one of these needs, or of these `wait_for`: what waits for another can't come before it",
            false => "remove one of these needs",
        })
    }

    fn name(&self, node: usize) -> String {
        let (variables, tasks) = (self.model.variables.len(), self.model.tasks.len());
        if node < variables {
            format!("`{}`", shown(key(&self.model.variables, node)))
        } else if node < variables + tasks {
            format!("task `{}`", key(&self.model.tasks, node - variables))
        } else if let Some(task) = node.checked_sub(variables + tasks + self.model.workspaces.len()) {
            format!("task `{}`", key(&self.model.tasks, self.steps.get(task).copied().unwrap_or_default()))
        } else {
            format!("workspace `{}`", key(&self.model.workspaces, node - variables - tasks))
        }
    }
}

fn key<T>(map: &IndexMap<String, T>, index: usize) -> &str {
    map.get_index(index).map_or("", |(name, _)| name.as_str())
}
