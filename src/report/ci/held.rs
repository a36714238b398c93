//! Lines of a step that are kept until its group is printed. Bounded: of more lines the first and the latest stay. Data is never dropped;
//! where there is much of it, it is to be printed early.

use std::collections::VecDeque;

use crate::text::count::count;

/// Kept of the beginning and of the end each, in lines.
const KEPT: usize = 5_000;

/// Kept data, in bytes.
const MUCH: usize = 1024 * 1024;

/// Whole lines that go to one output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// For people.
    Talk(String),
    /// For whoever reads standard output.
    Data(String),
}

/// Lines of one step, in order.
#[derive(Debug, Default)]
pub(super) struct Held {
    first: Vec<Piece>,
    lines: usize,
    data: usize,
    latest: VecDeque<String>,
    left_out: usize,
    was_shown: bool,
}

impl Held {
    /// Keeps lines, each with its newline.
    pub(super) fn push(&mut self, lines: &str) {
        for line in lines.split_inclusive('\n') {
            if self.lines < KEPT {
                self.lines += 1;
                match self.first.last_mut() {
                    Some(Piece::Talk(text)) => text.push_str(line),
                    _ => self.first.push(Piece::Talk(line.to_owned())),
                }
                continue;
            }
            self.latest.push_back(line.to_owned());
            if self.latest.len() > KEPT {
                self.latest.pop_front();
                self.left_out += 1;
            }
        }
    }

    /// Keeps lines of data, each with its newline.
    pub(super) fn push_data(&mut self, lines: &str) {
        self.data += lines.len();
        if !matches!(self.first.last(), Some(Piece::Data(_))) {
            self.first.push(Piece::Data(String::new()));
        }
        if let Some(Piece::Data(text)) = self.first.last_mut() {
            text.push_str(lines);
        }
    }

    /// Whether so much data is kept that it should come out.
    pub(super) fn has_much_data(&self) -> bool {
        self.data > MUCH
    }

    /// What its next group is called: a group that was closed in between goes on under the same title.
    pub(super) fn title(&mut self, title: &str) -> String {
        let goes_on = std::mem::replace(&mut self.was_shown, true);
        if goes_on { format!("{title} (goes on)") } else { title.to_owned() }
    }

    /// Gives the lines out.
    pub(super) fn take(&mut self) -> Vec<Piece> {
        let mut pieces = std::mem::take(&mut self.first);
        let mut text = String::new();
        if self.left_out > 0 {
            let lines = count(self.left_out, "line");
            text.push_str(&format!("[{lines} left out here; the step's log has them]\n"));
        }
        text.extend(std::mem::take(&mut self.latest));
        if !text.is_empty() {
            pieces.push(Piece::Talk(text));
        }
        (self.left_out, self.lines, self.data) = (0, 0, 0);
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(pieces: &[Piece]) -> String {
        pieces.iter().map(|piece| if let Piece::Talk(text) = piece { text.as_str() } else { "" }).collect()
    }

    #[test]
    fn of_too_many_lines_the_first_and_the_latest_stay() {
        let mut held = Held::default();
        for number in 0..3 * KEPT {
            held.push(&format!("{number}\n"));
        }
        let text = talk(&held.take());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2 * KEPT + 1);
        assert_eq!(lines[KEPT - 1], (KEPT - 1).to_string());
        assert_eq!(lines[KEPT], "[5000 lines left out here; the step's log has them]");
        assert_eq!(lines[KEPT + 1], (2 * KEPT).to_string());
        assert_eq!(held.take(), []);
    }

    #[test]
    fn data_stays_whole_and_in_its_place() {
        let mut held = Held::default();
        held.push("$ seq\n");
        for number in 0..2 * KEPT {
            held.push_data(&format!("{number}\n"));
        }
        held.push("done\n");
        let [Piece::Talk(before), Piece::Data(data), Piece::Talk(after)] = &held.take()[..] else { panic!() };
        assert_eq!((before.as_str(), data.lines().count(), after.as_str()), ("$ seq\n", 2 * KEPT, "done\n"));
        assert!(!held.has_much_data());
        held.push_data(&format!("{}\n", "x".repeat(MUCH)));
        assert!(held.has_much_data());
    }
}
