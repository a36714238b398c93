//! The order in which diagnostics are told, the same for people and programs.

use super::Diagnostic;

/// Errors before warnings, each by its place; what has no place comes first, for it concerns the whole. What
/// is said twice about one place (a file that is included twice) is told once.
pub(super) fn ordered(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    fn key<'a>(diagnostic: &&'a Diagnostic) -> impl Ord + use<'a> {
        (diagnostic.severity, diagnostic.span(), diagnostic.code, diagnostic.title.as_str())
    }
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(key);
    ordered.dedup_by(|later, earlier| key(later) == key(earlier));
    ordered
}

#[cfg(test)]
mod tests {
    use super::super::{Sources, Span};
    use super::*;

    #[test]
    fn errors_come_before_warnings_each_by_place_and_once() {
        let mut sources = Sources::default();
        let (first, second) = (sources.add("a", ""), sources.add("b", ""));
        let error = |source, start| Diagnostic::error("e", "error", Span::new(source, start, start + 1), "");
        let warning = Diagnostic::warning("w", "warning", Span::new(first, 0, 1), "");
        let placeless = Diagnostic { labels: vec![], ..error(first, 0) };
        let given = [
            warning.clone(),
            error(second, 0),
            error(first, 7),
            error(first, 2),
            error(first, 7),
            placeless.clone(),
        ];
        let expected = [&placeless, &error(first, 2), &error(first, 7), &error(second, 0), &warning];
        assert_eq!(ordered(&given), expected);
    }
}
