//! Lines of a step that are kept until its group is printed. Bounded: of more lines the first and the latest stay.

use std::collections::VecDeque;

use crate::text::count::count;

/// Kept of the beginning and of the end each, in lines.
const KEPT: usize = 5_000;

/// Lines of one step, in order.
#[derive(Debug, Default)]
pub(super) struct Held {
    first: Vec<String>,
    latest: VecDeque<String>,
    left_out: usize,
    was_shown: bool,
}

impl Held {
    /// Keeps lines, each with its newline.
    pub(super) fn push(&mut self, lines: &str) {
        for line in lines.split_inclusive('\n') {
            if self.first.len() < KEPT {
                self.first.push(line.to_owned());
                continue;
            }
            self.latest.push_back(line.to_owned());
            if self.latest.len() > KEPT {
                self.latest.pop_front();
                self.left_out += 1;
            }
        }
    }

    /// What its next group is called: a group that was closed in between goes on under the same title.
    pub(super) fn title(&mut self, title: &str) -> String {
        let goes_on = std::mem::replace(&mut self.was_shown, true);
        if goes_on { format!("{title} (goes on)") } else { title.to_owned() }
    }

    /// Gives the lines out.
    pub(super) fn take(&mut self) -> String {
        let mut text = std::mem::take(&mut self.first).concat();
        if self.left_out > 0 {
            let lines = count(self.left_out, "line");
            text.push_str(&format!("[{lines} left out here; the step's log has them]\n"));
        }
        self.left_out = 0;
        text.extend(std::mem::take(&mut self.latest));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_lines_the_first_and_the_latest_stay() {
        let mut held = Held::default();
        for number in 0..3 * KEPT {
            held.push(&format!("{number}\n"));
        }
        let text = held.take();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2 * KEPT + 1);
        assert_eq!(lines[KEPT - 1], (KEPT - 1).to_string());
        assert_eq!(lines[KEPT], "[5000 lines left out here; the step's log has them]");
        assert_eq!(lines[KEPT + 1], (2 * KEPT).to_string());
        assert_eq!(held.take(), "");
    }
}
