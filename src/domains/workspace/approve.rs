//! The question: one for everything that it would allow, bound to the digests of exactly the plans that were shown.

use super::plan::{Planned, Purpose};
use super::promised::Promised;
use super::site::Site;
use crate::event::Level;
use crate::plan::{Proposal, ProposedChange};
use crate::run::{Action, Outcome, StepContext};
use crate::text::list;

/// Asks for everything that the plans of some workspaces would do, in one question.
pub(super) struct ApproveAction {
    pub(super) question: String,
    pub(super) purpose: Purpose,
    /// In the order in which they would be done, each with the word that its environment demands.
    pub(super) sites: Vec<(Site, Option<String>)>,
    /// What was answered before: a plan within it is not asked for.
    pub(super) promised: Option<Promised>,
}

/// Asks for everything that a preview shows, before anything is applied.
pub(super) struct ApprovePreviewAction {
    pub(super) promised: Vec<Promised>,
    /// The words that environments demand, each once.
    pub(super) words: Vec<String>,
}

impl Action for ApprovePreviewAction {
    fn describe(&self) -> Vec<String> {
        vec!["ask: Apply all of this, in this order?".to_owned()]
    }

    fn run(&self, _context: &mut StepContext<'_>) -> Outcome {
        if self.promised.is_empty() {
            return Outcome::Skipped("there is nothing to ask for".to_owned());
        }
        Outcome::Ask(Proposal {
            question: "Apply all of this, in this order?".to_owned(),
            changes: self.promised.iter().map(Promised::proposal).collect(),
            words: self.words.clone(),
        })
    }
}

/// Whether what was answered before covers a plan. What goes beyond it is told.
pub(super) fn is_covered(context: &StepContext<'_>, promised: Option<&Promised>, planned: &Planned) -> bool {
    let (Some(promised), Planned::Changes { changes, .. }) = (promised, planned) else { return false };
    context.approval(promised.digest()).is_some() && promised.beyond(changes).is_empty()
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
            let Some(change) = planned.as_ref().and_then(|planned| planned.proposal(&site.name)) else {
                continue;
            };
            if let Some(planned) = &planned
                && is_covered(context, self.promised.as_ref(), planned)
            {
                continue;
            }
            // After a redo only what is new is asked for.
            if context.approval(&change.digest).is_none() {
                self.tell_beyond(context, planned.as_deref());
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

impl ApproveAction {
    /// Why there is a question although the preview was answered.
    fn tell_beyond(&self, context: &StepContext<'_>, planned: Option<&Planned>) {
        let (Some(promised), Some(Planned::Changes { changes, .. })) = (&self.promised, planned) else {
            return;
        };
        let beyond = promised.beyond(changes);
        if !beyond.is_empty() {
            let mut text = format!("{}: this goes beyond the preview:", promised.workspace);
            beyond.iter().for_each(|line| text.push_str(&format!("\n  {line}")));
            context.log().notice(Level::Note, &text);
        }
    }
}
