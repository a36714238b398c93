//! A run as plain lines, for a pipe or a file: one for each start, finish, notice and line of output. No cursor movement, no line is
//! ever taken back. Lines carry their step's title where the plan has several steps, since steps interleave.

use super::board::Board;
use super::clock::{Clock, RunClock};
use super::heartbeat::Heartbeat;
use super::sink::Sink;
use super::style::{Label, Style};
use super::{clean, fault, summary, words};
use crate::event::{Event, EventKind, Level};
use crate::plan::Effect;
use crate::run::Observer;

/// Writes plain lines.
pub(super) struct Plain {
    style: Style,
    sink: Sink,
    board: Board,
    clock: RunClock,
    heartbeat: Heartbeat,
}

impl Plain {
    pub(super) fn new(style: Style, sink: Sink, clock: Clock) -> Self {
        let (board, heartbeat) = (Board::default(), Heartbeat::default());
        Self { style, sink, board, clock: RunClock::new(clock), heartbeat }
    }
}

impl Observer for Plain {
    fn event(&mut self, event: &Event) {
        self.clock.saw(event.elapsed);
        self.board.note(event);
        let text = lines(event, &self.board, &self.style);
        if text.is_empty() {
            return;
        }
        if let Some(step) = &event.step {
            self.heartbeat.heard(step, self.clock.now());
        }
        self.sink.write(&text);
    }

    fn tick(&mut self) {
        for line in self.heartbeat.beat(&self.board, self.clock.now()) {
            self.sink.line(&self.style.paint(Label::Quiet, &line));
        }
    }
}

/// What is printed for an event, each line with its newline.
fn lines(event: &Event, board: &Board, style: &Style) -> String {
    let name = event.step.as_deref().unwrap_or_default();
    let title = board.title(name);
    let prefix = match &event.step {
        Some(_) if !board.is_single() => format!("{} ", style.paint(Label::Quiet, &format!("{title} |"))),
        _ => String::new(),
    };
    let one = |line: String| format!("{line}\n");
    match &event.kind {
        EventKind::StepStarted { .. } if board.is_single() => String::new(),
        EventKind::StepStarted { attempt: 1 } => {
            one(format!("> {}  started", style.paint(Label::Title, title)))
        }
        EventKind::StepStarted { attempt } => {
            one(format!("> {}  started, attempt {attempt}", style.paint(Label::Title, title)))
        }
        EventKind::CommandStarted { line } => {
            let command = format!("$ {}", clean::line(line, style.colour));
            one(format!("{prefix}{}", style.paint(Label::Quiet, &command)))
        }
        EventKind::Line { text, .. } => one(format!("{prefix}{}", clean::line(text, style.colour))),
        EventKind::Notice { level, text } => notice(&prefix, *level, text, style),
        EventKind::Asked { proposal } => {
            let question = clean::line(&proposal.question, false);
            one(format!("? {title}  asks: {}", style.paint(Label::Question, &question)))
        }
        EventKind::Answered { by, .. } if by == "nothing to ask" => String::new(),
        EventKind::Answered { approved, by } => one(format!("? {title}  {}", words::answered(*approved, by))),
        EventKind::StepRedone { from, reason } => {
            one(format!("> {title}  again from `{}`: {}", board.title(from), clean::line(reason, false)))
        }
        EventKind::StepFinished { ending, took } => one(words::finished(board, name, ending, *took, style)),
        EventKind::Interrupted { signal, count } => {
            one(style.paint(Label::Warning, &words::interrupted(signal, *count, &changing(board))))
        }
        EventKind::RunFinished { .. } => ending(board, style),
        EventKind::RunStarted { .. } | EventKind::CommandEnded { .. } | EventKind::Progress(_) => {
            String::new()
        }
    }
}

/// The lines of a notice; each carries `prefix`.
pub(super) fn notice(prefix: &str, level: Level, text: &str, style: &Style) -> String {
    let word = match level {
        Level::Note => String::new(),
        Level::Warning => format!("{} ", style.paint(Label::Warning, "warning:")),
    };
    let mut drawn = String::new();
    for (at, line) in clean::lines(text, style.colour).iter().enumerate() {
        let word = if at == 0 { word.as_str() } else { "" };
        drawn.push_str(format!("{prefix}{word}{line}").trim_end());
        drawn.push('\n');
    }
    drawn
}

/// The last thing that is printed: the summary, then each fault whole.
pub(super) fn ending(board: &Board, style: &Style) -> String {
    let mut parts = vec![summary::render(board, style)];
    parts.extend(board.faults().iter().map(|(title, fault)| fault::render_of(Some(title), fault, style)));
    parts.retain(|part| !part.is_empty());
    parts.iter().map(|part| format!("\n{part}")).collect()
}

