//! CI/CD variables of a project. GitLab tells variables apart by key and environment scope together.

use serde::Deserialize;
use serde_json::json;

use super::super::vendor::{Method, Operation, Reply, Request, Unreadable, segment};
use super::{PAGE, project_path, project_thing};
use crate::masking::Secret;

/// The longest key (GitLab's `Ci::HasVariable`).
pub const LONGEST_KEY: usize = 255;

/// The most characters of a value (docs.gitlab.com, "CI/CD variables"); an operating system may take fewer.
pub const LONGEST_VALUE: usize = 10_000;

/// The fewest characters of a masked value (GitLab's `Ci::Maskable`).
pub const SHORTEST_MASKED: usize = 8;

/// The scope of a variable that every environment sees.
pub const EVERYWHERE: &str = "*";

/// What a write needs.
const WRITE: &str = "the scope `api` and the role Maintainer";

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub key: String,
    /// Its value; `None`: GitLab hides it, even from us.
    pub value: Option<Secret>,
    /// Jobs of protected branches and tags see it only.
    pub protected: bool,
    /// Logs of jobs show it as `[MASKED]`.
    pub masked: bool,
    /// `$` in it is a `$`.
    pub raw: bool,
    /// The environments that see it: a name, or one with `*`.
    pub environment_scope: String,
}

/// A variable that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVariable<'a> {
    /// Its name.
    pub key: &'a str,
    /// Its value.
    pub value: &'a Secret,
    /// Only for jobs of protected branches and tags.
    pub protected: bool,
    /// Not in logs of jobs.
    pub masked: bool,
    /// The environments that see it; [`EVERYWHERE`] or a name.
    pub environment_scope: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    key: String,
    value: Option<String>,
    protected: bool,
    masked: bool,
    #[serde(default)]
    raw: bool,
    environment_scope: String,
}

impl From<Answer> for Variable {
    fn from(answer: Answer) -> Self {
        Self {
            key: answer.key,
            value: answer.value.map(Secret::new),
            protected: answer.protected,
            masked: answer.masked,
            raw: answer.raw,
            environment_scope: answer.environment_scope,
        }
    }
}

/// What is wrong with a key; `None`: nothing.
pub fn wrong_key(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        Some("it is empty")
    } else if key.len() > LONGEST_KEY {
        Some("GitLab takes at most 255 characters")
    } else if !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        Some("GitLab takes letters from A to Z, digits and `_` only")
    } else {
        None
    }
}

/// What is wrong with a value, and what to do instead; `None`: nothing. It says nothing of the value but its length.
///
/// Whatever is sent here is `raw`, and of that GitLab masks all that is one line of at least 8 characters without blanks
/// (`Ci::Maskable::MASK_AND_RAW_REGEX`). Of what is not raw, and in old releases of anything, it takes only letters, digits and `_+=/@:.~-`; base64 is made of those.
pub fn wrong_value(value: &str, masked: bool) -> Option<String> {
    let length = value.chars().count();
    if length > LONGEST_VALUE {
        Some(format!("it has {length} characters, and GitLab takes at most 10,000; split it"))
    } else if masked && length < SHORTEST_MASKED {
        Some("it has fewer than 8 characters, and GitLab masks none so short; use a longer one, or its base64, or do not mask it".to_owned())
    } else if masked && value.contains(char::is_whitespace) {
        Some("it has blanks or several lines, which GitLab does not mask; store its base64 and decode that in the job, or do not mask it".to_owned())
    } else {
        None
    }
}

fn path(project: &str) -> String {
    format!("{}/variables", project_path(project))
}

fn thing(project: &str, key: &str, scope: &str) -> String {
    match scope {
        EVERYWHERE => format!("the variable `{key}` of {project}"),
        _ => format!("the variable `{key}` (environment `{scope}`) of {project}"),
    }
}

fn one(reply: &Reply) -> Result<Variable, Unreadable> {
    reply.read::<Answer>().map(Variable::from)
}

/// Lists all variables of a project, those of all scopes.
pub fn list(project: &str) -> Operation<Vec<Variable>> {
    let purpose = format!("list the variables of {project}");
    Operation {
        request: Request::new(Method::Get, path(project), purpose, project_thing(project), WRITE)
            .query("per_page", PAGE),
        parse: |reply| Ok(reply.read::<Vec<Answer>>()?.into_iter().map(Variable::from).collect()),
    }
}

fn body(new: &NewVariable<'_>) -> serde_json::Value {
    json!({
        "key": new.key,
        "value": new.value.expose(),
        "variable_type": "env_var",
        "protected": new.protected,
        "masked": new.masked,
        "raw": true,
        "environment_scope": new.environment_scope,
    })
}

