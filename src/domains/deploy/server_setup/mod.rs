//! `server setup`: makes a folder on a server into one that can be deployed to, and proves it.
//!
//! `key`: whose machine it is. `program`: what is there, and our own program. `prepare`: folders, repository and hooks, by the program there;
//! and the proof that git really runs them. `files`: env files. Each step looks first and does only what is missing, so the command may be
//! given as often as one likes. `here`: the same as one step of a deployment, where the server is a folder of this machine.

mod files;
mod here;
mod key;
mod pin;
mod prepare;
mod program;

use std::path::Path;
use std::sync::Arc;

use super::request::node;
use super::target::Target;
use crate::diagnostic::{Fault, FaultKind};
use crate::plan::Effect;
use crate::run::StepContext;
use crate::run::node::{Need, Node};

use program::Looked;

pub(super) use files::EnvFilesLook;
pub use files::EnvFilesSeen;
pub(super) use here::{HereAction, may_be_here};

/// The nodes that set a server up.
pub(super) fn nodes(target: &Target, binary: Option<&Path>) -> Vec<Node> {
    let environment = &target.environment;
    let mut nodes: Vec<Node> = Vec::new();
    let mut add = |name: &str, title: String, effect: Effect, action: Box<dyn crate::run::Action>| {
        let mut needs = target.needs();
        needs.extend(nodes.iter().map(|before| Need::Step(before.name.clone())));
        nodes.push(node((name.to_owned(), title), needs, effect, action));
    };
    let target = || target.clone();
    if may_need_key(&target()) {
        let title = "find the host key".to_owned();
        add(key::STEP, title, Effect::Reads, Box::new(key::KeyAction { target: target() }));
        let title = "trust the host key".to_owned();
        add(key::TRUST, title, Effect::Reads, Box::new(key::TrustAction { target: target() }));
        let title = "pin the host key".to_owned();
        add("server:pin", title, Effect::Changes, Box::new(pin::PinAction { target: target() }));
    }
    let binary = binary.map(Path::to_owned);
    let look = program::LookAction { target: target() };
    add(program::STEP, format!("look at the server of {environment}"), Effect::Reads, Box::new(look));
    let action = program::ProgramAction { target: target(), binary };
    add("server:program", "copy the program".to_owned(), Effect::Changes, Box::new(action));
    let action = prepare::PrepareAction { target: target() };
    add("server:prepare", format!("prepare {environment}"), Effect::Changes, Box::new(action));
    if files::has_env_files(&target()) {
        let action = files::FilesAction { target: target() };
        add("server:files", "copy the env files".to_owned(), Effect::Changes, Box::new(action));
    }
    let action = prepare::VerifyAction { target: target() };
    add("server:verify", "try a push".to_owned(), Effect::Reads, Box::new(action));
    nodes
}

/// Whether the server may be another machine whose key is not pinned.
fn may_need_key(target: &Target) -> bool {
    let is_path = |address: &str| !address.contains("://") && !address.starts_with("{{");
    let is_pinned = target.server().is_ok_and(|server| server.host_key.is_some());
    !is_pinned && !is_path(&target.shown_address())
}

fn looked(context: &StepContext<'_>) -> Result<Arc<Looked>, Fault> {
    context
        .value::<Looked>(program::STEP)
        .ok_or_else(|| Fault::new(FaultKind::Bug, "nobody has looked at the server"))
}
