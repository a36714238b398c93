//! What goes wrong with a vendor, each with what to do next.

use std::fmt;

use jiff::Timestamp;

use super::TokenSource;
use crate::diagnostic::{Fault, FaultKind};

/// A vendor's own words are cut after so many characters.
const LONGEST_MESSAGE: usize = 300;

/// A request that did not do what it was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorError {
    /// `GitHub`.
    pub vendor: &'static str,
    /// What it was for, after "can't".
    pub purpose: String,
    /// Method and address, without a query.
    pub call: String,
    /// How one gets a token.
    pub new_token: &'static str,
    /// What went wrong.
    pub problem: Box<Problem>,
}

/// What went wrong. `said` is what the vendor says, cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No connection could be made.
    Unreachable {
        /// Why.
        why: String,
        /// So often.
        tries: u32,
    },
    /// The connection broke, or the answer took too long.
    Cut {
        /// Why.
        why: String,
        /// So often.
        tries: u32,
        /// Nobody knows whether it was done.
        is_open: bool,
    },
    /// The other side is not believed.
    Tls {
        /// What TLS says.
        why: String,
        /// Whose certificates were believed.
        roots: String,
    },
    /// Certificates or a proxy that the environment names can't be used, or the token can't be sent.
    Setup(String),
    /// 401: the token is wrong, revoked or expired.
    Unauthorized {
        /// Where the token comes from.
        token: TokenSource,
        /// What the vendor says.
        said: Option<String>,
    },
    /// 403: the token may not do it.
    Forbidden {
        /// Where the token comes from.
        token: TokenSource,
        /// What it would have to be allowed to do.
        permission: String,
        /// What the vendor says.
        said: Option<String>,
    },
    /// 404.
    NotFound {
        /// What is not there.
        thing: String,
        /// Where the token comes from: without access it is a 404 as well.
        token: TokenSource,
        /// What the token would have to be allowed to do.
        permission: String,
    },
    /// 409.
    Conflict(Option<String>),
    /// 400 or 422: the vendor does not take what was sent.
    Invalid(Option<String>),
    /// Too often.
    Limited {
        /// When one may ask again.
        until: Option<Timestamp>,
    },
    /// 5xx.
    Broken {
        /// The status.
        status: u16,
        /// So often.
        tries: u32,
        /// Nobody knows whether it was done.
        is_open: bool,
    },
    /// The answer is not what the vendor's description says.
    Unreadable(String),
    /// A redirect that is not followed.
    Moved,
    /// Any other status.
    Refused {
        /// The status.
        status: u16,
        /// What the vendor says.
        said: Option<String>,
    },
    /// Somebody cancelled while it waited.
    Cancelled,
}

/// One line of at most [`LONGEST_MESSAGE`] characters, without control characters.
pub(super) fn cut(text: &str) -> String {
    let line = text.split(|letter: char| letter.is_control() || letter == ' ');
    let line = line.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// `1 time`, `3 times`.
fn times(tries: u32) -> String {
    format!("{tries} time{}", if tries == 1 { "" } else { "s" })
}

fn said(said: Option<&String>) -> String {
    said.map_or_else(|| "without saying why".to_owned(), |said| format!("“{said}”"))
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { why, tries } => {
                write!(formatter, "it can't be reached: {why} (tried {})", times(*tries))
            }
            Self::Cut { why, tries, .. } => {
                write!(formatter, "the connection broke: {why} (tried {})", times(*tries))
            }
            Self::Tls { why, .. } => write!(formatter, "its certificate is not believed: {why}"),
            Self::Setup(why) | Self::Unreadable(why) => formatter.write_str(why),
            Self::Unauthorized { token, .. } => {
                write!(formatter, "the token of {token} is wrong, revoked or expired (401)")
            }
            Self::Forbidden { token, permission, .. } => {
                write!(formatter, "the token of {token} may not do that (403): it needs {permission}")
            }
            Self::NotFound { thing, .. } => {
                write!(formatter, "{thing} is not there, or the token may not see it (404)")
            }
            Self::Conflict(_) => formatter.write_str("something else stands in the way (409)"),
            Self::Invalid(_) => formatter.write_str("it does not take what was sent"),
            Self::Limited { until: Some(until) } => {
                write!(
                    formatter,
                    "too many requests; the limit is lifted at {}",
                    until.strftime("%H:%M:%S UTC")
                )
            }
            Self::Limited { until: None } => formatter.write_str("too many requests"),
            Self::Broken { status, tries, .. } => {
                write!(formatter, "it is out of order: status {status} (tried {})", times(*tries))
            }
            Self::Moved => formatter.write_str("it sends us to another host, where the token does not go"),
            Self::Refused { status, .. } => write!(formatter, "it answered with status {status}"),
            Self::Cancelled => formatter.write_str("interrupted while waiting"),
        }
    }
}

