//! The events of a run, and what can be asked of them.

use shipway::event::{Event, EventKind, StepShape};
use shipway::plan::Ending;

/// All events of a run, in order.
#[derive(Debug)]
pub(crate) struct Story {
    /// The events.
    pub(crate) events: Vec<Event>,
}

impl Story {
    /// Reads JSON lines, each of which has to be an event.
    #[track_caller]
    pub(crate) fn read(text: &str) -> Self {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { events: text.lines().map(read).collect() }
    }

    /// The steps as the first event names them.
    #[track_caller]
    pub(crate) fn shapes(&self) -> &[StepShape] {
        match &self.events.first().expect("an event").kind {
            EventKind::RunStarted { steps, .. } => steps,
            other => panic!("the first event is {other:?}"),
        }
    }

    /// Names of steps in the order in which they did their work; steps that did nothing are left out.
    pub(crate) fn done(&self) -> Vec<&str> {
        self.endings()
            .into_iter()
            .filter(|(_, ending)| **ending == Ending::Done)
            .map(|(step, _)| step)
            .collect()
    }

    /// Each step with its end, in the order in which they ended.
    pub(crate) fn endings(&self) -> Vec<(&str, &Ending)> {
        self.events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::StepFinished { ending, .. } => Some((event.step.as_deref()?, ending)),
                _ => None,
            })
            .collect()
    }

    /// How a step ended.
    #[track_caller]
    pub(crate) fn ending(&self, step: &str) -> &Ending {
        let endings = self.endings();
        match endings.iter().find(|(name, _)| *name == step) {
            Some((_, ending)) => ending,
            None => panic!("{step} did not end: {endings:#?}"),
        }
    }

    /// The place of a step's start in the order of events.
    #[track_caller]
    pub(crate) fn started(&self, step: &str) -> usize {
        self.position(step, |kind| matches!(kind, EventKind::StepStarted { .. }))
    }

    /// Whether a step started.
    pub(crate) fn has_started(&self, step: &str) -> bool {
        let started = |event: &Event| matches!(event.kind, EventKind::StepStarted { .. });
        self.events.iter().any(|event| event.step.as_deref() == Some(step) && started(event))
    }

    /// The place of a step's end in the order of events.
    #[track_caller]
    pub(crate) fn ended(&self, step: &str) -> usize {
        self.position(step, |kind| matches!(kind, EventKind::StepFinished { .. }))
    }

    /// The command lines that were started.
    pub(crate) fn commands(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::CommandStarted { line } => Some(line.as_str()),
                _ => None,
            })
            .collect()
    }

    /// How many events `matches`.
    pub(crate) fn count(&self, matches: impl Fn(&EventKind) -> bool) -> usize {
        self.events.iter().filter(|event| matches(&event.kind)).count()
    }

    #[track_caller]
    fn position(&self, step: &str, matches: impl Fn(&EventKind) -> bool) -> usize {
        let found =
            self.events.iter().position(|event| event.step.as_deref() == Some(step) && matches(&event.kind));
        found.unwrap_or_else(|| panic!("nothing of the kind about {step}: {:#?}", self.events))
    }
}
