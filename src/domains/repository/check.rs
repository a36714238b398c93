//! What is there already, here and at the forge; and all that can be refused before the files are read.

use std::collections::BTreeMap;

use super::forge::{Forge, Owner, There};
use super::git::{ask, calling, commit_of, is_repository, look, maybe, unreachable};
use super::{Job, MAIN, ORIGIN};
use crate::adapters::git::{command, repository};
use crate::adapters::vendor::Access;
use crate::diagnostic::{Fault, FaultKind};
use crate::run::StepContext;

/// What is there.
pub(super) struct Found {
    /// Where the forge is asked, and as whom.
    pub(super) access: Access,
    /// The repository at the forge.
    pub(super) there: Option<There>,
    /// Where it would be made; known where it is not there.
    pub(super) owner: Option<Owner>,
    /// The last commit of `main` here.
    pub(super) commit: Option<String>,
    /// The address of `origin`.
    pub(super) origin: Option<String>,
    /// The branches at the forge, with their commits.
    pub(super) heads: BTreeMap<String, String>,
}

/// Looks, and changes nothing.
pub(super) fn check(context: &mut StepContext<'_>, job: &Job) -> Result<Found, Fault> {
    let (mut commit, mut origin) = (None, None);
    if is_repository(context)? {
        commit = commit_of(context, MAIN)?;
        origin = maybe(context, &command::remote_url(context.root(), ORIGIN))?;
        if commit.is_none() {
            refuse_other_branch(context)?;
        }
    }
    if commit.is_none() {
        know_author(context)?;
    }
    let forge = Forge::open(context, &job.forge)?;
    let there = forge.find(context)?;
    let owner = match &there {
        Some(there) => {
            refuse_renamed(there, job)?;
            there.confirm(job)?;
            None
        }
        None => Some(forge.owner(context)?),
    };
    let mut found = Found { access: forge.access, there, owner, commit, origin, heads: BTreeMap::new() };
    if let Some(origin) = &found.origin
        && !is_same(origin, found.there.as_ref(), job, &found.access)
    {
        return Err(refuse_origin(origin, job));
    }
    if let Some(there) = &found.there {
        let url = found.origin.as_deref().unwrap_or_else(|| there.address(job));
        found.heads = heads(context, url)?;
        if let Some(theirs) = found.heads.get(MAIN) {
            refuse_other_history(context, job, theirs, found.commit.as_deref())?;
        }
    }
    Ok(found)
}

/// The branches at a remote or an address.
pub(super) fn heads(context: &mut StepContext<'_>, place: &str) -> Result<BTreeMap<String, String>, Fault> {
    let spec = calling(context, repository::remote_branches(context.root(), place))?;
    let output = context.demand_command(&spec, true, "the branches of the repository could not be read");
    let fault = match output {
        Ok(output) => return Ok(repository::branches(&output)),
        Err(fault) => fault,
    };
    let named = maybe(context, &command::remote_url(context.root(), place))?;
    Err(unreachable(fault, named.as_deref().unwrap_or(place)))
}

/// Commits that are on another branch than `main` would stay here.
fn refuse_other_branch(context: &mut StepContext<'_>) -> Result<(), Fault> {
    if maybe(context, &command::commit_of(context.root(), "HEAD"))?.is_none() {
        return Ok(());
    }
    let branch = maybe(context, &repository::head_branch(context.root()))?;
    let fault = Fault::new(FaultKind::Refused, format!("there are commits, and none on the branch `{MAIN}`"));
    Err(match branch.as_deref().and_then(|name| name.strip_prefix("refs/heads/")) {
        Some(name) => fault.hint(format!("`git branch -m {name} {MAIN}` gives the branch that name")),
        None => fault.hint(format!("`git switch -c {MAIN}` begins that branch here")),
    })
}

fn know_author(context: &mut StepContext<'_>) -> Result<(), Fault> {
    let answer = ask(context, &command::identity(context.root()))?;
    if answer.termination.is_success() {
        return Ok(());
    }
    let mut fault = Fault::new(FaultKind::World, "git does not know who makes the first commit");
    fault.details = answer.err;
    Err(fault
        .hint("`git config --global user.name NAME` and `git config --global user.email ADDRESS` tell it"))
}

fn refuse_renamed(there: &There, job: &Job) -> Result<(), Fault> {
    let wanted = &job.forge.repo;
    if there.name.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let message = format!("the repository {wanted} is called {} now", there.name);
    Err(Fault::new(FaultKind::Refused, message).hint(format!("write `repo = \"{}\"` in [forge]", there.name)))
}

/// Whether `origin` is the repository that is meant.
fn is_same(origin: &str, there: Option<&There>, job: &Job, access: &Access) -> bool {
    let place = repository::host_and_path(origin);
    match there {
        Some(there) => [&there.ssh, &there.https].into_iter().any(|address| {
            origin == address || place.is_some() && place == repository::host_and_path(address)
        }),
        None => place.is_some_and(|(host, path)| {
            // Of a company's own forge the API may have another host than the repositories.
            let is_own = access.base != access.vendor.default_base;
            let web = access.host().trim_start_matches("api.");
            path.eq_ignore_ascii_case(&job.forge.repo) && (is_own || host.trim_start_matches("ssh.") == web)
        }),
    }
}

fn refuse_origin(origin: &str, job: &Job) -> Fault {
    let message = format!("the remote `{ORIGIN}` is not {} at {}", job.forge.repo, job.forge.kind.title());
    Fault::new(FaultKind::Refused, message)
        .detail(format!("it is {}", without_password(origin)))
        .hint(format!("`git remote rename {ORIGIN} old` keeps it under another name"))
        .hint("or correct `repo` of [forge]")
}

/// An address as it may be shown.
fn without_password(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?))) {
        Some((scheme, (user, rest))) if !user.contains('/') => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

/// What is at the forge and not here would have to be overwritten.
fn refuse_other_history(
    context: &mut StepContext<'_>,
    job: &Job,
    theirs: &str,
    ours: Option<&str>,
) -> Result<(), Fault> {
    let repo = &job.forge.repo;
    if let Some(ours) = ours
        && maybe(context, &command::has_commit(context.root(), theirs))?.is_some()
        && maybe(context, &repository::is_ancestor(context.root(), theirs, ours))?.is_some()
    {
        return Ok(());
    }
    let message = format!("`{MAIN}` of {repo} has commits that `{MAIN}` has not here");
    let fault = Fault::new(FaultKind::Refused, message);
    Err(match ours {
        None => {
            fault.hint(format!("start from what is there: `git clone` {repo}, and copy the project into it"))
        }
        Some(_) => fault.hint(format!("`git pull --rebase {ORIGIN} {MAIN}` brings both together")),
    })
}

/// The tree of the last commit of `main`.
pub(super) fn tree_of_main(context: &mut StepContext<'_>) -> Result<String, Fault> {
    let spec = repository::tree_of(context.root(), &format!("refs/heads/{MAIN}"));
    look(context, &spec).map(|tree| tree.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(super::without_password("https://ada:x9@github.com/a/b"), "https://github.com/a/b");
        assert_eq!(super::without_password("git@github.com:a/b.git"), "git@github.com:a/b.git");
        assert_eq!(super::without_password("file:///srv/a@b.git"), "file:///srv/a@b.git");
    }
}
