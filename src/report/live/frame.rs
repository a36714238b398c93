//! The moving lines as text: one for each step that asks or runs, then those that wait, then a count. Pure.
//!
//! Never more than half of the screen (and never less than three lines), since what scrolls by above is worth as much. Where not all
//! fit, asking goes before running and running before waiting, and the last line says how many are left out.

use std::time::Duration;

use dialoguer::console::{measure_text_width, truncate_str};

use super::Size;
use crate::report::board::{Board, Row, Stage};
use crate::report::style::{Label, Style};
use crate::report::{clean, words};
use crate::text::duration;

/// Between two turns of the spinner.
const TURN: Duration = Duration::from_millis(100);
/// Titles are padded to the longest, but not further than this.
const TITLE: usize = 30;

/// The moving lines, each no wider than the screen.
pub(super) fn frame(board: &Board, now: Duration, size: Size, style: &Style) -> Vec<String> {
    let mut rows: Vec<&Row> = board.open().collect();
    rows.sort_by_key(|row| matches!(row.stage, Stage::Running { .. }));
    let busy = rows.len();
    rows.extend(board.rows().iter().filter(|row| row.stage == Stage::Waiting));
    if rows.is_empty() {
        return Vec::new();
    }
    let room = usize::from(size.rows / 2).max(3) - 1;
    let hidden = rows.len().saturating_sub(room);
    rows.truncate(room);
    let titles = rows.iter().map(|row| measure_text_width(&row.shape.title)).max().unwrap_or_default();
    let width = usize::from(size.columns).saturating_sub(1);
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| fit(&line(board, row, now, titles.min(TITLE), style), &clock(row, now, style), width))
        .collect();
    if !board.is_single() {
        let total = board.rows().len();
        let ended = total - busy - board.rows().iter().filter(|row| row.stage == Stage::Waiting).count();
        let left_out = if hidden == 0 { String::new() } else { format!(", {hidden} more not shown") };
        let said = format!("  {ended} of {} ended{left_out}", crate::text::count::count(total, "step"));
        lines.push(fit(
            &style.paint(Label::Quiet, &said),
            &style.paint(Label::Quiet, &duration::render(whole(now))),
            width,
        ));
    }
    lines
}

fn line(board: &Board, row: &Row, now: Duration, titles: usize, style: &Style) -> String {
    let title = truncate_str(&row.shape.title, titles, style.mark("…", "~")).into_owned();
    let gap = " ".repeat(titles.saturating_sub(measure_text_width(&title)));
    match &row.stage {
        Stage::Asking { .. } => format!(
            "{} {title}{gap}  {}",
            style.paint(Label::Question, "?"),
            style.paint(Label::Question, "waits for your answer")
        ),
        Stage::Running { .. } => {
            let progress = words::progress(&row.progress);
            // The command of the only step was printed just above.
            let command = row.command.as_deref().filter(|_| !board.is_single());
            let doing = match command {
                Some(command) if progress.is_empty() => first_line(command, style),
                _ => clean::line(&progress, false),
            };
            format!("{} {title}{gap}  {doing}", style.paint(Label::Good, spinner(now, style)))
        }
        Stage::Waiting | Stage::Ended { .. } => {
            let waits = match board.waits_for(row) {
                None => "waits for its turn".to_owned(),
                Some((first, 0)) => format!("waits for {first}"),
                Some((first, more)) => format!("waits for {first} and {more} more"),
            };
            style.paint(Label::Quiet, &format!("{} {title}{gap}  {waits}", style.mark("·", ".")))
        }
    }
}

/// A command on one line, with a mark where it has more.
fn first_line(command: &str, style: &Style) -> String {
    match clean::command(command).as_slice() {
        [] => String::new(),
        [line] => line.clone(),
        [first, ..] => format!("{first} {}", style.mark("…", "...")),
    }
}

fn clock(row: &Row, now: Duration, style: &Style) -> String {
    let lasted = row.since().map(|since| duration::render(whole(now.saturating_sub(since))));
    style.paint(Label::Quiet, &lasted.unwrap_or_default())
}

/// `left`, and `right` after a gap; what does not fit is cut from `left`.
fn fit(left: &str, right: &str, width: usize) -> String {
    let taken = measure_text_width(right);
    let room = if taken == 0 { width } else { width.saturating_sub(taken + 2) };
    let left = truncate_str(left.trim_end(), room, "…");
    let line = if taken == 0 { left.into_owned() } else { format!("{left}  {right}") };
    truncate_str(&line, width, "").into_owned()
}

