//! Events of each kind, in the form of the published types.

use serde_json::json;

use super::*;
use crate::adapters::terraform::{ApplyFold, ApplyReading, PlanFold, PlanReading};

const URN: &str = "urn:pulumi:prod::shop::";
const STACK: &str = "pulumi:pulumi:Stack::shop-prod";

fn step(kind: &str, (op, name): (&str, &str), planning: bool, more: Json) -> String {
    let mut metadata = json!({ "op": op, "urn": format!("{URN}{name}"), "logical": !op.contains("replace") || op == "replace" });
    if let (Some(metadata), Json::Object(more)) = (metadata.as_object_mut(), more) {
        metadata.extend(more);
    }
    json!({ "sequence": 1, "timestamp": 2, kind: { "metadata": metadata, "planning": planning } }).to_string()
}

fn event(kind: &str, body: Json) -> String {
    json!({ "sequence": 1, "timestamp": 2, kind: body }).to_string()
}

fn planned(op: &str, name: &str) -> String {
    step("resourcePreEvent", (op, name), true, json!({}))
}

fn begun(op: &str, name: &str) -> String {
    step("resourcePreEvent", (op, name), false, json!({}))
}

fn done(op: &str, name: &str, id: &str) -> String {
    step("resOutputsEvent", (op, name), false, json!({ "new": { "id": id } }))
}

fn summed(is_preview: bool, changes: Json) -> String {
    event("summaryEvent", json!({ "resourceChanges": changes, "isPreview": is_preview }))
}

fn plan(lines: &[String], status: i32) -> PlanReading {
    let mut translation = Translation::default();
    let mut fold = PlanFold::default();
    lines.iter().filter_map(|line| translation.read(line)).for_each(|event| fold.observe(&event));
    let (termination, last) = Translation::ended(Termination::Exited { status });
    last.iter().for_each(|event| fold.observe(event));
    fold.reading(termination)
}

fn apply(lines: &[String], termination: Termination) -> ApplyReading {
    let mut translation = Translation::default();
    let mut fold = ApplyFold::default();
    let events = lines.iter().filter_map(|line| translation.read(line));
    events.for_each(|event| fold.observe(&event, Duration::ZERO));
    let (termination, last) = Translation::ended(termination);
    last.iter().for_each(|event| fold.observe(event, Duration::ZERO));
    fold.reading(termination)
}

#[test]
fn a_preview_shows_each_resource_once_a_replaced_one_too() {
    let outputs =
        json!({ "old": { "outputs": { "a": 1, "b": 1 } }, "new": { "outputs": { "a": 2, "b": 1, "c": 1 } } });
    let lines = [
        event("preludeEvent", json!({ "config": {} })),
        planned("same", STACK),
        planned("create", "a:b:C::new"),
        planned("create-replacement", "a:b:C::db"),
        planned("replace", "a:b:C::db"),
        planned("delete-replaced", "a:b:C::db"),
        planned("delete", "a:b:C::old"),
        step("resOutputsEvent", ("same", STACK), true, outputs),
        summed(true, json!({ "create": 1, "replace": 1, "delete": 1, "same": 1 })),
    ];
    let PlanReading::Changes(found) = plan(&lines, 0) else { panic!("{:?}", plan(&lines, 0)) };
    let changes: Vec<String> =
        found.changes.iter().map(|change| format!("{} {}", change.action.sign(), change.address)).collect();
    assert_eq!(changes, ["-/+ a:b:C::db", "+ a:b:C::new", "- a:b:C::old"]);
    let outputs: Vec<(&str, &Action)> =
        found.output_changes.iter().map(|output| (output.name.as_str(), &output.action)).collect();
    assert_eq!(outputs, [("a", &Action::Update), ("c", &Action::Create)]);
}

#[test]
fn a_preview_that_changes_nothing_says_so_and_one_that_failed_does_not() {
    let same = [planned("same", "a:b:C::x"), summed(true, json!({ "same": 1 }))];
    assert_eq!(plan(&same, 0), PlanReading::NoChanges);
    assert_eq!(plan(&same[..1], 0), PlanReading::Incomplete, "no summary came");
    assert_eq!(plan(&same, 255), PlanReading::Failed(vec![]));
    let message = "boom\nat x.ts:1";
    let failed = [event(
        "diagnosticEvent",
        json!({ "severity": "error", "message": message, "urn": format!("{URN}a:b:C::x") }),
    )];
    let PlanReading::Failed(found) = plan(&failed, 1) else { panic!() };
    let found =
        found.first().map(|found| (found.summary.as_str(), found.detail.as_str(), found.address.as_deref()));
    assert_eq!(found, Some(("boom", "at x.ts:1", Some("a:b:C::x"))));
}

