//! Shipway is killed at every write of its journal, and whoever comes next brings things in order.
//!
//! A debug build ends itself hard after the N-th write. Here a few such places are tried; with `UP_KILLS` set every one, or, where that is
//! `FROM-TO`, those.

use crate::harness::needs;
use crate::harness::postgres::Postgres;
use crate::resume::place::Place;

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
