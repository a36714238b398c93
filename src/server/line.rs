//! What a deployment says of itself, a line each; whoever follows sees them.

use crate::event::Stream;
use crate::os::terminal;
use crate::release::record::{Kind, Record};

/// Writes a line of the log.
pub(super) fn say(line: &str) {
    terminal::say(Stream::Out, &format!("{line}\n"));
}

/// `deployment #42 v2 (425368b5cafe) → prod, by alice`, and what is live.
pub(super) fn asked(record: &Record, live: Option<&Record>) -> String {
    let what = if record.kind == Kind::Rollback { "roll-back" } else { "deployment" };
    let by = if record.by.is_empty() { String::new() } else { format!(", by {}", record.by) };
    let live = match live {
        Some(live) => format!("live: #{} {}", live.number, named(live)),
        None => "nothing is live yet".to_owned(),
    };
    format!("{what} #{} {} → {}{by}\n{live}", record.number, named(record), record.environment)
}

/// `v2 (425368b5cafe)`, or the commit alone.
pub(super) fn named(record: &Record) -> String {
    let commit = record.commit.get(..12).unwrap_or(&record.commit);
    match &record.tag {
        Some(tag) => format!("{tag} ({commit})"),
        None => commit.to_owned(),
    }
}
