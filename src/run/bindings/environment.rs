//! The environment of commands: dotenv files, `[env]`, the task's own, its arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;

use indexmap::IndexMap;

use super::{ArgumentValue, Bindings, Scope};
use crate::diagnostic::{Fault, FaultKind, Spanned};
use crate::masking::{Secret, env_value_is_secret};
use crate::model::{Binding, Dotenv, Reference, Task, Template};
use crate::os::command::EnvironmentValue;
use crate::os::files::FileKind;
use crate::run::context::StepContext;
use crate::text::dotenv;

/// So long may `NAME=value` be for Linux, the `=` and its end left out: MAX_ARG_STRLEN, 32 pages, see execve(2).
const LONGEST: usize = 128 * 1024 - 2;

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
            env.insert(name.clone(), self.variable_of(context, scope, name, template)?);
        }
        let caller = &context.doors().environment.variables;
        for (name, value) in &scope.args {
            let (name, text) = (name.replace(['-', '.'], "_"), value.text());
            let is_list = matches!(value, ArgumentValue::List(_));
            // A command that does not look at it could not be started for it. The caller's must not stand in its place.
            if is_list && name.len() + text.len() > LONGEST && !caller.contains_key(OsStr::new(&name)) {
                env.remove(&name);
                continue;
            }
            env.insert(name, EnvironmentValue::Plain(text));
        }
        Ok(env)
    }

    /// The environment of a command that gives a variable its value: the project's, without what is made by such commands, which would wait
    /// for each other.
    pub(super) fn environment_of_variables(
        &self,
        context: &mut StepContext<'_>,
    ) -> Result<BTreeMap<String, EnvironmentValue>, Fault> {
        let (scope, mut env) = (Scope::default(), BTreeMap::new());
        let is_made = |template: &Template| self.needs_command(template.references());
        for entry in self.model.project.dotenv.iter().filter(|entry| !is_made(&entry.path)) {
            self.dotenv(context, &scope, Path::new(""), entry, &mut env)?;
        }
        for (name, template) in self.model.env.iter().filter(|(_, template)| !is_made(template)) {
            env.insert(name.clone(), self.variable_of(context, &scope, name, template)?);
        }
        Ok(env)
    }

    /// Whether a command of a variable has to run for one of `references`, be it by way of other variables.
    fn needs_command<'a>(&'a self, references: impl Iterator<Item = &'a Reference>) -> bool {
        let mut open: Vec<&Reference> = references.collect();
        let mut seen = BTreeSet::new();
        while let Some(reference) = open.pop() {
            let Reference::Variable(name) = reference else { continue };
            let known = self.model.variables.get(name).filter(|_| !self.overrides.contains_key(name));
            match known.map(|variable| &variable.binding) {
                Some(Binding::Shell(_)) => return true,
                Some(binding) if seen.insert(name) => open.extend(binding.references()),
                _ => {}
            }
        }
        false
    }

    /// The value of a variable of the environment.
    fn variable_of(
        &self,
        context: &mut StepContext<'_>,
        scope: &Scope,
        name: &str,
        template: &Template,
    ) -> Result<EnvironmentValue, Fault> {
        let value = self.template(context, scope, template)?;
        let text = value.text();
        if text.contains('\0') {
            let fault = Fault::new(FaultKind::Failed, format!("the value of ${name} holds a NUL byte"));
            return Err(self.fault_at(template.span, fault));
        }
        Ok(EnvironmentValue::of(text, value.secret))
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
