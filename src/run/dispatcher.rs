//! The dispatcher: one thread decides.
//!
//! It waits on messages of running steps and on signals; tells the walk; starts what may start; journals each intent before the act; passes
//! events on to the journal and the observer. Everything that a step says comes through one channel, so it stays in order. Only lines need a
//! permit to be sent, and permits come back while the observer keeps up: a chatty command can't fill the memory, and a finish or a signal
//! never waits.

use std::collections::HashMap;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, select};

use super::action::{Outcome, Produced};
use super::asker::AskRequest;
use super::context::unrecorded;
use super::observe::{Answer, Question};
use super::screen::ScreenMessage;
use super::shared::{Message, Shared};
use super::unit;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Counts, Event, EventKind, Level};
use crate::journal::record::Entry;
use crate::os::signal::Signal;
use crate::plan::{Digest, Ending, Proposal, Skip, StepId, StepState, Walk, WalkSettings};

/// So many events may wait for the observer before lines have to wait for it too.
const OBSERVER_BACKLOG: usize = 256;

/// How long a signal that was raised may take to reach us.
const SIGNAL_DELAY: Duration = Duration::from_millis(500);

/// How a run ended.
#[derive(Clone)]
pub struct RunResult {
    /// What Shipway exits with.
    pub exit_code: u8,
    /// How the steps ended.
    pub counts: Counts,
    /// Each step's name and ending, in the order of the plan.
    pub endings: Vec<(String, Ending)>,
    /// What the steps left, in the order of the plan.
    pub values: Vec<Produced>,
}

pub(super) struct Inbox {
    pub(super) life: Receiver<Message>,
    pub(super) permits: Receiver<()>,
    pub(super) signals: Receiver<Signal>,
}

pub(super) struct Dispatcher<'scope, 'env> {
    shared: &'env Shared<'env>,
    scope: &'scope std::thread::Scope<'scope, 'env>,
    walk: Walk,
    inbox: Inbox,
    screen: Sender<ScreenMessage>,
    started: HashMap<StepId, Duration>,
    redo_reasons: HashMap<StepId, String>,
    asked: HashMap<StepId, Proposal>,
    /// So many crowds of lines were shown whose permits are not given back yet.
    permits_owed: usize,
    signal: Option<Signal>,
    first_fault: Option<Fault>,
    journal_failed: bool,
}

impl<'scope, 'env> Dispatcher<'scope, 'env> {
    pub(super) fn new(
        shared: &'env Shared<'env>,
        scope: &'scope std::thread::Scope<'scope, 'env>,
        settings: WalkSettings,
        inbox: Inbox,
        screen: Sender<ScreenMessage>,
    ) -> Self {
        Self {
            walk: Walk::new(shared.plan, settings),
            shared,
            scope,
            inbox,
            screen,
            started: HashMap::new(),
            redo_reasons: HashMap::new(),
            asked: HashMap::new(),
            permits_owed: 0,
            signal: None,
            first_fault: None,
            journal_failed: false,
        }
    }

    /// Runs the plan to its end.
    pub(super) fn run(mut self) -> RunResult {
        loop {
            while let Some(id) = self.walk.start_next() {
                self.start(id);
            }
            if self.walk.is_over() {
                break;
            }
            self.wait();
        }
        self.finish()
    }

    fn wait(&mut self) {
        // A signal is heard before what is waiting already.
        if let Ok(signal) = self.inbox.signals.try_recv() {
            return self.interrupt(signal);
        }
        select! {
            recv(self.inbox.life) -> message => {
                if let Ok(message) = message {
                    self.handle(message);
                }
            }
            recv(self.inbox.signals) -> signal => {
                if let Ok(signal) = signal {
                    self.interrupt(signal);
                }
            }
            default(Duration::from_millis(100)) => {
                if let Some(journal) = &self.shared.journal {
                    journal.flush().ok();
                }
            }
        }
        while self.permits_owed > 0 && self.screen.len() < OBSERVER_BACKLOG {
            self.permits_owed -= 1;
            self.inbox.permits.try_recv().ok();
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Event(event) => self.publish(*event),
            Message::Lines(lines) => {
                self.publish_lines(lines);
                self.permits_owed += 1;
            }
            Message::Ended(id, outcome) => self.ended(id, outcome),
            Message::Answered(id, answer) => self.answered(id, answer),
        }
    }

