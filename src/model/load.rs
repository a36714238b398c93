//! From the text of a tasks file to a `Model`, or to everything that is wrong with it.

use std::path::{Path, PathBuf};

use super::files::{TextArena, read_all};
use super::names::Names;
use super::{Model, check, decode};
use crate::diagnostic::{Diagnostic, Severity, Sources, Span};

/// Reads files for the loader; floor 4 implements it.
pub trait SourceLoader {
    /// The text of `path` (absolute), or why it can't be had.
    fn load(&self, path: &Path) -> Result<LoadedText, String>;
    /// Of a file that is no text from some byte on: what can be shown of it, and that byte's place in it.
    fn torn(&self, _path: &Path) -> Option<(LoadedText, usize)> {
        None
    }
    /// Whether there is anything at `path` (absolute).
    fn is_there(&self, path: &Path) -> bool {
        self.is_folder(path) || self.load(path).is_ok()
    }
    /// Whether `path` (absolute) is a folder.
    fn is_folder(&self, path: &Path) -> bool;
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct LoadedText {
    /// The name to show it under.
    pub shown: PathBuf,
    /// Its text.
    pub text: String,
}

/// Why there is no model: everything that is wrong, at once.
#[derive(Clone, Debug)]
pub struct LoadFailure {
    /// The texts that the diagnostics point into.
    pub sources: Sources,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// Faults that a definition lost to a syntax error or an unreadable include may have caused: told only where there is none.
const NEEDS_WHOLE_FILE: &[&str] = &[
    "unknown-task",
    "unknown-variable",
    "unknown-argument",
    "unknown-workspace",
    "unknown-environment",
    "unknown-env-files",
    "missing-key",
];

/// Reads and checks the tasks file `file` (absolute).
pub fn load(file: &Path, loader: &dyn SourceLoader) -> Result<Model, Box<LoadFailure>> {
    let arena = TextArena::default();
    let mut sources = Sources::default();
    let mut faults = Vec::new();
    let Some(reading) = read_all(file, loader, &arena, &mut sources, &mut faults) else {
        return Err(failure(sources, faults));
    };
    let names = Names::gather(&reading.files);
    let mut decoded = Vec::new();
    let mut model = decode::decode(file, &reading.files, &names, &mut decoded);
    if reading.doubtful.is_empty() && !reading.incomplete {
        check::check(&mut model, &names, &mut decoded);
    } else {
        decoded.retain(|fault| is_certain(fault, &reading.doubtful));
    }
    faults.append(&mut decoded);
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(failure(sources, faults));
    }
    faults.append(&mut check::warnings(&model));
    sort(&mut faults);
    model.sources = sources;
    model.warnings = faults;
    Ok(model)
}

fn failure(sources: Sources, mut diagnostics: Vec<Diagnostic>) -> Box<LoadFailure> {
    sort(&mut diagnostics);
    Box::new(LoadFailure { sources, diagnostics })
}

/// Whether a fault of a file with syntax errors is none of their echoes.
fn is_certain(fault: &Diagnostic, doubtful: &[Span]) -> bool {
    let inside = |span: &Span, stretch: &Span| {
        span.source == stretch.source && stretch.start <= span.start && span.start < stretch.end
    };
    !NEEDS_WHOLE_FILE.contains(&fault.code)
        && fault
            .labels
            .first()
            .is_none_or(|label| !doubtful.iter().any(|stretch| inside(&label.span, stretch)))
}

/// In the order of their places.
fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| {
        diagnostic.labels.first().map(|label| (label.span.source, label.span.start))
    });
}
