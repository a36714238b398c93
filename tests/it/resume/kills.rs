//! Shipway is killed at every write of its journal, and whoever comes next brings things in order.
//!
//! A debug build ends itself hard after the N-th write. Here a few such places are tried; with `UP_KILLS` set every one, or, where that is
//! `FROM-TO`, those; `random` moments are for `moments`. And terraform is killed, alone or with Shipway, at moments that differ in each turn.

use rustix::process::Signal;

use crate::harness::needs;
use crate::harness::postgres::Postgres;
use crate::resume::place::{Place, WORKSPACES};

/// What `UP_KILLS` asks for, where it does not ask for random moments.
fn asked() -> Option<String> {
    std::env::var("UP_KILLS").ok().filter(|asked| !asked.starts_with("random"))
}

fn points(total: u64, few: u64) -> Vec<u64> {
    match asked() {
        // The end of a run has more of what matters than its beginning.
        None => (1..=few).map(|nth| (total * nth).div_ceil(few + 1)).collect(),
        Some(range) => {
            let range =
                range.split_once('-').and_then(|(from, to)| Some(from.parse().ok()?..=to.parse().ok()?));
            (1..=total).filter(|point| range.as_ref().is_none_or(|range| range.contains(point))).collect()
        }
    }
}

/// How many writes of its journal a command needs.
fn count(place: &Place<'_>, words: [&str; 2]) -> u64 {
    let counter = place.space.root.with_file_name("points");
    place.space.shipway(words).env("SHIPWAY_COUNT_POINTS", counter.as_os_str()).run().exits(0);
    std::fs::read_to_string(&counter).unwrap().parse().unwrap()
}

fn backend(postgres: Option<&Postgres>) -> &'static str {
    if postgres.is_some() { "pg" } else { "local" }
}

fn shipway_is_killed_everywhere(postgres: Option<&Postgres>, few: u64) {
    let counted = Place::two(postgres);
    let total = count(&counted, ["up", "--yes"]);
    counted.assert_in_order("undisturbed");
    assert!(total > 30, "{total}");
    let (mut kills, mut recovered) = (0, 0);
    for point in points(total, few) {
        let place = Place::two(postgres);
        let killed = place.space.shipway(["up", "--yes"]).env("SHIPWAY_KILL_AT", point.to_string()).run();
        kills += u32::from(killed.signal() == Some(9));
        let context = format!("after a kill at {point} of {total}: {}", killed.all());
        // No waiting: the next one may come while terraform still works.
        let next = place.space.run("up --yes");
        assert!(next.signal().is_none() && next.stderr.contains("workspace"), "{context}\n{}", next.all());
        next.exits(0);
        place.assert_in_order(&context);
        recovered += 1;
    }
    println!("Shipway alone in an up, {}: {kills} kills, {recovered} recovered", backend(postgres));
    assert_eq!(kills, recovered, "every place was reached");
}

/// A number of `0..limit` that depends on `turn` and looks like none of it (a step of an LCG; Knuth, MMIX).
fn somewhere(turn: u64, limit: u64) -> u64 {
    (turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33) % limit
}

/// Terraform is killed in the middle of its apply, and with `both` Shipway before it: somewhere, as soon as its stream has so many bytes.
fn terraform_is_killed_somewhere(postgres: Option<&Postgres>, both: bool, few: u64) {
    let turns = if asked().is_some() { 25 } else { few };
    let (mut kills, mut recovered) = (0, 0);
    for turn in 0..turns {
        let place = Place::two(postgres);
        for name in WORKSPACES {
            place.workspace(name, "sleep 0.05");
        }
        let running = place.space.start("up --yes");
        let after = 1 + somewhere(turn, 4_500);
        let killed = place.kill_terraform_after(after, || {
            if both {
                running.signal(Signal::KILL);
            }
        });
        running.wait();
        place.is_quiet();
        let before: Vec<Vec<String>> = WORKSPACES.map(|name| place.lines(name)).into();
        let next = place.space.run("--json up --yes");
        let context = format!("after {after} bytes: {}", next.all());
        assert!(next.stdout.contains("run-finished"), "{context}");
        next.exits(0);
        place.assert_made_or_named(&before, &next, &context);
        kills += u32::from(killed);
        recovered += u32::from(killed);
    }
    let whom = if both { "both" } else { "terraform alone" };
    println!("{whom}, {}: {kills} kills, {recovered} recovered", backend(postgres));
    assert!(kills > 0);
}

fn shipway_is_killed_everywhere_in_a_down(postgres: Option<&Postgres>, few: u64) {
    let counted = Place::two(postgres);
    counted.space.run("up --yes").exits(0);
    let total = count(&counted, ["down", "--yes"]);
    let (mut kills, mut recovered) = (0, 0);
    for point in points(total, few) {
        let place = Place::two(postgres);
        place.space.run("up --yes").exits(0);
        let killed = place.space.shipway(["down", "--yes"]).env("SHIPWAY_KILL_AT", point.to_string()).run();
        kills += u32::from(killed.signal() == Some(9));
        let next = place.space.run("down --yes");
        let context = format!("after a kill at {point} of {total}: {}\n{}", killed.all(), next.all());
        next.exits(0);
        place.assert_is_gone(&context);
        recovered += 1;
    }
    println!("Shipway alone in a down, {}: {kills} kills, {recovered} recovered", backend(postgres));
    assert_eq!(kills, recovered, "every place was reached");
}

#[test]
fn terraform_killed_anywhere_makes_nothing_twice_unnamed() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    terraform_is_killed_somewhere(None, false, 3);
    terraform_is_killed_somewhere(Some(&postgres), false, 3);
}

#[test]
fn both_killed_anywhere_make_nothing_twice_unnamed() {
    needs!("terraform", "postgres");
    let postgres = Postgres::start();
    terraform_is_killed_somewhere(None, true, 3);
    terraform_is_killed_somewhere(Some(&postgres), true, 3);
}

#[test]
fn shipway_killed_anywhere_in_a_down_ends_with_nothing_left_on_a_local_backend() {
    needs!("terraform");
    shipway_is_killed_everywhere_in_a_down(None, 5);
}

#[test]
fn shipway_killed_anywhere_in_a_down_ends_with_nothing_left_on_postgresql() {
    needs!("terraform", "postgres");
    shipway_is_killed_everywhere_in_a_down(Some(&Postgres::start()), 2);
}

#[test]
fn shipway_killed_anywhere_in_an_up_loses_nothing_on_a_local_backend() {
    needs!("terraform");
    shipway_is_killed_everywhere(None, 6);
}

#[test]
fn shipway_killed_anywhere_in_an_up_loses_nothing_on_postgresql() {
    needs!("terraform", "postgres");
    shipway_is_killed_everywhere(Some(&Postgres::start()), 4);
}
