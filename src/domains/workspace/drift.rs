//! Drift: what somebody changed since the last apply, apart from what the files would change. Nothing is planned, locked or written.

use serde::Serialize;

use super::ground;
use super::preview::follow;
use super::previewed::{Change, word};
use super::shadow::lacks_init;
use super::site::{Site, StateFound};
use super::values::Absent;
use crate::adapters::terraform::diagnostic;
use crate::adapters::terraform::stream::PlannedChange;
use crate::diagnostic::Fault;
use crate::event::{Level, Progress};
use crate::model::Workspace;
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;

pub(super) struct DriftAction {
    pub(super) site: Site,
}

/// What was found of one workspace.
#[derive(Clone, Debug, Serialize)]
pub struct Drift {
    /// The workspace's name.
    pub workspace: String,
    /// Its folder, from the project's.
    pub dir: String,
    /// The environment that it belongs to.
    pub environment: Option<String>,
    /// What came of it.
    pub status: DriftStatus,
    /// The objects, and how they were changed.
    pub drift: Vec<Change>,
    /// Why it could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftStatus {
    /// The world is as the state says.
    NoDrift,
    /// Something was changed.
    Drift,
    /// There is nothing that could have been changed.
    NotApplied,
    /// It could not be looked at.
    Failed,
    /// It was not looked at.
    Skipped,
}

impl Drift {
    /// A row of `workspace` with nothing in it.
    pub fn empty(workspace: &Workspace, status: DriftStatus) -> Self {
        Self {
            workspace: workspace.name.clone(),
            dir: workspace.dir.display().to_string(),
            environment: workspace.environment.clone(),
            status,
            drift: Vec::new(),
            problem: None,
        }
    }
}

impl Action for DriftAction {
    fn describe(&self) -> Vec<String> {
        vec![self.site.preview(|root| root.look(&[], &["-refresh-only"]))]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.look(context).into()
    }
}

impl DriftAction {
    fn look(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let workspace = self.site.workspace()?;
        let again = || {
            let reason = format!("{} says that it has to be initialised", self.site.tool());
            Outcome::Redo { from: self.site.step("init"), reason }
        };
        match self.site.state(context)? {
            StateFound::Living(_) => {}
            StateFound::Empty => {
                return Ok(Outcome::done_with(Drift::empty(workspace, DriftStatus::NotApplied)));
            }
            StateFound::Unreadable(found) if lacks_init(&found) && context.attempt() == 1 => {
                return Ok(again());
            }
            StateFound::Unreadable(found) => {
                return Err(self.site.failure(context, "reading the state", &found, ""));
            }
        }
        let mut var_files = self.site.var_files(context)?;
        let values = self.site.values(context, &workspace.vars, Absent::Fails)?;
        let values_file = self.site.write_private(context, "tfvars.json", &values)?;
        if !workspace.vars.is_empty() {
            var_files.push(values_file.clone());
        }
        let spec = self.site.call_plan(context, |root| root.look(&var_files, &["-refresh-only"]))?;
        let followed = follow(context, &self.site, &spec);
        context.doors().files.remove(&values_file).ok();
        let (planned, found, complaint) = followed?;
        if lacks_init(&found) && context.attempt() == 1 {
            return Ok(again());
        }
        if diagnostic::errors(&found).next().is_some() || !complaint.is_empty() {
            return Err(self.site.failure(context, "the look for drift", &found, &complaint));
        }
        tell(context, &self.site, &planned.drift)
    }
}

/// Tells what was changed, if something was.
pub(super) fn tell(
    context: &StepContext<'_>,
    site: &Site,
    drift: &[PlannedChange],
) -> Result<Outcome, Fault> {
    let workspace = site.workspace()?;
    let mut row = Drift::empty(workspace, DriftStatus::NoDrift);
    let change = |change: &PlannedChange| Change {
        address: change.address.clone(),
        action: word(&change.action),
        uncertain: false,
    };
    row.drift = drift.iter().map(change).collect();
    let mut said = "no drift".to_owned();
    if !row.drift.is_empty() {
        row.status = DriftStatus::Drift;
        // So that the next `up` plans.
        ground::forget(context.doors(), site);
        said = format!("{} changed outside {}", count(row.drift.len(), "object"), site.tool());
        let mut text = format!("{}: {said}", workspace.name);
        for change in drift {
            text.push_str(&format!("\n  ! {} was {}", change.address, change.action.done()));
        }
        context.log().notice(Level::Warning, &text);
    }
    context.log().progress(Progress { text: said, done: Some(0), total: Some(0) });
    Ok(Outcome::done_with(row))
}
