//! `plan`: what an `up` would do, over all workspaces, before any of them is applied.

use std::path::Path;

use super::plan_markdown;
use crate::assemble::Goal;
use crate::cli::options::Options;
use crate::cli::session::Session;
use crate::cli::{goals, print};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::workspace::{Preview, PreviewStatus, Verb};
use crate::model::Model;
use crate::os::Doors;
use crate::plan::Ending;
use crate::run::RunResult;
use crate::text::{columns, list, quote};

/// What `--detailed-exitcode` says of changes, as terraform's own plan does.
const CHANGES: u8 = 2;

/// What was asked for.
pub(super) struct Wish<'a> {
    /// The workspaces; all where none is named.
    pub(super) names: &'a [String],
    /// The exit status tells changes from none.
    pub(super) detailed: bool,
    /// The table is Markdown.
    pub(super) markdown: bool,
    /// Where to keep the plans.
    pub(super) save: Option<&'a Path>,
}

/// Previews the workspaces that are named, with all that they need, and prints the table (or a row of JSON for each).
pub(super) fn run(session: Session<'_>, wish: &Wish<'_>, line: &[String]) -> Result<u8, Fault> {
    match preview(session, wish, line) {
        // Its 2 means changes, so what failed is 1 whatever it is; but a signal is a signal.
        Err(fault) if wish.detailed && fault.kind != FaultKind::Interrupted => {
            Err(Fault { status: Some(1), ..fault })
        }
        ended => ended,
    }
}

fn preview(session: Session<'_>, wish: &Wish<'_>, line: &[String]) -> Result<u8, Fault> {
    let goal = goals::workspaces_goal(&session.model, Verb::Preview, wish.names)?;
    let Goal::Workspaces { names, .. } = goal else {
        return Err(Fault::new(FaultKind::Bug, "a preview is of workspaces"));
    };
    let save = wish.save.map(|folder| session.doors.environment.current_dir.join(folder));
    let goal = Goal::Preview { names, save: save.clone() };
    if session.options.dry_run {
        return session.run_goals(&[goal], line);
    }
    if let Some(folder) = &save {
        make_private(session.doors, folder)?;
    }
    // One workspace that can't be planned must not hide another.
    let options = Options { keep_going: true, ..session.options.clone() };
    let session = session.with(options);
    let result = session.perform_for_rows(&[goal], line)?;
    let detailed = wish.detailed;
    let exit_code = result.exit_code;
    let rows = rows(&session.model, result);
    if session.options.json {
        rows.iter()
            .filter_map(|row| serde_json::to_string(row).ok())
            .for_each(|row| print(&format!("{row}\n")));
    } else if wish.markdown {
        print(&plan_markdown::render(&rows));
    } else {
        print(&render(&rows));
        if let Some(folder) = &save {
            print(&kept(&rows, folder));
        }
    }
    if let Some(folder) = &save
        && !rows.iter().any(|row| row.saved)
    {
        session.doors.files.remove_dir(folder).ok();
    }
    let has_changes = rows.iter().any(Preview::has_changes);
    Ok(match exit_code {
        0 if detailed && has_changes => CHANGES,
        failed @ 1..128 if detailed => failed.min(1),
        code => code,
    })
}

/// The folder for plans: new or empty, private, and not for git.
fn make_private(doors: &Doors, folder: &Path) -> Result<(), Fault> {
    if doors.files.list(folder).is_ok_and(|names| !names.is_empty()) {
        let message = format!("{} is not empty", folder.display());
        return Err(Fault::new(FaultKind::Usage, message)
            .hint("plans are kept in a folder of their own: name a new one, or remove this one"));
    }
    let unwritable = |error: std::io::Error| {
        Fault::new(FaultKind::World, format!("{} could not be made: {error}", folder.display()))
    };
    doors.files.create_private_dir(folder).map_err(unwritable)?;
    doors.files.write(&folder.join(".gitignore"), b"*\n", 0o600).map_err(unwritable)
}

/// What was saved, and what could not be.
fn kept(rows: &[Preview], folder: &Path) -> String {
    let names = |of: &dyn Fn(&&Preview) -> bool| -> Vec<&str> {
        rows.iter().filter(of).map(|row| row.workspace.as_str()).collect()
    };
    let (saved, waiting) = (names(&|row| row.saved), names(&|row| row.has_changes() && !row.saved));
    let mut text = String::from("\n");
    if saved.is_empty() {
        text.push_str("no plan was saved\n");
    } else {
        text.push_str(&format!("saved, with every secret that they need: {}\n", list::and_ticked(&saved)));
        let folder = quote::shell(&folder.display().to_string()).into_owned();
        text.push_str(&format!("  shipway apply --saved {folder}\n"));
    }
    if !waiting.is_empty() {
        text.push_str(&format!(
            "not saved: {}; plan again when what comes before is applied\n",
            list::and_ticked(&waiting)
        ));
    }
    text
}

/// A row for each workspace that was to be planned, in the order of the file.
pub(super) fn rows(model: &Model, result: RunResult) -> Vec<Preview> {
    let found: Vec<_> = result.values.into_iter().filter_map(|row| row.downcast::<Preview>().ok()).collect();
    let row = |workspace: &crate::model::Workspace| {
        if let Some(row) = found.iter().find(|row| row.workspace == workspace.name) {
            return Some(row.as_ref().clone());
        }
        let fault = failed_step(&result.endings, &workspace.name, "preview")?;
        let status = if fault.is_some() { PreviewStatus::Failed } else { PreviewStatus::Skipped };
        let mut row = Preview::empty(workspace, status);
        row.problem = fault.map(|fault| fault.message.clone());
        Some(row)
    };
    model.workspaces.values().filter_map(row).collect()
}

/// Why the step `verb` of a workspace has no value: the fault of it or of its init, if one of them failed; `None` where it was not in the plan.
pub(super) fn failed_step<'e>(
    endings: &'e [(String, Ending)],
    workspace: &str,
    verb: &str,
) -> Option<Option<&'e Fault>> {
    let ending = |verb: &str| {
        let step = format!("workspace:{workspace}:{verb}");
        endings.iter().find(|(name, _)| *name == step).map(|(_, ending)| ending)
    };
    let own = ending(verb)?;
    Some([Some(own), ending("init")].into_iter().flatten().find_map(|ending| match ending {
        Ending::Failed { fault } => Some(fault),
        _ => None,
    }))
}

pub(super) const COLUMNS: [&str; 8] =
    ["WORKSPACE", "ADD", "CHANGE", "REPLACE", "DESTROY", "IMPORT", "DRIFT", "NOTE"];

pub(super) fn render(rows: &[Preview]) -> String {
    let mut table = vec![COLUMNS.map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(cells));
    let legend = legend(rows);
    let gap = if legend.is_empty() { "" } else { "\n" };
    format!("{}{gap}{legend}", columns::render(&table))
}

/// The cells of a row, in the order of the columns.
pub(super) fn cells(row: &Preview) -> Vec<String> {
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
    cells
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
pub(super) fn legend(rows: &[Preview]) -> String {
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
    let guarded: Vec<String> = rows.iter().flat_map(|row| &row.guarded).map(|it| format!("  {it}")).collect();
    let guards = format!("stateful, and refused without --allow-destroy:\n{}", guarded.join("\n"));
    if !guarded.is_empty() {
        lines.push(&guards);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}
