//! `graph`, from outside.

use crate::harness::Space;
use crate::harness::space::lines;

const SHOP: &str = r#"
[tasks.lint]
run = "touch ran"

[tasks.build]
depends = ["lint"]
args    = ["target", "--mode="]
confirm = "Really?"
run     = "touch ran"

[tasks.test]
alias   = "t"
depends = ["lint", { task = "build", args = ["debug", "--mode=x"] }]
run     = "echo {{ workspaces.base.outputs.id }}"

[tasks.pick]
args    = ["what"]
depends = [{ task = "only", args = ["{{ what }}"] }]

[tasks.only]
args = [{ name = "colour", choices = ["red", "green"] }]
run  = "touch ran"

[terraform]
root = "terraform"

[workspaces.base]
depends = [{ task = "lint" }]

[workspaces.test]
depends = ["base"]
"#;

fn shop() -> Space {
    Space::with_tasks(SHOP).workspace("base", "").workspace("test", "")
}

#[test]
fn the_graph_of_a_task_is_a_tree_and_nothing_is_run() {
    let space = shop();
    space
        .run("graph t")
        .exits(0)
        .prints("test\n├── workspace base\n├── lint\n└── build target=debug mode=x\n    └── lint\n");
    // What can't be done without is stood in for; the question belongs to its task.
    space.run("graph build").exits(0).prints("build target=TARGET mode=MODE\n└── lint\n");
    space.run("graph test test").exits(0);
    assert!(!space.has("ran") && !space.has(".shipway"));
}

#[test]
fn the_whole_project_is_drawn_also_where_an_argument_can_only_be_guessed() {
    let space = shop();
    let output = space.run("graph --json");
    output.exits(0);
    let rows: Vec<String> = lines(&output.stdout)
        .iter()
        .map(|row| {
            let needs: Vec<&str> =
                row["needs"].as_array().unwrap().iter().map(|need| need["name"].as_str().unwrap()).collect();
            format!(
                "{} {} < {}",
                row["kind"].as_str().unwrap(),
                row["name"].as_str().unwrap(),
                needs.join(",")
            )
        })
        .collect();
    for row in [
        "task lint < ",
        "task build target=TARGET mode=MODE < lint",
        "task build target=debug mode=x < lint",
        "task pick < ",
        "task only colour=red < ",
        "workspace base < lint",
        "workspace test < base",
    ] {
        assert!(rows.iter().any(|it| it == row), "{row}: {rows:?}");
    }
    // A task and a workspace of one name stay two.
    assert!(rows.iter().any(|row| row.starts_with("task test < ")), "{rows:?}");
}

#[test]
fn dot_and_mermaid_lead_from_what_comes_first() {
    let space = Space::with_tasks("[tasks]\na = \"true\"\n[tasks.b]\ndepends = [\"a\"]\n");
    space.run("graph b --format dot").exits(0).prints(
        "digraph shipway {\n  rankdir = LR\n  n0 [label = \"b\"]\n  n1 [label = \"a\"]\n  n1 -> n0\n}\n",
    );
    space
        .run("graph b --format=mermaid")
        .exits(0)
        .prints("flowchart LR\n  n0(\"b\")\n  n1(\"a\")\n  n1 --> n0\n");
}

#[test]
fn names_that_are_none_are_told() {
    let space = shop();
    space.run("graph tset").exits(2).says("there is no task or command `tset`").says("did you mean `test`?");
    space.run("graph up").exits(2).says("`up` is a command");
    space.run("graph plan-test").exits(0);
    Space::with_tasks("")
        .run("graph")
        .exits(0)
        .prints("The tasks file has no tasks and no workspaces yet.\n");
}
