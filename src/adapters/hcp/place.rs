//! Which workspace of HCP Terraform a root's state lies in.

use serde_json::Value as Json;

use super::DEFAULT_HOST;
use crate::masking::Secret;

/// A workspace of HCP Terraform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudPlace {
    /// Its host, with its port where one is named.
    pub host: String,
    /// The organization.
    pub organization: String,
    /// Its name.
    pub name: String,
    /// The token, where the configuration itself has one.
    pub token: Option<Secret>,
}

impl CloudPlace {
    /// From what init recorded of a root's backend (`.terraform/terraform.tfstate`), the workspace that is selected there
    /// (`.terraform/environment`), and the variables that fill in what the block leaves out. `None` where the backend is another one, or
    /// nothing is selected.
    pub fn read<'v>(
        record: &str,
        selected: &str,
        variable: impl Fn(&str) -> Option<&'v str>,
    ) -> Option<Self> {
        let record: Json = serde_json::from_str(record).ok()?;
        let backend = record.get("backend")?;
        let config = backend.get("config")?;
        let is_cloud = match backend.get("type")?.as_str()? {
            "cloud" => true,
            "remote" => false,
            _ => return None,
        };
        let text = |value: Option<&Json>| {
            value.and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let or_variable =
            |name: &str| variable(name).filter(|value| is_cloud && !value.is_empty()).map(str::to_owned);
        // An object of a `cloud` block, a list of one of a backend block.
        let workspaces = config.get("workspaces");
        let workspaces = workspaces.and_then(|it| it.get(0)).or(workspaces);
        let selected = Some(selected.trim()).filter(|name| !name.is_empty() && *name != "default");
        let prefix = text(workspaces.and_then(|it| it.get("prefix")));
        let name = text(workspaces.and_then(|it| it.get("name")))
            .or_else(|| selected.map(|name| format!("{}{name}", prefix.unwrap_or_default())))
            .or_else(|| or_variable("TF_WORKSPACE"))?;
        Some(Self {
            host: text(config.get("hostname"))
                .or_else(|| or_variable("TF_CLOUD_HOSTNAME"))
                .unwrap_or_else(|| DEFAULT_HOST.to_owned()),
            organization: text(config.get("organization"))
                .or_else(|| or_variable("TF_CLOUD_ORGANIZATION"))?,
            name,
            token: text(config.get("token")).map(Secret::new),
        })
    }

    /// `ORGANIZATION/NAME`, the id of its lock.
    pub fn id(&self) -> String {
        format!("{}/{}", self.organization, self.name)
    }

    /// The page where the execution mode of all workspaces without one of their own is chosen.
    pub fn organization_settings(&self) -> String {
        format!("https://{}/app/{}/settings/general", self.host, self.organization)
    }

    /// The page where its execution mode is chosen.
    pub fn settings(&self) -> String {
        format!("https://{}/app/{}/workspaces/{}/settings/general", self.host, self.organization, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(record: &str, selected: &str) -> Option<CloudPlace> {
        let variable = |name: &str| match name {
            "TF_CLOUD_HOSTNAME" => Some("tfe.example"),
            "TF_CLOUD_ORGANIZATION" => Some("other"),
            _ => None,
        };
        CloudPlace::read(record, selected, variable)
    }

    fn told(place: Option<CloudPlace>) -> String {
        place
            .map(|place| format!("{}|{}|{}", place.host, place.id(), place.token.is_some()))
            .unwrap_or_default()
    }

    #[test]
    fn both_blocks_name_a_workspace_and_other_backends_none() {
        let cloud =
            |config: &str| format!(r#"{{"version":3,"backend":{{"type":"cloud","config":{config}}}}}"#);
        let whole = cloud(
            r#"{"hostname":"h.example","organization":"acme","token":"t","workspaces":{"name":"shop","tags":null}}"#,
        );
        assert_eq!(told(read(&whole, "shop")), "h.example|acme/shop|true");
        let bare = cloud(
            r#"{"hostname":null,"organization":null,"token":null,"workspaces":{"name":null,"tags":["a"]}}"#,
        );
        assert_eq!(told(read(&bare, "chosen\n")), "tfe.example|other/chosen|false");
        assert_eq!(read(&bare, "default"), None);
        let remote = r#"{"backend":{"type":"remote","config":{"hostname":null,"organization":"acme","token":null,"workspaces":[{"name":null,"prefix":"shop-"}]}}}"#;
        assert_eq!(told(read(remote, "stage")), "app.terraform.io|acme/shop-stage|false");
        for other in [r#"{"backend":{"type":"pg","config":{}}}"#, "{}", "", r#"{"backend":null}"#] {
            assert_eq!(read(other, "x"), None, "{other}");
        }
    }
}
