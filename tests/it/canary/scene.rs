//! A project that has all the secrets, commands in every mode of output, and the search through all that they leave.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::forms::written;
use super::places::{MASK_LINES, Search, TOKEN_HEADERS, TYPED_LINE, place_of};
use super::secrets::{Canary, Source, canaries};
use super::watch::Watch;
use crate::harness::Space;
use crate::harness::program::Shipway;
use crate::harness::vendors::{Asked, StandIn, Vendor, digitalocean};

/// How a command shows what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Plain,
    Json,
    Terminal,
    GitHub,
    GitLab,
    DryRun,
}

pub(super) const MODES: [Mode; 6] =
    [Mode::Plain, Mode::Json, Mode::Terminal, Mode::GitHub, Mode::GitLab, Mode::DryRun];

/// A program that notes its arguments: a process that lives for a moment may be seen by no sampler.
const NOTING: &str = "#!/bin/sh\nprintf '%s\\0' \"$@\" >>\"$ARGUMENTS\"\nexec REAL \"$@\"\n";

/// The project.
pub(super) struct Scene<V: Vendor> {
    pub(super) space: Space,
    pub(super) forge: StandIn<V>,
    pub(super) cloud: StandIn<digitalocean::DigitalOcean>,
    pub(super) search: Search,
    pub(super) canaries: Vec<Canary>,
    /// What must not be in here, to end with it.
    watch: Option<Watch>,
    /// Above project, home, server and temporary files.
    base: PathBuf,
}

impl<V: Vendor> Scene<V> {
    /// Plants all of the secrets. `forge` makes the forge, given its token and what it holds already; `kind` is its name.
    pub(super) fn new(group: &'static str, kind: &str, forge: impl FnOnce(&str, &str) -> V) -> Self {
        let canaries = canaries(group);
        let of = |source: Source| canaries.iter().find(|it| it.source == source).unwrap().text().to_owned();
        let token = if kind == "github" { Source::GitHubToken } else { Source::GitLabToken };
        let forge = StandIn::start(forge(&of(token), &of(Source::ForgeVariable)));
        let database = digitalocean::Database::online("shop-db", "pg", &of(Source::DatabasePassword));
        let mut cloud = digitalocean::DigitalOcean::with_databases(vec![database]);
        cloud.token = of(Source::CloudToken);
        let cloud = StandIn::start(cloud);
        let terraform_token = of(Source::TerraformToken);
        let mut space = Space::with_tasks(&super::project::tasks_file(kind, &canaries));
        let base = space.root.parent().unwrap().to_owned();
        super::project::plant(&space, &canaries);
        for (name, value) in forge.variables().into_iter().chain(cloud.variables()) {
            space.environment.insert(name.into(), value.into());
        }
        space.environment.insert("TF_TOKEN_app_terraform_io".into(), terraform_token.into());
        fs::create_dir(base.join("tmp")).unwrap();
        let roots: Vec<u8> = [forge.authority().path(), cloud.authority().path()]
            .into_iter()
            .flat_map(|path| fs::read(path).unwrap())
            .collect();
        fs::write(base.join("roots.pem"), roots).unwrap();
        space.environment.insert("SSL_CERT_FILE".into(), base.join("roots.pem").into());
        space.environment.insert("TMPDIR".into(), base.join("tmp").into());
        space.environment.insert("ARGUMENTS".into(), base.join("arguments").into());
        for canary in canaries.iter().filter(|it| matches!(it.source, Source::VarEnv | Source::SecretEnv)) {
            space.environment.insert(format!("C_{}", canary.name).into(), canary.text().into());
        }
        for tool in ["git", "terraform"] {
            if let Some(real) = crate::harness::tools::find(tool) {
                space = space.tool(tool, &NOTING.replace("REAL", &real.display().to_string()));
            }
        }
        let search = Search::new(group, &canaries);
        Self { space, forge, cloud, search, canaries, watch: Some(Watch::start()), base }
    }

    pub(super) fn canary(&self, name: &str) -> &Canary {
        self.canaries.iter().find(|it| it.name == name).unwrap()
    }

    /// A command line in the making.
    pub(super) fn command(&self, line: &str, mode: Mode) -> Shipway {
        let front = match mode {
            Mode::Json => vec!["--json"],
            Mode::DryRun => vec!["--dry-run"],
            _ => vec![],
        };
        let command = self.space.shipway(front.into_iter().chain(line.split_whitespace()));
        match mode {
            Mode::GitHub => command.env("GITHUB_ACTIONS", "true").env("CI", "true"),
            Mode::GitLab => command.env("GITLAB_CI", "true").env("CI", "true"),
            _ => command,
        }
    }

    /// Runs a command to its end, which has to be `code`, and searches what it says.
    #[track_caller]
    pub(super) fn run(&mut self, line: &str, mode: Mode, code: i32) {
        let command = self.command(line, mode);
        self.run_command(&command, &format!("{mode:?} {line}"), mode, code);
    }

    /// The same with a command that is made already.
    #[track_caller]
    pub(super) fn run_command(&mut self, command: &Shipway, label: &str, mode: Mode, code: i32) {
        if mode == Mode::Terminal {
            let closed = command.terminal().wait();
            closed.exits(code);
            self.shown(label, &closed.raw, &closed.screen);
            return;
        }
        let output = command.run();
        output.exits(code);
        self.said(label, &output.stdout, &output.stderr);
    }

