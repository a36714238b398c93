//! Calls docker and compose, and says as a fault what went wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::adapters::compose::command::{Compose, Program};
use crate::adapters::docker::inspect::Container;
use crate::adapters::docker::{command as docker, inspect};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Progress;
use crate::os::command::{Argument, CommandSpec};
use crate::os::files;
use crate::release::layout::Layout;
use crate::release::record::Flavour;
use crate::run::{CommandAnswer as Answer, CommandRun, StepContext, interrupted};

/// Runs a command and reads its answer whole. A status other than 0 is no fault here.
pub(super) fn ask(context: &mut StepContext<'_>, spec: &CommandSpec) -> Result<Answer, Fault> {
    context.read_command(spec, only_looks(spec))
}

/// Whether a command of docker or compose changes nothing. There are dozens of them in a deployment, and nobody wants to read them.
fn only_looks(spec: &CommandSpec) -> bool {
    let words = spec.args.iter().filter_map(|argument| match argument {
        Argument::Plain(word) => Some(word.as_str()),
        Argument::Path(_) => None,
    });
    let looks = ["ps", "inspect", "logs", "version", "config", "info", "__netns"];
    let acts = [
        "up",
        "build",
        "start",
        "stop",
        "rm",
        "kill",
        "connect",
        "disconnect",
        "import",
        "tag",
        "exec",
        "post",
        "rename",
    ];
    let mut looks_at = false;
    for word in words {
        if acts.contains(&word) {
            return false;
        }
        looks_at |= looks.contains(&word);
    }
    looks_at
}

/// Runs a command whose failure is the end of the step; gives what it printed.
pub(super) fn demand(context: &mut StepContext<'_>, spec: &CommandSpec, what: &str) -> Result<String, Fault> {
    let answer = ask(context, spec)?;
    match answer.termination.is_success() {
        true => Ok(answer.out),
        false => Err(failed(spec, &answer, what)),
    }
}

/// Runs a command whose output is for people and whose failure is the end of the step.
pub(super) fn perform(context: &mut StepContext<'_>, spec: &CommandSpec, what: &str) -> Result<(), Fault> {
    let termination = context.run_command(spec, CommandRun::default())?;
    if termination.is_success() {
        return Ok(());
    }
    if context.is_cancelled() {
        return Err(interrupted());
    }
    Err(Fault::new(FaultKind::Failed, format!("{what}: {termination}")).detail(format!("$ {spec}")))
}

/// The fault of a command that failed.
pub(super) fn failed(spec: &CommandSpec, answer: &Answer, what: &str) -> Fault {
    let said = answer.err.join("\n").to_lowercase();
    let message = format!("{what}: {}", answer.termination);
    let mut fault = if said.contains("cannot connect to the docker daemon") {
        Fault::new(FaultKind::World, "docker's engine does not answer")
            .hint("start it on the server: `systemctl start docker`")
    } else if said.contains("permission denied") && said.contains("docker") && said.contains("sock") {
        Fault::new(FaultKind::World, "this user may not use docker")
            .hint("on the server, add the user to the group `docker`, and log in again")
    } else {
        Fault::new(FaultKind::Failed, message)
    };
    fault = fault.detail(format!("$ {spec}"));
    fault.details.extend(answer.err.iter().cloned());
    fault
}

/// Lets time pass; ends early where a signal came.
pub(super) fn pause(context: &StepContext<'_>, time: Duration) -> Result<(), Fault> {
    let clock = &context.doors().clock;
    let until = clock.monotonic() + time;
    loop {
        if context.is_cancelled() {
            return Err(interrupted());
        }
        let left = until.saturating_sub(clock.monotonic());
        if left.is_zero() {
            return Ok(());
        }
        crossbeam_channel::after(left.min(Duration::from_millis(100))).recv().ok();
    }
}

/// Says in a few words what is being done.
pub(super) fn say(context: &StepContext<'_>, text: impl Into<String>) {
    context.log().progress(Progress { text: text.into(), done: None, total: None });
}

/// Says a sentence that stays.
pub(super) fn note(context: &StepContext<'_>, text: &str) {
    context.log().notice(crate::event::Level::Note, text);
}

/// Says what should be looked at.
pub(super) fn warn(context: &StepContext<'_>, text: &str) {
    context.log().notice(crate::event::Level::Warning, text);
}

/// All containers of a compose project. One that goes while we look is not among them.
pub(super) fn containers(
    context: &mut StepContext<'_>,
    home: &Path,
    project: &str,
) -> Result<Vec<Container>, Fault> {
    let ids = demand(context, &docker::containers(home, project), "docker could not be asked")?;
    inspected(context, home, ids.lines())
}

/// What is known of these containers; those that are gone are left out.
pub(super) fn inspected<'a>(
    context: &mut StepContext<'_>,
    home: &Path,
    ids: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Container>, Fault> {
    let ids: Vec<&str> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let spec = docker::inspect(home, ids);
    let answer = ask(context, &spec)?;
    if !answer.termination.is_success() && !answer.err.iter().all(|line| line.contains("No such container")) {
        return Err(failed(&spec, &answer, "docker could not be asked"));
    }
    inspect::parse(&answer.out).map_err(|error| {
        Fault::new(FaultKind::World, format!("docker's answer is not understood: {error}"))
            .detail(format!("$ {spec}"))
    })
}

