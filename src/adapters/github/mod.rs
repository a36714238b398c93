//! GitHub's REST API: repositories, environments, and secrets in sealed boxes.
//!
//! Operations as data; `vendor::Client` sends them. The two that need a look before the leap (`secrets::store`, `environments::ensure`)
//! take a client. Shapes and rules are those of GitHub's OpenAPI description (github/rest-api-description) and of
//! docs.github.com/en/rest. Nothing here knows where a secret comes from or why a repository is made.

pub mod environments;
pub mod repository;
pub mod seal;
pub mod secrets;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::vendor::{NextPage, Reply, Token, Vendor, linked_page, segment};
use crate::os::command::CommandSpec;

/// Where tokens are made, and with what.
const NEW_TOKEN: &str = "make a token at https://github.com/settings/tokens";

/// GitHub.
pub const GITHUB: Vendor = Vendor {
    name: "GitHub",
    credential: ("authorization", "Bearer "),
    headers: &[("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")],
    token_variables: &["GH_TOKEN", "GITHUB_TOKEN"],
    base_variable: "GITHUB_API_URL",
    default_base: "https://api.github.com",
    new_token: NEW_TOKEN,
    sign_in: Some("gh auth login"),
    next_page,
    is_limit,
    missing_permission,
};

/// As many of a list as one answer holds.
const PAGE: &str = "100";

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryName {
    /// A person or an organisation.
    pub owner: String,
    /// The repository's own name.
    pub name: String,
}

/// A text that names no repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no repository: it is written as OWNER/NAME")]
pub struct NoRepository(String);

impl FromStr for RepositoryName {
    type Err = NoRepository;

    fn from_str(text: &str) -> Result<Self, NoRepository> {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        let is_name =
            |text: &str| !text.is_empty() && text != "." && text != ".." && text.chars().all(allowed);
        match text.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(NoRepository(text.to_owned())),
        }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

impl RepositoryName {
    fn path(&self) -> String {
        format!("/repos/{}/{}", segment(&self.owner), segment(&self.name))
    }

    fn thing(&self) -> String {
        format!("the repository {self}")
    }
}

/// The base address of the API of `host`: `github.com`, a tenant of `ghe.com`, or an enterprise server.
///
/// docs.github.com, "Getting started with the REST API" for each of the three.
pub fn base_of(host: &str) -> String {
    let host = host.trim().trim_end_matches('/').to_ascii_lowercase();
    match host.as_str() {
        "github.com" | "www.github.com" | "api.github.com" => GITHUB.default_base.to_owned(),
        tenant if tenant.ends_with(".ghe.com") => {
            format!("https://api.{}", tenant.strip_prefix("api.").unwrap_or(tenant))
        }
        server => format!("https://{server}/api/v3"),
    }
}

/// The line of `token_command`, as the source of its token is told.
const TOKEN_COMMAND: &str = "gh auth token";

/// Prints the token of whoever signed in with `gh`, for where no variable holds one. Its output is a secret.
fn token_command(dir: impl Into<PathBuf>) -> CommandSpec {
    CommandSpec::new("gh", dir).args(["auth", "token"])
}

/// The token of whoever signed in with `gh`. `run` gives what a command printed; `None`: it is not there, or does not know.
pub fn signed_in<E>(
    dir: impl Into<PathBuf>,
    run: impl FnOnce(&CommandSpec) -> Result<Option<String>, E>,
) -> Result<Option<Token>, E> {
    Ok(run(&token_command(dir))?.and_then(|output| Token::from_output(&output, TOKEN_COMMAND)))
}

fn next_page(reply: &Reply) -> Option<NextPage> {
    linked_page(reply)
}

/// The primary limit answers with 403 and nothing remaining, the secondary one with 403 and `retry-after`, or with its name alone
/// (docs.github.com, "Rate limits for the REST API").
fn is_limit(reply: &Reply) -> bool {
    let says_so = || {
        let body = reply.json();
        let message = body.as_ref().and_then(|body| body.get("message")?.as_str()).unwrap_or_default();
        message.to_ascii_lowercase().contains("rate limit")
    };
    reply.status() == 403
        && (reply.header("retry-after").is_some()
            || reply.header("x-ratelimit-remaining") == Some("0")
            || says_so())
}

/// A fine-grained token or an app is told its permission, a classic token its scopes. The latter are known by their `x-oauth-scopes`.
fn missing_permission(reply: &Reply) -> Option<String> {
    let told = |name| reply.header(name).map(str::trim).filter(|text| !text.is_empty());
    let fine = || told("x-accepted-github-permissions").map(|text| format!("the permission `{text}`"));
    let classic = || {
        told("x-accepted-oauth-scopes").map(|text| match text.contains(',') {
            true => format!("one of the scopes `{text}`"),
            false => format!("the scope `{text}`"),
        })
    };
    match reply.header("x-oauth-scopes") {
        Some(_) => classic().or_else(fine),
        None => fine().or_else(classic),
    }
}

#[cfg(test)]
mod tests {
    use super::super::vendor::Token;
    use super::*;

