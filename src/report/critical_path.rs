//! The critical path of a run: of all chains of steps that waited for each other the one that took longest. Only a shorter step of it makes
//! the run shorter, however many run at once. Pure.

use std::collections::HashMap;
use std::time::Duration;

use super::board::{Board, Row, Stage};
use crate::text::duration;

/// Who is interested in fractions of a second measures them otherwise.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// So many things of a path are named at either end.
const NAMED: usize = 4;

/// The path in a line, where it tells something: it is of two things or more, and others ran beside them.
pub(super) fn told(board: &Board) -> Option<String> {
    let (path, took) = critical_path(board.rows());
    let mut titles: Vec<&str> = path.iter().map(|row| row.shape.title.as_str()).collect();
    titles.dedup();
    let is_all = path.len() == board.rows().iter().filter(|row| time(row) > Duration::ZERO).count();
    if is_all || titles.len() < 2 || took < WORTH_TELLING {
        return None;
    }
    if titles.len() > 2 * NAMED + 1 {
        titles.splice(NAMED..titles.len() - NAMED, ["…"]);
    }
    Some(format!("critical path: {}, {}", titles.join(" → "), duration::render(took)))
}

/// The steps of the path that took any time, first to last, and how long they took together. A step stands after those that it needs.
fn critical_path(rows: &[Row]) -> (Vec<&Row>, Duration) {
    let places: HashMap<&str, usize> =
        rows.iter().enumerate().map(|(at, row)| (row.shape.name.as_str(), at)).collect();
    // Of each step: when it could have ended at the earliest, and whom it had to wait for.
    let mut ends: Vec<(Duration, Option<usize>)> = Vec::with_capacity(rows.len());
    for row in rows {
        let needed = row.shape.needs.iter().filter_map(|name| places.get(name.as_str()).copied());
        let latest = needed.filter(|at| *at < ends.len()).max_by_key(|at| ends[*at].0);
        let since = latest.map_or(Duration::ZERO, |at| ends[at].0);
        ends.push((since + time(row), latest));
    }
    let mut path = Vec::new();
    let mut at = (0..rows.len()).max_by_key(|at| (ends[*at].0, std::cmp::Reverse(*at)));
    let took = at.map_or(Duration::ZERO, |at| ends[at].0);
    while let Some(here) = at {
        path.push(&rows[here]);
        at = ends[here].1;
    }
    path.reverse();
    path.retain(|row| time(row) > Duration::ZERO);
    (path, took)
}

/// A question takes the time of the person who is asked.
fn time(row: &Row) -> Duration {
    match row.stage {
        Stage::Ended { took, .. } if row.question.is_none() => took,
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tape::Tape;

    fn of(tape: Tape) -> Option<String> {
        let mut board = Board::default();
        tape.finished(0).events.iter().for_each(|event| board.note(event));
        told(&board)
    }

    #[test]
    fn the_longest_chain_is_told_and_not_the_longest_step() {
        let tape = Tape::new(&[
            ("lint", &[]),
            ("fetch", &[]),
            ("build", &["fetch"]),
            ("test", &["build"]),
            ("publish", &["test", "lint"]),
        ]);
        let tape = tape.done("lint", 9).done("fetch", 4).done("build", 5).done("test", 2).done("publish", 1);
        assert_eq!(of(tape).as_deref(), Some("critical path: fetch → build → test → publish, 12s"));
    }

    #[test]
    fn what_tells_nothing_is_not_told() {
        let chain = [("a", &[] as &[&str]), ("b", &["a"]), ("c", &["b"])];
        assert_eq!(of(Tape::new(&chain).done("a", 1).done("b", 2).done("c", 3)), None, "one after the other");
        let apart = [("a", &[] as &[&str]), ("b", &[]), ("c", &[])];
        assert_eq!(of(Tape::new(&apart).done("a", 1).done("b", 2).done("c", 3)), None, "none waits");
        let quick = [("a", &[] as &[&str]), ("b", &["a"]), ("c", &[])];
        assert_eq!(of(Tape::new(&quick).done("a", 0).done("b", 0).done("c", 0)), None);
        assert_eq!(of(Tape::new(&[])), None);
    }

    #[test]
    fn of_a_long_path_both_ends_are_named() {
        let names: Vec<String> = (0..20).map(|number| format!("t{number}")).collect();
        let needs: Vec<Vec<&str>> = (0..20_usize)
            .map(|at| at.checked_sub(1).map(|before| names[before].as_str()).into_iter().collect())
            .collect();
        let mut steps: Vec<(&str, &[&str])> =
            names.iter().zip(&needs).map(|(name, needs)| (name.as_str(), needs.as_slice())).collect();
        steps.push(("other", &[]));
        let tape = names.iter().fold(Tape::new(&steps), |tape, name| tape.done(name, 1)).done("other", 1);
        let told = of(tape).unwrap();
        assert_eq!(told, "critical path: t0 → t1 → t2 → t3 → … → t16 → t17 → t18 → t19, 20s");
    }
}