/// An image that is there.
pub(super) fn image(
    context: &mut StepContext<'_>,
    home: &Path,
    reference: &str,
) -> Result<Option<inspect::Image>, Fault> {
    let spec = docker::inspect_image(home, reference);
    let answer = ask(context, &spec)?;
    if answer.termination.is_success() {
        return Ok(inspect::parse_image(&answer.out));
    }
    match answer.err.iter().any(|line| line.contains("No such image")) {
        true => Ok(None),
        false => Err(failed(&spec, &answer, "docker could not be asked")),
    }
}

/// What tells the program of compose 1.x from another one that is put in its place; empty for 2.x, which is asked quickly.
pub(super) fn stamp(context: &StepContext<'_>, home: &Path, flavour: Flavour) -> String {
    if flavour != Flavour::V1 {
        return String::new();
    }
    let doors = context.doors();
    let path = doors.environment.variables.get(std::ffi::OsStr::new("PATH"));
    let tool = Program::Standalone.version(home).tool;
    let found = doors.tools.find(&tool, path.map(std::ffi::OsString::as_os_str), home);
    found.map(|program| files::stamp(&program)).unwrap_or_default()
}

/// The compose program of this machine, which has to be of the flavour that is pinned.
pub(super) fn program(
    context: &mut StepContext<'_>,
    home: &Path,
    flavour: Flavour,
) -> Result<(Program, String), Fault> {
    let mut found = Vec::new();
    let candidates = match flavour {
        Flavour::V1 => vec![Program::Standalone],
        Flavour::V2 => vec![Program::Plugin, Program::Standalone],
    };
    for program in candidates {
        let spec = program.version(home);
        // A program that is not there is no fault while another may be.
        let path = context.doors().environment.variables.get(std::ffi::OsStr::new("PATH"));
        if context.doors().tools.find(&spec.tool, path.map(std::ffi::OsString::as_os_str), home).is_err() {
            continue;
        }
        let answer = ask(context, &spec)?;
        let version = answer.out.trim().trim_start_matches('v').to_owned();
        if !answer.termination.is_success() || version.is_empty() {
            continue;
        }
        if flavour_of(&version) == flavour {
            return Ok((program, version));
        }
        found.push(version);
    }
    let wanted = match flavour {
        Flavour::V1 => "1.x (`docker-compose`)",
        Flavour::V2 => "2.x (`docker compose`)",
    };
    let fault = match found.first() {
        None => Fault::new(FaultKind::World, format!("compose {wanted} is not installed")),
        Some(version) => Fault::new(
            FaultKind::Refused,
            format!("this server's containers are made by compose {wanted}, and compose is {version} now"),
        )
        .detail(
            "another flavour of compose makes every container anew, the proxy and the databases included",
        ),
    };
    Err(fault.hint(format!("install compose {wanted} again"))
        .hint("or run `shipway server setup` to go on with what is there, at a time when an interruption does no harm"))
}

/// The flavour of a version.
pub(super) fn flavour_of(version: &str) -> Flavour {
    match version.split('.').next() {
        Some("1") => Flavour::V1,
        _ => Flavour::V2,
    }
}

/// How the compose project of an environment is called with the files that are in use: always by `current`, so that what compose makes of
/// them does not depend on the release's folder (`deployers.md` 3.2).
pub(super) fn compose_in_use(
    layout: &Layout,
    compose: &crate::release::record::Compose,
    program: Program,
) -> Compose {
    compose_at(&layout.current(), compose, program, true)
}

/// How it is called with the files of the release in `folder`.
pub(super) fn compose_at(
    folder: &Path,
    compose: &crate::release::record::Compose,
    program: Program,
    overridden: bool,
) -> Compose {
    let source = folder.join("src");
    let mut files: Vec<PathBuf> = compose.files.iter().map(|file| source.join(file)).collect();
    // Relative paths start where the first file lies, as they do without us.
    let dir = files.first().and_then(|file| file.parent()).map_or(source, Path::to_owned);
    if overridden {
        files.push(folder.join(super::OVERRIDE));
    }
    Compose { program, is_v1: compose.flavour == Flavour::V1, project: compose.project.clone(), dir, files }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(err: &str) -> Fault {
        let answer = Answer {
            termination: crate::event::Termination::Exited { status: 1 },
            out: String::new(),
            err: vec![err.to_owned()],
        };
        failed(&CommandSpec::new("docker", "/").args(["ps"]), &answer, "docker could not be asked")
    }

    #[test]
    fn a_server_that_is_not_ready_is_told_apart_from_a_command_that_failed() {
        let down = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
        assert_eq!(fault(down).kind, FaultKind::World);
        let forbidden = "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock";
        assert_eq!(fault(forbidden).message, "this user may not use docker");
        let other = fault("Error: no such thing");
        assert_eq!(
            (other.kind, other.details.as_slice()),
            (FaultKind::Failed, ["$ docker ps".to_owned(), "Error: no such thing".to_owned()].as_slice())
        );
    }

    #[test]
    fn versions_tell_the_flavour() {
        assert_eq!(flavour_of("1.29.2"), Flavour::V1);
        assert_eq!(flavour_of("2.26.1-4"), Flavour::V2);
        assert_eq!(flavour_of("5.0.0"), Flavour::V2);
    }
}
