//! The ref that says what is live.

use std::path::PathBuf;

use super::git::demand;
use crate::adapters::git::command;
use crate::plan::{Effect, WhenOrphaned};
use crate::run::node::Node;
use crate::run::{Action, Outcome, StepContext};

/// A ref that is to name a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveRefRequest {
    /// The repository.
    pub repository: PathBuf,
    /// The ref in full.
    pub name: String,
    /// The commit, 40 digits.
    pub commit: String,
}

struct MoveRefAction(MoveRefRequest);

/// The node that moves it.
pub fn move_ref_nodes(request: &MoveRefRequest) -> Vec<Node> {
    vec![Node {
        name: "release:ref".to_owned(),
        title: format!("move {}", request.name),
        needs: Vec::new(),
        after: Vec::new(),
        effect: Effect::Changes,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(MoveRefAction(request.clone())),
    }]
}

impl Action for MoveRefAction {
    fn describe(&self) -> Vec<String> {
        let MoveRefRequest { repository, name, commit } = &self.0;
        vec![command::update_ref(repository, name, commit).to_string()]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let MoveRefRequest { repository, name, commit } = &self.0;
        let spec = command::update_ref(repository, name, commit);
        demand(context, spec, "the ref could not be moved").map(|_| Outcome::done()).into()
    }
}
