//! Asks git for the server's part, and says as a fault what went wrong.

use crate::diagnostic::{Fault, FaultKind};
use crate::os::command::CommandSpec;
use crate::run::StepContext;

/// Runs a command and gives what it printed; any status but 0 is a fault.
pub(super) fn demand(context: &mut StepContext<'_>, spec: CommandSpec, what: &str) -> Result<String, Fault> {
    let line = CommandSpec { env: Default::default(), ..spec.clone() }.to_string();
    let answer = context.read_command(&spec, true)?;
    if answer.termination.is_success() {
        return Ok(answer.out);
    }
    let mut fault =
        Fault::new(FaultKind::Failed, format!("{what}: {}", answer.termination)).detail(format!("$ {line}"));
    fault.details.extend(answer.err);
    Err(fault)
}
