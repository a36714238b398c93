//! Which tasks and workspaces a plan has, and what each needs: pure. `draw` makes text, dot and mermaid of it.
//!
//! A plan knows steps, a person knows tasks and workspaces. So the steps of one workspace become one node, and the question of a task
//! belongs to the task. What is left out is only what every step waits for anyway: the questions of the others.

mod draw;

pub(super) use draw::{dot, json, mermaid, text};

use std::collections::HashMap;

use crate::domains::task::{CONFIRM, REQUIRES};
use crate::model::{Argument, ArgumentKind, Task};
use crate::plan::Plan;

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// A task with its arguments.
    Task,
    /// All steps of a workspace.
    Workspace,
    /// A database that is asked for.
    Database,
    /// A step of anything else.
    Step,
}

/// A task, a workspace or what else is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GraphNode {
    /// What it is.
    pub(super) kind: Kind,
    /// Its name; of a task with the arguments that are not as they would be anyway.
    pub(super) name: String,
    /// Places of what it needs, in the graph's own list; none twice.
    pub(super) needs: Vec<usize>,
}

/// Nodes in the plan's order, without a cycle as the plan has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Graph {
    pub(super) nodes: Vec<GraphNode>,
}

impl Graph {
    /// The tasks and workspaces of a plan.
    pub(super) fn of<A>(plan: &Plan<A>) -> Self {
        let mut graph = Self::default();
        let mut places: HashMap<(Kind, String), usize> = HashMap::new();
        let mut of_step: Vec<Option<usize>> = Vec::with_capacity(plan.len());
        for id in plan.ids() {
            let step = plan.step(id);
            let place = unit(&step.name, &step.title).map(|(kind, name)| {
                *places.entry((kind, name.clone())).or_insert_with(|| {
                    graph.nodes.push(GraphNode { kind, name, needs: Vec::new() });
                    graph.nodes.len() - 1
                })
            });
            of_step.push(place);
        }
        for id in plan.ids() {
            let Some(here) = of_step[id.index()] else { continue };
            for need in &plan.step(id).needs {
                let is_question = plan.step(*need).name.starts_with(CONFIRM);
                let Some(there) = of_step[need.index()].filter(|there| !is_question && *there != here) else {
                    continue;
                };
                if !graph.nodes[here].needs.contains(&there) {
                    graph.nodes[here].needs.push(there);
                }
            }
        }
        graph
    }

    /// Adds a task whose needs can't be told without its arguments.
    pub(super) fn add_lone(&mut self, name: &str) {
        self.nodes.push(GraphNode { kind: Kind::Task, name: name.to_owned(), needs: Vec::new() });
    }

    /// Adds what another graph has and this one does not.
    pub(super) fn join(&mut self, other: Self) {
        let places: Vec<usize> = other
            .nodes
            .iter()
            .map(|node| {
                let known = self.nodes.iter().position(|it| it.kind == node.kind && it.name == node.name);
                known.unwrap_or_else(|| {
                    self.nodes.push(GraphNode { needs: Vec::new(), ..node.clone() });
                    self.nodes.len() - 1
                })
            })
            .collect();
        for (node, place) in other.nodes.iter().zip(&places) {
            for need in &node.needs {
                if !self.nodes[*place].needs.contains(&places[*need]) {
                    self.nodes[*place].needs.push(places[*need]);
                }
            }
        }
    }
}

/// What a step belongs to; `None` for looks at the beginning of a run and words at its end, which have to do with all.
fn unit(name: &str, title: &str) -> Option<(Kind, String)> {
    if name.ends_with(":conclude") || name.ends_with(":resume") || name.starts_with(REQUIRES) {
        return None;
    }
    let (room, rest) = name.split_once(':').unwrap_or(("", name));
    Some(match room {
        "task" | "confirm" => (Kind::Task, rest.to_owned()),
        "workspace" => (Kind::Workspace, rest.split(':').next().unwrap_or(rest).to_owned()),
        "database" => (Kind::Database, rest.to_owned()),
        _ => (Kind::Step, title.to_owned()),
    })
}

/// Words for the arguments that a task can't do without: the first choice, or the argument's name in capitals.
pub(super) fn stand_ins(task: &Task) -> Vec<String> {
    let value = |argument: &Argument| {
        argument.choices.first().cloned().unwrap_or_else(|| argument.name.to_uppercase())
    };
    let required = task.args.iter().filter(|argument| argument.default().is_none());
    required
        .map(|argument| match argument.kind {
            ArgumentKind::Option { .. } => format!("--{}={}", argument.name, value(argument)),
            ArgumentKind::Positional { .. } | ArgumentKind::Rest { .. } | ArgumentKind::Flag => {
                value(argument)
            }
        })
        .collect()
}
