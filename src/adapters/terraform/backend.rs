//! Which state a backend's configuration means: the same words for the workspace that writes it and for whoever reads it.
//!
//! A `terraform_remote_state` does not say whose state it reads, only where that state lies. So a workspace's own place is taken from what
//! init recorded of it, and that of a reader is compared with it by terraform itself, which alone can evaluate the reader's expressions.

use std::path::{Component, Path, PathBuf};

use serde_json::Value as Json;

/// What tells states of one backend apart: its settings, each with what it is where nothing is said.
/// <https://developer.hashicorp.com/terraform/language/backend>
const SETTINGS: [(&str, &[(&str, &str)]); 9] = [
    ("local", &[("path", "terraform.tfstate")]),
    ("s3", &[("bucket", ""), ("key", "")]),
    ("gcs", &[("bucket", ""), ("prefix", "")]),
    ("azurerm", &[("storage_account_name", ""), ("container_name", ""), ("key", "")]),
    ("http", &[("address", "")]),
    ("pg", &[("schema_name", "terraform_remote_state")]),
    ("consul", &[("path", "")]),
    ("kubernetes", &[("namespace", "default"), ("secret_suffix", "")]),
    ("remote", &[("organization", ""), ("workspaces", "")]),
];

/// Whether states of this backend can be told apart.
pub fn is_told_apart(backend: &str) -> bool {
    SETTINGS.iter().any(|(known, _)| *known == name(backend))
}

/// The place of a workspace's state, from what init recorded of its backend (`.terraform/terraform.tfstate`; `None` where there is no
/// such record, because the root has no backend). `None` where it can't be told.
pub fn place(record: Option<&str>, folder: &Path) -> Option<String> {
    let Some(record) = record else { return Some(local(folder, "terraform.tfstate")) };
    let record: Json = serde_json::from_str(record).ok()?;
    let backend = record.get("backend")?;
    let kind = name(backend.get("type")?.as_str()?);
    let settings = SETTINGS.iter().find(|(known, _)| *known == kind)?.1;
    let config = backend.get("config")?;
    let mut parts = vec![kind.to_owned()];
    for (setting, default) in settings {
        let value = match config.get(*setting) {
            Some(Json::String(value)) if !value.is_empty() => value.clone(),
            // Blocks are recorded as objects by `cloud` and as lists by `remote`.
            Some(Json::Array(items)) if *setting == "workspaces" => items.first().map(workspace_name)?,
            Some(workspaces @ Json::Object(_)) if *setting == "workspaces" => workspace_name(workspaces),
            _ => (*default).to_owned(),
        };
        parts.push(value);
    }
    match parts.as_slice() {
        [kind, path] if kind == "local" => Some(local(folder, path)),
        parts => Some(parts.join("|")),
    }
}

/// An expression of terraform's language that gives the same words for the configuration `config` of a reader; `None` where states of
/// its backend can't be told apart.
pub(super) fn place_expression(backend: &str, config: &str) -> Option<String> {
    let kind = name(backend);
    let settings = SETTINGS.iter().find(|(known, _)| *known == kind)?.1;
    let value = |(setting, default): &(&str, &str)| match *setting {
        "workspaces" => format!("try(tostring({config}.workspaces.name), \"\")"),
        // `coalesce` takes neither null nor the empty string.
        setting => format!("try(coalesce(tostring({config}.{setting})), {default:?})"),
    };
    let values: Vec<String> = settings.iter().map(value).collect();
    let values = values.join(", ");
    let values = if kind == "local" { format!("abspath({values})") } else { values };
    Some(format!("join(\"|\", [{kind:?}, {values}])"))
}

/// A `cloud` block and the backend `remote` mean the same states.
fn name(backend: &str) -> &str {
    if backend == "cloud" { "remote" } else { backend }
}

fn workspace_name(workspaces: &Json) -> String {
    workspaces.get("name").and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// As terraform's `abspath` gives it: by words, without a look at the disk.
fn local(folder: &Path, path: &str) -> String {
    let mut clean = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            part => clean.push(part),
        }
    }
    format!("local|{}", clean.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, config: Json) -> Option<String> {
        let record = serde_json::json!({ "backend": { "type": kind, "config": config } }).to_string();
        place(Some(&record), Path::new("/app/terraform/base"))
    }

    #[test]
    fn a_state_has_one_place_however_it_is_written() {
        let json = |text: &str| serde_json::from_str(text).unwrap();
        let places = [
            place(None, Path::new("/app/base")),
            of("local", json(r#"{"path":"../../state/./base.tfstate","workspace_dir":null}"#)),
            of("s3", json(r#"{"bucket":"b","key":"k","region":"r"}"#)),
            of("pg", json(r#"{"conn_str":null,"schema_name":null}"#)),
            of("cloud", json(r#"{"organization":"o","workspaces":{"name":"w","tags":null}}"#)),
            of("remote", json(r#"{"organization":"o","workspaces":[{"name":"w","prefix":null}]}"#)),
            of("etcdv3", json("{}")),
        ];
        assert_eq!(
            places.map(|place| place.unwrap_or_default()),
            [
                "local|/app/base/terraform.tfstate",
                "local|/app/state/base.tfstate",
                "s3|b|k",
                "pg|terraform_remote_state",
                "remote|o|w",
                "remote|o|w",
                "",
            ]
        );
    }

    #[test]
    fn a_reader_is_compared_by_the_same_settings() {
        assert_eq!(
            place_expression("s3", "c").unwrap(),
            r#"join("|", ["s3", try(coalesce(tostring(c.bucket)), ""), try(coalesce(tostring(c.key)), "")])"#
        );
        assert_eq!(place_expression("etcdv3", "c"), None);
        assert!(is_told_apart("cloud") && !is_told_apart("etcdv3"));
    }
}
