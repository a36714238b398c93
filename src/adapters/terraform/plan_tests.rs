//! Real plans, and streams that were cut or contradict their exit status.

use super::*;
use crate::adapters::terraform::plan_text::{render, summary};

const CHANGED: Termination = Termination::Exited { status: 2 };
const SUCCESS: Termination = Termination::Exited { status: 0 };
const FAILURE: Termination = Termination::Exited { status: 1 };

const CREATE: &str = include_str!("../../../tests/fixtures/terraform/plan-create.jsonl");
const NO_OP: &str = include_str!("../../../tests/fixtures/terraform/plan-no-op.jsonl");
const REJECTED: &str = include_str!("../../../tests/fixtures/terraform/plan-prevent-destroy.jsonl");

fn changes(stream: &str) -> PlannedChanges {
    match read(stream, CHANGED) {
        PlanReading::Changes(changes) => changes,
        other => panic!("{other:?}"),
    }
}

fn failure(stream: &str) -> Vec<String> {
    match read(stream, FAILURE) {
        PlanReading::Failed(diagnostics) => diagnostics.into_iter().map(|found| found.summary).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plan_to_create_counts_and_lists() {
    let changes = changes(CREATE);
    assert_eq!(summary(&changes), "3 to add");
    assert_eq!(
        render(&changes, 10),
        ["+ terraform_data.repo", "+ terraform_data.server[0]", "+ terraform_data.server[1]"]
    );
    assert_eq!(changes.output_changes.len(), 2);
}

#[test]
fn a_plan_with_nothing_to_do_is_no_changes() {
    assert_eq!(read(NO_OP, SUCCESS), PlanReading::NoChanges);
}

#[test]
fn replaced_objects_are_counted_once_and_stand_first_with_their_reason() {
    let changes = changes(include_str!("../../../tests/fixtures/terraform/plan-replace.jsonl"));
    assert_eq!(summary(&changes), "1 to change, 2 to replace");
    assert_eq!(
        render(&changes, 10),
        [
            "-/+ terraform_data.server[0] (replaced because it can't be changed in place)",
            "-/+ terraform_data.server[1] (replaced because it can't be changed in place)",
            "~ terraform_data.repo",
        ]
    );
    assert_eq!(changes.replaces().count(), 2);
}

#[test]
fn a_half_made_object_is_replaced_because_it_is_tainted() {
    let changes = changes(include_str!("../../../tests/fixtures/terraform/plan-tainted.jsonl"));
    assert_eq!(summary(&changes), "1 to add, 1 to replace");
    assert_eq!(
        render(&changes, 10)[0],
        "-/+ terraform_data.second (replaced because it is tainted: it was left half made)"
    );
}

#[test]
fn a_destroy_plan_lists_what_goes() {
    let changes = changes(include_str!("../../../tests/fixtures/terraform/plan-destroy.jsonl"));
    assert_eq!(summary(&changes), "3 to destroy");
    assert_eq!(changes.destroys().count(), 3);
}

#[test]
fn an_output_alone_is_a_change() {
    let changes = changes(include_str!("../../../tests/fixtures/terraform/plan-output-only.jsonl"));
    assert_eq!(summary(&changes), "1 output to change");
    assert_eq!(render(&changes, 10), ["~ output token (sensitive)"]);
}

#[test]
fn moved_imported_and_forgotten_objects_are_told_apart() {
    let changes = changes(include_str!("../../../tests/fixtures/terraform/plan-move-forget-import.jsonl"));
    assert_eq!(summary(&changes), "1 to import, 1 to move, 1 to forget");
    assert_eq!(
        render(&changes, 10),
        [
            "& terraform_data.adopted (id 11111111-2222-3333-4444-555555555555)",
            "x terraform_data.keep (stays as it is; terraform forgets it)",
            "> terraform_data.renamed (from terraform_data.free)",
        ]
    );
    assert_eq!(changes.warnings.len(), 1);
}

#[test]
fn a_data_source_that_is_read_later_is_no_added_object() {
    let changes = changes(include_str!("../../../tests/fixtures/terraform/plan-read-later.jsonl"));
    assert_eq!(summary(&changes), "1 to add, 1 to read");
}

#[test]
fn a_rejected_plan_failed_although_it_has_a_summary() {
    assert_eq!(failure(REJECTED), ["Instance cannot be destroyed"]);
    let remote = include_str!("../../../tests/fixtures/terraform/plan-no-remote-state.jsonl");
    assert_eq!(failure(remote), ["Unable to find remote state"]);
}

#[test]
fn an_error_outweighs_any_status() {
    assert!(matches!(read(REJECTED, CHANGED), PlanReading::Failed(_)));
    assert!(matches!(read(REJECTED, SUCCESS), PlanReading::Failed(_)));
}

#[test]
fn errors_in_the_configuration_fail_it() {
    assert_eq!(
        failure(include_str!("../../../tests/fixtures/terraform/plan-error.jsonl")),
        ["Reference to undeclared resource", "Unsupported attribute"]
    );
    assert_eq!(
        failure(include_str!("../../../tests/fixtures/terraform/plan-missing-variable.jsonl")),
        ["No value for required variable"]
    );
}

#[test]
fn a_failure_without_a_diagnostic_is_a_failure_all_the_same() {
    assert_eq!(read("", FAILURE), PlanReading::Failed(vec![]));
}

#[test]
fn a_panic_exits_with_2_and_is_no_plan() {
    let cut = CREATE.lines().next().unwrap();
    let stream = format!("{cut}\npanic: runtime error: index out of range\n\ngoroutine 1 [running]:\n");
    assert_eq!(read(&stream, CHANGED), PlanReading::Incomplete);
}

#[test]
fn a_plan_that_was_cut_off_is_incomplete() {
    for termination in [Termination::Signaled { signal: 9 }, Termination::Unknown, Termination::TimedOut] {
        assert_eq!(read(CREATE, termination), PlanReading::Incomplete, "{termination:?}");
    }
    assert_eq!(read("", SUCCESS), PlanReading::Incomplete);
}

#[test]
fn where_status_and_stream_disagree_there_are_changes() {
    assert!(matches!(read(CREATE, SUCCESS), PlanReading::Changes(_)));
    assert!(matches!(read(NO_OP, CHANGED), PlanReading::Changes(_)));
    assert_eq!(summary(&changes(NO_OP)), "no changes to objects");
}

#[test]
fn what_is_lost_is_never_cut_from_the_list() {
    let change = |action, name: &str| PlannedChange {
        address: name.to_owned(),
        action,
        reason: None,
        previous: None,
        importing: None,
    };
    let mut planned = PlannedChanges::default();
    for name in ["a", "b", "c"] {
        planned.changes.push(change(Action::Create, name));
        planned.changes.push(change(Action::Delete, name));
    }
    assert_eq!(render(&planned, 1), ["- a", "- b", "- c", "and 3 more"]);
    assert_eq!(render(&planned, 4), ["- a", "- b", "- c", "+ a", "and 2 more"]);
    assert_eq!(render(&planned, 6).len(), 6);
}

#[test]
fn plans_that_differ_only_in_order_are_equal() {
    let mut lines: Vec<&str> = CREATE.lines().collect();
    lines[1..4].reverse();
    assert_eq!(read(&lines.join("\n"), CHANGED), read(CREATE, CHANGED));
}

#[test]
fn drift_is_told_after_the_changes() {
    // Written after the documentation: no built-in resource can drift.
    let drift = r#"{"type":"resource_drift","change":{"resource":{"addr":"aws_vpc.net"},"action":"update"}}"#;
    let changes = changes(&format!("{drift}\n{CREATE}"));
    let lines = render(&changes, 10);
    assert_eq!(lines.last().map(String::as_str), Some("! aws_vpc.net was changed outside terraform"));
}

#[test]
fn progress_says_what_it_looks_at_and_that_it_waits() {
    let mut fold = PlanFold::default();
    assert_eq!(fold.progress().text, "planning");
    NO_OP.lines().for_each(|line| fold.observe(&crate::adapters::terraform::stream::parse(line)));
    assert!(fold.progress().text.starts_with("looking at terraform_data."));
    assert_eq!(fold.progress().done, Some(3));
    let waiting = include_str!("../../../tests/fixtures/terraform/plan-lock-wait.jsonl");
    waiting.lines().for_each(|line| fold.observe(&crate::adapters::terraform::stream::parse(line)));
    assert_eq!(fold.progress().text, "waiting for the lock of its state");
}
