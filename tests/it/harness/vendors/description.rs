//! Requests held against extracts of the vendors' OpenAPI descriptions (tests/fixtures/vendors).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Asked;

/// The operations of one vendor that Shipway calls.
pub(crate) struct Description(Value);

impl Description {
    pub(crate) fn read(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap())
    }

    /// What is wrong with a request, a line each.
    pub(crate) fn misfits(&self, asked: &Asked) -> Vec<String> {
        let line = asked.line();
        let Some(operation) = self.operation(asked) else {
            return vec![format!("{line}: no such operation")];
        };
        let mut misfits = Vec::new();
        let known = operation["parameters"].as_array().cloned().unwrap_or_default();
        for (name, _) in &asked.query {
            if !known.iter().any(|parameter| parameter == name) {
                misfits.push(format!("{line}: no such parameter `{name}`"));
            }
        }
        let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
        let (media, schema) = content.and_then(|content| content.iter().next()).unzip();
        let media = media.map_or("application/json", String::as_str);
        let schema = schema.map(|media| &media["schema"]);
        match (schema, asked.body.is_empty()) {
            (None, true) => {}
            (None, false) => misfits.push(format!("{line}: it has no body")),
            (Some(_), true) if operation.pointer("/requestBody/required") != Some(&Value::Bool(true)) => {}
            (Some(schema), _) => {
                let kind = asked.headers.get("content-type").map_or("", String::as_str);
                // `gh` adds the charset.
                if !kind.starts_with(media) {
                    misfits.push(format!("{line}: the body is `{kind}`"));
                }
                // Bytes of any kind.
                if schema.is_null() {
                    return misfits;
                }
                fit(schema, &asked.json(), &format!("{line}: body"), &mut misfits);
            }
        }
        misfits
    }

    /// A path without parameters comes before one with them.
    fn operation(&self, asked: &Asked) -> Option<&Value> {
        let method = asked.method.to_ascii_lowercase();
        let paths = self.0["paths"].as_object()?;
        let mut fitting: Vec<_> =
            paths.iter().filter(|(template, _)| is_like(template, &asked.path)).collect();
        fitting.sort_by_key(|(template, _)| template.matches('{').count());
        fitting.first()?.1.get(method)
    }
}

fn is_like(template: &str, path: &str) -> bool {
    let (mut parts, mut rest) = (template.split('/'), path.split('/'));
    loop {
        match (parts.next(), rest.next()) {
            (None, None) => return true,
            // A ref has slashes in it.
            (Some("{ref}"), Some(_)) => return true,
            (Some(part), Some(text)) if part == text || part.starts_with('{') && !text.is_empty() => {}
            _ => return false,
        }
    }
}

fn fit(schema: &Value, value: &Value, place: &str, misfits: &mut Vec<String>) {
    let is_one = |kind: &str| match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type: {other}"),
    };
    let kind = schema["type"].as_str().unwrap();
    if !is_one(kind) {
        misfits.push(format!("{place}: no {kind}"));
        return;
    }
    if let Some(values) = schema["enum"].as_array().filter(|values| !values.contains(value)) {
        misfits.push(format!("{place}: none of {values:?}"));
    }
    // The one pattern that there is: base64.
    if schema["pattern"].is_string()
        && value.as_str().is_none_or(|text| text.is_empty() || STANDARD.decode(text).is_err())
    {
        misfits.push(format!("{place}: no base64"));
    }
    let Some(members) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(name) {
            misfits.push(format!("{place}: no `{name}`"));
        }
    }
    for (name, member) in members {
        match schema["properties"].get(name) {
            Some(schema) => fit(schema, member, &format!("{place}.{name}"), misfits),
            None => misfits.push(format!("{place}: no such member `{name}`")),
        }
    }
}
