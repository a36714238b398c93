//! `up --preview`: the preview of the whole chain first, and one question for all of it.

use super::plan;
use crate::assemble::Goal;
use crate::cli::goals;
use crate::cli::session::Session;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::workspace::{Preview, PreviewStatus, Promised, Verb};

/// Previews the workspaces that are named, shows that, and runs an `up` that asks once.
pub(super) fn run(session: Session<'_>, names: &[String], line: &[String]) -> Result<u8, Fault> {
    let goal = goals::workspaces_goal(&session.model, Verb::Up, names)?;
    if session.options.dry_run {
        return session.run_goals(&[goal], line);
    }
    let Goal::Workspaces { names, allow_destroy, .. } = goal else {
        return Err(Fault::new(FaultKind::Bug, "an up is of workspaces"));
    };
    let preview = Goal::Preview { names: names.clone(), save: None };
    // Events of two runs on one stream would be the events of none.
    let result = if session.options.json {
        session.perform_unseen(&[preview], line)?
    } else {
        session.perform(&[preview], line)?
    };
    let exit_code = result.exit_code;
    let rows = plan::rows(&session.model, result);
    if !session.options.json {
        crate::os::terminal::say(crate::event::Stream::Err, &format!("\n{}\n", plan::render(&rows)));
    }
    if exit_code != 0 {
        let failed = |row: &&Preview| row.status == PreviewStatus::Failed;
        let problem = rows.iter().find(failed).and_then(|row| row.problem.clone());
        let fault = Fault::new(FaultKind::Refused, "nothing was applied: the preview failed");
        let fault = problem.into_iter().fold(fault, Fault::detail);
        return Err(fault.hint("`shipway up` without --preview applies what comes before that"));
    }
    let promised = rows.iter().filter_map(Promised::of).collect();
    session.run_goals(&[Goal::UpAsPreviewed { names, promised, allow_destroy }], line)
}
