//! Which state a backend's configuration means: the same words for the workspace that writes it and for whoever reads it.
//!
//! A `terraform_remote_state` does not say whose state it reads, only where that state lies. So a workspace's own place is taken from what
//! init recorded of it, and that of a reader is compared with it by terraform itself, which alone can evaluate the reader's expressions.

use std::path::{Component, Path, PathBuf};

use serde_json::Value as Json;

use super::hcl::{self, Block};

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

/// Whether a root's own files keep its state in a file of this machine.
pub fn is_local(files: &[(&str, &str)]) -> bool {
    let blocks: Vec<Block> = files.iter().flat_map(|(name, text)| hcl::blocks(name, text)).collect();
    let settings = blocks.iter().filter(|block| block.kind == "terraform").flat_map(|block| &block.blocks);
    let mut backends = settings.filter(|block| matches!(block.kind.as_str(), "backend" | "cloud"));
    backends.all(|block| block.kind == "backend" && block.label() == "local")
}

/// The file with a root's state, from the root's folder, where the root's own files and what init recorded of its backend agree on one.
/// `None` where terraform has to be asked: the backend is no file, was never set up, or would have to be set up anew.
pub fn state_file(record: Option<&str>, files: &[(&str, &str)]) -> Option<PathBuf> {
    let blocks: Vec<Block> = files.iter().flat_map(|(name, text)| hcl::blocks(name, text)).collect();
    let settings = blocks.iter().filter(|block| block.kind == "terraform").flat_map(|block| &block.blocks);
    let backends: Vec<&Block> =
        settings.filter(|block| matches!(block.kind.as_str(), "backend" | "cloud")).collect();
    let record: Json = record.map(serde_json::from_str).transpose().ok()?.unwrap_or_default();
    let recorded = record.get("backend").filter(|backend| !backend.is_null());
    match (backends.as_slice(), recorded) {
        ([], None) => Some(PathBuf::from("terraform.tfstate")),
        ([block], Some(recorded)) if block.kind == "backend" && block.label() == "local" => {
            if recorded.get("type").and_then(Json::as_str) != Some("local") {
                return None;
            }
            let recorded =
                recorded.get("config").and_then(|config| config.get("path")).and_then(Json::as_str);
            let written = match block.attributes.as_slice() {
                [] => None,
                [(name, text)] if name == "path" => Some(hcl::literal(text)?),
                _ => return None,
            };
            (recorded == written.as_deref()).then(|| PathBuf::from(recorded.unwrap_or("terraform.tfstate")))
        }
        _ => None,
    }
}

/// The place of the state that a reader (`terraform_remote_state`) with this backend and these settings reads, from the folder of its root.
/// `None` where it can't be told.
pub fn place_of_reader(backend: &str, config: &Json, folder: &Path) -> Option<String> {
    let record = serde_json::json!({ "backend": { "type": backend, "config": config } });
    // A setting that is empty names no state.
    place(Some(&record.to_string()), folder).filter(|place| !place.ends_with('|'))
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
    fn a_root_says_whether_its_state_is_here() {
        let is_local = |text: &str| is_local(&[("main.tf", text)]);
        assert!(is_local("") && is_local("terraform {\n  backend \"local\" {}\n}\n"));
        assert!(!is_local("terraform {\n  backend \"s3\" {}\n}\n"));
        assert!(!is_local("terraform {\n  cloud {}\n}\n"));
    }

    #[test]
    fn a_state_is_in_a_file_where_both_sides_say_so() {
        let local = |path: &str| format!(r#"{{"backend":{{"type":"local","config":{{"path":{path}}}}}}}"#);
        let block = |inner: &str| format!("terraform {{\n  backend \"local\" {{\n{inner}\n}}\n}}\n");
        let file = |record: Option<&str>, text: &str| {
            state_file(record, &[("main.tf", text)]).map(|path| path.display().to_string())
        };
        let path = block("path = \"../x.tfstate\"");
        assert_eq!(file(None, "").as_deref(), Some("terraform.tfstate"));
        assert_eq!(file(Some(&local("null")), &block("")).as_deref(), Some("terraform.tfstate"));
        assert_eq!(file(Some(&local("\"../x.tfstate\"")), &path).as_deref(), Some("../x.tfstate"));
        // Never set up; moved since, in either way; given to init alone; not to be read without terraform.
        assert_eq!(file(None, &path), None);
        assert_eq!(file(Some(&local("\"y\"")), &path), None);
        assert_eq!(file(Some(&local("\"../x.tfstate\"")), ""), None);
        assert_eq!(file(Some(&local("\"../x.tfstate\"")), &block("")), None);
        assert_eq!(file(Some(&local("\"../x.tfstate\"")), &block("path = \"${path.module}/x\"")), None);
        assert_eq!(file(Some("{"), ""), None);
        // Another backend, on either side.
        assert_eq!(file(Some(r#"{"backend":{"type":"pg","config":{}}}"#), &block("")), None);
        assert_eq!(file(Some(&local("null")), "terraform {\n  backend \"pg\" {}\n}\n"), None);
        assert_eq!(file(Some(&local("null")), "terraform {\n  cloud {}\n}\n"), None);
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
