//! What a command prints: whole lines of text for whoever reads it as a value, and blocks of whole lines, in the bytes that it wrote, for
//! whoever only looks at it, since a message for each of a million lines costs more than all else that is done with it.
//!
//! What is shown is masked before it is split: a line that is cut may be cut in the middle of a secret, and a secret may have several
//! lines.

use std::time::Duration;

use super::context::StepLog;
use crate::event::{Bytes, EventKind, Stream};
use crate::masking::MaskStream;

/// Longer lines that are only shown come in pieces, so that a program that prints no newline can't fill the memory.
const LONGEST: usize = 256 * 1024;

/// Collects chunks of output that is a value, and gives whole lines: with all that stands before their `\n`, none cut, however long.
#[derive(Debug, Default)]
pub(super) struct LineSplitter {
    rest: Vec<u8>,
}

impl LineSplitter {
    /// Gives every line that is whole now, without its `\n`.
    pub(super) fn push(&mut self, bytes: &[u8], mut line: impl FnMut(&str)) {
        let mut bytes = bytes;
        while let Some(newline) = bytes.iter().position(|&byte| byte == b'\n') {
            let (head, tail) = bytes.split_at(newline);
            if self.rest.is_empty() {
                line(&String::from_utf8_lossy(head));
            } else {
                self.rest.extend_from_slice(head);
                line(&String::from_utf8_lossy(&self.rest));
                self.rest.clear();
            }
            bytes = &tail[1..];
        }
        self.rest.extend_from_slice(bytes);
    }

    /// Gives what is left after the last newline.
    pub(super) fn finish(&mut self, mut line: impl FnMut(&str)) {
        if !self.rest.is_empty() {
            line(&String::from_utf8_lossy(&self.rest));
            self.rest.clear();
        }
    }
}

/// Collects chunks of output that is only shown, and gives blocks of whole lines.
#[derive(Debug)]
pub(super) struct Picture {
    mask: MaskStream,
    rest: Vec<u8>,
}

impl Picture {
    pub(super) fn new(mask: MaskStream) -> Self {
        Self { mask, rest: Vec::new() }
    }

    /// Adds every line that is whole now to `block`.
    pub(super) fn push(&mut self, bytes: Vec<u8>, block: &mut Vec<u8>) {
        let masked = self.mask.push(bytes);
        self.take(masked.into_owned(), block);
    }

    /// Adds what is left after the last newline.
    pub(super) fn finish(&mut self, block: &mut Vec<u8>) {
        let held = self.mask.finish();
        self.take(held, block);
        block.append(&mut self.rest);
    }

    fn take(&mut self, mut bytes: Vec<u8>, block: &mut Vec<u8>) {
        let length = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        if block.is_empty() && self.rest.is_empty() {
            // It is not copied.
            std::mem::swap(block, &mut bytes);
            self.rest.extend_from_slice(&block[length..]);
            block.truncate(length);
        } else {
            let (whole, rest) = bytes.split_at(length);
            if !whole.is_empty() {
                // Where there was room for much, much is about to come.
                let room = if block.is_empty() { bytes.capacity() } else { length };
                block.reserve(self.rest.len() + room);
                block.append(&mut self.rest);
                block.extend_from_slice(whole);
            }
            self.rest.extend_from_slice(rest);
        }
        if self.rest.len() > LONGEST {
            let begun = self.rest.split_off(self.rest.len() - begun(&self.rest));
            block.append(&mut self.rest);
            self.rest = begun;
        }
    }
}

/// Bytes of the character that the end of `text` cuts.
fn begun(text: &[u8]) -> usize {
    let is_begun = |length: &usize| {
        let unfinished = std::str::from_utf8(&text[text.len() - length..]).err();
        unfinished.is_some_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=text.len().min(3)).rfind(is_begun).unwrap_or(0)
}

/// So many bytes travel together at most, with what was left of the line before.
const TOGETHER: usize = 64 * 1024;

/// While more comes, lines are kept back no longer than this: less than anybody sees.
const KEPT_BACK: Duration = Duration::from_millis(20);

/// What a command printed, on its way to the dispatcher.
pub(super) struct Printed<'a> {
    log: StepLog<'a>,
    pictures: [Picture; 2],
    /// Of which output the block is.
    stream: Stream,
    block: Vec<u8>,
    since: Option<Duration>,
}