#[test]
fn an_update_is_what_was_begun_and_ended() {
    let lines = [
        begun("create", STACK),
        begun("create", "a:b:C::x"),
        done("create", "a:b:C::x", "i-1"),
        done("create", STACK, ""),
        done("create", STACK, ""),
        summed(false, json!({ "create": 2 })),
    ];
    let all = Termination::Exited { status: 0 };
    let ApplyReading::Applied { counts, .. } = apply(&lines, all) else { panic!("{:?}", apply(&lines, all)) };
    assert_eq!((counts.add, counts.remove), (2, 0));
    // Killed in the midst.
    let ApplyReading::Incomplete { completed, in_doubt } = apply(&lines[..3], Termination::Unknown) else {
        panic!()
    };
    let ids: Vec<Option<&str>> = completed.iter().map(|done| done.id_value.as_deref()).collect();
    let doubts: Vec<&str> = in_doubt.iter().map(|doubt| doubt.address.as_str()).collect();
    assert_eq!((ids, doubts), (vec![Some("i-1")], vec![STACK]));
}

#[test]
fn a_stop_in_order_is_none_of_its_failures() {
    let told = [
        begun("create", "a:b:C::x"),
        done("create", "a:b:C::x", "i"),
        event("summaryEvent", json!({ "result": "canceled" })),
    ];
    for lines in [&told[..], &told[..2]] {
        let reading = apply(lines, Termination::Exited { status: 8 });
        assert!(
            matches!(&reading, ApplyReading::Interrupted { completed, in_doubt } if completed.len() == 1 && in_doubt.is_empty()),
            "{reading:?}"
        );
    }
    let failed = step("resOpFailedEvent", ("create", "a:b:C::y"), false, json!({}));
    let lines = [begun("create", "a:b:C::y"), failed, event("summaryEvent", json!({ "result": "failed" }))];
    let reading = apply(&lines, Termination::Exited { status: 255 });
    assert!(matches!(&reading, ApplyReading::Failed { in_doubt, .. } if in_doubt.is_empty()), "{reading:?}");
}

#[test]
fn a_refresh_tells_what_others_changed() {
    let lines = [
        planned("refresh", "a:b:C::x"),
        planned("refresh", "a:b:C::y"),
        planned("refresh", "a:b:C::z"),
        step("resOutputsEvent", ("update", "a:b:C::x"), true, json!({})),
        step("resOutputsEvent", ("same", "a:b:C::y"), true, json!({})),
        step("resOutputsEvent", ("delete", "a:b:C::z"), true, json!({})),
    ];
    let mut translation = Translation::default();
    let mut fold = PlanFold::default();
    lines.iter().filter_map(|line| translation.read(line)).for_each(|event| fold.observe(&event));
    let drift: Vec<(String, Action)> =
        fold.so_far().drift.into_iter().map(|change| (change.address, change.action)).collect();
    assert_eq!(drift, [("a:b:C::x".to_owned(), Action::Update), ("a:b:C::z".to_owned(), Action::Delete)]);
}

#[test]
fn what_the_program_prints_is_talk_and_what_is_no_event_stays_text() {
    let mut translation = Translation::default();
    let mut read = |line: &str| translation.read(line);
    let said = read(&event("diagnosticEvent", json!({ "severity": "info", "message": "hello\n" })));
    assert_eq!(said, Some(StreamEvent::Other { kind: "diagnosticEvent".into(), message: "hello".into() }));
    assert_eq!(
        read(&event("diagnosticEvent", json!({ "severity": "info", "message": "…", "ephemeral": true }))),
        None
    );
    assert_eq!(read("{\"a\": 1}"), Some(StreamEvent::NotJson("{\"a\": 1}".into())));
    assert_eq!(read(&event("somethingNewEvent", json!({}))), None);
    let policy =
        json!({ "policyName": "p", "message": "no", "enforcementLevel": "mandatory", "resourceUrn": "" });
    assert!(
        matches!(read(&event("policyEvent", policy)), Some(StreamEvent::Diagnostic(found)) if found.is_error())
    );
}
