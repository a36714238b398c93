//! A server that is a folder of this machine needs no setup of its own: the first deployment prepares it.
//!
//! That is done after the question of a protected environment, for env files come along. What `server setup` pins is written last, so a
//! preparation that was interrupted is made again.

use super::files::{self, FilesAction};
use super::prepare::PrepareAction;
use super::program::{Looked, ProgramAction};
use crate::diagnostic::Fault;
use crate::domains::deploy::survey::surveyed;
use crate::domains::deploy::target::Target;
use crate::run::{Action, Outcome, StepContext};

/// Prepares a server of this machine, where that was not done yet.
pub(in crate::domains::deploy) struct HereAction {
    target: Target,
}

/// Whether the server may be a folder of this machine; an address that an output gives is only known when that is read.
pub(in crate::domains::deploy) fn may_be_here(target: &Target) -> bool {
    !target.shown_address().contains("://")
}

impl HereAction {
    /// The name of the step.
    pub(in crate::domains::deploy) const STEP: &str = "deploy:prepare";

    pub(in crate::domains::deploy) fn new(target: &Target) -> Self {
        Self { target: target.clone() }
    }

    fn program(&self) -> ProgramAction {
        ProgramAction { target: self.target.clone(), binary: None }
    }

    fn files(&self) -> Option<FilesAction> {
        files::has_env_files(&self.target).then(|| FilesAction { target: self.target.clone() })
    }

    fn folder(&self) -> PrepareAction {
        PrepareAction { target: self.target.clone() }
    }

    fn prepare(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let remote = surveyed(context)?.remote.clone();
        if remote.host().is_some() {
            return Ok(Outcome::Skipped("`server setup` prepares another machine".to_owned()));
        }
        if !remote.is_unprepared_folder(context) {
            return Ok(Outcome::UpToDate("it is prepared".to_owned()));
        }
        let looked = Looked::at(context, remote)?;
        self.program().bring(context, &looked)?;
        if let Some(files) = self.files() {
            files.copy(context, &looked)?;
        }
        self.folder().prepare(context, &looked)?;
        Ok(Outcome::done())
    }
}

impl Action for HereAction {
    fn describe(&self) -> Vec<String> {
        let mut lines = vec!["where it is a folder of this machine, and that was not done yet:".to_owned()];
        lines.extend(self.program().describe());
        lines.extend(self.files().iter().flat_map(Action::describe));
        lines.extend(self.folder().describe());
        lines
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.prepare(context).into()
    }
}
