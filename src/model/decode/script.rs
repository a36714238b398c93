//! Scripts: the one place where a text meets `script::classify`.

use std::ops::Range;

use toml::de::DeValue;

use super::reader::{Node, Reader, Subject};
use super::template::{Flat, Scope, variadic};
use crate::diagnostic::Diagnostic;
use crate::model::expression::Hole;
use crate::model::script::{Place, PlaceFault, Script, classify};

impl<'f> Reader<'f, '_> {
    /// The script in `node`.
    pub(super) fn script(&mut self, what: Subject<'_>, node: Node<'f>, scope: Scope<'_>) -> Option<Script> {
        let DeValue::String(text) = node.get_ref() else {
            self.wrong_type(what, "a string", node);
            return None;
        };
        let span = self.at(node);
        if text.trim().is_empty() {
            self.fault(Diagnostic::error("empty", format!("{what} is empty"), span, "empty"));
            return None;
        }
        let flat = self.flat(node, scope);
        let ranges: Vec<Range<usize>> = flat.holes.iter().map(|(range, _)| range.clone()).collect();
        let classified = match classify(&flat.text, &ranges) {
            Ok(classified) => classified,
            Err(faults) => {
                for fault in faults {
                    let place = self.span(flat.source(fault.range.clone()));
                    self.fault(misplaced(fault, place));
                }
                return None;
            }
        };
        let holes: Vec<(Range<usize>, Hole)> = flat
            .holes
            .iter()
            .map(|(range, hole)| Some((range.clone(), hole.clone()?)))
            .collect::<Option<_>>()?;
        for ((range, hole), place) in holes.iter().zip(&classified.places) {
            if scope.is_variadic(&hole.reference) && !(*place == Place::Bare && is_whole_word(&flat, range)) {
                self.fault(variadic(hole, "it has to be a whole word, without quotes"));
                return None;
            }
        }
        Some(Script::new(&flat.text, holes, classified, span))
    }
}

/// Whether nothing of the same word stands beside the hole; a quote would, so an escaped blank is all that can deceive.
fn is_whole_word(flat: &Flat, range: &Range<usize>) -> bool {
    let ends_word = |c: char| c.is_ascii_whitespace() || ";&|()<>".contains(c);
    let before = &flat.text[..range.start];
    let starts = before.is_empty()
        || before.ends_with(ends_word) && !before[..before.len() - 1].ends_with('\\')
        || before.ends_with("\\\n");
    let after = &flat.text[range.end..];
    starts && (after.is_empty() || after.starts_with(ends_word) || after.starts_with("\\\n"))
}

fn misplaced(fault: PlaceFault, place: crate::diagnostic::Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(fault.code, fault.title, place, "");
    if fault.help.is_empty() { diagnostic } else { diagnostic.help(fault.help) }
}
