//! The observer's thread: shows events in order, ticks, and leaves the screen to the asker while a question stands.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, select};

use super::asker::Pause;
use super::observe::Observer;
use crate::event::Event;

/// How often the observer may redraw when nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// A message to the observer's thread.
pub(super) enum ScreenMessage {
    Event(Box<Event>),
    Lines(Vec<Event>),
    Pause(Pause),
    End,
}

/// Shows everything up to the end. While a question stands nothing is received, so events wait in the channel; a question that the run
/// no longer waits for is over when `abandoned` is.
pub(super) fn show(
    observer: &mut dyn Observer,
    messages: &Receiver<ScreenMessage>,
    abandoned: &Receiver<()>,
) {
    loop {
        if messages.is_empty() {
            observer.idle();
        }
        match messages.recv_timeout(TICK) {
            Ok(ScreenMessage::Event(event)) => observer.event(&event),
            Ok(ScreenMessage::Lines(lines)) => lines.iter().for_each(|line| observer.event(line)),
            Ok(ScreenMessage::Pause(pause)) => {
                observer.pause();
                pause.paused.send(()).ok();
                // The asker drops its end when the question is over, whatever came of it.
                select! {
                    recv(pause.over) -> _ => observer.resume(),
                    recv(abandoned) -> _ => observer.abandon(),
                }
            }
            Err(RecvTimeoutError::Timeout) => observer.tick(),
            Ok(ScreenMessage::End) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
