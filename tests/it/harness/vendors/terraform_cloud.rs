//! HCP Terraform: an organization whose workspaces keep states, with their locks and what deleting one takes. Runs are made elsewhere: it has none.
//!
//! Shapes and answers are those of the vendor's API reference and of what terraform 1.11 asks for a `cloud` block, the backend `remote` and
//! `terraform_remote_state`.

mod answers;
mod workspace;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Asked, Given, StandIn, Vendor};
use answers::{document, failed, missing};
pub(crate) use workspace::{Holder, StateVersion, Workspace};

/// The content type of every answer but that of discovery and of the objects.
pub(super) const JSON_API: &str = "application/vnd.api+json";

/// An organization.
pub(crate) struct TerraformCloud {
    pub(crate) organization: String,
    /// The tokens that it takes, and whose they are.
    pub(crate) tokens: BTreeMap<String, String>,
    /// The execution mode of a workspace that is made without one. The vendor's own default is `remote`.
    pub(crate) execution: &'static str,
    pub(crate) workspaces: Vec<Workspace>,
    /// The interval in seconds at which clients are asked for the states in between; nothing: they are not asked.
    pub(crate) snapshot_interval: Option<u32>,
    /// Its own address, as it was asked.
    base: String,
    made: u32,
}

impl TerraformCloud {
    /// `acme`, whose workspaces leave it to terraform to plan.
    pub(crate) fn local() -> Self {
        Self::executing("local")
    }

    /// `acme`, whose workspaces are made with this execution mode.
    pub(crate) fn executing(execution: &'static str) -> Self {
        let token = ("hcp.atlasv1.canary0123456789".to_owned(), "ada".to_owned());
        Self {
            organization: "acme".to_owned(),
            tokens: BTreeMap::from([token]),
            execution,
            workspaces: Vec::new(),
            snapshot_interval: None,
            base: String::new(),
            made: 0,
        }
    }

    /// The workspace of this name.
    #[track_caller]
    pub(crate) fn named(&mut self, name: &str) -> &mut Workspace {
        self.workspaces
            .iter_mut()
            .find(|each| each.name == name)
            .unwrap_or_else(|| panic!("no workspace {name}"))
    }

    /// The names of all workspaces.
    pub(crate) fn names(&self) -> Vec<String> {
        self.workspaces.iter().map(|each| each.name.clone()).collect()
    }

    fn next(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{:016}", self.made)
    }

    fn of_organization(&mut self, asked: &Asked, rest: &[&str], user: &str) -> Given {
        match (asked.method.as_str(), rest) {
            ("GET", ["entitlement-set"]) => document(json!({
                "id": "org-1", "type": "entitlement-sets",
                "attributes": {"operations": true, "state-storage": true, "private-module-registry": true, "teams": false},
            })),
            ("GET", ["workspaces"]) => {
                let all: Vec<Value> =
                    self.workspaces.iter().map(|each| each.shown(&self.organization)).collect();
                let pages =
                    json!({"current-page": 1, "total-pages": 1, "total-count": all.len(), "page-size": 20});
                Given::new(200, json!({"data": all, "meta": {"pagination": pages}}))
            }
            ("POST", ["workspaces"]) => self.make(asked),
            (method, ["workspaces", name, rest @ ..]) => {
                let found = self.workspaces.iter().position(|each| each.name == *name);
                found.map_or_else(missing, |at| self.of_workspace(asked, (method, rest), at, user))
            }
            _ => missing(),
        }
    }

