//! Real applies, and streams that were cut where a kill would cut them.

use super::*;
use crate::adapters::terraform::stream::parse;

const SUCCESS: Termination = Termination::Exited { status: 0 };
const FAILURE: Termination = Termination::Exited { status: 1 };

const SLOW: &str = include_str!("../../../tests/fixtures/terraform/apply-slow.jsonl");
const REPLACE: &str = include_str!("../../../tests/fixtures/terraform/apply-replace.jsonl");
const FAILED: &str = include_str!("../../../tests/fixtures/terraform/apply-failed.jsonl");

fn fold<'a>(lines: impl IntoIterator<Item = &'a str>) -> ApplyFold {
    let mut fold = ApplyFold::default();
    for line in lines {
        fold.observe(&parse(line), Duration::ZERO);
    }
    fold
}

fn read(stream: &str, termination: Termination) -> ApplyReading {
    fold(stream.lines()).reading(termination)
}

/// The lines up to and with the first that has `text`.
fn until<'a>(stream: &'a str, text: &str) -> impl Iterator<Item = &'a str> {
    let last = stream.lines().position(|line| line.contains(text)).unwrap();
    stream.lines().take(last + 1)
}

fn addresses(operations: &[Operation]) -> Vec<&str> {
    operations.iter().map(|operation| operation.address.as_str()).collect()
}

#[test]
fn an_apply_that_went_through_has_counts_and_outputs() {
    let ApplyReading::Applied { counts, outputs } = read(REPLACE, SUCCESS) else { panic!() };
    assert_eq!((counts.add, counts.change, counts.remove), (2, 1, 2));
    assert_eq!(outputs["name"].value, Some("two".into()));
    assert_eq!(outputs["token"].value, None);
}

#[test]
fn an_apply_of_nothing_and_of_outputs_alone_is_applied() {
    let no_op = include_str!("../../../tests/fixtures/terraform/apply-no-op.jsonl");
    assert!(matches!(read(no_op, SUCCESS), ApplyReading::Applied { .. }));
    let output_only = include_str!("../../../tests/fixtures/terraform/apply-output-only.jsonl");
    assert!(matches!(read(output_only, SUCCESS), ApplyReading::Applied { .. }));
}

#[test]
fn a_replaced_object_counts_as_two_parts_and_progress_ends_full() {
    let fold = fold(REPLACE.lines());
    let progress = fold.progress(Duration::ZERO);
    assert_eq!((progress.done, progress.total), (Some(5), Some(5)));
    assert_eq!(fold.running(), []);
}

#[test]
fn a_destroyed_object_keeps_the_id_that_only_its_start_had() {
    let stream = include_str!("../../../tests/fixtures/terraform/apply-destroy.jsonl");
    let fold = fold(stream.lines());
    assert_eq!(fold.completed().len(), 3);
    assert!(fold.completed().iter().all(|operation| operation.id_value.is_some()));
    assert!(matches!(fold.reading(SUCCESS), ApplyReading::Applied { counts, .. } if counts.remove == 3));
}

#[test]
fn progress_names_what_runs_and_for_how_long() {
    let mut fold = ApplyFold::default();
    assert_eq!(fold.progress(Duration::ZERO), Progress { text: "applying".into(), done: None, total: None });
    for line in until(SLOW, "provision_start") {
        fold.observe(&parse(line), Duration::from_secs(3));
    }
    let time = duration::render(Duration::from_secs(12));
    assert_eq!(
        fold.progress(Duration::from_secs(15)),
        Progress { text: format!("creating terraform_data.slow ({time})"), done: Some(1), total: Some(2) }
    );
}

