//! A server that is a folder of this machine, and a small project without containers that is deployed to it by plain git.
//!
//! It tests the server's own part: no client of Shipway is between a test and the push.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::Space;
use super::program::PROGRAM;
use super::sshd::Sshd;

/// The project, and the server beside it.
pub(crate) struct Server {
    /// The project.
    pub(crate) space: Space,
    /// `ROOT`.
    pub(crate) root: PathBuf,
    /// What pushes go through; none: they stay on this machine.
    pub(crate) sshd: Option<Sshd>,
}

impl Server {
    /// Prepared for the environment `stage`; the project has `version` 1, whose tasks `check` and `serve` run these scripts before and
    /// after traffic moves. `serve` should copy `version` to `$SERVED`.
    pub(crate) fn new(check: &str, serve: &str) -> Self {
        Self::made(Space::new(), None, check, serve)
    }

    /// The same over ssh, whose sessions have the environment of the space.
    pub(crate) fn over_ssh(space: Space, check: &str, serve: &str) -> Self {
        let sshd = Sshd::start(&space, None);
        Self::made(sshd.known_to(space), Some(sshd), check, serve)
    }

    fn made(space: Space, sshd: Option<Sshd>, check: &str, serve: &str) -> Self {
        let root = space.root.with_file_name("server");
        let server = Self { space, root, sshd };
        server.tasks(check, serve, 5);
        server.space.git(&["init", "--quiet"]);
        server.version("1");
        server.setup();
        server
    }

    /// The script that serves a version.
    pub(crate) const SERVE: &'static str = "cp version \"$SHIPWAY_HOME/served\"";

    /// Writes a tasks file; the next version has it.
    pub(crate) fn tasks(&self, check: &str, serve: &str, keep: usize) {
        let server = match &self.sshd {
            Some(sshd) => format!("{}{}", sshd.url(), self.root.display()),
            None => "../server".to_owned(),
        };
        let text = format!(
            "[project]\nname = \"small\"\n\n[environments.stage.deploy]\nserver = \"{server}\"\n\n[rollout]\n\
             before = [\"check\"]\nafter = [\"serve\"]\nkeep_releases = {keep}\n\n[tasks.check]\nrun = '''\n{check}\n'''\n\n\
             [tasks.serve]\nrun = '''\n{serve}\n'''\n"
        );
        self.space.write("tasks.toml", &text);
    }

    /// Commits a version: the commit.
    pub(crate) fn version(&self, version: &str) -> String {
        self.space.write("version", version);
        self.space.git(&["add", "--all"]);
        self.space.git(&["commit", "--quiet", "--allow-empty", "--message", &format!("version {version}")]);
        self.space.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Prepares the server, as the client's `server setup` does in the end.
    fn setup(&self) {
        let bin = self.root.join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        // A link, and not a copy: it has the size of a debug build.
        std::os::unix::fs::symlink(PROGRAM, bin.join("shipway")).unwrap();
        let output = self.call(&["setup", "--project", "small"]);
        assert!(output.status.success(), "{output:?}");
    }

    /// `ROOT/stage`.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.join("stage")
    }

    /// A call of the server's Shipway.
    pub(crate) fn caller(&self, words: &[&str]) -> Command {
        let mut command = self.space.program(&self.root.join("bin/shipway").to_string_lossy());
        command.args(["__server", "1", &self.home().to_string_lossy()]).args(words);
        command
    }

    /// A call to its end.
    pub(crate) fn call(&self, words: &[&str]) -> Output {
        self.caller(words).output().unwrap()
    }

    /// What a call that goes well prints.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> String {
        let output = self.call(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What is pushed to.
    pub(crate) fn url(&self) -> String {
        let path = self.home().join("repo.git").to_string_lossy().into_owned();
        match &self.sshd {
            Some(sshd) => format!("{}{path}", sshd.url()),
            None => path,
        }
    }

    /// A push of a commit to the environment's ref, with these push options.
    pub(crate) fn pusher(&self, commit: &str, options: &[&str]) -> Command {
        let mut command = self.space.program("git");
        command.args(["push", "--porcelain"]);
        for option in options {
            command.args(["-o", option]);
        }
        command.arg(self.url()).arg(format!("+{commit}:refs/deploy/stage"));
        command.stdin(Stdio::null());
        command
    }

    /// Pushes; whether that went well, and all that was said.
    pub(crate) fn push(&self, commit: &str) -> (bool, String) {
        told(&self.pusher(commit, &["by=Tester", "from=here"]).output().unwrap())
    }

    /// A push that has to go well.
    #[track_caller]
    pub(crate) fn deploys(&self, commit: &str) -> String {
        let (ok, said) = self.push(commit);
        assert!(ok, "{said}");
        said
    }

    /// A push that has to be rejected.
    #[track_caller]
    pub(crate) fn rejects(&self, commit: &str) -> String {
        let (ok, said) = self.push(commit);
        assert!(!ok, "{said}");
        said
    }

    /// The commit that the environment's ref names; empty where there is none.
    pub(crate) fn live_ref(&self) -> String {
        let home = self.home().join("repo.git");
        let format = "--format=%(objectname)";
        self.space
            .git(&["-C", &home.to_string_lossy(), "for-each-ref", format, "refs/deploy/stage"])
            .trim()
            .to_owned()
    }

    /// What `serve` copied.
    pub(crate) fn served(&self) -> String {
        std::fs::read_to_string(self.home().join("served")).unwrap_or_default()
    }

    /// All records, the oldest first.
    pub(crate) fn records(&self) -> Vec<Value> {
        let mut records: Vec<Value> =
            self.says(&["releases"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        records.reverse();
        records
    }

    /// How each deployment ended.
    pub(crate) fn results(&self) -> Vec<String> {
        let result = |record: &Value| record["result"].as_str().unwrap_or("open").to_owned();
        self.records().iter().map(result).collect()
    }

    /// The folders of all releases, by number.
    pub(crate) fn releases(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.home().join("releases"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_by_key(|name| name.split('-').next().unwrap().parse::<u64>().unwrap());
        names
    }

    /// The answer to `status`.
    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.says(&["status"])).unwrap()
    }
}

/// Whether it went well, and all that was said.
pub(crate) fn told(output: &Output) -> (bool, String) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    (output.status.success(), text.concat())
}
