//! A state's lock that was left behind: whose is it? Pure.
//!
//! Only a lock that our own journal proves to be that of an apply of ours whose process is dead may be released. What a backend prints is
//! trusted as far as `adapters::terraform::lock` does: pg's locks end with their session, so one that is held is somebody's who lives; http
//! names an id and no holder, which proves nothing.

use std::time::Duration;

use jiff::Timestamp;

use super::reading::WHO;
use crate::adapters::terraform::LockInfo;
use crate::adapters::terraform::lock::HolderShown;
use crate::run::{Fate, Leftover};

/// How long after its start an apply may have got its lock, besides the time that it waits for it.
const SLACK: Duration = Duration::from_secs(60);

/// Whose a lock is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::domains::workspace) enum Owner {
    /// It is that of our own apply, which is dead: this id releases it.
    OursAndDead(String),
    /// It is not, or that can't be proven, for this reason.
    Unproven(String),
}

/// Whose `lock` is, by what was noted when the applies in `open` were started; an apply waits for a lock at most `wait`.
pub(in crate::domains::workspace) fn judge(lock: &LockInfo, open: &[Leftover], wait: Duration) -> Owner {
    let unproven = |why: &str| Owner::Unproven(why.to_owned());
    let (Some(id), HolderShown::Holder) = (&lock.id, lock.trust) else {
        return unproven(match lock.trust {
            HolderShown::Asker => {
                "its backend gives a lock back when its holder dies, so somebody works on it"
            }
            HolderShown::OnlyId | HolderShown::Holder => "its backend does not say who holds it",
        });
    };
    let Some(created) = lock.created else {
        return unproven("its backend does not say since when it is held");
    };
    if lock.operation.as_deref() != Some("OperationTypeApply") {
        return unproven("it is not held for an apply");
    }
    let ours =
        open.iter().filter(|leftover| lock.who.is_some() && leftover.facts.get(WHO) == lock.who.as_ref());
    let mut fits = ours.filter(|leftover| within(created, leftover.at, wait)).peekable();
    if fits.peek().is_none() {
        return unproven("it was not taken by an apply that this journal knows");
    }
    if fits.any(|leftover| matches!(leftover.fate, Fate::Running(_))) {
        return unproven("the apply that holds it still runs");
    }
    Owner::OursAndDead(id.clone())
}

fn within(created: Timestamp, start: Timestamp, wait: Duration) -> bool {
    let waited = created.duration_since(start);
    Duration::try_from(waited).is_ok_and(|waited| waited <= wait + SLACK)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::event::Termination;

    fn lock() -> LockInfo {
        LockInfo {
            id: Some("4f2".into()),
            path: None,
            operation: Some("OperationTypeApply".into()),
            who: Some("me@here".into()),
            version: None,
            created: Some("2026-11-22T10:00:05Z".parse().unwrap()),
            info: None,
            trust: HolderShown::Holder,
            message: String::new(),
        }
    }

    fn leftover() -> Leftover {
        Leftover {
            run: "r".into(),
            typed: "shipway up".into(),
            step: "workspace:one:apply".into(),
            at: "2026-11-22T10:00:00Z".parse().unwrap(),
            line: String::new(),
            digest: None,
            facts: BTreeMap::from([(WHO.to_owned(), "me@here".to_owned())]),
            host: "here".into(),
            fate: Fate::Ended(Termination::Unknown),
            files: "x".into(),
        }
    }

    fn is_ours(lock: &LockInfo, leftover: &Leftover) -> bool {
        judge(lock, std::slice::from_ref(leftover), Duration::from_secs(10))
            == Owner::OursAndDead("4f2".into())
    }

    #[test]
    fn only_what_the_journal_proves_is_ours() {
        assert!(is_ours(&lock(), &leftover()));
        let others: [fn(&mut LockInfo, &mut Leftover); 9] = [
            |lock, _| lock.who = Some("you@here".into()),
            |lock, _| lock.who = Some("me@there".into()),
            |lock, _| lock.who = None,
            |lock, _| lock.created = Some("2026-11-22T09:59:59Z".parse().unwrap()),
            |lock, _| lock.created = Some("2026-11-22T10:01:11Z".parse().unwrap()),
            |lock, _| lock.operation = Some("OperationTypePlan".into()),
            |lock, _| lock.trust = HolderShown::OnlyId,
            |lock, _| lock.trust = HolderShown::Asker,
            |_, leftover| leftover.fate = Fate::Running(None),
        ];
        for (number, change) in others.into_iter().enumerate() {
            let (mut lock, mut leftover) = (lock(), leftover());
            change(&mut lock, &mut leftover);
            assert!(!is_ours(&lock, &leftover), "{number}");
        }
        let nameless = Leftover { facts: BTreeMap::new(), ..leftover() };
        assert!(!is_ours(&LockInfo { who: None, ..lock() }, &nameless));
        assert!(matches!(judge(&lock(), &[], Duration::ZERO), Owner::Unproven(_)));
    }
}
