//! Where a report writes. A reader that went away must not end a run, so the first failed write closes the sink for good and the rest is
//! dropped without a word.

use std::io::Write;

/// A writer that falls silent when it fails.
pub(super) struct Sink {
    out: Option<Box<dyn Write + Send>>,
}

impl Sink {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: Some(out) }
    }

    /// Writes all of `text` and hands it on at once.
    pub(super) fn write(&mut self, text: &str) {
        let written = self.out.as_mut().map(|out| out.write_all(text.as_bytes()).and_then(|()| out.flush()));
        if let Some(Err(_)) = written {
            self.out = None;
        }
    }

    /// Writes `text` and a newline.
    pub(super) fn line(&mut self, text: &str) {
        self.write(&format!("{text}\n"));
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
        sink.line("one");
        sink.line("two");
        assert_eq!(tries.load(Ordering::Relaxed), 1);
    }
}
