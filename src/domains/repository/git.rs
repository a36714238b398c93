//! Asks git, here and at the other end.

use std::path::Path;

use crate::adapters::git::{command, repository};
use crate::diagnostic::{Fault, FaultKind};
use crate::os::command::CommandSpec;
use crate::run::{CommandAnswer, StepContext};

/// ssh asks nobody: its questions would go to a terminal that is not ours to give.
const QUIET_SSH: &str = "ssh -o BatchMode=yes";

/// Puts the hooks of the project in place.
pub(super) fn install_hooks(folder: &Path) -> CommandSpec {
    CommandSpec::new("pre-commit", folder).args(["install"])
}

/// Runs a command that changes something, where a failure is the end of the step.
pub(super) fn act(context: &mut StepContext<'_>, spec: &CommandSpec, what: &str) -> Result<String, Fault> {
    context.demand_command(spec, false, what)
}

/// Runs a command that only looks, where a failure is the end of the step.
pub(super) fn look(context: &mut StepContext<'_>, spec: &CommandSpec) -> Result<String, Fault> {
    context.demand_command(spec, true, "git could not be asked")
}

/// Runs a command that only looks, and whose failure is an answer.
pub(super) fn ask(context: &mut StepContext<'_>, spec: &CommandSpec) -> Result<CommandAnswer, Fault> {
    let line = spec.bare_line();
    context.read_command(&spec.clone().shown_as(line), true)
}

/// What a command that only looks prints, without its end; `None` where it fails.
pub(super) fn maybe(context: &mut StepContext<'_>, spec: &CommandSpec) -> Result<Option<String>, Fault> {
    let answer = ask(context, spec)?;
    Ok(answer.termination.is_success().then(|| answer.out.trim().to_owned()))
}

/// Whether the project is the top of a repository of its own. A project inside another's repository is refused.
pub(super) fn is_repository(context: &mut StepContext<'_>) -> Result<bool, Fault> {
    let answer = ask(context, &repository::way_to_top(context.root()))?;
    match answer.out.trim() {
        "" if answer.termination.is_success() => Ok(true),
        way if answer.termination.is_success() => {
            let fault = Fault::new(FaultKind::Refused, "the project lies inside another git repository");
            Err(fault
                .detail(format!("its top is {}", context.root().join(way).display()))
                .hint("move the project out of it, or use that repository"))
        }
        _ if answer.err.iter().any(|line| line.contains("not a git repository")) => Ok(false),
        _ => {
            let mut fault = Fault::new(FaultKind::World, "git can't say whether this is a repository");
            fault.details = answer.err;
            Err(fault)
        }
    }
}

/// The last commit of a branch here.
pub(super) fn commit_of(context: &mut StepContext<'_>, branch: &str) -> Result<Option<String>, Fault> {
    maybe(context, &command::commit_of(context.root(), &format!("refs/heads/{branch}")))
}

/// A command that calls the other end. The user's own ssh command stays.
pub(super) fn calling(context: &mut StepContext<'_>, spec: CommandSpec) -> Result<CommandSpec, Fault> {
    let environment = &context.doors().environment;
    let is_set = environment.is_set("GIT_SSH_COMMAND") || environment.is_set("GIT_SSH");
    if is_set || maybe(context, &repository::ssh_command(context.root()))?.is_some() {
        return Ok(spec);
    }
    Ok(spec.env("GIT_SSH_COMMAND", QUIET_SSH).env("GIT_SSH_VARIANT", "ssh"))
}

/// What helps where the other end can't be reached by git, though its API was.
pub(super) fn unreachable(mut fault: Fault, url: &str) -> Fault {
    let host = repository::host_and_path(url).map_or_else(String::new, |(host, _)| host);
    fault = match url.starts_with("https://") {
        _ if host.is_empty() => fault,
        true => fault.hint(format!(
            "git has to know how to sign in at {host}; with GitHub's own program: `gh auth setup-git`"
        )),
        false => fault
            .hint(format!("`ssh -T git@{host}` shows whether ssh knows the host, and the host your key"))
            .hint(format!("or use https: `git remote remove {}`, then --https", super::ORIGIN)),
    };
    fault.hint("what is done stays done: the same command goes on from here")
}
