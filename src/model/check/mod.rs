//! What only the decoded whole can tell: clashing names, wrong calls, cycles, secrets in the open.
//!
//! Each check walks the model once and reports all it finds. Nothing here changes the model but `secrets::spread`.

mod calls;
mod clashes;
mod cycles;
mod exports;
mod rollout;
mod secrets;
mod steps;
pub(super) mod uses;
mod waits;
mod warnings;

use super::Model;
use super::names::Names;
use crate::diagnostic::Diagnostic;

/// Runs every check.
pub(super) fn check(model: &mut Model, names: &Names, faults: &mut Vec<Diagnostic>) {
    clashes::check(model, names, faults);
    calls::check(model, faults);
    steps::check(model, faults);
    cycles::check(model, faults);
    exports::check(model, faults);
    rollout::check(model, faults);
    secrets::spread(model);
    secrets::check(model, faults);
}

/// Warnings of a model without errors; beside an error they would often be its echo.
pub(super) fn warnings(model: &Model) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    warnings::check(model, &mut warnings);
    warnings
}
