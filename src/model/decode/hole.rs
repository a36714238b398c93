//! Finds the `{{ }}` of a text.
//!
//! Only `{{` is special. A literal one is written `{{ "{{" }}`: a quoted text between the braces stands for itself. A hole
//! ends at the first `}}` and never spans lines, so a forgotten end is found where it was forgotten.

use std::ops::Range;

/// Something between `{{` and `}}`, or without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// `{{ inner }}`: its range, and that of the trimmed inside.
    Hole(Range<usize>, Range<usize>),
    /// `{{ "text" }}`: its range, and that of the text.
    Literal(Range<usize>, Range<usize>),
    /// `{{` without `}}` on its line.
    Unclosed(Range<usize>),
}

/// All of them, in order.
pub(super) fn scan(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("{{").map(|offset| at + offset) {
        let inside = start + 2;
        let next = literal(text, start).or_else(|| hole(text, start));
        at = match &next {
            Some(Found::Literal(range, _) | Found::Hole(range, _)) => range.end,
            _ => inside,
        };
        found.push(next.unwrap_or(Found::Unclosed(start..inside)));
    }
    found
}

fn literal(text: &str, start: usize) -> Option<Found> {
    let inside = &text[start + 2..];
    let quoted = inside.trim_start_matches([' ', '\t']);
    let quote = quoted.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let text_start = start + 2 + (inside.len() - quoted.len()) + 1;
    let text_end = text_start + text[text_start..].find(quote)?;
    let rest = &text[text_end + 1..];
    let closing = rest.trim_start_matches([' ', '\t']);
    let end = text_end + 1 + (rest.len() - closing.len()) + 2;
    let closed = closing.starts_with("}}") && !text[text_start..text_end].contains('\n');
    closed.then_some(Found::Literal(start..end, text_start..text_end))
}

fn hole(text: &str, start: usize) -> Option<Found> {
    let inside = start + 2;
    let close = inside + text[inside..].find("}}")?;
    let inner = &text[inside..close];
    if inner.contains('\n') || inner.contains("{{") {
        return None;
    }
    let left = inside + (inner.len() - inner.trim_start().len());
    Some(Found::Hole(start..close + 2, left..left + inner.trim().len()))
}

#[cfg(test)]
mod tests {
    use super::{Found, scan};

    #[test]
    fn holes_literals_and_forgotten_ends_are_told_apart() {
        assert_eq!(scan("a {{ x }}b"), [Found::Hole(2..9, 5..6)]);
        assert_eq!(scan("${A{{x}}}"), [Found::Hole(3..8, 5..6)]);
        assert_eq!(scan("{{ \"{{\" }}.ID}}"), [Found::Literal(0..10, 4..6)]);
        assert_eq!(scan("{{ x\n}}"), [Found::Unclosed(0..2)]);
        assert_eq!(scan("{{ {{ x }}"), [Found::Unclosed(0..2), Found::Hole(3..10, 6..7)]);
        assert_eq!(scan("{{}}"), [Found::Hole(0..4, 2..2)]);
        assert_eq!(scan("} }} {"), []);
    }
}
