//! Task files of other tools become a tasks file: pure, but for what the caller is asked to find out.
//!
//! Each tool has a file that reads its format into `Imported`; `script` decides how a command has to be written so that it does here what
//! it did there; `write` makes the text. What can't be carried over becomes a `Loss` with its place and is never left out silently.
//!
//! Deliberately absent: running the other tool. `make` and `just` know their own formats best, so the caller runs them and hands in what
//! they print.

pub mod just;
mod just_recipes;
mod just_values;
pub mod make;
mod make_database;
mod make_eval;
mod make_exports;
mod make_files;
mod make_lines;
mod make_losses;
mod make_patterns;
mod make_recipe_shell;
mod make_shell;
mod make_target;
mod make_template;
mod make_text;
pub mod mise;
mod mise_files;
mod mise_usage;
pub mod script;
mod script_text;
pub mod taskfile;
mod taskfile_files;
mod taskfile_steps;
mod taskfile_values;
mod write;
mod yaml;

pub use make_files::MakeFile;
pub use write::render;

use std::collections::HashMap;
use std::path::Path;

use script::Fitted;

use crate::model::{LoadedText, SourceLoader, load};

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A Makefile, of GNU make.
    Make,
    /// A justfile.
    Just,
    /// A Taskfile.yml, of Task.
    Task,
    /// A mise.toml.
    Mise,
}

impl Origin {
    /// By the file's name; `None` where it says nothing.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let ends = |ending: &str| name.ends_with(ending);
        Some(match name.trim_start_matches('.') {
            "makefile" | "gnumakefile" => Self::Make,
            "justfile" => Self::Just,
            name if name.contains("mise") && ends(".toml") => Self::Mise,
            name if name.starts_with("taskfile") && (ends(".yml") || ends(".yaml")) => Self::Task,
            _ if ends(".mk") => Self::Make,
            _ if ends(".just") => Self::Just,
            _ if ends(".yml") || ends(".yaml") => Self::Task,
            _ => return None,
        })
    }
}

/// Something that the new file does not do as the old one did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Loss {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 for the whole file.
    pub line: usize,
    /// What it is.
    pub what: String,
}

/// Where a variable's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A text, in which `{{ }}` may stand.
    Text(String),
    /// What a command prints.
    Shell(String),
    /// A variable of the environment, and a text where it is not set.
    Environment(String, String),
    /// A variable of the environment that has to be set.
    Required(String),
}

/// A call of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub task: String,
    /// Its arguments, in which `{{ }}` may stand.
    pub args: Vec<String>,
}

/// An argument of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Argument {
    /// `name`, `name=default`, `rest...`, `rest+...`, `--flag`, `--option=`.
    pub form: String,
    /// One line about it.
    pub help: Option<String>,
    /// The only values.
    pub choices: Vec<String>,
    /// `-x`.
    pub short: Option<char>,
    /// A variable of the environment that gives it.
    pub env: Option<String>,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Its name, such as it can be here.
    pub name: String,
    /// One line about it.
    pub description: Option<String>,
    /// Other names.
    pub aliases: Vec<String>,
    /// Run first.
    pub depends: Vec<Call>,
    /// What it takes.
    pub args: Vec<Argument>,
    /// The folder that it runs in.
    pub dir: Option<String>,
    /// Exported to its commands; `{{ }}` may stand in values.
    pub env: Vec<(String, String)>,
    /// Read for its commands.
    pub dotenv: Vec<String>,
    /// Asked before anything starts.
    pub confirm: Option<String>,
    /// Its commands have the terminal.
    pub interactive: bool,
    /// Only `list --all` names it.
    pub hide: bool,
    /// Its command lines are not shown.
    pub quiet: bool,
    /// The systems that it is for, where it is not for all.
    pub systems: Vec<String>,
    /// So long it may take.
    pub timeout: Option<String>,
    /// Patterns of what goes in.
    pub sources: Vec<String>,
    /// Patterns of what comes out.
    pub outputs: Vec<String>,
    /// What comes first where it runs anyway.
    pub wait_for: Vec<String>,
    /// Run afterwards.
    pub depends_post: Vec<Call>,
    /// What its scripts are given to, where that is no shell of this machine.
    pub shell: Vec<String>,
    /// Its steps.
    pub run: Vec<String>,
    /// Steps that run afterwards in any case.
    pub finally: Vec<String>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// `[vars]`.
    pub vars: Vec<(String, Source)>,
    /// `[env]`.
    pub env: Vec<(String, String)>,
    /// `dotenv` of `[project]`.
    pub dotenv: Vec<String>,
    /// The tasks, in the order of the file.
    pub tasks: Vec<Task>,
    /// What could not be carried over, by place.
    pub losses: Vec<Loss>,
}

