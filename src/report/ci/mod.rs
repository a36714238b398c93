//! A run in the log of a CI service. Steps interleave but a service's groups don't, so a step's lines are kept until it ends and come
//! out as one folded group; only while a single step runs they are shown as they come, in a group that is open.
//!
//! `github` and `gitlab` know the two dialects (`Dialect` is the switch), `held` keeps the lines. A failed step is not folded: whoever
//! opens the log of a failed job wants to see just that.
//!
//! Data goes to standard output as it is (`outputs`), a step's lines together: neither a mark of ours nor a fence stands between them, so
//! `x=$(shipway sha)` works in a job too, and a linter's own annotations are obeyed as they are under `make`. Marks stay on standard error,
//! which the services show in the same log.
//!
//! Decision: what is kept is bounded for each step. The whole log is on disk; a CI log that cost the run its memory helps nobody.

mod dialect;
mod github;
mod gitlab;
mod held;

use std::collections::HashMap;

pub(super) use self::dialect::Dialect;
use self::held::{Held, Piece};
use super::board::Board;
use super::clock::{Clock, RunClock};
use super::heartbeat::Heartbeat;
use super::outputs::Outputs;
use super::plain::{changing, command, conclusion, notice};
use super::role::Role;
use super::skips::Skips;
use super::style::{Label, Style};
use super::{clean, fault, summary, words};
use crate::event::{Event, EventKind, Level, Stream};
use crate::masking::Masker;
use crate::os::terminal::StandardOutput;
use crate::plan::Ending;
use crate::run::Observer;

/// Writes groups and annotations.
pub(super) struct Ci {
    dialect: Dialect,
    masker: Masker,
    style: Style,
    outputs: Outputs,
    board: Board,
    clock: RunClock,
    heartbeat: Heartbeat,
    skips: Skips,
    held: HashMap<String, Held>,
    /// The step whose lines are shown as they come, and whether its group was opened: only a first line opens it.
    open: Option<(String, bool)>,
    /// When the latest event was.
    at: jiff::Timestamp,
}

impl Ci {
    pub(super) fn new(
        dialect: Dialect,
        masker: Masker,
        style: Style,
        outputs: Outputs,
        clock: Clock,
    ) -> Self {
        Self {
            style: dialect.style(style),
            dialect,
            masker,
            outputs,
            board: Board::default(),
            clock: RunClock::new(clock),
            heartbeat: Heartbeat::default(),
            skips: Skips::default(),
            held: HashMap::new(),
            open: None,
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    /// Prints text of a person or a command: nothing in it is obeyed by the service.
    fn say(&mut self, text: &(impl AsRef<[u8]> + ?Sized)) {
        self.outputs.talk(&self.dialect.harmless(text.as_ref()));
    }

    fn print(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Talk(lines) => self.say(lines),
                Piece::Data(lines) => self.outputs.data(lines),
            }
        }
    }

    /// What a step's command printed.
    fn output(&mut self, step: &str, stream: Stream, text: &[u8]) {
        if self.outputs.output() != StandardOutput::Apart || !Role::of(step).is_data(stream) {
            return self.add(step, &clean::block(text, "", self.style.colour));
        }
        if matches!(&self.open, Some((open, _)) if open == step) || self.board.is_single() {
            self.outputs.data(text);
            return self.heartbeat.heard(step, self.clock.now());
        }
        let held = self.held.entry(step.to_owned()).or_default();
        held.push_data(text);
        if held.has_much_data() {
            let pieces = held.take();
            let heading = held.title(self.board.title(step));
            self.group(step, heading, &pieces);
        }
    }

    /// Lines of a step: shown if it is the open one, else kept.
    fn add(&mut self, step: &str, lines: &(impl AsRef<[u8]> + ?Sized)) {
        if !matches!(&self.open, Some((open, _)) if open == step) {
            self.held.entry(step.to_owned()).or_default().push(lines.as_ref());
            return;
        }
        self.begin(step);
        self.heartbeat.heard(step, self.clock.now());
        self.say(lines);
    }

