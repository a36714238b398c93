//! The engine: runs a plan.
//!
//! One dispatcher decides (`dispatcher`, over `plan::Walk`), one thread per running step acts (`unit`), asks the dispatcher when that has
//! ended, and takes the next step (`crew`), one asker owns the keyboard (`asker`), one screen thread shows events (`screen`). They share
//! `Shared` and talk by messages (`mailbox`); only the dispatcher changes the state of a step. A step starts when its intent is in the journal;
//! an event is shown when the journal has it.
//!
//! Deliberately absent: terraform, git, docker, the shape of the screen. An `Action` brings the first three, an `Observer` and an
//! `Ask` the last.

mod action;
mod asker;
pub mod bindings;
mod budget;
mod cancel;
mod context;
mod crew;
mod demand;
mod dispatcher;
mod follow;
pub mod freshness;
mod judged;
mod kept;
mod launch;
mod lines;
mod mailbox;
pub mod node;
mod observe;
mod resume;
mod screen;
pub mod script;
mod shared;
mod unit;

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::bounded;

pub use action::{Action, Approval, Exports, Outcome, Produced, RunPlan};
pub use bindings::Bindings;
pub use context::{CommandAnswer, CommandRun, LineReader, StepContext, StepLog, interrupted};
pub use dispatcher::RunResult;
pub use kept::Resumed;
pub use observe::{Answer, Ask, Observer, Question};
pub use resume::{Fate, Leftover};

use asker::Asker;
use budget::Budget;
use crew::Crew;
use dispatcher::Dispatcher;
use kept::Kept;
use mailbox::Mailbox;
use screen::Screen;
use shared::{Channels, Message, Mode, Shared};

use crate::diagnostic::{Fault, FaultKind};
use crate::event::{EventKind, StepShape};
use crate::journal::store::RunStore;
use crate::masking::Masker;
use crate::os::Doors;
use crate::os::signal::Signals;
use crate::plan::WalkSettings;

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
    /// After a failure, end what still runs and may be ended.
    pub fail_fast: bool,
    /// Steps run although their work is as it was left.
    pub force: bool,
    /// Each task says why it runs.
    pub explain: bool,
    /// A state's lock that is proven to be a dead apply's of ours is released without a question.
    pub unlock_own_stale: bool,
    /// The digest of the tasks file, for the record.
    pub tasks_file: String,
    /// What an earlier run got done, where this one goes on for it.
    pub resumed: Option<Resumed>,
    /// Whether the run is recorded. Only a run that changes nothing may go without.
    pub recorded: bool,
}

/// Runs the plan to its end, or says why it could not even start.
pub fn run(
    (plan, doors, masker, bindings): (&RunPlan, &Doors, &Masker, &Bindings),
    settings: RunSettings,
    observer: Box<dyn Observer>,
    ask: Box<dyn Ask>,
) -> Result<RunResult, Fault> {
    let command = masker.mask(&settings.command);
    let names = plan.ids().map(|id| plan.step(id).name.clone()).collect();
    let journal = if settings.recorded {
        let resumes = settings.resumed.as_ref().map(|resumed| resumed.run.as_str());
        let typed = (command.as_str(), settings.tasks_file.as_str(), resumes);
        let store = RunStore::create_for(doors, &settings.records, typed, names);
        Some(store.map_err(|error| {
            let folder = settings.records.join(crate::journal::store::FOLDER);
            Fault::new(FaultKind::World, format!("{} could not be written: {error}", folder.display()))
                .hint("Shipway keeps its record of runs there, and starts nothing without one")
        })?)
    } else {
        None
    };
    let life: Arc<Mailbox<Message>> = Arc::default();
    let (screen, budget) = (Arc::new(Mailbox::default()), Arc::new(Budget::default()));
    let unheard =
        |error: std::io::Error| Fault::new(FaultKind::World, format!("signals can't be watched: {error}"));
    let (signals, guard) = Signals::listen().map_err(unheard)?;
    let run_id = journal.as_ref().map(|journal| journal.id().to_owned()).unwrap_or_default();
    let mut shared = Shared::new(
        (plan, doors, masker, bindings),
        journal,
        settings.root.clone(),
        Channels { life, budget, asker: Asker::new(ask, Arc::clone(&screen)) },
        Mode {
            force: settings.force,
            explain: settings.explain,
            fail_fast: settings.fail_fast,
            looks: false,
        },
    );
    shared.kept = settings.resumed.clone().map(Kept::new);
    shared.unlock_own_stale = settings.unlock_own_stale;
    let walk = WalkSettings { jobs: settings.jobs, keep_going: settings.keep_going };
    let (question_counts, abandoned) = bounded(0);
    let result = std::thread::scope(|scope| {
        let jobs = Arc::new(Mailbox::default());
        let mut dispatcher = Dispatcher::new(&shared, walk, Arc::clone(&screen), Arc::clone(&jobs));
        let started = EventKind::RunStarted {
            run: run_id,
            command,
            project: settings.project.clone(),
            jobs: settings.jobs,
            steps: shapes(plan),
        };
        let event = shared.event(None, started);
        dispatcher.publish(event);
        let budget = Arc::clone(&shared.budget);
        let screen = Screen { observer, messages: screen, abandoned, budget };
        Crew::new(&shared, scope, dispatcher, jobs, (signals, screen)).run(guard, question_counts)
    });
    if let Some(journal) = &shared.journal {
        journal.close(doors);
    }
    result.map_err(unheard)
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
