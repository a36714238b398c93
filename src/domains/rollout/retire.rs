//! A container's way out: recorded, told, unnoticed by nobody, idle, stopped, removed.

use std::time::Duration;

use super::ask::{ask, demand, failed, inspected, note, pause, warn};
use super::gate;
use super::guest::Idle;
use super::proxy::{self, Traffic};
use super::scene::Scene;
use super::{GRACE, state};
use crate::adapters::docker::command as docker;
use crate::adapters::docker::inspect::Container;
use crate::diagnostic::Fault;
use crate::os::clock::since_boot;
use crate::release::record::{Drain, Group, Probe};
use crate::run::StepContext;
use crate::text::count::count;
use crate::text::duration;

/// So long nothing may be in hand before a container counts as idle.
const QUIET: Duration = Duration::from_millis(200);

/// What surrounds a container that is to go.
pub(super) struct Leaving<'a> {
    /// The group as the container's own release has it: an app knows no other way to be told.
    pub(super) group: &'a Group,
    /// It is replaced by a second container that started first.
    pub(super) is_single: bool,
    pub(super) traffic: &'a Traffic,
    /// It answers, so it may have traffic.
    pub(super) serves: bool,
    /// It was told to leave before, by whoever died then.
    pub(super) was_told: bool,
    /// The name of another container of the same service that answers.
    pub(super) successor: Option<String>,
}

/// Takes a container out of traffic and lets it finish. It still runs then.
pub(super) fn leave(
    context: &mut StepContext<'_>,
    scene: &Scene,
    container: &Container,
    leaving: &Leaving<'_>,
) -> Result<(), Fault> {
    state::leave(&*context.doors().files, &scene.layout, &container.id)?;
    let mut quiet = Quiet::default();
    if leaving.serves || leaving.was_told {
        quiet = out_of_traffic(context, scene, container, leaving)?;
    }
    finish(context, scene, container, (leaving, &quiet))
}

/// How a container gets no more requests.
#[derive(Debug, Default)]
struct Quiet {
    /// How long whoever sends traffic may take to notice.
    noticed: Duration,
    /// The addresses at which Caddy sent it requests, and counts what it has in hand for them.
    addresses: Vec<String>,
}

/// Sees to it that nobody sends a container anything more.
fn out_of_traffic(
    context: &mut StepContext<'_>,
    scene: &Scene,
    container: &Container,
    leaving: &Leaving<'_>,
) -> Result<Quiet, Fault> {
    let service = container.service().unwrap_or_default();
    let at_once = |addresses| Quiet { noticed: Duration::ZERO, addresses };
    match (leaving.traffic, &leaving.group.drain) {
        (Traffic::Nobody, _) | (Traffic::Unknown, None) => Ok(Quiet::default()),
        // The name of the service stands for both: a failing health check would take both out.
        (Traffic::Caddy { container: caddy, names, .. }, _) if leaving.is_single => {
            match &leaving.successor {
                Some(successor) => {
                    proxy::move_to(context, scene, (caddy, names), (service, successor)).map(at_once)
                }
                None => Ok(Quiet::default()),
            }
        }
        (Traffic::Caddy { container: caddy, names, notices_within: Some(within), .. }, Some(drain)) => {
            if tell(context, scene, container, (leaving, drain))? {
                // Where another container has the same name, what goes there never ends.
                let is_alone = leaving.successor.is_none();
                let addresses = if is_alone { names.dials_of(service) } else { Vec::new() };
                return Ok(Quiet { noticed: within.leaving, addresses });
            }
            // It will not be told: then Caddy is.
            proxy::take_out(context, scene, (caddy, names), container).map(at_once)
        }
        (Traffic::Caddy { container: caddy, names, .. }, _) => {
            proxy::take_out(context, scene, (caddy, names), container).map(at_once)
        }
        (Traffic::Unknown, Some(drain)) => {
            tell(context, scene, container, (leaving, drain))?;
            Ok(Quiet { noticed: proxy::FALLBACK, addresses: Vec::new() })
        }
    }
}

