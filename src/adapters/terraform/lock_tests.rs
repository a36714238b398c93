//! Locks of each kind of backend. The local one comes from terraform; the others are written by hand after measured sentences.

use super::*;
use crate::adapters::terraform::stream::{StreamEvent, parse};
use crate::diagnostic::Severity;

fn found(stream: &str) -> Option<LockInfo> {
    let diagnostics: Vec<_> = stream
        .lines()
        .filter_map(|line| match parse(line) {
            StreamEvent::Diagnostic(diagnostic) => Some(diagnostic),
            _ => None,
        })
        .collect();
    LockInfo::find(&diagnostics)
}

fn by_hand(detail: &str) -> Option<LockInfo> {
    LockInfo::from_diagnostic(&TerraformDiagnostic {
        severity: Severity::Error,
        summary: SUMMARY.to_owned(),
        detail: detail.to_owned(),
        address: None,
        place: None,
        snippet: None,
    })
}

#[test]
fn a_local_lock_shows_its_holder() {
    let lock = found(include_str!("../../../tests/fixtures/terraform/plan-locked-local.jsonl")).unwrap();
    assert_eq!(lock.trust, HolderShown::Holder);
    assert_eq!(lock.path.as_deref(), Some("terraform.tfstate"));
    assert_eq!(lock.version.as_deref(), Some("1.11.4"));
    assert_eq!(lock.info, None);
    assert_eq!(lock.message, "resource temporarily unavailable");
    assert_eq!(lock.id.as_deref().map(str::len), Some(36));
    assert!(lock.holder().ends_with(" holds it for an apply"), "{}", lock.holder());
    let later = lock.created.unwrap() + jiff::SignedDuration::from_secs(90);
    assert_eq!(lock.held_for(later), Some(Duration::from_secs(90)));
    assert_eq!(lock.held_for(Timestamp::UNIX_EPOCH), None);
}

#[test]
fn of_an_http_lock_only_the_id_is_the_holders() {
    let lock = by_hand(include_str!("../../../tests/fixtures/terraform/hand-lock-http.txt")).unwrap();
    assert_eq!(lock.trust, HolderShown::OnlyId);
    assert_eq!(lock.id.as_deref(), Some("0f1e2d3c-holder"));
    assert_eq!((lock.who, lock.created), (None, None));
}

#[test]
fn of_a_pg_lock_nothing_is_the_holders() {
    for sentence in [
        "Workspace is already locked: default",
        "Already locked for workspace creation: default",
        "Cannot lock workspace; already locked for workspace creation: default",
    ] {
        let text = include_str!("../../../tests/fixtures/terraform/hand-lock-pg.txt");
        let lock = by_hand(&text.replace("Workspace is already locked: default", sentence)).unwrap();
        assert_eq!(lock.trust, HolderShown::Asker);
        assert_eq!((&lock.id, &lock.who), (&None, &None));
        assert_eq!(lock.message, sentence);
        assert_eq!(lock.holder(), "its backend doesn't say who holds it");
    }
}

#[test]
fn an_s3_lock_shows_its_holder() {
    let lock = by_hand(include_str!("../../../tests/fixtures/terraform/hand-lock-s3.txt")).unwrap();
    assert_eq!(lock.trust, HolderShown::Holder);
    assert_eq!(lock.who.as_deref(), Some("ada@laptop"));
    assert_eq!(lock.created, "2026-05-01T08:30:00.25Z".parse().ok());
}

#[test]
fn a_workspace_of_hcp_is_unlocked_by_its_name() {
    let lock = by_hand(
        "Error message: workspace already locked (lock ID: \"acme/base\")\nLock Info:\n  Who: me@here\n",
    );
    let lock = lock.unwrap();
    assert_eq!((lock.id.as_deref(), lock.who, lock.trust), (Some("acme/base"), None, HolderShown::OnlyId));
}

#[test]
fn a_backend_that_can_not_be_reached_is_no_held_lock() {
    assert_eq!(by_hand("Error message: dial tcp 127.0.0.1:5432: connect: connection refused"), None);
    assert_eq!(found(include_str!("../../../tests/fixtures/terraform/plan-error.jsonl")), None);
}

#[test]
fn a_time_with_a_monotonic_clock_is_read() {
    assert_eq!(go_time("2026-11-22 10:21:34.5 +0100 CET m=+0.123"), "2026-11-22T09:21:34.5Z".parse().ok());
    assert_eq!(go_time("yesterday"), None);
}
