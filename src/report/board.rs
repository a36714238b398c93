//! The board: where each step of a run stands, folded from its events. Pure; draws nothing and knows no clock.
//!
//! All reports read the same board, so they can't disagree about what is running. Steps that no `RunStarted` named are not on it (a
//! torn log may begin in the middle): their lines are shown, their states are not.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::role::Role;
use crate::diagnostic::Fault;
use crate::event::{Event, EventKind, Level, Progress, StepShape};
use crate::plan::Ending;

/// Where a step stands, in life order. Times are the run's.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stage {
    /// Not started.
    Waiting,
    /// At work.
    Running {
        /// When it started.
        since: Duration,
    },
    /// Its question is not answered yet.
    Asking {
        /// When it started.
        since: Duration,
    },
    /// Over.
    Ended {
        /// How.
        ending: Ending,
        /// How long it took.
        took: Duration,
    },
}

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) shape: StepShape,
    pub(super) stage: Stage,
    pub(super) progress: Progress,
    /// The command that runs, masked.
    pub(super) command: Option<String>,
    /// What it changed, from its last complete progress.
    pub(super) changed: Option<String>,
    /// Nobody asked for the step itself.
    pub(super) is_inner: bool,
    /// What it asked, in a line.
    pub(super) question: Option<String>,
}

impl Row {
    /// When it started, if it is at work or asks.
    pub(super) fn since(&self) -> Option<Duration> {
        match self.stage {
            Stage::Running { since } | Stage::Asking { since } => Some(since),
            Stage::Waiting | Stage::Ended { .. } => None,
        }
    }

    /// What it is to the person who reads.
    pub(super) fn role(&self) -> Role<'_> {
        Role::of(&self.shape.name)
    }

    fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended { .. })
    }
}

/// All steps of a run, in the plan's order.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    rows: Vec<Row>,
    places: HashMap<String, usize>,
    /// Places of the steps that are at work or ask.
    open: BTreeSet<usize>,
    elapsed: Duration,
    is_single: bool,
    conclusions: Vec<(Level, String)>,
}

impl Board {
    /// Takes an event in.
    pub(super) fn note(&mut self, event: &Event) {
        self.elapsed = self.elapsed.max(event.elapsed);
        if matches!(event.kind, EventKind::Line { .. } | EventKind::Lines { .. }) {
            return;
        }
        if let EventKind::RunStarted { steps, .. } = &event.kind {
            self.places = steps.iter().enumerate().map(|(at, shape)| (shape.name.clone(), at)).collect();
            self.rows = steps.iter().map(|shape| waiting(shape, Role::of(&shape.name).is_inner())).collect();
            if self.rows.iter().all(|row| row.is_inner) {
                // `init` alone, for example: then it is what was asked for.
                self.rows.iter_mut().for_each(|row| row.is_inner = false);
            }
            self.is_single = self.rows.iter().filter(|row| !row.is_inner).count() == 1;
        }
        if let (EventKind::Notice { level, text }, Some(step)) = (&event.kind, &event.step)
            && Role::of(step).concludes()
        {
            self.conclusions.push((*level, text.clone()));
        }
        if let EventKind::StepRedone { from, .. } = &event.kind {
            self.put_back(from);
        }
        let Some(at) = event.step.as_ref().and_then(|name| self.places.get(name)).copied() else { return };
        let row = &mut self.rows[at];
        match &event.kind {
            EventKind::StepStarted { .. } => {
                *row = Row {
                    stage: Stage::Running { since: event.elapsed },
                    ..waiting(&row.shape, row.is_inner)
                };
            }
            EventKind::CommandStarted { line } => row.command = Some(line.clone()),
            EventKind::CommandEnded { .. } => row.command = None,
            EventKind::Progress(progress) => {
                if progress.done.is_some() && progress.done == progress.total && !progress.text.is_empty() {
                    row.changed = Some(progress.text.clone());
                }
                row.progress = progress.clone();
            }
            EventKind::Asked { proposal } => {
                row.question = Some(proposal.question.clone());
                row.stage = Stage::Asking { since: row.since().unwrap_or(event.elapsed) };
            }
            EventKind::Answered { .. } => {
                row.stage = Stage::Running { since: row.since().unwrap_or(event.elapsed) };
            }
            EventKind::StepRedone { .. } => *row = waiting(&row.shape, row.is_inner),
            EventKind::StepFinished { ending, took } => {
                row.stage = Stage::Ended { ending: ending.clone(), took: *took };
            }
            EventKind::RunStarted { .. }
            | EventKind::Judged(_)
            | EventKind::Line { .. }
            | EventKind::Lines { .. }
            | EventKind::Notice { .. }
            | EventKind::Interrupted { .. }
            | EventKind::RunFinished { .. } => {}
        }
        if row.since().is_some() {
            self.open.insert(at);
        } else {
            self.open.remove(&at);
        }
    }

