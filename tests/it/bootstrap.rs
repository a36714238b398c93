//! Up and down: the whole bootstrap of the local template, order, and values on their way from workspace to workspace.

use serde_json::json;

use shipway::plan::Ending;

use crate::harness::space::{gate, resource};
use crate::harness::terminal::asked;
use crate::harness::{Output, Space, Story, needs};

/// Where the template keeps each state.
const STATES: [&str; 5] = ["meta", "base", "dotenv", "stage", "prod"];

fn step(workspace: &str, verb: &str) -> String {
    format!("workspace:{workspace}:{verb}")
}

fn state_files(space: &Space) -> Vec<Vec<u8>> {
    STATES.iter().map(|name| space.bytes(&format!(".local/state/{name}.tfstate"))).collect()
}

#[track_caller]
fn says_that_nothing_changed(output: &Output) -> &Output {
    let said = ["no changes", "nothing to", "up to date"].iter().any(|phrase| output.stderr.contains(phrase));
    assert!(said, "{}", output.all());
    output.does_not_say("added")
}

#[track_caller]
fn assert_in_order(story: &Story, verb: &str, workspaces: &[&str]) {
    for pair in workspaces.windows(2) {
        let (first, then) = (step(pair[0], verb), step(pair[1], verb));
        assert!(story.ended(&first) < story.started(&then), "{then} started before {first} had ended");
    }
}

/// All that git does not know, which is what a run left behind.
fn left_behind(space: &Space) -> String {
    space.git(&["status", "--ignored", "--porcelain"])
}

#[track_caller]
fn assert_template_is_up(space: &Space) {
    for name in STATES {
        assert!(!space.state_at(&format!(".local/state/{name}.tfstate")).is_empty(), "{name} has no state");
    }
    assert!(space.has(".local/repositories/app.git/HEAD"));
    let description = space.read(".local/servers/prod/server.json");
    assert!(description.contains("local-app.test"), "{description}");
    assert_eq!(
        space.bytes(".local/servers/stage/secrets/STAGE_DJANGO"),
        space.bytes(".envs/.staging/.django"),
        "the server has exactly the bytes of the env file"
    );
}

#[test]
fn the_local_template_goes_up_in_order_changes_nothing_again_and_comes_down_whole() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = Space::template_local();

    let up = space.run("--json up --yes --confirm prod");
    let story = up.exits(0).story();
    assert_in_order(&story, "apply", &["meta", "base", "dotenv", "stage"]);
    assert_in_order(&story, "apply", &["dotenv", "prod"]);
    let span = |name: &str| (story.started(&step(name, "init")), story.ended(&step(name, "apply")));
    let (stage, prod) = (span("stage"), span("prod"));
    assert!(stage.0 < prod.1 && prod.0 < stage.1, "stage and prod do not overlap: {stage:?} {prod:?}");
    for name in STATES {
        assert_eq!(*story.ending(&step(name, "apply")), Ending::Done);
    }
    assert_template_is_up(&space);

    let before = state_files(&space);
    let again = space.run("--json up --yes --confirm prod");
    let story = again.exits(0).story();
    for name in STATES {
        let ending = story.ending(&step(name, "apply"));
        assert!(matches!(ending, Ending::UpToDate { .. }), "{name}: {ending:?}");
    }
    assert!(!story.commands().iter().any(|line| line.contains(" apply ")), "{:#?}", story.commands());
    assert_eq!(state_files(&space), before, "a second run leaves every byte of the states as it was");
    says_that_nothing_changed(space.run("up").exits(0));

    let down = space.run("--json down --yes --confirm prod");
    let story = down.exits(0).story();
    assert_in_order(&story, "destroy", &["prod", "stage", "dotenv", "base", "meta"]);
    let planned = STATES.iter().map(|name| story.ended(&step(name, "plan-destroy"))).max().unwrap();
    assert!(
        planned < story.started(&step("prod", "destroy")),
        "a destroy started before all plans were made"
    );
    assert_eq!(left_behind(&space), "!! .shipway/\n");

    let nothing = space.run("--json down");
    let story = nothing.exits(0).story();
    assert!(!story.commands().iter().any(|line| line.contains(" apply ")), "{:#?}", story.commands());
}

#[test]
fn the_first_command_of_the_readme_does_the_same_on_a_terminal() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = Space::template_local();
    let up = || space.shipway(["up", "--yes", "--confirm", "prod"]).terminal().wait();
    up().exits(0).shows("5 workspaces applied");
    assert_template_is_up(&space);
    up().exits(0).shows("nothing to change");
    let down = space.shipway(["down", "--yes", "--confirm", "prod"]).terminal();
    down.wait().exits(0).shows("every state is proven empty");
    assert!(!space.has(".local"));
}