impl Imported {
    /// Adds a loss; the same at the same place is told once.
    fn lose(&mut self, file: &str, line: usize, what: impl Into<String>) {
        let loss = Loss { file: file.to_owned(), line, what: what.into() };
        if !self.losses.contains(&loss) {
            self.losses.push(loss);
        }
    }

    fn set_var(&mut self, name: &str, source: Source) {
        if !self.vars.iter().any(|(known, _)| known == name) {
            self.vars.push((name.to_owned(), source));
        }
    }

    /// A variable of ours with this source: its name is none of `taken`, nor of another variable.
    fn helper(&mut self, wanted: &str, source: Source, taken: &HashMap<String, String>) -> String {
        let mut name = variable_name(wanted);
        loop {
            match self.vars.iter().find(|(known, _)| *known == name) {
                Some((_, known)) if *known == source => return name,
                None if !taken.values().any(|known| *known == name) => break,
                _ => name.push('_'),
            }
        }
        self.vars.push((name.clone(), source));
        name
    }

    /// The step of `task` that was made of a command, and what its environment needs; what is lost of it is told.
    fn add(&mut self, fitted: Fitted, task: &mut Task, (file, line): (&str, usize)) -> String {
        let is_other = |(name, value): &(String, String)| {
            task.env.iter().any(|(known, other)| known == name && other != value)
        };
        let clash = "needs a variable that the task has with another value";
        let lost = fitted.lost.or(fitted.env.iter().any(is_other).then_some(clash));
        if let Some(why) = lost {
            self.lose(file, line, format!("a step of `{}` {why}: it fails here", task.name));
            return missing(file, line);
        }
        for entry in fitted.env {
            if !task.env.contains(&entry) {
                task.env.push(entry);
            }
        }
        fitted.step
    }
}

/// A file that is no file yet.
struct InMemory<'t>(&'t str);

impl SourceLoader for InMemory<'_> {
    fn load(&self, path: &Path) -> Result<LoadedText, String> {
        Ok(LoadedText { shown: path.to_owned(), text: self.0.to_owned() })
    }

    fn is_folder(&self, _path: &Path) -> bool {
        false
    }
}

/// Whether a text is a tasks file without a fault.
fn loads(text: &str) -> bool {
    load(Path::new("/tasks.toml"), &InMemory(text)).is_ok()
}

/// Whether these can be `sources` and `outputs` here.
fn are_patterns(sources: &[String], outputs: &[String]) -> bool {
    let vars = [sources, outputs].concat().concat();
    let vars: std::collections::BTreeSet<&str> = vars
        .split("{{ vars.")
        .skip(1)
        .filter_map(|rest| rest.split_once(" }}").map(|(name, _)| name))
        .collect();
    let vars: String = vars.into_iter().map(|name| format!("{name} = \"x\"\n")).collect();
    let lists = [("sources", sources), ("outputs", outputs)];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let lists = lists.map(|(name, list)| (name.to_owned(), list.to_vec().into()));
    let task: toml::Table = lists.chain([("run".to_owned(), "true".into())]).collect();
    loads(&format!("[tasks.it]\n{task}\n[vars]\n{vars}"))
}

