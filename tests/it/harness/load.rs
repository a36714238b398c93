//! People who use an application while it is deployed: counts what they lose.
//!
//! Open-loop: request N is due at N / rate after the start, whatever became of those before it, and its latency counts from then, so a
//! server that stands still is not spared by those who wait for it. Each connection is kept and used again as real clients do it: not
//! where the server has closed it meanwhile. A request that crosses the server's close on the way is *raced*: browsers send it again
//! when they may. It is lost here all the same, and counted apart as well.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::patience::until_true;

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// With a body of 1 KiB. No proxy may send such a request a second time.
    pub(crate) is_post: bool,
    /// So long the application works on it, where not as long as it is set to.
    pub(crate) work: Option<Duration>,
    /// Requests per second.
    pub(crate) rate: u32,
    /// Connections, each with at most one request.
    pub(crate) connections: u32,
}

impl Kind {
    /// 200 a second over 12 connections.
    pub(crate) const GET: Self = Self { is_post: false, work: None, rate: 200, connections: 12 };
    /// 200 a second over 12 connections.
    pub(crate) const POST: Self = Self { is_post: true, ..Self::GET };
    /// 20 a second, each of 1.5 s: 30 of them are under way at any time.
    pub(crate) const SLOW_POST: Self =
        Self { is_post: true, work: Some(Duration::from_millis(1500)), rate: 20, connections: 48 };

    fn request(&self, host: SocketAddr) -> Vec<u8> {
        let query = self.work.map_or(String::new(), |work| format!("?ms={}", work.as_millis()));
        let (method, body) = if self.is_post { ("POST", "x".repeat(1024)) } else { ("GET", String::new()) };
        let length = if self.is_post { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
        format!("{method} /{query} HTTP/1.1\r\nHost: {host}\r\n{length}\r\n{body}").into_bytes()
    }
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// Requests.
    pub(crate) sent: u64,
    /// Those without a whole answer of 200 to 299 in 10 s.
    pub(crate) lost: u64,
    /// Those among the lost that met, without a byte of an answer, the end of a connection that had been used before.
    pub(crate) raced: u64,
    /// From when a request was due to the end of its answer.
    pub(crate) max_latency: Duration,
    /// How often each version answered.
    pub(crate) versions: BTreeMap<String, u64>,
    /// When, from the start, and why each lost request was lost.
    pub(crate) failures: Vec<(Duration, String)>,
}

impl Report {
    /// Asserts that nobody lost anything.
    #[track_caller]
    pub(crate) fn lost_nothing(&self) -> &Self {
        assert_eq!(self.lost, 0, "{self}");
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, lost, raced, max_latency, versions, failures } = self;
        write!(f, "sent {sent}, lost {lost}, of these raced {raced}, longest {max_latency:.2?}; answers")?;
        for (version, count) in versions {
            write!(f, " {version}: {count}")?;
        }
        let mut failures: Vec<&(Duration, String)> = failures.iter().collect();
        failures.sort();
        for (at, reason) in failures.iter().take(20) {
            write!(f, "\n  {:.3} s: {reason}", at.as_secs_f64())?;
        }
        Ok(())
    }
}

/// A load that goes on until it is stopped.
pub(crate) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    request: Vec<u8>,
    interval: Duration,
    start: Instant,
    next: AtomicU64,
    is_over: AtomicBool,
    report: Mutex<Report>,
}

