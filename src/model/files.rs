//! Reads the tasks file and what it includes.
//!
//! One file is read once: a second include of it would make the same tasks twice, and a ring of includes could never end.

use std::cell::OnceCell;
use std::path::{Component, Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::load::{LoadedText, SourceLoader};
use super::{foreign, syntax};
use crate::diagnostic::{Diagnostic, SourceId, Sources, Span};

/// One text of the tasks file or of an include, as a tree.
pub(super) struct File<'a> {
    /// Its id in `Sources`.
    pub(super) source: SourceId,
    /// Its whole text.
    pub(super) text: &'a str,
    /// Its tree; what a syntax error left of it.
    pub(super) table: DeTable<'a>,
    /// Before each of its names: empty, `docs:`, `docs:api:`.
    pub(super) prefix: String,
    /// Its folder, from the main file's.
    pub(super) folder: PathBuf,
}

impl File<'_> {
    /// A place in this file.
    pub(super) fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.source, range.start, range.end)
    }

    /// Whether it is the tasks file itself.
    pub(super) fn is_main(&self) -> bool {
        self.prefix.is_empty()
    }
}

/// Keeps texts at fixed places while more of them are read, so that trees may borrow from them.
#[derive(Default)]
pub(super) struct TextArena {
    text: OnceCell<(String, Box<TextArena>)>,
}

impl TextArena {
    fn keep(&self, text: String) -> &str {
        let mut free = self;
        while let Some((_, next)) = free.text.get() {
            free = next;
        }
        &free.text.get_or_init(|| (text, Box::default())).0
    }
}

/// Everything that was read.
pub(super) struct Reading<'a> {
    /// The main file first, then includes in the order of their mention.
    pub(super) files: Vec<File<'a>>,
    /// Stretches of text that a syntax error made doubtful; faults inside them are noise.
    pub(super) doubtful: Vec<Span>,
    /// An include could not be read, so names are missing.
    pub(super) incomplete: bool,
}

/// A file that is still to be read.
struct Wanted {
    path: PathBuf,
    prefix: String,
    /// Where it is included.
    place: Option<Span>,
    /// The files that led to it, by path.
    chain: Vec<PathBuf>,
}

/// Reads `main` (absolute) and all that it includes. `None` where there is nothing worth decoding.
pub(super) fn read_all<'a>(
    main: &Path,
    loader: &dyn SourceLoader,
    arena: &'a TextArena,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) -> Option<Reading<'a>> {
    let root = normal(main.parent().unwrap_or(Path::new("")));
    let mut reading = Reading { files: Vec::new(), doubtful: Vec::new(), incomplete: false };
    let mut seen: Vec<(PathBuf, Option<Span>)> = Vec::new();
    let mut queue = std::collections::VecDeque::from([Wanted {
        path: normal(main),
        prefix: String::new(),
        place: None,
        chain: Vec::new(),
    }]);
    while let Some(wanted) = queue.pop_front() {
        if let Some(fault) = refused_again(&wanted, &seen) {
            faults.push(fault);
            reading.incomplete = true;
            continue;
        }
        seen.push((wanted.path.clone(), wanted.place));
        let loaded = match loader.load(&wanted.path) {
            Ok(loaded) => loaded,
            Err(reason) => {
                faults.push(match loader.torn(&wanted.path) {
                    Some(torn) => no_text(&wanted, torn, sources),
                    None => unreadable(&wanted, &reason, &root, sources),
                });
                reading.incomplete = true;
                continue;
            }
        };
        let text = arena.keep(loaded.text);
        let source = sources.add(loaded.shown, text);
        if let Some(fault) = foreign::yaml(text, source) {
            faults.push(fault);
            reading.incomplete = true;
            continue;
        }
        let table = syntax::parse(text, source, faults, &mut reading.doubtful);
        let folder = wanted.path.parent().unwrap_or(Path::new("")).to_owned();
        let file = File {
            source,
            text,
            table,
            prefix: wanted.prefix.clone(),
            folder: folder.strip_prefix(&root).unwrap_or(Path::new("")).to_owned(),
        };
        let mut chain = wanted.chain;
        chain.push(wanted.path);
        for Include { name, target, place, is_optional } in includes(&file) {
            let path = normal(&folder.join(target));
            if !path.starts_with(&root) {
                faults.push(outside(target, place));
                reading.incomplete = true;
                continue;
            }
            let path = if loader.is_folder(&path) { path.join("tasks.toml") } else { path };
            if is_optional && !loader.is_there(&path) {
                continue;
            }
            queue.push_back(Wanted {
                path,
                prefix: format!("{}{name}:", file.prefix),
                place: Some(place),
                chain: chain.clone(),
            });
        }
        reading.files.push(file);
    }
    (!reading.files.is_empty()).then_some(reading)
}

