//! The steps at the other end: the repository at its forge, the remote, what is pushed.

use super::approve::{again, demand_approval, found};
use super::check::{heads, tree_of_main};
use super::forge::{Forge, There};
use super::git::{act, ask, calling, commit_of, maybe, unreachable};
use super::{Job, MAIN, ORIGIN, Verb};
use crate::adapters::git::push::{Pushed, parse};
use crate::adapters::git::{command, repository};
use crate::diagnostic::{Fault, FaultKind};
use crate::run::{Outcome, StepContext};
use crate::text::list;

/// Makes the repository at the forge.
pub(super) fn create(context: &mut StepContext<'_>, job: &Job) -> Result<Outcome, Fault> {
    let (before, scanned) = found(context)?;
    if before.there.is_some() {
        return Ok(Outcome::UpToDate("there is one".to_owned()));
    }
    if let Err(outcome) = demand_approval(context, job, &scanned) {
        return Ok(outcome);
    }
    let forge = Forge::open(context, &job.forge)?;
    let owner = match before.owner {
        Some(owner) => owner,
        None => forge.owner(context)?,
    };
    let there = forge.create(context, owner, job.request.visibility)?;
    // An organisation's rules may have made something else of it.
    there.confirm(job)?;
    Ok(Outcome::done_with(there))
}

/// The repository at the forge, whoever made it.
fn there(context: &StepContext<'_>) -> Result<There, Fault> {
    let made = context.value::<There>(Verb::Create.step()).map(|there| There::clone(&there));
    let (before, _) = found(context)?;
    made.or_else(|| before.there.clone()).ok_or_else(|| Fault::new(FaultKind::Bug, "a step left no value"))
}

/// `git remote add origin`.
pub(super) fn remote(context: &mut StepContext<'_>, job: &Job) -> Result<Outcome, Fault> {
    let (_, scanned) = found(context)?;
    if let Some(url) = maybe(context, &command::remote_url(context.root(), ORIGIN))? {
        // Whether it is the right one is checked before anything changes.
        let wanted = there(context)?;
        let is_other = repository::host_and_path(&url) != repository::host_and_path(wanted.address(job));
        return match is_other {
            true => Err(Fault::new(
                FaultKind::Refused,
                format!("the remote `{ORIGIN}` is another repository now"),
            )
            .hint("run it again: it tells what can be done")),
            false => Ok(Outcome::UpToDate("there is one".to_owned())),
        };
    }
    if let Err(outcome) = demand_approval(context, job, &scanned) {
        return Ok(outcome);
    }
    let spec = repository::add_remote(context.root(), ORIGIN, there(context)?.address(job));
    act(context, &spec, "the remote could not be added")?;
    Ok(Outcome::done())
}

/// Pushes `main`, and binds it to the one there.
pub(super) fn push(context: &mut StepContext<'_>, job: &Job) -> Result<Outcome, Fault> {
    let (_, scanned) = found(context)?;
    let Some(commit) = commit_of(context, MAIN)? else {
        return Err(Fault::new(FaultKind::Refused, format!("`{MAIN}` has no commit any more")));
    };
    let is_scanned = match &scanned.commit {
        Some(scanned) => *scanned == commit,
        None => tree_of_main(context)? == scanned.tree,
    };
    if !is_scanned {
        return Ok(again("there are other commits than those that were shown"));
    }
    let is_there = heads(context, ORIGIN)?.get(MAIN) == Some(&commit);
    if is_there && maybe(context, &repository::followed(context.root(), MAIN))?.is_some() {
        return Ok(Outcome::UpToDate(format!("`{ORIGIN}` has it")));
    }
    if let Err(outcome) = demand_approval(context, job, &scanned) {
        return Ok(outcome);
    }
    push_commit(context, &commit, MAIN)?;
    let spec = repository::follow(context.root(), ORIGIN, MAIN);
    act(context, &spec, &format!("`{MAIN}` is pushed, but could not be bound to that of `{ORIGIN}`"))?;
    Ok(Outcome::done())
}

/// Pushes the branches of environments that are not there yet, each from `main`.
pub(super) fn branches(context: &mut StepContext<'_>, job: &Job) -> Result<Outcome, Fault> {
    let (_, scanned) = found(context)?;
    let there = heads(context, ORIGIN)?;
    let missing: Vec<&String> = job.branches.iter().filter(|branch| !there.contains_key(*branch)).collect();
    if missing.is_empty() {
        return Ok(Outcome::UpToDate(format!("`{ORIGIN}` has {}", list::and_ticked(&job.branches))));
    }
    if let Err(outcome) = demand_approval(context, job, &scanned) {
        return Ok(outcome);
    }
    let Some(commit) = there.get(MAIN) else {
        return Err(Fault::new(FaultKind::Refused, format!("`{ORIGIN}` has no branch `{MAIN}` any more")));
    };
    for branch in missing {
        push_commit(context, commit, branch)?;
    }
    Ok(Outcome::done())
}

fn push_commit(context: &mut StepContext<'_>, commit: &str, branch: &str) -> Result<(), Fault> {
    let spec = calling(context, repository::push_branch(context.root(), ORIGIN, commit, branch))?;
    let line = spec.bare_line();
    let answer = context.read_command(&spec.shown_as(line.clone()), false)?;
    if answer.termination.is_success() {
        return Ok(());
    }
    let mut fault = match parse(&answer.out, &format!("refs/heads/{branch}")) {
        Some(Pushed::Rejected { reason, .. }) => {
            Fault::new(FaultKind::Refused, format!("`{ORIGIN}` did not take the branch `{branch}`: {reason}"))
        }
        _ => Fault::new(FaultKind::Failed, format!("the branch `{branch}` could not be pushed")),
    };
    fault.details = std::iter::once(format!("$ {line}")).chain(answer.err).collect();
    let url = ask(context, &command::remote_url(context.root(), ORIGIN))?.out;
    Err(unreachable(fault, url.trim()))
}
