//! One workspace of the stand-in: its lock, its states, and when it may go.

use serde_json::{Value, json};

/// A workspace.
pub(crate) struct Workspace {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `local`, `remote` or `agent`.
    pub(crate) execution: String,
    pub(crate) terraform_version: String,
    /// Who has locked it.
    pub(crate) holder: Option<Holder>,
    /// The oldest first. One that was announced and not uploaded has no bytes.
    pub(crate) states: Vec<StateVersion>,
}

/// Who has locked a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Somebody, by name.
    User(String),
    /// A run of the vendor's own, by its number.
    Run(String),
}

/// A version of a state.
pub(crate) struct StateVersion {
    pub(crate) id: String,
    pub(crate) serial: i64,
    md5: String,
    pub(crate) state: Option<Vec<u8>>,
}

impl Workspace {
    pub(super) fn new(id: String, name: String, execution: String) -> Self {
        Self { id, name, execution, terraform_version: "1.9.0".to_owned(), holder: None, states: Vec::new() }
    }

    /// Its current state; `Null` where it has none.
    pub(crate) fn state(&self) -> Value {
        let bytes = self.states.iter().rev().find_map(|each| each.state.as_deref());
        bytes.map_or(Value::Null, |bytes| serde_json::from_slice(bytes).unwrap())
    }

    /// The managed resources of its current state.
    pub(crate) fn resources(&self) -> usize {
        let state = self.state();
        let all = state["resources"].as_array().cloned().unwrap_or_default();
        let managed = all.iter().filter(|each| each["mode"] == "managed");
        managed.map(|each| each["instances"].as_array().map_or(0, Vec::len)).sum()
    }

    pub(super) fn shown(&self, organization: &str) -> Value {
        let locked_by = self.holder.as_ref().map(|holder| match holder {
            Holder::User(name) => json!({"id": format!("user-{name}"), "type": "users"}),
            Holder::Run(id) => json!({"id": id, "type": "runs"}),
        });
        json!({
            "id": self.id, "type": "workspaces",
            "attributes": {
                "name": self.name, "execution-mode": self.execution, "terraform-version": self.terraform_version,
                "locked": self.holder.is_some(), "locked-reason": self.holder.as_ref().map(|_| "Locked by Terraform"),
                "operations": self.execution != "local", "resource-count": self.resources(), "tag-names": [],
                "auto-apply": false, "created-at": "2026-11-22T10:00:00.000Z", "updated-at": "2026-11-22T10:00:00.000Z",
                "structured-run-output-enabled": true,
                "permissions": {
                    "can-update": true, "can-destroy": true, "can-queue-destroy": true, "can-queue-run": true, "can-queue-apply": true,
                    "can-lock": true, "can-unlock": true, "can-force-unlock": true, "can-force-delete": true, "can-read-settings": true,
                },
                "actions": {"is-destroyable": true},
            },
            "relationships": {
                "organization": {"data": {"id": organization, "type": "organizations"}},
                "locked-by": {"data": locked_by},
            },
        })
    }

    /// The user who has locked it.
    pub(super) fn holding_user(&self) -> Option<Value> {
        match self.holder.as_ref()? {
            Holder::User(name) => {
                Some(json!({"id": format!("user-{name}"), "type": "users", "attributes": {"username": name}}))
            }
            Holder::Run(_) => None,
        }
    }

    pub(super) fn lock(&mut self, by: Holder) -> Result<(), String> {
        if self.holder.is_some() {
            return Err("Unable to lock workspace. The workspace is already locked.".to_owned());
        }
        self.holder = Some(by);
        Ok(())
    }

    pub(super) fn unlock(&mut self, user: &str) -> Result<(), String> {
        match &self.holder {
            None => Err("Unable to unlock workspace. The workspace is already unlocked.".to_owned()),
            Some(Holder::User(name)) if name == user => {
                self.holder = None;
                Ok(())
            }
            Some(Holder::User(name)) => {
                Err(format!("Unable to unlock workspace. The workspace is locked by User {name}"))
            }
            Some(Holder::Run(id)) => {
                Err(format!("Unable to unlock workspace. The workspace is locked by Run {id}"))
            }
        }
    }

    /// Why it is not safe to delete it.
    pub(super) fn why_not_deleted(&self) -> Option<&'static str> {
        if self.holder.is_some() {
            return Some("Workspace cannot be safely deleted because it is locked.");
        }
        (self.resources() > 0)
            .then_some("Workspace cannot be safely deleted because it is still managing resources.")
    }

    pub(super) fn begin_state(
        &mut self,
        id: String,
        attributes: &Value,
        user: &str,
    ) -> Result<&StateVersion, (u16, &'static str)> {
        if self.holder != Some(Holder::User(user.to_owned())) {
            return Err((409, "The workspace must be locked by the user who creates a state version"));
        }
        let serial = attributes["serial"].as_i64().unwrap_or_default();
        let current = self.state();
        let is_other = current["lineage"].is_string() && attributes["lineage"] != current["lineage"];
        if attributes["force"] != true {
            if is_other {
                return Err((409, "lineage does not match"));
            }
            if current["serial"].as_i64().is_some_and(|current| serial <= current) {
                return Err((409, "a state version with this serial or a newer one exists"));
            }
        }
        let md5 = attributes["md5"].as_str().unwrap_or_default().to_owned();
        self.states.push(StateVersion { id, serial, md5, state: None });
        Ok(&self.states[self.states.len() - 1])
    }

    /// The outputs of the current state; values of sensitive ones are left out.
    pub(super) fn outputs(&self) -> Vec<Value> {
        let mut outputs = self.outputs_in_clear();
        for output in outputs.iter_mut().filter(|output| output["attributes"]["sensitive"] == true) {
            output["attributes"]["value"] = Value::Null;
        }
        outputs
    }

    pub(super) fn outputs_in_clear(&self) -> Vec<Value> {
        let state = self.state();
        let outputs = state["outputs"].as_object().cloned().unwrap_or_default();
        let shown = |(name, output): (&String, &Value)| {
            let kind = output["type"].as_str().unwrap_or("object").to_owned();
            json!({
                "id": format!("wsout-{}-{name}", self.id), "type": "state-version-outputs",
                "attributes": {
                    "name": name, "sensitive": output["sensitive"] == true, "type": kind, "detailed-type": output["type"],
                    "value": output["value"],
                },
            })
        };
        outputs.iter().map(shown).collect()
    }
}

impl StateVersion {
    pub(super) fn shown(&self, base: &str) -> Value {
        let object = |kind: &str| format!("{base}/objects/{kind}.{}", self.id);
        json!({
            "id": self.id, "type": "state-versions",
            "attributes": {
                "serial": self.serial, "created-at": "2026-11-22T10:00:00.000Z",
                "status": if self.state.is_some() { "finalized" } else { "pending" }, "resources-processed": self.state.is_some(),
                "hosted-state-upload-url": object("state"), "hosted-json-state-upload-url": object("json"),
                "hosted-state-download-url": object("state"),
            },
        })
    }

    /// The upload.
    pub(super) fn fill(&mut self, bytes: Vec<u8>) -> Result<(), &'static str> {
        if serde_json::from_slice::<Value>(&bytes).is_err() || self.md5.len() != 32 {
            return Err("the state is no JSON, or no sum was announced");
        }
        self.state = Some(bytes);
        Ok(())
    }
}
