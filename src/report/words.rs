//! How a state is said in words. The marks and the sentences that several reports share; no layout, no order.

use std::time::Duration;

use super::board::{Board, Row};
use super::clean;
use super::role::Role;
use super::style::{Label, Style};
use crate::event::Progress;
use crate::plan::{Ending, Skip};
use crate::text::duration;

/// What lasts longer is worth a word.
pub(super) const LONG: Duration = Duration::from_secs(1);

/// The sign before a step that ended so. A word beside it says the same.
pub(super) fn mark(role: Role, ending: &Ending, style: &Style) -> &'static str {
    match ending {
        Ending::Done => style.mark("✓", "+"),
        _ if is_skipped_task(role, ending) => "-",
        Ending::UpToDate { .. } | Ending::Skipped(Skip::Nothing { .. }) => "=",
        Ending::Skipped(_) => "-",
        Ending::Declined { .. } | Ending::Ignored { .. } => "!",
        Ending::Failed { .. } => style.mark("✗", "x"),
    }
}

/// The look of a step that ended so.
pub(super) fn label(ending: &Ending) -> Label {
    match ending {
        Ending::Done => Label::Good,
        Ending::UpToDate { .. } | Ending::Skipped(_) => Label::Quiet,
        Ending::Declined { .. } | Ending::Ignored { .. } => Label::Warning,
        Ending::Failed { .. } => Label::Error,
    }
}

/// The result in a word or two.
pub(super) fn result(role: Role, ending: &Ending) -> &'static str {
    match ending {
        _ if is_skipped_task(role, ending) => "skipped",
        Ending::Done => "done",
        Ending::UpToDate { .. } => "up to date",
        Ending::Skipped(Skip::Nothing { .. }) => "nothing to do",
        Ending::Skipped(_) => "not started",
        Ending::Declined { .. } => "declined",
        Ending::Ignored { .. } => "failed but ignored",
        Ending::Failed { .. } => "failed",
    }
}

/// Whether it is a task that does not run here. Steps that nobody named have nothing to do instead.
pub(super) fn is_skipped_task(role: Role, ending: &Ending) -> bool {
    role == Role::Task && matches!(ending, Ending::Skipped(Skip::Nothing { .. }))
}

/// Why it ended so; empty where there is nothing more to say.
pub(super) fn reason(ending: &Ending) -> String {
    match ending {
        Ending::Done => String::new(),
        Ending::UpToDate { reason } | Ending::Skipped(Skip::Nothing { reason }) => first_line(reason),
        Ending::Skipped(Skip::Needs { title }) => format!("needs `{title}`"),
        Ending::Skipped(Skip::OtherFailed { title }) => format!("`{title}` failed first"),
        Ending::Skipped(Skip::Declined { title }) => format!("`{title}` was answered with no"),
        Ending::Skipped(Skip::HeldBack { reason }) => first_line(reason),
        Ending::Skipped(Skip::Interrupted) => "interrupted".to_owned(),
        Ending::Declined { question } => first_line(question),
        Ending::Failed { fault } | Ending::Ignored { fault } => first_line(&fault.message),
    }
}

/// Whether the end of a step is worth a line. The only step that somebody asked for is as quiet as the command itself would be: its
/// fault follows at once, that it is done can be seen, and only where it lasted one wants to know how long. Of inner steps only those that lasted are named, and an apply that had nothing to
/// do was announced by its plan.
pub(super) fn is_shown(row: &Row, ending: &Ending, took: Duration, is_single: bool) -> bool {
    let is_long = took >= LONG;
    match ending {
        Ending::Declined { .. } => true,
        // The warning of the only step said it.
        Ending::Failed { .. } | Ending::Ignored { .. } => !is_single,
        _ if is_skipped_task(row.role(), ending) => true,
        Ending::Skipped(Skip::Nothing { .. }) => is_single && !row.is_inner,
        Ending::Skipped(_) => false,
        Ending::Done if row.is_inner => is_long,
        Ending::Done => !is_single || is_long || row.changed.is_some(),
        Ending::UpToDate { .. } if row.is_inner => false,
        Ending::UpToDate { .. } => is_single || !matches!(row.role(), Role::Workspace { .. }),
    }
}

