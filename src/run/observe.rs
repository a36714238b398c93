//! What the engine needs from whoever shows a run and asks a person. `report` implements both; the engine knows neither screen
//! nor keyboard.

use crate::diagnostic::Fault;
use crate::event::Event;
use crate::plan::Proposal;

/// Consumes the events of a run, in order, on a thread of its own.
pub trait Observer: Send {
    /// Something happened.
    fn event(&mut self, event: &Event);

    /// Everything that happened so far was told: what is kept back should be handed on. Comes before each wait.
    fn idle(&mut self) {}

    /// Nothing new happened for a while (about 100 ms): a live display may redraw its clocks.
    fn tick(&mut self) {}

    /// A question is about to be asked: leave the screen in order and draw nothing until `resume`. Events go on coming in between
    /// and are kept by the caller, not lost.
    fn pause(&mut self) {}

    /// The question is over.
    fn resume(&mut self) {}

    /// The question is left standing, since the run ends: the cursor is still in its line.
    fn abandon(&mut self) {
        self.resume();
    }
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// May this be done?
    Approve(Proposal),
    /// Which value?
    Text {
        /// The question.
        text: String,
        /// The only answers; empty for any.
        choices: Vec<String>,
        /// Taken on an empty answer.
        default: Option<String>,
        /// Not shown while it is typed.
        secret: bool,
    },
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes; who said so: `terminal`, `--yes`, `--confirm prod`.
    Approved {
        /// Who said so.
        by: String,
    },
    /// No.
    Declined,
    /// The value.
    Text(String),
    /// Nobody can answer here: the fault names the flag that would.
    Refused(Fault),
    /// A signal came while the question stood.
    Interrupted,
}

/// Asks a person. Called on the asker's thread, one question at a time, while the observer is paused.
pub trait Ask: Send {
    /// Whether this question will be answered without the screen: by a flag, or by a refusal. Then nothing is paused for it.
    fn is_silent(&self, question: &Question) -> bool;

    /// Asks, or answers from a flag.
    fn ask(&mut self, question: &Question) -> Answer;
}
