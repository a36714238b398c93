//! A plan that would be the last one again is left out by `up`; and never where anything that it is made from is another one.

use std::os::unix::fs::PermissionsExt as _;

use shipway::plan::Ending;

use crate::harness::{Output, Space, needs};

/// `one` has two outputs; `two` reads one of them by its state, has a module, a file, a variable file and a value.
fn two() -> Space {
    let tasks = r#"
[terraform]
root = "terraform"
lock_timeout = "20s"
[vars]
word = "first"
[workspaces.one]
[workspaces.two]
depends = ["one"]
var_files = ["../../values/two.tfvars"]
vars = { word = "{{ vars.word }}" }
env = { TF_VAR_surroundings = "{{ env.SURROUNDINGS }}" }
"#;
    Space::with_tasks(tasks)
        .workspace("one", &one("used", "unused"))
        .workspace("two", TWO)
        .file("modules/part/main.tf", "variable \"x\" {}\noutput \"x\" {\n  value = var.x\n}\n")
        .file("shared/read.txt", "read")
        .file("shared/hidden/.secret", "hidden")
        .file("shared/tree/a/b/c.txt", "deep")
        .file("values/two.tfvars", "number = 1\n")
}

const TWO: &str = r#"
variable "word" { type = string }
variable "number" { type = number }
variable "surroundings" { type = string }
data "terraform_remote_state" "one" {
  backend = "local"
  config  = { path = "../one/terraform.tfstate" }
}
module "part" {
  source = "../../modules/part"
  x      = file("${path.module}/../../shared/read.txt")
}
resource "terraform_data" "it" {
  input = [
    var.word, var.number, var.surroundings, module.part.x,
    data.terraform_remote_state.one.outputs.used,
    filesha256("../../shared/hidden/.secret"),
    [for name in fileset("../../shared/tree", "**") : name],
  ]
}
"#;

fn one(used: &str, unused: &str) -> String {
    format!(
        "resource \"terraform_data\" \"it\" {{\n  input = \"{used} {unused}\"\n}}\noutput \"used\" {{\n  value = \
         \"{used}\"\n}}\noutput \"unused\" {{\n  value = \"{unused}\"\n}}\n"
    )
}

fn up(space: &Space, word: &str, around: &str) -> Output {
    let line = ["--json", "--explain", &format!("word={word}"), "up", "--yes"];
    space.shipway(line).env("SURROUNDINGS", around).run()
}

/// The workspaces that were planned.
#[track_caller]
fn planned(output: &Output) -> Vec<String> {
    let story = output.exits(0).story();
    let plans = story.commands().into_iter().filter(|line| line.contains(" plan "));
    let name = |line: &str| line.split("-chdir=terraform/").nth(1)?.split(' ').next().map(str::to_owned);
    plans.filter_map(name).collect()
}

#[track_caller]
fn assert_stands(output: &Output) {
    assert_eq!(planned(output), [""; 0], "{}", output.all());
    let story = output.story();
    for step in ["workspace:two:plan", "workspace:two:apply"] {
        let ending = story.ending(step);
        let Ending::UpToDate { reason } = ending else { panic!("{step}: {ending:?}") };
        assert!(reason.starts_with("nothing that it is made from changed since"), "{reason}");
    }
}

