//! The resume table, a row in each test, by journals that are written here.

use std::fs::File;
use std::path::PathBuf;

use rustix::fs::FlockOperation;
use serde_json::{Value, json};

use shipway::adapters::terraform::ApplyReading;
use shipway::domains::workspace::{OpenState, Purpose, Unfinished, read_leftover};
use shipway::journal::store::unfinished;
use shipway::os::{Doors, identity};

use crate::harness::Space;

const CREATE: &str = include_str!("../../fixtures/terraform/apply-create.jsonl");
const DESTROY: &str = include_str!("../../fixtures/terraform/apply-destroy.jsonl");
const FAILED: &str = include_str!("../../fixtures/terraform/apply-failed.jsonl");
const SLOW: &str = include_str!("../../fixtures/terraform/apply-slow.jsonl");
const INTERRUPTED: &str = include_str!("../../fixtures/terraform/apply-interrupted.jsonl");

const RUN: &str = "20261122-100000-000-aaaa";
const STEP: &str = "workspace:one:apply";

/// A run on disk.
struct Written {
    space: Space,
    records: Vec<Value>,
}

impl Written {
    /// By a Shipway that is dead.
    fn new() -> Self {
        let dead = json!({"pid": 1, "started": 1, "boot": "another", "host": identity::host()});
        Self::by(&dead)
    }

    fn by(process: &Value) -> Self {
        let run =
            json!({"entry": "run", "run": RUN, "command": "shipway up", "process": process, "steps": [STEP]});
        Self { space: Space::new(), records: vec![run] }
    }

    fn then(mut self, entry: Value) -> Self {
        self.records.push(entry);
        self
    }

    fn step(self, step: &str) -> Self {
        self.then(json!({"entry": "step", "step": step, "attempt": 1, "effect": "changes", "when_orphaned": "finish"}))
    }

    /// The intent of a command.
    fn command(self, step: &str, facts: Value) -> Self {
        let stream = format!("{step}-1-1.stream");
        self.then(json!({"entry": "command", "step": step, "line": "terraform …", "dir": "/", "stream": stream, "facts": facts}))
    }

    /// The intent of an apply of `one`.
    fn apply(self) -> Self {
        self.step(STEP).command(STEP, json!({"workspace": "one", "purpose": "apply", "serial": "3"}))
    }

    fn raw(&self, ending: &str) -> PathBuf {
        self.space.path(&format!(".shipway/raw/{RUN}/{STEP}-1-1.{ending}"))
    }

    /// What the apply printed.
    fn printed(self, stream: &str) -> Self {
        self.space.write(&format!(".shipway/raw/{RUN}/{STEP}-1-1.out"), stream);
        self.space.write(&format!(".shipway/raw/{RUN}/{STEP}-1-1.err"), "");
        self
    }

    /// What its shim recorded.
    fn reported(self, termination: Option<Value>) -> Self {
        let process = json!({"pid": 2, "started": 1, "boot": "another", "host": identity::host()});
        let mut text = format!("{}\n", json!({"state": "running", "process": process}));
        if let Some(termination) = termination {
            text.push_str(&format!("{}\n", json!({"state": "ended", "termination": termination})));
        }
        std::fs::write(self.raw("status"), text).unwrap();
        self
    }

    fn exited(self, status: i32) -> Self {
        self.reported(Some(json!({"how": "exited", "status": status})))
    }

    fn read(&self) -> Vec<Unfinished> {
        let line = |entry: &Value| {
            format!("{}\n", json!({"version": 1, "at": "2026-11-22T10:00:00Z", "entry": entry}))
        };
        let journal: String = self.records.iter().map(line).collect();
        self.space.write(&format!(".shipway/runs/{RUN}/journal.jsonl"), &journal);
        let leftovers = unfinished(&Doors::real(), &self.space.root).unwrap();
        let stream = std::fs::read_to_string(self.raw("out")).unwrap_or_default();
        leftovers.iter().filter_map(|leftover| read_leftover(leftover, &stream)).collect()
    }

    #[track_caller]
    fn one(&self) -> Unfinished {
        let mut all = self.read();
        assert_eq!(all.len(), 1, "{all:#?}");
        let one = all.remove(0);
        assert_eq!((one.run.as_str(), one.workspace.as_str()), (RUN, "one"));
        one
    }
}

/// The lines before the last that has `text`.
fn before(stream: &str, text: &str) -> String {
    let all: Vec<&str> = stream.lines().collect();
    let at = all.iter().rposition(|line| line.contains(text)).unwrap();
    all[..at].iter().map(|line| format!("{line}\n")).collect()
}

#[track_caller]
fn doubt(unfinished: Unfinished) -> (Vec<String>, Vec<String>, bool) {
    let OpenState::InDoubt(doubt) = unfinished.state else { panic!("{unfinished:#?}") };
    let names = |all: &[shipway::adapters::terraform::stream::Operation]| {
        all.iter().map(|operation| operation.address.clone()).collect()
    };
    (names(&doubt.completed), names(&doubt.in_doubt), doubt.state_left_behind)
}

#[track_caller]
fn finished(unfinished: Unfinished) -> ApplyReading {
    match unfinished.state {
        OpenState::Finished(reading) => *reading,
        other => panic!("{other:#?}"),
    }
}

