//! A stack's state as `pulumi stack export` prints it: what is under care, the outputs, and what was being done when the last update died.
//! <https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go>

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{address, is_stack};
use crate::adapters::terraform::output::OutputValue;
use crate::adapters::terraform::state::StateReading;

/// The member that marks an object as more than a value, and what it says of a secret.
const MARK: (&str, &str) = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270");

/// A stack's state.
#[derive(Clone, Debug, PartialEq)]
pub struct StackState {
    /// What is under care. Pulumi counts no writes; the time of the last one stands for that, in microseconds since 1970.
    pub reading: StateReading,
    /// The outputs; a secret one has no value where the state is encrypted.
    pub outputs: BTreeMap<String, OutputValue>,
    /// What an update had begun and not ended when it died: what was done (`creating`), and to which address.
    pub pending: Vec<(String, String)>,
}

/// Reads what `stack export` printed.
///
/// # Errors
/// Where the text is no JSON; no part of it is in the error.
pub fn parse(text: &str) -> Result<StackState, String> {
    let export: Json =
        serde_json::from_str(text).map_err(|error| format!("the state isn't JSON: {error}"))?;
    let deployment = export.get("deployment").unwrap_or(&Json::Null);
    let list = |key: &str| deployment.get(key).and_then(Json::as_array).into_iter().flatten();
    let string =
        |object: &Json, key: &str| object.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let manifest = deployment.get("manifest").unwrap_or(&Json::Null);
    let time: Option<Timestamp> = string(manifest, "time").parse().ok();
    let serial = time.and_then(|time| u64::try_from(time.as_microsecond()).ok()).unwrap_or(0);
    let stack = list("resources").find(|resource| is_stack(&string(resource, "urn")));
    let outputs: BTreeMap<String, OutputValue> = stack
        .and_then(|stack| stack.get("outputs"))
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), output(value)))
        .collect();
    let is_ours = |resource: &&Json| {
        let is_external = resource.get("external").and_then(Json::as_bool).unwrap_or(false);
        !is_external && !string(resource, "type").starts_with("pulumi:providers:")
    };
    let pending = list("pending_operations").map(|operation| {
        let urn = operation.get("resource").map(|resource| string(resource, "urn")).unwrap_or_default();
        (string(operation, "type"), address(&urn))
    });
    Ok(StackState {
        reading: StateReading {
            serial,
            lineage: list("resources")
                .map(|first| project_and_stack(&string(first, "urn")))
                .next()
                .unwrap_or_default(),
            terraform_version: string(manifest, "version"),
            managed: list("resources")
                .filter(is_ours)
                .map(|resource| address(&string(resource, "urn")))
                .collect(),
            outputs: outputs.iter().map(|(name, output)| (name.clone(), output.sensitive)).collect(),
        },
        outputs,
        pending: pending.collect(),
    })
}

/// `urn:pulumi:prod::shop` of the URN of any resource.
fn project_and_stack(urn: &str) -> String {
    urn.splitn(3, "::").take(2).collect::<Vec<_>>().join("::")
}

fn output(value: &Json) -> OutputValue {
    let (value, sensitive) = revealed(value);
    OutputValue { value, sensitive, kind: Json::Null }
}

/// A value without marks, and whether a secret was in it. A plain text of a secret is JSON itself.
fn revealed(value: &Json) -> (Json, bool) {
    match value {
        Json::Object(entries) if entries.get(MARK.0).and_then(Json::as_str) == Some(MARK.1) => {
            let text = entries.get("plaintext").and_then(Json::as_str);
            (text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Json::Null), true)
        }
        Json::Object(entries) => {
            let mut is_secret = false;
            let reveal = |(name, value): (&String, &Json)| {
                let (value, secret) = revealed(value);
                is_secret |= secret;
                (name.clone(), value)
            };
            let entries = entries.iter().map(reveal).collect();
            (Json::Object(entries), is_secret)
        }
        Json::Array(items) => {
            let items: Vec<(Json, bool)> = items.iter().map(revealed).collect();
            let is_secret = items.iter().any(|(_, secret)| *secret);
            (Json::Array(items.into_iter().map(|(value, _)| value).collect()), is_secret)
        }
        plain => (plain.clone(), false),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secret(plain: &Json) -> Json {
        json!({ MARK.0: MARK.1, "plaintext": plain.to_string() })
    }

    fn export() -> Json {
        let urn = |name: &str| format!("urn:pulumi:prod::shop::{name}");
        json!({ "version": 3, "deployment": {
            "manifest": { "time": "2026-11-22T10:00:00.25Z", "version": "v3.190.0" },
            "resources": [
                { "urn": urn("pulumi:pulumi:Stack::shop-prod"), "type": "pulumi:pulumi:Stack", "outputs": {
                    "host": "10.0.0.1", "token": secret(&json!("s3cr3t")), "all": { "list": [1, secret(&json!({ "a": 2 }))] } } },
                { "urn": urn("pulumi:providers:aws::default"), "type": "pulumi:providers:aws" },
                { "urn": urn("aws:s3/bucket:Bucket::logs"), "type": "aws:s3/bucket:Bucket", "id": "b" },
                { "urn": urn("aws:ec2:Vpc::theirs"), "type": "aws:ec2:Vpc", "external": true },
            ],
            "pending_operations": [{ "type": "creating", "resource": { "urn": urn("aws:ec2:Eip::ip") } }],
        } })
    }

    #[test]
    fn an_export_tells_what_is_under_care_and_what_was_being_done() {
        let state = parse(&export().to_string()).unwrap();
        assert_eq!(state.reading.managed, ["pulumi:pulumi:Stack::shop-prod", "aws:s3/bucket:Bucket::logs"]);
        assert_eq!(
            (state.reading.lineage.as_str(), state.reading.serial),
            ("urn:pulumi:prod::shop", 1_795_341_600_250_000)
        );
        assert_eq!(state.pending, [("creating".to_owned(), "aws:ec2:Eip::ip".to_owned())]);
    }

    #[test]
    fn a_secret_is_known_as_one_however_deep_it_lies() {
        let state = parse(&export().to_string()).unwrap();
        let value =
            |name: &str| state.outputs.get(name).map(|output| (output.value.clone(), output.sensitive));
        assert_eq!(value("host"), Some((json!("10.0.0.1"), false)));
        assert_eq!(value("token"), Some((json!("s3cr3t"), true)));
        assert_eq!(value("all"), Some((json!({ "list": [1, { "a": 2 }] }), true)));
        assert!(!format!("{state:?}").contains("s3cr3t"));
    }

    #[test]
    fn a_stack_that_was_never_updated_has_nothing() {
        for text in
            ["{\"version\":3,\"deployment\":{\"manifest\":{\"time\":\"0001-01-01T00:00:00Z\"}}}", "{}"]
        {
            let state = parse(text).unwrap();
            assert_eq!(
                (state.reading.managed.len(), state.reading.serial, state.reading.lineage.as_str()),
                (0, 0, "")
            );
        }
        assert!(parse("s3cr3t").unwrap_err().starts_with("the state isn't JSON"));
    }
}
