//! Calls the server's Shipway: an answer read whole, or lines that are followed; what went wrong as a fault.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Deserialize;

use super::remote::Remote;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Stream, Termination};
use crate::os::command::CommandSpec;
use crate::release::protocol::{PROTOCOL, Status};
use crate::run::{CommandRun, StepContext, StepLog, interrupted};
use crate::text::duration;

/// So many of the last lines stand in a fault.
pub(super) const LAST: usize = 12;

/// How a failing verb ends its standard error.
#[derive(Deserialize)]
struct Failure {
    fault: Fault,
}

/// Calls a verb and reads its answer whole.
pub(super) fn ask_server(
    context: &mut StepContext<'_>,
    remote: &Remote,
    words: &[String],
    limit: Option<Duration>,
) -> Result<String, Fault> {
    demand_set_up(context, remote)?;
    let spec = CommandSpec { timeout: limit, ..remote.call(words) };
    let is_look = words.first().is_some_and(|verb| ["status", "releases", "log"].contains(&verb.as_str()));
    read(context, remote, &spec, is_look)
}

/// Runs a command on the server and reads its answer whole.
pub(super) fn read_remote(
    context: &mut StepContext<'_>,
    remote: &Remote,
    spec: &CommandSpec,
) -> Result<String, Fault> {
    read(context, remote, spec, false)
}

fn read(
    context: &mut StepContext<'_>,
    remote: &Remote,
    spec: &CommandSpec,
    is_look: bool,
) -> Result<String, Fault> {
    let answer = context.read_command(spec, is_look)?;
    if answer.termination.is_success() {
        return Ok(answer.out);
    }
    Err(failure(remote, answer.termination, &answer.err, spec.timeout))
}

/// Calls a verb and shows what it prints until the deployment is over, however long that takes.
pub(super) fn follow_server(
    context: &mut StepContext<'_>,
    remote: &Remote,
    words: &[String],
) -> Result<(), Fault> {
    demand_set_up(context, remote)?;
    let (mut last, mut err) = (VecDeque::new(), Vec::new());
    let mut reader = |log: StepLog<'_>, stream: Stream, line: &str| {
        if stream == Stream::Err {
            err.push(line.to_owned());
            if told(line).is_some() {
                return;
            }
        }
        log.line(Stream::Out, line);
        keep_last(&mut last, line);
    };
    let run = CommandRun { reader: Some(&mut reader), ..CommandRun::default() };
    let termination = context.run_command(&remote.call(words), run)?;
    if termination.is_success() {
        return Ok(());
    }
    if context.is_cancelled() {
        return Err(goes_on(remote, interrupted()));
    }
    let mut fault = failure(remote, termination, &err, None);
    let is_told = err.last().is_some_and(|line| told(line).is_some());
    if is_told {
        let details: Vec<String> = last.into_iter().filter(|line| !fault.details.contains(line)).collect();
        fault.details.splice(0..0, details);
        return Err(fault);
    }
    Err(if is_lost(termination) { goes_on(remote, fault) } else { fault })
}

/// Keeps the last lines.
pub(super) fn keep_last(last: &mut VecDeque<String>, line: &str) {
    if last.len() == LAST {
        last.pop_front();
    }
    last.push_back(line.to_owned());
}

/// A deployment whose end we shall not see from here.
pub(super) fn goes_on(remote: &Remote, fault: Fault) -> Fault {
    let environment = &remote.environment;
    let message = match fault.kind {
        FaultKind::Interrupted => "interrupted here; what was begun on the server goes on there".to_owned(),
        _ => format!("{}; what was begun on the server goes on there", fault.message),
    };
    Fault { message, ..fault }
        .hint(format!("see how it goes: `shipway attach -e {environment}`"))
        .hint(format!("stop it, and put back what was live: `shipway cancel -e {environment}`"))
}

/// What is live and what is under way, from a server that speaks as we do.
pub(super) fn status(
    context: &mut StepContext<'_>,
    remote: &Remote,
    limit: Option<Duration>,
) -> Result<Status, Fault> {
    let answer = ask_server(context, remote, &["status".to_owned()], limit)?;
    read_status(&remote.environment, &answer)
}

fn read_status(environment: &str, answer: &str) -> Result<Status, Fault> {
    #[derive(Deserialize)]
    struct Speaks {
        protocol: u32,
        #[serde(default)]
        shipway: String,
    }
    let strange = |error: &serde_json::Error| {
        Fault::new(
            FaultKind::Failed,
            format!("the server of `{environment}` gave an answer that can't be read: {error}"),
        )
        .hint(set_up(environment))
    };
    let speaks: Speaks = serde_json::from_str(answer).map_err(|error| strange(&error))?;
    if speaks.protocol != PROTOCOL {
        let message = format!(
            "the server of `{environment}` has Shipway {}, which speaks protocol {}; this one speaks {PROTOCOL}",
            speaks.shipway, speaks.protocol
        );
        return Err(Fault::new(FaultKind::Refused, message).hint(format!(
            "bring both to the same version: update this one, or run `shipway server setup -e {environment}` again"
        )));
    }
    serde_json::from_str(answer).map_err(|error| strange(&error))
}

