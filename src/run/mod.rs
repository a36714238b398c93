//! The engine: runs a plan.
//!
//! One dispatcher thread decides (`dispatcher`, over `plan::Walk`), one thread per running step acts (`unit`), one asker owns the keyboard
//! (`asker`), one screen thread shows events (`screen`). They share `Shared` and talk by messages; only the dispatcher changes the state
//! of a step. A step starts when its intent is in the journal; an event is shown when it is in the journal.
//!
//! Deliberately absent: terraform, git, docker, the shape of the screen. An `Action` brings the first three, an `Observer` and an
//! `Ask` the last.

mod action;
mod asker;
pub mod bindings;
mod cancel;
mod context;
mod demand;
mod dispatcher;
pub mod freshness;
mod lines;
pub mod node;
mod observe;
mod screen;
pub mod script;
mod shared;
mod unit;

use std::path::PathBuf;

use crossbeam_channel::{bounded, unbounded};

pub use action::{Action, Approval, Exports, Outcome, Produced, RunPlan};
pub use bindings::Bindings;
pub use context::{CommandAnswer, CommandRun, LineReader, StepContext, StepLog, interrupted};
pub use dispatcher::RunResult;
pub use observe::{Answer, Ask, Observer, Question};

use asker::answer_all;
use dispatcher::{Dispatcher, Inbox};
use screen::{ScreenMessage, show};
use shared::{Channels, Mode, Shared};

use crate::diagnostic::{Fault, FaultKind};
use crate::event::{EventKind, StepShape};
use crate::journal::store::RunStore;
use crate::masking::Masker;
use crate::os::{Doors, signal};
use crate::plan::WalkSettings;

/// So many crowds of lines may wait for the dispatcher.
const LINE_BACKLOG: usize = 16;

/// What a run is given besides its plan.
pub struct RunSettings {
    /// What was typed; shown and kept, masked.
    pub command: String,
    /// The project's name.
    pub project: String,
    /// The project's folder.
    pub root: PathBuf,
    /// The folder whose `.shipway` keeps the record of the run; most often the project's.
    pub records: PathBuf,
    /// How many steps may run at once; at least 1.
    pub jobs: usize,
    /// After a failure, go on with what does not depend on it.
    pub keep_going: bool,
    /// Steps run although their work is as it was left.
    pub force: bool,
    /// Each task says why it runs.
    pub explain: bool,
    /// Whether the run is recorded. Only a run that changes nothing may go without.
    pub recorded: bool,
}

/// Runs the plan to its end, or says why it could not even start.
pub fn run(
    (plan, doors, masker, bindings): (&RunPlan, &Doors, &Masker, &Bindings),
    settings: RunSettings,
    mut observer: Box<dyn Observer>,
    ask: Box<dyn Ask>,
) -> Result<RunResult, Fault> {
    let command = masker.mask(&settings.command);
    let names = plan.ids().map(|id| plan.step(id).name.clone()).collect();
    let journal = if settings.recorded {
        let store = RunStore::create(doors, &settings.records, &command, names);
        Some(store.map_err(|error| {
            let folder = settings.records.join(crate::journal::store::FOLDER);
            Fault::new(FaultKind::World, format!("{} could not be written: {error}", folder.display()))
                .hint("Shipway keeps its record of runs there, and starts nothing without one")
        })?)
    } else {
        None
    };
    let (life, life_inbox) = unbounded();
    let (permits, given) = bounded(LINE_BACKLOG);
    let (signal_sender, signals) = unbounded();
    let (asker, requests) = unbounded();
    let (screen, messages) = unbounded::<ScreenMessage>();
    let _guard = signal::watch(signal_sender)
        .map_err(|error| Fault::new(FaultKind::World, format!("signals can't be watched: {error}")))?;

    // Detached: see `asker`.
    let pausing = screen.clone();
    std::thread::Builder::new()
        .name("asker".to_owned())
        .spawn(move || answer_all(ask, &requests, |pause| pausing.send(ScreenMessage::Pause(pause)).is_ok()))
        .map_err(|error| Fault::new(FaultKind::World, format!("no thread could be started: {error}")))?;

    let run_id = journal.as_ref().map(|journal| journal.id().to_owned()).unwrap_or_default();
    let shared = Shared::new(
        (plan, doors, masker, bindings),
        journal,
        settings.root.clone(),
        Channels { life, permits, asker },
        Mode { force: settings.force, explain: settings.explain, looks: false },
    );
    let walk = WalkSettings { jobs: settings.jobs, keep_going: settings.keep_going };
    let (question_counts, abandoned) = bounded(0);
    let result = std::thread::scope(|scope| {
        scope.spawn(|| show(observer.as_mut(), &messages, &abandoned));
        let inbox = Inbox { life: life_inbox, permits: given, signals };
        let mut dispatcher = Dispatcher::new(&shared, scope, walk, inbox, screen.clone());
        let started = EventKind::RunStarted {
            run: run_id,
            command,
            project: settings.project.clone(),
            jobs: settings.jobs,
            steps: shapes(plan),
        };
        let event = shared.event(None, started);
        dispatcher.publish(event);
        let result = dispatcher.run();
        drop(question_counts);
        screen.send(ScreenMessage::End).ok();
        result
    });
    if let Some(journal) = &shared.journal {
        doors.files.remove_dir(&journal.raw()).ok();
        journal.flush().ok();
    }
    Ok(result)
}

fn shapes(plan: &RunPlan) -> Vec<StepShape> {
    plan.order()
        .into_iter()
        .map(|id| {
            let step = plan.step(id);
            StepShape {
                name: step.name.clone(),
                title: step.title.clone(),
                needs: step.needs.iter().map(|need| plan.step(*need).name.clone()).collect(),
                effect: step.effect,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
