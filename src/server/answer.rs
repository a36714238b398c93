//! Answers to a client's questions, and the calls that start or end a deployment without a push.

use std::io::Write as _;

use super::follow::{follow, outcome};
use super::launch::launch;
use super::store::{Store, is_open, live, previous, unreadable};
use crate::cli::print;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::rollout::state;
use crate::os::identity;
use crate::os::signal;
use crate::release::protocol::{Asker, PROTOCOL, Status};
use crate::release::record::{Kind, Record};

/// Prints what is live and what is under way.
pub(super) fn status(store: Store<'_>) -> Result<(), Fault> {
    let settings = store.settings()?;
    let records = store.records()?;
    let open: Vec<Record> = records.iter().filter(|record| is_open(record)).cloned().collect();
    let layout = store.layout;
    let left = state::read(store.doors.files.as_ref(), layout)
        .map_err(|error| unreadable(&layout.state(), &error))?
        .filter(|left| !open.iter().any(|record| record.number == left.number));
    let status = Status {
        protocol: PROTOCOL,
        shipway: env!("CARGO_PKG_VERSION").to_owned(),
        environment: layout.environment.clone(),
        live: live(&records).cloned(),
        open,
        unfinished: left.map(|left| left.number),
        flavour: settings.compose.map(|(flavour, _)| flavour),
    };
    print_json(&status)
}

/// Prints every record, the newest first.
pub(super) fn releases(store: Store<'_>) -> Result<(), Fault> {
    store.settings()?;
    store.records()?.iter().rev().try_for_each(print_json)
}

/// Follows a deployment to its end, and ends like it.
pub(super) fn attach(store: Store<'_>, number: Option<u64>) -> Result<(), Fault> {
    let number = or_last(store, number)?;
    let record = follow(store, number, &mut std::io::stdout().lock())?;
    outcome(&record)
}

/// Prints the log of a deployment as it is.
pub(super) fn log(store: Store<'_>, number: Option<u64>) -> Result<(), Fault> {
    let number = or_last(store, number)?;
    store.record(number)?;
    let path = store.layout.log(number);
    let bytes = store.doors.files.read(&path).map_err(|error| unreadable(&path, &error))?;
    std::io::stdout().write_all(&bytes).ok();
    Ok(())
}

/// Goes back, and follows that.
pub(super) fn rollback(store: Store<'_>, to: Option<u64>, asker: &Asker) -> Result<(), Fault> {
    store.settings()?;
    let records = store.records()?;
    let refused = |message: String| {
        Fault::new(FaultKind::Refused, message).hint("`shipway releases` lists what there is")
    };
    let target = match to {
        None => previous(&records)
            .ok_or_else(|| refused("there is no earlier release that one could go back to".to_owned()))?,
        Some(number) => records
            .iter()
            .find(|record| record.number == number)
            .ok_or_else(|| refused(format!("there is no deployment #{number}")))?,
    };
    let release = match &target.release {
        Some(name) => store.release(name)?,
        None => None,
    };
    let Some(release) = release else {
        return Err(refused(format!("nothing is kept of deployment #{}", target.number))
            .hint("deploy its tag again: `shipway totag TAG`"));
    };
    if live(&records).and_then(|live| live.release.as_ref()) == Some(&release.name) {
        return Err(refused(format!("the release of deployment #{} is live already", target.number)));
    }
    let asker = Asker { tag: release.tag.clone(), ..asker.clone() };
    let number = launch(store, Kind::Rollback, &release.commit, Some(release.name), &asker)?;
    attach(store, Some(number))
}

/// Releases a commit again, and follows that.
pub(super) fn again(store: Store<'_>, commit: &str, asker: &Asker) -> Result<(), Fault> {
    store.settings()?;
    if commit.len() < 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Fault::new(FaultKind::Usage, format!("`{commit}` is no commit")));
    }
    let number = launch(store, Kind::Deploy, commit, None, asker)?;
    attach(store, Some(number))
}

/// Tells the deployment that is under way to stop; it puts back what was live.
pub(super) fn cancel(store: Store<'_>) -> Result<(), Fault> {
    let records = store.records()?;
    let open = records.iter().find(|record| is_open(record));
    let Some((record, process)) = open.and_then(|record| Some((record, record.process.as_ref()?))) else {
        return Err(Fault::new(FaultKind::Refused, "no deployment is under way"));
    };
    if identity::is_alive(process) {
        signal::terminate(process.pid);
    }
    print_json(&serde_json::json!({ "number": record.number }))
}

fn or_last(store: Store<'_>, number: Option<u64>) -> Result<u64, Fault> {
    match number {
        Some(number) => Ok(number),
        None => {
            let records = store.records()?;
            let open = records.iter().find(|record| is_open(record));
            open.or(records.last())
                .map(|record| record.number)
                .ok_or_else(|| Fault::new(FaultKind::Refused, "nothing was ever deployed here"))
        }
    }
}

pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), Fault> {
    let line = serde_json::to_string(value)
        .map_err(|error| Fault::new(FaultKind::Bug, format!("an answer is no JSON: {error}")))?;
    print(&format!("{line}\n"));
    Ok(())
}
