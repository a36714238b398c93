//! TCP connections of this network namespace, asked of the kernel, and the question whether a port takes a connection.
//!
//! `NETLINK_SOCK_DIAG` needs no right beyond being there (`sock_diag(7)`). Of each socket it tells when data came and went last and how
//! many segments did, which is what tells a request that is being answered from a connection that is only kept (`deployers.md` 9).

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// A TCP socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSocket {
    /// Number that no other socket of this boot has.
    pub inode: u32,
    /// It waits for connections.
    pub listens: bool,
    /// Its own address is the machine's loopback, where no other machine comes in.
    pub is_loopback: bool,
    /// Its own port.
    pub port: u16,
    /// Bytes that the program has not read yet.
    pub unread: u32,
    /// Bytes that the other side has not acknowledged yet.
    pub unsent: u32,
    /// Milliseconds since data went last.
    pub sent_ago: u32,
    /// Milliseconds since data came last.
    pub received_ago: u32,
    /// Segments with data that came.
    pub received: u32,
    /// Segments with data that went.
    pub sent: u32,
}

/// `SOCK_DIAG_BY_FAMILY` of `linux/sock_diag.h`.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST | NLM_F_DUMP` of `linux/netlink.h`.
const REQUEST_DUMP: u16 = 0x301;
/// `NLMSG_ERROR`.
const ERROR: u16 = 2;
/// `NLMSG_DONE`.
const DONE: u16 = 3;
/// `TCP_ESTABLISHED` of `net/tcp_states.h`.
const ESTABLISHED: u8 = 1;
/// `TCP_LISTEN`.
const LISTEN: u8 = 10;
/// `INET_DIAG_INFO` of `linux/inet_diag.h`: the answer carries a `struct tcp_info`.
const INFO: u8 = 2;
/// Size of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Size of `struct inet_diag_msg`.
const MESSAGE: usize = 72;
/// The kernel's messages of a dump are at most this long (`NLMSG_GOODSIZE` is 32 KiB at most).
const BUFFER: usize = 64 * 1024;

/// Every TCP socket of this network namespace that listens or is connected.
pub fn tcp_sockets() -> io::Result<Vec<TcpSocket>> {
    let mut found = Vec::new();
    for family in [AddressFamily::INET, AddressFamily::INET6] {
        dump(family, &mut found)?;
    }
    Ok(found)
}

fn dump(family: AddressFamily, found: &mut Vec<TcpSocket>) -> io::Result<()> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    // A kernel that does not answer must not hold us.
    rustix::net::sockopt::set_socket_timeout(
        &socket,
        rustix::net::sockopt::Timeout::Recv,
        Some(Duration::from_secs(2)),
    )?;
    let family = u8::try_from(family.as_raw()).unwrap_or_default();
    rustix::net::sendto(&socket, &request(family), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut buffer = vec![0_u8; BUFFER];
    loop {
        let (length, _) = rustix::net::recv(&socket, &mut buffer[..], RecvFlags::empty())?;
        if length == 0 || read_messages(buffer.get(..length).unwrap_or_default(), found)? {
            return Ok(());
        }
    }
}

/// `struct nlmsghdr` and `struct inet_diag_req_v2`: a dump of all sockets in the states that matter.
fn request(family: u8) -> Vec<u8> {
    let states = (1_u32 << ESTABLISHED) | (1_u32 << LISTEN);
    let length = u32::try_from(HEADER + 56).unwrap_or_default();
    let mut bytes = Vec::with_capacity(HEADER + 56);
    bytes.extend(length.to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST_DUMP.to_ne_bytes());
    bytes.extend([0; 8]);
    // IPPROTO_TCP.
    bytes.extend([family, 6, 1 << (INFO - 1), 0]);
    bytes.extend(states.to_ne_bytes());
    // Of any address and port.
    bytes.extend([0; 48]);
    bytes
}

