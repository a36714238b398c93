//! Ctrl-C, SIGTERM and their second and third time.

use std::time::Duration;

use rustix::process::Signal;

use crate::harness::http_backend::HttpBackend;
use crate::harness::patience::until_true;
use crate::harness::program::Running;
use crate::harness::space::{gate, resource};
use crate::harness::{Space, needs};

const NOTHING: [&str; 0] = [];

/// A task's command that says that it runs and then stays, though not for ever.
///
/// One long command and no loop of short ones: bash forgets a SIGINT that comes while its foreground child ends by itself (1 in 150
/// where that happens each few milliseconds, measured without Shipway). For the same reason a redirection makes the file, and no program.
const STAYS: &str = ": >runs; sleep 60";

/// `one` makes `before`, is then in the middle of `slow`, and would make `later`; `two` follows.
fn in_the_middle_of_an_apply() -> Space {
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\nlock_timeout = \"1s\"\n[workspaces.one]\n[workspaces.two]\ndepends = [\"one\"]\n",
    );
    let (runs, go) = (space.path("runs"), space.path("go"));
    let after = |resource: String, other: &str| {
        resource.replacen('{', &format!("{{\n  depends_on = [terraform_data.{other}]"), 1)
    };
    let one = resource("before", "true")
        + &after(resource("slow", &gate(&runs, &go)), "before")
        + &after(resource("later", "true"), "slow");
    space.workspace("one", &one).workspace("two", &resource("a", "true"))
}

/// The resource in flight was ended in order: what was made is in the state, no lock is left, and the next plan works.
#[track_caller]
fn assert_stopped_in_order(space: &Space) {
    let state = space.state("one");
    assert!(state.contains(&"terraform_data.before".to_owned()), "{state:?}");
    assert!(!state.contains(&"terraform_data.later".to_owned()), "{state:?}");
    assert_eq!(space.state("two"), NOTHING);
    assert!(!space.has("terraform/one/.terraform.tfstate.lock.info"), "a lock is left");
    assert!(!space.has("terraform/one/errored.tfstate"));
    space.run("plan-one").exits(0);
    space.write("go", "");
    space.run("up --yes").exits(0);
    assert_eq!(space.state("two"), ["terraform_data.a"]);
}

#[test]
fn ctrl_c_on_a_terminal_stops_an_apply_in_order() {
    needs!("terraform");
    let space = in_the_middle_of_an_apply();
    let terminal = space.shipway(["up", "--yes"]).terminal();
    space.wait_for("runs");
    terminal.types("\x03");
    terminal.wait().exits(130).shows("before");
    assert_stopped_in_order(&space);
}

#[test]
fn a_signal_to_shipway_alone_stops_an_apply_in_order() {
    needs!("terraform");
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let space = in_the_middle_of_an_apply();
        let running = space.start("up --yes");
        space.wait_for("runs");
        running.signal(signal);
        let ended = running.wait();
        ended.exits(code).says("terraform_data.before");
        assert_stopped_in_order(&space);
    }
}

#[test]
fn a_signal_between_commands_of_a_moment_is_heard() {
    let count = 2000;
    let mut tasks = "[tasks.t0]\nrun = \"touch begun\"\n".to_owned();
    for number in 1..=count {
        tasks.push_str(&format!("[tasks.t{number}]\ndepends = [\"t{}\"]\nrun = \"true\"\n", number - 1));
    }
    tasks.push_str(&format!("[tasks.all]\ndepends = [\"t{count}\"]\nrun = \"touch ended\"\n"));
    let space = Space::with_tasks(&tasks);
    let running = space.start("all");
    space.wait_for("begun");
    running.signal(Signal::TERM);
    running.wait().exits(143).says("SIGTERM");
    assert!(!space.has("ended"));
}

#[test]
fn ctrl_c_at_a_question_changes_nothing_and_leaves_the_terminal_in_order() {
    needs!("terraform");
    let space = in_the_middle_of_an_apply();
    let terminal = space.shipway(["up"]).terminal();
    terminal.wait_for_question("Apply one?");
    terminal.types("\x03");
    terminal.wait().exits(130);
    assert_eq!(space.state("one"), NOTHING);
    assert!(!space.has("terraform/one/.terraform.tfstate.lock.info"));

    let terminal = space.shipway(["up"]).terminal();
    terminal.wait_for_question("Apply one?");
    rustix::process::kill_process(terminal.pid(), Signal::TERM).unwrap();
    terminal.wait().exits(143);
    assert_eq!(space.state("one"), NOTHING);
}

#[test]
fn signals_that_come_while_a_run_ends_do_not_keep_it() {
    for _ in 0..10 {
        let space = Space::with_tasks("[tasks.ship]\nconfirm = \"Sure?\"\nrun = \"touch shipped\"\n");
        let terminal = space.shipway(["ship"]).terminal();
        terminal.wait_for_question("Sure?");
        // It is not waited for meanwhile, so the number stays its own.
        for _ in 0..200 {
            rustix::process::kill_process(terminal.pid(), Signal::TERM).unwrap();
            std::thread::sleep(Duration::from_micros(100));
        }
        terminal.wait().exits(143);
        assert!(!space.has("shipped"));
    }
}