#[test]
fn the_local_template_goes_up_and_down_by_answers_on_a_terminal() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = Space::template_local();

    let up = space.shipway(["-j1", "up"]).terminal();
    for name in ["meta", "base", "dotenv"] {
        let screen = up.wait_for_question(&format!("Apply {name}?"));
        assert!(screen.contains("to add"), "the question shows what it is about:\n{screen}");
        up.types("y\r");
    }
    // stage and prod ask in whichever order they are planned.
    let mut answered = vec!["Apply dotenv?"];
    for _ in 0..2 {
        let screen = up.wait_until("stage or prod asks", |screen| {
            asked(screen).is_some_and(|asked| !answered.iter().any(|known| asked.contains(known)))
        });
        let (question, answer) = if asked(&screen).is_some_and(|asked| asked.contains("Apply stage?")) {
            ("Apply stage?", "y\r")
        } else {
            ("`prod`", "prod\r")
        };
        up.wait_until(question, |screen| asked(screen).is_some_and(|asked| asked.contains(question)));
        up.types(answer);
        answered.push(question);
    }
    up.wait().exits(0);
    assert_template_is_up(&space);

    let down = space.shipway(["down"]).terminal();
    let screen = down.wait_for_word("prod");
    for name in STATES {
        assert!(screen.contains(name), "the list of what goes names {name}:\n{screen}");
    }
    down.types("prod\r");
    down.wait().exits(0);
    assert_eq!(left_behind(&space), "!! .shipway/\n");
}

#[test]
fn workspaces_that_do_not_depend_on_each_other_are_applied_at_the_same_time() {
    needs!("terraform");
    let space =
        Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.left]\n[workspaces.right]\n");
    let (left, right) = (space.path("left-runs"), space.path("right-runs"));
    // Each waits for the other to be in the middle of its apply: one after the other, both would wait in vain.
    let space = space
        .workspace("left", &resource("a", &format!("{}; test -e '{}'", gate(&left, &right), right.display())))
        .workspace(
            "right",
            &resource("a", &format!("{}; test -e '{}'", gate(&right, &left), left.display())),
        );
    space.run("up --yes").exits(0);
}

#[test]
fn outputs_keep_their_types_on_the_way_to_another_workspace_and_secrets_stay_unseen() {
    needs!("terraform");
    let space = Space::with_tasks(
        r#"
[terraform]
root = "terraform"

[workspaces.source]

[workspaces.sink]
depends = ["source"]

[workspaces.sink.vars]
text    = "{{ workspaces.source.outputs.text }}"
number  = "{{ workspaces.source.outputs.number }}"
truth   = "{{ workspaces.source.outputs.truth }}"
list    = "{{ workspaces.source.outputs.list }}"
map     = "{{ workspaces.source.outputs.map }}"
hidden  = "{{ workspaces.source.outputs.hidden }}"
within  = { inner = ["<{{ workspaces.source.outputs.text }}>", 7] }

[tasks.show]
run = "printf '%s|' {{ workspaces.source.outputs.text }} {{ workspaces.source.outputs.list }} {{ workspaces.source.outputs.number }} >shown"
"#,
    );
    let outputs = r#"
resource "terraform_data" "thing" {}
output "text"   { value = "a \"quoted\" $${text} with\na second line" }
output "number" { value = 42.5 }
output "truth"  { value = false }
output "list"   { value = ["a", "b c"] }
output "map"    { value = { one = [1, 2], two = { deep = true } } }
output "hidden" {
  value     = { token = "hunter2-is-secret" }
  sensitive = true
}
"#;
    let sink = r#"
variable "text"   { type = string }
variable "number" { type = number }
variable "truth"  { type = bool }
variable "list"   { type = list(string) }
variable "map" {
  type = object({ one = list(number), two = object({ deep = bool }) })
}
variable "hidden" {
  type      = map(string)
  sensitive = true
}
variable "within" {
  type = object({ inner = tuple([string, number]) })
}
resource "terraform_data" "kept" {
  input = [var.text, var.number, var.truth, var.list, var.map, nonsensitive(var.hidden.token), var.within]
}
"#;
    let space = space.workspace("source", outputs).workspace("sink", sink);
    let up = space.run("up --yes");
    up.exits(0);
    let state: serde_json::Value =
        serde_json::from_slice(&space.bytes("terraform/sink/terraform.tfstate")).unwrap();
    let text = "a \"quoted\" ${text} with\na second line";
    assert_eq!(
        state["resources"][0]["instances"][0]["attributes"]["input"]["value"],
        json!([
            text,
            42.5,
            false,
            ["a", "b c"],
            { "one": [1, 2], "two": { "deep": true } },
            "hunter2-is-secret",
            { "inner": [format!("<{text}>"), 7] },
        ])
    );
    let shown = |output: &Output| format!("{}{}", output.stdout, output.stderr);
    assert!(!shown(&up).contains("hunter2"), "{}", up.all());
    // Again, read from the state this time.
    let again = space.run("up --yes");
    assert!(!shown(says_that_nothing_changed(again.exits(0))).contains("hunter2"), "{}", again.all());
    space.run("show").exits(0);
    assert_eq!(space.read("shown"), format!("{text}|[\"a\",\"b c\"]|42.5|"));
    let output = space.run("output-source");
    output.exits(0);
    assert!(!shown(&output).contains("hunter2"), "{}", output.all());
}

