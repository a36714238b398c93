//! Chunks of output into lines, and lines into crowds: what a command prints at once travels together, since a message for each of a
//! million lines costs more than all else that is done with it.
//!
//! What is shown is masked before it is split: a line that is cut may be cut in the middle of a secret, and a secret may have several
//! lines.

use super::context::StepLog;
use crate::event::{Event, EventKind, Stream};
use crate::masking::MaskStream;

/// Longer lines that are only shown are cut here, so that a program that prints no newline can't fill the memory.
const LONGEST: usize = 256 * 1024;

/// Collects chunks and gives whole lines.
#[derive(Debug)]
pub(super) struct LineSplitter {
    rest: Vec<u8>,
    /// `None`: the output is a value.
    mask: Option<MaskStream>,
}

impl LineSplitter {
    /// For output that is only shown.
    pub(super) fn for_show(mask: MaskStream) -> Self {
        Self { rest: Vec::new(), mask: Some(mask) }
    }

    /// For output that is a value and not a picture: lines keep all that stands before their `\n`, and none is cut, however long.
    pub(super) fn for_data() -> Self {
        Self { rest: Vec::new(), mask: None }
    }

    /// Gives every line that is whole now, without its `\n` or `\r\n`. A `\r` inside a line (a progress bar drawn over itself) keeps
    /// only what was drawn last.
    pub(super) fn push(&mut self, bytes: &[u8], line: impl FnMut(&str)) {
        match self.mask.as_mut().map(|mask| mask.push(bytes)) {
            Some(masked) => self.split(&masked, line),
            None => self.split(bytes, line),
        }
    }

    fn split(&mut self, bytes: &[u8], mut line: impl FnMut(&str)) {
        let mut bytes = bytes;
        while let Some(newline) = bytes.iter().position(|&byte| byte == b'\n') {
            let (head, tail) = bytes.split_at(newline);
            if self.rest.is_empty() {
                line(&self.text(head));
            } else {
                self.rest.extend_from_slice(head);
                line(&self.text(&self.rest));
                self.rest.clear();
            }
            bytes = &tail[1..];
        }
        self.rest.extend_from_slice(bytes);
        if self.rest.len() > LONGEST && self.mask.is_some() {
            line(&self.text(&self.rest));
            self.rest.clear();
        }
    }

    /// Gives what is left after the last newline.
    pub(super) fn finish(&mut self, mut line: impl FnMut(&str)) {
        if let Some(held) = self.mask.as_mut().map(MaskStream::finish) {
            self.split(&held, &mut line);
        }
        if !self.rest.is_empty() {
            line(&self.text(&self.rest));
            self.rest.clear();
        }
    }

    fn text<'l>(&self, line: &'l [u8]) -> std::borrow::Cow<'l, str> {
        String::from_utf8_lossy(if self.mask.is_some() { drawn(line) } else { line })
    }
}

/// So many lines travel together.
const TOGETHER: usize = 256;

/// Lines of a step, masked, on their way to the dispatcher. Those of one crowd carry one time.
pub(super) struct Crowd<'a> {
    log: StepLog<'a>,
    lines: Vec<Event>,
}

impl<'a> Crowd<'a> {
    pub(super) fn new(log: StepLog<'a>) -> Self {
        Self { log, lines: Vec::new() }
    }

    /// Adds a line. Waits while the display is far behind.
    pub(super) fn add(&mut self, stream: Stream, text: &str) {
        let shared = self.log.shared;
        let kind = EventKind::Line { stream, text: shared.masker.mask(text) };
        let event = match self.lines.first() {
            Some(first) => Event { kind, step: first.step.clone(), ..*first },
            None => shared.event(Some(self.log.step), kind),
        };
        self.lines.push(event);
        if self.lines.len() == TOGETHER {
            self.send();
        }
    }

    /// Sends what is there; it is gone only when the run is over.
    pub(super) fn send(&mut self) {
        if !self.lines.is_empty() {
            self.log.shared.send_lines(std::mem::take(&mut self.lines));
        }
    }
}

/// What is left of a line that was drawn over itself.
fn drawn(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.iter().rposition(|&byte| byte == b'\r').map_or(line, |at| &line[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masking::Masker;

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let bytes = b"one\ntwo\r\n\n10%\r20%\r30%\nlast";
        for cut in 0..bytes.len() {
            let mut splitter = LineSplitter::for_show(Masker::default().stream());
            let mut lines = Vec::new();
            splitter.push(&bytes[..cut], |line| lines.push(line.to_owned()));
            splitter.push(&bytes[cut..], |line| lines.push(line.to_owned()));
            splitter.finish(|line| lines.push(line.to_owned()));
            assert_eq!(lines, ["one", "two", "", "30%", "last"], "cut at {cut}");
        }
    }

    #[test]
    fn a_value_keeps_its_carriage_returns_and_its_length() {
        let long = "x".repeat(LONGEST + 1);
        let mut splitter = LineSplitter::for_data();
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
            let mut splitter = LineSplitter::for_show(masker.stream());
            let mut shown = String::new();
            let text = "x".repeat(LONGEST - shift) + "s3cr3t-of-somebody" + &"y".repeat(40);
            for chunk in text.as_bytes().chunks(LONGEST + 1) {
                splitter.push(chunk, |line| shown.push_str(line));
            }
            splitter.finish(|line| shown.push_str(line));
            assert_eq!(shown.trim_start_matches('x').trim_end_matches('y'), "***", "shifted by {shift}");
        }
    }
}
