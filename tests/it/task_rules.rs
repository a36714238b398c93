//! Whether, how long and how often tasks run, and what they need to be there.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::Space;
use crate::harness::patience::until_true;

#[test]
fn a_task_that_does_not_apply_is_skipped_and_said_and_keeps_nothing_from_running() {
    let space = Space::with_tasks(
        r#"
[tasks.never]
if = "test -e there"
run = "touch never"
[tasks.elsewhere]
if = { os = "plan9" }
run = "touch elsewhere"
[tasks.in_ci]
if = { env = ["SOME_JOB"] }
run = "touch in_ci"
[tasks.all]
depends = ["never", "elsewhere", "in_ci"]
run = "touch all"
[tasks.broken]
if = "no-such-program-here"
run = "touch broken"
"#,
    );
    let output = space.run("all");
    output
        .exits(0)
        .says("`test -e there` says no")
        .says("it is for `plan9`, and this is linux")
        .says("$SOME_JOB is not set");
    assert!(space.has("all") && !space.has("never") && !space.has("elsewhere") && !space.has("in_ci"));
    space.write("there", "");
    space.run("all").exits(0);
    assert!(space.has("never"));
    space.run("broken").exits(7).says("no-such-program-here");
    assert!(!space.has("broken"));
}

#[test]
fn a_task_of_one_environment_runs_only_there() {
    let space = Space::with_tasks(
        "[environments.stage]\n[environments.prod]\n[tasks.seed]\nif = { environment = \"stage\" }\nrun = \"touch seeded\"\n",
    );
    space.run("-e prod seed").exits(0).says("it is for `stage`, and this is `prod`");
    assert!(!space.has("seeded"));
    space.run("-e stage seed").exits(0);
    assert!(space.has("seeded"));
}

#[test]
fn what_takes_too_long_is_asked_to_end_with_all_that_it_started() {
    let space = Space::with_tasks(
        r#"
[tasks.slow]
timeout = "300ms"
run = ["trap 'echo asked; exit 3' TERM; sleep 60 & echo $! >child; wait", "touch next"]
finally = "touch cleaned"
"#,
    );
    let output = space.run("slow");
    output.says("`slow` took longer than 0.3s, and was ended").says("`timeout`");
    output.exits(124);
    assert!(output.stdout.contains("asked"), "{}", output.all());
    assert!(space.has("cleaned") && !space.has("next"));
    let child = space.read("child");
    // One that nobody has reaped yet has no command line any more.
    let line = std::path::Path::new("/proc").join(child.trim()).join("cmdline");
    until_true("the child has ended", || std::fs::read(&line).unwrap_or_default().is_empty());
}

#[test]
fn what_fails_is_tried_again_as_often_as_the_task_says() {
    let space = Space::with_tasks(
        r#"
[tasks.third]
retry = { attempts = 3, delay = "10ms" }
run = "echo x >>tries; test $(wc -l <tries) -ge 3"
finally = "echo $SHIPWAY_STATUS >>ends"
[tasks.never]
retry = { attempts = 2, delay = "10ms" }
run = "echo y >>never; exit 4"
"#,
    );
    space.run("third").exits(0).says("attempt 1 of 3").says("attempt 2 of 3").does_not_say("attempt 3 of 3");
    assert_eq!((space.read("tries").as_str(), space.read("ends").as_str()), ("x\nx\nx\n", "0\n"));
    space.run("never").exits(4);
    assert_eq!(space.read("never"), "y\ny\n");
}

#[test]
fn the_delay_between_attempts_doubles() {
    let space =
        Space::with_tasks("[tasks.x]\nretry = { attempts = 4, delay = \"200ms\" }\nrun = \"false\"\n");
    let start = Instant::now();
    let output = space.run("x");
    assert!(start.elapsed() >= Duration::from_millis(1400), "{:?}: {}", start.elapsed(), output.all());
    output.exits(1).says("again in 0.2s").says("again in 0.4s").says("again in 0.8s");
}

#[test]
fn all_that_is_missing_is_told_before_anything_starts_and_before_a_question() {
    let space = Space::with_tasks(
        r#"
[tasks.first]
run = "touch first"
[tasks.ship]
depends = ["first"]
confirm = "Really?"
run = "touch shipped"
[tasks.ship.requires]
tools = ["bash >=2", "no-such-tool >=1", { name = "git", version = ">=900", advice = "wait some years" }]
env = ["SOME_TOKEN", { name = "OTHER", advice = "ask Ada for it" }]
"#,
    );
    let output = space.run("ship");
    output
        .exits(7)
        .says("`ship` needs 4 things that are not here")
        .says("tasks.toml:9:")
        .says("`no-such-tool` is not installed");
    output
        .says(">=900 is needed")
        .says("wait some years")
        .says("$SOME_TOKEN is not set")
        .says("ask Ada for it");
    output.does_not_say("Really?").does_not_say("bash >=2");
    assert!(!space.has("first"));
    space.run("--dry-run ship").exits(0);
}