    fn start(&mut self, id: StepId) {
        let step = self.shared.plan.step(id);
        let attempt = self.walk.attempts(id);
        self.started.insert(id, self.shared.doors.clock.monotonic());
        let intent = Entry::Step {
            step: step.name.clone(),
            attempt,
            effect: step.effect,
            when_orphaned: step.when_orphaned,
        };
        let durable = step.is_precious();
        if let Err(error) = self.shared.record(intent, durable) {
            return self.end(id, Ending::Failed { fault: unrecorded(&error) });
        }
        self.say(Some(id), EventKind::StepStarted { attempt });
        let reason = self.redo_reasons.remove(&id);
        let shared = self.shared;
        let unit = move || unit::run(shared, id, attempt, reason);
        if let Err(error) = std::thread::Builder::new().name(step.name.clone()).spawn_scoped(self.scope, unit)
        {
            let fault = Fault::new(FaultKind::World, format!("no thread could be started: {error}"));
            self.end(id, Ending::Failed { fault });
        }
    }

    fn ended(&mut self, id: StepId, outcome: Outcome) {
        let ending = match outcome {
            Outcome::Done(value) => {
                self.shared.keep(id, value);
                Ending::Done
            }
            Outcome::UpToDate(reason) => Ending::UpToDate { reason: self.shared.masker.mask(&reason) },
            Outcome::Skipped(reason) => {
                Ending::Skipped(Skip::Nothing { reason: self.shared.masker.mask(&reason) })
            }
            Outcome::Failed(fault) => Ending::Failed { fault: self.masked(fault) },
            Outcome::Ask(proposal) => return self.ask(id, proposal),
            Outcome::Redo { from, reason } => return self.redo(id, &from, reason),
        };
        self.end(id, ending);
    }

    fn ask(&mut self, id: StepId, proposal: Proposal) {
        let proposal = self.masked_proposal(proposal);
        self.walk.ask(id);
        self.say(Some(id), EventKind::Asked { proposal: proposal.clone() });
        let life = self.shared.life.clone();
        let reply = Box::new(move |answer| {
            life.send(Message::Answered(id, answer)).ok();
        });
        self.asked.insert(id, proposal.clone());
        let request = AskRequest { question: Question::Approve(proposal), reply };
        if self.shared.asker.send(request).is_err() {
            self.answered(id, Answer::Interrupted);
        }
    }

    fn answered(&mut self, id: StepId, answer: Answer) {
        if *self.walk.state(id) != StepState::Asking {
            return;
        }
        if answer == Answer::Interrupted && self.signal.is_none() {
            // Ctrl-C reaches the asker as a key: the signal that it raises may be on its way still.
            let signal = self.inbox.signals.recv_timeout(SIGNAL_DELAY).unwrap_or(Signal::Interrupt);
            return self.interrupt(signal);
        }
        let Some(proposal) = self.asked.remove(&id) else { return };
        let digests: Vec<Digest> = proposal.changes.into_iter().map(|change| change.digest).collect();
        let (ending, approved, by) = match answer {
            Answer::Approved { by } => (Ending::Done, true, by),
            Answer::Declined | Answer::Text(_) => {
                (Ending::Declined { question: proposal.question }, false, "terminal".to_owned())
            }
            Answer::Refused(fault) => {
                (Ending::Failed { fault: self.masked(fault) }, false, "nobody".to_owned())
            }
            Answer::Interrupted => (Ending::Skipped(Skip::Interrupted), false, "signal".to_owned()),
        };
        let entry = Entry::Answer {
            step: self.shared.plan.step(id).name.clone(),
            digests: digests.clone(),
            approved,
            by: by.clone(),
        };
        if let Err(error) = self.shared.record(entry, true) {
            return self.end(id, Ending::Failed { fault: unrecorded(&error) });
        }
        if approved {
            self.shared.approve(digests);
        }
        self.say(Some(id), EventKind::Answered { approved, by });
        self.end(id, ending);
    }

    fn redo(&mut self, id: StepId, from: &str, reason: String) {
        let reason = self.shared.masker.mask(&reason);
        let plan = self.shared.plan;
        let step = plan.find(from);
        if self.walk.redo(plan, step.unwrap_or(id), id) {
            if let Some(step) = step {
                self.redo_reasons.insert(step, reason.clone());
            }
            self.say(Some(id), EventKind::StepRedone { from: from.to_owned(), reason });
        } else if self.shared.cancel.is_cancelled() {
            self.end(id, Ending::Skipped(Skip::Interrupted));
        } else {
            let title = &plan.step(id).title;
            let fault = Fault::new(FaultKind::Failed, format!("{title}: {reason}"))
                .hint("it was tried again three times; somebody else seems to be changing the same thing");
            self.end(id, Ending::Failed { fault });
        }
    }

