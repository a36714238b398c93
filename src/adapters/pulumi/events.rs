//! One line of pulumi's `--json` stream, told in the words of terraform's.
//!
//! A line is an `apitype.EngineEvent`: it has a number, a time, and one member that says what it is. Steps of a plan are believed where they
//! are *logical*: a replacement is one logical step, and two others that do it. What pulumi adds with later versions passes through.
//! <https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/events.go>

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::{address, is_stack};
use crate::adapters::terraform::stream::{ChangeSummary, Operation, OutputEvent, PlannedChange};
use crate::adapters::terraform::{Action, StreamEvent, TerraformDiagnostic};
use crate::diagnostic::Severity;
use crate::event::Termination;

/// The status with which pulumi says that it was told to stop (`ExitCancelled`).
const CANCELLED: i32 = 8;

/// By this a fold knows that it was told to stop.
const HALTED: &str = "execution halted";

/// Reads a stream line by line.
#[derive(Clone, Debug, Default)]
pub struct Translation {
    /// What is being done to which URN.
    begun: BTreeMap<String, Action>,
}

impl Translation {
    /// What a line says; a step may be nothing to tell. Never fails.
    pub fn read(&mut self, line: &str) -> Option<StreamEvent> {
        let event = match serde_json::from_str::<Json>(line) {
            Ok(event) if event.get("sequence").is_some_and(Json::is_number) => event,
            _ => return Some(StreamEvent::NotJson(line.trim_end().to_owned())),
        };
        let (kind, body) = event.as_object()?.iter().find(|(_, body)| body.is_object())?;
        let is_planned = body.get("planning").and_then(Json::as_bool).unwrap_or(false);
        let step = body.get("metadata").unwrap_or(&Json::Null);
        match (kind.as_str(), is_planned) {
            ("resourcePreEvent", true) => self.planned(step),
            ("resourcePreEvent", false) => self.begin(step),
            ("resOutputsEvent", true) => self.looked_at(step),
            ("resOutputsEvent", false) => self.end(step).map(StreamEvent::ApplyComplete),
            ("resOpFailedEvent", _) => self.end(step).map(StreamEvent::ApplyErrored),
            ("diagnosticEvent", _) => diagnostic(body),
            ("policyEvent", _) => Some(policy(body)),
            ("errorEvent", _) => Some(error(&text(body, "error"))),
            ("stdoutEvent", _) => Some(talk(kind, &text(body, "message"))),
            ("summaryEvent", _) => summary(body),
            _ => None,
        }
    }

    /// The end of the process in terraform's words, whose every failure is a 1.
    pub fn ended(termination: Termination) -> (Termination, Option<StreamEvent>) {
        match termination {
            Termination::Exited { status: 0 } => (termination, None),
            Termination::Exited { status: CANCELLED } => {
                (Termination::Exited { status: 1 }, Some(error(HALTED)))
            }
            Termination::Exited { .. } => (Termination::Exited { status: 1 }, None),
            other => (other, None),
        }
    }

    fn planned(&mut self, step: &Json) -> Option<StreamEvent> {
        let op = text(step, "op");
        if op == "refresh" {
            self.begun.insert(text(step, "urn"), Action::Read);
            return None;
        }
        let is_logical = step.get("logical").and_then(Json::as_bool).unwrap_or(false);
        let action = if op == "replace" { Some(Action::Replace) } else { action(&op) };
        Some(StreamEvent::PlannedChange(change(step, action.filter(|_| is_logical)?)))
    }

    /// After its look at a resource it says how that differs; of the stack itself, which outputs change.
    fn looked_at(&mut self, step: &Json) -> Option<StreamEvent> {
        let urn = text(step, "urn");
        match (self.begun.remove(&urn), text(step, "op").as_str()) {
            (Some(_), "update") => Some(StreamEvent::ResourceDrift(change(step, Action::Update))),
            (Some(_), "delete") => Some(StreamEvent::ResourceDrift(change(step, Action::Delete))),
            (None, _) if is_stack(&urn) => Some(StreamEvent::Outputs(changed_outputs(step))),
            _ => None,
        }
    }

    fn begin(&mut self, step: &Json) -> Option<StreamEvent> {
        let operation = operation(step, action(&text(step, "op"))?);
        self.begun.insert(text(step, "urn"), operation.action.clone());
        Some(StreamEvent::ApplyStart(operation))
    }

    /// The step that began; a component says more than once that it is done.
    fn end(&mut self, step: &Json) -> Option<Operation> {
        Some(operation(step, self.begun.remove(&text(step, "urn"))?))
    }
}