#[test]
fn before_a_spawn_there_is_nothing_to_resume() {
    assert_eq!(Written::new().read(), []);
    assert_eq!(Written::new().step(STEP).read(), []);
    // The intent is on the disk, and its output file was never made.
    assert_eq!(Written::new().apply().read(), []);
}

#[test]
fn what_only_reads_is_done_again() {
    for step in ["workspace:one:init", "workspace:one:plan", "workspace:one:plan-destroy"] {
        let written = Written::new().step(step).command(step, json!({}));
        let raw = format!(".shipway/raw/{RUN}/{step}-1-1.out");
        written.space.write(&raw, "");
        assert_eq!(written.read(), [], "{step}");
    }
}

#[test]
fn a_plan_that_was_not_approved_is_never_used_again() {
    let written = Written::new().step("workspace:one:plan").then(json!({
        "entry": "step-ended", "step": "workspace:one:plan", "ending": {"ending": "done"}, "took_ms": 5
    }));
    written.space.write(&format!(".shipway/raw/{RUN}/workspace:one:plan.tfplan"), "a plan");
    assert_eq!(written.read(), []);
}

#[test]
fn an_apply_that_lives_is_running() {
    let written = Written::new().apply().printed(&before(SLOW, "apply_complete")).reported(None);
    // Whoever runs holds the lock on its output.
    let held = File::open(written.raw("out")).unwrap();
    rustix::fs::flock(&held, FlockOperation::LockExclusive).unwrap();
    assert_eq!(written.one().state, OpenState::Running);
    drop(held);
    assert_ne!(written.one().state, OpenState::Running);
}

#[test]
fn an_apply_that_lives_before_its_shim_has_reported_is_running() {
    let written = Written::new().apply().printed("");
    let held = File::open(written.raw("out")).unwrap();
    rustix::fs::flock(&held, FlockOperation::LockExclusive).unwrap();
    assert_eq!(written.one().state, OpenState::Running);
}

#[test]
fn an_apply_with_a_summary_has_succeeded() {
    for written in [
        Written::new().apply().printed(CREATE).exited(0),
        // The shim was killed too.
        Written::new().apply().printed(CREATE).reported(None),
    ] {
        let ApplyReading::Applied { counts, .. } = finished(written.one()) else { panic!() };
        assert!(counts.add > 0);
    }
}

#[test]
fn an_apply_that_failed_in_order_has_ended() {
    let written = Written::new().apply().printed(FAILED).exited(1);
    let ApplyReading::Failed { diagnostics, .. } = finished(written.one()) else { panic!() };
    assert!(!diagnostics.is_empty());
    let written = Written::new().apply().printed(INTERRUPTED).exited(1);
    assert!(matches!(finished(written.one()), ApplyReading::Interrupted { .. }));
}

#[test]
fn an_apply_without_a_summary_is_in_doubt() {
    let cut = before(CREATE, "apply_complete");
    for termination in [Some(json!({"how": "signaled", "signal": 9})), None] {
        let written = Written::new().apply().printed(&cut).reported(termination);
        let (completed, in_doubt, _) = doubt(written.one());
        assert!(!in_doubt.is_empty() && !completed.contains(&in_doubt[0]), "{completed:?} {in_doubt:?}");
        assert_eq!(written.one().purpose, Purpose::Apply);
    }
}

#[test]
fn an_apply_whose_process_left_nothing_is_in_doubt_with_nothing_to_name() {
    let written = Written::new().apply().printed("");
    assert_eq!(doubt(written.one()), (vec![], vec![], false));
}

#[test]
fn a_state_that_could_not_be_stored_is_in_doubt() {
    let error = json!({"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "Failed to persist state to backend",
        "detail": "The error shown above has prevented Terraform from writing the updated state to the configured backend. … written to \"errored.tfstate\" …"}});
    let stream = format!("{}{error}\n", before(CREATE, "change_summary"));
    let (completed, _, left) = doubt(Written::new().apply().printed(&stream).exited(1).one());
    assert!(left && !completed.is_empty());
}

#[test]
fn a_destroy_that_went_part_of_the_way_is_in_doubt() {
    let facts = json!({"workspace": "one", "purpose": "destroy"});
    let written = Written::new().step(STEP).command(STEP, facts);
    let written = written.printed(&before(DESTROY, "apply_complete")).reported(None);
    assert_eq!(written.one().purpose, Purpose::Destroy);
    assert!(!doubt(written.one()).1.is_empty());
}

#[test]
fn what_is_settled_is_over() {
    let settled = json!({"entry": "settled", "run": RUN, "step": STEP, "result": "applied"});
    assert_eq!(Written::new().apply().printed(CREATE).exited(0).then(settled).read(), []);
    let of_another = json!({"entry": "settled", "run": "another", "step": STEP, "result": "applied"});
    assert_eq!(Written::new().apply().printed(CREATE).exited(0).then(of_another).read().len(), 1);
}

#[test]
fn the_apply_of_a_shipway_that_lives_is_its_own() {
    let own = serde_json::to_value(identity::own()).unwrap();
    assert_eq!(Written::by(&own).apply().printed(SLOW).reported(None).read(), []);
}

#[test]
fn what_a_newer_run_left_does_not_hide_an_older_one() {
    let written = Written::new().apply().printed(SLOW).reported(None);
    let ended = json!({"entry": "run-ended", "exit_code": 1, "took_ms": 5});
    // It ended in order, with an apply that was killed: still in doubt.
    assert_eq!(written.then(ended).read().len(), 1);
}
