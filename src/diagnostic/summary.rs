//! The line that closes a list of diagnostics.

use super::order::ordered;
use super::{Diagnostic, Severity, Sources};
use crate::text::{count::count, list::and_ticked};

/// More files than this are counted instead of named.
const MOST_NAMED_FILES: usize = 3;

/// `` error: `tasks.toml` has 3 errors and 1 warning ``; `None` where there is nothing to close.
pub fn summary(sources: &Sources, diagnostics: &[Diagnostic]) -> Option<String> {
    let ordered = ordered(diagnostics);
    let errors = ordered.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let warnings = ordered.len() - errors;
    let (heading, counts) = match (errors, warnings) {
        (0, 0) => return None,
        (0, _) => ("warning", count(warnings, "warning")),
        (_, 0) => ("error", count(errors, "error")),
        _ => ("error", format!("{} and {}", count(errors, "error"), count(warnings, "warning"))),
    };
    let mut files = Vec::new();
    for span in ordered.iter().filter_map(|diagnostic| diagnostic.span()) {
        let file = sources.path(span.source).display().to_string();
        if !files.contains(&file) {
            files.push(file);
        }
    }
    Some(match files.len() {
        0 => format!("{heading}: {counts}"),
        1 => format!("{heading}: {} has {counts}", and_ticked(&files)),
        2..=MOST_NAMED_FILES => format!("{heading}: {} have {counts}", and_ticked(&files)),
        several => format!("{heading}: {} have {counts}", count(several, "file")),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Span;
    use super::*;

    /// The summary of faults at the given files and offsets, `None` being a fault without a place.
    fn summarized(errors: &[Option<(usize, usize)>], warnings: &[Option<(usize, usize)>]) -> Option<String> {
        let mut sources = Sources::default();
        let ids: Vec<_> =
            ["tasks.toml", "a.toml", "b.toml", "c.toml"].map(|path| sources.add(path, "text")).into();
        let at = |severity, place: &Option<(usize, usize)>| {
            let (file, start) = place.unwrap_or_default();
            let mut diagnostic = Diagnostic::error("rule", "title", Span::new(ids[file], start, start), "");
            diagnostic.severity = severity;
            if place.is_none() {
                diagnostic.labels.clear();
            }
            diagnostic
        };
        let errors = errors.iter().map(|place| at(Severity::Error, place));
        let warnings = warnings.iter().map(|place| at(Severity::Warning, place));
        summary(&sources, &errors.chain(warnings).collect::<Vec<_>>())
    }

    #[test]
    fn counts_are_told_with_their_file() {
        let told = |errors: &[_], warnings: &[_]| summarized(errors, warnings).expect("a summary");
        let (one, two) = (Some((0, 0)), Some((0, 1)));
        assert_eq!(told(&[one], &[]), "error: `tasks.toml` has 1 error");
        assert_eq!(told(&[one, two, two], &[one]), "error: `tasks.toml` has 2 errors and 1 warning");
        assert_eq!(told(&[], &[one, two]), "warning: `tasks.toml` has 2 warnings");
        assert_eq!(told(&[None], &[]), "error: 1 error");
        assert_eq!(summarized(&[], &[]), None);
    }

    #[test]
    fn a_few_files_are_named_and_many_counted() {
        let told = |files: usize| {
            summarized(&(0..files).map(|file| Some((file, 0))).collect::<Vec<_>>(), &[]).expect("a summary")
        };
        assert_eq!(told(3), "error: `tasks.toml`, `a.toml` and `b.toml` have 3 errors");
        assert_eq!(told(4), "error: 4 files have 4 errors");
    }
}
