//! What is up to date and what is not: every row of the comparison of task runners, and what follows from how it is done.
//!
//! Each task appends a line to `log` when it runs, so a test counts what happened and not what was said.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process_group};
use shipway::event::EventKind;
use shipway::plan::{Ending, Reason, Verdict};

use crate::harness::space::gate;
use crate::harness::{Space, Story};

const BUILD: &str = "[tasks.build]\nsources = [\"src/**\"]\noutputs = [\"out\"]\n\
                     run = \"cat src/* >out; echo x >>log\"\n";

fn project() -> Space {
    Space::with_tasks(BUILD).file("src/a", "one\n").file("src/b", "two\n")
}

/// How often the tasks have run.
fn runs(space: &Space) -> usize {
    if space.has("log") { space.read("log").lines().count() } else { 0 }
}

/// Runs `line` and says whether that ran anything.
#[track_caller]
fn does(space: &Space, line: &str) -> bool {
    let before = runs(space);
    space.run(line).exits(0);
    runs(space) > before
}

/// A project whose task has been run, and is up to date.
#[track_caller]
fn built() -> Space {
    let space = project();
    assert!(does(&space, "build"));
    assert!(!does(&space, "build"), "it is not even up to date when nothing changed");
    space
}

#[track_caller]
fn set_time(space: &Space, path: &str, time: SystemTime) {
    File::options().write(true).open(space.path(path)).unwrap().set_modified(time).unwrap();
}

fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

