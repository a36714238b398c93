//! The threads of a run: who asks the dispatcher, who does what it decides, who shows it.
//!
//! A thread whose step has ended asks the dispatcher itself and goes on with the next step that may start: in a chain of short commands no
//! thread waits for another. The thread that began the run is the first of them. So a thousand short commands do not cost thousands of turns
//! between threads.
//!
//! A run that lasts longer than a moment, or does anything but run commands, is given three threads beside them: one hears signals, one asks the
//! dispatcher where nobody else would (for a signal, an answer, or what a step says while it runs), and one shows what happens. Most
//! commands are over before that: what they said is shown at the end, and a signal waits for so long.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::dispatcher::{Dispatcher, Job, RunResult};
use super::mailbox::Mailbox;
use super::screen::{Screen, ScreenMessage};
use super::shared::{Message, Shared, lock};
use super::unit;
use crate::os::signal::{SignalGuard, Signals};

/// After so long without a message, what is in memory of the log is written.
const IDLE: Duration = Duration::from_millis(100);

/// A run that lasts so long is shown while it runs.
pub(super) const MOMENT: Duration = Duration::from_millis(10);

/// The threads of a run.
pub(super) struct Crew<'scope, 'env> {
    shared: &'env Shared<'env>,
    scope: &'scope Scope<'scope, 'env>,
    desk: Mutex<Desk<'env>>,
    jobs: Arc<Mailbox<Job>>,
    messages: Arc<Mailbox<ScreenMessage>>,
    /// Taken by the thread that hears them.
    signals: Mutex<Option<Signals>>,
    /// That thread was started.
    is_heard: AtomicBool,
    /// Taken by the thread that shows the run.
    screen: Mutex<Option<Screen>>,
}

/// What only one thread at a time has.
struct Desk<'env> {
    dispatcher: Dispatcher<'env>,
    /// Threads that do steps.
    threads: usize,
}

/// However a run ends, nobody waits for it any more.
struct Closing<'scope, 'env> {
    crew: Arc<Crew<'scope, 'env>>,
    _signals: SignalGuard,
}

impl Drop for Closing<'_, '_> {
    fn drop(&mut self) {
        self.crew.jobs.close();
        self.crew.shared.life.close();
        self.crew.messages.close();
    }
}

impl<'scope, 'env> Crew<'scope, 'env> {
    pub(super) fn new(
        shared: &'env Shared<'env>,
        scope: &'scope Scope<'scope, 'env>,
        dispatcher: Dispatcher<'env>,
        jobs: Arc<Mailbox<Job>>,
        (signals, screen): (Signals, Screen),
    ) -> Arc<Self> {
        Arc::new(Self {
            shared,
            scope,
            desk: Mutex::new(Desk { dispatcher, threads: 1 }),
            jobs,
            messages: Arc::clone(&screen.messages),
            signals: Mutex::new(Some(signals)),
            is_heard: AtomicBool::new(false),
            screen: Mutex::new(Some(screen)),
        })
    }

    /// Runs the plan to its end. Says where nobody could hear signals.
    /// A question that stands at the end counts no longer: `question_counts` goes.
    pub(super) fn run(
        self: &Arc<Self>,
        signals: SignalGuard,
        question_counts: Sender<()>,
    ) -> io::Result<RunResult> {
        let closing = Closing { crew: Arc::clone(self), _signals: signals };
        while let Some(job) = self.next() {
            if !self.shared.plan.step(job.id).action.only_runs_commands() || self.age() > MOMENT {
                self.lasts()?;
            }
            self.work(job);
        }
        let result = self.desk().dispatcher.finish();
        drop((closing, question_counts));
        self.show();
        Ok(result)
    }

    /// How long the run has lasted.
    fn age(&self) -> Duration {
        self.shared.doors.clock.monotonic().saturating_sub(self.shared.started)
    }

    /// The run lasts longer than a moment, or is about to: from now on signals are heard.
    fn lasts(self: &Arc<Self>) -> io::Result<()> {
        if self.is_heard.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let crew = Arc::clone(self);
        let thread = Builder::new().name("signals".to_owned()).spawn_scoped(self.scope, move || crew.hear());
        if thread.is_err() {
            // It is tried again.
            self.is_heard.store(false, Ordering::SeqCst);
        }
        thread.map(drop)
    }

    /// Hears signals, and gives a run that lasts longer than a moment its other threads.
    fn hear(self: &Arc<Self>) {
        let Some(mut signals) = lock(&self.signals).take() else { return };
        let mut limit = Some(MOMENT.saturating_sub(self.age()));
        while let Some(heard) = signals.next(limit) {
            // Where there is no thread to be had, it is tried again.
            limit = limit.filter(|_| self.attend_and_show().is_err()).and(Some(MOMENT));
            heard.for_each(|signal| {
                // It is heard before what is waiting already.
                self.shared.life.send_first(Message::Signal(signal));
            });
        }
    }

    fn attend_and_show(self: &Arc<Self>) -> io::Result<()> {
        let crew = Arc::clone(self);
        Builder::new().name("screen".to_owned()).spawn_scoped(self.scope, move || crew.show())?;
        let crew = Arc::clone(self);
        Builder::new().name("desk".to_owned()).spawn_scoped(self.scope, move || crew.attend())?;
        Ok(())
    }

    /// Shows the run to its end, unless somebody does.
    fn show(&self) {
        let screen = lock(&self.screen).take();
        if let Some(screen) = screen {
            screen.show();
        }
    }

    /// Asks the dispatcher whenever a message is there.
    fn attend(self: &Arc<Self>) {
        // A thread that broke off in its turn is told of when all have ended.
        while !self.desk.is_poisoned() && !self.shared.life.is_over() {
            let mut desk = self.desk();
            self.turn(&mut desk);
            self.jobs.nudge();
            drop(desk);
            if !self.shared.life.wait(IDLE)
                && let Some(journal) = &self.shared.journal
            {
                journal.flush().ok();
            }
        }
        self.jobs.close();
    }

    /// Does a step.
    fn work(self: &Arc<Self>, job: Job) {
        unit::run(self.shared, job, &|| {
            self.lasts().ok();
        });
    }

    /// The next step, for a thread that has none; `None` where there are no more.
    fn next(self: &Arc<Self>) -> Option<Job> {
        let mut desk = self.desk();
        self.turn(&mut desk);
        let own = self.jobs.try_next();
        // What is left is for others.
        self.jobs.nudge();
        let is_over = desk.dispatcher.is_over();
        drop(desk);
        own.or_else(|| {
            if !is_over {
                // Others are busy, or a person.
                self.lasts().ok();
            }
            self.jobs.next()
        })
    }

    /// Lets the dispatcher decide, and starts the threads that are wanting for it.
    fn turn(self: &Arc<Self>, desk: &mut Desk<'env>) {
        desk.dispatcher.turn();
        if desk.dispatcher.is_over() {
            self.jobs.close();
            self.shared.life.close();
            // What came while the last step ended, another signal say, is nobody's any more.
            self.shared.life.take_all();
        }
        while desk.threads < desk.dispatcher.busy() {
            self.lasts().ok();
            let crew = Arc::clone(self);
            let thread = Builder::new().name("step".to_owned());
            let work = move || {
                let mut next = crew.jobs.next();
                while let Some(job) = next {
                    crew.work(job);
                    next = crew.next();
                }
            };
            if thread.spawn_scoped(self.scope, work).is_err() {
                // Those that are there do the steps one after the other.
                return;
            }
            desk.threads += 1;
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk<'env>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
