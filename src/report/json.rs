//! A run for programs: each event is a line of JSON, handed on when no other follows at once, in the versioned form of `event`. Nothing is drawn and nothing
//! is asked. A reader that goes away is no fault.

use super::sink::Sink;
use crate::event::Event;
use crate::run::Observer;

/// Writes one event a line.
pub(super) struct Json {
    data: Sink,
}

impl Json {
    pub(super) fn new(data: Sink) -> Self {
        Self { data }
    }
}

impl Observer for Json {
    fn event(&mut self, event: &Event) {
        // Events are structs of texts and numbers, so this can't fail; if it does, a missing line is better than a torn one.
        event.each(|event| {
            if let Ok(line) = serde_json::to_string(event) {
                self.data.line(&line);
            }
        });
    }

    fn idle(&mut self) {
        self.data.flush();
    }

    fn pause(&mut self) {
        self.data.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Fault, FaultKind};
    use crate::plan::Skip;
    use crate::report::tape::{Paper, Tape};

    #[test]
    fn each_line_reads_back_as_its_event() {
        let tape = Tape::new(&[("lint", &[]), ("apply base", &["lint"])])
            .started("lint")
            .line("lint", "two\nlines \u{1b}[1m")
            .progress("lint", "checking", Some((1, 2)))
            .asked("apply base")
            .failed("lint", Fault::new(FaultKind::Failed, "no").at("a.rs", 1, 2), 3)
            .ended("apply base", crate::plan::Ending::Skipped(Skip::Interrupted), 0)
            .finished(1);
        let paper = Paper::default();
        tape.play(&mut Json::new(Sink::new(paper.writer())));
        let read: Vec<Event> = paper.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, tape.events);
    }
}
