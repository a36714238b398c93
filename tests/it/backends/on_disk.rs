//! A state on this disk is read from its file, and only where nothing else could be meant.

use crate::harness::space::{lines, resource};
use crate::harness::{Space, needs};

fn block(path: &str) -> String {
    format!("terraform {{\n  backend \"local\" {{\n    path = \"{path}\"\n  }}\n}}\n")
}

fn project() -> Space {
    let tasks = "[terraform]\nroot = \"terraform\"\n[workspaces.one]\n[workspaces.two]\ndepends = [\"one\"]\n\
                 vars = { word = \"{{ workspaces.one.outputs.word }}\", key = \"{{ workspaces.one.outputs.key }}\" }\n";
    let one = format!(
        "{}{}output \"word\" {{\n  value = [terraform_data.it.output, 2]\n}}\noutput \"key\" {{\n  value = \"k3y-in-the-state\"\n  sensitive = true\n}}\n",
        block("../../states/one.tfstate"),
        resource("it", "true")
    );
    let two = "variable \"word\" {\n  type = tuple([string, number])\n}\nvariable \"key\" {\n  type = string\n}\n\
               resource \"terraform_data\" \"it\" {\n  input = [var.word, var.key]\n}\n";
    Space::with_tasks(tasks).workspace("one", &one).workspace("two", two)
}

/// The terraform commands of the last run, by their verbs.
fn verbs(space: &Space) -> Vec<String> {
    let journal = space.journal();
    let lines = journal.iter().filter_map(|record| record["entry"]["line"].as_str());
    let verb = |line: &str| {
        line.split(' ').find(|word| !word.starts_with('-') && !word.contains("terraform")).map(str::to_owned)
    };
    let mut verbs: Vec<String> =
        lines.filter(|line| line.starts_with("terraform ")).filter_map(verb).collect();
    verbs.sort();
    verbs
}

/// The row of `status` for `one`.
fn status(space: &Space) -> serde_json::Value {
    let status = space.run("status --json");
    lines(&status.stdout).into_iter().find(|row| row["workspace"] == "one").unwrap()
}

#[test]
fn terraform_is_started_to_plan_and_to_change_and_not_to_look() {
    needs!("terraform");
    let space = project();
    let up = space.run("up --yes");
    up.exits(0);
    assert_eq!(verbs(&space), ["apply", "apply", "init", "plan", "plan"]);
    // Nothing that a plan goes by has changed.
    space.run("up").exits(0).says("nothing to change");
    assert!(verbs(&space).is_empty());
    // Nothing is applied, so the values come from the state, the secret one masked.
    let again = space.run("up --force");
    again.exits(0).says("nothing to change").does_not_say("k3y-in-the-state");
    assert_eq!(verbs(&space), ["init", "plan", "plan"]);
    assert_eq!(
        (status(&space)["state"].as_str(), status(&space)["resources"].as_u64()),
        (Some("applied"), Some(1))
    );
    space.run("down --yes").exits(0).says("every state is proven empty");
    assert_eq!(verbs(&space), ["apply", "apply", "plan", "plan"]);
    assert_eq!(status(&space)["state"], "empty");
}

#[test]
fn a_state_that_was_moved_or_damaged_is_not_taken_for_empty() {
    needs!("terraform");
    let space = project();
    space.run("up --yes").exits(0);
    let main = space.read("terraform/one/main.tf");
    space.write("terraform/one/main.tf", &main.replace("../../states/one.tfstate", "elsewhere.tfstate"));
    assert_eq!(status(&space)["state"], "not initialised");
    space.run("down --yes").exits(1).says("Backend configuration changed");
    space.write("terraform/one/main.tf", &main.replace(&block("../../states/one.tfstate"), ""));
    assert_ne!(status(&space)["state"], "empty");
    space.write("terraform/one/main.tf", &main);
    assert_eq!(status(&space)["state"], "applied");

    let state = space.read("states/one.tfstate");
    space.write("states/one.tfstate", &state[..state.len() / 2]);
    assert_eq!(status(&space)["state"], "unreadable");
    space.run("down --yes").exits(1);
    // As a tool keeps it that encrypts states.
    space.write(
        "states/one.tfstate",
        "{\"serial\":1,\"lineage\":\"x\",\"encrypted_data\":\"AAAA\",\"encryption_version\":\"v0\"}",
    );
    assert_ne!(status(&space)["state"], "empty");
    space.write("states/one.tfstate", &state);
    space.run("down --yes").exits(0).says("2 workspaces destroyed");
}
