//! How a state is said in words. The marks and the sentences that several reports share; no layout, no order.

use std::time::Duration;

use super::board::Board;
use super::clean;
use super::style::{Label, Style};
use crate::event::Progress;
use crate::plan::{Ending, Skip};
use crate::text::duration;

/// The sign before a step that ended so. A word beside it says the same.
pub(super) fn mark(ending: &Ending, style: &Style) -> &'static str {
    match ending {
        Ending::Done => style.mark("✓", "+"),
        Ending::UpToDate { .. } | Ending::Skipped(Skip::Nothing { .. }) => "=",
        Ending::Skipped(_) => "-",
        Ending::Declined { .. } => "!",
        Ending::Failed { .. } => style.mark("✗", "x"),
    }
}

/// The look of a step that ended so.
pub(super) fn label(ending: &Ending) -> Label {
    match ending {
        Ending::Done => Label::Good,
        Ending::UpToDate { .. } | Ending::Skipped(_) => Label::Quiet,
        Ending::Declined { .. } => Label::Warning,
        Ending::Failed { .. } => Label::Error,
    }
}

/// The result in a word or two.
pub(super) fn result(ending: &Ending) -> &'static str {
    match ending {
        Ending::Done => "done",
        Ending::UpToDate { .. } => "up to date",
        Ending::Skipped(Skip::Nothing { .. }) => "nothing to do",
        Ending::Skipped(_) => "skipped",
        Ending::Declined { .. } => "declined",
        Ending::Failed { .. } => "failed",
    }
}

/// Why it ended so; empty where there is nothing more to say.
pub(super) fn reason(ending: &Ending) -> String {
    match ending {
        Ending::Done => String::new(),
        Ending::UpToDate { reason } | Ending::Skipped(Skip::Nothing { reason }) => first_line(reason),
        Ending::Skipped(Skip::Needs { title }) => format!("needs `{title}`, which did not end well"),
        Ending::Skipped(Skip::OtherFailed { title }) => format!("`{title}` failed first"),
        Ending::Skipped(Skip::Declined { title }) => format!("`{title}` was answered with no"),
        Ending::Skipped(Skip::Interrupted) => "interrupted".to_owned(),
        Ending::Declined { question } => first_line(question),
        Ending::Failed { fault } => first_line(&fault.message),
    }
}

/// Whether the step did anything that a person would look for in a list of what happened.
pub(super) fn is_trivial(ending: &Ending) -> bool {
    matches!(ending, Ending::Skipped(Skip::Nothing { .. }))
}

/// The one line that stays of a finished step: `✓ apply base  4 added  1.2s`. The only step of a plan leaves the reason of its failure to
/// the fault, which follows at once.
pub(super) fn finished(board: &Board, name: &str, ending: &Ending, took: Duration, style: &Style) -> String {
    let title = board.title(name);
    let changed = board.row(name).and_then(|row| row.changed.as_deref());
    let (mark, label) = (mark(ending, style), label(ending));
    let follows = board.is_single() && matches!(ending, Ending::Failed { .. });
    let reason = if follows { String::new() } else { reason(ending) };
    let said = match (ending, changed) {
        (Ending::Done, Some(changed)) => first_line(changed),
        _ if reason.is_empty() => result(ending).to_owned(),
        _ => format!("{}: {reason}", result(ending)),
    };
    let time = match ending {
        Ending::Done | Ending::Failed { .. } => format!("  {}", duration::render(took)),
        Ending::UpToDate { .. } | Ending::Skipped(_) | Ending::Declined { .. } => String::new(),
    };
    if label == Label::Quiet {
        return style.paint(label, &format!("{mark} {title}  {said}"));
    }
    format!(
        "{} {}  {said}{}",
        style.paint(label, mark),
        style.paint(Label::Title, title),
        style.paint(Label::Quiet, &time)
    )
}

/// How far a step is: `creating 2/4`; empty where it did not say.
pub(super) fn progress(progress: &Progress) -> String {
    let text = first_line(&progress.text);
    let count = match (progress.done, progress.total) {
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

/// Who answered a question, and how.
pub(super) fn answered(approved: bool, by: &str) -> String {
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
    fn each_ending_has_one_line_that_says_it_without_colour() {
        let fault = Fault::new(FaultKind::Failed, "terraform exited with 1\nsecond line");
        for (ending, changed, said) in [
            (Ending::Done, None, "✓ apply base  done  12s"),
            (Ending::Done, Some("4 added"), "✓ apply base  4 added  12s"),
            (Ending::UpToDate { reason: "no changes".into() }, None, "= apply base  up to date: no changes"),
            (
                Ending::Skipped(Skip::Needs { title: "plan base".into() }),
                None,
                "- apply base  skipped: needs `plan base`, which did not end well",
            ),
            (
                Ending::Skipped(Skip::Declined { title: "ask base".into() }),
                None,
                "- apply base  skipped: `ask base` was answered with no",
            ),
            (
                Ending::Declined { question: "Apply base?".into() },
                None,
                "! apply base  declined: Apply base?",
            ),
            (Ending::Failed { fault }, None, "✗ apply base  failed: terraform exited with 1  12s"),
        ] {
            assert_eq!(line(ending, changed, &Style::plain()), said);
        }
    }

    #[test]
    fn marks_have_an_ascii_form() {
        let style = Style { unicode: false, ..Style::plain() };
        assert_eq!(line(Ending::Done, None, &style), "+ apply base  done  12s");
    }
}
