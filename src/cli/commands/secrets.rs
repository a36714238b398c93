//! `secrets list` and `secrets diff`: every secret, its source, and how each place stands to it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::deployments;
use crate::assemble::Goal;
use crate::cli::print;
use crate::cli::session::Session;
use crate::diagnostic::Fault;
use crate::domains::deploy::{self, EnvFilesSeen, Wish, env_files_step};
use crate::domains::secrets::{
    self, FORGE_STEP, Found, FoundFiles, FoundValue, Item, Listing, Request, Selection, Source, State,
    files_step, value_step,
};
use crate::domains::workspace::ledger_place;
use crate::ledger::{DigestKey, Ledger};
use crate::model::{Model, Reference};
use crate::plan::{Ending, Skip};
use crate::run::RunResult;
use crate::text::columns;

/// One secret, as it is shown.
#[derive(Clone, Debug, Serialize)]
struct Row {
    name: String,
    environment: Option<String>,
    source: String,
    /// Why there is no value here.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    places: Vec<PlaceState>,
}

/// How one place stands to it.
#[derive(Clone, Debug, Serialize)]
struct PlaceState {
    place: String,
    #[serde(flatten)]
    state: State,
}

/// Shows all, or with `only_differences` those that some place is not known to hold. Gives 1 with `exit_code` where there is such a one.
pub(super) fn run(
    session: &Session<'_>,
    names: Vec<String>,
    only_differences: bool,
    exit_code: bool,
) -> Result<u8, Fault> {
    let model = &session.model;
    let selection = Selection { environment: session.options.environment.clone(), names };
    let mut goals = vec![Goal::Secrets(Request::List(selection.clone()))];
    let servers: Vec<&str> = deployments::environments(session, false)
        .into_iter()
        .filter(|it| !it.env_files.is_empty())
        .filter(|it| selection.environment.as_ref().is_none_or(|wanted| *wanted == it.name))
        .map(|it| it.name.as_str())
        .collect();
    goals.extend(
        servers.iter().map(|name| {
            Goal::Deploy(deploy::Request { environment: (*name).to_owned(), wish: Wish::EnvFiles })
        }),
    );
    if session.options.dry_run {
        return session.run_goals(&goals, &[]);
    }
    let result = session.look(&goals)?;
    let found = found(model, &selection, &result);
    let (items, mut faults) = secrets::items(model, &found, &selection);
    let listing = value::<Listing>(&result).next();
    let forge_fault = ending_fault(&result, FORGE_STEP);
    let ledger = Ledger::read(session.doors, &model.root).map_err(|error| Fault::from(&error))?;
    let key = DigestKey::of_user(session.doors).ok();
    let seen: BTreeMap<String, _> =
        value::<EnvFilesSeen>(&result).map(|seen| (seen.environment.clone(), seen)).collect();
    let view =
        View { model, ledger: &ledger, key: key.as_ref(), listing: listing.as_deref(), result: &result };
    let mut rows: Vec<Row> = items.iter().map(|item| view.row(item, &servers, &seen)).collect();
    let differs = |row: &Row| row.places.iter().any(|place| place.state != State::Current);
    let is_behind = rows.iter().any(differs);
    if only_differences {
        rows.retain(differs);
    }
    faults.extend(forge_fault);
    show(session, &rows, &faults, only_differences);
    Ok(u8::from(exit_code && (is_behind || !faults.is_empty())))
}

/// What the run left of type `T`.
fn value<T: std::any::Any + Send + Sync>(result: &RunResult) -> impl Iterator<Item = std::sync::Arc<T>> {
    result.values.iter().filter_map(|value| value.clone().downcast::<T>().ok())
}

/// Why a step left nothing.
fn ending_fault(result: &RunResult, step: &str) -> Option<Fault> {
    let (_, ending) = result.endings.iter().find(|(name, _)| name == step)?;
    match ending {
        Ending::Failed { fault } => Some(fault.clone()),
        Ending::Skipped(Skip::Needs { title }) => {
            let cause = result.endings.iter().find_map(|(_, ending)| match ending {
                Ending::Failed { fault } => Some(fault.clone()),
                _ => None,
            });
            cause.or_else(|| {
                Some(Fault::new(crate::diagnostic::FaultKind::Failed, format!("{title} did not end well")))
            })
        }
        _ => None,
    }
}

fn found(model: &Model, selection: &Selection, result: &RunResult) -> Found {
    let mut found = Found::default();
    for files in value::<FoundFiles>(result) {
        found.files.insert(files.entry.clone(), Ok(files));
    }
    for value in value::<FoundValue>(result) {
        found.values.insert(value.variable.clone(), Ok(value));
    }
    for entry in selection.entries(model) {
        if let Some(fault) = ending_fault(result, &files_step(&entry)) {
            found.files.insert(entry, Err(fault));
        }
    }
    for variable in selection.variables(model) {
        if let Some(fault) = ending_fault(result, &value_step(&variable)) {
            found.values.insert(variable, Err(fault));
        }
    }
    found
}

/// What is known of the places.
struct View<'a> {
    model: &'a Model,
    ledger: &'a Ledger,
    key: Option<&'a DigestKey>,
    listing: Option<&'a Listing>,
    result: &'a RunResult,
}

