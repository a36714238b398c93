//! What the vendors' HTTP APIs have in common: a token, JSON, pages, limits, and many ways to say no.
//!
//! A vendor's own room makes `Operation`s: a `Request` as data, and the function that reads its answer. `Client` sends them. So what is
//! asked and what an answer means is tested without a network, and waiting, paging and refusals are written once.
//!
//! What always holds:
//!
//! - The token goes to the one base address and nowhere else. A redirect to another host is an error; of the address of a next page only
//!   the query is used.
//! - What may have been done is not done twice: a POST whose connection broke is not sent again, and the error says so.
//! - Nobody waits longer than `LONGEST_WAIT` for a limit to pass: then the error says when it does.
//! - No message holds a token or what was sent. What a vendor says is cut, and what we sent is taken out of it.

mod access;
mod client;
mod error;
mod pace;
mod reply;
mod request;
mod url;

pub use access::{Access, AccessError, Token, TokenSource};
pub use client::{Client, Operation};
pub use error::{Problem, VendorError};
pub use pace::{LONGEST_WAIT, Pace, TRIES};
pub use reply::{Reply, Unreadable};
pub use request::{Body, Method, Request};
pub use url::{query_text, segment};

/// What the client has to know of a vendor.
#[derive(Debug)]
pub struct Vendor {
    /// `GitHub`.
    pub name: &'static str,
    /// The header of the token, in lower case, and what stands before the token in it.
    pub credential: (&'static str, &'static str),
    /// Headers of every request.
    pub headers: &'static [(&'static str, &'static str)],
    /// The variables that may hold the token, the first one that is set counts.
    pub token_variables: &'static [&'static str],
    /// The variable that may hold the base address.
    pub base_variable: &'static str,
    /// The base address where nothing else is said.
    pub default_base: &'static str,
    /// How one gets a token.
    pub new_token: &'static str,
    /// The command that signs one in with the vendor's own program, whose token is taken where no variable holds one.
    pub sign_in: Option<&'static str>,
    /// The next page of a list.
    pub next_page: fn(&Reply) -> Option<NextPage>,
    /// Whether an answer means "too often" though its status is not 429.
    pub is_limit: fn(&Reply) -> bool,
    /// The scope or permission that the answer says is missing.
    pub missing_permission: fn(&Reply) -> Option<String>,
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextPage {
    /// The same path with this query.
    Query(String),
    /// The same request with this `page`.
    Number(u64),
}

/// The next page by the header `Link: <…?page=2>; rel="next"` (RFC 8288).
pub fn linked_page(reply: &Reply) -> Option<NextPage> {
    let link = reply.header("link")?;
    // No URL of theirs has a `<`, and a comma in one is not followed by one.
    let next = link.split('<').find_map(|part| {
        let (url, parameters) = part.split_once('>')?;
        let is_next = |parameter: &str| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim() == "rel"
                    && value.trim_matches([' ', ',', '"']).split(' ').any(|word| word == "next")
            })
        };
        parameters.split(';').any(is_next).then_some(url)
    })?;
    query_of(next).map(NextPage::Query)
}

/// The query of a URL.
pub fn query_of(url: &str) -> Option<String> {
    let (_, query) = url.split('#').next()?.split_once('?')?;
    Some(query.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(link: &str) -> Option<NextPage> {
        linked_page(&Reply::new(200, &[("link", link)], ""))
    }

    #[test]
    fn the_next_page_stands_among_other_links() {
        let next = |query: &str| Some(NextPage::Query(query.to_owned()));
        let link = "<https://a/b?page=1>; rel=\"prev\", <https://a/b?page=3&per_page=2>; rel=\"next\", <https://a/b?page=9>; rel=\"last\"";
        assert_eq!(linked(link), next("page=3&per_page=2"));
        assert_eq!(linked("<https://a/b?x=1,2#f>;rel=next"), next("x=1,2"));
        assert_eq!(linked("<https://a/b?page=1>; rel=\"prev\""), None);
        assert_eq!(linked("next"), None);
    }
}
