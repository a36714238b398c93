//! `releases`: the deployments of an environment, the newest first; `logs --release`: what one of them printed.

use std::sync::Arc;
use std::time::Duration;

use super::deployments::{minute, short};
use crate::assemble::Goal;
use crate::cli::goals;
use crate::cli::print;
use crate::cli::session::Session;
use crate::diagnostic::Fault;
use crate::domains::deploy::{ReleaseLog, Releases, Wish};
use crate::plan::Ending;
use crate::release::record::{Ended, Kind, Record};
use crate::text::visible::visible;
use crate::text::{columns, duration};

pub(super) fn run(session: &Session<'_>, number: usize) -> Result<u8, Fault> {
    let goal = goals::deploy_goal(session, Wish::Releases)?;
    if session.options.dry_run {
        return session.run_goals(&[goal], &[]);
    }
    let found: Option<Arc<Releases>> = answer(session, goal)?;
    let Some(found) = found else { return Ok(0) };
    if session.options.json {
        let live = found.status.live.as_ref().map(|live| live.number);
        for record in found.records.iter().take(number) {
            let mut row = serde_json::json!(record);
            row["live"] = (live == Some(record.number)).into();
            row["state"] = state(record, &found).into();
            print(&format!("{row}\n"));
        }
        return Ok(0);
    }
    print(&render(&found, number));
    Ok(0)
}

/// What the deployment `number` printed.
pub(super) fn log(session: &Session<'_>, number: Option<u64>) -> Result<u8, Fault> {
    let goal = goals::deploy_goal(session, Wish::Log { number })?;
    if session.options.dry_run {
        return session.run_goals(&[goal], &[]);
    }
    let found: Option<Arc<ReleaseLog>> = answer(session, goal)?;
    let text = found.map(|log| log.text.clone()).unwrap_or_default();
    if session.options.json {
        let lines: Vec<&str> = text.lines().collect();
        print(&format!("{}\n", serde_json::json!({ "lines": lines })));
    } else {
        print(&visible(&text));
    }
    Ok(0)
}

/// What the last step of a look left.
fn answer<T: std::any::Any + Send + Sync>(
    session: &Session<'_>,
    goal: Goal,
) -> Result<Option<Arc<T>>, Fault> {
    let result = session.look(&[goal])?;
    for (_, ending) in &result.endings {
        if let Ending::Failed { fault } = ending {
            return Err(fault.clone());
        }
    }
    Ok(result.values.into_iter().find_map(|value| value.downcast::<T>().ok()))
}

fn render(found: &Releases, number: usize) -> String {
    if found.records.is_empty() {
        return "Nothing was deployed yet; `shipway deploy TAG` makes the first release.\n".to_owned();
    }
    let head =
        ["NUMBER", "STATE", "KIND", "TAG", "COMMIT", "BY", "ASKED", "TOOK"].map(str::to_owned).to_vec();
    let mut rows = vec![head];
    rows.extend(found.records.iter().take(number).map(|record| row(record, found)));
    columns::render(&rows)
}

fn row(record: &Record, found: &Releases) -> Vec<String> {
    let kind = match record.kind {
        Kind::Deploy => "deploy",
        Kind::Rollback => "rollback",
    };
    // The address would make the table twice as wide; it is in the JSON.
    let by = record.by.split(" <").next().unwrap_or_default();
    vec![
        format!("#{}", record.number),
        state(record, found).to_owned(),
        kind.to_owned(),
        record.tag.clone().unwrap_or_else(|| "-".to_owned()),
        short(&record.commit).to_owned(),
        if by.is_empty() { "-".to_owned() } else { by.to_owned() },
        minute(record.asked),
        took(record).map_or_else(|| "-".to_owned(), duration::render),
    ]
}

fn took(record: &Record) -> Option<Duration> {
    let (from, to) = (record.started?, record.finished?);
    Duration::try_from(to.duration_since(from)).ok()
}

/// In one word. One that has not ended and is not under way either was left by a process that died.
fn state(record: &Record, found: &Releases) -> &'static str {
    if found.status.live.as_ref().is_some_and(|live| live.number == record.number) {
        return "live";
    }
    match record.result {
        Some(Ended::Succeeded) => "succeeded",
        Some(Ended::Failed) => "failed",
        Some(Ended::Cancelled) => "cancelled",
        Some(Ended::Superseded) => "superseded",
        Some(Ended::Abandoned) => "abandoned",
        None => match found.status.open.iter().find(|open| open.number == record.number) {
            Some(open) if open.started.is_some() => "running",
            Some(_) => "waiting",
            None => "abandoned",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_one_is_marked_and_one_that_died_is_called_abandoned() {
        let record = |number: u64, more: serde_json::Value| -> Record {
            let mut row = serde_json::json!({
                "version": 1, "number": number, "environment": "prod", "kind": "deploy",
                "commit": "0123456789abcdef0123", "by": "Ann <ann@example.com>", "from": "here", "shipway": "0.1.0",
                "asked": "2026-11-22T10:00:00Z",
            });
            for (key, value) in more.as_object().unwrap() {
                row[key] = value.clone();
            }
            serde_json::from_value(row).unwrap()
        };
        let over = serde_json::json!({
            "tag": "v1", "result": "succeeded", "started": "2026-11-22T10:00:01Z", "finished": "2026-11-22T10:01:06Z",
        });
        let records = vec![
            record(5, serde_json::json!({})),
            record(4, serde_json::json!({ "started": "2026-11-22T10:00:01Z" })),
            record(3, serde_json::json!({ "kind": "rollback", "result": "failed" })),
            record(2, over.clone()),
            record(1, over),
        ];
        let status = serde_json::json!({
            "protocol": 1, "shipway": "0.1.0", "environment": "prod", "live": records[3], "open": [records[1]],
        });
        let found = Releases { status: serde_json::from_value(status).unwrap(), records };
        assert_eq!(
            render(&found, 4),
            "NUMBER  STATE      KIND      TAG  COMMIT        BY   ASKED             TOOK\n\
             #5      abandoned  deploy    -    0123456789ab  Ann  2026-11-22 10:00  -\n\
             #4      running    deploy    -    0123456789ab  Ann  2026-11-22 10:00  -\n\
             #3      failed     rollback  -    0123456789ab  Ann  2026-11-22 10:00  -\n\
             #2      live       deploy    v1   0123456789ab  Ann  2026-11-22 10:00  1m05s\n"
        );
    }
}
