//! A shell script with holes, each in a known place of a simple word.
//!
//! `classify` finds the places, `words` sees whether a shell is needed at all, `render` puts the values in. All of it is pure:
//! texts in, texts out. What a hole refers to, and whether that exists, is the loader's part.

mod classify;
mod command;
mod compound;
mod evaluates;
mod lexer;
mod quotes;
mod redirection;
mod refusal;
mod render;
mod substitution;
#[cfg(test)]
mod tests;
mod word;
mod words;

pub(crate) use classify::{Classified, Piece, classify};
pub(crate) use refusal::PlaceFault;
pub use render::Given;

use std::ops::Range;

use super::expression::{Hole, Reference};
use crate::diagnostic::Span;

/// How a hole stands in its word, and so how its value is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Outside of quotes, a whole word in a list of words: becomes one quoted word; an absent optional is no argument; a
    /// variadic, which may stand only here, is one word for each item.
    Bare,
    /// Outside of quotes, but a piece of a word, or where exactly one word has to stand (`> {{ file }}`, `case {{ x }} in`):
    /// one quoted piece, an empty one for an absent optional.
    BarePart,
    /// Between double quotes.
    DoubleQuoted,
    /// Between single quotes.
    SingleQuoted,
}

/// What runs the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptShell {
    /// `bash -euo pipefail`, or `sh -eu` where there is no bash and the script has no pipeline.
    Default,
    /// The interpreter of its `#!` line; such a script has no holes.
    Shebang,
    /// This program with these arguments; the script is one more.
    Given(Vec<String>),
}

/// A script, split at its holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The pieces in order.
    pub parts: Vec<ScriptPart>,
    /// What runs it.
    pub shell: ScriptShell,
    /// It has a pipeline, which `sh` can't watch over.
    pub pipeline: bool,
    /// The words, where it is one simple command that needs no shell at all: no operator, expansion, glob, assignment, keyword
    /// or builtin. Each word is a list of its pieces, already unquoted.
    pub words: Option<Vec<Vec<ScriptPart>>>,
    /// The whole string in the file.
    pub span: Span,
}

/// A piece of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptPart {
    /// Text as it stands.
    Text(String),
    /// A value, quoted for its place.
    Hole(Hole, Place),
}

impl Script {
    /// Puts together a text, its holes with their bytes in it, and what `classify` found out about them.
    pub(crate) fn new(
        text: &str,
        holes: Vec<(Range<usize>, Hole)>,
        classified: Classified,
        span: Span,
    ) -> Self {
        let Classified { places, pipeline, shell, words } = classified;
        let mut parts = Vec::with_capacity(2 * holes.len() + 1);
        let mut known = Vec::with_capacity(holes.len());
        let mut copied = 0;
        for ((range, hole), place) in holes.into_iter().zip(places) {
            parts.extend(text_part(&text[copied..range.start]));
            copied = range.end;
            known.push(ScriptPart::Hole(hole, place));
            parts.extend(known.last().cloned());
        }
        parts.extend(text_part(&text[copied..]));
        let part = |piece| match piece {
            Piece::Text(text) => Some(ScriptPart::Text(text)),
            Piece::Hole(hole) => known.get(hole).cloned(),
        };
        let words = words
            .map(|words| words.into_iter().map(|word| word.into_iter().filter_map(part).collect()).collect());
        Self { parts, shell, pipeline, words, span }
    }

    /// Everything that it refers to.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            ScriptPart::Hole(hole, _) => Some(&hole.reference),
            ScriptPart::Text(_) => None,
        })
    }
}

fn text_part(text: &str) -> Option<ScriptPart> {
    (!text.is_empty()).then(|| ScriptPart::Text(text.to_owned()))
}