    fn make(&mut self, asked: &Asked) -> Given {
        let attributes = asked.json()["data"]["attributes"].clone();
        let name = attributes["name"].as_str().unwrap_or_default().to_owned();
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return failed(422, "invalid attribute", "Name can only include letters, numbers, -, and _.");
        }
        if self.workspaces.iter().any(|each| each.name == name) {
            return failed(422, "invalid attribute", "Name has already been taken");
        }
        let execution = attributes["execution-mode"].as_str().unwrap_or(self.execution).to_owned();
        let workspace = Workspace::new(self.next("ws"), name, execution);
        let shown = workspace.shown(&self.organization);
        self.workspaces.push(workspace);
        Given { status: 201, ..document(shown) }
    }

    fn of_workspace(
        &mut self,
        asked: &Asked,
        (method, rest): (&str, &[&str]),
        at: usize,
        user: &str,
    ) -> Given {
        let organization = self.organization.clone();
        let (workspace, base) = (&mut self.workspaces[at], &self.base);
        match (method, rest) {
            ("GET", []) => {
                let mut given = document(workspace.shown(&organization));
                if asked.parameter("include") == Some("locked_by")
                    && let (Some(user), Some(body)) = (workspace.holding_user(), given.body.as_mut())
                {
                    body["included"] = json!([user]);
                }
                given
            }
            ("PATCH", []) => {
                let attributes = asked.json()["data"]["attributes"].clone();
                if let Some(mode) = attributes["execution-mode"].as_str() {
                    workspace.execution = mode.to_owned();
                }
                if let Some(version) = attributes["terraform-version"].as_str() {
                    workspace.terraform_version = version.to_owned();
                }
                document(workspace.shown(&organization))
            }
            ("DELETE", []) => {
                self.workspaces.remove(at);
                Given::empty(204)
            }
            ("POST", ["actions", "safe-delete"]) => match workspace.why_not_deleted() {
                Some(why) => failed(409, "conflict", why),
                None => {
                    self.workspaces.remove(at);
                    Given::empty(204)
                }
            },
            ("POST", ["actions", "lock"]) => match workspace.lock(Holder::User(user.to_owned())) {
                Ok(()) => document(workspace.shown(&organization)),
                Err(why) => failed(409, "conflict", &why),
            },
            ("POST", ["actions", "unlock"]) => match workspace.unlock(user) {
                Ok(()) => document(workspace.shown(&organization)),
                Err(why) => failed(409, "conflict", &why),
            },
            ("POST", ["actions", "force-unlock"]) => match workspace.holder.take() {
                Some(_) => document(workspace.shown(&organization)),
                None => {
                    failed(409, "conflict", "Unable to unlock workspace. The workspace is already unlocked.")
                }
            },
            ("GET", ["tag-bindings" | "vars"]) => Given::new(200, json!({"data": []})),
            ("GET", ["current-state-version"]) => {
                match workspace.states.iter().rev().find(|each| each.state.is_some()) {
                    Some(state) => document(state.shown(base)),
                    None => missing(),
                }
            }
            ("GET", ["current-state-version-outputs"]) => {
                let outputs = workspace.outputs();
                let pages = json!({"current-page": 1, "total-pages": 1, "total-count": outputs.len(), "page-size": 20});
                Given::new(200, json!({"data": outputs, "meta": {"pagination": pages}}))
            }
            ("POST", ["state-versions"]) => self.make_state(asked, at, user),
            _ => missing(),
        }
    }

    fn make_state(&mut self, asked: &Asked, at: usize, user: &str) -> Given {
        let id = self.next("sv");
        let (workspace, base) = (&mut self.workspaces[at], &self.base);
        match workspace.begin_state(id, &asked.json()["data"]["attributes"], user) {
            Ok(state) => Given { status: 201, ..document(state.shown(base)) },
            Err((status, why)) => failed(status, "conflict", why),
        }
    }

    fn state(&mut self, id: &str) -> Option<&mut StateVersion> {
        self.workspaces.iter_mut().flat_map(|each| &mut each.states).find(|each| each.id == id)
    }

    fn object(&mut self, asked: &Asked, id: &str) -> Given {
        let (kind, id) = id.split_once('.').unwrap_or(("", id));
        let Some(state) = self.state(id) else { return missing() };
        match (asked.method.as_str(), kind) {
            ("PUT", "state") => match state.fill(asked.body.clone()) {
                Ok(()) => Given::empty(200),
                Err(why) => failed(422, "unprocessable", why),
            },
            ("PUT", "json") => Given::empty(200),
            ("GET", "state") => state.state.clone().map_or_else(missing, Given::bytes),
            _ => missing(),
        }
    }

    fn output(&self, id: &str) -> Given {
        let all = self.workspaces.iter().flat_map(Workspace::outputs_in_clear);
        all.into_iter().find(|each| each["id"] == id).map_or_else(missing, document)
    }
}

