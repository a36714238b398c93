//! `secrets` and `databases` on the command line, against the stand-ins of the vendors.

mod databases;
mod files;
mod gh;
mod places;
mod push;
mod round_trip;

use crate::harness::program::Output;
use crate::harness::space::Space;
use crate::harness::vendors::{StandIn, Vendor, github::GitHub};

/// A project with two environments, and a forge that knows its repository.
struct Shop<V: Vendor> {
    space: Space,
    forge: StandIn<V>,
}

const TASKS: &str = r#"
[project]
name = "shop"
[env_files.production]
path = ".envs/.production"
prefix = "PROD"
[env_files.staging]
path = ".envs/.staging"
prefix = "STAGE"
[environments.stage]
env_files = ["production", "staging"]
[environments.prod]
env_files = ["production"]
protected = true
[secrets.DEPLOY_TOKEN]
value = { env = "DEPLOY_TOKEN" }
[secrets.HOST]
values = { stage = { env = "STAGE_HOST" }, prod = { file = ".host" } }
"#;

const DJANGO: &str = "DJANGO_SECRET_KEY=c4nary-django-prod\nSITE=shop.example\n";

impl Shop<GitHub> {
    fn github() -> Self {
        let mut tasks = TASKS.to_owned();
        tasks.push_str("[forge]\nkind = \"github\"\nrepo = \"ada/shop\"\n");
        Self::new(&tasks, GitHub::with_repository("ada/shop"))
    }
}

impl<V: Vendor> Shop<V> {
    fn new(tasks: &str, vendor: V) -> Self {
        let space = Space::with_tasks(tasks)
            .file(".envs/.production/.django", DJANGO)
            .file(".envs/.production/.postgres", "POSTGRES_PASSWORD=c4nary-postgres-prod")
            .file(".envs/.staging/.django", "DJANGO_SECRET_KEY=c4nary-django-stage\r\n")
            .file(".host", "203.0.113.7")
            .file(".gitignore", ".envs/\n.host\n");
        let mut shop = Self { space, forge: StandIn::start(vendor) };
        let variables = shop.forge.variables();
        shop.set(variables);
        let given = [("DEPLOY_TOKEN", "c4nary-deploy-token"), ("STAGE_HOST", "203.0.113.8")];
        shop.set(given.map(|(name, value)| (name.to_owned(), value.to_owned())));
        shop
    }

    fn set(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.space.environment.extend(variables);
    }

    fn run(&self, line: &str) -> Output {
        let output = self.space.run(line);
        output.does_not_say("c4nary");
        output
    }

    /// `NAME@ENVIRONMENT: STATE` of the forge, as `secrets list` has it.
    fn states(&self) -> Vec<String> {
        let output = self.run("secrets list --json");
        output.exits(0);
        let rows = crate::harness::space::lines(&output.stdout);
        let state = |row: &serde_json::Value| {
            let scope = row["environment"].as_str().map(|name| format!("@{name}")).unwrap_or_default();
            let forge = &row["places"][0];
            format!("{}{scope}: {}", row["name"].as_str().unwrap(), forge["state"].as_str().unwrap())
        };
        rows.iter().map(state).collect()
    }

    /// The requests that changed something.
    fn changes(&self) -> Vec<String> {
        self.forge.lines().into_iter().filter(|line| !line.starts_with("GET ")).collect()
    }
}
