//! Sends requests: tries again where that is safe, follows pages, and makes an error of everything that is no success.

use std::time::Duration;

use super::error::{Problem, VendorError, cut};
use super::pace::{self, Pace, TRIES};
use super::url::redirected;
use super::{Access, Method, NextPage, Reply, Request, Unreadable};
use crate::http::{Web, WebError, WebRequest};
use crate::masking::{MASK, SHORTEST_SECRET, Secret};

/// A longer list is somebody's mistake: 100 pages of 100.
const MOST_PAGES: usize = 100;

/// A repository that was renamed twice is found yet.
const MOST_REDIRECTS: usize = 3;

/// A request, and how its answer is read.
#[derive(Clone, Debug)]
pub struct Operation<T> {
    /// What is asked.
    pub request: Request,
    /// What the answer of a success means.
    pub parse: fn(&Reply) -> Result<T, Unreadable>,
}

/// Asks one vendor as one person.
pub struct Client<'a> {
    web: &'a dyn Web,
    pace: &'a dyn Pace,
    access: &'a Access,
}

impl<'a> Client<'a> {
    /// One that asks through `web` and waits by `pace`.
    pub fn new(web: &'a dyn Web, pace: &'a dyn Pace, access: &'a Access) -> Self {
        Self { web, pace, access }
    }

    /// Whom it asks, and as whom.
    pub fn access(&self) -> &Access {
        self.access
    }

    /// Does it.
    pub fn run<T>(&self, operation: &Operation<T>) -> Result<T, VendorError> {
        let request = &operation.request;
        let reply = self.send(request, &request.url(&self.access.base))?;
        self.parse(operation, &reply)
    }

