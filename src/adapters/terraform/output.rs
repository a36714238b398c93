//! The values that `terraform output -json` prints, sensitive ones in clear.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::json;

/// One output.
#[derive(Clone, PartialEq)]
pub struct OutputValue {
    /// Its value.
    pub value: Json,
    /// The root says that it is a secret.
    pub sensitive: bool,
    /// Its type in terraform's JSON notation: `"string"`, `["list","string"]`.
    pub kind: Json,
}

/// Shows no sensitive value.
impl std::fmt::Debug for OutputValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.sensitive {
            write!(formatter, "OutputValue(sensitive {})", self.kind)
        } else {
            write!(formatter, "OutputValue({} {})", self.kind, self.value)
        }
    }
}

/// A text that isn't the outputs of a root. No part of the text is in it: that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// It isn't JSON.
    #[error("the outputs aren't JSON: {0}")]
    NotJson(String),
    /// It is JSON of another form.
    #[error("the outputs aren't an object of JSON")]
    NotAnObject,
}

/// Reads what `output -json` printed, by the outputs' names. A root without outputs, or without a state, prints `{}`.
///
/// # Errors
/// Where the text isn't an object of JSON.
pub fn parse(text: &str) -> Result<BTreeMap<String, OutputValue>, OutputError> {
    of_json(serde_json::from_str(text).map_err(|error| OutputError::NotJson(error.to_string()))?)
}

fn of_json(outputs: Json) -> Result<BTreeMap<String, OutputValue>, OutputError> {
    let Json::Object(outputs) = outputs else { return Err(OutputError::NotAnObject) };
    let read = |(name, output): (String, Json)| {
        let part = |key: &str| output.get(key).cloned().unwrap_or(Json::Null);
        let value = OutputValue {
            value: part("value"),
            sensitive: json::flag(&output, "sensitive"),
            kind: part("type"),
        };
        (name, value)
    };
    Ok(outputs.into_iter().map(read).collect())
}

/// The outputs that a state holds: they are kept there as `output -json` prints them.
///
/// # Errors
/// Where the text isn't a state.
pub fn of_state(state: &str) -> Result<BTreeMap<String, OutputValue>, OutputError> {
    let state: Json = serde_json::from_str(state).map_err(|error| OutputError::NotJson(error.to_string()))?;
    of_json(state.get("outputs").cloned().unwrap_or_else(|| Json::Object(serde_json::Map::new())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_with_their_types_and_secrets_are_not_shown() {
        let outputs = parse(include_str!("../../../tests/fixtures/terraform/output.json")).unwrap();
        assert_eq!(outputs["token"].value, "s3cr3t");
        assert_eq!(
            format!("{outputs:?}"),
            r#"{"name": OutputValue("string" "one"), "token": OutputValue(sensitive "string")}"#
        );
    }

    #[test]
    fn a_root_without_outputs_has_none() {
        assert_eq!(parse("{}\n").unwrap(), BTreeMap::new());
    }

    #[test]
    fn a_state_holds_them_in_the_same_form() {
        let state = include_str!("../../../tests/fixtures/terraform/state-pull.json");
        let printed = include_str!("../../../tests/fixtures/terraform/output.json");
        assert_eq!(of_state(state).unwrap(), parse(printed).unwrap());
        assert_eq!(of_state("{}").unwrap(), BTreeMap::new());
    }

    #[test]
    fn an_error_has_nothing_of_the_text_in_it() {
        assert_eq!(parse("\"s3cr3t\""), Err(OutputError::NotAnObject));
        let error = parse("s3cr3t").unwrap_err().to_string();
        assert!(error.starts_with("the outputs aren't JSON") && !error.contains("s3cr3t"), "{error}");
    }
}
