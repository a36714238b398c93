//! An answer, and how it is read.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::WebAnswer;
use crate::masking::Secret;

/// What a vendor answered. Its `Debug` does not show the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    answer: WebAnswer,
}

/// An answer that is not what the vendor's description says: what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl From<WebAnswer> for Reply {
    fn from(answer: WebAnswer) -> Self {
        Self { answer }
    }
}

impl Reply {
    /// One that a test writes down.
    pub fn new(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { answer: WebAnswer { status, headers, body: Secret::new(body) } }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.answer.status
    }

    /// The header `name`, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.answer.header(name)
    }

    /// The body as JSON; `None` where it is none.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(self.answer.body.expose()).ok()
    }

    /// The body as a value.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        // A message of serde's may quote the body, but no more than the one value that does not fit. That value may be the password.
        serde_json::from_str(self.answer.body.expose()).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "it has not the members that it should have",
                _ => "it is no JSON",
            };
            Unreadable(format!("{what} (line {}, column {})", error.line(), error.column()))
        })
    }

    /// What the vendor says went wrong, uncut, and perhaps with what was sent in it.
    ///
    /// GitHub: `message`, and in `errors` a `message` or a `field` with a `code`. GitLab: `message` as a text or as lists by field, or
    /// `error_description` or `error`. DigitalOcean: `message`. HCP Terraform: in `errors` a `detail` or a `title`. Anything else: nothing, for a page of HTML tells nobody anything.
    pub(super) fn message(&self) -> Option<String> {
        let body = self.json()?;
        let main = ["message", "error_description", "error"].iter().find_map(|name| words(body.get(name)?));
        let more = body.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let more = more.iter().filter_map(|error| match error {
            Value::String(text) => Some(text.clone()),
            _ => {
                let text = |name: &str| error.get(name).and_then(Value::as_str);
                let coded = || Some(format!("{}: {}", text("field")?, text("code")?));
                text("message").or(text("detail")).or(text("title")).map(str::to_owned).or_else(coded)
            }
        });
        let all: Vec<String> = main.into_iter().chain(more).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// A text, or lists of texts by field.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().filter_map(words).collect();
            (!items.is_empty()).then(|| items.join(", "))
        }
        Value::Object(members) => {
            let field = |(name, member): (&String, &Value)| Some(format!("{name} {}", words(member)?));
            let fields: Vec<String> = members.iter().filter_map(field).collect();
            (!fields.is_empty()).then(|| fields.join("; "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> Option<String> {
        Reply::new(422, &[], body).message()
    }

    #[test]
    fn each_vendors_message_is_found() {
        let found = |text: &str| Some(text.to_owned());
        assert_eq!(message(r#"{"message":"Not Found","documentation_url":"x"}"#), found("Not Found"));
        let fields = r#"{"message":"Validation Failed","errors":[{"resource":"Repository","code":"custom","field":"name","message":"name already exists"},{"field":"key","code":"missing"},"plain"]}"#;
        assert_eq!(message(fields), found("Validation Failed; name already exists; key: missing; plain"));
        assert_eq!(
            message(r#"{"message":{"value":["is invalid","is short"],"key":["is taken"]}}"#),
            found("key is taken; value is invalid, is short")
        );
        assert_eq!(
            message(
                r#"{"error":"insufficient_scope","error_description":"The request requires higher privileges"}"#
            ),
            found("The request requires higher privileges")
        );
        assert_eq!(
            message(r#"{"id":"unauthorized","message":"Unable to authenticate you"}"#),
            found("Unable to authenticate you")
        );
        let json_api = r#"{"errors":[{"status":"409","title":"conflict","detail":"It is locked"},{"status":"404","title":"not found"}]}"#;
        assert_eq!(message(json_api), found("It is locked; not found"));
        assert_eq!(message("<html>502</html>"), None);
        assert_eq!(message("{}"), None);
    }

    #[test]
    fn a_value_that_does_not_fit_is_not_quoted() {
        let reply = Reply::new(200, &[], r#"{"port":"hunter2"}"#);
        #[derive(Debug, serde::Deserialize)]
        struct Port {
            #[expect(dead_code, reason = "it never fits")]
            port: u16,
        }
        let error = reply.read::<Port>().expect_err("no number").to_string();
        assert_eq!(error, "it has not the members that it should have (line 1, column 17)");
        assert!(!format!("{reply:?}").contains("hunter2"));
    }
}
