//! `requires`: the tools and variables that a task needs, looked at before anything of the plan starts. All that is missing is told at once.

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::{Fault, FaultKind};
use crate::model::{Model, RequiredTool, RequiredVariable};
use crate::os::command::CommandSpec;
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;

/// A program that does not tell its version within this is broken.
const LIMIT: Duration = Duration::from_secs(10);

/// Looks at what a task requires.
pub(super) struct RequiresAction {
    pub(super) model: Arc<Model>,
    pub(super) task: String,
}

/// What is missing, and what to do about it.
struct Missing {
    text: String,
    hint: String,
}

impl Action for RequiresAction {
    fn describe(&self) -> Vec<String> {
        let Some(task) = self.model.task(&self.task) else { return Vec::new() };
        let requires = &task.rules.requires;
        let tools = requires.tools.iter().map(|tool| match &tool.version {
            Some(version) => format!("needs {} {version}", tool.name),
            None => format!("needs {}", tool.name),
        });
        tools.chain(requires.env.iter().map(|variable| format!("needs ${}", variable.name))).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.look(context).into()
    }
}

impl RequiresAction {
    fn look(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let Some(task) = self.model.task(&self.task) else { return Ok(Outcome::done()) };
        let requires = &task.rules.requires;
        let mut missing = Vec::new();
        let mut first = None;
        for tool in &requires.tools {
            if let Some(found) = look_at_tool(context, tool)? {
                first.get_or_insert(tool.span);
                missing.push(found);
            }
        }
        for variable in &requires.env {
            if let Some(found) = look_at_variable(context, variable) {
                first.get_or_insert(variable.span);
                missing.push(found);
            }
        }
        let Some(span) = first else { return Ok(Outcome::done()) };
        let message = match missing.as_slice() {
            [one] => format!("`{}` needs what is not here: {}", self.task, one.text),
            all => format!("`{}` needs {} that are not here", self.task, count(all.len(), "thing")),
        };
        let mut fault = Fault::new(FaultKind::World, message);
        if missing.len() > 1 {
            fault.details = missing.iter().map(|each| each.text.clone()).collect();
        }
        for each in missing {
            fault = fault.hint(each.hint);
        }
        Err(context.bindings().fault_at(span, fault))
    }
}

fn look_at_variable(context: &StepContext<'_>, variable: &RequiredVariable) -> Option<Missing> {
    let is_set = context.doors().environment.has(&variable.name);
    let name = &variable.name;
    (!is_set).then(|| Missing {
        text: format!("${name} is not set"),
        hint: variable.advice.clone().unwrap_or_else(|| format!("set it: `export {name}=…`")),
    })
}

fn look_at_tool(context: &mut StepContext<'_>, tool: &RequiredTool) -> Result<Option<Missing>, Fault> {
    let name = &tool.name;
    let advice = |usual: String| tool.advice.clone().unwrap_or(usual);
    let path = context.doors().environment.variables.get(OsStr::new("PATH")).cloned();
    if context.doors().tools.find(name, path.as_deref(), context.root()).is_err() {
        let text = format!("`{name}` is not installed, or not in PATH");
        return Ok(Some(Missing { text, hint: advice(format!("install `{name}`")) }));
    }
    let Some(wanted) = &tool.version else { return Ok(None) };
    let mut spec = CommandSpec::new(name.clone(), context.root()).args(["--version"]);
    spec.timeout = Some(LIMIT);
    let answer = context.read_command(&spec, true)?;
    let said = format!("{}\n{}", answer.out, answer.err.join("\n"));
    let hint = || advice(format!("install `{name}` {wanted}"));
    Ok(match version_in(&said) {
        Some(found) if wanted.matches(&found) => None,
        Some(found) => {
            Some(Missing { text: format!("`{name}` is {found}, and {wanted} is needed"), hint: hint() })
        }
        None => {
            let text = format!("`{name} --version` tells no version, and {wanted} is needed");
            Some(Missing { text, hint: hint() })
        }
    })
}

/// The first version in what a program says of itself: `git version 2.47.3`, `Docker version 20.10.24+dfsg1, build 297e128`, `v22`.
fn version_in(text: &str) -> Option<semver::Version> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    text.split(|c: char| c.is_whitespace() || ",;()\"'-_".contains(c)).find_map(|word| {
        let word = word.strip_prefix('v').unwrap_or(word);
        let number: String = word.chars().take_while(|c| is_part(*c)).collect();
        let mut parts = number.split('.').filter(|part| !part.is_empty());
        let mut next = || parts.next().map(str::parse::<u64>);
        let major = next()?.ok()?;
        let (minor, patch) = (next().and_then(Result::ok), next().and_then(Result::ok));
        // A lone number may be anything; one with a point is a version, and so is `v22`.
        (minor.is_some() || text.contains(&format!("v{word}")))
            .then(|| semver::Version::new(major, minor.unwrap_or(0), patch.unwrap_or(0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (said, version) in [
            ("git version 2.47.3\n", Some("2.47.3")),
            ("Docker version 20.10.24+dfsg1, build 297e128\n", Some("20.10.24")),
            ("v22.3.0\n", Some("22.3.0")),
            ("v22\n", Some("22.0.0")),
            ("GNU Make 4.3\nBuilt for x86_64-pc-linux-gnu\n", Some("4.3.0")),
            ("psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some("15.18.0")),
            ("jq-1.7\n", Some("1.7.0")),
            ("built in 2024\n", None),
            ("", None),
        ] {
            assert_eq!(version_in(said).map(|it| it.to_string()).as_deref(), version, "{said}");
        }
    }
}