impl<'a> Printed<'a> {
    pub(super) fn new(log: StepLog<'a>) -> Self {
        let pictures = [Stream::Out, Stream::Err].map(|_| Picture::new(log.shared.masker.stream()));
        Self { log, pictures, stream: Stream::Out, block: Vec::new(), since: None }
    }

    /// Takes a chunk that came at `now`. Waits while the display is far behind.
    pub(super) fn push(&mut self, stream: Stream, bytes: Vec<u8>, now: Duration) {
        if stream != self.stream || self.block.len() + bytes.len() > TOGETHER {
            self.send();
            self.stream = stream;
        }
        self.pictures[stream as usize].push(bytes, &mut self.block);
        let since = *self.since.get_or_insert(now);
        if self.block.len() >= TOGETHER || now.saturating_sub(since) >= KEPT_BACK {
            self.send();
        }
    }

    /// Whether something is kept back.
    pub(super) fn is_waiting(&self) -> bool {
        !self.block.is_empty()
    }

    /// The command printed its last.
    pub(super) fn finish(&mut self) {
        self.send();
        for stream in [Stream::Out, Stream::Err] {
            self.stream = stream;
            self.pictures[stream as usize].finish(&mut self.block);
            self.send();
        }
    }

    /// Sends what is there; it is gone only when the run is over.
    pub(super) fn send(&mut self) {
        self.since = None;
        if !self.block.is_empty() {
            // A secret may have become known since its first half was let through.
            let mut text = self.log.shared.masker.mask_owned(std::mem::take(&mut self.block));
            // Little may be kept for long.
            if text.len() < text.capacity() / 2 {
                text.shrink_to_fit();
            }
            let text = Bytes(text);
            self.log.shared.send_lines(self.log.step, EventKind::Lines { stream: self.stream, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masking::Masker;

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let bytes = b"one\ntwo\r\n\n10%\r20%\r30%\ngr\xfcn \0\nlast";
        for cut in 0..bytes.len() {
            let mut picture = Picture::new(Masker::default().stream());
            let mut block = Vec::new();
            picture.push(bytes[..cut].to_vec(), &mut block);
            assert!(block.is_empty() || block.ends_with(b"\n"), "{block:?}");
            picture.push(bytes[cut..].to_vec(), &mut block);
            picture.finish(&mut block);
            assert_eq!(block, bytes, "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_an_end_comes_in_pieces_of_whole_characters() {
        for shift in ["", "x", "xx"] {
            let line = shift.to_owned() + &"✓".repeat(LONGEST / 3 + 1);
            let mut picture = Picture::new(Masker::default().stream());
            let mut pieces = [Vec::new(), Vec::new()];
            picture.push(line.as_bytes()[..=LONGEST].to_vec(), &mut pieces[0]);
            picture.push(line.as_bytes()[LONGEST + 1..].to_vec(), &mut pieces[1]);
            picture.finish(&mut pieces[1]);
            let pieces = pieces.map(|piece| String::from_utf8(piece).unwrap());
            assert!(pieces.iter().all(|piece| !piece.is_empty()) && pieces.concat() == line);
        }
    }

    #[test]
    fn a_value_keeps_its_carriage_returns_and_its_length() {
        let long = "x".repeat(LONGEST + 1);
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        splitter.push(b"10%\r20%\r\n", |line| lines.push(line.to_owned()));
        splitter.push(long.as_bytes(), |line| lines.push(line.to_owned()));
        splitter.push(b"y\n", |line| lines.push(line.to_owned()));
        assert_eq!(lines, ["10%\r20%\r".to_owned(), long + "y"]);
    }

    #[test]
    fn a_line_that_is_cut_shows_no_half_of_a_secret() {
        let masker = Masker::default();
        masker.add(b"s3cr3t-of-somebody");
        for shift in 0..18 {
            let mut picture = Picture::new(masker.stream());
            let mut block = Vec::new();
            let text = "x".repeat(LONGEST - shift) + "s3cr3t-of-somebody" + &"y".repeat(40);
            for chunk in text.as_bytes().chunks(LONGEST + 1) {
                picture.push(chunk.to_vec(), &mut block);
            }
            picture.finish(&mut block);
            let shown = String::from_utf8(block).unwrap();
            assert_eq!(shown.trim_start_matches('x').trim_end_matches('y'), "***", "shifted by {shift}");
        }
    }
}
