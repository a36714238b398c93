//! The values that terraform is given: in a private file, never on a command line.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::site::Site;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::model::VarValue;
use crate::os::files::FileKind;
use crate::run::StepContext;

/// What becomes of a value whose files are gone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// It is an error.
    Fails,
    /// It is left out and said so: a destroy seldom needs it.
    IsLeftOut,
}

impl Site {
    /// The values of `entries`.
    pub(super) fn values(
        &self,
        context: &mut StepContext<'_>,
        entries: &IndexMap<String, VarValue>,
        absent: Absent,
    ) -> Result<Json, Fault> {
        let mut values = Map::new();
        for (name, value) in entries {
            match context.bindings().var_value(context, value) {
                Ok(value) => {
                    values.insert(name.clone(), value);
                }
                Err(fault) if absent == Absent::IsLeftOut && fault.kind == FaultKind::File => {
                    let text = format!("the variable `{name}` is left out: {}", fault.message);
                    context.log().notice(Level::Warning, &text);
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(Json::Object(values))
    }

    /// Writes values to a private file of this step.
    pub(super) fn write_private(
        &self,
        context: &StepContext<'_>,
        ending: &str,
        values: &Json,
    ) -> Result<PathBuf, Fault> {
        let path = self.private_path(context, ending)?;
        let bytes = serde_json::to_vec(values)
            .map_err(|error| Fault::new(FaultKind::Bug, format!("values could not be written: {error}")))?;
        context.doors().files.write(&path, &bytes, 0o600).map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }

    /// Writes a text to a private file of this step.
    pub(super) fn write_private_text(
        &self,
        context: &StepContext<'_>,
        ending: &str,
        text: &str,
    ) -> Result<PathBuf, Fault> {
        let path = self.private_path(context, ending)?;
        context
            .doors()
            .files
            .write(&path, text.as_bytes(), 0o600)
            .map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }

    /// A private file that terraform will write: it exists before, so that it never has another mode.
    pub(super) fn reserve_private(&self, context: &StepContext<'_>, ending: &str) -> Result<PathBuf, Fault> {
        let path = self.private_path(context, ending)?;
        context.doors().files.write(&path, b"", 0o600).map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }

    fn private_path(&self, context: &StepContext<'_>, ending: &str) -> Result<PathBuf, Fault> {
        context.private_path(&format!("{}-{}.{ending}", self.name, context.attempt()))
    }

    /// The workspace's own files with values. One that does not exist is an error before terraform runs.
    pub(super) fn var_files(&self, context: &StepContext<'_>) -> Result<Vec<PathBuf>, Fault> {
        let workspace = self.workspace()?;
        for file in &workspace.var_files {
            let path = self.folder()?.join(&file.value);
            if context.doors().files.kind(&path) != FileKind::File {
                let shown = workspace.dir.join(&file.value);
                let message = format!(
                    "the var file {} of the workspace `{}` does not exist",
                    shown.display(),
                    self.name
                );
                let fault = Fault::new(FaultKind::File, message)
                    .hint("make it, or take it out of the workspace's `var_files`");
                return Err(context.bindings().fault_at(file.span, fault));
            }
        }
        Ok(workspace.var_files.iter().map(|file| file.value.clone()).collect())
    }
}

fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::World, format!("{} could not be written: {error}", path.display()))
}
