//! `resume`: the command of a run that failed or died, once more, without what succeeded there.

use super::{history, logs};
use crate::cli::options::Options;
use crate::cli::project;
use crate::diagnostic::{Fault, FaultKind};
use crate::journal::record::Entry;
use crate::journal::store::StoredRun;
use crate::masking::MASK;
use crate::os::{Doors, identity};
use crate::plan::{Effect, Ending};
use crate::run::Resumed;
use crate::text::quote;

/// What was typed for the run, `shipway` left out, and what it got done. `named`: by the beginning of its id; otherwise the last one.
pub(in crate::cli) fn gather(
    doors: &Doors,
    options: &Options,
    named: Option<&str>,
) -> Result<(Vec<String>, Resumed), Fault> {
    let root = project::root(doors, options.file.as_deref())?;
    let runs = history::runs(doors, &root)?;
    let run = logs::find(&runs, named)?;
    let refused = |message: String| Err(Fault::new(FaultKind::Refused, message));
    if run.exit_code() == Some(0) {
        return match named {
            Some(_) => refused(format!("the run {} came to a good end", run.id)),
            None => Err(Fault::new(FaultKind::Refused, "the last run came to a good end")
                .hint("name the one that is meant: `shipway history` lists them")),
        };
    }
    if run.exit_code().is_none() && run.process().is_some_and(identity::is_alive) {
        return Err(Fault::new(FaultKind::Refused, format!("the run {} is under way", run.id))
            .hint(format!("`shipway attach --run {}` follows it", run.id)));
    }
    let Some(command) = command(run) else {
        return refused(format!("the run {} died before it wrote down what was typed", run.id));
    };
    if command.contains(MASK) {
        return Err(Fault::new(
            FaultKind::Refused,
            format!("the command of the run {} held a secret", run.id),
        )
        .detail(format!("$ {command}"))
        .hint("secrets are not kept: type the command again"));
    }
    let Some(words) = quote::words(command) else {
        return refused(format!("what was typed for the run {} can't be read: {command}", run.id));
    };
    let words = words.into_iter().skip(1).collect();
    Ok((words, resumed(&runs, run)))
}

fn command(run: &StoredRun) -> Option<&str> {
    run.records.iter().find_map(|record| match &record.entry {
        Entry::Run { command, .. } => Some(command.as_str()),
        _ => None,
    })
}

fn tasks_file(run: &StoredRun) -> String {
    let found = run.records.iter().find_map(|record| match &record.entry {
        Entry::Run { tasks_file, .. } => Some(tasks_file.clone()),
        _ => None,
    });
    found.unwrap_or_default()
}

/// What `run` got done, and what it kept of the runs that it went on for.
fn resumed(runs: &[StoredRun], run: &StoredRun) -> Resumed {
    let mut chain = vec![run];
    while let Some(earlier) =
        resumes(chain[chain.len() - 1]).and_then(|id| runs.iter().find(|run| run.id == id))
        && chain.iter().all(|run| run.id != earlier.id)
    {
        chain.push(earlier);
    }
    let mut found = Resumed { run: run.id.clone(), tasks_file: tasks_file(run), ..Resumed::default() };
    chain.iter().rev().enumerate().for_each(|(at, run)| add(&mut found, run, at));
    found
}

fn resumes(run: &StoredRun) -> Option<&str> {
    run.records.iter().find_map(|record| match &record.entry {
        Entry::Run { resumes, .. } => resumes.as_deref(),
        _ => None,
    })
}

/// The steps of `run`, the `at`th, the last word on each. What it did not come to stays as the runs before it left it.
fn add(found: &mut Resumed, run: &StoredRun, at: usize) {
    let earlier = found.started.clone();
    for record in &run.records {
        match &record.entry {
            Entry::StepEnded { step, ending: ending @ (Ending::Done | Ending::UpToDate { .. }), .. } => {
                found.done.insert(step.clone(), at);
                if *ending != Ending::Done {
                    // It was looked at, and did nothing.
                    match earlier.get(step) {
                        Some(earlier) => found.started.insert(step.clone(), *earlier),
                        None => found.started.remove(step),
                    };
                }
            }
            Entry::Step { step, effect, .. } => {
                // Until it ends well it did not. Its `if` may be true by now, too.
                found.done.remove(step);
                if *effect != Effect::Reads {
                    found.started.insert(step.clone(), at);
                }
            }
            _ => {}
        }
    }
}
