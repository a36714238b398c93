//! Workspaces whose resources leave a line each time one is made, on a local backend or on PostgreSQL.

use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use shipway::event::EventKind;

use crate::harness::patience::{until, until_true};
use crate::harness::postgres::Postgres;
use crate::harness::processes;
use crate::harness::space::gate;
use crate::harness::{Output, Space};

/// The workspaces, in their order.
pub(super) const WORKSPACES: [&str; 2] = ["one", "two"];

/// A project whose workspaces keep their states there.
pub(super) struct Place<'p> {
    pub(super) space: Space,
    postgres: Option<&'p Postgres>,
}

impl<'p> Place<'p> {
    /// `one` and `two`, which depends on it, each with `first` and, after it, `second`.
    pub(super) fn two(postgres: Option<&'p Postgres>) -> Self {
        let place = Self::empty(postgres);
        for name in WORKSPACES {
            place.workspace(name, "true");
        }
        place
    }

    /// `one`, whose `second` waits in the middle until there is `go`; `two` after it.
    pub(super) fn gated(postgres: Option<&'p Postgres>) -> Self {
        let place = Self::empty(postgres);
        place.workspace("one", &gate(&place.space.path("waits"), &place.space.path("go")));
        place.workspace("two", "true");
        place
    }

    fn empty(postgres: Option<&'p Postgres>) -> Self {
        let mut space = Space::with_tasks(
            "[terraform]\nroot = \"terraform\"\nlock_timeout = \"20s\"\n[workspaces.one]\n[workspaces.two]\ndepends = [\"one\"]\n",
        );
        if let Some(postgres) = postgres {
            space.environment.insert("PG_CONN_STR".into(), postgres.connection().into());
        }
        Self { space, postgres }
    }

    /// Writes a workspace whose `second` runs `middle` after it has left its line.
    pub(super) fn workspace(&self, name: &str, middle: &str) {
        let made = |resource: &str| format!("echo {resource} >>'{}'", self.made(name).display());
        let text = format!(
            "{}resource \"terraform_data\" \"first\" {{\n  input = \"1\"\n  provisioner \"local-exec\" {{\n    command = \"{}\"\n  }}\n}}\n\
             resource \"terraform_data\" \"second\" {{\n  input = terraform_data.first.output\n  provisioner \"local-exec\" {{\n    \
             command = <<-EOT\n      {}\n      {middle}\n    EOT\n  }}\n}}\noutput \"word\" {{\n  value = \"said\"\n}}\n",
            self.backend(name),
            made("first"),
            made("second"),
        );
        self.space.write(&format!("terraform/{name}/main.tf"), &text);
    }

    fn backend(&self, name: &str) -> String {
        match self.postgres {
            Some(_) => format!(
                "terraform {{\n  backend \"pg\" {{\n    schema_name = \"{}\"\n  }}\n}}\n",
                self.schema(name)
            ),
            None => String::new(),
        }
    }

    /// A schema that no other project of the same server has.
    fn schema(&self, name: &str) -> String {
        let place = self.space.root.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        format!("{place}-{name}")
    }

    fn made(&self, name: &str) -> PathBuf {
        self.space.path(&format!("made-{name}"))
    }

    /// The addresses in the state of a workspace.
    pub(super) fn state(&self, name: &str) -> Vec<String> {
        let Some(postgres) = self.postgres else { return self.space.state(name) };
        let state = postgres.state(&self.schema(name)).unwrap_or_default();
        let resources = state["resources"].as_array().cloned().unwrap_or_default();
        resources
            .iter()
            .map(|it| format!("{}.{}", it["type"].as_str().unwrap(), it["name"].as_str().unwrap()))
            .collect()
    }

    /// The lines that resources of a workspace left.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.made(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Starts `up --yes` and waits until `one` is in the middle of its second resource.
    pub(super) fn in_the_middle(&self) -> crate::harness::program::Running {
        let running = self.space.start("up --yes");
        self.space.wait_for("waits");
        running
    }

    /// Lets `one` go on.
    pub(super) fn go(&self) {
        self.space.write("go", "");
    }

    /// The process that the last run's shim started for the apply of `one`.
    pub(super) fn terraform(&self) -> Pid {
        process(&self.space, "one:apply")
    }

    /// Kills terraform alone, which its shim sees.
    pub(super) fn kill_terraform(&self) {
        kill_process(self.terraform(), Signal::KILL).unwrap();
    }

    /// Kills terraform and what it started as soon as the stream of some apply has so many bytes, after `first`; false where all applies
    /// have ended before.
    pub(super) fn kill_terraform_after(&self, bytes: u64, first: impl FnOnce()) -> bool {
        let is_over = || {
            self.space.runs().pop().is_some_and(|run| {
                std::fs::read_to_string(run.join("journal.jsonl"))
                    .is_ok_and(|text| text.contains("run-ended"))
            })
        };
        let found = until("an apply has printed so much", || {
            let runs = self.space.runs();
            let raw = self.space.raw_of(runs.last()?);
            let streams: Vec<PathBuf> =
                raw.read_dir().into_iter().flatten().flatten().map(|it| it.path()).collect();
            let long = streams.iter().find(|path| {
                let name = path.to_string_lossy();
                name.contains(":apply-")
                    && name.ends_with(".out")
                    && path.metadata().is_ok_and(|it| it.len() >= bytes)
            });
            let pid = long.and_then(|path| {
                let text = std::fs::read_to_string(path.with_extension("status")).ok()?;
                let report: serde_json::Value = serde_json::from_str(text.lines().next()?).ok()?;
                Pid::from_raw(i32::try_from(report["process"]["pid"].as_i64()?).ok()?)
            });
            match pid {
                Some(pid) => Some(Some(pid)),
                None => is_over().then_some(None),
            }
        });
        let Some(pid) = found else { return false };
        first();
        rustix::process::kill_process_group(pid, Signal::KILL).is_ok()
    }

