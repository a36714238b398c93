//! `watch` and `choose`, from outside.

use rustix::process::Signal;

use crate::harness::patience::until_true;
use crate::harness::space::gate;
use crate::harness::{Space, needs};

/// How many lines a file has; none where there is no file.
fn lines(space: &Space, file: &str) -> usize {
    if space.has(file) { space.read(file).lines().count() } else { 0 }
}

#[test]
fn a_task_runs_again_when_something_in_its_folder_changes() {
    let space = Space::with_tasks(
        "[tasks.it]\nargs = [\"word\"]\ndir = \"src\"\nrun = \"echo {{ word }} >>../ran\"\n",
    )
    .file("src/a", "1");
    let watch = space.start("watch it hello");
    until_true("the first run is over", || watch.stderr().contains("waiting for changes"));
    assert_eq!(space.read("ran"), "hello\n");
    // Elsewhere nothing is looked at.
    space.write("b", "1");
    space.write("src/a", "2");
    until_true("the task ran again", || lines(&space, "ran") == 2);
    until_true("it waits again", || watch.stderr().matches("waiting for changes").count() == 2);
    watch.signal(Signal::INT);
    let output = watch.wait();
    output.exits(130).says("watch: src/a changed");
    assert!(!output.stderr.contains("watch: b changed"));
}

#[test]
fn what_git_ignores_starts_nothing() {
    needs!("git");
    let space = Space::with_tasks("[tasks]\nit = \"date >out.log; echo x >>made.log\"\n")
        .file(".gitignore", "*.log\n");
    space.git(&["init", "--quiet"]);
    let watch = space.start("watch it");
    until_true("the first run is over", || watch.stderr().contains("waiting for changes"));
    space.write("other.log", "1");
    space.write("a", "1");
    until_true("the task ran again", || lines(&space, "made.log") == 2);
    until_true("it waits again", || watch.stderr().matches("waiting for changes").count() == 2);
    watch.signal(Signal::TERM);
    let output = watch.wait();
    output.exits(143).says("watch: a changed").does_not_say("log changed");
}

#[test]
fn a_run_that_is_under_way_is_told_politely_first() {
    let space = Space::with_tasks("").file("src/a", "1");
    let wait = gate(&space.path("started"), &space.path("go"));
    space.write("tasks.toml", &format!("[tasks.it]\ndir = \"src\"\nrun = '''\ntrap 'echo told >>../told; exit 1' INT\n{wait}\necho done >>../done\n'''\n"));
    let watch = space.start("watch it");
    space.wait_for("started");
    space.write("src/a", "2");
    space.wait_for("told");
    space.write("go", "");
    until_true("the second run is over", || lines(&space, "done") == 1);
    watch.signal(Signal::INT);
    watch.wait().exits(130);
    assert_eq!(space.read("told"), "told\n");
}

#[test]
fn a_slip_is_told_before_anything_is_watched() {
    let space = Space::with_tasks("[tasks]\nit = \"true\"\n");
    space.run("watch ti").exits(2).says("did you mean `it`?");
    space.run("watch it surplus").exits(2).says("takes no arguments");
}

#[test]
fn a_task_is_picked_by_a_part_of_its_name_and_asked_for_what_it_needs() {
    let space = Space::with_tasks(
        "[tasks]\nlint = \"touch linted\"\n[tasks.deploy]\ndescription = \"Bring it there\"\nargs = [\"where\"]\nrun = \"echo {{ where }} >deployed\"\n",
    );
    space.run("choose").exits(4).says("only be chosen on a terminal");
    let terminal = space.shipway(["choose"]).terminal();
    terminal.wait_for("Bring it there");
    terminal.types("dpl\r");
    terminal.wait_for("where");
    terminal.types("prod\r");
    terminal.wait().exits(0);
    assert_eq!(space.read("deployed"), "prod\n");
    assert!(!space.has("linted"));
}