/// A service that gives `statuses` to one request after the other, and tells for each whether `seen` was there by then.
fn service(statuses: &'static [&'static str], seen: PathBuf) -> (String, Receiver<(&'static str, bool)>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/healthz", listener.local_addr().unwrap());
    let (asked, requests) = channel();
    std::thread::spawn(move || {
        for (status, stream) in statuses.iter().zip(listener.incoming()) {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 1024];
            let _asked = stream.read(&mut buffer);
            asked.send((*status, seen.exists())).ok();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok();
        }
    });
    (url, requests)
}

#[test]
fn a_task_is_done_when_its_service_answers() {
    let space = Space::new();
    let statuses = &["503 Not Yet", "199 Odd", "400 Bad", "399 Odd", "200 OK"];
    let (url, requests) = service(statuses, space.path("used"));
    space.write(
        "tasks.toml",
        &format!(
            r#"
[tasks.serve]
run = "echo started"
wait_until = {{ http = "{url}" }}
[tasks.use]
depends = ["serve"]
run = "touch used"
[tasks.file]
run = "(sleep 0.2; touch ready) >/dev/null 2>&1 &"
wait_until = {{ file = "ready" }}
[tasks.use-file]
depends = ["file"]
run = "test -e ready"
[tasks.never]
wait_until = {{ tcp = "127.0.0.1:1", timeout = "200ms" }}
"#
        ),
    );
    let asked = || requests.try_iter().collect::<Vec<_>>();
    space.run("use").exits(0);
    // From 200 to 399 it is an answer; what needs the service did not run before.
    let until_then = statuses[..4].iter().map(|status| (*status, false)).collect::<Vec<_>>();
    assert_eq!(asked(), until_then);
    assert!(space.has("used"));
    space.run("use").exits(0);
    assert_eq!(asked(), [("200 OK", true)]);
    space.run("use-file").exits(0);
    space.run("never").exits(1).says("`never` is not ready after 0.2s: 127.0.0.1:1:");
}

#[test]
fn tasks_are_ordered_without_being_pulled_in_and_pulled_in_afterwards() {
    let space = Space::with_tasks(
        r#"
[tasks.build]
run = "echo build >>order"
[tasks.slow]
run = "sleep 0.2; echo slow >>order"
[tasks.test]
wait_for = ["slow"]
run = "echo test >>order"
depends_post = [{ task = "report", args = ["here"] }]
[tasks.report]
args = ["where"]
run = "echo report {{ where }} >>order"
[tasks.fails]
run = "exit 1"
depends_post = ["build"]
"#,
    );
    space.run("test").exits(0);
    assert_eq!(space.read("order"), "test\nreport here\n");
    space.run("test ::: slow").exits(0);
    assert_eq!(space.read("order"), "test\nreport here\nslow\ntest\nreport here\n");
    space.run("fails").exits(1);
    assert!(!space.read("order").contains("build"));
}

#[test]
fn a_failure_may_be_ignored_and_lines_kept_quiet() {
    let space = Space::with_tasks(
        r#"
[tasks.lint]
ignore_error = true
quiet = true
run = "echo some words; exit 5"
[tasks.all]
depends = ["lint"]
run = "touch all"
[tasks.secretly]
hide = true
run = "true"
"#,
    );
    let output = space.run("all");
    output.exits(0).says("`lint` failed").says("the task ignores it").does_not_say("$ echo some words");
    assert!(space.has("all") && output.stdout.contains("some words"));
    assert!(!space.run("list").stdout.contains("secretly"));
    assert!(space.run("list --all").stdout.contains("secretly"));
}

#[test]
fn a_task_runs_once_for_each_combination_of_its_matrix() {
    let space = Space::with_tasks(
        r#"
[tasks.test]
matrix = { py = ["3.12", "3.13"], db = ["pg", "my sql"] }
confirm = "Really?"
depends = [{ task = "build", args = ["{{ matrix.py }}"] }]
run = "echo {{ matrix.py }} on {{ matrix.db }} $matrix_py >>ran"
[tasks.build]
args = ["py"]
run = "echo build {{ py }} >>ran"
"#,
    );
    let output = space.run("--yes test");
    output.exits(0).says("test matrix.py=3.12 matrix.db=pg");
    let mut ran: Vec<String> = space.read("ran").lines().map(str::to_owned).collect();
    ran.sort();
    assert_eq!(
        ran,
        [
            "3.12 on my sql 3.12",
            "3.12 on pg 3.12",
            "3.13 on my sql 3.13",
            "3.13 on pg 3.13",
            "build 3.12",
            "build 3.13",
        ]
    );
}

