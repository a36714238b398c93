//! A server's own part of a deployment.
//!
//! A push comes to the hook (`receive`), which writes a record, starts the worker on its own (`launch`) and reads its log along (`follow`). The
//! worker (`worker`) waits for its turn (`wait`), gives each part of the deployment to the engine (`order`) and records how it ended
//! (`store`). A client's questions are answered by `answer`; `shell` is all that a restricted key may do.
//!
//! Deliberately absent: how a release is made (`domains::releases`) and how containers are moved (`domains::rollout`). Nothing here is for
//! people: they use the client's commands.

mod answer;
mod call;
mod files;
mod follow;
mod forget;
mod launch;
mod line;
mod order;
mod receive;
mod setup;
mod shell;
mod store;
mod wait;
mod worker;

use std::ffi::OsString;

use call::Verb;
use shell::Wanted;
use store::Store;

use crate::diagnostic::{Fault, FaultKind};
use crate::event::Stream;
use crate::os::{Doors, relay, terminal};
use crate::release::layout::Layout;

pub use crate::release::protocol::WORD;

/// Is the server's part: `arguments` are those after `WORD`. Gives the status to exit with; a fault is the last line of standard error.
pub fn main(arguments: Vec<OsString>) -> u8 {
    let doors = Doors::real();
    let words: Result<Vec<String>, OsString> = arguments.into_iter().map(OsString::into_string).collect();
    let result = words
        .map_err(|word| Fault::new(FaultKind::Usage, format!("`{}` is not UTF-8", word.to_string_lossy())))
        .and_then(|words| call::parse(&words))
        .and_then(|call| run(&doors, call));
    match result {
        Ok(code) => code,
        Err(fault) => {
            let answer = serde_json::json!({ "fault": fault, "exit_code": fault.exit_code() });
            terminal::say(Stream::Err, &format!("{answer}\n"));
            fault.exit_code()
        }
    }
}

fn run(doors: &Doors, call: call::Call) -> Result<u8, Fault> {
    let layout = Layout::at(&call.home);
    let store = Store { doors, layout: &layout };
    match call.verb {
        Verb::Receive => receive::run(store)?,
        Verb::PreReceive => receive::run_before(store)?,
        Verb::Work { number, no_wait } => worker::run(store, number, no_wait)?,
        Verb::Status => answer::status(store)?,
        Verb::Releases => answer::releases(store)?,
        Verb::Follow(number) => answer::attach(store, number)?,
        Verb::Log(number) => answer::log(store, number)?,
        Verb::Rollback { to, asker } => answer::rollback(store, to, &asker)?,
        Verb::Again { commit, asker } => answer::again(store, &commit, &asker)?,
        Verb::Cancel => answer::cancel(store)?,
        Verb::Recover => worker::recover(store)?,
        Verb::Files => {
            let count = files::receive(store, std::io::stdin().lock())?;
            answer::print_json(&serde_json::json!({ "files": count }))?;
        }
        Verb::Setup { project } => setup::run(store, &project)?,
        Verb::Shell => {
            let command = doors.environment.get("SSH_ORIGINAL_COMMAND").unwrap_or_default();
            return match shell::parse(&call.home, command)? {
                Wanted::Call(call) => run(doors, call),
                Wanted::Git { program, repository } => {
                    relay::run(program, &[repository.into()]).map_err(|error| {
                        Fault::new(FaultKind::World, format!("`{program}` could not be run: {error}"))
                    })
                }
            };
        }
    }
    Ok(0)
}
