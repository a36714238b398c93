//! Whether a container may have traffic: asks it on its own address, as the proxy would.

use std::time::Duration;

use super::ask::{ask, inspected, pause};
use super::scene::Scene;
use crate::adapters::docker::command as docker;
use crate::adapters::docker::inspect::Container;
use crate::diagnostic::{Fault, FaultKind};
use crate::http;
use crate::os::files::FileKind;
use crate::os::sockets;
use crate::release::record::{Group, Probe};
use crate::run::StepContext;
use crate::text::duration;

/// Time between two questions over the network.
const SOON: Duration = Duration::from_millis(150);

/// The same while a new container has not answered yet, for as long as `EARLY`: what boots quickly serves the sooner.
const VERY_SOON: Duration = Duration::from_millis(50);

/// Who takes longer to boot than this does not wait for a few hundredths of a second.
const EARLY: Duration = Duration::from_secs(2);

/// Time between two questions that docker has to be asked.
const LATER: Duration = Duration::from_millis(500);

/// One question takes no longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many lines of a container's log are shown where it does not become healthy.
const LOG_LINES: usize = 50;

/// Whoever does not answer so often in a row is silent.
const ASKED: u32 = 3;

/// How a container became healthy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Healthy {
    /// Time from the first question to the last answer.
    pub(super) took: Duration,
    /// When it gave the first of the answers in a row.
    pub(super) since: Duration,
}

/// Waits until the container has answered so often in a row as the group wants. The fault says why it did not.
pub(super) fn wait(
    context: &mut StepContext<'_>,
    scene: &Scene,
    group: &Group,
    container: &Container,
) -> Result<Healthy, Fault> {
    let started = context.doors().clock.monotonic();
    let (mut in_a_row, mut since) = (0, started);
    loop {
        let said = match once(context, scene, group, container)? {
            Ok(()) => {
                let now = context.doors().clock.monotonic();
                in_a_row += 1;
                if in_a_row == 1 {
                    since = now;
                }
                if in_a_row >= group.successes.max(1) {
                    return Ok(Healthy { took: now.saturating_sub(started), since });
                }
                String::new()
            }
            Err(said) => {
                in_a_row = 0;
                if let Some(ended) = ended(context, scene, container)? {
                    return Err(unhealthy(context, scene, group, container, &ended));
                }
                said
            }
        };
        let waited = context.doors().clock.monotonic().saturating_sub(started);
        if waited >= group.healthy_within {
            let why = format!("is not healthy after {}: {said}", duration::render(group.healthy_within));
            return Err(unhealthy(context, scene, group, container, &why));
        }
        let is_early = in_a_row == 0 && waited < EARLY && pace(&group.probe) == SOON;
        pause(context, if is_early { VERY_SOON } else { pace(&group.probe) })?;
    }
}