/// Reads the messages of one answer; whether it was the last.
fn read_messages(mut bytes: &[u8], found: &mut Vec<TcpSocket>) -> io::Result<bool> {
    while bytes.len() >= HEADER {
        let length = usize::try_from(u32_at(bytes, 0)).unwrap_or(usize::MAX);
        if length < HEADER || length > bytes.len() {
            return Err(io::Error::other("the kernel's answer about sockets is not whole"));
        }
        let body = bytes.get(HEADER..length).unwrap_or_default();
        match u16::from_ne_bytes(array_at(bytes, 4)) {
            DONE => return Ok(true),
            ERROR => {
                let number = i32::from_ne_bytes(array_at(body, 0));
                return Err(io::Error::from_raw_os_error(number.saturating_neg()));
            }
            BY_FAMILY if body.len() >= MESSAGE => found.push(socket(body)),
            _ => {}
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

/// `struct inet_diag_msg` and its attributes. Offsets are those of `linux/inet_diag.h` and `struct tcp_info` of `linux/tcp.h`, which only
/// ever grow at the end.
fn socket(body: &[u8]) -> TcpSocket {
    let info = attribute(body.get(MESSAGE..).unwrap_or_default(), u16::from(INFO)).unwrap_or_default();
    let family = body.first().copied().unwrap_or_default();
    let source = body.get(8..24).unwrap_or_default();
    let is_v4 = usize::from(family) == usize::from(AddressFamily::INET.as_raw());
    let is_loopback = match is_v4 {
        true => source.first() == Some(&127),
        false => source.iter().enumerate().all(|(at, byte)| *byte == u8::from(at == 15)),
    };
    TcpSocket {
        listens: body.get(1) == Some(&LISTEN),
        is_loopback,
        port: u16::from_be_bytes(array_at(body, 4)),
        unread: u32_at(body, 56),
        unsent: u32_at(body, 60),
        inode: u32_at(body, 68),
        sent_ago: u32_at(info, 44),
        received_ago: u32_at(info, 52),
        received: u32_at(info, 152),
        sent: u32_at(info, 156),
    }
}

/// The value of an attribute (`struct rtattr`).
fn attribute(mut bytes: &[u8], kind: u16) -> Option<&[u8]> {
    while bytes.len() >= 4 {
        let length = usize::from(u16::from_ne_bytes(array_at(bytes, 0)));
        let value = bytes.get(4..length)?;
        if u16::from_ne_bytes(array_at(bytes, 2)) == kind {
            return Some(value);
        }
        bytes = bytes.get(length.next_multiple_of(4)..)?;
    }
    None
}

/// Zeros where the kernel is too old to tell.
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..at + N).and_then(|slice| slice.try_into().ok()).unwrap_or([0; N])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(array_at(bytes, at))
}

/// Whether `address` (`HOST:PORT`) takes a connection within `limit`.
pub fn connect(address: &str, limit: Duration) -> io::Result<()> {
    let mut addresses = address.to_socket_addrs()?;
    let first: SocketAddr = addresses.next().ok_or_else(|| io::Error::other("it has no address"))?;
    TcpStream::connect_timeout(&first, limit).map(drop)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_kernel_tells_of_a_connection_what_came_and_went() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let of_ours = || -> Vec<TcpSocket> {
            tcp_sockets().unwrap().into_iter().filter(|socket| socket.port == port).collect()
        };
        assert!(of_ours()[0].listens && of_ours()[0].is_loopback);
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        client.write_all(b"request").unwrap();
        let connected = || of_ours().into_iter().find(|socket| !socket.listens).unwrap();
        // The kernel delivers over loopback before `write` returns.
        assert_eq!((connected().received, connected().sent, connected().unread), (1, 0, 7));
        let mut bytes = [0; 7];
        server.read_exact(&mut bytes).unwrap();
        server.write_all(b"answer").unwrap();
        assert_eq!((connected().received, connected().sent, connected().unread), (1, 1, 0));
    }

    #[test]
    fn an_answer_that_is_cut_off_is_an_error_and_never_a_panic() {
        let mut message = request(2);
        assert!(!read_messages(&message, &mut Vec::new()).unwrap());
        message.truncate(40);
        assert!(read_messages(&message, &mut Vec::new()).is_err());
        message[0] = 3;
        assert!(read_messages(&message, &mut Vec::new()).is_err());
        assert!(attribute(&[9, 0, 2, 0, 1], 2).is_none());
    }

    #[test]
    fn a_port_that_nobody_listens_on_takes_no_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        connect(&address, Duration::from_secs(1)).unwrap();
        drop(listener);
        assert!(connect(&address, Duration::from_secs(1)).is_err());
    }
}
