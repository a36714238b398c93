//! Inits that need not wait for earlier workspaces, and those that have to.

use crate::harness::http_backend::HttpBackend;
use crate::harness::patience::until_true;
use crate::harness::space::{gate, resource};
use crate::harness::{Space, needs};

const LOCAL: &str = "terraform {\n  backend \"local\" {\n    path = \"here.tfstate\"\n  }\n}\n";

#[test]
fn what_lies_on_this_machine_is_initialised_while_an_earlier_workspace_is_applied() {
    needs!("terraform");
    let server = HttpBackend::start();
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\n[workspaces.two]\ndepends = [\"one\"]\n\
         [workspaces.three]\ndepends = [\"one\"]\n[workspaces.four]\ndepends = [\"one\"]\nbefore_init = \"touch hook\"\n",
    );
    let gated = resource("slow", &gate(&space.path("waits"), &space.path("go")));
    let space = space
        .workspace("one", &gated)
        .workspace("two", &format!("{LOCAL}{}", resource("it", "true")))
        .workspace("three", &format!("{}{}", server.block(), resource("it", "true")))
        .workspace("four", &format!("{LOCAL}{}", resource("it", "true")));
    let up = space.start("-j4 up --yes");
    space.wait_for("waits");
    until_true("two is initialised", || space.has("terraform/two/.terraform/terraform.tfstate"));
    // What an earlier workspace may have to make first is not asked, and a hook has its place.
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    assert!(!space.has("hook") && !space.has("terraform/four/.terraform"));
    assert!(!up.stderr().contains("plan two"), "its plan waits: {}", up.stderr());
    space.write("go", "");
    up.wait().exits(0).says("4 workspaces applied");
    assert!(space.has("hook") && server.state().is_some());
    space.run("up").exits(0).says("nothing to change");
}

#[test]
fn what_an_earlier_workspace_makes_is_there_when_init_reads_it() {
    needs!("terraform");
    let tasks = |hook: &str| {
        format!(
            "[terraform]\nroot = \"terraform\"\n[workspaces.one]\n{hook}[workspaces.two]\ndepends = [\"one\"]\n"
        )
    };
    let two = format!("{LOCAL}module \"part\" {{\n  source = \"../../modules/part\"\n}}\n");
    let make =
        "mkdir -p modules/part && echo 'resource \"terraform_data\" \"made\" {}' >modules/part/main.tf";
    // By a hook, and by a resource.
    let by_hook = Space::with_tasks(&tasks(&format!("after_apply = '''{make}'''\n")))
        .workspace("one", &resource("it", "true"));
    let by_resource = Space::with_tasks(&tasks(""));
    let made = format!("cd '{}' && {make}", by_resource.root.display());
    let by_resource = by_resource.workspace("one", &resource("it", &made));
    for space in [by_hook, by_resource] {
        let space = space.workspace("two", &two);
        space.run("up --yes").exits(0).says("2 workspaces applied");
        assert_eq!(space.state_at("terraform/two/here.tfstate"), ["terraform_data.made"]);
    }
}
