//! Asks git for the server's part, and says as a fault what went wrong.

use crate::diagnostic::{Fault, FaultKind};
use crate::event::Stream;
use crate::os::command::CommandSpec;
use crate::run::{CommandRun, StepContext, StepLog, interrupted};

/// Runs a command and gives what it printed; any status but 0 is a fault.
pub(super) fn demand(context: &mut StepContext<'_>, spec: CommandSpec, what: &str) -> Result<String, Fault> {
    let line = CommandSpec { env: Default::default(), ..spec.clone() }.to_string();
    let (mut out, mut err) = (String::new(), Vec::new());
    let mut reader = |_: StepLog<'_>, stream: Stream, line: &str| match stream {
        Stream::Out => {
            out.push_str(line);
            out.push('\n');
        }
        Stream::Err => err.push(line.to_owned()),
    };
    let run = CommandRun { is_look: true, reader: Some(&mut reader), ..CommandRun::default() };
    let termination = context.run_command(&spec, run)?;
    if termination.is_success() {
        return Ok(out);
    }
    if context.is_cancelled() {
        return Err(interrupted());
    }
    let mut fault =
        Fault::new(FaultKind::Failed, format!("{what}: {termination}")).detail(format!("$ {line}"));
    fault.details.extend(err);
    Err(fault)
}
