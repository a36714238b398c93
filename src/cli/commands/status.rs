//! `status`: the state of each workspace.

use crate::cli::session::Session;
use crate::cli::{goals, print};
use crate::diagnostic::Fault;
use crate::domains::workspace::{StatusRow, Verb};
use crate::plan::Ending;
use crate::text::{columns, count::count};

pub(super) fn run(session: &Session<'_>, names: &[String]) -> Result<u8, Fault> {
    let goal = goals::workspaces_goal(&session.model, Verb::Status, names)?;
    let result = session.look(&[goal])?;
    for (_, ending) in &result.endings {
        if let Ending::Failed { fault } = ending {
            return Err(fault.clone());
        }
    }
    let rows: Vec<_> = result.values.into_iter().filter_map(|row| row.downcast::<StatusRow>().ok()).collect();
    if session.options.json {
        rows.iter()
            .filter_map(|row| serde_json::to_string(row.as_ref()).ok())
            .for_each(|row| print(&format!("{row}\n")));
        return Ok(result.exit_code);
    }
    let mut table =
        vec![["WORKSPACE", "STATE", "RESOURCES", "ENVIRONMENT", "FOLDER"].map(str::to_owned).to_vec()];
    for row in &rows {
        let resources = if row.resources > 0 { count(row.resources, "resource") } else { "-".to_owned() };
        let environment = row.environment.clone().unwrap_or_else(|| "-".to_owned());
        table.push(vec![
            row.workspace.clone(),
            row.state.to_owned(),
            resources,
            environment,
            row.dir.clone(),
        ]);
    }
    print(&columns::render(&table));
    for row in &rows {
        if let Some(problem) = &row.problem {
            print(&format!("{}: {problem}\n", row.workspace));
        }
    }
    Ok(result.exit_code)
}
