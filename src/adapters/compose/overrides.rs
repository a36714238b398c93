//! The file that comes after the release's own: which image each service runs, and the labels that its containers carry.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

/// What is said over a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// The image, where the files' own is not it.
    pub image: Option<String>,
    /// Labels that are added.
    pub labels: BTreeMap<String, String>,
    /// Volumes in place of those with the same path in the container.
    pub volumes: Vec<Value>,
}

/// What is said over all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// By service.
    pub services: BTreeMap<String, Override>,
    /// Files of secrets and configs: `secrets` or `configs`, name, path.
    pub files: BTreeMap<(&'static str, String), String>,
}

/// The file. `version` is that of the other files, which compose 1.x wants to be the same in all.
pub fn render(version: Option<&str>, overrides: &Overrides) -> String {
    let mut text = String::from("# Written by Shipway for this release; the next release has its own.\n");
    if let Some(version) = version {
        writeln!(text, "version: {}", quoted(version)).ok();
    }
    let said = |(_, one): &(&String, &Override)| one != &&Override::default();
    let services: Vec<_> = overrides.services.iter().filter(said).collect();
    text.push_str(if services.is_empty() { "services: {}\n" } else { "services:\n" });
    for (name, service) in services {
        writeln!(text, "  {}:", quoted(name)).ok();
        if let Some(image) = &service.image {
            writeln!(text, "    image: {}", quoted(image)).ok();
        }
        if !service.labels.is_empty() {
            text.push_str("    labels:\n");
        }
        for (label, value) in &service.labels {
            writeln!(text, "      {}: {}", quoted(label), quoted(value)).ok();
        }
        if !service.volumes.is_empty() {
            text.push_str("    volumes:\n");
        }
        for volume in &service.volumes {
            writeln!(text, "      - {}", escaped(&volume.to_string())).ok();
        }
    }
    let mut last = "";
    for ((kind, name), path) in &overrides.files {
        if *kind != last {
            writeln!(text, "{kind}:").ok();
            last = kind;
        }
        writeln!(text, "  {}:\n    file: {}", quoted(name), quoted(path)).ok();
    }
    text
}

/// A string in the form of JSON is one in YAML, too.
fn quoted(text: &str) -> String {
    escaped(&Value::from(text).to_string())
}

/// compose would put a variable's value where a `$` stands.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_yaml_with_the_version_of_the_others() {
        let labels = BTreeMap::from([("shipway.grace".to_owned(), "4".to_owned())]);
        let volumes = vec!["/kept/a$b:/conf:ro".into()];
        let web = Override { image: Some("shop-prod/web:4f2a".to_owned()), labels, volumes };
        let overrides = Overrides {
            services: BTreeMap::from([("web".to_owned(), web), ("db".to_owned(), Override::default())]),
            files: BTreeMap::from([(("secrets", "key".to_owned()), "/kept/key".to_owned())]),
        };
        let text = render(Some("3.7"), &overrides);
        assert_eq!(
            text,
            r#"# Written by Shipway for this release; the next release has its own.
version: "3.7"
services:
  "web":
    image: "shop-prod/web:4f2a"
    labels:
      "shipway.grace": "4"
    volumes:
      - "/kept/a$$b:/conf:ro"
secrets:
  "key":
    file: "/kept/key"
"#
        );
        let value: Value = serde_saphyr::from_str(&text).expect("YAML");
        assert_eq!(value.pointer("/services/web/labels/shipway.grace"), Some(&"4".into()));
    }

    #[test]
    fn where_nothing_is_to_be_said_the_file_says_nothing() {
        assert!(render(None, &Overrides::default()).ends_with("services: {}\n"));
    }
}
