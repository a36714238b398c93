//! What exists and is not in the state comes back under care: import blocks for the next plan. Pure.
//!
//! A backend that is not a local file gets the state late, at times only at the end (`orchestrators.md` 3.8), so an apply that was killed may have
//! made what its state does not know. Its stream has the ids of what it completed, and an `import` block in the plan's configuration takes
//! that over, so that the person who is asked sees it.

use super::reading::Doubt;
use crate::adapters::terraform::stream::Operation;

/// The file in the root's folder that has the import blocks while a plan is made: terraform reads configuration only there, and the plan
/// carries its own copy of it.
pub(in crate::domains::workspace) const FILE: &str = "shipway_salvage.tf";

/// Something that exists and is not in the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::domains::workspace) struct Import {
    /// Where it belongs.
    pub(in crate::domains::workspace) address: String,
    /// What it is called by its provider.
    pub(in crate::domains::workspace) id: String,
}

/// What becomes of a doubt once the state is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::domains::workspace) struct Salvage {
    /// Is taken over by the next plan.
    pub(in crate::domains::workspace) imports: Vec<Import>,
    /// Was made, is not in the state, and has no id by which it could be taken over.
    pub(in crate::domains::workspace) lost: Vec<String>,
    /// Was being made, and is not in the state: it may exist.
    pub(in crate::domains::workspace) maybe: Vec<String>,
    /// Was being changed or destroyed, and is in the state: the next plan looks at it.
    pub(in crate::domains::workspace) looked_at: Vec<String>,
}

/// Compares what is doubtful with what is in the state, by addresses.
pub(in crate::domains::workspace) fn salvage(doubt: &Doubt, managed: &[String]) -> Salvage {
    let is_known = |operation: &&Operation| managed.contains(&operation.address);
    let mut salvage = Salvage::default();
    for made in doubt.made().filter(|made| !is_known(made)) {
        match &made.id_value {
            Some(id) => salvage.imports.push(Import { address: made.address.clone(), id: id.clone() }),
            None => salvage.lost.push(made.address.clone()),
        }
    }
    for open in &doubt.in_doubt {
        let list = if is_known(&open) { &mut salvage.looked_at } else { &mut salvage.maybe };
        list.push(open.address.clone());
    }
    salvage
}

/// The blocks, in terraform's language.
pub(in crate::domains::workspace) fn render(imports: &[Import]) -> String {
    let mut text = "# Written by Shipway for one plan, to take over what a run made that died; remove it if you find it.\n"
        .to_owned();
    for import in imports {
        // A JSON string is one of HCL, but for what begins a template there.
        let id = serde_json::Value::from(import.id.as_str()).to_string();
        let id = id.replace("${", "$${").replace("%{", "%%{");
        text.push_str(&format!("\nimport {{\n  to = {}\n  id = {id}\n}}\n", import.address));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::adapters::terraform::Action;

    fn operation(address: &str, action: Action, id: Option<&str>) -> Operation {
        let id_value = id.map(str::to_owned);
        Operation { address: address.to_owned(), action, id_key: None, id_value, elapsed: Duration::ZERO }
    }

    #[test]
    fn what_the_state_does_not_know_is_imported_or_named() {
        let doubt = Doubt {
            completed: vec![
                operation("t.known", Action::Create, Some("1")),
                operation("t.new", Action::Create, Some("2")),
                operation("t.gone", Action::Delete, Some("3")),
                operation("t.nameless", Action::Create, None),
            ],
            in_doubt: vec![
                operation("t.half", Action::Create, None),
                operation("t.changing", Action::Update, Some("5")),
            ],
            state_left_behind: false,
        };
        let managed = ["t.known", "t.changing"].map(str::to_owned);
        assert_eq!(
            salvage(&doubt, &managed),
            Salvage {
                imports: vec![Import { address: "t.new".into(), id: "2".into() }],
                lost: vec!["t.nameless".into()],
                maybe: vec!["t.half".into()],
                looked_at: vec!["t.changing".into()],
            }
        );
    }

    #[test]
    fn an_id_is_never_a_template() {
        let import = Import { address: "module.a[\"b\"].t.n[0]".into(), id: "a\"${b}%{c}".into() };
        let text = render(&[import]);
        assert!(
            text.ends_with("\nimport {\n  to = module.a[\"b\"].t.n[0]\n  id = \"a\\\"$${b}%%{c}\"\n}\n"),
            "{text}"
        );
    }
}
