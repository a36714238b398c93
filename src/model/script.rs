//! A shell script with holes, each in a known place of a simple word.

use super::expression::{Hole, Reference};
use crate::diagnostic::Span;

/// How a hole stands in its word, and so how its value is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Outside of quotes: becomes one quoted piece of the word; an absent optional that is the whole word is no argument; a
    /// variadic is one word for each item.
    Bare,
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
    /// Everything that it refers to.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            ScriptPart::Hole(hole, _) => Some(&hole.reference),
            ScriptPart::Text(_) => None,
        })
    }
}

/// What a script's text says about its holes. A stand-in: every hole is bare, every script needs a shell.
pub(crate) fn classify(_text: &str, holes: &[std::ops::Range<usize>]) -> Result<Classified, Vec<PlaceFault>> {
    Ok(Classified {
        places: vec![Place::Bare; holes.len()],
        pipeline: false,
        shell: ScriptShell::Default,
        words: None,
    })
}

/// What `classify` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Classified {
    /// The place of each hole.
    pub(crate) places: Vec<Place>,
    /// It has a pipeline.
    pub(crate) pipeline: bool,
    /// What runs it.
    pub(crate) shell: ScriptShell,
    /// The words, where no shell is needed.
    pub(crate) words: Option<Vec<Vec<Piece>>>,
}

/// A piece of a word.
#[expect(dead_code, reason = "the stand-in never splits words")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text, unquoted.
    Text(String),
    /// The hole of this number.
    Hole(usize),
}

/// Why a script can't be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlaceFault {
    /// The hole that it is about.
    pub(crate) hole: Option<usize>,
    /// The bytes of the text that it is about.
    pub(crate) range: std::ops::Range<usize>,
    /// The rule.
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) title: String,
    /// What to do.
    pub(crate) help: String,
}
