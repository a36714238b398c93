//! Tasks: a task becomes one step, and one question before everything else where it says `confirm`.
//!
//! `arguments` (pure) reads what a task was given; `action` runs its commands, `fingerprint` says what their result depends
//! on.

mod action;
mod arguments;
mod exports;
mod fingerprint;
mod parts;
mod requires;
mod rules;

pub use arguments::{ArgumentFault, Word, read_arguments, usage};

use std::sync::Arc;

use action::ConfirmAction;
use requires::RequiresAction;

use crate::diagnostic::{Fault, FaultKind};
use crate::masking::{MASK, Masker};
use crate::model::{Argument, Call, MATRIX_PREFIX, Model, Part, Reference, Task, Template};
use crate::os::environment::Environment;
use crate::plan::{Effect, WhenOrphaned};
use crate::run::bindings::{ArgumentValue, Scope};
use crate::run::node::{Invocation, Need, Node};
use crate::run::script;
use crate::text::quote;
use crate::text::visible::one_line;

/// How names of steps begin that ask a task's `confirm`.
pub const CONFIRM: &str = "confirm:";

/// How names of steps begin that look at what a task requires.
pub const REQUIRES: &str = "requires:";

/// The name of the step that runs a task: once for each set of arguments, so no two sets have the same. Those that are as they would be anyway
/// are left out; of one that holds a secret a few letters of its digest tell it from others.
pub fn step_name(model: &Model, masker: &Masker, invocation: &Invocation) -> String {
    let shown = |text: &str| {
        if masker.mask(text) == text {
            quote::shell(text).into_owned()
        } else {
            format!("{MASK}{}", &blake3::hash(text.as_bytes()).to_hex()[..4])
        }
    };
    let mut name = format!("task:{}", invocation.task);
    let task = model.task(&invocation.task);
    for (argument, value) in &invocation.scope.args {
        let declared = task.and_then(|task| task.args.iter().find(|it| it.name == *argument));
        let default = declared.and_then(Argument::default);
        match value {
            ArgumentValue::Absent if default.is_none_or(str::is_empty) => {}
            ArgumentValue::Absent => name.push_str(&format!(" {argument}=")),
            ArgumentValue::Text(text) if default == Some(text.as_str()) && !text.is_empty() => {}
            ArgumentValue::Text(text) => name.push_str(&format!(" {argument}={}", shown(text))),
            ArgumentValue::List(items) => {
                items.iter().for_each(|item| name.push_str(&format!(" {}", of_rest(shown(item)))));
            }
        }
    }
    name.push_str(&invocation.place);
    name
}

/// A word of the rest, as it stands among others: `name=value` would be an argument.
fn of_rest(shown: String) -> String {
    match shown.starts_with(['\'', '$']) || !shown.contains('=') {
        true => shown,
        false => format!("'{shown}'"),
    }
}

/// The invocation of a task as the file calls it; `scope` holds the caller's arguments.
pub fn invocation(
    model: &Model,
    environment: &Environment,
    call: &Call,
    scope: &Scope,
) -> Result<Invocation, Fault> {
    let task = find(model, &call.task.value)?;
    let mut words = Vec::new();
    for word in &call.args {
        match handed_on(scope, word) {
            Some(ArgumentValue::List(items)) => words.extend(items.iter().cloned().map(Word::Written)),
            Some(ArgumentValue::Absent) => words.push(Word::Nothing),
            Some(ArgumentValue::Text(text)) => words.push(Word::Value(text.clone())),
            None => {
                let text = static_text(model, environment, scope, word)?;
                let begins_with_a_value = matches!(word.parts.first(), Some(Part::Hole(_)));
                words.push(if begins_with_a_value { Word::Value(text) } else { Word::Written(text) });
            }
        }
    }
    // Where the caller's arguments are among them, it need not be the file that is wrong.
    let is_fixed = call.args.iter().flat_map(Template::references).next().is_none();
    let scope = read_arguments(task, &words, environment).map_err(|fault| {
        let fault = fault.into_fault();
        let kind = if is_fixed { FaultKind::File } else { fault.kind };
        at(model, call.task.span, Fault { kind, ..fault })
    })?;
    Ok(Invocation::new(&task.name, scope))
}

/// The argument that is handed on as a whole.
fn handed_on<'s>(scope: &'s Scope, word: &Template) -> Option<&'s ArgumentValue> {
    let Reference::Argument(name) = &word.sole()?.reference else { return None };
    scope.args.get(name)
}

