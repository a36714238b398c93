//! Answers in the form of JSON:API.

use serde_json::{Value, json};

use crate::harness::vendors::Given;

/// One thing.
pub(super) fn document(data: Value) -> Given {
    Given::new(200, json!({ "data": data }))
}

/// Something went wrong. The vendor leaves the detail out where the title says all.
pub(super) fn failed(status: u16, title: &str, detail: &str) -> Given {
    let mut error = json!({"status": status.to_string(), "title": title});
    if !detail.is_empty() {
        error["detail"] = json!(detail);
    }
    Given::new(status, json!({ "errors": [error] }))
}

/// It is not there, or the token may not know of it.
pub(super) fn missing() -> Given {
    failed(404, "not found", "")
}
