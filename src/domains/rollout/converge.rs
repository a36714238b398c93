//! The steps that make a release what serves: its files, the services that are not rolled, each group, the proxy, and what is left over.
//!
//! The order is that of a first deployment: what the app needs, the app, and last the door to it. On later ones the first and the last
//! find nothing to do, and on the way back the same steps lead to the release before.

use std::path::Path;
use std::sync::Arc;

use super::ask::{self, note, perform, warn};
use super::group;
use super::scene::Scene;
use super::wanted::is_as_wanted;
use super::wanted::is_stray;
use super::{FILES, caddyfile, retire, state};
use crate::adapters::compose::command::Program;
use crate::adapters::docker::inspect::Container;
use crate::diagnostic::{Fault, FaultKind};
use crate::os::files::replace_link;
use crate::release::record::{Compose, Flavour, Release};
use crate::run::{Action, Outcome, StepContext};

/// Which step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Start,
    Files,
    Services,
    Group(usize),
    Proxy,
    Leftovers,
    Remove,
}

pub(super) struct ConvergeAction {
    pub(super) verb: Verb,
    pub(super) scene: Arc<Scene>,
}

impl Action for ConvergeAction {
    fn describe(&self) -> Vec<String> {
        self.scene.describe(&self.verb)
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let scene = &self.scene;
        match &self.verb {
            Verb::Start => scene.start_missing(context),
            Verb::Files => scene.use_files(context),
            Verb::Services => scene.services_up(context),
            Verb::Group(number) => scene.roll(context, *number),
            Verb::Proxy => scene.proxy_up(context),
            Verb::Leftovers => scene.remove_leftovers(context),
            Verb::Remove => scene.remove_all(context),
        }
        .into()
    }
}

/// What the first step leaves for the others.
struct InUse(Program);

fn program(context: &StepContext<'_>) -> Result<Program, Fault> {
    let found = context.value::<InUse>(FILES).map(|in_use| in_use.0);
    found.ok_or_else(|| Fault::new(FaultKind::Bug, "nobody looked which compose there is"))
}

impl Scene {
    fn describe(&self, verb: &Verb) -> Vec<String> {
        let name = self.to.as_ref().map(|to| to.name.as_str()).unwrap_or_default();
        // Which of two programs compose 2.x is, is found out when it runs.
        let guess = match self.compose().map(|compose| compose.flavour) {
            Ok(Flavour::V1) => Program::Standalone,
            _ => Program::Plugin,
        };
        let up = |services: &[String]| {
            let caller = self.caller(guess).ok();
            caller.map(|caller| caller.up(services.iter().map(String::as_str)).to_string())
        };
        match verb {
            Verb::Start => {
                let others = self.others().into_iter();
                others.map(|service| format!("start {service}, where it has no container")).collect()
            }
            Verb::Files => vec![format!("{} → releases/{name}", self.layout.current().display())],
            Verb::Services => up(&self.others()).into_iter().collect(),
            Verb::Proxy => {
                let mut lines: Vec<String> = up(&self.caddy_service()).into_iter().collect();
                if self.caddyfile_changed() {
                    lines.push("Caddy loads its new Caddyfile".to_owned());
                }
                lines
            }
            Verb::Group(number) => self.describe_group(*number),
            Verb::Leftovers => self
                .left_over()
                .iter()
                .map(|service| format!("stop and remove the containers of {service}"))
                .collect(),
            Verb::Remove => {
                let services = self.from.as_ref().map(rolled).unwrap_or_default();
                let mut lines: Vec<String> = services
                    .iter()
                    .map(|service| format!("stop and remove the containers of {service}"))
                    .collect();
                lines.push(format!("remove {}", self.layout.current().display()));
                lines
            }
        }
    }

    fn describe_group(&self, number: usize) -> Vec<String> {
        let Some(group) = self.to.as_ref().and_then(|to| to.rollout.groups.get(number)) else {
            return Vec::new();
        };
        match group.services.as_slice() {
            [single] => vec![format!(
                "{single}, where it is not as the release wants it: start a second container, wait until it is \
                 healthy, move traffic, let the old one finish, stop and remove it"
            )],
            services => services
                .iter()
                .map(|service| {
                    format!(
                        "{service}, where it is not as the release wants it: take it out of traffic, let it finish, \
                         stop and remove it, make it anew, wait until it is healthy"
                    )
                })
                .collect(),
        }
    }