    /// `from` and all that needs it will be done again, as far as it was done.
    fn put_back(&mut self, from: &str) {
        let mut again = vec![from.to_owned()];
        let mut at = 0;
        while at < again.len() {
            let name = again[at].clone();
            at += 1;
            for row in &self.rows {
                if row.shape.needs.contains(&name) && !again.contains(&row.shape.name) {
                    again.push(row.shape.name.clone());
                }
            }
        }
        for row in self.rows.iter_mut().filter(|row| again.contains(&row.shape.name) && row.has_ended()) {
            *row = waiting(&row.shape, row.is_inner);
        }
    }

    /// All steps in the plan's order.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The step that is called so.
    pub(super) fn row(&self, name: &str) -> Option<&Row> {
        self.places.get(name).map(|at| &self.rows[*at])
    }

    /// How people call the step; its name where nothing else is known.
    pub(super) fn title<'a>(&'a self, name: &'a str) -> &'a str {
        self.row(name).map_or(name, |row| row.shape.title.as_str())
    }

    /// The run's time at the latest event.
    pub(super) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Whether the plan is one step that somebody asked for, and perhaps some that it needs inwardly.
    pub(super) fn is_single(&self) -> bool {
        self.is_single
    }

    /// What the last steps said in conclusion.
    pub(super) fn conclusions(&self) -> &[(Level, String)] {
        &self.conclusions
    }

    /// The steps that are at work or ask.
    pub(super) fn open(&self) -> impl Iterator<Item = &Row> {
        self.open.iter().map(|at| &self.rows[*at])
    }

    /// The first step that `row` still waits for, and how many more there are.
    pub(super) fn waits_for(&self, row: &Row) -> Option<(&str, usize)> {
        let mut open =
            row.shape.needs.iter().filter_map(|name| self.row(name)).filter(|need| !need.has_ended());
        let first = open.next()?;
        Some((first.shape.title.as_str(), open.count()))
    }

    /// Titles and faults of the steps that failed; a fault that several steps share only once.
    pub(super) fn faults(&self) -> Vec<(&str, &Fault)> {
        let mut faults: Vec<(&str, &Fault)> = Vec::new();
        for row in &self.rows {
            if let Stage::Ended { ending: Ending::Failed { fault }, .. } = &row.stage
                && !faults.iter().any(|(_, known)| *known == fault)
            {
                faults.push((&row.shape.title, fault));
            }
        }
        faults
    }
}

fn waiting(shape: &StepShape, is_inner: bool) -> Row {
    Row {
        shape: shape.clone(),
        stage: Stage::Waiting,
        progress: Progress::default(),
        command: None,
        changed: None,
        is_inner,
        question: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tape::Tape;

    fn stages(tape: &Tape) -> Vec<(String, &'static str)> {
        let mut board = Board::default();
        tape.events.iter().for_each(|event| board.note(event));
        board
            .rows()
            .iter()
            .map(|row| {
                let stage = match &row.stage {
                    Stage::Waiting => "waiting",
                    Stage::Running { .. } => "running",
                    Stage::Asking { .. } => "asking",
                    Stage::Ended { .. } => "ended",
                };
                (row.shape.title.clone(), stage)
            })
            .collect()
    }

    #[test]
    fn a_redo_puts_back_what_was_done_from_there_on_and_nothing_else() {
        let tape = Tape::new(&[
            ("lint", &[]),
            ("plan base", &[]),
            ("ask base", &["plan base"]),
            ("apply base", &["ask base"]),
        ])
        .started("lint")
        .started("plan base")
        .done("plan base", 2)
        .started("ask base")
        .done("ask base", 3)
        .started("apply base")
        .redone("apply base", "plan base");
        assert_eq!(
            stages(&tape),
            [
                ("lint", "running"),
                ("plan base", "waiting"),
                ("ask base", "waiting"),
                ("apply base", "waiting")
            ]
            .map(|(title, stage)| (title.to_owned(), stage))
        );
    }

    #[test]
    fn a_step_that_asks_goes_on_from_when_it_started() {
        let tape = Tape::new(&[("apply base", &[])]).started("apply base").after(5).asked("apply base");
        let mut board = Board::default();
        tape.events.iter().for_each(|event| board.note(event));
        assert_eq!(board.rows()[0].stage, Stage::Asking { since: Duration::ZERO });
    }

    #[test]
    fn only_complete_progress_says_what_changed() {
        let mut board = Board::default();
        let tape = Tape::new(&[("apply base", &[])]).started("apply base").progress(
            "apply base",
            "creating",
            Some((1, 4)),
        );
        tape.events.iter().for_each(|event| board.note(event));
        assert_eq!(board.rows()[0].changed, None);
        let tape = tape.progress("apply base", "4 added", Some((4, 4)));
        tape.events.iter().for_each(|event| board.note(event));
        assert_eq!(board.rows()[0].changed.as_deref(), Some("4 added"));
    }
}
