//! What the preview of one workspace says: a row of the table, and what the previews after it have to know. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::adapters::terraform::output::OutputValue;
use crate::adapters::terraform::plan::OutputChange;
use crate::adapters::terraform::stream::PlannedChange;
use crate::adapters::terraform::{Action, PlannedChanges};

/// The preview of one workspace.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// The workspace's name.
    pub workspace: String,
    /// Its folder, from the project's.
    pub dir: String,
    /// The environment that it belongs to.
    pub environment: Option<String>,
    /// What came of it.
    pub status: PreviewStatus,
    /// It was planned with values that are not known yet: it shows what will be asked for and can't be applied.
    pub preview: bool,
    /// How many of what.
    pub counts: Counts,
    /// Counts that may turn out lower, because they depend on values that are not known yet.
    pub at_most: Vec<&'static str>,
    /// Counts that may turn out higher, because terraform gave up before the end.
    pub at_least: Vec<&'static str>,
    /// What it waits for: workspaces, and tasks that make files.
    pub waits_for: Vec<String>,
    /// Every object that changes, by address.
    pub changes: Vec<Change>,
    /// Objects that somebody else changed since the last apply.
    pub drift: Vec<Change>,
    /// Outputs that change.
    pub outputs: Vec<Change>,
    /// Stateful objects that would be destroyed or replaced: an `up` refuses that unless it is told `--allow-destroy ADDRESS`.
    pub guarded: Vec<String>,
    /// Why it is deferred, or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Its plan was saved, to be applied later.
    pub saved: bool,
    /// For the previews after it.
    #[serde(skip)]
    pub(super) left: Left,
}

/// What came of a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreviewStatus {
    /// There is nothing to do.
    NoChanges,
    /// There is something to do.
    Changes,
    /// Terraform needs a value that is not known yet: only a part of the plan could be made.
    Deferred,
    /// It could not be planned.
    Failed,
    /// It was not planned, because something before it failed.
    Skipped,
}

/// How many objects. A replaced one counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
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
    /// Changed by somebody else.
    pub drift: usize,
}

/// One thing that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its address, or an output's name.
    pub address: String,
    /// `create`, `update`, `replace`, `delete`, `import`, `move`, `forget`.
    pub action: &'static str,
    /// It depends on values that are not known yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub uncertain: bool,
}

/// What a preview leaves for those after it.
#[derive(Clone, Debug, Default)]
pub(super) struct Left {
    /// The outputs that are not known yet.
    pub(super) pending: Pending,
    /// Where its state is, if that can be told.
    pub(super) place: Option<String>,
    /// The outputs as they are now.
    pub(super) outputs: BTreeMap<String, OutputValue>,
}

/// Which outputs of a workspace are not known before its apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Pending {
    /// None: they are as they will be.
    #[default]
    Nothing,
    /// These.
    Outputs(BTreeSet<String>),
    /// All of them.
    All,
}

impl Pending {
    /// Whether this output is not known.
    pub(super) fn holds(&self, output: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Outputs(names) => names.contains(output),
            Self::All => true,
        }
    }
}

/// What terraform said, and how it was asked.
pub(super) struct Said {
    /// The plan, or the part of it that could be made.
    pub(super) planned: PlannedChanges,
    /// It was made in a copy, with unknowns.
    pub(super) with_unknowns: bool,
    /// Why only a part could be made.
    pub(super) deferred: Option<String>,
    /// Its state holds something.
    pub(super) lives: bool,
}

impl Preview {
    /// A preview of `workspace` with nothing in it.
    pub fn empty(workspace: &crate::model::Workspace, status: PreviewStatus) -> Self {
        Self {
            workspace: workspace.name.clone(),
            dir: workspace.dir.display().to_string(),
            environment: workspace.environment.clone(),
            status,
            preview: false,
            counts: Counts::default(),
            at_most: Vec::new(),
            at_least: Vec::new(),
            waits_for: Vec::new(),
            changes: Vec::new(),
            drift: Vec::new(),
            outputs: Vec::new(),
            guarded: Vec::new(),
            problem: None,
            saved: false,
            left: Left::default(),
        }
    }

    /// The same with what terraform said.
    pub(super) fn told(mut self, said: Said) -> Self {
        let with_unknowns = said.with_unknowns;
        let uncertain = |action: &Action| with_unknowns && matches!(action, Action::Update | Action::Replace);
        let change = |change: &PlannedChange| Change {
            address: change.address.clone(),
            action: word(&change.action),
            uncertain: uncertain(&change.action),
        };
        // What an apply only reads is no change of anything.
        let real = |change: &&PlannedChange| !matches!(change.action, Action::Read | Action::NoOp);
        self.changes = said.planned.changes.iter().filter(real).map(change).collect();
        self.drift = said.planned.drift.iter().map(change).collect();
        let output = |output: &OutputChange| Change {
            address: output.name.clone(),
            action: word(&output.action),
            uncertain: said.with_unknowns && output.action == Action::Update,
        };
        self.outputs = said.planned.output_changes.iter().map(output).collect();
        let number = |action: &str| self.changes.iter().filter(|it| it.action == action).count();
        self.counts = Counts {
            add: number("create"),
            change: number("update"),
            replace: number("replace"),
            destroy: number("delete"),
            import: said.planned.counts.import,
            drift: self.drift.len(),
        };
        let kinds = self.counts.kinds();
        if said.with_unknowns {
            let open = |(kind, count): &(&'static str, usize)| {
                (*count > 0 && matches!(*kind, "change" | "replace")).then_some(*kind)
            };
            self.at_most = kinds.iter().filter_map(open).collect();
        }
        let has_changes = !self.changes.is_empty() || !self.outputs.is_empty() || self.counts.import > 0;
        self.preview = said.with_unknowns || said.deferred.is_some();
        self.status = match (&said.deferred, has_changes) {
            (Some(_), _) => PreviewStatus::Deferred,
            (None, true) => PreviewStatus::Changes,
            (None, false) => PreviewStatus::NoChanges,
        };
        if said.deferred.is_some() {
            self.at_least = kinds.iter().map(|(kind, _)| *kind).collect();
        }
        self.problem = said.deferred;
        self.left.pending = match self.status {
            PreviewStatus::Deferred => Pending::All,
            PreviewStatus::Changes if !said.lives => Pending::All,
            PreviewStatus::Changes if !self.outputs.is_empty() => {
                Pending::Outputs(self.outputs.iter().map(|output| output.address.clone()).collect())
            }
            _ => Pending::Nothing,
        };
        self
    }

