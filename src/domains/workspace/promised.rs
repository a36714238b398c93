//! One question for a whole chain: what was previewed is answered once, and a plan that stays within it is not asked for again. Pure.
//!
//! The answer is bound to the digest of what was shown, as every answer is; and a plan is within it only address by address. Whatever is more, is
//! asked for when its workspace's turn comes.

use std::collections::BTreeMap;

use super::previewed::{Preview, word};
use crate::adapters::terraform::{Action, PlannedChanges};
use crate::plan::{Digest, ProposedChange};

/// What a person was shown of one workspace before anything was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised {
    /// The workspace.
    pub workspace: String,
    changes: BTreeMap<String, &'static str>,
    summary: String,
    digest: Digest,
}

impl Promised {
    /// What a preview shows; nothing where there is nothing to do.
    pub fn of(preview: &Preview) -> Option<Self> {
        if !preview.has_changes() {
            return None;
        }
        let changes: BTreeMap<String, &'static str> =
            preview.changes.iter().map(|change| (change.address.clone(), change.action)).collect();
        let counts = preview.counts.kinds().into_iter().filter(|(_, count)| *count > 0);
        let mut parts: Vec<String> =
            counts.map(|(kind, _)| format!("{} to {kind}", preview.cell(kind))).collect();
        if parts.is_empty() {
            parts.push("outputs".to_owned());
        }
        if preview.problem.is_some() {
            parts.push("the rest is asked for later".to_owned());
        }
        let shown = format!("{} {changes:?}", preview.workspace);
        Some(Self {
            workspace: preview.workspace.clone(),
            changes,
            summary: parts.join(", "),
            digest: Digest(blake3::hash(shown.as_bytes()).to_hex().to_string()),
        })
    }

    /// What the answer is bound to.
    pub(super) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What the question shows.
    pub(super) fn proposal(&self) -> ProposedChange {
        let of = |action: &str| {
            let found = self.changes.iter().filter(|(_, known)| **known == action);
            found.map(|(address, _)| address.clone()).collect()
        };
        ProposedChange {
            name: self.workspace.clone(),
            summary: self.summary.clone(),
            destroys: of("delete"),
            replaces: of("replace"),
            digest: self.digest.clone(),
        }
    }

    /// What a plan does beyond what was shown, a line each. A change where a replacement was shown takes nothing away, so it is within.
    pub(super) fn beyond(&self, planned: &PlannedChanges) -> Vec<String> {
        let is_beyond = |action: &Action, address: &str| match (action, self.changes.get(address)) {
            (Action::Read | Action::NoOp, _) => false,
            (Action::Update, Some(&("update" | "replace"))) => false,
            (Action::Other(_), _) => true,
            (action, shown) => shown != Some(&word(action)),
        };
        let changes = planned.changes.iter();
        changes
            .filter(|change| is_beyond(&change.action, &change.address))
            .map(|change| format!("{} {}", change.action.sign(), change.address))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::terraform::stream::PlannedChange;

    fn planned(changes: &[(&str, Action)]) -> PlannedChanges {
        let change = |(address, action): &(&str, Action)| PlannedChange {
            address: (*address).to_owned(),
            action: action.clone(),
            reason: None,
            previous: None,
            importing: None,
        };
        PlannedChanges::of(changes.iter().map(change).collect())
    }

    #[test]
    fn a_plan_is_within_what_was_shown_only_address_by_address() {
        let shown = [("a.new", "create"), ("a.old", "update"), ("a.db", "replace"), ("a.gone", "delete")];
        let promised = Promised {
            workspace: "base".into(),
            changes: shown.into_iter().map(|(address, action)| (address.to_owned(), action)).collect(),
            summary: String::new(),
            digest: Digest("d".into()),
        };
        let beyond = |changes: &[(&str, Action)]| promised.beyond(&planned(changes));
        let within = [
            ("a.new", Action::Create),
            ("a.old", Action::Update),
            ("a.db", Action::Update),
            ("a.gone", Action::Delete),
            ("data.b", Action::Read),
        ];
        assert_eq!(beyond(&within), [""; 0]);
        assert_eq!(beyond(&[("a.db", Action::Replace)]), [""; 0]);
        assert_eq!(
            beyond(&[
                ("a.old", Action::Replace),
                ("a.old", Action::Delete),
                ("a.db", Action::Delete),
                ("a.other", Action::Create),
                ("a.other", Action::Update),
                ("a.new", Action::Forget),
            ]),
            ["-/+ a.old", "- a.old", "- a.db", "+ a.other", "~ a.other", "x a.new"]
        );
    }
}
