//! Taskfile.yml, of Task: pure.

use std::collections::HashMap;

use super::script::template;
use super::yaml::{self, Yaml};
use super::{Imported, Task, line_where, task_name, taskfile_steps, unique};
use crate::text::duration;

/// Keys of the file that mean nothing for what is run, or are looked at with each task.
const ELSEWHERE: [&str; 5] = ["version", "silent", "method", "set", "tasks"];

/// Reads `file` with the text `source`. The error says why it is no Taskfile.
pub fn read(file: &str, source: &str) -> Result<Imported, String> {
    let tree = yaml::read(source)?;
    let tasks = tree.get("tasks").map(Yaml::entries).unwrap_or_default();
    let aliases = tasks.iter().filter_map(|(_, task)| task.get("aliases")).flat_map(Yaml::items);
    let called = tasks.iter().map(|(name, _)| name.as_str()).chain(aliases.filter_map(Yaml::text));
    let names = unique(called, task_name, "-2");
    let mut reader = Reader {
        file,
        source,
        tree: &tree,
        names,
        required: taskfile_steps::required(tasks),
        visible: usize::MAX,
        exporting: Vec::new(),
        depth: 0,
        is_data: false,
        is_kept: false,
        imported: Imported::default(),
    };
    for (name, value) in tree.entries() {
        let line = line_where(source, |line| line.starts_with(&format!("{name}:")));
        match name.as_str() {
            "vars" => reader.variables(value, None),
            "env" => {
                for (name, value) in value.entries() {
                    let line = reader.line_of(name);
                    let value = reader.exported(name, value, None, line);
                    reader.imported.env.push((name.clone(), value));
                }
            }
            "dotenv" => {
                for file in value.items().into_iter().filter_map(Yaml::text) {
                    let lost = match reader.likely(file, None, 0) {
                        (Some(text), true) => {
                            reader.imported.dotenv.push(format!("{text}?"));
                            if !file.contains("{{") {
                                continue;
                            }
                            ": a variable that is given does not change it"
                        }
                        _ => "",
                    };
                    reader.lose(line, format!("the dotenv file `{file}`{lost}"));
                }
            }
            "output" if value.text() == Some("interleaved") => {}
            known if ELSEWHERE.contains(&known) => {}
            other => reader.lose(line, format!("`{other}` of the file")),
        }
    }
    for (name, value) in tasks {
        let task = reader.task(name, value);
        reader.imported.tasks.push(task);
    }
    reader.imported.losses.sort();
    Ok(reader.imported)
}

pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) source: &'a str,
    pub(super) tree: &'a Yaml,
    /// What tasks and aliases are called here.
    pub(super) names: HashMap<String, String>,
    /// Variables that have to be given for one task or another.
    pub(super) required: Vec<String>,
    /// So many of the file's variables are there already.
    pub(super) visible: usize,
    /// Variables of the environment whose values are being read.
    pub(super) exporting: Vec<String>,
    /// How deep values stand in one another.
    pub(super) depth: usize,
    /// Whether the text is no command, so that no value in it is code.
    pub(super) is_data: bool,
    /// Whether quotes are around the value.
    pub(super) is_kept: bool,
    pub(super) imported: Imported,
}

