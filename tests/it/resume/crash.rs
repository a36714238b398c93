//! The crash matrix: a row of what was measured in each test, with real terraform.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use shipway::event::EventKind;

use crate::harness::http_backend::HttpBackend;
use crate::harness::needs;
use crate::harness::patience::until_true;
use crate::harness::postgres::Postgres;
use crate::harness::space::resource;
use crate::harness::{Output, Space};
use crate::resume::place::{Place, process, says_in_order};

/// Everything whose fate is unknown is named before any command is started.
#[track_caller]
fn names_before_anything_else(next: &Output, phrases: &[&str]) {
    let story = next.story();
    let first = story.events.iter().position(|event| matches!(event.kind, EventKind::CommandStarted { .. }));
    for phrase in phrases {
        let named = story
            .events
            .iter()
            .position(|event| matches!(&event.kind, EventKind::Notice { text, .. } if text.contains(phrase)));
        assert!(named.is_some() && named < first, "{phrase:?} is not named first: {}", next.all());
    }
}

/// The shim of the command that was started last, by the journal.
fn shim(place: &Place<'_>) -> Pid {
    let journal = place.space.journal();
    let started = journal.iter().rfind(|record| record["entry"]["entry"] == "command-started").unwrap();
    let pid = started["entry"]["process"]["pid"].as_i64().unwrap();
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

#[test]
fn the_next_up_attaches_to_an_apply_that_goes_on_and_goes_on_after_it() {
    needs!("terraform");
    let place = Place::gated(None);
    let running = place.in_the_middle();
    running.signal(Signal::KILL);
    assert_eq!(running.wait().signal(), Some(9));
    let next = place.space.start("up --yes");
    until_true("it says that it is attached", || next.stderr().contains("attached to the run"));
    assert!(!next.stderr().contains("plan"), "nothing else is begun: {}", next.stderr());
    place.go();
    let next = next.wait();
    next.exits(0);
    says_in_order(
        &next,
        &["attached to the run", "terraform_data.second", "went through without it: 2 added"],
    );
    place.assert_in_order("attached");
}

#[test]
fn an_apply_that_ended_alone_is_told_and_what_follows_it_is_done_once() {
    needs!("terraform");
    let place = Place::gated(None);
    let tasks = place.space.read("tasks.toml");
    place.space.write(
        "tasks.toml",
        &tasks.replace("[workspaces.one]", "[workspaces.one]\nafter_apply = \"echo x >>after\""),
    );
    let running = place.in_the_middle();
    running.signal(Signal::KILL);
    running.wait();
    place.go();
    place.is_quiet();
    assert!(!place.space.has("after"));
    let next = place.space.run("up --yes");
    next.exits(0).says("went through without it: 2 added, 0 changed, 0 destroyed").does_not_say("attached");
    assert_eq!(place.space.read("after"), "x\n", "its hook");
    place.assert_in_order("ended alone");
    assert_eq!(place.space.read("after"), "x\n");
}

#[test]
fn attach_follows_a_run_that_lives_and_ends_like_it() {
    needs!("terraform");
    let place = Place::gated(None);
    place.space.run("attach --run").exits(2).says("no run of this project is under way here");
    let running = place.in_the_middle();
    let follower = place.space.start("attach --run");
    until_true("it shows what was before", || follower.stderr().contains("Apply one?"));
    place.go();
    running.wait().exits(0);
    let followed = follower.wait();
    followed.exits(0).says("2 workspaces applied");
    assert_eq!(place.space.runs().len(), 1, "to look is no run");
}

#[test]
fn attach_follows_what_a_dead_run_left_running_and_the_next_up_still_does_what_follows() {
    needs!("terraform");
    let place = Place::gated(None);
    let running = place.in_the_middle();
    running.signal(Signal::KILL);
    running.wait();
    let follower = place.space.start("attach --run");
    until_true("it is attached", || follower.stderr().contains("attached to the run"));
    place.go();
    follower.wait().exits(0).says("went through without it: 2 added");
    place.space.run("attach --run").exits(2);
    place.space.run("up --yes").exits(0).says("went through without it: 2 added");
    place.assert_in_order("attached by hand");
}

#[test]
fn attach_says_when_the_apply_that_it_follows_is_killed() {
    needs!("terraform");
    let place = Place::gated(None);
    let running = place.in_the_middle();
    let terraform = place.terraform();
    running.signal(Signal::KILL);
    running.wait();
    let follower = place.space.start("attach --run");
    until_true("it is attached", || follower.stderr().contains("attached to the run"));
    kill_process(terraform, Signal::KILL).unwrap();
    follower.wait().exits(1).says("started and not ended: creating terraform_data.second").says("shipway up");
}

#[test]
fn ctrl_c_while_an_up_waits_for_another_runs_apply_ends_only_the_waiting() {
    needs!("terraform");
    let place = Place::gated(None);
    let running = place.in_the_middle();
    running.signal(Signal::KILL);
    running.wait();
    let next = place.space.start("up --yes");
    until_true("it is attached", || next.stderr().contains("attached to the run"));
    next.signal(Signal::INT);
    next.wait().exits(130).says("goes on; `shipway attach --run` follows it");
    place.go();
    place.is_quiet();
    assert_eq!(place.state("one"), ["terraform_data.first", "terraform_data.second"]);
    place.space.run("up --yes").exits(0);
    place.assert_in_order("after Ctrl-C");
}

#[test]
fn what_local_exec_left_and_does_not_heed_the_asking_is_ended_hard() {
    needs!("terraform");
    let place = Place::two(None);
    let pid = place.space.path("pid");
    let left = format!(
        "(trap '' TERM; echo $$ >'{}'; for turn in $(seq 1 1200); do sleep 0.1; done) >/dev/null 2>&1 &",
        pid.display()
    );
    place.workspace("one", &left);
    place.space.run("up --yes").exits(0).says("left processes behind, which were ended after it: ");
    place.is_quiet();
    place.assert_in_order("a deaf process");
}

#[test]
fn a_terminal_that_closes_does_not_end_an_apply() {
    needs!("terraform");
    let place = Place::gated(None);
    let terminal = place.space.shipway(["up", "--yes"]).terminal();
    place.space.wait_for("waits");
    // What a terminal that closes does to those in front of it; then Shipway dies too.
    kill_process(terminal.pid(), Signal::KILL).unwrap();
    drop(terminal);
    place.go();
    place.is_quiet();
    assert_eq!(place.lines("one"), ["first", "second"]);
    place.space.run("up --yes").exits(0);
    place.assert_in_order("a closed terminal");
}

#[test]
fn terraform_that_is_killed_on_a_local_backend_keeps_what_was_done_and_the_rest_is_named() {
    needs!("terraform");
    let place = Place::gated(None);
    let running = place.in_the_middle();
    place.kill_terraform();
    let killed = running.wait();
    killed.exits(1).says("in doubt, started and not ended: terraform_data.second");
    // What local-exec had started was ended after it.
    killed.says("left processes behind, which were ended after it: ");
    place.is_quiet();
    assert_eq!(place.state("one"), ["terraform_data.first"]);

    place.go();
    let next = place.space.run("--json up --yes");
    next.exits(0);
    names_before_anything_else(&next, &["in doubt, started and not ended: creating terraform_data.second"]);
    assert!(next.stdout.contains("may exist and is not in the state"), "{}", next.all());
    // The second one's command ran twice, which only its name in the list could have kept anybody from.
    assert_eq!(place.lines("one"), ["first", "second", "second"]);
    assert_eq!(place.state("one"), ["terraform_data.first", "terraform_data.second"]);
    place.assert_nothing_is_left("terraform killed");
    place.space.run("up").exits(0).says("nothing to change").does_not_say("in doubt");
}

#[test]
fn both_killed_on_postgresql_lose_the_state_and_the_next_up_takes_over_what_was_made() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    let place = Place::gated(Some(&postgres));
    let running = place.in_the_middle();
    let terraform = place.terraform();
    running.signal(Signal::KILL);
    running.wait();
    // As when the machine fails: nobody is left to record how it ended.
    kill_process(shim(&place), Signal::KILL).unwrap();
    kill_process_group(terraform, Signal::KILL).unwrap();
    place.is_quiet();
    assert!(place.state("one").is_empty(), "nothing was stored");
    assert_eq!(postgres.locks(), "0", "its lock ended with it");

    place.go();
    let next = place.space.run("--json up --yes");
    next.exits(0);
    names_before_anything_else(
        &next,
        &[
            "done, perhaps not in its state: creating terraform_data.first (id ",
            "started and not ended: creating terraform_data.second",
        ],
    );
    assert!(next.stdout.contains("1 to import"), "{}", next.all());
    assert_eq!(place.lines("one"), ["first", "second", "second"], "what was made is not made again");
    for name in crate::resume::place::WORKSPACES {
        assert_eq!(place.state(name), ["terraform_data.first", "terraform_data.second"]);
    }
    place.assert_nothing_is_left("both killed");
    place.space.run("up").exits(0).says("nothing to change").does_not_say("in doubt");
}