#[test]
fn what_a_task_hands_on_is_read_by_others_and_pulls_it_in() {
    let space = Space::with_tasks(
        r#"
[vars]
image = "shop:{{ tasks.version.number }}"
[tasks.version]
exports = ["number", "odd"]
retry = { attempts = 2, delay = "10ms" }
args = ["from=9"]
run = ["echo number={{ from }} >>$SHIPWAY_OUTPUT; echo odd='it is \"odd\"' >>$SHIPWAY_OUTPUT", "test -e second || { touch second; false; }"]
[tasks.show]
env = { ODD = "{{ tasks.version.odd }}" }
run = "echo {{ vars.image }}; echo $ODD"
[tasks.forgets]
exports = ["x"]
run = "true"
"#,
    );
    space.run("show").exits(0).prints("shop:9\nit is \"odd\"\n");
    space.run("forgets").exits(1).says("`forgets` did not hand on `x`").says("$SHIPWAY_OUTPUT");
}

#[test]
fn what_is_missing_is_asked_for_where_somebody_sits() {
    let space = Space::with_tasks(
        r#"
[tasks.greet]
args = [{ name = "who", help = "somebody" }, { name = "--tone=", choices = ["loud", "low"] }]
run = "echo $tone to {{ who }} >told"
"#,
    );
    space.run("greet").exits(2).says("`greet` needs the argument `who`");
    let terminal = space.shipway(["greet"]).terminal();
    terminal.wait_for("greet: who (somebody)");
    terminal.types("Ada Lovelace\r");
    terminal.wait_for("greet: tone");
    terminal.types("\u{1b}[B\r");
    terminal.wait().exits(0);
    assert_eq!(space.read("told"), "low to Ada Lovelace\n");
}

#[test]
fn a_value_has_to_look_as_its_argument_says() {
    let space = Space::with_tasks(
        r#"
[tasks.ship]
args = [{ name = "version", pattern = 'v\d+(\.\d+)*' }]
run = "echo {{ version }}"
"#,
    );
    space.run("ship v1.2").exits(0).prints("v1.2\n");
    space
        .run("ship xv1")
        .exits(2)
        .says("`xv1` does not fit `version` of `ship`: it has to look like `v\\d+(\\.\\d+)*`");
}

#[test]
fn what_a_task_handed_on_is_kept_while_its_work_is_up_to_date() {
    let space = Space::with_tasks(
        r#"
[tasks.version]
sources = ["VERSION"]
exports = ["number"]
run = "echo x >>runs; echo number=$(cat VERSION) >>$SHIPWAY_OUTPUT"
[tasks.show]
run = "echo {{ tasks.version.number }}"
"#,
    )
    .file("VERSION", "7\n");
    space.run("show").exits(0).prints("7\n");
    space.run("show").exits(0).prints("7\n");
    assert_eq!(space.read("runs"), "x\n");
    space.write("VERSION", "8\n");
    space.run("show").exits(0).prints("8\n");
    assert_eq!(space.read("runs"), "x\nx\n");
}

const LETTERS: &str = r#"
[tasks.t]
args = [{ name = "--verbose", short = "v" }, { name = "--force", short = "f" }, { name = "--number=1", short = "n" }, "word=none", "rest..."]
run = "echo {{ verbose }} {{ force }} {{ number }} {{ word }} {{ rest }}"
[tasks.digit]
args = [{ name = "--one", short = "1" }, "word=none"]
run = "echo {{ one }} {{ word }}"
[tasks.plain]
args = ["rest..."]
run = "echo {{ rest }}"
[tasks.calls]
depends = [{ task = "t", args = ["-vn5", "-3"] }, { task = "plain", args = ["-x", "--long"] }]
"#;

#[test]
fn letters_may_stand_together() {
    let space = Space::with_tasks(LETTERS);
    for (line, printed) in [
        ("t -v", "true false 1 none\n"),
        ("t -vf x", "true true 1 x\n"),
        ("t -n5 x", "false false 5 x\n"),
        ("t -n=5 x", "false false 5 x\n"),
        ("t -vn5 x", "true false 5 x\n"),
        ("t -fvn 5 x", "true true 5 x\n"),
        ("t -vn a=b=c", "true false a=b=c none\n"),
        ("t -vna=b", "true false a=b none\n"),
        ("t -nvf", "false false vf none\n"),
        ("t -v -5 -.5 -", "true false 1 -5 -.5 -\n"),
        ("t x -- -vf", "false false 1 x -vf\n"),
        ("digit -1", "true none\n"),
        ("plain -vf --x", "-vf --x\n"),
        ("-j1 calls", "true false 5 -3\n-x --long\n"),
    ] {
        space.run(line).exits(0).prints(printed);
    }
}

