//! `attach --run`: follows a run of this project on this machine to its end.
//!
//! One whose Shipway lives is shown from its events, as it shows itself. One whose Shipway died is what still runs of it: applies and destroys under
//! their shims, whose streams are followed.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::time::Duration;

use super::{history, logs};
use crate::assemble::Goal;
use crate::cli::options::Options;
use crate::cli::output::Output;
use crate::cli::project;
use crate::cli::session::{self, Session};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::workspace::{Verb, workspace_of};
use crate::event::{Event, EventKind};
use crate::journal::store::{self, Fate, Leftover, StoredRun};
use crate::masking::Masker;
use crate::os::terminal::TerminalFacts;
use crate::os::{Doors, files, identity};
use crate::report::{self, Format};
use crate::run::Observer;

/// How often a file that another process writes is looked at.
const LOOK: Duration = Duration::from_millis(50);

pub(super) fn run(doors: &Doors, options: Options, named: Option<&str>) -> Result<u8, Fault> {
    let root = project::root(doors, options.file.as_deref())?;
    let mut runs = history::runs(doors, &root)?;
    let left = running(doors, &root)?;
    let is_left = |run: &StoredRun| left.iter().any(|leftover| leftover.run == run.id);
    if named.is_none() {
        runs.retain(|run| lives(run) || is_left(run));
        if runs.is_empty() {
            return Err(Fault::new(FaultKind::Usage, "no run of this project is under way here")
                .hint("`shipway history` lists the runs, `shipway logs RUN` shows one again"));
        }
    }
    let run = logs::find(&runs, named)?;
    if lives(run)
        && let Some(code) = follow(doors, &options, run)?
    {
        return Ok(code);
    }
    let workspaces: BTreeSet<String> = running(doors, &root)?
        .iter()
        .filter(|leftover| leftover.run == run.id)
        .filter_map(|leftover| workspace_of(leftover).map(str::to_owned))
        .collect();
    if workspaces.is_empty() {
        return Err(Fault::new(FaultKind::Usage, format!("nothing of the run {} runs any more", run.id))
            .hint(format!("`shipway logs {}` shows it again", run.id))
            .hint(
                "what it left open is told by the next `shipway up` or `shipway down`, before anything else",
            ));
    }
    let session = Session::open(doors, options, &[])?;
    let known = |name: &&String| workspaces.contains(*name);
    let names = session.model.workspaces.keys().filter(known).cloned().collect();
    let goal = Goal::Workspaces { verb: Verb::Attach, names, extra: Vec::new(), allow_destroy: Vec::new() };
    session.run_goals(&[goal], &["attach".to_owned(), "--run".to_owned()])
}

/// What dead runs left running.
fn running(doors: &Doors, root: &std::path::Path) -> Result<Vec<Leftover>, Fault> {
    let mut left = store::unfinished(doors, root).map_err(|error| {
        Fault::new(FaultKind::World, format!("the journals of earlier runs could not be read: {error}"))
    })?;
    left.retain(|leftover| matches!(leftover.fate, Fate::Running(_)));
    Ok(left)
}

fn lives(run: &StoredRun) -> bool {
    run.exit_code().is_none() && run.process().is_some_and(identity::is_alive)
}

/// Shows a run from its first event to its last, and gives what it exits with; nothing where its Shipway dies on the way.
fn follow(doors: &Doors, options: &Options, run: &StoredRun) -> Result<Option<u8>, Fault> {
    let facts = TerminalFacts { live: false, can_ask: false, ..session::facts(doors, options) };
    let format = if options.json { Format::Json } else { Format::Plain };
    let (err, out) = (Output::err(), Output::out());
    let mut reporter = report::reporter(format, facts, &Masker::default(), err, out);
    let unreadable = |error: std::io::Error| {
        Fault::new(FaultKind::World, format!("the events of the run {} could not be read: {error}", run.id))
    };
    let mut file = files::open(&run.folder.join("events.jsonl")).map_err(unreadable)?;
    let mut rest: Vec<u8> = Vec::new();
    loop {
        // Looked at before its last events are read.
        let is_over = !run.process().is_some_and(identity::is_alive);
        file.read_to_end(&mut rest).map_err(unreadable)?;
        if let Some(code) = show(&mut rest, &mut *reporter) {
            return Ok(Some(code));
        }
        if is_over {
            return Ok(None);
        }
        reporter.idle();
        crossbeam_channel::after(LOOK).recv().ok();
    }
}

/// Shows the events in the lines that are whole, and takes these away. Gives the exit code after the last event of a run.
fn show(bytes: &mut Vec<u8>, reporter: &mut dyn Observer) -> Option<u8> {
    let end = bytes.iter().rposition(|&byte| byte == b'\n')?;
    let lines: Vec<u8> = bytes.drain(..=end).collect();
    let mut code = None;
    for line in lines.split(|&byte| byte == b'\n') {
        // One that this Shipway can't read is of a newer one.
        let Ok(event) = serde_json::from_slice::<Event>(line) else { continue };
        reporter.event(&event);
        if let EventKind::RunFinished { exit_code, .. } = event.kind {
            code = Some(exit_code);
        }
    }
    if code.is_some() {
        reporter.idle();
    }
    code
}
