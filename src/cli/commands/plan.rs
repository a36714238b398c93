//! `plan`: what an `up` would do, over all workspaces, before any of them is applied.

use crate::cli::options::Options;
use crate::cli::session::Session;
use crate::cli::{goals, print};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::workspace::{Preview, PreviewStatus, Verb};
use crate::model::Model;
use crate::plan::Ending;
use crate::run::RunResult;
use crate::text::columns;

/// What `--detailed-exitcode` says of changes, as terraform's own plan does.
const CHANGES: u8 = 2;

/// Previews the workspaces that are named, with all that they need, and prints the table (or a row of JSON for each).
pub(in crate::cli) fn run(
    session: Session<'_>,
    (names, detailed): (&[String], bool),
    line: &[String],
) -> Result<u8, Fault> {
    let ended = preview(session, (names, detailed), line);
    match ended {
        // Its 2 means changes, so what failed is 1 whatever it is; but a signal is a signal.
        Err(fault) if detailed && fault.kind != FaultKind::Interrupted => {
            Err(Fault { status: Some(1), ..fault })
        }
        ended => ended,
    }
}

fn preview(session: Session<'_>, (names, detailed): (&[String], bool), line: &[String]) -> Result<u8, Fault> {
    let goal = goals::workspaces_goal(&session.model, Verb::Preview, names)?;
    if session.options.dry_run {
        return session.run_goals(&[goal], line);
    }
    // One workspace that can't be planned must not hide another.
    let options = Options { keep_going: true, ..session.options.clone() };
    let session = session.with(options);
    let result = if session.options.json {
        session.perform_unseen(&[goal], line)?
    } else {
        session.perform(&[goal], line)?
    };
    let exit_code = result.exit_code;
    let rows = rows(&session.model, result);
    if session.options.json {
        rows.iter()
            .filter_map(|row| serde_json::to_string(row).ok())
            .for_each(|row| print(&format!("{row}\n")));
    } else {
        print(&render(&rows));
    }
    let has_changes = rows.iter().any(Preview::has_changes);
    Ok(match exit_code {
        0 if detailed && has_changes => CHANGES,
        failed @ 1..128 if detailed => failed.min(1),
        code => code,
    })
}

/// A row for each workspace that was to be planned, in the order of the file.
fn rows(model: &Model, result: RunResult) -> Vec<Preview> {
    let found: Vec<_> = result.values.into_iter().filter_map(|row| row.downcast::<Preview>().ok()).collect();
    let ending = |step: &str| result.endings.iter().find(|(name, _)| name == step).map(|(_, ending)| ending);
    let row = |workspace: &crate::model::Workspace| {
        if let Some(row) = found.iter().find(|row| row.workspace == workspace.name) {
            return Some(row.as_ref().clone());
        }
        let step = |verb: &str| format!("workspace:{}:{verb}", workspace.name);
        let preview = ending(&step("preview"))?;
        let fault =
            [Some(preview), ending(&step("init"))].into_iter().flatten().find_map(|ending| match ending {
                Ending::Failed { fault } => Some(fault),
                _ => None,
            });
        let status = if fault.is_some() { PreviewStatus::Failed } else { PreviewStatus::Skipped };
        let mut row = Preview::empty(workspace, status);
        row.problem = fault.map(|fault| fault.message.clone());
        Some(row)
    };
    model.workspaces.values().filter_map(row).collect()
}

const COLUMNS: [&str; 8] = ["WORKSPACE", "ADD", "CHANGE", "REPLACE", "DESTROY", "IMPORT", "DRIFT", "NOTE"];

fn render(rows: &[Preview]) -> String {
    let mut table = vec![COLUMNS.map(str::to_owned).to_vec()];
    for row in rows {
        let mut cells = vec![row.workspace.clone()];
        let was_planned = !matches!(row.status, PreviewStatus::Failed | PreviewStatus::Skipped);
        for kind in ["add", "change", "replace", "destroy", "import"] {
            cells.push(if was_planned { row.cell(kind) } else { String::new() });
        }
        cells.push(match row.counts.drift {
            0 if was_planned => "-".to_owned(),
            0 => String::new(),
            drift => drift.to_string(),
        });
        cells.push(note(row));
        table.push(cells);
    }
    let mut text = columns::render(&table);
    text.push_str(&legend(rows));
    text
}

fn note(row: &Preview) -> String {
    let waits = || format!("waits for {}", row.waits_for.join(", "));
    match row.status {
        PreviewStatus::NoChanges => "no changes".to_owned(),
        PreviewStatus::Deferred => format!("deferred, {}", waits()),
        PreviewStatus::Failed => "failed".to_owned(),
        PreviewStatus::Skipped => "not planned".to_owned(),
        PreviewStatus::Changes if row.preview => format!("preview, {}", waits()),
        PreviewStatus::Changes if row.changes.is_empty() && row.counts.import == 0 => {
            "outputs only".to_owned()
        }
        PreviewStatus::Changes => String::new(),
    }
}

/// What the marks mean, those that are there.
fn legend(rows: &[Preview]) -> String {
    let mut lines = Vec::new();
    if rows.iter().any(|row| row.preview) {
        lines.push("a preview can't be applied: `shipway up` plans each workspace again when its turn comes");
    }
    if rows.iter().any(|row| !row.at_most.is_empty()) {
        lines.push("3?  at most 3: that depends on values that are known only after an apply");
    }
    if rows.iter().any(|row| !row.at_least.is_empty()) {
        lines.push("3+  at least 3: terraform can't plan the rest before it knows what comes before");
    }
    if rows.iter().any(|row| row.counts.drift > 0) {
        lines.push("drift was changed by somebody else since the last apply");
    }
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
