//! Who sends traffic to a group, and how it is made to stop.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ask::{ask, note, pause, warn};
use super::scene::Scene;
use crate::adapters::caddy::{self, NoticesWithin, Upstreams, leaving};
use crate::adapters::docker::inspect::Container;
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Secret;
use crate::os::clock::since_boot;
use crate::os::command::Input;
use crate::os::files::FileKind;
use crate::release::record::{Group, Probe};
use crate::run::StepContext;

/// Where nobody can be asked how often health is looked at: after this time it was noticed.
pub(super) const FALLBACK: Duration = Duration::from_secs(9);

/// Time between two looks at what Caddy has in hand, beside what the question takes.
const LOOK: Duration = Duration::from_millis(50);

/// What was taken out of Caddy's upstreams and has to be put back: `proxy.json`.
const TAKEN: &str = "proxy.json";

/// Who sends traffic to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    /// The proxy does not run: nobody.
    Nobody,
    /// Somebody who can't be asked.
    Unknown,
    /// Caddy, with these services among its upstreams.
    Caddy {
        /// Its container.
        container: String,
        /// How long it takes to notice a change of health; `None`: it looks at nobody's health.
        notices_within: Option<NoticesWithin>,
        /// By which names it may know a service.
        names: Names,
        /// What it asks of a container to learn of its health.
        asks: Vec<Probe>,
    },
}

/// By which names others find the services of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    project: String,
    /// Service and name.
    known: Vec<(String, String)>,
    /// The addresses that Caddy sends requests to, each of them of one service only.
    dials: BTreeSet<String>,
}

impl Names {
    /// Those that the containers of `services` have in their networks, and their own.
    fn gather(project: &str, services: &[String], containers: &[Container]) -> Self {
        let mut known = Vec::new();
        for container in containers {
            let Some(service) = container.service().filter(|name| services.iter().any(|other| other == name))
            else {
                continue;
            };
            let aliases = container.networks().keys().flat_map(|network| container.aliases(network));
            for name in aliases.chain([container.name().to_owned()]) {
                known.push((service.to_owned(), name));
            }
        }
        Self { project: project.to_owned(), known, dials: BTreeSet::new() }
    }

    /// Whether a host name leads to a container that is there.
    fn is_there(&self, host: &str) -> bool {
        self.known.iter().any(|(owner, name)| owner == host || name == host)
    }

    /// The addresses by which Caddy sends requests to a service and to no other.
    pub(super) fn dials_of(&self, service: &str) -> Vec<String> {
        let is_meant = |dial: &&String| self.is_of(caddy::host_of(dial), service);
        self.dials.iter().filter(is_meant).cloned().collect()
    }

    /// Whether a host name is one of a service: its name, one that its containers have, or what compose calls them.
    fn is_of(&self, host: &str, service: &str) -> bool {
        host == service
            || self.known.iter().any(|(owner, name)| owner == service && name == host)
            || is_made_by_compose(host, &self.project, service)
    }
}

impl Traffic {
    /// What has to be asked of a container beside the group's own question, for whoever sends traffic asks that.
    pub(super) fn asks(&self) -> &[Probe] {
        match self {
            Self::Caddy { asks, .. } => asks,
            Self::Nobody | Self::Unknown => &[],
        }
    }

    /// How long it takes until whoever sends traffic has noticed that a container is healthy.
    pub(super) fn admits_within(&self) -> Duration {
        match self {
            Self::Nobody => Duration::ZERO,
            Self::Unknown => FALLBACK,
            Self::Caddy { notices_within, .. } => {
                notices_within.map_or(Duration::ZERO, |within| within.coming)
            }
        }
    }
}

/// Upstreams that were taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Taken {
    service: String,
    path: String,
    upstreams: Vec<Value>,
}