/// The tasks that run after this one, where it ended well.
pub fn after(model: &Model, environment: &Environment, done: &Invocation) -> Result<Vec<Invocation>, Fault> {
    let task = find(model, &done.task)?;
    task.depends_post.iter().map(|call| invocation(model, environment, call, &done.scope)).collect()
}

/// The nodes of a task: itself, and its question.
pub fn nodes(model: &Arc<Model>, masker: &Masker, invocation: &Invocation) -> Result<Vec<Node>, Fault> {
    let task = find(model, &invocation.task)?;
    let name = step_name(model, masker, invocation);
    let title = one_line(name.strip_prefix("task:").unwrap_or(&name));
    let combinations = unfolded(task, &invocation.scope);
    let mut needs = parts::values(model, task);
    needs.extend(task.databases.iter().map(|name| Need::Database(name.value.clone())));
    if let Some(scopes) = &combinations {
        needs = scopes
            .iter()
            .map(|scope| Need::Task(Invocation { scope: scope.clone(), ..invocation.clone() }))
            .collect();
    } else {
        for call in &task.depends {
            needs.push(Need::Call(call.clone(), invocation.scope.clone()));
        }
    }
    // Of a matrix, the task as a whole asks and requires.
    let is_part = !task.matrix.is_empty() && combinations.is_none();
    let mut nodes = Vec::new();
    if !is_part && (!task.rules.requires.tools.is_empty() || !task.rules.requires.env.is_empty()) {
        let requires_name = format!("{REQUIRES}{}", task.name);
        needs.push(Need::Step(requires_name.clone()));
        nodes.push(Node {
            name: requires_name,
            title: format!("what {} requires", task.name),
            needs: Vec::new(),
            after: Vec::new(),
            effect: Effect::Reads,
            when_orphaned: WhenOrphaned::Stop,
            action: Box::new(RequiresAction { model: Arc::clone(model), task: task.name.clone() }),
        });
    }
    if let Some(confirm) = task.confirm.as_ref().filter(|_| !is_part) {
        let confirm_name = format!("{CONFIRM}{title}");
        needs.push(Need::Step(confirm_name.clone()));
        nodes.push(Node {
            name: confirm_name,
            title: format!("confirm {title}"),
            needs: Vec::new(),
            after: Vec::new(),
            effect: Effect::Reads,
            when_orphaned: WhenOrphaned::Stop,
            action: Box::new(ConfirmAction { title: title.clone(), confirm: confirm.clone() }),
        });
    }
    let node = parts::TaskNode { model, task, invocation, name, title, needs };
    if combinations.is_none() && task.called().next().is_some() {
        nodes.extend(node.in_parts());
    } else {
        nodes.push(node.whole(combinations.is_some()));
    }
    Ok(nodes)
}

/// The scope of each combination of a task's matrix; `None`: it has none, or this is one of them.
fn unfolded(task: &Task, scope: &Scope) -> Option<Vec<Scope>> {
    let is_part = scope.args.keys().any(|name| name.starts_with(MATRIX_PREFIX));
    if task.matrix.is_empty() || is_part {
        return None;
    }
    let of = |combination: Vec<(&str, &str)>| {
        let mut scope = scope.clone();
        let values = combination
            .into_iter()
            .map(|(name, value)| (format!("{MATRIX_PREFIX}{name}"), ArgumentValue::Text(value.to_owned())));
        scope.args.extend(values);
        scope
    };
    Some(task.combinations().into_iter().map(of).collect())
}

fn find<'a>(model: &'a Model, name: &str) -> Result<&'a Task, Fault> {
    model.task(name).ok_or_else(|| Fault::new(FaultKind::Bug, format!("there is no task `{name}`")))
}

/// An argument of a dependency. The graph is complete before anything runs, so only what is known by then may stand here.
fn static_text(
    model: &Model,
    environment: &Environment,
    scope: &Scope,
    template: &Template,
) -> Result<String, Fault> {
    script::static_text(model, environment, scope, template).map_err(|reference| {
        let fault = Fault::new(
            FaultKind::File,
            format!(
                "`{{{{ {reference} }}}}` is not known before the run starts, so it can't choose what is run"
            ),
        )
        .hint("pass an argument, or use the value inside the task");
        at(model, template.span, fault)
    })
}

fn at(model: &Model, span: crate::diagnostic::Span, fault: Fault) -> Fault {
    let position = model.sources.position(span);
    fault.at(model.sources.path(span.source).display().to_string(), position.line, position.column)
}
