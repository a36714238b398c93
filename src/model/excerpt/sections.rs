//! The tables of a text, each from its header to the next one, and whose they are.

use std::collections::HashSet;
use std::ops::Range;

use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};

/// What a text consists of.
#[derive(Debug, Default)]
pub(super) struct Sections<'t> {
    /// In their order, without a gap; each with the task that it is a table of.
    pub(super) all: Vec<(Range<usize>, Option<&'t str>)>,
    /// Tasks that stand in `[tasks]` itself, or partly so.
    pub(super) inline: HashSet<&'t str>,
}

/// Reads a text that was found right; `None` where it is written in a way that hides what belongs to whom.
pub(super) fn read(text: &str) -> Option<Sections<'_>> {
    let tokens = Source::new(text).lex().into_vec();
    let mut events: Vec<Event> = Vec::new();
    parse_document(&tokens, &mut events, &mut ());
    let mut walk = Walk { text, sections: Sections::default(), header: Vec::new(), start: 0 };
    let (mut depth, mut is_header, mut is_fresh) = (0_usize, false, true);
    for event in &events {
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                walk.close(event.span().start())?;
                is_header = true;
            }
            EventKind::StdTableClose | EventKind::ArrayTableClose => is_header = false,
            EventKind::InlineTableOpen | EventKind::ArrayOpen => depth += 1,
            EventKind::InlineTableClose | EventKind::ArrayClose => depth = depth.checked_sub(1)?,
            EventKind::SimpleKey => {
                let key = text.get(event.span().start()..event.span().end())?;
                if is_header {
                    walk.header.push(key);
                } else if depth == 0 && is_fresh {
                    walk.entry(key)?;
                }
                is_fresh = false;
            }
            EventKind::Newline if depth == 0 => is_fresh = true,
            EventKind::Error => return None,
            _ => {}
        }
    }
    walk.close(text.len())?;
    Some(walk.sections)
}

struct Walk<'t> {
    text: &'t str,
    sections: Sections<'t>,
    /// The keys of the header of the section that is being read; none before the first.
    header: Vec<&'t str>,
    start: usize,
}

impl<'t> Walk<'t> {
    /// Ends the section, and starts the next one at `end`.
    fn close(&mut self, end: usize) -> Option<()> {
        let task = match self.header.as_slice() {
            [first, ..] if is_quoted(first) || *first == "include" => return None,
            ["tasks", task, ..] if is_quoted(task) => return None,
            ["tasks", task, ..] => Some(*task),
            _ => None,
        };
        self.sections.all.push((self.start..end, task));
        self.header.clear();
        self.start = end;
        (end <= self.text.len()).then_some(())
    }

    /// The first key of an entry of the section.
    fn entry(&mut self, key: &'t str) -> Option<()> {
        match self.header.as_slice() {
            [] => (!is_quoted(key) && key != "tasks" && key != "include").then_some(()),
            ["tasks"] => {
                self.sections.inline.insert(key);
                (!is_quoted(key)).then_some(())
            }
            _ => Some(()),
        }
    }
}

/// Whether a key may be another one than it looks like.
fn is_quoted(key: &str) -> bool {
    key.starts_with(['"', '\''])
}
