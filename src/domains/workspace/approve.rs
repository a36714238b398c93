//! The question: one for everything that it would allow, bound to the digests of exactly the plans that were shown.

use super::plan::{Planned, Purpose};
use super::site::Site;
use crate::plan::{Proposal, ProposedChange};
use crate::run::{Action, Outcome, StepContext};
use crate::text::list;

/// Asks for everything that the plans of some workspaces would do, in one question.
pub(super) struct ApproveAction {
    pub(super) question: String,
    pub(super) purpose: Purpose,
    /// In the order in which they would be done, each with the word that its environment demands.
    pub(super) sites: Vec<(Site, Option<String>)>,
}

impl Action for ApproveAction {
    fn describe(&self) -> Vec<String> {
        let mut words: Vec<&str> = self.sites.iter().filter_map(|(_, word)| word.as_deref()).collect();
        words.dedup();
        let typed =
            if words.is_empty() { String::new() } else { format!("  (type {})", list::and_ticked(&words)) };
        vec![format!("ask: {}{typed}", self.question)]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let mut changes: Vec<ProposedChange> = Vec::new();
        let mut words: Vec<String> = Vec::new();
        for (site, word) in &self.sites {
            let planned = context.value::<Planned>(&site.step(self.purpose.plan_step()));
            let Some(change) = planned.and_then(|planned| planned.proposal(&site.name)) else { continue };
            // After a redo only what is new is asked for.
            if context.approval(&change.digest).is_none() {
                changes.push(change);
                words.extend(word.iter().filter(|word| !words.contains(word)).cloned().collect::<Vec<_>>());
            }
        }
        if changes.is_empty() {
            return Outcome::Skipped("there is nothing to ask for".to_owned());
        }
        Outcome::Ask(Proposal { question: self.question.clone(), changes, words })
    }
}
