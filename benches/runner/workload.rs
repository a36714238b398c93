//! The same work for each runner: a graph of tasks, and how each of them writes it down.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// What the task of `Shape::Sources` makes.
pub(crate) const STAMP: &str = "out.stamp";

/// A graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// So many tasks without dependencies, and `all`, which needs each.
    Flat(usize),
    /// So many tasks, each of which needs the one before.
    Chain(usize),
    /// So many layers of so many tasks; each needs so many of the layer before.
    Layers(usize, usize, usize),
    /// One task over so many files.
    Sources(usize),
    /// Two tasks beside each other, each of which prints so many lines.
    Lines(usize),
}

/// A task.
pub(crate) struct Task {
    name: String,
    command: Option<String>,
    needs: Vec<String>,
    reads_sources: bool,
}

impl Task {
    fn new(name: impl Into<String>, command: &str, needs: Vec<String>) -> Self {
        let command = Some(command.to_owned()).filter(|command| !command.is_empty());
        Self { name: name.into(), command, needs, reads_sources: false }
    }
}

impl Shape {
    /// Its tasks; the last, `all`, is what is run.
    fn tasks(self) -> Vec<Task> {
        let name = |number: usize| format!("t{number}");
        let mut tasks = Vec::new();
        let wanted: Vec<String> = match self {
            Self::Flat(count) => {
                tasks.extend((0..count).map(|number| Task::new(name(number), "true", Vec::new())));
                (0..count).map(name).collect()
            }
            Self::Chain(count) => {
                let before = |number: usize| number.checked_sub(1).map(name).into_iter().collect();
                tasks.extend((0..count).map(|number| Task::new(name(number), "true", before(number))));
                vec![name(count - 1)]
            }
            Self::Layers(count, width, fan_in) => {
                for number in 0..count * width {
                    let (layer, column) = (number / width, number % width);
                    let before = |offset: usize| name((layer - 1) * width + (column + offset) % width);
                    let needs = if layer == 0 { Vec::new() } else { (0..fan_in).map(before).collect() };
                    tasks.push(Task::new(name(number), "true", needs));
                }
                ((count - 1) * width..count * width).map(name).collect()
            }
            Self::Sources(_) => {
                let task = Task::new("all", &format!("touch {STAMP}"), Vec::new());
                return vec![Task { reads_sources: true, ..task }];
            }
            Self::Lines(count) => {
                let command = format!("seq {count}");
                tasks.extend(["t0", "t1"].map(|name| Task::new(name, &command, Vec::new())));
                vec!["t0".to_owned(), "t1".to_owned()]
            }
        };
        tasks.push(Task::new("all", "", wanted));
        tasks
    }
}

/// A program that runs tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    Shipway,
    Make,
    Ninja,
    Just,
    Mise,
    GoTask,
    CargoMake,
}

impl Runner {
    /// All of them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Shipway, Self::Make, Self::Ninja, Self::Just, Self::Mise, Self::GoTask, Self::CargoMake];

    /// The program.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Shipway => "shipway",
            Self::Make => "make",
            Self::Ninja => "ninja",
            Self::Just => "just",
            Self::Mise => "mise",
            Self::GoTask => "task",
            Self::CargoMake => "cargo-make",
        }
    }

    /// Whether it is a runner of tasks, and not only a builder of files.
    pub(crate) fn is_task_runner(self) -> bool {
        !matches!(self, Self::Make | Self::Ninja)
    }

    /// Its words for running `task`, so many at a time; `prefixed`: each line with its task.
    pub(crate) fn words(self, task: &str, jobs: usize, prefixed: bool) -> Option<Vec<String>> {
        let jobs = jobs.to_string();
        let words: Vec<&str> = match self {
            Self::Shipway => vec!["--jobs", &jobs, task],
            Self::Make if !prefixed => vec!["-s", "-j", &jobs, task],
            Self::Ninja if !prefixed => vec!["--quiet", "-j", &jobs, task],
            Self::Just if !prefixed => vec!["--jobs", &jobs, task],
            Self::Mise if prefixed => vec!["run", "--output", "prefix", "--jobs", &jobs, task],
            Self::Mise => vec!["run", "--output", "interleave", "--quiet", "--jobs", &jobs, task],
            Self::GoTask if prefixed => vec!["--output", "prefixed", "--concurrency", &jobs, task],
            Self::GoTask => vec!["--concurrency", &jobs, task],
            Self::CargoMake if !prefixed => vec!["make", "--quiet", "--loglevel", "error", task],
            _ => return None,
        };
        Some(words.into_iter().map(str::to_owned).collect())
    }

    /// Whether it can do this kind of work at all, in a time that one can wait for.
    pub(crate) fn takes(self, shape: Shape) -> bool {
        match (self, shape) {
            // It runs one after another, and a line of its file is a table of its own.
            (Self::CargoMake, Shape::Flat(count) | Shape::Chain(count)) => count <= 1_000,
            (Self::CargoMake, _) => false,
            // Its recipes have no sources.
            (Self::Just, Shape::Sources(_)) => false,
            (_, Shape::Chain(count)) => count <= 1_000 || self == Self::Shipway,
            (_, Shape::Layers(_, width, fan_in)) => fan_in < width || self == Self::Shipway,
            _ => true,
        }
    }

    /// Writes its file for `shape` into `folder`.
    pub(crate) fn write(self, shape: Shape, folder: &Path) -> Result<()> {
        let tasks = shape.tasks();
        let (name, text) = match self {
            Self::Shipway => ("tasks.toml", shipway(&tasks)),
            Self::Make => ("Makefile", make(&tasks)),
            Self::Ninja => ("build.ninja", ninja(&tasks, shape)),
            Self::Just => ("justfile", just(&tasks)),
            Self::Mise => ("mise.toml", mise(&tasks)),
            Self::GoTask => ("Taskfile.yml", go_task(&tasks)),
            Self::CargoMake => ("Makefile.toml", cargo_make(&tasks)),
        };
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(name), text).with_context(|| format!("{name} can't be written"))?;
        if let Shape::Sources(count) = shape {
            for number in 0..count {
                let path = folder.join(source(number));
                if number % 100 == 0
                    && let Some(folder) = path.parent()
                {
                    std::fs::create_dir_all(folder)?;
                }
                std::fs::write(path, format!("int f{number}(void) {{ return {number}; }}\n"))?;
            }
        }
        Ok(())
    }
}

