//! What another run, an editor or a failure does while a task runs: then its success is none to go by.

use crate::harness::Space;

/// Waits in a task's command, not for ever: nobody ends it when a test fails.
const HOLD: &str = "hold() { for turn in $(seq 600); do if test -e $1; then return; fi; sleep 0.05; done; }";

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

fn remove(space: &Space, path: &str) {
    std::fs::remove_file(space.path(path)).unwrap();
}

#[test]
fn a_source_that_changes_and_changes_back_while_the_task_runs_is_no_success() {
    let space = Space::with_tasks(&format!(
        "[tasks.t]\nsources = [\"s\"]\noutputs = [\"out\"]\n\
         run = \"{HOLD}; touch started; hold changed; cat s >out; touch read; hold back; echo t >>log\"\n",
    ))
    .file("s", "A\n");
    let run = space.start("t");
    space.wait_for("started");
    space.write("s", "B\n");
    space.write("changed", "");
    space.wait_for("read");
    space.write("s", "A\n");
    space.write("back", "");
    run.wait().exits(0);
    assert_eq!(space.read("out"), "B\n");
    let told = space.run("--dry-run t").exits(0).stdout.clone();
    assert!(told.contains("runs: s changed while it ran"), "{told}");
    assert_eq!((counted(&space, "t"), counted(&space, "t")), (1, 0));
    assert_eq!(space.read("out"), "A\n");
}

#[test]
fn what_two_runs_make_at_once_of_different_things_is_nobodys() {
    let tasks = format!(
        "[vars.v]\nenv = \"V\"\ndefault = \"\"\n\
         [tasks.m]\nargs = [\"name\"]\noutputs = [\"out\"]\n\
         run = \"{HOLD}; x={{{{ name }}}}{{{{ vars.v }}}}; touch started-$x; hold write-$x; echo $x >out; \
         touch wrote-$x; hold go-$x; echo m >>log\"\n",
    );
    // Of two arguments, of one with two variables, and of two arguments in one process.
    for (one, other, together) in
        [(("a", ""), ("b", ""), false), (("a", "1"), ("a", "2"), false), (("a", ""), ("b", ""), true)]
    {
        let space = Space::with_tasks(&tasks);
        let line = |of: (&str, &str)| space.shipway(["m", of.0]).env("V", of.1);
        let name = |of: (&str, &str)| format!("{}{}", of.0, of.1);
        let mut running = Vec::new();
        if together {
            running.push(space.start(&format!("-j2 m {} ::: m {}", one.0, other.0)));
        } else {
            running.extend([line(one).start(), line(other).start()]);
        }
        space.wait_for(&format!("started-{}", name(one)));
        space.wait_for(&format!("started-{}", name(other)));
        // The one that ends last was the first to write.
        for of in [other, one] {
            space.write(&format!("write-{}", name(of)), "");
            space.wait_for(&format!("wrote-{}", name(of)));
        }
        space.write(&format!("go-{}", name(one)), "");
        space.wait_for("log");
        space.write(&format!("go-{}", name(other)), "");
        for run in running {
            run.wait().exits(0);
        }
        for of in [other, one, other] {
            line(of).run().exits(0);
            assert_eq!(space.read("out").trim(), name(of));
            let before = runs(&space);
            line(of).run().exits(0);
            assert_eq!(runs(&space), before);
        }
    }
}

#[test]
fn runs_at_once_that_make_what_is_their_own_or_the_same_of_the_same_are_recorded() {
    let space = Space::with_tasks(&format!(
        "[tasks.m]\nargs = [\"name\"]\nsources = [\"s\"]\noutputs = [\"out-{{{{ name }}}}\"]\n\
         run = \"{HOLD}; touch started-{{{{ name }}}}; hold go; cp s out-{{{{ name }}}}; echo m >>log\"\n",
    ))
    .file("s", "s\n");
    let all = [space.start("m a"), space.start("m b")];
    space.wait_for("started-a");
    space.wait_for("started-b");
    remove(&space, "started-a");
    let again = space.start("m a");
    space.wait_for("started-a");
    space.write("go", "");
    all.into_iter().chain([again]).for_each(|run| {
        run.wait().exits(0);
    });
    assert_eq!((counted(&space, "m a"), counted(&space, "m b")), (0, 0));
}

#[test]
fn what_a_dependency_made_is_not_made_anew_by_another_run_while_it_is_read() {
    let space = Space::with_tasks(&format!(
        "[tasks.gen]\nsources = [\"g\"]\noutputs = [\"o\"]\n\
         run = \"{HOLD}; if test -e slow; then echo half >o; touch half; hold whole; fi; cp g o; echo gen >>log\"\n\
         [tasks.use]\ndepends = [\"gen\"]\nsources = [\"u\"]\noutputs = [\"uo\"]\n\
         run = \"{HOLD}; touch using; hold read; cat o >uo; echo use >>log\"\n",
    ))
    .file("g", "whole\n")
    .file("u", "u\n");
    for is_fresh in [false, true] {
        if is_fresh {
            // What was made before is taken over, and made anew meanwhile for another reason.
            space.write("u", "other\n");
            remove(&space, "read");
            remove(&space, "using");
        }
        let first = space.start("use");
        space.wait_for("using");
        space.write("slow", "");
        let second = space.start("--force gen");
        space.wait_for("half");
        space.write("read", "");
        first.wait().exits(0);
        assert_eq!(space.read("uo"), "half\n");
        space.write("whole", "");
        second.wait().exits(0);
        ["slow", "half", "whole"].iter().for_each(|path| remove(&space, path));
        assert_eq!((counted(&space, "use"), counted(&space, "use")), (1, 0), "{is_fresh}");
        assert_eq!(space.read("uo"), "whole\n");
    }
}

