//! Steps that were not started, in one line for each reason: one failure can take thirty steps with it, and a person wants to know why, once.

use super::board::Board;
use super::role::Role;
use super::style::{Label, Style};
use super::words;
use crate::plan::{Ending, Skip};
use crate::text::count::count;

/// Steps in a row that were not started for the same reason.
#[derive(Debug, Default)]
pub(super) struct Skips {
    reason: String,
    first: String,
    number: usize,
}

impl Skips {
    /// Takes a step in that was not started. Gives the line of those before it where its reason is another one.
    pub(super) fn takes(&mut self, board: &Board, step: &str, ending: &Ending, style: &Style) -> String {
        if Role::of(step) == Role::Conclusion {
            return String::new();
        }
        let reason = words::reason(ending);
        let before = if reason == self.reason { String::new() } else { self.give(style) };
        if self.number == 0 {
            board.title(step).clone_into(&mut self.first);
            self.reason = reason;
        }
        self.number += 1;
        before
    }

    /// Whether the step was not started for the sake of something else.
    pub(super) fn is_one(ending: &Ending) -> bool {
        matches!(ending, Ending::Skipped(skip) if !matches!(skip, Skip::Nothing { .. }))
    }

    /// The line of those that were taken in, with its newline; empty where there are none.
    pub(super) fn give(&mut self, style: &Style) -> String {
        let Self { reason, first, number } = std::mem::take(self);
        let what = match number {
            0 => return String::new(),
            1 => format!("{first}  not started"),
            _ => format!("{} not started", count(number, "step")),
        };
        format!("{}\n", style.paint(Label::Quiet, &format!("- {what}: {reason}")))
    }
}