impl Vendor for TerraformCloud {
    const DESCRIPTION: &'static str = include_str!("../../../fixtures/vendors/terraform_cloud.json");
    const PREFIXES: &'static [&'static str] = &["/api/v2"];
    const BASE: &'static str = "";
    const VARIABLES: [&'static str; 2] = ["TFE_ADDRESS", "TFE_TOKEN"];

    fn token(&self) -> String {
        self.tokens.keys().next().cloned().unwrap_or_default()
    }

    fn answer(&mut self, asked: &Asked, base: &str) -> Given {
        base.clone_into(&mut self.base);
        let segments = asked.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if let [".well-known", "terraform.json"] = segments.as_slice() {
            let services: serde_json::Map<String, Value> = ["state.v2", "tfe.v2", "tfe.v2.1", "tfe.v2.2"]
                .map(|name| (name.to_owned(), json!("/api/v2/")))
                .into_iter()
                .collect();
            return Given::new(200, Value::Object(services)).header("content-type", "application/json");
        }
        // Whoever has the address of an object may have it: the address is the secret.
        if let ["objects", id] = segments.as_slice() {
            return self.object(asked, id);
        }
        let versions = |given: Given| {
            given
                .header("content-type", JSON_API)
                .header("tfp-api-version", "2.6")
                .header("tfp-appname", "HCP Terraform")
        };
        if let ["ping"] = segments.as_slice() {
            return versions(Given::empty(204));
        }
        let token = asked.headers.get("authorization").and_then(|held| held.strip_prefix("Bearer "));
        let Some(user) = token.and_then(|token| self.tokens.get(token)).cloned() else {
            return versions(failed(401, "unauthorized", ""));
        };
        let organization = self.organization.clone();
        let given = match segments.as_slice() {
            ["account", "details"] => {
                document(json!({"id": "user-1", "type": "users", "attributes": {"username": user}}))
            }
            ["organizations", name, rest @ ..] if *name == organization => {
                self.of_organization(asked, rest, &user)
            }
            ["workspaces", id, rest @ ..] => match self.workspaces.iter().position(|each| each.id == *id) {
                Some(at) => self.of_workspace(asked, (&asked.method, rest), at, &user),
                None => missing(),
            },
            ["state-versions", id] => match self.state(id) {
                Some(state) => document(state.shown(base)),
                None => missing(),
            },
            ["state-version-outputs", id] => self.output(id),
            _ => missing(),
        };
        let given = match self.snapshot_interval {
            Some(seconds) => given.header("x-terraform-snapshot-interval", seconds.to_string()),
            None => given,
        };
        versions(given)
    }
}

impl StandIn<TerraformCloud> {
    /// Its host as a `cloud` block and terraform's variables write it.
    pub(crate) fn hostname(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// The variable that holds terraform's token for it.
    pub(crate) fn token_variable(&self) -> String {
        format!("TF_TOKEN_{}", self.hostname())
    }

    /// What terraform needs to reach it.
    pub(crate) fn for_terraform(&self) -> Vec<(String, String)> {
        vec![
            (self.token_variable(), self.vendor(|cloud| cloud.token())),
            ("SSL_CERT_FILE".to_owned(), self.authority.path().display().to_string()),
        ]
    }

    /// The block that makes a root's state lie in its workspace `name`.
    pub(crate) fn block(&self, name: &str) -> String {
        let (hostname, organization) = (self.hostname(), self.vendor(|cloud| cloud.organization.clone()));
        format!(
            "terraform {{\n  cloud {{\n    hostname     = \"{hostname}\"\n    organization = \"{organization}\"\n    workspaces {{\n      \
             name = \"{name}\"\n    }}\n  }}\n}}\n"
        )
    }

    /// The data source `name` that reads the outputs of the workspace `of`.
    pub(crate) fn remote_state(&self, name: &str, of: &str) -> String {
        let (hostname, organization) = (self.hostname(), self.vendor(|cloud| cloud.organization.clone()));
        format!(
            "data \"terraform_remote_state\" \"{name}\" {{\n  backend = \"remote\"\n  config = {{\n    hostname     = \"{hostname}\"\n    \
             organization = \"{organization}\"\n    workspaces   = {{ name = \"{of}\" }}\n  }}\n}}\n"
        )
    }
}