/// The only verdict on a step.
#[track_caller]
fn verdict(story: &Story, step: &str) -> Verdict {
    let of_step = story.events.iter().filter(|event| event.step.as_deref() == Some(step));
    let all: Vec<&Verdict> = of_step
        .filter_map(|event| match &event.kind {
            EventKind::Judged(verdict) => Some(verdict),
            _ => None,
        })
        .collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

// The rows.

#[test]
fn edit() {
    let space = built();
    // As long as before, and perhaps in the same tick of the clock.
    space.write("src/a", "eno\n");
    assert!(does(&space, "build"));
    assert_eq!(space.read("out"), "eno\ntwo\n");
    assert!(!does(&space, "build"));
}

#[test]
fn edit_older_mtime() {
    let space = built();
    space.write("src/a", "eno\n");
    set_time(&space, "src/a", long_ago());
    assert!(does(&space, "build"));
}

#[test]
fn edit_with_the_same_mtime_and_size() {
    let space = project();
    set_time(&space, "src/a", long_ago());
    assert!(does(&space, "build"));
    assert!(!does(&space, "build"));
    space.write("src/a", "eno\n");
    set_time(&space, "src/a", long_ago());
    assert!(does(&space, "build"));
}

#[test]
fn edit_build_edit_back() {
    let space = built();
    space.write("src/a", "other\n");
    assert!(does(&space, "build"));
    space.write("src/a", "one\n");
    assert!(does(&space, "build"));
    assert_eq!(space.read("out"), "one\ntwo\n");
}

#[test]
fn touch_only() {
    let space = built();
    set_time(&space, "src/a", SystemTime::now());
    assert!(!does(&space, "build"));
    set_time(&space, "src/a", long_ago());
    assert!(!does(&space, "build"));
}

#[test]
fn source_deleted() {
    let space = built();
    std::fs::remove_file(space.path("src/b")).unwrap();
    assert!(does(&space, "build"));
    assert_eq!(space.read("out"), "one\n");
}

#[test]
fn older_source_added() {
    let space = built();
    space.write("src/deep/c", "");
    space.write("elsewhere", "");
    set_time(&space, "src/deep/c", long_ago());
    let story = space.run("--json build").story();
    let Verdict::Stale(Reason::Source { path, .. }) = verdict(&story, "task:build") else {
        panic!("{story:?}")
    };
    assert_eq!(path, "src/deep/c");
}

#[test]
fn output_removed() {
    let space = built();
    std::fs::remove_file(space.path("out")).unwrap();
    assert!(does(&space, "build"));
    assert!(space.has("out"));
}

#[test]
fn output_changed() {
    let space = built();
    space.write("out", "by hand\n");
    assert!(does(&space, "build"));
    assert_eq!(space.read("out"), "one\ntwo\n");
}

#[test]
fn command_changed() {
    let space = built();
    space.write("tasks.toml", &format!("# only moved\n\n{BUILD}"));
    assert!(!does(&space, "build"));
    space.write("tasks.toml", &BUILD.replace("cat src/*", "cat  src/*"));
    assert!(does(&space, "build"));
}

/// The script of `build` waits after its output, and leaves its process in `pid`.
fn gated() -> Space {
    let space = project();
    let script = format!(
        "cat src/* >out; echo $$ >pid; {}; echo x >>log",
        gate(&space.path("started"), &space.path("go"))
    );
    space.write("tasks.toml", &BUILD.replace("cat src/* >out; echo x >>log", &script));
    space
}

/// Kills Shipway, and what it leaves behind, in the middle of `build`.
fn kill_half_way(space: &Space) {
    let running = space.start("build");
    space.wait_for("started");
    running.signal(Signal::KILL);
    assert_eq!(running.wait().signal(), Some(9));
    let left = Pid::from_raw(space.read("pid").trim().parse().unwrap()).unwrap();
    kill_process_group(left, Signal::KILL).ok();
}

#[test]
fn killed_half_way() {
    let space = gated();
    kill_half_way(&space);
    assert!(space.has("out"));
    space.write("go", "");
    assert!(does(&space, "build"));
    assert!(!does(&space, "build"));
}

#[test]
fn killed_half_way_and_all_put_back_as_it_was() {
    let space = gated();
    space.write("go", "");
    assert!(does(&space, "build"));
    std::fs::remove_file(space.path("go")).unwrap();
    std::fs::remove_file(space.path("started")).unwrap();
    space.write("src/a", "other\n");
    kill_half_way(&space);
    assert_eq!(space.read("out"), "other\ntwo\n");
    space.write("src/a", "one\n");
    space.write("out", "one\ntwo\n");
    space.write("go", "");
    let story = space.run("--json build").story();
    assert_eq!(verdict(&story, "task:build"), Verdict::Stale(Reason::Unfinished));
    assert_eq!(runs(&space), 2);
}

// What a run leaves.

#[test]
fn a_failure_is_not_recorded() {
    let space = built();
    space.write("tasks.toml", &BUILD.replace("echo x >>log", "echo x >>log; test ! -e fail"));
    space.write("fail", "");
    space.run("build").exits(1);
    space.run("build").exits(1);
    std::fs::remove_file(space.path("fail")).unwrap();
    assert!(does(&space, "build"));
    assert!(!does(&space, "build"));
}

#[test]
fn a_source_that_changes_while_the_task_runs_is_not_lost() {
    let space = project();
    space.write(
        "tasks.toml",
        &BUILD.replace("echo x >>log", "echo x >>log; test -e once || echo new >src/b; touch once"),
    );
    assert!(does(&space, "build"));
    assert_eq!(space.read("out"), "one\ntwo\n");
    space.run("--explain build").exits(0).says("runs: src/b changed while it ran");
    assert_eq!(space.read("out"), "one\nnew\n");
    assert!(!does(&space, "build"));
}

#[test]
fn an_output_that_was_not_made_is_told_and_the_task_runs_again() {
    let space = project();
    space.write("tasks.toml", &BUILD.replace("[\"out\"]", "[\"out\", \"lib/*.a\"]"));
    space.run("build").exits(0).says("it did not make its output `lib/*.a`");
    assert!(does(&space, "build"));
}

#[test]
fn what_a_task_makes_among_its_sources_is_no_source() {
    let space = project();
    space.write("tasks.toml", "[tasks.build]\nsources = [\"**\", \"!log\"]\noutputs = [\"out\"]\nrun = \"cat src/* >out; echo x >>log\"\n");
    assert!(does(&space, "build"));
    assert!(!does(&space, "build"));
}

#[test]
fn sources_that_fit_nothing_make_nothing_up_to_date() {
    for sources in ["\"srk/**\"", "\"src/**\", \"src/c\""] {
        let space = project();
        space.write("tasks.toml", &BUILD.replace("\"src/**\"", sources));
        assert!(does(&space, "build"));
        assert!(does(&space, "build"), "{sources}");
    }
}

#[test]
fn outputs_alone_are_enough_and_folders_mean_all_in_them() {
    let space = Space::with_tasks(
        "[tasks.setup]\noutputs = [\"lib\"]\nrun = \"mkdir -p lib/deep; touch lib/deep/x; echo x >>log\"\n",
    );
    assert!(does(&space, "setup"));
    assert!(!does(&space, "setup"));
    space.write("lib/deep/y", "");
    assert!(does(&space, "setup"));
    std::fs::remove_dir_all(space.path("lib")).unwrap();
    assert!(does(&space, "setup"));
}

#[test]
fn the_bit_that_makes_a_program_counts() {
    let space = built();
    std::fs::set_permissions(space.path("src/a"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(does(&space, "build"));
}

#[test]
fn two_runs_at_once_leave_a_whole_record() {
    let space = project();
    let all: Vec<_> = (0..6).map(|_| space.start("--force build")).collect();
    all.into_iter().for_each(|running| {
        running.wait().exits(0);
    });
    // Whoever ended last saw what all had made; where two were at it, one more run settles it.
    space.run("build").exits(0);
    assert!(!does(&space, "build"));
    let names: Vec<String> = std::fs::read_dir(space.path(".shipway/cache/task:build"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_record_that_is_damaged_is_none() {
    let space = built();
    let folder = space.path(".shipway/cache/task:build");
    let record = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::metadata(&record).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&record).unwrap();
    std::fs::write(&record, &bytes[..bytes.len() / 2]).unwrap();
    assert!(does(&space, "build"));
}

// What goes in besides files.

#[test]
fn arguments_and_variables_each_count() {
    let space = Space::with_tasks(
        "[vars]\nv = \"1\"\ncommand = { sh = \"cat told\" }\n[env]\nALL = \"a\"\n[tasks.t]\nargs = [\"a=x\"]\nsources = [\"src\"]\n\
         env = { OWN = \"{{ vars.v }}\" }\ndotenv = [\"dot.env\"]\nrun = \"echo {{ vars.command }} ${CALLER:-}; echo x >>log\"\n",
    )
    .file("src/a", "")
    .file("told", "1")
    .file("dot.env", "D=1\n# a remark\n");
    assert!(does(&space, "t") && !does(&space, "t"));
    assert!(does(&space, "t y") && !does(&space, "t y") && !does(&space, "t"));
    let said = |line: &str, reason: &str| {
        space.run(line).exits(0).says(&format!("runs: {reason} changed"));
        assert!(!does(&space, line));
    };
    said("--explain v=2 t", "$OWN");
    space.write("told", "2");
    said("--explain v=2 t", "vars.command");
    space.write("dot.env", "D=1\n");
    assert!(!does(&space, "v=2 t"));
    space.write("dot.env", "D=2\n");
    said("--explain v=2 t", "$D");
    let with = |value: &str| space.shipway(["--explain", "v=2", "t"]).env("CALLER", value);
    with("1").run().exits(0).says("runs: $CALLER changed");
    with("1").run().exits(0).does_not_say("runs:");
    with("2").run().exits(0).says("runs: $CALLER changed");
    let tasks = space.read("tasks.toml");
    space.write("tasks.toml", &tasks.replace("ALL = \"a\"", "ALL = \"b\""));
    with("2").run().exits(0).says("runs: $ALL changed");
}

#[test]
fn a_secret_counts_and_neither_it_nor_its_plain_digest_is_kept() {
    let space = Space::with_tasks(
        "[vars]\ntoken = { env = \"TOKEN\", secret = true }\n[tasks.t]\nsources = [\"src\"]\nenv = { T = \"{{ vars.token }}\" }\nrun = \"echo x >>log\"\n",
    )
    .file("src/a", "");
    let with = |value: &str| space.shipway(["--explain", "t"]).env("TOKEN", value).run();
    with("hunter2-hunter2").exits(0);
    with("hunter2-hunter2").exits(0).does_not_say("runs:");
    with("hunter3-hunter3").exits(0).says("runs: $T changed").does_not_say("hunter");
    assert_eq!(runs(&space), 2);
    for entry in std::fs::read_dir(space.path(".shipway/cache/task:t")).unwrap() {
        let text = String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()).into_owned();
        assert!(
            !text.contains("hunter") && !text.contains(blake3::hash(b"hunter3-hunter3").to_hex().as_str())
        );
    }
    // Without a place for the key nothing can be compared, and nothing is up to date.
    let mut homeless = space.shipway(["t"]).env("TOKEN", "hunter3-hunter3").env("HOME", "");
    homeless = homeless.env("XDG_STATE_HOME", "");
    homeless.run().exits(0);
    homeless.run().exits(0);
    assert_eq!(runs(&space), 4);
}

#[test]
fn another_place_of_a_program_counts() {
    let space = Space::with_tasks("[tasks.t]\nsources = [\"src\"]\nrun = [{ exec = [\"made-up\"] }]\n")
        .file("src/a", "")
        .tool("made-up", "#!/bin/sh\necho x >>log\n");
    assert!(does(&space, "t") && !does(&space, "t"));
    let other = space.path("other");
    std::fs::create_dir(&other).unwrap();
    std::os::unix::fs::symlink(space.root.parent().unwrap().join("bin/made-up"), other.join("made-up"))
        .unwrap();
    let path = format!("{}:/usr/bin:/bin", other.display());
    space.shipway(["--explain", "t"]).env("PATH", path).run().exits(0).says("the place of `made-up` changed");
}

// Tasks that need others.

const CHAIN: &str = "[tasks.lib]\nsources = [\"src/a\"]\noutputs = [\"lib\"]\nrun = \"head -c 3 src/a >lib; echo x >>lib.log\"\n\
                     [tasks.group]\ndepends = [\"lib\"]\n\
                     [tasks.app]\ndepends = [\"group\"]\nsources = [\"src/b\"]\nrun = \"echo x >>log\"\n";

#[test]
fn a_task_runs_again_only_when_what_it_needs_made_something_else() {
    let space = project();
    space.write("tasks.toml", CHAIN);
    assert!(does(&space, "app") && !does(&space, "app"));
    // It runs, and makes the same.
    space.write("src/a", "one, longer\n");
    assert!(!does(&space, "app"));
    assert_eq!(space.read("lib.log").lines().count(), 2);
    space.write("src/a", "two\n");
    space.run("--explain app").exits(0).says("runs: what `group` makes changed");
    assert_eq!(runs(&space), 2);
    // Also when it was made in another run.
    space.write("src/a", "three\n");
    space.run("lib").exits(0);
    assert!(does(&space, "app") && !does(&space, "app"));
}

#[test]
fn a_need_that_does_not_say_what_it_makes_counts_as_changed_when_it_ran() {
    let space = project();
    space.write("tasks.toml", &CHAIN.replace("outputs = [\"lib\"]\n", ""));
    assert!(does(&space, "app") && !does(&space, "app"));
    space.write("src/a", "one, longer\n");
    assert!(does(&space, "app") && !does(&space, "app"));
}

#[test]
fn a_need_without_sources_counts_as_changed_always_but_with_outputs_as_they_are() {
    let space = project();
    space.write("tasks.toml", &CHAIN.replace("sources = [\"src/a\"]\noutputs = [\"lib\"]\n", ""));
    assert!(does(&space, "app"));
    space.run("--explain app").exits(0).says("`group` runs each time");
    assert_eq!(runs(&space), 2);
    space.write("tasks.toml", &CHAIN.replace("sources = [\"src/a\"]\n", "cache = false\n"));
    assert!(does(&space, "app") && !does(&space, "app"));
    assert_eq!(space.read("lib.log").lines().count(), 4);
    space.write("src/a", "two\n");
    assert!(does(&space, "app"));
}

// What is said.

#[test]
fn explain_names_the_file_for_each_task() {
    let space = project();
    space.write("tasks.toml", &format!("{CHAIN}[tasks.always]\nrun = \"true\"\n"));
    space
        .run("--explain app ::: always")
        .exits(0)
        .says("lib | runs: it has not been done yet")
        .says("app | runs: it has not been done yet")
        .says("always | runs: it names neither `sources` nor `outputs`");
    space.write("src/a", "two\n");
    space.run("--explain lib").exits(0).says("runs: src/a changed");
    space.run("lib").exits(0).says("up to date: 1 source and 1 output unchanged").does_not_say("runs:");
    space.run("--explain --force lib").exits(0).says("runs: --force");
}

#[test]
fn a_dry_run_foresees_and_writes_nothing() {
    let space = project();
    space.write("tasks.toml", &format!("[vars]\nv = {{ sh = \"touch pwned; echo 1\" }}\n{CHAIN}[tasks.v]\nsources = [\"src/b\"]\nrun = \"echo {{{{ vars.v }}}}\"\n"));
    let line = "--dry-run app ::: v";
    let foreseen = || {
        let text = space.run(line).exits(0).stdout.clone();
        let titles = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
        titles.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        foreseen(),
        [
            "1. v  (runs: it has not been done yet)",
            "2. lib  (runs: it has not been done yet)",
            "3. group",
            "4. app  (runs: it has not been done yet)"
        ]
    );
    assert!(!space.has(".shipway") && !space.has("pwned"));
    space.run("app ::: v").exits(0);
    std::fs::remove_file(space.path("pwned")).unwrap();
    assert_eq!(
        foreseen(),
        [
            "1. v  (runs only if vars.v changed, which a run will tell)",
            "2. lib  (up to date: 1 source and 1 output unchanged)",
            "3. group",
            "4. app  (up to date: 1 source unchanged)"
        ]
    );
    space.write("src/a", "two\n");
    let text = foreseen().join("\n");
    assert!(text.contains("lib  (runs: src/a changed)"), "{text}");
    assert!(text.contains("app  (runs only if what `group` makes changed, which a run will tell)"), "{text}");
    assert!(!space.has("pwned"));
    let json = space.run("--dry-run --json lib").exits(0).stdout.clone();
    let steps = crate::harness::space::lines(&json);
    let reason = serde_json::json!({ "verdict": "stale", "reason": "source", "path": "src/a", "change": "changed", "others": 0 });
    assert_eq!((steps.len(), &steps[0]["foreseen"]), (1, &reason));
}

#[test]
fn force_runs_and_clean_cache_forgets() {
    let space = project();
    space.write("tasks.toml", CHAIN);
    assert!(does(&space, "app") && does(&space, "--force app") && !does(&space, "app"));
    space.run("clean-cache --dry-run").exits(0).prints("would forget the last success of 2 steps\n");
    assert!(!does(&space, "app"));
    space.run("clean-cache app").exits(0).prints("forgot the last success of 1 step\n");
    assert!(does(&space, "app"));
    assert_eq!(space.read("lib.log").lines().count(), 2);
    space.run("clean-cache ap").exits(2).says("did you mean `app`?");
    space.run("clean-cache").exits(0).prints("forgot the last success of 2 steps\n");
    space.run("clean-cache").exits(0).prints("nothing is recorded, so nothing was up to date\n");
    assert!(does(&space, "app"));
}

#[test]
fn the_end_of_a_task_that_is_up_to_date_says_how_much_was_looked_at() {
    let space = built();
    let story = space.run("--json build").story();
    assert_eq!(verdict(&story, "task:build"), Verdict::Fresh { sources: 2, outputs: 1 });
    let Ending::UpToDate { reason } = story.ending("task:build") else { panic!("{story:?}") };
    assert_eq!(reason, "2 sources and 1 output unchanged");
}

#[test]
fn patterns_of_an_included_file_start_at_its_folder() {
    let space = Space::with_tasks("[include]\ndocs = \"docs/tasks.toml\"\n")
        .file("docs/tasks.toml", "[tasks.t]\nsources = [\"*.md\", \"../shared\"]\noutputs = [\"out\"]\nrun = \"touch out; echo x >>../log\"\n")
        .file("docs/a.md", "")
        .file("shared/deep/x", "");
    assert!(does(&space, "docs:t") && !does(&space, "docs:t"));
    space.write("a.md", "");
    assert!(!does(&space, "docs:t"));
    space.write("shared/deep/x", "1");
    assert!(does(&space, "docs:t"));
    space.write("docs/a.md", "1");
    assert!(does(&space, "docs:t"));
}

#[test]
fn a_value_in_a_pattern_means_itself() {
    let space = Space::with_tasks(
        "[tasks.t]\nargs = [\"name\"]\nsources = [\"src/{{ name }}\"]\nrun = \"echo x >>log\"\n",
    )
    .file("src/*", "")
    .file("src/a", "");
    assert!(does(&space, "t *") && !does(&space, "t *"));
    space.write("src/a", "changed");
    assert!(!does(&space, "t *"));
    space.write("src/*", "changed");
    assert!(does(&space, "t *"));
    space.run("t ../../x").exits(3).says("it leads out of the project's folder");
}