#[test]
fn a_plan_that_would_be_the_last_one_again_is_left_out_and_any_change_brings_it_back() {
    needs!("terraform");
    let space = two();
    assert_eq!(planned(&up(&space, "first", "x")), ["one", "two"]);
    let before = space.bytes("terraform/two/terraform.tfstate");
    assert_stands(&up(&space, "first", "x"));
    assert_eq!(space.bytes("terraform/two/terraform.tfstate"), before);

    type Change = (&'static str, fn(&Space));
    let changes: [Change; 9] = [
        ("terraform/two/main.tf", |space| space.write("terraform/two/main.tf", &format!("{TWO}# more\n"))),
        ("terraform/two/more.tf", |space| space.write("terraform/two/more.tf", "locals {}\n")),
        ("modules/part/main.tf", |space| {
            space.write(
                "modules/part/main.tf",
                "variable \"x\" {}\noutput \"x\" {\n  value = \"<${var.x}>\"\n}\n",
            );
        }),
        ("shared/read.txt", |space| space.write("shared/read.txt", "other")),
        ("shared/hidden/.secret", |space| space.write("shared/hidden/.secret", "other")),
        ("shared/tree/", |space| space.write("shared/tree/a/b/d.txt", "new")),
        ("values/two.tfvars", |space| space.write("values/two.tfvars", "number = 2\n")),
        ("its state", |space| {
            space.terraform("two", &["state", "rm", "terraform_data.it"]);
        }),
        ("terraform/two/terraform.tfvars", |space| {
            space.write("terraform/two/terraform.tfvars", "# nothing\n");
        }),
    ];
    for (part, change) in changes {
        change(&space);
        let changed = up(&space, "first", "x");
        assert_eq!(planned(&changed), ["two"], "{part}: {}", changed.all());
        assert!(changed.stdout.contains(part), "the reason names {part}: {}", changed.stdout);
        assert_stands(&up(&space, "first", "x"));
    }

    let other = up(&space, "second", "x");
    assert_eq!(planned(&other), ["two"]);
    assert!(other.stdout.contains("the variable `word`"), "{}", other.stdout);
    assert_stands(&up(&space, "second", "x"));
    // A variable of the environment may be read by any provider.
    let other = up(&space, "second", "y");
    assert_eq!(planned(&other), ["one", "two"]);
    assert!(other.stdout.contains("$SURROUNDINGS"), "{}", other.stdout);
    assert_stands(&up(&space, "second", "y"));
    // Both would see a variable of terraform's own.
    let space_with = |space: &Space| {
        let line = ["--json", "word=second", "up", "--yes"];
        space.shipway(line).env("SURROUNDINGS", "y").env("TF_CLI_ARGS_plan", "-parallelism=2").run()
    };
    assert_eq!(planned(&space_with(&space)), ["one", "two"]);
    let forced =
        space.shipway(["--json", "word=second", "up", "--yes", "--force"]).env("SURROUNDINGS", "y").run();
    assert_eq!(planned(&forced), ["one", "two"]);
}

#[test]
fn of_another_state_only_outputs_that_are_referred_to_count() {
    needs!("terraform");
    let space = two();
    up(&space, "w", "x").exits(0);
    assert_stands(&up(&space, "w", "x"));
    space.write("terraform/one/main.tf", &one("used", "changed"));
    assert_eq!(planned(&up(&space, "w", "x")), ["one"]);
    space.write("terraform/one/main.tf", &one("changed", "changed"));
    let other = up(&space, "w", "x");
    assert_eq!(planned(&other), ["one", "two"]);
    assert!(other.stdout.contains("outputs of `one`"), "{}", other.stdout);
    assert!(space.read("terraform/two/terraform.tfstate").contains("\"changed\""));
    assert_stands(&up(&space, "w", "x"));
    // The state is moved by its root's backend, and read from the old place: nobody's state any more.
    let moved = "terraform {\n  backend \"local\" {\n    path = \"moved.tfstate\"\n  }\n}\n";
    let old = space.bytes("terraform/one/terraform.tfstate");
    space.write("terraform/one/backend.tf", moved);
    space.terraform("one", &["init", "-migrate-state", "-force-copy", "-input=false"]);
    std::fs::write(space.path("terraform/one/terraform.tfstate"), old).unwrap();
    for _ in 0..2 {
        let planned = planned(&up(&space, "w", "x"));
        assert!(planned.contains(&"two".to_owned()), "{planned:?}");
    }
}

#[test]
fn a_root_that_looks_at_the_world_is_planned_each_time() {
    needs!("terraform");
    for (main, why) in [
        ("output \"at\" {\n  value = timestamp()\n}\n", "`timestamp` gives another value each time"),
        (
            "locals {\n  path = \"../../x.txt\"\n}\noutput \"x\" {\n  value = file(local.path)\n}\n",
            "`file` has a path that is put together",
        ),
        (
            "data \"terraform_remote_state\" \"x\" {\n  backend = \"local\"\n  config = { path = \"../../x.tfstate\" \
             }\n  defaults = {}\n}\nresource \"terraform_data\" \"it\" {\n  input = \
             keys(data.terraform_remote_state.x.outputs)\n}\n",
            "",
        ),
    ] {
        let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.two]\n")
            .workspace("two", main)
            .file("x.txt", "x")
            .file(
                "x.tfstate",
                "{\"version\":4,\"terraform_version\":\"1.11.4\",\"serial\":1,\"lineage\":\"l\",\"outputs\":{},\"resources\":[]}",
            );
        for _ in 0..2 {
            let output = space.run("--json --explain up --yes");
            assert_eq!(planned(&output), ["two"], "{main}");
            assert!(output.stdout.contains(why), "{main}: {}", output.stdout);
        }
    }
}

#[test]
fn what_did_not_end_well_and_what_was_destroyed_is_planned_again() {
    needs!("terraform");
    let fails = "resource \"terraform_data\" \"it\" {\n  provisioner \"local-exec\" {\n    command = \"test -e \
                 ../../go\"\n  }\n}\n";
    let space =
        Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.two]\n").workspace("two", fails);
    let up = || space.run("--json up --yes");
    up().exits(1);
    up().exits(1);
    space.write("go", "");
    assert_eq!(planned(&up()), ["two"]);
    assert_stands(&up());
    space.run("down --yes").exits(0);
    assert_eq!(planned(&up()), ["two"]);
    assert_eq!(space.state("two"), ["terraform_data.it"]);
    // A preview that finds something takes the right to stand away, as does `clean-cache`.
    assert_stands(&up());
    space.run("clean-cache").exits(0);
    assert_eq!(planned(&up()), ["two"]);
    // An apply by name plans in any case.
    let apply = space.run("--json apply-two --yes");
    assert_eq!(planned(&apply), ["two"]);
}

#[test]
fn what_is_kept_of_a_plan_is_private_and_tells_no_value() {
    needs!("terraform");
    let space = two();
    up(&space, "hunter2-word", "hunter2-surroundings").exits(0);
    let path = ".shipway/cache/workspace:two:plan/ground.json";
    let text = space.read(path);
    assert!(text.contains("the variable `word`") && !text.contains("hunter2"), "{text}");
    assert_eq!(space.path(path).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // An unkeyed digest could be tried out.
    assert!(!text.contains(blake3::hash(b"\"hunter2-word\"").to_hex().as_str()));
}