/// A task while it is read.
pub(super) struct Open<'y> {
    pub(super) tree: &'y Yaml,
    pub(super) name: String,
    /// As it was called there.
    pub(super) written: &'y str,
    pub(super) line: usize,
    /// So many of its variables are there already.
    pub(super) visible: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn lose(&mut self, line: usize, what: String) {
        let file = self.file.to_owned();
        self.imported.lose(&file, line, what);
    }

    pub(super) fn named(&self, name: &str) -> String {
        self.names.get(name).cloned().unwrap_or_else(|| task_name(name))
    }

    /// The line of a task.
    fn line(&self, name: &str) -> usize {
        let tasks = line_where(self.source, |line| line.starts_with("tasks:"));
        let is = |line: &str| {
            line.starts_with([' ', '\t'])
                && line
                    .trim_start()
                    .trim_start_matches(['"', '\''])
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
        };
        self.source.lines().skip(tasks).position(is).map_or(0, |index| tasks + index + 1)
    }

    pub(super) fn line_of(&self, key: &str) -> usize {
        line_where(self.source, |line| line.trim_start().starts_with(&format!("{key}:")))
    }

    fn task(&mut self, name: &'a str, value: &'a Yaml) -> Task {
        let visible = usize::MAX;
        let mut open =
            Open { tree: value, name: self.named(name), written: name, line: self.line(name), visible };
        let line = open.line;
        let mut task = Task { name: open.name.clone(), ..Task::default() };
        if name.contains('*') {
            self.lose(line, format!("the pattern `{name}`: write a task with an argument"));
        }
        if task.name != name {
            self.lose(line, format!("the task `{name}` is called `{}` here", task.name));
        }
        let is_silent = |tree: &Yaml| tree.get("silent").map(Yaml::is_true);
        task.quiet = is_silent(value).or(is_silent(self.tree)).unwrap_or_default();
        if !matches!(value, Yaml::Map(_)) {
            value.items().into_iter().for_each(|step| self.step(step, &open, &mut task));
            return task;
        }
        if let Some(vars) = value.get("vars") {
            self.variables(vars, Some(&mut open));
        }
        // What the commands' environment has decides how they get their values.
        let (first, rest): (Vec<_>, Vec<_>) = value.entries().iter().partition(|(key, _)| key == "env");
        for (key, value) in first.into_iter().chain(rest) {
            self.key(key, value, &open, &mut task);
        }
        self.files(&open, &mut task);
        self.commands(&open, &mut task);
        task
    }

    fn key(&mut self, key: &str, value: &Yaml, open: &Open<'a>, task: &mut Task) {
        let texts = |value: &Yaml| {
            value.items().into_iter().filter_map(Yaml::text).map(str::to_owned).collect::<Vec<_>>()
        };
        let plain = |value: &Yaml| {
            value.text().filter(|text| !text.contains("{{")).map(|text| text.trim().replace('\n', " "))
        };
        match key {
            "desc" => task.description = plain(value),
            "summary" if open.tree.get("desc").is_none() => task.description = plain(value),
            "silent" | "preconditions" | "vars" | "deps" | "cmds" | "cmd" | "requires" | "ignore_error"
            | "sources" | "generates" | "method" | "set" => {}
            "internal" => task.hide = value.is_true(),
            "interactive" => task.interactive = value.is_true(),
            "aliases" => task.aliases = texts(value).iter().map(|name| self.named(name)).collect(),
            "dir" => match value.text().and_then(|text| self.data(text, Some(open))) {
                Some(pieces) => {
                    task.dir = Some(template(&pieces));
                    self.lose(open.line, "`dir`: Task makes the folder where it is not there".to_owned());
                }
                None => self.fail(open, task, "`dir`"),
            },
            "env" => {
                for (name, value) in value.entries() {
                    let value = self.exported(name, value, Some(open), open.line);
                    task.env.push((name.clone(), value));
                }
            }
            "dotenv" => {
                for file in texts(value) {
                    match self.data(&file, Some(open)) {
                        Some(pieces) => task.dotenv.push(format!("{}?", template(&pieces))),
                        None => self.lose(open.line, format!("the dotenv file `{file}`")),
                    }
                }
            }
            "prompt" => {
                let questions: Vec<String> = value.items().into_iter().filter_map(plain).collect();
                if questions.len() != value.items().len() {
                    self.lose(open.line, "`prompt` holds `{{ }}`".to_owned());
                }
                task.confirm =
                    Some(questions.join(" ")).filter(|text| !text.is_empty()).or(Some("Go on?".to_owned()));
            }
            "platforms" => match systems(&texts(value)) {
                Some(systems) => task.systems = systems,
                None => self.fail(open, task, "`platforms`"),
            },
            "timeout" => match value.text().filter(|text| duration::parse(text).is_some()) {
                Some(text) => task.timeout = Some(text.to_owned()),
                None => self.lose(open.line, "`timeout`".to_owned()),
            },
            "status" => self.lose(open.line, "`status`: the task always runs here".to_owned()),
            "if" => self.fail(open, task, "`if`"),
            other => self.lose(open.line, format!("`{other}`")),
        }
    }
}

/// The names of systems, as they are here; `None` where a processor is named, too.
fn systems(written: &[String]) -> Option<Vec<String>> {
    let system = |name: &String| match name.as_str() {
        "linux" => Some("linux".to_owned()),
        "darwin" => Some("macos".to_owned()),
        _ => None,
    };
    written.iter().map(system).collect::<Option<Vec<_>>>().filter(|systems| !systems.is_empty())
}
