//! S3 with `use_lockfile`: a lock is an object that names its holder and stays when that dies.

use rustix::process::Signal;

use super::chain::{addresses, another_machine, chain, made, meet};
use crate::harness::patience::until_true;
use crate::harness::s3::S3;
use crate::harness::space::lines;
use crate::harness::{Output, Space, needs, processes};
use crate::resume::place::process;

const ACCESS: &str = "AKIA7SHIPWAYTEST";
const SECRET: &str = "s3/secret+access=key";

/// The keys go to terraform as a project would give them: from the caller's environment, as secrets.
const ENV: &str = "[vars]\naccess = { env = \"STORE_ACCESS\", secret = true }\nsecret = { env = \"STORE_SECRET\", secret = true }\n\
                   [env]\nAWS_ACCESS_KEY_ID = \"{{ vars.access }}\"\nAWS_SECRET_ACCESS_KEY = \"{{ vars.secret }}\"\n";

fn project(s3: &S3, gated: bool) -> Space {
    let mut space = chain(ENV, |name| s3.block(name), ("s3", &s3.config("source")), gated);
    space.environment.insert("STORE_ACCESS".into(), ACCESS.into());
    space.environment.insert("STORE_SECRET".into(), SECRET.into());
    space
}

/// Neither key was said, or lies in what Shipway keeps.
#[track_caller]
fn assert_unseen(space: &Space, outputs: &[&Output]) {
    for output in outputs {
        assert!(!output.all().contains(SECRET) && !output.all().contains(ACCESS), "{}", output.all());
    }
    for key in [ACCESS, SECRET] {
        let found = space.program("grep").args(["-rlF", key, ".shipway"]).output().unwrap();
        assert_eq!(String::from_utf8(found.stdout).unwrap(), "", "{key} is kept");
    }
}

#[test]
fn a_chain_goes_up_and_down_and_leaves_no_lock_and_shows_no_key() {
    needs!("terraform", "moto_server", "grep");
    let s3 = S3::start();
    let space = project(&s3, false);
    // A command that prints its environment, as people do who look for a mistake.
    let source = space
        .read("terraform/source/main.tf")
        .replace("      true\n", "      echo key $AWS_SECRET_ACCESS_KEY of $AWS_ACCESS_KEY_ID\n");
    space.write("terraform/source/main.tf", &source);
    let up = space.run("up --yes");
    up.exits(0).says("2 workspaces applied");
    assert!(up.stderr.contains("key ***"), "the command ran, and was masked: {}", up.all());
    assert_eq!(addresses(s3.state("source")), ["terraform_data.first", "terraform_data.second"]);
    assert_eq!(addresses(s3.state("sink")), ["terraform_data.given", "terraform_data.read"]);
    let again = space.run("up");
    again.exits(0).says("nothing to change");
    let status = space.run("status --json");
    status.exits(0);
    assert!(lines(&status.stdout).iter().all(|row| row["state"] == "applied"), "{}", status.stdout);
    let down = space.run("down --yes");
    down.exits(0).says("2 workspaces destroyed; every state is proven empty");
    for name in ["source", "sink"] {
        assert!(addresses(s3.state(name)).is_empty());
        assert!(!s3.is_locked(name), "{name}");
    }
    assert_unseen(&space, &[&up, &again, &status, &down]);
}

#[test]
fn keys_that_init_is_given_are_masked_as_well() {
    needs!("terraform", "moto_server", "grep");
    let s3 = S3::start();
    let space = project(&s3, false);
    let given =
        "\nbackend_config = { access_key = \"{{ vars.access }}\", secret_key = \"{{ vars.secret }}\" }\n";
    let tasks = space.read("tasks.toml");
    let tasks = tasks.split("[env]").next().unwrap().to_owned()
        + &tasks[tasks.find("[workspaces.source]").unwrap()..]
            .replace("[workspaces.source]\n", &format!("[workspaces.source]{given}"))
            .replace("depends = [\"source\"]\n", &format!("depends = [\"source\"]{given}"));
    space.write("tasks.toml", &tasks);
    // A reader of another state has no part in that.
    let sink = space.read("terraform/sink/main.tf");
    let sink = sink.replace(
        "resource \"terraform_data\" \"read\" {\n  input = data.terraform_remote_state.source.outputs.word",
        "resource \"terraform_data\" \"read\" {\n  input = var.word",
    );
    let from = sink.find("data \"terraform_remote_state\"").unwrap();
    let until = sink.find("resource \"terraform_data\" \"read\"").unwrap();
    space.write("terraform/sink/main.tf", &(sink[..from].to_owned() + &sink[until..]));
    let up = space.run("up --yes");
    up.exits(0).says("2 workspaces applied");
    assert_eq!(addresses(s3.state("source")).len(), 2);
    let again = space.run("--json up");
    again.exits(0);
    assert_unseen(&space, &[&up, &again]);
}

#[test]
fn two_machines_meet_at_the_lock_and_the_holder_is_named() {
    needs!("terraform", "moto_server", "id");
    let s3 = S3::start();
    meet(
        &project(&s3, true),
        &[
            "the state of `source` is locked",
            "holds it for an apply",
            "force-unlock",
            &crate::harness::identity(),
        ],
    );
    assert!(!s3.is_locked("source") && !s3.is_locked("sink"));
}

#[test]
fn the_lock_of_a_dead_apply_is_named_and_released_only_where_it_is_ours() {
    needs!("terraform", "moto_server", "id");
    let s3 = S3::start();
    let space = project(&s3, true);
    let other = another_machine(&space);
    let running = space.start("up --yes");
    space.wait_for("waits");
    rustix::process::kill_process(process(&space, "source:apply"), Signal::KILL).unwrap();
    running.wait().exits(1);
    space.write("go", "");
    let place = space.root.parent().unwrap().to_string_lossy().into_owned();
    until_true("all processes have ended", || processes::below(&place).is_empty());
    assert!(s3.is_locked("source"), "the lock stays");
    assert!(s3.state("source").is_none(), "and the state knows nothing");

    // Who has no record of that apply is told whose lock it is, and releases nothing.
    let tasks = other.read("tasks.toml").replace("40s", "300ms");
    other.write("tasks.toml", &tasks);
    let elsewhere = other.run("up --yes --unlock-own-stale");
    elsewhere.exits(6).says(&crate::harness::identity()).says("holds it for an apply");
    assert!(s3.is_locked("source"));

    // Who has it is asked.
    let refused = space.run("up");
    refused
        .exits(4)
        .says("Release the lock that the dead apply of source left?")
        .says("terraform_data.second");
    assert!(s3.is_locked("source"));
    let next = space.run("up --yes");
    next.exits(0).says("creating terraform_data.second");
    assert_eq!(addresses(s3.state("source")), ["terraform_data.first", "terraform_data.second"]);
    assert!(!s3.is_locked("source"));
    // The first was finished, and is taken over; the second was named before it was made again.
    assert_eq!(made(&space).iter().filter(|line| *line == "first").count(), 1);
    space.run("up").exits(0).says("nothing to change");
    assert_unseen(&space, &[&elsewhere, &refused, &next]);
}

#[test]
fn a_fresh_chain_is_previewed_as_it_comes_true() {
    needs!("terraform", "moto_server");
    let s3 = S3::start();
    crate::preview::comes_true(&project(&s3, false));
}
