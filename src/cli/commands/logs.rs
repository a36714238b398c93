//! `logs`: an earlier run again, from its stored events; or the log of one of its steps.

use std::io::IsTerminal as _;

use super::history;
use crate::cli::options::{Colour, Options};
use crate::cli::output::Output;
use crate::cli::{documents, print, project, session};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Event, EventKind};
use crate::journal::store::{self, StoredRun};
use crate::masking::Masker;
use crate::os::Doors;
use crate::os::files::FileKind;
use crate::os::terminal::TerminalFacts;
use crate::report::document::RunRecord;
use crate::report::{self, Format};
use crate::text::{list, suggest};

pub(super) fn run(
    doors: &Doors,
    options: &Options,
    named: Option<&str>,
    step: Option<&str>,
) -> Result<u8, Fault> {
    let root = project::root(doors, options.file.as_deref())?;
    let runs = history::runs(doors, &root)?;
    let run = find(&runs, named)?;
    let wanted = documents::wanted(doors, options)?;
    let mut events = run.events(doors).map_err(|error| unreadable(run, &error))?;
    if !wanted.is_empty() {
        documents::write(doors, &wanted, &RunRecord::of(&events))?;
        return Ok(0);
    }
    if let Some(step) = step {
        let name = find_step(&events, step)?;
        if !options.json {
            return step_log(doors, run, &events, &name);
        }
        events.retain(|event| event.step.as_deref() == Some(&name));
    }
    let facts = session::facts(doors, options);
    // What is asked for here is data, so it goes to standard output; that may be a pipe while standard error is a terminal.
    let colour = match options.color {
        Colour::Auto => facts.colour && std::io::stdout().is_terminal(),
        Colour::Always => true,
        Colour::Never => false,
    };
    let format = if options.json { Format::Json } else { Format::Plain };
    let facts = TerminalFacts { live: false, can_ask: false, colour, ..facts };
    let mut reporter = report::reporter(format, facts, &Masker::default(), Output::out(), Output::out());
    report::replay(events, &mut *reporter);
    Ok(0)
}

fn unreadable(run: &StoredRun, error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::World, format!("the events of the run {} could not be read: {error}", run.id))
}

/// The run that is named, by the beginning of its id; the last one where none is named.
pub(super) fn find<'a>(runs: &'a [StoredRun], named: Option<&str>) -> Result<&'a StoredRun, Fault> {
    let Some(last) = runs.last() else {
        return Err(Fault::new(FaultKind::Usage, "there are no runs yet")
            .hint("a run is kept when a task or a workspace was run"));
    };
    let Some(named) = named else { return Ok(last) };
    if let Some(run) = runs.iter().find(|run| run.id == named) {
        return Ok(run);
    }
    let matching: Vec<&StoredRun> = runs.iter().filter(|run| run.id.starts_with(named)).collect();
    match matching.as_slice() {
        [run] => Ok(run),
        [] => {
            let fault = Fault::new(FaultKind::Usage, format!("there is no run `{named}`"));
            Err(match suggest::nearest(named, runs.iter().map(|run| run.id.as_str())) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint("`shipway history` lists the runs"),
            })
        }
        several => {
            let ids: Vec<&str> = several.iter().rev().take(5).rev().map(|run| run.id.as_str()).collect();
            let message = format!("{} runs begin with `{named}`", several.len());
            Err(Fault::new(FaultKind::Usage, message)
                .hint(format!("the last of them are {}", list::and_ticked(&ids))))
        }
    }
}

/// The name of the step that has this name or title.
fn find_step(events: &[Event], wanted: &str) -> Result<String, Fault> {
    let steps = events.iter().find_map(|event| match &event.kind {
        EventKind::RunStarted { steps, .. } => Some(steps.as_slice()),
        _ => None,
    });
    let steps = steps.unwrap_or_default();
    if let Some(step) = steps.iter().find(|step| step.name == wanted || step.title == wanted) {
        return Ok(step.name.clone());
    }
    let titles: Vec<&str> = steps.iter().map(|step| step.title.as_str()).collect();
    let fault = Fault::new(FaultKind::Usage, format!("the run has no step `{wanted}`"));
    Err(match suggest::nearest(wanted, titles.iter().copied()) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None if titles.is_empty() => fault.hint("it ended before its first step"),
        None => fault.hint(format!("it has {}", list::and_ticked(&titles))),
    })
}

/// What a step printed and said.
fn step_log(doors: &Doors, run: &StoredRun, events: &[Event], name: &str) -> Result<u8, Fault> {
    // Earlier versions kept a log for each step.
    let path = run.folder.join("steps").join(format!("{}.log", store::file_name(name)));
    if doors.files.kind(&path) != FileKind::Missing {
        let bytes = doors.files.read(&path).map_err(|error| unreadable(run, &error))?;
        print(&bytes);
        return Ok(0);
    }
    let mut log = String::new();
    for event in events.iter().filter(|event| event.step.as_deref() == Some(name)) {
        match &event.kind {
            EventKind::Line { text, .. } | EventKind::Notice { text, .. } => {
                log.push_str(text);
                log.push('\n');
            }
            EventKind::Lines { text, .. } => log.push_str(&String::from_utf8_lossy(text)),
            EventKind::CommandStarted { line } => {
                for (at, line) in line.trim_matches('\n').lines().enumerate() {
                    let mark = if at == 0 { "$ " } else { "  " };
                    log.push_str(format!("{mark}{line}").trim_end());
                    log.push('\n');
                }
            }
            EventKind::CommandEnded { termination, .. } => {
                let newline = if log.is_empty() || log.ends_with('\n') { "" } else { "\n" };
                log.push_str(&format!("{newline}({termination})\n"));
            }
            _ => {}
        }
    }
    print(&log);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(ids: &[&str]) -> Vec<StoredRun> {
        let run = |id: &&str| StoredRun { id: (*id).to_owned(), folder: "x".into(), records: vec![] };
        ids.iter().map(run).collect()
    }

    #[test]
    fn a_run_is_found_by_the_beginning_of_its_id() {
        let all =
            runs(&["20261121-101500-001-aaaa", "20261122-101500-001-bbbb", "20261122-101500-001-bbbbb"]);
        let found = |named| find(&all, named).map(|run| run.id.as_str());
        assert_eq!(found(None).unwrap(), "20261122-101500-001-bbbbb");
        assert_eq!(found(Some("20261121")).unwrap(), "20261121-101500-001-aaaa");
        assert_eq!(found(Some("20261122-101500-001-bbbb")).unwrap(), "20261122-101500-001-bbbb");
        assert!(found(Some("20261122")).unwrap_err().message.starts_with("2 runs begin with"));
        let near = found(Some("20261121-101500-001-aaab")).unwrap_err();
        assert_eq!(near.hints, ["did you mean `20261121-101500-001-aaaa`?"]);
        assert_eq!(find(&[], None).unwrap_err().message, "there are no runs yet");
    }
}
