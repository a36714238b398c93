//! The failures that the vendors are known for, each with the vendor's own words and headers.

use serde_json::json;

use super::{Asked, Given};

/// What goes wrong, with which requests, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    method: Option<&'static str>,
    part: &'static str,
    left: u32,
    given: Option<Given>,
}

impl Failure {
    fn new(given: Option<Given>) -> Self {
        Self { method: None, part: "", left: u32::MAX, given }
    }

    /// Only requests of this method whose path has this part.
    pub(crate) fn on(mut self, method: &'static str, part: &'static str) -> Self {
        (self.method, self.part) = (Some(method), part);
        self
    }

    /// Only so often; else always.
    pub(crate) fn times(mut self, times: u32) -> Self {
        self.left = times;
        self
    }

    pub(super) fn fits(&self, asked: &Asked) -> bool {
        self.left > 0
            && self.method.is_none_or(|method| method == asked.method)
            && asked.path.contains(self.part)
    }

    /// `None`: cut.
    pub(super) fn play(&mut self) -> Option<Given> {
        self.left -= 1;
        self.given.clone()
    }
}

/// The connection ends after the request.
pub(crate) fn cut() -> Failure {
    Failure::new(None)
}

/// What a gateway in front of the vendor says: no JSON that one could use.
pub(crate) fn broken(status: u16) -> Failure {
    Failure::new(Some(Given::new(status, json!("<html>Bad gateway</html>"))))
}

/// Any answer.
pub(crate) fn given(given: Given) -> Failure {
    Failure::new(Some(given))
}

/// The primary limit of GitHub: 403, nothing remaining, until `reset` in seconds since the epoch.
pub(crate) fn github_primary_limit(reset: i64) -> Failure {
    let given = Given::new(403, json!({"message": "API rate limit exceeded for user ID 1."}))
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", reset.to_string());
    Failure::new(Some(given))
}

/// The secondary limit of GitHub: 403 with `retry-after`, while much of the primary one remains.
pub(crate) fn github_secondary_limit(seconds: u32) -> Failure {
    let given = Given::new(403, json!({"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}))
        .header("retry-after", seconds.to_string())
        .header("x-ratelimit-remaining", "4990")
        .header("x-ratelimit-reset", "4000000000");
    Failure::new(Some(given))
}

/// 429 as GitLab and DigitalOcean answer: `ratelimit-reset` in seconds since the epoch.
pub(crate) fn limited(reset: i64) -> Failure {
    let given = Given::new(429, json!({"id": "too_many_requests", "message": "API rate limit exceeded."}))
        .header("ratelimit-remaining", "0")
        .header("ratelimit-reset", reset.to_string());
    Failure::new(Some(given))
}

/// GitHub to a classic token without the scope.
pub(crate) fn github_forbidden() -> Failure {
    let given = Given::new(403, json!({"message": "Must have admin rights to Repository."}))
        .header("x-oauth-scopes", "gist, read:org")
        .header("x-accepted-oauth-scopes", "repo");
    Failure::new(Some(given))
}

/// GitHub to a fine-grained token without the permission.
pub(crate) fn github_fine_grained_forbidden() -> Failure {
    let given = Given::new(403, json!({"message": "Resource not accessible by personal access token"}))
        .header("x-accepted-github-permissions", "secrets=write");
    Failure::new(Some(given))
}

/// GitLab to a token without the scope.
pub(crate) fn gitlab_insufficient_scope() -> Failure {
    let said = "The request requires higher privileges than provided by the access token.";
    let body = json!({"error": "insufficient_scope", "error_description": said, "scope": "api"});
    Failure::new(Some(Given::new(403, body)))
}

/// GitLab to a user without the role.
pub(crate) fn gitlab_forbidden() -> Failure {
    Failure::new(Some(Given::new(403, json!({"message": "403 Forbidden"}))))
}

/// DigitalOcean to a token without the scope.
pub(crate) fn digitalocean_forbidden() -> Failure {
    let body = json!({"id": "forbidden", "message": "You are not authorized to perform this operation", "request_id": "4d9d8375"});
    Failure::new(Some(Given::new(403, body)))
}