/// Makes a variable. Of one of the same key and scope GitLab says 400.
pub fn create(project: &str, new: &NewVariable<'_>) -> Operation<Variable> {
    let purpose = format!("make {}", thing(project, new.key, new.environment_scope));
    Operation {
        request: Request::new(Method::Post, path(project), purpose, project_thing(project), WRITE)
            .body(body(new), &["value"]),
        parse: one,
    }
}

/// Writes a variable that is there.
pub fn update(project: &str, new: &NewVariable<'_>) -> Operation<Variable> {
    let thing = thing(project, new.key, new.environment_scope);
    let mut body = body(new);
    if let Some(members) = body.as_object_mut() {
        // It stands in the path, and an update has no member of that name.
        members.remove("key");
    }
    Operation {
        request: one_of(
            Method::Put,
            project,
            new.key,
            new.environment_scope,
            format!("write {thing}"),
            thing,
        )
        .body(body, &["value"]),
        parse: one,
    }
}

/// Deletes a variable. Of one that is not there GitLab says 404.
pub fn delete(project: &str, key: &str, scope: &str) -> Operation<()> {
    let thing = thing(project, key, scope);
    Operation {
        request: one_of(Method::Delete, project, key, scope, format!("delete {thing}"), thing),
        parse: |_| Ok(()),
    }
}

/// One variable: without the filter GitLab answers 409 where the key has several scopes.
fn one_of(method: Method, project: &str, key: &str, scope: &str, purpose: String, thing: String) -> Request {
    let path = format!("{}/{}", path(project), segment(key));
    Request::new(method, path, purpose, thing, WRITE).query("filter[environment_scope]", scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_made_and_written_with_its_scope() {
        let value = Secret::new("c2VjcmV0Cg==");
        let new = NewVariable {
            key: "PROD_DJANGO",
            value: &value,
            protected: true,
            masked: true,
            environment_scope: "prod",
        };
        let request = create("team/shop", &new).request;
        assert_eq!(
            (request.method, request.path.as_str()),
            (Method::Post, "/projects/team%2Fshop/variables")
        );
        let body = json!({
            "key": "PROD_DJANGO", "value": "c2VjcmV0Cg==", "variable_type": "env_var",
            "protected": true, "masked": true, "raw": true, "environment_scope": "prod",
        });
        assert_eq!(request.body.as_ref().expect("a body").value(), &body);
        assert!(!format!("{request:?}").contains("c2VjcmV0"));
        let request = update("team/shop", &new).request;
        let url = "https://x/projects/team%2Fshop/variables/PROD_DJANGO?filter%5Benvironment_scope%5D=prod";
        assert_eq!((request.method, request.url("https://x").as_str()), (Method::Put, url));
        assert!(request.body.expect("a body").value().get("key").is_none());
        assert_eq!(delete("team/shop", "PROD_DJANGO", "prod").request.url("https://x"), url);
    }

    #[test]
    fn values_are_secrets_and_may_be_hidden() {
        let body = r#"[{"key":"A","value":"hunter22","variable_type":"env_var","protected":false,"masked":true,"raw":true,"environment_scope":"*"},
            {"key":"B","value":null,"variable_type":"env_var","protected":false,"masked":true,"hidden":true,"environment_scope":"prod"}]"#;
        let variables = (list("1").parse)(&Reply::new(200, &[], body)).expect("variables");
        assert_eq!(variables[0].value, Some(Secret::new("hunter22")));
        assert_eq!((variables[1].value.clone(), variables[1].environment_scope.as_str()), (None, "prod"));
        assert!(!format!("{variables:?}").contains("hunter"));
    }

    #[test]
    fn what_gitlab_does_not_take_is_known_before() {
        assert_eq!(wrong_key(&"A".repeat(255)), None);
        for key in [String::new(), "A-B".to_owned(), "A B".to_owned(), "A".repeat(256)] {
            assert!(wrong_key(&key).is_some(), "{key}");
        }
        for (value, masked, is_wrong) in [
            ("short", false, false),
            ("short", true, true),
            ("two words", true, true),
            ("two words", false, false),
            ("line\nlines\n", true, true),
            ("p$ssw0rd!", true, false),
        ] {
            assert_eq!(wrong_value(value, masked).is_some(), is_wrong, "{value:?} {masked}");
        }
        assert_eq!(wrong_value(&"é".repeat(10_000), true), None);
        assert!(wrong_value(&"é".repeat(10_001), false).is_some());
    }
}
