//! Which of the values that a workspace is given are known before anything is applied, and which are not.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::preview::PreviewAction;
use super::previewed::Preview;
use crate::adapters::terraform::shadow::{UNKNOWN, Unknowns, escape};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::model::{Model, Template, VarValue};
use crate::run::StepContext;
use crate::run::bindings::Scope;

/// An unknown text. Unlike `UNKNOWN` it is never null.
const UNKNOWN_TEXT: &str = "${terraform_data.shipway_preview.id}";

/// What is known, and what is not.
pub(super) struct Weighed {
    /// Values that are known.
    pub(super) values: Map<String, Json>,
    /// Values that are not.
    pub(super) unknowns: Unknowns,
    /// What the unknown waits for.
    pub(super) waits_for: BTreeSet<String>,
}

impl PreviewAction {
    /// Entries of the environment that are not known: a `TF_VAR_…` is an unknown variable, another one is left out.
    pub(super) fn weigh_environment(
        &self,
        context: &StepContext<'_>,
        pending: &[&Arc<Preview>],
    ) -> Result<Weighed, Fault> {
        let mut weighed =
            Weighed { values: Map::new(), unknowns: Unknowns::default(), waits_for: BTreeSet::new() };
        for (name, template) in &self.site.workspace()?.env {
            let of = pending_of(&self.site.model, template, pending);
            if of.is_empty() {
                continue;
            }
            let variable = name.strip_prefix("TF_VAR_");
            if variable.is_none() {
                let text =
                    format!("${name} is left out: it waits for {}", crate::text::list::and_ticked(&of));
                context.log().notice(Level::Warning, &text);
            }
            weighed.unknowns.variables.insert(variable.unwrap_or(name).to_owned(), json!(UNKNOWN));
            weighed.waits_for.extend(of);
        }
        Ok(weighed)
    }

    pub(super) fn weigh_variables(
        &self,
        context: &mut StepContext<'_>,
        pending: &[&Arc<Preview>],
        weighed: &mut Weighed,
    ) -> Result<(), Fault> {
        for (name, value) in &self.site.workspace()?.vars {
            let mut of = BTreeSet::new();
            let expression = self.expression(context, value, pending, &mut of)?;
            if of.is_empty() {
                let value = context.bindings().var_value(context, value)?;
                weighed.values.insert(name.clone(), value);
            } else {
                weighed.unknowns.variables.insert(name.clone(), expression);
                weighed.waits_for.extend(of);
            }
        }
        Ok(())
    }

    /// A value in terraform's JSON notation; `of` gets what it waits for.
    fn expression(
        &self,
        context: &mut StepContext<'_>,
        value: &VarValue,
        pending: &[&Arc<Preview>],
        of: &mut BTreeSet<String>,
    ) -> Result<Json, Fault> {
        Ok(match value {
            VarValue::Literal(literal) => escaped(literal),
            VarValue::List(items) => {
                let items: Result<Vec<Json>, Fault> =
                    items.iter().map(|item| self.expression(context, item, pending, of)).collect();
                Json::Array(items?)
            }
            VarValue::Map(entries) => {
                let mut map = Map::new();
                for (name, entry) in entries {
                    map.insert(escape(name), self.expression(context, entry, pending, of)?);
                }
                Json::Object(map)
            }
            VarValue::Text(template) => {
                let waits = pending_of(&self.site.model, template, pending);
                if !waits.is_empty() {
                    of.extend(waits);
                    return Ok(json!(if template.sole().is_some() { UNKNOWN } else { UNKNOWN_TEXT }));
                }
                match context.bindings().template(context, &Scope::default(), template) {
                    Ok(value) => escaped(&value.json),
                    // A file that is not there, and tasks that would run before: one of them may make it.
                    Err(fault) if fault.kind == FaultKind::File && !self.tasks.is_empty() => {
                        of.extend(self.tasks.iter().map(|task| format!("the task {task}")));
                        json!(UNKNOWN)
                    }
                    Err(fault) => return Err(fault),
                }
            }
        })
    }
}

/// The workspaces whose outputs a template needs and that are about to change them.
pub(super) fn pending_of(model: &Model, template: &Template, pending: &[&Arc<Preview>]) -> Vec<String> {
    let outputs = model.outputs_among(template.references());
    let changes = |(name, wanted): &(String, BTreeSet<String>)| {
        let preview = pending.iter().find(|preview| preview.workspace == *name);
        preview.is_some_and(|preview| wanted.iter().any(|output| preview.left.pending.holds(output)))
    };
    outputs.into_iter().filter(changes).map(|(name, _)| name).collect()
}

fn escaped(value: &Json) -> Json {
    match value {
        Json::String(text) => json!(escape(text)),
        Json::Array(items) => Json::Array(items.iter().map(escaped).collect()),
        Json::Object(map) => {
            Json::Object(map.iter().map(|(name, value)| (escape(name), escaped(value))).collect())
        }
        other => other.clone(),
    }
}