/// Finds out who sends traffic to the services of a group.
pub(super) fn traffic(context: &mut StepContext<'_>, scene: &Scene, group: &Group) -> Result<Traffic, Fault> {
    let Some(service) = scene.to.as_ref().and_then(|to| to.rollout.caddy.as_deref()) else {
        return Ok(Traffic::Unknown);
    };
    let containers = scene.containers(context)?;
    let caddy = containers.iter().find(|one| one.service() == Some(service) && one.is_running());
    let Some(caddy) = caddy else {
        return Ok(Traffic::Nobody);
    };
    let config = match config(context, scene, &caddy.id)? {
        Ok(config) => config,
        Err(why) => {
            warn(context, &format!("Caddy could not be asked for its configuration: {why}"));
            if group.drain.is_none() {
                let text = format!(
                    "without Caddy's admin interface or a `drain` in `rollout.{}` requests may be lost now",
                    group.name
                );
                warn(context, &text);
            }
            return Ok(Traffic::Unknown);
        }
    };
    let services = &group.services;
    let mut names = Names::gather(scene.project().unwrap_or_default(), services, &containers);
    let owners = |host: &str| services.iter().filter(|service| names.is_of(host, service)).count();
    let found = caddy::upstreams(&config, &|host| owners(host) > 0);
    if found.is_empty() {
        warn(context, &format!("Caddy has no service of `rollout.{}` among its upstreams", group.name));
        return Ok(Traffic::Unknown);
    }
    if let Some(host) = found.iter().flat_map(Upstreams::hosts).find(|host| owners(host) > 1) {
        let text = format!(
            "Caddy reaches several services of `rollout.{}` as `{host}`, and so can't tell which one leaves: give \
             it each by its own name",
            group.name
        );
        warn(context, &text);
    }
    let notices_within = match found.iter().all(|upstreams| upstreams.notices_within.is_some()) {
        true => found.iter().filter_map(|upstreams| upstreams.notices_within).reduce(NoticesWithin::max),
        false => None,
    };
    if services.len() > 1 {
        let advice = match (&group.drain, notices_within) {
            (None, _) => Some(format!("with a `drain` in `rollout.{}`", group.name)),
            (Some(_), None) => Some("with `health_uri` in its `reverse_proxy`".to_owned()),
            (Some(_), Some(_)) => None,
        };
        if let Some(advice) = advice {
            let text = format!("Caddy is reloaded twice for each replica; {advice} it would not have to be");
            note(context, &text);
        }
    }
    let mut asks = Vec::new();
    for (upstreams, asked) in found.iter().filter_map(|one| one.asks.as_ref().map(|asked| (one, asked))) {
        for port in upstreams.ports(&|host| owners(host) > 0) {
            let probe = Probe::Http { path: asked.uri.clone(), port: asked.port.unwrap_or(port) };
            if !asks.contains(&probe) {
                asks.push(probe);
            }
        }
    }
    let dials =
        found.iter().flat_map(|upstreams| &upstreams.list).filter_map(|one| one.get("dial")?.as_str());
    let dials = dials.filter(|dial| owners(caddy::host_of(dial)) == 1);
    let dials = dials.map(str::to_owned).collect();
    names.dials = dials;
    Ok(Traffic::Caddy { container: caddy.id.clone(), notices_within, names, asks })
}

