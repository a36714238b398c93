//! A part of a large tasks file: what some of its tasks need, and nothing of the others.
//!
//! A file of thousands of tasks is read and checked as a whole once. What was found then is kept as an *index*: where each task stands
//! and which others it needs. As long as the file is the same to the byte, and this is the same Shipway, its next run of a few tasks
//! reads these alone. All else of the file (variables, workspaces, environments) is read each time.
//!
//! The excerpt is the text with blanks in place of the tasks that are left out, so that every place in it is the place in the file.
//! It goes through the same decoder and the same checks as the whole: a name that it misses, or any other fault, gives up the excerpt,
//! and the whole file is read. So an index can make a start slower but no fault untold.
//!
//! Deliberately absent: where the index is kept, that nobody else wrote it, and who this Shipway is (`stamp`). Files with includes have no
//! index.

mod index;
mod sections;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::files::File;
use super::load::SourceLoader;
use super::names::Names;
use super::{Model, check, decode, syntax};
use crate::diagnostic::Sources;

/// A shorter file is read in less time than its index.
const SHORTEST: usize = 8 * 1024;

/// Whether an index of this model's file would be of use.
pub fn is_worth_index(model: &Model) -> bool {
    only_text(model).is_some_and(|text| text.len() >= SHORTEST)
}

/// The index of a file that was found right; `stamp` is this Shipway. `None` where it would be of no use.
pub fn index(model: &Model, stamp: &str) -> Option<String> {
    let text = only_text(model).filter(|_| is_worth_index(model))?;
    index::render(model, text, stamp)
}

/// Whether `index` is of this model's file and of this Shipway.
pub fn is_current(index: &str, model: &Model, stamp: &str) -> bool {
    only_text(model).is_some_and(|text| index.starts_with(&index::head(text, stamp)))
}

/// The model of `file` (absolute) with the tasks `wanted` and what they need; `None` where the whole file has to be read.
pub fn load_excerpt(
    file: &Path,
    loader: &dyn SourceLoader,
    (index, stamp): (&str, &str),
    wanted: &[&str],
) -> Option<Model> {
    let loaded = loader.load(file).ok()?;
    let excerpt = index::excerpt(index, stamp, &loaded.text, wanted)?;
    let mut sources = Sources::default();
    let source = sources.add(loaded.shown, loaded.text);
    let (mut faults, mut doubtful) = (Vec::new(), Vec::new());
    let table = syntax::parse(&excerpt, source, &mut faults, &mut doubtful);
    let files = [File { source, text: &excerpt, table, prefix: String::new(), folder: Default::default() }];
    let names = Names::gather(&files);
    let mut model = decode::decode(file, &files, &names, &mut faults);
    check::check(&mut model, &names, &mut faults);
    model.sources = sources;
    faults.is_empty().then_some(model)
}

/// The text of a file without includes.
fn only_text(model: &Model) -> Option<&str> {
    let mut texts = model.sources.each().map(|(_, text)| text);
    texts.next().filter(|_| texts.next().is_none())
}
