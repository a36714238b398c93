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
