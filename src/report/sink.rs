//! Where a report writes. A reader that went away must not end a run, so the first failed write closes the sink for good and the rest is
//! dropped without a word here; whether that was a loss knows who made the writer.
//!
//! What is written is kept back until `flush`, or until it is much: a command that prints a million lines must not cost a million calls.
//! Whoever writes flushes when nothing else is to come at once.

use std::io::Write;

/// Kept back at most, in bytes.
const KEPT: usize = 32 * 1024;

/// A writer that falls silent when it fails.
pub(super) struct Sink {
    out: Option<Box<dyn Write + Send>>,
    kept: Vec<u8>,
}

impl Sink {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: Some(out), kept: Vec::new() }
    }

    /// Takes all of `text`.
    pub(super) fn write(&mut self, text: &(impl AsRef<[u8]> + ?Sized)) {
        let text = text.as_ref();
        if text.len() > KEPT {
            self.flush();
            return self.hand_on(text);
        }
        self.kept.extend_from_slice(text);
        if self.kept.len() > KEPT {
            self.flush();
        }
    }

    /// Takes `text` and a newline.
    pub(super) fn line(&mut self, text: &str) {
        self.kept.extend_from_slice(text.as_bytes());
        self.write("\n");
    }

    /// Hands on what is kept back.
    pub(super) fn flush(&mut self) {
        if !self.kept.is_empty() {
            let kept = std::mem::take(&mut self.kept);
            self.hand_on(&kept);
            self.kept = kept;
            self.kept.clear();
        }
    }

    fn hand_on(&mut self, bytes: &[u8]) {
        let written = self.out.as_mut().map(|out| out.write_all(bytes).and_then(|()| out.flush()));
        if let Some(Err(_)) = written {
            self.out = None;
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.flush();
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sink").field("closed", &self.out.is_none()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::report::tape::Paper;

    struct ClosedPipe(Arc<AtomicUsize>);

    impl Write for ClosedPipe {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_tried_once_and_then_left_alone() {
        let tries = Arc::new(AtomicUsize::new(0));
        let mut sink = Sink::new(Box::new(ClosedPipe(Arc::clone(&tries))));
        for line in ["one", "two"] {
            sink.line(line);
            sink.flush();
        }
        assert_eq!(tries.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn what_is_kept_back_comes_out_when_it_is_flushed_much_or_over() {
        let paper = Paper::default();
        let mut sink = Sink::new(paper.writer());
        sink.line("one");
        assert_eq!(paper.text(), "");
        sink.flush();
        assert_eq!(paper.text(), "one\n");
        sink.write(&"x".repeat(KEPT + 1));
        assert_eq!(paper.text().len(), KEPT + 5);
        sink.line("last");
        drop(sink);
        assert!(paper.text().ends_with("last\n"));
    }
}
