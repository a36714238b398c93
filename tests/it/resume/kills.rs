//! Shipway is killed at every write of its journal, and whoever comes next brings things in order.
//!
//! A debug build ends itself hard after the N-th write. Here a few such places are tried; with `UP_KILLS` set every one, or, where that is
//! `FROM-TO`, those. And terraform is killed, alone or with Shipway, at moments that differ in each turn.

use rustix::process::Signal;
use shipway::event::EventKind;

use crate::harness::postgres::Postgres;
use crate::harness::{Output, needs};
use crate::resume::place::{Place, WORKSPACES};

fn points(total: u64, few: u64) -> Vec<u64> {
    match std::env::var("UP_KILLS") {
        // The end of a run has more of what matters than its beginning.
        Err(_) => (1..=few).map(|nth| (total * nth).div_ceil(few + 1)).collect(),
        Ok(range) => {
            let range =
                range.split_once('-').and_then(|(from, to)| Some(from.parse().ok()?..=to.parse().ok()?));
            (1..=total).filter(|point| range.as_ref().is_none_or(|range| range.contains(point))).collect()
        }
    }
}

fn count(place: &Place<'_>) -> u64 {
    let counter = place.space.root.with_file_name("points");
    place.space.shipway(["up", "--yes"]).env("SHIPWAY_COUNT_POINTS", counter.as_os_str()).run().exits(0);
    place.assert_in_order("undisturbed");
    std::fs::read_to_string(&counter).unwrap().parse().unwrap()
}

fn shipway_is_killed_everywhere(postgres: Option<&Postgres>, few: u64) {
    let total = count(&Place::two(postgres));
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
    let backend = if postgres.is_some() { "pg" } else { "local" };
    println!("Shipway alone, {backend}: {kills} kills, {recovered} recovered");
    assert_eq!(kills, recovered, "every place was reached");
}

/// A number of `0..limit` that depends on `turn` and looks like none of it (a step of an LCG; Knuth, MMIX).
fn somewhere(turn: u64, limit: u64) -> u64 {
    (turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33) % limit
}

/// Terraform is killed in the middle of its apply, and with `both` Shipway before it: somewhere, as soon as its stream has so many bytes.
fn terraform_is_killed_somewhere(postgres: Option<&Postgres>, both: bool, few: u64) {
    let turns = if std::env::var_os("UP_KILLS").is_some() { 25 } else { few };
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
        let named = named_first(&next);
        for (name, before) in WORKSPACES.into_iter().zip(before) {
            assert_eq!(place.state(name), ["terraform_data.first", "terraform_data.second"], "{context}");
            let after = place.lines(name);
            // Each was made once, or was named as perhaps made before anything else was run.
            for resource in ["first", "second"] {
                let times = |lines: &[String]| lines.iter().filter(|line| *line == resource).count();
                let was_named =
                    named.contains(&format!("started and not ended: creating terraform_data.{resource}"));
                let is_right = times(&after) == 1 || (times(&after) == 2 && times(&before) == 1 && was_named);
                assert!(is_right, "{name} {resource}: {before:?} {after:?}: {context}");
            }
        }
        place.assert_nothing_is_left(&context);
        place.space.run("up").exits(0).says("nothing to change").does_not_say("ended without saying how");
        kills += u32::from(killed);
        recovered += u32::from(killed);
    }
    let whom = if both { "both" } else { "terraform alone" };
    let backend = if postgres.is_some() { "pg" } else { "local" };
    println!("{whom}, {backend}: {kills} kills, {recovered} recovered");
    assert!(kills > 0);
}

/// All that was said before the first command was started.
fn named_first(output: &Output) -> String {
    let story = output.story();
    let kinds = story.events.iter().map(|event| &event.kind);
    let first = kinds.take_while(|kind| !matches!(kind, EventKind::CommandStarted { .. }));
    let texts = first.filter_map(|kind| match kind {
        EventKind::Notice { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
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
fn shipway_killed_anywhere_in_a_down_ends_with_nothing_left() {
    needs!("terraform");
    let counted = Place::two(None);
    counted.space.run("up --yes").exits(0);
    let counter = counted.space.root.with_file_name("points");
    counted.space.shipway(["down", "--yes"]).env("SHIPWAY_COUNT_POINTS", counter.as_os_str()).run().exits(0);
    let total: u64 = std::fs::read_to_string(&counter).unwrap().parse().unwrap();
    let (mut kills, mut recovered) = (0, 0);
    for point in points(total, 5) {
        let place = Place::two(None);
        place.space.run("up --yes").exits(0);
        let killed = place.space.shipway(["down", "--yes"]).env("SHIPWAY_KILL_AT", point.to_string()).run();
        kills += u32::from(killed.signal() == Some(9));
        let next = place.space.run("down --yes");
        let context = format!("after a kill at {point} of {total}: {}\n{}", killed.all(), next.all());
        next.exits(0);
        for name in WORKSPACES {
            assert!(place.state(name).is_empty(), "{context}");
        }
        place.assert_nothing_is_left(&context);
        place.space.run("down").exits(0).says("nothing to destroy");
        recovered += 1;
    }
    println!("Shipway alone in a down, local: {kills} kills, {recovered} recovered");
    assert_eq!(kills, recovered, "every place was reached");
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
