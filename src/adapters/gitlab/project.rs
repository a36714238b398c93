//! Who we are, projects and environments.

use serde::Deserialize;
use serde_json::json;

use super::super::vendor::{Client, Method, Operation, Request, VendorError, segment};
use super::{PAGE, project_path, project_thing};

/// Whom the token stands for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The account's name.
    pub username: String,
}

/// A project as GitLab tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Project {
    /// Its number.
    pub id: u64,
    /// `group/name`.
    pub path_with_namespace: String,
    /// The branch that it is cloned with; an empty project has none.
    pub default_branch: Option<String>,
    /// `private`, `internal`, `public`; those who may see little are not told.
    pub visibility: Option<String>,
    /// Where a person reads it.
    pub web_url: String,
    /// Where it is cloned from by ssh.
    pub ssh_url_to_repo: String,
    /// Where it is cloned from by https.
    pub http_url_to_repo: String,
}

/// A group, or the place of a person's own projects.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Namespace {
    /// Its number, which a new project is given.
    pub id: u64,
    /// Its path.
    pub full_path: String,
}

/// An environment as GitLab tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Environment {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// Asks whom the token stands for.
pub fn user() -> Operation<User> {
    let permission = "the scope `read_user` or `api`";
    Operation {
        request: Request::new(Method::Get, "/user", "tell whose token it is", "the user", permission),
        parse: |reply| reply.read(),
    }
}

/// Reads a project: its path `group/name`, or its number.
pub fn project(path: &str) -> Operation<Project> {
    let (purpose, thing) = (format!("read the project {path}"), project_thing(path));
    Operation {
        request: Request::new(
            Method::Get,
            project_path(path),
            purpose,
            thing,
            "the scope `read_api` or `api`",
        ),
        parse: |reply| reply.read(),
    }
}

/// Reads the namespace that a project is to be made in.
pub fn namespace(path: &str) -> Operation<Namespace> {
    let purpose = format!("read the namespace {path}");
    let address = format!("/namespaces/{}", segment(path));
    let thing = format!("the namespace {path}");
    Operation {
        request: Request::new(Method::Get, address, purpose, thing, "the scope `read_api` or `api`"),
        parse: |reply| reply.read(),
    }
}

/// Makes a project; without a namespace, among those of the token's own user. `visibility` as in [`Project`].
pub fn create(name: &str, namespace: Option<u64>, visibility: &str) -> Operation<Project> {
    let mut body = json!({"path": name, "name": name, "visibility": visibility});
    if let Some(namespace) = namespace {
        body["namespace_id"] = json!(namespace);
    }
    let permission = "the scope `api` and the right to make projects there";
    let purpose = format!("make the project {name}");
    Operation {
        request: Request::new(Method::Post, "/projects", purpose, "the namespace", permission)
            .body(body, &[]),
        parse: |reply| reply.read(),
    }
}

/// Lists the environments of the name `name`: one or none.
pub fn environments(project: &str, name: &str) -> Operation<Vec<Environment>> {
    let purpose = format!("list the environments of {project}");
    let path = format!("{}/environments", project_path(project));
    Operation {
        request: Request::new(
            Method::Get,
            path,
            purpose,
            project_thing(project),
            "the scope `read_api` or `api`",
        )
        .query("name", name)
        .query("per_page", PAGE),
        parse: |reply| reply.read(),
    }
}

/// Makes an environment. Of one that is there already GitLab says 400.
pub fn create_environment(project: &str, name: &str) -> Operation<Environment> {
    let purpose = format!("make the environment `{name}` of {project}");
    let path = format!("{}/environments", project_path(project));
    let permission = "the scope `api` and the role Developer";
    Operation {
        request: Request::new(Method::Post, path, purpose, project_thing(project), permission)
            .body(json!({"name": name}), &[]),
        parse: |reply| reply.read(),
    }
}

/// Makes an environment where there is none; whether it was made.
pub fn ensure_environment(client: &Client<'_>, project: &str, name: &str) -> Result<bool, VendorError> {
    let found = client.list(&environments(project, name))?;
    if found.iter().any(|environment| environment.name == name) {
        return Ok(false);
    }
    client.run(&create_environment(project, name)).map(|_| true)
}

#[cfg(test)]
mod tests {
    use super::super::super::vendor::Reply;
    use super::*;

    #[test]
    fn a_project_is_one_segment() {
        assert_eq!(project("team/shop").request.path, "/projects/team%2Fshop");
        assert_eq!(namespace("team/sub").request.path, "/namespaces/team%2Fsub");
        let asked = environments("team/shop", "prod/eu").request.url("https://x");
        assert_eq!(asked, "https://x/projects/team%2Fshop/environments?name=prod%2Feu&per_page=100");
    }

    #[test]
    fn a_project_is_made_where_it_belongs() {
        let body = create("shop", Some(7), "private").request.body.expect("a body");
        assert_eq!(
            body.value(),
            &json!({"path": "shop", "name": "shop", "visibility": "private", "namespace_id": 7})
        );
        let body = create("shop", None, "public").request.body.expect("a body");
        assert_eq!(body.value(), &json!({"path": "shop", "name": "shop", "visibility": "public"}));
    }

    #[test]
    fn an_empty_project_has_no_branch() {
        let body = r#"{"id":3,"path_with_namespace":"team/shop","default_branch":null,"visibility":"private","web_url":"https://x","ssh_url_to_repo":"git@x:team/shop.git","http_url_to_repo":"https://x/team/shop.git"}"#;
        let read = (project("3").parse)(&Reply::new(200, &[], body)).expect("a project");
        assert_eq!((read.id, read.default_branch), (3, None));
    }
}
