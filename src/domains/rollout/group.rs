//! Rolls one group: look → decide → do, until nothing is left to do.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ask::{ask, demand, note, pause, perform, say};
use super::gate::Healthy;
use super::proxy::{self, Traffic};
use super::retire::{self, Leaving};
use super::roll::{Act, Replica, Standing, leaves_a_gap, next_act};
use super::scene::Scene;
use super::wanted::{can_stand_beside, is_as_wanted, missing_names};
use super::{gate, state};
use crate::adapters::compose::command::{Compose as Caller, Program};
use crate::adapters::docker::command as docker;
use crate::adapters::docker::inspect::Container;
use crate::diagnostic::{Fault, FaultKind};
use crate::release::record::{Compose, Group};
use crate::run::StepContext;
use crate::text::duration;

/// What docker says of a container that was never started.
const CREATED: &str = "created";

/// More acts than any start could need, for each service.
const ACTS: usize = 40;

/// What is known of a container from earlier rounds.
#[derive(Clone, Copy, Debug)]
struct Known {
    standing: Standing,
    /// Since when it answers without a break, where it has answered as often as it had to.
    admitted: Option<Duration>,
    /// It was made in this run.
    is_ours: bool,
}

struct Roller<'a> {
    scene: &'a Scene,
    group: &'a Group,
    compose: &'a Compose,
    caller: Caller,
    traffic: Traffic,
    known: BTreeMap<String, Known>,
    /// By service, the name of the container that a spare stands for, until the spare has it.
    names: BTreeMap<String, String>,
}

/// Makes the containers of `group` what the release wants.
pub(super) fn roll(
    context: &mut StepContext<'_>,
    scene: &Scene,
    group: &Group,
    program: Program,
) -> Result<(), Fault> {
    let traffic = proxy::traffic(context, scene, group)?;
    let mut roller = Roller {
        scene,
        group,
        compose: scene.compose()?,
        caller: scene.caller(program)?,
        traffic,
        known: BTreeMap::new(),
        names: BTreeMap::new(),
    };
    let mut containers = roller.look(context)?;
    for _ in 0..ACTS.saturating_mul(group.services.len().max(1)) {
        let told = state::leaving(&*context.doors().files, &scene.layout)?;
        let replicas: Vec<Replica> =
            containers.iter().map(|container| roller.replica(container, &told)).collect();
        let act = next_act(&group.services, &replicas);
        if act == Act::Done {
            return roller.settle(context, None);
        }
        roller.act(context, &act, (&containers, &replicas, &told))?;
        // A question that was answered changed nothing and took no time.
        if !matches!(&act, Act::Ask(id) if roller.serves(id)) {
            containers = roller.look(context)?;
        }
    }
    Err(Fault::new(FaultKind::Bug, format!("`rollout.{}` does not come to an end", group.name))
        .hint("does something else make or remove containers of these services?"))
}

