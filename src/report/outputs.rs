//! Both outputs of a report: talk goes to standard error, data to standard output.
//!
//! Data is what commands print to standard output that a person asked for (`role`). Where a program reads it, each byte goes there as it is,
//! without a prefix, so that `x=$(shipway sha)` and `shipway version | cat` work like the command itself; nothing is coloured, cut, ended
//! or fenced in. Where both outputs are one (`2>&1`), the result is a log, and data is one of its lines. Order is kept between the two: what
//! was written first is handed on first.

use super::sink::Sink;
use crate::os::terminal::StandardOutput;

/// Standard error and standard output.
#[derive(Debug)]
pub(super) struct Outputs {
    talk: Sink,
    data: Sink,
    output: StandardOutput,
}

impl Outputs {
    pub(super) fn new(talk: Sink, data: Sink, output: StandardOutput) -> Self {
        Self { talk, data, output }
    }

    /// Where data goes.
    pub(super) fn output(&self) -> StandardOutput {
        self.output
    }

    /// Takes whole lines for people.
    pub(super) fn talk(&mut self, lines: &(impl AsRef<[u8]> + ?Sized)) {
        if !lines.as_ref().is_empty() {
            self.data.flush();
            self.talk.write(lines);
        }
    }

    /// Takes what is for whoever reads standard output.
    pub(super) fn data(&mut self, bytes: &(impl AsRef<[u8]> + ?Sized)) {
        if !bytes.as_ref().is_empty() {
            self.talk.flush();
            self.data.write(bytes);
        }
    }

    /// Hands on what is kept back.
    pub(super) fn flush(&mut self) {
        self.talk.flush();
        self.data.flush();
    }
}
