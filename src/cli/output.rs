//! Our own outputs, and whether what was written to them got there.
//!
//! A listener that went away is no fault of ours. What is lost otherwise, to a full disk for one, ends no run, for a deployment must not die
//! of its log; but it is told once at the end, and what else went well does not end with 0 then.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::diagnostic::{Fault, FaultKind};
use crate::event::Stream;

/// Whether something was lost of standard output, and of standard error.
static LOST: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];

/// One of our outputs.
pub(super) struct Output(Stream);

impl Output {
    /// Standard output.
    pub(super) fn out() -> Box<dyn Write + Send> {
        Box::new(Self(Stream::Out))
    }

    /// Standard error.
    pub(super) fn err() -> Box<dyn Write + Send> {
        Box::new(Self(Stream::Err))
    }

    fn noted<T>(&self, written: io::Result<T>) -> io::Result<T> {
        written.inspect_err(|error| note(self.0, error))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.noted(match self.0 {
            Stream::Out => io::stdout().write(bytes),
            Stream::Err => io::stderr().write(bytes),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.noted(match self.0 {
            Stream::Out => io::stdout().flush(),
            Stream::Err => io::stderr().flush(),
        })
    }
}

/// Remembers that something could not be written, where that is a loss.
pub(super) fn note(stream: Stream, error: &io::Error) {
    if !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::Interrupted) {
        LOST[stream as usize].store(true, Ordering::Relaxed);
    }
}

/// What is to be said of what was lost; of standard error only the status can tell.
pub(super) fn loss() -> Option<Fault> {
    let lost = LOST.each_ref().map(|lost| lost.load(Ordering::Relaxed));
    let name = match lost {
        [true, _] => "standard output",
        [false, true] => "standard error",
        [false, false] => return None,
    };
    let message = format!("{name} could not be written: what was asked for is not whole");
    Some(Fault::new(FaultKind::World, message))
}

/// Prints data to standard output. Data that is lost makes the command fail.
pub(crate) fn print(text: &(impl AsRef<[u8]> + ?Sized)) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        note(Stream::Out, &error);
    }
}
