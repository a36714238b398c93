//! The observer's thread: shows events in order, ticks, and leaves the screen to the asker while a question stands.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, select};

use super::asker::Pause;
use super::budget::Budget;
use super::mailbox::Mailbox;
use super::observe::Observer;
use crate::event::Event;

/// How often the observer may redraw when nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// Events wait for each other for so long before they are shown: less than anybody sees.
const UNSHOWN: Duration = Duration::from_millis(10);

/// A message to the observer's thread.
pub(super) enum ScreenMessage {
    Event(Box<Event>),
    Pause(Pause),
}

/// Who shows the run.
pub(super) struct Screen {
    pub(super) observer: Box<dyn Observer>,
    pub(super) messages: Arc<Mailbox<ScreenMessage>>,
    /// Closed when the run no longer waits for a question.
    pub(super) abandoned: Receiver<()>,
    pub(super) budget: Arc<Budget>,
}

impl Screen {
    /// Shows everything until the mailbox is closed. While a question stands nothing is shown, so events wait; a question that the run
    /// no longer waits for is over when `abandoned` is.
    pub(super) fn show(self) {
        let Self { mut observer, messages, abandoned, budget } = self;
        loop {
            let new = messages.gather(TICK, UNSHOWN);
            if new.is_empty() {
                if messages.is_over() {
                    return;
                }
                observer.tick();
            }
            for message in new {
                match message {
                    ScreenMessage::Event(event) => {
                        observer.event(&event);
                        budget.give(event.kind.weight());
                    }
                    ScreenMessage::Pause(pause) => {
                        observer.pause();
                        budget.pause(true);
                        pause.paused.send(()).ok();
                        // The asker drops its end when the question is over, whatever came of it.
                        select! {
                            recv(pause.over) -> _ => observer.resume(),
                            recv(abandoned) -> _ => observer.abandon(),
                        }
                        budget.pause(false);
                    }
                }
            }
            if messages.is_empty() {
                observer.idle();
            }
        }
    }
}
