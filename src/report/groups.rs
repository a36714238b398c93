//! What became of each workspace and each task: the steps of a run, folded into the things that people think in. Pure.
//!
//! A workspace is one group, whatever was done with it; its result is that of its apply or destroy, unless something failed or was declined
//! before. Other steps with the same title are one group (the worst result). What nobody asked for (a read for somebody else, a question that
//! was answered with yes) is no group, unless it went wrong. A task that was skipped is one, and a step of ours that had nothing to do is not.

use std::collections::HashMap;
use std::time::Duration;

use super::board::{Board, Row, Stage};
use super::role::Role;
use super::skips::Skips;
use super::style::{Label, Style};
use super::words;
use crate::plan::{Ending, Skip};

/// One line of the summary.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: String,
    pub(super) result: &'static str,
    pub(super) label: Label,
    pub(super) mark: &'static str,
    pub(super) took: Duration,
    /// What changed, or why not.
    pub(super) what: String,
}

/// All results, as a sentence lists them.
pub(super) const RESULTS: [&str; 15] = [
    "applied",
    "destroyed",
    "planned",
    "done",
    "unchanged",
    "empty",
    "up to date",
    "skipped",
    "not applied",
    "not destroyed",
    "not started",
    "declined",
    "failed but ignored",
    "failed",
    "not finished",
];

/// Whether the result says that there was nothing to do.
pub(super) fn is_idle(result: &str) -> bool {
    matches!(result, "unchanged" | "empty" | "up to date")
}

/// The groups, in the order of their main steps.
pub(super) fn groups(board: &Board, style: &Style) -> Vec<Group> {
    let mut found: Vec<(&str, Vec<(usize, &Row)>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (place, row) in board.rows().iter().enumerate() {
        let key = key(row);
        let at = *places.entry(key).or_insert(found.len());
        match found.get_mut(at) {
            Some((_, rows)) => rows.push((place, row)),
            None => found.push((key, vec![(place, row)])),
        }
    }
    let mut groups: Vec<(usize, Group)> =
        found.iter().filter_map(|(title, rows)| group(title, rows, style)).collect();
    groups.sort_by_key(|(place, _)| *place);
    groups.into_iter().map(|(_, group)| group).collect()
}

fn key(row: &Row) -> &str {
    match row.role() {
        Role::Workspace { name, .. } => name,
        _ => &row.shape.title,
    }
}

fn group(title: &str, rows: &[(usize, &Row)], style: &Style) -> Option<(usize, Group)> {
    let took = rows.iter().map(|(_, row)| took(row)).sum();
    let worst = rows.iter().max_by_key(|(place, row)| (weight(row), std::cmp::Reverse(*place)))?;
    let main =
        rows.iter().rev().find(|(_, row)| is_apply(row)).or(rows.iter().rev().find(|(_, row)| !row.is_inner));
    // Where nothing stopped it, the main step speaks for all.
    let (place, row) = match main {
        Some(main) if weight(worst.1) < STOPPED => main,
        None if weight(worst.1) < SKIPPED => return None,
        _ => worst,
    };
    let Stage::Ended { ending, .. } = &row.stage else {
        let (result, label, mark) = ("not finished", Label::Warning, "?");
        let what = String::new();
        return Some((*place, Group { title: title.to_owned(), result, label, mark, took, what }));
    };
    let had_nothing_to_do = matches!(ending, Ending::Skipped(Skip::Nothing { .. }))
        && !words::is_skipped_task(row.role(), ending);
    if had_nothing_to_do || is_held_part(row, ending) || (Skips::is_one(ending) && row.is_inner) {
        return None;
    }
    let was_planned = rows.iter().any(|(_, row)| !row.is_inner && is_done(row));
    let result = result(row, ending, was_planned);
    let is_workspace = matches!(row.role(), Role::Workspace { .. });
    let what = match ending {
        Ending::Done => row.changed.clone().unwrap_or_default(),
        Ending::UpToDate { .. } if result == "unchanged" => String::new(),
        // Its fault follows.
        Ending::Failed { .. } if is_workspace => row.shape.title.clone(),
        _ => words::reason(ending),
    };
    let (label, mark) = (words::label(ending), words::mark(row.role(), ending, style));
    let place = main.map_or(*place, |(place, _)| *place);
    Some((place, Group { title: title.to_owned(), result, label, mark, took, what }))
}

fn result(row: &Row, ending: &Ending, was_planned: bool) -> &'static str {
    let Role::Workspace { verb, .. } = row.role() else { return words::result(row.role(), ending) };
    match (ending, verb) {
        (Ending::Done, "apply") => "applied",
        (Ending::Done, "destroy") => "destroyed",
        (Ending::Done, "plan" | "plan-destroy") => "planned",
        (Ending::UpToDate { .. }, "apply") => "unchanged",
        (Ending::UpToDate { .. }, "destroy") => "empty",
        (Ending::Skipped(_), "apply") if was_planned => "not applied",
        (Ending::Skipped(_), "destroy") if was_planned => "not destroyed",
        _ => words::result(row.role(), ending),
    }
}

/// From here on a result speaks for the whole group.
const STOPPED: u8 = 3;
const SKIPPED: u8 = 2;

fn weight(row: &Row) -> u8 {
    match &row.stage {
        Stage::Ended { ending, .. } => match ending {
            Ending::UpToDate { .. } | Ending::Skipped(Skip::Nothing { .. }) => 0,
            Ending::Done => 1,
            Ending::Skipped(_) => SKIPPED,
            Ending::Declined { .. } | Ending::Ignored { .. } => STOPPED,
            Ending::Failed { .. } => 5,
        },
        Stage::Waiting | Stage::Running { .. } | Stage::Asking { .. } => 4,
    }
}

/// Whether it is a part of a task that does not run here, as the task's last step says.
fn is_held_part(row: &Row, ending: &Ending) -> bool {
    let is_part = row.shape.name.split(' ').next().is_some_and(|name| name.contains('#'));
    is_part && row.role() == Role::Task && matches!(ending, Ending::Skipped(Skip::HeldBack { .. }))
}

fn is_apply(row: &Row) -> bool {
    matches!(row.role(), Role::Workspace { verb: "apply" | "destroy", .. })
}

fn is_done(row: &Row) -> bool {
    matches!(row.stage, Stage::Ended { ending: Ending::Done, .. })
}

/// The time of a step that asked is that of the person who answered.
fn took(row: &Row) -> Duration {
    match row.stage {
        _ if row.question.is_some() => Duration::ZERO,
        Stage::Ended { took, .. } => took,
        Stage::Waiting | Stage::Running { .. } | Stage::Asking { .. } => Duration::ZERO,
    }
}