    /// Searches what was seen on a terminal.
    pub(super) fn shown(&mut self, label: &str, raw: &[u8], screen: &str) {
        self.search.commands += 1;
        self.search.look("a terminal", label, raw);
        // What the terminal broke into lines.
        self.search.look("a terminal", label, screen.replace('\n', "").as_bytes());
    }

    /// Searches what was printed and said.
    pub(super) fn said(&mut self, label: &str, stdout: &str, stderr: &str) {
        self.search.commands += 1;
        for (place, text) in [("standard output", stdout), ("standard error", stderr)] {
            let (marks, rest): (Vec<&str>, Vec<&str>) =
                text.split_inclusive('\n').partition(|line| line.starts_with("::add-mask::"));
            if !marks.is_empty() {
                self.search.look(MASK_LINES, label, marks.concat().as_bytes());
            }
            self.search.look(place, label, rest.concat().as_bytes());
        }
    }

    /// Waits until the sampler has seen a command line with this in it.
    #[track_caller]
    pub(super) fn wait_for_sample(&self, text: &[u8]) {
        let watch = self.watch.as_ref().unwrap();
        crate::harness::patience::until_true("the sampler has seen it", || watch.has(text));
    }

    /// Searches all files. `is_open`: a run was just killed.
    pub(super) fn search_files(&mut self, is_open: bool) {
        let base = self.base.clone();
        for entry in ["project", "home", "server", "tmp"] {
            self.search_below(&base.join(entry), is_open);
        }
    }

    fn search_below(&mut self, folder: &Path, is_open: bool) {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let shown = path.strip_prefix(&self.base).unwrap().display().to_string();
            // Programs, and what git has compressed: the history is searched as git tells it.
            if shown == "server/bin" || shown.ends_with("/objects") && !shown.contains(".shipway") {
                continue;
            }
            if kind.is_dir() {
                self.search_below(&path, is_open);
            } else if kind.is_file() {
                let place = place_of(&shown, is_open);
                // The name of a file is seen by everybody.
                self.search.look("names of files", &shown, shown.as_bytes());
                // A file that somebody takes away meanwhile holds nothing.
                self.search.look(place, &shown, &fs::read(&path).unwrap_or_default());
            }
        }
    }

    fn search_history(&mut self) {
        for repository in [self.space.root.clone(), self.base.join("server/stage/repo.git")] {
            if !repository.join("HEAD").exists() && !repository.join(".git").exists() {
                continue;
            }
            let place = repository.to_string_lossy().into_owned();
            for args in [&["log", "-p", "--all"][..], &["cat-file", "--batch", "--batch-all-objects"]] {
                let mut git = self.space.program("git");
                let output = git.args(["-C", &place]).args(args).output().unwrap();
                assert!(output.status.success(), "{output:?}");
                self.search.look("git's history", &place, &output.stdout);
            }
        }
    }

    /// Searches everything that is left, prints the counts, and asserts that nothing was found.
    #[track_caller]
    pub(super) fn end(mut self, body_place: &str) {
        self.search_rest(body_place);
        self.search.end();
    }

    /// Searches everything that is left.
    pub(super) fn search_rest(&mut self, body_place: &str) {
        self.search_files(false);
        self.search_history();
        let asked = [("the forge", self.forge.asked()), ("DigitalOcean", self.cloud.asked())];
        for (vendor, asked) in asked {
            asked.iter().for_each(|asked| self.search_request(vendor, asked, body_place));
        }
        let noted = fs::read(self.base.join("arguments")).unwrap_or_default();
        self.search.look("arguments of a program", "noted", &noted);
        let seen = self.watch.take().map(Watch::end).unwrap_or_default();
        self.search_command_lines(&seen);
    }

    fn search_request(&mut self, vendor: &str, asked: &Asked, body_place: &str) {
        let line = format!("{vendor}: {}", asked.line());
        for (name, value) in &asked.headers {
            let place = if ["authorization", "private-token"].contains(&name.as_str()) {
                TOKEN_HEADERS
            } else {
                "other headers"
            };
            self.search.look(place, &line, value.as_bytes());
        }
        let address = format!("{line} {:?}", asked.query);
        self.search.look("addresses of requests", &line, address.as_bytes());
        self.search.look(body_place, &line, &asked.body);
    }

    fn search_command_lines(&mut self, seen: &BTreeSet<Arc<[u8]>>) {
        let ours =
            seen.iter().filter(|line| line.starts_with(crate::harness::program::PROGRAM.as_bytes())).count();
        assert!(
            ours > 0 && seen.len() > 10,
            "the sampler has seen {} command lines, {ours} of Shipway",
            seen.len()
        );
        self.search.command_lines += seen.len();
        for line in seen {
            let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            let is_ours = words[0] == crate::harness::program::PROGRAM.as_bytes();
            let typed: Vec<&&[u8]> = words.iter().filter(|word| word.starts_with(b"overridden=")).collect();
            let label = String::from_utf8_lossy(words[0]).into_owned();
            if is_ours && !typed.is_empty() {
                self.search.look(TYPED_LINE, &label, line);
            } else {
                self.search.look("a command line", &label, line);
            }
        }
    }
}

/// What no program of the shell makes of the secrets that tasks have in variables.
pub(super) fn other_forms(canaries: &[Canary]) -> String {
    let has = |it: &&Canary| it.is_variable() || it.is_secret() || matches!(it.source, Source::Dotenv(_));
    let texts = canaries.iter().filter(has).filter_map(|it| std::str::from_utf8(it.value.trim_ascii()).ok());
    texts.flat_map(written).map(|form| format!("<{form}>\n")).collect()
}
