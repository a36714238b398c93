//! What became of each step of a run, folded from its events.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::event::{Counts, Event, EventKind, Level, StepShape};
use crate::plan::Ending;
use crate::report::clean;

/// So many of the last lines of a step are kept: a document is read, not searched.
const KEPT_LINES: usize = 200;

/// A run as far as its events tell.
#[derive(Clone, Debug, Default)]
pub struct RunRecord {
    pub(super) run: String,
    pub(super) command: String,
    pub(super) project: String,
    /// When it started.
    pub(super) started: Option<jiff::Timestamp>,
    pub(super) took: Duration,
    /// `None`: it did not come to its end, or not yet.
    pub(super) exit_code: Option<u8>,
    pub(super) counts: Counts,
    /// In the order of the plan.
    pub(super) steps: Vec<StepRecord>,
    /// Warnings that are about no step.
    pub(super) warnings: Vec<String>,
    places: BTreeMap<String, usize>,
}

/// A step.
#[derive(Clone, Debug)]
pub(super) struct StepRecord {
    pub(super) shape: StepShape,
    pub(super) attempts: u32,
    /// What it changed or found, in a few words.
    pub(super) what: String,
    pub(super) warnings: Vec<String>,
    /// `None`: it has not ended.
    pub(super) ending: Option<Ending>,
    pub(super) took: Duration,
    /// The last lines that its commands printed.
    pub(super) lines: VecDeque<String>,
    /// So many came before them.
    pub(super) cut: usize,
}

impl RunRecord {
    /// The record of a run whose events are all there.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut record = Self::default();
        events.into_iter().for_each(|event| record.note(event));
        record
    }

    /// Takes in one event.
    pub fn note(&mut self, event: &Event) {
        self.took = event.elapsed;
        match &event.kind {
            EventKind::RunStarted { run, command, project, steps, .. } => {
                *self = Self {
                    run: run.clone(),
                    command: command.clone(),
                    project: project.clone(),
                    started: Some(event.at),
                    steps: steps.iter().cloned().map(StepRecord::new).collect(),
                    places: steps.iter().enumerate().map(|(at, step)| (step.name.clone(), at)).collect(),
                    ..Self::default()
                };
            }
            EventKind::RunFinished { exit_code, counts } => {
                (self.exit_code, self.counts) = (Some(*exit_code), *counts);
            }
            EventKind::Notice { level: Level::Warning, text } => {
                let text = clean_text(text);
                match self.step(event) {
                    Some(step) => step.warnings.push(text),
                    None => self.warnings.push(text),
                }
            }
            kind => {
                if let Some(step) = self.step(event) {
                    step.note(kind);
                }
            }
        }
    }

    fn step(&mut self, event: &Event) -> Option<&mut StepRecord> {
        let place = *self.places.get(event.step.as_ref()?)?;
        self.steps.get_mut(place)
    }

    /// How the run ended, in a word or two.
    pub(super) fn result(&self) -> String {
        match self.exit_code {
            Some(0) => "ok".to_owned(),
            Some(code) => format!("failed ({code})"),
            None => "not ended".to_owned(),
        }
    }
}

impl StepRecord {
    fn new(shape: StepShape) -> Self {
        Self {
            shape,
            attempts: 0,
            what: String::new(),
            warnings: Vec::new(),
            ending: None,
            took: Duration::ZERO,
            lines: VecDeque::new(),
            cut: 0,
        }
    }

    fn note(&mut self, kind: &EventKind) {
        match kind {
            EventKind::StepStarted { attempt } => self.attempts = *attempt,
            EventKind::CommandStarted { line } => {
                for (at, line) in clean::command(line).iter().enumerate() {
                    self.line(&format!("{}{line}", if at == 0 { "$ " } else { "  " }));
                }
            }
            EventKind::Line { text, .. } => self.line(text),
            EventKind::Lines { text, .. } => {
                String::from_utf8_lossy(text).lines().for_each(|line| self.line(line))
            }
            // The last complete one tells what the step brought.
            EventKind::Progress(progress) if progress.done == progress.total && progress.done.is_some() => {
                self.what = clean::line(&progress.text, false);
            }
            EventKind::StepFinished { ending, took } => {
                (self.ending, self.took) = (Some(ending.clone()), *took);
            }
            _ => {}
        }
    }

    fn line(&mut self, text: &str) {
        if self.lines.len() == KEPT_LINES {
            self.lines.pop_front();
            self.cut += 1;
        }
        self.lines.push_back(clean::line(text, false));
    }

    /// What its commands printed.
    pub(super) fn output(&self) -> String {
        let mut text = String::new();
        if self.cut > 0 {
            text.push_str(&format!("({} lines before are left out)\n", self.cut));
        }
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// A text of several lines without what would steer a terminal.
pub(super) fn clean_text(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| clean::line(line, false)).collect();
    lines.join("\n")
}