#[test]
fn a_no_to_the_fresh_plan_keeps_everything_open_for_the_next_run() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    let place = Place::gated(Some(&postgres));
    let running = place.in_the_middle();
    place.kill_terraform();
    running.wait().exits(1);
    place.go();
    for _ in 0..2 {
        // Nobody can answer here.
        let refused = place.space.run("up");
        refused.exits(4).says("1 to import").says("is imported by the next plan: terraform_data.first");
        assert!(!place.space.has("terraform/one/shipway_salvage.tf"));
        assert!(place.state("one").is_empty());
    }
    place.space.run("up --yes").exits(0);
    assert_eq!(place.lines("one"), ["first", "second", "second"]);
    place.assert_nothing_is_left("a no in between");
}

#[test]
fn down_does_not_pass_over_what_an_apply_made_and_its_state_does_not_know() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    let place = Place::gated(Some(&postgres));
    let running = place.in_the_middle();
    place.kill_terraform();
    running.wait().exits(1);
    place.go();
    let down = place.space.run("down --yes");
    down.exits(4).says("terraform_data.first").says("can't be destroyed whole").says("shipway up one");
    place.space.run("up --yes").exits(0);
    place.space.run("down --yes").exits(0).says("proven empty");
    place.assert_nothing_is_left("down");
}

