//! What a person wants of an environment's deployments, and the steps that do it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::check::CheckAction;
use super::follow::{AttachAction, CancelAction};
use super::login::{LoginAction, LoginRequest};
use super::look::{Look, LookAction};
use super::perform::PerformAction;
use super::server_setup::{self, HereAction, may_be_here};
use super::tag::{TagRequest, tag_nodes};
use super::target::Target;
use super::{approve, look, survey};
use crate::diagnostic::Fault;
use crate::model::{Call, Model, Template};
use crate::plan::{Effect, WhenOrphaned};
use crate::run::Action;
use crate::run::bindings::{ArgumentValue, Scope};
use crate::run::node::{Need, Node};

/// What a person wants of an environment's deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The environment.
    pub environment: String,
    /// What is wanted.
    pub wish: Wish,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A version is to be live.
    Version(VersionRequest),
    /// An earlier release is to be live again.
    Rollback {
        /// The deployment that made it; `None`: the last good one before what is live.
        to: Option<u64>,
        /// Fail at once where somebody is at work.
        no_wait: bool,
    },
    /// What a deployment prints, until it is over.
    Attach {
        /// The last one where none is named.
        number: Option<u64>,
    },
    /// The deployment that is under way is to end.
    Cancel,
    /// What is live and what is under way.
    Status {
        /// A server that does not answer for so long is not waited for.
        limit: Option<Duration>,
    },
    /// All deployments.
    Releases,
    /// What a deployment printed.
    Log {
        /// The last one where none is named.
        number: Option<u64>,
    },
    /// Whether the server has the env files as they are here.
    EnvFiles,
    /// A person wants to log in.
    Login(LoginRequest),
    /// The server is to be prepared.
    Setup {
        /// The program that is to run there; our own where none is named.
        binary: Option<PathBuf>,
    },
}

/// A version that is to be live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRequest {
    /// Which.
    pub version: Version,
    /// The tag that is made first.
    pub tag: Option<TagRequest>,
    /// Also where it is live already.
    pub again: bool,
    /// Fail at once where somebody is at work.
    pub no_wait: bool,
}

/// Which version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// What a tag stands on.
    Tag(String),
    /// A commit, by any name that git knows.
    Commit(String),
}

impl Version {
    /// As a person named it.
    pub fn name(&self) -> &str {
        match self {
            Self::Tag(name) | Self::Commit(name) => name,
        }
    }

    /// The tag, where it is one.
    pub(super) fn tag(&self) -> Option<&str> {
        match self {
            Self::Tag(name) => Some(name),
            Self::Commit(_) => None,
        }
    }

    /// As git is asked for it.
    pub(super) fn revision(&self) -> String {
        match self {
            Self::Tag(name) => format!("refs/tags/{name}"),
            Self::Commit(name) => name.clone(),
        }
    }
}

/// The nodes that do it. Of an environment that a task deploys, what comes before that task.
pub fn nodes(model: &Arc<Model>, request: &Request) -> Result<Vec<Node>, Fault> {
    let target = Target::find(model, &request.environment)?;
    if let (Wish::Version(version), Some(call)) = (&request.wish, target.task()) {
        return Ok(before_task(&target, version, call));
    }
    target.server()?;
    let environment = &request.environment;
    let one = |verb: &str, title: String, effect: Effect, action: Box<dyn Action>| {
        vec![node((format!("deploy:{verb}"), title), target.needs(), effect, action)]
    };
    Ok(match &request.wish {
        Wish::Version(version) => version_nodes(&target, version),
        Wish::Rollback { .. } => change_nodes(&target, &request.wish, "roll back", &[]),
        Wish::Attach { number } => {
            let action = AttachAction { target: target.clone(), number: *number };
            one("attach", format!("follow {environment}"), Effect::Reads, Box::new(action))
        }
        Wish::Cancel => {
            let action = CancelAction { target: target.clone() };
            one(
                "cancel",
                format!("cancel what is under way on {environment}"),
                Effect::Changes,
                Box::new(action),
            )
        }
        Wish::Status { limit } => {
            let look = LookAction { target: target.clone(), look: Look::Status { limit: *limit } };
            let name = (look::status_step(environment), format!("look at {environment}"));
            vec![node(name, target.needs(), Effect::Reads, Box::new(look))]
        }
        Wish::Releases => {
            let look = LookAction { target: target.clone(), look: Look::Releases };
            one("releases", format!("list the releases of {environment}"), Effect::Reads, Box::new(look))
        }
        Wish::Log { number } => {
            let look = LookAction { target: target.clone(), look: Look::Log { number: *number } };
            one("log", format!("read the log of {environment}"), Effect::Reads, Box::new(look))
        }
        Wish::EnvFiles => {
            let look = server_setup::EnvFilesLook { target: target.clone() };
            let title = format!("compare the env files of {environment}");
            vec![node((env_files_step(environment), title), target.needs(), Effect::Reads, Box::new(look))]
        }
        Wish::Login(login) => {
            let action = LoginAction { target: target.clone(), request: login.clone() };
            let mut nodes = one("login", format!("log in to {environment}"), Effect::Reads, Box::new(action));
            let key = target.ssh_key().into_iter().flat_map(Template::references);
            let needs = Need::of(model, key);
            nodes.iter_mut().for_each(|node| node.needs.extend(needs.iter().cloned()));
            nodes
        }
        Wish::Setup { binary } => server_setup::nodes(&target, binary.as_deref()),
    })
}

