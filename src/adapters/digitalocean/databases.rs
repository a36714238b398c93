//! Databases: all of them, and the one that has a name.

use serde::Deserialize;

use super::super::vendor::{Client, Method, Operation, Request, VendorError, segment};
use super::connection::Connection;
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Secret;
use crate::text::list as sentence;

/// What reading needs, credentials and all.
const READ: &str = "the scopes `database:read` and `database:view_credentials`";

/// A database cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its number.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `pg`, `mysql`, `redis`, `valkey`, …
    pub engine: String,
    /// `online`, `creating`, …
    pub status: String,
    /// How it is reached from anywhere.
    pub connection: Option<Connection>,
    /// How it is reached from its own network.
    pub private_connection: Option<Connection>,
}

/// There is not exactly one database of a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// DigitalOcean did not tell.
    #[error(transparent)]
    Vendor(VendorError),
    /// None.
    #[error("none of DigitalOcean's {} databases that the token may see is called `{name}`", others.len())]
    None {
        /// What was looked for.
        name: String,
        /// What there is.
        others: Vec<String>,
    },
    /// Several.
    #[error("{count} databases at DigitalOcean are called `{name}`, and only one may be")]
    Several {
        /// What was looked for.
        name: String,
        /// How many.
        count: usize,
    },
}

#[derive(Deserialize)]
struct Cluster {
    id: String,
    name: String,
    engine: String,
    #[serde(default)]
    status: String,
    connection: Option<Endpoint>,
    private_connection: Option<Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(default)]
    host: String,
    #[serde(default)]
    port: u16,
    #[serde(default)]
    database: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    ssl: bool,
}

impl Endpoint {
    /// `None`: there is no host yet.
    fn into_connection(self, is_private: bool) -> Option<Connection> {
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        (!self.host.is_empty()).then(|| Connection {
            host: self.host,
            port: self.port,
            database: text(self.database).unwrap_or_default(),
            user: text(self.user),
            password: text(self.password).map(Secret::new),
            is_tls: self.ssl,
            is_private,
        })
    }
}

impl From<Cluster> for Database {
    fn from(cluster: Cluster) -> Self {
        Self {
            id: cluster.id,
            name: cluster.name,
            engine: cluster.engine,
            status: cluster.status,
            connection: cluster.connection.and_then(|endpoint| endpoint.into_connection(false)),
            private_connection: cluster
                .private_connection
                .and_then(|endpoint| endpoint.into_connection(true)),
        }
    }
}

/// Lists all databases.
pub fn list() -> Operation<Vec<Database>> {
    #[derive(Deserialize)]
    struct Answer {
        databases: Vec<Cluster>,
    }
    Operation {
        request: Request::new(
            Method::Get,
            "/v2/databases",
            "list the databases",
            "the list of databases",
            READ,
        ),
        parse: |reply| Ok(reply.read::<Answer>()?.databases.into_iter().map(Database::from).collect()),
    }
}

/// Reads one database by its number.
pub fn database(id: &str) -> Operation<Database> {
    #[derive(Deserialize)]
    struct Answer {
        database: Cluster,
    }
    let thing = format!("the database {id}");
    let path = format!("/v2/databases/{}", segment(id));
    Operation {
        request: Request::new(Method::Get, path, format!("read {thing}"), thing, READ),
        parse: |reply| Ok(reply.read::<Answer>()?.database.into()),
    }
}

/// Finds the one database that is called `name`.
pub fn find(client: &Client<'_>, name: &str) -> Result<Database, FindError> {
    named(client.list(&list()).map_err(FindError::Vendor)?, name)
}

/// The one of `databases` that is called exactly `name`.
pub fn named(databases: Vec<Database>, name: &str) -> Result<Database, FindError> {
    let (mut found, others): (Vec<_>, Vec<_>) =
        databases.into_iter().partition(|database| database.name == name);
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (Some(_), more) => Err(FindError::Several { name: name.to_owned(), count: more + 1 }),
        (None, _) => {
            let others = others.into_iter().map(|database| database.name).collect();
            Err(FindError::None { name: name.to_owned(), others })
        }
    }
}

impl From<&FindError> for Fault {
    fn from(error: &FindError) -> Self {
        match error {
            FindError::Vendor(error) => Self::from(error),
            FindError::None { others, .. } if others.is_empty() => {
                Self::new(FaultKind::Failed, error.to_string())
                    .hint("look whether the token is one of the team that the database belongs to")
            }
            FindError::None { others, .. } => Self::new(FaultKind::Failed, error.to_string()).hint(format!(
                "there are {}; correct the name, or use a token of the right team",
                sentence::and_ticked(others)
            )),
            FindError::Several { .. } => Self::new(FaultKind::Failed, error.to_string())
                .hint("rename one of them: nobody should have to guess whose credentials these are"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::vendor::Reply;
    use super::*;

    fn called(names: &[&str]) -> Vec<Database> {
        let database = |name: &&str| Database {
            id: "1".to_owned(),
            name: (*name).to_owned(),
            engine: "pg".to_owned(),
            status: "online".to_owned(),
            connection: None,
            private_connection: None,
        };
        names.iter().map(database).collect()
    }

    #[test]
    fn exactly_one_has_the_name() {
        assert_eq!(named(called(&["shop", "shop-old"]), "shop").expect("one").name, "shop");
        let error = named(called(&["shop-old", "Shop"]), "shop").expect_err("none");
        assert_eq!(
            error.to_string(),
            "none of DigitalOcean's 2 databases that the token may see is called `shop`"
        );
        let error = named(called(&["shop", "shop"]), "shop").expect_err("two");
        assert_eq!(error.to_string(), "2 databases at DigitalOcean are called `shop`, and only one may be");
    }

    #[test]
    fn a_database_that_is_being_made_has_no_connection() {
        let body = r#"{"databases":[{"id":"9c","name":"shop","engine":"pg","status":"creating","connection":{"host":"","port":0,"ssl":true}}]}"#;
        let database = (list().parse)(&Reply::new(200, &[], body)).expect("a list").remove(0);
        assert_eq!((database.status.as_str(), database.connection), ("creating", None));
    }
}
