//! Tasks that are steps of other tasks, pools, and shells.

use rustix::process::Signal;

use crate::harness::{Space, needs};

#[test]
fn steps_that_are_tasks_run_in_their_place_among_the_commands() {
    let space = Space::with_tasks(
        r#"
[tasks.ship]
args = ["to"]
run = ["echo one >>order", { task = "build", args = ["{{ to }}"] }, "echo two >>order", { task = "push" }, { task = "push" }, "echo three >>order"]
[tasks.build]
args = ["where"]
depends = ["lint"]
run = "echo build {{ where }} >>order"
[tasks.lint]
run = "sleep 0.1; echo lint >>order"
[tasks.push]
depends = ["lint"]
run = "echo push >>order"
"#,
    );
    let expected = "one\nlint\nbuild here\ntwo\npush\npush\nthree\n";
    space.run("ship here").exits(0);
    assert_eq!(space.read("order"), expected);

    std::fs::remove_file(space.path("order")).unwrap();
    let dry = space.run("--dry-run ship here");
    let order = [
        "ship to=here (part 1)",
        "lint",
        "build where=here",
        "part 2",
        "push",
        "push (step 5 of ship",
        "three",
    ];
    let places: Vec<Option<usize>> = order.iter().map(|words| dry.exits(0).stdout.find(words)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}: {}", dry.all());
    assert!(!space.has("order"));
}

#[test]
fn what_a_step_needs_comes_before_it_and_not_before_the_commands_in_front_of_it() {
    let space = Space::with_tasks(
        r#"
[tasks.release]
run = ["echo check >>order", { task = "all" }, "echo tag >>order"]
[tasks.all]
depends = ["left", "right"]
[tasks.left]
run = "echo work >>order"
[tasks.right]
run = "echo work >>order"
[tasks.again]
run = ["echo check >>order", { task = "all" }, "echo tag >>order"]
[tasks.ci]
run = [{ task = "lint" }, { task = "build" }, { task = "test" }]
[tasks.lint]
run = "echo lint >>order"
[tasks.build]
run = "echo build >>order"
[tasks.test]
depends = ["build"]
run = "echo test >>order"
[tasks.stop]
run = ["exit 3", { task = "all" }]
"#,
    );
    let order = |line: &str| {
        std::fs::remove_file(space.path("order")).ok();
        space.run(line).exits(0);
        space.read("order")
    };
    assert_eq!(order("release"), "check\nwork\nwork\ntag\n");
    // Both wait for both: each of their steps needs what is shared, and nobody else wants it sooner.
    assert_eq!(order("release ::: again"), "check\ncheck\nwork\nwork\ntag\ntag\n");
    // What ran as a step before is there for those that need it.
    assert_eq!(order("ci"), "lint\nbuild\ntest\n");
    // Somebody else wants it: then it does not wait.
    let lines: Vec<String> = order("-j1 build ::: ci").lines().map(str::to_owned).collect();
    assert_eq!(lines.iter().filter(|line| *line == "build").count(), 2, "{lines:?}");
    std::fs::remove_file(space.path("order")).unwrap();
    space.run("stop").exits(3).says("stop");
    assert!(!space.has("order"));
}

