//! The command lines of terraform, as data.
//!
//! The user's `TF_CLI_ARGS…`, `TF_DATA_DIR` and `TF_CLI_CONFIG_FILE` are left to act; a flag that they add and terraform refuses comes
//! back as text boxes on standard error (see `text_box`). Plan and apply write to files: when the reader of a pipe dies, SIGPIPE
//! ends terraform with its lock held and its state unsaved; with a file it completes (measured).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::os::command::{CommandSpec, EnvironmentValue, Output};

/// Said to every terraform: nobody types, nothing goes over the network but what the root asks for.
/// <https://developer.hashicorp.com/terraform/cli/config/environment-variables>
const ENVIRONMENT: [(&str, &str); 3] =
    [("CHECKPOINT_DISABLE", "1"), ("TF_INPUT", "0"), ("TF_IN_AUTOMATION", "1")];

/// Options of a plan that change what it means or where it goes. They are ours to set: with another of them the plan that is shown would not be
/// the one that is applied, or would destroy past the order in which things are destroyed.
const OURS: [&str; 13] = [
    "auto-approve",
    "backup",
    "chdir",
    "destroy",
    "detailed-exitcode",
    "generate-config-out",
    "input",
    "json",
    "lock",
    "no-color",
    "out",
    "state",
    "state-out",
];

/// The first of `words` that is an option of a plan which is ours to set, as written.
pub fn ours<'w>(words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    words.into_iter().find(|word| {
        let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or_default();
        OURS.contains(&name.split('=').next().unwrap_or_default())
    })
}

/// Variables of the environment whose words terraform adds to a plan or an apply.
pub const ARGS_VARIABLES: [&str; 3] = ["TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_CLI_ARGS_apply"];

/// A root module, and how terraform is called for it.
#[derive(Clone, Debug)]
pub struct Root<'a> {
    /// The program; `terraform` unless the project says otherwise.
    pub tool: &'a str,
    /// The project's folder, absolute; terraform is started here.
    pub project: &'a Path,
    /// The root's folder, relative to the project; empty where they are the same.
    pub dir: &'a Path,
    /// Variables of the user and secrets, `TF_VAR_…` among them. Over them stand those that every call gets.
    pub env: &'a BTreeMap<String, EnvironmentValue>,
}

/// What to plan. Paths that are relative count from the root's folder, because of `-chdir`.
#[derive(Clone, Debug)]
pub struct PlanRequest<'a> {
    /// To destroy everything.
    pub destroy: bool,
    /// The plan file; absolute, private, and its being there proves nothing.
    pub out: &'a Path,
    /// Files with values of variables, the last wins.
    pub var_files: &'a [PathBuf],
    /// How long to wait for a lock.
    pub lock_timeout: Duration,
    /// Further arguments of the user.
    pub extra: &'a [String],
}