#[test]
fn progress_of_many_names_two() {
    let start = |name: &str| {
        format!(r#"{{"type":"apply_start","hook":{{"resource":{{"addr":"{name}"}},"action":"delete"}}}}"#)
    };
    let lines = ["a", "b", "c", "d"].map(start);
    let fold = fold(lines.iter().map(String::as_str));
    let zero = duration::render(Duration::ZERO);
    assert_eq!(
        fold.progress(Duration::ZERO).text,
        format!("destroying a ({zero}), destroying b ({zero}), 2 more")
    );
}

#[test]
fn waiting_for_a_lock_is_said() {
    let fold = fold([r#"{"type":"state_lock_acquire"}"#]);
    assert_eq!(fold.progress(Duration::ZERO).text, "waiting for the lock of its state");
}

#[test]
fn a_failed_apply_says_what_was_done_before() {
    let fold = fold(FAILED.lines());
    assert_eq!(addresses(fold.errored()), ["terraform_data.second"]);
    let ApplyReading::Failed { diagnostics, completed, in_doubt, state_left_behind } = fold.reading(FAILURE)
    else {
        panic!()
    };
    assert_eq!(diagnostics[0].summary, "local-exec provisioner error");
    assert_eq!(addresses(&completed), ["terraform_data.first"]);
    assert!(completed[0].id_value.is_some());
    assert_eq!(in_doubt, []);
    assert!(!state_left_behind);
}

#[test]
fn a_state_that_could_not_be_stored_is_reported() {
    let error = r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Failed to persist state to backend","detail":"… the state has been written to the file \"errored.tfstate\" in the current working directory."}}"#;
    let stream = format!("{SLOW}{error}\n");
    assert!(matches!(read(&stream, FAILURE), ApplyReading::Failed { state_left_behind: true, .. }));
}

#[test]
fn a_plan_that_no_longer_fits_is_stale_and_not_failed() {
    let stale = include_str!("../../../tests/fixtures/terraform/apply-stale.jsonl");
    assert_eq!(read(stale, FAILURE), ApplyReading::Stale(Staleness::SavedPlanStale));
    let other = include_str!("../../../tests/fixtures/terraform/apply-other-lineage.jsonl");
    assert_eq!(read(other, FAILURE), ApplyReading::Stale(Staleness::OtherLineage));
    let detail = include_str!("../../../tests/fixtures/terraform/lock-released-s3.txt");
    let released = serde_json::json!({ "type": "diagnostic", "diagnostic": {
        "severity": "error", "summary": "Error acquiring the state lock", "detail": detail } });
    assert_eq!(read(&format!("{released}\n"), FAILURE), ApplyReading::Stale(Staleness::LockReleased));
    // Not where something was done before.
    let stream = format!("{SLOW}{released}\n");
    assert!(!matches!(read(&stream, FAILURE), ApplyReading::Stale(_)));
}

#[test]
fn a_held_lock_is_told_with_its_holder() {
    let locked = include_str!("../../../tests/fixtures/terraform/plan-locked-local.jsonl");
    assert!(matches!(read(locked, FAILURE), ApplyReading::Locked(lock) if lock.who.is_some()));
}

#[test]
fn an_interrupted_apply_stopped_in_order() {
    let stream = include_str!("../../../tests/fixtures/terraform/apply-interrupted.jsonl");
    let ApplyReading::Interrupted { completed, in_doubt } = read(stream, FAILURE) else { panic!() };
    assert_eq!(addresses(&completed), ["terraform_data.quick"]);
    assert_eq!(in_doubt, []);
}

#[test]
fn an_interrupt_that_came_too_late_changes_nothing() {
    let log = r#"{"type":"log","@message":"\nInterrupt received.\nPlease wait"}"#;
    assert!(matches!(read(&format!("{log}\n{SLOW}"), SUCCESS), ApplyReading::Applied { .. }));
}

#[test]
fn an_interrupt_that_ends_in_success_without_a_summary_is_not_believed() {
    // A remote run that is cancelled this way exits with 0 (measured with a fake server).
    let log = r#"{"type":"log","@message":"\nInterrupt received.\n"}"#;
    let fold = fold([log]);
    assert!(fold.is_interrupted());
    assert!(matches!(fold.reading(SUCCESS), ApplyReading::Incomplete { .. }));
}

#[test]
fn an_error_after_the_summary_outweighs_it() {
    let error = r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Error releasing the state lock"}}"#;
    assert!(matches!(read(&format!("{SLOW}{error}\n"), SUCCESS), ApplyReading::Failed { .. }));
}

#[test]
fn what_runs_at_the_second_interrupt_is_in_doubt() {
    let mut lines: Vec<&str> = until(SLOW, "provision_start").collect();
    lines.push(r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"operation canceled","detail":""}}"#);
    let ApplyReading::Interrupted { in_doubt, .. } = fold(lines).reading(FAILURE) else { panic!() };
    assert_eq!(addresses(&in_doubt), ["terraform_data.slow"]);
}

#[test]
fn a_killed_apply_is_incomplete_with_what_was_done_and_what_is_in_doubt() {
    for termination in [Termination::Signaled { signal: 9 }, Termination::Unknown, SUCCESS] {
        let fold = fold(until(SLOW, "provision_start"));
        let ApplyReading::Incomplete { completed, in_doubt } = fold.reading(termination) else { panic!() };
        assert_eq!(addresses(&completed), ["terraform_data.quick"]);
        assert_eq!(addresses(&in_doubt), ["terraform_data.slow"]);
    }
}

#[test]
fn a_data_source_that_is_read_on_the_way_is_no_part() {
    let stream = include_str!("../../../tests/fixtures/terraform/apply-read-later.jsonl");
    let fold = fold(stream.lines());
    let progress = fold.progress(Duration::ZERO);
    assert_eq!((progress.done, progress.total), (Some(1), Some(1)));
    assert!(matches!(fold.reading(SUCCESS), ApplyReading::Applied { .. }));
}

#[test]
fn data_sources_are_neither_done_nor_in_doubt() {
    let stream = include_str!("../../../tests/fixtures/terraform/plan-no-remote-state.jsonl");
    let fold = fold(stream.lines());
    assert_eq!(fold.running().len(), 1);
    assert!(matches!(fold.reading(FAILURE), ApplyReading::Failed { in_doubt, .. } if in_doubt.is_empty()));
    assert_eq!(parts(&Action::Delete, "module.a.data.aws_ami.b"), 0);
    assert_eq!(parts(&Action::Delete, "module.a.aws_ami.data"), 1);
}
