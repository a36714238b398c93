//! The plan: a graph of steps, and the state machine that walks it. Pure; generic over what a step does.
//!
//! A `Plan` never grows while it runs. `Walk` holds the state of each step and answers one question, "what may start now"; it is
//! told what started and how it ended, and says what that means for the others. No thread, clock or process is known here, so each
//! rule (a declined question, a stale plan, keep going, an interrupt) is a table test.
//!
//! States, in life order: `Waiting → Running → (Asking → Running) → Ended`. A redo puts a stretch of the graph back to `Waiting`.

mod build;
mod outcome;
mod room;
mod step;
pub mod verdict;
mod walk;

pub use build::{Plan, PlanBuilder, PlanFault};
pub use outcome::{Broken, Digest, Ending, Proposal, ProposedChange, Skip};
pub use step::{Effect, Step, StepId, Terms, WhenOrphaned};
pub use verdict::{FileChange, Fingerprint, Reason, Verdict};
pub use walk::{StepState, Walk, WalkSettings};
