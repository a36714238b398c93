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

#[test]
fn a_newer_version_of_a_tool_that_a_task_requires_counts() {
    for required in ["made-up", "made-up >=1"] {
        let program = |version: &str| format!("#!/bin/sh\necho made-up {version}\n");
        let space = Space::with_tasks(&format!(
            "[tasks.t]\nrequires.tools = [\"{required}\"]\nsources = [\"src\"]\nrun = \"made-up | cat >>log\"\n"
        ))
        .file("src/a", "")
        .tool("made-up", &program("1.2.0"));
        space.run("t").exits(0);
        space.run("t").exits(0);
        assert_eq!(space.read("log"), "made-up 1.2.0\n", "{required}");
        let space = space.tool("made-up", &program("1.9.9"));
        let foreseen = space.run("--dry-run --explain t").exits(0).stdout.clone();
        assert!(foreseen.contains("the tool `made-up` changed"), "{foreseen}");
        space.run("t").exits(0);
        assert_eq!(space.read("log"), "made-up 1.2.0\nmade-up 1.9.9\n", "{required}");
    }
}

#[test]
fn what_finally_calls_and_what_is_waited_for_are_what_a_task_runs() {
    let tasks = |finally: &str, post: &str, waits: &str| {
        format!(
            "[vars.v]\nenv = \"V\"\ndefault = \"\"\n\
             [tasks.t]\nsources = [\"s\"]\nrun = \"echo t >>log\"\n{waits}finally = [{finally}]\n\
             [tasks.post]\nargs = [\"word\"]\n{post}\n",
        )
    };
    let call = |word: &str| format!("{{ task = \"post\", args = [\"{word}\"] }}");
    let run = |text: &str| format!("run = \"{text}\"");
    let file = |path: &str| format!("wait_until = {{ file = \"{path}\" }}\n");
    let (echo, other) = (run("echo {{ word }}"), run("echo {{ word }} {{ vars.v }} ${W-}"));
    let with_env = format!("{other}\nenv = {{ X = \"1\" }}");
    let both = |one: &str, two: &str| format!("{}, {}", call(one), call(two));
    let space = Space::new().file("s", "s\n");
    let (one, two) = (("V", "1"), ("W", "1"));
    for (tasks, variables, what) in [
        (tasks(&call("one"), &echo, ""), vec![], "the first time"),
        (tasks(&call("two"), &echo, ""), vec![], "another argument"),
        (tasks(&call("two"), &other, ""), vec![], "another command"),
        (tasks(&call("two"), &other, ""), vec![one], "a value"),
        (tasks(&call("two"), &other, ""), vec![one, two], "the caller's environment"),
        (tasks(&call("two"), &with_env, ""), vec![one, two], "its environment"),
        (tasks(&both("one", "two"), &echo, ""), vec![], "one more"),
        (tasks(&both("two", "one"), &echo, ""), vec![], "another order"),
        (tasks(&call("one"), &echo, &file("s")), vec![], "a wait"),
        (tasks(&call("one"), &echo, &file("log")), vec![], "another wait"),
        (
            tasks(&call("one"), &echo, "wait_until = { run = \"echo ${W-}\" }\n"),
            vec![],
            "a command that waits",
        ),
        (tasks(&call("one"), &echo, "wait_until = { run = \"echo ${W-}\" }\n"), vec![two], "what that names"),
    ] {
        space.write("tasks.toml", &tasks);
        let does = || {
            let before = runs(&space);
            let line =
                variables.iter().fold(space.shipway(["t"]), |line, (name, value)| line.env(name, *value));
            line.run().exits(0);
            runs(&space) - before
        };
        assert_eq!((does(), does()), (1, 0), "{what}");
    }
}

#[test]
fn one_of_several_names_in_braces_is_enough() {
    let space = Space::with_tasks(
        "[tasks.t]\nsources = [\"config.{yml,yaml}\"]\noutputs = [\"out.{js,mjs}\", \"{a,b}/{c,d}\"]\n\
         run = \"mkdir -p b; cat config.* >out.mjs; cp out.mjs b/c; echo t >>log\"\n",
    )
    .file("config.yml", "one\n");
    assert_eq!((counted(&space, "t"), counted(&space, "t")), (1, 0));
    space.write("config.yaml", "");
    assert_eq!((counted(&space, "t"), counted(&space, "t")), (1, 0));
    ["config.yml", "config.yaml"].iter().for_each(|path| std::fs::remove_file(space.path(path)).unwrap());
    let told = space.run("--dry-run t").exits(0).stdout.clone();
    assert!(told.contains("runs: config.yaml is gone"), "{told}");
}