/// What a step does; nothing where it only compares, or stands for two others.
fn action(op: &str) -> Option<Action> {
    Some(match op {
        "same" | "replace" | "diff" | "extend-parameterize" => return None,
        "create" | "create-replacement" => Action::Create,
        "update" => Action::Update,
        "delete" | "delete-replaced" => Action::Delete,
        "read" | "read-replacement" | "refresh" => Action::Read,
        "import" | "import-replacement" => Action::Import,
        "discard" | "discard-replaced" | "remove-pending-replace" => Action::Forget,
        other => Action::Other(other.to_owned()),
    })
}

fn change(step: &Json, action: Action) -> PlannedChange {
    let importing = (action == Action::Import).then(|| id(step).unwrap_or_default());
    PlannedChange { address: address(&text(step, "urn")), action, reason: None, previous: None, importing }
}

fn operation(step: &Json, action: Action) -> Operation {
    let id_value = id(step);
    Operation {
        address: address(&text(step, "urn")),
        action,
        id_key: id_value.as_ref().map(|_| "id".to_owned()),
        id_value,
        elapsed: Duration::ZERO,
    }
}

fn id(step: &Json) -> Option<String> {
    let of = |state: &str| step.get(state).map(|state| text(state, "id")).filter(|id| !id.is_empty());
    of("new").or_else(|| of("old"))
}

fn changed_outputs(step: &Json) -> BTreeMap<String, OutputEvent> {
    let of = |state: &str| step.get(state).and_then(|state| state.get("outputs")).and_then(Json::as_object);
    let (old, new) = (of("old"), of("new"));
    let names = old.into_iter().chain(new).flat_map(serde_json::Map::keys);
    let event = |name: &String| {
        let (old, new) = (old.and_then(|all| all.get(name)), new.and_then(|all| all.get(name)));
        let action = match (old, new) {
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
            (old, new) if old == new => Action::NoOp,
            _ => Action::Update,
        };
        // No value is taken over; which of them are secrets only the state says.
        (name.clone(), OutputEvent { sensitive: false, action: Some(action), kind: None, value: None })
    };
    names.map(event).collect()
}

fn summary(body: &Json) -> Option<StreamEvent> {
    let result = text(body, "result");
    if result == "canceled" {
        return Some(error(HALTED));
    }
    // Where it failed, what was done is what was seen to be.
    if result == "failed" {
        return None;
    }
    let changes = body.get("resourceChanges").unwrap_or(&Json::Null);
    let count = |op: &str| {
        let number = changes.get(op).and_then(Json::as_u64).unwrap_or(0);
        usize::try_from(number).unwrap_or(usize::MAX)
    };
    let is_preview = body.get("isPreview").and_then(Json::as_bool).unwrap_or(false);
    Some(StreamEvent::ChangeSummary(ChangeSummary {
        add: count("create") + count("replace"),
        change: count("update"),
        import: count("import"),
        remove: count("delete") + count("replace"),
        operation: if is_preview { "plan" } else { "apply" }.to_owned(),
    }))
}

fn diagnostic(body: &Json) -> Option<StreamEvent> {
    if body.get("ephemeral").and_then(Json::as_bool).unwrap_or(false) {
        return None;
    }
    let message = text(body, "message");
    let severity = match text(body, "severity").as_str() {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        "debug" => return None,
        // What the program prints.
        _ => return Some(talk("diagnosticEvent", &message)),
    };
    let urn = text(body, "urn");
    let about = (!urn.is_empty() && !is_stack(&urn)).then(|| address(&urn));
    Some(StreamEvent::Diagnostic(told(severity, &message, about)))
}

/// A policy that is mandatory fails what it finds; another one only says so.
fn policy(body: &Json) -> StreamEvent {
    let is_mandatory = text(body, "enforcementLevel") == "mandatory";
    let severity = if is_mandatory { Severity::Error } else { Severity::Warning };
    let message = format!("policy {}: {}", text(body, "policyName"), text(body, "message"));
    let urn = text(body, "resourceUrn");
    StreamEvent::Diagnostic(told(severity, &message, (!urn.is_empty()).then(|| address(&urn))))
}

fn error(message: &str) -> StreamEvent {
    StreamEvent::Diagnostic(told(Severity::Error, message, None))
}

/// The first line is the sentence, the others explain it.
fn told(severity: Severity, message: &str, address: Option<String>) -> TerraformDiagnostic {
    let message = message.trim();
    let (summary, detail) = message.split_once('\n').unwrap_or((message, ""));
    let (summary, detail) = (summary.trim_end().to_owned(), detail.trim_end().to_owned());
    TerraformDiagnostic { severity, summary, detail, address, place: None, snippet: None }
}

fn talk(kind: &str, message: &str) -> StreamEvent {
    StreamEvent::Other { kind: kind.to_owned(), message: message.trim_end().to_owned() }
}

fn text(object: &Json, key: &str) -> String {
    object.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
