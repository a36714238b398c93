//! What follows an apply: the hook, and the links to look at in a web UI.

use super::apply::Applied;
use super::site::Site;
use crate::diagnostic::Fault;
use crate::event::Level;
use crate::run::bindings::Scope;
use crate::run::{Action, Outcome, StepContext, script};

/// What follows an apply: the hook, and the links to look at.
pub(super) struct AfterApplyAction {
    pub(super) site: Site,
}

impl Action for AfterApplyAction {
    fn describe(&self) -> Vec<String> {
        let Ok(workspace) = self.site.workspace() else { return Vec::new() };
        let preview = |command| script::preview(&self.site.model, &Scope::default(), command);
        workspace.after_apply.iter().map(preview).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.conclude(context).into()
    }
}

impl AfterApplyAction {
    fn conclude(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let workspace = self.site.workspace()?;
        // Nothing was applied, so nothing follows; the links stand in the log of the run that applied it.
        if context.value::<Applied>(&self.site.step("apply")).is_none() {
            return Ok(Outcome::UpToDate("no changes".to_owned()));
        }
        self.site.run_hook(context, "after_apply", &workspace.after_apply)?;
        for link in &workspace.links {
            let link = context.bindings().template(context, &Scope::default(), link)?;
            context.log().notice(Level::Note, &format!("{}: {}", self.site.name, link.text()));
        }
        Ok(Outcome::done())
    }
}
