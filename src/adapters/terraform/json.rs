//! Reading fields of JSON that somebody else wrote: what is missing or of another type is an empty value, never a failure.

use serde_json::Value as Json;

/// The text at `key`, or nothing.
pub(super) fn text(json: &Json, key: &str) -> String {
    optional_text(json, key).unwrap_or_default()
}

/// The text at `key`, where there is one that isn't empty.
pub(super) fn optional_text(json: &Json, key: &str) -> Option<String> {
    json.get(key).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The whole number at `key`, or 0.
pub(super) fn number(json: &Json, key: &str) -> usize {
    json.get(key).and_then(Json::as_u64).and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

/// The truth at `key`, or `false`.
pub(super) fn flag(json: &Json, key: &str) -> bool {
    json.get(key).and_then(Json::as_bool).unwrap_or(false)
}
