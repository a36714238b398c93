//! `tags`: what there is, the newest first.

use serde::Serialize;

use super::git::demand;
use crate::adapters::git::{command, tags};
use crate::plan::{Effect, WhenOrphaned};
use crate::run::node::Node;
use crate::run::{Action, Outcome, StepContext};

/// What `tags` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagList {
    /// The tags, the newest first.
    pub tags: Vec<tags::Tag>,
}

struct TagsAction;

/// The node that lists tags.
pub fn tags_nodes() -> Vec<Node> {
    vec![Node {
        name: "tags:list".to_owned(),
        title: "list the tags".to_owned(),
        needs: Vec::new(),
        after: Vec::new(),
        effect: Effect::Reads,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(TagsAction),
    }]
}

impl Action for TagsAction {
    fn describe(&self) -> Vec<String> {
        Vec::new()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let spec = command::tags(context.root());
        demand(context, spec, "the tags could not be listed")
            .map(|output| Outcome::done_with(TagList { tags: tags::parse(&output) }))
            .into()
    }
}
