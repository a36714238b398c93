//! `sources` and `outputs` of a task of mise's: pure.
//!
//! Where a pattern does not mean here what it means there, none is carried over: a task that always runs is right, only slower.

use toml::{Table, Value as Toml};

use super::mise::{Reader, items, scalar};
use super::{Task, are_patterns, means_files};

impl Reader<'_> {
    /// What goes in and what comes out.
    pub(super) fn files(&mut self, table: &Table, task: &mut Task, line: usize) {
        let Some(sources) = table.get("sources") else { return };
        // `{ auto = true }` is a file of mise's own.
        let outputs = table.get("outputs").filter(|outputs| !outputs.is_table());
        let dir = task.dir.clone();
        let read = |value: &Toml| -> Option<Vec<String>> {
            items(value).into_iter().map(|each| pattern(&scalar(each)?, dir.as_deref())).collect()
        };
        let patterns = read(sources).zip(outputs.map_or(Some(Vec::new()), read));
        match patterns.filter(|(sources, outputs)| are_patterns(sources, outputs)) {
            Some((sources, outputs)) => {
                (task.sources, task.outputs) = (sources, outputs);
                self.lose(line, "`sources`: files are compared by content here, not by time".to_owned());
            }
            None => self.lose(line, "`sources`: the task always runs here".to_owned()),
        }
    }
}

/// A pattern, from the file's folder; `None` where it does not mean the same here.
fn pattern(written: &str, dir: Option<&str>) -> Option<String> {
    let (excluded, path) = match written.strip_prefix('!') {
        Some(path) => (true, path),
        None => (false, written),
    };
    let is_known = !path.contains("{{") && !path.starts_with(['/', '~', '$']);
    let path = path.trim_start_matches("./");
    let path = match dir {
        Some(dir) if dir.starts_with(['/', '~', '{']) => return None,
        Some(dir) => format!("{}/{path}", dir.trim_end_matches('/')),
        None => path.to_owned(),
    };
    let sign = if excluded { "!" } else { "" };
    (is_known && (!excluded || means_files(&path))).then(|| format!("{sign}{path}"))
}