/// Tenths would only flicker in a clock that moves.
fn whole(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

fn spinner(now: Duration, style: &Style) -> &'static str {
    const TURNS: [(&str, &str); 4] = [("⠋", "|"), ("⠙", "/"), ("⠸", "-"), ("⠴", "\\")];
    let turn = now.as_millis() / TURN.as_millis() % 4;
    let (unicode, ascii) = TURNS[usize::try_from(turn).unwrap_or_default()];
    style.mark(unicode, ascii)
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;
    use crate::report::tape::Tape;

    fn drawn(tape: &Tape, now: u64, columns: u16, rows: u16) -> String {
        let mut board = Board::default();
        tape.events.iter().for_each(|event| board.note(event));
        let lines = frame(&board, Duration::from_secs(now), Size { columns, rows }, &Style::plain());
        for line in &lines {
            assert!(measure_text_width(line) < usize::from(columns), "{line:?} is too wide");
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn busy() -> Tape {
        Tape::new(&[
            ("lint", &[]),
            ("plan base", &[]),
            ("apply base", &["plan base"]),
            ("plan prod", &["apply base", "lint"]),
            ("apply edge", &[]),
        ])
        .started("lint")
        .command("lint", "cargo clippy --all-targets -- -D warnings")
        .after(3)
        .started("plan base")
        .progress("plan base", "reading state", Some((3, 12)))
        .started("apply edge")
        .asked("apply edge")
    }

    #[test]
    fn of_a_command_of_several_lines_the_first_stands_with_a_mark() {
        let tape =
            Tape::new(&[("lint", &[]), ("test", &[])]).started("lint").command("lint", "\ncd a\nmake\n");
        let drawn = drawn(&tape, 1, 80, 40);
        assert!(drawn.contains("lint  cd a …  "), "{drawn}");
    }

    #[test]
    fn asking_running_and_waiting_steps_say_what_they_do() {
        assert_data_eq!(
            drawn(&busy(), 12, 80, 40),
            str![[r#"
? apply edge  waits for your answer  9s
⠋ lint        cargo clippy --all-targets -- -D warnings  12s
⠋ plan base   reading state 3/12  9s
· apply base  waits for plan base
· plan prod   waits for apply base and 1 more
  0 of 5 steps ended  12s

"#]]
        );
    }

    #[test]
    fn a_narrow_screen_cuts_lines_and_keeps_clocks() {
        assert_data_eq!(
            drawn(&busy(), 12, 32, 40),
            str![[r#"
? apply edge  waits for yo…  9s
⠋ lint        cargo clipp…  12s
⠋ plan base   reading stat…  9s
· apply base  waits for plan b…
· plan prod   waits for apply …
  0 of 5 steps ended  12s

"#]]
        );
        drawn(&busy(), 12, 8, 40);
        drawn(&busy(), 12, 1, 1);
    }

    #[test]
    fn wide_characters_count_as_two_columns() {
        let tape = Tape::new(&[("構築する", &[]), ("lint", &[])])
            .started("構築する")
            .started("lint")
            .progress("構築する", "日本語のとても長い説明文がここにあります", None);
        assert_data_eq!(
            drawn(&tape, 1, 36, 40),
            str![[r#"
⠸ 構築する  日本語のとても長い…  1s
⠸ lint  1s
  0 of 2 steps ended  1s

"#]]
        );
    }

    #[test]
    fn a_low_screen_leaves_out_those_that_wait_first() {
        assert_data_eq!(
            drawn(&busy(), 12, 80, 8),
            str![[r#"
? apply edge  waits for your answer  9s
⠋ lint        cargo clippy --all-targets -- -D warnings  12s
⠋ plan base   reading state 3/12  9s
  0 of 5 steps ended, 2 more not shown  12s

"#]]
        );
    }

    #[test]
    fn nothing_moves_before_the_start_and_after_the_end() {
        assert_eq!(drawn(&Tape::new(&[]), 0, 80, 24), "");
        assert_eq!(drawn(&Tape::new(&[("lint", &[])]).started("lint").done("lint", 1), 1, 80, 24), "");
    }
}
