//! Who comes before whom: pure.

use std::collections::BTreeSet;

use crate::model::Model;

/// The workspaces that need `name`, directly or through others.
pub(super) fn dependents(model: &Model, name: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        for (other, workspace) in &model.workspaces {
            if model.upstream(workspace).contains(&name) && found.insert(other.clone()) {
                open.push(other.clone());
            }
        }
    }
    found
}

/// `names` with everything that needs them, in the order of the file.
pub fn with_downstream(model: &Model, names: &[String]) -> Vec<String> {
    let found: BTreeSet<String> = names.iter().flat_map(|name| dependents(model, name)).collect();
    model.workspaces.keys().filter(|name| names.contains(name) || found.contains(*name)).cloned().collect()
}

/// `names` with everything that they need, in the order of the file.
pub(super) fn with_upstream(model: &Model, names: &[String]) -> Vec<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<String> = names.to_vec();
    while let Some(name) = open.pop() {
        if let Some(workspace) = model.workspaces.get(&name)
            && found.insert(name)
        {
            open.extend(model.upstream(workspace));
        }
    }
    model.workspaces.keys().filter(|name| found.contains(*name)).cloned().collect()
}

/// All workspaces, each after what it needs; among equals the earlier in the file first.
pub(super) fn order(model: &Model) -> Vec<String> {
    let mut order: Vec<String> = Vec::new();
    while order.len() < model.workspaces.len() {
        let next = model.workspaces.iter().find(|(name, workspace)| {
            !order.contains(name) && model.upstream(workspace).iter().all(|it| order.contains(it))
        });
        // A checked model has no cycle, so there always is a next one.
        let Some((name, _)) = next else { break };
        order.push(name.clone());
    }
    order
}
