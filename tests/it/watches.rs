//! `watch` and `choose`, from outside.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::harness::patience::{DEADLINE, until_true};
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

#[test]
fn output_and_ctrl_c_do_not_wait_for_a_writer_that_never_stops() {
    let space = Space::with_tasks(
        "[tasks]\nit = '''\nmkdir -p .shipway\nwhile :; do echo x >>.shipway/noise; echo tick; sleep 0.02; done\n'''\n",
    );
    let mut watch = space.start("watch it");
    until_true("output streams", || watch.stdout().matches("tick").count() > 20);
    watch.signal(Signal::INT);
    // So long the run itself may take to end.
    assert!(watch.ends_within(Duration::from_secs(20)), "it does not hear: {}", watch.stderr());
    watch.wait().exits(130).does_not_say("changed");
}

#[test]
fn a_change_is_told_while_something_else_is_written_all_the_time() {
    needs!("git");
    let space = Space::with_tasks("[tasks]\nit = \"echo x >>ran\"\n").file(".gitignore", "*.log\nran\n");
    space.git(&["init", "--quiet"]);
    let watch = space.start("watch it");
    until_true("the first run is over", || watch.stderr().contains("waiting for changes"));
    let log = space.path("noise.log");
    writing(&log, || {
        space.write("a", "1");
        until_true("the task ran again", || lines(&space, "ran") == 2);
        until_true("it waits again", || watch.stderr().matches("waiting for changes").count() == 2);
    });
    watch.signal(Signal::INT);
    watch.wait().exits(130).says("watch: a changed").does_not_say("log changed");
}

#[test]
fn who_never_stops_writing_what_counts_is_not_waited_for_for_ever() {
    let space =
        Space::with_tasks("[tasks.it]\ndir = \"src\"\nrun = \"echo x >>../ran\"\n").file("src/a", "1");
    let watch = space.start("watch it");
    until_true("the first run is over", || watch.stderr().contains("waiting for changes"));
    writing(&space.path("src/a"), || {
        until_true("the task ran again", || lines(&space, "ran") >= 2);
    });
    watch.signal(Signal::INT);
    watch.wait().exits(130).says("watch: src/a changed");
}

