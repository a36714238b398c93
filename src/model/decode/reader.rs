//! The tools that every table's decoder reads with: keys, types, and the faults that go with them.
//!
//! A method that reports a fault returns `None`, and its caller goes on with the next key: every fault of a file is told
//! together.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned as Tree;
use toml::de::{DeString, DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::model::files::File;
use crate::model::foreign;
use crate::model::names::Names;
use crate::text::{list, suggest};

/// A value of the tree with its place.
pub(super) type Node<'a> = &'a Tree<DeValue<'a>>;

/// A key with its value.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    /// The key.
    pub(super) key: &'a Tree<DeString<'a>>,
    /// What stands behind `=`, or in the table of that name.
    pub(super) value: Node<'a>,
}

impl<'a> Entry<'a> {
    /// The key's text.
    pub(super) fn name(self) -> &'a str {
        self.key.get_ref()
    }
}

/// What is being read, as a message calls it. Made at every value and told at few, so it is put into words only then.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    /// `[project]`.
    Section(&'a str),
    /// A named table of a section: `env_files.production`.
    Table(&'static str, &'a str),
    /// A named thing: task `test`.
    Named(&'static str, &'a str),
    /// The value of a key.
    Key(&'a str),
    /// An item of a key's list.
    Item(&'a str),
    /// A step of a key's list.
    Step(&'a str),
    /// Anything else, with its article.
    Plain(&'static str),
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Section(name) => write!(formatter, "`[{name}]`"),
            Self::Table(section, name) => write!(formatter, "`{section}.{name}`"),
            Self::Named(noun, name) => write!(formatter, "{noun} `{name}`"),
            Self::Key(name) => write!(formatter, "`{name}`"),
            Self::Item(name) => write!(formatter, "an item of `{name}`"),
            Self::Step(name) => write!(formatter, "a step of `{name}`"),
            Self::Plain(words) => formatter.write_str(words),
        }
    }
}

/// Keys of the format that this version doesn't have yet: they are refused like any unknown one, but not guessed at.
pub(super) const LATER_KEYS: &[&str] = &["release", "registry", "swarm", "app_platform"];

/// Reads one file.
pub(super) struct Reader<'f, 'o> {
    /// The file.
    pub(super) file: &'f File<'f>,
    /// All names of all files.
    pub(super) names: &'o Names,
    /// Where faults go.
    pub(super) faults: &'o mut Vec<Diagnostic>,
}

impl<'f> Reader<'f, '_> {
    /// A place in this file.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        self.file.span(range)
    }

    /// The place of a value.
    pub(super) fn at(&self, node: Node<'_>) -> Span {
        self.span(node.span())
    }

    /// The place of a key.
    pub(super) fn key(&self, entry: Entry<'_>) -> Span {
        self.span(entry.key.span())
    }

    /// Reports a fault.
    pub(super) fn fault(&mut self, diagnostic: Diagnostic) {
        self.faults.push(diagnostic);
    }

    /// The entries of `table` in the order of the file: a table that is reopened, or whose header comes after its parts,
    /// is not kept at its place by the parser.
    pub(super) fn entries(table: &'f DeTable<'f>) -> Vec<Entry<'f>> {
        let mut entries: Vec<Entry<'f>> = table.iter().map(|(key, value)| Entry { key, value }).collect();
        entries.sort_by_key(|entry| entry.key.span().start);
        entries
    }

    /// The values of `keys`, in their order; every other key is reported.
    pub(super) fn fields<const N: usize>(
        &mut self,
        table: &'f DeTable<'f>,
        owner: Subject<'_>,
        keys: [&'static str; N],
    ) -> [Option<Entry<'f>>; N] {
        let mut found = [None; N];
        for (key, value) in table {
            let name: &str = key.get_ref();
            match keys.iter().position(|known| *known == name) {
                Some(index) => found[index] = Some(Entry { key, value }),
                None => self.unknown_key(Entry { key, value }, owner, &keys),
            }
        }
        found
    }

    /// Reports a key that is none of `keys`.
    pub(super) fn unknown_key(&mut self, entry: Entry<'_>, owner: Subject<'_>, keys: &[&'static str]) {
        let name = entry.name();
        let span = self.key(entry);
        let diagnostic =
            Diagnostic::error("unknown-key", format!("{owner} has no key `{name}`"), span, "unknown key");
        let valid = match keys {
            [only] => format!("its only key is `{only}`"),
            _ => format!("its keys are {}", list::and_ticked(keys)),
        };
        let diagnostic = if let Some(foreign) =
            matches!(owner, Subject::Named("task", _)).then(|| foreign::task_key(name)).flatten()
        {
            diagnostic.note(foreign).help(valid)
        } else if LATER_KEYS.contains(&name) {
            diagnostic
                .note(format!("`{name}` belongs to a later version; this is {}", env!("CARGO_PKG_VERSION")))
                .help(valid)
        } else if let Some(near) = suggest::nearest(name, keys.iter().copied()) {
            diagnostic.help(format!("did you mean `{near}`?"))
        } else {
            diagnostic.help(valid)
        };
        self.fault(diagnostic);
    }

    /// Reports that `node` is of a wrong type; `expected` with its article: "a string".
    pub(super) fn wrong_type(&mut self, what: Subject<'_>, expected: &str, node: Node<'_>) {
        let found = described(node.get_ref());
        let span = self.at(node);
        let mut diagnostic =
            Diagnostic::error("wrong-type", format!("{what} must be {expected}, not {found}"), span, found);
        let raw = self.file.text.get(node.span()).unwrap_or_default();
        let scalar = matches!(
            node.get_ref(),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)
        );
        if scalar && expected == "a string" {
            diagnostic = diagnostic.help(format!("write `\"{raw}\"`"));
        }
        self.fault(diagnostic);
    }

    /// The table in `node`.
    pub(super) fn table(&mut self, what: Subject<'_>, node: Node<'f>) -> Option<&'f DeTable<'f>> {
        match node.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => {
                self.wrong_type(what, "a table", node);
                None
            }
        }
    }

    /// The named tables of a section: `[tasks.x]`, `[workspaces.x]`.
    pub(super) fn section(&mut self, entry: Option<Entry<'f>>) -> Vec<Entry<'f>> {
        let Some(entry) = entry else { return Vec::new() };
        let table = self.table(Subject::Section(entry.name()), entry.value);
        table.map(Self::entries).unwrap_or_default()
    }

    /// A boolean.
    pub(super) fn boolean(&mut self, entry: Entry<'f>) -> Option<bool> {
        match entry.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => {
                self.wrong_type(Subject::Key(entry.name()), "`true` or `false`", entry.value);
                None
            }
        }
    }

    /// A string in which `{{ }}` has no meaning, and which may be empty.
    pub(super) fn plain(&mut self, what: Subject<'_>, node: Node<'f>) -> Option<String> {
        let DeValue::String(text) = node.get_ref() else {
            self.wrong_type(what, "a string", node);
            return None;
        };
        if let Some(at) = text.find("{{") {
            let place = self.locate(node).source(at..at + 2);
            let span = self.span(place);
            self.fault(
                Diagnostic::error(
                    "template-not-allowed",
                    format!("{what} can't hold `{{{{ }}}}`"),
                    span,
                    "not here",
                )
                .help("write the text out"),
            );
            return None;
        }
        Some(text.to_string())
    }

    /// The same, of a key, and not empty.
    pub(super) fn text(&mut self, entry: Entry<'f>) -> Option<String> {
        self.filled(Subject::Key(entry.name()), entry.value)
    }

    /// A plain string that is not empty.
    pub(super) fn filled(&mut self, what: Subject<'_>, node: Node<'f>) -> Option<String> {
        let text = self.plain(what, node)?;
        if text.trim().is_empty() {
            let span = self.at(node);
            self.fault(Diagnostic::error("empty", format!("{what} is empty"), span, "empty"));
            return None;
        }
        Some(text)
    }

    /// A path; no shell reads it, so `~` would be a folder of that name.
    pub(super) fn path(&mut self, what: Subject<'_>, node: Node<'f>) -> Option<PathBuf> {
        let text = self.filled(what, node)?;
        if text.starts_with("~/") || text == "~" {
            let span = self.at(node);
            self.fault(
                Diagnostic::error("bad-path", format!("{what} starts with `~`"), span, "not expanded")
                    .help("write a path from the file's folder"),
            );
            return None;
        }
        Some(PathBuf::from(text))
    }

    /// A list; where one stands, its only item may stand alone.
    pub(super) fn items(&mut self, entry: Option<Entry<'f>>) -> Vec<Node<'f>> {
        match entry {
            None => Vec::new(),
            Some(entry) => match entry.value.get_ref() {
                DeValue::Array(items) => items.iter().collect(),
                _ => vec![entry.value],
            },
        }
    }

    /// A list of plain strings.
    pub(super) fn texts(&mut self, entry: Option<Entry<'f>>) -> Vec<Spanned<String>> {
        let what = Subject::Item(entry.map_or("", Entry::name));
        let mut texts = Vec::new();
        for node in self.items(entry) {
            if let Some(text) = self.filled(what, node) {
                texts.push(Spanned::new(text, self.at(node)));
            }
        }
        texts
    }
}

/// A value's type with its article.
pub(super) fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
