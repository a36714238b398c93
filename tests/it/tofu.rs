//! OpenTofu in place of terraform. No binary of it can be had here, so `tofu` is terraform under that name: what is tested is which program is called,
//! with which words, and by which name it is spoken of. What OpenTofu itself says otherwise is in the adapter's own tests.

use crate::harness::{Space, needs, tools};

/// Programs in PATH: `tofu`, which notes its words and is terraform, and a `terraform` that nobody may call.
fn with_tofu(space: Space) -> Space {
    let real = tools::find("terraform").unwrap();
    let note = space.path("words");
    let tofu = format!("#!/bin/sh\necho \"$*\" >>'{}'\nexec '{}' \"$@\"\n", note.display(), real.display());
    let nobody = format!("#!/bin/sh\ntouch '{}'\nexit 1\n", space.path("terraform-was-called").display());
    space.tool("tofu", &tofu).tool("terraform", &nobody)
}

const MAIN: &str = "resource \"terraform_data\" \"thing\" {\n  input = \"made\"\n}\noutput \"word\" {\n  value = terraform_data.thing.output\n}\n";

#[test]
fn a_project_of_opentofu_goes_up_and_comes_down_and_terraform_is_never_called() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\nengine = \"tofu\"\n[workspaces.one]\n[workspaces.two]\ndepends = [\"one\"]\n\
         vars = { word = \"{{ workspaces.one.outputs.word }}\" }\n",
    )
    .workspace("one", MAIN)
    .workspace("two", &format!("variable \"word\" {{\n  type = string\n}}\n{MAIN}"));
    let space = with_tofu(space);
    let dry = space.run("--dry-run up");
    let told = &dry.exits(0).stdout;
    assert!(
        told.contains(" tofu -chdir=terraform/one plan") && !told.contains(" terraform -chdir"),
        "{told}"
    );
    assert!(!space.has("words"), "a dry run calls nobody");

    for line in
        ["plan", "up --yes", "plan --save plans", "drift", "validate-one", "output-one", "status", "check"]
    {
        space.run(line).exits(0);
    }
    space.run("up").exits(0).says("nothing to change");
    space.run("down --yes").exits(0);
    assert!(!space.has("terraform-was-called"));
    let words = space.read("words");
    for word in
        // The state lies on this disk, and is read from there.
        [
            "plan -input=false",
            "apply -input=false",
            "validate -no-color",
            "output -no-color",
            "version -json",
        ]
    {
        assert!(words.contains(word), "{word}: {words}");
    }
}

#[test]
fn each_workspace_may_have_its_own_engine() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\n[workspaces.two]\nengine = \"tofu\"\n",
    )
    .workspace("one", MAIN)
    .workspace("two", MAIN);
    let dry = space.run("--dry-run up");
    for line in ["terraform -chdir=terraform/one plan", "tofu -chdir=terraform/two plan"] {
        assert!(dry.exits(0).stdout.contains(line), "{line}: {}", dry.stdout);
    }
    let shown = space.run("show two");
    assert!(shown.exits(0).stdout.contains("engine          tofu"), "{}", shown.stdout);
    // There is none here.
    let check = space.run("check");
    let missing = "tofu is not installed, or not in PATH; the workspaces need it";
    assert!(check.exits(0).stdout.contains(missing), "{}", check.stdout);
    space.run("up one --yes").exits(0);
    space.run("up two --yes").exits(7).says("`tofu` is not installed, or not in PATH");
}

#[test]
fn files_that_only_opentofu_reads_count_for_it_alone() {
    needs!("terraform");
    let cloud = "terraform {\n  backend \"local\" {\n    path = \"elsewhere.tfstate\"\n  }\n}\n";
    let tasks = |engine: &str| {
        format!("[terraform]\nroot = \"terraform\"\nengine = \"{engine}\"\n[workspaces.one]\n")
    };
    let space =
        Space::with_tasks(&tasks("tofu")).workspace("one", MAIN).file("terraform/one/backend.tofu", cloud);
    let space = with_tofu(space);
    // A backend has to be initialised; the stand-in for OpenTofu does not read it, but Shipway does.
    space.run("up --yes").exits(0);
    assert!(space.read("words").contains("init -input=false"), "{}", space.read("words"));
    let space = Space::with_tasks(&tasks("terraform"))
        .workspace("one", MAIN)
        .file("terraform/one/backend.tofu", cloud);
    let up = space.run("--json up --yes");
    assert!(!up.exits(0).story().commands().iter().any(|line| line.contains(" init ")), "{}", up.stdout);
}