    /// Whether an `up` would ask for something here, as far as one can know.
    pub fn has_changes(&self) -> bool {
        matches!(self.status, PreviewStatus::Changes | PreviewStatus::Deferred)
    }

    /// A count as a cell of a table: `-` for none, `3?` for at most three, `3+` for at least three.
    pub fn cell(&self, kind: &'static str) -> String {
        let count =
            self.counts.kinds().iter().find(|(known, _)| *known == kind).map_or(0, |(_, count)| *count);
        let mark = match (self.at_least.contains(&kind), self.at_most.contains(&kind)) {
            // Some may go and some may come.
            (true, true) => "?+",
            (true, false) => "+",
            (false, true) => "?",
            (false, false) if count == 0 => return "-".to_owned(),
            (false, false) => "",
        };
        format!("{count}{mark}")
    }
}

impl Counts {
    /// Those of intent, by name; drift is none.
    pub fn kinds(&self) -> [(&'static str, usize); 5] {
        [
            ("add", self.add),
            ("change", self.change),
            ("replace", self.replace),
            ("destroy", self.destroy),
            ("import", self.import),
        ]
    }
}

pub(super) fn word(action: &Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Import => "import",
        Action::Move => "move",
        Action::Forget => "forget",
        Action::Read | Action::NoOp | Action::Other(_) => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::terraform::plan::PlanReading;
    use crate::adapters::terraform::{plan, shadow};
    use crate::event::Termination;

    fn preview(said: Said) -> Preview {
        let empty = Preview {
            workspace: "base".into(),
            dir: "base".into(),
            environment: None,
            status: PreviewStatus::NoChanges,
            preview: false,
            counts: Counts::default(),
            at_most: vec![],
            at_least: vec![],
            waits_for: vec![],
            changes: vec![],
            drift: vec![],
            outputs: vec![],
            guarded: vec![],
            problem: None,
            saved: false,
            left: Left::default(),
        };
        empty.told(said)
    }

    fn planned(changes: &[(&str, &str)], outputs: &[&str]) -> PlannedChanges {
        let change = |(address, action): &(&str, &str)| serde_json::json!({ "type": "planned_change", "change": { "resource": { "addr": address }, "action": action } });
        let mut stream: Vec<String> = changes.iter().map(|it| change(it).to_string()).collect();
        let outputs: serde_json::Map<String, serde_json::Value> = outputs
            .iter()
            .map(|name| ((*name).to_owned(), serde_json::json!({ "sensitive": false, "action": "update" })))
            .collect();
        stream.push(serde_json::json!({ "type": "outputs", "outputs": outputs }).to_string());
        stream.push(
            serde_json::json!({ "type": "change_summary", "changes": { "operation": "plan" } }).to_string(),
        );
        match plan::read(&stream.join("\n"), Termination::Exited { status: 2 }) {
            PlanReading::Changes(planned) => planned,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_added_to_the_copy_and_what_is_only_read_is_no_change() {
        let mut planned = planned(
            &[
                ("terraform_data.shipway_preview", "create"),
                ("data.terraform_remote_state.a[\"b\"]", "read"),
                ("data.c.d", "read"),
                ("a.b", "create"),
            ],
            &[],
        );
        shadow::without_ours(&mut planned);
        assert_eq!((planned.changes.len(), planned.counts.add, planned.counts.read), (2, 1, 1));
        let told = preview(Said { planned, with_unknowns: true, deferred: None, lives: false });
        assert_eq!(told.changes.iter().map(|it| it.address.as_str()).collect::<Vec<_>>(), ["a.b"]);
        assert_eq!((told.cell("add"), told.cell("change")), ("1".to_owned(), "-".to_owned()));
        assert_eq!(told.left.pending, Pending::All, "nothing of it is there yet");
    }

    #[test]
    fn with_unknowns_a_change_may_turn_out_to_be_none_and_what_is_made_is_made() {
        let changes = [("a.b", "update"), ("a.c", "create"), ("a.d", "delete")];
        let told = |with_unknowns| {
            let planned = planned(&changes, &["x"]);
            preview(Said { planned, with_unknowns, deferred: None, lives: true })
        };
        assert_eq!(["add", "change", "destroy"].map(|kind| told(true).cell(kind)), ["1", "1?", "1"]);
        assert_eq!(["add", "change", "destroy"].map(|kind| told(false).cell(kind)), ["1", "1", "1"]);
        let pending = told(true).left.pending;
        assert!(pending.holds("x") && !pending.holds("y"));
    }

    #[test]
    fn a_part_of_a_plan_counts_at_least_what_it_has() {
        let planned = planned(&[("a.c", "create")], &[]);
        let told = preview(Said { planned, with_unknowns: true, deferred: Some("why".into()), lives: true });
        assert_eq!((told.cell("add"), told.cell("destroy")), ("1+".to_owned(), "0+".to_owned()));
        assert_eq!(told.left.pending, Pending::All);
    }
}
