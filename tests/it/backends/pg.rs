//! PostgreSQL: a lock is one of the database's own. It goes with its session, says nothing of its holder, and whoever makes the first state of a
//! schema holds up all others in the database.

use super::chain::{addresses, another_machine, chain, made, meet};
use crate::harness::patience::until_true;
use crate::harness::postgres::Postgres;
use crate::harness::{Space, needs};

fn project(postgres: &Postgres, prefix: &str, gated: bool) -> Space {
    let block = |name: &str| {
        format!("terraform {{\n  backend \"pg\" {{\n    schema_name = \"{prefix}{name}\"\n  }}\n}}\n")
    };
    let config = format!("{{ conn_str = \"{}\", schema_name = \"{prefix}source\" }}", postgres.connection());
    let mut space = chain("", block, ("pg", &config), gated);
    space.environment.insert("PG_CONN_STR".into(), postgres.connection().into());
    space
}

#[test]
fn two_machines_meet_at_the_lock_and_nobody_is_named_who_is_not_known() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    let space = project(&postgres, "", true);
    meet(&space, &["the state of `source` is locked", "its backend doesn't say who holds it"]);
    assert_eq!(postgres.locks(), "0");
    space.run("down --yes").exits(0).says("every state is proven empty");
    assert_eq!(postgres.locks(), "0");
}

#[test]
fn the_first_applies_of_two_projects_in_one_database_wait_for_each_other() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    let (one, other) = (project(&postgres, "one_", true), project(&postgres, "other_", false));
    let first = one.start("up --yes");
    one.wait_for("waits");
    // Another schema, and held up all the same: the lock that makes a state is of the whole database.
    let patient = other.read("tasks.toml");
    other.write("tasks.toml", &patient.replace("40s", "300ms"));
    other.run("up --yes").exits(6).says("is locked").says("its backend doesn't say who holds it");
    assert!(addresses(postgres.state("other_source")).is_empty());
    other.write("tasks.toml", &patient);
    let second = other.start("up --yes");
    until_true("the second waits", || second.stderr().contains("plan source"));
    one.write("go", "");
    first.wait().exits(0);
    second.wait().exits(0).says("2 workspaces applied");
    for (space, prefix) in [(&one, "one_"), (&other, "other_")] {
        assert_eq!(made(space), ["first", "second"]);
        assert_eq!(addresses(postgres.state(&format!("{prefix}sink"))).len(), 2);
    }
    assert_eq!(postgres.locks(), "0");
}

#[test]
fn two_first_applies_in_one_run_go_through() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    let tasks = "[terraform]\nroot = \"terraform\"\nlock_timeout = \"40s\"\n[workspaces.a]\n[workspaces.b]\n[workspaces.c]\n";
    let mut space = ["a", "b", "c"].into_iter().fold(Space::with_tasks(tasks), |space, name| {
        let resource = crate::harness::space::resource("thing", "sleep 0.3");
        let main =
            format!("terraform {{\n  backend \"pg\" {{\n    schema_name = \"{name}\"\n  }}\n}}\n{resource}");
        space.workspace(name, &main)
    });
    space.environment.insert("PG_CONN_STR".into(), postgres.connection().into());
    space.run("-j3 up --yes").exits(0).says("3 workspaces applied");
    for name in ["a", "b", "c"] {
        assert_eq!(addresses(postgres.state(name)), ["terraform_data.thing"]);
    }
    assert_eq!(postgres.locks(), "0");
}

#[test]
fn a_fresh_chain_is_previewed_as_it_comes_true() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    crate::preview::comes_true(&project(&postgres, "", false));
}

#[test]
fn a_machine_that_comes_later_finds_nothing_to_do() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    let space = project(&postgres, "", false);
    space.run("up --yes").exits(0);
    let other = another_machine(&space);
    other.run("up").exits(0).says("nothing to change");
    other.run("down --yes").exits(0).says("every state is proven empty");
    space.run("up --yes").exits(0).says("2 workspaces applied");
}
