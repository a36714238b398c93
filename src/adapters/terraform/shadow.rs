//! A root's configuration with what is not known yet: a copy in which variables and remote states are "known after apply".
//!
//! A plan of a root that reads what another one has yet to give can't be made: terraform refuses a state that isn't there, and a variable
//! always has a value. So the copy has one resource more, which is never made, and everything unknown comes from its id: the plan of the copy is
//! terraform's own, with its own unknowns, and no made-up value can leak into it. What is edited: backends go (the copy has the state
//! beside it), remote states whose place is among the unknown get an unknown `config`, and `var.NAME` of an unknown variable becomes an output
//! of a module that has that variable with its type. Lines stay where they are, so that terraform's messages point at the right one.
//!
//! It can only ever be planned. <https://developer.hashicorp.com/terraform/language/expressions/references#values-not-yet-known>

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::{Value as Json, json};

use super::action::Action;
use super::backend;
use super::hcl_places::{Place, places};
use super::plan::PlannedChanges;

/// The name of all that is added to the copy.
pub const NAME: &str = "shipway_preview";

/// The expression that is known after an apply, and has any type. In the notation of strings: `${…}`.
pub const UNKNOWN: &str = "${jsondecode(terraform_data.shipway_preview.id)}";

/// What is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknowns {
    /// Variables by name, with what they are given, in terraform's JSON notation: `UNKNOWN` stands for what is not known.
    pub variables: BTreeMap<String, Json>,
    /// States that are not as they will be, by their places (see `backend`).
    pub states: BTreeSet<String>,
    /// There are such states whose place can't be told: so each remote state may be one of them.
    pub any_state: bool,
}

/// A file of the copy, by its path in the copy.
pub type ShadowFile = (String, String);

/// Whether one of a root's files reads the state of another root.
pub fn reads_states(files: &[(String, String)]) -> bool {
    files.iter().any(|(_, text)| text.contains("terraform_remote_state"))
}

/// Whether an address is of what was added to the copy.
fn is_ours(address: &str) -> bool {
    address.strip_prefix("terraform_data.").is_some_and(|name| name == NAME)
}

/// Takes out of a plan of the copy what stands in no plan of the root: what was added, and remote states that are read later.
pub fn without_ours(planned: &mut PlannedChanges) {
    let is_later = |address: &str| {
        address.rsplit("data.").next().is_some_and(|name| name.starts_with("terraform_remote_state."))
    };
    planned.changes.retain(|change| match change.action {
        Action::Create if is_ours(&change.address) => {
            planned.counts.add -= 1;
            false
        }
        Action::Read if is_later(&change.address) => {
            planned.counts.read -= 1;
            false
        }
        _ => true,
    });
}

/// The files of the copy.
pub fn shadow(files: &[(String, String)], unknowns: &Unknowns) -> Vec<ShadowFile> {
    let mut declared = BTreeMap::new();
    let mut shadow: Vec<ShadowFile> = Vec::new();
    for (name, text) in files {
        let text = if name.ends_with(".json") {
            edit_json(text, unknowns, &mut declared)
        } else {
            edit(text, unknowns, &mut declared)
        };
        shadow.push((name.clone(), rename(&text, unknowns.variables.keys())));
    }
    let mut module = String::new();
    let mut call = serde_json::Map::new();
    call.insert("source".to_owned(), json!(format!("./{NAME}")));
    for (name, settings) in &declared {
        let Some(value) = unknowns.variables.get(name) else { continue };
        call.insert(name.clone(), value.clone());
        module.push_str(&variable(name, settings));
    }
    let mut own = json!({
        "resource": { "terraform_data": { NAME: {} } },
        "locals": {
            (NAME): UNKNOWN,
            (format!("{NAME}_states")): unknowns.states.iter().map(|it| escape(it)).collect::<Vec<_>>(),
        },
    });
    if !declared.is_empty() {
        own["module"] = json!({ NAME: call });
        shadow.push((format!("{NAME}/main.tf"), module));
    }
    shadow.push((format!("{NAME}.tf.json"), own.to_string()));
    shadow
}

/// The list of installed modules (`.terraform/modules/modules.json`) with the copy's own. `real` is the root's, where it has one.
pub fn manifest(real: Option<&str>) -> String {
    let real = real.and_then(|text| serde_json::from_str::<Json>(text).ok());
    let modules = real.as_ref().and_then(|real| real.get("Modules")).and_then(Json::as_array);
    let mut modules = modules.cloned().unwrap_or_default();
    if modules.is_empty() {
        modules.push(json!({ "Key": "", "Source": "", "Dir": "." }));
    }
    modules.push(json!({ "Key": NAME, "Source": format!("./{NAME}"), "Dir": NAME }));
    json!({ "Modules": modules }).to_string()
}