#[test]
fn a_letter_that_is_none_is_told_with_its_word_and_where_to_look() {
    let space = Space::with_tasks(LETTERS);
    for (line, said) in [
        ("t -x", "`t` has no option `-x`\n"),
        ("t -vx", "`t` has no option `-x` (in `-vx`)\n"),
        ("t -vx", "`shipway t --help` lists its options"),
        ("t -force", "`t` has no option `-o` (in `-force`)\n"),
        ("t -force", "did you mean `--force`?"),
        ("t -vf=yes", "the option `-f` of `t` takes no value"),
        ("t -vn", "the option `-n` of `t` needs a value"),
        ("t --verbose=yes", "the option `--verbose` of `t` takes no value"),
        ("digit -2", ""),
    ] {
        space.run(line).exits(if said.is_empty() { 0 } else { 2 }).says(said);
    }
}

const ALIKE: &str = r#"
[include]
docs = "docs/tasks.toml"
[tasks]
lint-py = "echo py >>log"
lint-sh = "echo sh >>log"
[tasks.lint-all]
depends = ["lint-py", "lint-*"]
run = "echo all >>log"
[tasks.late]
wait_for = ["lint-*"]
run = "echo late >>log"
[tasks.every]
depends_post = ["**:build"]
run = "echo every >>log"
[tasks.say-one]
args = ["word"]
run = "echo one {{ word }} >>log"
[tasks.say-two]
args = ["word"]
run = "echo two {{ word }} >>log"
"#;

#[test]
fn a_pattern_means_all_tasks_whose_names_fit() {
    let docs = "[tasks]\nbuild = \"echo docs >>../log\"\n[tasks.all]\ndepends = [\"bu*\"]\n";
    let space = Space::with_tasks(ALIKE).file("docs/tasks.toml", docs);
    for (line, log) in [
        ("-j1 lint-all", "py\nsh\nall\n"),
        ("-j1 late ::: lint-py ::: lint-sh", "py\nsh\nlate\n"),
        ("every", "every\ndocs\n"),
        ("docs:all", "docs\n"),
        ("-j1 lint-*", "py\nsh\nall\n"),
        ("docs:b*", "docs\n"),
        ("-j1 run say-* x ::: docs:build", "one x\ntwo x\ndocs\n"),
    ] {
        space.write("log", "");
        space.run(line).exits(0);
        assert_eq!(space.read("log"), log, "{line}");
    }
    space.run("nothing-*").exits(2).says("no task has a name like `nothing-*`");
    let wrong =
        "[tasks.lint-all]\ndepends = [\"lint-*\"]\n[tasks.other]\nrun = \"true\"\nwait_for = [\"x*\"]\n";
    let space = Space::with_tasks(wrong);
    space.run("check").exits(3).says("no other task has a name like `lint-*`").says("tasks.toml:5:13");
}

#[test]
fn all_that_is_left_may_have_choices() {
    let tasks = "[tasks.fmt]\nargs = [{ name = \"files...\", choices = [\"a\", \"b\"] }]\nrun = \"echo {{ files }}\"\n";
    let space = Space::with_tasks(tasks);
    space.run("fmt b a").exits(0).prints("b a\n");
    space.run("fmt").exits(0).prints("\n");
    space.run("fmt a c").exits(2).says("`a` or `b`").says("c");
}

#[test]
fn a_variable_may_stand_in_for_a_flag() {
    let tasks =
        "[tasks.test]\nargs = [{ name = \"--keep\", env = \"KEEP_IT\" }]\nrun = \"echo {{ keep }}\"\n";
    for (value, is_set) in [("1", "true"), ("yes", "true"), ("0", "false"), ("False", "false"), ("", "false")]
    {
        let space = Space::with_tasks(tasks);
        let run = |words: &[&str]| space.shipway(words).env("KEEP_IT", value).run();
        run(&["test"]).exits(0).prints(&format!("{is_set}\n"));
        run(&["test", "--keep"]).exits(0).prints("true\n");
    }
}