    fn caddy_service(&self) -> Vec<String> {
        self.to.as_ref().and_then(|to| to.rollout.caddy.clone()).into_iter().collect()
    }

    /// The services that are neither rolled nor the proxy.
    fn others(&self) -> Vec<String> {
        let Some(to) = &self.to else { return Vec::new() };
        let (rolled, caddy) = (rolled(to), self.caddy_service());
        let mut services = Self::services(Some(to));
        let on_demand = self.compose().map(|compose| compose.on_demand.as_slice()).unwrap_or_default();
        services.retain(|name| !rolled.contains(name) && !caddy.contains(name) && !on_demand.contains(name));
        services
    }

    /// The services that the release does not have any more.
    fn left_over(&self) -> Vec<String> {
        let wanted = Self::services(self.to.as_ref());
        let mut services = Self::services(self.from.as_ref());
        services.retain(|name| !wanted.contains(name));
        services
    }

    /// Whether there are such services.
    pub(super) fn has_leftovers(&self) -> bool {
        !self.left_over().is_empty()
    }

    /// Services whose files changed though nothing else need have.
    fn changed_mounts(&self) -> Vec<&str> {
        let mounts = |release: &'_ Option<Release>| {
            release
                .as_ref()
                .and_then(|release| release.compose.as_ref())
                .map(|compose| compose.mounts.clone())
        };
        let (Some(old), Ok(new)) = (mounts(&self.from), self.compose()) else { return Vec::new() };
        let is_other = |name: &str, digest: &String| old.get(name).is_some_and(|old| old != digest);
        new.mounts
            .iter()
            .filter(|(name, digest)| is_other(name, digest))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    fn caddyfile_changed(&self) -> bool {
        let caddy = self.caddy_service();
        self.changed_mounts().iter().any(|name| caddy.iter().any(|caddy| caddy == name))
    }

    fn use_files(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let Some(to) = &self.to else { return Ok(Outcome::done()) };
        // What could be refused is refused before anything is touched.
        let program = match &to.compose {
            Some(compose) => Some(self.find_program(context, compose)?),
            None => None,
        };
        let link = self.layout.current();
        let target = Path::new("releases").join(&to.name);
        replace_link(&target, &link).map_err(|error| {
            Fault::new(FaultKind::World, format!("{} could not be changed: {error}", link.display()))
        })?;
        state::checkpoint();
        Ok(program.map_or_else(Outcome::done, |program| Outcome::done_with(InUse(program))))
    }

    fn find_program(&self, context: &mut StepContext<'_>, compose: &Compose) -> Result<Program, Fault> {
        let stamp = ask::stamp(context, self.home(), compose.flavour);
        if !stamp.is_empty() && stamp == compose.stamp {
            return Ok(Program::Standalone);
        }
        Ok(ask::program(context, self.home(), compose.flavour)?.0)
    }

    fn start_missing(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let there = self.containers(context)?;
        let mut missing = self.others();
        missing.retain(|name| there.iter().all(|one| one.service() != Some(name.as_str())));
        if missing.is_empty() {
            return Ok(Outcome::UpToDate("all are there".to_owned()));
        }
        let compose = self.compose()?;
        let program = self.find_program(context, compose)?;
        let name = self.to.as_ref().map(|to| to.name.as_str()).unwrap_or_default();
        let caller = ask::compose_at(&self.layout.release(name), compose, program, true);
        let spec = caller.up(missing.iter().map(String::as_str));
        perform(context, &spec, "a service could not be started")?;
        Ok(Outcome::done())
    }

    fn services_up(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let others = self.others();
        if others.is_empty() {
            return Ok(Outcome::Skipped("every service is rolled".to_owned()));
        }
        for name in self.changed_mounts() {
            if others.iter().any(|other| other == name) {
                note(
                    context,
                    &format!("{name}: files that it mounts changed, so its container is made anew"),
                );
            }
        }
        self.remove_strays(context, &others)?;
        if self.are_as_wanted(context, &others)? {
            return Ok(Outcome::UpToDate("they are as the release wants them".to_owned()));
        }
        let caller = self.caller(program(context)?)?;
        perform(context, &caller.up(others.iter().map(String::as_str)), "a service could not be started")?;
        Ok(Outcome::done())
    }

