//! The door to hosts that are not ours: HTTPS, with what the environment says of proxies and roots of trust.
//!
//! It sends one request and gives one answer. It follows no redirect, for a token must not go where nobody sent it, and tries nothing
//! twice: whether that is safe only the one who asks knows. Roots are read and TLS is set up when the first request is sent; a command
//! that calls nobody pays nothing.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use ureq::http::{HeaderValue, Request, Response};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body, Proxy, Timeout};

use super::proxy;
use super::roots::roots;
use crate::masking::Secret;
use crate::os::environment::Environment;

/// So long a connection may take to be made: nothing was sent then, and one may try again.
const CONNECT: Duration = Duration::from_secs(10);

/// So long an exchange may take from beginning to end. GitHub itself gives up after 10 s (docs.github.com, "Troubleshooting the REST API").
const EXCHANGE: Duration = Duration::from_secs(30);

/// Sends requests to hosts that are not ours.
pub trait Web: Send + Sync {
    /// Sends one and waits for its answer. Any status is an answer.
    fn exchange(&self, request: &WebRequest<'_>) -> Result<WebAnswer, WebError>;
}

/// A request. Its `Debug` shows neither token nor body.
#[derive(Clone, Debug)]
pub struct WebRequest<'a> {
    /// `GET`, `PUT`.
    pub method: &'a str,
    /// Whole, `https://…`.
    pub url: &'a str,
    /// Names and values.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The header that says who asks: its name and whole value.
    pub credential: (&'a str, Secret),
    /// The body, which is JSON.
    pub body: Option<Secret>,
}

/// What was answered. Its `Debug` does not show the body, which may hold credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAnswer {
    /// The status, from 100 to 599.
    pub status: u16,
    /// Names in lower case, and values that are text.
    pub headers: Vec<(String, String)>,
    /// The body; what is not UTF-8 in it is replaced.
    pub body: Secret,
}

/// There is no answer: what kept it from being. None of them holds a token or a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// No connection could be made, so nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// The connection broke, or the answer took too long. The request may have arrived.
    #[error("{0}")]
    Cut(String),
    /// There is a connection, but no trust.
    #[error("{why}")]
    Tls {
        /// What TLS says.
        why: String,
        /// Whose certificates were believed: `the system's roots of trust`.
        roots: String,
    },
    /// Something that the environment names can't be used: certificates, a proxy.
    #[error("{0}")]
    Setup(String),
    /// It can't be sent: a token with a newline, a URL that is none.
    #[error("{0}")]
    Unsendable(String),
}

/// What the environment says of the way out.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) cert_file: Option<PathBuf>,
    pub(super) cert_dir: Option<PathBuf>,
    /// The variable, and the URL, which may hold a password.
    pub(super) proxy: Option<(&'static str, Secret)>,
    pub(super) no_proxy: String,
}

/// An agent, and whose certificates it believes.
type Way = Result<(Agent, String), WebError>;

/// The way to the real web.
#[derive(Debug)]
pub struct RealWeb {
    settings: Settings,
    direct: OnceLock<Way>,
    proxied: OnceLock<Way>,
}

impl RealWeb {
    /// With `SSL_CERT_FILE`, `SSL_CERT_DIR`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (also in lower case) of `environment`.
    ///
    /// Certificates that are named are the only ones that are believed, as rustls-native-certs has it; OpenSSL and Go would look into the
    /// system's folder as well where only a file is named. `HTTP_PROXY` is not looked at: nothing goes out without TLS.
    pub fn new(environment: &Environment) -> Self {
        let value = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let proxy = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let settings = Settings {
            cert_file: value("SSL_CERT_FILE").map(PathBuf::from),
            cert_dir: value("SSL_CERT_DIR").map(PathBuf::from),
            proxy: proxy.into_iter().find_map(|name| Some((name, Secret::new(value(name)?)))),
            no_proxy: value("NO_PROXY").or(value("no_proxy")).unwrap_or_default().to_owned(),
        };
        Self { settings, direct: OnceLock::new(), proxied: OnceLock::new() }
    }

    fn way(&self, url: &str) -> &Way {
        match &self.settings.proxy {
            Some((variable, proxy)) if !proxy::is_direct(url, &self.settings.no_proxy) => {
                self.proxied.get_or_init(|| self.agent(Some((variable, proxy))))
            }
            _ => self.direct.get_or_init(|| self.agent(None)),
        }
    }

    fn agent(&self, proxy: Option<(&str, &Secret)>) -> Way {
        let unusable = |variable: &str| WebError::Setup(format!("{variable} holds no URL of an HTTP proxy"));
        let proxy = proxy
            .map(|(variable, url)| Proxy::new(url.expose()).map_err(|_| unusable(variable)))
            .transpose()?;
        let (certs, named) = roots(&self.settings)?;
        let agent = Agent::config_builder()
            .proxy(proxy)
            .tls_config(TlsConfig::builder().root_certs(certs).build())
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            // Of the agent, not of each request: with settings of its own a request would set up TLS anew.
            .timeout_global(Some(EXCHANGE))
            .user_agent(concat!("shipway/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok((agent, named))
    }
}

impl Web for RealWeb {
    fn exchange(&self, request: &WebRequest<'_>) -> Result<WebAnswer, WebError> {
        let (agent, roots) = self.way(request.url).as_ref().map_err(Clone::clone)?;
        let mut head = Request::builder().method(request.method).uri(request.url);
        for (name, value) in &request.headers {
            head = head.header(*name, *value);
        }
        let (name, value) = &request.credential;
        let mut value = HeaderValue::from_str(value.expose())
            .map_err(|_| WebError::Unsendable("the token has a character that no token has".to_owned()))?;
        value.set_sensitive(true);
        head = head.header(*name, value);
        let unsendable = |error: ureq::http::Error| WebError::Unsendable(error.to_string());
        let failed = |error: ureq::Error| web_error(&error, roots);
        let answer = match &request.body {
            Some(body) => {
                let head = head.header("content-type", "application/json");
                agent.run(head.body(body.expose().to_owned()).map_err(unsendable)?)
            }
            None => agent.run(head.body(()).map_err(unsendable)?),
        };
        read(answer.map_err(failed)?).map_err(failed)
    }
}

fn read(mut answer: Response<Body>) -> Result<WebAnswer, ureq::Error> {
    let body = answer.body_mut().read_to_vec()?;
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
    let headers = answer.headers().iter().filter_map(|(name, value)| Some((name.to_string(), text(value)?)));
    Ok(WebAnswer {
        status: answer.status().as_u16(),
        headers: headers.collect(),
        body: Secret::new(String::from_utf8_lossy(&body)),
    })
}

fn web_error(error: &ureq::Error, roots: &str) -> WebError {
    use std::io::ErrorKind;

    let why = error.to_string();
    match error {
        ureq::Error::HostNotFound => WebError::Unreachable("its name is not known here".to_owned()),
        ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => WebError::Unreachable(why),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::TlsRequired => {
            WebError::Tls { why, roots: roots.to_owned() }
        }
        ureq::Error::Io(io) => match io.kind() {
            // So rustls tells of whatever it does not believe.
            ErrorKind::InvalidData => WebError::Tls { why: io.to_string(), roots: roots.to_owned() },
            ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                WebError::Unreachable(io.to_string())
            }
            _ => WebError::Cut(io.to_string()),
        },
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => WebError::Unsendable(why),
        _ => WebError::Cut(why),
    }
}

impl WebAnswer {
    /// The value of the header `name`, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}
