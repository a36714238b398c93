//! `choose`: picks a task on the terminal, asks for what it needs, and runs it.

use crate::cli::goals;
use crate::cli::session::{Session, facts};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::task::usage;
use crate::event::Stream;
use crate::model::{ArgumentKind, Task};
use crate::os::terminal;
use crate::report::ask::{Picked, TerminalAsk, pick};
use crate::run::{Answer, Ask as _, Question};
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
        Picked::Signal(signal) => {
            let status = u8::try_from(128 + signal.number()).ok();
            return Err(Fault { status, ..nothing(FaultKind::Interrupted) });
        }
    };
    let words = arguments(session, task)?;
    let line: Vec<String> = std::iter::once(task.name.clone()).chain(words.iter().cloned()).collect();
    let shown: Vec<_> = line.iter().map(|word| quote::shell(word)).collect();
    terminal::say(Stream::Err, &format!("$ shipway {}\n", session.masker().mask(&shown.join(" "))));
    let goal = goals::task_goal(
        &session.model,
        &session.doors.environment,
        &task.name,
        &words,
        &mut |name, argument| session.ask_for(name, argument),
    )?;
    session.run_goals(&[goal], &line)
}

/// What the task can't do without, asked one after another.
fn arguments(session: &Session<'_>, task: &Task) -> Result<Vec<String>, Fault> {
    let facts = facts(session.doors, &session.options);
    let mut ask = TerminalAsk::new(facts, false, false, Vec::new());
    let mut words = Vec::new();
    for argument in task.args.iter().filter(|argument| argument.default().is_none()) {
        let help = argument.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        let question = Question::Text {
            text: format!("{}{help}", argument.name),
            choices: argument.choices.clone(),
            default: None,
            secret: false,
        };
        let value = match ask.ask(&question) {
            Answer::Text(value) => value,
            Answer::Refused(fault) => return Err(fault),
            Answer::Interrupted => return Err(Fault::new(FaultKind::Interrupted, "nothing was run")),
            Answer::Declined | Answer::Approved { .. } => {
                return Err(Fault::new(FaultKind::Declined, "nothing was run"));
            }
        };
        words.push(match argument.kind {
            ArgumentKind::Option { .. } => format!("--{}={value}", argument.name),
            ArgumentKind::Positional { .. } | ArgumentKind::Rest { .. } | ArgumentKind::Flag => value,
        });
    }
    Ok(words)
}