    /// Removes what compose leaves where it dies in the middle of a replacement: the next one stumbles over it.
    fn remove_strays(&self, context: &mut StepContext<'_>, services: &[String]) -> Result<(), Fault> {
        for container in self.containers_of(context, services)? {
            if !container.is_running() && is_stray(container.name()) {
                retire::discard(context, self, &container)?;
            }
        }
        Ok(())
    }

    /// Whether each of these services has its one container, and nothing of it would change: then compose need not be asked, which takes
    /// its time to say so.
    fn are_as_wanted(&self, context: &mut StepContext<'_>, services: &[String]) -> Result<bool, Fault> {
        let compose = self.compose()?;
        let before = self.from.as_ref().and_then(|from| from.compose.as_ref());
        let is_set_alike = |service: &String| {
            let set = compose.settings.get(service);
            set.is_some() && before.is_some_and(|before| before.settings.get(service) == set)
        };
        if !services.iter().all(is_set_alike) {
            return Ok(false);
        }
        let containers = self.containers_of(context, services)?;
        let is_right = |service: &String| {
            let mut own = containers.iter().filter(|one| one.service() == Some(service.as_str()));
            let first = own.next();
            first.is_some_and(|one| one.is_running() && is_as_wanted(one, compose)) && own.next().is_none()
        };
        Ok(services.iter().all(is_right))
    }

    fn containers_of(
        &self,
        context: &mut StepContext<'_>,
        services: &[String],
    ) -> Result<Vec<Container>, Fault> {
        let mut containers = self.containers(context)?;
        containers.retain(|one| one.service().is_some_and(|name| services.iter().any(|other| other == name)));
        Ok(containers)
    }

    fn roll(&self, context: &mut StepContext<'_>, number: usize) -> Result<Outcome, Fault> {
        let group = self.to.as_ref().and_then(|to| to.rollout.groups.get(number));
        let group = group.ok_or_else(|| Fault::new(FaultKind::Bug, "there is no such group"))?;
        let program = program(context)?;
        group::roll(context, self, group, program)?;
        Ok(Outcome::done())
    }

    fn proxy_up(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let services = self.caddy_service();
        self.remove_strays(context, &services)?;
        let before = self.caddy(context)?.map(|container| container.id);
        let is_new = caddyfile::renew(context, self)?;
        if !is_new && self.are_as_wanted(context, &services)? {
            return Ok(Outcome::UpToDate("it is as the release wants it".to_owned()));
        }
        let caller = self.caller(program(context)?)?;
        perform(context, &caller.up(services.iter().map(String::as_str)), "the proxy could not be started")?;
        let now = caddyfile::started(context, self)?;
        match before {
            Some(before) if before == now.id => {
                if !is_new {
                    return Ok(Outcome::UpToDate("it is as the release wants it".to_owned()));
                }
                caddyfile::load(context, self, &now)?;
            }
            Some(_) => {
                let why = "its image, its ports or its settings changed";
                warn(context, &format!("the proxy was made anew, for {why}; connections were cut"));
            }
            None => {}
        }
        caddyfile::record(context, self)?;
        Ok(Outcome::done())
    }

    fn remove_leftovers(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        self.stop_all(context, &self.left_over())?;
        Ok(Outcome::done())
    }

    fn remove_all(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        self.stop_all(context, &self.from.as_ref().map(rolled).unwrap_or_default())?;
        let link = self.layout.current();
        context.doors().files.remove(&link).map_err(|error| {
            Fault::new(FaultKind::World, format!("{} could not be removed: {error}", link.display()))
        })?;
        state::checkpoint();
        Ok(Outcome::done())
    }

    fn stop_all(&self, context: &mut StepContext<'_>, services: &[String]) -> Result<(), Fault> {
        for container in self.containers_of(context, services)? {
            let service = container.service().unwrap_or_default();
            note(context, &format!("{service}: {} is stopped and removed", container.name()));
            retire::remove(context, self, &container)?;
        }
        Ok(())
    }
}

fn rolled(release: &Release) -> Vec<String> {
    release.rollout.groups.iter().flat_map(|group| group.services.iter().cloned()).collect()
}