#[test]
fn a_large_output_arrives_whole() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.source]\n[workspaces.sink]\nvars = { large = \"{{ workspaces.source.outputs.large }}\" }\n",
    )
    .workspace(
        "source",
        &format!(
            "resource \"terraform_data\" \"a\" {{}}\noutput \"large\" {{\n  sensitive = true\n  \
             value = join(\"\", [for i in range(1000) : \"{}\"])\n}}\n",
            "0123456789".repeat(40)
        ),
    )
    .workspace(
        "sink",
        "variable \"large\" {\n  type = string\n}\nresource \"terraform_data\" \"kept\" {\n  input = length(var.large)\n}\n",
    );
    space.run("up --yes").exits(0);
    assert!(space.read("terraform/sink/terraform.tfstate").contains("400000"));
}

#[test]
fn an_apply_out_of_order_is_refused_and_names_what_is_missing() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = Space::template_local();
    let refused = space.run("--yes apply-stage");
    refused.exits(4).says("stage").says("base");
    assert_eq!(
        left_behind(&space)
            .lines()
            .filter(|line| !line.contains(".shipway") && !line.contains(".terraform"))
            .count(),
        0,
        "nothing was made:\n{}",
        left_behind(&space)
    );
    assert!(!space.has(".local"));

    space.run("up --yes meta base").exits(0);
    let before = space.bytes(".local/state/meta.tfstate");
    let refused = space.run("--yes destroy-meta");
    refused.exits(4).says("base");
    assert_eq!(space.bytes(".local/state/meta.tfstate"), before);
    assert!(space.has(".local/repositories/app.git/HEAD"));
    space.run("--yes apply-stage").exits(4).says("dotenv");
}

#[test]
fn a_destroy_out_of_order_is_refused_and_changes_nothing() {
    needs!("terraform");
    let space = Space::three_in_a_row();
    space.run("up --yes").exits(0);
    let before = space.bytes("terraform/one/terraform.tfstate");
    let refused = space.run("--yes destroy-one");
    refused.exits(4).says("three").says("lives");
    assert_eq!(space.bytes("terraform/one/terraform.tfstate"), before);
    assert!(!space.has("terraform/one/.terraform.tfstate.lock.info"));
    // In the right order each goes.
    for name in ["three", "two", "one"] {
        space.run(&format!("--yes destroy-{name}")).exits(0);
        assert_eq!(space.state(name), [""; 0]);
    }
}

#[test]
fn what_needs_no_env_files_works_without_them_and_what_does_names_them() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = Space::template_local();
    let tasks = space.read("tasks.toml").replace(", { task = \"env-files\" }", "");
    assert!(!tasks.contains("{ task ="), "the sample files are no longer made");
    space.write("tasks.toml", &(tasks + "\n[tasks.hello]\nrun = \"touch hello\"\n"));
    space.run("hello").exits(0);
    assert!(space.has("hello"));
    std::fs::remove_file(space.path("hello")).unwrap();
    space.run("up base --yes").exits(0);
    assert!(space.has(".local/repositories/app.git/HEAD"));
    space.run("status").exits(0);
    let missing = space.run("up --yes --confirm prod");
    missing.exits(3).says(".envs/.");
    assert!(!space.has(".local/state/dotenv.tfstate"));
    // A teardown does not need them either: they may be long gone.
    space.run("down --yes --confirm prod").exits(0);
    assert!(!space.has(".local"), "{}", left_behind(&space));
}

#[test]
fn up_of_one_workspace_takes_what_it_needs_and_nothing_else() {
    needs!("terraform");
    let space = Space::three_in_a_row();
    space.run("up two --yes").exits(0);
    assert!(space.has("made/one") && space.has("made/two") && !space.has("made/three"));
    space.run("down two --yes").exits(0);
    assert_eq!(space.state("two"), [""; 0]);
    assert_eq!(space.state("one"), ["terraform_data.thing"]);
}
