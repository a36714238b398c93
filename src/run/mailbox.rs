//! A queue between threads that costs a system call only where somebody sleeps.
//!
//! The channels of the usual crates spin before they sleep, which for steps of a millisecond is a part of all the time there is. Here a
//! receiver sleeps at once, a sender wakes it only if it sleeps, and a message that can wait a little wakes nobody: it goes with the next one.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Messages for one thread, or for several of which any may take each.
#[derive(Debug)]
pub(super) struct Mailbox<T> {
    post: Mutex<Post<T>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct Post<T> {
    messages: VecDeque<T>,
    sleepers: usize,
    is_closed: bool,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        let post = Post { messages: VecDeque::new(), sleepers: 0, is_closed: false };
        Self { post: Mutex::new(post), arrived: Condvar::new() }
    }
}

impl<T> Mailbox<T> {
    /// Adds a message and wakes a sleeper. A closed mailbox throws it away.
    pub(super) fn send(&self, message: T) {
        let mut post = self.lock();
        if !post.is_closed {
            post.messages.push_back(message);
        }
        self.wake(post);
    }

    /// Adds a message before all others and wakes a sleeper.
    pub(super) fn send_first(&self, message: T) {
        let mut post = self.lock();
        if !post.is_closed {
            post.messages.push_front(message);
        }
        self.wake(post);
    }

    /// Adds a message that can wait for the next one, or for `nudge`.
    pub(super) fn send_later(&self, message: T) {
        let mut post = self.lock();
        if !post.is_closed {
            post.messages.push_back(message);
        }
    }

    /// Wakes a sleeper if there is anything for it.
    pub(super) fn nudge(&self) {
        let post = self.lock();
        if !post.messages.is_empty() {
            self.wake(post);
        }
    }

    /// No more messages come; those that are there are still taken.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_all();
    }

    /// Whether it is closed, and nothing is left in it.
    pub(super) fn is_over(&self) -> bool {
        let post = self.lock();
        post.is_closed && post.messages.is_empty()
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().messages.is_empty()
    }

    /// The next message, waiting without a limit; `None` when the mailbox is closed and empty.
    pub(super) fn next(&self) -> Option<T> {
        let mut post = self.lock();
        loop {
            if let Some(message) = post.messages.pop_front() {
                return Some(message);
            }
            if post.is_closed {
                return None;
            }
            post.sleepers += 1;
            post = self.arrived.wait(post).unwrap_or_else(PoisonError::into_inner);
            post.sleepers -= 1;
        }
    }

    /// All messages that are there, or those that come within `limit`; empty where none did, or where it is closed.
    pub(super) fn take(&self, limit: Duration) -> VecDeque<T> {
        let mut post = self.lock();
        if post.messages.is_empty() && !post.is_closed {
            post.sleepers += 1;
            // Woken for nothing now and then: the caller comes back.
            post = self.arrived.wait_timeout(post, limit).unwrap_or_else(PoisonError::into_inner).0;
            post.sleepers -= 1;
        }
        std::mem::take(&mut post.messages)
    }

    fn wake(&self, post: MutexGuard<'_, Post<T>>) {
        let sleeps = post.sleepers > 0;
        drop(post);
        if sleeps {
            self.arrived.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Post<T>> {
        self.post.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_in_order_and_an_urgent_one_first() {
        let mailbox = Mailbox::default();
        mailbox.send_later(1);
        mailbox.send(2);
        mailbox.send_first(0);
        assert_eq!(mailbox.take(Duration::ZERO), [0, 1, 2]);
        assert!(mailbox.is_empty() && !mailbox.is_over());
    }

    #[test]
    fn what_is_there_when_it_closes_is_still_taken_and_what_comes_later_is_not() {
        let mailbox = Mailbox::default();
        mailbox.send(1);
        mailbox.close();
        mailbox.send(2);
        assert_eq!((mailbox.next(), mailbox.next()), (Some(1), None));
        assert!(mailbox.is_over());
    }

    #[test]
    fn a_message_that_can_wait_goes_with_a_nudge() {
        let mailbox = Mailbox::default();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| mailbox.next());
            mailbox.send_later(7);
            mailbox.nudge();
            assert_eq!(sleeper.join().unwrap(), Some(7));
        });
    }

    #[test]
    fn each_message_is_taken_by_one_of_several() {
        let mailbox = Mailbox::default();
        let taken = std::thread::scope(|scope| {
            let takers: Vec<_> =
                (0..3).map(|_| scope.spawn(|| std::iter::from_fn(|| mailbox.next()).count())).collect();
            (0..100).for_each(|number| mailbox.send(number));
            mailbox.close();
            takers.into_iter().map(|taker| taker.join().unwrap()).sum::<usize>()
        });
        assert_eq!(taken, 100);
    }
}
