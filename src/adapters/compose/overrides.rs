//! The file that comes after the release's own: which image each service runs, and the labels that its containers carry.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What is said over a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// The image, where the files' own is not it.
    pub image: Option<String>,
    /// Labels that are added.
    pub labels: BTreeMap<String, String>,
}

/// The file. `version` is that of the other files, which compose 1.x wants to be the same in all.
pub fn render(version: Option<&str>, services: &BTreeMap<String, Override>) -> String {
    let mut text = String::from("# Written by Shipway for this release; the next release has its own.\n");
    // A string in the form of JSON is one in YAML, too.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    if let Some(version) = version {
        writeln!(text, "version: {}", quoted(version)).ok();
    }
    let said = |service: &&Override| service.image.is_some() || !service.labels.is_empty();
    if !services.values().any(|service| said(&service)) {
        text.push_str("services: {}\n");
        return text;
    }
    text.push_str("services:\n");
    for (name, service) in services.iter().filter(|(_, service)| said(service)) {
        writeln!(text, "  {}:", quoted(name)).ok();
        if let Some(image) = &service.image {
            writeln!(text, "    image: {}", quoted(image)).ok();
        }
        if !service.labels.is_empty() {
            text.push_str("    labels:\n");
        }
        for (label, value) in &service.labels {
            // compose would put a variable's value where a `$` stands.
            writeln!(text, "      {}: {}", quoted(label), quoted(&value.replace('$', "$$"))).ok();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_yaml_with_the_version_of_the_others() {
        let labels = BTreeMap::from([("shipway.grace".to_owned(), "4".to_owned())]);
        let web = Override { image: Some("shop-prod/web:4f2a".to_owned()), labels };
        let services = BTreeMap::from([("web".to_owned(), web), ("db".to_owned(), Override::default())]);
        let text = render(Some("3.7"), &services);
        assert_eq!(
            text,
            "# Written by Shipway for this release; the next release has its own.\n\
             version: \"3.7\"\n\
             services:\n  \"web\":\n    image: \"shop-prod/web:4f2a\"\n    labels:\n      \"shipway.grace\": \"4\"\n"
        );
        let value: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
        assert_eq!(value.pointer("/services/web/labels/shipway.grace"), Some(&"4".into()));
    }

    #[test]
    fn where_nothing_is_to_be_said_the_file_says_nothing() {
        assert!(render(None, &BTreeMap::new()).ends_with("services: {}\n"));
    }
}
