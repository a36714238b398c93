//! From workspaces to the nodes of a preview: pure.

use std::path::Path;
use std::sync::Arc;

use super::approve::ApprovePreviewAction;
use super::drift::DriftAction;
use super::graph::Builder;
use super::order::with_upstream;
use super::preview::{PreviewAction, PreviewOutputs};
use super::promised::Promised;
use super::pulumi::{StackDriftAction, StackPreviewAction};
use super::site::{Site, step_name};
use crate::diagnostic::{Fault, FaultKind};
use crate::model::{Model, VarValue};
use crate::plan::Effect;
use crate::run::bindings;
use crate::run::node::{Need, Node};

/// The nodes of a preview of `names` and all that they need: each workspace after those that it needs. A workspace that waits for no other
/// is initialised by a step of its own; another one when it is previewed, because its backend may be made by what it waits for.
pub fn nodes(model: &Arc<Model>, names: &[String], save: Option<&Path>) -> Result<Vec<Node>, Fault> {
    let builder = Builder { model, extra: &[], allowed: &[], promised: &[] };
    let mut all = Vec::new();
    for name in &with_upstream(model, names) {
        let site = builder.site(name);
        let workspace = site.workspace()?;
        let direct = model.upstream(workspace);
        let mut upstream = with_upstream(model, std::slice::from_ref(name));
        upstream.retain(|other| other != name);
        let mut needs: Vec<Need> =
            direct.iter().map(|other| Need::Step(step_name(other, "preview"))).collect();
        let is_initialised = direct.is_empty();
        if is_initialised {
            let init = builder.init(&site, Vec::new(), false);
            needs.push(Need::Step(init.name.clone()));
            all.push(init);
        }
        let templates = workspace.vars.values().chain(workspace.backend_config.values());
        let templates = templates.flat_map(VarValue::templates);
        let hook = workspace.before_init.iter().flat_map(crate::model::Command::references);
        needs.extend(builder.outputs_in(templates.chain(workspace.env.values()).chain(model.env.values())));
        needs.extend(builder.outputs_among(hook));
        let tasks = upstream
            .iter()
            .chain([name])
            .filter_map(|name| model.workspaces.get(name))
            .flat_map(|workspace| workspace.tasks().map(|call| call.task.value.clone()))
            .collect();
        // What is only looked at for others is not what was asked to be saved.
        let save = save.filter(|_| names.contains(name)).map(Path::to_owned);
        let names = (step_name(name, "preview"), format!("preview {name}"));
        all.push(if site.is_pulumi() {
            if save.is_some() {
                return Err(unsaved(&site.name));
            }
            builder.node(names, needs, Effect::Reads, StackPreviewAction { site: site.clone(), upstream })
        } else {
            let action = PreviewAction { site: site.clone(), upstream, tasks, is_initialised, save };
            builder.node(names, needs, Effect::Reads, action)
        });
        let names = (bindings::outputs_step(name), format!("outputs of {name}"));
        let needs = vec![Need::Step(step_name(name, "preview"))];
        all.push(builder.node(names, needs, Effect::Reads, PreviewOutputs { site }));
    }
    Ok(all)
}

/// A plan of Pulumi's holds what may be done, and not from which state.
fn unsaved(name: &str) -> Fault {
    let message =
        format!("the plan of `{name}` can't be saved: pulumi's plans are for the machine that made them");
    Fault::new(FaultKind::Usage, message)
        .hint("name the workspaces that are to be saved: `shipway plan NAME --save DIR`")
}

/// The nodes that look for drift in one workspace.
pub(super) fn drift(builder: &Builder<'_>, site: &Site) -> Result<Vec<Node>, Fault> {
    let workspace = site.workspace()?;
    let init = builder.init(site, Vec::new(), false);
    let mut needs = vec![Need::Step(init.name.clone())];
    let templates = workspace.vars.values().flat_map(VarValue::templates);
    let env = workspace.env.values().chain(builder.model.env.values());
    needs.extend(builder.outputs_in(templates.chain(env)));
    let names = (step_name(&site.name, "drift"), format!("drift of {}", site.name));
    let site = site.clone();
    let look = if site.is_pulumi() {
        builder.node(names, needs, Effect::Reads, StackDriftAction { site })
    } else {
        builder.node(names, needs, Effect::Reads, DriftAction { site })
    };
    Ok(vec![init, look])
}

/// The nodes of an `up` whose preview is answered in one question, before anything is initialised or run.
pub fn up_as_previewed(
    model: &Arc<Model>,
    names: &[String],
    promised: &[Promised],
    allowed: &[String],
) -> Result<Vec<Node>, Fault> {
    let builder = Builder { model, extra: &[], allowed, promised };
    let mut words: Vec<String> = Vec::new();
    for promised in promised {
        if let Some(word) = builder.word(builder.site(&promised.workspace).workspace()?)
            && !words.contains(&word)
        {
            words.push(word);
        }
    }
    let action = ApprovePreviewAction { promised: promised.to_vec(), words };
    // By its name it comes before every other step, tasks included.
    let names_of = ("confirm:the preview".to_owned(), "approve the preview".to_owned());
    let approve = builder.node(names_of, Vec::new(), Effect::Reads, action);
    let mut all = builder.up(&with_upstream(model, names))?;
    all.push(approve);
    Ok(all)
}
