//! What a plan file means, apart from when and where it was made: for each object what is done to it and what it will be.
//!
//! Two plans of equal meaning do the same. What things were before is left out: terraform's own check of the state's serial covers that, and a
//! plan that leads to the same end from a world that somebody refreshed is the same plan to whoever reviewed it. Only digests are kept, because
//! values are secrets. <https://developer.hashicorp.com/terraform/internals/json-format#plan-representation>

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

/// By address (an output's is `output NAME`), the digest of what is done.
pub type Meaning = BTreeMap<String, String>;

/// Reads what `show -json` printed of a plan file; nothing where it isn't that.
pub fn parse(text: &str) -> Option<Meaning> {
    let plan: Json = serde_json::from_str(text).ok()?;
    plan.get("format_version")?;
    let mut meaning = Meaning::new();
    for change in plan.get("resource_changes").and_then(Json::as_array).into_iter().flatten() {
        let is_managed = change.get("mode").and_then(Json::as_str) == Some("managed");
        let Some(digest) = change.get("change").filter(|_| is_managed).and_then(|it| digest(change, it))
        else {
            continue;
        };
        let text = |key: &str| change.get(key).and_then(Json::as_str).unwrap_or_default();
        let address = match text("deposed") {
            "" => text("address").to_owned(),
            deposed => format!("{} (deposed {deposed})", text("address")),
        };
        meaning.insert(address, digest);
    }
    for (name, change) in plan.get("output_changes").and_then(Json::as_object).into_iter().flatten() {
        if let Some(digest) = digest(&Json::Null, change) {
            meaning.insert(format!("output {name}"), digest);
        }
    }
    Some(meaning)
}

/// The addresses at which two plans differ, each with how.
pub fn differences(reviewed: &Meaning, fresh: &Meaning) -> Vec<String> {
    let all: std::collections::BTreeSet<&String> = reviewed.keys().chain(fresh.keys()).collect();
    all.into_iter()
        .filter_map(|address| match (reviewed.get(address), fresh.get(address)) {
            (Some(_), None) => Some(format!("{address}: was to change, and is not any more")),
            (None, Some(_)) => Some(format!("{address}: is to change now, and was not")),
            (Some(one), Some(other)) if one != other => {
                Some(format!("{address}: is to become something else"))
            }
            _ => None,
        })
        .collect()
}

/// `None` where nothing is done.
fn digest(resource: &Json, change: &Json) -> Option<String> {
    let actions = change.get("actions")?;
    let part = |of: &Json, key: &str| of.get(key).cloned().unwrap_or(Json::Null);
    let (previous, importing) = (part(resource, "previous_address"), part(change, "importing"));
    if *actions == json!(["no-op"]) && previous.is_null() && importing.is_null() {
        return None;
    }
    let meant = json!([actions, part(change, "after"), part(change, "after_unknown"), previous, importing]);
    Some(blake3::hash(meant.to_string().as_bytes()).to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(after: &str, action: &str) -> String {
        json!({ "format_version": "1.2", "resource_changes": [
            { "address": "a.b", "mode": "managed", "change": { "actions": [action], "before": { "x": after }, "after": { "x": after } } },
            { "address": "data.c.d", "mode": "data", "change": { "actions": ["read"], "after": after } },
        ], "output_changes": { "o": { "actions": ["no-op"], "after": 1 } } })
        .to_string()
    }

    #[test]
    fn the_same_values_mean_the_same_and_others_do_not() {
        let (one, other) =
            (parse(&plan("s3cr3t", "update")).unwrap(), parse(&plan("s3cr3t", "update")).unwrap());
        assert_eq!(differences(&one, &other), [""; 0]);
        assert_eq!(one.keys().collect::<Vec<_>>(), ["a.b"]);
        assert!(!format!("{one:?}").contains("s3cr3t"));
        let changed = parse(&plan("y", "update")).unwrap();
        assert_eq!(differences(&one, &changed), ["a.b: is to become something else"]);
        let action = parse(&plan("s3cr3t", "create")).unwrap();
        assert_eq!(differences(&one, &action), ["a.b: is to become something else"]);
        let gone = parse(&plan("s3cr3t", "no-op")).unwrap();
        assert_eq!(differences(&one, &gone), ["a.b: was to change, and is not any more"]);
        assert_eq!(differences(&gone, &one), ["a.b: is to change now, and was not"]);
    }

    #[test]
    fn what_is_no_plan_means_nothing() {
        assert_eq!(parse("{}"), None);
        assert_eq!(parse("no"), None);
    }
}
