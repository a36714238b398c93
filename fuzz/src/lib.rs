//! The doors through which texts of others come in. Each takes any bytes and asserts what always has to hold.
//!
//! libFuzzer calls them (`fuzz_targets`), and so does a short random test of the suite (tests/it/fuzzed.rs), which includes this file. So it
//! names no crate but those that both have.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use shipway::cli::format::format;
use shipway::diagnostic::{Diagnostic, Sources, render, to_json};
use shipway::journal::record::Record;
use shipway::journal::store::{list, unfinished};
use shipway::model::{
    Binding, Command, Given, LoadFailure, LoadedText, Model, Part, Script, SourceLoader, Template, load,
};
use shipway::os::Doors;
use shipway::os::files::{FileKind, Files};
use shipway::text::dotenv::document::Document;
use shipway::text::dotenv::generate::Generator;
use shipway::text::dotenv::lint::lint;
use shipway::text::dotenv::{Reader, compose, parse, read_as, render_assignment};

/// Tasks files in memory.
struct Texts(BTreeMap<PathBuf, String>);

impl SourceLoader for Texts {
    fn load(&self, path: &Path) -> Result<LoadedText, String> {
        let shown = path.strip_prefix("/project").unwrap_or(path).to_owned();
        match self.0.get(&shown) {
            Some(text) => Ok(LoadedText { shown, text: text.clone() }),
            None => Err("no such file".to_owned()),
        }
    }

    fn is_folder(&self, path: &Path) -> bool {
        let shown = path.strip_prefix("/project").unwrap_or(path);
        self.0.keys().any(|file| file != shown && file.starts_with(shown))
    }
}

fn loaded(texts: &[(&str, &str)]) -> Result<Model, Box<LoadFailure>> {
    let texts = texts.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
    load(Path::new("/project/tasks.toml"), &Texts(texts))
}

/// A tasks file and, after a NUL byte, one that it may include as `docs/tasks.toml`: they load, or it is said where they are wrong; and
/// what `fmt` makes of one means the same and is in shape.
pub fn tasks_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (main, included) = text.split_once('\0').unwrap_or((text, ""));
    match loaded(&[("tasks.toml", main), ("docs/tasks.toml", included)]) {
        Ok(model) => {
            shown(&model.sources, &model.warnings);
            rendered(&model);
        }
        Err(failure) => {
            assert!(!failure.diagnostics.is_empty(), "a failure without a reason");
            shown(&failure.sources, &failure.diagnostics);
        }
    }
    if let Ok(shaped) = format(main) {
        assert_eq!(format(&shaped).as_deref(), Ok(shaped.as_str()), "what is in shape is changed");
        let table = |text: &str| toml::from_str::<toml::Table>(text).ok();
        let (before, after) = (table(main), table(&shaped));
        // A number that is none is not like itself.
        assert_eq!(format!("{before:?}"), format!("{after:?}"), "it means something else");
    }
}

/// Every diagnostic can be drawn, and points into a text.
fn shown(sources: &Sources, diagnostics: &[Diagnostic]) {
    for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        let text = sources.text(label.span.source);
        assert!(
            text.get(label.span.start..label.span.end).is_some(),
            "{label:?} is no part of a text of {} bytes",
            text.len()
        );
    }
    render(sources, diagnostics, true);
    to_json(sources, diagnostics);
}

/// Values that no command may take for code.
const HOSTILE: &str = "'; touch x; \"$(touch x)` \\\n*";

/// Every template and every command of a model can be filled, and each hole stands where its braces are.
fn rendered(model: &Model) {
    model.env.values().for_each(|template| holes_stand(&model.sources, template));
    for variable in model.variables.values() {
        match &variable.binding {
            Binding::Text(template) => holes_stand(&model.sources, template),
            Binding::Shell(script) => filled(script),
            _ => {}
        }
    }
    for task in model.tasks.values() {
        let commands = || task.run.iter().chain(&task.finally);
        for command in commands() {
            match command {
                Command::Shell(script) => filled(script),
                Command::Exec(words) => words.iter().for_each(|word| holes_stand(&model.sources, word)),
                Command::Task(_) => {}
            }
        }
        task.rules.scripts().for_each(filled);
        let steps = commands().filter_map(|command| match command {
            Command::Task(call) => Some(call),
            Command::Shell(_) | Command::Exec(_) => None,
        });
        let calls = task.depends.iter().chain(&task.depends_post).chain(steps);
        let files = task.dotenv.iter().map(|file| &file.path).chain(task.tracking.patterns());
        let templates =
            task.env.values().chain(&task.dir).chain(files).chain(calls.flat_map(|call| &call.args));
        templates.for_each(|template| holes_stand(&model.sources, template));
    }
}