/// The name of the step that compares an environment's env files with those of its server.
pub fn env_files_step(environment: &str) -> String {
    format!("deploy:env-files:{environment}")
}

/// The task that deploys the environment, with what it is told in its own environment; `None` where a server does. It needs the steps of
/// `nodes` before it.
pub fn task(model: &Arc<Model>, request: &Request) -> Result<Option<(Call, Scope)>, Fault> {
    let target = Target::find(model, &request.environment)?;
    let (Wish::Version(version), Some(call)) = (&request.wish, target.task()) else { return Ok(None) };
    let mut told = Scope::default();
    let mut tell = |name: &str, value: &str| {
        told.args.insert(name.to_owned(), ArgumentValue::Text(value.to_owned()));
    };
    tell("SHIPWAY_ENVIRONMENT", &request.environment);
    match &version.version {
        Version::Tag(name) => tell("SHIPWAY_TAG", name),
        Version::Commit(name) => tell("SHIPWAY_COMMIT", name),
    }
    Ok(Some((call.clone(), told)))
}

pub(super) fn node(
    (name, title): (String, String),
    needs: Vec<Need>,
    effect: Effect,
    action: Box<dyn Action>,
) -> Node {
    // The server does not need us: what it has begun it brings to its end.
    Node { name, title, needs, after: Vec::new(), effect, when_orphaned: WhenOrphaned::Stop, action }
}

fn step(name: &str) -> Need {
    Need::Step(name.to_owned())
}

fn version_nodes(target: &Target, request: &VersionRequest) -> Vec<Node> {
    let mut nodes = tagged(request);
    let last = nodes.last().map(|node| node.name.clone());
    // Nothing is changed here, not even a tag made, where the server can't be reached.
    for node in nodes.iter_mut().filter(|node| node.effect != Effect::Reads || node.name == "tag:approve") {
        node.needs.push(step(survey::STEP));
    }
    let wish = Wish::Version(request.clone());
    let title = format!("deploy {}", request.version.name());
    nodes.extend(change_nodes(target, &wish, &title, last.as_slice()));
    nodes
}

fn tagged(request: &VersionRequest) -> Vec<Node> {
    request.tag.as_ref().map(tag_nodes).unwrap_or_default()
}

/// Look, compare, ask where the environment is protected, do.
fn change_nodes(target: &Target, wish: &Wish, title: &str, after: &[String]) -> Vec<Node> {
    let environment = &target.environment;
    let hurried = match wish {
        Wish::Version(request) if request.no_wait => request.tag.as_ref().map(|tag| tag.name.clone()),
        _ => None,
    };
    let named = |name: &str, title: String| (name.to_owned(), title);
    // A server of this machine is prepared by the first deployment to it; going back needs one that was made.
    let prepares = matches!(wish, Wish::Version(_)) && may_be_here(target);
    let survey = survey::SurveyAction { target: target.clone(), hurried, prepares };
    let check = CheckAction { target: target.clone(), wish: wish.clone() };
    let mut check_needs = target.needs();
    check_needs.push(step(survey::STEP));
    check_needs.extend(after.iter().map(|name| step(name)));
    let mut nodes = vec![
        node(
            named(survey::STEP, format!("look at {environment}")),
            target.needs(),
            Effect::Reads,
            Box::new(survey),
        ),
        node(
            named(CheckAction::STEP, format!("compare with what is live on {environment}")),
            check_needs,
            Effect::Reads,
            Box::new(check),
        ),
    ];
    let mut last = vec![step(CheckAction::STEP)];
    if target.is_protected() {
        last.push(step(approve::STEP));
        nodes.push(node(
            named(approve::STEP, format!("approve {environment}")),
            vec![step(CheckAction::STEP)],
            Effect::Reads,
            Box::new(approve::ApproveAction { target: target.clone() }),
        ));
    }
    if prepares {
        let mut needs = target.needs();
        needs.push(step(survey::STEP));
        needs.append(&mut last.clone());
        let name = named(HereAction::STEP, "prepare the server".to_owned());
        nodes.push(node(name, needs, Effect::Changes, Box::new(HereAction::new(target))));
        last.push(step(HereAction::STEP));
    }
    let perform = PerformAction { target: target.clone(), wish: wish.clone() };
    let needs = target.needs().into_iter().chain(last).collect();
    let title = match wish {
        Wish::Rollback { .. } => format!("{title} {environment}"),
        _ => format!("{title} to {environment}"),
    };
    nodes.push(node(named("deploy:push", title), needs, Effect::Changes, Box::new(perform)));
    nodes
}

/// What comes before the task that deploys: the tag, and the question of a protected environment.
fn before_task(target: &Target, request: &VersionRequest, call: &Call) -> Vec<Node> {
    let mut nodes = tagged(request);
    if target.is_protected() {
        let version = request.version.name().to_owned();
        let task = call.task.value.clone();
        let ask = approve::TaskApproveAction { target: target.clone(), version, task };
        // Its name makes it a question that comes before everything.
        let name = format!("confirm:deploy {}", target.environment);
        let title = format!("approve {}", target.environment);
        nodes.push(node((name, title), Vec::new(), Effect::Reads, Box::new(ask)));
    }
    nodes
}
