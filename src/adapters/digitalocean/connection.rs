//! How a program connects to a database, as the variables that its library reads.

use std::collections::BTreeMap;

use super::super::vendor::segment;
use super::databases::Database;
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Secret;
use crate::os::command::EnvironmentValue;

/// Host, port and credentials. Its `Debug` hides the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// A name in DNS.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database; empty where the engine has none.
    pub database: String,
    /// `None`: the token may not see it.
    pub user: Option<String>,
    /// `None`: the token may not see it.
    pub password: Option<Secret>,
    /// Whether it is reached by TLS.
    pub is_tls: bool,
    /// Whether it is reached from its own network only.
    pub is_private: bool,
}

/// A database that can't be connected to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// It has no host yet.
    #[error("the database `{name}` has no address: it is `{status}`")]
    NotReady {
        /// The database.
        name: String,
        /// What it is at.
        status: String,
    },
    /// The token may not see user and password.
    #[error(
        "DigitalOcean tells no credentials of the database `{0}`: the token lacks the scope `database:view_credentials`"
    )]
    NoCredentials(String),
    /// It would be without TLS.
    #[error("the database `{0}` is not reached by TLS, and its password does not go without")]
    NoTls(String),
    /// No convention says how its variables are called.
    #[error("the database `{name}` is of the engine `{engine}`, which no variables are known for")]
    Engine {
        /// The database.
        name: String,
        /// Its engine.
        engine: String,
    },
}

/// Variables by name.
pub type Variables = BTreeMap<String, EnvironmentValue>;

/// The variables that a program needs to connect to `database`: by its own network where that is wanted and there is one.
///
/// PostgreSQL: `DATABASE_URL` and those of libpq. MySQL: `DATABASE_URL`, those of its client, and `MYSQL_USER` and `MYSQL_DATABASE` as its
/// container image calls them. Redis and Valkey: `REDIS_URL`, `REDISHOST`, `REDISPORT`, `REDISUSER`, `REDISPASSWORD`.
/// All ask for TLS; the certificate is not checked against a root, for DigitalOcean signs with one of each account's own.
pub fn variables(database: &Database, wants_private: bool) -> Result<Variables, ConnectionError> {
    let name = || database.name.clone();
    let connection = database
        .private_connection
        .as_ref()
        .filter(|_| wants_private)
        .or(database.connection.as_ref())
        .ok_or_else(|| ConnectionError::NotReady { name: name(), status: database.status.clone() })?;
    if !connection.is_tls {
        return Err(ConnectionError::NoTls(name()));
    }
    let (Some(user), Some(password)) = (&connection.user, &connection.password) else {
        return Err(ConnectionError::NoCredentials(name()));
    };
    let account = Account { connection, user, password };
    match database.engine.as_str() {
        "pg" | "advanced_pg" => Ok(account.postgres()),
        "mysql" | "advanced_mysql" => Ok(account.mysql()),
        "redis" | "valkey" => Ok(account.redis()),
        engine => Err(ConnectionError::Engine { name: name(), engine: engine.to_owned() }),
    }
}

struct Account<'a> {
    connection: &'a Connection,
    user: &'a str,
    password: &'a Secret,
}

impl Account<'_> {
    fn url(&self, scheme: &str, rest: &str) -> EnvironmentValue {
        let Connection { host, port, .. } = self.connection;
        let (user, password) = (segment(self.user), segment(self.password.expose()));
        EnvironmentValue::Secret(Secret::new(format!("{scheme}://{user}:{password}@{host}:{port}{rest}")))
    }

    fn named(&self, names: [&str; 4]) -> Variables {
        let [host, port, user, password] = names.map(str::to_owned);
        let plain = |text: &str| EnvironmentValue::Plain(text.to_owned());
        BTreeMap::from([
            (host, plain(&self.connection.host)),
            (port, plain(&self.connection.port.to_string())),
            (user, plain(self.user)),
            (password, EnvironmentValue::Secret(self.password.clone())),
        ])
    }

    fn postgres(&self) -> Variables {
        let mut variables = self.named(["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"]);
        let database = &self.connection.database;
        let rest = format!("/{}?sslmode=require", segment(database));
        variables.insert("DATABASE_URL".to_owned(), self.url("postgresql", &rest));
        variables.insert("PGDATABASE".to_owned(), EnvironmentValue::Plain(database.clone()));
        variables.insert("PGSSLMODE".to_owned(), EnvironmentValue::Plain("require".to_owned()));
        variables
    }

    fn mysql(&self) -> Variables {
        let mut variables = self.named(["MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_USER", "MYSQL_PWD"]);
        let database = &self.connection.database;
        let rest = format!("/{}?ssl-mode=REQUIRED", segment(database));
        variables.insert("DATABASE_URL".to_owned(), self.url("mysql", &rest));
        variables.insert("MYSQL_DATABASE".to_owned(), EnvironmentValue::Plain(database.clone()));
        variables
    }

    fn redis(&self) -> Variables {
        let mut variables = self.named(["REDISHOST", "REDISPORT", "REDISUSER", "REDISPASSWORD"]);
        variables.insert("REDIS_URL".to_owned(), self.url("rediss", ""));
        variables
    }
}

