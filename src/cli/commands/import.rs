//! `import`: another tool's task file becomes a tasks file.

use std::path::Path;

use super::probe;
use crate::cli::builtin::ImportFrom;
use crate::cli::format::format;
use crate::cli::options::Options;
use crate::cli::{print, project, session};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Stream;
use crate::import::{Imported, Loss, Origin, just, make, mise, render, taskfile};
use crate::masking::env_value_is_secret;
use crate::os::Doors;
use crate::os::files::{FileKind, real_path};
use crate::os::terminal::say;
use crate::plan::Proposal;
use crate::report::ask::TerminalAsk;
use crate::run::{Answer, Ask as _, Question};
use crate::text::count::count;
use crate::text::visible::visible;

pub(super) fn run(
    doors: &Doors,
    options: &Options,
    file: &Path,
    from: Option<ImportFrom>,
    is_printed: bool,
) -> Result<u8, Fault> {
    let path = real_path(&doors.environment.current_dir.join(file));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let origin = from.map(Origin::from).or_else(|| Origin::of(&path)).ok_or_else(|| {
        Fault::new(FaultKind::Usage, format!("whose file is {name}?"))
            .hint("say it: `--from make`, `--from just`, `--from task` or `--from mise`")
    })?;
    let target = path.with_file_name(project::FILE);
    let is_printed = is_printed || options.dry_run;
    let is_there = doors.files.kind(&target) != FileKind::Missing || crate::os::files::is_link(&target);
    if !is_printed && !options.force && is_there {
        return Err(Fault::new(FaultKind::Refused, format!("{} is there already", project::FILE))
            .hint("`--print` shows the new one, `--force` replaces it"));
    }
    let bytes = doors.files.read(&path).map_err(|error| {
        Fault::new(FaultKind::Usage, format!("{} could not be read: {error}", file.display()))
    })?;
    let source = String::from_utf8_lossy(&bytes).into_owned();
    let imported = read(doors, options, (origin, &path, &name), &source)?;
    let text = render(&imported, &name);
    refuse_secrets(doors, &source, &text, &name)?;
    let text = format(&text).map_err(|fault| {
        Fault::new(FaultKind::Bug, format!("what was made of {name} is no tasks file: {fault}"))
            .hint("please report this with the file")
    })?;
    if !is_printed {
        doors.files.write(&target, text.as_bytes(), 0o644).map_err(|error| {
            Fault::new(FaultKind::World, format!("{} could not be written: {error}", target.display()))
        })?;
    }
    if options.json {
        let tasks: Vec<&str> = imported.tasks.iter().map(|task| task.name.as_str()).collect();
        let row = serde_json::json!({
            "file": name, "tasks": tasks, "lost": imported.losses, "written": (!is_printed).then_some(&target),
            "text": is_printed.then_some(&text),
        });
        print(&format!("{row}\n"));
        return Ok(0);
    }
    if is_printed {
        print(&text);
    } else {
        print(&visible(&told(&imported, &name)));
    }
    check(doors, options, is_printed, &target)
}

/// What the other tool had to expand may hold what the caller's environment keeps secret. A tasks file is for everybody.
fn refuse_secrets(doors: &Doors, source: &str, text: &str, name: &str) -> Result<(), Fault> {
    let held = doors.environment.variables.iter().find_map(|(variable, value)| {
        let (variable, value) = (variable.to_str()?, value.to_str()?);
        let is_there = source.contains(variable) && text.contains(value);
        (is_there && !value.starts_with('/') && env_value_is_secret(variable, value.as_bytes(), &[], &[]))
            .then_some(variable)
    });
    match held {
        None => Ok(()),
        Some(variable) => Err(Fault::new(
            FaultKind::Refused,
            format!("a tasks file made of {name} would hold the value of ${variable}, which may be a secret"),
        )
        .hint(format!(
            "import it without: `env -u {variable} shipway import {name}`; what then is empty wants `${{{variable}}}`"
        ))),
    }
}

/// Says what is wrong with the new file, if anything is: it is there to be corrected.
fn check(doors: &Doors, options: &Options, is_printed: bool, target: &Path) -> Result<u8, Fault> {
    if is_printed {
        return Ok(0);
    }
    match project::load_project(doors, Some(target)) {
        Ok(_) => Ok(0),
        Err(fault) => Err(fault
            .into_fault(session::facts(doors, options).colour)
            .hint("the file was written; what is wrong in it has to be corrected by hand")),
    }
}