/// Whether a host name is what compose calls a container of a service.
pub(super) fn is_made_by_compose(host: &str, project: &str, service: &str) -> bool {
    let number = host
        .strip_prefix(project)
        .and_then(|rest| rest.strip_prefix(['_', '-']))
        .and_then(|rest| rest.strip_prefix(service))
        .and_then(|rest| rest.strip_prefix(['_', '-']));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Caddy's configuration as it is; the inner error says why it could not be read.
fn config(
    context: &mut StepContext<'_>,
    scene: &Scene,
    caddy_id: &str,
) -> Result<Result<Value, String>, Fault> {
    let spec = scene.guest(context, caddy_id, |guest, dir| guest.get(dir, caddy::CONFIG))?;
    let answer = ask(context, &spec)?;
    if !answer.termination.is_success() {
        return Ok(Err(answer.err.last().cloned().unwrap_or_else(|| answer.termination.to_string())));
    }
    Ok(serde_json::from_str(&answer.out).map_err(|error| error.to_string()))
}

/// Whether Caddy's admin interface answers.
pub(super) fn answers(context: &mut StepContext<'_>, scene: &Scene, caddy_id: &str) -> Result<bool, Fault> {
    Ok(config(context, scene, caddy_id)?.is_ok())
}

fn known(context: &mut StepContext<'_>, scene: &Scene, caddy_id: &str) -> Result<Value, Fault> {
    config(context, scene, caddy_id)?.map_err(|why| {
        Fault::new(FaultKind::World, format!("Caddy could not be asked for its configuration: {why}"))
            .hint("Shipway talks to Caddy's admin interface on `localhost:2019`: is it switched off?")
    })
}

fn send(
    context: &mut StepContext<'_>,
    scene: &Scene,
    caddy_id: &str,
    (method, url, kind, body): (&str, &str, &str, String),
) -> Result<(), Fault> {
    let mut spec = scene.guest(context, caddy_id, |guest, dir| guest.send(dir, method, url, kind))?;
    spec.stdin = Input::Bytes(Secret::new(body));
    let answer = ask(context, &spec)?;
    if answer.termination.is_success() {
        return Ok(());
    }
    let mut fault = Fault::new(FaultKind::Failed, "Caddy did not take its new configuration");
    fault.details = answer.err;
    Err(fault)
}

fn patch(
    context: &mut StepContext<'_>,
    scene: &Scene,
    caddy_id: &str,
    (url, value): (&str, &Value),
) -> Result<(), Fault> {
    send(context, scene, caddy_id, ("PATCH", url, "application/json", value.to_string()))
}

/// Makes every upstream of `service` dial `to`, the name of a container. Gives the addresses that it sends nothing more.
pub(super) fn move_to(
    context: &mut StepContext<'_>,
    scene: &Scene,
    (caddy_id, names): (&str, &Names),
    (service, to): (&str, &str),
) -> Result<Vec<String>, Fault> {
    let is_meant = |host: &str| names.is_of(host, service);
    let mut config = known(context, scene, caddy_id)?;
    for upstreams in caddy::upstreams(&config, &is_meant) {
        if let Some(list) = upstreams.renamed(&is_meant, to) {
            let (url, value) = leaving::replace(&mut config, &upstreams, list, &|host| names.is_there(host));
            patch(context, scene, caddy_id, (&url, &value))?;
            note(context, &format!("{service}: Caddy sends its requests to {to}"));
        }
    }
    Ok(leaving::left(&config, &is_meant))
}

/// Takes a service out of Caddy's upstreams; what was taken is on the disk before. Gives the addresses that it sends nothing more.
pub(super) fn take_out(
    context: &mut StepContext<'_>,
    scene: &Scene,
    (caddy_id, names): (&str, &Names),
    container: &Container,
) -> Result<Vec<String>, Fault> {
    let service = container.service().unwrap_or_default();
    let is_meant = |host: &str| names.is_of(host, service);
    let mut config = known(context, scene, caddy_id)?;
    for upstreams in caddy::upstreams(&config, &is_meant) {
        let Some(list) = upstreams.without(&is_meant) else {
            let text =
                format!("{service} is the only upstream at one place: requests that go there now are lost");
            warn(context, &text);
            continue;
        };
        let mut taken = taken(context, scene);
        let (path, out) = (upstreams.path.clone(), upstreams.those(&is_meant));
        taken.push(Taken { service: service.to_owned(), path, upstreams: out });
        keep(context, scene, &taken)?;
        let (url, value) = leaving::replace(&mut config, &upstreams, list, &|host| names.is_there(host));
        patch(context, scene, caddy_id, (&url, &value))?;
        note(context, &format!("{service}: Caddy sends it nothing more"));
    }
    Ok(leaving::left(&config, &is_meant))
}

/// Waits until Caddy has given back every answer of `addresses`, from `early` after now on; gives how long that took and how many requests
/// were still in hand at the `limit`. `None`: Caddy does not tell.
pub(super) fn answered(
    context: &mut StepContext<'_>,
    scene: &Scene,
    caddy_id: &str,
    (addresses, early, limit): (&[String], Duration, Duration),
) -> Result<Option<(Duration, u64)>, Fault> {
    let from = (since_boot() + early).as_millis();
    let spec = scene.guest(context, caddy_id, |guest, dir| guest.get_from(dir, leaving::IN_HAND, from))?;
    let started = context.doors().clock.monotonic() + early;
    let mut busy_until = Duration::ZERO;
    loop {
        let answer = ask(context, &spec)?;
        let Some(in_hand) = leaving::in_hand(&answer.out, addresses) else { return Ok(None) };
        let waited = context.doors().clock.monotonic().saturating_sub(started);
        if in_hand == 0 || waited >= limit {
            return Ok(Some((busy_until, in_hand)));
        }
        busy_until = waited;
        pause(context, LOOK)?;
    }
}

/// Puts a service back among Caddy's upstreams where it was taken out; whether it was.
pub(super) fn put_back(
    context: &mut StepContext<'_>,
    scene: &Scene,
    caddy_id: &str,
    service: &str,
) -> Result<bool, Fault> {
    let mut all = taken(context, scene);
    if all.iter().all(|taken| taken.service != service) {
        return Ok(false);
    }
    let config = known(context, scene, caddy_id)?;
    for taken in all.iter().filter(|taken| taken.service == service) {
        let list = config.pointer(&taken.path).and_then(Value::as_array).cloned();
        let Some(list) = list else { continue };
        let upstreams = Upstreams { path: taken.path.clone(), list, notices_within: None, asks: None };
        if let Some(list) = upstreams.with(&taken.upstreams) {
            patch(context, scene, caddy_id, (&upstreams.url(), &Value::from(list)))?;
            note(context, &format!("{service}: Caddy sends it requests again"));
        }
    }
    all.retain(|taken| taken.service != service);
    keep(context, scene, &all).map(|()| true)
}

/// Makes Caddy take `text` as its Caddyfile. Nothing is taken out any more then.
pub(super) fn load(
    context: &mut StepContext<'_>,
    scene: &Scene,
    caddy_id: &str,
    text: String,
) -> Result<(), Fault> {
    send(context, scene, caddy_id, ("POST", caddy::LOAD, caddy::CADDYFILE, text))?;
    keep(context, scene, &[])
}

fn taken(context: &StepContext<'_>, scene: &Scene) -> Vec<Taken> {
    let files = &context.doors().files;
    let path = scene.home().join(TAKEN);
    if files.kind(&path) != FileKind::File {
        return Vec::new();
    }
    files.read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn keep(context: &StepContext<'_>, scene: &Scene, taken: &[Taken]) -> Result<(), Fault> {
    let files = &context.doors().files;
    let path = scene.home().join(TAKEN);
    let result = match taken {
        [] => files.remove(&path),
        _ => serde_json::to_vec_pretty(taken)
            .map_err(std::io::Error::other)
            .and_then(|bytes| files.write_durable(&path, &bytes, 0o600)),
    };
    super::state::checkpoint();
    result.map_err(|error| {
        Fault::new(FaultKind::World, format!("{} could not be written: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::docker::inspect;

    #[test]
    fn a_host_is_of_a_service_by_any_name_that_its_containers_have() {
        let value = serde_json::json!([{
            "Id": "0123456789abcdef", "Name": "/shop", "Image": "i", "State": {"Status": "running"},
            "Config": {"Labels": {"com.docker.compose.service": "web"}},
            "NetworkSettings": {"Networks": {"back": {"Aliases": ["web", "app", "0123456789ab"]}}}
        }]);
        let containers = inspect::parse(&value.to_string()).expect("containers");
        let names = Names::gather("shop-prod", &["web".to_owned()], &containers);
        for host in ["web", "app", "shop", "shop-prod_web_2", "shop-prod-web-12"] {
            assert!(names.is_of(host, "web"), "{host}");
        }
        for host in ["web2", "shop-prod_web2_1", "shop-prod_web_x", "shop-prod_web_", "other_web_1"] {
            assert!(!names.is_of(host, "web"), "{host}");
        }
        assert!(Names::gather("shop-prod", &["db".to_owned()], &containers).known.is_empty());
    }
}
