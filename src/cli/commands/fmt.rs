//! `fmt`: brings the tasks file, and those that it includes, into shape.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::cli::format::{FormatFault, format};
use crate::cli::options::Options;
use crate::cli::{print, project, session};
use crate::diagnostic::{Fault, FaultKind};
use crate::os::Doors;
use crate::os::files::{FileKind, access, real_path};
use crate::text::count::count;
use crate::text::visible::visible;

/// A file whose text is known in both shapes.
struct Formatted {
    path: PathBuf,
    /// From the project's folder.
    shown: String,
    before: String,
    after: String,
}

impl Formatted {
    fn is_changed(&self) -> bool {
        self.before != self.after
    }

    fn diff(&self) -> String {
        let diff = TextDiff::from_lines(&self.before, &self.after);
        let (old, new) = (format!("a/{}", self.shown), format!("b/{}", self.shown));
        diff.unified_diff().header(&old, &new).to_string()
    }
}

pub(super) fn run(doors: &Doors, options: &Options, check: bool) -> Result<u8, Fault> {
    let main = project::locate(doors, options.file.as_deref())?;
    let files = gather(doors, options, &main)?;
    let changed: Vec<&Formatted> = files.iter().filter(|file| file.is_changed()).collect();
    let is_looking = check || options.dry_run;
    if !is_looking {
        for file in &changed {
            let mode = access(&file.path).map_or(0o644, |access| access.mode & 0o777);
            doors.files.write(&file.path, file.after.as_bytes(), mode).map_err(|error| {
                Fault::new(FaultKind::World, format!("{} could not be written: {error}", file.shown))
            })?;
        }
    }
    for file in &files {
        if options.json {
            let diff = file.is_changed().then(|| file.diff());
            let row = serde_json::json!({
                "file": file.shown, "in_shape": !file.is_changed(), "written": file.is_changed() && !is_looking, "diff": diff,
            });
            print(&format!("{row}\n"));
        } else if file.is_changed() && is_looking {
            print(&visible(&file.diff()));
        } else if file.is_changed() {
            print(&format!("formatted {}\n", file.shown));
        }
    }
    if !options.json && changed.is_empty() {
        print(&format!("{} in shape\n", count(files.len(), "file")));
    }
    Ok(u8::from(check && !changed.is_empty()))
}

/// The file and all that it includes, each once.
fn gather(doors: &Doors, options: &Options, main: &Path) -> Result<Vec<Formatted>, Fault> {
    let root = main.parent().unwrap_or(Path::new("/"));
    let mut open = vec![main.to_owned()];
    let mut known: BTreeSet<PathBuf> = open.iter().cloned().collect();
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let bytes = doors
            .files
            .read(&path)
            .map_err(|error| Fault::new(FaultKind::World, format!("{shown} could not be read: {error}")))?;
        let wrong = |what: String| Fault::new(FaultKind::File, format!("{shown}: {what}"));
        // The loader tells every error of the file at its place.
        let told = |what: String| match project::load_project(doors, Some(main)) {
            Err(fault) => fault.into_fault(session::facts(doors, options).colour),
            Ok(_) => wrong(what),
        };
        let before = String::from_utf8(bytes).map_err(|_| told("it is no UTF-8".to_owned()))?;
        let after = format(&before).map_err(|fault| match fault {
            FormatFault::Changed => Fault::new(FaultKind::Bug, format!("{shown}: {fault}"))
                .hint("nothing was written; please report this with the file"),
            FormatFault::Syntax(_) => told(fault.to_string()),
        })?;
        let folder = path.parent().unwrap_or(root);
        let inside = includes(&before).into_iter().map(|name| {
            let path = folder.join(name);
            real_path(&if doors.files.kind(&path) == FileKind::Folder {
                path.join(project::FILE)
            } else {
                path
            })
        });
        // Another project's file is not ours to write; that it may not be included is `check`'s to tell.
        for path in inside.filter(|path| path.starts_with(root) && doors.files.kind(path) == FileKind::File) {
            if known.insert(path.clone()) {
                open.push(path);
            }
        }
        files.push(Formatted { path, shown, before, after });
    }
    files[1..].sort_by(|one, other| one.shown.cmp(&other.shown));
    Ok(files)
}

/// What `[include]` names, as far as it can be understood.
fn includes(text: &str) -> Vec<String> {
    let table: toml::Table = toml::from_str(text).unwrap_or_default();
    let include = table.get("include").and_then(toml::Value::as_table);
    include
        .into_iter()
        .flat_map(toml::Table::values)
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}
