//! What the steps of a convergence work on, and what they all ask of it.

use std::path::{Path, PathBuf};

use super::ask;
use crate::adapters::compose::command::{Compose as Caller, Program};
use crate::adapters::docker::guest::{Guest, IMAGE, LIBRARIES};
use crate::adapters::docker::{command as docker, inspect::Container};
use crate::diagnostic::{Fault, FaultKind};
use crate::os::command::CommandSpec;
use crate::os::files::FileKind;
use crate::os::identity;
use crate::release::layout::Layout;
use crate::release::record::{Compose, Release};
use crate::run::StepContext;

/// What is to serve and what served.
pub(super) struct Scene {
    pub(super) layout: Layout,
    pub(super) to: Option<Release>,
    pub(super) from: Option<Release>,
}

impl Scene {
    pub(super) fn home(&self) -> &Path {
        &self.layout.home
    }

    /// The compose project, which both releases have in common.
    pub(super) fn project(&self) -> Option<&str> {
        compose_of(self.to.as_ref())
            .or(compose_of(self.from.as_ref()))
            .map(|compose| compose.project.as_str())
    }

    /// How the containers of what is to serve are made.
    pub(super) fn compose(&self) -> Result<&Compose, Fault> {
        compose_of(self.to.as_ref())
            .ok_or_else(|| Fault::new(FaultKind::Bug, "the release has no containers"))
    }

    /// Whether this is the way back to an earlier release.
    pub(super) fn is_way_back(&self) -> bool {
        let number = |release: &Option<Release>| release.as_ref().map(|release| release.number);
        matches!((number(&self.to), number(&self.from)), (Some(to), Some(from)) if to < from)
    }

    /// The services of a release.
    pub(super) fn services(release: Option<&Release>) -> Vec<String> {
        compose_of(release).map(|compose| compose.images.keys().cloned().collect()).unwrap_or_default()
    }

    /// Calls compose with the files in use.
    pub(super) fn caller(&self, program: Program) -> Result<Caller, Fault> {
        Ok(ask::compose_in_use(&self.layout, self.compose()?, program))
    }

    /// All containers of the project.
    pub(super) fn containers(&self, context: &mut StepContext<'_>) -> Result<Vec<Container>, Fault> {
        match self.project() {
            Some(project) => ask::containers(context, self.home(), project),
            None => Ok(Vec::new()),
        }
    }

    /// The container of Caddy, where it is at work.
    pub(super) fn caddy(&self, context: &mut StepContext<'_>) -> Result<Option<Container>, Fault> {
        let Some(service) = self.to.as_ref().and_then(|to| to.rollout.caddy.as_deref()) else {
            return Ok(None);
        };
        let containers = self.containers(context)?;
        Ok(containers.into_iter().find(|one| one.service() == Some(service) && one.is_running()))
    }

    /// A command of our program as a guest in a container's network.
    pub(super) fn guest(
        &self,
        context: &mut StepContext<'_>,
        container: &str,
        command: impl Fn(&Guest<'_>, &Path) -> CommandSpec,
    ) -> Result<CommandSpec, Fault> {
        if ask::image(context, self.home(), IMAGE)?.is_none() {
            let spec = docker::import_empty(self.home(), IMAGE);
            ask::demand(context, &spec, "the empty image could not be made")?;
        }
        let doors = context.doors();
        let program = doors.environment.executable.clone().ok_or_else(|| {
            Fault::new(FaultKind::World, "the system does not tell where Shipway's program is")
        })?;
        let is_here = |folder: &PathBuf| doors.files.kind(folder) == FileKind::Folder;
        let libraries: Vec<PathBuf> = LIBRARIES.iter().map(PathBuf::from).filter(is_here).collect();
        let guest = Guest { program: &program, libraries: &libraries, container, user: identity::user() };
        Ok(command(&guest, self.home()))
    }
}

fn compose_of(release: Option<&Release>) -> Option<&Compose> {
    release.and_then(|release| release.compose.as_ref())
}
