//! The dispatcher decides; one thread at a time may ask it to.
//!
//! It takes messages of running steps and signals; tells the walk; starts what may start; journals each intent before the act; passes
//! events on to the journal and the observer. Everything that a step says comes through one mailbox, so it stays in order. Only lines need
//! room in the `budget` to be sent, and room comes back while the observer keeps up: a chatty command can't fill the memory, and a finish or
//! a signal never waits. Whose turn it is, is the `crew`'s.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::action::{Outcome, Produced};
use super::asker::AskRequest;
use super::context::unrecorded;
use super::mailbox::Mailbox;
use super::observe::{Answer, Question};
use super::screen::ScreenMessage;
use super::shared::{Message, Shared};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Counts, Event, EventKind, Level};
use crate::journal::record::Entry;
use crate::os::signal::Signal;
use crate::plan::{Digest, Ending, Proposal, Skip, StepId, StepState, Walk, WalkSettings};

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

/// A step for one of the threads.
pub(super) struct Job {
    pub(super) id: StepId,
    pub(super) attempt: u32,
    pub(super) redo_reason: Option<String>,
}

pub(super) struct Dispatcher<'env> {
    shared: &'env Shared<'env>,
    walk: Walk,
    /// Messages that were taken and not dealt with yet.
    pending: VecDeque<Message>,
    screen: Arc<Mailbox<ScreenMessage>>,
    jobs: Arc<Mailbox<Job>>,
    /// Steps that have a thread, or wait for one.
    busy: usize,
    started: HashMap<StepId, Duration>,
    redo_reasons: HashMap<StepId, String>,
    asked: HashMap<StepId, Proposal>,
    signal: Option<Signal>,
    first_fault: Option<Fault>,
    journal_failed: bool,
}

impl<'env> Dispatcher<'env> {
    pub(super) fn new(
        shared: &'env Shared<'env>,
        settings: WalkSettings,
        screen: Arc<Mailbox<ScreenMessage>>,
        jobs: Arc<Mailbox<Job>>,
    ) -> Self {
        Self {
            walk: Walk::new(shared.plan, settings),
            shared,
            pending: VecDeque::new(),
            screen,
            jobs,
            busy: 0,
            started: HashMap::new(),
            redo_reasons: HashMap::new(),
            asked: HashMap::new(),
            signal: None,
            first_fault: None,
            journal_failed: false,
        }
    }

    /// Deals with all messages that are there. Steps that may start by then are jobs, which nobody was woken for.
    pub(super) fn turn(&mut self) {
        loop {
            while let Some(id) = self.walk.start_next() {
                self.start(id);
            }
            if self.walk.is_over() {
                return;
            }
            if self.pending.is_empty() {
                self.pending = self.shared.life.take_all();
            }
            match self.pending.pop_front() {
                Some(message) => self.handle(message),
                None => return,
            }
        }
    }

    /// Whether every step is over.
    pub(super) fn is_over(&self) -> bool {
        self.walk.is_over()
    }

    /// Steps that have a thread, or wait for one.
    pub(super) fn busy(&self) -> usize {
        self.busy
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Event(event) => self.publish(*event),
            Message::Ended(id, outcome) => {
                self.busy -= 1;
                self.ended(id, outcome);
            }
            Message::Answered(id, answer) => self.answered(id, answer),
            Message::Pause(pause) => self.screen.send(ScreenMessage::Pause(pause)),
            Message::Signal(signal) => self.interrupt(signal),
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
        let is_kept =
            self.shared.kept.as_ref().is_some_and(|kept| kept.reason(self.shared.plan, id).is_some());
        let recorded = match step.action.only_runs_commands() {
            // It starts nothing, and whoever goes on for this run keeps it too.
            _ if is_kept => Ok(()),
            // Each of its commands is recorded before it starts, and this with it.
            true => self.shared.record_soon(intent),
            false => self.shared.record(intent, step.is_precious()),
        };
        if let Err(error) = recorded {
            return self.end(id, Ending::Failed { fault: unrecorded(&error) });
        }
        self.say(Some(id), EventKind::StepStarted { attempt });
        if let Some(broken) = self.walk.broken(self.shared.plan, id) {
            self.shared.tell_broken(id, broken);
        }
        self.busy += 1;
        self.jobs.send_later(Job { id, attempt, redo_reason: self.redo_reasons.remove(&id) });
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
            Outcome::Ignored(fault) => Ending::Ignored { fault: self.masked(fault) },
            Outcome::Stopped(skip) => Ending::Skipped(skip),
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
        let life = Arc::clone(&self.shared.life);
        let reply = Box::new(move |answer| {
            life.send(Message::Answered(id, answer));
        });
        self.asked.insert(id, proposal.clone());
        let request = AskRequest { question: Question::Approve(proposal), reply };
        if !self.shared.asker.ask(request) {
            self.answered(id, Answer::Interrupted);
        }
    }

    fn answered(&mut self, id: StepId, answer: Answer) {
        if *self.walk.state(id) != StepState::Asking {
            return;
        }
        if answer == Answer::Interrupted && self.signal.is_none() {
            // Ctrl-C reaches the asker as a key: the signal that it raises may be on its way still.
            let signal = self.signal_on_its_way().unwrap_or(Signal::Interrupt);
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

    fn signal_on_its_way(&mut self) -> Option<Signal> {
        let clock = &self.shared.doors.clock;
        let until = clock.monotonic() + SIGNAL_DELAY;
        loop {
            let is_signal = |message: &Message| matches!(message, Message::Signal(_));
            if let Some(at) = self.pending.iter().position(is_signal)
                && let Some(Message::Signal(signal)) = self.pending.remove(at)
            {
                return Some(signal);
            }
            let left = until.saturating_sub(clock.monotonic());
            if left.is_zero() {
                return None;
            }
            self.pending.extend(self.shared.life.take(left));
        }
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
        if self.shared.mode.fail_fast && matches!(ending, Ending::Failed { .. }) {
            self.shared.cancel.fail(&self.shared.plan.step(id).title);
        }
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
            let step = self.shared.plan.step(id);
            let entry = Entry::StepEnded { step: step.name.clone(), ending: ending.clone(), took };
            let recorded = match step.is_precious() {
                true => self.shared.record(entry, false),
                false => self.shared.record_soon(entry),
            };
            if recorded.is_err() {
                self.journal_failed = true;
            }
            self.say(Some(id), EventKind::StepFinished { ending, took });
        }
    }

    fn interrupt(&mut self, signal: Signal) {
        match signal {
            Signal::Suspend => return self.shared.cancel.suspend(),
            // The command that has the terminal has heard it too, and may go on.
            Signal::Interrupt | Signal::Quit
                if self.shared.cancel.is_terminal_lent(self.shared.doors.clock.monotonic()) =>
            {
                return;
            }
            _ => {}
        }
        let (count, lost) = self.shared.cancel.signal(signal);
        self.shared.budget.cancel();
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

    /// The result; says that the run is over.
    pub(super) fn finish(&mut self) -> RunResult {
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

    pub(super) fn publish(&mut self, event: Event) {
        if let Some(journal) = &self.shared.journal {
            // A log that can't be written must not fail a run.
            journal.event(&event).ok();
        }
        self.screen.send_to_gather(ScreenMessage::Event(Box::new(event)));
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
