//! The JSON schema of the tasks file, for editors: pure.
//!
//! `keys` is one table of all keys with what their values may be; here it becomes JSON. What an editor can't know (names that have to
//! exist, cycles, keys against each other) is `check`'s. A test asks the decoder for the keys of every table and compares.

mod keys;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

/// What a value may be.
pub(super) enum Kind {
    /// A string in which `{{ }}` may stand.
    Template,
    /// The same, and not blank: what a shell runs.
    Script,
    /// A string without `{{ }}`.
    Plain,
    /// The same, and not blank.
    Filled,
    /// `true` or `false`.
    Flag,
    /// Only `true`.
    True,
    /// A whole number from here to there.
    Whole(u32, u32),
    /// `"1h30m"`.
    Duration,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// Anything but a table.
    Literal,
    /// Anything.
    Any,
    /// A list with so many items at least.
    List(&'static Kind, usize),
    /// An item, or a list of them.
    OneOrMore(&'static Kind),
    /// One of these.
    Either(&'static [Kind]),
    /// A table with names that fit the pattern.
    Names(&'static str, &'static Kind),
    /// A table with these keys.
    Table(&'static Table),
}

/// A table with its keys.
pub(super) struct Table {
    /// What it is called among the definitions.
    pub(super) name: &'static str,
    /// Its keys with what they are for, in the decoder's order.
    pub(super) keys: &'static [(&'static str, Kind, &'static str)],
    /// Sets of keys of which one has to be there.
    pub(super) needs: &'static [&'static [&'static str]],
    /// What every other key has to be; `None`: there is no other.
    pub(super) others: Option<Kind>,
}

/// The schema, in the draft that editors of TOML understand.
pub fn schema() -> Json {
    let mut definitions = BTreeMap::new();
    let mut schema = table(&keys::FILE, &mut definitions);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("Shipway's tasks file");
    schema["definitions"] = json!(definitions);
    schema
}

fn table(table: &Table, definitions: &mut BTreeMap<&'static str, Json>) -> Json {
    let mut properties = Map::new();
    for (name, kind, about) in table.keys {
        let mut value = render(kind, definitions);
        // Beside `$ref`, an older draft reads nothing.
        if value.get("$ref").is_some() {
            value = json!({ "allOf": [value] });
        }
        value["description"] = json!(about);
        properties.insert((*name).to_owned(), value);
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    schema["additionalProperties"] =
        table.others.as_ref().map_or(json!(false), |kind| render(kind, definitions));
    match table.needs {
        [] => {}
        [keys] => schema["required"] = json!(keys),
        sets => {
            schema["anyOf"] = sets.iter().map(|keys| json!({ "required": keys })).collect();
        }
    }
    schema
}

fn render(kind: &Kind, definitions: &mut BTreeMap<&'static str, Json>) -> Json {
    match kind {
        Kind::Template => json!({ "type": "string" }),
        Kind::Script => json!({ "type": "string", "pattern": "\\S" }),
        Kind::Plain => json!({ "type": "string", "not": { "pattern": "\\{\\{" } }),
        Kind::Filled => json!({ "type": "string", "pattern": "\\S", "not": { "pattern": "\\{\\{" } }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::True => json!({ "const": true }),
        Kind::Whole(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        Kind::Duration => {
            let units = ["d", "h", "m", "s", "ms"].map(|unit| format!("([0-9]+{unit})?")).concat();
            json!({ "type": "string", "pattern": format!("^{units}$"), "minLength": 2 })
        }
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Literal => json!({ "not": { "type": "object" } }),
        Kind::Any => json!({}),
        Kind::List(item, least) => {
            json!({ "type": "array", "items": render(item, definitions), "minItems": least })
        }
        Kind::OneOrMore(item) => {
            let item = render(item, definitions);
            json!({ "anyOf": [item, { "type": "array", "items": item }] })
        }
        Kind::Either(kinds) => {
            let kinds: Vec<Json> = kinds.iter().map(|kind| render(kind, definitions)).collect();
            json!({ "anyOf": kinds })
        }
        Kind::Names(pattern, kind) => json!({
            "type": "object", "propertyNames": { "pattern": pattern },
            "additionalProperties": render(kind, definitions),
        }),
        Kind::Table(inner) => {
            if !definitions.contains_key(inner.name) {
                definitions.insert(inner.name, Json::Null);
                let schema = table(inner, definitions);
                definitions.insert(inner.name, schema);
            }
            json!({ "$ref": format!("#/definitions/{}", inner.name) })
        }
    }
}
