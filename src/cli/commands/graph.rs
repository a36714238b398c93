//! `graph`: which tasks and workspaces need which. Nothing is evaluated and nothing is run.

use crate::assemble::{Goal, assemble};
use crate::cli::builtin::GraphFormat;
use crate::cli::goals::{self, Named};
use crate::cli::graph::{self, Graph, stand_ins};
use crate::cli::session::Session;
use crate::cli::{command_names, print};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::workspace::Verb;
use crate::text::visible::visible;

pub(super) fn run(session: &Session<'_>, names: &[String], format: GraphFormat) -> Result<u8, Fault> {
    let graph = if names.is_empty() { whole(session)? } else { named(session, names)? };
    let text = match format {
        _ if session.options.json => graph::json(&graph),
        GraphFormat::Text if graph.nodes.is_empty() => {
            "The tasks file has no tasks and no workspaces yet.\n".to_owned()
        }
        GraphFormat::Text => visible(&graph::text(&graph)),
        GraphFormat::Dot => graph::dot(&graph),
        GraphFormat::Mermaid => graph::mermaid(&graph),
    };
    print(&text);
    Ok(0)
}

fn of_goals(session: &Session<'_>, goals: &[Goal]) -> Result<Graph, Fault> {
    assemble(&session.model, session.doors, session.masker(), goals, false).map(|plan| Graph::of(&plan))
}

fn task_goal(session: &Session<'_>, name: &str) -> Result<Goal, Fault> {
    let words = session.model.task(name).map(stand_ins).unwrap_or_default();
    goals::task_goal(&session.model, &session.doors.environment, name, &words, &mut |_, _| Ok(None))
}

/// What was named, with all that it needs.
fn named(session: &Session<'_>, names: &[String]) -> Result<Graph, Fault> {
    let model = &session.model;
    let mut all = Vec::new();
    for name in names {
        all.push(match goals::lookup(model, name) {
            Named::Task(name) => task_goal(session, &name)?,
            _ if model.workspaces.contains_key(name) => Goal::Workspaces {
                verb: Verb::Up,
                names: vec![name.clone()],
                extra: Vec::new(),
                allow_destroy: Vec::new(),
            },
            Named::Generated(verb, names) => goals::generated_goal(verb, names, name, &[])?,
            Named::Unknown if command_names().contains(name) => {
                let message = format!("`{name}` is a command, and the graph is of tasks and workspaces");
                return Err(Fault::new(FaultKind::Usage, message)
                    .hint(format!("`shipway --dry-run {name}` shows what a command would do")));
            }
            Named::Unknown => return Err(goals::unknown(model, name, &[])),
        });
    }
    of_goals(session, &all)
}

/// The whole project.
fn whole(session: &Session<'_>) -> Result<Graph, Fault> {
    let model = &session.model;
    let tasks: Vec<&String> = model.tasks.keys().collect();
    let goals: Result<Vec<Goal>, Fault> = tasks.iter().map(|name| task_goal(session, name)).collect();
    let workspaces = (!model.workspaces.is_empty()).then(|| Goal::Workspaces {
        verb: Verb::Up,
        names: model.workspaces.keys().cloned().collect(),
        extra: Vec::new(),
        allow_destroy: Vec::new(),
    });
    if let Ok(mut goals) = goals {
        goals.extend(workspaces.clone());
        if let Ok(graph) = of_goals(session, &goals) {
            return Ok(graph);
        }
    }
    // An argument that a task hands on may fit no choice while it is only a stand-in: such a task stands alone.
    let mut graph = Graph::default();
    for name in tasks {
        match task_goal(session, name).and_then(|goal| of_goals(session, &[goal])) {
            Ok(part) => graph.join(part),
            Err(_) => graph.add_lone(name),
        }
    }
    if let Some(goal) = workspaces {
        graph.join(of_goals(session, &[goal])?);
    }
    Ok(graph)
}
