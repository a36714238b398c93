//! Two workspaces on a server: `source` gives outputs, `sink` reads its state and takes a value as a variable. And the machines that work on them.

use std::fs;

use crate::harness::Space;
use crate::harness::space::gate;

/// The tasks file, with these lines for `[env]`.
fn tasks(env: &str) -> String {
    format!(
        "[terraform]\nroot = \"terraform\"\nlock_timeout = \"40s\"\n{env}\n[workspaces.source]\n\
         [workspaces.sink]\ndepends = [\"source\"]\nvars = {{ word = \"{{{{ workspaces.source.outputs.word }}}}\" }}\n"
    )
}

/// `block` and `config` say where the states are, for the workspace itself and for who reads it. Where it is `gated`, the second resource of
/// `source` says by the file `waits` that it is being made, and waits for `go`.
pub(super) fn chain(env: &str, block: impl Fn(&str) -> String, config: (&str, &str), gated: bool) -> Space {
    let space = Space::with_tasks(&tasks(env));
    let middle = if gated { gate(&space.path("waits"), &space.path("go")) } else { "true".to_owned() };
    let line = |name: &str| format!("echo {name} >>'{}'", space.path("made").display());
    let source = format!(
        "{}resource \"terraform_data\" \"first\" {{\n  input = \"a\"\n  provisioner \"local-exec\" {{\n    command = \"{}\"\n  }}\n}}\n\
         resource \"terraform_data\" \"second\" {{\n  input = terraform_data.first.output\n  provisioner \"local-exec\" {{\n    \
         command = <<-EOT\n      {}\n      {middle}\n    EOT\n  }}\n}}\noutput \"word\" {{\n  value = terraform_data.second.output\n}}\n",
        block("source"),
        line("first"),
        line("second"),
    );
    let (kind, config) = config;
    let sink = format!(
        "{}variable \"word\" {{\n  type = string\n}}\n\
         data \"terraform_remote_state\" \"source\" {{\n  backend = \"{kind}\"\n  config  = {config}\n}}\n\
         resource \"terraform_data\" \"read\" {{\n  input = data.terraform_remote_state.source.outputs.word\n}}\n\
         resource \"terraform_data\" \"given\" {{\n  count = 2\n  input = var.word\n}}\n",
        block("sink"),
    );
    space.workspace("source", &source).workspace("sink", &sink)
}

/// The same project on another machine: its files, and nothing that a run left.
pub(super) fn another_machine(space: &Space) -> Space {
    let mut other = Space::new();
    other.environment.clone_from(&space.environment);
    for file in ["tasks.toml", "terraform/source/main.tf", "terraform/sink/main.tf"] {
        let path = other.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(space.path(file), path).unwrap();
    }
    other
}

/// The addresses in a state.
pub(super) fn addresses(state: Option<serde_json::Value>) -> Vec<String> {
    let resources = state.unwrap_or_default()["resources"].as_array().cloned().unwrap_or_default();
    let managed = resources.iter().filter(|it| it["mode"] == "managed");
    managed.map(|it| format!("{}.{}", it["type"].as_str().unwrap(), it["name"].as_str().unwrap())).collect()
}

/// The lines that resources of `source` left when they were made.
pub(super) fn made(space: &Space) -> Vec<String> {
    let text = fs::read_to_string(space.path("made")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// One is in the middle of an apply, the other waits for its state's lock and says so, `as_told`; then both are through and the other had
/// nothing to do.
#[track_caller]
pub(super) fn meet(one: &Space, as_told: &[&str]) {
    let other = another_machine(one);
    let first = one.start("up --yes");
    one.wait_for("waits");

    let hasty = other.read("tasks.toml").replace("40s", "300ms");
    let patient = other.read("tasks.toml");
    other.write("tasks.toml", &hasty);
    let refused = other.run("up --yes");
    refused.exits(6);
    as_told.iter().for_each(|phrase| {
        refused.says(phrase);
    });
    // Nothing that is not its own is ever released.
    let refused = other.run("up --yes --unlock-own-stale");
    refused.exits(6);
    other.write("tasks.toml", &patient);

    let second = other.start("up --yes");
    crate::harness::patience::until_true("the second waits", || {
        second.stderr().contains("plan source") || second.stderr().contains("waiting for the state lock")
    });
    one.write("go", "");
    first.wait().exits(0);
    // From the first one's last apply on, either may come first to what follows.
    second.wait().exits(0).says("as their files say");
    other.run("up --yes").exits(0).says("nothing to change");
    assert_eq!(made(one), ["first", "second"], "made twice, or never");
}