impl Load {
    /// Begins at once.
    pub(crate) fn start(address: SocketAddr, kind: &Kind) -> Self {
        let shared = Arc::new(Shared {
            address,
            request: kind.request(address),
            interval: Duration::from_secs(1) / kind.rate,
            start: Instant::now(),
            next: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            report: Mutex::default(),
        });
        let user = |_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.go_on())
        };
        let threads = (0..kind.connections).map(user).collect();
        Self { shared, threads }
    }

    /// As far as it is.
    pub(crate) fn so_far(&self) -> Report {
        self.shared.report.lock().unwrap().clone()
    }

    /// Waits until so many more requests have their answers or are lost: the load before and after what is measured.
    #[track_caller]
    pub(crate) fn goes_on_for(&self, more: u64) {
        let goal = self.so_far().sent + more;
        until_true("the load goes on", || self.so_far().sent >= goal);
    }

    /// Ends it when all answers are there.
    pub(crate) fn stop(mut self) -> Report {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        self.so_far()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    /// One connection.
    fn go_on(&self) {
        let mut connection: Option<TcpStream> = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let due = self.start + self.interval * u32::try_from(number).unwrap();
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let kept = connection.take().filter(is_quiet);
            let is_reused = kept.is_some();
            let begun = Instant::now();
            let answer = kept
                .map_or_else(|| connect(self.address), Ok)
                .and_then(|stream| ask(stream, &self.request, begun + PATIENCE));
            let mut report = self.report.lock().unwrap();
            report.sent += 1;
            report.max_latency = report.max_latency.max(due.elapsed());
            match answer {
                Ok(answer) => {
                    *report.versions.entry(answer.body.trim().to_owned()).or_default() += 1;
                    connection = answer.kept;
                }
                Err(lost) => {
                    report.lost += 1;
                    let is_raced = is_reused && lost.met_a_closed_connection;
                    report.raced += u64::from(is_raced);
                    let reason = if is_raced { format!("raced: {}", lost.reason) } else { lost.reason };
                    report.failures.push((begun - self.start, reason));
                }
            }
        }
    }
}

struct Answer {
    body: String,
    kept: Option<TcpStream>,
}

struct Lost {
    reason: String,
    met_a_closed_connection: bool,
}

impl Lost {
    fn because(reason: String) -> Self {
        Self { reason, met_a_closed_connection: false }
    }
}

/// Asks once, over a connection of its own: the status and the body, `None` where there is no whole answer of 200 to 299.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let answer =
        connect(address).and_then(|stream| ask(stream, request.as_bytes(), Instant::now() + PATIENCE));
    answer.ok().map(|answer| answer.body)
}

fn connect(address: SocketAddr) -> Result<TcpStream, Lost> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE);
    let stream = stream.map_err(|error| Lost::because(format!("no connection: {error}")))?;
    stream.set_nodelay(true).ok();
    Ok(stream)
}

/// Whether a kept connection is neither closed nor says something that nobody asked for.
fn is_quiet(stream: &TcpStream) -> bool {
    let is_quiet = stream.set_nonblocking(true).is_ok()
        && stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    is_quiet && stream.set_nonblocking(false).is_ok()
}

/// A request and its answer.
fn ask(mut stream: TcpStream, request: &[u8], deadline: Instant) -> Result<Answer, Lost> {
    let lost = |error: std::io::Error, came: usize| {
        let closed = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::UnexpectedEof];
        let what = match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => format!("no answer in {PATIENCE:?}"),
            _ => error.to_string(),
        };
        let reason = format!("{what}, after {came} bytes of the answer");
        Lost { reason, met_a_closed_connection: came == 0 && closed.contains(&error.kind()) }
    };
    stream.set_write_timeout(Some(PATIENCE)).ok();
    stream.write_all(request).map_err(|error| lost(error, 0))?;
    let mut bytes = Vec::new();
    loop {
        if let Some(answer) = Head::read(&bytes)? {
            let end = answer.head + answer.length;
            if bytes.len() >= end {
                let body = String::from_utf8_lossy(&bytes[answer.head..end]).into_owned();
                let kept = (!answer.closes && bytes.len() == end).then_some(stream);
                return match answer.status {
                    200..=299 => Ok(Answer { body, kept }),
                    status => Err(Lost::because(format!("status {status}"))),
                };
            }
        }
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left)).ok();
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) => return Err(lost(ErrorKind::UnexpectedEof.into(), bytes.len())),
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(lost(error, bytes.len())),
        }
    }
}

/// The head of an answer.
struct Head {
    status: u16,
    /// Bytes of the head.
    head: usize,
    /// Bytes of the body.
    length: usize,
    closes: bool,
}

impl Head {
    /// `None` while it is not all there.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Lost> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let header = |name: &str| {
            let field = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned());
            text.lines().skip(1).find_map(field)
        };
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
        let length = header("content-length").and_then(|value| value.parse().ok());
        let (Some(status), Some(length)) = (status, length) else {
            return Err(Lost::because(format!("an answer that is not understood: {text:?}")));
        };
        let closes = header("connection").is_some_and(|value| value == "close");
        Ok(Some(Self { status, head: end + 4, length, closes }))
    }
}