#[test]
fn a_failed_step_stops_the_task_and_its_finally_runs() {
    let space = Space::with_tasks(
        r#"
[tasks.ship]
run = ["touch one", { task = "breaks" }, "touch two", { task = "later" }]
finally = ["echo $SHIPWAY_STATUS >cleaned", { task = "sweep", args = ["it"] }]
[tasks.breaks]
run = "exit 9"
[tasks.later]
run = "touch later"
[tasks.after]
depends = ["ship"]
run = "touch after"
[tasks.sweep]
args = ["what"]
env = { KIND = "all of" }
run = "echo $KIND {{ what }} $SHIPWAY_STATUS >swept"
[tasks.sound]
run = [{ task = "later" }]
finally = "echo $SHIPWAY_STATUS >cleaned"
[tasks.first]
run = ["exit 4", { task = "later" }]
finally = "echo $SHIPWAY_STATUS >cleaned"
"#,
    );
    space.run("after").exits(9).says("`breaks` failed");
    assert!(space.has("one") && !space.has("two") && !space.has("later") && !space.has("after"));
    assert_eq!((space.read("cleaned").as_str(), space.read("swept").as_str()), ("9\n", "all of it 9\n"));
    space.run("-k after").exits(9);
    assert!(!space.has("two") && !space.has("later") && !space.has("after"));
    space.run("first").exits(4);
    assert_eq!(space.read("cleaned"), "4\n");
    assert!(!space.has("later"));
    space.run("sound").exits(0);
    assert_eq!(space.read("cleaned"), "0\n");
}

#[test]
fn a_signal_in_a_step_that_is_a_task_runs_the_finally_of_both() {
    let space = Space::with_tasks(
        r#"
[tasks.ship]
run = [{ task = "stays" }, "touch next"]
finally = "echo $SHIPWAY_STATUS >outer"
[tasks.stays]
run = ": >runs; sleep 60"
finally = "echo $SHIPWAY_STATUS >inner"
"#,
    );
    let running = space.start("ship");
    space.wait_for("runs");
    running.signal(Signal::TERM);
    running.wait().exits(143);
    assert!(!space.has("next"));
    let status = |name: &str| space.read(name).trim().parse::<i32>().unwrap();
    assert!(status("inner") >= 128 && status("outer") >= 128, "{} {}", status("inner"), status("outer"));
}

#[test]
fn a_task_that_does_not_apply_runs_none_of_its_steps() {
    let space = Space::with_tasks(
        r#"
[tasks.ship]
if = "test -e there"
run = ["touch one", { task = "build" }, "touch two"]
finally = "touch cleaned"
[tasks.build]
depends = ["lint"]
run = "touch built"
[tasks.lint]
run = "touch linted"
[tasks.after]
depends = ["ship"]
run = "touch after"
"#,
    );
    space.run("after").exits(0).says("`test -e there` says no");
    assert!(space.has("after"));
    assert!(["one", "built", "linted", "two", "cleaned"].iter().all(|name| !space.has(name)));
    space.write("there", "");
    space.run("after").exits(0);
    assert!(["one", "built", "linted", "two", "cleaned"].iter().all(|name| space.has(name)));
}

#[test]
fn parts_of_a_task_hand_on_together_and_read_what_their_steps_hand_on() {
    let space = Space::with_tasks(
        r#"
[tasks.ship]
exports = ["a", "b"]
run = ["echo a=1 >>$SHIPWAY_OUTPUT", { task = "version" }, "echo b={{ tasks.version.number }} >>$SHIPWAY_OUTPUT"]
[tasks.version]
exports = ["number"]
run = "echo x >>runs; echo number=7 >>$SHIPWAY_OUTPUT"
[tasks.show]
run = "echo {{ tasks.ship.a }} {{ tasks.ship.b }}"
"#,
    );
    space.run("show").exits(0).prints("1 7\n");
    assert_eq!(space.read("runs"), "x\n");
}

#[test]
fn what_steps_ask_and_require_comes_before_everything() {
    let space = Space::with_tasks(
        r#"
[tasks.ship]
run = ["touch one", { task = "push" }]
[tasks.push]
confirm = "Really push?"
run = "touch pushed"
[tasks.ready]
run = ["touch one", { task = "needy" }]
[tasks.needy]
requires = { tools = ["no-such-tool"] }
run = "true"
"#,
    );
    space.run("ship").exits(4).says("--yes");
    space.run("ready").exits(7).says("`no-such-tool` is not installed");
    assert!(!space.has("one"));
    space.run("--yes ship").exits(0);
    assert!(space.has("one") && space.has("pushed"));
}

