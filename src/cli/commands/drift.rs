//! `drift`: what somebody changed since the last apply. Made for a schedule, so its exit status says it.

use super::plan::failed_step;
use crate::cli::options::Options;
use crate::cli::session::Session;
use crate::cli::{goals, print};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::workspace::{Drift, DriftStatus, Verb};
use crate::model::Model;
use crate::run::RunResult;
use crate::text::columns;

/// What the exit status says of drift, as terraform's `-detailed-exitcode` says it of changes.
const DRIFT: u8 = 2;

/// Looks at the workspaces that are named and prints a table (or a row of JSON for each).
pub(super) fn run(session: Session<'_>, names: &[String], line: &[String]) -> Result<u8, Fault> {
    match look(session, names, line) {
        Err(fault) if fault.kind != FaultKind::Interrupted => Err(Fault { status: Some(1), ..fault }),
        ended => ended,
    }
}

fn look(session: Session<'_>, names: &[String], line: &[String]) -> Result<u8, Fault> {
    let goal = goals::workspaces_goal(&session.model, Verb::Drift, names)?;
    if session.options.dry_run {
        return session.run_goals(&[goal], line);
    }
    let options = Options { keep_going: true, ..session.options.clone() };
    let session = session.with(options);
    let result = session.perform_for_rows(&[goal], line)?;
    let exit_code = result.exit_code;
    let rows = rows(&session.model, result);
    if session.options.json {
        rows.iter()
            .filter_map(|row| serde_json::to_string(row).ok())
            .for_each(|row| print(&format!("{row}\n")));
    } else {
        print(&render(&rows));
    }
    let has_drift = rows.iter().any(|row| row.status == DriftStatus::Drift);
    Ok(match exit_code {
        0 if has_drift => DRIFT,
        failed @ 1..128 => failed.min(1),
        code => code,
    })
}

fn rows(model: &Model, result: RunResult) -> Vec<Drift> {
    let found: Vec<_> = result.values.iter().filter_map(|row| row.clone().downcast::<Drift>().ok()).collect();
    let row = |workspace: &crate::model::Workspace| {
        if let Some(row) = found.iter().find(|row| row.workspace == workspace.name) {
            return Some(row.as_ref().clone());
        }
        let fault = failed_step(&result.endings, &workspace.name, "drift")?;
        let status = if fault.is_some() { DriftStatus::Failed } else { DriftStatus::Skipped };
        Some(Drift { problem: fault.map(|fault| fault.message.clone()), ..Drift::empty(workspace, status) })
    };
    model.workspaces.values().filter_map(row).collect()
}

fn render(rows: &[Drift]) -> String {
    let mut table = vec![["WORKSPACE", "DRIFT", "NOTE"].map(str::to_owned).to_vec()];
    for row in rows {
        let (count, note) = match row.status {
            DriftStatus::NoDrift => ("-".to_owned(), "as it was applied"),
            DriftStatus::Drift => (row.drift.len().to_string(), ""),
            DriftStatus::NotApplied => ("-".to_owned(), "not applied"),
            DriftStatus::Failed => (String::new(), "failed"),
            DriftStatus::Skipped => (String::new(), "not looked at"),
        };
        table.push(vec![row.workspace.clone(), count, note.to_owned()]);
    }
    let mut text = columns::render(&table);
    for row in rows {
        for change in &row.drift {
            text.push_str(&format!("  {}: {} ({})\n", row.workspace, change.address, change.action));
        }
    }
    text
}
