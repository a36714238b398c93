//! What terraform does not notice by itself before it acts: other arguments of a backend, and modules that may move.

use crate::harness::space::resource;
use crate::harness::{Space, needs};

#[test]
fn another_argument_of_the_backend_is_noticed_and_the_state_is_left_to_a_person() {
    needs!("terraform");
    let tasks = |path: &str| {
        format!(
            "[terraform]\nroot = \"terraform\"\n[workspaces.one]\nbackend_config = {{ path = \"{path}\" }}\n"
        )
    };
    let main = format!("terraform {{\n  backend \"local\" {{}}\n}}\n{}", resource("it", "true"));
    let space = Space::with_tasks(&tasks("a.tfstate")).workspace("one", &main);
    space.run("up --yes").exits(0);
    assert_eq!(space.state_at("terraform/one/a.tfstate"), ["terraform_data.it"]);
    space.run("up --yes").exits(0).says("nothing to change");
    space.write("tasks.toml", &tasks("b.tfstate"));
    // Nobody but init sees that: a plan would go on with the state that was set up before.
    space
        .run("up --yes")
        .exits(1)
        .says("Backend configuration changed")
        .says("-migrate-state")
        .says("-reconfigure");
    assert!(!space.has("terraform/one/b.tfstate"));
    space.write("tasks.toml", &tasks("a.tfstate"));
    space.run("up --yes").exits(0).says("nothing to change");
}

#[test]
fn a_module_from_elsewhere_that_names_no_version_is_warned_of() {
    needs!("terraform", "git");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n")
        .file("elsewhere/main.tf", "resource \"terraform_data\" \"it\" {}\n");
    space.git(&["init", "--quiet", "elsewhere"]);
    space.git(&["-C", "elsewhere", "add", "--all"]);
    space.git(&["-C", "elsewhere", "commit", "--quiet", "--message", "a module"]);
    let commit = space.git(&["-C", "elsewhere", "rev-parse", "HEAD"]);
    let source = |suffix: &str| {
        let place = space.path("elsewhere");
        format!("module \"part\" {{\n  source = \"git::file://{}{suffix}\"\n}}\n", place.display())
    };
    space.write("terraform/one/main.tf", &source(""));
    space.run("up --yes").exits(0).says("module `part`").says("names no version").says("1 workspace applied");
    space.write("terraform/one/main.tf", &source(&format!("?ref={}", commit.trim())));
    space.run("up --yes").exits(0).does_not_say("names no version");
}
