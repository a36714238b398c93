//! Workspaces of Pulumi. No binary of it can be had here, so `pulumi` is a stand-in that models its published source
//! (`tests/fixtures/pulumi`): what is tested is what Shipway asks of it, and what it makes of the answers, the failures among them.

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::patience::until_true;
use crate::harness::program::Running;
use crate::harness::{Space, needs};

const STAND_IN: &str = include_str!("../fixtures/pulumi/pulumi.py");

const ONE: &str = "[workspaces.app]\nengine = \"pulumi\"\nstack = \"prod\"\n";

/// A project whose stacks lie beside it.
fn project(tasks: &str) -> Space {
    let mut space = Space::with_tasks(tasks).tool("pulumi", STAND_IN);
    let store = format!("file://{}", space.root.with_file_name("store").display());
    space.environment.insert("PULUMI_BACKEND_URL".into(), store.into());
    space.environment.insert("STUB_WORDS".into(), space.path("words").into());
    space
}

/// One workspace with this program.
fn app(program: &str) -> Space {
    project(&format!("[terraform]\nlock_timeout = \"1s\"\n{ONE}")).file("app/program.json", program)
}

/// One workspace whose middle resource waits for `app/go`, under way.
fn in_the_middle() -> (Space, Running) {
    let space = app(r#"{"resources": {"a": "1", "b": "waits", "c": "1"}}"#);
    let running = space.start("up --yes");
    space.wait_for("app/waits");
    (space, running)
}

/// What was made and unmade, in its order.
fn made(space: &Space) -> Vec<String> {
    made_in(space, "app")
}

fn made_in(space: &Space, folder: &str) -> Vec<String> {
    let path = format!("{folder}/made");
    let name = |line: &str| line.replace("test:index:Thing::", "");
    if space.has(&path) { space.read(&path).lines().map(name).collect() } else { Vec::new() }
}

/// The process of the update that runs.
fn pulumi(space: &Space) -> Pid {
    let folder = space.root.with_file_name("store").join("locks/prod");
    let entry = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    let name = entry.file_name().into_string().unwrap();
    Pid::from_raw(name.trim_end_matches(".json").parse().unwrap()).unwrap()
}

#[test]
fn a_chain_of_both_engines_goes_up_and_comes_down() {
    needs!("python3", "terraform");
    let tasks = "[workspaces.base]\nengine = \"pulumi\"\n[workspaces.app]\nengine = \"pulumi\"\nenvironment = \"prod\"\n\
                 env = { HOST = \"{{ workspaces.base.outputs.host }}\" }\n\
                 [workspaces.dns]\ndir = \"dns\"\nvars = { host = \"{{ workspaces.app.outputs.seen }}\", token = \"{{ workspaces.base.outputs.token }}\" }\n\
                 [environments.prod]\n";
    let dns = "variable \"host\" {\n  type = string\n}\nvariable \"token\" {\n  type = string\n}\nresource \"terraform_data\" \"record\" {\n  input = var.host\n}\n";
    let space = project(tasks)
        .file("base/program.json", r#"{"resources": {"net": "1"}, "outputs": {"host": "10.0.0.7"}, "secrets": {"token": "t0ken-0f-base"}}"#)
        .file("app/program.json", r#"{"installs": true, "resources": {"web": "1"}, "reads": {"seen": "HOST"}, "prints": "hello from the program"}"#)
        .file("dns/main.tf", dns);
    let up = space.run("up --yes");
    up.exits(0).says("3 workspaces applied").says("hello from the program").does_not_say("t0ken-0f-base");
    up.says("base: 2 to add").says("+ test:index:Thing::net");
    assert!(space.read("dns/terraform.tfstate").contains("10.0.0.7"));
    // A stack is that of its environment, else it has the workspace's name.
    let words = space.read("words");
    for line in [
        "--cwd=base --non-interactive --color=never stack init --no-select base",
        "--cwd=app --non-interactive --color=never install",
        "--cwd=app --non-interactive --color=never up --json --yes --skip-preview --stack=prod --plan=",
    ] {
        assert!(words.contains(line), "{line}: {words}");
    }
    assert!(!words.contains("t0ken"), "{words}");
    space.run("up --yes").exits(0).says("nothing to change");
    space.run("plan --detailed-exitcode").exits(0);
    let output = space.run("output-base");
    assert_eq!(output.exits(0).stdout, "host 10.0.0.7\ntoken [secret]\n");
    let status = space.run("status --json");
    assert!(status.exits(0).stdout.contains("\"serial\":null"), "{}", status.stdout);
    for line in ["validate-app", "fmt-app", "clean-app", "update-app", "init-app", "check"] {
        space.run(line).exits(0);
    }
    // Nothing is destroyed under what lives.
    space.run("destroy-base --yes").exits(4).says("depends on `base` and still lives");
    let down = space.run("down --yes");
    down.exits(0).says("3 workspaces destroyed").says("- test:index:Thing::net");
    space.run("down --yes").exits(0).says("nothing to destroy");
    assert!(space.read("base/made").contains("delete test:index:Thing::net"));
}

#[test]
fn a_preview_makes_nothing_and_its_counts_come_true() {
    needs!("python3");
    let tasks = "[workspaces.base]\nengine = \"pulumi\"\n[workspaces.app]\nengine = \"pulumi\"\ndepends = [\"base\"]\n\
                 env = { HOST = \"{{ workspaces.base.outputs.host }}\" }\n";
    let space = project(tasks)
        .file("base/program.json", r#"{"resources": {"net": "1", "old": "1"}, "outputs": {"host": "a"}}"#)
        .file("app/program.json", r#"{"resources": {"web": "1"}, "reads": {"seen": "HOST"}}"#);
    let plan = space.run("plan --detailed-exitcode");
    plan.exits(2).says("there is no stack `base` yet").says("its program needs what `base` will have");
    assert!(!space.root.with_file_name("store").exists(), "a preview makes no stack");
    // To look at one makes none either.
    space.run("plan-base").exits(1).says("there is no stack `base`").says("shipway init-base");
    space.run("init-base").exits(0).says("the stack `base` of `base` is made; it is empty");
    let plan = space.run("plan --json base");
    let row = serde_json::from_str::<serde_json::Value>(&plan.exits(0).stdout).unwrap();
    assert!(plan.stdout.contains("\"add\":3"), "{row}");
    let up = space.run("up --yes");
    up.exits(0).says("base: 3 to add");
    // A change, a replacement, a deletion and an output.
    space.write("base/program.json", r#"{"resources": {"net": "new"}, "outputs": {"host": "b"}}"#);
    let plan = space.run("plan");
    plan.exits(0).says("-/+ test:index:Thing::net").says("- test:index:Thing::old");
    space.run("up --yes").exits(0).says("2 workspaces applied");
    assert_eq!(
        space.read("base/made").lines().skip(2).collect::<Vec<_>>(),
        [
            "create-replacement test:index:Thing::net",
            "delete-replaced test:index:Thing::net",
            "delete test:index:Thing::old"
        ]
    );
    space.run("plan base --save plans").exits(2).says("can't be saved");
}

#[test]
fn what_was_shown_is_what_is_done_or_nothing() {
    needs!("python3");
    let space = app(r#"{"resources": {"a": "1"}}"#);
    let tasks = space.read("tasks.toml");
    let edit = r#"before_apply = "echo '{\"resources\": {\"a\": \"1\", \"b\": \"1\"}}' >app/program.json""#;
    space.write("tasks.toml", &format!("{tasks}{edit}\n"));
    let up = space.run("up --yes");
    up.exits(1).says("violates plan").says("test:index:Thing::b");
    assert_eq!(made(&space), [""; 0], "nothing was done");
    space.write("tasks.toml", &tasks);
    space.run("up --yes").exits(0);
    // Somebody else makes something between the question and the end of it all: what was not shown is not destroyed unseen.
    let store = space.root.with_file_name("store").join("stacks/prod.json");
    let other = format!(
        r#"before_destroy = "[ -e once ] || sed -i 's/\"pending\"/\"seen\": 1, \"pending\"/; s/\"time\": \"2/\"time\": \"3/' {} && touch once""#,
        store.display()
    );
    space.write("tasks.toml", &format!("{tasks}{other}\n"));
    let down = space.run("down --yes");
    down.exits(0).says("the state of `app` changed after its plan was made").says("1 workspace destroyed");
    assert_eq!(space.read("words").matches("destroy --json --preview-only").count(), 2, "it was shown again");
    assert_eq!(space.read("words").matches("destroy --json --yes").count(), 1);
}

#[test]
fn a_resource_that_can_not_be_made_is_named_and_the_rest_is_kept() {
    needs!("python3");
    let space = app(r#"{"resources": {"a": "1", "b": "fails", "c": "1"}}"#);
    let up = space.run("up --yes");
    up.exits(1).says("failed at test:index:Thing::b: 1 error occurred:").says("no such region");
    up.says("done before, and kept: pulumi:pulumi:Stack::shop-prod, test:index:Thing::a");
    space.write("app/program.json", r#"{"resources": {"a": "1", "b": "1", "c": "1"}}"#);
    space.run("up --yes").exits(0);
    assert_eq!(made(&space), ["create a", "create b", "create c"]);
}

#[test]
fn drift_is_told_apart_from_intent() {
    needs!("python3");
    let space = app(r#"{"resources": {"a": "1", "b": "1"}}"#);
    space.run("drift").exits(0);
    space.run("up --yes").exits(0);
    space.run("drift").exits(0).says("no drift");
    space.write("app/gone", "b");
    let drift = space.run("drift");
    drift.exits(2).says("1 object changed outside pulumi").says("! test:index:Thing::b was destroyed");
}

#[test]
fn a_lock_of_somebody_else_is_waited_for_and_named() {
    needs!("python3");
    let space = app(r#"{"resources": {"a": "1"}}"#);
    let lock = space.root.with_file_name("store").join("locks/prod/77.json");
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let content =
        r#"{"pid": 77, "username": "ann", "hostname": "elsewhere", "timestamp": "2026-01-02T03:04:05Z"}"#;
    std::fs::write(&lock, content).unwrap();
    let up = space.run("up --yes");
    up.exits(6)
        .says("waiting for the lock of `app`, for at most 1s")
        .says("the stack `prod` of `app` is locked: ann@elsewhere");
    up.says("process 77 of ann@elsewhere holds file://")
        .says("cancel --yes --stack=prod")
        .says("nothing was changed");
    assert!(lock.exists(), "it is not ours to release");
    let tasks = space.read("tasks.toml").replace("1s", "30s");
    space.write("tasks.toml", &tasks);
    let waiting = space.start("up --yes");
    until_true("it waits", || waiting.stderr().contains("waiting for the lock"));
    std::fs::remove_file(&lock).unwrap();
    waiting.wait().exits(0);
    assert_eq!(made(&space), ["create a"]);
}

#[test]
fn an_update_goes_on_when_shipway_dies_and_the_next_run_takes_over() {
    needs!("python3");
    let (space, running) = in_the_middle();
    running.signal(Signal::KILL);
    running.wait();
    let next = space.start("up --yes");
    until_true("it is attached", || next.stderr().contains("attached to the run"));
    space.write("app/go", "");
    next.wait().exits(0).says("went through without it: 4 added");
    assert_eq!(made(&space), ["create a", "create b", "create c"]);
    space.run("up --yes").exits(0).says("nothing to change");
}

#[test]
fn what_a_killed_update_was_doing_is_named_and_its_lock_is_released_after_a_question() {
    needs!("python3");
    let (space, running) = in_the_middle();
    running.signal(Signal::KILL);
    running.wait();
    kill_process(pulumi(&space), Signal::KILL).unwrap();
    space.write("app/go", "");
    let next = space.run("up --yes");
    next.exits(0)
        .says("ended without saying how")
        .says("in doubt, started and not ended: creating test:index:Thing::b")
        .says(
            "may exist and is not in the state; look before you approve that it is made: test:index:Thing::b",
        )
        .says("the state says that this was begun: creating test:index:Thing::b")
        .says("locked by an update of ours that is dead");
    assert_eq!(made(&space), ["create a", "create b", "create c"]);
    assert!(space.read("words").contains("cancel --yes --stack=prod"));
    space.run("down --yes").exits(0);
}

#[test]
fn a_killed_pulumi_alone_is_named_at_once() {
    needs!("python3");
    let (space, running) = in_the_middle();
    kill_process(pulumi(&space), Signal::KILL).unwrap();
    running.wait().exits(1).says("in doubt, started and not ended: test:index:Thing::b");
    space.write("app/go", "");
    space.run("up --yes --unlock-own-stale").exits(0);
    assert_eq!(made(&space), ["create a", "create b", "create c"]);
}

#[test]
fn an_interrupt_is_forwarded_once_and_pulumi_stops_in_order() {
    needs!("python3");
    let (space, running) = in_the_middle();
    running.signal(Signal::INT);
    space.wait_for("app/told");
    space.write("app/go", "");
    running.wait().exits(130).says("was stopped in order");
    assert_eq!(made(&space), ["create a", "create b"]);
    space.run("up --yes").exits(0).does_not_say("in doubt");
    assert_eq!(made(&space), ["create a", "create b", "create c"]);
}

#[test]
fn words_that_only_one_of_two_commands_knows_are_refused() {
    needs!("python3");
    let space = app(r#"{"resources": {}}"#);
    for line in ["plan-app -- --target x", "apply-app --yes -- --refresh", "destroy-app --yes -- --refresh"] {
        space.run(line).exits(2).says("can't be passed to pulumi");
    }
    assert!(!space.has("words"), "nobody was asked");
    let dry = |line: &str| space.run(line).exits(0).stdout.clone();
    let up = dry("--dry-run up");
    for call in [
        "pulumi --cwd=app --non-interactive --color=never preview --json --stack=prod --save-plan=PLAN",
        "up --json --yes --skip-preview --stack=prod --plan=PLAN",
    ] {
        assert!(up.contains(call), "{call}: {up}");
    }
    assert!(dry("--dry-run down").contains("destroy --json --yes --skip-preview --stack=prod"));
    let shown = dry("show app");
    assert!(shown.contains("stack           prod") && shown.contains("engine          pulumi"), "{shown}");
}

/// Two stacks in a row, the second with what the first has.
fn two() -> Space {
    project(
        "[workspaces.one]\nengine = \"pulumi\"\n[workspaces.two]\nengine = \"pulumi\"\nenv = { WORD = \"{{ workspaces.one.outputs.word }}\" }\n",
    )
    .file("one/program.json", r#"{"resources": {"a": "1", "b": "1"}, "outputs": {"word": "w"}}"#)
    .file("two/program.json", r#"{"resources": {"c": "1"}, "reads": {"seen": "WORD"}}"#)
}

/// Kills Shipway at its writes of the journal, all of them with `UP_KILLS`, and looks what the next run makes of it.
fn is_killed_everywhere(prepare: fn(&Space), words: [&str; 2], end: [&str; 2]) {
    let made = |space: &Space| {
        let names = |name: &str| {
            made_in(space, name).iter().map(|line| line.replace(' ', "-")).collect::<Vec<_>>().join(" ")
        };
        ["one", "two"].map(names)
    };
    let counted = two();
    prepare(&counted);
    let points = counted.root.with_file_name("points");
    counted.shipway(words).env("SHIPWAY_COUNT_POINTS", points.as_os_str()).run().exits(0);
    let total: usize = std::fs::read_to_string(&points).unwrap().parse().unwrap();
    assert!(total > 20, "{total}");
    let step = if std::env::var_os("UP_KILLS").is_some() { 1 } else { total.div_ceil(4) };
    let mut recovered = 0;
    for point in (1..=total).step_by(step) {
        let space = two();
        prepare(&space);
        let killed = space.shipway(words).env("SHIPWAY_KILL_AT", point.to_string()).run();
        let context = format!("after a kill at {point} of {total}: {}", killed.all());
        assert_eq!(killed.signal(), Some(9), "{context}");
        let next = space.shipway(words).run();
        assert!(next.signal().is_none(), "{context}");
        next.exits(0);
        assert_eq!(made(&space), end, "{context}\n{}", next.all());
        assert!(
            !space
                .root
                .with_file_name("store")
                .join("locks/one")
                .read_dir()
                .is_ok_and(|mut all| all.next().is_some())
        );
        recovered += 1;
    }
    println!("Shipway alone in `{}` of stacks: {recovered} kills, {recovered} recovered", words.join(" "));
}

#[test]
fn shipway_killed_anywhere_in_an_up_of_stacks_makes_nothing_twice() {
    needs!("python3");
    is_killed_everywhere(|_| {}, ["up", "--yes"], ["create-a create-b", "create-c"]);
}

#[test]
fn shipway_killed_anywhere_in_a_down_of_stacks_ends_with_nothing_left() {
    needs!("python3");
    let up = |space: &Space| {
        space.run("up --yes").exits(0);
    };
    is_killed_everywhere(up, ["down", "--yes"], ["create-a create-b delete-b delete-a", "create-c delete-c"]);
}
