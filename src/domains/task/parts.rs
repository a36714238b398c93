//! The steps of the plan that a task becomes: one, or where tasks stand among its commands, the commands between them in parts.
//!
//! `run = ["a", { task = "b" }, "c"]` becomes `t#1` (runs a), b, `t` (runs c), in a row. The first part opens the task: it looks at `if`,
//! and after it every other step of the row may start. The last one has the task's name, since who needs the task needs all of it. It
//! closes the row where that has an end of its own to care for: it then runs however the others ended, and runs `finally`.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::action::TaskAction;
use crate::model::{Command, Model, Reference, Task};
use crate::plan::{Effect, WhenOrphaned};
use crate::run::node::{Before, Called, Invocation, Need, Node};
use crate::text::cut::cut;

/// A title is repeated in front of lines and in every message: of more letters only the first are told.
const LONGEST_TITLE: usize = 200;

/// Which of a task's commands a step runs, and what else of it.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Which of `run`; `None`: all.
    range: Option<Range<usize>>,
    /// It is the first, and looks whether the task runs at all.
    pub(super) opens: bool,
    /// It is the last, and sees to the end of the task.
    pub(super) ends: bool,
    /// The name of the task's last step, where this is not the only one.
    pub(super) of: Option<String>,
    /// The step that opened what this one closes.
    pub(super) closes: Option<String>,
    /// `if` came to no answer, so nothing of the task has begun; all parts of a task share it.
    pub(super) is_unbegun: Arc<AtomicBool>,
}

impl Part {
    /// All of the task.
    pub(super) fn whole() -> Self {
        Self { range: None, opens: true, ends: true, of: None, closes: None, is_unbegun: Arc::default() }
    }

    /// Whether it is all of the task.
    pub(super) fn is_whole(&self) -> bool {
        self.range.is_none()
    }

    /// Its commands.
    pub(super) fn commands<'t>(&self, task: &'t Task) -> &'t [Command] {
        match &self.range {
            Some(range) => task.run.get(range.clone()).unwrap_or_default(),
            None => &task.run,
        }
    }
}

/// What has to be there for the values that a task refers to, what it calls in `finally` included. What one of its own steps hands on is
/// there when that step has run.
pub(super) fn values(model: &Model, task: &Task) -> Vec<Need> {
    let own = |reference: &&Reference| match reference {
        Reference::Export { task: name, .. } => !task.called().any(|call| call.task.value == *name),
        _ => true,
    };
    let called = task.called_finally().filter_map(|call| model.tasks.get(&call.task.value));
    let references = task.references().chain(called.flat_map(Task::references));
    Need::of(model, references.filter(own).chain(model.command_references()))
}

/// A task on its way into the plan.
pub(super) struct TaskNode<'a> {
    pub(super) model: &'a Arc<Model>,
    pub(super) task: &'a Task,
    pub(super) invocation: &'a Invocation,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) needs: Vec<Need>,
}

impl TaskNode<'_> {
    /// As one step.
    pub(super) fn whole(self, is_whole_matrix: bool) -> Node {
        let after = self.wait_for();
        let (name, title, needs) = (self.name.clone(), self.title.clone(), self.needs.clone());
        Node { after, ..self.node((name, title), needs, Part::whole(), is_whole_matrix) }
    }

    /// As several, with the tasks that it calls between them.
    pub(super) fn in_parts(self) -> Vec<Node> {
        let rules = &self.task.rules;
        let has_end = rules.condition.is_some() || !self.task.finally.is_empty();
        let has_start = has_end
            || !self.needs.is_empty()
            || !self.task.wait_for.is_empty()
            || !self.task.exports.is_empty();
        let mut nodes: Vec<Node> = Vec::new();
        let unbegun = Arc::<AtomicBool>::default();
        let of_all = || Part { is_unbegun: Arc::clone(&unbegun), ..self.of_all() };
        let mut before: Option<Before> = None;
        // What came since the last part, and what came at all.
        let (mut since, mut all): (Vec<Need>, Vec<Need>) = (Vec::new(), Vec::new());
        let (mut start, mut position) = (0, 0);
        for (index, call) in self.task.run.iter().enumerate().filter_map(|(i, it)| Some((i, it.call()?))) {
            let opens = position == 0;
            if start < index || (opens && has_start) {
                let number = nodes.len() + 1;
                let (name, title) = (self.part_name(number), format!("{} (part {number})", self.title));
                let needs = if opens { self.needs.clone() } else { std::mem::take(&mut since) };
                let part = Part { range: Some(start..index), opens, ends: false, ..of_all() };
                let after = if opens { self.wait_for() } else { Vec::new() };
                nodes.push(Node { after, ..self.node((name.clone(), title), needs, part, false) });
                since.push(Need::Step(name.clone()));
                all.push(Need::Step(name.clone()));
                before = Some(Before::Step(name));
            }
            start = index + 1;
            position += 1;
            let called = Called {
                key: format!("{}#{position}", self.name),
                place: format!(" (step {} of {})", index + 1, self.title),
                call: call.clone(),
                scope: self.invocation.scope.clone(),
                before: before.take(),
            };
            before = Some(Before::Called(called.key.clone()));
            since.push(Need::Called(Box::new(called.clone())));
            all.push(Need::Called(Box::new(called)));
        }
        if nodes.is_empty() {
            all.extend(self.needs.iter().cloned());
        }
        let closes = nodes.first().map(|node| node.name.clone()).filter(|_| has_end);
        let part = Part { range: Some(start..self.task.run.len()), closes, ..of_all() };
        nodes.push(self.node((self.name.clone(), self.title.clone()), all, part, false));
        nodes
    }

    /// The last of several.
    fn of_all(&self) -> Part {
        Part { opens: false, of: Some(self.name.clone()), ..Part::whole() }
    }

    fn part_name(&self, number: usize) -> String {
        let task = format!("task:{}", self.task.name);
        let rest = self.name.strip_prefix(&task).unwrap_or_default();
        format!("{task}#{number}{rest}")
    }

    fn wait_for(&self) -> Vec<String> {
        self.task.wait_for.iter().map(|other| format!("task:{}", other.value)).collect()
    }

    fn node(&self, (name, title): (String, String), needs: Vec<Need>, part: Part, is_matrix: bool) -> Node {
        let changes = !part.commands(self.task).is_empty();
        Node {
            name,
            title: cut(&title, LONGEST_TITLE).into_owned(),
            needs,
            after: Vec::new(),
            effect: if changes { Effect::Changes } else { Effect::Reads },
            when_orphaned: WhenOrphaned::Stop,
            action: Box::new(TaskAction {
                model: Arc::clone(self.model),
                task: self.task.name.clone(),
                scope: self.invocation.scope.clone(),
                is_whole_matrix: is_matrix,
                part,
                cleans_up_after: None,
            }),
        }
    }
}