/// A text as it stands in terraform's JSON notation, where `${` begins an expression.
pub fn escape(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// Settings of a variable that decide what becomes of an unknown value.
const SETTINGS: [&str; 4] = ["type", "nullable", "sensitive", "ephemeral"];

type Settings = BTreeMap<&'static str, String>;

fn variable(name: &str, settings: &Settings) -> String {
    let lines = |wanted: &[&str]| -> String {
        let line = |key: &&str| settings.get(*key).map(|text| format!("  {key} = {text}\n"));
        wanted.iter().filter_map(line).collect()
    };
    format!(
        "variable \"{name}\" {{\n{}}}\noutput \"{name}\" {{\n  value = var.{name}\n{}}}\n",
        lines(&SETTINGS),
        lines(&["sensitive", "ephemeral"])
    )
}

fn edit(text: &str, unknowns: &Unknowns, declared: &mut BTreeMap<String, Settings>) -> String {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let blank = |range: &Range<usize>| {
        let blanks: String = text[range.clone()].chars().filter(|c| *c == '\n').collect();
        (range.clone(), blanks)
    };
    for place in places(text) {
        match place.kind.as_str() {
            "terraform" => {
                let gone = place.blocks.iter().filter(|it| matches!(it.kind.as_str(), "backend" | "cloud"));
                edits.extend(gone.map(|it| blank(&it.whole)));
            }
            "variable" if unknowns.variables.contains_key(place.label()) => {
                let setting = |key: &'static str| Some((key, text[place.attribute(key)?].to_owned()));
                declared.insert(place.label().to_owned(), SETTINGS.into_iter().filter_map(setting).collect());
                edits.push(blank(&place.whole));
            }
            "data" if place.label() == "terraform_remote_state" => {
                // A check that a state is there is a check of a later time.
                edits.extend(
                    place.blocks.iter().filter(|it| it.kind == "lifecycle").map(|it| blank(&it.whole)),
                );
                edits.extend(remote_state(text, &place, unknowns));
            }
            _ => {}
        }
    }
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut edited = text.to_owned();
    for (range, replacement) in edits {
        edited.replace_range(range, &replacement);
    }
    edited
}

/// The configuration of a remote state: unknown where its place is among those that are.
fn remote_state(text: &str, place: &Place, unknowns: &Unknowns) -> Option<(Range<usize>, String)> {
    if unknowns.states.is_empty() && !unknowns.any_state {
        return None;
    }
    let backend = place.attribute("backend").map(|range| text[range].trim_matches('"').to_owned());
    let test = backend.as_deref().and_then(|kind| backend::place_expression(kind, "it"));
    let is_unknown = match test {
        _ if unknowns.any_state => "true".to_owned(),
        Some(test) => format!("contains(local.{NAME}_states, {test})"),
        // The states whose places are known are none of a backend that is not.
        None => return None,
    };
    let wrapped = |config: &str| format!("[for it in [{config}] : {is_unknown} ? local.{NAME} : it][0]");
    Some(match place.attribute("config") {
        Some(range) => {
            let config = &text[range.clone()];
            // The end of a heredoc stands alone on its line.
            let config = if config.contains("<<") { format!("{config}\n") } else { config.to_owned() };
            (range, wrapped(&config))
        }
        None => (place.inner..place.inner, format!("\n  config = {}\n", wrapped("{}"))),
    })
}

fn edit_json(text: &str, unknowns: &Unknowns, declared: &mut BTreeMap<String, Settings>) -> String {
    let Ok(mut root) = serde_json::from_str::<Json>(text) else { return text.to_owned() };
    for body in bodies(&mut root) {
        for settings in body.get_mut("terraform").into_iter().flat_map(bodies) {
            settings.remove("backend");
            settings.remove("cloud");
        }
        for variables in body.get_mut("variable").into_iter().flat_map(bodies) {
            for name in unknowns.variables.keys() {
                let Some(block) = variables.remove(name) else { continue };
                let setting = |key: &'static str| {
                    let value = block.get(key)?;
                    Some((key, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
                };
                declared.insert(name.clone(), SETTINGS.into_iter().filter_map(setting).collect());
            }
        }
        if unknowns.states.is_empty() && !unknowns.any_state {
            continue;
        }
        // Which state is meant can't be told without evaluating it, so each may be one that is not known yet.
        for kinds in body.get_mut("data").into_iter().flat_map(bodies) {
            for names in kinds.get_mut("terraform_remote_state").into_iter().flat_map(bodies) {
                for block in names.values_mut().flat_map(bodies) {
                    block.insert("config".to_owned(), json!(UNKNOWN));
                    block.remove("lifecycle");
                }
            }
        }
    }
    root.to_string()
}

/// An object, or each of a list of objects, which JSON takes for several blocks.
fn bodies(json: &mut Json) -> Vec<&mut serde_json::Map<String, Json>> {
    match json {
        Json::Object(body) => vec![body],
        Json::Array(items) => items.iter_mut().filter_map(Json::as_object_mut).collect(),
        _ => Vec::new(),
    }
}

/// `var.NAME` as the output of the module that has it. It may stand anywhere, also inside of strings.
fn rename<'n>(text: &str, names: impl Iterator<Item = &'n String>) -> String {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut text = text.to_owned();
    for name in names {
        let reference = format!("var.{name}");
        let mut renamed = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(&reference) {
            let (before, after) = (&rest[..at], &rest[at + reference.len()..]);
            let begins = !before.ends_with(|c| is_of_name(c) || c == '.');
            let ends = !after.starts_with(is_of_name);
            renamed.push_str(before);
            if begins && ends {
                renamed.push_str(&format!("module.{NAME}.{name}"));
            } else {
                renamed.push_str(&reference);
            }
            rest = after;
        }
        renamed.push_str(rest);
        text = renamed;
    }
    text
}

#[cfg(test)]
#[path = "shadow_tests.rs"]
mod tests;
