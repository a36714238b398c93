//! Events of made-up runs, for tests: a tape is recorded by calls that read like the run, then fed to a report.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::diagnostic::Fault;
use crate::event::{Counts, EVENTS_VERSION, Event, EventKind, Level, Progress, StepShape, Stream};
use crate::os::terminal::StandardOutput;
use crate::plan::{Digest, Effect, Ending, Proposal, ProposedChange, Skip};
use crate::report::outputs::Outputs;
use crate::report::sink::Sink;
use crate::run::Observer;

/// A run being recorded. Steps are called by their titles; a name is the title with colons.
pub(super) struct Tape {
    pub(super) events: Vec<Event>,
    now: Duration,
    counts: Counts,
}

pub(super) fn name(title: &str) -> String {
    title.replace(' ', ":")
}

impl Tape {
    pub(super) fn new(steps: &[(&str, &[&str])]) -> Self {
        let shapes = steps
            .iter()
            .map(|(title, needs)| StepShape {
                name: name(title),
                title: (*title).to_owned(),
                needs: needs.iter().map(|need| name(need)).collect(),
                effect: if title.starts_with("apply") { Effect::Changes } else { Effect::Reads },
            })
            .collect();
        Self { events: vec![], now: Duration::ZERO, counts: Counts::default() }.push(
            None,
            EventKind::RunStarted {
                run: "r1".into(),
                command: "shipway up".into(),
                project: "shop".into(),
                jobs: 4,
                steps: shapes,
            },
        )
    }

    fn push(mut self, step: Option<&str>, kind: EventKind) -> Self {
        self.events.push(Event {
            version: EVENTS_VERSION,
            at: jiff::Timestamp::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + self.now,
            elapsed: self.now,
            step: step.map(name),
            kind,
        });
        self
    }

    /// Lets seconds go by.
    pub(super) fn after(mut self, seconds: u64) -> Self {
        self.now += Duration::from_secs(seconds);
        self
    }

    pub(super) fn started(self, step: &str) -> Self {
        self.push(Some(step), EventKind::StepStarted { attempt: 1 })
    }

    pub(super) fn command(self, step: &str, line: &str) -> Self {
        self.push(Some(step), EventKind::CommandStarted { line: line.into() })
    }

    pub(super) fn line(self, step: &str, text: &str) -> Self {
        self.push(Some(step), EventKind::Line { stream: Stream::Out, text: text.into() })
    }

    pub(super) fn error(self, step: &str, text: &str) -> Self {
        self.push(Some(step), EventKind::Line { stream: Stream::Err, text: text.into() })
    }

    pub(super) fn progress(self, step: &str, text: &str, parts: Option<(usize, usize)>) -> Self {
        let (done, total) = (parts.map(|parts| parts.0), parts.map(|parts| parts.1));
        self.push(Some(step), EventKind::Progress(Progress { text: text.into(), done, total }))
    }

    pub(super) fn notice(self, step: Option<&str>, level: Level, text: &str) -> Self {
        self.push(step, EventKind::Notice { level, text: text.into() })
    }

    pub(super) fn asked(self, step: &str) -> Self {
        self.push(Some(step), EventKind::Asked { proposal: proposal(&[]) })
    }

    pub(super) fn answered(self, step: &str, approved: bool, by: &str) -> Self {
        self.push(Some(step), EventKind::Answered { approved, by: by.into() })
    }

    pub(super) fn redone(self, step: &str, from: &str) -> Self {
        self.push(
            Some(step),
            EventKind::StepRedone { from: name(from), reason: "the saved plan is stale".into() },
        )
    }

    pub(super) fn interrupted(self, count: u32) -> Self {
        self.push(None, EventKind::Interrupted { signal: "SIGINT".into(), count })
    }

    pub(super) fn ended(mut self, step: &str, ending: Ending, seconds: u64) -> Self {
        self.counts.add(&ending);
        self.push(Some(step), EventKind::StepFinished { ending, took: Duration::from_secs(seconds) })
    }

    pub(super) fn done(self, step: &str, seconds: u64) -> Self {
        self.ended(step, Ending::Done, seconds)
    }

    pub(super) fn up_to_date(self, step: &str) -> Self {
        self.ended(step, Ending::UpToDate { reason: "its inputs are unchanged".into() }, 0)
    }

    pub(super) fn failed(self, step: &str, fault: Fault, seconds: u64) -> Self {
        self.ended(step, Ending::Failed { fault }, seconds)
    }

    pub(super) fn skipped(self, step: &str, failed: &str) -> Self {
        self.ended(step, Ending::Skipped(Skip::Needs { title: failed.into() }), 0)
    }

    pub(super) fn finished(self, exit_code: u8) -> Self {
        let counts = self.counts;
        self.push(None, EventKind::RunFinished { exit_code, counts })
    }

    pub(super) fn play(&self, observer: &mut dyn Observer) {
        self.events.iter().for_each(|event| observer.event(event));
        observer.idle();
    }
}

/// `Apply base?`, with one thing destroyed and one replaced.
pub(super) fn proposal(words: &[&str]) -> Proposal {
    Proposal {
        question: "Apply base?".into(),
        changes: vec![ProposedChange {
            name: "base".into(),
            summary: "2 to add, 2 to destroy".into(),
            destroys: vec!["digitalocean_droplet.web".into()],
            replaces: vec!["digitalocean_volume.data".into()],
            digest: Digest("d".into()),
        }],
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    }
}

/// What a report wrote.
#[derive(Clone, Default)]
pub(super) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(super) fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(self.clone())
    }

    /// Both outputs on this paper, as on a terminal.
    pub(super) fn outputs(&self) -> Outputs {
        Outputs::new(Sink::new(self.writer()), Sink::new(self.writer()), StandardOutput::Terminal)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