fn source(number: usize) -> String {
    format!("src/d{:03}/f{number:05}.c", number / 100)
}

/// `"a", "b"`.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

/// Its tables of tasks are written as mise's are.
fn shipway(tasks: &[Task]) -> String {
    format!("[project]\nname = \"bench\"\n\n{}", mise(tasks))
}

fn make(tasks: &[Task]) -> String {
    let mut text = String::new();
    for Task { name, command, needs, reads_sources } in tasks {
        let command = command.as_deref().unwrap_or_default();
        if *reads_sources {
            write!(text, ".PHONY: {name}\n{name}: {STAMP}\n{STAMP}: $(wildcard src/*/*.c)\n\t@{command}\n")
                .ok();
            continue;
        }
        writeln!(text, ".PHONY: {name}\n{name}: {}", needs.join(" ")).ok();
        if !command.is_empty() {
            writeln!(text, "\t@{command}").ok();
        }
    }
    text
}

fn ninja(tasks: &[Task], shape: Shape) -> String {
    let command = tasks.iter().find_map(|task| task.command.as_deref()).unwrap_or("true");
    let mut text = format!("rule run\n  command = {command}\n");
    for Task { name, command, needs, reads_sources } in tasks {
        let needs = needs.join(" ");
        if *reads_sources {
            let Shape::Sources(count) = shape else { continue };
            let sources: Vec<String> = (0..count).map(source).collect();
            write!(text, "build {STAMP}: run {}\nbuild {name}: phony {STAMP}\n", sources.join(" ")).ok();
        } else if command.is_none() {
            writeln!(text, "build {name}: phony {needs}").ok();
        } else {
            writeln!(text, "build {name}: run | {needs}").ok();
        }
    }
    text
}

fn just(tasks: &[Task]) -> String {
    let mut text = String::new();
    for Task { name, command, needs, .. } in tasks {
        if needs.len() > 1 {
            text.push_str("[parallel]\n");
        }
        writeln!(text, "{name}: {}", needs.join(" ")).ok();
        if let Some(command) = command {
            writeln!(text, "  @{command}").ok();
        }
        text.push('\n');
    }
    text
}

fn mise(tasks: &[Task]) -> String {
    let mut text = String::new();
    for Task { name, command, needs, reads_sources } in tasks {
        writeln!(text, "[tasks.{name}]").ok();
        if !needs.is_empty() {
            writeln!(text, "depends = [{}]", quoted(needs)).ok();
        }
        if *reads_sources {
            writeln!(text, "sources = [\"src/**/*.c\"]\noutputs = [\"{STAMP}\"]").ok();
        }
        if let Some(command) = command {
            writeln!(text, "run = \"{command}\"").ok();
        }
    }
    text
}

fn go_task(tasks: &[Task]) -> String {
    let mut text = "version: '3'\nsilent: true\ntasks:\n".to_owned();
    for Task { name, command, needs, reads_sources } in tasks {
        writeln!(text, "  {name}:\n    run: once").ok();
        if !needs.is_empty() {
            writeln!(text, "    deps: [{}]", needs.join(", ")).ok();
        }
        if *reads_sources {
            writeln!(text, "    method: timestamp\n    sources: ['src/**/*.c']\n    generates: ['{STAMP}']")
                .ok();
        }
        if let Some(command) = command {
            writeln!(text, "    cmds: ['{command}']").ok();
        }
    }
    text
}

fn cargo_make(tasks: &[Task]) -> String {
    let mut text = "[config]\nskip_core_tasks = true\nskip_git_env_info = true\nskip_rust_env_info = true\nskip_crate_env_info = true\n".to_owned();
    for Task { name, command, needs, .. } in tasks {
        writeln!(text, "[tasks.{name}]\ndependencies = [{}]", quoted(needs)).ok();
        if let Some(command) = command {
            writeln!(text, "command = \"{command}\"").ok();
        }
    }
    text
}
