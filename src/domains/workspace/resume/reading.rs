//! What an earlier run left of a workspace, read from its journal, its stream and its shim's report: pure.
//!
//! | the journal ends at | what it is |
//! | --- | --- |
//! | before the apply | nothing: no change was begun, and all before it is done again |
//! | apply started, its process lives | `Running`: it is waited for, and no other is started |
//! | apply started, the process ended, its stream has a summary | `Finished`: applied |
//! | … and the stream says why it failed, and nothing is left half done | `Finished`: failed, and its state knows all |
//! | … and something was started and did not end, or the state could not be stored | `InDoubt` |
//! | … and neither | `InDoubt` |
//!
//! A destroy is read in the same way.

use std::time::Duration;

use crate::adapters::terraform::stream::Operation;
use crate::adapters::terraform::{Action, ApplyFold, ApplyReading};
use crate::domains::workspace::plan::Purpose;
use crate::domains::workspace::pulumi::Dialect;
use crate::event::Termination;
use crate::run::{Fate, Leftover};

/// The name of a fact: the workspace.
pub(in crate::domains::workspace) const WORKSPACE: &str = "workspace";

/// The name of a fact: the program that does it.
pub(in crate::domains::workspace) const ENGINE: &str = "engine";

/// The name of a fact: `apply` or `destroy`.
pub(in crate::domains::workspace) const PURPOSE: &str = "purpose";

/// The name of a fact: the state's serial before.
pub(in crate::domains::workspace) const SERIAL: &str = "serial";

/// The name of a fact: the state's lineage before.
pub(in crate::domains::workspace) const LINEAGE: &str = "lineage";

/// The name of a fact: the version of terraform that made the plan.
pub(in crate::domains::workspace) const TERRAFORM: &str = "terraform";

/// The name of a fact: the digest of what the plan was made from.
pub(in crate::domains::workspace) const CONFIGURATION: &str = "configuration";

/// The name of a fact: `user@host`, as terraform writes it into locks.
pub(in crate::domains::workspace) const WHO: &str = "who";

/// An apply or a destroy that an earlier run left open.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfinished {
    /// The run.
    pub run: String,
    /// The workspace.
    pub workspace: String,
    /// What it was for.
    pub purpose: Purpose,
    /// What became of it.
    pub state: OpenState,
}

/// What became of an apply that was left open.
#[derive(Clone, Debug, PartialEq)]
pub enum OpenState {
    /// It runs.
    Running,
    /// It ended, and all that it did is in the state.
    Finished(Box<ApplyReading>),
    /// Nobody knows.
    InDoubt(Doubt),
}

/// What is not known of an apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubt {
    /// What was seen to be done. It may not be in the state.
    pub completed: Vec<Operation>,
    /// What was started and not seen to end. It may be done.
    pub in_doubt: Vec<Operation>,
    /// The state lies in `errored.tfstate`.
    pub state_left_behind: bool,
}

/// The workspace that a command which was left open is about; `None` where it is none of ours.
pub fn workspace_of(leftover: &Leftover) -> Option<&str> {
    leftover.facts.get(WORKSPACE).map(String::as_str)
}

/// The program whose command was left open. Terraform where nothing is noted: earlier versions knew no other.
pub(super) fn engine_of(leftover: &Leftover) -> &str {
    leftover.facts.get(ENGINE).map_or("terraform", String::as_str)
}

/// What the process of `leftover` printed so far, taken in.
pub(super) fn fold_stream(leftover: &Leftover, stream: &str) -> ApplyFold {
    let mut dialect = Dialect::of(engine_of(leftover));
    let mut fold = ApplyFold::default();
    let events = stream.lines().filter_map(|line| dialect.read(line));
    events.for_each(|event| fold.observe(&event, Duration::ZERO));
    fold
}

/// Reads what was left open; `stream` is what its process printed so far. `None` where it is none of ours.
pub fn read_leftover(leftover: &Leftover, stream: &str) -> Option<Unfinished> {
    let state = match leftover.fate {
        Fate::Running(_) => OpenState::Running,
        Fate::Ended(termination) => {
            let mut fold = fold_stream(leftover, stream);
            let (termination, last) = Dialect::of(engine_of(leftover)).ended(termination);
            last.iter().for_each(|event| fold.observe(event, Duration::ZERO));
            judge(fold, termination)
        }
    };
    Some(Unfinished {
        run: leftover.run.clone(),
        workspace: workspace_of(leftover)?.to_owned(),
        purpose: Purpose::of_word(leftover.facts.get(PURPOSE)?)?,
        state,
    })
}

/// What an apply came to that ended while nobody looked.
pub(super) fn judge(fold: ApplyFold, termination: Termination) -> OpenState {
    match fold.reading(termination).doubt() {
        Ok(reading) => OpenState::Finished(Box::new(reading)),
        Err((completed, in_doubt, state_left_behind)) => {
            OpenState::InDoubt(Doubt { completed, in_doubt, state_left_behind })
        }
    }
}

impl Doubt {
    /// All doubts of a workspace as one, the oldest first: what came later is what counts.
    pub(super) fn sum(all: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::default();
        for doubt in all {
            for done in doubt.completed {
                sum.in_doubt.retain(|known| known.address != done.address);
                sum.completed.retain(|known| known.address != done.address);
                sum.completed.push(done);
            }
            for open in doubt.in_doubt {
                sum.in_doubt.retain(|known| known.address != open.address);
                sum.in_doubt.push(open);
            }
            sum.state_left_behind = doubt.state_left_behind;
        }
        sum
    }

    /// What was made, or kept, by the last that is known of it.
    pub(super) fn made(&self) -> impl Iterator<Item = &Operation> {
        self.completed.iter().filter(|done| done.action != Action::Delete)
    }
}

impl Purpose {
    /// Its word in a journal.
    pub(in crate::domains::workspace) fn word(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Destroy => "destroy",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        [Self::Apply, Self::Destroy].into_iter().find(|purpose| purpose.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(address: &str, action: Action, id: Option<&str>) -> Operation {
        let id_value = id.map(str::to_owned);
        let id_key = id.map(|_| "id".to_owned());
        Operation { address: address.to_owned(), action, id_key, id_value, elapsed: Duration::ZERO }
    }

    #[test]
    fn what_a_later_run_saw_counts() {
        let create = |address: &str, id| operation(address, Action::Create, id);
        let first = Doubt {
            completed: vec![create("a", Some("1")), create("b", Some("1"))],
            in_doubt: vec![create("c", None), create("d", None)],
            state_left_behind: true,
        };
        let second = Doubt {
            completed: vec![operation("a", Action::Delete, None), create("c", Some("2"))],
            in_doubt: vec![create("e", None)],
            state_left_behind: false,
        };
        let sum = Doubt::sum([first, second]);
        let made: Vec<&str> = sum.made().map(|done| done.address.as_str()).collect();
        let open: Vec<&str> = sum.in_doubt.iter().map(|open| open.address.as_str()).collect();
        assert_eq!((made, open), (vec!["b", "c"], vec!["d", "e"]));
        assert!(!sum.state_left_behind);
    }
}
