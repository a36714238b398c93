//! A value that a `{{ }}` may stand for.

use serde_json::Value as Json;

/// A typed value with the knowledge of whether it is a secret.
#[derive(Clone, PartialEq)]
pub struct Value {
    /// The value itself.
    pub json: Json,
    /// Must not be shown, nor compared.
    pub secret: bool,
}

impl Value {
    /// A value that may be shown.
    pub fn public(json: impl Into<Json>) -> Self {
        Self { json: json.into(), secret: false }
    }

    /// A value that may not be shown.
    pub fn secret(json: impl Into<Json>) -> Self {
        Self { json: json.into(), secret: true }
    }

    /// The text that stands for it inside a longer string: strings as they are, null as nothing, the rest as JSON.
    pub fn text(&self) -> String {
        match &self.json {
            Json::Null => String::new(),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.secret {
            write!(formatter, "Value(secret)")
        } else {
            write!(formatter, "Value({})", self.json)
        }
    }
}
