//! The end of a run in a table: what ran, what was up to date, what was skipped and why, what was declined, what failed. Pure.
//!
//! Steps with the same title are one row (the worst result, the times added), and a step that found nothing for itself to do is no row at
//! all: people think in workspaces and tasks, not in the engine's steps. A plan of one step gets no table, its own line said it all; nor
//! does a run in which everything was up to date.

use std::time::Duration;

use dialoguer::console::measure_text_width;

use super::board::{Board, Stage};
use super::style::{Label, Style};
use super::words;
use crate::event::Event;
use crate::plan::Ending;
use crate::text::duration;

/// The summary of the run that these events tell, without faults; empty where there is nothing to sum up.
pub fn summary<'a>(events: impl IntoIterator<Item = &'a Event>, style: &Style) -> String {
    let mut board = Board::default();
    events.into_iter().for_each(|event| board.note(event));
    render(&board, style)
}

struct Line {
    title: String,
    result: &'static str,
    label: Label,
    mark: &'static str,
    took: Duration,
    what: String,
    weight: u8,
}

pub(super) fn render(board: &Board, style: &Style) -> String {
    let lines = lines(board, style);
    let mut text = String::new();
    let nothing = lines.iter().all(|line| line.result == "up to date");
    if !board.is_single() && !nothing {
        let width = |part: fn(&Line) -> &str| {
            lines.iter().map(|line| measure_text_width(part(line))).max().unwrap_or_default()
        };
        let titles = width(|line| &line.title);
        let results = width(|line| line.result);
        let times = lines.iter().map(|line| time(line).len()).max().unwrap_or_default();
        for line in &lines {
            let gap = " ".repeat(titles - measure_text_width(&line.title));
            let row = format!(
                "{} {}{gap}  {:results$}  {:>times$}  {}",
                style.paint(line.label, line.mark),
                line.title,
                line.result,
                time(line),
                line.what
            );
            text.push_str(row.trim_end());
            text.push('\n');
        }
    }
    if nothing {
        let said = if lines.is_empty() { "nothing to do" } else { "nothing to do: everything is up to date" };
        return format!("{}\n", style.paint(Label::Good, said));
    }
    if let Some(total) = total(board, &lines) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&total);
        text.push('\n');
    }
    text
}

fn lines(board: &Board, style: &Style) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in board.rows() {
        let line = match &row.stage {
            Stage::Ended { ending, .. } if words::is_trivial(ending) => continue,
            Stage::Ended { ending, took } => {
                let reason = words::reason(ending);
                Line {
                    title: row.shape.title.clone(),
                    result: words::result(ending),
                    label: words::label(ending),
                    mark: words::mark(ending, style),
                    took: *took,
                    what: row.changed.clone().filter(|_| reason.is_empty()).unwrap_or(reason),
                    weight: weight(ending),
                }
            }
            Stage::Waiting | Stage::Running { .. } | Stage::Asking { .. } => Line {
                title: row.shape.title.clone(),
                result: "not finished",
                label: Label::Warning,
                mark: "?",
                took: Duration::ZERO,
                what: String::new(),
                weight: 4,
            },
        };
        match lines.iter_mut().find(|known| known.title == line.title) {
            None => lines.push(line),
            Some(known) => {
                let took = known.took + line.took;
                if line.weight > known.weight {
                    *known = line;
                }
                known.took = took;
            }
        }
    }
    lines
}

/// Which result speaks for a row that several steps share.
fn weight(ending: &Ending) -> u8 {
    match ending {
        Ending::UpToDate { .. } => 0,
        Ending::Done => 1,
        Ending::Skipped(_) => 2,
        Ending::Declined { .. } => 3,
        Ending::Failed { .. } => 5,
    }
}

fn time(line: &Line) -> String {
    if line.took.is_zero() { String::new() } else { duration::render(line.took) }
}