#[test]
fn all_that_is_left_may_have_to_be_one_word_at_least() {
    let tasks = "[tasks.fmt]\nargs = [\"how=fast\", \"files+...\"]\nrun = \"echo {{ how }} {{ files }}\"\n\
                 [tasks.good]\ndepends = [{ task = \"fmt\", args = [\"slow\", \"a\"] }, { task = \"fmt\", args = [\"--\", \"b\"] }]\n\
                 [tasks.hands-on]\nargs = [\"files...\"]\ndepends = [{ task = \"fmt\", args = [\"slow\", \"{{ files }}\"] }]\n";
    let space = Space::with_tasks(tasks);
    space.run("fmt slow a b").exits(0).prints("slow a b\n");
    space.run("fmt -- a").exits(0).prints("fast a\n");
    for (line, code) in [("fmt", 2), ("fmt slow", 2), ("hands-on", 2)] {
        space
            .run(line)
            .exits(code)
            .says("`fmt` needs the argument `files`")
            .says("shipway fmt [HOW] FILES...");
    }
    space.run("-j1 good").exits(0).prints("slow a\nfast b\n");
    space.run("hands-on x y").exits(0).prints("slow x y\n");
    let wrong =
        format!("{tasks}[tasks.wrong]\ndepends = [\"fmt\", {{ task = \"fmt\", args = [\"slow\"] }}]\n");
    Space::with_tasks(&wrong)
        .run("check")
        .exits(3)
        .says("task `fmt` needs `files`")
        .says("10:12")
        .says("10:28");
}

#[test]
fn all_that_is_left_is_handed_on_word_by_word() {
    let tasks = "[tasks.show]\nargs = [\"first=none\", \"rest...\"]\nrun = \"printf '<%s>' {{ first }} {{ rest }}\"\n\
                 [tasks.hands-on]\nargs = [\"words...\"]\ndepends = [{ task = \"show\", args = [\"--\", \"{{ words }}\"] }]\n";
    let space = Space::with_tasks(tasks);
    space.run("hands-on").exits(0).prints("<none>");
    for words in [&["a", "b"][..], &["one word", "$HOME", "*", "--x", ""]] {
        let line = [&["hands-on", "--"], words].concat();
        space.shipway(line).run().exits(0).prints(&format!("<none><{}>", words.join("><")));
    }
}

#[test]
fn finally_is_for_what_began_and_if_comes_before_that() {
    let space = Space::with_tasks(
        r#"
[tasks.slow]
timeout = "300ms"
if = "sleep 60"
run = "touch ran"
finally = "touch cleaned"
[tasks.broken]
if = "exit 3"
run = ["touch ran", { task = "also" }]
finally = "touch cleaned"
[tasks.also]
run = "touch ran"
[tasks.bad]
run = "until [ -e looks ]; do sleep 0.05; done; exit 4"
[tasks.looks]
if = "touch looks; sleep 60"
run = "touch ran"
finally = "touch cleaned"
[tasks.both]
depends = ["bad", "looks"]
[tasks.begun]
if = "true"
run = ["exit 3", { task = "also" }]
finally = "touch cleaned"
"#,
    );
    space.run("slow").exits(124).says("`slow` took longer than 0.3s");
    space.run("broken").exits(1).says("the `if` of `broken` failed");
    space.run("-j2 --fail-fast both").exits(4).says("ended, since `bad` failed");
    assert!(!space.has("ran") && !space.has("cleaned"));
    space.run("begun").exits(3);
    assert!(!space.has("ran") && space.has("cleaned"));
}

#[test]
fn finally_is_told_the_signal_that_ended_the_task() {
    let space = Space::with_tasks(
        r#"
[tasks.stays]
run = ": >runs; sleep 60"
finally = "echo $SHIPWAY_STATUS >status"
[tasks.parts]
run = [{ task = "stays" }, "touch next"]
finally = "echo $SHIPWAY_STATUS >outer"
[tasks.bad]
run = "until [ -e runs ]; do sleep 0.05; done; exit 4"
[tasks.both]
depends = ["bad", "parts"]
"#,
    );
    let clear = || ["runs", "status", "outer"].map(|file| std::fs::remove_file(space.path(file)).ok());
    let signals = [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::QUIT, 131), (Signal::INT, 130)];
    for (signal, code) in signals {
        clear();
        let running = space.start("parts");
        space.wait_for("runs");
        running.signal(signal);
        running.wait().exits(code);
        assert_eq!((space.read("status"), space.read("outer")), (format!("{code}\n"), format!("{code}\n")));
    }
    clear();
    space.run("-j2 --fail-fast both").exits(4);
    assert_eq!((space.read("status").as_str(), space.read("outer").as_str()), ("143\n", "143\n"));
}