fn filled(script: &Script) {
    let filled = script.render(&mut |_| Given::Text(HOSTILE.to_owned()));
    let bare = script.render(&mut |_| Given::Absent);
    assert!(filled.len() >= bare.len(), "{bare:?} is longer than {filled:?}");
    script.argv(&mut |_| Given::Words(vec![HOSTILE.to_owned(), String::new()]));
}

fn holes_stand(sources: &Sources, template: &Template) {
    for part in &template.parts {
        let Part::Hole(hole) = part else { continue };
        let text = &sources.text(hole.span.source)[hole.span.start..hole.span.end];
        assert!(text.starts_with("{{") && text.ends_with("}}"), "{text:?} is no hole");
    }
}

/// What a text with `{{ }}` may name, but for a task's own.
const AROUND: &str = "[project]\nname = \"p\"\n[vars]\nv = \"v\"\nsecret = { env = \"S\", secret = true }\n\
    [environments.stage]\nenv_files = [\"e\"]\n[env_files.e]\npath = \".envs\"\nprefix = \"E\"\n[workspaces.w]\n\
    [tasks.gives]\nexports = [\"x\"]\nrun = \"true\"\n[tasks.takes]\nargs = [\"words...\"]\nrun = \"true\"\n";

/// The keys of a task that have a text in them, each as it is written with `@` for the text.
const PLACES: &[&str] = &[
    "run = @",
    "run = [@, { exec = [\"true\", @] }]",
    "run = [{ task = \"takes\", args = [@] }]",
    "run = @\nshell = [\"dash\", \"-c\"]",
    "run = @\nshell = \"zsh -c\"",
    "run = @\nshell = \"fish -c\"",
    "run = \"true\"\nshell = @",
    "finally = @",
    "env = { X = @ }",
    "dir = @",
    "dotenv = [@]",
    "sources = [@]",
    "sources = [\"x\"]\noutputs = [@]",
    "confirm = @",
    "confirm = { text = @, type = @ }",
    "if = @",
    "if = { run = @, env = [@] }",
    "depends = [{ task = \"takes\", args = [@] }]",
    "depends_post = [{ task = \"takes\", args = [\"--\", @] }]",
    "wait_until = { run = @ }",
    "wait_until = { http = @ }",
    "wait_until = { tcp = @ }",
    "wait_until = { file = @ }",
];

/// The same for a variable.
const VARIABLES: &[&str] =
    &["x = @", "x = { sh = @ }", "x = { prompt = @ }", "x = { env = \"X\", default = @ }"];

/// Tasks files with `text` wherever `{{ }}` may stand: the first has it in each key of a task at once, in the others it stands in one
/// place, since what one refuses hides what another takes.
pub fn with_text(text: &str) -> Vec<String> {
    let quoted = toml::Value::String(text.to_owned()).to_string();
    let task = |(number, place): (usize, &&str)| {
        let rest = if place.starts_with("run") { "" } else { "run = \"true\"\n" };
        let args = "args = [\"a\", \"b=\", \"--flag\", \"rest...\"]\nmatrix = { m = [\"1\"] }";
        format!("[tasks.t{number}]\n{args}\n{}\n{rest}", place.replace('@', &quoted))
    };
    let tasks: Vec<String> = PLACES.iter().enumerate().map(task).collect();
    let variables = VARIABLES.iter().map(|variable| {
        let variable = variable.replace('@', &quoted);
        format!("[vars]\nv = \"v\"\n{variable}\n[tasks]\nuse = \"echo {{{{ vars.x }}}}\"\n")
    });
    let environment = format!("[vars]\nv = \"v\"\n[env]\nX = {quoted}\n");
    let together = format!("{AROUND}{}", tasks.concat());
    let apart = tasks.iter().map(|task| format!("{AROUND}{task}"));
    [together, environment].into_iter().chain(variables).chain(apart).collect()
}

/// A text with `{{ }}` wherever one may stand: in commands for each kind of shell, in finally, conditions, questions, calls, patterns of
/// files, variables, the environment and folders.
pub fn expressions(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for file in with_text(text) {
        match loaded(&[("tasks.toml", &file)]) {
            Ok(model) => {
                shown(&model.sources, &model.warnings);
                rendered(&model);
            }
            Err(failure) => {
                assert!(!failure.diagnostics.is_empty(), "a failure without a reason");
                shown(&failure.sources, &failure.diagnostics);
            }
        }
    }
}

