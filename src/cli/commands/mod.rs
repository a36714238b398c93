//! One file per built-in command.

pub mod help;
mod list;
mod status;

use super::options::{Builtin, Options};
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
        _ => Err(Fault::new(FaultKind::Bug, "soon")),
    }
}
