//! Shows a run that is over, from its stored events, as it was shown then. The report can't tell the difference: times come from the
//! events, and nothing ticks.

use crate::event::Event;
use crate::run::Observer;

/// Feeds the events to the report.
pub fn replay(events: impl IntoIterator<Item = Event>, report: &mut dyn Observer) {
    for event in events {
        report.event(&event);
    }
    // A torn log has no last event; what is still kept back for the next frame has to come out.
    report.pause();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masking::Masker;
    use crate::os::terminal::{StandardOutput, TerminalFacts};
    use crate::report::tape::{Paper, Tape};
    use crate::report::{Format, reporter};

    fn replayed(format: Format, tape: &Tape) -> (String, String) {
        let (out, data) = (Paper::default(), Paper::default());
        let facts = TerminalFacts {
            live: true,
            can_ask: true,
            output: StandardOutput::Terminal,
            colour: false,
            columns: 80,
        };
        let mut report = reporter(format, facts, &Masker::default(), out.writer(), data.writer());
        replay(tape.events.clone(), &mut *report);
        (out.text(), data.text())
    }

    #[test]
    fn a_torn_log_shows_all_that_it_has_in_each_format() {
        let tape = Tape::new(&[("lint", &[]), ("test", &[])]).started("lint").line("lint", "the last words");
        for format in [Format::Live, Format::Plain, Format::GitHub, Format::GitLab] {
            let (out, data) = replayed(format, &tape);
            assert!(out.contains("the last words"), "{format:?}: {out:?}");
            assert_eq!(data, "", "{format:?}");
        }
        let (out, data) = replayed(Format::Json, &tape);
        assert_eq!((out.as_str(), data.lines().count()), ("", tape.events.len()));
    }

    #[test]
    fn a_torn_log_of_steps_at_once_shows_what_was_kept_back() {
        let tape = Tape::new(&[("lint", &[]), ("test", &[])])
            .started("lint")
            .started("test")
            .line("lint", "first words")
            .line("test", "the last words");
        for format in [Format::GitHub, Format::GitLab] {
            let (out, _) = replayed(format, &tape);
            assert!(out.contains("first words") && out.contains("the last words"), "{format:?}: {out:?}");
        }
    }
}