#[test]
fn a_pool_is_never_fuller_than_it_is() {
    needs!("bash");
    let mut tasks = String::from("[pools]\ndatabase = 2\n[tasks.free]\nrun = \"touch free\"\n");
    for number in 0..6 {
        tasks.push_str(&format!(
            "[tasks.t{number}]\npool = \"database\"\nrun = \"mkdir in-{number}; set -- in-*; echo $# >>seen; sleep 0.1; rmdir in-{number}\"\n"
        ));
    }
    tasks.push_str("[tasks.all]\ndepends = [\"t0\", \"t1\", \"t2\", \"t3\", \"t4\", \"t5\", \"free\"]\n");
    let space = Space::with_tasks(&tasks);
    space.run("-j8 all").exits(0);
    let seen = space.read("seen");
    let counts: Vec<usize> = seen.lines().map(|count| count.trim().parse().unwrap()).collect();
    assert!(counts.len() == 6 && counts.iter().all(|count| *count <= 2), "{seen}");
    // The pool is what keeps them apart: without it more of them meet.
    assert!(space.has("free"));
    let story = space.run("-j8 --json all").story();
    let mut running: Vec<(usize, i32)> = Vec::new();
    for number in 0..6 {
        let step = format!("task:t{number}");
        running.push((story.started(&step), 1));
        running.push((story.ended(&step), -1));
    }
    running.sort_unstable();
    let most = running
        .iter()
        .scan(0, |now, (_, change)| {
            *now += change;
            Some(*now)
        })
        .max();
    assert_eq!(most, Some(2));
}

#[test]
fn a_task_has_the_shell_that_it_names() {
    needs!("bash");
    let space = Space::with_tasks(
        r#"
[tasks.own]
shell = "bash -c"
args = ["what"]
run = ["false; echo went on with {{ what }}", "echo \"$BASH\" | grep -q bash && echo bash"]
[tasks.words]
shell = ["env", "KIND=a b", "sh", "-c"]
run = "echo \"$KIND\""
[tasks.other]
shell = "cat"
run = "given"
"#,
    )
    .file("given", "the file\n");
    space.run("own 'it'").exits(0).prints("went on with 'it'\nbash\n");
    space.run("words").exits(0).prints("a b\n");
    space.run("other").exits(0).prints("the file\n");
}

/// Two tasks that print in turns; `bad` fails between them.
fn in_turns() -> Space {
    let turns = |own: &str, other: &str| {
        format!(
            "for turn in 1 2 3; do echo {own} $turn; : >{own}$turn; until [ -e {other}$turn ]; do sleep 0.02; done; done"
        )
    };
    Space::with_tasks(&format!(
        "[tasks.left]\nrun = \"{}\"\n[tasks.right]\nrun = \"{}\"\n[tasks.bad]\nrun = \"echo it is bad; exit 3\"\n\
         [tasks.both]\ndepends = [\"left\", \"right\"]\n[tasks.all]\ndepends = [\"bad\", \"both\"]\n",
        turns("left", "right"),
        turns("right", "left"),
    ))
}

#[test]
fn each_step_is_told_in_one_piece_and_what_failed_last() {
    needs!("bash");
    let space = in_turns();
    let output = space.run("--group -j4 both");
    let lines: Vec<&str> = output.exits(0).stdout.lines().collect();
    assert!(lines.is_sorted_by_key(|line| line.split(' ').next() != lines[0].split(' ').next()), "{lines:?}");
    assert_eq!(lines.len(), 6);

    let space = in_turns();
    let output = space.run("--group -k -j4 all");
    let lines: Vec<&str> = output.exits(3).stdout.lines().collect();
    assert_eq!(lines.last(), Some(&"it is bad"), "{}", output.all());
    space.run("--group --json all").exits(2);
}

#[test]
fn a_quiet_run_prints_what_commands_print_and_a_failure() {
    needs!("bash");
    let space = in_turns();
    let output = space.run("--quiet -j4 both");
    output.exits(0);
    assert_eq!((output.stderr.as_str(), output.stdout.lines().count()), ("", 6));
    let output = space.run("-q bad");
    output.exits(3).prints("it is bad\n").says("`bad` failed");
}