impl Root<'_> {
    /// `terraform init`, without `-json`: on 1.11 that prints a line which isn't JSON. Its errors are read by `text_box`.
    pub fn init(&self, backend_config: Option<&Path>, extra: &[String]) -> CommandSpec {
        let command = self.command(&["init", "-input=false", "-no-color"]);
        let command = match backend_config {
            Some(file) => command.path(flag("-backend-config=", file)),
            None => command,
        };
        command.args(extra)
    }

    /// `terraform plan` into a plan file; its stream is read by `plan`.
    pub fn plan(&self, request: &PlanRequest<'_>) -> CommandSpec {
        let mut command = self
            .command(&["plan", "-input=false", "-json", "-detailed-exitcode"])
            .args([lock_timeout(request.lock_timeout)])
            .path(flag("-out=", request.out));
        if request.destroy {
            command = command.args(["-destroy"]);
        }
        for file in request.var_files {
            command = command.path(flag("-var-file=", file));
        }
        CommandSpec { output: Output::File, ..command.args(request.extra) }
    }

    /// `terraform plan` that is only looked at: without a plan file, and without the state's lock, because it writes nothing and what it
    /// says is asked for again before anything is done.
    pub fn look(&self, var_files: &[PathBuf], extra: &[&str]) -> CommandSpec {
        let command = self.command(&["plan", "-input=false", "-json", "-detailed-exitcode", "-lock=false"]);
        let command = var_files.iter().fold(command, |command, file| command.path(flag("-var-file=", file)));
        CommandSpec { output: Output::File, ..command.args(extra.iter().copied()) }
    }

    /// `terraform apply` of exactly that plan, be it to destroy or not. Its stream is read by `apply`.
    pub fn apply(&self, plan_file: &Path, wait: Duration, extra: &[String]) -> CommandSpec {
        let command = self
            .command(&["apply", "-input=false", "-json"])
            .args([lock_timeout(wait)])
            .args(extra)
            .path(plan_file);
        CommandSpec { output: Output::File, ..command }
    }

    /// `terraform show -json` of a plan file, all values in clear; read by `meaning`.
    pub fn show_json(&self, plan_file: &Path) -> CommandSpec {
        self.command(&["show", "-json", "-no-color"]).path(plan_file)
    }

    /// `terraform output -json`, secret values in clear among them; read by `output`.
    pub fn output_json(&self) -> CommandSpec {
        self.command(&["output", "-json", "-no-color"])
    }

    /// `terraform output`, for people; arguments of the user choose another form.
    pub fn output(&self) -> CommandSpec {
        self.command(&["output", "-no-color"])
    }

    /// `terraform state pull`, the whole state with secrets in clear; read by `state`.
    pub fn state_pull(&self) -> CommandSpec {
        self.command(&["state", "pull", "-no-color"])
    }

    /// `terraform state list`: an address in each line.
    pub fn state_list(&self) -> CommandSpec {
        self.command(&["state", "list", "-no-color"])
    }

    /// `terraform state rm` of nothing, to be told who holds the state's lock without waiting for it. It always fails; where the lock is free,
    /// for another reason.
    pub fn lock_probe(&self) -> CommandSpec {
        self.command(&[
            "state",
            "rm",
            "-dry-run",
            "-no-color",
            "-lock-timeout=0s",
            "terraform_data.shipway_probe",
        ])
    }

    /// `terraform state push` of a file in the root's folder. It refuses another lineage and an older state.
    pub fn state_push(&self, file: &str, wait: Duration) -> CommandSpec {
        self.command(&["state", "push", "-no-color"]).args([lock_timeout(wait), file.to_owned()])
    }

    /// `terraform force-unlock`; only ever of a lock that is proven to be our own.
    pub fn force_unlock(&self, id: &str) -> CommandSpec {
        self.command(&["force-unlock", "-force", "-no-color"]).args([id])
    }

    /// `terraform validate`.
    pub fn validate(&self) -> CommandSpec {
        self.command(&["validate", "-no-color"])
    }

    /// `terraform fmt` of the root and the folders below it; with `check` it changes nothing and exits with 3 where it would.
    pub fn fmt(&self, check: bool) -> CommandSpec {
        let command = self.command(&["fmt", "-no-color", "-recursive"]);
        if check { command.args(["-check"]) } else { command }
    }

    /// `terraform get -update`: modules anew, and nothing else.
    pub fn get_update(&self) -> CommandSpec {
        self.command(&["get", "-update", "-no-color"])
    }

    /// `terraform version -json`; read by `version`.
    pub fn version_json(&self) -> CommandSpec {
        self.command(&["version", "-json"])
    }

    fn command(&self, words: &[&str]) -> CommandSpec {
        let mut command = CommandSpec::new(self.tool, self.project);
        if !self.dir.as_os_str().is_empty() {
            command = command.path(flag("-chdir=", self.dir));
        }
        command.env.clone_from(self.env);
        command = command.args(words.iter().copied());
        ENVIRONMENT.into_iter().fold(command, |command, (name, value)| command.env(name, value))
    }
}

/// `-flag=PATH` as one argument, with every byte of the path.
pub fn flag(name: &str, path: &Path) -> PathBuf {
    let mut argument = OsString::from(name);
    argument.push(path);
    PathBuf::from(argument)
}

