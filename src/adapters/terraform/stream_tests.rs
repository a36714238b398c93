//! Lines of real streams, and lines that nobody expects.

use super::*;

fn events(stream: &str) -> Vec<StreamEvent> {
    stream.lines().map(parse).collect()
}

#[test]
fn opentofu_names_itself_in_its_first_line() {
    let line =
        r#"{"@level":"info","@message":"OpenTofu 1.10.0","type":"version","tofu":"1.10.0","ui":"1.2"}"#;
    let expected = StreamEvent::Version { terraform: "1.10.0".to_owned(), ui: "1.2".to_owned() };
    assert_eq!(parse(line), expected);
}

#[test]
fn every_line_of_every_fixture_is_understood() {
    let streams = [
        include_str!("../../../tests/fixtures/terraform/apply-interrupted.jsonl"),
        include_str!("../../../tests/fixtures/terraform/apply-replace.jsonl"),
        include_str!("../../../tests/fixtures/terraform/apply-slow.jsonl"),
        include_str!("../../../tests/fixtures/terraform/plan-lock-wait.jsonl"),
        include_str!("../../../tests/fixtures/terraform/plan-move-forget-import.jsonl"),
        include_str!("../../../tests/fixtures/terraform/plan-read-later.jsonl"),
    ];
    for event in streams.into_iter().flat_map(events) {
        assert!(!matches!(event, StreamEvent::Other { .. } | StreamEvent::NotJson(_)), "{event:?}");
        if let StreamEvent::PlannedChange(change) = &event {
            assert!(!change.address.is_empty() && !matches!(change.action, Action::Other(_)), "{event:?}");
        }
    }
}

#[test]
fn a_provisioners_line_is_kept_apart_from_its_address() {
    let events = events(include_str!("../../../tests/fixtures/terraform/apply-failed.jsonl"));
    assert!(events.contains(&StreamEvent::ProvisionProgress(Provision {
        address: "terraform_data.second".to_owned(),
        provisioner: "local-exec".to_owned(),
        output: "going down".to_owned(),
    })));
}

#[test]
fn moves_and_imports_say_where_from() {
    let events = events(include_str!("../../../tests/fixtures/terraform/plan-move-forget-import.jsonl"));
    let mut changes: Vec<_> = events
        .into_iter()
        .filter_map(|event| match event {
            StreamEvent::PlannedChange(change) => {
                Some((change.address, change.action, change.previous, change.importing))
            }
            _ => None,
        })
        .collect();
    changes.sort_by(|one, other| one.0.cmp(&other.0));
    let id = "11111111-2222-3333-4444-555555555555".to_owned();
    assert_eq!(
        changes,
        [
            ("terraform_data.adopted".to_owned(), Action::Import, None, Some(id)),
            ("terraform_data.keep".to_owned(), Action::Forget, None, None),
            ("terraform_data.renamed".to_owned(), Action::Move, Some("terraform_data.free".to_owned()), None),
        ]
    );
}

#[test]
fn the_value_of_a_sensitive_output_is_not_in_the_stream() {
    let events = events(include_str!("../../../tests/fixtures/terraform/apply-create.jsonl"));
    let Some(StreamEvent::Outputs(outputs)) = events.last() else { panic!("{:?}", events.last()) };
    assert_eq!(outputs["name"].value, Some(Json::from("one")));
    assert!(outputs["token"].sensitive && outputs["token"].value.is_none());
}

#[test]
fn a_type_of_a_newer_terraform_passes_through() {
    let line = r#"{"@level":"info","@message":"Policy passed","type":"policy_complete","policy":{"a":1}}"#;
    assert_eq!(
        parse(line),
        StreamEvent::Other { kind: "policy_complete".to_owned(), message: "Policy passed".to_owned() }
    );
}

#[test]
fn what_is_not_of_the_stream_is_kept_as_text() {
    for line in ["", "panic: runtime error", "{\"type\":", "[1]", "{\"type\":3}", "{}", "null"] {
        assert_eq!(parse(line), StreamEvent::NotJson(line.to_owned()));
    }
}

#[test]
fn a_log_has_no_empty_lines_around_it() {
    let line = r#"{"type":"log","@message":"\nInterrupt received.\nPlease wait\n"}"#;
    assert_eq!(parse(line), StreamEvent::Log("Interrupt received.\nPlease wait".to_owned()));
}

#[test]
fn an_event_without_its_parts_is_empty_and_no_failure() {
    for kind in ["planned_change", "resource_drift", "change_summary", "outputs", "diagnostic", "apply_start"]
    {
        let line =
            format!("{{\"type\":\"{kind}\",\"hook\":7,\"change\":[],\"outputs\":\"x\",\"diagnostic\":null}}");
        assert!(!matches!(parse(&line), StreamEvent::NotJson(_) | StreamEvent::Other { .. }), "{kind}");
    }
}
