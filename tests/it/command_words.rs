//! Words behind a command's name: its options and its help, also where it can't start.

use crate::harness::Space;
use crate::harness::space::lines;

#[test]
fn a_command_that_cannot_start_says_so_as_json_wherever_that_is_asked() {
    let space = Space::with_tasks("[tasks]\nx = \"true\"\n");
    for command in [
        "up",
        "up nosuch",
        "down nosuch",
        "cancel",
        "attach",
        "server setup",
        "deploy v1",
        "totag v1",
        "rollback",
        "secrets push",
        "-e nosuch up",
        "up ::: nosuch",
    ] {
        let after = match command.split_once(" :::") {
            Some((first, rest)) => format!("{first} --json :::{rest}"),
            None => format!("{command} --json"),
        };
        let (before, after) = (space.run(&format!("--json {command}")), space.run(&after));
        assert_eq!(after.stdout, before.stdout, "{command}");
        let told = lines(&after.stdout);
        assert_eq!(told.len(), 1, "{command}: {}", after.all());
        let code = told[0]["exit_code"].as_i64().unwrap();
        assert_ne!(code, 0, "{command}");
        after.exits(i32::try_from(code).unwrap());
        before.exits(i32::try_from(code).unwrap());
        assert_eq!(after.stderr, "", "{command}");
    }
}

#[test]
fn the_help_of_run_is_not_taken_for_a_task() {
    let space = Space::with_tasks("[tasks.x]\nargs = [\"rest...\"]\nrun = \"echo {{ rest }}\"\n");
    let page = space.run("help run").exits(0).stdout.clone();
    assert!(page.contains("Usage: shipway run "), "{page}");
    space.run("run --help").exits(0).prints(&page);
    space.run("run -h").exits(0).prints(&page);
    // Where there is no tasks file, too.
    Space::new().run("run --help").exits(0).prints(&page);
    assert!(!space.run("run x --help").exits(0).stdout.contains("shipway run"));
}
