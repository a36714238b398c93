//! A stand-in for a server of terraform's `http` backend: one state, one lock.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// A running server; it ends with the test's process.
pub(crate) struct HttpBackend {
    address: SocketAddr,
    kept: Arc<Server>,
}

#[derive(Default)]
struct Server {
    kept: Mutex<Kept>,
    changed: Condvar,
}

#[derive(Default)]
struct Kept {
    is_slow: bool,
    refuses_states: bool,
    busy: usize,
    state: Option<Vec<u8>>,
    lock: Option<Vec<u8>>,
    requests: Vec<String>,
}

impl HttpBackend {
    /// Starts it on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Server::default());
        let shared = Arc::clone(&kept);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || answer(stream, &shared));
            }
        });
        Self { address, kept }
    }

    /// The block that makes terraform use it.
    pub(crate) fn block(&self) -> String {
        let url = format!("http://{}/state", self.address);
        format!(
            "terraform {{\n  backend \"http\" {{\n    address = \"{url}\"\n    lock_address = \"{url}\"\n    \
             unlock_address = \"{url}\"\n  }}\n}}\n"
        )
    }

    /// The same, and terraform itself tries nothing again.
    pub(crate) fn impatient_block(&self) -> String {
        self.block().replacen("lock_address", "retry_max = 0\n    lock_address", 1)
    }

    /// So many of the next looks at the state are answered as by a server that is busy.
    pub(crate) fn is_busy(&self, times: usize) {
        self.kept.kept.lock().unwrap().busy = times;
    }

    /// Somebody takes the lock.
    pub(crate) fn lock(&self, id: &str) {
        let held = serde_json::json!({
            "ID": id, "Operation": "OperationTypeApply", "Info": "", "Who": "ada@elsewhere",
            "Version": "1.11.4", "Created": "2026-11-22T10:00:00Z", "Path": "",
        });
        self.kept.kept.lock().unwrap().lock = Some(held.to_string().into_bytes());
    }

    /// They give it back.
    pub(crate) fn unlock(&self) {
        self.kept.kept.lock().unwrap().lock = None;
    }

    /// Whether a state that is sent has to wait for its answer.
    pub(crate) fn is_slow(&self, slow: bool) {
        self.kept.kept.lock().unwrap().is_slow = slow;
        self.kept.changed.notify_all();
    }

    /// Whether a state that is sent is refused, as by a server that has failed.
    pub(crate) fn refuses_states(&self, refuses: bool) {
        self.kept.kept.lock().unwrap().refuses_states = refuses;
    }

    /// Whether somebody holds the lock.
    pub(crate) fn is_locked(&self) -> bool {
        self.kept.kept.lock().unwrap().lock.is_some()
    }

    /// The state, where there is one.
    pub(crate) fn state(&self) -> Option<String> {
        self.kept.kept.lock().unwrap().state.clone().map(|bytes| String::from_utf8(bytes).unwrap())
    }

    /// The methods of all requests.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.kept.kept.lock().unwrap().requests.clone()
    }
}

fn answer(stream: TcpStream, server: &Server) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    let mut length = 0;
    if reader.read_line(&mut line).is_err() {
        return;
    }
    let method = line.split(' ').next().unwrap_or_default().to_owned();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) == 0 {
            return;
        }
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let (status, text) = {
        let mut kept = server.kept.lock().unwrap();
        kept.requests.push(method.clone());
        match (method.as_str(), kept.lock.clone()) {
            ("GET", _) if kept.busy > 0 => {
                kept.busy -= 1;
                ("503 Service Unavailable", Vec::new())
            }
            ("GET", _) => match kept.state.clone() {
                Some(state) => ("200 OK", state),
                None => ("404 Not Found", Vec::new()),
            },
            ("POST", _) if kept.refuses_states => ("500 Internal Server Error", Vec::new()),
            ("POST", _) => {
                while kept.is_slow {
                    kept = server.changed.wait(kept).unwrap();
                }
                kept.state = Some(body);
                ("200 OK", Vec::new())
            }
            ("DELETE", _) => {
                kept.state = None;
                ("200 OK", Vec::new())
            }
            ("LOCK", Some(held)) => ("423 Locked", held),
            ("LOCK", None) => {
                kept.lock = Some(body);
                ("200 OK", Vec::new())
            }
            ("UNLOCK", _) => {
                kept.lock = None;
                ("200 OK", Vec::new())
            }
            _ => ("405 Method Not Allowed", Vec::new()),
        }
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    let mut stream = reader.into_inner();
    // The client may be gone: then nobody needs the answer.
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&text)).ok();
}