impl View<'_> {
    fn row(
        &self,
        item: &Item,
        servers: &[&str],
        seen: &BTreeMap<String, std::sync::Arc<EnvFilesSeen>>,
    ) -> Row {
        let mut places = Vec::new();
        if let Some(forge) = &self.model.forge {
            let state = match self.listing {
                Some(listing) => secrets::state(&forge.place(), self.ledger, listing, item),
                None => State::unknown("the forge could not be asked"),
            };
            places.push(PlaceState { place: forge.kind.title().to_owned(), state });
        }
        for workspace in self.model.workspaces.values() {
            if self.model.secrets_of(workspace).iter().any(|reference| gives(reference, item)) {
                let state = self.of_workspace(&workspace.name, item);
                places.push(PlaceState { place: format!("workspace {}", workspace.name), state });
            }
        }
        if let (Some(environment), Source::File(path)) = (&item.environment, &item.source)
            && servers.contains(&environment.as_str())
        {
            let state = match seen.get(environment) {
                Some(seen) => match seen.files.get(path) {
                    Some(Some(true)) => State::Current,
                    // Nobody else writes there but `server setup`.
                    Some(Some(false)) => State::Stale,
                    _ => State::Missing,
                },
                None => {
                    let fault = ending_fault(self.result, &env_files_step(environment));
                    State::unknown(
                        fault.map_or_else(|| "the server could not be asked".to_owned(), |it| it.message),
                    )
                }
            };
            places.push(PlaceState { place: format!("server {environment}"), state });
        }
        Row {
            name: item.name.clone(),
            environment: item.environment.clone(),
            source: item.source.to_string(),
            problem: item.value.as_ref().err().map(|fault| fault.message.clone()),
            places,
        }
    }

    /// Terraform keeps what it was given; what that was, only the last apply from here can say.
    fn of_workspace(&self, workspace: &str, item: &Item) -> State {
        let sent = self.ledger.sent(&ledger_place(workspace), &item.key());
        let ours = item.value.as_ref().ok().zip(self.key);
        match (sent, ours) {
            (None, _) => State::unknown("it was not applied from here"),
            (_, None) => State::unknown("the value here is not known"),
            (Some(sent), Some((value, key))) => {
                let ours = key.digest(&item.key(), value.expose().as_bytes());
                match ours == sent.digest {
                    true => State::Current,
                    false if ours.is_comparable(&sent.digest) => State::Stale,
                    false => State::unknown("it was applied by another user, or from another machine"),
                }
            }
        }
    }
}

/// Whether a workspace that has the reference is given the secret by it.
fn gives(reference: &Reference, item: &Item) -> bool {
    match (reference, &item.source) {
        (Reference::EnvFileMap { environment }, Source::File(_)) => {
            Some(environment) == item.environment.as_ref()
        }
        (Reference::Variable(name), Source::Value(secret)) => {
            item.environment.is_none() && name.strip_prefix(crate::model::SECRET_PREFIX) == Some(secret)
        }
        _ => false,
    }
}

fn show(session: &Session<'_>, rows: &[Row], faults: &[Fault], only_differences: bool) {
    if session.options.json {
        for row in rows {
            print(&format!("{}\n", serde_json::json!(row)));
        }
        for fault in faults {
            print(&format!("{}\n", serde_json::json!({ "fault": fault })));
        }
        return;
    }
    if rows.is_empty() && faults.is_empty() {
        let all = if only_differences {
            "Every place holds every secret as it is here."
        } else {
            "There are no secrets."
        };
        print(&format!("{all}\n"));
        return;
    }
    if !rows.is_empty() {
        print(&columns::render(&table(rows)));
    }
    for row in rows {
        let of = row.environment.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
        if let Some(problem) = &row.problem {
            print(&format!("{}{of}: {problem}\n", row.name));
        }
        for each in &row.places {
            match &each.state {
                State::Unknown { reason } if row.problem.is_none() => {
                    print(&format!("{}{of}, {}: {reason}\n", row.name, each.place));
                }
                State::ChangedElsewhere { at: Some(at) } => {
                    print(&format!("{}{of}, {}: changed there at {at}\n", row.name, each.place));
                }
                _ => {}
            }
        }
    }
    for fault in faults {
        print(&format!("{}\n", fault.message));
        fault.hints.iter().for_each(|hint| print(&format!("  hint: {hint}\n")));
    }
}

/// A column for each kind of place that there is.
fn table(rows: &[Row]) -> Vec<Vec<String>> {
    let kind = |place: &PlaceState| place.place.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    let mut kinds: Vec<String> = Vec::new();
    for place in rows.iter().flat_map(|row| &row.places) {
        if !kinds.contains(&kind(place)) {
            kinds.push(kind(place));
        }
    }
    let mut head = vec!["SECRET".to_owned(), "ENVIRONMENT".to_owned(), "SOURCE".to_owned()];
    head.extend(kinds.iter().cloned());
    let mut table = vec![head];
    table.extend(rows.iter().map(|row| {
        let mut cells = vec![
            row.name.clone(),
            row.environment.clone().unwrap_or_else(|| "-".to_owned()),
            row.source.clone(),
        ];
        cells.extend(kinds.iter().map(|wanted| {
            let states = row.places.iter().filter(|place| kind(place) == *wanted);
            let words: Vec<String> = states
                .map(|place| match place.place.split_once(' ') {
                    Some(("workspace", name)) => format!("{name} {}", place.state.word()),
                    _ => place.state.word().to_owned(),
                })
                .collect();
            if words.is_empty() { "-".to_owned() } else { words.join(", ") }
        }));
        cells
    }));
    table
}
