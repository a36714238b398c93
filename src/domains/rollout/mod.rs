//! What a server does with a release: makes its images, and then makes it what serves.
//!
//! The second part is a reconciliation: `look at the replicas → decide the next act → journal it → do it`, until nothing is left to do.
//! The decision is a pure function of what is seen, so it does not matter who died where before: a roll-out, a roll-back, putting back
//! after a failure and recovery after a crash are one algorithm with different targets.

mod ask;
mod build;
mod caddyfile;
mod converge;
mod gate;
mod group;
pub mod guest;
mod idle;
mod lint;
pub mod mounts;
mod proxy;
mod resolve;
mod retire;
mod roll;
mod scene;
pub mod state;
mod wanted;

pub use resolve::resolve;

use std::sync::Arc;

use crate::plan::{Effect, WhenOrphaned};
use crate::release::layout::Layout;
use crate::release::protocol::Settings;
use crate::release::record::Release;
use crate::run::Action;
use crate::run::node::{Need, Node};

/// A release's override file, beside its `src`.
const OVERRIDE: &str = "override.yml";

/// A release's record, beside its `src`.
const RELEASE: &str = "release.json";

/// Label of a rolled container: what it was made of besides its image.
const FINGERPRINT: &str = "shipway.fingerprint";

/// Label of a rolled container: seconds between the polite and the hard end.
const GRACE: &str = "shipway.grace";

/// Label of a rolled container: in how many networks it is.
const NETWORKS: &str = "shipway.networks";

/// The step that reads the compose files.
const CHECK: &str = "rollout:check";

/// The step that changes which files are in use.
const FILES: &str = "rollout:files";

/// What is wanted of the containers of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The environment's folder.
    pub layout: Layout,
    /// Which part of a deployment.
    pub part: Part,
}

/// A part of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Lints the compose files, builds the images that are not there, and writes `override.yml` and `release.json`. Touches nothing that
    /// serves. For a project without compose files it writes `release.json` alone.
    Build {
        /// The release with everything but its images: `compose` names flavour, project and files where there are compose files.
        draft: Box<Release>,
        /// What is live: a service that is not rolled and whose image did not change keeps its name for it, and so its container.
        live: Option<Box<Release>>,
        /// What `server setup` pinned.
        settings: Box<Settings>,
    },
    /// Starts the services that are not rolled and have no container yet: tasks that run before traffic moves may need them. What is there
    /// stays as it is.
    Start {
        /// The release that is to serve.
        to: Box<Release>,
    },
    /// Makes `to` what serves: `current`, the services that are not rolled, then each group.
    Converge {
        /// What is to serve; `None`: nothing, what `from` started is taken away.
        to: Option<Box<Release>>,
        /// What served before, or was on its way.
        from: Option<Box<Release>>,
    },
}

/// The nodes of a part, one after another.
pub fn nodes(request: &Request) -> Vec<Node> {
    let layout = request.layout.clone();
    let steps: Vec<(String, String, Effect, Box<dyn Action>)> = match &request.part {
        Part::Build { draft, live, settings } => {
            let site = Arc::new(build::Site {
                layout,
                draft: draft.as_ref().clone(),
                live: live.as_deref().cloned(),
                settings: settings.as_ref().clone(),
            });
            build_steps(&site)
        }
        Part::Start { to } => {
            let scene = scene::Scene { layout, to: Some(to.as_ref().clone()), from: None };
            let verb = converge::Verb::Start;
            let action = Box::new(converge::ConvergeAction { verb, scene: Arc::new(scene) });
            let title = "start what is not there yet";
            vec![("rollout:start".to_owned(), title.to_owned(), Effect::Changes, action)]
        }
        Part::Converge { to, from } => {
            let (to, from) = (to.as_deref().cloned(), from.as_deref().cloned());
            converge_steps(&Arc::new(scene::Scene { layout, to, from }))
        }
    };
    let mut nodes: Vec<Node> = Vec::new();
    for (name, title, effect, action) in steps {
        let needs = nodes.last().map(|node| Need::Step(node.name.clone())).into_iter().collect();
        let when_orphaned = WhenOrphaned::Stop;
        nodes.push(Node { name, title, needs, after: Vec::new(), effect, when_orphaned, action });
    }
    nodes
}

type Step = (String, String, Effect, Box<dyn Action>);

fn build_steps(site: &Arc<build::Site>) -> Vec<Step> {
    let step = |verb: build::Verb, name: &str, title: &str, effect: Effect| {
        let action = build::BuildAction { verb, site: Arc::clone(site) };
        (name.to_owned(), title.to_owned(), effect, Box::new(action) as Box<dyn Action>)
    };
    let write = step(build::Verb::Write, "rollout:release", "write the release down", Effect::Changes);
    match site.draft.compose {
        None => vec![write],
        Some(_) => vec![
            step(build::Verb::Check, CHECK, "check the compose files", Effect::Reads),
            step(build::Verb::Images, "rollout:images", "make the images", Effect::Changes),
            write,
        ],
    }
}

fn converge_steps(scene: &Arc<scene::Scene>) -> Vec<Step> {
    use converge::Verb;

    let step = |verb: Verb, name: &str, title: &str| {
        let action = converge::ConvergeAction { verb, scene: Arc::clone(scene) };
        (name.to_owned(), title.to_owned(), Effect::Changes, Box::new(action) as Box<dyn Action>)
    };
    let Some(to) = &scene.to else {
        return vec![step(Verb::Remove, "rollout:remove", "take away what was started")];
    };
    let mut steps = vec![step(Verb::Files, FILES, &format!("use the files of {}", to.name))];
    if to.compose.is_some() {
        steps.push(step(Verb::Services, "rollout:services", "services that are not rolled"));
        for (number, group) in to.rollout.groups.iter().enumerate() {
            let name = format!("rollout:group:{}", group.name);
            steps.push(step(Verb::Group(number), &name, &format!("roll {}", group.name)));
        }
        if to.rollout.caddy.is_some() {
            steps.push(step(Verb::Proxy, "rollout:proxy", "the proxy"));
        }
    }
    if scene.has_leftovers() {
        steps.push(step(Verb::Leftovers, "rollout:leftovers", "services that are no more"));
    }
    steps
}

#[cfg(test)]
mod tests;
