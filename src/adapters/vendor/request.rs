//! A request as data.

use std::fmt;

use serde_json::Value;

use super::url::query_text;
use crate::masking::{MASK, Secret};

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read it.
    Get,
    /// Make one.
    Post,
    /// Make it be so.
    Put,
    /// Change some of it.
    Patch,
    /// Take it away.
    Delete,
}

impl Method {
    /// As HTTP writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether twice is the same as once (RFC 9110 9.2.2), so that it may be sent again when nobody knows what became of it.
    pub fn is_idempotent(self) -> bool {
        matches!(self, Self::Get | Self::Put | Self::Delete)
    }
}

/// A request to a vendor.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What is done.
    pub method: Method,
    /// After the base address, with its `/`; each segment encoded.
    pub path: String,
    /// Names and values, not encoded.
    pub query: Vec<(&'static str, String)>,
    /// The body.
    pub body: Option<Body>,
    /// What it is for, after "can't": `store the secret `KEY` of ada/shop`.
    pub purpose: String,
    /// What is not there when the answer is 404: `the repository ada/shop`.
    pub thing: String,
    /// What the token must be allowed to do, for a vendor that does not say it: `the scope `repo``.
    pub permission: &'static str,
}

/// A JSON body. Its `Debug` hides the values of the secret members.
#[derive(Clone, PartialEq)]
pub struct Body {
    value: Value,
    secret: &'static [&'static str],
}

impl Request {
    /// A request with neither query nor body.
    pub fn new(
        method: Method,
        path: impl Into<String>,
        purpose: impl Into<String>,
        thing: impl Into<String>,
        permission: &'static str,
    ) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            purpose: purpose.into(),
            thing: thing.into(),
            permission,
        }
    }

    /// Adds to the query.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Gives it a body; the members that `secret` names, at any depth, are never shown.
    #[must_use]
    pub fn body(mut self, value: Value, secret: &'static [&'static str]) -> Self {
        self.body = Some(Body { value, secret });
        self
    }

    /// Its address under `base`.
    pub fn url(&self, base: &str) -> String {
        let query = query_text(self.query.iter().map(|(name, value)| (*name, value.as_str())));
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{base}{}{mark}{query}", self.path)
    }
}

impl Body {
    /// The body, secrets and all, as a test compares it.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// As it is sent.
    pub fn text(&self) -> Secret {
        Secret::new(self.value.to_string())
    }

    /// The values of the secret members.
    pub(super) fn secrets(&self) -> Vec<&str> {
        let mut found = Vec::new();
        collect(&self.value, self.secret, &mut found);
        found
    }
}

fn collect<'a>(value: &'a Value, secret: &[&str], found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if secret.contains(&name.as_str()) => found.push(text),
                    _ => collect(member, secret, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, secret, found)),
        _ => {}
    }
}

fn hidden(value: &Value, secret: &[&str]) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| match secret.contains(&name.as_str()) {
                true => (name.clone(), Value::from(MASK)),
                false => (name.clone(), hidden(member, secret)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| hidden(item, secret)).collect(),
        other => other.clone(),
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", hidden(&self.value, self.secret))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn debug_shows_what_is_asked_but_no_secret() {
        let request = Request::new(Method::Post, "/a", "make a", "a", "the scope `api`")
            .query("page", "2")
            .body(json!({"key": "K", "value": "hunter2", "more": [{"value": "hunter3"}]}), &["value"]);
        let shown = format!("{request:?}");
        assert!(shown.contains(r#"{"key":"K","more":[{"value":"***"}],"value":"***"}"#), "{shown}");
        assert!(!shown.contains("hunter"), "{shown}");
        let body = request.body.as_ref().expect("a body");
        assert_eq!(body.secrets().len(), 2);
        assert_eq!(request.url("https://a"), "https://a/a?page=2");
    }
}
