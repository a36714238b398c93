//! One line of terraform's `-json` output as an event.
//!
//! Terraform adds types with each version and other programs print between its lines (a provider's panic, a remote run's
//! text): a type that is not known passes through, a line that is not JSON is kept as text, nothing fails.
//! <https://developer.hashicorp.com/terraform/internals/machine-readable-ui>

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::action::Action;
use super::diagnostic::TerraformDiagnostic;
use super::json;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent {
    /// The first line.
    Version {
        /// Terraform's own version.
        terraform: String,
        /// The version of the stream's format.
        ui: String,
    },
    /// An object is to be changed. An apply says it again for the plan that it is given.
    PlannedChange(PlannedChange),
    /// An object was found to differ from the state.
    ResourceDrift(PlannedChange),
    /// How many objects are, or were, changed.
    ChangeSummary(ChangeSummary),
    /// The outputs: in a plan what becomes of them, after an apply what they are.
    Outputs(BTreeMap<String, OutputEvent>),
    /// An object is looked at.
    RefreshStart(Operation),
    /// It was looked at.
    RefreshComplete(Operation),
    /// An object is being changed; or a data source read, which happens while planning too.
    ApplyStart(Operation),
    /// It still is; comes every ten seconds.
    ApplyProgress(Operation),
    /// It was changed.
    ApplyComplete(Operation),
    /// It could not be changed, or only half.
    ApplyErrored(Operation),
    /// A provisioner starts.
    ProvisionStart(Provision),
    /// A provisioner printed a line; may hold secrets in clear.
    ProvisionProgress(Provision),
    /// A provisioner is over.
    ProvisionComplete(Provision),
    /// A provisioner failed.
    ProvisionErrored(Provision),
    /// An error or a warning.
    Diagnostic(TerraformDiagnostic),
    /// It waits for the state's lock. Comes only where it has to wait.
    StateLockAcquire,
    /// A sentence, such as that it was interrupted.
    Log(String),
    /// A type that we do not know or need.
    Other {
        /// Its name.
        kind: String,
        /// Its sentence.
        message: String,
    },
    /// Not of the stream.
    NotJson(String),
}

/// What is to become of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedChange {
    /// The object.
    pub address: String,
    /// What is done to it.
    pub action: Action,
    /// Terraform's word for why, such as `cannot_update`.
    pub reason: Option<String>,
    /// Its address until now, where it moves.
    pub previous: Option<String>,
    /// The id under which it is imported.
    pub importing: Option<String>,
}

/// How many objects are changed. A replaced one counts under `add` and under `remove`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSummary {
    /// Made.
    pub add: usize,
    /// Changed where they stand.
    pub change: usize,
    /// Taken under care.
    pub import: usize,
    /// Destroyed.
    pub remove: usize,
    /// `plan`, `apply` or `destroy`.
    pub operation: String,
}

/// One output.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputEvent {
    /// Must not be shown.
    pub sensitive: bool,
    /// What becomes of it; only in a plan.
    pub action: Option<Action>,
    /// Its type in terraform's JSON notation; only after an apply.
    pub kind: Option<Json>,
    /// Its value; only after an apply, and never of a sensitive one.
    pub value: Option<Json>,
}

/// Something that is done to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The object.
    pub address: String,
    /// What is done.
    pub action: Action,
    /// The name of the attribute that identifies it, mostly `id`.
    pub id_key: Option<String>,
    /// Its value. A destroyed object has it only at the start, a created one only at the end.
    pub id_value: Option<String>,
    /// Since it started, in whole seconds.
    pub elapsed: Duration,
}

/// A provisioner of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provision {
    /// The object.
    pub address: String,
    /// Its kind, such as `local-exec`.
    pub provisioner: String,
    /// The line that it printed; empty but in progress.
    pub output: String,
}