    /// Does it; `None`: the answer was 404.
    pub fn find<T>(&self, operation: &Operation<T>) -> Result<Option<T>, VendorError> {
        match self.run(operation) {
            Err(error) if matches!(*error.problem, Problem::NotFound { .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Reads a list, page after page.
    pub fn list<T>(&self, operation: &Operation<Vec<T>>) -> Result<Vec<T>, VendorError> {
        let mut request = operation.request.clone();
        let mut url = request.url(&self.access.base);
        let mut items = Vec::new();
        for _ in 0..MOST_PAGES {
            let reply = self.send(&request, &url)?;
            items.extend(self.parse(operation, &reply)?);
            let before = url;
            url = match (self.access.vendor.next_page)(&reply) {
                None => return Ok(items),
                Some(NextPage::Query(query)) => format!("{}{}?{query}", self.access.base, request.path),
                Some(NextPage::Number(number)) => {
                    request.query.retain(|(name, _)| *name != "page");
                    request = request.query("page", number.to_string());
                    request.url(&self.access.base)
                }
            };
            if url == before {
                break;
            }
        }
        Err(self.error(&operation.request, Problem::Unreadable("the list has no end".to_owned())))
    }

    fn parse<T>(&self, operation: &Operation<T>, reply: &Reply) -> Result<T, VendorError> {
        (operation.parse)(reply)
            .map_err(|error| self.error(&operation.request, Problem::Unreadable(cut(&error.to_string()))))
    }

    fn error(&self, request: &Request, problem: Problem) -> VendorError {
        VendorError {
            vendor: self.access.vendor.name,
            purpose: request.purpose.clone(),
            call: format!("{} {}{}", request.method.name(), self.access.base, request.path),
            new_token: self.access.vendor.new_token,
            problem: Box::new(problem),
        }
    }

    /// Sends it, up to [`TRIES`] times, and gives the answer of a success.
    fn send(&self, request: &Request, url: &str) -> Result<Reply, VendorError> {
        let mut tried = 1;
        loop {
            let problem = match self.follow(request, url) {
                Ok(reply) if (200..300).contains(&reply.status()) => return Ok(reply),
                Ok(reply) => {
                    let now = self.pace.now();
                    if let Some(limit) = pace::limit(self.access.vendor, &reply, now) {
                        // Nothing was done, so any method may be sent again.
                        match limit.wait(now).filter(|_| tried < TRIES) {
                            Some(wait) => self.wait(request, wait)?,
                            None => return Err(self.error(request, Problem::Limited { until: limit.until })),
                        }
                        tried += 1;
                        continue;
                    }
                    self.problem(request, &reply, tried)
                }
                Err(error) => unanswered(request, error, tried),
            };
            let is_passing = match &problem {
                Problem::Unreachable { .. } => true,
                Problem::Cut { is_open, .. } | Problem::Broken { is_open, .. } => !is_open,
                _ => false,
            };
            if !is_passing || tried == TRIES {
                return Err(self.error(request, problem));
            }
            self.wait(request, pace::after_fault(tried))?;
            tried += 1;
        }
    }

    fn wait(&self, request: &Request, time: Duration) -> Result<(), VendorError> {
        match self.pace.wait(time) {
            true => Ok(()),
            false => Err(self.error(request, Problem::Cancelled)),
        }
    }

    /// Sends it once, and again where the same host says that it has moved: GitHub does when a repository was renamed.
    fn follow(&self, request: &Request, url: &str) -> Result<Reply, WebError> {
        let mut url = url.to_owned();
        let mut reply = self.exchange(request, &url)?;
        for _ in 0..MOST_REDIRECTS {
            let may_follow = match reply.status() {
                307 | 308 => true,
                // Other methods would become a GET there.
                301 | 302 => request.method == Method::Get,
                _ => false,
            };
            match reply.header("location").filter(|_| may_follow).and_then(|to| redirected(&url, to)) {
                Some(to) => url = to,
                None => break,
            }
            reply = self.exchange(request, &url)?;
        }
        Ok(reply)
    }

    fn exchange(&self, request: &Request, url: &str) -> Result<Reply, WebError> {
        let vendor = self.access.vendor;
        let (name, before) = vendor.credential;
        let sent = WebRequest {
            method: request.method.name(),
            url,
            headers: vendor.headers.to_vec(),
            credential: (name, Secret::new(format!("{before}{}", self.access.token.secret.expose()))),
            body: request.body.as_ref().map(super::Body::text),
        };
        self.web.exchange(&sent).map(Reply::from)
    }

    /// What an answer means that is no success and no limit.
    fn problem(&self, request: &Request, reply: &Reply, tries: u32) -> Problem {
        let said = reply.message().map(|said| self.without_secrets(request, &said));
        let token = || self.access.token.source.clone();
        let permission = || {
            (self.access.vendor.missing_permission)(reply).unwrap_or_else(|| request.permission.to_owned())
        };
        match reply.status() {
            401 => Problem::Unauthorized { token: token(), said },
            403 => Problem::Forbidden { token: token(), permission: permission(), said },
            404 => {
                Problem::NotFound { thing: request.thing.clone(), token: token(), permission: permission() }
            }
            409 => Problem::Conflict(said),
            400 | 422 => Problem::Invalid(said),
            300..=399 => Problem::Moved,
            status @ 500..=599 => Problem::Broken { status, tries, is_open: !request.method.is_idempotent() },
            status => Problem::Refused { status, said },
        }
    }

    /// What a vendor says, but for what we sent, and cut only then: half a secret is found by nobody.
    ///
    /// Shorter texts than the masker takes stay: a `1` taken out of a sentence hides nothing and spoils the sentence.
    fn without_secrets(&self, request: &Request, said: &str) -> String {
        let sent = request.body.iter().flat_map(super::Body::secrets);
        let secrets = sent.chain([self.access.token.secret.expose()]);
        let mut said = said.to_owned();
        for secret in secrets.filter(|secret| secret.len() >= SHORTEST_SECRET) {
            said = said.replace(secret, MASK);
        }
        cut(&said)
    }
}

/// What it means that there is no answer.
fn unanswered(request: &Request, error: WebError, tries: u32) -> Problem {
    match error {
        WebError::Unreachable(why) => Problem::Unreachable { why, tries },
        WebError::Cut(why) => Problem::Cut { why, tries, is_open: !request.method.is_idempotent() },
        WebError::Tls { why, roots } => Problem::Tls { why, roots },
        WebError::Setup(why) | WebError::Unsendable(why) => Problem::Setup(why),
    }
}
