//! The command lines of Pulumi, as data.
//!
//! What a person sees is what is done: an update is given the plan that its preview saved and goes nowhere beyond it. A teardown has no such
//! plan; it ends what its state has, so whoever calls it compares that first.

use std::collections::BTreeMap;
use std::path::Path;

use crate::adapters::terraform::command::flag;
use crate::os::command::{CommandSpec, EnvironmentValue, Output};

/// Said to every pulumi: nothing goes over the network but what the program asks for, and a preview speaks as an update does.
/// <https://www.pulumi.com/docs/iac/cli/environment-variables/>
const ENVIRONMENT: [(&str, &str); 2] =
    [("PULUMI_ENABLE_STREAMING_JSON_PREVIEW", "true"), ("PULUMI_SKIP_UPDATE_CHECK", "true")];

/// A project's folder with one of its stacks, and how pulumi is called for it.
#[derive(Clone, Debug)]
pub struct Stack<'a> {
    /// The project that Shipway works on, absolute; pulumi is started here.
    pub project: &'a Path,
    /// The folder of `Pulumi.yaml`, relative to that; empty where they are the same.
    pub dir: &'a Path,
    /// The stack's name.
    pub name: &'a str,
    /// Variables of the user and secrets. Over them stand those that every call gets.
    pub env: &'a BTreeMap<String, EnvironmentValue>,
}

impl Stack<'_> {
    /// `pulumi preview`; with `plan` it keeps there what an update may do. Its stream is read by `events`.
    pub fn preview(&self, plan: Option<&Path>) -> CommandSpec {
        let command = self.on_stack(&["preview", "--json"]);
        in_file(match plan {
            Some(file) => command.path(flag("--save-plan=", file)),
            None => command,
        })
    }

    /// `pulumi up` of what a preview planned, and no more.
    pub fn up(&self, plan: &Path) -> CommandSpec {
        let command = self.on_stack(&["up", "--json", "--yes", "--skip-preview"]);
        in_file(command.path(flag("--plan=", plan)))
    }

    /// `pulumi destroy` that only tells what it would do.
    pub fn preview_destroy(&self) -> CommandSpec {
        in_file(self.on_stack(&["destroy", "--json", "--preview-only"]))
    }

    /// `pulumi destroy` of all that the state has; the stack itself stays.
    pub fn destroy(&self) -> CommandSpec {
        in_file(self.on_stack(&["destroy", "--json", "--yes", "--skip-preview"]))
    }

    /// `pulumi refresh` that only tells what differs.
    pub fn preview_refresh(&self) -> CommandSpec {
        in_file(self.on_stack(&["refresh", "--json", "--preview-only"]))
    }

    /// `pulumi stack export`, with secret values encrypted; read by `state`.
    pub fn export(&self) -> CommandSpec {
        self.on_stack(&["stack", "export"])
    }

    /// `pulumi stack export`, secret values in clear among it; read by `state`.
    pub fn export_in_clear(&self) -> CommandSpec {
        self.on_stack(&["stack", "export", "--show-secrets"])
    }

    /// `pulumi stack output`, for people; secret values are hidden unless arguments of the user ask for them.
    pub fn output(&self) -> CommandSpec {
        self.on_stack(&["stack", "output"])
    }

    /// `pulumi stack init`, which leaves the stack that people have selected.
    pub fn init(&self) -> CommandSpec {
        self.command(&["stack", "init", "--no-select"]).args([self.name])
    }

    /// `pulumi install`: what the program is written with, and the plugins.
    pub fn install(&self) -> CommandSpec {
        self.command(&["install"])
    }

    /// `pulumi cancel`, which takes a lock away; only ever one that is proven to be our own.
    pub fn cancel(&self) -> CommandSpec {
        self.on_stack(&["cancel", "--yes"])
    }

    fn on_stack(&self, words: &[&str]) -> CommandSpec {
        self.command(words).args([format!("--stack={}", self.name)])
    }

    fn command(&self, words: &[&str]) -> CommandSpec {
        let mut command = CommandSpec::new(super::PULUMI, self.project);
        if !self.dir.as_os_str().is_empty() {
            command = command.path(flag("--cwd=", self.dir));
        }
        command.env.clone_from(self.env);
        command = command.args(["--non-interactive", "--color=never"]).args(words.iter().copied());
        ENVIRONMENT.into_iter().fold(command, |command, (name, value)| command.env(name, value))
    }
}

/// When the reader of a pipe dies, its writer does; with a file it completes.
fn in_file(command: CommandSpec) -> CommandSpec {
    CommandSpec { output: Output::File, ..command }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_line_stands_as_it_is_typed() {
        let env =
            BTreeMap::from([("PULUMI_SKIP_UPDATE_CHECK".to_owned(), EnvironmentValue::Plain("0".into()))]);
        let stack =
            Stack { project: Path::new("/app"), dir: Path::new("infra/app"), name: "prod", env: &env };
        let plan = Path::new("/run/p");
        let lines = [
            stack.preview(None),
            stack.preview(Some(plan)),
            stack.up(plan),
            stack.preview_destroy(),
            stack.destroy(),
            stack.preview_refresh(),
            stack.export(),
            stack.export_in_clear(),
            stack.output(),
            stack.init(),
            stack.install(),
            stack.cancel(),
        ];
        let all: Vec<String> = lines
            .iter()
            .map(|line| {
                let text = line.to_string();
                let rest = text.strip_prefix("PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true PULUMI_SKIP_UPDATE_CHECK=true pulumi --cwd=infra/app --non-interactive --color=never ");
                rest.unwrap_or(&text).to_owned()
            })
            .collect();
        assert_eq!(
            all.join("\n"),
            "\
preview --json --stack=prod
preview --json --stack=prod --save-plan=/run/p
up --json --yes --skip-preview --stack=prod --plan=/run/p
destroy --json --preview-only --stack=prod
destroy --json --yes --skip-preview --stack=prod
refresh --json --preview-only --stack=prod
stack export --stack=prod
stack export --show-secrets --stack=prod
stack output --stack=prod
stack init --no-select prod
install
cancel --yes --stack=prod"
        );
        let in_files: Vec<bool> = lines.iter().map(|line| line.output == Output::File).collect();
        assert_eq!(in_files, [true, true, true, true, true, true, false, false, false, false, false, false]);
    }
}
