//! A plan that is kept to be applied later, maybe on another machine: what is noted beside it, and how it is made. `saved_apply` takes it up again.
//!
//! The plan file holds every value in clear, secrets too: the folder is private, git is told to pass it over, and the file goes when it was applied.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::configuration::{self, Files};
use super::plan::digest;
use super::previewed::word;
use super::site::{Site, StateFound};
use crate::adapters::terraform::meaning::{self, Meaning};
use crate::adapters::terraform::stream::PlannedChange;
use crate::adapters::terraform::{Action, PlannedChanges, text_box, version};
use crate::diagnostic::{Fault, FaultKind};
use crate::model::Engine;
use crate::plan::Digest;
use crate::run::StepContext;

/// The version of the record's format.
pub(super) const VERSION: u32 = 1;

/// What stands beside a plan file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SavedPlan {
    /// The version of this format.
    pub(super) version: u32,
    /// Whose plan it is.
    pub(super) workspace: String,
    /// The environment that it belonged to.
    pub(super) environment: Option<String>,
    /// When it was made.
    pub(super) created: jiff::Timestamp,
    /// The digest of the plan file.
    pub(super) plan: Digest,
    /// All that it can be compared by.
    pub(super) basis: Basis,
    /// What it means.
    pub(super) meaning: Meaning,
    /// What it does, for the question.
    pub(super) changes: Vec<SavedChange>,
    /// How many outputs it changes.
    pub(super) outputs: usize,
}

/// What a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Basis {
    /// Digests of files.
    pub(super) configuration: Files,
    /// The digest of the values that the tasks file gives; `None` where they can't be found out here.
    pub(super) values: Option<String>,
    /// Terraform's version.
    pub(super) terraform: String,
    /// Which state, and how often it was written; `None` where there is none.
    pub(super) state: Option<(String, u64)>,
}

/// What becomes of one object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SavedChange {
    address: String,
    action: String,
    reason: Option<String>,
    previous: Option<String>,
    importing: Option<String>,
}

/// Where the plan of a workspace lies, and its record.
pub(super) fn paths(folder: &Path, workspace: &str) -> (PathBuf, PathBuf) {
    (folder.join(format!("{workspace}.tfplan")), folder.join(format!("{workspace}.json")))
}

/// The workspaces whose plans lie in a folder, by its list of files.
pub fn saved_workspaces(files: &[String]) -> Vec<String> {
    let has_plan = |name: &&str| files.iter().any(|file| *file == format!("{name}.tfplan"));
    files.iter().filter_map(|file| file.strip_suffix(".json")).filter(has_plan).map(str::to_owned).collect()
}

impl Basis {
    /// What differs from `now`, a line each.
    pub(super) fn differences(&self, now: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let (old, new) = (&self.configuration, &now.configuration);
        let files: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for file in files {
            match (old.get(file), new.get(file)) {
                (Some(one), Some(other)) if one != other => found.push(format!("{file} was edited")),
                (Some(_), None) => found.push(format!("{file} is gone")),
                (None, Some(_)) => found.push(format!("{file} is new")),
                _ => {}
            }
        }
        if let (Some(one), Some(other)) = (&self.values, &now.values)
            && one != other
        {
            found.push("the values of its variables are others".to_owned());
        }
        if self.terraform != now.terraform {
            found.push(format!("terraform was {} and is {}", self.terraform, now.terraform));
        }
        match (&self.state, &now.state) {
            (one, other) if one == other => {}
            (Some((one, _)), Some((other, _))) if one != other => {
                found.push("it is another state".to_owned());
            }
            (Some((_, one)), Some((_, other))) => {
                found.push(format!("its state was written since: serial {one} is {other}"));
            }
            (None, _) => found.push("it has a state, and had none".to_owned()),
            (Some(_), None) => found.push("it has no state any more".to_owned()),
        }
        found
    }
}

impl SavedPlan {
    /// What it does, as the question and the guards want it.
    pub(super) fn planned(&self) -> PlannedChanges {
        let change = |change: &SavedChange| PlannedChange {
            address: change.address.clone(),
            action: Action::parse(&change.action),
            reason: change.reason.clone(),
            previous: change.previous.clone(),
            importing: change.importing.clone(),
        };
        let mut planned = PlannedChanges::of(self.changes.iter().map(change).collect());
        planned.output_changes = self
            .meaning
            .keys()
            .filter_map(|key| key.strip_prefix("output "))
            .map(|name| crate::adapters::terraform::plan::OutputChange {
                name: name.to_owned(),
                action: Action::Update,
                sensitive: false,
            })
            .collect();
        planned
    }
}

