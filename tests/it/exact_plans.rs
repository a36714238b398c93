//! Plans that are kept: exactly they are applied, or nothing; and what holds data is not destroyed by habit.

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::space::lines;
use crate::harness::{Output, Space, needs};

/// One workspace with an environment, whose resource has a value.
fn one(value: &str) -> Space {
    let tasks = "[terraform]\nroot = \"terraform\"\nlock_timeout = \"1s\"\n[vars]\nname = \"first\"\n[workspaces.one]\nvars = { name = \"{{ vars.name }}\" }\n";
    Space::with_tasks(tasks).workspace("one", &main(value))
}

fn main(value: &str) -> String {
    format!(
        "variable \"name\" {{\n  type = string\n}}\nresource \"terraform_data\" \"it\" {{\n  input = \"{value} \
         ${{var.name}}\"\n}}\noutput \"it\" {{\n  value = terraform_data.it.output\n}}\n"
    )
}

fn commands(output: &Output) -> Vec<String> {
    output.story().commands().into_iter().map(str::to_owned).collect()
}

#[track_caller]
fn assert_unapplied(space: &Space, output: &Output) {
    assert_eq!(space.state("one"), [""; 0], "{}", output.all());
    assert!(space.has("plans/one.tfplan"), "a plan that was not applied is kept");
}

#[test]
fn a_saved_plan_is_private_and_exactly_it_is_applied_once() {
    needs!("terraform");
    let space = one("a");
    let plan = space.run("plan --save plans");
    assert!(plan.exits(0).stdout.contains("shipway apply --saved"), "{}", plan.all());
    let mode = |path: &str| space.path(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("plans"), mode("plans/one.tfplan"), mode("plans/one.json")), (0o700, 0o600, 0o600));
    assert_eq!(space.read("plans/.gitignore"), "*\n");
    space.run("plan --save plans").exits(2).says("not empty");

    // Nobody answers: the plan waits.
    space.run("apply --saved plans").exits(4).says("`--yes` answers it");
    // It goes to another machine.
    std::fs::rename(space.path("plans"), space.path("moved")).unwrap();
    let apply = space.run("--json apply --saved moved --yes");
    let ran = commands(apply.exits(0));
    assert!(ran.iter().any(|line| line.contains(" apply ") && line.contains("moved/one.tfplan")), "{ran:#?}");
    assert!(!ran.iter().any(|line| line.contains(" plan ")), "no other plan is made: {ran:#?}");
    assert_eq!(space.state("one"), ["terraform_data.it"]);
    assert!(!space.has("moved"), "a plan that was applied goes");
    space.run("apply --saved moved --yes").exits(2).says("plan --save");
    assert_eq!(space.run("plan --save again --json").exits(0).stdout.matches("\"saved\":true").count(), 0);
    assert!(!space.has("again"), "where nothing is to be done nothing is kept");
}

#[test]
fn whatever_changed_after_the_plan_is_named_and_nothing_is_applied() {
    needs!("terraform");
    let space = one("a");
    space.run("plan --save plans").exits(0);
    space.write("terraform/one/main.tf", &main("b"));
    space.write("terraform/one/more.tf", "locals {}\n");
    let refused = space.run("apply --saved plans --yes");
    refused.exits(4).says("terraform/one/main.tf was edited").says("terraform/one/more.tf is new");
    assert_unapplied(&space, &refused);

    std::fs::remove_file(space.path("terraform/one/more.tf")).unwrap();
    space.write("terraform/one/main.tf", &main("a"));
    let refused = space.run("name=second apply --saved plans --yes");
    refused.exits(4).says("the values of its variables are others").does_not_say("edited");
    assert_unapplied(&space, &refused);

    let plan = space.bytes("plans/one.tfplan");
    std::fs::write(space.path("plans/one.tfplan"), [plan.as_slice(), b"x"].concat()).unwrap();
    let refused = space.run("apply --saved plans --yes");
    refused.exits(4).says("is not the plan that was saved");
    assert_unapplied(&space, &refused);

    std::fs::write(space.path("plans/one.tfplan"), plan).unwrap();
    space.run("apply --saved plans --yes").exits(0);
    assert_eq!(space.state("one"), ["terraform_data.it"]);
}

