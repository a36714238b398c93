//! `import`: another tool's task file becomes a tasks file.

mod make;

use std::path::Path;

use super::probe;
use crate::cli::builtin::ImportFrom;
use crate::cli::format::format;
use crate::cli::options::Options;
use crate::cli::{print, project, session};
use crate::diagnostic::{Fault, FaultKind};
use crate::import::make::is_dotenv;
use crate::import::{Imported, Loss, MakeFile, Origin, just, mise, render, taskfile};
use crate::masking::env_value_is_secret;
use crate::os::Doors;
use crate::os::files::{FileKind, real_path};
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
    let (imported, files) = read(doors, options, (origin, &path, &name), &source)?;
    let text = render(&imported, &name);
    refuse_secrets(doors, &files, &text, &name)?;
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
fn refuse_secrets(doors: &Doors, files: &[MakeFile], text: &str, name: &str) -> Result<(), Fault> {
    let (lists, files): (Vec<&MakeFile>, Vec<&MakeFile>) = files.iter().partition(|file| is_dotenv(file));
    let sources: Vec<&str> = files.iter().map(|file| file.text.as_str()).collect();
    for file in lists {
        let entries =
            file.text.lines().filter_map(|line| line.trim().trim_start_matches("export ").split_once('='));
        let held = entries
            .map(|(variable, value)| (variable.trim_end_matches([' ', ':', '?']), value.trim()))
            .find(|(variable, value)| {
                let value = value.trim_matches(['"', '\'']);
                env_value_is_secret(variable, value.as_bytes(), &[], &[]) && holds(text, value, &sources)
            });
        if let Some((variable, _)) = held {
            let what = format!(
                "a tasks file made of {name} would hold the value of {variable} of {}, which may be a secret",
                file.name
            );
            return Err(Fault::new(FaultKind::Refused, what)
                .hint(format!("let commands find it in their environment: `$${variable}`")));
        }
    }
    let held = doors.environment.variables.iter().find_map(|(variable, value)| {
        let (variable, value) = (variable.to_str()?, value.to_str()?);
        let is_secret = !value.starts_with('/') && env_value_is_secret(variable, value.as_bytes(), &[], &[]);
        (is_secret && holds(text, value, &sources)).then_some(variable)
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

/// Whether a tasks file holds a value, or a telling part of one, that stands in none of the files which it was made of. Only there is it
/// the caller's own: what a project's file says is no secret.
fn holds(text: &str, value: &str, sources: &[&str]) -> bool {
    // The other tool may have read a `$` and split at the end of a line; a string of the new file has its quotes in its own way.
    let parts = value.split(['\n', '$', '"', '\'', '\\']).map(str::trim);
    std::iter::once(value.trim())
        .chain(parts.filter(|part| env_value_is_secret("", part.as_bytes(), &[], &[])))
        .any(|part| text.contains(part) && !sources.iter().any(|source| source.contains(part)))
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

/// What is made of the file, and all files that were read for it.
fn read(
    doors: &Doors,
    options: &Options,
    (origin, path, name): (Origin, &Path, &str),
    source: &str,
) -> Result<(Imported, Vec<MakeFile>), Fault> {
    let imported = match origin {
        Origin::Task => taskfile::read(name, source),
        Origin::Mise => mise::read(name, source),
        Origin::Just => {
            let words = ["--justfile", name, "--dump", "--dump-format", "json"];
            just::read(name, source, &ask(doors, path, "just", &words)?)
        }
        Origin::Make => return make::read(doors, options, (path, name), source),
    };
    let wrong = |why: String| Fault::new(FaultKind::File, format!("{name} could not be understood: {why}"));
    let file = MakeFile { name: name.to_owned(), text: source.to_owned() };
    Ok((imported.map_err(wrong)?, vec![file]))
}

/// What a program says of its own file.
fn ask(doors: &Doors, path: &Path, tool: &str, words: &[&str]) -> Result<String, Fault> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    match probe::ask(doors, dir, tool, words, "") {
        Some(reply) if reply.status == 0 => Ok(reply.out),
        Some(reply) => Err(Fault::new(
            FaultKind::File,
            format!("{tool} could not read {} (status {})", path.display(), reply.status),
        )
        .hint(format!("`{tool}` itself says why"))),
        None => Err(Fault::new(FaultKind::World, format!("`{tool}` has to be there to read its own file"))
            .hint(format!("install {tool} until the import is done"))),
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
