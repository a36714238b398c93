//! `ssh`: a login on an environment's server, on this terminal.

use std::ffi::OsString;
use std::sync::Arc;

use crate::assemble::Goal;
use crate::cli::goals;
use crate::cli::session::Session;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::deploy::{Login, LoginRequest, Wish};
use crate::os::command::{Argument, EnvironmentValue};
use crate::os::{relay, signal};
use crate::plan::Ending;

/// Finds out where to and with which key, then hands the terminal over. Ends as ssh ends.
pub(super) fn run(session: &Session<'_>, request: LoginRequest) -> Result<u8, Fault> {
    let goal: Goal = goals::deploy_goal(session, Wish::Login(request))?;
    if session.options.dry_run {
        return session.run_goals(&[goal], &[]);
    }
    let result = session.look(&[goal])?;
    let login: Option<Arc<Login>> = result.values.into_iter().find_map(|value| value.downcast().ok());
    let Some(login) = login else {
        let fault = result.endings.into_iter().find_map(|(_, ending)| match ending {
            Ending::Failed { fault } => Some(fault),
            _ => None,
        });
        return Err(fault.unwrap_or_else(|| Fault::new(FaultKind::Interrupted, "interrupted")));
    };
    open(session, &login)
}

fn open(session: &Session<'_>, login: &Login) -> Result<u8, Fault> {
    let spec = login.command()?;
    let doors = session.doors;
    let mut env = doors.environment.variables.clone();
    for (name, value) in &spec.env {
        let value = match value {
            EnvironmentValue::Plain(value) => value,
            EnvironmentValue::Secret(secret) => secret.expose(),
        };
        env.insert(name.into(), value.into());
    }
    let path = env.get(&OsString::from("PATH")).cloned();
    let program = doors.tools.find(&spec.tool, path.as_deref(), &spec.dir).map_err(|missing| {
        Fault::new(FaultKind::World, missing.to_string()).hint("it is a part of OpenSSH; install that")
    })?;
    let args: Vec<OsString> = spec
        .args
        .iter()
        .map(|argument| match argument {
            Argument::Plain(text) => text.into(),
            Argument::Path(path) => path.into(),
        })
        .collect();
    // Ctrl-C is for what runs there: we stay, and take away what we made.
    let _watch = signal::watch(|_| true)
        .map_err(|error| Fault::new(FaultKind::World, format!("signals can't be watched: {error}")))?;
    let env: Vec<(OsString, OsString)> = env.into_iter().collect();
    relay::foreground(&program, &args, &env, &spec.dir).map_err(|error| {
        Fault::new(FaultKind::World, format!("`{}` could not be started: {error}", spec.tool))
    })
}
