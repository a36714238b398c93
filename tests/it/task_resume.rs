//! `resume`: a run of tasks goes on where it failed or was killed.

use rustix::process::Signal;

use crate::harness::Space;

const CHAIN: &str = r#"
[tasks.one]
run = "echo one >>ran"
[tasks.two]
depends = ["one"]
args = ["with=a b"]
run = "echo two {{ with }} >>ran; test -e go"
[tasks.three]
depends = [{ task = "two", args = ["it's"] }]
run = "echo three >>ran"
[tasks.beside]
run = "echo beside >>ran"
"#;

#[test]
fn what_succeeded_is_not_run_again() {
    let space = Space::with_tasks(CHAIN);
    space.run("resume").exits(2).says("there are no runs yet");
    space.run("-k -j1 three ::: beside").exits(1);
    assert_eq!(space.read("ran"), "beside\none\ntwo it's\n");
    space.write("go", "");
    let dry = space.run("resume --dry-run");
    dry.exits(0);
    assert!(
        dry.stdout.contains("one  (not again: done in the run ") && !dry.stdout.contains("three  ("),
        "{}",
        dry.all()
    );
    assert_eq!(space.read("ran"), "beside\none\ntwo it's\n");
    space.run("resume").exits(0);
    assert_eq!(space.read("ran"), "beside\none\ntwo it's\ntwo it's\nthree\n");
    space.run("resume").exits(4).says("the last run came to a good end");
}

#[test]
fn a_run_that_was_killed_is_gone_on_with_and_that_again() {
    let space = Space::with_tasks(
        r#"
[tasks.one]
run = "echo one >>ran"
[tasks.two]
depends = ["one"]
run = "echo two >>ran; : >runs; test -e go || sleep 60"
[tasks.three]
depends = ["two"]
run = "echo three >>ran; test -e further"
[tasks.all]
run = [{ task = "three" }, "echo all >>ran"]
"#,
    );
    let running = space.start("all");
    space.wait_for("runs");
    space.run("resume").exits(4).says("is under way").says("attach --run");
    running.signal(Signal::KILL);
    assert_eq!(running.wait().signal(), Some(9));
    space.write("go", "");
    space.run("resume").exits(1);
    assert_eq!(space.read("ran"), "one\ntwo\ntwo\nthree\n");
    space.write("further", "");
    space.run("resume").exits(0);
    assert_eq!(space.read("ran"), "one\ntwo\ntwo\nthree\nthree\nall\n");
}

#[test]
fn what_was_done_is_kept_when_a_run_that_goes_on_does_not_come_far() {
    let space = Space::with_tasks(
        "[tasks.a]\nrun = \"echo a >>ran\"\n\
         [tasks.b]\ndepends = [\"a\"]\nrun = \"test -e fixed; echo b >>ran; : >runs; test -e go || sleep 60\"\n\
         [tasks.all]\nconfirm = \"Sure?\"\ndepends = [\"b\"]\nrun = \"echo all >>ran\"\n",
    );
    space.run("--yes all").exits(1);
    space.write("fixed", "");
    // Nobody is there to answer, and nothing was done.
    space.run("resume").exits(4).says("--yes");
    for _ in 0..2 {
        let running = space.start("resume --yes");
        space.wait_for("runs");
        running.signal(Signal::KILL);
        assert_eq!(running.wait().signal(), Some(9));
        std::fs::remove_file(space.path("runs")).unwrap();
    }
    space.write("go", "");
    space.run("resume --yes").exits(0);
    assert_eq!(space.read("ran"), "a\nb\nb\nb\nall\n");
}

#[test]
fn what_was_done_before_something_that_it_needs_was_done_once_more_is_not_kept() {
    let space = Space::with_tasks(
        "[tasks.a]\nexports = [\"x\"]\nrun = \"echo a >>ran; echo x=1 >>$SHIPWAY_OUTPUT; test ! -e late || { : >runs; sleep 60; }\"\n\
         [tasks.b]\ndepends = [\"a\"]\nrun = \"echo b >>ran\"\n\
         [tasks.c]\ndepends = [\"b\"]\nrun = \"test -e fixed; echo c >>ran\"\n",
    );
    space.run("c").exits(1);
    assert_eq!(space.read("ran"), "a\nb\n");
    // What `a` hands on is kept nowhere, so it runs again: and dies before `b` does.
    space.write("late", "");
    let running = space.start("resume");
    space.wait_for("runs");
    running.signal(Signal::KILL);
    assert_eq!(running.wait().signal(), Some(9));
    std::fs::remove_file(space.path("late")).unwrap();
    space.write("fixed", "");
    space.run("resume").exits(0);
    assert_eq!(space.read("ran"), "a\nb\na\na\nb\nc\n");
}

#[test]
fn what_needs_something_that_runs_again_does_too() {
    let space = Space::with_tasks(
        r#"
[tasks.made]
sources = ["in"]
outputs = ["out"]
run = "echo made >>ran; cp in out"
[tasks.uses]
depends = ["made"]
run = "echo uses >>ran"
[tasks.hands]
exports = ["x"]
run = "echo hands >>ran; echo x=1 >>$SHIPWAY_OUTPUT"
[tasks.last]
depends = ["uses"]
run = "echo {{ tasks.hands.x }} >/dev/null; test -e go"
"#,
    )
    .file("in", "1");
    space.run("-j1 last").exits(1);
    std::fs::remove_file(space.path("ran")).unwrap();
    space.run("-j1 resume").exits(1);
    assert_eq!(space.read("ran"), "hands\n", "what it hands on is kept nowhere");
    space.write("in", "2");
    space.write("go", "");
    std::fs::remove_file(space.path("ran")).unwrap();
    space.run("-j1 resume").exits(0);
    let ran = space.read("ran");
    assert!(ran.contains("made\n") && ran.contains("uses\n"), "{ran}");
}

#[test]
fn another_tasks_file_or_force_runs_all_again_and_a_run_can_be_named() {
    let space = Space::with_tasks(CHAIN);
    space.run("three").exits(1);
    let story = space.run("history --json").stdout;
    let first: serde_json::Value = serde_json::from_str(story.lines().next().unwrap()).unwrap();
    let id = first["run"].as_str().unwrap().to_owned();
    space.run("beside").exits(0);
    space.write("go", "");
    std::fs::remove_file(space.path("ran")).unwrap();
    space.run(&format!("resume {id} --force")).exits(0);
    assert_eq!(space.read("ran"), "one\ntwo it's\nthree\n");
    std::fs::remove_file(space.path("ran")).unwrap();
    space.write("tasks.toml", &format!("{CHAIN}\n# changed\n"));
    space.run(&format!("resume {id}")).exits(0);
    assert_eq!(space.read("ran"), "one\ntwo it's\nthree\n");
    space.run("resume 1999").exits(2).says("there is no run `1999`");
}

#[test]
fn questions_are_asked_again_and_a_secret_is_not_typed_for_anybody() {
    let space = Space::with_tasks(
        r#"
[vars]
token = { env = "TOKEN", default = "hunter2-and-more", secret = true }
[tasks.ship]
confirm = "Really?"
args = ["what="]
run = "false"
"#,
    );
    space.run("--yes ship").exits(1);
    space.run("resume").exits(4).says("--yes");
    space.run("resume --yes").exits(1);
    space.shipway(["--yes", "ship", "hunter2-and-more"]).env("TOKEN", "hunter2-and-more").run().exits(1);
    space.shipway(["resume"]).env("TOKEN", "hunter2-and-more").run().exits(4).says("held a secret");
}
