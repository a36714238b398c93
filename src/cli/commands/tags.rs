//! `tags`: the tags, the newest first, with the environments that run them.

use super::deployments::{self, Deployments};
use crate::adapters::git::tags::Tag;
use crate::assemble::Goal;
use crate::cli::print;
use crate::cli::session::Session;
use crate::diagnostic::Fault;
use crate::domains::deploy::TagList;
use crate::plan::Ending;
use crate::text::columns;

pub(super) fn run(session: &Session<'_>, number: usize) -> Result<u8, Fault> {
    let result = session.look(&[Goal::Tags])?;
    for (_, ending) in &result.endings {
        if let Ending::Failed { fault } = ending {
            return Err(fault.clone());
        }
    }
    let lists: Vec<_> =
        result.values.into_iter().filter_map(|list| list.downcast::<TagList>().ok()).collect();
    let tags = lists.iter().flat_map(|list| &list.tags).take(number);
    let environments = deployments::environments(session, true);
    let all = if environments.is_empty() { Vec::new() } else { deployments::ask(session, &environments)? };
    let live_in = |tag: &Tag| -> Vec<&str> {
        let runs = |each: &&Deployments| each.live.as_ref().is_some_and(|live| live.commit == tag.commit);
        all.iter().filter(runs).map(|each| each.environment.as_str()).collect()
    };
    if session.options.json {
        for tag in tags {
            let mut row = serde_json::json!(tag);
            row["live_in"] = live_in(tag).into();
            print(&format!("{row}\n"));
        }
        return Ok(result.exit_code);
    }
    let mut head = vec!["TAG", "COMMIT", "MADE", "KIND", "SUBJECT"];
    if !environments.is_empty() {
        head.insert(1, "LIVE IN");
    }
    let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(tags.map(|tag| {
        let commit = tag.commit.get(..12).unwrap_or(&tag.commit).to_owned();
        let kind = if tag.annotated { "annotated" } else { "lightweight" };
        let made = tag.created.strftime("%Y-%m-%d %H:%M").to_string();
        let mut row = vec![tag.name.clone(), commit, made, kind.to_owned(), tag.subject.clone()];
        if !environments.is_empty() {
            row.insert(1, live_in(tag).join(", "));
        }
        row
    }));
    if rows.len() == 1 {
        print("There are no tags yet; `shipway tag NAME` makes one.\n");
    } else {
        print(&columns::render(&rows));
    }
    for each in &all {
        if let Some(problem) = &each.problem {
            print(&format!("{}: {problem}\n", each.environment));
        }
    }
    Ok(result.exit_code)
}