#[test]
fn an_included_file_is_given_values_and_may_be_absent() {
    let space = Space::with_tasks(
        r#"
[vars]
tone = "dark"
[include]
docs = { path = "docs", vars = { theme = "{{ vars.tone }}", pages = 3 } }
own = { path = "own.toml", optional = true }
[tasks.all]
depends = ["docs:build"]
"#,
    )
    .file(
        "docs/tasks.toml",
        "[vars]\ntheme = \"light\"\npages = 1\nkind = \"html\"\n[tasks.build]\nrun = \"echo {{ vars.theme }} {{ vars.pages }} {{ vars.kind }}\"\n",
    );
    space.run("all").exits(0).prints("dark 3 html\n");
    space.run("docs:theme=red all").exits(0).prints("red 3 html\n");
    space.run("own:hello").exits(2);
    space.write("own.toml", "[tasks.hello]\nrun = \"echo hello\"\n");
    space.run("own:hello").exits(0).prints("hello\n");
}

#[test]
fn what_only_the_following_task_needs_runs_after_the_one_that_it_follows() {
    let space = Space::with_tasks(
        r#"
[tasks.post]
run = "sleep 0.2; test ! -e fails; echo post >>order"
depends_post = ["report", "tell"]
[tasks.report]
depends = ["gather", "shared"]
run = "echo report >>order"
[tasks.tell]
depends = ["gather"]
run = "echo tell >>order"
[tasks.gather]
depends = ["deep"]
run = "echo gather >>order"
[tasks.deep]
run = "echo deep >>order"
[tasks.shared]
run = "echo shared >>order"
[tasks.all]
depends = ["post", "shared"]
[tasks.row]
run = [{ task = "report" }, { task = "post" }]
"#,
    );
    space.run("-j4 post").exits(0);
    let order = space.read("order");
    assert!(order.starts_with("post\n") && order.lines().count() == 6, "{order}");

    // What somebody else wants as well need not wait.
    space.write("order", "");
    space.run("-j4 all").exits(0);
    assert!(space.read("order").starts_with("shared\npost\ndeep\ngather\n"), "{}", space.read("order"));

    // One that stands among the steps of a task has its turn there, and follows once more.
    space.write("order", "");
    space.run("-j1 row").exits(0);
    assert_eq!(space.read("order"), "shared\ndeep\ngather\nreport\npost\nreport\ntell\n");

    space.write("order", "");
    space.write("fails", "");
    space.run("-j4 post").exits(1);
    assert_eq!(space.read("order"), "");
    space.run("-k -j4 all").exits(1);
    assert_eq!(space.read("order"), "shared\n");
}

#[test]
fn tasks_that_would_wait_for_each_other_are_told_where_they_say_so() {
    let space = Space::with_tasks(
        "[tasks.a]\nexports = [\"v\"]\nwait_for = [\"b\"]\nrun = \"echo v=1 >>$SHIPWAY_OUTPUT\"\n[tasks.b]\nrun = \"echo {{ tasks.a.v }}\"\n",
    );
    for line in ["check", "b"] {
        let output = space.run(line);
        output.exits(3).says("tasks.toml:3:13").says("task `a` waits for task `b`").says("`wait_for`");
    }
    // What is a step of its own there is no namesake that follows.
    let space = Space::with_tasks(
        "[tasks.post]\nrun = \"echo post >>order\"\nwait_for = [\"row\"]\ndepends_post = [\"after\"]\n[tasks.after]\nrun = \"echo after >>order\"\n\
         [tasks.row]\nrun = [\"echo row >>order\", { task = \"after\" }]\n",
    );
    space.run("check").exits(0);
    space.run("row ::: post").exits(0);
    assert_eq!(space.read("order"), "row\nafter\npost\nafter\n");
}
