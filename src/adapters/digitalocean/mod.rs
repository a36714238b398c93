//! DigitalOcean's API: managed databases, and how a program connects to one.
//!
//! Shapes are those of DigitalOcean's OpenAPI description (digitalocean/openapi). It knows no filter by name for databases (F95): a query
//! `name=` is ignored and everything listed, so whoever takes the first one may take another's. Here all are listed, and exactly one has
//! to have the name.

pub mod connection;
pub mod databases;

use super::vendor::{NextPage, Reply, Vendor, query_of};

/// DigitalOcean.
pub const DIGITALOCEAN: Vendor = Vendor {
    name: "DigitalOcean",
    credential: ("authorization", "Bearer "),
    headers: &[("accept", "application/json")],
    token_variables: &["DIGITALOCEAN_ACCESS_TOKEN", "DIGITALOCEAN_TOKEN"],
    base_variable: "DIGITALOCEAN_API_URL",
    default_base: "https://api.digitalocean.com",
    new_token: "make a token at https://cloud.digitalocean.com/account/api/tokens",
    sign_in: None,
    next_page,
    is_limit: |_| false,
    missing_permission: |_| None,
};

/// `links.pages.next` is a whole URL; of that only the query counts.
fn next_page(reply: &Reply) -> Option<NextPage> {
    let body = reply.json()?;
    let next = body.pointer("/links/pages/next")?.as_str()?;
    query_of(next).map(NextPage::Query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_stands_in_the_body() {
        let next = |body: &str| next_page(&Reply::new(200, &[], body));
        let body = r#"{"links":{"pages":{"next":"https://api.digitalocean.com/v2/databases?page=2","last":"https://x?page=9"}}}"#;
        assert_eq!(next(body), Some(NextPage::Query("page=2".to_owned())));
        assert_eq!(next(r#"{"links":{}}"#), None);
        assert_eq!(next(r#"{"links":{"pages":{"prev":"https://x?page=1"}}}"#), None);
    }
}
