//! Stand-ins for the vendors' APIs: real state behind TLS on this machine, and the failures that the vendors are known for.
//!
//! A `StandIn` holds one vendor's state, signs itself with a throw-away authority, logs every request, plays the failures it is told to,
//! and holds each request against an extract of the vendor's published description: one that is not in there, or does not fit, fails
//! the test when the stand-in is dropped. The command line reaches it by `variables`.

pub(crate) mod depot;
pub(crate) mod description;
pub(crate) mod digitalocean;
pub(crate) mod failures;
pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod proxy;
pub(crate) mod terraform_cloud;
mod wire;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};

use description::Description;
use failures::Failure;
use serde_json::Value;
pub(crate) use wire::Authority;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Without a query, and without what comes before the API's own paths.
    pub(crate) path: String,
    /// Decoded.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The body as JSON; `Null` where there is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The path's segments, decoded.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path.trim_matches('/').split('/').map(wire::decoded).collect()
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// `GET /user`.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// Nothing: no body.
    pub(crate) body: Option<Value>,
    /// A body that is given back byte by byte.
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Given {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body), bytes: None }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None, bytes: None }
    }

    pub(crate) fn bytes(bytes: Vec<u8>) -> Self {
        Self { bytes: Some(bytes), ..Self::empty(200) }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// A vendor's state and manners.
pub(crate) trait Vendor: Send + 'static {
    /// Its description, of tests/fixtures/vendors.
    const DESCRIPTION: &'static str;
    /// What may stand before the API's paths.
    const PREFIXES: &'static [&'static str];
    /// What comes before the path in the base address.
    const BASE: &'static str;
    /// The variables of its base address and its token.
    const VARIABLES: [&'static str; 2];
    /// The token that it takes.
    fn token(&self) -> String;
    /// Its answer; `base` is its own address.
    fn answer(&mut self, asked: &Asked, base: &str) -> Given;
}

/// A running stand-in; it ends with the test's process.
pub(crate) struct StandIn<V: Vendor> {
    address: SocketAddr,
    authority: Authority,
    shared: Arc<Mutex<State<V>>>,
}

struct State<V> {
    vendor: V,
    description: Description,
    failures: Vec<Failure>,
    asked: Vec<Asked>,
    misfits: Vec<String>,
}

impl<V: Vendor> StandIn<V> {
    pub(crate) fn start(vendor: V) -> Self {
        let authority = Authority::new();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(State {
            vendor,
            description: Description::read(V::DESCRIPTION),
            failures: Vec::new(),
            asked: Vec::new(),
            misfits: Vec::new(),
        }));
        let (state, tls) = (Arc::clone(&shared), authority.server());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, tls) = (Arc::clone(&state), Arc::clone(&tls));
                std::thread::spawn(move || wire::serve(stream, tls, |asked| react(&state, asked, address)));
            }
        });
        Self { address, authority, shared }
    }

    /// Its host and port.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// The base address of its API.
    pub(crate) fn base(&self) -> String {
        format!("https://{}{}", self.address, V::BASE)
    }

    /// Who signed its certificate.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// What a process needs to reach it: base address, token, and whom to believe.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let [base, token] = V::VARIABLES;
        vec![
            (base.to_owned(), self.base()),
            (token.to_owned(), self.vendor(|vendor| vendor.token())),
            ("SSL_CERT_FILE".to_owned(), self.authority.path().display().to_string()),
        ]
    }

    /// Looks at its state, or changes it.
    pub(crate) fn vendor<T>(&self, act: impl FnOnce(&mut V) -> T) -> T {
        act(&mut self.lock().vendor)
    }

    /// Tells it to fail; the first failure that fits a request is played.
    pub(crate) fn fail(&self, failure: Failure) {
        self.lock().failures.push(failure);
    }

    /// It fails no more.
    pub(crate) fn forgive(&self) {
        self.lock().failures.clear();
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    /// The lines of all requests so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().asked.iter().map(Asked::line).collect()
    }

    /// The requests that do not fit the description; the test takes them upon itself.
    pub(crate) fn take_misfits(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().misfits)
    }

    fn lock(&self) -> MutexGuard<'_, State<V>> {
        self.shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl<V: Vendor> Drop for StandIn<V> {
    fn drop(&mut self) {
        let misfits = self.take_misfits();
        if !std::thread::panicking() {
            assert!(
                misfits.is_empty(),
                "requests that the vendor does not describe:\n{}",
                misfits.join("\n")
            );
        }
    }
}

/// Logs, checks, fails or answers; `None`: the connection is cut.
fn react<V: Vendor>(state: &Mutex<State<V>>, mut asked: Asked, address: SocketAddr) -> Option<Given> {
    if let Some(path) = V::PREFIXES.iter().find_map(|prefix| asked.path.strip_prefix(prefix)) {
        asked.path = path.to_owned();
    }
    let mut state = state.lock().unwrap();
    let misfits = state.description.misfits(&asked);
    state.misfits.extend(misfits);
    state.asked.push(asked.clone());
    if let Some(failure) = state.failures.iter_mut().find(|failure| failure.fits(&asked)) {
        return failure.play();
    }
    let base = format!("https://{address}");
    Some(state.vendor.answer(&asked, &base))
}

/// The items of one page, and the number of the next one. A vendor gives `most` at a time however many are asked for.
pub(crate) fn page<T: Clone>(
    items: &[T],
    asked: &Asked,
    usual: usize,
    most: usize,
) -> (Vec<T>, Option<usize>) {
    let number = |name: &str| asked.parameter(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(usual).min(most);
    let page = number("page").unwrap_or(1).max(1);
    let start = (page - 1) * size;
    let taken = items.iter().skip(start).take(size).cloned().collect();
    (taken, (start + size < items.len()).then_some(page + 1))
}
