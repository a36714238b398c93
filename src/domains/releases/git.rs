//! Asks git for the server's part, and says as a fault what went wrong.

use crate::diagnostic::Fault;
use crate::os::command::CommandSpec;
use crate::run::StepContext;

/// Runs a command and gives what it printed; any status but 0 is a fault.
pub(super) fn demand(context: &mut StepContext<'_>, spec: CommandSpec, what: &str) -> Result<String, Fault> {
    context.demand_command(&spec, true, what)
}
