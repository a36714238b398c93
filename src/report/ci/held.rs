//! Lines of a step that are kept until its group is printed. Bounded: of more lines the first and the latest stay. Data is never dropped;
//! where there is much of it, it is to be printed early.

use std::collections::VecDeque;

use crate::text::count::count;

/// Kept of the beginning and of the end each, in lines.
const KEPT: usize = 5_000;

/// Kept data, in bytes.
const MUCH: usize = 1024 * 1024;

/// What goes to one output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Whole lines for people.
    Talk(Vec<u8>),
    /// For whoever reads standard output.
    Data(Vec<u8>),
}

/// Lines of one step, in order.
#[derive(Debug, Default)]
pub(super) struct Held {
    first: Vec<Piece>,
    lines: usize,
    data: usize,
    latest: VecDeque<Vec<u8>>,
    left_out: usize,
    was_shown: bool,
}

impl Held {
    /// Keeps lines, each with its newline.
    pub(super) fn push(&mut self, lines: &[u8]) {
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            if self.lines < KEPT {
                self.lines += 1;
                match self.first.last_mut() {
                    Some(Piece::Talk(text)) => text.extend_from_slice(line),
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

    /// Keeps data.
    pub(super) fn push_data(&mut self, bytes: &[u8]) {
        self.data += bytes.len();
        if !matches!(self.first.last(), Some(Piece::Data(_))) {
            self.first.push(Piece::Data(Vec::new()));
        }
        if let Some(Piece::Data(text)) = self.first.last_mut() {
            text.extend_from_slice(bytes);
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
        let mut text = Vec::new();
        if self.left_out > 0 {
            let lines = count(self.left_out, "line");
            text.extend_from_slice(format!("[{lines} left out here; the step's log has them]\n").as_bytes());
        }
        text.extend(std::mem::take(&mut self.latest).into_iter().flatten());
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
        let talk =
            pieces.iter().filter_map(|piece| if let Piece::Talk(text) = piece { Some(text) } else { None });
        String::from_utf8(talk.flatten().copied().collect()).unwrap()
    }

    #[test]
    fn of_too_many_lines_the_first_and_the_latest_stay() {
        let mut held = Held::default();
        for number in 0..3 * KEPT {
            held.push(format!("{number}\n").as_bytes());
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
        held.push(b"$ seq\n");
        for number in 0..2 * KEPT {
            held.push_data(format!("{number}\n").as_bytes());
        }
        held.push(b"done\n");
        let [Piece::Talk(before), Piece::Data(data), Piece::Talk(after)] = &held.take()[..] else { panic!() };
        let lines = data.iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!((&before[..], lines, &after[..]), (&b"$ seq\n"[..], 2 * KEPT, &b"done\n"[..]));
        assert!(!held.has_much_data());
        held.push_data(&[b'x'; MUCH + 1]);
        assert!(held.has_much_data());
    }
}