    fn end(&mut self, id: StepId, ending: Ending) {
        let over = self.walk.end(self.shared.plan, id, ending);
        self.announce(over);
    }

    fn announce(&mut self, over: Vec<(StepId, Ending)>) {
        for (id, ending) in over {
            if let Ending::Failed { fault } = &ending
                && self.first_fault.as_ref().is_none_or(|first| first.kind == FaultKind::Interrupted)
            {
                self.first_fault = Some(fault.clone());
            }
            let now = self.shared.doors.clock.monotonic();
            let took = self.started.get(&id).map_or(Duration::ZERO, |started| now.saturating_sub(*started));
            let step = self.shared.plan.step(id).name.clone();
            let entry = Entry::StepEnded { step, ending: ending.clone(), took };
            if self.shared.record(entry, false).is_err() {
                self.journal_failed = true;
            }
            self.say(Some(id), EventKind::StepFinished { ending, took });
        }
    }

    fn interrupt(&mut self, signal: Signal) {
        let (count, lost) = self.shared.cancel.signal(signal);
        self.signal.get_or_insert(signal);
        self.say(None, EventKind::Interrupted { signal: signal.name().to_owned(), count });
        for precious in lost {
            let text = format!(
                "{precious} would be lost: it is being stopped in order, wait for it; one more signal ends it"
            );
            self.say(None, EventKind::Notice { level: Level::Warning, text });
        }
        let over = self.walk.stop(Skip::Interrupted);
        self.announce(over);
        let asking: Vec<StepId> =
            self.shared.plan.ids().filter(|&id| *self.walk.state(id) == StepState::Asking).collect();
        for id in asking {
            self.end(id, Ending::Skipped(Skip::Interrupted));
        }
    }

    fn finish(mut self) -> RunResult {
        let plan = self.shared.plan;
        let mut counts = Counts::default();
        let mut endings = Vec::with_capacity(plan.len());
        for id in plan.ids() {
            if let StepState::Ended(ending) = self.walk.state(id) {
                counts.add(ending);
                endings.push((plan.step(id).name.clone(), ending.clone()));
            }
        }
        if self.journal_failed {
            let text =
                "the journal could not be written to the end; `shipway history` will show this run as open";
            self.say(None, EventKind::Notice { level: Level::Warning, text: text.to_owned() });
        }
        let exit_code = match (&self.signal, &self.first_fault) {
            (Some(signal), _) => 128 + u8::try_from(signal.number()).unwrap_or(2),
            (None, Some(fault)) => fault.exit_code(),
            (None, None) if counts.declined > 0 => FaultKind::Declined.exit_code(),
            (None, None) => 0,
        };
        let took = self.shared.doors.clock.monotonic().saturating_sub(self.shared.started);
        let durable = plan.ids().any(|id| plan.step(id).is_precious());
        self.shared.record(Entry::RunEnded { exit_code, took }, durable).ok();
        self.say(None, EventKind::RunFinished { exit_code, counts });
        RunResult { exit_code, counts, endings, values: self.shared.take_values() }
    }

    fn say(&mut self, id: Option<StepId>, kind: EventKind) {
        let step = id.map(|id| self.shared.plan.step(id).name.as_str());
        let event = self.shared.event(step, kind);
        self.publish(event);
    }

    fn publish_lines(&mut self, lines: Vec<Event>) {
        if let Some(journal) = &self.shared.journal {
            journal.lines(&lines).ok();
        }
        self.screen.send(ScreenMessage::Lines(lines)).ok();
    }

    pub(super) fn publish(&mut self, event: Event) {
        if let Some(journal) = &self.shared.journal {
            // A log that can't be written must not fail a run.
            journal.event(&event).ok();
        }
        self.screen.send(ScreenMessage::Event(Box::new(event))).ok();
    }

    fn masked(&self, fault: Fault) -> Fault {
        fault.map_text(|text| self.shared.masker.mask(text))
    }

    fn masked_proposal(&self, mut proposal: Proposal) -> Proposal {
        proposal.question = self.shared.masker.mask(&proposal.question);
        for change in &mut proposal.changes {
            change.summary = self.shared.masker.mask(&change.summary);
        }
        proposal
    }
}