    #[test]
    fn a_repository_has_an_owner_and_a_name() {
        let name: RepositoryName = "martibosch/django-doge-app".parse().expect("a name");
        assert_eq!(
            (name.path().as_str(), name.to_string().as_str()),
            ("/repos/martibosch/django-doge-app", "martibosch/django-doge-app")
        );
        for text in ["app", "a/b/c", "/b", "a/", "a/..", "a b/c", "https://github.com/a/b", "a/b?c"] {
            assert!(text.parse::<RepositoryName>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_kind_of_host_has_its_base() {
        assert_eq!(base_of("github.com"), "https://api.github.com");
        assert_eq!(base_of("octo.ghe.com"), "https://api.octo.ghe.com");
        assert_eq!(base_of("Git.Example.com"), "https://git.example.com/api/v3");
    }

    #[test]
    fn a_token_may_come_from_gh() {
        assert_eq!(token_command("/x").to_string(), TOKEN_COMMAND);
        let token = Token::from_output("gho_abc\n", TOKEN_COMMAND).expect("a token");
        assert_eq!(
            (token.secret.expose(), token.source.to_string().as_str()),
            ("gho_abc", "`gh auth token`")
        );
        assert_eq!(Token::from_output(" \n", TOKEN_COMMAND), None);
    }

    #[test]
    fn a_limit_is_told_from_a_missing_right() {
        let is = |headers: &[(&str, &str)], body: &str| is_limit(&Reply::new(403, headers, body));
        assert!(is(&[("x-ratelimit-remaining", "0")], ""));
        assert!(is(&[("retry-after", "5")], ""));
        assert!(is(&[], r#"{"message":"You have exceeded a secondary rate limit. Please wait"}"#));
        assert!(!is(
            &[("x-ratelimit-remaining", "4999")],
            r#"{"message":"Resource not accessible by personal access token"}"#
        ));
    }

    #[test]
    fn each_kind_of_token_is_told_what_it_needs() {
        let needs = |headers: &[(&str, &str)]| missing_permission(&Reply::new(403, headers, ""));
        let (scopes, accepted) = (("x-oauth-scopes", "gist"), ("x-accepted-oauth-scopes", "repo"));
        let fine = ("x-accepted-github-permissions", "secrets=write");
        assert_eq!(needs(&[scopes, accepted, fine]).as_deref(), Some("the scope `repo`"));
        assert_eq!(
            needs(&[("x-accepted-oauth-scopes", ""), fine]).as_deref(),
            Some("the permission `secrets=write`")
        );
        assert_eq!(
            needs(&[("x-oauth-scopes", ""), ("x-accepted-oauth-scopes", "admin:org, repo")]).as_deref(),
            Some("one of the scopes `admin:org, repo`")
        );
        assert_eq!(needs(&[scopes]), None);
    }
}
