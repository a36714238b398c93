//! A run on a terminal: finished work stays as lines that scroll away, running work moves below them.
//!
//! `frame` says what the moving lines are (pure), `screen` puts them there. Both are redrawn together at most each 50 ms: indicatif
//! clears and redraws all its lines around each printed one, which for a chatty command is twenty times the bytes; one `suspend` for
//! each batch costs hardly more than printing alone. So lines are kept back for up to 50 ms, and come out before any question, at the
//! end, and when the report is dropped.

mod frame;
mod screen;

use std::time::Duration;

use self::screen::Screen;
use super::board::Board;
use super::clock::{Clock, RunClock};
use super::plain::{changing, ending, notice};
use super::sink::Sink;
use super::style::{Label, Style};
use super::{clean, words};
use crate::event::{Event, EventKind};
use crate::run::Observer;

/// Between two drawings.
const FRAME: Duration = Duration::from_millis(50);
/// Kept back at most, in bytes; a terminal that is slower than the command should not cost memory.
const BATCH: usize = 64 * 1024;

/// How large the terminal is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    columns: u16,
    rows: u16,
}

/// Draws a run on a terminal.
pub(super) struct Live {
    style: Style,
    board: Board,
    clock: RunClock,
    screen: Screen,
    size: Box<dyn Fn() -> Size + Send>,
    batch: String,
    drawn: Option<Duration>,
    paused: bool,
}

impl Live {
    /// On the terminal that standard error is, whose size may change at any time.
    pub(super) fn on_terminal(style: Style, out: Sink, clock: Clock) -> Self {
        let fallback = Size { columns: style.columns, rows: 24 };
        Self::new(style, out, clock, Box::new(move || screen::size().unwrap_or(fallback)))
    }

    fn new(style: Style, out: Sink, clock: Clock, size: Box<dyn Fn() -> Size + Send>) -> Self {
        let screen = Screen::new(out, size());
        Self {
            style,
            board: Board::default(),
            clock: RunClock::new(clock),
            screen,
            size,
            batch: String::new(),
            drawn: None,
            paused: false,
        }
    }

    fn draw(&mut self) {
        let (size, now) = ((self.size)(), self.clock.now());
        self.drawn = Some(now);
        let frame = if self.paused { Vec::new() } else { frame::frame(&self.board, now, size, &self.style) };
        self.screen.draw(&self.batch, &frame, size);
        self.batch.clear();
    }

    /// What stays on the screen of an event, each line with its newline.
    fn lasting(&self, event: &Event) -> String {
        let (board, style) = (&self.board, &self.style);
        let name = event.step.as_deref().unwrap_or_default();
        let title = board.title(name);
        let prefix = match &event.step {
            Some(_) if board.open().count() > 1 => {
                format!("{} ", style.paint(Label::Quiet, &format!("{title} |")))
            }
            _ => String::new(),
        };
        match &event.kind {
            EventKind::CommandStarted { line } if board.is_single() => {
                let command = format!("$ {}", clean::line(line, false));
                format!("{}\n", style.paint(Label::Quiet, &command))
            }
            EventKind::Line { text, .. } => format!("{prefix}{}\n", clean::line(text, style.colour)),
            EventKind::Notice { level, text } => notice(&prefix, *level, text, style),
            // The question itself shows what a person answered.
            EventKind::Answered { by, .. } if by == "terminal" || by == "nothing to ask" => String::new(),
            EventKind::Answered { approved, by } => {
                format!("{} {title}  {}\n", style.paint(Label::Question, "?"), words::answered(*approved, by))
            }
            EventKind::StepRedone { from, reason } => {
                format!("> {title}  again from `{}`: {}\n", board.title(from), clean::line(reason, false))
            }
            EventKind::StepFinished { ending, .. } if words::is_trivial(ending) && !board.is_single() => {
                String::new()
            }
            EventKind::StepFinished { ending, took } => {
                format!("{}\n", words::finished(board, name, ending, *took, style))
            }
            EventKind::Interrupted { signal, count } => {
                let said = words::interrupted(signal, *count, &changing(board));
                format!("{}\n", style.paint(Label::Warning, &said))
            }
            EventKind::RunFinished { .. } => ending(board, style),
            EventKind::RunStarted { .. }
            | EventKind::StepStarted { .. }
            | EventKind::CommandStarted { .. }
            | EventKind::CommandEnded { .. }
            | EventKind::Progress(_)
            | EventKind::Asked { .. } => String::new(),
        }
    }
}

impl Observer for Live {
    fn event(&mut self, event: &Event) {
        self.clock.saw(event.elapsed);
        self.board.note(event);
        self.batch.push_str(&self.lasting(event));
        let now = self.clock.now();
        // A run that is over within one frame never shows a moving line.
        let drawn = *self.drawn.get_or_insert(now);
        if matches!(event.kind, EventKind::RunFinished { .. }) {
            self.pause();
        } else if now.saturating_sub(drawn) >= FRAME || self.batch.len() > BATCH {
            self.draw();
        }
    }

    fn tick(&mut self) {
        if !self.paused {
            self.draw();
        }
    }

    fn pause(&mut self) {
        self.paused = true;
        self.draw();
    }

