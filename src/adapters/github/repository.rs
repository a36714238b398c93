//! Who we are, repositories and branches.

use serde::Deserialize;
use serde_json::json;

use super::super::vendor::{Method, Operation, Reply, Request, segment};
use super::RepositoryName;

/// Whom the token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The account's name.
    pub login: String,
    /// The scopes of a classic token; `None`: another kind of token, which does not tell.
    pub scopes: Option<Vec<String>>,
}

/// A repository as GitHub tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// `OWNER/NAME`, as it is called now.
    pub full_name: String,
    /// Whether only some may see it.
    pub private: bool,
    /// The branch that it is cloned with; it exists only after the first push.
    pub default_branch: String,
    /// Where a person reads it.
    pub html_url: String,
    /// Where it is cloned from by ssh.
    pub ssh_url: String,
    /// Where it is cloned from by https.
    pub clone_url: String,
}

/// A repository that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRepository<'a> {
    /// Its name and whose it will be.
    pub name: &'a RepositoryName,
    /// Whether the owner is an organisation.
    pub is_organisation: bool,
    /// Whether only some may see it.
    pub private: bool,
    /// One line about it; may be empty.
    pub description: &'a str,
}

/// Asks whom the token stands for: the cheapest way to see that it is good.
pub fn user() -> Operation<User> {
    #[derive(Deserialize)]
    struct Answer {
        login: String,
    }
    let parse = |reply: &Reply| {
        let scopes = reply.header("x-oauth-scopes").map(|scopes| {
            scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        });
        Ok(User { login: reply.read::<Answer>()?.login, scopes })
    };
    Operation {
        request: Request::new(Method::Get, "/user", "tell whose token it is", "the user", "a valid token"),
        parse,
    }
}

/// Reads a repository.
pub fn repository(name: &RepositoryName) -> Operation<Repository> {
    let purpose = format!("read the repository {name}");
    let permission = "the scope `repo`, or the permission Metadata (read)";
    Operation {
        request: Request::new(Method::Get, name.path(), purpose, name.thing(), permission),
        parse: |reply| reply.read(),
    }
}

/// Makes a repository. Of one that is there already GitHub says 422.
pub fn create(new: &NewRepository<'_>) -> Operation<Repository> {
    let owner = &new.name.owner;
    let (path, thing) = match new.is_organisation {
        true => (format!("/orgs/{}/repos", segment(owner)), format!("the organisation {owner}")),
        false => ("/user/repos".to_owned(), "the user".to_owned()),
    };
    let purpose = format!("make the repository {}", new.name);
    let permission = "the scope `repo`, or the permission Administration (write)";
    let mut body = json!({"name": new.name.name, "private": new.private});
    if !new.description.is_empty() {
        body["description"] = json!(new.description);
    }
    Operation {
        request: Request::new(Method::Post, path, purpose, thing, permission).body(body, &[]),
        parse: |reply| reply.read(),
    }
}

/// Reads which commit a branch stands at. Of a repository without commits GitHub says 409.
pub fn branch(name: &RepositoryName, branch: &str) -> Operation<String> {
    #[derive(Deserialize)]
    struct Answer {
        object: Object,
    }
    #[derive(Deserialize)]
    struct Object {
        sha: String,
    }
    let path = format!("{}/git/ref/heads/{}", name.path(), branch_path(branch));
    let purpose = format!("read the branch `{branch}` of {name}");
    let thing = format!("the branch `{branch}` of {name}");
    let permission = "the scope `repo`, or the permission Contents (read)";
    Operation {
        request: Request::new(Method::Get, path, purpose, thing, permission),
        parse: |reply| Ok(reply.read::<Answer>()?.object.sha),
    }
}

/// Makes a branch at a commit. Of one that is there already GitHub says 422, of a repository without commits 409: the first branch is pushed.
pub fn create_branch(name: &RepositoryName, branch: &str, commit: &str) -> Operation<()> {
    let purpose = format!("make the branch `{branch}` of {name}");
    let permission = "the scope `repo`, or the permission Contents (write)";
    let body = json!({"ref": format!("refs/heads/{branch}"), "sha": commit});
    let path = format!("{}/git/refs", name.path());
    Operation {
        request: Request::new(Method::Post, path, purpose, name.thing(), permission).body(body, &[]),
        parse: |_| Ok(()),
    }
}

/// A branch as the end of a path, where its slashes are slashes.
fn branch_path(branch: &str) -> String {
    branch.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> RepositoryName {
        "ada/shop".parse().expect("a name")
    }

    #[test]
    fn a_repository_is_made_for_a_person_or_an_organisation() {
        let name = shop();
        let mut new = NewRepository { name: &name, is_organisation: false, private: true, description: "" };
        let request = create(&new).request;
        assert_eq!((request.method, request.path.as_str()), (Method::Post, "/user/repos"));
        assert_eq!(request.body.expect("a body").value(), &json!({"name": "shop", "private": true}));
        (new.is_organisation, new.description) = (true, "A shop");
        let request = create(&new).request;
        assert_eq!(request.path, "/orgs/ada/repos");
        let expected = json!({"name": "shop", "private": true, "description": "A shop"});
        assert_eq!(request.body.expect("a body").value(), &expected);
    }

    #[test]
    fn a_branch_is_read_and_made() {
        let read = branch(&shop(), "feature/a b");
        assert_eq!(read.request.path, "/repos/ada/shop/git/ref/heads/feature/a%20b");
        let reply =
            Reply::new(200, &[], r#"{"ref":"refs/heads/main","object":{"type":"commit","sha":"abc"}}"#);
        assert_eq!((read.parse)(&reply), Ok("abc".to_owned()));
        let made = create_branch(&shop(), "stage", "abc").request;
        assert_eq!((made.method, made.path.as_str()), (Method::Post, "/repos/ada/shop/git/refs"));
        assert_eq!(made.body.expect("a body").value(), &json!({"ref": "refs/heads/stage", "sha": "abc"}));
    }

    #[test]
    fn a_classic_token_tells_its_scopes_and_another_does_not() {
        let user = user();
        let classic = Reply::new(200, &[("x-oauth-scopes", "repo, gist")], r#"{"login":"ada","id":1}"#);
        let scopes = Some(vec!["repo".to_owned(), "gist".to_owned()]);
        assert_eq!((user.parse)(&classic), Ok(User { login: "ada".to_owned(), scopes }));
        let fine = Reply::new(200, &[], r#"{"login":"ada"}"#);
        assert_eq!((user.parse)(&fine), Ok(User { login: "ada".to_owned(), scopes: None }));
        assert!((user.parse)(&Reply::new(200, &[], "<html>")).is_err());
    }
}
