//! The environment of commands: dotenv files, `[env]`, the task's own, its arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;

use indexmap::IndexMap;

use super::{Bindings, Scope};
use crate::diagnostic::{Fault, FaultKind, Spanned};
use crate::masking::{Secret, env_value_is_secret};
use crate::model::{Dotenv, Task, Template};
use crate::os::command::EnvironmentValue;
use crate::os::files::FileKind;
use crate::run::context::StepContext;
use crate::text::dotenv;

impl Bindings {
    /// The environment that a command is given on top of the caller's: dotenv files where the caller has not set the name, then `[env]`,
    /// then what the task (or workspace) sets, then the arguments.
    pub fn environment_of(
        &self,
        context: &mut StepContext<'_>,
        scope: &Scope,
        folder: &Path,
        own: &[&IndexMap<String, Template>],
        task: Option<&Task>,
    ) -> Result<BTreeMap<String, EnvironmentValue>, Fault> {
        let mut env = self.dotenv_of(context, scope, folder, task)?;
        self.databases(context, task.map(|task| task.databases.as_slice()).unwrap_or_default(), &mut env)?;
        let all =
            std::iter::once(&self.model.env).chain(own.iter().copied()).chain(task.map(|task| &task.env));
        for (name, template) in all.flatten() {
            let value = self.template(context, scope, template)?;
            let text = value.text();
            if text.contains('\0') {
                return Err(self.fault_at(
                    template.span,
                    Fault::new(FaultKind::Failed, format!("the value of ${name} holds a NUL byte")),
                ));
            }
            env.insert(name.clone(), EnvironmentValue::of(text, value.secret));
        }
        for (name, value) in &scope.args {
            env.insert(name.replace(['-', '.'], "_"), EnvironmentValue::Plain(value.text()));
        }
        Ok(env)
    }

    /// What the dotenv files of the project and of the task say, where the caller has not set the name.
    pub fn dotenv_of(
        &self,
        context: &mut StepContext<'_>,
        scope: &Scope,
        folder: &Path,
        task: Option<&Task>,
    ) -> Result<BTreeMap<String, EnvironmentValue>, Fault> {
        let mut env = BTreeMap::new();
        for entry in &self.model.project.dotenv {
            self.dotenv(context, scope, Path::new(""), entry, &mut env)?;
        }
        for entry in task.map(|task| task.dotenv.as_slice()).unwrap_or_default() {
            self.dotenv(context, scope, folder, entry, &mut env)?;
        }
        Ok(env)
    }

    /// How databases are reached; two that are told in the same variables can't be told apart.
    fn databases(
        &self,
        context: &StepContext<'_>,
        names: &[Spanned<String>],
        env: &mut BTreeMap<String, EnvironmentValue>,
    ) -> Result<(), Fault> {
        let mut told = BTreeSet::new();
        for name in names {
            let exports = context.exports(&super::database_step(&name.value)).ok_or_else(|| {
                Fault::new(FaultKind::Bug, format!("nobody asked for the database `{}`", name.value))
            })?;
            for (variable, value) in &exports.0 {
                if !told.insert(variable.clone()) {
                    let message = format!("two databases of this task are told in `${variable}`");
                    let fault =
                        Fault::new(FaultKind::File, message).hint("use one of them in a task of its own");
                    return Err(self.fault_at(name.span, fault));
                }
                let text = value.text();
                let value = match value.secret {
                    true => EnvironmentValue::Secret(Secret::new(text)),
                    false => EnvironmentValue::Plain(text),
                };
                env.insert(variable.clone(), value);
            }
        }
        Ok(())
    }

    fn dotenv(
        &self,
        context: &mut StepContext<'_>,
        scope: &Scope,
        folder: &Path,
        entry: &Dotenv,
        env: &mut BTreeMap<String, EnvironmentValue>,
    ) -> Result<(), Fault> {
        let shown = folder.join(self.template(context, scope, &entry.path)?.text());
        let path = self.model.root.join(&shown);
        let at = |fault| self.fault_at(entry.path.span, fault);
        if context.doors().files.kind(&path) == FileKind::Missing {
            return if entry.optional {
                Ok(())
            } else {
                Err(at(Fault::new(
                    FaultKind::File,
                    format!("the dotenv file {} does not exist", shown.display()),
                )
                .hint("make it, or write the path with a final `?` where it may be absent")))
            };
        }
        let bytes = context.doors().files.read(&path).map_err(|error| {
            at(Fault::new(FaultKind::File, format!("{} could not be read: {error}", shown.display())))
        })?;
        context.masker().add_file(&bytes);
        let text = String::from_utf8(bytes)
            .map_err(|_| at(Fault::new(FaultKind::File, format!("{} is not UTF-8", shown.display()))))?;
        let caller = &context.doors().environment;
        let known = |name: &str| caller.get(name).map(str::to_owned);
        let before = |name: &str| match env.get(name)? {
            EnvironmentValue::Plain(value) => Some(value.clone()),
            EnvironmentValue::Secret(secret) => Some(secret.expose().to_owned()),
        };
        let values = dotenv::parse(&text, known, before).map_err(|fault| {
            Fault::new(FaultKind::File, format!("{}: {}", shown.display(), fault.message)).at(
                shown.display().to_string(),
                fault.line,
                1,
            )
        })?;
        for (name, value) in values {
            if caller.variables.contains_key(OsStr::new(&name)) {
                continue;
            }
            let value = if env_value_is_secret(&name, value.as_bytes(), &[], &[]) {
                context.masker().add(value.as_bytes());
                EnvironmentValue::Secret(Secret::new(value))
            } else {
                EnvironmentValue::Plain(value)
            };
            env.insert(name, value);
        }
        Ok(())
    }
}
