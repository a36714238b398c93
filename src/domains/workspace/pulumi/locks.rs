//! The lock of a stack: waited for, named, and taken away only where it is a dead update's of ours.
//!
//! Pulumi itself gives up at once, and the lock of an update that died stays until somebody takes it away with `pulumi cancel`.

use std::time::Duration;

use crate::adapters::pulumi::{Complaint, complaint};
use crate::adapters::terraform::LockInfo;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::workspace::resume::{LockOwner, Resumed, judge_lock};
use crate::domains::workspace::site::Site;
use crate::event::Level;
use crate::plan::{Digest, Proposal, ProposedChange};
use crate::run::{StepContext, interrupted};
use crate::text::duration;

/// So long it waits before it tries again.
const PAUSE: Duration = Duration::from_secs(2);

impl Site {
    /// The fault of a stack that somebody else holds.
    pub(super) fn stack_locked(&self, context: &StepContext<'_>, holders: &[LockInfo]) -> Fault {
        let stack = self.workspace().map(|workspace| workspace.stack.clone()).unwrap_or_default();
        let message =
            format!("the stack `{stack}` of `{}` is locked: {}", self.name, named(context, holders));
        let fault = Fault::new(FaultKind::Locked, message);
        let fault = holders.iter().map(|lock| lock.message.clone()).fold(fault, Fault::detail);
        let cancel = self.stack_preview(|stack| stack.cancel());
        fault
            .hint("wait until it is free and run this again; nothing was changed")
            .hint(format!("where you are sure that its holder is gone: `{cancel}`"))
    }

    /// Whether an update that could not start because of a lock is tried again. Then its time to wait is over, or the lock was taken away.
    /// `waited` is for how long it has been tried.
    pub(in crate::domains::workspace) fn stack_is_free_now(
        &self,
        context: &mut StepContext<'_>,
        said: &str,
        waited: &mut Duration,
    ) -> Result<bool, Fault> {
        let Complaint::Locked(holders) = complaint::read(said) else { return Ok(false) };
        if let [lock] = holders.as_slice()
            && let Some(resumed) = Resumed::of(context, self)
            && let LockOwner::OursAndDead(_) =
                judge_lock(lock, resumed.open(self), self.model.terraform.lock_timeout)
        {
            return self.take_away(context, lock);
        }
        if *waited >= self.model.terraform.lock_timeout {
            return Ok(false);
        }
        if waited.is_zero() {
            let text = format!(
                "waiting for the lock of `{}`, for at most {}: {}",
                self.name,
                duration::render(self.model.terraform.lock_timeout),
                named(context, &holders)
            );
            context.log().notice(Level::Note, &text);
        }
        *waited += PAUSE;
        if context.wait(PAUSE) { Ok(true) } else { Err(interrupted()) }
    }

    fn take_away(&self, context: &mut StepContext<'_>, lock: &LockInfo) -> Result<bool, Fault> {
        let text = format!(
            "the stack of `{}` is locked by an update of ours that is dead: {}",
            self.name, lock.message
        );
        context.log().notice(Level::Warning, &text);
        let change = ProposedChange {
            name: self.name.clone(),
            summary: String::new(),
            destroys: Vec::new(),
            replaces: Vec::new(),
            digest: Digest(blake3::hash(lock.message.as_bytes()).to_hex().to_string()),
        };
        let question = format!("Release the lock that the dead update of {} left?", self.name);
        let proposal = Proposal { question, changes: vec![change], words: Vec::new() };
        if !context.unlocks_own_stale() && !context.may(proposal)? {
            let message = format!("the lock of `{}` stays: {}", self.name, lock.message);
            return Err(Fault::new(FaultKind::Declined, message).hint("nothing was changed"));
        }
        let (termination, answer) = self.stack_ask(context, "releasing the lock", |stack| stack.cancel())?;
        if termination.is_success() {
            return Ok(true);
        }
        Err(self.stack_failure(context, "releasing the lock", &[], &answer.err))
    }
}

/// Who holds it, and for how long.
fn named(context: &StepContext<'_>, holders: &[LockInfo]) -> String {
    let now = context.doors().clock.now();
    let one = |lock: &LockInfo| {
        let held = lock.held_for(now).map(|held| format!(", for {}", duration::render(held)));
        format!("{}{}", lock.holder(), held.unwrap_or_default())
    };
    let all: Vec<String> = holders.iter().map(one).collect();
    if all.is_empty() { "its backend doesn't say by whom".to_owned() } else { all.join("; ") }
}