/// Writes `file` every few milliseconds while `meanwhile` runs.
fn writing(file: &Path, meanwhile: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let start = Instant::now();
            while !is_over.load(Ordering::Relaxed) && start.elapsed() < DEADLINE {
                std::fs::write(file, format!("{:?}", start.elapsed())).unwrap();
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        meanwhile();
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn links_and_names_that_are_no_utf_8_start_nothing_where_git_ignores_them() {
    needs!("git");
    let space = Space::with_tasks(
        "[tasks]\nit = '''#!/bin/sh\nmkdir -p out; date +%N >out/y; date +%N >\"out/$(printf '\\377')\"; date +%N >\"$(printf '\\376').log\"; echo x >>ran\n'''\n",
    )
    .file(".gitignore", "out/\nlink\nran\n*.log\n");
    space.git(&["init", "--quiet"]);
    std::os::unix::fs::symlink("out", space.path("link")).unwrap();
    let watch = space.start("watch it");
    until_true("the first run is over", || watch.stderr().contains("waiting for changes"));
    for (runs, file) in [(2, "a"), (3, "b")] {
        space.write(file, "1");
        until_true("the task ran again", || watch.stderr().contains(&format!("{file} changed")));
        until_true("it waits again", || watch.stderr().matches("waiting for changes").count() >= runs);
    }
    watch.signal(Signal::INT);
    let output = watch.wait();
    output.exits(130);
    assert_eq!(output.stderr.matches(" changed\n").count(), 2, "{}", output.stderr);
    assert_eq!(lines(&space, "ran"), 3);
}

#[test]
fn nothing_beyond_a_link_is_looked_at_and_a_folder_that_is_one_is() {
    let space = Space::with_tasks("[tasks.it]\ndir = \"src\"\nrun = \"echo x >>../ran\"\n")
        .file("real/a", "1")
        .file("far/a", "1");
    std::os::unix::fs::symlink("real", space.path("src")).unwrap();
    std::os::unix::fs::symlink("../far", space.path("real/beyond")).unwrap();
    let watch = space.start("watch it");
    until_true("the first run is over", || watch.stderr().contains("waiting for changes"));
    space.write("far/a", "2");
    space.write("real/z", "2");
    until_true("the task ran again", || lines(&space, "ran") == 2);
    until_true("it waits again", || watch.stderr().matches("waiting for changes").count() == 2);
    watch.signal(Signal::INT);
    watch.wait().exits(130).says("watch: src/z changed").does_not_say("beyond");
}

#[test]
fn what_a_submodule_and_a_repository_inside_ignore_starts_nothing() {
    needs!("git");
    let space = Space::with_tasks(
        "[tasks]\nit = \"date +%N >inner/made.log; date +%N >vendor/lib/made; echo x >>ran\"\n",
    )
    .file(".gitignore", "ran\nvendor/\n")
    .file("inner/.gitignore", "*.log\n")
    .file("vendor/lib/a", "");
    space.git(&["init", "--quiet"]);
    for repository in ["inner", "vendor/lib"] {
        space.git(&["-C", repository, "init", "--quiet"]);
    }
    space.git(&["-C", "inner", "add", "."]);
    space.git(&["-C", "inner", "commit", "--quiet", "-m", "inner"]);
    // As a submodule, of which the outer repository says nothing.
    space.git(&["add", "inner"]);
    let watch = space.start("watch it");
    until_true("the first run is over", || watch.stderr().contains("waiting for changes"));
    space.write("inner/b", "1");
    until_true("the task ran again", || lines(&space, "ran") == 2);
    until_true("it waits again", || watch.stderr().matches("waiting for changes").count() >= 2);
    space.write("c", "1");
    until_true("the task ran again", || lines(&space, "ran") >= 3);
    watch.signal(Signal::INT);
    let output = watch.wait();
    output.exits(130).says("watch: inner/b changed").says("watch: c changed");
    assert_eq!(output.stderr.matches(" changed\n").count(), 2, "{}", output.stderr);
}

#[test]
fn a_folder_that_was_made_anew_is_watched_on() {
    let space = Space::with_tasks("[tasks.it]\ndir = \"src/app\"\nrun = \"echo * >../../seen\"\n")
        .file("src/app/a", "1");
    let watch = space.start("watch it");
    until_true("the first run is over", || watch.stderr().contains("waiting for changes"));
    for (way, files) in [("removed", ["b", "c", "d"]), ("moved", ["e", "f", "g"])] {
        if way == "removed" {
            std::fs::remove_dir_all(space.path("src")).unwrap();
        } else {
            std::fs::rename(space.path("src"), space.path("old")).unwrap();
        }
        for file in files {
            space.write(&format!("src/app/{file}"), "1");
            until_true("a run saw the file", || space.has("seen") && space.read("seen").contains(file));
        }
    }
    watch.signal(Signal::INT);
    watch.wait().exits(130);
}

#[test]
fn a_run_gets_the_options_that_watch_was_given() {
    let space = Space::with_tasks("[tasks]\nit = \"echo ran >&2\"\n");
    let quiet = space.start("-q --color=always watch it");
    until_true("it ran", || quiet.stderr().contains("ran\n"));
    let loud = space.start("--explain --color=always watch it");
    until_true("the first run is over", || loud.stderr().contains("waiting for changes"));
    for watch in [&quiet, &loud] {
        watch.signal(Signal::INT);
    }
    let quiet = quiet.wait();
    quiet.exits(130);
    assert_eq!(quiet.stderr, "ran\n");
    let loud = loud.wait();
    // Its reason, and its command in colour.
    loud.exits(130).says("runs: it names neither").says("\u{1b}[2m$ echo ran");
}

/// The state of a process: `T` where it is stopped.
fn state(pid: Pid) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").map(|(_, rest)| rest.chars().take(1).collect()).unwrap_or_default()
}

#[test]
fn ctrl_z_stops_the_commands_of_the_run_too_and_fg_lets_them_go_on() {
    needs!("bash");
    let space = Space::with_tasks(
        "[tasks.it]\ndir = \"src\"\nrun = \"echo $$ >../pid; : >../runs; until [ -e ../go ]; do sleep 0.05; done; : >../done\"\n",
    )
    .file("src/a", "");
    let watch = space.start("watch it");
    space.wait_for("runs");
    let command = Pid::from_raw(space.read("pid").trim().parse().unwrap()).unwrap();
    for turn in ["one", "two"] {
        watch.signal(Signal::TSTP);
        until_true("all are stopped", || state(watch.pid) == "T" && state(command) == "T");
        watch.signal(Signal::CONT);
        until_true(turn, || state(watch.pid) != "T" && state(command) != "T");
    }
    space.write("go", "");
    until_true("the run is over", || watch.stderr().contains("waiting for changes"));
    assert!(space.has("done"));
    // Also while nothing runs.
    watch.signal(Signal::TSTP);
    until_true("it is stopped", || state(watch.pid) == "T");
    watch.signal(Signal::CONT);
    watch.signal(Signal::INT);
    watch.wait().exits(130);
}

#[test]
fn a_signal_while_a_task_is_picked_gives_the_cursor_back() {
    let space =
        Space::with_tasks("[tasks]\nlint = \"touch linted\"\n[tasks.inner]\nhide = true\nrun = \"true\"\n");
    let signals =
        [(None, 130), (Some(Signal::INT), 130), (Some(Signal::TERM), 143), (Some(Signal::QUIT), 131)];
    for (signal, code) in signals {
        let terminal = space.shipway(["choose"]).terminal();
        let screen = terminal.wait_for("lint");
        assert!(!screen.contains("inner"), "{screen}");
        match signal {
            Some(signal) => rustix::process::kill_process(terminal.pid(), signal).unwrap(),
            None => drop(terminal.types("\x03")),
        }
        // Among them: the cursor is there.
        terminal.wait().exits(code).shows("nothing was run");
        assert!(!space.has("linted"));
    }
}

#[test]
fn what_a_watched_task_needs_is_asked_once_and_given_to_each_run() {
    needs!("git");
    let space = Space::with_tasks(
        "[tasks.it]\nargs = [\"who\", \"--loud\", \"--as=\"]\nrun = \"echo {{ who }} {{ loud }} {{ as }} >>ran\"\n",
    )
    .file(".gitignore", "ran\n");
    space.git(&["init", "--quiet"]);
    let terminal = space.shipway(["watch", "it", "--loud"]).terminal();
    terminal.wait_for("who");
    terminal.types("-me\r");
    terminal.wait_for("it: as");
    terminal.types("you\r");
    terminal.wait_for("waiting for changes");
    space.write("a", "1");
    until_true("the task ran again", || lines(&space, "ran") == 2);
    terminal.types("\x03");
    terminal.wait().exits(130);
    assert_eq!(space.read("ran"), "-me true you\n-me true you\n");
}

#[test]
fn a_signal_while_an_argument_is_asked_for_gives_the_terminal_back() {
    let space = Space::with_tasks(
        "[tasks.free]\nargs = [\"word\"]\nrun = \"touch ran\"\n\
         [tasks.list]\nargs = [{ name = \"word\", choices = [\"one\", \"two\"] }]\nrun = \"touch ran\"\n",
    );
    let signals = [
        (None, 130),
        (Some(Signal::INT), 130),
        (Some(Signal::TERM), 143),
        (Some(Signal::HUP), 129),
        (Some(Signal::QUIT), 131),
    ];
    for task in ["free", "list"] {
        for (signal, code) in signals {
            let terminal = space.shipway([task]).terminal();
            terminal.wait_for(if task == "list" { "two" } else { "word" });
            until_true("a key is waited for", || !terminal.echoes());
            match signal {
                Some(signal) => rustix::process::kill_process(terminal.pid(), signal).unwrap(),
                None => drop(terminal.types("\x03")),
            }
            let modes = terminal.keyboard();
            // Among them: the cursor is there.
            terminal.wait().exits(code).shows("interrupted");
            assert!(modes.echoes(), "{task} {signal:?}: no echo");
            assert!(!space.has("ran"));
        }
    }
}
