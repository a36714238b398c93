//! What pulumi says on standard error before its engine starts: there is no stack, somebody holds it, the program's packages are missing.

use std::time::Duration;

use jiff::Timestamp;

use crate::adapters::terraform::LockInfo;
use crate::adapters::terraform::lock::HolderShown;

/// Why it gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// The backend has no stack of that name (`backenderr.StackNotFoundError`).
    NoStack,
    /// What the program is written with is not there, which `pulumi install` fetches.
    NotInstalled,
    /// These hold the stack: one, mostly.
    Locked(Vec<LockInfo>),
    /// For another reason.
    Other,
}

/// Reads standard error.
pub fn read(text: &str) -> Complaint {
    let holders: Vec<LockInfo> = text.lines().filter_map(holder).collect();
    if text.contains("the stack is currently locked by ") {
        return Complaint::Locked(holders);
    }
    // Pulumi Cloud, which names nobody.
    if let Some(line) = text.lines().find(|line| line.contains("[409] Conflict: Another update")) {
        return Complaint::Locked(vec![LockInfo { message: without_mark(line).to_owned(), ..unknown() }]);
    }
    if text.contains("no stack named '") {
        return Complaint::NoStack;
    }
    if text.contains("run pulumi install?") || text.contains("run `pulumi install`") {
        return Complaint::NotInstalled;
    }
    Complaint::Other
}

/// The first sentence that is an error, without its mark.
pub fn first_error(text: &str) -> Option<&str> {
    text.lines().find(|line| line.starts_with("error: ")).map(without_mark)
}

fn without_mark(line: &str) -> &str {
    line.trim().trim_start_matches("error: ")
}

/// `  file:///s/.pulumi/locks/…json: created by me@here (pid 12) at 2026-11-22T10:00:00Z`, as `pkg/backend/diy/lock.go` prints it.
fn holder(line: &str) -> Option<LockInfo> {
    let (path, rest) = line.trim().split_once(": created by ")?;
    let (who, rest) = rest.split_once(" (pid ")?;
    let (pid, time) = rest.split_once(") at ")?;
    // Whole seconds, cut off: the lock was taken somewhere within.
    let created = time.trim().parse::<Timestamp>().ok();
    let created = created.and_then(|time| time.checked_add(Duration::from_millis(999)).ok());
    Some(LockInfo {
        id: Some(pid.to_owned()),
        path: Some(path.to_owned()),
        // Previews take none.
        operation: Some("OperationTypeApply".to_owned()),
        who: Some(who.to_owned()),
        created,
        trust: HolderShown::Holder,
        message: format!("process {pid} of {who} holds {path}"),
        ..unknown()
    })
}

fn unknown() -> LockInfo {
    LockInfo {
        id: None,
        path: None,
        operation: None,
        who: None,
        version: None,
        created: None,
        info: None,
        trust: HolderShown::Asker,
        message: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_named_with_its_process() {
        let text = "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n  file:///s/.pulumi/locks/organization/shop/prod/1.json: created by me@here (pid 12) at 2026-11-22T10:00:00Z\n";
        let Complaint::Locked(holders) = read(text) else { panic!("{:?}", read(text)) };
        let [lock] = holders.as_slice() else { panic!("{holders:?}") };
        assert_eq!((lock.who.as_deref(), lock.id.as_deref()), (Some("me@here"), Some("12")));
        assert_eq!(lock.created, Some("2026-11-22T10:00:00.999Z".parse().unwrap()));
        assert!(lock.path.as_deref().is_some_and(|path| path.ends_with("/1.json")), "{lock:?}");
        assert_eq!(first_error(text).map(|line| line.len() > 20), Some(true));
    }

    #[test]
    fn the_cloud_names_nobody() {
        let text = "error: [409] Conflict: Another update is currently in progress.\nTo learn more about possible reasons and resolution, visit https://…\n";
        let Complaint::Locked(holders) = read(text) else { panic!("{:?}", read(text)) };
        assert_eq!(
            holders.first().map(|lock| (lock.trust, lock.who.clone())),
            Some((HolderShown::Asker, None))
        );
    }

    #[test]
    fn what_can_be_made_good_is_told_from_the_rest() {
        assert_eq!(read("error: no stack named 'prod' found\n"), Complaint::NoStack);
        let missing =
            "error: It looks like the Pulumi SDK has not been installed. Have you run pulumi install?";
        assert_eq!(read(missing), Complaint::NotInstalled);
        assert_eq!(read("error: boom"), Complaint::Other);
        assert_eq!(first_error("warning: x\nerror: boom"), Some("boom"));
    }
}