impl Roller<'_> {
    fn look(&self, context: &mut StepContext<'_>) -> Result<Vec<Container>, Fault> {
        let mut containers = self.scene.containers(context)?;
        let services = &self.group.services;
        containers.retain(|one| one.service().is_some_and(|name| services.iter().any(|other| other == name)));
        Ok(containers)
    }

    fn replica(&self, container: &Container, told: &[String]) -> Replica {
        let known = self.known.get(&container.id);
        let is_wanted = is_as_wanted(container, self.compose) && !told.contains(&container.id);
        Replica {
            id: container.id.clone(),
            service: container.service().unwrap_or_default().to_owned(),
            is_wanted,
            runs: container.is_running(),
            is_spare: is_wanted
                && container.state.status == CREATED
                && known.is_some_and(|known| known.is_ours),
            standing: known.map_or(Standing::Unknown, |known| known.standing),
        }
    }

    fn serves(&self, id: &str) -> bool {
        self.known.get(id).is_some_and(|known| known.standing == Standing::Serves)
    }

    /// The group as the release of a container has it: another release may ask and tell in another way.
    fn own_group<'b>(&'b self, container: &Container) -> &'b Group {
        let service = container.service().unwrap_or_default();
        if is_as_wanted(container, self.compose) {
            return self.group;
        }
        let groups = self.scene.from.iter().flat_map(|from| &from.rollout.groups);
        let mut others = groups.filter(|group| group.services.iter().any(|name| name == service));
        others.next().unwrap_or(self.group)
    }

    /// Whether the new container of a service is healthy in everybody's eyes.
    fn gate(&self, context: &mut StepContext<'_>, container: &Container) -> Result<Healthy, Fault> {
        let mut all = gate::wait(context, self.scene, self.group, container)?;
        for probe in self.traffic.asks().iter().filter(|probe| **probe != self.group.probe) {
            let group = Group { probe: probe.clone(), ..self.group.clone() };
            let one = gate::wait(context, self.scene, &group, container).map_err(|fault| {
                fault
                    .hint("Caddy asks this of it, and would send it nothing: ask for the same in both places")
            })?;
            all = Healthy { took: all.took + one.took, since: all.since.max(one.since) };
        }
        Ok(all)
    }

    fn act(
        &mut self,
        context: &mut StepContext<'_>,
        act: &Act,
        (containers, replicas, told): (&[Container], &[Replica], &[String]),
    ) -> Result<(), Fault> {
        let find = |id: &String| {
            containers
                .iter()
                .find(|container| container.id == *id)
                .ok_or_else(|| Fault::new(FaultKind::Bug, "a container that nobody saw is to be changed"))
        };
        match act {
            Act::Discard(id) => self.discard(context, find(id)?, containers),
            Act::Admit(id) => self.admit(context, find(id)?, containers),
            Act::Ask(id) => {
                let container = find(id)?;
                let answers = gate::answers(context, self.scene, self.own_group(container), container)?;
                let standing = if answers { Standing::Serves } else { Standing::Silent };
                self.known.insert(id.clone(), Known { standing, admitted: None, is_ours: false });
                Ok(())
            }
            Act::Retire(id) => {
                let container = find(id)?;
                let serves = |replica: &&Replica| replica.standing == Standing::Serves;
                let is_next = |replica: &&Replica| {
                    replica.id != *id && Some(replica.service.as_str()) == container.service()
                };
                let successor =
                    replicas.iter().filter(serves).filter(is_next).max_by_key(|next| next.is_wanted);
                let leaving = Leaving {
                    group: self.own_group(container),
                    is_single: self.group.services.len() == 1,
                    traffic: &self.traffic,
                    serves: replicas.iter().filter(serves).any(|replica| replica.id == *id),
                    was_told: told.contains(id),
                    successor: match successor {
                        Some(successor) => Some(find(&successor.id)?.name().to_owned()),
                        None => None,
                    },
                };
                let spare = self.leave(context, container, &leaving, (containers, replicas))?;
                retire::stop(context, self.scene, container)?;
                let Some(spare) = spare else {
                    return retire::discard(context, self.scene, container);
                };
                let known = Known { standing: Standing::Unknown, admitted: None, is_ours: true };
                self.known.insert(spare, known);
                self.names.insert(service_of(container), container.name().to_owned());
                Ok(())
            }
            Act::Create(service) => {
                say(context, format!("making {service}"));
                perform(context, &self.caller.up([service.as_str()]), &not_made(service))?;
                self.take(context, service, containers).map(drop)
            }
            Act::Start(id) => self.start(context, find(id)?),
            Act::Double(service) => self.double(context, service, containers),
            Act::Done => Ok(()),
        }
    }

    fn discard(
        &mut self,
        context: &mut StepContext<'_>,
        container: &Container,
        containers: &[Container],
    ) -> Result<(), Fault> {
        let service = container.service().unwrap_or_default();
        if self.names.get(service).is_some_and(|name| name == container.name()) {
            return self.give_its_name(context, container, containers);
        }
        let was_started = container.state.status != CREATED;
        if was_started && self.known.get(&container.id).is_some_and(|known| known.is_ours) {
            let why = format!("ended with status {}", container.state.exit_code);
            return Err(gate::unhealthy(context, self.scene, self.group, container, &why));
        }
        note(context, &format!("{service}: {}, which does not run, is removed", container.name()));
        retire::discard(context, self.scene, container)
    }

    /// Waits until a container answers, and lets traffic come.
    fn admit(
        &mut self,
        context: &mut StepContext<'_>,
        container: &Container,
        containers: &[Container],
    ) -> Result<(), Fault> {
        let service = container.service().unwrap_or_default();
        let is_ours = self.known.get(&container.id).is_some_and(|known| known.is_ours);
        say(context, format!("waiting until {service} is healthy"));
        let mut since = match self.gate(context, container) {
            Ok(Healthy { took, since }) => {
                note(context, &format!("{service}: healthy after {}", duration::render(took)));
                since
            }
            Err(fault) if is_ours || fault.kind != FaultKind::Failed => return Err(fault),
            Err(fault) => {
                // What was made before and does not answer is made anew.
                note(context, &format!("{}: it is made anew", fault.message));
                self.known.insert(
                    container.id.clone(),
                    Known { standing: Standing::Silent, admitted: None, is_ours: false },
                );
                return Ok(());
            }
        };
        if self.show(context, container, containers)?
            && let Some(again) = self.look(context)?.iter().find(|one| one.id == container.id)
        {
            since = gate::wait(context, self.scene, self.group, again)?.since;
        }
        if let Traffic::Caddy { container: caddy, .. } = &self.traffic
            && proxy::put_back(context, self.scene, caddy, service)?
        {
            since = context.doors().clock.monotonic();
        }
        let known = Known { standing: Standing::Serves, admitted: Some(since), is_ours };
        self.known.insert(container.id.clone(), known);
        Ok(())
    }

    /// Waits until whoever sends traffic has noticed those that were admitted, other than `but`.
    fn settle(&self, context: &mut StepContext<'_>, but: Option<&str>) -> Result<(), Fault> {
        if self.traffic == Traffic::Unknown && self.group.drain.is_none() {
            return Ok(());
        }
        let admitted = self.known.iter().filter(|(id, _)| but != Some(id.as_str()));
        let Some(last) = admitted.filter_map(|(_, known)| known.admitted).max() else {
            return Ok(());
        };
        let until = last + self.traffic.admits_within();
        let left = until.saturating_sub(context.doors().clock.monotonic());
        if !left.is_zero() {
            say(context, format!("waiting {} until the proxy has noticed", duration::render(left)));
        }
        pause(context, left)
    }

    /// Lets a container leave, once the proxy has noticed the others; its spare is made in the meantime, where that is possible. Gives the
    /// spare's id.
    fn leave(
        &self,
        context: &mut StepContext<'_>,
        container: &Container,
        leaving: &Leaving<'_>,
        (containers, replicas): (&[Container], &[Replica]),
    ) -> Result<Option<String>, Fault> {
        let leave = |context: &mut StepContext<'_>| {
            self.settle(context, Some(&container.id))?;
            retire::leave(context, self.scene, container, leaving)
        };
        if !self.may_have_spare(container) || !leaves_a_gap(&self.group.services, replicas, &container.id) {
            return leave(context).map(|()| None);
        }
        let service = service_of(container);
        let spec = self.caller.add(&service, 2);
        let is_new = |one: &Container| containers.iter().all(|other| other.id != one.id);
        let is_spare = |one: &Container| is_new(one) && one.service() == container.service();
        let make = |context: &mut StepContext<'_>| {
            let made = ask(context, &spec)?;
            if made.termination.is_success() {
                return Ok(self.look(context)?.into_iter().find(is_spare).map(|spare| spare.id));
            }
            // What there is of it does not run and so is removed; the call that makes one later says what is wrong.
            note(context, &format!("{service}: it could not be made in advance: {}", made.termination));
            Ok(None)
        };
        // The old one is not removed before compose has ended: it would count one less, and make one more.
        let (left, made) = context.beside(leave, make);
        left.and(made)
    }

    /// Whether a spare can be made beside a container.
    ///
    /// With compose 1.x, of which every call takes about a second; 2.x does more at a start than docker does by itself (secrets,
    /// `post_start`). A spare has a higher number, and 1.x looks for number 1 where somebody says `docker-compose exec web`: so there are
    /// spares only on the way back, which has to be quick, and where no task comes after it that may say that.
    fn may_have_spare(&self, container: &Container) -> bool {
        let has_after = self.scene.to.as_ref().is_some_and(|to| to.rollout.has_after);
        let is_worth_it = self.caller.is_v1 && self.scene.is_way_back() && !has_after;
        is_worth_it && can_stand_beside(container, &self.compose.project)
    }

    /// Removes a container that has ended, and gives its name to the spare that was started in its place: others may know it by that.
    fn give_its_name(
        &mut self,
        context: &mut StepContext<'_>,
        container: &Container,
        containers: &[Container],
    ) -> Result<(), Fault> {
        retire::discard(context, self.scene, container)?;
        let service = service_of(container);
        let is_next = |one: &&Container| one.is_running() && one.service() == container.service();
        let (Some(name), Some(next)) = (self.names.remove(&service), containers.iter().find(is_next)) else {
            return Ok(());
        };
        let spec = docker::rename(self.scene.home(), &next.id, &name);
        demand(context, &spec, "the new container could not get the old one's name").map(drop)
    }

    fn start(&self, context: &mut StepContext<'_>, container: &Container) -> Result<(), Fault> {
        let service = service_of(container);
        say(context, format!("starting {service}"));
        demand(context, &docker::start(self.scene.home(), &container.id), &not_made(&service)).map(drop)
    }

    /// The container that compose made just now.
    fn take(
        &mut self,
        context: &mut StepContext<'_>,
        service: &str,
        before: &[Container],
    ) -> Result<Container, Fault> {
        let is_new =
            |one: &Container| one.service() == Some(service) && before.iter().all(|other| other.id != one.id);
        let made = self.look(context)?.into_iter().find(is_new);
        let made = made.ok_or_else(|| {
            Fault::new(FaultKind::Failed, format!("compose ended well, but made no container of `{service}`"))
        })?;
        if !is_as_wanted(&made, self.compose) {
            let fault = format!("compose made a container of `{service}` that is not what the release says");
            return Err(Fault::new(FaultKind::Failed, fault)
                .detail(format!("{}, of the image {}", made.name(), made.image))
                .hint(
                    "did somebody change the release's files or its images on the server? deploy it again",
                ));
        }
        let known = Known { standing: Standing::Unknown, admitted: None, is_ours: true };
        self.known.insert(made.id.clone(), known);
        Ok(made)
    }

    /// Makes a second container that nobody finds by the service's name before it is healthy.
    fn double(
        &mut self,
        context: &mut StepContext<'_>,
        service: &str,
        containers: &[Container],
    ) -> Result<(), Fault> {
        let number = containers.iter().filter(|one| one.service() == Some(service)).count() + 1;
        say(context, format!("making a second {service}"));
        perform(context, &self.caller.add(service, number), &not_made(service))?;
        let made = self.take(context, service, containers)?;
        let home = self.scene.home();
        for network in made.networks().keys() {
            let what = "the new container could not be kept apart";
            demand(context, &docker::disconnect(home, network, &made.id), what)?;
            demand(context, &docker::connect(home, network, &[], &made.id), what)?;
        }
        demand(context, &docker::start(home, &made.id), &not_made(service)).map(drop)
    }

    /// Gives a container the names by which others of its service are found; whether it had to be changed.
    fn show(
        &self,
        context: &mut StepContext<'_>,
        container: &Container,
        containers: &[Container],
    ) -> Result<bool, Fault> {
        let home = self.scene.home();
        let mut changed = false;
        for (network, names) in missing_names(container, containers) {
            let what = "the new container could not get its names in the network";
            demand(context, &docker::disconnect(home, &network, &container.id), what)?;
            demand(context, &docker::connect(home, &network, &names, &container.id), what)?;
            changed = true;
        }
        Ok(changed)
    }
}

fn service_of(container: &Container) -> String {
    container.service().unwrap_or_default().to_owned()
}

fn not_made(service: &str) -> String {
    format!("the new container of `{service}` could not be made")
}
