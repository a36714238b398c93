//! Init ahead of its turn: what it reads and makes lies on this machine, so it need not wait until what the workspace depends on is applied.
//!
//! That is so where nothing between could have a part in it: the state is in a file and not with a backend that an earlier workspace may have
//! to make first, no hook of an earlier workspace runs before, no value of another workspace is in the environment, and all local modules
//! are there. A root that an earlier apply writes files into all the same says in its plan that it has to be initialised, and then is.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::site::{Site, step_name};
use crate::adapters::terraform::module::SourceKind;
use crate::adapters::terraform::{backend, init};
use crate::diagnostic::Fault;
use crate::model::{Model, Template, Workspace};
use crate::os::Doors;
use crate::os::files::FileKind;
use crate::run::bindings::Scope;
use crate::run::node::{Need, Node};

/// Lets workspaces of an `up` be initialised as soon as they can be; their plans wait for what their inits waited for.
pub fn initialise_ahead(model: &Arc<Model>, doors: &Doors, mut nodes: Vec<Node>) -> Vec<Node> {
    for name in model.workspaces.keys() {
        let at = |verb: &str| {
            let step = step_name(name, verb);
            nodes.iter().position(|node| node.name == step)
        };
        let (Some(init), Some(plan)) = (at("init"), at("plan")) else { continue };
        let site = Site { model: Arc::clone(model), name: name.clone() };
        if !can_be_ahead(&site, doors).unwrap_or(false) {
            continue;
        }
        let earlier = earlier(model, name);
        let applied: BTreeSet<String> = earlier
            .iter()
            .flat_map(|name| ["apply", "after-apply"].map(|verb| step_name(name, verb)))
            .collect();
        let is_applied = |need: &Need| matches!(need, Need::Step(step) if applied.contains(step));
        let needs = nodes.get_mut(init).map(|node| std::mem::take(&mut node.needs)).unwrap_or_default();
        let (later, mut needs): (Vec<Need>, Vec<Need>) = needs.into_iter().partition(is_applied);
        // Their tasks may make files that this init reads.
        let tasks = earlier.iter().filter_map(|name| model.workspaces.get(name)).flat_map(Workspace::tasks);
        needs.extend(tasks.map(|call| Need::Call(call.clone(), Scope::default())));
        if let Some(node) = nodes.get_mut(init) {
            node.needs = needs;
        }
        if let Some(node) = nodes.get_mut(plan) {
            node.needs.extend(later);
        }
    }
    nodes
}

fn can_be_ahead(site: &Site, doors: &Doors) -> Result<bool, Fault> {
    if site.is_pulumi() {
        return Ok(false);
    }
    let (model, workspace, folder) = (&site.model, site.workspace()?, site.folder()?);
    let env = workspace.env.values().chain(model.env.values()).flat_map(Template::references);
    let earlier = earlier(model, &site.name);
    let has_hooks = earlier.iter().filter_map(|name| model.workspaces.get(name)).any(|earlier| {
        [&earlier.before_init, &earlier.before_apply, &earlier.after_apply]
            .iter()
            .any(|hook| !hook.is_empty())
    });
    let is_told = !workspace.before_init.is_empty() || !workspace.backend_config.is_empty();
    if earlier.is_empty() || is_told || has_hooks || !Need::of(model, env).is_empty() {
        return Ok(false);
    }
    // A cache of plugins that inits share breaks where they run side by side: then as few of them as possible do.
    if doors.environment.is_set("TF_PLUGIN_CACHE_DIR") || doors.files.kind(&folder) != FileKind::Folder {
        return Ok(false);
    }
    let files = site.files(doors)?;
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let surfaces = init::static_need(&files);
    let modules = surfaces.modules.iter().filter(|module| module.kind() == SourceKind::Local);
    let mut places = modules.map(|module| folder.join(&module.source));
    Ok(surfaces.needs_init()
        && backend::is_local(&files)
        && places.all(|place| doors.files.kind(&place) == FileKind::Folder))
}

/// The workspaces that come before, with all that these need.
fn earlier(model: &Model, name: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(workspace) = open.pop().and_then(|name| model.workspaces.get(&name)) {
        open.extend(model.upstream(workspace).into_iter().filter(|name| found.insert(name.clone())));
    }
    found
}
