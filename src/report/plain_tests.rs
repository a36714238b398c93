//! What is printed, and where.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use snapbox::{assert_data_eq, str};

use super::*;
use crate::diagnostic::{Fault, FaultKind};
use crate::plan::{Ending, Skip};
use crate::report::sink::Sink;
use crate::report::tape::{Paper, Tape};

fn printed(tape: &Tape) -> String {
    let paper = Paper::default();
    let mut plain = Plain::new(Style::plain(), paper.outputs(), Box::new(|| Duration::ZERO));
    tape.play(&mut plain);
    paper.text()
}

#[test]
fn a_run_of_several_steps_names_the_step_on_each_line() {
    let tape = Tape::new(&[("lint", &[]), ("plan base", &[]), ("apply base", &["plan base"])])
        .started("lint")
        .command("lint", "cargo clippy")
        .started("plan base")
        .line("lint", "\u{1b}[33mwarning\u{1b}[0m: unused")
        .notice(Some("plan base"), Level::Note, "will be created\n  + droplet.web\n\n1 to add")
        .notice(Some("plan base"), Level::Warning, "drift found")
        .after(3)
        .done("plan base", 3)
        .asked("apply base")
        .answered("apply base", true, "--yes")
        .started("apply base")
        .progress("apply base", "1 added", Some((1, 1)))
        .redone("apply base", "plan base")
        .started("plan base")
        .done("plan base", 2)
        .started("apply base")
        .progress("apply base", "1 added", Some((1, 1)))
        .after(20)
        .done("apply base", 12)
        .failed("lint", Fault::new(FaultKind::Failed, "exit status 2").hint("run `cargo fix`"), 22)
        .interrupted(1)
        .finished(1);
    assert_data_eq!(
        printed(&tape),
        str![[r#"
lint | $ cargo clippy
lint | warning: unused
plan base | will be created
plan base |   + droplet.web
plan base |
plan base | 1 to add
plan base | warning: drift found
✓ plan base  done  3s
? Apply base?  approved by `--yes`
> apply base  again from `plan base`: the saved plan is stale
✓ plan base  done  2s
✓ apply base  1 added  12s
✗ lint  failed: exit status 2  22s
SIGINT: ending what runs; the same again ends it at once

✗ lint        failed           22s  exit status 2
✓ plan base   done              2s
✓ apply base  done    1 added  12s

2 done and 1 failed in 23s

error: lint: exit status 2

hint: run `cargo fix`

"#]]
    );
}

#[test]
fn a_single_step_prints_its_lines_as_they_are() {
    let tape = Tape::new(&[("lint", &[])])
        .started("lint")
        .command("lint", "cargo clippy")
        .line("lint", "fine")
        .done("lint", 2)
        .finished(0);
    assert_data_eq!(
        printed(&tape),
        str![[r#"
$ cargo clippy
fine
✓ lint  done  2s

"#]]
    );
}

#[test]
fn a_single_step_that_fails_gives_its_reason_once() {
    let fault = Fault::new(FaultKind::Failed, "`lint` failed: exit status 2").hint("run `cargo fix`");
    let tape = Tape::new(&[("lint", &[])]).started("lint").failed("lint", fault, 2).finished(2);
    assert_data_eq!(
        printed(&tape),
        str![[r#"

error: `lint` failed: exit status 2

hint: run `cargo fix`

"#]]
    );
}

#[test]
fn everything_up_to_date_is_said() {
    let tape = Tape::new(&[("lint", &[]), ("plan base", &[])])
        .up_to_date("lint")
        .up_to_date("plan base")
        .finished(0);
    assert_data_eq!(
        printed(&tape),
        str![[r#"
= lint  up to date: its inputs are unchanged
= plan base  up to date: its inputs are unchanged

nothing to do: everything is up to date

"#]]
    );
}

#[test]
fn a_silent_step_is_named_every_thirty_seconds() {
    let seconds = Arc::new(AtomicU64::new(0));
    let read = Arc::clone(&seconds);
    let paper = Paper::default();
    let clock: Clock = Box::new(move || Duration::from_secs(read.load(Ordering::Relaxed)));
    let mut plain = Plain::new(Style::plain(), paper.outputs(), clock);
    Tape::new(&[("lint", &[]), ("apply base", &[])])
        .started("apply base")
        .progress("apply base", "creating droplet.web", Some((1, 4)))
        .play(&mut plain);
    for second in 0..=45 {
        seconds.store(second, Ordering::Relaxed);
        plain.tick();
    }
    assert_data_eq!(
        paper.text(),
        str![[r#"
> apply base  creating droplet.web 1/4
apply base  still running, 31s  creating droplet.web 1/4

"#]]
    );
}

/// What talk and data are where standard output goes there.
fn both(output: StandardOutput, tape: &Tape) -> (String, String) {
    let (talk, data) = (Paper::default(), Paper::default());
    let outputs = Outputs::new(Sink::new(talk.writer()), Sink::new(data.writer()), output);
    tape.play(&mut Plain::new(Style::plain(), outputs, Box::new(|| Duration::ZERO)));
    (talk.text(), data.text())
}

#[test]
fn a_task_is_as_quiet_as_its_command_and_its_output_is_data() {
    let tape = Tape::new(&[("task sha", &[])])
        .started("task sha")
        .command("task sha", "git rev-parse HEAD")
        .line("task sha", "5c5c975")
        .error("task sha", "a warning")
        .done("task sha", 0)
        .finished(0);
    let talk = "$ git rev-parse HEAD\na warning\n".to_owned();
    assert_eq!(both(StandardOutput::Apart, &tape), (talk.clone(), "5c5c975\n".to_owned()));
    assert_eq!(both(StandardOutput::Terminal, &tape), (talk, "5c5c975\n".to_owned()));
    let log = "$ git rev-parse HEAD\n5c5c975\na warning\n".to_owned();
    assert_eq!(both(StandardOutput::Shared, &tape), (log, String::new()));
}

#[test]
fn of_tasks_at_once_a_person_is_told_whose_line_it_is_and_a_program_is_not() {
    let tape = Tape::new(&[("task sha", &[]), ("task lint", &[])])
        .started("task sha")
        .line("task sha", "alone")
        .started("task lint")
        .line("task lint", "\u{1b}[1mfine\u{1b}[0m");
    let data = |output| both(output, &tape).1;
    assert_eq!(data(StandardOutput::Apart), "alone\n\u{1b}[1mfine\u{1b}[0m\n");
    assert_eq!(data(StandardOutput::Terminal), "alone\ntask lint | fine\n");
    let log = both(StandardOutput::Shared, &tape);
    assert_eq!(log, ("task sha | alone\ntask lint | fine\n".to_owned(), String::new()));
}

/// An `up` of two workspaces that `up:conclude` ends.
fn up() -> Tape {
    Tape::new(&[
        ("workspace meta init", &[]),
        ("workspace meta plan", &["workspace meta init"]),
        ("workspace meta approve", &["workspace meta plan"]),
        ("workspace meta apply", &["workspace meta approve"]),
        ("workspace base init", &["workspace meta apply"]),
        ("workspace base apply", &["workspace base init"]),
        ("up conclude", &["workspace base apply"]),
    ])
    .started("workspace meta init")
    .up_to_date("workspace meta init")
    .started("workspace meta plan")
}

#[test]
fn a_failure_names_what_it_keeps_from_starting_in_one_line_and_each_workspace_in_one_row() {
    let fault = Fault::new(FaultKind::Refused, "`Apply meta?` has to be answered").hint("`--yes`");
    let tape = up()
        .progress("workspace meta plan", "8 to add", Some((0, 0)))
        .done("workspace meta plan", 2)
        .started("workspace meta approve")
        .asked("workspace meta approve")
        .answered("workspace meta approve", false, "nobody")
        .failed("workspace meta approve", fault, 0)
        .skipped("workspace meta apply", "workspace meta approve")
        .skipped("workspace base init", "workspace meta approve")
        .skipped("workspace base apply", "workspace meta approve")
        .skipped("up conclude", "workspace meta approve")
        .after(2)
        .finished(4);
    assert_data_eq!(
        both(StandardOutput::Apart, &tape).0,
        str![[r#"
✓ workspace meta plan  8 to add  2s
✗ workspace meta approve  failed: `Apply meta?` has to be answered  0s
- 3 steps not started: needs `workspace meta approve`

✗ meta  failed       2s  workspace meta approve
- base  not started      needs `workspace meta approve`

1 not started and 1 failed in 2s

refused: workspace meta approve: `Apply meta?` has to be answered

hint: `--yes`

"#]]
    );
}

#[test]
fn the_last_word_of_a_run_stands_at_its_end() {
    let tape = up()
        .progress("workspace meta plan", "no changes", Some((0, 0)))
        .done("workspace meta plan", 2)
        .started("workspace meta approve")
        .ended("workspace meta approve", Ending::Skipped(Skip::Nothing { reason: "nothing".into() }), 0)
        .up_to_date("workspace meta apply")
        .up_to_date("workspace base init")
        .started("workspace base apply")
        .progress("workspace base apply", "4 added", Some((4, 4)))
        .done("workspace base apply", 3)
        .notice(Some("up conclude"), Level::Note, "1 of 2 workspaces applied\nleft: nothing")
        .done("up conclude", 0)
        .after(5)
        .finished(0);
    assert_data_eq!(
        both(StandardOutput::Apart, &tape).0,
        str![[r#"
✓ workspace meta plan  no changes  2s
✓ workspace base apply  4 added  3s

= meta  unchanged           2s
✓ base  applied    4 added  3s

1 applied and 1 unchanged in 5s

1 of 2 workspaces applied
left: nothing

"#]]
    );
}

#[test]
fn each_line_of_a_command_is_shown_under_the_first() {
    let script = "\nmkdir -p dist\n\nrm -f dist/*\necho ok\n";
    let tape = Tape::new(&[("lint", &[]), ("test", &[])]).started("lint").command("lint", script);
    assert_data_eq!(
        printed(&tape),
        str![[r#"
lint | $ mkdir -p dist
lint |
lint |   rm -f dist/*
lint |   echo ok

"#]]
    );
}
