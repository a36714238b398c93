//! A run as plain lines, for a pipe or a file: one for each notice, finish and line of output. No cursor movement, no line is ever taken
//! back. Lines carry their step's title where the plan has several steps, since steps interleave.
//!
//! A plan of one step is as quiet as `make` or `just`: the command that runs, what it prints, and a fault. Of several, a step's first command
//! announces it; a start is worth a line only where nothing else is heard of the step (`heartbeat`).

use super::board::Board;
use super::clock::{Clock, RunClock};
use super::heartbeat::Heartbeat;
use super::outputs::Outputs;
use super::role::Role;
use super::skips::Skips;
use super::style::{Label, Style};
use super::{clean, fault, summary, words};
use crate::event::{Event, EventKind, Level, Stream};
use crate::os::terminal::StandardOutput;
use crate::plan::Effect;
use crate::run::Observer;

/// Writes plain lines.
pub(super) struct Plain {
    style: Style,
    outputs: Outputs,
    board: Board,
    clock: RunClock,
    heartbeat: Heartbeat,
    skips: Skips,
}

impl Plain {
    pub(super) fn new(style: Style, outputs: Outputs, clock: Clock) -> Self {
        let (board, heartbeat, skips) = (Board::default(), Heartbeat::default(), Skips::default());
        Self { style, outputs, board, clock: RunClock::new(clock), heartbeat, skips }
    }

    /// Lines of output.
    fn output(&mut self, step: &str, stream: Stream, text: &[u8]) {
        let is_data = Role::of(step).is_data(stream);
        let is_alone = match self.outputs.output() {
            StandardOutput::Apart if is_data => return self.outputs.data(text),
            StandardOutput::Terminal if is_data => self.board.open().nth(1).is_none(),
            _ => self.board.is_single(),
        };
        let prefix = if is_alone { String::new() } else { prefix(self.board.title(step), &self.style) };
        let lines = clean::block(text, &prefix, self.style.colour);
        if is_data && self.outputs.output() == StandardOutput::Terminal {
            self.outputs.data(&lines);
        } else {
            self.outputs.talk(&lines);
        }
    }

    fn printed(&mut self, step: &str, stream: Stream, text: &[u8]) {
        self.outputs.talk(&self.skips.give(&self.style));
        self.output(step, stream, text);
        self.heartbeat.heard(step, self.clock.now());
    }
}

impl Observer for Plain {
    fn event(&mut self, event: &Event) {
        self.clock.saw(event.elapsed);
        self.board.note(event);
        let step = event.step.as_deref().unwrap_or_default();
        let text = match &event.kind {
            EventKind::Line { stream, text } => {
                return self.printed(step, *stream, format!("{text}\n").as_bytes());
            }
            EventKind::Lines { stream, text } => return self.printed(step, *stream, text),
            EventKind::StepFinished { ending, .. } if Skips::is_one(ending) => {
                let before = self.skips.takes(&self.board, step, ending, &self.style);
                return self.outputs.talk(&before);
            }
            _ => lines(event, &self.board, &self.style),
        };
        if text.is_empty() {
            return;
        }
        self.outputs.talk(&self.skips.give(&self.style));
        if !step.is_empty() {
            self.heartbeat.heard(step, self.clock.now());
        }
        self.outputs.talk(&text);
    }

    fn tick(&mut self) {
        self.outputs.talk(&self.skips.give(&self.style));
        for line in self.heartbeat.beat(&self.board, self.clock.now()) {
            self.outputs.talk(&format!("{}\n", self.style.paint(Label::Quiet, &line)));
        }
        self.outputs.flush();
    }

    fn idle(&mut self) {
        self.outputs.flush();
    }

    fn pause(&mut self) {
        self.outputs.talk(&self.skips.give(&self.style));
        self.outputs.flush();
    }
}

fn prefix(title: &str, style: &Style) -> String {
    format!("{} ", style.paint(Label::Quiet, &format!("{title} |")))
}

