//! Finds and loads the tasks file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Fault, FaultKind, render, summary};
use crate::model::{LoadFailure, Model, SourceLoader, load};
use crate::os::Doors;
use crate::os::files::{FileKind, access, real_path};
use crate::os::sources::{Distrust, SourceFiles, distrust, shown};

/// The name of a tasks file.
pub(super) const FILE: &str = "tasks.toml";

/// Why there is no model.
#[derive(Debug)]
pub(super) enum ProjectFault {
    /// No file, or one that may not be used.
    Fault(Fault),
    /// The file is wrong.
    Wrong(Box<LoadFailure>),
}

impl ProjectFault {
    /// As the end of a command.
    pub(super) fn into_fault(self, colour: bool) -> Fault {
        match self {
            Self::Fault(fault) => fault,
            Self::Wrong(failure) => {
                let message = summary(&failure.sources, &failure.diagnostics).unwrap_or_default();
                let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
                let mut fault = Fault::new(FaultKind::File, message);
                let drawn = render(&failure.sources, &failure.diagnostics, colour);
                fault.details = drawn.lines().map(str::to_owned).collect();
                if let Some(span) = failure.diagnostics.iter().find_map(crate::diagnostic::Diagnostic::span) {
                    let position = failure.sources.position(span);
                    let file = failure.sources.path(span.source).display().to_string();
                    fault = fault.at(file, position.line, position.column);
                }
                fault
            }
        }
    }
}

/// Loads the file that `named` names, or that is found from where the user stands.
pub(super) fn load_project(doors: &Doors, named: Option<&Path>) -> Result<Arc<Model>, ProjectFault> {
    load_with(doors, named, |_, _| None)
}

/// The same; where `part` can give what is needed of the file, the rest of it is not read.
pub(super) fn load_with(
    doors: &Doors,
    named: Option<&Path>,
    part: impl FnOnce(&Path, &dyn SourceLoader) -> Option<Model>,
) -> Result<Arc<Model>, ProjectFault> {
    let here = &doors.environment.current_dir;
    let file = locate(doors, named).map_err(ProjectFault::Fault)?;
    let any_owner = doors.environment.is_ci();
    trusted(&file, any_owner).map_err(ProjectFault::Fault)?;
    let root = file.parent().unwrap_or(Path::new("/"));
    let loader = SourceFiles { files: doors.files.as_ref(), here: &real_path(here), root, any_owner };
    match part(&file, &loader) {
        Some(model) => Ok(Arc::new(model)),
        None => load(&file, &loader).map(Arc::new).map_err(ProjectFault::Wrong),
    }
}

/// The tasks file, whether it is right or wrong.
pub(super) fn locate(doors: &Doors, named: Option<&Path>) -> Result<PathBuf, Fault> {
    let here = &doors.environment.current_dir;
    let Some(file) = named else { return find(doors, here).map(|file| real_path(&file)) };
    let file = here.join(file);
    let file = if doors.files.kind(&file) == FileKind::Folder { file.join(FILE) } else { file };
    if doors.files.kind(&file) != FileKind::File {
        let what = if doors.files.kind(&file) == FileKind::Folder { "is a folder" } else { "is no file" };
        let message = format!("{} {what}", shown(&file, here).display());
        return Err(Fault::new(FaultKind::Usage, message));
    }
    Ok(real_path(&file))
}

/// The project's folder, which has earlier runs even where the tasks file is wrong by now.
pub(super) fn root(doors: &Doors, named: Option<&Path>) -> Result<PathBuf, Fault> {
    let file = locate(doors, named)?;
    Ok(file.parent().map(Path::to_owned).unwrap_or_default())
}

/// In this folder or the nearest above it, no further than the git root, the home folder or a mount point.
fn find(doors: &Doors, here: &Path) -> Result<PathBuf, Fault> {
    let device = access(here).map(|access| access.device);
    let mut strange = Vec::new();
    for folder in here.ancestors() {
        if access(folder).map(|access| access.device) != device {
            break;
        }
        let file = folder.join(FILE);
        match doors.files.kind(&file) {
            FileKind::File => return Ok(file),
            FileKind::Folder => {
                strange.push(format!("{} is a folder, not a file", shown(&file, here).display()))
            }
            FileKind::Missing | FileKind::Other => {}
        }
        let is_git_root = doors.files.kind(&folder.join(".git")) != FileKind::Missing;
        if is_git_root || doors.environment.home() == Some(folder) {
            break;
        }
    }
    let fault = Fault::new(FaultKind::Usage, format!("there is no {FILE} here or in a folder above"))
        .detail(format!("looked from {}", here.display()));
    Err(strange
        .into_iter()
        .fold(fault, Fault::detail)
        .hint("make a project: `shipway new local DIR`")
        .hint("or name a file: `shipway -f FILE`"))
}

/// A file that another user could have written would run their commands as us.
fn trusted(file: &Path, any_owner: bool) -> Result<(), Fault> {
    let Some(distrust) = distrust(file, any_owner) else { return Ok(()) };
    let fault = Fault::new(FaultKind::Refused, format!("{}: {distrust}", file.display()));
    Err(match distrust {
        Distrust::OtherOwner => {
            fault.hint("it would run that user's commands as you; copy it, or take it over with `chown`")
        }
        Distrust::OpenToAll => {
            fault.hint(format!("anybody could make it run commands as you: `chmod o-w {}`", file.display()))
        }
    })
}