    /// The open step has something to show. A plan of one step needs no group: GitHub would fold all there is.
    fn begin(&mut self, step: &str) {
        if self.board.is_single() {
            return;
        }
        if let Some((_, is_opened @ false)) = &mut self.open {
            *is_opened = true;
            let title = self.held.entry(step.to_owned()).or_default().title(self.board.title(step));
            let mark = self.dialect.open(step, &title, false, self.at);
            self.outputs.talk(&mark);
        }
    }

    fn close(&mut self) {
        if let Some((step, true)) = self.open.take() {
            let mark = self.dialect.close(&step, self.at);
            self.outputs.talk(&mark);
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
                self.begin(&step);
                self.print(&lines);
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
            self.print(&lines);
        } else if !lines.is_empty() {
            self.group(step, held.title(&title), &lines);
        }
        let line = if Skips::is_one(ending) {
            self.skips.takes(&self.board, step, ending, &self.style)
        } else {
            self.not_started();
            words::finished(&self.board, step, ending, took, &self.style)
        };
        self.say(&line);
    }

    fn not_started(&mut self) {
        let line = self.skips.give(&self.style);
        self.say(&line);
    }

    /// A group that is closed at once.
    fn group(&mut self, step: &str, heading: String, lines: &[Piece]) {
        let open = self.dialect.open(step, &heading, true, self.at);
        let close = self.dialect.close(step, self.at);
        self.outputs.talk(&open);
        self.print(lines);
        self.outputs.talk(&close);
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
                self.group(&name, heading, &lines);
            }
        }
    }

    fn ended(&mut self) {
        self.release();
        self.not_started();
        for part in [summary::render(&self.board, &self.style), conclusion(&self.board, &self.style)] {
            if !part.is_empty() {
                self.say(&format!("\n{part}"));
            }
        }
        let faults: Vec<(String, crate::diagnostic::Fault)> =
            self.board.faults().into_iter().map(|(title, fault)| (title.to_owned(), fault.clone())).collect();
        for (title, fault) in faults {
            self.say(&format!("\n{}", fault::render_of(Some(&title), &fault, &self.style)));
            let annotation = self.dialect.error(&title, &fault);
            self.outputs.talk(&annotation);
        }
    }

    fn notice(&mut self, step: Option<&str>, level: Level, text: &str) {
        let lines = notice("", level, text, &self.style);
        match step {
            Some(step) if Role::of(step).concludes() => {}
            Some(step) => self.add(step, &lines),
            None => self.say(&lines),
        }
        if level == Level::Warning {
            let annotation = self.dialect.warning(step.map(|step| self.board.title(step)), text);
            self.outputs.talk(&annotation);
        }
    }
}

impl Observer for Ci {
    fn event(&mut self, event: &Event) {
        self.clock.saw(event.elapsed);
        self.board.note(event);
        self.at = event.at;
        // Before anything that could hold them.
        for secret in self.masker.news() {
            if let Some(mark) = self.dialect.mask(&secret) {
                self.outputs.talk(&mark);
            }
        }
        let step = event.step.clone().unwrap_or_default();
        match &event.kind {
            EventKind::StepStarted { .. } => self.settle(),
            EventKind::CommandStarted { line } => self.add(&step, &command("", line, &self.style)),
            EventKind::Line { stream, text } => self.output(&step, *stream, format!("{text}\n").as_bytes()),
            EventKind::Lines { stream, text } => self.output(&step, *stream, text),
            EventKind::Notice { level, text } => self.notice(event.step.as_deref(), *level, text),
            EventKind::Answered { approved, by } => {
                let line = words::answer(&self.board, &step, *approved, by, &self.style);
                if !line.is_empty() {
                    self.add(&step, &line);
                }
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
            EventKind::RunStarted { .. }
            | EventKind::Judged(_)
            | EventKind::CommandEnded { .. }
            | EventKind::Asked { .. }
            | EventKind::Progress(_) => {}
        }
    }

    fn idle(&mut self) {
        self.outputs.flush();
    }

    fn pause(&mut self) {
        self.not_started();
        self.release();
        self.outputs.flush();
    }

    fn resume(&mut self) {
        self.settle();
    }

    fn tick(&mut self) {
        self.not_started();
        for line in self.heartbeat.beat(&self.board, self.clock.now()) {
            let line = format!("{}\n", self.style.paint(Label::Quiet, &line));
            self.say(&line);
        }
        self.outputs.flush();
    }
}

#[cfg(test)]
mod tests;
