//! The end of a run in a table: what became of each workspace and task, what changed, how long it took. Pure.
//!
//! The rows are `groups`; below them is the critical path. A run of one thing gets no table, its own lines said it all; nor does a run in which nothing had to be done.

use std::time::Duration;

use dialoguer::console::measure_text_width;

use super::board::Board;
use super::critical_path;
use super::groups::{Group, RESULTS, groups, is_idle};
use super::style::{Label, Style};
use crate::event::Event;
use crate::text::duration;

/// The summary of the run that these events tell, without faults; empty where there is nothing to sum up.
pub fn summary<'a>(events: impl IntoIterator<Item = &'a Event>, style: &Style) -> String {
    let mut board = Board::default();
    events.into_iter().for_each(|event| board.note(event));
    render(&board, style)
}

pub(super) fn render(board: &Board, style: &Style) -> String {
    let groups = groups(board, style);
    if groups.iter().all(|group| is_idle(group.result)) {
        let said = if board.rows().is_empty() {
            "nothing to do"
        } else if board.is_single() || !board.conclusions().is_empty() || groups.is_empty() {
            // It was said, or the last step says it better.
            return String::new();
        } else {
            "nothing to do: everything is up to date"
        };
        return format!("{}\n", style.paint(Label::Good, said));
    }
    if groups.len() < 2 {
        return String::new();
    }
    let path = critical_path::told(board).map(|told| format!("{told}\n")).unwrap_or_default();
    format!("{}\n{} in {}\n{path}", table(&groups, style), total(&groups), duration::render(board.elapsed()))
}

fn table(groups: &[Group], style: &Style) -> String {
    let width = |part: fn(&Group) -> usize| groups.iter().map(part).max().unwrap_or_default();
    let titles = width(|group| measure_text_width(&group.title));
    let results = width(|group| group.result.len());
    let changes = width(|group| if explains(group) { 0 } else { measure_text_width(&group.what) });
    let times = width(|group| time(group).len());
    let mut text = String::new();
    for group in groups {
        let gap = " ".repeat(titles - measure_text_width(&group.title));
        let (what, why) = if explains(group) { ("", group.what.as_str()) } else { (group.what.as_str(), "") };
        let space = " ".repeat(changes - measure_text_width(what));
        let columns = [
            format!("{:results$}", group.result),
            format!("{what}{space}"),
            format!("{:>times$}", time(group)),
            why.to_owned(),
        ];
        let columns: Vec<String> = columns.into_iter().filter(|column| !column.is_empty()).collect();
        let row =
            format!("{} {}{gap}  {}", style.paint(group.label, group.mark), group.title, columns.join("  "));
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// Whether it says why and not what: sentences stand last, where their length does no harm.
fn explains(group: &Group) -> bool {
    !matches!(group.result, "applied" | "destroyed" | "planned" | "done")
}

fn time(group: &Group) -> String {
    if group.took < Duration::from_millis(1) { String::new() } else { duration::render(group.took) }
}

/// `2 done, 1 up to date and 1 failed`.
fn total(groups: &[Group]) -> String {
    let parts: Vec<String> = RESULTS
        .iter()
        .map(|result| (groups.iter().filter(|group| group.result == *result).count(), result))
        .filter(|(number, _)| *number > 0)
        .map(|(number, result)| format!("{number} {result}"))
        .collect();
    match parts.as_slice() {
        [init @ .., last] if !init.is_empty() => format!("{} and {last}", init.join(", ")),
        parts => parts.concat(),
    }
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;
    use crate::diagnostic::{Fault, FaultKind};
    use crate::plan::{Ending, Skip};
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
= lint        up to date                 its inputs are unchanged
✓ plan base   done                   3s
✓ apply base  done         4 added  12s
✗ apply prod  failed                 9s  quota exceeded
- apply edge  not started                needs `apply prod`
! ask docs    declined                   Apply docs?

2 done, 1 up to date, 1 not started, 1 declined and 1 failed in 25s
critical path: plan base → apply base, 15s

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
