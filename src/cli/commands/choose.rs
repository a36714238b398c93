//! `choose`: picks a task on the terminal, asks for what it needs, and runs it.

use crate::cli::asking::interrupted;
use crate::cli::session::{Session, facts};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::task::usage;
use crate::event::Stream;
use crate::model::Task;
use crate::os::terminal;
use crate::report::ask::{Picked, pick};
use crate::text::visible::one_line;
use crate::text::{columns, quote};

pub(super) fn run(session: &Session<'_>) -> Result<u8, Fault> {
    let tasks: Vec<&Task> = session.model.tasks.values().filter(|task| !task.rules.hide).collect();
    if tasks.is_empty() {
        return Err(Fault::new(FaultKind::Usage, "the tasks file has no tasks to choose from"));
    }
    let facts = facts(session.doors, &session.options);
    if !facts.can_ask || session.options.json {
        return Err(Fault::new(FaultKind::Refused, "a task can only be chosen on a terminal")
            .hint("`shipway` lists the tasks; name one: `shipway TASK`"));
    }
    let rows: Vec<Vec<String>> = tasks
        .iter()
        .map(|task| {
            let usage = usage(task);
            let name = usage.strip_prefix("shipway ").unwrap_or(&usage).to_owned();
            vec![one_line(&name), one_line(task.description.as_deref().unwrap_or_default())]
        })
        .collect();
    let lines: Vec<String> = columns::render(&rows).lines().map(str::to_owned).collect();
    let picked = pick("Run which task?", &lines, facts.colour)
        .map_err(|error| Fault::new(FaultKind::World, format!("can't ask on this terminal: {error}")))?;
    let nothing = |kind| Fault::new(kind, "nothing was run");
    let task = match picked {
        Picked::Line(place) => tasks[place],
        Picked::Nothing => return Err(nothing(FaultKind::Declined)),
        Picked::Signal(signal) => return Err(interrupted(signal, "nothing was run")),
    };
    let (goal, words) = session.task_goal(&task.name, &[])?;
    let line: Vec<String> = std::iter::once(task.name.clone()).chain(words).collect();
    let shown: Vec<_> = line.iter().map(|word| quote::shell(word)).collect();
    terminal::say(Stream::Err, &format!("$ shipway {}\n", session.masker().mask(&shown.join(" "))));
    session.run_goals(&[goal], &line)
}