    /// Waits until nothing that was started in this place runs any more.
    #[track_caller]
    pub(super) fn is_quiet(&self) {
        until_true("all processes have ended", || self.processes().is_empty());
    }

    /// Kills all that was started in this place, as when the machine fails.
    #[track_caller]
    pub(super) fn kill_all(&self) {
        until_true("all processes are killed", || {
            let left = self.processes();
            for process in &left {
                kill_process(*process, Signal::KILL).ok();
            }
            left.is_empty()
        });
    }

    fn processes(&self) -> Vec<Pid> {
        processes::below(&self.space.root.parent().unwrap().to_string_lossy())
    }

    /// Both workspaces are as an undisturbed `up` leaves them, each resource was made exactly once, and nothing is left behind.
    #[track_caller]
    pub(super) fn assert_in_order(&self, context: &str) {
        for name in WORKSPACES {
            assert_eq!(
                self.state(name),
                ["terraform_data.first", "terraform_data.second"],
                "{context}: {name}"
            );
            assert_eq!(self.lines(name), ["first", "second"], "{context}: {name}: made twice, or never");
        }
        self.assert_nothing_is_left(context);
        let again = self.space.run("up");
        again
            .exits(0)
            .says("nothing to change")
            .does_not_say("ended without saying how")
            .does_not_say("attached");
    }

    /// Both workspaces are whole, and each resource was made once, or named by `next` as perhaps made before that run did anything.
    #[track_caller]
    pub(super) fn assert_made_or_named(&self, before: &[Vec<String>], next: &Output, context: &str) {
        let named = named_first(next);
        for (name, before) in WORKSPACES.into_iter().zip(before) {
            assert_eq!(self.state(name), ["terraform_data.first", "terraform_data.second"], "{context}");
            let after = self.lines(name);
            for resource in ["first", "second"] {
                let times = |lines: &[String]| lines.iter().filter(|line| *line == resource).count();
                let was_named =
                    named.contains(&format!("started and not ended: creating terraform_data.{resource}"));
                let is_right = times(&after) == 1 || (times(&after) == 2 && times(before) == 1 && was_named);
                assert!(is_right, "{name} {resource}: {before:?} {after:?}: {context}");
            }
        }
        self.assert_nothing_is_left(context);
        let again = self.space.run("up");
        again.exits(0).says("nothing to change").does_not_say("ended without saying how");
    }

    /// Both workspaces are as an undisturbed `down` leaves them, and nothing is left behind.
    #[track_caller]
    pub(super) fn assert_is_gone(&self, context: &str) {
        for name in WORKSPACES {
            assert!(self.state(name).is_empty(), "{context}");
        }
        self.assert_nothing_is_left(context);
        self.space.run("down").exits(0).says("nothing to destroy");
    }

    /// No lock, no stream that somebody has to settle, no file of a salvage.
    #[track_caller]
    pub(super) fn assert_nothing_is_left(&self, context: &str) {
        self.is_quiet();
        if let Some(postgres) = self.postgres {
            assert_eq!(postgres.locks(), "0", "{context}: a lock is left");
        }
        for name in WORKSPACES {
            for file in [".terraform.tfstate.lock.info", "shipway_salvage.tf", "errored.tfstate"] {
                let path = format!("terraform/{name}/{file}");
                assert!(!self.space.has(&path), "{context}: {path} is left");
            }
            assert!(
                !self.space.has(&format!(".shipway/locks/workspace-{name}.lock")),
                "{context}: our lock is left"
            );
        }
        for run in self.space.runs() {
            let left: Vec<_> = self
                .space
                .raw_of(&run)
                .read_dir()
                .into_iter()
                .flatten()
                .flatten()
                .map(|it| it.path())
                .collect();
            assert!(left.is_empty(), "{context}: {left:?}");
        }
    }
}

/// All that was said before the first command was started.
fn named_first(output: &Output) -> String {
    let story = output.story();
    let kinds = story.events.iter().map(|event| &event.kind);
    let first = kinds.take_while(|kind| !matches!(kind, EventKind::CommandStarted { .. }));
    let texts = first.filter_map(|kind| match kind {
        EventKind::Notice { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// The process that the last run's shim started for that step of a workspace.
pub(crate) fn process(space: &Space, step: &str) -> Pid {
    let raw = space.raw_of(&space.runs().pop().unwrap());
    let prefix = format!("workspace:{step}-");
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with(&prefix) && name.ends_with(".status")
    };
    let number = until("the shim says what it runs", || {
        let status = raw.read_dir().ok()?.flatten().map(|entry| entry.path()).find(is_it)?;
        let text = std::fs::read_to_string(status).ok()?;
        let report: serde_json::Value = serde_json::from_str(text.lines().next()?).ok()?;
        report["process"]["pid"].as_i64()
    });
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

/// Asserts that `phrases` stand in this order on standard error.
#[track_caller]
pub(crate) fn says_in_order(output: &Output, phrases: &[&str]) {
    let mut rest = output.stderr.as_str();
    for phrase in phrases {
        let Some(at) = rest.find(phrase) else {
            panic!("{phrase:?} is not said in its place: {}", output.all())
        };
        rest = &rest[at + phrase.len()..];
    }
}
