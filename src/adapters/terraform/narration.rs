//! A stream as lines for people: what a log keeps in place of the JSON.
//!
//! Plans, diagnostics and outputs give no line: they are told once, by `plan_text` and `frame`, where they matter.

use super::action::Action;
use super::stream::{Operation, StreamEvent};

/// The line that an event is worth, if it is. May hold what a provisioner printed, so it has to be masked.
pub fn line(event: &StreamEvent) -> Option<String> {
    let line = match event {
        // Data that is only looked at changes nothing, and a plan looks at much.
        StreamEvent::ApplyStart(operation) | StreamEvent::ApplyComplete(operation)
            if operation.action == Action::Read =>
        {
            return None;
        }
        StreamEvent::ApplyStart(operation) => format!("{}: {}", operation.address, operation.action.doing()),
        StreamEvent::ApplyComplete(operation) => {
            format!("{}: {}{}", operation.address, operation.action.done(), facts(operation))
        }
        StreamEvent::ApplyErrored(operation) => {
            format!("{}: {} failed{}", operation.address, operation.action.doing(), facts(operation))
        }
        // terraform echoes the whole script first; it stands in the root's own files.
        StreamEvent::ProvisionProgress(provision) if provision.output.starts_with("Executing: [") => {
            return None;
        }
        StreamEvent::ProvisionProgress(provision) => {
            format!("{} ({}): {}", provision.address, provision.provisioner, provision.output)
        }
        StreamEvent::ProvisionErrored(provision) => {
            format!("{} ({}): failed", provision.address, provision.provisioner)
        }
        StreamEvent::StateLockAcquire => "waiting for the lock of the state".to_owned(),
        StreamEvent::Log(text) => text.clone(),
        StreamEvent::Other { message, .. } if !message.is_empty() => message.clone(),
        StreamEvent::NotJson(text) if !text.is_empty() => text.clone(),
        _ => return None,
    };
    Some(line)
}

/// Id and time, where they are known; terraform counts whole seconds, so nothing is said of less.
fn facts(operation: &Operation) -> String {
    let id = operation.id_value.as_ref().map(|id| format!(" id {id}"));
    let seconds = operation.elapsed.as_secs();
    let time = (seconds > 0).then(|| format!(" after {seconds}s"));
    [id, time].into_iter().flatten().collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::terraform::stream::parse;

    #[test]
    fn a_failed_apply_reads_as_a_story() {
        let stream = include_str!("../../../tests/fixtures/terraform/apply-failed.jsonl");
        let lines: Vec<String> = stream.lines().map(parse).filter_map(|event| line(&event)).collect();
        assert!(lines[1].starts_with("terraform_data.first: created id "), "{}", lines[1]);
        assert_eq!(lines[0], "terraform_data.first: creating");
        assert_eq!(
            lines[2..],
            [
                "terraform_data.second: creating",
                "terraform_data.second (local-exec): going down",
                "terraform_data.second (local-exec): failed",
                "terraform_data.second: creating failed",
            ]
        );
    }

    #[test]
    fn text_that_is_not_of_the_stream_is_kept_and_empty_lines_are_not() {
        assert_eq!(line(&parse("panic: oh")), Some("panic: oh".to_owned()));
        assert_eq!(line(&parse("")), None);
        let slow = include_str!("../../../tests/fixtures/terraform/apply-slow.jsonl");
        let last = slow.lines().map(parse).filter_map(|event| line(&event)).next_back();
        assert!(last.is_some_and(|line| line.ends_with(", after 12s")));
    }
}