/// Whether the container answers now.
pub(super) fn answers(
    context: &mut StepContext<'_>,
    scene: &Scene,
    group: &Group,
    container: &Container,
) -> Result<bool, Fault> {
    for attempt in 0..ASKED {
        if attempt > 0 {
            pause(context, pace(&group.probe))?;
        }
        if once(context, scene, group, container)?.is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Waits until the container says that it is not healthy; `false`: it still is when the time is over.
pub(super) fn wait_until_silent(
    context: &mut StepContext<'_>,
    scene: &Scene,
    group: &Group,
    container: &Container,
) -> Result<bool, Fault> {
    let started = context.doors().clock.monotonic();
    loop {
        if once(context, scene, group, container)?.is_err() {
            return Ok(true);
        }
        if context.doors().clock.monotonic().saturating_sub(started) >= group.drain_within {
            return Ok(false);
        }
        pause(context, pace(&group.probe))?;
    }
}

fn pace(probe: &Probe) -> Duration {
    match probe {
        Probe::Http { .. } | Probe::Tcp { .. } => SOON,
        Probe::Exec(_) | Probe::Docker => LATER,
    }
}

/// One question; what was wrong where the answer is not good.
fn once(
    context: &mut StepContext<'_>,
    scene: &Scene,
    group: &Group,
    container: &Container,
) -> Result<Result<(), String>, Fault> {
    let home = scene.home();
    Ok(match &group.probe {
        Probe::Http { path, port } => match container.address() {
            None => Err("it has no address".to_owned()),
            // It is asked by the name by which the proxy asks it: an app may answer to no other.
            Some(address) => {
                let host = format!("{}:{port}", container.service().unwrap_or("localhost"));
                match http::get(&format!("http://{address}:{port}{path}"), Some(&host), PATIENCE) {
                    Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
                    Ok(answer) => {
                        Err(format!("GET {path} on port {port} was answered with {}", answer.status))
                    }
                    Err(error) => Err(format!("GET {path} on port {port} was not answered: {error}")),
                }
            }
        },
        Probe::Tcp { port } => match container.address() {
            None => Err("it has no address".to_owned()),
            Some(address) => sockets::connect(&format!("{address}:{port}"), PATIENCE)
                .map_err(|error| format!("port {port} took no connection: {error}")),
        },
        Probe::Exec(words) => {
            let mut spec = docker::exec(home, &container.id, words);
            spec.timeout = Some(PATIENCE);
            let answer = ask(context, &spec)?;
            match answer.termination.is_success() {
                true => Ok(()),
                false => Err(format!("`{}` in it: {}", words.join(" "), answer.termination)),
            }
        }
        Probe::Docker => {
            let now = inspected(context, home, [container.id.as_str()])?.pop();
            let health = now.and_then(|now| now.state.health).map(|health| health.status).unwrap_or_default();
            if health == "healthy" { Ok(()) } else { Err(format!("docker says `{health}`")) }
        }
    })
}

/// How the container ended, if it did. docker is asked only where its process can't be seen.
fn ended(
    context: &mut StepContext<'_>,
    scene: &Scene,
    container: &Container,
) -> Result<Option<String>, Fault> {
    let process = std::path::PathBuf::from(format!("/proc/{}", container.state.pid));
    if container.state.pid != 0 && context.doors().files.kind(&process) != FileKind::Missing {
        return Ok(None);
    }
    let Some(now) = inspected(context, scene.home(), [container.id.as_str()])?.pop() else {
        return Ok(Some("was removed by somebody else".to_owned()));
    };
    if now.is_running() && now.state.pid == container.state.pid {
        return Ok(None);
    }
    Ok(Some(match now.state.error.as_str() {
        // docker starts it again by itself where compose says so; what ended once is not healthy.
        "" => format!("ended with status {}", now.state.exit_code),
        error => format!("could not run: {error}"),
    }))
}

/// The fault of a container that does not become healthy, with what it said last.
pub(super) fn unhealthy(
    context: &mut StepContext<'_>,
    scene: &Scene,
    group: &Group,
    container: &Container,
    why: &str,
) -> Fault {
    let service = container.service().unwrap_or_default();
    let mut fault = Fault::new(FaultKind::Failed, format!("the new container of `{service}` {why}"));
    if group.probe == Probe::Docker
        && let Ok(Some(now)) =
            inspected(context, scene.home(), [container.id.as_str()]).map(|mut now| now.pop())
    {
        for entry in now.state.health.unwrap_or_default().log {
            fault = fault.detail(format!("health check, {}: {}", entry.exit_code, entry.output.trim()));
        }
    }
    if let Ok(logs) = ask(context, &docker::logs(scene.home(), &container.id, LOG_LINES)) {
        let lines: Vec<String> = logs.out.lines().map(str::to_owned).chain(logs.err).collect();
        if lines.is_empty() {
            fault = fault.detail("it printed nothing");
        } else {
            fault = fault.detail(format!("what `{service}` printed last:"));
            fault.details.extend(lines);
        }
    }
    fault
}
