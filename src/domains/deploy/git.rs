//! Asks git (and ssh's little tools), and says as a fault what went wrong.

use crate::adapters::git::command;
use crate::diagnostic::{Fault, FaultKind};
use crate::os::command::{Argument, CommandSpec};
pub(super) use crate::run::CommandAnswer as Answer;
use crate::run::StepContext;

/// Runs it and reads its answer whole.
pub(super) fn ask(context: &mut StepContext<'_>, spec: CommandSpec) -> Result<Answer, Fault> {
    let is_look = only_looks(&spec);
    context.read_command(&plain(spec), is_look)
}

/// Whether the command changes nothing: of those nobody wants to read.
fn only_looks(spec: &CommandSpec) -> bool {
    let acts = ["add", "commit", "push", "tag"];
    !matches!(spec.args.first(), Some(Argument::Plain(word)) if spec.tool == "git" && acts.contains(&word.as_str()))
}

/// Runs it where a failure is the end of the step.
pub(super) fn demand(context: &mut StepContext<'_>, spec: CommandSpec, what: &str) -> Result<String, Fault> {
    let is_look = only_looks(&spec);
    context.demand_command(&spec, is_look, what).map_err(|fault| {
        match fault.details.iter().any(|line| line.contains("not a git repository")) {
            true => fault.hint("this needs a git repository: `git init`"),
            false => fault,
        }
    })
}

/// Without the environment that keeps git from asking.
pub(super) fn plain(spec: CommandSpec) -> CommandSpec {
    let line = spec.bare_line();
    spec.shown_as(line)
}

/// Refuses a clone whose history is cut off: a deployment could not be compared with what is live, and not be pushed.
pub(super) fn refuse_shallow(context: &mut StepContext<'_>) -> Result<(), Fault> {
    let answer = demand(context, command::is_shallow(context.root()), "git could not be asked")?;
    if answer.trim() != "true" {
        return Ok(());
    }
    Err(Fault::new(FaultKind::Refused, "this clone is shallow: its history is cut off")
        .hint("fetch all of it: `git fetch --unshallow`")
        .hint("in GitHub Actions: `fetch-depth: 0` of actions/checkout; in GitLab CI: `GIT_DEPTH: 0`"))
}
