//! A plan in words: one line for each object, and one line for all.
//!
//! What is lost comes first and is never cut: a person who answers yes must have seen it.

use super::action::Action;
use super::plan::{OutputChange, PlannedChanges};
use super::stream::PlannedChange;
use crate::text::count::count;

/// A line for each object, at most `max` unless more than that are destroyed or replaced; then outputs, if nothing but outputs changes, and drift.
pub fn render(planned: &PlannedChanges, max: usize) -> Vec<String> {
    let mut changes: Vec<&PlannedChange> = planned.changes.iter().collect();
    changes.sort_by_key(|change| rank(&change.action));
    let lost = changes.iter().filter(|change| change.action.loses()).count();
    let mut rest: Vec<String> = changes.into_iter().map(line).collect();
    if rest.is_empty() {
        rest.extend(planned.output_changes.iter().map(output_line));
    }
    rest.extend(planned.drift.iter().map(drift_line));
    let shown = max.max(lost);
    let hidden = rest.len().saturating_sub(shown);
    rest.truncate(shown);
    if hidden > 0 {
        rest.push(format!("and {hidden} more"));
    }
    rest
}

/// `3 to add, 1 to change, 1 to replace, 2 to destroy`; `no changes` only of an empty plan.
pub fn summary(planned: &PlannedChanges) -> String {
    let counts = &planned.counts;
    let parts = [
        (counts.import, "import"),
        (counts.add, "add"),
        (counts.change, "change"),
        (counts.moved, "move"),
        (counts.forget, "forget"),
        (counts.replace, "replace"),
        (counts.destroy, "destroy"),
        (counts.read, "read"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, verb)| format!("{number} to {verb}"))
        .collect();
    match (parts.is_empty(), planned.output_changes.len()) {
        (false, _) => parts.join(", "),
        // Terraform exits with 2 for changes that it doesn't stream, such as the results of checks.
        (true, 0) => "no changes to objects".to_owned(),
        (true, outputs) => format!("{} to change", count(outputs, "output")),
    }
}

fn rank(action: &Action) -> u8 {
    match action {
        Action::Delete => 0,
        Action::Replace => 1,
        Action::Update => 2,
        Action::Create => 3,
        Action::Move | Action::Import | Action::Forget => 4,
        Action::Read | Action::NoOp | Action::Other(_) => 5,
    }
}

fn line(change: &PlannedChange) -> String {
    let mut notes = Vec::new();
    match (&change.action, change.reason.as_deref()) {
        (Action::Replace, Some(reason)) => {
            notes.push(format!("replaced because {}", reason_in_words(reason)))
        }
        (Action::Delete, Some(reason)) => {
            notes.push(format!("destroyed because {}", reason_in_words(reason)))
        }
        (Action::Forget, _) => notes.push("stays as it is; terraform forgets it".to_owned()),
        (Action::Other(word), _) => notes.push(word.clone()),
        _ => {}
    }
    notes.extend(change.previous.as_ref().map(|previous| format!("from {previous}")));
    notes.extend(change.importing.as_ref().map(|id| format!("id {id}")));
    let line = format!("{} {}", change.action.sign(), change.address);
    if notes.is_empty() { line } else { format!("{line} ({})", notes.join(", ")) }
}

fn output_line(output: &OutputChange) -> String {
    let note = if output.sensitive { " (sensitive)" } else { "" };
    format!("{} output {}{note}", output.action.sign(), output.name)
}

fn drift_line(change: &PlannedChange) -> String {
    format!("! {} was {} outside terraform", change.address, change.action.done())
}

/// Terraform's words for why; <https://developer.hashicorp.com/terraform/internals/json-format#change-representation>.
fn reason_in_words(reason: &str) -> String {
    let words = match reason {
        "cannot_update" | "replace_because_cannot_update" => "it can't be changed in place",
        "tainted" | "replace_because_tainted" => "it is tainted: it was left half made",
        "requested" | "replace_by_request" => "the command asks for it",
        "replace_triggered_by" | "replace_by_triggers" => "something that it is tied to changes",
        "delete_because_no_resource_config" => "it is no longer in the configuration",
        "delete_because_no_module" => "its module is no longer in the configuration",
        "delete_because_no_move_target" => "what it was moved to is not in the configuration",
        "delete_because_wrong_repetition" => "the resource has another kind of `count` or `for_each` now",
        "delete_because_count_index" => "its index is beyond `count`",
        "delete_because_each_key" => "its key is no longer in `for_each`",
        other => return format!("of {}", other.replace('_', " ")),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destroyed_object_says_why_and_an_unknown_reason_is_passed_on() {
        let change = |reason: &str| PlannedChange {
            address: "a.b".to_owned(),
            action: Action::Delete,
            reason: Some(reason.to_owned()),
            previous: None,
            importing: None,
        };
        assert_eq!(
            line(&change("delete_because_each_key")),
            "- a.b (destroyed because its key is no longer in `for_each`)"
        );
        assert_eq!(line(&change("new_moon")), "- a.b (destroyed because of new moon)");
    }
}
