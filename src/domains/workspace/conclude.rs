//! The last word of an `up` or a `down`: what became of the workspaces, and what is left on the disk.

use std::path::PathBuf;

use super::apply::Applied;
use super::plan::{Planned, Purpose};
use super::site::Site;
use crate::diagnostic::Fault;
use crate::event::Level;
use crate::os::files::FileKind;
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;

pub(super) struct ConcludeAction {
    pub(super) purpose: Purpose,
    pub(super) sites: Vec<Site>,
}

/// What terraform keeps in a root's folder; not all of it is ours to remove.
const LEFTOVERS: [&str; 5] =
    ["terraform.tfstate", "terraform.tfstate.backup", "errored.tfstate", "crash.log", ".terraform"];

impl Action for ConcludeAction {
    fn describe(&self) -> Vec<String> {
        Vec::new()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.conclude(context).into()
    }
}

impl ConcludeAction {
    fn conclude(&self, context: &StepContext<'_>) -> Result<Outcome, Fault> {
        let verb = match self.purpose {
            Purpose::Apply => "apply",
            Purpose::Destroy => "destroy",
        };
        let changed =
            self.sites.iter().filter(|site| context.value::<Applied>(&site.step(verb)).is_some()).count();
        let stands = |site: &&Site| {
            let planned = context.value::<Planned>(&site.step(self.purpose.plan_step()));
            planned.is_some_and(|planned| matches!(*planned, Planned::Stands(_)))
        };
        let unplanned = match self.sites.iter().filter(stands).count() {
            0 => String::new(),
            1 if self.sites.len() == 1 => " (not planned again; `--force` does)".to_owned(),
            number => format!(" ({number} not planned again; `--force` does)"),
        };
        let all = count(self.sites.len(), "workspace");
        let is_one = self.sites.len() == 1;
        let text = match (self.purpose, changed) {
            (Purpose::Apply, 0) if is_one => {
                format!("nothing to change: the workspace is as its files say{unplanned}")
            }
            (Purpose::Apply, 0) => format!("nothing to change: {all} are as their files say{unplanned}"),
            (Purpose::Apply, changed) if changed == self.sites.len() => format!("{all} applied"),
            (Purpose::Apply, changed) => {
                format!("{changed} of {all} applied; the others are as their files say{unplanned}")
            }
            (Purpose::Destroy, 0) if is_one => "nothing to destroy: the workspace is empty".to_owned(),
            (Purpose::Destroy, 0) => format!("nothing to destroy: {all} are empty"),
            (Purpose::Destroy, changed) => {
                format!("{} destroyed; every state is proven empty", count(changed, "workspace"))
            }
        };
        context.log().notice(Level::Note, &text);
        if self.purpose == Purpose::Destroy {
            self.list_leftovers(context)?;
        }
        Ok(Outcome::done())
    }

    fn list_leftovers(&self, context: &StepContext<'_>) -> Result<(), Fault> {
        let mut left: Vec<PathBuf> = Vec::new();
        for site in &self.sites {
            let dir = &site.workspace()?.dir;
            let is_there = |name: &&str| {
                context.doors().files.kind(&site.model.root.join(dir).join(name)) != FileKind::Missing
            };
            left.extend(LEFTOVERS.into_iter().filter(is_there).map(|name| dir.join(name)));
        }
        if !left.is_empty() {
            let mut text = "left on this disk:".to_owned();
            for path in left {
                text.push_str(&format!("\n  {}", path.display()));
            }
            text.push_str("\n`shipway clean-all` removes what init made");
            context.log().notice(Level::Note, &text);
        }
        Ok(())
    }
}
