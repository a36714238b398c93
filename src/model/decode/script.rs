//! Scripts: the one place where a text meets `script::classify`.

use std::ops::Range;

use toml::de::DeValue;

use super::reader::{Node, Reader, Subject};
use super::template::{Flat, Scope, variadic};
use crate::diagnostic::Diagnostic;
use crate::model::expression::Hole;
use crate::model::script::{Piece, Place, PlaceFault, Script, ScriptPart, classify};

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
        let holes: Vec<Hole> = flat.holes.iter().map(|(_, hole)| hole.clone()).collect::<Option<_>>()?;
        let mut parts = Vec::with_capacity(2 * holes.len() + 1);
        let mut copied = 0;
        for ((hole, range), place) in holes.iter().zip(&ranges).zip(&classified.places) {
            if scope.is_variadic(&hole.reference) && !(*place == Place::Bare && is_whole_word(&flat, range)) {
                self.fault(variadic(hole, "it has to be a whole word, without quotes"));
                return None;
            }
            parts.extend(text_part(&flat.text[copied..range.start]));
            parts.push(ScriptPart::Hole(hole.clone(), *place));
            copied = range.end;
        }
        parts.extend(text_part(&flat.text[copied..]));
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => Some(ScriptPart::Text(text.clone())),
            Piece::Hole(index) => {
                Some(ScriptPart::Hole(holes.get(*index)?.clone(), *classified.places.get(*index)?))
            }
        };
        let words = classified.words.as_ref().and_then(|words| {
            words.iter().map(|word| word.iter().map(piece).collect::<Option<_>>()).collect::<Option<_>>()
        });
        Some(Script { parts, shell: classified.shell, pipeline: classified.pipeline, words, span })
    }
}

fn text_part(text: &str) -> Option<ScriptPart> {
    (!text.is_empty()).then(|| ScriptPart::Text(text.to_owned()))
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