fn demand_set_up(context: &StepContext<'_>, remote: &Remote) -> Result<(), Fault> {
    if remote.may_be_set_up(context) { Ok(()) } else { Err(not_set_up(remote)) }
}

fn not_set_up(remote: &Remote) -> Fault {
    let message = format!(
        "the server of `{}` is not set up: there is no {}",
        remote.environment,
        remote.address.path("bin/shipway")
    );
    Fault::new(FaultKind::Refused, message).hint(set_up(&remote.environment))
}

fn set_up(environment: &str) -> String {
    format!("`shipway server setup -e {environment}` prepares it")
}

/// The fault that the last line says.
fn told(line: &str) -> Option<Fault> {
    line.starts_with('{')
        .then(|| serde_json::from_str::<Failure>(line).ok())
        .flatten()
        .map(|failure| failure.fault)
}

/// Whether it was the connection that ended, and not the command (`ssh(1)`: 255).
fn is_lost(termination: Termination) -> bool {
    matches!(termination, Termination::Exited { status: 255 } | Termination::Signaled { .. })
}

fn failure(remote: &Remote, termination: Termination, err: &[String], limit: Option<Duration>) -> Fault {
    let environment = &remote.environment;
    let rest = || err.iter().rev().take(LAST).rev().cloned().collect::<Vec<_>>();
    if let Some(fault) = err.last().and_then(|line| told(line)) {
        return fault;
    }
    if termination == Termination::TimedOut {
        let waited = limit.map(duration::render).unwrap_or_default();
        let message = format!("the server of `{environment}` did not answer within {waited}");
        return Fault::new(FaultKind::World, message);
    }
    if is_lost(termination) && remote.host().is_some() {
        return unreachable(remote, &rest());
    }
    if matches!(termination, Termination::Exited { status: 126 | 127 }) {
        let mut fault = not_set_up(remote);
        fault.details = rest();
        return fault;
    }
    let message = format!("the server of `{environment}` could not do that: {termination}");
    let mut fault = Fault::new(FaultKind::Failed, message);
    fault.details = rest();
    fault
}

/// Nobody answered, or it was not believed: `said` is what ssh said.
pub(super) fn unreachable(remote: &Remote, said: &[String]) -> Fault {
    let environment = &remote.environment;
    let why = said.last().map(|line| line.trim_end_matches('.')).unwrap_or("ssh says nothing");
    let mut fault =
        Fault::new(FaultKind::World, format!("the server of `{environment}` could not be reached: {why}"));
    fault.details = said.to_vec();
    let says = |phrase: &str| said.iter().any(|line| line.contains(phrase));
    let name = remote.host().map(|host| host.authority()).unwrap_or_default();
    if says("Host key verification failed") || says("HOST IDENTIFICATION HAS CHANGED") {
        fault
            .hint("the key that it showed is not the one that is believed: make sure that it is your machine")
            .hint(format!(
                "where it was made anew, take `host_key` out of [environments.{environment}.deploy] and run \
                 `shipway server setup -e {environment}`"
            ))
    } else if says("Permission denied") {
        fault
            .hint(format!("ssh has to log in to {name} without asking: add your key there, or to your agent"))
    } else {
        fault
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::adapters::ssh::Address;

    #[test]
    fn a_server_that_speaks_otherwise_is_told_apart_from_one_that_says_nonsense() {
        let answer = r#"{"protocol":2,"shipway":"9.9.9","of":"another shape"}"#;
        let fault = read_status("prod", answer).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Refused);
        assert!(fault.message.contains("9.9.9") && fault.hints[0].contains("server setup"), "{fault:?}");
        assert_eq!(read_status("prod", "Welcome!\n").unwrap_err().kind, FaultKind::Failed);
        let plain = r#"{"protocol":1,"shipway":"0.1.0","environment":"prod"}"#;
        assert_eq!(read_status("prod", plain).unwrap().live, None);
    }

    #[test]
    fn the_servers_own_fault_is_handed_on_and_silence_is_explained() {
        let remote = Remote::for_tests("prod", Address::parse("ssh://h/srv", Path::new("/")).unwrap());
        let exited = |status| Termination::Exited { status };
        let said = ["noise", r##"{"fault":{"kind":"locked","message":"#7 is at work"},"exit_code":6}"##];
        let fault = failure(&remote, exited(6), &said.map(str::to_owned), None);
        assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::Locked, "#7 is at work"));
        let gone = ["ssh: connect to host h port 22: Connection refused".to_owned()];
        let fault = failure(&remote, exited(255), &gone, None);
        assert_eq!(fault.kind, FaultKind::World);
        assert!(
            fault
                .message
                .ends_with("could not be reached: ssh: connect to host h port 22: Connection refused")
        );
        assert_eq!(failure(&remote, exited(127), &[], None).kind, FaultKind::Refused);
        let changed = ["Host key verification failed.".to_owned()];
        assert!(failure(&remote, exited(255), &changed, None).hints[1].contains("host_key"));
        let late = failure(&remote, Termination::TimedOut, &[], Some(Duration::from_secs(5)));
        assert_eq!(late.message, "the server of `prod` did not answer within 5s");
    }
}
