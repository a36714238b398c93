//! Holes in scripts: their places, the words of plain commands, and hostile values in real shells.

mod faults;
mod fuzz;
mod hostile;
mod places;
mod words;

use std::ops::Range;

use super::{Given, Script, classify};
use crate::diagnostic::{Sources, Span};
use crate::model::{Hole, Reference};

/// The holes of `text`: each `{{name}}` with its bytes.
fn holes(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("{{").map(|start| start + at) {
        // `{{{x}}` is a brace and a hole.
        let start = start + text[start..].find(|c| c != '{').unwrap_or(2) - 2;
        let end = text[start..].find("}}").map_or(text.len(), |end| start + end + 2);
        found.push(start..end);
        at = end;
    }
    found
}

/// `text` as a script; its holes are arguments.
fn script(text: &str) -> Script {
    let span = Span::new(Sources::default().add("tasks.toml", text), 0, text.len());
    let hole = |range: Range<usize>| {
        let name = text[range.clone()].trim_matches(['{', '}', ' ']).to_owned();
        (range, Hole { reference: Reference::Argument(name), span })
    };
    let ranges = holes(text);
    let classified = classify(text, &ranges).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    Script::new(text, ranges.into_iter().map(hole).collect(), classified, span)
}

/// The script with `value` in every hole.
fn render(text: &str, value: &Given) -> String {
    script(text).render(&mut |_| value.clone())
}

fn text(value: &str) -> Given {
    Given::Text(value.to_owned())
}

fn words(items: &[&str]) -> Given {
    Given::Words(items.iter().map(|item| (*item).to_owned()).collect())
}
