//! Tasks that are steps of others: what such a task and its caller can't have. And the pools that tasks name.
//!
//! A task with tasks among its steps is run in parts, each a step of the plan, with those tasks in between. So what is for the whole
//! of its commands (`retry`, `timeout`, `sources`, …) has no place there; the tasks that it calls may have all of it. A task that is
//! called by `finally` runs when the plan is over already: nothing can come before it any more.

use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::model::task::Task;
use crate::text::suggest;

/// Reports such keys.
pub(super) fn check(model: &Model, faults: &mut Vec<Diagnostic>) {
    for task in model.tasks.values() {
        if let Some(pool) = task.rules.pool.as_ref().filter(|pool| !model.pools.contains_key(&pool.value)) {
            let title = format!("there is no pool `{}`", pool.value);
            let diagnostic = Diagnostic::error("unknown-pool", title, pool.span, "unknown pool");
            faults.push(match suggest::nearest(&pool.value, model.pools.keys().map(String::as_str)) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("define it: `[pools]`, `{} = 1`", pool.value)),
            });
        }
        if let (Some(call), Some(key)) = (task.called().next(), for_the_whole(task)) {
            let title = format!("`{key}` can't be kept by a task that has tasks among its steps");
            faults.push(
                Diagnostic::error("key-and-steps", title, task.span, format!("has `{key}`"))
                    .also(call.task.span, "a step that is a task")
                    .help(format!("give `{key}` to the tasks that it calls")),
            );
        }
        for call in task.called_finally() {
            let Some(called) = model.tasks.get(&call.task.value) else { continue };
            if let Some(key) = of_the_plan(called) {
                let title = format!("`{}` can't be run by `finally`, since it has `{key}`", called.name);
                faults.push(
                    Diagnostic::error("key-and-steps", title, call.task.span, "run when all is over")
                        .also(called.span, format!("has `{key}`"))
                        .help("call a task that has commands only"),
                );
            }
        }
    }
}

/// A key that speaks of all commands together.
fn for_the_whole(task: &Task) -> Option<&'static str> {
    let keys = [
        ("retry", task.rules.retry.attempts > 1),
        ("timeout", task.rules.timeout.is_some()),
        ("ignore_error", task.rules.ignore_error),
        ("sources", !task.tracking.sources.is_empty()),
        ("outputs", !task.tracking.outputs.is_empty()),
    ];
    keys.into_iter().find_map(|(key, is_there)| is_there.then_some(key))
}

/// A key that adds steps to the plan, or shares its room.
fn of_the_plan(task: &Task) -> Option<&'static str> {
    let requires = &task.rules.requires;
    let keys = [
        ("depends", !task.depends.is_empty()),
        ("depends_post", !task.depends_post.is_empty()),
        ("confirm", task.confirm.is_some()),
        ("requires", !requires.tools.is_empty() || !requires.env.is_empty()),
        ("matrix", !task.matrix.is_empty()),
        ("databases", !task.databases.is_empty()),
        ("exports", !task.exports.is_empty()),
        ("sources", !task.tracking.is_empty()),
        ("pool", task.rules.pool.is_some()),
        ("interactive", task.rules.interactive),
        ("a task among its steps", task.called().next().is_some()),
        ("a task in its `finally`", task.called_finally().next().is_some()),
    ];
    keys.into_iter().find_map(|(key, is_there)| is_there.then_some(key))
}
