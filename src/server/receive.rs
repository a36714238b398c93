//! The hook: decides once over a whole push, starts the deployment and follows it (`seeds.md` F1, F3 to F7).
//!
//! Only the exact ref of the environment is a deployment; anything else below `refs/deploy/` is refused, and all other refs are git's.
//! A push whose deployment fails ends with its reason, its ref stays, and so the same push tries again.

use std::io::Write as _;
use std::path::Path;

use super::follow::{follow, outcome};
use super::launch::launch;
use super::store::{Store, unwritable};
use crate::adapters::git::receive::{Push, RefChange, Verdict, parse_change, read_push, write_verdicts};
use crate::diagnostic::{Fault, FaultKind};
use crate::os::files::FileKind;
use crate::release::protocol::{Asker, deploy_ref};
use crate::release::record::Kind;

/// What a change of a ref is to us.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    /// Deploy this commit.
    Deploy(String),
    /// Say that the hook runs.
    Probe,
    /// Not with us.
    Refuse(String),
}

/// Pure: what the push wants with one of our refs.
fn wish(push: &Push, change: &RefChange, environment: &str) -> Wish {
    if change.name != deploy_ref(environment) {
        let ours = deploy_ref(environment);
        return Wish::Refuse(format!("only {ours} is deployed here"));
    }
    if push.has("probe") {
        return Wish::Probe;
    }
    match &change.new {
        Some(commit) => Wish::Deploy(commit.clone()),
        None => Wish::Refuse("an environment can't be deleted by a push".to_owned()),
    }
}

/// Is `proc-receive`. Gives the status to exit with: only broken talk is an error of the hook.
pub(super) fn run(store: Store<'_>) -> Result<(), Fault> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let broken = |error: std::io::Error| Fault::new(FaultKind::World, format!("the push broke off: {error}"));
    let push = read_push(&mut input, &mut output).map_err(broken)?;
    let mut verdicts = Vec::new();
    for change in &push.changes {
        let verdict = match decide(store, &push, change) {
            Ok(()) => Verdict::Ok,
            Err(fault) => {
                say_hints(&fault);
                Verdict::Refused(fault.message)
            }
        };
        verdicts.push((change.name.clone(), verdict));
    }
    write_verdicts(&mut output, &verdicts).map_err(broken)
}

/// Is `pre-receive`, for a git that has no `proc-receive` (before 2.29): the same, for the whole push at once.
pub(super) fn run_before(store: Store<'_>) -> Result<(), Fault> {
    let variables = &store.doors.environment;
    let count: usize = variables.get("GIT_PUSH_OPTION_COUNT").and_then(|text| text.parse().ok()).unwrap_or(0);
    let option = |index| variables.get(&format!("GIT_PUSH_OPTION_{index}")).map(str::to_owned);
    let options: Vec<String> = (0..count).filter_map(option).collect();
    let mut changes = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.and_then(|line| parse_change(&line));
        changes.push(
            line.map_err(|error| Fault::new(FaultKind::World, format!("the push broke off: {error}")))?,
        );
    }
    let push = Push { changes, options };
    if let Some(quarantine) = variables.get("GIT_QUARANTINE_PATH") {
        keep(store, Path::new(quarantine), &store.layout.repository().join("objects"))?;
    }
    for change in push.changes.iter().filter(|change| change.name.starts_with("refs/deploy/")) {
        decide(store, &push, change)?;
    }
    Ok(())
}

/// Gives the objects of the push their names in the repository before git does: the worker needs them, whatever becomes of the push.
fn keep(store: Store<'_>, from: &Path, to: &Path) -> Result<(), Fault> {
    let files = &store.doors.files;
    files.create_private_dir(to).map_err(|error| unwritable(to, &error))?;
    for name in files.list(from).map_err(|error| unwritable(from, &error))? {
        let (from, to) = (from.join(&name), to.join(&name));
        if files.kind(&from) == FileKind::Folder {
            keep(store, &from, &to)?;
        } else {
            files.link(&from, &to).map_err(|error| unwritable(&to, &error))?;
        }
    }
    Ok(())
}

fn decide(store: Store<'_>, push: &Push, change: &RefChange) -> Result<(), Fault> {
    match wish(push, change, &store.layout.environment) {
        Wish::Refuse(reason) => Err(Fault::new(FaultKind::Refused, reason)),
        Wish::Probe => {
            let settings = store.settings()?;
            Err(Fault::new(FaultKind::Refused, format!("shipway probe {} ok", settings.protocol)))
        }
        Wish::Deploy(commit) => {
            store.settings()?;
            let asker = Asker {
                by: push.option("by").unwrap_or_default().to_owned(),
                from: push.option("from").unwrap_or_default().to_owned(),
                tag: push.option("tag").map(str::to_owned),
                no_wait: push.has("no-wait"),
            };
            let number = launch(store, Kind::Deploy, &commit, None, &asker)?;
            let record = follow(store, number, &mut std::io::stderr().lock())?;
            outcome(&record)
        }
    }
}

fn say_hints(fault: &Fault) {
    let mut err = std::io::stderr().lock();
    for hint in &fault.hints {
        // Who is gone needs no hint.
        writeln!(err, "hint: {hint}").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_ref_of_the_environment_is_deployed() {
        let commit = "2".repeat(40);
        let push = Push::default();
        let to = |name: &str, new: Option<&str>| {
            let change = RefChange { old: None, new: new.map(str::to_owned), name: name.to_owned() };
            wish(&push, &change, "prod")
        };
        assert_eq!(to("refs/deploy/prod", Some(&commit)), Wish::Deploy(commit.clone()));
        for name in ["refs/deploy/x/prod", "refs/deploy/prod/x", "refs/deploy/stage", "refs/deploy/prod2"] {
            assert!(matches!(to(name, Some(&commit)), Wish::Refuse(_)), "{name}");
        }
        assert!(matches!(to("refs/deploy/prod", None), Wish::Refuse(_)));
    }

    #[test]
    fn a_probe_changes_nothing() {
        let push = Push { changes: Vec::new(), options: vec!["probe".to_owned()] };
        let change = RefChange { old: None, new: Some("2".repeat(40)), name: "refs/deploy/prod".to_owned() };
        assert_eq!(wish(&push, &change, "prod"), Wish::Probe);
    }
}
