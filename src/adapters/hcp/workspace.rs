//! A workspace: its execution mode, and its lock.

use serde_json::Value as Json;

use super::super::vendor::{Method, Operation, Request, Unreadable, segment};
use super::READ;
use super::place::CloudPlace;

/// What Shipway has to know of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudWorkspace {
    /// `local`, `remote`, or `agent`: where its plans are made.
    pub execution: String,
    /// Who has locked it; `None`: nobody.
    pub holder: Option<Holder>,
}

/// Who has locked a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Somebody, by name.
    Person(String),
    /// A team, by name.
    Team(String),
    /// A run of the vendor's own, by its id.
    Run(String),
    /// The vendor does not tell.
    Unknown,
}

impl CloudWorkspace {
    /// Whether terraform makes its plans here.
    pub fn is_local(&self) -> bool {
        self.execution == "local"
    }
}

impl Holder {
    /// One clause: `ada has locked it`.
    pub fn told(&self) -> String {
        match self {
            Self::Person(name) => format!("{name} has locked it"),
            Self::Team(name) => format!("the team {name} has locked it"),
            Self::Run(id) => format!("the run {id} of HCP Terraform has locked it"),
            Self::Unknown => "it is locked, and HCP Terraform does not say by whom".to_owned(),
        }
    }
}

/// Reads a workspace; `api` is the path of the API on its host.
pub fn show(api: &str, place: &CloudPlace) -> Operation<CloudWorkspace> {
    let (organization, name) = (segment(&place.organization), segment(&place.name));
    let path = format!("{api}/organizations/{organization}/workspaces/{name}");
    let thing = format!("the workspace {}", place.id());
    Operation {
        request: Request::new(Method::Get, path, format!("show {thing}"), thing, READ)
            .query("include", "locked_by"),
        parse: |reply| {
            let body = reply.json().unwrap_or_default();
            let text = |pointer: &str| body.pointer(pointer).and_then(Json::as_str);
            let execution = text("/data/attributes/execution-mode")
                .ok_or_else(|| Unreadable("it has no `execution-mode`".to_owned()))?
                .to_owned();
            let is_locked = body.pointer("/data/attributes/locked") == Some(&Json::Bool(true));
            Ok(CloudWorkspace { execution, holder: is_locked.then(|| holder(&body)) })
        },
    }
}

fn holder(body: &Json) -> Holder {
    let Some(by) = body.pointer("/data/relationships/locked-by/data") else { return Holder::Unknown };
    let text = |name: &str| by.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let (kind, id) = (text("type"), text("id"));
    let included = body.get("included").and_then(Json::as_array).into_iter().flatten();
    let named = |attribute: &str| {
        let mut same = included
            .clone()
            .filter(|each| each.get("type") == by.get("type") && each.get("id") == by.get("id"));
        let name = same.next()?.get("attributes")?.get(attribute)?.as_str()?;
        Some(name.to_owned())
    };
    match kind.as_str() {
        "users" => Holder::Person(named("username").unwrap_or(id)),
        "teams" => Holder::Team(named("name").unwrap_or(id)),
        "runs" => Holder::Run(id),
        _ => Holder::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::vendor::Reply;

    fn read(body: &str) -> Option<CloudWorkspace> {
        let place = CloudPlace { host: "h".into(), organization: "a".into(), name: "w".into(), token: None };
        (show("/api/v2", &place).parse)(&Reply::new(200, &[], body)).ok()
    }

    fn locked_by(by: &str, included: &str) -> String {
        let body = format!(
            r#"{{"data":{{"attributes":{{"execution-mode":"local","locked":true}},"relationships":{{"locked-by":{{"data":{by}}}}}}},"included":{included}}}"#
        );
        read(&body).and_then(|workspace| workspace.holder).map(|holder| holder.told()).unwrap_or_default()
    }

    #[test]
    fn who_has_locked_it_is_told_by_name() {
        let users = r#"[{"id":"u-2","type":"users","attributes":{"username":"bob"}},{"id":"u-1","type":"users","attributes":{"username":"ada"}}]"#;
        assert_eq!(locked_by(r#"{"id":"u-1","type":"users"}"#, users), "ada has locked it");
        assert_eq!(locked_by(r#"{"id":"u-3","type":"users"}"#, users), "u-3 has locked it");
        let teams = r#"[{"id":"t-1","type":"teams","attributes":{"name":"ops"}}]"#;
        assert_eq!(locked_by(r#"{"id":"t-1","type":"teams"}"#, teams), "the team ops has locked it");
        assert_eq!(
            locked_by(r#"{"id":"run-9","type":"runs"}"#, "[]"),
            "the run run-9 of HCP Terraform has locked it"
        );
        assert_eq!(locked_by("null", "[]"), "it is locked, and HCP Terraform does not say by whom");
    }

    #[test]
    fn a_free_workspace_has_no_holder_and_one_without_a_mode_can_not_be_read() {
        let free = read(r#"{"data":{"attributes":{"execution-mode":"agent","locked":false}}}"#).unwrap();
        assert_eq!((free.is_local(), free.holder), (false, None));
        assert_eq!(read(r#"{"data":{"attributes":{}}}"#), None);
        assert_eq!(read("<html>"), None);
    }
}
