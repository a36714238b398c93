//! `check`: everything that is wrong with the tasks file, then what this machine has to say about what the file names.
//!
//! It runs no command of the file, no `{ sh }` and no prompt. The only programs that it asks are git (whether env files are ignored) and
//! terraform (which version it is).

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::probe;
use crate::adapters::pulumi::PULUMI;
use crate::adapters::terraform::version;
use crate::cli::options::Options;
use crate::cli::project::{self, ProjectFault};
use crate::cli::{print, session};
use crate::diagnostic::{Diagnostic, Fault, FaultKind, Severity, render, summary, to_json};
use crate::model::{Engine, EnvFiles, Model};
use crate::os::Doors;
use crate::os::files::{FileKind, access};
use crate::run::bindings::env_files;
use crate::text::count::count;
use crate::text::list;

pub(super) fn run(doors: &Doors, options: &Options) -> Result<u8, Fault> {
    let colour = session::facts(doors, options).colour;
    let model = match project::load_project(doors, options.file.as_deref()) {
        Ok(model) => model,
        Err(ProjectFault::Wrong(failure)) if options.json => {
            print(&format!("{}\n", to_json(&failure.sources, &failure.diagnostics)));
            return Ok(FaultKind::File.exit_code());
        }
        Err(fault) => return Err(fault.into_fault(colour)),
    };
    let mut found = Found { diagnostics: model.warnings.clone(), notes: Vec::new() };
    found.folders(doors, &model);
    found.env_files(doors, &model);
    found.tools(doors, &model);
    let is_wrong = found.diagnostics.iter().any(|fault| fault.severity == Severity::Error);
    if options.json {
        print(&format!("{}\n", found.json(&model)));
        return Ok(if is_wrong { FaultKind::File.exit_code() } else { 0 });
    }
    let drawn = render(&model.sources, &found.diagnostics, colour);
    if is_wrong {
        let message = summary(&model.sources, &found.diagnostics).unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
        let mut fault = Fault::new(FaultKind::File, message);
        fault.details = drawn.lines().map(str::to_owned).collect();
        return Err(fault);
    }
    let mut text = drawn;
    if !text.is_empty() {
        text.push('\n');
    }
    found.notes.iter().for_each(|(_, note)| text.push_str(&format!("note: {note}\n")));
    print(&format!("{text}{}\n", verdict(&model)));
    Ok(0)
}

/// `tasks.toml is in order: 3 tasks, 5 workspaces`.
fn verdict(model: &Model) -> String {
    let name = model.file.file_name().unwrap_or_default().to_string_lossy();
    let mut parts = vec![count(model.tasks.len(), "task")];
    if !model.workspaces.is_empty() {
        parts.push(count(model.workspaces.len(), "workspace"));
    }
    format!("{name} is in order: {}", parts.join(", "))
}

/// What was found besides faults of the file itself.
struct Found {
    diagnostics: Vec<Diagnostic>,
    /// A stable name and a sentence each.
    notes: Vec<(&'static str, String)>,
}

impl Found {
    /// Folders of workspaces and their variable files.
    fn folders(&mut self, doors: &Doors, model: &Model) {
        for workspace in model.workspaces.values() {
            let folder = model.root.join(&workspace.dir);
            if doors.files.kind(&folder) != FileKind::Folder {
                let title = format!(
                    "the folder {} of the workspace `{}` does not exist",
                    workspace.dir.display(),
                    workspace.name
                );
                self.diagnostics.push(
                    Diagnostic::error("missing-folder", title, workspace.span, "has no folder")
                        .help("make it, or set the workspace's `dir`"),
                );
                continue;
            }
            for file in &workspace.var_files {
                if doors.files.kind(&folder.join(&file.value)) != FileKind::File {
                    let title = format!("there is no file {}", workspace.dir.join(&file.value).display());
                    self.diagnostics.push(
                        Diagnostic::error("missing-var-file", title, file.span, "does not exist")
                            .help("a variable file is looked for in the workspace's folder"),
                    );
                }
            }
        }
    }

    /// Env files: kept out of git, private, and each usable as a secret.
    fn env_files(&mut self, doors: &Doors, model: &Model) {
        let mut asked: Vec<(&EnvFiles, PathBuf)> = Vec::new();
        for entry in model.env_files.values() {
            let shown = entry.path.display();
            if doors.files.kind(&model.root.join(&entry.path)) == FileKind::Missing {
                let note = format!(
                    "{shown} of [env_files.{}] does not exist here; only what uses its secrets needs it",
                    entry.name
                );
                self.notes.push(("missing-env-files", note));
                // Where it is a folder, its files will be: this asks about one of any name.
                asked.push((entry, entry.path.join(".env")));
                continue;
            }
            match env_files(doors, &model.root, entry) {
                Ok(files) => {
                    for file in files {
                        self.mode(model, entry, &file.path);
                        asked.push((entry, file.path));
                    }
                }
                Err(fault) => self.diagnostics.push(
                    Diagnostic::error("wrong-env-files", fault.to_string(), entry.path_span, "named here")
                        .help(format!(
                            "remove or rename it, or list it in `ignore` of [env_files.{}]",
                            entry.name
                        )),
                ),
            }
        }
        self.ignored(doors, model, &asked);
    }

