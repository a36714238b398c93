//! What holds data is destroyed or replaced only where the command names it. Pure.
//!
//! `--yes` stands in scripts, and a question over forty changes is answered by habit; so neither is enough for a database.

use crate::adapters::terraform::PlannedChanges;
use crate::diagnostic::{Fault, FaultKind};
use crate::model::Workspace;
use crate::text::count::count;
use crate::text::quote;

/// The stateful addresses that `changes` would destroy or replace and that are not among `allowed`.
pub(super) fn guarded(workspace: &Workspace, changes: &PlannedChanges, allowed: &[String]) -> Vec<String> {
    let lost = changes.changes.iter().filter(|change| change.action.loses());
    lost.map(|change| change.address.clone())
        .filter(|address| is_stateful(&workspace.stateful, address) && !allowed.contains(address))
        .collect()
}

/// The refusal of a plan that would destroy or replace what is stateful.
pub(super) fn refusal(workspace: &Workspace, changes: &PlannedChanges, allowed: &[String]) -> Option<Fault> {
    let guarded = guarded(workspace, changes, allowed);
    if guarded.is_empty() {
        return None;
    }
    let message = format!(
        "the plan of `{}` would destroy what is stateful: {}",
        workspace.name,
        count(guarded.len(), "object")
    );
    let mut fault = Fault::new(FaultKind::Refused, message);
    fault.details = changes
        .changes
        .iter()
        .filter(|change| guarded.contains(&change.address))
        .map(|change| format!("{} {}", change.action.sign(), change.address))
        .collect();
    let flags: Vec<String> =
        guarded.iter().map(|address| format!("--allow-destroy {}", quote::shell(address))).collect();
    Some(fault.hint(format!("where that is meant: `{}`", flags.join(" "))))
}

/// Whether one of `patterns` means `address`: the whole of it, or what follows its modules.
fn is_stateful(patterns: &[String], address: &str) -> bool {
    let own = without_modules(address);
    patterns.iter().any(|pattern| matches(pattern, address) || matches(pattern, own))
}

/// `module.a["x.y"].module.b.aws_db_instance.main` → `aws_db_instance.main`.
fn without_modules(address: &str) -> &str {
    let mut rest = address;
    while let Some(inner) = rest.strip_prefix("module.") {
        let mut in_quotes = false;
        let mut depth = 0_usize;
        let end = inner.char_indices().find(|(_, c)| {
            match c {
                '"' => in_quotes = !in_quotes,
                '[' if !in_quotes => depth += 1,
                ']' if !in_quotes => depth = depth.saturating_sub(1),
                _ => {}
            }
            *c == '.' && depth == 0
        });
        match end {
            Some((at, _)) => rest = &inner[at + 1..],
            None => return rest,
        }
    }
    rest
}

/// `*` stands for any text, also none; everything else for itself, brackets too: addresses are full of them.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_an_address_in_any_module() {
        let patterns = ["aws_db_instance.*".to_owned(), "module.store.*".to_owned(), "a.b[\"x\"]".to_owned()];
        let is = |address: &str| is_stateful(&patterns, address);
        for address in [
            "aws_db_instance.main",
            "aws_db_instance.main[0]",
            "module.a[\"x.y\"].module.b.aws_db_instance.main",
            "module.store.anything.at_all",
            "a.b[\"x\"]",
        ] {
            assert!(is(address), "{address}");
        }
        for address in ["aws_db_instances.main", "xaws_db_instance.main", "a.b", "module.storehouse.a.b"] {
            assert!(!is(address), "{address}");
        }
    }

    #[test]
    fn a_star_is_any_text_and_the_end_counts() {
        assert!(matches("*", "") && matches("a*c", "abbc") && matches("*_instance.*", "aws_db_instance.x"));
        assert!(!matches("a*c", "abcd") && !matches("ab*ba", "aba") && matches("a**b", "ab"));
    }
}