#[test]
fn a_state_that_was_written_since_makes_a_saved_plan_stale() {
    needs!("terraform");
    let space = one("a");
    space.run("up --yes").exits(0);
    space.write("terraform/one/main.tf", &main("b"));
    space.run("plan --save plans").exits(0);
    // Somebody else applies something.
    space.terraform("one", &["apply", "-auto-approve", "-no-color", "-var", "name=other"]);
    let before = space.bytes("terraform/one/terraform.tfstate");
    let refused = space.run("apply --saved plans --yes");
    refused.exits(4).says("its state was written since: serial");
    assert_eq!(space.bytes("terraform/one/terraform.tfstate"), before);
}

#[test]
fn a_local_module_and_a_template_belong_to_the_configuration() {
    needs!("terraform");
    let root = "module \"part\" {\n  source = \"../../modules/part\"\n}\n";
    let part = "resource \"terraform_data\" \"it\" {\n  input = templatefile(\"${path.module}/templates/a.txt\", {})\n}\n";
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n")
        .workspace("one", root)
        .file("modules/part/main.tf", part)
        .file("modules/part/templates/a.txt", "a");
    space.run("plan --save plans").exits(0);
    space.write("modules/part/templates/a.txt", "b");
    let refused = space.run("apply --saved plans --yes");
    refused.exits(4).says("modules/part/templates/a.txt was edited");
    assert_unapplied(&space, &refused);
}

#[test]
fn a_fresh_plan_is_applied_where_it_means_the_same_and_refused_where_it_does_not() {
    needs!("terraform");
    let space = one("a");
    space.run("plan --save plans").exits(0);
    space.write("terraform/one/main.tf", &main("b"));
    let refused = space.run("apply --saved plans --verify --yes");
    refused.exits(4).says("terraform_data.it: is to become something else");
    assert_unapplied(&space, &refused);
    space.write("terraform/one/main.tf", &(main("a") + "resource \"terraform_data\" \"more\" {}\n"));
    let refused = space.run("apply --saved plans --verify --yes");
    refused.exits(4).says("terraform_data.more: is to change now, and was not");

    // A comment changes a file and no meaning.
    space.write("terraform/one/main.tf", &format!("# A comment.\n{}", main("a")));
    space.run("apply --saved plans --yes").exits(4).says("was edited").says("--verify");
    space.run("apply --saved plans --verify --yes").exits(0);
    assert_eq!(space.state("one"), ["terraform_data.it"]);
    assert!(!space.has("plans"));
}

#[test]
fn what_waits_for_another_workspace_is_not_saved() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\n[workspaces.two]\nvars = { it = \"{{ workspaces.one.outputs.it }}\" }\n",
    )
    .workspace("one", "resource \"terraform_data\" \"it\" {}\noutput \"it\" {\n  value = terraform_data.it.id\n}\n")
    .workspace("two", "variable \"it\" {}\nresource \"terraform_data\" \"it\" {\n  input = var.it\n}\n");
    let plan = space.run("plan --save plans");
    let text = &plan.exits(0).stdout;
    assert!(text.contains("need: `one`") && text.contains("not saved: `two`"), "{text}");
    assert!(space.has("plans/one.tfplan") && !space.has("plans/two.tfplan"));
    space.run("apply two --saved plans --yes").exits(2).says("no plan of `two`");
    space.run("apply --saved plans --yes").exits(0);
    space.run("plan --save plans").exits(0);
    space.run("apply --saved plans --yes").exits(0);
    assert_eq!(space.state("two"), ["terraform_data.it"]);
}

#[test]
fn a_protected_environment_wants_its_word_for_a_saved_plan_too() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[environments.prod]\nprotected = true\n[workspaces.one]\nenvironment = \"prod\"\n",
    )
    .workspace("one", "resource \"terraform_data\" \"it\" {}\n");
    space.run("plan --save plans").exits(0);
    let refused = space.run("apply --saved plans --yes");
    refused.exits(4).says("--confirm prod");
    assert_unapplied(&space, &refused);
    space.run("apply --saved plans --confirm prod").exits(0);
    assert_eq!(space.state("one"), ["terraform_data.it"]);
}

