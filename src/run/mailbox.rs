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
    /// Somebody has messages to take, and waits a moment for more.
    is_gathering: bool,
    /// There is something that should not wait so.
    is_urgent: bool,
    is_closed: bool,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        let post = Post {
            messages: VecDeque::new(),
            sleepers: 0,
            is_gathering: false,
            is_urgent: false,
            is_closed: false,
        };
        Self { post: Mutex::new(post), arrived: Condvar::new() }
    }
}

impl<T> Mailbox<T> {
    /// Adds a message and wakes a sleeper. A closed mailbox throws it away.
    pub(super) fn send(&self, message: T) {
        let mut post = self.lock();
        if !post.is_closed {
            post.messages.push_back(message);
            post.is_urgent = true;
        }
        self.wake(post, 1);
    }

    /// Adds a message before all others and wakes a sleeper.
    pub(super) fn send_first(&self, message: T) {
        let mut post = self.lock();
        if !post.is_closed {
            post.messages.push_front(message);
            post.is_urgent = true;
        }
        self.wake(post, 1);
    }

    /// Adds a message that can wait for the next one, or for `nudge`.
    pub(super) fn send_later(&self, message: T) {
        let mut post = self.lock();
        if !post.is_closed {
            post.messages.push_back(message);
        }
    }

    /// Adds a message for somebody who gathers several: only the first of them wakes a sleeper.
    pub(super) fn send_to_gather(&self, message: T) {
        let mut post = self.lock();
        if post.is_closed {
            return;
        }
        post.messages.push_back(message);
        if post.messages.len() == 1 {
            self.wake(post, 1);
        }
    }

    /// Wakes a sleeper for each message that is there.
    pub(super) fn nudge(&self) {
        let post = self.lock();
        let count = post.messages.len();
        self.wake(post, count);
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

    /// The next message, if there is one.
    pub(super) fn try_next(&self) -> Option<T> {
        self.lock().messages.pop_front()
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

    /// Waits until a message is there, or it is closed, for `limit` at most. Whether one of them is so; somebody else may take the message.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let post = self.sleep(self.lock(), limit);
        post.is_closed || !post.messages.is_empty()
    }

    /// All messages that are there.
    pub(super) fn take_all(&self) -> VecDeque<T> {
        std::mem::take(&mut self.lock().messages)
    }

    /// All messages that are there, or those that come within `limit`; empty where none did, or where it is closed.
    pub(super) fn take(&self, limit: Duration) -> VecDeque<T> {
        std::mem::take(&mut self.sleep(self.lock(), limit).messages)
    }

    /// The same, and those that come within `together` after the first: whoever is woken for each does little else.
    pub(super) fn gather(&self, limit: Duration, together: Duration) -> VecDeque<T> {
        let mut post = self.sleep(self.lock(), limit);
        if !post.messages.is_empty() {
            let may_wait = |post: &mut Post<T>| !post.is_urgent && !post.is_closed;
            post.is_gathering = true;
            let waited = self.arrived.wait_timeout_while(post, together, may_wait);
            post = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        (post.is_gathering, post.is_urgent) = (false, false);
        std::mem::take(&mut post.messages)
    }

    /// Sleeps where there is nothing, for `limit` at most; woken for nothing now and then: the caller comes back.
    fn sleep<'a>(&self, mut post: MutexGuard<'a, Post<T>>, limit: Duration) -> MutexGuard<'a, Post<T>> {
        if post.messages.is_empty() && !post.is_closed {
            post.sleepers += 1;
            post = self.arrived.wait_timeout(post, limit).unwrap_or_else(PoisonError::into_inner).0;
            post.sleepers -= 1;
        }
        post
    }

    fn wake(&self, post: MutexGuard<'_, Post<T>>, count: usize) {
        let count = match post.is_gathering && post.is_urgent {
            true => 1,
            false => count.min(post.sleepers),
        };
        drop(post);
        for _ in 0..count {
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
    fn who_gathers_takes_all_at_once_and_does_not_wait_with_what_is_urgent() {
        let mailbox = Mailbox::default();
        let long = Duration::from_secs(60);
        std::thread::scope(|scope| {
            let gatherer = scope.spawn(|| mailbox.gather(long, long));
            mailbox.send_to_gather(1);
            mailbox.send_to_gather(2);
            mailbox.send(3);
            let mut taken: Vec<i32> = gatherer.join().unwrap().into();
            mailbox.send_to_gather(4);
            mailbox.close();
            taken.extend(mailbox.gather(long, long));
            assert_eq!(taken, [1, 2, 3, 4]);
        });
    }

    #[test]
    fn who_waits_takes_nothing() {
        let mailbox = Mailbox::default();
        assert!(!mailbox.wait(Duration::ZERO));
        mailbox.send_later(1);
        assert!(mailbox.wait(Duration::ZERO));
        assert_eq!((mailbox.try_next(), mailbox.try_next()), (Some(1), None));
        mailbox.close();
        assert!(mailbox.wait(Duration::from_secs(60)));
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
