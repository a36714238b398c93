//! `--report FILE`: a run as a document, written when the run is over.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::options::Options;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Event;
use crate::os::Doors;
use crate::os::files::FileKind;
use crate::report::document::{DocumentKind, RunRecord};
use crate::run::Observer;

/// A document holds nothing that the log of a CI job does not hold too: it is masked, and for whoever may read that.
const MODE: u32 = 0o644;

/// The documents that are wanted; refused before anything runs where one could not be written.
pub(super) fn wanted(doors: &Doors, options: &Options) -> Result<Vec<(PathBuf, DocumentKind)>, Fault> {
    let mut wanted = Vec::new();
    for path in &options.report {
        let Some(kind) = DocumentKind::of(path) else {
            let message = format!("`--report {}`: its ending names no kind of report", path.display());
            return Err(Fault::new(FaultKind::Usage, message)
                .hint("`.xml` is JUnit, `.json` is JSON, `.md` is Markdown"));
        };
        let path = doors.environment.current_dir.join(path);
        let folder = path.parent().unwrap_or(&path);
        if doors.files.kind(folder) != FileKind::Folder {
            let message = format!("the folder {} for the report does not exist", folder.display());
            return Err(Fault::new(FaultKind::Usage, message).hint("make it, or name another file"));
        }
        wanted.push((path, kind));
    }
    if !wanted.is_empty() && options.dry_run {
        return Err(Fault::new(FaultKind::Usage, "a dry run runs nothing that `--report` could tell of"));
    }
    Ok(wanted)
}

/// Refuses reports of a command that runs nothing.
pub(super) fn refuse(options: &Options) -> Result<(), Fault> {
    match options.report.first() {
        None => Ok(()),
        Some(_) => {
            Err(Fault::new(FaultKind::Usage, "this command runs nothing that `--report` could tell of")
                .hint("of an earlier run: `shipway logs RUN --report FILE`"))
        }
    }
}

/// Writes the documents.
pub(super) fn write(
    doors: &Doors,
    wanted: &[(PathBuf, DocumentKind)],
    record: &RunRecord,
) -> Result<(), Fault> {
    for (path, kind) in wanted {
        doors.files.write(path, kind.render(record).as_bytes(), MODE).map_err(|error| {
            let message = format!("the report {} could not be written: {error}", path.display());
            Fault::new(FaultKind::World, message)
                .hint("`shipway logs --report FILE` writes it of the run that is over")
        })?;
    }
    Ok(())
}

/// Hands events on, and keeps what a document needs of them.
pub(super) struct Recording {
    pub(super) shown: Box<dyn Observer>,
    pub(super) record: Arc<Mutex<RunRecord>>,
}

impl Observer for Recording {
    fn event(&mut self, event: &Event) {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).note(event);
        self.shown.event(event);
    }

    fn idle(&mut self) {
        self.shown.idle();
    }

    fn tick(&mut self) {
        self.shown.tick();
    }

    fn pause(&mut self) {
        self.shown.pause();
    }

    fn resume(&mut self) {
        self.shown.resume();
    }

    fn abandon(&mut self) {
        self.shown.abandon();
    }
}