/// An env file: it is read as compose reads it or it is said in which line it is wrong; kept whole, it is the same byte for byte; and
/// what is written for all readers is what each of them reads.
pub fn dotenv(bytes: &[u8]) {
    let document = Document::new(bytes);
    assert_eq!(document.write(|_, _| None), bytes, "a file that nothing changed in");
    for (_, assignment) in document.assignments() {
        let Ok(raw) = std::str::from_utf8(document.raw(assignment)) else { continue };
        for reader in Reader::ALL {
            read_as(reader, raw).ok();
        }
    }
    for finding in lint(bytes) {
        assert!(finding.line <= bytes.split(|byte| *byte == b'\n').count(), "{finding:?}");
    }
    Generator::new(&mut |random: &mut [u8]| random.fill(7)).fill(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    compose::keys_used(text);
    match parse(text, |name| Some(format!("known {name}")), |_| None) {
        Ok(values) => {
            for (key, value) in values.iter().take(20) {
                written(key, value);
            }
        }
        Err(fault) => assert!(fault.line >= 1 && fault.line <= text.lines().count().max(1), "{fault:?}"),
    }
}

fn written(key: &str, value: &str) {
    let Ok(line) = render_assignment(key, value, &Reader::ALL) else { return };
    let raw = line.split_once('=').map(|(_, raw)| raw.trim_end_matches('\n')).unwrap_or_default();
    for reader in Reader::ALL {
        let read = read_as(reader, raw).map(|reading| reading.value);
        assert_eq!(read.as_deref().ok(), Some(value), "{reader:?} reads {line:?}");
    }
}

/// A disk with one run on it, whose files all have the same bytes.
struct Disk(Arc<Mutex<Vec<u8>>>);

fn refused<T>() -> io::Result<T> {
    Err(io::Error::other("it can only be read"))
}

impl Files for Disk {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
    fn write(&self, _: &Path, _: &[u8], _: u32) -> io::Result<()> {
        refused()
    }
    fn write_durable(&self, _: &Path, _: &[u8], _: u32) -> io::Result<()> {
        refused()
    }
    fn write_new(&self, _: &Path, _: &[u8], _: u32) -> io::Result<bool> {
        refused()
    }
    fn create_private_dir(&self, _: &Path) -> io::Result<()> {
        refused()
    }
    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }
    fn link(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }
    fn remove(&self, _: &Path) -> io::Result<()> {
        refused()
    }
    fn remove_dir(&self, _: &Path) -> io::Result<()> {
        refused()
    }
    fn kind(&self, _: &Path) -> FileKind {
        // Of a command nothing is left: who looks for its process would read the machine's.
        FileKind::Missing
    }
    fn count_folders(&self, _: &Path) -> Option<usize> {
        None
    }
    fn list(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(vec!["20261122-101500-123-4f2a".to_owned()])
    }
}

static BYTES: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(Arc::default);
static DOORS: LazyLock<Mutex<Doors>> =
    LazyLock::new(|| Mutex::new(Doors { files: Box::new(Disk(Arc::clone(&BYTES))), ..Doors::real() }));

/// The journal of an earlier run: it is read as far as it is whole. What is read of a part of it is the beginning of what is read of all.
pub fn journal(bytes: &[u8]) {
    let doors = DOORS.lock().unwrap_or_else(PoisonError::into_inner);
    let read = |bytes: &[u8]| -> io::Result<Vec<Record>> {
        BYTES.lock().unwrap_or_else(PoisonError::into_inner).splice(.., bytes.iter().copied());
        let mut runs = list(&doors, Path::new("/project"))?;
        Ok(runs.pop().map(|run| run.records).unwrap_or_default())
    };
    let whole = read(bytes);
    if let Ok(records) = &whole {
        let part = read(&bytes[..bytes.len() / 2]).unwrap_or_default();
        // A record that noise follows in its line is one until the noise comes.
        let sure = part.len().saturating_sub(1);
        assert!(records.starts_with(&part[..sure]), "a part of the journal says something else");
        let mut again = Vec::new();
        for record in records {
            again.extend(serde_json::to_vec(record).unwrap_or_default());
            again.push(b'\n');
        }
        assert_eq!(read(&again).ok().as_ref(), Some(records), "what is written again is something else");
    }
    read(bytes).ok();
    unfinished(&doors, Path::new("/project")).ok();
    for run in list(&doors, Path::new("/project")).unwrap_or_default() {
        run.events(&doors).ok();
        run.exit_code();
    }
}
