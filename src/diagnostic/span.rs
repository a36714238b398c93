//! Places in source texts.

use std::collections::HashMap;
use std::ops::Range;
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

    /// All texts with their names, in the order in which they were read.
    pub fn each(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.all.iter().map(|source| (source.path.as_path(), source.text.as_str()))
    }

    /// The text of `id`. Ids come only from `add`, so one that is out of range gives an empty text.
    pub fn text(&self, id: SourceId) -> &str {
        self.all.get(id.0 as usize).map_or("", |source| source.text.as_str())
    }

    /// The name of `id`.
    pub fn path(&self, id: SourceId) -> &Path {
        self.all.get(id.0 as usize).map_or(Path::new(""), |source| source.path.as_path())
    }

    /// Where `span` starts. One that its text doesn't reach is moved to the end of the text's last line.
    pub fn position(&self, span: Span) -> Position {
        self.locate(span.source, self.range(span).start)
    }

    /// Where `span` ends: the first character after it.
    pub fn end_position(&self, span: Span) -> Position {
        self.locate(span.source, self.range(span).end)
    }

    /// The bytes of `span` that its text really has, on the borders of characters.
    ///
    /// The last newline is left out: "end of file" is to be seen behind the last line, not on a line that no
    /// editor shows.
    pub(super) fn range(&self, span: Span) -> Range<usize> {
        let text = self.text(span.source);
        let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = span.end.clamp(start, text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }

    fn locate(&self, source: SourceId, offset: usize) -> Position {
        let before = &self.text(source)[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// Tells the lines of many places without counting from a text's start each time.
#[derive(Debug)]
pub struct Lines<'s> {
    sources: &'s Sources,
    starts: HashMap<SourceId, Vec<usize>>,
}

impl<'s> Lines<'s> {
    /// For places in `sources`.
    pub fn new(sources: &'s Sources) -> Self {
        Self { sources, starts: HashMap::new() }
    }

    /// The line in which `span` starts, as `Sources::position` has it.
    pub fn line(&mut self, span: Span) -> usize {
        let start = self.sources.range(span).start;
        let text = self.sources.text(span.source);
        let starts = self.starts.entry(span.source).or_insert_with(|| {
            let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect()
        });
        starts.partition_point(|line| *line <= start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(line: usize, column: usize) -> Position {
        Position { line, column }
    }

    #[test]
    fn lines_and_columns_count_from_one_and_columns_in_characters() {
        let mut sources = Sources::default();
        let source = sources.add("tasks.toml", "a = 1\né = 2\n");
        let at = |start, end| {
            let span = Span::new(source, start, end);
            (sources.position(span), sources.end_position(span))
        };
        assert_eq!(at(0, 1), (position(1, 1), position(1, 2)));
        assert_eq!(at(6, 8), (position(2, 1), position(2, 2)));
        assert_eq!(at(4, 12), (position(1, 5), position(2, 6)));
        assert_eq!(at(13, 13), (position(2, 6), position(2, 6)));
    }

    #[test]
    fn the_lines_of_many_places_are_those_of_each() {
        let mut sources = Sources::default();
        let texts = ["", "a", "a\n", "\n\né = 2\r\n\nb\n", "x\ny"];
        let ids = texts.map(|text| sources.add("tasks.toml", text));
        let mut lines = Lines::new(&sources);
        for (text, id) in texts.iter().zip(ids) {
            for start in 0..text.len() + 2 {
                let span = Span::new(id, start, start);
                assert_eq!(lines.line(span), sources.position(span).line, "{text:?} at {start}");
            }
        }
    }

    #[test]
    fn spans_outside_a_text_are_moved_into_it() {
        let mut sources = Sources::default();
        let source = sources.add("tasks.toml", "né\r\n");
        for (start, end, range) in [(2, 2, 1..3), (1, 2, 1..3), (7, 9, 3..3), (2, 0, 1..1), (0, 99, 0..3)] {
            assert_eq!(sources.range(Span::new(source, start, end)), range, "{start}..{end}");
        }
    }

    #[test]
    fn an_unknown_source_is_an_empty_text_without_a_name() {
        let mut others = Sources::default();
        others.add("a", "");
        let unknown = others.add("b", "text");
        let sources = Sources::default();
        assert_eq!((sources.text(unknown), sources.path(unknown)), ("", Path::new("")));
        assert_eq!(sources.position(Span::new(unknown, 3, 4)), position(1, 1));
    }
}
