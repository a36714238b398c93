//! GitLab: projects, environments, and variables with their scopes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::depot::Depot;
use super::{Asked, Given, Vendor, page};

/// GitLab's state.
pub(crate) struct GitLab {
    pub(crate) token: String,
    /// By path, `group/name`.
    pub(crate) projects: BTreeMap<String, Project>,
    /// Numbers of namespaces by path.
    pub(crate) namespaces: BTreeMap<String, u64>,
    /// The most items of a list at a time.
    pub(crate) page: usize,
    /// Where repositories are real ones; `None`: they have GitLab's own addresses.
    pub(crate) depot: Option<Depot>,
}

/// A project.
#[derive(Default)]
pub(crate) struct Project {
    pub(crate) variables: Vec<Variable>,
    pub(crate) environments: Vec<String>,
    /// `None`: private.
    pub(crate) visibility: Option<String>,
}

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variable {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) protected: bool,
    pub(crate) masked: bool,
    pub(crate) raw: bool,
    pub(crate) scope: String,
}

impl GitLab {
    pub(crate) fn with_project(path: &str) -> Self {
        Self {
            token: "glpat-canary0123456789".to_owned(),
            projects: BTreeMap::from([(path.to_owned(), Project::default())]),
            namespaces: BTreeMap::from([("team".to_owned(), 7)]),
            page: 100,
            depot: None,
        }
    }
}

fn missing(what: &str) -> Given {
    Given::new(404, json!({"message": format!("404 {what} Not Found")}))
}

fn described(path: &str, project: &Project, depot: Option<&Depot>) -> Value {
    let url = |by: &str, usual: String| depot.map_or(usual, |depot| depot.url(by, path));
    json!({
        "id": 3, "path_with_namespace": path, "default_branch": "main",
        "visibility": project.visibility.as_deref().unwrap_or("private"),
        "web_url": format!("https://gitlab.com/{path}"),
        "ssh_url_to_repo": url("ssh", format!("git@gitlab.com:{path}.git")),
        "http_url_to_repo": url("https", format!("https://gitlab.com/{path}.git")),
    })
}

fn shown(variable: &Variable) -> Value {
    json!({
        "key": variable.key, "value": variable.value, "variable_type": "env_var", "protected": variable.protected,
        "masked": variable.masked, "hidden": false, "raw": variable.raw, "environment_scope": variable.scope, "description": null,
    })
}

/// A page; its number stands in a header of its own.
fn listing(asked: &Asked, items: &[Value], most: usize) -> Given {
    let (taken, next) = page(items, asked, 20, most);
    Given::new(200, json!(taken)).header("x-next-page", next.map(|next| next.to_string()).unwrap_or_default())
}

impl Project {
    fn answer(&mut self, asked: &Asked, rest: &[&str], most: usize) -> Given {
        match (asked.method.as_str(), rest) {
            ("GET", ["variables"]) => {
                let all: Vec<Value> = self.variables.iter().map(shown).collect();
                listing(asked, &all, most)
            }
            ("POST", ["variables"]) => {
                let body = asked.json();
                let key = body["key"].as_str().unwrap().to_owned();
                self.write(&body, &key, None)
            }
            (method, ["variables", key]) => self.one(asked, method, key),
            ("GET", ["environments"]) => {
                let name = asked.parameter("name");
                let found = self
                    .environments
                    .iter()
                    .enumerate()
                    .filter(|(_, other)| name.is_none_or(|name| name == *other));
                let all: Vec<Value> = found
                    .map(|(id, name)| json!({"id": id + 1, "name": name, "state": "available"}))
                    .collect();
                listing(asked, &all, most)
            }
            ("POST", ["environments"]) => {
                let name = asked.json()["name"].as_str().unwrap().to_owned();
                if self.environments.contains(&name) {
                    return Given::new(400, json!({"message": {"name": ["has already been taken"]}}));
                }
                self.environments.push(name.clone());
                Given::new(201, json!({"id": self.environments.len(), "name": name, "state": "available"}))
            }
            _ => missing("Not Found"),
        }
    }

