//! The steps that find the values: one for each `[env_files]` entry, one for each value of `[secrets]`. They only read, and what one of them
//! can't have keeps no other from its own.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::item::{Found, FoundFile, FoundFiles, FoundValue, Selection};
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Secret;
use crate::model::{Model, Reference};
use crate::plan::{Effect, WhenOrphaned};
use crate::run::bindings::Scope;
use crate::run::node::{Need, Node};
use crate::run::{Action, Outcome, StepContext};

/// The name of the step that reads an `[env_files]` entry.
pub fn files_step(entry: &str) -> String {
    format!("secrets:files:{entry}")
}

/// The name of the step that finds a value of `[secrets]`.
pub fn value_step(variable: &str) -> String {
    format!("secrets:value:{}", variable.strip_prefix(crate::model::SECRET_PREFIX).unwrap_or(variable))
}

/// The steps that find all values that are meant.
pub(super) fn nodes(model: &Arc<Model>, selection: &Selection) -> Vec<Node> {
    let node = |name: String, title: String, needs: Vec<Need>, action: Box<dyn Action>| Node {
        name,
        title,
        needs,
        after: Vec::new(),
        effect: Effect::Reads,
        when_orphaned: WhenOrphaned::Stop,
        action,
    };
    let mut nodes = Vec::new();
    for entry in selection.entries(model) {
        let title = format!("read the env files {entry}");
        let action = Box::new(FilesAction { model: Arc::clone(model), entry: entry.clone() });
        nodes.push(node(files_step(&entry), title, Vec::new(), action));
    }
    for variable in selection.variables(model) {
        let reference = Reference::Variable(variable.clone());
        let needs = Need::of(model, [&reference]);
        let title = format!("find {reference}");
        let action = Box::new(ValueAction { variable: variable.clone() });
        nodes.push(node(value_step(&variable), title, needs, action));
    }
    nodes
}

/// What those steps left, as a later step sees it: all of it, for it needs them all.
pub(super) fn found(context: &StepContext<'_>, model: &Model, selection: &Selection) -> Found {
    let lost = || Fault::new(FaultKind::Bug, "a step left no value");
    let mut found = Found::default();
    for entry in selection.entries(model) {
        let files = context.value::<FoundFiles>(&files_step(&entry)).ok_or_else(lost);
        found.files.insert(entry, files);
    }
    for variable in selection.variables(model) {
        let value = context.value::<FoundValue>(&value_step(&variable)).ok_or_else(lost);
        found.values.insert(variable, value);
    }
    found
}

struct FilesAction {
    model: Arc<Model>,
    entry: String,
}

impl Action for FilesAction {
    fn describe(&self) -> Vec<String> {
        let path = self.model.env_files.get(&self.entry).map(|entry| entry.path.display().to_string());
        path.map(|path| format!("read {path}")).into_iter().collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let Some(entry) = self.model.env_files.get(&self.entry) else {
            return Outcome::Failed(Fault::new(FaultKind::Bug, format!("no env files `{}`", self.entry)));
        };
        let read = context.bindings().read_env_files(context, entry).map(|files| {
            let files = files.into_iter().map(|(file, bytes)| FoundFile {
                secret: file.secret,
                path: file.path,
                encoded: Secret::new(STANDARD.encode(bytes)),
            });
            Outcome::done_with(FoundFiles { entry: self.entry.clone(), files: files.collect() })
        });
        read.into()
    }
}

struct ValueAction {
    variable: String,
}

impl Action for ValueAction {
    fn describe(&self) -> Vec<String> {
        Vec::new()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let reference = Reference::Variable(self.variable.clone());
        let value = context.bindings().value(context, &Scope::default(), &reference);
        value
            .map(|value| {
                let value = Secret::new(value.text());
                Outcome::done_with(FoundValue { variable: self.variable.clone(), value })
            })
            .into()
    }
}