/// Tells an app that it is about to leave, and waits until it says so itself; `false`: it still says that it is healthy.
fn tell(
    context: &mut StepContext<'_>,
    scene: &Scene,
    container: &Container,
    (leaving, drain): (&Leaving<'_>, &Drain),
) -> Result<bool, Fault> {
    let group = leaving.group;
    let service = container.service().unwrap_or_default();
    let spec = match drain {
        Drain::Signal(signal) => docker::signal(scene.home(), &container.id, signal),
        Drain::Exec(words) => docker::exec(scene.home(), &container.id, words),
    };
    let answer = ask(context, &spec)?;
    if !answer.termination.is_success() && still_runs(context, scene, container)? {
        return Err(failed(&spec, &answer, &format!("`{service}` could not be told to leave")));
    }
    note(context, &format!("{service}: told to leave"));
    let mut is_silent = true;
    // What counts is what is asked by whoever sends traffic.
    let asked = match leaving.traffic.asks() {
        [] => std::slice::from_ref(&group.probe),
        asks => asks,
    };
    for probe in asked {
        let group = Group { probe: probe.clone(), ..group.clone() };
        is_silent &= gate::wait_until_silent(context, scene, &group, container)?;
    }
    if !is_silent {
        let text = format!(
            "{service}: {} after it was told to leave it still says that it is healthy; look at `drain` of `rollout.{}`",
            duration::render(group.drain_within),
            group.name
        );
        warn(context, &text);
    }
    Ok(is_silent)
}

fn still_runs(context: &mut StepContext<'_>, scene: &Scene, container: &Container) -> Result<bool, Fault> {
    let now = inspected(context, scene.home(), [container.id.as_str()])?;
    Ok(now.first().is_some_and(Container::is_running))
}

/// Waits until those who send traffic have noticed, and then until the container has no request in hand.
///
/// Its connections tell that of everybody who sends it any, but not for certain: where a request came within the same tick of the kernel's
/// clock as the answer before it, they look as if it was answered (`idle`). What Caddy has in hand it tells exactly. So both are asked, at the
/// same time. The guests that look come up while one waits.
fn finish(
    context: &mut StepContext<'_>,
    scene: &Scene,
    container: &Container,
    (leaving, quiet): (&Leaving<'_>, &Quiet),
) -> Result<(), Fault> {
    let (group, noticed) = (leaving.group, quiet.noticed);
    // Whoever had nothing in hand at the end of the notice is idle when it is over.
    let from = since_boot() + noticed.saturating_sub(QUIET);
    let service = container.service().unwrap_or_default();
    let port = match &group.probe {
        Probe::Http { port, .. } | Probe::Tcp { port } => *port,
        Probe::Exec(_) | Probe::Docker => 0,
    };
    let limit = group.drain_within;
    let spec = scene.guest(context, &container.id, |guest, dir| {
        guest.idle(dir, port, from.as_millis(), (QUIET.as_millis(), limit.as_millis()))
    })?;
    let counted = |context: &mut StepContext<'_>| match leaving.traffic {
        Traffic::Caddy { container: caddy, .. } if !quiet.addresses.is_empty() => {
            proxy::answered(context, scene, caddy, (&quiet.addresses, noticed, limit))
        }
        _ => Ok(None),
    };
    let (answer, counted) = context.beside(|context| ask(context, &spec), counted);
    let (answer, counted) = (answer?, counted?);
    let found = answer.out.lines().last().and_then(|line| serde_json::from_str::<Idle>(line).ok());
    let seen = found.map(|idle| (Duration::from_millis(idle.after_ms), idle.busy));
    let counted = counted.map(|(after, in_hand)| (after, usize::try_from(in_hand).unwrap_or(usize::MAX)));
    match both(seen, counted) {
        // Caddy's count says nothing about others.
        Some((after, busy)) if seen.is_some() || busy > 0 => {
            say_how_it_ended(context, group, service, (after, busy));
            Ok(())
        }
        _ if !still_runs(context, scene, container)? => Ok(()),
        _ => {
            let why = answer.err.last().cloned().unwrap_or_else(|| answer.termination.to_string());
            let limit_text = duration::render(limit);
            let text =
                format!("{service}: its connections can't be seen, so it gets {limit_text} to finish: {why}");
            warn(context, &text);
            pause(context, limit + noticed)
        }
    }
}

/// When the last request was over, and how many were not, by two who looked: whoever saw more is right.
fn both(one: Option<(Duration, usize)>, other: Option<(Duration, usize)>) -> Option<(Duration, usize)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.max(other.0), one.1.max(other.1))),
        (one, other) => one.or(other),
    }
}

fn say_how_it_ended(
    context: &StepContext<'_>,
    group: &Group,
    service: &str,
    (after, busy): (Duration, usize),
) {
    if busy == 0 {
        note(context, &format!("{service}: idle after {}, 0 requests cut", duration::render(after)));
        return;
    }
    let text = format!(
        "{service}: still at work after {}, {} cut; `drain_timeout` of `rollout.{}` says how long it may take",
        duration::render(group.drain_within),
        count(busy, "request"),
        group.name
    );
    warn(context, &text);
}

/// Stops a container in its own time and removes it.
pub(super) fn remove(
    context: &mut StepContext<'_>,
    scene: &Scene,
    container: &Container,
) -> Result<(), Fault> {
    stop(context, scene, container)?;
    discard(context, scene, container)
}

/// Stops a container in its own time.
pub(super) fn stop(context: &mut StepContext<'_>, scene: &Scene, container: &Container) -> Result<(), Fault> {
    // compose 1.x keeps `stop_grace_period` to itself; the label has it.
    let grace = match container.config.stop_timeout {
        Some(_) => None,
        None => container.label(GRACE).and_then(|seconds| seconds.parse().ok()),
    };
    let service = container.service().unwrap_or_default();
    if container.is_running() {
        let spec = docker::stop(scene.home(), &container.id, grace);
        let answer = ask(context, &spec)?;
        if !answer.termination.is_success() && still_runs(context, scene, container)? {
            return Err(failed(
                &spec,
                &answer,
                &format!("the old container of `{service}` could not be stopped"),
            ));
        }
    }
    Ok(())
}

/// Removes a container as it is.
pub(super) fn discard(
    context: &mut StepContext<'_>,
    scene: &Scene,
    container: &Container,
) -> Result<(), Fault> {
    let spec = docker::remove(scene.home(), &container.id);
    demand(context, &spec, "a container could not be removed").map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_who_looked_whoever_saw_more_is_right() {
        let seen = |milliseconds, busy| Some((Duration::from_millis(milliseconds), busy));
        // The connections looked idle, and Caddy had a request in hand: it is not idle before that is answered.
        assert_eq!(both(seen(0, 0), seen(400, 0)), seen(400, 0));
        assert_eq!(both(seen(0, 0), seen(20_000, 1)), seen(20_000, 1));
        // Somebody else than Caddy asked.
        assert_eq!(both(seen(300, 2), seen(0, 0)), seen(300, 2));
        assert_eq!(both(None, seen(5, 0)), seen(5, 0));
        assert_eq!(both(seen(5, 0), None), seen(5, 0));
        assert_eq!(both(None, None), None);
    }
}
