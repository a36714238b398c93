//! Two runs that want the same workspaces, and locks that the dead leave.

use rustix::process::Signal;
use shipway::event::EventKind;

use crate::harness::patience::until_true;
use crate::harness::{Space, identity, needs};
use crate::resume::place::Place;

#[test]
fn two_runs_on_one_machine_meet_before_terraform_is_asked_and_the_second_waits() {
    needs!("terraform");
    let place = Place::gated(None);
    let first = place.in_the_middle();
    let second = place.space.start("up --yes");
    let told = format!("`shipway up --yes` (process {} on ", first.pid);
    until_true("it is told for whom the second waits", || second.stderr().contains(&told));
    assert!(!second.stderr().contains("plan"), "{}", second.stderr());
    place.go();
    first.wait().exits(0);
    second.wait().exits(0).says("nothing to change");
    place.assert_in_order("two runs");
}

#[test]
fn who_waits_too_long_is_told_for_whom_and_ends_as_locked() {
    needs!("terraform");
    let place = Place::gated(None);
    let tasks = place.space.read("tasks.toml").replace("20s", "300ms");
    place.space.write("tasks.toml", &tasks);
    let first = place.in_the_middle();
    for line in ["up --yes", "down --yes", "apply-one --yes", "destroy-all --yes"] {
        let late = place.space.run(line);
        late.exits(6).says("`shipway up --yes` (process ").says("works on `one`").says("lock_timeout");
    }
    place.go();
    first.wait().exits(0);
    place.space.run("down --yes").exits(0);
}

#[test]
fn a_lock_of_a_run_that_was_killed_holds_nobody_up() {
    needs!("terraform");
    let place = Place::gated(None);
    let first = place.in_the_middle();
    first.signal(Signal::KILL);
    first.wait();
    place.go();
    place.is_quiet();
    assert!(place.space.has(".shipway/locks/workspace-one.lock"), "the file is left, and nobody holds it");
    place.space.run("up --yes").exits(0).does_not_say("waiting for it");
    place.assert_in_order("a dead holder");
}

/// A terraform whose state's lock is held, in the words of the s3 backend, until it is released under its id.
fn with_a_lock(place: Place<'_>, who: &str, created: &str) -> Space {
    let real = crate::harness::tools::find("terraform").unwrap();
    let released = place.space.root.with_file_name("released");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n*force-unlock*) for last; do :; done; [ \"$last\" = id-of-the-lock ] && touch '{released}'; exit;;\n\
         *'state rm'*|*' plan '*) if [ -e '{root}/locked' ] && [ ! -e '{released}' ]; then\n\
         printf 'Error: Error acquiring the state lock\\n\\nError message: operation error S3: PutObject\\nLock Info:\\n  ID:        id-of-the-lock\\n\
         \\x20 Path:      bucket/key\\n  Operation: OperationTypeApply\\n  Who:       {who}\\n  Version:   1.11.4\\n  Created:   {created}\\n  Info:      \\n' >&2\n\
         exit 1; fi;;\nesac\nexec '{real}' \"$@\"\n",
        released = released.display(),
        root = place.space.root.display(),
        real = real.display(),
    );
    place.space.tool("terraform", &script)
}

/// As Go prints a time.
fn go_time(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S.%9f +0000 UTC").to_string()
}

/// An apply of `one` that was killed, and whose lock, taken by `who` so long after its start, is still there.
fn after_a_kill(who: &str, later: i64) -> Space {
    let place = Place::gated(None);
    let running = place.in_the_middle();
    let at: jiff::Timestamp = {
        let journal = place.space.journal();
        let begun = journal.iter().rfind(|record| record["entry"]["entry"] == "command").unwrap();
        begun["at"].as_str().unwrap().parse().unwrap()
    };
    place.kill_terraform();
    running.wait().exits(1);
    place.go();
    let created = at + jiff::SignedDuration::from_secs(later);
    let space = with_a_lock(place, who, &go_time(created));
    space.write("locked", "");
    space
}

#[test]
fn a_lock_that_the_journal_proves_ours_and_dead_is_released_after_a_question() {
    needs!("terraform", "id");
    let space = after_a_kill(&identity(), 1);
    let refused = space.run("up");
    refused.exits(4).says("terraform_data.second").says("Release the lock that the dead apply of one left?");
    assert!(!space.root.with_file_name("released").exists());
    space.run("up --yes").exits(0);
    assert!(space.root.with_file_name("released").exists());
    space.run("up").exits(0).says("nothing to change");
}

#[test]
fn in_ci_the_option_releases_it() {
    needs!("terraform", "id");
    let space = after_a_kill(&identity(), 1);
    let next = space.run("--json up --unlock-own-stale --yes");
    next.exits(0);
    let asked = next
        .story()
        .count(|kind| matches!(kind, EventKind::Asked { proposal } if proposal.question.contains("Release")));
    assert_eq!(asked, 0);
    assert!(space.root.with_file_name("released").exists());
}

#[test]
fn a_lock_of_somebody_else_is_never_released() {
    needs!("terraform", "id");
    for (who, later) in [("somebody@elsewhere".to_owned(), 1), (identity(), -60), (identity(), 3600)] {
        let space = after_a_kill(&who, later);
        let locked = space.run("up --yes --unlock-own-stale");
        locked.exits(6).says("not provably by us").says(&who);
        assert!(!space.root.with_file_name("released").exists(), "{who} {later}");
    }
}
