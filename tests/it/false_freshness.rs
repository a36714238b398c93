//! What was taken for up to date, or for done, and was not: ends that are no success, two runs at once, and what a task declares.

use crate::harness::Space;

fn runs(space: &Space) -> usize {
    if space.has("log") { space.read("log").lines().count() } else { 0 }
}

/// Runs `line` and says how many commands that ran.
#[track_caller]
fn counted(space: &Space, line: &str) -> usize {
    let before = runs(space);
    space.run(line).exits(0);
    runs(space) - before
}

#[test]
fn a_failure_that_is_ignored_is_no_success_and_what_needs_it_runs_as_well() {
    let space = Space::with_tasks(
        "[tasks.gen]\nsources = [\"a\"]\noutputs = [\"made\"]\nignore_error = true\n\
         run = \"cp a made; echo gen >>log; test ! -e fail\"\n\
         [tasks.use]\ndepends = [\"gen\"]\nsources = [\"u\"]\noutputs = [\"used\"]\n\
         run = \"cat made >used; echo use >>log\"\n",
    )
    .file("a", "one\n")
    .file("u", "u\n");
    assert_eq!((counted(&space, "use"), counted(&space, "use")), (2, 0));
    space.write("a", "two\n");
    space.write("fail", "");
    assert_eq!(counted(&space, "use"), 2);
    assert_eq!(space.read("used"), "two\n");
    // Also where all is put back as the last success had it.
    space.write("a", "one\n");
    std::fs::remove_file(space.path("fail")).unwrap();
    assert_eq!(counted(&space, "use"), 2);
    assert_eq!((space.read("used").as_str(), counted(&space, "use")), ("one\n", 0));
}

#[test]
fn a_failure_that_ends_after_the_success_of_another_run_is_not_forgotten() {
    let space = Space::with_tasks(
        "[tasks.b]\nsources = [\"a\"]\n\
         run = \"echo b >>log; if mkdir first; then until test -e go; do sleep 0.05; done; exit 3; fi\"\n",
    )
    .file("a", "one\n");
    let first = space.start("b");
    space.wait_for("first");
    assert_eq!(counted(&space, "b"), 1);
    space.write("go", "");
    first.wait().exits(3);
    assert_eq!((counted(&space, "b"), counted(&space, "b")), (1, 0));
}

#[test]
fn what_is_skipped_or_failed_and_ignored_is_not_done_when_a_run_is_resumed() {
    let space = Space::with_tasks(
        "[tasks.cond]\nif = \"test -e ready\"\nrun = \"echo cond >>log\"\n\
         [tasks.soft]\nignore_error = true\nrun = \"echo soft >>log; test ! -e fail\"\n\
         [tasks.hard]\nrun = \"echo hard >>log\"\n\
         [tasks.last]\ndepends = [\"cond\", \"soft\", \"hard\"]\nrun = \"test ! -e fail\"\n",
    )
    .file("fail", "");
    space.run("-j1 last").exits(1);
    assert_eq!(space.read("log"), "soft\nhard\n");
    space.write("ready", "");
    std::fs::remove_file(space.path("fail")).unwrap();
    space.run("resume").exits(0);
    let log = space.read("log");
    let mut again: Vec<&str> = log.lines().skip(2).collect();
    again.sort_unstable();
    assert_eq!(again, ["cond", "soft"]);
}

#[test]
fn a_file_that_outputs_leave_out_is_a_source() {
    let space = Space::with_tasks(
        "[tasks.c]\nsources = [\"**\", \"!tasks.toml\", \"!log\"]\noutputs = [\"dist/**\", \"!dist/index\"]\n\
         run = \"cat dist/index s >dist/out; echo c >>log\"\n\
         [tasks.d]\nsources = [\"s\", \"dist/index\"]\noutputs = [\"dist/**\", \"!dist/index\"]\n\
         run = \"cat dist/index s >dist/out; echo d >>log\"\n",
    )
    .file("dist/index", "one\n")
    .file("s", "s\n");
    for task in ["c", "d"] {
        assert_eq!((counted(&space, task), counted(&space, task)), (1, 0), "{task}");
        space.write("dist/index", &format!("{task}\n"));
        assert_eq!((counted(&space, task), counted(&space, task)), (1, 0), "{task}");
    }
}

#[test]
fn one_more_export_is_a_reason_to_run() {
    let tasks = |exports: &str, reads: &str| {
        format!(
            "[tasks.b]\nsources = [\"a\"]\nexports = [{exports}]\nrun = \"sh values\"\n\
             [tasks.r]\ndepends = [\"b\"]\nrun = \"echo {reads}\"\n"
        )
    };
    let space = Space::with_tasks(&tasks("\"X\"", "{{ tasks.b.X }}"))
        .file("a", "one\n")
        .file("values", "echo X=1 >>$SHIPWAY_OUTPUT\n");
    space.run("r").exits(0);
    space.write("values", "echo X=1 >>$SHIPWAY_OUTPUT; echo Y=2 >>$SHIPWAY_OUTPUT\n");
    space.write("tasks.toml", &tasks("\"X\", \"Y\"", "{{ tasks.b.X }} {{ tasks.b.Y }}"));
    assert!(space.run("r").exits(0).stdout.contains("1 2"));
}

#[test]
fn letters_beyond_ascii_are_letters_in_patterns() {
    let space = Space::with_tasks(
        "[tasks.q]\nsources = [\"s/?\"]\nrun = \"echo q >>log\"\n\
         [tasks.k]\nsources = [\"s/[a-zä]\"]\nrun = \"echo k >>log\"\n",
    )
    .file("s/ä", "one\n");
    for task in ["q", "k"] {
        assert_eq!((counted(&space, task), counted(&space, task)), (1, 0), "{task}");
        space.write("s/ä", &format!("{task}\n"));
        assert_eq!(counted(&space, task), 1, "{task}");
    }
}

#[test]
fn what_needs_all_of_a_matrix_is_up_to_date_where_each_of_it_is() {
    let space = Space::with_tasks(
        "[tasks.m]\nmatrix = { x = [\"1\", \"2\"] }\nsources = [\"a\"]\noutputs = [\"o{{ matrix.x }}\"]\n\
         run = \"cp a o{{ matrix.x }}; echo m >>log\"\n\
         [tasks.d]\ndepends = [\"m\"]\nsources = [\"b\"]\noutputs = [\"z\"]\nrun = \"cat o1 o2 >z; echo d >>log\"\n",
    )
    .file("a", "one\n")
    .file("b", "b\n");
    assert_eq!((counted(&space, "d"), counted(&space, "d")), (3, 0));
    space.write("a", "two\n");
    assert_eq!((counted(&space, "d"), counted(&space, "d")), (3, 0));
    assert_eq!(space.read("z"), "two\ntwo\n");
    std::fs::remove_file(space.path("o2")).unwrap();
    assert!(counted(&space, "d") >= 1);
}