/// Notes all about the plan that terraform has written to `file`.
pub(super) fn note(
    site: &Site,
    context: &mut StepContext<'_>,
    folder: &Path,
    (planned, values): (&PlannedChanges, &serde_json::Value),
) -> Result<(), Fault> {
    let (file, record) = paths(folder, &site.name);
    let change = |change: &PlannedChange| SavedChange {
        address: change.address.clone(),
        action: word(&change.action).to_owned(),
        reason: change.reason.clone(),
        previous: change.previous.clone(),
        importing: change.importing.clone(),
    };
    let saved = SavedPlan {
        version: VERSION,
        workspace: site.name.clone(),
        environment: site.workspace()?.environment.clone(),
        created: context.doors().clock.now(),
        plan: digest(context, &file)?,
        basis: basis(site, context, Some(values))?,
        meaning: meaning_of(site, context, &file)?,
        changes: planned.changes.iter().map(change).collect(),
        outputs: planned.output_changes.len(),
    };
    let text = serde_json::to_vec_pretty(&saved)
        .map_err(|error| Fault::new(FaultKind::Bug, format!("a record could not be written: {error}")))?;
    context.doors().files.write_durable(&record, &text, 0o600).map_err(|error| {
        Fault::new(FaultKind::World, format!("{} could not be written: {error}", record.display()))
    })
}

/// What a plan made now would be made from. `values`: those of the tasks file, where they are known.
pub(super) fn basis(
    site: &Site,
    context: &mut StepContext<'_>,
    values: Option<&serde_json::Value>,
) -> Result<Basis, Fault> {
    let (termination, answer) = site.ask(context, |root| root.version_json())?;
    let installed = version::parse(&answer.out).filter(|_| termination.is_success()).ok_or_else(|| {
        Fault::new(FaultKind::World, format!("{} does not tell its version", site.tool()))
            .detail(answer.err.clone())
    })?;
    let state = match site.state(context)? {
        StateFound::Empty => None,
        StateFound::Living(state) => Some((state.lineage, state.serial)),
        StateFound::Unreadable(diagnostics) => {
            return Err(site.failure(context, "reading the state", &diagnostics, ""));
        }
    };
    Ok(Basis {
        configuration: configuration::gather(site, context.doors())?,
        values: values.map(|values| blake3::hash(values.to_string().as_bytes()).to_hex().to_string()),
        terraform: match site.workspace()?.engine {
            Engine::Terraform => installed.version.to_string(),
            Engine::Tofu => format!("{} of OpenTofu", installed.version),
            // Its plans are not saved (`preview_graph`).
            Engine::Pulumi => String::new(),
        },
        state,
    })
}

/// What a plan file means.
pub(super) fn meaning_of(site: &Site, context: &mut StepContext<'_>, file: &Path) -> Result<Meaning, Fault> {
    let (termination, answer) = site.ask(context, |root| root.show_json(file))?;
    if !termination.is_success() {
        let diagnostics = text_box::parse(&answer.err);
        return Err(site.failure(context, "reading the plan", &diagnostics, &answer.err));
    }
    meaning::parse(&answer.out).ok_or_else(|| {
        let message =
            format!("the plan of `{}` can't be read: {} shows it in another form", site.name, site.tool());
        Fault::new(FaultKind::Failed, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basis(file: &str, serial: u64) -> Basis {
        let configuration = Files::from([("base/main.tf".to_owned(), file.to_owned())]);
        Basis {
            configuration,
            values: Some("v".into()),
            terraform: "1.11.4".into(),
            state: Some(("l".into(), serial)),
        }
    }

    #[test]
    fn every_difference_is_named() {
        let (old, mut new) = (basis("a", 3), basis("b", 4));
        assert_eq!(old.differences(&old), [""; 0]);
        new.configuration.insert("base/new.tf".into(), String::new());
        new.terraform = "1.12.0".into();
        new.values = Some("w".into());
        assert_eq!(
            old.differences(&new),
            [
                "base/main.tf was edited",
                "base/new.tf is new",
                "the values of its variables are others",
                "terraform was 1.11.4 and is 1.12.0",
                "its state was written since: serial 3 is 4",
            ]
        );
        assert_eq!(new.differences(&old)[1], "base/new.tf is gone");
        let none = Basis { state: None, values: None, ..old.clone() };
        assert_eq!(none.differences(&old), ["it has a state, and had none"]);
        assert_eq!(old.differences(&none), ["it has no state any more"]);
        let other = Basis { state: Some(("m".into(), 3)), ..old.clone() };
        assert_eq!(old.differences(&other), ["it is another state"]);
    }

    #[test]
    fn a_plan_has_both_its_files() {
        let files = ["a.json", "a.tfplan", "b.json", "c.tfplan", ".gitignore"].map(str::to_owned);
        assert_eq!(saved_workspaces(&files), ["a"]);
    }
}
