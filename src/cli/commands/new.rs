//! `new`: a project from a template.

use std::path::{Path, PathBuf};

use crate::cli::options::Options;
use crate::cli::print;
use crate::diagnostic::{Fault, FaultKind};
use crate::os::files::FileKind;
use crate::os::{Doors, tree};
use crate::template::{TEMPLATES, Template, project_name};
use crate::text::count::count;
use crate::text::{list, quote, suggest};

pub(super) fn run(doors: &Doors, options: &Options, template: &str, dir: &Path) -> Result<u8, Fault> {
    let template = Template::find(template).ok_or_else(|| unknown(template))?;
    let target = without_dots(&doors.environment.current_dir.join(dir));
    refuse_used(doors, &target, dir)?;
    let name = project_name(&target.file_name().unwrap_or_default().to_string_lossy());
    let files = template.render(&name);
    if !options.dry_run {
        tree::create(&target, &files).map_err(|error| {
            Fault::new(FaultKind::World, format!("{} could not be made: {error}", dir.display()))
        })?;
    }
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    if options.json {
        let report = serde_json::json!({
            "template": template.name, "dir": target, "name": name, "files": paths, "made": !options.dry_run,
        });
        print(&format!("{report}\n"));
    } else if options.dry_run {
        let lines: String = paths.iter().map(|path| format!("  {}\n", dir.join(path).display())).collect();
        print(&format!("would make the project {name}:\n{lines}dry run: nothing was made\n"));
    } else {
        print(&made(doors, dir, &target, &name, paths.len()));
    }
    Ok(0)
}

fn made(doors: &Doors, dir: &Path, target: &Path, name: &str, files: usize) -> String {
    let place = dir.display().to_string();
    let mut text = format!("made the project {name} in {place}: {}\n\nnext:\n", count(files, "file"));
    if target != doors.environment.current_dir {
        text.push_str(&format!("  cd {}\n", quote::shell(&place)));
    }
    text.push_str("  shipway check\n  shipway up --dry-run\n  shipway up\n");
    text
}

fn unknown(name: &str) -> Fault {
    let names: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
    let fault = Fault::new(FaultKind::Usage, format!("there is no template `{name}`"));
    match suggest::nearest(name, names.iter().copied()) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None if names.len() == 1 => fault.hint(format!("there is {}", list::and_ticked(&names))),
        None => fault.hint(format!("there are {}", list::and_ticked(&names))),
    }
}

/// A new project never mixes with what is there.
fn refuse_used(doors: &Doors, target: &Path, dir: &Path) -> Result<(), Fault> {
    let shown = dir.display();
    let refused = |message: String| Fault::new(FaultKind::Refused, message).hint("name a folder that is new");
    match doors.files.kind(target) {
        FileKind::Missing => Ok(()),
        FileKind::Folder => match doors.files.list(target) {
            Ok(names) if names.is_empty() => Ok(()),
            Ok(_) => Err(refused(format!("{shown} is not empty"))),
            Err(error) => {
                Err(Fault::new(FaultKind::World, format!("{shown} could not be looked into: {error}")))
            }
        },
        FileKind::File | FileKind::Other => Err(refused(format!("{shown} exists and is no folder"))),
    }
}

/// `path` without `.` and `..`, by its text: a folder that is to be made can't be asked where it leads.
fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
