//! What is live and under way in each environment that is deployed to, for `status` and `tags`.

use std::time::Duration;

use serde::Serialize;

use crate::assemble::Goal;
use crate::cli::session::Session;
use crate::diagnostic::Fault;
use crate::domains::deploy::{Request, Seen, Wish, status_step};
use crate::model::{DeployTarget, Environment};
use crate::plan::Ending;
use crate::release::record::Record;
use crate::text::columns;

/// A server that does not answer for so long is told of and not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is live and under way in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Deployments {
    /// The environment.
    pub(super) environment: String,
    /// What is live.
    pub(super) live: Option<Record>,
    /// What is under way or waits, the one at work first.
    pub(super) open: Vec<Record>,
    /// A deployment that died under way.
    pub(super) unfinished: Option<u64>,
    /// Why the server could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

/// The environments that are deployed to by a server, in the order of the file; with `at_once` only those whose address needs no terraform.
pub(super) fn environments<'a>(session: &'a Session<'_>, at_once: bool) -> Vec<&'a Environment> {
    let has_server = |environment: &&Environment| {
        let target = environment.deploy.as_ref().map(|deploy| &deploy.target);
        match target {
            Some(DeployTarget::Server { address, .. }) => {
                !at_once || session.model.outputs_among(address.references()).is_empty()
            }
            _ => false,
        }
    };
    session.model.environments.values().filter(has_server).collect()
}

/// Asks all of them, side by side.
pub(super) fn ask(session: &Session<'_>, environments: &[&Environment]) -> Result<Vec<Deployments>, Fault> {
    let goal = |environment: &&Environment| {
        let wish = Wish::Status { limit: Some(PATIENCE) };
        Goal::Deploy(Request { environment: environment.name.clone(), wish })
    };
    let goals: Vec<Goal> = environments.iter().map(goal).collect();
    let result = session.look(&goals)?;
    let said: Vec<_> =
        result.values.iter().filter_map(|value| value.clone().downcast::<Seen>().ok()).collect();
    let fault_of = |name: &str| -> Option<&Fault> {
        let own = result.endings.iter().find(|(step, _)| step == name).map(|(_, ending)| ending);
        match own {
            Some(Ending::Failed { fault }) => Some(fault),
            // What its address stands on could not be read.
            _ => result.endings.iter().find_map(|(_, ending)| match ending {
                Ending::Failed { fault } => Some(fault),
                _ => None,
            }),
        }
    };
    Ok(environments
        .iter()
        .map(|environment| {
            let name = environment.name.clone();
            let status = said.iter().find(|seen| seen.environment == name).map(|seen| &seen.status);
            let problem = match status {
                Some(_) => None,
                None => {
                    let fault = fault_of(&status_step(&name));
                    Some(fault.map_or("it could not be asked".to_owned(), |fault| fault.message.clone()))
                }
            };
            Deployments {
                environment: name,
                live: status.and_then(|status| status.live.clone()),
                open: status.map(|status| status.open.clone()).unwrap_or_default(),
                unfinished: status.and_then(|status| status.unfinished),
                problem,
            }
        })
        .collect())
}

/// The table, and below it what could not be asked.
pub(super) fn render(all: &[Deployments]) -> String {
    let mut rows =
        vec![["DEPLOYED", "LIVE", "TAG", "COMMIT", "SINCE", "UNDER WAY"].map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(row));
    let mut text = columns::render(&rows);
    for each in all {
        if let Some(problem) = &each.problem {
            text.push_str(&format!("{}: {problem}\n", each.environment));
        }
        if let Some(number) = each.unfinished {
            let name = &each.environment;
            text.push_str(&format!(
                "{name}: deployment #{number} died under way; the next one puts things in order first\n"
            ));
        }
    }
    text
}

fn row(each: &Deployments) -> Vec<String> {
    let nothing = || if each.problem.is_some() { "?".to_owned() } else { "-".to_owned() };
    let live = each.live.as_ref();
    let of_live = |text: &dyn Fn(&Record) -> String| live.map_or_else(nothing, text);
    let open: Vec<String> = each.open.iter().map(named).collect();
    vec![
        each.environment.clone(),
        of_live(&|record| format!("#{}", record.number)),
        of_live(&|record| record.tag.clone().unwrap_or_else(|| "-".to_owned())),
        of_live(&|record| short(&record.commit).to_owned()),
        of_live(&|record| minute(record.finished.unwrap_or(record.asked))),
        if open.is_empty() { nothing() } else { open.join(", ") },
    ]
}

/// `#5 v3`, or with its commit where it has no tag.
fn named(record: &Record) -> String {
    let version = record.tag.as_deref().unwrap_or_else(|| short(&record.commit));
    format!("#{} {version}", record.number)
}

/// A commit as people read it.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// A time to the minute, as everybody else's tables have it: UTC.
pub(super) fn minute(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_environment_has_its_line_and_its_problem_below() {
        let record = |number: u64, tag: Option<&str>| -> Record {
            serde_json::from_value(serde_json::json!({
                "version": 1, "number": number, "environment": "prod", "kind": "deploy", "tag": tag,
                "commit": "0123456789abcdef0123", "by": "me", "from": "here", "shipway": "0.1.0",
                "asked": "2026-11-22T10:00:00Z", "finished": "2026-11-22T10:02:00Z",
            }))
            .unwrap()
        };
        let nothing = Deployments {
            environment: "stage".into(),
            live: None,
            open: Vec::new(),
            unfinished: None,
            problem: None,
        };
        let gone = Deployments {
            environment: "test".into(),
            problem: Some("it did not answer within 5s".into()),
            ..nothing.clone()
        };
        let prod = Deployments {
            environment: "prod".into(),
            live: Some(record(4, Some("v2"))),
            open: vec![record(5, Some("v3")), record(6, None)],
            unfinished: Some(3),
            problem: None,
        };
        assert_eq!(
            render(&[prod, nothing, gone]),
            "DEPLOYED  LIVE  TAG  COMMIT        SINCE             UNDER WAY\n\
             prod      #4    v2   0123456789ab  2026-11-22 10:02  #5 v3, #6 0123456789ab\n\
             stage     -     -    -             -                 -\n\
             test      ?     ?    ?             ?                 ?\n\
             prod: deployment #3 died under way; the next one puts things in order first\n\
             test: it did not answer within 5s\n"
        );
    }
}
