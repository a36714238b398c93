//! What will be made is shown, and a person says yes: a repository that all the world may read only by the word.

use std::sync::Arc;

use super::check::Found;
use super::git::{install_hooks, maybe};
use super::scan::Scanned;
use super::{HOOKS_FILE, Job, MAIN, ORIGIN, PUBLIC_WORD, Verb, Visibility, steps};
use crate::adapters::git::repository;
use crate::diagnostic::{Fault, FaultKind};
use crate::os::files::FileKind;
use crate::plan::{Digest, Proposal, ProposedChange};
use crate::run::{Outcome, StepContext};
use crate::text::count::count;
use crate::text::list;

/// What the steps before found.
pub(super) fn found(context: &StepContext<'_>) -> Result<(Arc<Found>, Arc<Scanned>), Fault> {
    let lost = || Fault::new(FaultKind::Bug, "a step left no value");
    let found = context.value::<Found>(Verb::Check.step()).ok_or_else(lost)?;
    Ok((found, context.value::<Scanned>(Verb::Scan.step()).ok_or_else(lost)?))
}

/// The step.
pub(super) fn approve(context: &mut StepContext<'_>, job: &Job) -> Result<Outcome, Fault> {
    let (found, scanned) = found(context)?;
    let has_hooks = context.doors().files.kind(&context.root().join(HOOKS_FILE)) == FileKind::File;
    let can_install = context.has_tool(&install_hooks(context.root()).tool);
    let hooks = has_hooks && can_install && !steps::has_hooks(context)?;
    let is_bound = maybe(context, &repository::followed(context.root(), MAIN))?.is_some();
    let changes = changes(job, &found, &scanned, (hooks, is_bound));
    if changes.is_empty() {
        return Ok(Outcome::Skipped("everything is there".to_owned()));
    }
    let question = match &found.there {
        None => format!("{} at {}, and push {MAIN} to it?", job.wish(), found.access.host()),
        Some(there) => {
            format!("Push {MAIN} to the {} repository {}?", there.visibility.word(), there.name)
        }
    };
    let is_public = job.request.visibility == Visibility::Public;
    let words = if is_public { vec![PUBLIC_WORD.to_owned()] } else { Vec::new() };
    Ok(Outcome::Ask(Proposal { question, changes, words }))
}

/// What is not there yet. `hooks`: they are to be installed; `is_bound`: `main` follows the one at the forge.
fn changes(
    job: &Job,
    found: &Found,
    scanned: &Scanned,
    (hooks, is_bound): (bool, bool),
) -> Vec<ProposedChange> {
    let digest = scanned.digest(job);
    let change = |name: String, summary: String| ProposedChange {
        name,
        summary,
        destroys: Vec::new(),
        replaces: Vec::new(),
        digest: Digest(digest.0.clone()),
    };
    let mut changes = Vec::new();
    if found.there.is_none() {
        let word = job.request.visibility.word();
        changes.push(change(job.forge.repo.clone(), format!("made at {}, {word}", found.access.host())));
    }
    if scanned.commit.is_none() {
        let files = count(scanned.files, "file");
        changes.push(change(format!("the first commit of {MAIN}"), files));
    }
    if hooks {
        changes.push(change("hooks".to_owned(), format!("those of {HOOKS_FILE}")));
    }
    if found.origin.is_none() {
        let by = if job.request.https { "https" } else { "ssh" };
        changes.push(change(format!("the remote {ORIGIN}"), format!("by {by}")));
    }
    let mut missing: Vec<&String> =
        job.branches.iter().filter(|branch| !found.heads.contains_key(*branch)).collect();
    let main = MAIN.to_owned();
    if scanned.commit.is_none() || found.heads.get(MAIN) != scanned.commit.as_ref() {
        missing.insert(0, &main);
    }
    if !missing.is_empty() {
        let noun = if missing.len() == 1 { "branch" } else { "branches" };
        changes.push(change(format!("{noun} {}", list::and_ticked(&missing)), "pushed".to_owned()));
    }
    if changes.is_empty() && !is_bound {
        changes.push(change(MAIN.to_owned(), format!("follows that of {ORIGIN}")));
    }
    changes
}

/// Whether a person said yes to what was scanned; otherwise it is scanned and shown again.
pub(super) fn demand_approval(
    context: &StepContext<'_>,
    job: &Job,
    scanned: &Scanned,
) -> Result<(), Outcome> {
    match context.approval(&scanned.digest(job)) {
        Some(_) => Ok(()),
        None => Err(again("what would be pushed is not what was shown")),
    }
}

/// Back to where the files are read.
pub(super) fn again(reason: &str) -> Outcome {
    Outcome::Redo { from: Verb::Scan.step().to_owned(), reason: reason.to_owned() }
}
