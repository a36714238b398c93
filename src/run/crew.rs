//! The threads of a run: who asks the dispatcher, and who does what it decides.
//!
//! A thread whose step has ended asks the dispatcher itself and goes on with the next step that may start: in a chain of short commands no
//! thread waits for another. The thread that began the run asks where nobody else would: for a signal, an answer, or what a step says while it
//! runs. So a thousand short commands do not cost thousands of turns between threads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};
use std::time::Duration;

use super::dispatcher::{Dispatcher, Job, RunResult};
use super::mailbox::Mailbox;
use super::screen::ScreenMessage;
use super::shared::Shared;
use super::unit;

/// After so long without a message, what is in memory of the log is written.
const IDLE: Duration = Duration::from_millis(100);

/// The threads of a run.
pub(super) struct Crew<'scope, 'env> {
    shared: &'env Shared<'env>,
    scope: &'scope Scope<'scope, 'env>,
    desk: Mutex<Desk<'env>>,
    jobs: Arc<Mailbox<Job>>,
}

/// What only one thread at a time has.
struct Desk<'env> {
    dispatcher: Dispatcher<'env>,
    threads: usize,
}

/// However a run ends, nobody waits for it any more.
pub(super) struct Closing {
    pub(super) jobs: Arc<Mailbox<Job>>,
    pub(super) screen: Arc<Mailbox<ScreenMessage>>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.jobs.close();
        self.screen.close();
    }
}

impl<'scope, 'env> Crew<'scope, 'env> {
    pub(super) fn new(
        shared: &'env Shared<'env>,
        scope: &'scope Scope<'scope, 'env>,
        dispatcher: Dispatcher<'env>,
        jobs: Arc<Mailbox<Job>>,
    ) -> Arc<Self> {
        Arc::new(Self { shared, scope, desk: Mutex::new(Desk { dispatcher, threads: 0 }), jobs })
    }

    /// Runs the plan to its end.
    pub(super) fn run(self: &Arc<Self>) -> RunResult {
        loop {
            // A thread that broke off in its turn is told of when all have ended.
            let is_broken = self.desk.is_poisoned();
            let mut desk = self.desk();
            if !is_broken {
                self.turn(&mut desk);
            }
            if is_broken || desk.dispatcher.is_over() {
                return desk.dispatcher.finish();
            }
            self.jobs.nudge();
            drop(desk);
            if !self.shared.life.wait(IDLE)
                && let Some(journal) = &self.shared.journal
            {
                journal.flush().ok();
            }
        }
    }

    /// Does one step after the other.
    fn work(self: &Arc<Self>, first: Job) {
        let mut next = Some(first);
        while let Some(Job { id, attempt, redo_reason }) = next {
            unit::run(self.shared, id, attempt, redo_reason);
            next = self.next();
        }
    }

    /// The next step, for a thread that has none.
    fn next(self: &Arc<Self>) -> Option<Job> {
        let mut desk = self.desk();
        self.turn(&mut desk);
        let own = self.jobs.try_next();
        // What is left is for others.
        self.jobs.nudge();
        if desk.dispatcher.is_over() {
            self.shared.life.close();
        }
        drop(desk);
        own.or_else(|| self.jobs.next())
    }

    /// Lets the dispatcher decide, and starts the threads that are wanting for it.
    fn turn(self: &Arc<Self>, desk: &mut Desk<'env>) {
        desk.dispatcher.turn();
        while desk.threads < desk.dispatcher.busy() {
            let Some(job) = self.jobs.try_next() else { return };
            let (crew, id) = (Arc::clone(self), job.id);
            let thread = Builder::new().name("step".to_owned());
            match thread.spawn_scoped(self.scope, move || crew.work(job)) {
                Ok(_) => desk.threads += 1,
                Err(error) => {
                    desk.dispatcher.no_thread(id, &error);
                    desk.dispatcher.turn();
                }
            }
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk<'env>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
