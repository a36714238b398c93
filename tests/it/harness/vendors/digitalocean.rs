//! DigitalOcean: databases. An unknown query is ignored, as the real one ignores `name`.

use serde_json::{Value, json};

use super::{Asked, Given, Vendor, page};

/// DigitalOcean's state.
pub(crate) struct DigitalOcean {
    pub(crate) token: String,
    pub(crate) databases: Vec<Database>,
    /// Whether the token has the scope `database:view_credentials`.
    pub(crate) shows_credentials: bool,
    /// The most items of a list at a time.
    pub(crate) page: usize,
}

/// A database cluster.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) engine: String,
    pub(crate) status: String,
    pub(crate) password: String,
}

impl Database {
    pub(crate) fn online(name: &str, engine: &str, password: &str) -> Self {
        let text = str::to_owned;
        Self { name: text(name), engine: text(engine), status: text("online"), password: text(password) }
    }

    fn id(&self) -> String {
        let number =
            self.name.bytes().fold(0_u64, |number, byte| (number << 7) ^ (number >> 29) ^ u64::from(byte));
        format!("9cc10173-e9ea-4176-9dbc-{:012x}", number & 0xffff_ffff_ffff)
    }

    fn shown(&self, with_credentials: bool) -> Value {
        let connection = |prefix: &str| {
            let host = match self.status.as_str() {
                "online" => format!("{prefix}{}.db.example", self.name),
                _ => String::new(),
            };
            let mut connection = json!({"host": host, "port": 25060, "database": "defaultdb", "ssl": true, "protocol": "postgresql"});
            connection["uri"] = json!(format!("postgresql://{host}:25060/defaultdb?sslmode=require"));
            if with_credentials {
                connection["user"] = json!("doadmin");
                connection["password"] = json!(self.password);
            }
            connection
        };
        json!({
            "id": self.id(), "name": self.name, "engine": self.engine, "status": self.status, "region": "nyc3",
            "connection": connection(""), "private_connection": connection("private-"),
        })
    }
}

impl DigitalOcean {
    pub(crate) fn with_databases(databases: Vec<Database>) -> Self {
        Self { token: "dop_v1_canary0123456789".to_owned(), databases, shows_credentials: true, page: 200 }
    }
}

impl Vendor for DigitalOcean {
    const DESCRIPTION: &'static str = include_str!("../../../fixtures/vendors/digitalocean.json");
    const PREFIXES: &'static [&'static str] = &[];
    const BASE: &'static str = "";
    const VARIABLES: [&'static str; 2] = ["DIGITALOCEAN_API_URL", "DIGITALOCEAN_TOKEN"];

    fn token(&self) -> String {
        self.token.clone()
    }

    fn answer(&mut self, asked: &Asked, _base: &str) -> Given {
        if asked.headers.get("authorization") != Some(&format!("Bearer {}", self.token)) {
            return Given::new(401, json!({"id": "unauthorized", "message": "Unable to authenticate you"}));
        }
        let segments = asked.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (asked.method.as_str(), segments.as_slice()) {
            ("GET", ["v2", "databases"]) => {
                let (taken, next) = page(&self.databases, asked, 20, self.page);
                let shown: Vec<Value> =
                    taken.iter().map(|database| database.shown(self.shows_credentials)).collect();
                // The public address, whatever it was asked at.
                let pages = next.map(
                    |next| json!({"next": format!("https://api.digitalocean.com/v2/databases?page={next}")}),
                );
                Given::new(
                    200,
                    json!({"databases": shown, "links": {"pages": pages.unwrap_or(json!({}))}, "meta": {"total": self.databases.len()}}),
                )
            }
            ("GET", ["v2", "databases", id]) => {
                match self.databases.iter().find(|database| database.id() == *id) {
                    Some(database) => {
                        Given::new(200, json!({"database": database.shown(self.shows_credentials)}))
                    }
                    None => Given::new(
                        404,
                        json!({"id": "not_found", "message": "The resource you requested could not be found."}),
                    ),
                }
            }
            _ => Given::new(
                404,
                json!({"id": "not_found", "message": "The resource you requested could not be found."}),
            ),
        }
    }
}