/// The one line that stays of a finished step: `✓ apply base  4 added  1.2s`; empty where it is not worth one.
pub(super) fn finished(board: &Board, name: &str, ending: &Ending, took: Duration, style: &Style) -> String {
    let row = board.row(name);
    if row.is_some_and(|row| !is_shown(row, ending, took, board.is_single())) {
        return String::new();
    }
    let title = board.title(name);
    let changed = row.and_then(|row| row.changed.as_deref());
    let role = Role::of(name);
    let (mark, label, result) = (mark(role, ending, style), label(ending), result(role, ending));
    let reason = reason(ending);
    let said = match (ending, changed) {
        (Ending::Done, Some(changed)) => first_line(changed),
        _ if reason.is_empty() => result.to_owned(),
        _ => format!("{result}: {reason}"),
    };
    let time = match ending {
        Ending::Done | Ending::Failed { .. } | Ending::Ignored { .. } => {
            format!("  {}", duration::render(took))
        }
        Ending::UpToDate { .. } | Ending::Skipped(_) | Ending::Declined { .. } => String::new(),
    };
    if label == Label::Quiet {
        return format!("{}\n", style.paint(label, &format!("{mark} {title}  {said}")));
    }
    format!(
        "{} {}  {said}{}\n",
        style.paint(label, mark),
        style.paint(Label::Title, title),
        style.paint(Label::Quiet, &time)
    )
}

/// How far a step is: `creating 2/4`; empty where it did not say.
pub(super) fn progress(progress: &Progress) -> String {
    let text = first_line(&progress.text);
    let count = match (progress.done, progress.total) {
        (Some(_), Some(0)) => String::new(),
        (Some(done), Some(total)) => format!("{done}/{total}"),
        (Some(done), None) => done.to_string(),
        (None, _) => String::new(),
    };
    let gap = if text.is_empty() || count.is_empty() { "" } else { " " };
    format!("{text}{gap}{count}")
}

/// What a person is told when a signal came. `lost` are the titles of the steps that change something and are still at work.
pub(super) fn interrupted(signal: &str, count: u32, lost: &[&str]) -> String {
    match (count, lost) {
        (1, _) => format!("{signal}: ending what runs; the same again ends it at once"),
        (_, []) => format!("{signal} again: ending what runs at once"),
        (_, lost) => {
            format!(
                "{signal} again: ending what runs at once; left half done: {}",
                crate::text::list::and_ticked(lost)
            )
        }
    }
}

/// A question and who answered it: `? Apply base?  approved by `--yes``, with its newline. Empty where nobody was asked or nobody could
/// answer: the fault says that.
pub(super) fn answer(board: &Board, name: &str, approved: bool, by: &str, style: &Style) -> String {
    if matches!(by, "nothing to ask" | "nobody" | "signal") {
        return String::new();
    }
    let question = board.row(name).and_then(|row| row.question.as_deref());
    let question = first_line(question.unwrap_or_else(|| board.title(name)));
    format!("{} {question}  {}\n", style.paint(Label::Question, "?"), answered(approved, by))
}

/// Who answered a question, and how.
fn answered(approved: bool, by: &str) -> String {
    let by = match by {
        "terminal" => "at the terminal".to_owned(),
        flag if flag.starts_with("--") => format!("by `{flag}`"),
        other => format!("by {other}"),
    };
    if approved { format!("approved {by}") } else { format!("answered with no {by}") }
}

fn first_line(text: &str) -> String {
    clean::line(text.lines().next().unwrap_or(""), false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Fault, FaultKind};
    use crate::report::tape::{Tape, name};

    fn line(ending: Ending, changed: Option<&str>, style: &Style) -> String {
        let mut tape = Tape::new(&[("lint", &[]), ("apply base", &[])]).started("apply base");
        if let Some(changed) = changed {
            tape = tape.progress("apply base", changed, Some((1, 1)));
        }
        let mut board = Board::default();
        tape.events.iter().for_each(|event| board.note(event));
        finished(&board, &name("apply base"), &ending, Duration::from_secs(12), style)
    }

    #[test]
    fn each_ending_has_at_most_one_line_that_says_it_without_colour() {
        let fault = Fault::new(FaultKind::Failed, "terraform exited with 1\nsecond line");
        for (ending, changed, said) in [
            (Ending::Done, None, "✓ apply base  done  12s"),
            (Ending::Done, Some("4 added"), "✓ apply base  4 added  12s"),
            (Ending::UpToDate { reason: "no changes".into() }, None, "= apply base  up to date: no changes"),
            (Ending::Skipped(Skip::Needs { title: "plan base".into() }), None, ""),
            (Ending::Skipped(Skip::Declined { title: "ask base".into() }), None, ""),
            (
                Ending::Declined { question: "Apply base?".into() },
                None,
                "! apply base  declined: Apply base?",
            ),
            (
                Ending::Ignored { fault: fault.clone() },
                None,
                "! apply base  failed but ignored: terraform exited with 1  12s",
            ),
            (Ending::Failed { fault }, None, "✗ apply base  failed: terraform exited with 1  12s"),
        ] {
            assert_eq!(line(ending, changed, &Style::plain()).trim_end(), said);
        }
    }

    #[test]
    fn marks_have_an_ascii_form() {
        let style = Style { unicode: false, ..Style::plain() };
        assert_eq!(line(Ending::Done, None, &style), "+ apply base  done  12s\n");
    }
}