/// An entry of `[include]`.
struct Include<'f> {
    name: &'f str,
    target: &'f str,
    place: Span,
    is_optional: bool,
}

/// The entries of `[include]` that are well formed; `decode` reports the others.
fn includes<'f>(file: &'f File<'_>) -> Vec<Include<'f>> {
    let Some(DeValue::Table(table)) = file.table.get("include").map(toml::Spanned::get_ref) else {
        return Vec::new();
    };
    table
        .iter()
        .filter_map(|(name, value)| {
            let table = value.get_ref().as_table();
            let key = |key: &str| table.and_then(|table| table.get(key));
            let value = if table.is_some() { key("path")? } else { value };
            let target = value.get_ref().as_str().filter(|target| !target.trim().is_empty())?;
            let is_optional =
                key("optional").is_some_and(|it| matches!(it.get_ref(), DeValue::Boolean(true)));
            let (name, place) = (name.get_ref().as_ref(), file.span(value.span()));
            (!target.contains("{{")).then_some(Include { name, target, place, is_optional })
        })
        .collect()
}

fn outside(target: &str, place: Span) -> Diagnostic {
    Diagnostic::error(
        "include-outside",
        format!("`{target}` is outside of the tasks file's folder"),
        place,
        "leaves the folder",
    )
    .help("include only files beside or below the main tasks file")
}

fn refused_again(wanted: &Wanted, seen: &[(PathBuf, Option<Span>)]) -> Option<Diagnostic> {
    let (_, first) = seen.iter().find(|(path, _)| *path == wanted.path)?;
    let place = wanted.place?;
    let shown = wanted.path.file_name().unwrap_or_default().to_string_lossy();
    let diagnostic = if wanted.chain.contains(&wanted.path) {
        Diagnostic::error(
            "include-cycle",
            format!("`{shown}` includes itself"),
            place,
            "leads back to itself",
        )
        .help("remove this include")
    } else {
        Diagnostic::error("include-twice", format!("`{shown}` is included twice"), place, "included again")
            .help("include it once, in the main file, and use its tasks by their full names")
    };
    Some(match first {
        Some(first) => diagnostic.also(*first, "first included here"),
        None => diagnostic,
    })
}

fn unreadable(wanted: &Wanted, reason: &str, root: &Path, sources: &mut Sources) -> Diagnostic {
    let shown = wanted.path.strip_prefix(root).unwrap_or(&wanted.path).display();
    match wanted.place {
        Some(place) => Diagnostic::error(
            "include-missing",
            format!("can't read the included file `{shown}`: {reason}"),
            place,
            "not readable",
        ),
        None => {
            let source = sources.add(wanted.path.clone(), "");
            Diagnostic::error(
                "unreadable",
                format!("can't read `{shown}`: {reason}"),
                Span::new(source, 0, 0),
                "",
            )
        }
    }
}

fn no_text(wanted: &Wanted, (loaded, at): (LoadedText, usize), sources: &mut Sources) -> Diagnostic {
    let title = format!("`{}` is not UTF-8", loaded.shown.display());
    let source = sources.add(loaded.shown, loaded.text);
    let place = Span::new(source, at, at);
    let fault = Diagnostic::error("unreadable", title, place, "this is no character of UTF-8")
        .help("save the file as UTF-8, or take this out");
    match wanted.place {
        Some(included) => fault.also(included, "included here"),
        None => fault,
    }
}

/// `path` without `.` and `..`, by its text alone: what a person sees is what is compared.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if result.file_name().is_some() => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}