#[test]
fn a_destroy_that_dies_part_of_the_way_goes_on_in_reverse() {
    needs!("terraform");
    let place = Place::gated(None);
    place.go();
    place.space.run("up --yes").exits(0);
    std::fs::remove_file(place.space.path("go")).unwrap();
    std::fs::remove_file(place.space.path("waits")).unwrap();
    // `second` goes first; its end takes as long as somebody wants.
    let slow = crate::harness::space::gate(&place.space.path("waits"), &place.space.path("go"));
    let main = place.space.read("terraform/one/main.tf").replacen(
        "resource \"terraform_data\" \"first\" {",
        &format!("resource \"terraform_data\" \"first\" {{\n  provisioner \"local-exec\" {{\n    when = destroy\n    command = \"{slow}\"\n  }}"),
        1,
    );
    place.space.write("terraform/one/main.tf", &main);
    let running = place.space.start("down --yes");
    place.space.wait_for("waits");
    running.signal(Signal::KILL);
    running.wait();
    kill_process_group(process(&place.space, "one:destroy"), Signal::KILL).unwrap();
    place.is_quiet();
    assert!(place.space.state("two").is_empty());
    assert_eq!(place.space.state("one"), ["terraform_data.first"]);
    place.go();
    let next = place.space.run("--json down --yes");
    next.exits(0);
    names_before_anything_else(&next, &["started and not ended: destroying terraform_data.first"]);
    assert!(place.space.state("one").is_empty());
    place.assert_nothing_is_left("a destroy");
}