    fn mode(&mut self, model: &Model, entry: &EnvFiles, path: &Path) {
        let Some(access) = access(&model.root.join(path)).filter(|access| access.mode & 0o077 != 0) else {
            return;
        };
        let title = format!("others on this machine may read {} (mode {:o})", path.display(), access.mode);
        self.diagnostics.push(
            Diagnostic::warning("open-env-file", title, entry.path_span, "named here")
                .help(format!("`chmod 600 {}`", crate::text::quote::shell(&path.display().to_string()))),
        );
    }

    /// Asks git once about all of them. A file that git already has is not ignored either, whatever the patterns say.
    fn ignored(&mut self, doors: &Doors, model: &Model, asked: &[(&EnvFiles, PathBuf)]) {
        if asked.is_empty() {
            return;
        }
        let paths: String = asked.iter().map(|(_, path)| format!("{}\0", path.display())).collect();
        let reply = probe::ask(doors, &model.root, "git", &["check-ignore", "-z", "--stdin"], &paths);
        let ignored: Vec<&str> = match &reply {
            Some(reply) if reply.status <= 1 => reply.out.split('\0').collect(),
            Some(_) => {
                let note = "this is no git repository, so env files can't get into one by mistake";
                self.notes.push(("no-repository", note.to_owned()));
                return;
            }
            None => {
                let title = "without git nobody can tell whether env files are kept out of version control";
                self.diagnostics.push(unplaced_warning("no-git", title));
                return;
            }
        };
        for entry in model.env_files.values() {
            let open: Vec<String> = asked
                .iter()
                .filter(|(owner, _)| owner.name == entry.name)
                .map(|(_, path)| path.display().to_string())
                .filter(|path| !ignored.contains(&path.as_str()))
                .collect();
            if open.is_empty() {
                continue;
            }
            let shown = entry.path.display().to_string();
            let title = format!("git does not ignore the secrets in {shown}");
            let mut fault =
                Diagnostic::error("env-files-not-ignored", title, entry.path_span, "would be committed");
            if doors.files.kind(&model.root.join(&entry.path)) != FileKind::Missing {
                fault = fault.note(format!("not ignored: {}", list::and_ticked(&open)));
            }
            self.diagnostics.push(fault.help(format!("add `/{shown}` to .gitignore")).help(
                "where git has the file already: `git rm --cached`, and take its secrets for known to others",
            ));
        }
    }

    /// The programs that Shipway itself calls.
    fn tools(&mut self, doors: &Doors, model: &Model) {
        match probe::ask(doors, &model.root, "git", &["--version"], "") {
            Some(reply) => self.notes.push(("tool", reply.out.trim().to_owned())),
            None => self.notes.push(("missing-tool", "git is not installed".to_owned())),
        }
        let needed = |word: &&str| model.workspaces.values().any(|each| each.engine.program() == *word);
        for engine in Engine::WORDS.into_iter().filter(needed) {
            let words: &[&str] = if engine == PULUMI { &["version"] } else { &["version", "-json"] };
            let reply = probe::ask(doors, &model.root, engine, words, "");
            let note = reply.filter(|reply| reply.status == 0).and_then(|reply| match engine {
                PULUMI => Some(format!("{engine} {}", reply.out.trim().trim_start_matches('v'))),
                _ => version::parse(&reply.out)
                    .map(|installed| format!("{engine} {} ({})", installed.version, installed.platform)),
            });
            match note {
                Some(note) => self.notes.push(("tool", note)),
                None => {
                    let title = format!("{engine} is not installed, or not in PATH; the workspaces need it");
                    self.diagnostics.push(unplaced_warning("missing-tool", &title));
                }
            }
        }
    }

    /// Diagnostics first, then the notes in the same shape.
    fn json(&self, model: &Model) -> Json {
        let mut rows = match to_json(&model.sources, &self.diagnostics) {
            Json::Array(rows) => rows,
            other => vec![other],
        };
        rows.extend(self.notes.iter().map(|(code, note)| {
            json!({
                "severity": "note", "code": code, "title": note, "file": null, "line": null, "column": null,
                "end_line": null, "end_column": null, "labels": [], "notes": [], "help": [],
            })
        }));
        Json::Array(rows)
    }
}

/// A warning that no place in the file stands for.
fn unplaced_warning(code: &'static str, title: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        code,
        title: title.to_owned(),
        labels: Vec::new(),
        notes: Vec::new(),
        help: Vec::new(),
    }
}