/// `-lock-timeout` in the notation of Go's `time.ParseDuration`, which terraform uses.
fn lock_timeout(wait: Duration) -> String {
    if wait.subsec_millis() == 0 {
        format!("-lock-timeout={}s", wait.as_secs())
    } else {
        format!("-lock-timeout={}ms", wait.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masking::Secret;

    const COMMON: &str = "CHECKPOINT_DISABLE=1 TF_INPUT=0 TF_IN_AUTOMATION=1 terraform";

    fn line(dir: &str, command: impl Fn(&Root<'_>) -> CommandSpec) -> String {
        let env = BTreeMap::new();
        let root = Root { tool: "terraform", project: Path::new("/app"), dir: Path::new(dir), env: &env };
        let line = command(&root).to_string();
        line.strip_prefix(COMMON).map(|rest| rest.trim_start().to_owned()).unwrap_or(line)
    }

    fn plan(root: &Root<'_>, destroy: bool, wait: Duration) -> CommandSpec {
        root.plan(&PlanRequest {
            destroy,
            out: Path::new("/run/base.plan"),
            var_files: &[PathBuf::from("/run/my vars.json"), PathBuf::from("prod.tfvars")],
            lock_timeout: wait,
            extra: &["-parallelism=2".to_owned()],
        })
    }

    #[test]
    fn every_command_line_stands_as_it_is_typed() {
        let lines = [
            line("terraform/base", |root| root.init(None, &[])),
            line("terraform/base", |root| {
                root.init(Some(Path::new("/run/base.backend")), &["-upgrade".to_owned()])
            }),
            line("terraform/base", |root| plan(root, false, Duration::from_secs(120))),
            line("terraform/base", |root| plan(root, true, Duration::from_millis(1500))),
            line("b", |root| root.look(&[PathBuf::from("x.tfvars")], &["-refresh-only"])),
            line("a dir", |root| root.apply(Path::new("/run/base.plan"), Duration::from_secs(60), &[])),
            line("b", |root| root.show_json(Path::new("/run/p"))),
            line("b", |root| root.output_json()),
            line("b", |root| root.state_pull()),
            line("b", |root| root.state_list()),
            line("b", |root| root.lock_probe()),
            line("b", |root| root.state_push("errored.tfstate", Duration::from_secs(60))),
            line("b", |root| root.force_unlock("4f2")),
            line("b", |root| root.validate()),
            line("b", |root| root.fmt(false)),
            line("b", |root| root.fmt(true)),
            line("b", |root| root.get_update()),
            line("", |root| root.version_json()),
        ];
        assert_eq!(
            lines.join("\n"),
            "\
-chdir=terraform/base init -input=false -no-color
-chdir=terraform/base init -input=false -no-color -backend-config=/run/base.backend -upgrade
-chdir=terraform/base plan -input=false -json -detailed-exitcode -lock-timeout=120s -out=/run/base.plan '-var-file=/run/my vars.json' -var-file=prod.tfvars -parallelism=2
-chdir=terraform/base plan -input=false -json -detailed-exitcode -lock-timeout=1500ms -out=/run/base.plan -destroy '-var-file=/run/my vars.json' -var-file=prod.tfvars -parallelism=2
-chdir=b plan -input=false -json -detailed-exitcode -lock=false -var-file=x.tfvars -refresh-only
'-chdir=a dir' apply -input=false -json -lock-timeout=60s /run/base.plan
-chdir=b show -json -no-color /run/p
-chdir=b output -json -no-color
-chdir=b state pull -no-color
-chdir=b state list -no-color
-chdir=b state rm -dry-run -no-color -lock-timeout=0s terraform_data.shipway_probe
-chdir=b state push -no-color -lock-timeout=60s errored.tfstate
-chdir=b force-unlock -force -no-color 4f2
-chdir=b validate -no-color
-chdir=b fmt -no-color -recursive
-chdir=b fmt -no-color -recursive -check
-chdir=b get -update -no-color
version -json"
        );
    }

    #[test]
    fn what_would_make_another_plan_is_ours() {
        for word in ["-destroy", "--destroy", "-out=x", "-state=other.tfstate", "-json=false", "-lock=false"]
        {
            assert_eq!(ours([word]), Some(word));
        }
        assert_eq!(
            ours(["-parallelism=2", "-target=a.b", "-replace=a.b", "-var=destroy=1", "destroy"]),
            None
        );
    }

    #[test]
    fn the_users_variables_are_added_and_ours_stand_over_them() {
        let env = BTreeMap::from([
            ("TF_INPUT".to_owned(), EnvironmentValue::Plain("1".to_owned())),
            ("TF_VAR_token".to_owned(), EnvironmentValue::Secret(Secret::new("s3cr3t"))),
        ]);
        let root = Root { tool: "tofu", project: Path::new("/app"), dir: Path::new(""), env: &env };
        assert_eq!(
            root.version_json().to_string(),
            "CHECKPOINT_DISABLE=1 TF_INPUT=0 TF_IN_AUTOMATION=1 TF_VAR_token=*** tofu version -json"
        );
        assert_eq!(root.version_json().dir, Path::new("/app"));
    }

    #[test]
    fn what_holds_a_lock_writes_to_files() {
        let env = BTreeMap::new();
        let root = Root { tool: "terraform", project: Path::new("/app"), dir: Path::new("b"), env: &env };
        assert_eq!(plan(&root, false, Duration::ZERO).output, Output::File);
        assert_eq!(root.apply(Path::new("/p"), Duration::ZERO, &[]).output, Output::File);
        assert_eq!(root.state_pull().output, Output::Pipe);
    }
}
