//! An environment that is deployed to, as the file has it. Pure.

use std::sync::Arc;

use crate::diagnostic::{Fault, FaultKind};
use crate::model::{Call, Deploy, DeployTarget, Environment, Model, Part, Template};
use crate::run::node::Need;

/// An environment that is deployed to.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) model: Arc<Model>,
    pub(super) environment: String,
}

/// Where its server is.
pub(super) struct ServerOf<'a> {
    pub(super) address: &'a Template,
    pub(super) host_key: Option<&'a str>,
}

impl Target {
    /// The environment `name`, where it is deployed to.
    pub(super) fn find(model: &Arc<Model>, name: &str) -> Result<Self, Fault> {
        let target = Self { model: Arc::clone(model), environment: name.to_owned() };
        target.deploy().map(|_| target.clone())
    }

    fn declared(&self) -> Option<&Environment> {
        self.model.environments.get(&self.environment)
    }

    fn deploy(&self) -> Result<&Deploy, Fault> {
        self.declared().and_then(|environment| environment.deploy.as_ref()).ok_or_else(|| {
            let name = &self.environment;
            let message = format!("the tasks file does not say where `{name}` is deployed to");
            Fault::new(FaultKind::Usage, message)
                .hint(format!("add this, with your server and folder:\n{}", example(name)))
        })
    }

    /// Its server; a fault where a task deploys it.
    pub(super) fn server(&self) -> Result<ServerOf<'_>, Fault> {
        match &self.deploy()?.target {
            DeployTarget::Server { address, host_key, .. } => {
                Ok(ServerOf { address, host_key: host_key.as_deref() })
            }
            DeployTarget::Task(call) => {
                let message = format!("`{}` is deployed by the task `{}`", self.environment, call.task.value);
                Err(Fault::new(FaultKind::Usage, message)
                    .hint("Shipway knows its deployments only where it has a `server`"))
            }
        }
    }

    /// The private key with which a person logs in, where the file names one.
    pub(super) fn ssh_key(&self) -> Option<&Template> {
        match &self.deploy().ok()?.target {
            DeployTarget::Server { ssh_key, .. } => ssh_key.as_ref(),
            DeployTarget::Task(_) => None,
        }
    }

    /// The task that deploys it, where one does.
    pub(super) fn task(&self) -> Option<&Call> {
        match &self.deploy().ok()?.target {
            DeployTarget::Task(call) => Some(call),
            DeployTarget::Server { .. } => None,
        }
    }

    /// Whether its name has to be typed.
    pub(super) fn is_protected(&self) -> bool {
        self.declared().is_some_and(|environment| environment.protected)
    }

    /// The outputs that its address stands on.
    pub(super) fn needs(&self) -> Vec<Need> {
        let Ok(server) = self.server() else { return Vec::new() };
        Need::of(&self.model, server.address.references())
    }

    /// Its address for a dry run: what is not known yet stands as it was written.
    pub(super) fn shown_address(&self) -> String {
        let Ok(server) = self.server() else { return String::new() };
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Hole(hole) => format!("{{{{ {} }}}}", hole.reference),
        };
        server.address.parts.iter().map(part).collect()
    }
}

fn example(name: &str) -> String {
    format!("[environments.{name}.deploy]\nserver = \"ssh://deploy@HOST/srv/app\"")
}
