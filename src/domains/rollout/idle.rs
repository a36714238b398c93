//! Whether a program has a request in hand, told from its connections alone.
//!
//! A connection on which data came later than it went owes an answer; one on which data went last is only kept (`deployers.md` 9). The
//! kernel's times are as coarse as its clock (4 ms at 250 Hz), so where both are the same, what changed since the last look decides.
//!
//! That leaves one thing unseen: a request that came on the same tick as the answer before it, as with clients that ask again at once, looks
//! like one that was answered on the tick on which it came, as each health check is. Nothing else that the kernel tells of a connection
//! differs for certain. To take both as work would wait for ever for a connection that is only kept, so both are taken as kept, and
//! whoever knows more is asked as well: Caddy counts its requests (`retire`).

use std::collections::HashMap;

use crate::os::sockets::TcpSocket;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    last: HashMap<u32, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    received: u32,
    sent: u32,
    owes: bool,
}

impl Watch {
    /// How many connections of the `port` are at work; port 0: of every port that others can reach.
    pub(super) fn look(&mut self, sockets: &[TcpSocket], port: u16) -> usize {
        let listens = |wanted: u16| {
            sockets.iter().any(|socket| socket.listens && !socket.is_loopback && socket.port == wanted)
        };
        let is_meant = |socket: &&TcpSocket| {
            !socket.listens && if port == 0 { listens(socket.port) } else { socket.port == port }
        };
        let mut now = HashMap::new();
        let mut busy = 0;
        for socket in sockets.iter().filter(is_meant) {
            let before = self.last.get(&socket.inode);
            let owes = owes(socket, before);
            // Data that goes without any that came: an answer that is on its way.
            let streams =
                before.is_some_and(|before| socket.sent != before.sent && socket.received == before.received);
            if owes || streams || socket.unread > 0 || socket.unsent > 0 {
                busy += 1;
            }
            now.insert(socket.inode, Seen { received: socket.received, sent: socket.sent, owes });
        }
        self.last = now;
        busy
    }
}

fn owes(socket: &TcpSocket, before: Option<&Seen>) -> bool {
    if socket.received == 0 {
        return false;
    }
    if socket.sent == 0 || socket.received_ago != socket.sent_ago {
        return socket.sent == 0 || socket.received_ago < socket.sent_ago;
    }
    before.is_some_and(|before| {
        let (came, went) = (socket.received != before.received, socket.sent != before.sent);
        !went && (came || before.owes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(received: (u32, u32), sent: (u32, u32)) -> TcpSocket {
        TcpSocket {
            inode: 7,
            listens: false,
            is_loopback: false,
            port: 8000,
            unread: 0,
            unsent: 0,
            received: received.0,
            received_ago: received.1,
            sent: sent.0,
            sent_ago: sent.1,
        }
    }

    fn busy(sockets: &[TcpSocket]) -> usize {
        let mut watch = Watch::default();
        sockets.iter().map(|socket| watch.look(std::slice::from_ref(socket), 8000)).last().unwrap_or(0)
    }

    #[test]
    fn whoever_received_last_owes_an_answer() {
        assert_eq!(busy(&[socket((3, 10), (2, 500))]), 1);
        assert_eq!(busy(&[socket((3, 500), (3, 10))]), 0);
    }

    #[test]
    fn a_first_request_is_owed_although_the_connection_is_as_young() {
        // The time of a connection's birth counts as the time of its last data.
        assert_eq!(busy(&[socket((1, 40), (0, 40))]), 1);
        assert_eq!(busy(&[socket((0, 40), (0, 40))]), 0);
    }

    #[test]
    fn where_times_are_the_same_the_segments_decide() {
        let answered = socket((1, 8), (1, 8));
        assert_eq!(busy(std::slice::from_ref(&answered)), 0);
        let again = socket((2, 4), (1, 4));
        assert_eq!(busy(&[answered.clone(), again.clone()]), 1);
        assert_eq!(busy(&[answered.clone(), again.clone(), socket((2, 24), (1, 24))]), 1, "it still owes");
        assert_eq!(busy(&[answered, again, socket((2, 30), (2, 10)), socket((2, 50), (2, 30))]), 0);
    }

    #[test]
    fn a_request_on_the_tick_of_the_answer_before_it_is_not_seen_by_whoever_comes_later() {
        // Seen of a request of 700 ms, and of a health check, behind Caddy.
        assert_eq!(busy(&[socket((15, 44), (23, 44)), socket((15, 564), (23, 564))]), 0);
    }

    #[test]
    fn an_answer_that_still_goes_out_is_work() {
        assert_eq!(busy(&[socket((1, 90), (4, 0)), socket((1, 110), (9, 0))]), 1);
        assert_eq!(busy(&[TcpSocket { unsent: 9, ..socket((1, 90), (4, 0)) }]), 1);
        assert_eq!(busy(&[TcpSocket { unread: 9, ..socket((1, 90), (4, 0)) }]), 1);
    }

    #[test]
    fn connections_that_it_made_itself_do_not_count() {
        let own = TcpSocket { port: 40_000, ..socket((3, 10), (2, 500)) };
        assert_eq!(Watch::default().look(std::slice::from_ref(&own), 8000), 0);
        assert_eq!(Watch::default().look(&[own], 0), 0);
    }

    #[test]
    fn without_a_port_every_one_that_others_reach_counts() {
        let busy = socket((3, 10), (2, 500));
        let listener = TcpSocket { listens: true, inode: 1, ..busy.clone() };
        assert_eq!(Watch::default().look(&[listener.clone(), busy.clone()], 0), 1);
        // Docker's own name server listens on the loopback.
        let hidden = TcpSocket { is_loopback: true, ..listener };
        assert_eq!(Watch::default().look(&[hidden, busy], 0), 0);
    }
}
