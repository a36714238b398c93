//! Outputs: read for whoever refers to them, printed for whoever asks, and the links to look at after an apply.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::Applied;
use super::pulumi::StackFound;
use super::site::Site;
use crate::adapters::terraform::output::{self, OutputError, OutputValue};
use crate::adapters::terraform::{init, text_box};
use crate::diagnostic::{Fault, FaultKind};
use crate::model::Value;
use crate::run::{Action, Exports, Outcome, StepContext};

pub(super) struct OutputsAction {
    pub(super) site: Site,
    /// The outputs that are referred to; `None`: all.
    pub(super) wanted: Option<BTreeSet<String>>,
}

impl Action for OutputsAction {
    fn describe(&self) -> Vec<String> {
        vec![if self.site.is_pulumi() {
            self.site.stack_preview(|stack| stack.export_in_clear())
        } else {
            self.site.preview(|root| root.output_json())
        }]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.read(context).into()
    }
}

impl OutputsAction {
    fn read(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        if let Some(exports) = self.left_by_apply(context) {
            return Ok(Outcome::done_with(exports));
        }
        if self.site.is_pulumi() {
            return match self.site.stack_state(context, true)? {
                StackFound::State(state, _) => self.export(context, Ok(state.outputs)),
                StackFound::None => self.export(context, Ok(BTreeMap::new())),
            };
        }
        if let Some(state) = self.site.state_on_disk(context)? {
            let text = if state.text.trim().is_empty() { "{}" } else { &state.text };
            return self.export(context, output::of_state(text));
        }
        let (termination, answer) =
            self.site.ask_again(context, "reading the outputs", |root| root.output_json())?;
        if !termination.is_success() {
            let diagnostics = text_box::parse(&answer.err);
            if init::missing_init(&diagnostics).is_some() && context.attempt() == 1 {
                let reason =
                    format!("{} says that `{}` has to be initialised", self.site.tool(), self.site.name);
                return Ok(Outcome::Redo { from: self.site.step("init"), reason });
            }
            return Err(self.site.failure(context, "reading the outputs", &diagnostics, &answer.err));
        }
        self.export(context, output::parse(&answer.out))
    }

    fn export(
        &self,
        context: &StepContext<'_>,
        outputs: Result<BTreeMap<String, OutputValue>, OutputError>,
    ) -> Result<Outcome, Fault> {
        let outputs = outputs.map_err(|error| {
            let message = format!("the outputs of `{}` are no JSON: {error}", self.site.name);
            Fault::new(FaultKind::Failed, message)
        })?;
        let mut exports = BTreeMap::new();
        for (name, output) in outputs {
            if output.sensitive {
                register(context, &output.value);
            }
            exports.insert(name, Value { json: output.value, secret: output.sensitive });
        }
        Ok(Outcome::done_with(Exports(exports)))
    }

    /// The apply's own stream has every output that is no secret: one start of terraform less.
    fn left_by_apply(&self, context: &StepContext<'_>) -> Option<Exports> {
        let wanted = self.wanted.as_ref()?;
        let applied = context.value::<Applied>(&self.site.step("apply"))?;
        let value = |name: &String| {
            let output = applied.outputs.get(name).filter(|output| !output.sensitive)?;
            Some((name.clone(), Value::public(output.value.clone()?)))
        };
        let exports: Option<BTreeMap<String, Value>> = wanted.iter().map(value).collect();
        exports.map(Exports)
    }
}

/// Masks every text in a sensitive output.
pub(super) fn register(context: &StepContext<'_>, value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            context.masker().add(text.as_bytes());
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| register(context, item)),
        serde_json::Value::Object(entries) => entries.values().for_each(|entry| register(context, entry)),
        _ => {}
    }
}