#[test]
fn finally_of_a_running_task_runs_when_a_signal_comes() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129), (Signal::QUIT, 131)] {
        let space = Space::with_tasks(&format!(
            "[tasks.stay]\nrun = [\"{STAYS}\", \"touch next\"]\nfinally = \"echo $SHIPWAY_STATUS >cleaned\"\n\
             [tasks.then]\ndepends = [\"stay\"]\nrun = \"touch then\"\n"
        ));
        let running = space.start("then");
        space.wait_for("runs");
        running.signal(signal);
        running.wait().exits(code);
        let status: i32 = space.read("cleaned").trim().parse().unwrap();
        assert!(status >= 128, "$SHIPWAY_STATUS tells of the signal: {status}");
        assert!(!space.has("next") && !space.has("then"));
    }
}

#[test]
fn ctrl_c_on_a_terminal_reaches_a_task_once_and_its_finally_runs() {
    let space = Space::with_tasks(
        "[tasks.stay]\nrun = \"trap 'echo x >>heard' INT; (sleep 0.1; : >runs; exec sleep 60) >/dev/null 2>&1 & until [ -e heard ]; do wait || true; done; sleep 0.3; kill $!; exit 3\"\n\
         finally = \"touch cleaned\"\n",
    );
    let terminal = space.shipway(["stay"]).terminal();
    space.wait_for("runs");
    terminal.types("\x03");
    terminal.wait().exits(130);
    assert_eq!(space.read("heard"), "x\n");
    assert!(space.has("cleaned"));
}

#[track_caller]
fn wait_for_signal(running: &Running, count: u32) {
    let said = format!("\"count\":{count}");
    until_true(&format!("signal {count} is told"), || {
        running.stdout().lines().any(|line| line.contains("\"interrupted\"") && line.contains(&said))
    });
}

#[test]
fn a_task_that_ignores_the_first_signal_is_ended_by_the_second() {
    let space = Space::with_tasks(&format!("[tasks.deaf]\nrun = \"trap '' INT; {STAYS}\"\n"));
    let running = space.start("--json deaf");
    space.wait_for("runs");
    running.signal(Signal::INT);
    wait_for_signal(&running, 1);
    assert!(!running.stdout().contains("run-finished"), "{}", running.stdout());
    running.signal(Signal::INT);
    let ended = running.wait();
    ended.exits(130);
    assert!(ended.stdout.contains("\"count\":2"), "{}", ended.all());
}

/// An apply that has made its resource and can't store the state, because the server doesn't answer.
fn an_apply_that_can_not_store_its_state() -> (HttpBackend, Space, Running) {
    let server = HttpBackend::start();
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n");
    let made = space.path("made");
    let space = space.workspace(
        "one",
        &format!("{}{}", server.block(), resource("a", &format!("touch {}", made.display()))),
    );
    server.is_slow(true);
    let running = space.start("--json up --yes");
    space.wait_for("made");
    until_true("the state is sent", || server.requests().iter().any(|method| method == "POST"));
    (server, space, running)
}

#[test]
fn a_second_signal_in_an_apply_only_says_what_would_be_lost() {
    needs!("terraform");
    let (server, space, running) = an_apply_that_can_not_store_its_state();
    running.signal(Signal::INT);
    wait_for_signal(&running, 1);
    running.signal(Signal::INT);
    wait_for_signal(&running, 2);
    until_true("it says what would be lost", || running.stdout().contains("lost"));
    server.is_slow(false);
    running.wait().exits(130);
    assert!(server.state().is_some_and(|state| state.contains("terraform_data")), "the state was stored");
    assert!(!server.is_locked(), "the lock was given back");
    space.run("up --yes").exits(0);
}

#[test]
fn the_third_signal_ends_an_apply_hard() {
    needs!("terraform");
    let (server, _space, running) = an_apply_that_can_not_store_its_state();
    for count in 1..=3 {
        running.signal(Signal::INT);
        wait_for_signal(&running, count);
    }
    running.wait().exits(130);
    assert!(server.is_locked(), "it was killed, so its lock is still there");
    server.is_slow(false);
}

#[test]
fn a_grandchild_that_keeps_the_output_open_does_not_keep_the_run_from_ending() {
    let space = Space::with_tasks(&format!(
        "[tasks.leaves]\nrun = \"setsid sh -c '{}' & while [ ! -e runs ]; do sleep 0.05; done; touch done\"\n",
        "touch runs; for turn in $(seq 1 3000); do if [ -e go ]; then touch went; exit; fi; sleep 0.1; done"
    ));
    needs!("setsid");
    let ended = space.run("leaves");
    // It heeds what comes after the end of the run, so it has outlived that.
    assert!(!space.has("went"));
    space.write("go", "");
    ended.exits(0);
    assert!(space.has("done"));
    space.wait_for("went");
}
