//! GitLab's REST API, version 4: projects, environments and CI/CD variables.
//!
//! Operations as data; `vendor::Client` sends them. Shapes and rules are those of docs.gitlab.com/api and, where that is silent, of
//! GitLab's source. Unlike GitHub it gives the values of variables back, so they are `Secret`s from the moment that they are read.

pub mod project;
pub mod variables;

use super::vendor::{NextPage, Reply, Vendor, linked_page, segment};

/// GitLab.
pub const GITLAB: Vendor = Vendor {
    name: "GitLab",
    credential: ("private-token", ""),
    headers: &[("accept", "application/json")],
    token_variables: &["GITLAB_TOKEN"],
    base_variable: "CI_API_V4_URL",
    default_base: "https://gitlab.com/api/v4",
    new_token: "make a personal or project access token with the scope `api` in GitLab under Access tokens (the CI_JOB_TOKEN of a job can't write variables)",
    sign_in: None,
    next_page,
    is_limit: |_| false,
    missing_permission,
};

/// As many of a list as one answer holds.
const PAGE: &str = "100";

/// The first part of every path of a project: its path, `group/name`, is one segment.
fn project_path(project: &str) -> String {
    format!("/projects/{}", segment(project))
}

fn project_thing(project: &str) -> String {
    format!("the project {project}")
}

/// `x-next-page` is empty on the last page. Lists by key set have a `Link` only (docs.gitlab.com, "REST API", "Pagination").
fn next_page(reply: &Reply) -> Option<NextPage> {
    match reply.header("x-next-page").map(str::trim) {
        Some("") => None,
        Some(number) => number.parse().ok().map(NextPage::Number),
        None => linked_page(reply),
    }
}

/// `{"error":"insufficient_scope","scope":"api"}`; of a missing role it says nothing.
fn missing_permission(reply: &Reply) -> Option<String> {
    let body = reply.json()?;
    let scope = body.get("scope")?.as_str()?;
    Some(format!("the scope `{scope}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_numbered_or_linked() {
        let next = |headers: &[(&str, &str)]| next_page(&Reply::new(200, headers, "[]"));
        assert_eq!(next(&[("x-next-page", "3")]), Some(NextPage::Number(3)));
        assert_eq!(next(&[("x-next-page", ""), ("link", "<https://a/b?page=1>; rel=\"next\"")]), None);
        let linked = next(&[("link", "<https://a/b?cursor=x>; rel=\"next\"")]);
        assert_eq!(linked, Some(NextPage::Query("cursor=x".to_owned())));
        assert_eq!(next(&[]), None);
    }

    #[test]
    fn a_missing_scope_is_named_and_a_missing_role_is_not() {
        let needs = |body: &str| missing_permission(&Reply::new(403, &[], body));
        assert_eq!(
            needs(r#"{"error":"insufficient_scope","scope":"api"}"#).as_deref(),
            Some("the scope `api`")
        );
        assert_eq!(needs(r#"{"message":"403 Forbidden"}"#), None);
    }
}
