//! Our program inside a container's network (`adapters::docker::guest`): looks at its connections, or talks to what listens there.
//!
//! What it says are lines of JSON on standard output, read by `retire` and `proxy`; what goes wrong is a line on standard error.

use std::ffi::OsString;
use std::io::Read as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::idle::Watch;
pub use crate::adapters::docker::guest::WORD;
use crate::event::Stream;
use crate::http;
use crate::os::clock::{Clock as _, RealClock, since_boot};
use crate::os::{sockets, terminal};

/// How often connections are looked at: oftener than the kernel's clock tells times apart is of no use.
const LOOK: Duration = Duration::from_millis(10);

/// A call of an interface on this machine takes no longer.
const CALL: Duration = Duration::from_secs(20);

/// What the guest found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Idle {
    /// Milliseconds until the last request was over, or until the limit.
    pub(super) after_ms: u64,
    /// Connections that were still at work.
    pub(super) busy: usize,
}

/// Is the guest: `arguments` are those after the word. Gives the status to exit with.
pub fn run(arguments: &[OsString]) -> u8 {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let result = match words.as_slice() {
        ["idle", port, times @ ..] => {
            let times: Option<Vec<Duration>> =
                times.iter().map(|time| Some(Duration::from_millis(time.parse().ok()?))).collect();
            match (port.parse(), times.as_deref()) {
                (Ok(port), Some([quiet, limit, from])) => {
                    wait_for(*from);
                    idle(port, *quiet, *limit)
                }
                _ => return 2,
            }
        }
        ["get", url] => get(url),
        ["get", url, from] => match from.parse().map(Duration::from_millis) {
            Ok(from) => {
                wait_for(from);
                get(url)
            }
            Err(_) => return 2,
        },
        ["send", method, url, kind] => {
            let mut body = String::new();
            match std::io::stdin().read_to_string(&mut body) {
                Ok(_) => {
                    call(&http::Call { method, url, host: None, body: Some((&body, kind)), limit: CALL })
                }
                Err(error) => Err(error.to_string()),
            }
        }
        _ => return 2,
    };
    match result {
        Ok(line) => {
            terminal::say(Stream::Out, &format!("{line}\n"));
            0
        }
        Err(error) => {
            terminal::say(Stream::Err, &format!("{error}\n"));
            1
        }
    }
}

/// Waits until so long after the machine's start.
fn wait_for(from: Duration) {
    crossbeam_channel::after(from.saturating_sub(since_boot())).recv().ok();
}

fn get(url: &str) -> Result<String, String> {
    call(&http::Call { method: "GET", url, host: None, body: None, limit: CALL })
}

/// Waits until no request was in hand for `quiet`.
fn idle(port: u16, quiet: Duration, limit: Duration) -> Result<String, String> {
    let clock = RealClock::default();
    let mut watch = Watch::default();
    let mut idle_since = None;
    let mut last_busy = Duration::ZERO;
    loop {
        let sockets =
            sockets::tcp_sockets().map_err(|error| format!("connections can't be seen: {error}"))?;
        let busy = watch.look(&sockets, port);
        let now = clock.monotonic();
        if busy > 0 {
            (idle_since, last_busy) = (None, now);
        }
        let since = *idle_since.get_or_insert(now);
        let is_idle = busy == 0 && now.saturating_sub(since) >= quiet;
        if is_idle || now >= limit {
            let after_ms = u64::try_from(last_busy.as_millis()).unwrap_or(u64::MAX);
            return serde_json::to_string(&Idle { after_ms, busy }).map_err(|error| error.to_string());
        }
        crossbeam_channel::after(LOOK).recv().ok();
    }
}

/// A call; the answer's body. A status other than 2xx is an error.
fn call(call: &http::Call<'_>) -> Result<String, String> {
    let answer = http::call(call).map_err(|error| error.to_string())?;
    if (200..300).contains(&answer.status) {
        return Ok(answer.body);
    }
    Err(format!("{} {} was answered with {}: {}", call.method, call.url, answer.status, answer.body.trim()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn read(line: &str) -> Idle {
        serde_json::from_str(line).expect("JSON")
    }

    #[test]
    fn a_request_is_waited_for_and_a_kept_connection_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mut client = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let (mut server, _) = listener.accept().expect("a connection");
        let quiet = Duration::from_millis(30);
        let kept = read(&idle(port, quiet, Duration::from_secs(20)).expect("idle"));
        assert_eq!(kept.busy, 0);
        client.write_all(b"request").expect("a request");
        server.read_exact(&mut [0; 7]).expect("a request");
        let owed = read(&idle(port, quiet, Duration::from_millis(100)).expect("a limit"));
        assert_eq!(owed.busy, 1);
        let waiting = std::thread::spawn(move || idle(port, quiet, Duration::from_secs(20)));
        server.write_all(b"answer").expect("an answer");
        assert_eq!(read(&waiting.join().expect("a thread").expect("idle")).busy, 0);
    }

    #[test]
    fn words_that_are_not_known_are_a_fault_of_whoever_said_them() {
        assert_eq!(run(&["dance".into()]), 2);
        assert_eq!(run(&["idle".into(), "x".into(), "1".into(), "1".into()]), 2);
        assert_eq!(run(&["get".into(), "http://127.0.0.1:1/".into(), "soon".into()]), 2);
    }
}