fn told(imported: &Imported, name: &str) -> String {
    let mut text = format!("{} from {name} are in {}\n", count(imported.tasks.len(), "task"), project::FILE);
    if !imported.losses.is_empty() {
        text.push_str("\nnot carried over as it was:\n");
        for Loss { file, line, what } in &imported.losses {
            text.push_str(&format!("  {file}:{line}: {what}\n"));
        }
    }
    text
}

fn read(
    doors: &Doors,
    options: &Options,
    (origin, path, name): (Origin, &Path, &str),
    source: &str,
) -> Result<Imported, Fault> {
    let wrong = |why: String| Fault::new(FaultKind::File, format!("{name} could not be understood: {why}"));
    match origin {
        Origin::Task => taskfile::read(name, source).map_err(wrong),
        Origin::Mise => mise::read(name, source).map_err(wrong),
        Origin::Just => {
            let words = ["--justfile", name, "--dump", "--dump-format", "json"];
            just::read(name, source, &ask(doors, path, "just", (&words, ""), &[0])?).map_err(wrong)
        }
        Origin::Make => {
            if source.contains("$(shell")
                || source.contains("${shell")
                || source.contains("!=")
                || source.contains("include")
            {
                may_evaluate(doors, options, name)?;
            }
            // With a target of ours make reads everything, and makes nothing.
            let words = ["-prq", "-f", name, "-f", "-", make::NOTHING];
            let rule = format!(".PHONY: {0}\n{0}:\n", make::NOTHING);
            let database = ask(doors, path, "make", (&words, &rule), &[0, 1])?;
            let mut expand = |wanted: &make::Probe| expand(doors, path, name, wanted);
            Ok(make::read(name, source, &database, &mut expand))
        }
    }
}

/// What a program says of its own file, given words and standard input; `good` are the statuses that mean an answer.
fn ask(
    doors: &Doors,
    path: &Path,
    tool: &str,
    (words, stdin): (&[&str], &str),
    good: &[u8],
) -> Result<String, Fault> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    match probe::ask(doors, dir, tool, words, stdin) {
        Some(reply) if good.contains(&reply.status) => Ok(reply.out),
        Some(reply) => Err(Fault::new(
            FaultKind::File,
            format!("{tool} could not read {} (status {})", path.display(), reply.status),
        )
        .hint(format!("`{tool}` itself says why"))),
        None => Err(Fault::new(FaultKind::World, format!("`{tool}` has to be there to read its own file"))
            .hint(format!("install {tool} until the import is done"))),
    }
}

/// One text as make expands it: the Makefile is read first, then what we ask.
fn expand(doors: &Doors, path: &Path, name: &str, wanted: &make::Probe) -> Option<String> {
    const MARK: &str = "@shipway-import@";
    let mut text = String::new();
    for (name, value) in &wanted.variables {
        text.push_str(&format!("{name} := {value}\n"));
    }
    text.push_str(&format!("define shipway-text\n{}\nendef\n", wanted.text));
    text.push_str(&format!("$(info {MARK}$(shipway-text){MARK})\n{}:\n", make::NOTHING));
    let words = ["-rq", "-f", name, "-f", "-", make::NOTHING];
    let reply = probe::ask(doors, path.parent()?, "make", &words, &text)?;
    let (_, rest) = reply.out.split_once(MARK)?;
    rest.split_once(MARK).map(|(text, _)| text.to_owned())
}

/// Reading a Makefile runs what stands in it: nobody is surprised by that.
fn may_evaluate(doors: &Doors, options: &Options, name: &str) -> Result<(), Fault> {
    let facts = session::facts(doors, options);
    let mut ask = TerminalAsk::new(facts, options.json, options.yes, Vec::new());
    let question = Question::Approve(Proposal {
        question: format!("make reads {name} for the import and runs every `$(shell …)` in it. Let it?"),
        changes: Vec::new(),
        words: Vec::new(),
    });
    let silent = ask.is_silent(&question);
    match ask.ask(&question) {
        Answer::Approved { .. } => {
            if silent && !options.json {
                say(
                    Stream::Err,
                    &format!("note: make evaluates {name}, every `$(shell …)` in it included\n"),
                );
            }
            Ok(())
        }
        Answer::Refused(fault) => Err(fault),
        Answer::Interrupted => Err(Fault::new(FaultKind::Interrupted, "interrupted")),
        Answer::Declined | Answer::Text(_) => Err(Fault::new(FaultKind::Declined, "nothing was imported")),
    }
}

impl From<ImportFrom> for Origin {
    fn from(from: ImportFrom) -> Self {
        match from {
            ImportFrom::Make => Self::Make,
            ImportFrom::Just => Self::Just,
            ImportFrom::Task => Self::Task,
            ImportFrom::Mise => Self::Mise,
        }
    }
}
