//! A sign of life for logs that nobody can redraw: a step that works for a second without a word is named once, and then from time to time,
//! so that neither a person nor a CI service takes it for dead. Knows times only through its arguments.

use std::collections::HashMap;
use std::time::Duration;

use super::board::{Board, Row};
use super::words;
use crate::text::duration;

/// Between two lines about a silent step. Services give up after minutes, people after less.
pub(super) const SILENCE: Duration = Duration::from_secs(30);

/// When each step was last heard of.
#[derive(Debug, Default)]
pub(super) struct Heartbeat {
    heard: HashMap<String, Duration>,
}

impl Heartbeat {
    /// A line about the step was printed at `now`.
    pub(super) fn heard(&mut self, step: &str, now: Duration) {
        match self.heard.get_mut(step) {
            Some(heard) => *heard = now,
            None => {
                self.heard.insert(step.to_owned(), now);
            }
        }
    }

    /// Lines for the steps that were silent for too long.
    pub(super) fn beat(&mut self, board: &Board, now: Duration) -> Vec<String> {
        let mut lines = Vec::new();
        for row in board.open() {
            let Some(since) = row.since() else { continue };
            let heard = self.heard.get(&row.shape.name).copied().filter(|heard| *heard >= since);
            let is_first = heard.is_none() && !board.is_single();
            let limit = if is_first { words::LONG } else { SILENCE };
            if now.saturating_sub(heard.unwrap_or(since)) < limit {
                continue;
            }
            self.heard.insert(row.shape.name.clone(), now);
            let line = if is_first { first(row) } else { line(row, now.saturating_sub(since)) };
            lines.push(line);
        }
        lines
    }
}

fn first(row: &Row) -> String {
    let doing = match row.stage {
        super::board::Stage::Asking { .. } => "waits for an answer".to_owned(),
        _ => words::progress(&row.progress),
    };
    let doing = if doing.is_empty() { "started" } else { doing.as_str() };
    format!("> {}  {doing}", row.shape.title)
}

fn line(row: &Row, lasted: Duration) -> String {
    let state = match row.stage {
        super::board::Stage::Asking { .. } => "still waits for an answer",
        _ => "still running",
    };
    let progress = words::progress(&row.progress);
    let gap = if progress.is_empty() { "" } else { "  " };
    format!("{}  {state}, {}{gap}{progress}", row.shape.title, duration::render(lasted))
}
