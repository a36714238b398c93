//! Blocks of a `.tf.json` text, in the same form as those of the language.

use serde_json::Value as Json;

use super::hcl::{Block, Body};

/// The blocks that are of interest for init; those of other kinds are read as attributes, and nothing of a text that isn't JSON.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    serde_json::from_str(text).map(|json| body("", &json).1).unwrap_or_default()
}

/// How many labels a block has in JSON, where they are keys; nothing of a key that is an attribute.
/// <https://developer.hashicorp.com/terraform/language/syntax/json>
fn labels_of(inside: &str, key: &str) -> Option<usize> {
    match (inside, key) {
        ("", "terraform") | ("terraform", "cloud" | "required_providers") => Some(0),
        ("cloud", "workspaces") => Some(0),
        ("", "module" | "provider" | "check") | ("terraform", "backend") => Some(1),
        ("", "resource" | "data" | "ephemeral") | ("check", "data") => Some(2),
        _ => None,
    }
}

fn body(inside: &str, json: &Json) -> Body {
    let (mut attributes, mut blocks) = (Vec::new(), Vec::new());
    for (key, value) in json.as_object().into_iter().flatten() {
        match labels_of(inside, key) {
            Some(labels) => read_blocks(key, labels, value, &[], &mut blocks),
            None => attributes.push((key.clone(), value.to_string())),
        }
    }
    (attributes, blocks)
}

/// A list stands for several blocks of the same labels.
fn read_blocks(kind: &str, missing: usize, json: &Json, labels: &[String], blocks: &mut Vec<Block>) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| read_blocks(kind, missing, item, labels, blocks)),
        Json::Object(keys) if missing > 0 => {
            for (key, value) in keys {
                let labels: Vec<String> = labels.iter().chain([key]).cloned().collect();
                read_blocks(kind, missing - 1, value, &labels, blocks);
            }
        }
        _ => {
            let (attributes, inner) = body(kind, json);
            blocks.push(Block { kind: kind.to_owned(), labels: labels.to_vec(), attributes, blocks: inner });
        }
    }
}