/// `2 done, 1 up to date and 1 failed in 1m05s`.
fn total(board: &Board, lines: &[Line]) -> Option<String> {
    if board.is_single() {
        return None;
    }
    let parts: Vec<String> = ["done", "up to date", "skipped", "declined", "failed", "not finished"]
        .iter()
        .map(|result| (lines.iter().filter(|line| line.result == *result).count(), result))
        .filter(|(number, _)| *number > 0)
        .map(|(number, result)| format!("{number} {result}"))
        .collect();
    let joined = match parts.as_slice() {
        [init @ .., last] if !init.is_empty() => format!("{} and {last}", init.join(", ")),
        parts => parts.concat(),
    };
    Some(format!("{joined} in {}", duration::render(board.elapsed())))
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;
    use crate::diagnostic::{Fault, FaultKind};
    use crate::plan::Skip;
    use crate::report::tape::Tape;

    fn nothing() -> Ending {
        Ending::Skipped(Skip::Nothing { reason: "nothing to approve".into() })
    }

    #[test]
    fn each_result_stands_in_the_table_with_its_time_and_reason() {
        let tape = Tape::new(&[
            ("lint", &[]),
            ("plan base", &[]),
            ("approve base", &["plan base"]),
            ("apply base", &["approve base"]),
            ("apply prod", &[]),
            ("apply edge", &["apply prod"]),
            ("ask docs", &[]),
        ])
        .up_to_date("lint")
        .started("plan base")
        .done("plan base", 3)
        .ended("approve base", nothing(), 0)
        .started("apply base")
        .progress("apply base", "4 added", Some((4, 4)))
        .done("apply base", 12)
        .started("apply prod")
        .failed("apply prod", Fault::new(FaultKind::Failed, "quota exceeded"), 9)
        .skipped("apply edge", "apply prod")
        .ended("ask docs", Ending::Declined { question: "Apply docs?".into() }, 0)
        .after(25)
        .finished(1);
        assert_data_eq!(
            summary(&tape.events, &Style::plain()),
            str![[r#"
= lint        up to date       its inputs are unchanged
✓ plan base   done         3s
✓ apply base  done        12s  4 added
✗ apply prod  failed       9s  quota exceeded
- apply edge  skipped          needs `apply prod`, which did not end well
! ask docs    declined         Apply docs?

2 done, 1 up to date, 1 skipped, 1 declined and 1 failed in 25s

"#]]
        );
    }

    #[test]
    fn nothing_to_do_is_said() {
        let tape = Tape::new(&[("lint", &[]), ("plan base", &[]), ("approve base", &[])])
            .up_to_date("lint")
            .up_to_date("plan base")
            .ended("approve base", nothing(), 0)
            .finished(0);
        assert_data_eq!(
            summary(&tape.events, &Style::plain()),
            str![[r#"
nothing to do: everything is up to date

"#]]
        );
    }

    #[test]
    fn a_plan_without_steps_has_nothing_to_do() {
        assert_data_eq!(
            summary(&Tape::new(&[]).finished(0).events, &Style::plain()),
            str![[r#"
nothing to do

"#]]
        );
    }

    #[test]
    fn steps_with_one_title_are_one_row() {
        let mut tape = Tape::new(&[("lint", &[]), ("base", &[]), ("base apply", &[])]);
        let crate::event::EventKind::RunStarted { steps, .. } = &mut tape.events[0].kind else { panic!() };
        steps[2].title = "base".into();
        let tape = tape.done("lint", 1).done("base", 3).done("base apply", 4).after(9).finished(0);
        assert_data_eq!(
            summary(&tape.events, &Style::plain()),
            str![[r#"
✓ lint  done  1s
✓ base  done  7s

2 done in 9s

"#]]
        );
    }

    #[test]
    fn a_single_step_needs_no_table() {
        let tape = Tape::new(&[("lint", &[])]).started("lint").done("lint", 1).finished(0);
        assert_eq!(summary(&tape.events, &Style::plain()), "");
    }
}
