//! Reports that tell less, or later: `--group` and `--quiet`. Each stands before another report and decides which events it gets, when.

use std::collections::HashMap;

use crate::event::{Event, EventKind, Level};
use crate::plan::Ending;
use crate::run::Observer;

/// What each step said, in one piece when it has ended. What failed is told at the end of the run, whole.
pub struct Grouped {
    inner: Box<dyn Observer>,
    /// What was said by steps at work.
    held: HashMap<String, Vec<Event>>,
    failed: Vec<Event>,
}

impl Grouped {
    /// Before `inner`.
    pub fn new(inner: Box<dyn Observer>) -> Self {
        Self { inner, held: HashMap::new(), failed: Vec::new() }
    }

    fn tell(&mut self, events: &[Event]) {
        events.iter().for_each(|event| self.inner.event(event));
    }
}

/// Whether an event tells where a step or the run stands, and not what a command said.
fn is_state(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::RunStarted { .. }
            | EventKind::StepStarted { .. }
            | EventKind::Progress(_)
            | EventKind::Asked { .. }
            | EventKind::Answered { .. }
            | EventKind::StepRedone { .. }
            | EventKind::StepFinished { .. }
            | EventKind::Interrupted { .. }
            | EventKind::RunFinished { .. }
    )
}

impl Observer for Grouped {
    fn event(&mut self, event: &Event) {
        match (&event.step, &event.kind) {
            (Some(step), kind) if !is_state(kind) => {
                self.held.entry(step.clone()).or_default().push(event.clone());
            }
            (Some(step), EventKind::StepFinished { ending, .. }) => {
                let said = self.held.remove(step).unwrap_or_default();
                if matches!(ending, Ending::Failed { .. }) {
                    self.failed.extend(said);
                } else {
                    self.tell(&said);
                }
                self.inner.event(event);
            }
            (_, EventKind::RunFinished { .. }) => {
                let said = std::mem::take(&mut self.failed);
                self.tell(&said);
                self.inner.event(event);
            }
            _ => self.inner.event(event),
        }
    }

    fn idle(&mut self) {
        self.inner.idle();
    }

    fn tick(&mut self) {
        self.inner.tick();
    }

    fn pause(&mut self) {
        self.inner.pause();
    }

    fn resume(&mut self) {
        self.inner.resume();
    }

    fn abandon(&mut self) {
        self.inner.abandon();
    }
}

/// What commands print, warnings and questions; of the rest something only where the run fails.
pub struct Quiet {
    inner: Box<dyn Observer>,
    /// How steps ended that did not fail.
    ended: Vec<Event>,
}

impl Quiet {
    /// Before `inner`.
    pub fn new(inner: Box<dyn Observer>) -> Self {
        Self { inner, ended: Vec::new() }
    }
}

impl Observer for Quiet {
    fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::StepStarted { .. }
            | EventKind::CommandStarted { .. }
            | EventKind::CommandEnded { .. }
            | EventKind::Progress(_)
            | EventKind::Judged(_)
            | EventKind::Notice { level: Level::Note, .. } => {}
            EventKind::StepFinished { ending, .. } if !matches!(ending, Ending::Failed { .. }) => {
                self.ended.push(event.clone());
            }
            EventKind::RunFinished { exit_code: 0, .. } => {}
            EventKind::RunFinished { .. } => {
                std::mem::take(&mut self.ended).iter().for_each(|ended| self.inner.event(ended));
                self.inner.event(event);
            }
            _ => self.inner.event(event),
        }
    }

    fn idle(&mut self) {
        self.inner.idle();
    }

    fn tick(&mut self) {
        self.inner.tick();
    }

    fn pause(&mut self) {
        self.inner.pause();
    }

    fn resume(&mut self) {
        self.inner.resume();
    }

    fn abandon(&mut self) {
        self.inner.abandon();
    }
}
