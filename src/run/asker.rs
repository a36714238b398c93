//! The asker owns the keyboard: one question at a time, on a thread of its own, while other steps go on.
//!
//! The thread is not waited for at the end: a question that nobody answers must not keep an interrupted run from ending.

use crossbeam_channel::{Receiver, Sender, bounded};

use super::observe::{Answer, Ask, Question};

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

/// Answers requests until all senders are gone. `pause` asks for the screen.
pub(super) fn answer_all(
    mut ask: Box<dyn Ask>,
    requests: &Receiver<AskRequest>,
    mut pause: impl FnMut(Pause) -> bool,
) {
    for request in requests {
        let answer = if ask.is_silent(&request.question) {
            ask.ask(&request.question)
        } else {
            let (paused_sender, paused) = bounded(1);
            let (over_sender, over) = bounded(1);
            // Where nobody shows the run, there is nothing to wait for.
            if pause(Pause { paused: paused_sender, over }) {
                paused.recv().ok();
            }
            let answer = ask.ask(&request.question);
            over_sender.send(()).ok();
            answer
        };
        (request.reply)(answer);
    }
}