/// What is printed for an event, each line with its newline. Lines of output and steps that were not started are the caller's.
fn lines(event: &Event, board: &Board, style: &Style) -> String {
    let name = event.step.as_deref().unwrap_or_default();
    let title = board.title(name);
    let prefix = match &event.step {
        Some(_) if !board.is_single() => prefix(title, style),
        _ => String::new(),
    };
    match &event.kind {
        // Its first command announces it; `heartbeat`, if there is none.
        EventKind::StepStarted { attempt: 1 } => String::new(),
        EventKind::StepStarted { attempt } => {
            format!("> {}  started, attempt {attempt}\n", style.paint(Label::Title, title))
        }
        EventKind::CommandStarted { line } => command(&prefix, line, style),
        _ => told(event, board, &prefix, style),
    }
}

/// What every report for people says of an event in the same way, each line with its newline; nothing where each has its own way, as with
/// what commands print.
pub(super) fn told(event: &Event, board: &Board, prefix: &str, style: &Style) -> String {
    let name = event.step.as_deref().unwrap_or_default();
    match &event.kind {
        EventKind::Notice { .. } if Role::of(name).concludes() => String::new(),
        EventKind::Notice { level, text } => notice(prefix, *level, text, style),
        EventKind::Answered { approved, by } => words::answer(board, name, *approved, by, style),
        EventKind::StepRedone { from, reason } => {
            let (title, from) = (board.title(name), board.title(from));
            format!("> {title}  again from `{from}`: {}\n", clean::line(reason, false))
        }
        EventKind::StepFinished { ending, took } => words::finished(board, name, ending, *took, style),
        EventKind::Interrupted { signal, count } => {
            let said = words::interrupted(signal, *count, &changing(board));
            format!("{}\n", style.paint(Label::Warning, &said))
        }
        EventKind::RunFinished { .. } => ending(board, style),
        EventKind::RunStarted { .. }
        | EventKind::StepStarted { .. }
        | EventKind::Judged(_)
        | EventKind::CommandStarted { .. }
        | EventKind::Line { .. }
        | EventKind::Lines { .. }
        | EventKind::CommandEnded { .. }
        | EventKind::Progress(_)
        | EventKind::Asked { .. } => String::new(),
    }
}

/// A command that starts, each line with its newline: further ones stand under the first, and each carries `prefix`.
pub(super) fn command(prefix: &str, text: &str, style: &Style) -> String {
    let mut drawn = String::new();
    for (at, line) in clean::command(text).iter().enumerate() {
        let mark = if at == 0 { "$ " } else { "  " };
        let line = style.paint(Label::Quiet, format!("{mark}{line}").trim_end());
        drawn.push_str(format!("{prefix}{line}").trim_end());
        drawn.push('\n');
    }
    drawn
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

/// The last thing that is printed: the summary, what was said in conclusion, then each fault whole.
pub(super) fn ending(board: &Board, style: &Style) -> String {
    let mut parts = vec![summary::render(board, style), conclusion(board, style)];
    parts.extend(board.faults().iter().map(|(title, fault)| fault::render_of(Some(title), fault, style)));
    parts.retain(|part| !part.is_empty());
    parts.iter().map(|part| format!("\n{part}")).collect()
}

/// What the last steps said in conclusion.
pub(super) fn conclusion(board: &Board, style: &Style) -> String {
    let mut text = String::new();
    for (level, said) in board.conclusions() {
        let drawn = notice("", *level, said, style);
        match drawn.split_once('\n') {
            // The first is the result of the whole run.
            Some((first, rest)) if text.is_empty() && *level == Level::Note => {
                text.push_str(&format!("{}\n{rest}", style.paint(Label::Title, first)));
            }
            _ => text.push_str(&drawn),
        }
    }
    text
}

/// Titles of the steps at work that change something.
pub(super) fn changing(board: &Board) -> Vec<&str> {
    board.open().filter(|row| row.shape.effect != Effect::Reads).map(|row| row.shape.title.as_str()).collect()
}

#[cfg(test)]
#[path = "plain_tests.rs"]
mod tests;
