//! A run in the log of a CI service. Steps interleave but a service's groups don't, so a step's lines are kept until it ends and come
//! out as one folded group; only while a single step runs they are shown as they come, in a group that is open.
//!
//! `github` and `gitlab` know the two dialects (`Dialect` is the switch), `held` keeps the lines. A failed step is not folded: whoever
//! opens the log of a failed job wants to see just that.
//!
//! Decision: what is kept is bounded for each step. The whole log is on disk; a CI log that cost the run its memory helps nobody.

mod dialect;
mod github;
mod gitlab;
mod held;

use std::collections::HashMap;

pub(super) use self::dialect::Dialect;
use self::held::Held;
use super::board::Board;
use super::clock::{Clock, RunClock};
use super::heartbeat::Heartbeat;
use super::plain::{changing, notice};
use super::sink::Sink;
use super::style::{Label, Style};
use super::{clean, fault, summary, words};
use crate::event::{Event, EventKind, Level};
use crate::plan::Ending;
use crate::run::Observer;

/// Writes groups and annotations.
pub(super) struct Ci {
    dialect: Dialect,
    style: Style,
    sink: Sink,
    board: Board,
    clock: RunClock,
    heartbeat: Heartbeat,
    held: HashMap<String, Held>,
    /// The step whose lines are shown as they come, and whether its group was opened: only a first line opens it.
    open: Option<(String, bool)>,
    /// When the latest event was.
    at: jiff::Timestamp,
}

