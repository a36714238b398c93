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
use super::clean;
use super::clock::{Clock, RunClock};
use super::outputs::Outputs;
use super::plain::{command, told};
use super::role::Role;
use super::skips::Skips;
use super::style::{Label, Style};
use crate::event::{Event, EventKind, Level, Stream};
use crate::os::terminal::StandardOutput;
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
    batch: Vec<u8>,
    skips: Skips,
    drawn: Option<Duration>,
    paused: bool,
}

impl Live {
    /// On the terminal that standard error is, whose size may change at any time.
    pub(super) fn on_terminal(style: Style, outputs: Outputs, clock: Clock) -> Self {
        let fallback = Size { columns: style.columns, rows: 24 };
        Self::new(style, outputs, clock, Box::new(move || screen::size().unwrap_or(fallback)))
    }

    fn new(style: Style, outputs: Outputs, clock: Clock, size: Box<dyn Fn() -> Size + Send>) -> Self {
        let screen = Screen::new(outputs, size());
        Self {
            style,
            board: Board::default(),
            clock: RunClock::new(clock),
            screen,
            size,
            batch: Vec::new(),
            skips: Skips::default(),
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

    /// Keeps what stays on the screen of an event back for the next drawing, and hands data on.
    fn keep(&mut self, event: &Event) {
        let step = event.step.as_deref().unwrap_or_default();
        match &event.kind {
            EventKind::Line { stream, text } => self.printed(step, *stream, format!("{text}\n").as_bytes()),
            EventKind::Lines { stream, text } => self.printed(step, *stream, text),
            EventKind::StepFinished { ending, .. } if Skips::is_one(ending) => {
                let before = self.skips.takes(&self.board, step, ending, &self.style);
                self.batch.extend_from_slice(before.as_bytes());
            }
            _ => {
                let lasting = self.lasting(event);
                if !lasting.is_empty() {
                    self.keep_skips();
                    self.batch.extend_from_slice(lasting.as_bytes());
                }
            }
        }
    }

    /// What a command printed.
    fn printed(&mut self, step: &str, stream: Stream, text: &[u8]) {
        let outputs = self.screen.outputs();
        if outputs.output() == StandardOutput::Apart && Role::of(step).is_data(stream) {
            return outputs.data(text);
        }
        self.keep_skips();
        self.batch.extend_from_slice(&clean::block(text, &self.prefix(step), self.style.colour));
    }

    fn keep_skips(&mut self) {
        self.batch.extend_from_slice(self.skips.give(&self.style).as_bytes());
    }

    /// What stands before the lines of a step, unless it is alone.
    fn prefix(&self, step: &str) -> String {
        if step.is_empty() || self.board.open().nth(1).is_none() {
            return String::new();
        }
        let title = self.board.title(step);
        format!("{} ", self.style.paint(Label::Quiet, &format!("{title} |")))
    }

    /// What stays on the screen of an event, each line with its newline.
    fn lasting(&self, event: &Event) -> String {
        let (board, style) = (&self.board, &self.style);
        match &event.kind {
            EventKind::CommandStarted { line } if board.is_single() => command("", line, style),
            // Whole texts, such as a plan, come in one piece and name themselves.
            EventKind::Notice { level: Level::Note, text } if text.contains('\n') => {
                told(event, board, "", style)
            }
            // The question itself shows what a person answered.
            EventKind::Answered { by, .. } if by == "terminal" => String::new(),
            _ => told(event, board, &self.prefix(event.step.as_deref().unwrap_or_default()), style),
        }
    }
}

impl Observer for Live {
    fn event(&mut self, event: &Event) {
        self.clock.saw(event.elapsed);
        self.board.note(event);
        self.keep(event);
        let now = self.clock.now();
        // A run that is over within one frame never shows a moving line.
        let drawn = *self.drawn.get_or_insert(now);
        if matches!(event.kind, EventKind::RunFinished { .. }) {
            self.pause();
        } else if now.saturating_sub(drawn) >= FRAME || self.batch.len() > BATCH {
            self.draw();
        }
    }

    fn idle(&mut self) {
        self.screen.outputs().flush();
    }

    fn tick(&mut self) {
        self.keep_skips();
        if !self.paused {
            self.draw();
        }
    }

    fn pause(&mut self) {
        self.keep_skips();
        self.paused = true;
        self.draw();
    }

    fn resume(&mut self) {
        self.paused = false;
        self.draw();
    }

    // Nothing moves any more: what is left is the end.
    fn abandon(&mut self) {
        self.batch.push(b'\n');
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.pause();
    }
}

#[cfg(test)]
mod tests;
