//! Commands whose success a step depends on, and whether a program is there at all.

use std::ffi::OsStr;

use super::context::StepContext;
use crate::diagnostic::{Fault, FaultKind};
use crate::os::command::CommandSpec;

impl StepContext<'_> {
    /// Runs a command and gives what it printed; any status but 0 is a fault that begins with `what`. `is_look` as in `CommandRun`. What the
    /// command adds to its environment is not shown.
    pub fn demand_command(&mut self, spec: &CommandSpec, is_look: bool, what: &str) -> Result<String, Fault> {
        let line = spec.bare_line();
        let answer = self.read_command(&spec.clone().shown_as(line.clone()), is_look)?;
        if answer.termination.is_success() {
            return Ok(answer.out);
        }
        let mut fault = Fault::new(FaultKind::Failed, format!("{what}: {}", answer.termination))
            .detail(format!("$ {line}"));
        fault.details.extend(answer.err);
        Err(fault)
    }

    /// What a command that only looks prints; `None` where its program is not installed, or it has no answer.
    pub fn look_up(&mut self, spec: &CommandSpec) -> Result<Option<String>, Fault> {
        if !self.has_tool(&spec.tool) {
            return Ok(None);
        }
        let answer = self.read_command(spec, true)?;
        Ok(answer.termination.is_success().then_some(answer.out))
    }

    /// Whether a program is installed.
    pub fn has_tool(&self, tool: &str) -> bool {
        let path = self.doors().environment.variables.get(OsStr::new("PATH"));
        self.doors().tools.find(tool, path.map(std::ffi::OsString::as_os_str), self.root()).is_ok()
    }
}
