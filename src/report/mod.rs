//! Reports: what a person or a program sees of a run, and how a person is asked.
//!
//! Everything here is fed by `Event`s and nothing else, so a run that is watched, a run in a CI log and a run that is replayed from
//! its journal are drawn by the same code. The room does not know what a step is for: it knows titles, states, lines and endings.
//!
//! - `board` folds events into "where does each step stand"; every drawing reads it.
//! - `live` draws on a terminal, `plain` into a pipe, `ci` into the logs of GitHub and GitLab, `json` for programs; `modes` holds back what
//!   each of them is told.
//! - `summary` and `fault` are the last thing that is printed; both are pure.
//! - `document` writes a run down for whoever was not there: JUnit, JSON, Markdown.
//! - `ask` answers questions: by a flag, by a person, or with a refusal that names the flag.
//!
//! Standard output carries data: what tasks and `output-NAME` print (`role`, `outputs`), and the events of `json`. All talk goes to standard
//! error. A reader that goes away (a closed pipe)
//! never ends a run: the report falls silent, the run goes on.
//!
//! What a step changed (`4 added`) is the text of its last *complete* progress (`done == total`): an event that says both that the
//! step has come to its end and what it brought. The alternative, parsing notices, would tie this room to the domains' words.

pub mod ask;
mod board;
mod ci;
mod clean;
mod clock;
mod critical_path;
pub mod document;
pub mod fault;
mod format;
mod groups;
mod heartbeat;
mod json;
mod live;
mod modes;
mod outputs;
mod plain;
mod replay;
mod role;
mod sink;
mod skips;
mod style;
mod summary;
#[cfg(test)]
mod tape;
mod words;

pub use format::{Format, choose, reporter};
pub use modes::{Grouped, Quiet};
pub use replay::replay;
pub use style::{Label, Style};
pub use summary::summary;