#[test]
fn a_folder_that_is_made_may_stay_empty() {
    let space = Space::with_tasks(
        "[tasks.t]\noutputs = [\"build\"]\nrun = \"mkdir -p build; echo t >>log\"\n\
         [tasks.not]\noutputs = [\"nothing\"]\nrun = \"echo not >>log\"\n",
    );
    assert_eq!((counted(&space, "t"), counted(&space, "t")), (1, 0));
    std::fs::remove_dir(space.path("build")).unwrap();
    let told = space.run("--dry-run t").exits(0).stdout.clone();
    assert!(told.contains("runs: its output build is gone"), "{told}");
    assert_eq!((counted(&space, "t"), counted(&space, "t")), (1, 0));
    assert_eq!((counted(&space, "not"), counted(&space, "not")), (1, 1));
}

#[test]
fn a_record_in_which_a_byte_is_another_is_none() {
    let space = Space::with_tasks(
        "[tasks.b]\nsources = [\"a\"]\nexports = [\"NAME\"]\nrun = \"echo NAME=right >>$SHIPWAY_OUTPUT\"\n\
         [tasks.r]\ndepends = [\"b\"]\nrun = \"echo {{ tasks.b.NAME }}\"\n",
    )
    .file("a", "one\n");
    assert!(space.run("r").exits(0).stdout.contains("right"));
    let folder = space.path(".shipway/cache").read_dir().unwrap().next().unwrap().unwrap().path();
    let record = folder.read_dir().unwrap().next().unwrap().unwrap().path();
    for (text, at) in [("right", 0), ("NAME\"", 1)] {
        let mut bytes = std::fs::read(&record).unwrap();
        let start = bytes.windows(text.len()).position(|part| part == text.as_bytes()).unwrap();
        bytes[start + at] ^= 1;
        std::fs::write(&record, bytes).unwrap();
        assert!(space.run("r").exits(0).stdout.contains("right"), "{text}");
        assert!(space.run("r").exits(0).stdout.contains("right"), "{text}");
    }
}

#[test]
fn a_dry_run_does_not_know_what_a_step_before_will_have_written() {
    let tasks = |made: &str| {
        format!(
            "[tasks.gen]\nsources = [\"g\"]\noutputs = [\"o\"]\nrun = \"{made}; echo gen >>log\"\n\
             [tasks.any]\nrun = \"echo any >>log\"\n\
             [tasks.waits]\nwait_for = [\"gen\", \"any\"]\nsources = [\"o\"]\nrun = \"echo waits >>log\"\n\
             [tasks.all]\nrun = [{{ task = \"gen\" }}, {{ task = \"needs\" }}]\n\
             [tasks.needs]\ndepends = [\"gen\"]\nsources = [\"o\"]\nrun = \"echo needs >>log\"\n"
        )
    };
    let space = Space::with_tasks(&tasks("cp g o")).file("g", "one\n");
    space.run("gen ::: waits").exits(0);
    space.run("all").exits(0);
    space.run("any").exits(0);
    let told = |line: &str| space.run(&format!("--dry-run {line}")).exits(0).stdout.clone();
    let all = told("gen ::: waits");
    assert_eq!(all.matches("up to date").count(), 2, "{all}");
    let any = told("any ::: waits");
    assert!(any.contains("runs only if its sources changed, which a run will tell"), "{any}");
    // It will write what is a source.
    space.write("g", "two\n");
    let all = told("gen ::: waits");
    assert!(all.contains("runs: g changed"), "{all}");
    assert!(all.contains("runs only if o changed, which a run will tell"), "{all}");
    assert!(told("waits").contains("up to date"));
    // What is there now is not what will be there.
    space.write("g", "one\n");
    space.write("o", "by hand\n");
    for line in ["needs", "all"] {
        let needs = told(line);
        assert!(!needs.contains("runs: o changed"), "{needs}");
        assert!(needs.contains("o changed, which a run will tell"), "{needs}");
    }
    assert_eq!(counted(&space, "needs"), 1);
}
