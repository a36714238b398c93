//! The state that `terraform state pull` prints: what is under care, and how often it was written. No values are kept.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::json;

/// What a state holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateReading {
    /// Counts the writes; a plan is stale when it moved.
    pub serial: u64,
    /// Which state it is; another one has another lineage.
    pub lineage: String,
    /// Who wrote it last.
    pub terraform_version: String,
    /// Addresses of all objects under care, in the state's order; data sources aren't.
    pub managed: Vec<String>,
    /// Names of the outputs, and whether each is sensitive.
    pub outputs: BTreeMap<String, bool>,
}

/// A text that is no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It isn't JSON.
    #[error("the state isn't JSON: {0}")]
    NotJson(String),
    /// Its format is another one than that of terraform 0.12 to today.
    #[error("the state has format {0}; only 4 is known")]
    Version(usize),
}

/// Reads what `state pull` printed. Nothing printed: there is no state yet.
///
/// # Errors
/// Where the text isn't a state of format 4.
pub fn parse(text: &str) -> Result<Option<StateReading>, StateError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    // A parse error of serde_json has no part of the text in it, so no secret either.
    let state: Json = serde_json::from_str(text).map_err(|error| StateError::NotJson(error.to_string()))?;
    let version = json::number(&state, "version");
    if version != 4 {
        return Err(StateError::Version(version));
    }
    let resources = state.get("resources").and_then(Json::as_array).into_iter().flatten();
    let outputs = state.get("outputs").and_then(Json::as_object).into_iter().flatten();
    Ok(Some(StateReading {
        serial: state.get("serial").and_then(Json::as_u64).unwrap_or(0),
        lineage: json::text(&state, "lineage"),
        terraform_version: json::text(&state, "terraform_version"),
        managed: resources.flat_map(addresses).collect(),
        outputs: outputs.map(|(name, output)| (name.clone(), json::flag(output, "sensitive"))).collect(),
    }))
}

/// The addresses of a resource's objects. One that waits to be destroyed (`deposed`) has the address of the one that took its place.
fn addresses(resource: &Json) -> Vec<String> {
    if json::text(resource, "mode") != "managed" {
        return Vec::new();
    }
    let module = json::optional_text(resource, "module").map(|module| module + ".").unwrap_or_default();
    let name = format!("{module}{}.{}", json::text(resource, "type"), json::text(resource, "name"));
    let instances = resource.get("instances").and_then(Json::as_array).into_iter().flatten();
    let mut found: Vec<String> = instances
        .map(|instance| match instance.get("index_key") {
            None | Some(Json::Null) => name.clone(),
            // A key is printed as JSON prints it: `[0]`, `["a"]`.
            Some(key) => format!("{name}[{key}]"),
        })
        .collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_tells_what_is_under_care() {
        let text = include_str!("../../../tests/fixtures/terraform/state-pull.json");
        let state = parse(text).unwrap().unwrap();
        assert_eq!(
            state.managed,
            ["terraform_data.repo", "terraform_data.server[0]", "terraform_data.server[1]"]
        );
        assert_eq!(state.outputs, BTreeMap::from([("name".into(), false), ("token".into(), true)]));
        assert_eq!((state.serial, state.terraform_version.as_str()), (4, "1.11.4"));
        assert!(!format!("{state:?}").contains("s3cr3t"));
    }

    #[test]
    fn no_output_is_no_state_and_an_empty_state_is_one() {
        assert_eq!(parse("\n"), Ok(None));
        let text = include_str!("../../../tests/fixtures/terraform/state-pull-empty.json");
        assert_eq!(parse(text).unwrap().unwrap().managed, Vec::<String>::new());
    }

    #[test]
    fn modules_keys_and_data_sources_are_told_apart() {
        let text = r#"{"version":4,"serial":1,"lineage":"x","resources":[
            {"module":"module.a[\"b\"]","mode":"managed","type":"t","name":"n","instances":[{"index_key":"k"},{"index_key":"k","deposed":"1"}]},
            {"mode":"data","type":"d","name":"n","instances":[{}]}]}"#;
        assert_eq!(parse(text).unwrap().unwrap().managed, [r#"module.a["b"].t.n["k"]"#]);
    }

    #[test]
    fn another_format_and_another_text_are_errors() {
        assert_eq!(parse("{\"version\":5}"), Err(StateError::Version(5)));
        let error = parse("token=s3cr3t").unwrap_err().to_string();
        assert!(error.starts_with("the state isn't JSON") && !error.contains("s3cr3t"), "{error}");
    }
}