#[test]
fn what_is_stateful_is_destroyed_only_where_the_command_names_it() {
    needs!("terraform");
    let stateful = |value: &str| {
        format!(
            "resource \"terraform_data\" \"store\" {{\n  for_each         = toset([\"a\"])\n  triggers_replace = \"{value}\"\n}}\nresource \"terraform_data\" \"cache\" {{\n  triggers_replace = \"{value}\"\n}}\n"
        )
    };
    let tasks = "[terraform]\nroot = \"terraform\"\n[workspaces.one]\nstateful = [\"*_data.store*\"]\n";
    let space = Space::with_tasks(tasks).workspace("one", &stateful("x"));
    space.run("up --yes").exits(0);
    let before = space.bytes("terraform/one/terraform.tfstate");

    space.write("terraform/one/main.tf", &stateful("y"));
    let preview = lines(&space.run("plan --json").exits(0).stdout);
    assert_eq!(preview[0]["guarded"], serde_json::json!(["terraform_data.store[\"a\"]"]));
    let markdown = space.run("plan --markdown").exits(0).stdout.clone();
    let caution = "> - replace `terraform_data.store[\"a\"]` of one\n";
    assert!(
        markdown.starts_with("<!-- shipway plan -->\n> [!CAUTION]\n") && markdown.contains(caution),
        "{markdown}"
    );
    assert!(markdown.contains("\n| one | - | - | 2 | - | - | - |"), "{markdown}");
    let refused = space.run("up --yes");
    refused.exits(4).says("would destroy what is stateful: 1 object");
    refused.says("--allow-destroy 'terraform_data.store[\"a\"]'").does_not_say("- terraform_data.cache");
    space.run("apply-one --yes --allow-destroy terraform_data.cache").exits(4);
    space.run("plan-one").exits(0).says("stateful");
    space.run("plan --save plans").exits(0);
    space.run("apply --saved plans --yes").exits(4).says("stateful");
    space.run("down --yes").exits(4).says("stateful");
    assert_eq!(space.bytes("terraform/one/terraform.tfstate"), before, "nothing was touched");

    let allowed = |words: &[&str]| {
        let flag = ["--allow-destroy", "terraform_data.store[\"a\"]"];
        space.shipway(words.iter().copied().chain(flag)).run()
    };
    allowed(&["apply", "--saved", "plans", "--yes"]).exits(0);
    assert_ne!(space.bytes("terraform/one/terraform.tfstate"), before);
    allowed(&["down", "--yes"]).exits(0);
    assert_eq!(space.state("one"), [""; 0]);
}

/// A terraform that finds something changed when it is asked for drift. What is built in never drifts.
fn drifting(space: Space) -> Space {
    let terraform = crate::harness::tools::find_in("terraform", &std::env::var_os("PATH").unwrap()).unwrap();
    let script = format!(
        r#"#!/bin/sh
case "$*" in
  *one*-refresh-only*)
    echo '{{"type":"version","terraform":"1.11.4","ui":"1.2"}}'
    echo '{{"type":"resource_drift","change":{{"resource":{{"addr":"terraform_data.it"}},"action":"update"}}}}'
    echo '{{"type":"change_summary","changes":{{"add":0,"change":0,"import":0,"remove":0,"operation":"plan"}}}}'
    exit 2 ;;
esac
exec '{}' "$@"
"#,
        terraform.display()
    );
    space.tool("terraform", &script)
}

#[test]
fn drift_is_told_by_the_exit_status_and_is_not_what_the_files_would_change() {
    needs!("terraform");
    let space = Space::three_in_a_row();
    let fresh = lines(&space.run("drift --json").exits(0).stdout);
    assert!(fresh.iter().all(|row| row["status"] == "not-applied"), "{fresh:?}");
    space.run("up --yes").exits(0);
    let state = space.bytes("terraform/one/terraform.tfstate");
    // What the files would change is no drift.
    space.write("terraform/two/main.tf", "resource \"terraform_data\" \"other\" {}\n");
    let clean = lines(&space.run("drift --json").exits(0).stdout);
    assert!(clean.iter().all(|row| row["status"] == "no-drift"), "{clean:?}");

    let space = drifting(space);
    let found = lines(&space.run("drift --json").exits(2).stdout);
    let status: Vec<&str> = found.iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["drift", "no-drift", "no-drift"]);
    let expected = serde_json::json!([{ "address": "terraform_data.it", "action": "update" }]);
    assert_eq!(found[0]["drift"], expected);
    let shown = space.run("drift one");
    assert!(shown.exits(2).stdout.contains("one: terraform_data.it (update)"), "{}", shown.all());
    space.run("drift two").exits(0);
    assert_eq!(space.bytes("terraform/one/terraform.tfstate"), state, "a look writes nothing");

    // What can't be looked at is no drift, and hides none.
    space.write("terraform/three/main.tf", "resource {\n");
    let failed = lines(&space.run("drift --json").exits(1).stdout);
    assert_eq!((failed[0]["status"].as_str(), failed[2]["status"].as_str()), (Some("drift"), Some("failed")));
    space.run("drift nothing").exits(1);
}
