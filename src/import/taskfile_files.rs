//! `sources` and `generates` of a Taskfile's task: pure.
//!
//! Where a pattern does not mean here what it means there, none is carried over: a task that always runs is right, only slower.

use super::Task;
use super::script::{Piece, template};
use super::taskfile::{Open, Reader};
use super::yaml::Yaml;

impl<'a> Reader<'a> {
    /// What goes in and what comes out.
    pub(super) fn files(&mut self, open: &Open<'a>, task: &mut Task) {
        let named = |key: &str| open.tree.get(key).map(Yaml::items).unwrap_or_default();
        let (sources, outputs) = (named("sources"), named("generates"));
        let method = open.tree.get("method").or_else(|| self.tree.get("method")).and_then(Yaml::text);
        // Without sources, or with the method `none`, Task always runs it, too.
        if sources.is_empty() || method == Some("none") {
            return;
        }
        let has_status = open.tree.get("status").is_some();
        let mut read = |all: Vec<&'a Yaml>| -> Option<Vec<String>> {
            all.into_iter().map(|each| self.pattern(each, open, task.dir.as_deref())).collect()
        };
        let patterns = read(sources).zip(read(outputs)).filter(|_| !has_status);
        let Some((sources, outputs)) = patterns.filter(|(all, made)| super::are_patterns(all, made)) else {
            self.lose(open.line, "`sources`: the task always runs here".to_owned());
            return;
        };
        if method == Some("timestamp") {
            self.lose(open.line, "`method: timestamp`: files are compared by content here".to_owned());
        }
        (task.sources, task.outputs) = (sources, outputs);
    }

    /// A pattern, from the file's folder; `None` where it does not mean the same here.
    fn pattern(&mut self, written: &'a Yaml, open: &Open<'a>, dir: Option<&str>) -> Option<String> {
        let excluded = written.get("exclude");
        let text = excluded.or(Some(written)).and_then(Yaml::text)?;
        let (text, dir) = match text.strip_prefix("{{.ROOT_DIR}}/") {
            Some(rest) => (rest, None),
            None => (text, dir),
        };
        let pieces = self.data(text, Some(open))?;
        let is_known = |piece: &Piece| {
            matches!(piece, Piece::Text(_)) || matches!(piece, Piece::Value(it) if it.is_word)
        };
        let is_path =
            matches!(pieces.first(), Some(Piece::Text(text)) if !text.starts_with(['/', '~', '!', '$']));
        let pattern = template(&pieces);
        if !is_path || !pieces.iter().all(is_known) || excluded.is_some() && !super::means_files(&pattern) {
            return None;
        }
        let pattern = pattern.trim_start_matches("./");
        let path = match dir {
            Some(dir) if dir.starts_with(['/', '~', '{']) => return None,
            Some(dir) => format!("{}/{pattern}", dir.trim_end_matches('/')),
            None => pattern.to_owned(),
        };
        Some(if excluded.is_some() { format!("!{path}") } else { path })
    }
}