/// Titles of the steps at work that change something.
pub(super) fn changing(board: &Board) -> Vec<&str> {
    board.open().filter(|row| row.shape.effect != Effect::Reads).map(|row| row.shape.title.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use snapbox::{assert_data_eq, str};

    use super::*;
    use crate::diagnostic::{Fault, FaultKind};
    use crate::report::tape::{Paper, Tape};

    fn printed(tape: &Tape) -> String {
        let paper = Paper::default();
        let mut plain = Plain::new(Style::plain(), Sink::new(paper.writer()), Box::new(|| Duration::ZERO));
        tape.play(&mut plain);
        paper.text()
    }

    #[test]
    fn a_run_of_several_steps_names_the_step_on_each_line() {
        let tape = Tape::new(&[("lint", &[]), ("plan base", &[]), ("apply base", &["plan base"])])
            .started("lint")
            .command("lint", "cargo clippy")
            .started("plan base")
            .line("lint", "\u{1b}[33mwarning\u{1b}[0m: unused")
            .notice(Some("plan base"), Level::Note, "will be created\n  + droplet.web\n\n1 to add")
            .notice(Some("plan base"), Level::Warning, "drift found")
            .after(3)
            .done("plan base", 3)
            .asked("apply base")
            .answered("apply base", true, "--yes")
            .started("apply base")
            .progress("apply base", "1 added", Some((1, 1)))
            .redone("apply base", "plan base")
            .started("plan base")
            .done("plan base", 2)
            .started("apply base")
            .progress("apply base", "1 added", Some((1, 1)))
            .after(20)
            .done("apply base", 12)
            .failed("lint", Fault::new(FaultKind::Failed, "exit status 2").hint("run `cargo fix`"), 22)
            .interrupted(1)
            .finished(1);
        assert_data_eq!(
            printed(&tape),
            str![[r#"
> lint  started
lint | $ cargo clippy
> plan base  started
lint | warning: unused
plan base | will be created
plan base |   + droplet.web
plan base |
plan base | 1 to add
plan base | warning: drift found
✓ plan base  done  3s
? apply base  asks: Apply base?
? apply base  approved by `--yes`
> apply base  started
> apply base  again from `plan base`: the saved plan is stale
> plan base  started
✓ plan base  done  2s
> apply base  started
✓ apply base  1 added  12s
✗ lint  failed: exit status 2  22s
SIGINT: ending what runs; the same again ends it at once

✗ lint        failed  22s  exit status 2
✓ plan base   done     2s
✓ apply base  done    12s  1 added

2 done and 1 failed in 23s

error: lint: exit status 2

hint: run `cargo fix`

"#]]
        );
    }

    #[test]
    fn a_single_step_prints_its_lines_as_they_are() {
        let tape = Tape::new(&[("lint", &[])])
            .started("lint")
            .command("lint", "cargo clippy")
            .line("lint", "fine")
            .done("lint", 2)
            .finished(0);
        assert_data_eq!(
            printed(&tape),
            str![[r#"
$ cargo clippy
fine
✓ lint  done  2s

"#]]
        );
    }

    #[test]
    fn a_single_step_that_fails_gives_its_reason_once() {
        let fault = Fault::new(FaultKind::Failed, "`lint` failed: exit status 2").hint("run `cargo fix`");
        let tape = Tape::new(&[("lint", &[])]).started("lint").failed("lint", fault, 2).finished(2);
        assert_data_eq!(
            printed(&tape),
            str![[r#"
✗ lint  failed  2s

error: `lint` failed: exit status 2

hint: run `cargo fix`

"#]]
        );
    }

    #[test]
    fn everything_up_to_date_is_said() {
        let tape = Tape::new(&[("lint", &[]), ("plan base", &[])])
            .up_to_date("lint")
            .up_to_date("plan base")
            .finished(0);
        assert_data_eq!(
            printed(&tape),
            str![[r#"
= lint  up to date: its inputs are unchanged
= plan base  up to date: its inputs are unchanged

nothing to do: everything is up to date

"#]]
        );
    }

    #[test]
    fn a_silent_step_is_named_every_thirty_seconds() {
        let seconds = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&seconds);
        let paper = Paper::default();
        let clock: Clock = Box::new(move || Duration::from_secs(read.load(Ordering::Relaxed)));
        let mut plain = Plain::new(Style::plain(), Sink::new(paper.writer()), clock);
        Tape::new(&[("lint", &[]), ("apply base", &[])])
            .started("apply base")
            .progress("apply base", "creating droplet.web", Some((1, 4)))
            .play(&mut plain);
        for second in 0..=45 {
            seconds.store(second, Ordering::Relaxed);
            plain.tick();
        }
        assert_data_eq!(
            paper.text(),
            str![[r#"
> apply base  started
apply base  still running, 30s  creating droplet.web 1/4

"#]]
        );
    }
}
