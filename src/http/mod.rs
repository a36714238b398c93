//! HTTP: the door to what speaks it on this machine, and (`web`) to the vendors' hosts.
//!
//! What is here is for this machine: plain HTTP, no proxy of the environment, no redirects followed. The two ways share nothing, so that
//! a proxy or a root of trust for the world can never come between us and a container.

mod proxy;
mod roots;
mod web;

pub use web::{RealWeb, Web, WebAnswer, WebError, WebRequest};

use std::time::Duration;

use ureq::Agent;
use ureq::http::Request;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, from 100 to 599.
    pub status: u16,
    /// The body; what is not UTF-8 in it is replaced.
    pub body: String,
}

/// Nothing was answered: what kept it from being.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpError(String);

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// `GET`, `POST`, `PATCH`.
    pub method: &'a str,
    /// Whole, `http://…`.
    pub url: &'a str,
    /// The `Host` that it is asked as, where that is not the URL's.
    pub host: Option<&'a str>,
    /// The body and its type.
    pub body: Option<(&'a str, &'a str)>,
    /// How long it may take from beginning to end.
    pub limit: Duration,
}

/// Asks. Any status is an answer.
pub fn call(call: &Call<'_>) -> Result<Answer, HttpError> {
    let broken = |error: &dyn std::fmt::Display| HttpError(error.to_string());
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(call.limit))
        .user_agent(concat!("shipway/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut request = Request::builder().method(call.method).uri(call.url);
    if let Some(host) = call.host {
        request = request.header("host", host);
    }
    let (body, kind) = call.body.unwrap_or_default();
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    let answer = match call.body {
        Some(_) => agent.run(request.body(body.to_owned()).map_err(|error| broken(&error))?),
        None => agent.run(request.body(()).map_err(|error| broken(&error))?),
    };
    let mut answer = answer.map_err(|error| broken(&error))?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().read_to_vec().map_err(|error| broken(&error))?;
    Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// GET of `url`, asked as `host`.
pub fn get(url: &str, host: Option<&str>, limit: Duration) -> Result<Answer, HttpError> {
    call(&Call { method: "GET", url, host, body: None, limit })
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// Answers one request with `answer`; gives what was asked.
    fn server(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/healthz?x=1", listener.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = vec![0; 4096];
            let mut asked = String::new();
            while !asked.contains("\r\n\r\n") || asked.starts_with('P') && !asked.contains("{}") {
                let length = stream.read(&mut bytes).unwrap();
                asked.push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
            stream.write_all(answer.as_bytes()).unwrap();
            asked.to_lowercase()
        });
        (url, asked)
    }

    #[test]
    fn a_get_is_asked_as_the_host_that_is_wanted_and_any_status_is_an_answer() {
        let (url, asked) = server("HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy");
        let answer = get(&url, Some("web:8000"), LIMIT).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, "busy"));
        let asked = asked.join().unwrap();
        assert!(asked.starts_with("get /healthz?x=1 http/1.1\r\n"), "{asked}");
        assert!(asked.contains("host: web:8000\r\n") && asked.matches("host:").count() == 1, "{asked}");
    }

    #[test]
    fn a_redirect_is_an_answer_and_is_not_followed() {
        let (url, asked) =
            server("HTTP/1.1 302 There\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(get(&url, None, LIMIT).unwrap().status, 302);
        asked.join().unwrap();
    }

    #[test]
    fn a_body_goes_with_its_type() {
        let (url, asked) = server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let body = Some(("{}", "application/json"));
        let answer = call(&Call { method: "PATCH", url: &url, host: None, body, limit: LIMIT }).unwrap();
        assert_eq!(answer.status, 200);
        let asked = asked.join().unwrap();
        assert!(asked.contains("content-type: application/json\r\n") && asked.ends_with("{}"), "{asked}");
    }

    #[test]
    fn nobody_there_is_an_error() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert!(get(&format!("http://127.0.0.1:{port}/"), None, LIMIT).is_err());
    }
}
