//! `[databases]`: asked by exact name, told to the tasks that name them, masked.

use crate::harness::space::Space;
use crate::harness::vendors::StandIn;
use crate::harness::vendors::digitalocean::{Database, DigitalOcean};

const TASKS: &str = r#"
[databases.main]
provider = "digitalocean"
name = "shop-db"
[databases.open]
provider = "digitalocean"
name = "shop-db"
private = false
database = "shop"
[tasks.show]
databases = ["main"]
run = "echo $PGHOST $PGPORT $PGUSER $PGDATABASE $PGSSLMODE; echo $PGPASSWORD; echo $DATABASE_URL | base64 -w0"
[tasks.open]
databases = ["open"]
run = "echo $PGHOST $PGDATABASE"
[tasks.both]
databases = ["main", "open"]
run = "true"
[tasks.other]
run = "echo ${PGHOST-none}"
"#;

fn with(databases: Vec<Database>) -> (Space, StandIn<DigitalOcean>) {
    let cloud = StandIn::start(DigitalOcean::with_databases(databases));
    let mut space = Space::with_tasks(TASKS);
    space.environment.extend(cloud.variables().into_iter().map(|(name, value)| (name.into(), value.into())));
    (space, cloud)
}

fn named(name: &str) -> Database {
    Database::online(name, "pg", "c4nary+pass/word")
}

#[test]
fn a_task_is_told_how_its_database_is_reached_and_the_password_is_masked() {
    let (space, cloud) = with(vec![named("shop-db-2"), named("shop-db"), named("old-shop-db")]);
    let output = space.run("show");
    output.exits(0).does_not_say("c4nary").does_not_say("YzRuYXJ5");
    // The last letter of base64 shares its bits with the newline.
    output.prints("private-shop-db.db.example 25060 doadmin defaultdb require\n***\n***o=");
    space.run("open").exits(0).prints("shop-db.db.example shop\n");
    let asked = cloud.lines().len();
    space.run("other").exits(0).prints("none\n");
    assert_eq!(cloud.lines().len(), asked, "a task that names no database asks nobody");
    space.run("both").exits(3).says("two databases of this task are told in `$DATABASE_URL`");
}

#[test]
fn anything_but_exactly_one_is_refused() {
    let (space, _cloud) = with(vec![named("shop-db-2")]);
    space.run("show").exits(1).says("is called `shop-db`").says("tasks.toml:2:");
    let (space, _cloud) = with(vec![named("shop-db"), named("shop-db")]);
    space.run("show").exits(1).says("2 databases at DigitalOcean are called `shop-db`");
    let (space, cloud) = with(vec![named("shop-db")]);
    cloud.vendor(|cloud| cloud.shows_credentials = false);
    space.run("show").exits(7).says("database:view_credentials");
}
