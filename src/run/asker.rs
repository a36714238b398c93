//! The asker owns the keyboard: one question at a time, on a thread of its own, while other steps go on.
//!
//! The thread starts with the first question, for most runs have none. It is not waited for at the end: a question that nobody answers must not
//! keep an interrupted run from ending.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::mailbox::Mailbox;
use super::observe::{Answer, Ask, Question};
use super::screen::ScreenMessage;

/// A question on its way to the asker.
pub(super) struct AskRequest {
    pub(super) question: Question,
    pub(super) reply: Box<dyn FnOnce(Answer) + Send>,
}

/// Tells the observer's thread to leave the screen alone until the right is dropped.
pub(super) struct Pause {
    pub(super) paused: Sender<()>,
    pub(super) over: Receiver<()>,
}

/// Takes questions.
pub(super) struct Asker {
    requests: Sender<AskRequest>,
    unstarted: Mutex<Option<Unstarted>>,
}

/// What the asker's thread will have.
struct Unstarted {
    ask: Box<dyn Ask>,
    requests: Receiver<AskRequest>,
    screen: Arc<Mailbox<ScreenMessage>>,
}

impl Asker {
    pub(super) fn new(ask: Box<dyn Ask>, screen: Arc<Mailbox<ScreenMessage>>) -> Self {
        let (sender, requests) = unbounded();
        Self { requests: sender, unstarted: Mutex::new(Some(Unstarted { ask, requests, screen })) }
    }

    /// Nobody answers.
    pub(super) fn nobody() -> Self {
        Self { requests: unbounded().0, unstarted: Mutex::default() }
    }

    /// Puts a question. False where nobody will answer it.
    pub(super) fn ask(&self, request: AskRequest) -> bool {
        let mut unstarted = self.unstarted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Unstarted { ask, requests, screen }) = unstarted.take() {
            let thread = std::thread::Builder::new().name("asker".to_owned());
            if thread.spawn(move || answer_all(ask, &requests, &screen)).is_err() {
                return false;
            }
        }
        self.requests.send(request).is_ok()
    }
}

/// Answers requests until all senders are gone.
fn answer_all(mut ask: Box<dyn Ask>, requests: &Receiver<AskRequest>, screen: &Mailbox<ScreenMessage>) {
    for request in requests {
        let answer = if ask.is_silent(&request.question) {
            ask.ask(&request.question)
        } else {
            let (paused_sender, paused) = bounded(1);
            let (over_sender, over) = bounded(1);
            screen.send(ScreenMessage::Pause(Pause { paused: paused_sender, over }));
            // Where nobody shows the run any more, the message is thrown away, and there is nothing to wait for.
            paused.recv().ok();
            let answer = ask.ask(&request.question);
            over_sender.send(()).ok();
            answer
        };
        (request.reply)(answer);
    }
}
