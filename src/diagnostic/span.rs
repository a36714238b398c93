//! Places in source texts.

use std::path::{Path, PathBuf};

/// Which text of a `Sources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A range of bytes in one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
}

impl Span {
    /// The bytes `start..end` of `source`.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        Self { source, start, end }
    }
}

/// A value and the place that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// One text with the name it is shown under.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file as the user would name it, relative to where they stand where that is shorter.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
}

/// All texts that spans may point into.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    all: Vec<Source>,
}

/// A line and a column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Sources {
    /// Adds a text and gives its id.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> SourceId {
        let id = SourceId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(Source { path: path.into(), text: text.into() });
        id
    }

    /// The text of `id`. Ids come only from `add`, so one that is out of range gives an empty text.
    pub fn text(&self, id: SourceId) -> &str {
        self.all.get(id.0 as usize).map_or("", |source| source.text.as_str())
    }

    /// The name of `id`.
    pub fn path(&self, id: SourceId) -> &Path {
        self.all.get(id.0 as usize).map_or(Path::new(""), |source| source.path.as_path())
    }

    /// Where `span` starts.
    pub fn position(&self, span: Span) -> Position {
        let text = self.text(span.source);
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}