#[test]
fn what_was_made_anew_from_beginning_to_end_while_it_was_read_counts_too() {
    let space = Space::with_tasks(&format!(
        "[tasks.gen]\nsources = [\"g\"]\noutputs = [\"o\"]\nrun = \"cp g o; echo gen >>log\"\n\
         [tasks.use]\ndepends = [\"gen\"]\nsources = [\"u\"]\noutputs = [\"uo\"]\n\
         run = \"{HOLD}; touch using; hold read; cat o >uo; echo use >>log\"\n",
    ))
    .file("g", "whole\n")
    .file("u", "u\n");
    let first = space.start("use");
    space.wait_for("using");
    space.run("--force gen").exits(0);
    space.write("read", "");
    first.wait().exits(0);
    assert_eq!((counted(&space, "use"), counted(&space, "use")), (1, 0));
}

#[test]
fn what_a_skipped_task_leaves_is_what_is_there() {
    let space = Space::with_tasks(
        "[tasks.a]\nif = \"test ! -e no\"\nsources = [\"a.in\"]\noutputs = [\"a.out\"]\n\
         run = [\"cp a.in a.out\", \"test ! -e fail\", \"echo done >>a.out\"]\n\
         [tasks.b]\ndepends = [\"a\"]\nsources = [\"b.in\"]\noutputs = [\"b.out\"]\n\
         run = \"cat a.out b.in >b.out; echo b >>log\"\n",
    )
    .file("a.in", "one\n")
    .file("b.in", "b\n");
    assert_eq!((counted(&space, "b"), counted(&space, "b")), (1, 0));
    // The half of a failure.
    space.write("a.in", "two\n");
    space.write("fail", "");
    space.run("b").exits(1);
    space.write("no", "");
    assert_eq!((counted(&space, "b"), counted(&space, "b")), (1, 0));
    assert_eq!(space.read("b.out"), "two\nb\n");
    remove(&space, "fail");
    remove(&space, "no");
    assert_eq!((counted(&space, "b"), counted(&space, "b")), (1, 0));
    assert_eq!(space.read("b.out"), "two\ndone\nb\n");
    // Another's hand.
    space.write("a.out", "by hand\n");
    space.write("no", "");
    assert_eq!((counted(&space, "b"), counted(&space, "b")), (1, 0));
    assert_eq!(space.read("b.out"), "by hand\nb\n");
}

#[test]
fn what_names_no_outputs_and_failed_is_unknown_while_it_is_skipped() {
    let space = Space::with_tasks(
        "[tasks.a]\nif = \"test ! -e no\"\nsources = [\"a.in\"]\nrun = [\"cp a.in made\", \"test ! -e fail\"]\n\
         [tasks.b]\ndepends = [\"a\"]\nsources = [\"b.in\"]\nrun = \"cat made >b.out; echo b >>log\"\n",
    )
    .file("a.in", "one\n")
    .file("b.in", "b\n");
    assert_eq!((counted(&space, "b"), counted(&space, "b")), (1, 0));
    space.write("no", "");
    assert_eq!(counted(&space, "b"), 0);
    remove(&space, "no");
    space.write("a.in", "two\n");
    space.write("fail", "");
    space.run("b").exits(1);
    space.write("no", "");
    assert_eq!(counted(&space, "b"), 1);
    assert_eq!(space.read("b.out"), "two\n");
}

#[test]
fn what_needs_a_kept_task_is_up_to_date_when_a_run_is_resumed() {
    let space = Space::with_tasks(
        "[tasks.a]\nrun = \"echo a >>log\"\n\
         [tasks.h]\ndepends = [\"a\"]\n\
         [tasks.b]\ndepends = [\"h\"]\nsources = [\"s\"]\noutputs = [\"o\"]\nrun = \"cp s o; echo b >>log\"\n\
         [tasks.g]\ndepends = [\"b\"]\n\
         [tasks.d]\ndepends = [\"g\"]\nsources = [\"o\"]\nrun = \"echo d >>log\"\n\
         [tasks.c]\ndepends = [\"d\"]\nrun = \"test -e ready; echo c >>log\"\n",
    )
    .file("s", "s\n");
    space.run("c").exits(1);
    assert_eq!(space.read("log"), "a\nb\nd\n");
    space.run("resume").exits(1);
    assert_eq!(space.read("log"), "a\nb\nd\n");
    let told = space.run("resume --dry-run").exits(0).stdout.clone();
    assert_eq!(told.matches("up to date").count(), 2, "{told}");
    space.write("s", "t\n");
    space.write("ready", "");
    space.run("resume").exits(0);
    assert_eq!(space.read("log"), "a\nb\nd\nb\nd\nc\n");
    // Otherwise the first one runs each time, and with it what needs it, but not what needs what that made again.
    assert_eq!(counted(&space, "d"), 2);
}

#[test]
fn a_matrix_of_many_combinations_is_up_to_date() {
    let list = |from: usize| (from..from + 10).map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(", ");
    let space = Space::with_tasks(&format!(
        "[tasks.m]\nmatrix = {{ x = [{}], y = [{}] }}\nsources = [\"s\", \"s-{{{{ matrix.x }}}}\"]\n\
         run = \"echo m >>log\"\n",
        list(10),
        list(20)
    ))
    .file("s", "s\n");
    (10..20).for_each(|x| space.write(&format!("s-{x}"), "one\n"));
    assert_eq!((counted(&space, "m"), counted(&space, "m")), (100, 0));
    space.write("s-12", "two\n");
    assert_eq!((counted(&space, "m"), counted(&space, "m")), (10, 0));
}