#[test]
fn a_state_that_could_not_be_stored_is_stored_after_a_question_and_never_made_twice() {
    needs!("terraform");
    let server = HttpBackend::start();
    let space =
        Space::with_tasks("[terraform]\nroot = \"terraform\"\nlock_timeout = \"1s\"\n[workspaces.one]\n");
    let made = space.path("made");
    let command = format!("echo x >>'{}'", made.display());
    let space = space.workspace("one", &format!("{}{}", server.block(), resource("a", &command)));
    server.refuses_states(true);
    space.run("up --yes").exits(1).says("errored.tfstate");
    assert!(space.has("terraform/one/errored.tfstate") && !server.is_locked());
    server.refuses_states(false);
    // Nobody can answer here, and nothing else is done before.
    let refused = space.run("up");
    refused.exits(4).says("Store terraform/one/errored.tfstate as the state of one?").says("--yes");
    assert!(server.state().is_none() && space.has("terraform/one/errored.tfstate"));
    space.run("up --yes").exits(0).says("the state of `one` is stored").says("nothing to change");
    assert!(server.state().is_some_and(|state| state.contains("terraform_data")));
    assert_eq!(space.read("made"), "x\n");
    assert!(!space.has("terraform/one/errored.tfstate"));
    let kept: Vec<_> = space.path(".shipway/snapshots/one").read_dir().unwrap().flatten().collect();
    assert_eq!(kept.len(), 1, "the file itself is kept: {kept:?}");
}

#[test]
fn an_http_lock_of_a_dead_apply_is_told_and_never_broken_without_proof() {
    needs!("terraform");
    let server = HttpBackend::start();
    let space =
        Space::with_tasks("[terraform]\nroot = \"terraform\"\nlock_timeout = \"1s\"\n[workspaces.one]\n");
    let (waits, go) = (space.path("waits"), space.path("go"));
    let main = format!("{}{}", server.block(), resource("a", &crate::harness::space::gate(&waits, &go)));
    let space = space.workspace("one", &main);
    let running = space.start("up --yes");
    space.wait_for("waits");
    kill_process(process(&space, "one:apply"), Signal::KILL).unwrap();
    running.wait().exits(1);
    assert!(server.is_locked());
    space.write("go", "");
    let locked = space.run("up --yes --unlock-own-stale");
    locked.exits(6).says("terraform_data.a").says("not provably by us").says("force-unlock");
    assert!(server.is_locked(), "nothing proves that it is ours");
}

#[test]
fn in_ci_an_apply_is_stopped_in_order_and_the_next_job_goes_on() {
    needs!("terraform");
    let place = Place::gated(None);
    let running = place.space.shipway(["up", "--yes"]).env("CI", "true").start();
    place.space.wait_for("waits");
    running.signal(Signal::KILL);
    running.wait();
    place.is_quiet();
    assert_eq!(place.lines("one"), ["first", "second"]);
    place.go();
    let next = place.space.shipway(["up", "--yes"]).env("CI", "true").run();
    next.exits(0).says("was stopped in order");
    place.assert_nothing_is_left("in CI");
}

#[test]
fn a_state_is_copied_before_each_apply_and_destroy_and_ten_are_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    needs!("terraform");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n");
    let main = |word: usize| format!("resource \"terraform_data\" \"a\" {{\n  input = \"{word}\"\n}}\n");
    let space = space.workspace("one", &main(0));
    let copies = || -> Vec<std::path::PathBuf> {
        let folder = space.path(".shipway/snapshots/one");
        let mut all: Vec<_> = folder.read_dir().into_iter().flatten().flatten().map(|it| it.path()).collect();
        all.sort();
        all
    };
    space.run("up --yes").exits(0);
    assert!(copies().is_empty(), "there was no state");
    for word in 1..=12 {
        let before = space.bytes("terraform/one/terraform.tfstate");
        space.write("terraform/one/main.tf", &main(word));
        space.run("up --yes").exits(0);
        let last = copies().pop().unwrap();
        assert_eq!(std::fs::read(&last).unwrap(), before);
        assert_eq!(last.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(copies().len(), 10);
    let before = space.bytes("terraform/one/terraform.tfstate");
    space.run("down --yes").exits(0);
    assert_eq!(std::fs::read(copies().pop().unwrap()).unwrap(), before);
}
