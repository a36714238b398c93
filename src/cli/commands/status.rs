//! `status`: the state of each workspace, and what is live in each environment that is deployed to.

use super::deployments;
use crate::cli::session::Session;
use crate::cli::{goals, print};
use crate::diagnostic::Fault;
use crate::domains::workspace::{StatusRow, Verb};
use crate::plan::Ending;
use crate::text::{columns, count::count};

pub(super) fn run(session: &Session<'_>, names: &[String]) -> Result<u8, Fault> {
    let chosen = session.options.environment.as_deref();
    let mut deployed = if names.is_empty() { deployments::environments(session, false) } else { Vec::new() };
    deployed.retain(|environment| chosen.is_none_or(|chosen| environment.name == chosen));
    let mut code = 0;
    if deployed.is_empty() || !session.model.workspaces.is_empty() {
        code = workspaces(session, names)?;
    }
    if deployed.is_empty() {
        return Ok(code);
    }
    let all = deployments::ask(session, &deployed)?;
    if session.options.json {
        all.iter()
            .filter_map(|each| serde_json::to_string(each).ok())
            .for_each(|row| print(&format!("{row}\n")));
    } else {
        let gap = if session.model.workspaces.is_empty() { "" } else { "\n" };
        print(&format!("{gap}{}", deployments::render(&all)));
    }
    Ok(code)
}

fn workspaces(session: &Session<'_>, names: &[String]) -> Result<u8, Fault> {
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