/// Reads one line. Never fails.
pub fn parse(line: &str) -> StreamEvent {
    let object = match serde_json::from_str::<Json>(line) {
        Ok(object) if object.get("type").is_some_and(Json::is_string) => object,
        _ => return StreamEvent::NotJson(line.trim_end().to_owned()),
    };
    let hook = object.get("hook").unwrap_or(&Json::Null);
    let kind = json::text(&object, "type");
    match kind.as_str() {
        "version" => StreamEvent::Version {
            // OpenTofu names itself.
            terraform: ["terraform", "tofu"].map(|name| json::text(&object, name)).concat(),
            ui: json::text(&object, "ui"),
        },
        "planned_change" => StreamEvent::PlannedChange(change(&object)),
        "resource_drift" => StreamEvent::ResourceDrift(change(&object)),
        "change_summary" => StreamEvent::ChangeSummary(summary(&object)),
        "outputs" => StreamEvent::Outputs(outputs(&object)),
        "refresh_start" => StreamEvent::RefreshStart(operation(hook)),
        "refresh_complete" => StreamEvent::RefreshComplete(operation(hook)),
        "apply_start" => StreamEvent::ApplyStart(operation(hook)),
        "apply_progress" => StreamEvent::ApplyProgress(operation(hook)),
        "apply_complete" => StreamEvent::ApplyComplete(operation(hook)),
        "apply_errored" => StreamEvent::ApplyErrored(operation(hook)),
        "provision_start" => StreamEvent::ProvisionStart(provision(hook)),
        "provision_progress" => StreamEvent::ProvisionProgress(provision(hook)),
        "provision_complete" => StreamEvent::ProvisionComplete(provision(hook)),
        "provision_errored" => StreamEvent::ProvisionErrored(provision(hook)),
        "diagnostic" => StreamEvent::Diagnostic(TerraformDiagnostic::from_json(
            object.get("diagnostic").unwrap_or(&Json::Null),
        )),
        "state_lock_acquire" => StreamEvent::StateLockAcquire,
        "log" => StreamEvent::Log(json::text(&object, "@message").trim().to_owned()),
        _ => StreamEvent::Other { message: json::text(&object, "@message"), kind },
    }
}

fn address(object: &Json, key: &str) -> Option<String> {
    object.get(key).and_then(|resource| json::optional_text(resource, "addr"))
}

fn change(object: &Json) -> PlannedChange {
    let change = object.get("change").unwrap_or(&Json::Null);
    PlannedChange {
        address: address(change, "resource").unwrap_or_default(),
        action: Action::parse(&json::text(change, "action")),
        reason: json::optional_text(change, "reason"),
        previous: address(change, "previous_resource"),
        importing: change.get("importing").map(|importing| json::text(importing, "id")),
    }
}

fn summary(object: &Json) -> ChangeSummary {
    let changes = object.get("changes").unwrap_or(&Json::Null);
    ChangeSummary {
        add: json::number(changes, "add"),
        change: json::number(changes, "change"),
        import: json::number(changes, "import"),
        remove: json::number(changes, "remove"),
        operation: json::text(changes, "operation"),
    }
}

fn outputs(object: &Json) -> BTreeMap<String, OutputEvent> {
    let outputs = object.get("outputs").and_then(Json::as_object);
    let read = |(name, output): (&String, &Json)| {
        let output = OutputEvent {
            sensitive: json::flag(output, "sensitive"),
            action: json::optional_text(output, "action").map(|word| Action::parse(&word)),
            kind: output.get("type").cloned(),
            value: output.get("value").cloned(),
        };
        (name.clone(), output)
    };
    outputs.into_iter().flatten().map(read).collect()
}

fn operation(hook: &Json) -> Operation {
    Operation {
        address: address(hook, "resource").unwrap_or_default(),
        action: Action::parse(&json::text(hook, "action")),
        id_key: json::optional_text(hook, "id_key"),
        id_value: json::optional_text(hook, "id_value"),
        elapsed: Duration::from_secs(hook.get("elapsed_seconds").and_then(Json::as_u64).unwrap_or(0)),
    }
}

fn provision(hook: &Json) -> Provision {
    Provision {
        address: address(hook, "resource").unwrap_or_default(),
        provisioner: json::text(hook, "provisioner"),
        output: json::text(hook, "output"),
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
