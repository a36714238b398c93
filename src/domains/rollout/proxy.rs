//! Who sends traffic to a group, and how it is made to stop.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ask::{ask, note, warn};
use super::scene::Scene;
use crate::adapters::caddy::{self, Upstreams};
use crate::adapters::docker::inspect::Container;
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Secret;
use crate::os::command::Input;
use crate::os::files::FileKind;
use crate::run::StepContext;

/// Where nobody can be asked how often health is looked at: three times this and then it was noticed.
pub(super) const FALLBACK: Duration = Duration::from_secs(9);

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
        notices_within: Option<Duration>,
    },
}

impl Traffic {
    /// How long it takes until a change of health was noticed by whoever sends traffic.
    pub(super) fn notices_within(&self) -> Duration {
        match self {
            Self::Nobody => Duration::ZERO,
            Self::Unknown => FALLBACK,
            Self::Caddy { notices_within, .. } => notices_within.unwrap_or_default(),
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

/// Finds out who sends traffic to `services`.
pub(super) fn traffic(
    context: &mut StepContext<'_>,
    scene: &Scene,
    services: &[String],
) -> Result<Traffic, Fault> {
    if scene.to.as_ref().is_none_or(|to| to.rollout.caddy.is_none()) {
        return Ok(Traffic::Unknown);
    }
    let Some(container) = scene.caddy(context)? else {
        return Ok(Traffic::Nobody);
    };
    let config = match config(context, scene, &container.id)? {
        Ok(config) => config,
        Err(why) => {
            warn(context, &format!("Caddy could not be asked for its configuration: {why}"));
            return Ok(Traffic::Unknown);
        }
    };
    let project = scene.project().unwrap_or_default();
    let is_meant = |host: &str| services.iter().any(|service| is_of(host, project, service));
    let found = caddy::upstreams(&config, &is_meant);
    if found.is_empty() {
        warn(context, "Caddy has none of these services among its upstreams");
        return Ok(Traffic::Unknown);
    }
    let notices_within = match found.iter().all(|upstreams| upstreams.notices_within.is_some()) {
        true => found.iter().filter_map(|upstreams| upstreams.notices_within).max(),
        false => None,
    };
    Ok(Traffic::Caddy { container: container.id, notices_within })
}

/// Whether a host name is one of a service: its name, or the name of one of its containers.
pub(super) fn is_of(host: &str, project: &str, service: &str) -> bool {
    if host == service {
        return true;
    }
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
    (url, list): (&str, Vec<Value>),
) -> Result<(), Fault> {
    let body = Value::from(list).to_string();
    send(context, scene, caddy_id, ("PATCH", url, "application/json", body))
}

/// Makes every upstream of `service` dial `to`, the name of a container.
pub(super) fn move_to(
    context: &mut StepContext<'_>,
    scene: &Scene,
    caddy_id: &str,
    (service, to): (&str, &str),
) -> Result<(), Fault> {
    let project = scene.project().unwrap_or_default().to_owned();
    let is_meant = |host: &str| is_of(host, &project, service);
    let config = known(context, scene, caddy_id)?;
    for upstreams in caddy::upstreams(&config, &is_meant) {
        if let Some(list) = upstreams.renamed(&is_meant, to) {
            patch(context, scene, caddy_id, (&upstreams.url(), list))?;
            note(context, &format!("{service}: Caddy sends its requests to {to}"));
        }
    }
    Ok(())
}

/// Takes a service out of Caddy's upstreams; what was taken is on the disk before.
pub(super) fn take_out(
    context: &mut StepContext<'_>,
    scene: &Scene,
    caddy_id: &str,
    container: &Container,
) -> Result<(), Fault> {
    let service = container.service().unwrap_or_default();
    let project = scene.project().unwrap_or_default().to_owned();
    let is_meant = |host: &str| is_of(host, &project, service);
    let config = known(context, scene, caddy_id)?;
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
        patch(context, scene, caddy_id, (&upstreams.url(), list))?;
        note(context, &format!("{service}: Caddy sends it nothing more"));
    }
    Ok(())
}

/// Puts a service back among Caddy's upstreams where it was taken out.
pub(super) fn put_back(
    context: &mut StepContext<'_>,
    scene: &Scene,
    caddy_id: &str,
    service: &str,
) -> Result<(), Fault> {
    let mut all = taken(context, scene);
    if all.iter().all(|taken| taken.service != service) {
        return Ok(());
    }
    let config = known(context, scene, caddy_id)?;
    for taken in all.iter().filter(|taken| taken.service == service) {
        let list = config.pointer(&taken.path).and_then(Value::as_array).cloned();
        let Some(list) = list else { continue };
        let upstreams = Upstreams { path: taken.path.clone(), list, notices_within: None };
        if let Some(list) = upstreams.with(&taken.upstreams) {
            patch(context, scene, caddy_id, (&upstreams.url(), list))?;
            note(context, &format!("{service}: Caddy sends it requests again"));
        }
    }
    all.retain(|taken| taken.service != service);
    keep(context, scene, &all)
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
    use super::is_of;

    #[test]
    fn a_host_is_of_a_service_by_its_name_or_by_that_of_a_container() {
        for host in ["web", "shop-prod_web_2", "shop-prod-web-12"] {
            assert!(is_of(host, "shop-prod", "web"), "{host}");
        }
        for host in ["web2", "shop-prod_web2_1", "shop-prod_web_x", "shop-prod_web_", "other_web_1"] {
            assert!(!is_of(host, "shop-prod", "web"), "{host}");
        }
    }
}