/// Whether a pattern that takes files away means no folder: one would mean all in it here.
fn means_files(pattern: &str) -> bool {
    let last = pattern.rsplit('/').next().unwrap_or_default();
    let has_ending = last.char_indices().any(|(index, c)| c == '.' && index > 0);
    pattern.ends_with("/**") || pattern.ends_with("/**/*") || has_ending && !last.ends_with('*')
}

/// A name that an argument can have here: words of `{{ }}` and variables that commands live by get an ending.
fn argument_name(name: &str) -> String {
    let is_free = loads(&format!("[tasks.it]\nargs = [\"{name}\"]\nrun = \"true\"\n"));
    if is_free { name.to_owned() } else { format!("{}_arg", variable_name(name)) }
}

/// A variable whose value was not understood: what uses it fails, unless it is given.
fn valueless(file: &str, line: usize, name: &str) -> Source {
    let text = format!("{file}:{line}: the value of {name} was not carried over");
    Source::Shell(format!("echo {} >&2; exit 1", crate::text::quote::shell(&literal(&text))))
}

/// A step that says that it is none.
fn missing(file: &str, line: usize) -> String {
    format!("#!/bin/sh\necho '{file}:{line}: this step was not carried over' >&2\nexit 1\n")
}

/// The shell of a `#!` line; `-c` is how a line is handed over, not how it is run.
fn shebang(program: &str, flags: &[&str]) -> String {
    let kept = flags.iter().filter(|flag| !matches!(**flag, "-c")).map(|flag| {
        let letters = flag.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        letters.map_or((*flag).to_owned(), |letters| format!("-{}", letters.replace('c', "")))
    });
    let flags: Vec<String> = kept.collect();
    match (program, flags.as_slice()) {
        ("sh" | "/bin/sh", []) => "#!/bin/sh".to_owned(),
        ("sh" | "/bin/sh", [flag]) => format!("#!/bin/sh {flag}"),
        (path, []) if path.starts_with('/') => format!("#!{path}"),
        (name, []) => format!("#!/usr/bin/env {name}"),
        (name, flags) => format!("#!/usr/bin/env -S {name} {}", flags.join(" ")),
    }
}

/// A name that a task can have here: what can't stand in one becomes `-`, and words of the command line get an ending.
pub fn task_name(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' };
    let name: String = name.chars().map(allowed).collect();
    match name.trim_start_matches(['.', '_', '-']) {
        "" => "task".to_owned(),
        name @ ("run" | "help" | "builtin") => format!("{name}-task"),
        name => name.to_owned(),
    }
}

/// The names of all here, each once: `plain` says what one would be alone. Those that stay as they are come first.
fn unique<'n>(
    all: impl Iterator<Item = &'n str>,
    plain: impl Fn(&str) -> String,
    ending: &str,
) -> HashMap<String, String> {
    let (kept, changed): (Vec<&str>, Vec<&str>) = all.partition(|name| plain(name) == **name);
    let mut names: HashMap<String, String> = HashMap::new();
    for name in kept.into_iter().chain(changed) {
        if names.contains_key(name) {
            continue;
        }
        let mut own = plain(name);
        while names.values().any(|known| *known == own) {
            own.push_str(ending);
        }
        names.insert(name.to_owned(), own);
    }
    names
}

/// A name that a variable of the environment can have.
fn variable_name(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let text: String = name.chars().map(allowed).collect();
    if text.starts_with(|c: char| c.is_ascii_digit()) { format!("_{text}") } else { text }
}

/// The number of the first line that `is`, from 1; 0 where there is none.
fn line_where(text: &str, is: impl Fn(&str) -> bool) -> usize {
    text.lines().position(is).map_or(0, |index| index + 1)
}

/// How a shell's own `{{` is written here.
fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}
