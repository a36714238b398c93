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

/// Reads what `output -json` printed, by the outputs' names. A root without outputs, or without a state, prints `{}`.
///
/// # Errors
/// Where the text isn't an object of JSON; the error has no part of the text in it.
pub fn parse(text: &str) -> Result<BTreeMap<String, OutputValue>, serde_json::Error> {
    let outputs: BTreeMap<String, Json> = serde_json::from_str(text)?;
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
        assert!(parse("").is_err());
    }
}