impl From<&ConnectionError> for Fault {
    fn from(error: &ConnectionError) -> Self {
        let hint = match error {
            ConnectionError::NotReady { .. } => "run it again when the database is online",
            ConnectionError::NoCredentials(_) => {
                "make a token with the scopes `database:read` and `database:view_credentials` at https://cloud.digitalocean.com/account/api/tokens"
            }
            ConnectionError::NoTls(_) => "turn TLS on for the database",
            ConnectionError::Engine { .. } => "there are variables for pg, mysql, redis and valkey",
        };
        Self::new(FaultKind::World, error.to_string()).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(engine: &str) -> Database {
        let connection = Connection {
            host: "shop.db.example".to_owned(),
            port: 25060,
            database: "defaultdb".to_owned(),
            user: Some("doadmin".to_owned()),
            password: Some(Secret::new("p@ss/w:rd")),
            is_tls: true,
            is_private: false,
        };
        let private =
            Connection { host: "private-shop.db.example".to_owned(), is_private: true, ..connection.clone() };
        Database {
            id: "9c".to_owned(),
            name: "shop".to_owned(),
            engine: engine.to_owned(),
            status: "online".to_owned(),
            connection: Some(connection),
            private_connection: Some(private),
        }
    }

    /// The variables, secrets with an exclamation mark.
    fn shown(database: &Database, wants_private: bool) -> Vec<String> {
        let variables = variables(database, wants_private).expect("variables");
        let line = |(name, value): (&String, &EnvironmentValue)| match value {
            EnvironmentValue::Plain(text) => format!("{name}={text}"),
            EnvironmentValue::Secret(secret) => format!("{name}!={}", secret.expose()),
        };
        variables.iter().map(line).collect()
    }

    #[test]
    fn postgres_is_reached_by_libpqs_variables() {
        let expected = [
            "DATABASE_URL!=postgresql://doadmin:p%40ss%2Fw%3Ard@private-shop.db.example:25060/defaultdb?sslmode=require",
            "PGDATABASE=defaultdb",
            "PGHOST=private-shop.db.example",
            "PGPASSWORD!=p@ss/w:rd",
            "PGPORT=25060",
            "PGSSLMODE=require",
            "PGUSER=doadmin",
        ];
        assert_eq!(shown(&database("pg"), true), expected);
        assert_eq!(shown(&database("advanced_pg"), false)[2], "PGHOST=shop.db.example");
        let mut without = database("pg");
        without.private_connection = None;
        assert_eq!(shown(&without, true)[2], "PGHOST=shop.db.example");
    }

    #[test]
    fn others_are_reached_by_their_conventions() {
        let expected = [
            "DATABASE_URL!=mysql://doadmin:p%40ss%2Fw%3Ard@shop.db.example:25060/defaultdb?ssl-mode=REQUIRED",
            "MYSQL_DATABASE=defaultdb",
            "MYSQL_HOST=shop.db.example",
            "MYSQL_PWD!=p@ss/w:rd",
            "MYSQL_TCP_PORT=25060",
            "MYSQL_USER=doadmin",
        ];
        assert_eq!(shown(&database("mysql"), false), expected);
        let expected = [
            "REDISHOST=shop.db.example",
            "REDISPASSWORD!=p@ss/w:rd",
            "REDISPORT=25060",
            "REDISUSER=doadmin",
            "REDIS_URL!=rediss://doadmin:p%40ss%2Fw%3Ard@shop.db.example:25060",
        ];
        assert_eq!(shown(&database("valkey"), false), expected);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |change: fn(&mut Database)| {
            let mut database = database("pg");
            change(&mut database);
            variables(&database, false).expect_err("an error").to_string()
        };
        let no_password = error(|database| database.connection.as_mut().expect("one").password = None);
        assert!(
            no_password.contains("the token lacks the scope `database:view_credentials`"),
            "{no_password}"
        );
        let no_tls = error(|database| database.connection.as_mut().expect("one").is_tls = false);
        assert!(no_tls.contains("not reached by TLS"), "{no_tls}");
        let kafka = error(|database| database.engine = "kafka".to_owned());
        assert!(kafka.contains("engine `kafka`"), "{kafka}");
        let early = error(|database| (database.connection, database.status) = (None, "creating".to_owned()));
        assert_eq!(early, "the database `shop` has no address: it is `creating`");
    }
}