    fn resume(&mut self) {
        self.paused = false;
        self.draw();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.pause();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use snapbox::{assert_data_eq, str};

    use super::*;
    use crate::diagnostic::{Fault, FaultKind};
    use crate::event::Level;
    use crate::report::tape::{Paper, Tape};

    /// A terminal in memory with a report that draws on it.
    struct Stage {
        paper: Paper,
        seconds: Arc<AtomicU64>,
        live: Live,
    }

    impl Stage {
        fn new() -> Self {
            let (paper, seconds) = (Paper::default(), Arc::new(AtomicU64::new(0)));
            let read = Arc::clone(&seconds);
            let clock: Clock = Box::new(move || Duration::from_secs(read.load(Ordering::Relaxed)));
            let size = Box::new(|| Size { columns: 60, rows: 24 });
            let live = Live::new(Style::plain(), Sink::new(paper.writer()), clock, size);
            Self { paper, seconds, live }
        }

        fn screen(&self) -> String {
            let mut parser = vt100::Parser::new(24.try_into().unwrap(), 60.try_into().unwrap(), 0);
            parser.process(self.paper.text().replace('\n', "\r\n").as_bytes());
            assert!(!parser.screen().hide_cursor());
            parser.screen().contents().lines().map(|line| format!("{}\n", line.trim_end())).collect()
        }

        fn at(&mut self, second: u64) {
            self.seconds.store(second, Ordering::Relaxed);
            self.live.tick();
        }
    }

    fn bootstrap() -> Tape {
        Tape::new(&[("lint", &[]), ("plan base", &[]), ("apply base", &["plan base"])])
            .started("lint")
            .started("plan base")
            .line("lint", "checking \u{1b}[2Kall")
    }

    #[test]
    fn running_steps_stand_below_what_was_printed() {
        let mut stage = Stage::new();
        bootstrap().progress("plan base", "reading", Some((2, 7))).play(&mut stage.live);
        stage.at(12);
        assert_data_eq!(
            stage.screen(),
            str![[r#"
lint | checking all
⠋ lint  12s
⠋ plan base   reading 2/7  12s
· apply base  waits for plan base
  0 of 3 steps ended  12s

"#]]
        );
        stage.at(13);
        stage.at(14);
        assert_data_eq!(
            stage.screen(),
            str![[r#"
lint | checking all
⠋ lint  14s
⠋ plan base   reading 2/7  14s
· apply base  waits for plan base
  0 of 3 steps ended  14s

"#]]
        );
    }

    #[test]
    fn a_pause_leaves_nothing_that_moves_and_resume_brings_it_back() {
        let mut stage = Stage::new();
        bootstrap()
            .after(3)
            .done("plan base", 3)
            .started("apply base")
            .asked("apply base")
            .play(&mut stage.live);
        stage.at(4);
        stage.live.pause();
        stage.at(5);
        assert_data_eq!(
            stage.screen(),
            str![[r#"
lint | checking all
✓ plan base  done  3s

"#]]
        );
        stage.live.resume();
        assert_data_eq!(
            stage.screen(),
            str![[r#"
lint | checking all
✓ plan base  done  3s
? apply base  waits for your answer  2s
⠸ lint  5s
  1 of 3 steps ended  5s

"#]]
        );
    }

    #[test]
    fn the_end_is_the_summary_and_then_each_fault() {
        let mut stage = Stage::new();
        bootstrap().play(&mut stage.live);
        stage.at(1);
        let events = bootstrap()
            .notice(Some("plan base"), Level::Note, "1 to add")
            .after(3)
            .done("plan base", 3)
            .failed("lint", Fault::new(FaultKind::Failed, "exit status 2").hint("look at it"), 3)
            .skipped("apply base", "lint")
            .finished(1)
            .events;
        events[4..].iter().for_each(|event| stage.live.event(event));
        assert_data_eq!(
            stage.screen(),
            str![[r#"
lint | checking all
plan base | 1 to add
✓ plan base  done  3s
✗ lint  failed: exit status 2  3s
- apply base  skipped: needs `lint`, which did not end well

✗ lint        failed   3s  exit status 2
✓ plan base   done     3s
- apply base  skipped      needs `lint`, which did not end well

1 done, 1 skipped and 1 failed in 3s

error: lint: exit status 2

hint: look at it

"#]]
        );
    }

    #[test]
    fn a_single_step_is_shown_without_prefix_or_table() {
        let mut stage = Stage::new();
        Tape::new(&[("lint", &[])])
            .started("lint")
            .command("lint", "cargo clippy")
            .line("lint", "fine")
            .after(2)
            .done("lint", 2)
            .finished(0)
            .play(&mut stage.live);
        assert_data_eq!(
            stage.screen(),
            str![[r#"
$ cargo clippy
fine
✓ lint  done  2s

"#]]
        );
    }

    #[test]
    fn lines_are_printed_in_batches() {
        let mut stage = Stage::new();
        let mut tape = Tape::new(&[("lint", &[])]).started("lint");
        for _ in 0..100 {
            tape = tape.line("lint", "a line");
        }
        tape.play(&mut stage.live);
        stage.at(1);
        let bytes = stage.paper.text().len();
        assert!(bytes < 100 * 8 + 500, "{bytes} bytes for 100 lines");
    }

    #[test]
    fn dropping_the_report_clears_what_moves() {
        let mut stage = Stage::new();
        bootstrap().play(&mut stage.live);
        stage.at(1);
        let Stage { paper, live, seconds } = stage;
        drop(live);
        let live = Stage::new().live;
        assert_data_eq!(
            Stage { paper, seconds, live }.screen(),
            str![[r#"
lint | checking all

"#]]
        );
    }
}
