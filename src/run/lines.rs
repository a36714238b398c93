//! What a command prints: whole lines for whoever reads it as a value, and blocks of whole lines for whoever only looks at it, since a
//! message for each of a million lines costs more than all else that is done with it.
//!
//! What is shown is masked before it is split: a line that is cut may be cut in the middle of a secret, and a secret may have several
//! lines.

use std::time::Duration;

use memchr::{memchr, memrchr};

use super::context::StepLog;
use crate::event::{EventKind, Stream};
use crate::masking::MaskStream;

/// Longer lines that are only shown are cut here, so that a program that prints no newline can't fill the memory.
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

    /// Adds every line that is whole now to `block`, each with a `\n`. A `\r` inside a line (a progress bar drawn over itself) keeps only
    /// what was drawn last.
    pub(super) fn push(&mut self, bytes: &[u8], block: &mut String) {
        let masked = self.mask.push(bytes);
        self.take(&masked, block);
    }

    /// Adds what is left after the last newline.
    pub(super) fn finish(&mut self, block: &mut String) {
        let held = self.mask.finish();
        self.take(&held, block);
        if !self.rest.is_empty() {
            self.cut(block);
        }
    }

    fn take(&mut self, bytes: &[u8], block: &mut String) {
        let whole = memrchr(b'\n', bytes).map_or(0, |newline| newline + 1);
        let (mut whole, rest) = bytes.split_at(whole);
        if !self.rest.is_empty()
            && let Some(newline) = memchr(b'\n', whole)
        {
            let (end, after) = whole.split_at(newline + 1);
            self.rest.extend_from_slice(end);
            draw(&self.rest, block);
            self.rest.clear();
            whole = after;
        }
        draw(whole, block);
        self.rest.extend_from_slice(rest);
        if self.rest.len() > LONGEST {
            self.cut(block);
        }
    }

    fn cut(&mut self, block: &mut String) {
        self.rest.push(b'\n');
        draw(&self.rest, block);
        self.rest.clear();
    }
}

/// Adds whole lines as they look.
fn draw(lines: &[u8], block: &mut String) {
    if memchr(b'\r', lines).is_none() {
        // What is no text is the exception, and looked for much more slowly.
        return match std::str::from_utf8(lines) {
            Ok(lines) => block.push_str(lines),
            Err(_) => block.push_str(&String::from_utf8_lossy(lines)),
        };
    }
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        block.push_str(&String::from_utf8_lossy(drawn(line)));
        block.push('\n');
    }
}

/// What is left of a line that was drawn over itself.
fn drawn(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.iter().rposition(|&byte| byte == b'\r').map_or(line, |at| &line[at + 1..])
}

/// So many bytes travel together at most; a chunk more, to be exact.
const TOGETHER: usize = 64 * 1024;

/// While more comes, lines are kept back no longer than this: less than anybody sees.
const KEPT_BACK: Duration = Duration::from_millis(20);

/// What a command printed, on its way to the dispatcher.
pub(super) struct Printed<'a> {
    log: StepLog<'a>,
    pictures: [Picture; 2],
    /// Of which output the block is.
    stream: Stream,
    block: String,
    since: Option<Duration>,
}

impl<'a> Printed<'a> {
    pub(super) fn new(log: StepLog<'a>) -> Self {
        let pictures = [Stream::Out, Stream::Err].map(|_| Picture::new(log.shared.masker.stream()));
        Self { log, pictures, stream: Stream::Out, block: String::new(), since: None }
    }

    /// Takes a chunk that came at `now`. Waits while the display is far behind.
    pub(super) fn push(&mut self, stream: Stream, bytes: &[u8], now: Duration) {
        if stream != self.stream {
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
            let text = self.log.shared.masker.mask_owned(std::mem::take(&mut self.block));
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
        let bytes = b"one\ntwo\r\n\n10%\r20%\r30%\nlast";
        for cut in 0..bytes.len() {
            let mut picture = Picture::new(Masker::default().stream());
            let mut block = String::new();
            picture.push(&bytes[..cut], &mut block);
            assert!(block.is_empty() || block.ends_with('\n'), "{block:?}");
            picture.push(&bytes[cut..], &mut block);
            picture.finish(&mut block);
            assert_eq!(block, "one\ntwo\n\n30%\nlast\n", "cut at {cut}");
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
            let mut block = String::new();
            let text = "x".repeat(LONGEST - shift) + "s3cr3t-of-somebody" + &"y".repeat(40);
            for chunk in text.as_bytes().chunks(LONGEST + 1) {
                picture.push(chunk, &mut block);
            }
            picture.finish(&mut block);
            let shown = block.replace('\n', "");
            assert_eq!(shown.trim_start_matches('x').trim_end_matches('y'), "***", "shifted by {shift}");
        }
    }
}
