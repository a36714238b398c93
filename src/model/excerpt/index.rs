//! The index of a tasks file: lines of text, of which a start reads only those of the tasks that it needs.
//!
//! ```text
//! shipway-index 1 STAMP
//! DIGEST-OF-THE-FILE
//! 0-312 9001-9400             what is always read
//! 3 17                        the tasks that are always read, by their lines
//! test t<TAB>312-377<TAB>4 5  a task: its name and aliases, where it stands, the tasks that it needs
//! ```

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::ops::Range;

use super::sections;
use crate::model::Model;
use crate::model::check::uses;
use crate::model::expression::Reference;
use crate::model::rollout::Rollout;
use crate::model::task::Task;

/// The first lines of the index of `text`: by them alone one sees whether it is that of another file, or of another Shipway.
pub(super) fn head(text: &str, stamp: &str) -> String {
    format!("shipway-index 1 {stamp}\n{}\n", blake3::hash(text.as_bytes()))
}

/// The index of a text that was found right.
pub(super) fn render(model: &Model, text: &str, stamp: &str) -> Option<String> {
    let sections = sections::read(text)?;
    let mut always_read = Vec::new();
    let mut places: HashMap<&str, Vec<Range<usize>>> = HashMap::new();
    for (range, task) in sections.all {
        match task.filter(|task| !sections.inline.contains(task)) {
            Some(task) if !model.tasks.contains_key(task) => return None,
            Some(task) => places.entry(task).or_default().push(range),
            None => always_read.push(range),
        }
    }
    let mut body = ranges(&always_read);
    body.push('\n');
    let mut always: BTreeSet<usize> = outside_needs(model);
    for (line, task) in model.tasks.values().enumerate() {
        // A run that reads outputs of a workspace reads all that the file names anywhere.
        let reads_outputs =
            !model.workspaces.is_empty() && !model.outputs_among(task.references()).is_empty();
        if !places.contains_key(task.name.as_str()) || reads_outputs {
            always.insert(line);
        }
    }
    push_numbers(&mut body, &always);
    body.push('\n');
    for task in model.tasks.values() {
        body.push_str(&task.name);
        for alias in &task.aliases {
            body.push(' ');
            body.push_str(alias);
        }
        let place = places.get(task.name.as_str()).map(|place| ranges(place)).unwrap_or_default();
        write!(body, "\t{place}\t").ok()?;
        push_numbers(&mut body, &needs(model, task));
        body.push('\n');
    }
    Some(head(text, stamp) + &body)
}

/// The tasks that a task names.
fn needs(model: &Model, task: &Task) -> BTreeSet<usize> {
    let calls =
        task.depends.iter().chain(&task.depends_post).chain(task.called()).chain(task.called_finally());
    let names = calls.map(|call| &call.task).chain(&task.wait_for).map(|name| name.value.as_str());
    let needed = uses::of_task(task);
    let exporters = needed.iter().filter_map(|each| exporter(&each.hole.reference));
    names.chain(exporters).filter_map(|name| model.tasks.get_index_of(name)).collect()
}

/// The tasks that anything but a task names.
fn outside_needs(model: &Model) -> BTreeSet<usize> {
    let workspaces = model.workspaces.values().flat_map(|workspace| workspace.tasks());
    let deploys = model.environments.values().filter_map(|each| each.deploy.as_ref()?.task());
    let rollout = model.rollout.iter().flat_map(Rollout::calls);
    let names = workspaces.chain(deploys).chain(rollout).map(|call| call.task.value.as_str());
    let uses = uses::outside_of_tasks(model);
    let exporters = uses.iter().filter_map(|each| exporter(&each.hole.reference));
    names.chain(exporters).filter_map(|name| model.tasks.get_index_of(name)).collect()
}

fn exporter(reference: &Reference) -> Option<&str> {
    match reference {
        Reference::Export { task, .. } => Some(task),
        _ => None,
    }
}

/// The text with only what the tasks `wanted` need; `None` where the index is of no use for that.
pub(super) fn excerpt(index: &str, stamp: &str, text: &str, wanted: &[&str]) -> Option<String> {
    let body = index.strip_prefix(head(text, stamp).as_str())?;
    let (always_read, body) = body.split_once('\n')?;
    let (always, body) = body.split_once('\n')?;
    let tasks: Vec<&str> = body.lines().collect();
    let mut open = numbers(always)?;
    for name in wanted {
        open.push(tasks.iter().position(|task| is_called(task, name))?);
    }
    let mut seen = BTreeSet::new();
    let mut kept = read_ranges(always_read)?;
    while let Some(line) = open.pop() {
        if !seen.insert(line) {
            continue;
        }
        // Most of the file: then the way around costs more than it saves.
        if seen.len() > tasks.len() / 2 {
            return None;
        }
        let (place, needs) = tasks.get(line)?.split_once('\t')?.1.split_once('\t')?;
        kept.extend(read_ranges(place)?);
        open.extend(numbers(needs)?);
    }
    kept.sort_unstable_by_key(|range| range.start);
    let mut excerpt = String::with_capacity(kept.last().map_or(0, |range| range.end));
    for range in kept {
        excerpt.extend(std::iter::repeat_n(' ', range.start.checked_sub(excerpt.len())?));
        excerpt.push_str(text.get(range)?);
    }
    Some(excerpt)
}

/// Whether the task of a line has this name or alias.
fn is_called(line: &str, name: &str) -> bool {
    line.starts_with(name) && line[name.len()..].starts_with(['\t', ' '])
        || line
            .split_once('\t')
            .is_some_and(|(names, _)| names.contains(' ') && names.split(' ').any(|it| it == name))
}

fn ranges(ranges: &[Range<usize>]) -> String {
    let words: Vec<String> = ranges.iter().map(|range| format!("{}-{}", range.start, range.end)).collect();
    words.join(" ")
}

fn read_ranges(words: &str) -> Option<Vec<Range<usize>>> {
    let range = |word: &str| {
        let (start, end) = word.split_once('-')?;
        Some(start.parse().ok()?..end.parse().ok()?)
    };
    words.split_ascii_whitespace().map(range).collect()
}

fn push_numbers(text: &mut String, numbers: &BTreeSet<usize>) {
    let words: Vec<String> = numbers.iter().map(usize::to_string).collect();
    text.push_str(&words.join(" "));
}

fn numbers(words: &str) -> Option<Vec<usize>> {
    words.split_ascii_whitespace().map(|word| word.parse().ok()).collect()
}
