//! One file per built-in command.

mod attach;
mod changes;
mod check;
mod choose;
mod clean_cache;
mod completions;
mod deployments;
mod drift;
mod fmt;
mod graph;
pub mod help;
mod history;
mod import;
mod lint;
mod list;
mod logs;
mod new;
mod plan;
mod plan_markdown;
mod probe;
mod releases;
pub(super) mod resume;
mod schema;
mod secrets;
mod show;
mod ssh;
mod status;
mod tags;
mod up;
mod watch;
mod written;

use super::builtin::Builtin;
use super::documents;
use super::options::Options;
use super::secrets::SecretsCommand;
use super::session::Session;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::deploy::LoginRequest;
use crate::os::Doors;

/// Runs a built-in command. Gives the status to exit with.
pub fn run(doors: &Doors, options: Options, command: Builtin) -> Result<u8, Fault> {
    let session = |options| Session::open(doors, options, &[]);
    if !matches!(
        command,
        Builtin::Logs { release: None, .. } | Builtin::Choose | Builtin::Attach { run: Some(_), .. }
    ) {
        documents::refuse(&options)?;
    }
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
        Builtin::CleanCache { names } => clean_cache::run(doors, options, &names),
        Builtin::Attach { run: Some(run), .. } => attach::run(doors, options, run.as_deref()),
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
        Builtin::Ssh { command, flags } => ssh::run(&session(options)?, LoginRequest { command, flags }),
        Builtin::Up { .. }
        | Builtin::Deploy { .. }
        | Builtin::Totag { .. }
        | Builtin::Rollback { .. }
        | Builtin::Attach { .. }
        | Builtin::Cancel
        | Builtin::Server { .. }
        | Builtin::Secrets { .. }
        | Builtin::Repo { .. }
        | Builtin::Down { .. }
        | Builtin::Tag { .. }
        | Builtin::Plan { .. }
        | Builtin::Drift { .. }
        | Builtin::Apply { .. }
        | Builtin::Resume { .. }
        | Builtin::Run { .. }
        | Builtin::Builtin { .. } => {
            Err(Fault::new(FaultKind::Usage, "this command stands first on the line"))
        }
    }
}

/// Whether a command runs a plan and then has something to say, or another plan to run.
pub(super) fn is_several_runs(command: &Builtin) -> bool {
    matches!(command, Builtin::Plan { .. } | Builtin::Drift { .. } | Builtin::Up { preview: true, .. })
}

/// Runs such a command; `line` is what was typed.
pub(super) fn run_several(session: Session<'_>, command: &Builtin, line: &[String]) -> Result<u8, Fault> {
    match command {
        Builtin::Plan { names, detailed_exitcode, markdown, save } => {
            let (detailed, markdown) = (*detailed_exitcode, *markdown);
            let wish = plan::Wish { names, detailed, markdown, save: save.as_deref() };
            plan::run(session, &wish, line)
        }
        Builtin::Drift { names } => drift::run(session, names, line),
        Builtin::Up { names, .. } => up::run(session, names, line),
        _ => Err(Fault::new(FaultKind::Bug, "this command is one run")),
    }
}