impl fmt::Display for VendorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unreadable = match *self.problem {
            Problem::Unreadable(_) => "its answer can't be read: ",
            _ => "",
        };
        write!(formatter, "{} can't {}: {unreadable}{}", self.vendor, self.purpose, self.problem)
    }
}

impl std::error::Error for VendorError {}

impl Problem {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Cancelled => FaultKind::Interrupted,
            Self::NotFound { .. }
            | Self::Conflict(_)
            | Self::Invalid(_)
            | Self::Unreadable(_)
            | Self::Refused { .. } => FaultKind::Failed,
            _ => FaultKind::World,
        }
    }

    /// What the vendor says itself.
    fn said(&self) -> Option<&Option<String>> {
        match self {
            Self::Unauthorized { said, .. } | Self::Forbidden { said, .. } | Self::Refused { said, .. } => {
                Some(said)
            }
            Self::Conflict(said) | Self::Invalid(said) => Some(said),
            _ => None,
        }
    }
}

impl From<&VendorError> for Fault {
    fn from(error: &VendorError) -> Self {
        let vendor = error.vendor;
        let mut fault = Fault::new(error.problem.kind(), error.to_string()).detail(error.call.clone());
        if let Some(words) = error.problem.said() {
            fault = fault.detail(format!("{vendor} says {}", said(words.as_ref())));
        }
        let look = "look whether it was done before you try again";
        match &*error.problem {
            Problem::Unreachable { .. } => fault
                .hint("look at the network, and at HTTPS_PROXY and NO_PROXY where there is a proxy; then run it again"),
            Problem::Cut { is_open: true, .. } | Problem::Broken { is_open: true, .. } => {
                fault.hint(format!("the request was sent once, and nobody knows what became of it: {look}"))
            }
            Problem::Cut { .. } => fault.hint("run it again: what is done already is not done twice"),
            Problem::Broken { .. } => fault.hint(format!("see {vendor}'s status page, and run it again later")),
            Problem::Tls { roots, .. } => fault.hint(format!(
                "{roots} were used; where a proxy or a server of your own signs, put its certificate with the others into the file that SSL_CERT_FILE names"
            )),
            Problem::Setup(_) => fault.hint("correct or unset what is named above"),
            Problem::Unauthorized { token, .. } => fault.hint(renew(token, error.new_token)),
            Problem::Forbidden { token, permission, .. } => {
                fault.hint(format!("give the token {permission}; {}", renew(token, error.new_token)))
            }
            Problem::NotFound { thing, token, permission } => fault
                .hint(format!("look whether {thing} exists and is spelt so"))
                .hint(format!("{vendor} says 404, too, of what is private and the token of {token} may not see: it needs {permission}")),
            Problem::Conflict(_) => fault.hint("look at what is there already, then run it again"),
            Problem::Invalid(_) => fault.hint("correct what the vendor names, then run it again"),
            Problem::Limited { until: Some(until) } => {
                fault.hint(format!("run it again after {}: what is done already is not done twice", until.strftime("%H:%M:%S UTC")))
            }
            Problem::Limited { until: None } => fault.hint("run it again in some minutes"),
            Problem::Unreadable(_) => {
                fault.hint("look whether the base address is that of the API, and whether a proxy answers in its place")
            }
            Problem::Moved => fault.hint("it may have a new name: use that; or correct the base address"),
            Problem::Refused { .. } => fault.hint(format!("see {vendor}'s status page and its API's description")),
            Problem::Cancelled => fault,
        }
    }
}

/// How to come by a better token.
fn renew(token: &TokenSource, new_token: &str) -> String {
    match token {
        TokenSource::Variable(name) => format!("{new_token}, and set `{name}` to it"),
        TokenSource::Command(line) => format!("{new_token}, or sign in again with the tool of `{line}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendors_words_are_one_short_line() {
        assert_eq!(cut(" a\r\n\u{1b}[31m b  c "), "a [31m b c");
        assert_eq!(cut(&"é".repeat(400)).chars().count(), LONGEST_MESSAGE + 1);
    }
}
