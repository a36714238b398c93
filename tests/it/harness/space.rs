//! A project in a temporary folder, with a home of its own beside it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::patience::until_true;
use super::program::{Output, Running, Shipway};
use super::tools;

/// A project, gone with the value.
pub(crate) struct Space {
    _folder: TempDir,
    /// The project's folder.
    pub(crate) root: PathBuf,
    /// What a program gets for its environment.
    pub(crate) environment: BTreeMap<OsString, OsString>,
}

impl Space {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("shipway-it-").tempdir().unwrap();
        let place = folder.path().canonicalize().unwrap();
        let (root, home) = (place.join("project"), place.join("home"));
        for each in [&root, &home] {
            fs::create_dir(each).unwrap();
        }
        let git = "[user]\n\tname = Test\n\temail = test@example.com\n[init]\n\tdefaultBranch = main\n";
        fs::write(home.join(".gitconfig"), git).unwrap();
        let mut environment: BTreeMap<OsString, OsString> = BTreeMap::new();
        for name in ["PATH", "TMPDIR", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE", "DOCKER_HOST"] {
            if let Some(value) = std::env::var_os(name) {
                environment.insert(name.into(), value);
            }
        }
        let fixed = [
            ("HOME", home.as_os_str()),
            ("GIT_CONFIG_NOSYSTEM", "1".as_ref()),
            ("LANG", "C.UTF-8".as_ref()),
            ("TZ", "UTC".as_ref()),
            ("CHECKPOINT_DISABLE", "1".as_ref()),
        ];
        environment.extend(fixed.map(|(name, value)| (name.into(), value.to_owned())));
        Self { _folder: folder, root, environment }
    }

    /// A project with this tasks file.
    pub(crate) fn with_tasks(tasks: &str) -> Self {
        Self::new().file("tasks.toml", tasks)
    }

    /// The template `local`, as a repository with one commit.
    pub(crate) fn template_local() -> Self {
        let space = Self::new();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/local"), &space.root);
        space.git(&["init", "--quiet"]);
        space.git(&["add", "--all"]);
        space.git(&["commit", "--quiet", "--message", "the template"]);
        space
    }

    /// Three workspaces in a row, `one`, `two` and `three`, each with a resource that writes a file of its name into `made/`.
    pub(crate) fn three_in_a_row() -> Self {
        let space = Self::with_tasks(
            "[terraform]\nroot = \"terraform\"\nlock_timeout = \"1s\"\n\n[workspaces.one]\n\n[workspaces.two]\n\
             depends = [\"one\"]\n\n[workspaces.three]\ndepends = [\"two\"]\n",
        );
        ["one", "two", "three"].into_iter().fold(space, |space, name| {
            let made = space.path("made");
            let command = format!("mkdir -p {made} && touch {made}/{name}", made = made.display());
            space.workspace(name, &resource("thing", &command))
        })
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The root module of a workspace, in the folder that is its default.
    pub(crate) fn workspace(self, name: &str, main: &str) -> Self {
        self.file(&format!("terraform/{name}/main.tf"), main)
    }

    /// An executable script in `bin/`, which is put first in PATH. A child writes it: a file that this process has open for writing
    /// while another test starts a program could not be executed.
    pub(crate) fn tool(mut self, name: &str, text: &str) -> Self {
        let bin = self.root.parent().unwrap().join("bin");
        fs::create_dir_all(&bin).unwrap();
        let status = Command::new("sh")
            .args(["-c", "printf '%s' \"$1\" >\"$0\" && chmod 755 \"$0\""])
            .arg(bin.join(name))
            .arg(text)
            .status()
            .unwrap();
        assert!(status.success());
        let mut path = bin.into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        self.environment.insert("PATH".into(), path);
        self
    }

    /// A path in the project.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Whether there is something.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// The text of a file.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        String::from_utf8(self.bytes(path)).unwrap()
    }

    /// The bytes of a file.
    #[track_caller]
    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Waits for a file.
    #[track_caller]
    pub(crate) fn wait_for(&self, path: &str) {
        until_true(&format!("there is {path}"), || self.has(path));
    }

    /// A command line of Shipway, run in the project's folder.
    pub(crate) fn shipway<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Shipway {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        Shipway::new(args, self.root.clone(), self.environment.clone())
    }

    /// Runs Shipway with the words of `line`.
    pub(crate) fn run(&self, line: &str) -> Output {
        self.shipway(line.split_whitespace()).run()
    }

    /// Starts Shipway with the words of `line`.
    pub(crate) fn start(&self, line: &str) -> Running {
        self.shipway(line.split_whitespace()).start()
    }

    /// Another program in the project's folder, with the same environment.
    pub(crate) fn program(&self, program: &str) -> Command {
        let path = self.environment.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let mut command = Command::new(tools::find_in(program, &path).unwrap_or_else(|| program.into()));
        command.env_clear().envs(&self.environment).current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// Runs terraform in the folder of a workspace.
    #[track_caller]
    pub(crate) fn terraform(&self, workspace: &str, args: &[&str]) -> String {
        let mut command = self.program("terraform");
        command.arg(format!("-chdir=terraform/{workspace}")).args(args);
        said(&mut command)
    }

    /// Runs git.
    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        said(self.program("git").args(args))
    }

    /// Addresses in the state of a workspace; none where there is no state.
    pub(crate) fn state(&self, workspace: &str) -> Vec<String> {
        self.state_at(&format!("terraform/{workspace}/terraform.tfstate"))
    }

    /// Addresses of managed resources in a state file; none where there is no such file.
    pub(crate) fn state_at(&self, path: &str) -> Vec<String> {
        let Ok(bytes) = fs::read(self.path(path)) else { return Vec::new() };
        let state: Value = serde_json::from_slice(&bytes).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        state["resources"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|resource| resource["mode"] == "managed")
            .map(|resource| format!("{}.{}", text(&resource["type"]), text(&resource["name"])))
            .collect()
    }

    /// The folders of all runs, the oldest first.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = self.path(".shipway/runs").read_dir() else { return Vec::new() };
        let mut runs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        runs.sort();
        runs
    }

    /// Where a run of `runs` has its unmasked files.
    pub(crate) fn raw_of(&self, run: &Path) -> PathBuf {
        self.path(".shipway/raw").join(run.file_name().unwrap())
    }

    /// The journal of the last run, whole lines only.
    #[track_caller]
    pub(crate) fn journal(&self) -> Vec<Value> {
        let run = self.runs().pop().expect("a run");
        lines(&fs::read_to_string(run.join("journal.jsonl")).unwrap())
    }
}

/// JSON lines; every one has to be valid.
#[track_caller]
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// A resource that runs `command` when it is made.
pub(crate) fn resource(name: &str, command: &str) -> String {
    format!(
        "resource \"terraform_data\" \"{name}\" {{\n  input = \"{name}\"\n  provisioner \"local-exec\" {{\n    \
         command = <<-EOT\n      {command}\n    EOT\n  }}\n}}\n",
    )
}

/// A script that says that it runs by making `started`, and waits for `go`; not for ever, for nobody ends it when a test fails.
pub(crate) fn gate(started: &Path, go: &Path) -> String {
    format!(
        "touch '{}'; for turn in $(seq 1 600); do if [ -e '{}' ]; then break; fi; sleep 0.1; done",
        started.display(),
        go.display()
    )
}

#[track_caller]
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        // What somebody's own try left in the template's folder is no part of it.
        if [".terraform", ".local", ".envs", ".shipway"].iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::write(&target, fs::read(&path).unwrap()).unwrap();
        }
    }
}
