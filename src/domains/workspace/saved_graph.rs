//! From saved plans to nodes: pure. What follows the plan is what follows any other: the question, the apply, the hooks.

use std::path::PathBuf;
use std::sync::Arc;

use super::graph::Builder;
use super::plan::Purpose;
use super::saved_apply::{ForgetSavedAction, SavedAction};
use super::site::step_name;
use crate::diagnostic::Fault;
use crate::model::{Model, VarValue};
use crate::plan::Effect;
use crate::run::node::{Need, Node};

/// Saved plans that are to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedRequest {
    /// Where they lie, absolute.
    pub folder: PathBuf,
    /// Of which workspaces, all checked to exist, in the order of the file.
    pub names: Vec<String>,
    /// Fresh plans are applied where they mean the same.
    pub verify: bool,
    /// Stateful addresses that may be destroyed.
    pub allow_destroy: Vec<String>,
}

/// The nodes that apply saved plans.
pub fn nodes(model: &Arc<Model>, request: &SavedRequest) -> Result<Vec<Node>, Fault> {
    let builder = Builder { model, extra: &[], allowed: &request.allow_destroy, promised: &[] };
    let mut all = Vec::new();
    for name in &request.names {
        let site = builder.site(name);
        let workspace = site.workspace()?;
        let before = model.upstream(workspace).into_iter().filter(|it| request.names.contains(it));
        let needs = before.map(|upstream| Need::Step(builder.applied(&upstream))).collect();
        let init = builder.init(&site, needs, false);
        let mut needs = vec![Need::Step(init.name.clone())];
        let templates = workspace.vars.values().flat_map(VarValue::templates);
        needs.extend(builder.outputs_in(templates.chain(workspace.env.values()).chain(model.env.values())));
        let action = SavedAction {
            site: site.clone(),
            folder: request.folder.clone(),
            verify: request.verify,
            allowed: request.allow_destroy.clone(),
        };
        let names = (step_name(name, Purpose::Apply.plan_step()), format!("take up the plan of {name}"));
        let plan = builder.node(names, needs, Effect::Reads, action);
        all.push(init);
        all.extend(builder.question_and_apply(&site, plan)?);
    }
    let applied: Vec<String> = request.names.iter().map(|name| builder.applied(name)).collect();
    let needs = applied.iter().cloned().map(Need::Step).collect();
    let forget = ForgetSavedAction { folder: request.folder.clone(), names: request.names.clone() };
    let names = ("saved:forget".to_owned(), "remove the saved plans".to_owned());
    all.push(builder.node(names, needs, Effect::Changes, forget));
    all.push(builder.conclude("up:conclude", Purpose::Apply, &request.names, applied));
    Ok(all)
}
