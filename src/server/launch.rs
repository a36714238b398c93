//! Starts the worker of a deployment, on its own: neither the push nor the connection that asked for it is needed any more.

use std::ffi::OsString;

use super::store::{Store, unwritable};
use crate::diagnostic::{Fault, FaultKind};
use crate::os::{detached, identity};
use crate::release::protocol::{Asker, PROTOCOL, WORD};
use crate::release::record::{Kind, RECORD_VERSION, Record};

/// Writes the record of a new deployment and starts its worker; gives the number.
pub(super) fn launch(
    store: Store<'_>,
    kind: Kind,
    commit: &str,
    release: Option<String>,
    asker: &Asker,
) -> Result<u64, Fault> {
    let record = store.allocate(Record {
        version: RECORD_VERSION,
        number: 0,
        environment: store.layout.environment.clone(),
        kind,
        commit: commit.to_owned(),
        tag: asker.tag.clone(),
        by: asker.by.clone(),
        from: asker.from.clone(),
        release,
        parent: None,
        shipway: env!("CARGO_PKG_VERSION").to_owned(),
        asked: store.doors.clock.now(),
        started: None,
        finished: None,
        process: None,
        launcher: Some(identity::own()),
        result: None,
        error: None,
        fault: None,
        phases: Vec::new(),
    })?;
    let environment = &store.doors.environment;
    let program = environment
        .executable
        .clone()
        .ok_or_else(|| Fault::new(FaultKind::World, "the system does not tell where Shipway's program is"))?;
    let mut args: Vec<OsString> = vec![WORD.into(), PROTOCOL.to_string().into()];
    args.extend([store.layout.home.clone().into(), "work".into(), record.number.to_string().into()]);
    if asker.no_wait {
        args.push("--no-wait".into());
    }
    let env: Vec<(OsString, OsString)> = environment
        .variables
        .iter()
        .filter(|(name, _)| !is_of_the_caller(&name.to_string_lossy()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let log = store.layout.log(record.number);
    detached::start(&program, &args, &env, &store.layout.home, &log)
        .map_err(|error| unwritable(&log, &error))?;
    Ok(record.number)
}

/// What belongs to the push or to a CI job, and would lead git or the report of the worker astray.
fn is_of_the_caller(name: &str) -> bool {
    name.starts_with("GIT_")
        || name.starts_with("SSH_")
        || matches!(name, "CI" | "GITHUB_ACTIONS" | "GITLAB_CI" | "SHIPWAY_ENVIRONMENT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_has_the_environment_of_the_host_and_not_of_the_push() {
        assert!(is_of_the_caller("GIT_DIR") && is_of_the_caller("GIT_QUARANTINE_PATH"));
        assert!(!is_of_the_caller("PATH") && !is_of_the_caller("DOCKER_HOST"));
    }
}
