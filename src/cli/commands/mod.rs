//! One file per built-in command.

mod check;
mod choose;
mod completions;
mod deployments;
mod fmt;
mod graph;
pub mod help;
mod history;
mod import;
mod lint;
mod list;
mod logs;
mod new;
mod probe;
mod releases;
mod schema;
mod secrets;
mod show;
mod status;
mod tags;
mod watch;
mod written;

use super::options::{Builtin, Options};
use super::secrets::SecretsCommand;
use super::session::Session;
use crate::diagnostic::{Fault, FaultKind};
use crate::os::Doors;

/// Runs a built-in command. Gives the status to exit with.
pub fn run(doors: &Doors, options: Options, command: Builtin) -> Result<u8, Fault> {
    let session = |options| Session::open(doors, options, &[]);
    match command {
        Builtin::List { all } => list::run(&session(options)?, all),
        Builtin::Status { names } => status::run(&session(options)?, &names),
        Builtin::Help { name } => help::run(doors, options, name.as_deref()),
        Builtin::Show { name } => show::run(&session(options)?, &name),
        Builtin::Graph { names, format } => graph::run(&session(options)?, &names, format),
        Builtin::Fmt { check } => fmt::run(doors, &options, check),
        Builtin::Schema => schema::run(),
        Builtin::Import { source, from, print } => import::run(doors, &options, &source, from, print),
        Builtin::Choose => choose::run(&session(options)?),
        Builtin::Watch { words } => watch::run(&session(options)?, &words),
        Builtin::Check => check::run(doors, &options),
        Builtin::History { number } => history::run(doors, &options, number),
        Builtin::Logs { release: Some(number), .. } => releases::log(&session(options)?, number),
        Builtin::Logs { run, step, release: None } => {
            logs::run(doors, &options, run.as_deref(), step.as_deref())
        }
        Builtin::New { template, dir } => new::run(doors, &options, &template, &dir),
        Builtin::Completions { shell } => completions::run(&shell),
        Builtin::Tags { number } => tags::run(&session(options)?, number),
        Builtin::Secrets { command: SecretsCommand::List { names } } => {
            secrets::run(&session(options)?, names, false, false)
        }
        Builtin::Secrets { command: SecretsCommand::Lint } => lint::run(&session(options)?),
        Builtin::Secrets { command: SecretsCommand::Diff { names, exit_code } } => {
            secrets::run(&session(options)?, names, true, exit_code)
        }
        Builtin::Releases { number } => releases::run(&session(options)?, number),
        Builtin::Up { .. }
        | Builtin::Deploy { .. }
        | Builtin::Totag { .. }
        | Builtin::Rollback { .. }
        | Builtin::Attach { .. }
        | Builtin::Cancel
        | Builtin::Server { .. }
        | Builtin::Secrets { .. }
        | Builtin::Down { .. }
        | Builtin::Tag { .. }
        | Builtin::Run { .. }
        | Builtin::Builtin { .. } => {
            Err(Fault::new(FaultKind::Usage, "this command stands first on the line"))
        }
    }
}