    fn one(&mut self, asked: &Asked, method: &str, key: &str) -> Given {
        let scope = asked.parameter("filter[environment_scope]");
        let fits =
            |variable: &Variable| variable.key == key && scope.is_none_or(|scope| scope == variable.scope);
        let found: Vec<usize> = (0..self.variables.len()).filter(|at| fits(&self.variables[*at])).collect();
        match (method, found.as_slice()) {
            (_, []) => missing("Variable"),
            (_, [_, _, ..]) => Given::new(
                409,
                json!({"message": "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"}),
            ),
            ("PUT", [at]) => self.write(&asked.json(), key, Some(*at)),
            ("DELETE", [at]) => {
                self.variables.remove(*at);
                Given::empty(204)
            }
            _ => missing("Not Found"),
        }
    }

    fn write(&mut self, body: &Value, key: &str, at: Option<usize>) -> Given {
        let is = |name: &str| body[name] == true;
        let variable = Variable {
            key: key.to_owned(),
            value: body["value"].as_str().unwrap().to_owned(),
            protected: is("protected"),
            masked: is("masked"),
            raw: is("raw"),
            scope: body["environment_scope"].as_str().unwrap_or("*").to_owned(),
        };
        // `Ci::Maskable`.
        let is_maskable = |letter: char| match variable.raw {
            true => !letter.is_whitespace(),
            false => letter.is_ascii_alphanumeric() || "_+=/@:.~-".contains(letter),
        };
        if variable.masked && (variable.value.chars().count() < 8 || !variable.value.chars().all(is_maskable))
        {
            // With the value in it, as no GitLab does: what a vendor says must not carry it any further.
            let said = format!("is invalid: {}", variable.value);
            return Given::new(400, json!({"message": {"value": [said]}}));
        }
        let twin = self
            .variables
            .iter()
            .position(|other| other.key == variable.key && other.scope == variable.scope);
        if twin.is_some_and(|twin| at != Some(twin)) {
            return Given::new(400, json!({"message": {"key": [format!("({key}) has already been taken")]}}));
        }
        let answer = shown(&variable);
        match at {
            Some(at) => self.variables[at] = variable,
            None => self.variables.push(variable),
        }
        Given::new(if at.is_some() { 200 } else { 201 }, answer)
    }
}

impl Vendor for GitLab {
    const DESCRIPTION: &'static str = include_str!("../../../fixtures/vendors/gitlab.json");
    const PREFIXES: &'static [&'static str] = &["/api/v4"];
    const BASE: &'static str = "/api/v4";
    const VARIABLES: [&'static str; 2] = ["CI_API_V4_URL", "GITLAB_TOKEN"];

    fn token(&self) -> String {
        self.token.clone()
    }

    fn answer(&mut self, asked: &Asked, _base: &str) -> Given {
        if asked.headers.get("private-token") != Some(&self.token) {
            return Given::new(401, json!({"message": "401 Unauthorized"}));
        }
        let segments = asked.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (asked.method.as_str(), segments.as_slice()) {
            ("GET", ["user"]) => Given::new(200, json!({"id": 1, "username": "ada"})),
            ("GET", ["namespaces", path]) => match self.namespaces.get(*path) {
                Some(id) => Given::new(200, json!({"id": id, "full_path": path})),
                None => missing("Namespace"),
            },
            ("POST", ["projects"]) => {
                let body = asked.json();
                let owner = self
                    .namespaces
                    .iter()
                    .find(|(_, id)| body["namespace_id"] == **id)
                    .map_or("ada", |(path, _)| path);
                let path = format!("{owner}/{}", body["path"].as_str().unwrap());
                if self.projects.contains_key(&path) {
                    return Given::new(400, json!({"message": {"path": ["has already been taken"]}}));
                }
                let visibility = body["visibility"].as_str().map(str::to_owned);
                let project = Project { visibility, ..Project::default() };
                if let Some(depot) = &self.depot {
                    depot.make(&path);
                }
                let answer = described(&path, &project, self.depot.as_ref());
                self.projects.insert(path, project);
                Given::new(201, answer)
            }
            (_, ["projects", path, rest @ ..]) => {
                let most = self.page;
                match self.projects.get_mut(*path) {
                    Some(project) if asked.method == "GET" && rest.is_empty() => {
                        Given::new(200, described(path, project, self.depot.as_ref()))
                    }
                    Some(project) => project.answer(asked, rest, most),
                    None => missing("Project"),
                }
            }
            _ => missing("Not Found"),
        }
    }
}
