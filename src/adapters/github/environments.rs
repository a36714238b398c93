//! Environments: they have to be there before their secrets.

use serde::Deserialize;
use serde_json::json;

use super::super::vendor::{Client, Method, Operation, Request, VendorError, segment};
use super::{PAGE, RepositoryName};

/// An environment as GitHub tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Environment {
    /// Its name.
    pub name: String,
}

/// Whether an environment had to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// It was there, and is as it was.
    Present,
    /// It was made, without rules of protection.
    Made,
}

pub(super) fn path(repository: &RepositoryName, environment: &str) -> String {
    format!("{}/environments/{}", repository.path(), segment(environment))
}

pub(super) fn thing(repository: &RepositoryName, environment: &str) -> String {
    format!("the environment `{environment}` of {repository}")
}

/// Reads an environment.
pub fn environment(repository: &RepositoryName, name: &str) -> Operation<Environment> {
    let thing = thing(repository, name);
    let permission = "the scope `repo`, or the permission Actions (read)";
    Operation {
        request: Request::new(
            Method::Get,
            path(repository, name),
            format!("read {thing}"),
            thing,
            permission,
        ),
        parse: |reply| reply.read(),
    }
}

/// Lists all environments.
pub fn list(repository: &RepositoryName) -> Operation<Vec<Environment>> {
    #[derive(Deserialize)]
    struct Answer {
        environments: Vec<Environment>,
    }
    let path = format!("{}/environments", repository.path());
    let purpose = format!("list the environments of {repository}");
    let permission = "the scope `repo`, or the permission Actions (read)";
    Operation {
        request: Request::new(Method::Get, path, purpose, repository.thing(), permission)
            .query("per_page", PAGE),
        parse: |reply| Ok(reply.read::<Answer>()?.environments),
    }
}

/// Makes an environment. Of one that is there it takes the rules of protection away: see [`ensure`].
pub fn create(repository: &RepositoryName, name: &str) -> Operation<Environment> {
    let purpose = format!("make {}", thing(repository, name));
    let permission = "the scope `repo`, or the permission Administration (write)";
    Operation {
        request: Request::new(Method::Put, path(repository, name), purpose, repository.thing(), permission)
            .body(json!({}), &[]),
        parse: |reply| reply.read(),
    }
}

/// Makes an environment where there is none.
pub fn ensure(client: &Client<'_>, repository: &RepositoryName, name: &str) -> Result<Ensured, VendorError> {
    match client.find(&environment(repository, name))? {
        Some(_) => Ok(Ensured::Present),
        None => client.run(&create(repository, name)).map(|_| Ensured::Made),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment_of_the_path() {
        let shop: RepositoryName = "ada/shop".parse().expect("a name");
        let request = create(&shop, "prod/eu west").request;
        assert_eq!(
            (request.method, request.path.as_str()),
            (Method::Put, "/repos/ada/shop/environments/prod%2Feu%20west")
        );
        assert_eq!(environment(&shop, "prod").request.purpose, "read the environment `prod` of ada/shop");
    }
}
