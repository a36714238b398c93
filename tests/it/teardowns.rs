//! A teardown of a part: what depends on it, and what it depended on.

use crate::harness::{Space, needs};

#[test]
fn what_others_live_on_is_kept_unless_they_go_with_it() {
    needs!("terraform");
    let space = Space::three_in_a_row();
    space.run("up --yes").exits(0);
    let refused = space.run("down one --yes");
    refused.exits(4).says("still lives").says("shipway down one --with-dependents");
    space.run("down two --yes").exits(4).says("`three` depends on `two`");
    for name in ["one", "two", "three"] {
        assert_eq!(space.state(name), ["terraform_data.thing"]);
    }
    let down = space.run("--json down two --with-dependents --yes");
    let story = down.exits(0).story();
    assert!(story.ended("workspace:three:destroy") < story.started("workspace:two:destroy"));
    assert_eq!((space.state("three"), space.state("two")), (vec![], vec![]));
    assert_eq!(space.state("one"), ["terraform_data.thing"]);
    space.run("down one --yes").exits(0);
    assert_eq!(space.state("one"), [""; 0]);
}

#[test]
fn the_end_of_what_stood_on_something_gone_is_planned_by_its_own_state_after_a_question() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\n[workspaces.two]\ndepends = [\"one\"]\n",
    )
    .workspace(
        "one",
        "resource \"terraform_data\" \"it\" {\n  input = \"name\"\n}\noutput \"name\" {\n  value = terraform_data.it.output\n}\n",
    )
    .workspace(
        "two",
        "data \"terraform_remote_state\" \"one\" {\n  backend = \"local\"\n  config = { path = \
         \"../one/terraform.tfstate\" }\n}\nresource \"terraform_data\" \"it\" {\n  input = \
         data.terraform_remote_state.one.outputs.name\n}\n",
    );
    space.run("up --yes").exits(0);
    // Somebody is quicker than Shipway, and does it in the wrong order.
    space.terraform("one", &["destroy", "-auto-approve", "-no-color"]);
    let refused = space.run("down two");
    refused.exits(4).says("what it reads of another workspace is gone").says("--yes");
    assert_eq!(space.state("two"), ["terraform_data.it"]);
    let down = space.run("--json down --yes");
    let story = down.exits(0).story();
    let plans: Vec<&str> =
        story.commands().into_iter().filter(|line| line.contains("terraform/two plan")).collect();
    assert_eq!(plans.iter().filter(|line| line.contains(" -refresh=false")).count(), 1, "{plans:#?}");
    assert_eq!(space.state("two"), [""; 0]);
}

#[test]
fn an_end_that_can_not_be_planned_for_another_reason_is_not_asked_for() {
    needs!("terraform");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n")
        .workspace("one", "resource \"terraform_data\" \"it\" {}\n");
    space.run("up --yes").exits(0);
    space.write("terraform/one/main.tf", "resource \"terraform_data\" \"it\" {\n  input = var.nothing\n}\n");
    space.run("down --yes").exits(1).does_not_say("refresh");
}

#[test]
fn a_workspace_whose_environment_is_of_another_one_is_looked_at_and_guards_it() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\n[workspaces.two]\nenv = { TF_VAR_word = \"{{ workspaces.one.outputs.word }}\" }\n",
    )
    .file(
        "terraform/one/main.tf",
        "output \"word\" {\n  value = \"said\"\n}\nresource \"terraform_data\" \"thing\" {}\n",
    )
    .file(
        "terraform/two/main.tf",
        "variable \"word\" {}\nresource \"terraform_data\" \"thing\" {\n  input = var.word\n}\n",
    );
    space.run("up --yes").exits(0);
    assert!(space.run("status").exits(0).stdout.contains("two        applied"));
    for line in ["validate-two", "output-two", "drift"] {
        space.run(line).exits(0);
    }
    space.run("destroy-one --yes").exits(4).says("`two` depends on `one` and still lives");
    space.run("down --yes").exits(0).says("2 workspaces destroyed");
    space.run("down --yes").exits(0).says("nothing to destroy");
    // `one` is gone, and `two` still lives.
    space.run("up --yes").exits(0);
    space.terraform("one", &["apply", "-destroy", "-auto-approve"]);
    assert!(space.run("status").exits(0).stdout.contains("two        applied"));
    let down = space.run("down --yes");
    down.exits(1)
        .says("$TF_VAR_word is left out: the workspace that it is from is empty")
        .says("No value for required variable");
    space.write(
        "terraform/two/main.tf",
        &space.read("terraform/two/main.tf").replace("{}\nres", "{\n  default = \"\"\n}\nres"),
    );
    space.run("down --yes").exits(0).says("1 workspace destroyed");
}
