//! What a plan's stream and the end of its process mean together.
//!
//! The rule, from what was measured: a plan is believed only when it printed its summary, printed no error, and exited with 0 or
//! 2. A rejected plan (`prevent_destroy`) prints the summary first and the error after it; a plan file is left by failed plans too; a Go
//! panic exits with 2. Where summary and status are at odds on whether there are changes, there are: to ask once too often harms nobody.

use super::action::Action;
use super::diagnostic::{TerraformDiagnostic, errors};
use super::stream::{ChangeSummary, PlannedChange, StreamEvent};
use crate::event::{Progress, Termination};

/// What a plan says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanReading {
    /// The world is as the root says.
    NoChanges,
    /// This is to be done.
    Changes(PlannedChanges),
    /// Terraform gave up, for these reasons (warnings among them). Empty where it only printed to standard error:
    /// `text_box` reads that. A held lock (`lock`) and a missing init (`init`) come this way.
    Failed(Vec<TerraformDiagnostic>),
    /// It ended before it said what is to be done, or said it in another form, as a remote run does.
    Incomplete,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedChanges {
    /// Every object, by address: terraform's own order differs from run to run, and two equal plans have to be equal.
    pub changes: Vec<PlannedChange>,
    /// Objects that were changed by somebody else since the last apply.
    pub drift: Vec<PlannedChange>,
    /// How many of what.
    pub counts: PlanCounts,
    /// Outputs that change; an output alone is a change too.
    pub output_changes: Vec<OutputChange>,
    /// Warnings, to be shown before a question.
    pub warnings: Vec<TerraformDiagnostic>,
}

/// How many objects are changed, each counted once, except that an imported one that changes is counted as both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanCounts {
    /// Made.
    pub add: usize,
    /// Changed where they stand.
    pub change: usize,
    /// Destroyed and made anew.
    pub replace: usize,
    /// Destroyed.
    pub destroy: usize,
    /// Taken under care.
    pub import: usize,
    /// Given another address.
    pub moved: usize,
    /// Given out of care.
    pub forget: usize,
    /// Data sources that are read while applying.
    pub read: usize,
}

/// An output that changes. The stream of a plan never has values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub action: Action,
    /// Must not be shown.
    pub sensitive: bool,
}

impl PlannedChanges {
    /// The plan that does this.
    pub fn of(changes: Vec<PlannedChange>) -> Self {
        let mut counts = PlanCounts::default();
        changes.iter().for_each(|change| counts.add(change));
        counts.import = changes.iter().filter(|change| change.importing.is_some()).count();
        Self { changes, counts, ..Self::default() }
    }

    /// Objects that are destroyed for good.
    pub fn destroys(&self) -> impl Iterator<Item = &PlannedChange> {
        self.changes.iter().filter(|change| change.action == Action::Delete)
    }

    /// Objects that are destroyed and made anew.
    pub fn replaces(&self) -> impl Iterator<Item = &PlannedChange> {
        self.changes.iter().filter(|change| change.action == Action::Replace)
    }
}

/// Takes in a plan's events one by one.
#[derive(Clone, Debug, Default)]
pub struct PlanFold {
    planned: PlannedChanges,
    summary: Option<ChangeSummary>,
    diagnostics: Vec<TerraformDiagnostic>,
    doing: Option<String>,
    refreshed: usize,
}

impl PlanFold {
    /// Takes in one event.
    pub fn observe(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::PlannedChange(change) => {
                self.planned.counts.add(change);
                self.planned.changes.push(change.clone());
            }
            StreamEvent::ResourceDrift(change) => self.planned.drift.push(change.clone()),
            StreamEvent::ChangeSummary(summary) if summary.operation == "plan" => {
                self.summary = Some(summary.clone());
            }
            StreamEvent::Outputs(outputs) => {
                let changes = outputs.iter().filter_map(|(name, output)| {
                    let action = output.action.clone().filter(|action| *action != Action::NoOp)?;
                    Some(OutputChange { name: name.clone(), action, sensitive: output.sensitive })
                });
                self.planned.output_changes = changes.collect();
            }
            StreamEvent::RefreshStart(operation) => {
                self.doing = Some(format!("looking at {}", operation.address))
            }
            StreamEvent::RefreshComplete(_) => self.refreshed += 1,
            StreamEvent::ApplyStart(operation) => {
                self.doing = Some(format!("{} {}", operation.action.doing(), operation.address));
            }
            StreamEvent::StateLockAcquire => {
                self.doing = Some("waiting for the lock of its state".to_owned())
            }
            StreamEvent::Diagnostic(diagnostic) => self.diagnostics.push(diagnostic.clone()),
            _ => {}
        }
    }

    /// What it is doing now. How much is to be done is not known while planning.
    pub fn progress(&self) -> Progress {
        let text = self.doing.clone().unwrap_or_else(|| "planning".to_owned());
        Progress { text, done: (self.refreshed > 0).then_some(self.refreshed), total: None }
    }

    /// What was planned so far: all that there is of a plan that fails.
    pub fn so_far(&self) -> PlannedChanges {
        let mut planned = self.planned.clone();
        planned.counts.import = self.summary.as_ref().map_or(0, |summary| summary.import);
        planned.changes.sort_by(|one, other| one.address.cmp(&other.address));
        planned.drift.sort_by(|one, other| one.address.cmp(&other.address));
        planned
    }

    /// What the plan says, now that it ended with `termination`.
    pub fn reading(self, termination: Termination) -> PlanReading {
        if errors(&self.diagnostics).next().is_some() || termination == (Termination::Exited { status: 1 }) {
            return PlanReading::Failed(self.diagnostics);
        }
        let says_changes = match termination {
            Termination::Exited { status: 0 } => false,
            Termination::Exited { status: 2 } => true,
            _ => return PlanReading::Incomplete,
        };
        if self.summary.is_none() {
            return PlanReading::Incomplete;
        }
        let mut planned = self.so_far();
        let shows_changes = !planned.changes.is_empty() || !planned.output_changes.is_empty();
        if !says_changes && !shows_changes {
            return PlanReading::NoChanges;
        }
        planned.warnings = self.diagnostics;
        PlanReading::Changes(planned)
    }
}

impl PlanCounts {
    fn add(&mut self, change: &PlannedChange) {
        let count = match change.action {
            Action::Create => &mut self.add,
            Action::Update => &mut self.change,
            Action::Replace => &mut self.replace,
            Action::Delete => &mut self.destroy,
            Action::Move => &mut self.moved,
            Action::Forget => &mut self.forget,
            Action::Read => &mut self.read,
            // Terraform counts imports in its summary, whatever else happens to the object.
            Action::Import | Action::NoOp | Action::Other(_) => return,
        };
        *count += 1;
    }
}

/// The reading of a whole stream.
pub fn read(stream: &str, termination: Termination) -> PlanReading {
    let mut fold = PlanFold::default();
    stream.lines().for_each(|line| fold.observe(&super::stream::parse(line)));
    fold.reading(termination)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
