//! What is known of each workspace's state, for `status`.

use serde::Serialize;

use super::site::{Site, StateFound};
use crate::adapters::terraform::init;
use crate::diagnostic::{Fault, FaultKind};
use crate::run::{Action, Outcome, StepContext};

pub(super) struct StatusAction {
    pub(super) site: Site,
}

/// One row of `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusRow {
    /// The workspace's name.
    pub workspace: String,
    /// Its folder, from the project's.
    pub dir: String,
    /// The environment that it belongs to.
    pub environment: Option<String>,
    /// `applied`, `empty`, `not initialised`, `unreadable`.
    pub state: &'static str,
    /// Resources under care.
    pub resources: usize,
    /// Counts the writes to the state.
    pub serial: Option<u64>,
    /// Names of its outputs.
    pub outputs: Vec<String>,
    /// Why it can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Action for StatusAction {
    fn describe(&self) -> Vec<String> {
        vec![self.site.preview_state()]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.row(context).map(Outcome::done_with).into()
    }
}

impl StatusAction {
    fn row(&self, context: &mut StepContext<'_>) -> Result<StatusRow, Fault> {
        let workspace = self.site.workspace()?;
        let mut row = StatusRow {
            workspace: self.site.name.clone(),
            dir: workspace.dir.display().to_string(),
            environment: workspace.environment.clone(),
            state: "empty",
            resources: 0,
            serial: None,
            outputs: Vec::new(),
            problem: None,
        };
        let found = match self.site.without_gone(context)?.state(context) {
            // One that can't be read must not hide the others.
            Err(fault) if fault.kind == FaultKind::Failed => {
                row.state = "unreadable";
                row.problem = Some(fault.message);
                return Ok(row);
            }
            found => found?,
        };
        match found {
            StateFound::Empty => {}
            StateFound::Living(state) => {
                row.state = "applied";
                row.resources = state.managed.len();
                // Pulumi counts no writes.
                row.serial = (!self.site.is_pulumi()).then_some(state.serial);
                row.outputs = state.outputs.into_keys().collect();
            }
            StateFound::Unreadable(diagnostics) if init::missing_init(&diagnostics).is_some() => {
                row.state = "not initialised";
            }
            StateFound::Unreadable(diagnostics) => {
                row.state = "unreadable";
                let fault = self.site.failure(context, "reading the state", &diagnostics, "");
                let reason = fault.details.first().filter(|_| diagnostics.is_empty());
                row.problem =
                    Some(reason.map_or(fault.message.clone(), |why| format!("{}: {why}", fault.message)));
            }
        }
        Ok(row)
    }
}
