//! Lock and state of a workspace whose apply died: brought in order after a question each, before its state is read.

use super::stale;
use crate::adapters::terraform::{LockInfo, text_box};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::workspace::site::Site;
use crate::event::Level;
use crate::plan::{Digest, Proposal, ProposedChange};
use crate::run::{Leftover, StepContext};

/// Releases a lock that is proven to be a dead apply's of ours, after a question. Any other is left to the plan, which waits for it.
pub(super) fn triage_lock(
    context: &mut StepContext<'_>,
    site: &Site,
    open: &[Leftover],
) -> Result<(), Fault> {
    let (termination, answer) = site.ask(context, |root| root.lock_probe())?;
    let lock = LockInfo::find(&text_box::parse(&answer.err));
    let Some(lock) = lock.filter(|_| !termination.is_success()) else { return Ok(()) };
    match stale::judge(&lock, open, site.model.terraform.lock_timeout) {
        stale::Owner::Unproven(why) => {
            let why =
                site.cloud_holder(context).map_or(why, |held| format!("HCP Terraform says that {held}"));
            let text = format!("the state of `{}` is locked, and not provably by us: {why}", site.name);
            context.log().notice(Level::Warning, &text);
            Ok(())
        }
        stale::Owner::OursAndDead(id) => {
            let text = format!(
                "the state of `{}` is locked by an apply of ours that is dead: {} under the id {id}",
                site.name,
                lock.holder()
            );
            context.log().notice(Level::Warning, &text);
            let question = format!("Release the lock that the dead apply of {} left?", site.name);
            if !context.unlocks_own_stale() && !context.may(proposal(question, &site.name, &id))? {
                let message = format!("the lock of `{}` stays: {}", site.name, lock.holder());
                return Err(Fault::new(FaultKind::Declined, message).hint("nothing was changed"));
            }
            let (termination, answer) = site.ask(context, |root| root.force_unlock(&id))?;
            if termination.is_success() {
                return Ok(());
            }
            Err(site.failure(context, "releasing the lock", &text_box::parse(&answer.err), &answer.err))
        }
    }
}

/// Stores the state that an apply could not store, after a question. Without it everything would be made twice.
pub(super) fn push_state(context: &mut StepContext<'_>, site: &Site) -> Result<(), Fault> {
    const FILE: &str = "errored.tfstate";
    let path = site.folder()?.join(FILE);
    // Somebody has stored it by hand.
    let Ok(bytes) = context.doors().files.read(&path) else { return Ok(()) };
    let shown = site.workspace()?.dir.join(FILE);
    let question = format!("Store {} as the state of {}?", shown.display(), site.name);
    let digest = blake3::hash(&bytes).to_hex();
    if !context.may(proposal(question, &site.name, &digest))? {
        let message = format!("the state of `{}` lies in {} and was not stored", site.name, shown.display());
        return Err(Fault::new(FaultKind::Declined, message)
            .hint("nothing else is done with it before: its resources would be made twice"));
    }
    let wait = site.model.terraform.lock_timeout;
    let (termination, answer) = site.ask(context, |root| root.state_push(FILE, wait))?;
    if !termination.is_success() {
        return Err(site.failure(context, "storing the state", &text_box::parse(&answer.err), &answer.err));
    }
    let unkept = |error: std::io::Error| {
        Fault::new(FaultKind::World, format!("{} could not be put away: {error}", shown.display()))
    };
    let kept = site.keep_snapshot(context, "errored", &bytes).map_err(unkept)?;
    context.doors().files.remove(&path).map_err(unkept)?;
    let text =
        format!("the state of `{}` is stored; {} is now {}", site.name, shown.display(), kept.display());
    context.log().notice(Level::Note, &text);
    Ok(())
}

fn proposal(question: String, name: &str, digest: &str) -> Proposal {
    let change = ProposedChange {
        name: name.to_owned(),
        summary: String::new(),
        destroys: Vec::new(),
        replaces: Vec::new(),
        digest: Digest(digest.to_owned()),
    };
    Proposal { question, changes: vec![change], words: Vec::new() }
}