impl Ci {
    pub(super) fn new(dialect: Dialect, style: Style, sink: Sink, clock: Clock) -> Self {
        Self {
            style: dialect.style(style),
            dialect,
            sink,
            board: Board::default(),
            clock: RunClock::new(clock),
            heartbeat: Heartbeat::default(),
            held: HashMap::new(),
            open: None,
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    /// Prints text of a person or a command: nothing in it is obeyed by the service.
    fn say(&mut self, text: &str) {
        let text = self.dialect.harmless(text);
        self.sink.write(&text);
    }

    /// Lines of a step: shown if it is the open one, else kept.
    fn add(&mut self, step: &str, lines: &str) {
        if !matches!(&self.open, Some((open, _)) if open == step) {
            self.held.entry(step.to_owned()).or_default().push(lines);
            return;
        }
        if let Some((_, is_opened @ false)) = &mut self.open {
            *is_opened = true;
            let title = self.held.entry(step.to_owned()).or_default().title(self.board.title(step));
            let mark = self.dialect.open(step, &title, false, self.at);
            self.sink.write(&mark);
        }
        self.heartbeat.heard(step, self.clock.now());
        self.say(lines);
    }

    fn close(&mut self) {
        if let Some((step, true)) = self.open.take() {
            let mark = self.dialect.close(&step, self.at);
            self.sink.write(&mark);
        }
    }

    /// The only running step gets the log for itself, now that one started or ended.
    fn settle(&mut self) {
        let mut running = self.board.open().map(|row| row.shape.name.clone());
        let only = running.next().filter(|_| running.next().is_none());
        drop(running);
        if self.open.as_ref().map(|(open, _)| open) == only.as_ref() {
            return;
        }
        self.close();
        if let Some(step) = only {
            let lines = self.held.entry(step.clone()).or_default().take();
            self.open = Some((step.clone(), false));
            if !lines.is_empty() {
                self.add(&step, &lines);
            }
        }
    }

    fn finished(&mut self, step: &str, ending: &Ending, took: std::time::Duration) {
        let title = self.board.title(step).to_owned();
        if matches!(&self.open, Some((open, _)) if open == step) {
            self.close();
        }
        let mut held = self.held.remove(step).unwrap_or_default();
        let lines = held.take();
        let is_failed = matches!(ending, Ending::Failed { .. });
        if !lines.is_empty() && is_failed {
            self.say(&lines);
        } else if !lines.is_empty() {
            self.group(step, &held.title(&title), &lines);
        }
        if words::is_trivial(ending) && !self.board.is_single() {
            return;
        }
        let line = words::finished(&self.board, step, ending, took, &self.style);
        self.say(&format!("{line}\n"));
    }

    /// A group that is closed at once.
    fn group(&mut self, step: &str, heading: &str, lines: &str) {
        let open = self.dialect.open(step, heading, true, self.at);
        let close = self.dialect.close(step, self.at);
        self.sink.write(&open);
        self.say(lines);
        self.sink.write(&close);
    }

    /// Lines of steps that did not end come out before the end, and before a question or the end of a torn log.
    fn release(&mut self) {
        self.close();
        let place = |name: &String| self.board.rows().iter().position(|row| row.shape.name == *name);
        let mut names: Vec<String> = self.held.keys().cloned().collect();
        names.sort_by_key(|name| (place(name), name.clone()));
        for name in names {
            let Some(held) = self.held.get_mut(&name) else { continue };
            let lines = held.take();
            if !lines.is_empty() {
                let heading = held.title(self.board.title(&name));
                self.group(&name, &heading, &lines);
            }
        }
    }

    fn ended(&mut self) {
        self.release();
        let summary = summary::render(&self.board, &self.style);
        if !summary.is_empty() {
            self.say(&format!("\n{summary}"));
        }
        let faults: Vec<(String, crate::diagnostic::Fault)> =
            self.board.faults().into_iter().map(|(title, fault)| (title.to_owned(), fault.clone())).collect();
        for (title, fault) in faults {
            self.say(&format!("\n{}", fault::render_of(Some(&title), &fault, &self.style)));
            let annotation = self.dialect.error(&title, &fault);
            self.sink.write(&annotation);
        }
    }

    fn notice(&mut self, step: Option<&str>, level: Level, text: &str) {
        let lines = notice("", level, text, &self.style);
        match step {
            Some(step) => self.add(step, &lines),
            None => self.say(&lines),
        }
        if level == Level::Warning {
            let annotation = self.dialect.warning(step.map(|step| self.board.title(step)), text);
            self.sink.write(&annotation);
        }
    }
}

impl Observer for Ci {
    fn event(&mut self, event: &Event) {
        self.clock.saw(event.elapsed);
        self.board.note(event);
        self.at = event.at;
        let step = event.step.clone().unwrap_or_default();
        match &event.kind {
            EventKind::StepStarted { .. } => self.settle(),
            EventKind::CommandStarted { line } => {
                let command = format!("$ {}", clean::line(line, false));
                self.add(&step, &format!("{}\n", self.style.paint(Label::Quiet, &command)));
            }
            EventKind::Line { text, .. } => {
                self.add(&step, &format!("{}\n", clean::line(text, self.style.colour)));
            }
            EventKind::Notice { level, text } => self.notice(event.step.as_deref(), *level, text),
            EventKind::Asked { proposal } => {
                self.add(&step, &format!("? asks: {}\n", clean::line(&proposal.question, false)));
            }
            EventKind::Answered { by, .. } if by == "nothing to ask" => {}
            EventKind::Answered { approved, by } => {
                self.add(&step, &format!("? {}\n", words::answered(*approved, by)));
            }
            EventKind::StepRedone { from, reason } => {
                let line =
                    format!("> again from `{}`: {}\n", self.board.title(from), clean::line(reason, false));
                self.add(&step, &line);
                self.settle();
            }
            EventKind::StepFinished { ending, took } => {
                self.finished(&step, ending, *took);
                self.settle();
            }
            EventKind::Interrupted { signal, count } => {
                let said = words::interrupted(signal, *count, &changing(&self.board));
                self.say(&format!("{}\n", self.style.paint(Label::Warning, &said)));
            }
            EventKind::RunFinished { .. } => self.ended(),
            EventKind::RunStarted { .. } | EventKind::CommandEnded { .. } | EventKind::Progress(_) => {}
        }
    }

    fn pause(&mut self) {
        self.release();
    }

    fn resume(&mut self) {
        self.settle();
    }

    fn tick(&mut self) {
        for line in self.heartbeat.beat(&self.board, self.clock.now()) {
            let line = format!("{}\n", self.style.paint(Label::Quiet, &line));
            self.say(&line);
        }
    }
}

#[cfg(test)]
mod tests;
