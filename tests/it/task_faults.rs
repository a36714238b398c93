//! What is said where a task is wrong in itself, and how its texts are shown.

use crate::harness::{Space, needs};

#[test]
fn what_the_file_says_of_a_task_steers_no_terminal() {
    let space = Space::with_tasks(
        r#"
[tasks.sly]
description = "quiet\u001b[2J\u001b]0;owned\u0007"
args = [{ name = "who", help = "some\u001b[31mbody", choices = ["a\u001b[1m", "b"] }, "tone=low\u001b[5m"]
confirm = "Really\u001b[2K?"
env = { NAME = "\u001b[7m" }
run = { exec = ["echo", "\u001b[8m{{ who }}"] }
[tasks.calls]
depends = [{ task = "sly", args = ["b", "\u001b[9m"] }]
"#,
    );
    let lines = ["sly --help", "help sly", "show sly", "show calls", "list", "graph calls"];
    let drawn = ["graph calls --format dot", "graph calls --format mermaid", "--dry-run calls"];
    for line in lines.into_iter().chain(drawn) {
        let output = space.run(line);
        output.exits(0);
        assert!(!output.stdout.contains(['\u{1b}', '\u{7}']), "`{line}`: {:?}", output.stdout);
    }
    let help = space.run("sly --help").stdout;
    assert!(help.contains("quiet\\u{1b}[2J") && help.contains("some\\u{1b}[31mbody"), "{help}");
    let said = space.run("--yes calls").exits(0).stderr.clone();
    assert!(!said.contains(['\u{1b}', '\u{7}']), "{said:?}");

    let terminal = space.shipway(["sly"]).terminal();
    terminal.wait_for("some\\u{1b}[31mbody");
    terminal.wait_for("a\\u{1b}[1m");
    terminal.types("\x1b[B\r");
    terminal.wait_for_question("Really\\u{1b}[2K?");
    terminal.types("n\r");
    let closed = terminal.wait();
    closed.exits(5);
    let raw = String::from_utf8_lossy(&closed.raw);
    assert!(!raw.contains("some\u{1b}[31mbody") && !raw.contains("a\u{1b}[1m\u{1b}"), "{raw:?}");
    assert!(!raw.contains("Really\u{1b}"), "{raw:?}");
}

#[test]
fn a_command_of_finally_that_fails_too_is_told_and_the_first_failure_is_the_result() {
    let space = Space::with_tasks(
        r#"
[tasks.both]
run = "exit 4"
finally = ["exit 6", "exit 5"]
[tasks.ends]
run = "true"
finally = ["exit 6", "exit 5"]
[tasks.ignored]
run = "exit 4"
finally = ["exit 5"]
ignore_error = true
[tasks.cleaner]
run = "exit 7"
[tasks.row]
run = ["exit 4", { task = "both" }]
finally = [{ task = "cleaner" }]
"#,
    );
    let too = "warning: a command of `finally` failed too: ";
    let output = space.run("both");
    output.exits(4).says(&format!("{too}`both (finally)` failed: exit status 5"));
    output.says(&format!("{too}`both (finally)` failed: exit status 6")).says("`both` failed: exit status 4");
    let output = space.run("ends");
    output.exits(5).says(&format!("{too}`ends (finally)` failed: exit status 6"));
    let output = space.run("ignored");
    output
        .exits(0)
        .says("the task ignores it")
        .says(&format!("{too}`ignored (finally)` failed: exit status 5"));
    space.run("row").exits(4).says("`cleaner` failed: exit status 7");
}

#[test]
fn a_script_whose_interpreter_is_not_there_names_it_and_its_place() {
    let space = Space::with_tasks("[tasks.t]\nrun = \"\"\"#!/bin/no-such-shell -e\necho it\n\"\"\"\n");
    let output = space.run("t");
    output.exits(7).says("`/bin/no-such-shell`, which is to run this script, is not there");
    output.says("tasks.toml:2:7").says("`#!/usr/bin/env no-such-shell`").does_not_say("script-");
    let space = Space::with_tasks("[tasks.t]\nrun = \"\"\"#!/bin/sh -e\necho it\n\"\"\"\n");
    space.run("t").exits(0).prints("it\n");
}

#[test]
fn a_dry_run_asks_for_no_argument() {
    let space = Space::with_tasks("[tasks.greet]\nargs = [\"who\"]\nrun = \"echo {{ who }}\"\n");
    let terminal = space.shipway(["--dry-run", "greet"]).terminal();
    terminal.wait().exits(2).shows("`greet` needs the argument `who`");
}

#[test]
fn what_stands_in_place_of_the_file_for_exports_is_no_file_to_wait_for() {
    needs!("mkfifo");
    let space = Space::with_tasks(
        r#"
[tasks.fifo]
exports = ["v"]
run = "rm -f $SHIPWAY_OUTPUT; mkfifo $SHIPWAY_OUTPUT"
[tasks.gone]
exports = ["v"]
run = "rm $SHIPWAY_OUTPUT"
"#,
    );
    let output = space.run("fifo");
    output.exits(1).says("`fifo` put something else in the place of the file that $SHIPWAY_OUTPUT names");
    space.run("gone").exits(1).says("`gone` removed the file that $SHIPWAY_OUTPUT names");
}

#[test]
fn an_export_of_a_task_that_failed_and_ignores_it_is_told_so() {
    let space = Space::with_tasks(
        "[tasks.a]\nexports = [\"v\"]\nignore_error = true\nrun = \"exit 3\"\n[tasks.b]\nrun = \"echo {{ tasks.a.v }}\"\n",
    );
    space
        .run("b")
        .exits(1)
        .says("the task `a` did not hand on `v`")
        .says("it was skipped, or failed, which it ignores");
}
