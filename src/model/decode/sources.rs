//! `sources`, `outputs` and `cache` of a task.

use toml::de::DeValue;

use super::reader::{Entry, Node, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::Diagnostic;
use crate::model::expression::{Part, Template};
use crate::model::tracking::Tracking;
use crate::text::patterns::{self, PatternFault};

impl<'f> Reader<'f, '_> {
    /// When a task is up to date; `does_something` where it has a `run`.
    pub(super) fn tracking(
        &mut self,
        [sources, outputs, cache]: [Option<Entry<'f>>; 3],
        scope: Scope<'_>,
        does_something: bool,
    ) -> Tracking {
        let entries = [sources, outputs];
        for entry in entries.into_iter().flatten().filter(|_| !does_something) {
            let span = self.key(entry);
            let title = format!("`{}` say when `run` has nothing to do, and there is no `run`", entry.name());
            self.fault(
                Diagnostic::error("nothing-to-track", title, span, "of a task that runs nothing itself")
                    .help("name them in the task whose commands read or make them"),
            );
        }
        let [sources, outputs] = entries.map(|entry| self.patterns(entry, scope));
        let is_cached = cache.and_then(|entry| self.boolean(entry));
        if let (Some(true), Some(entry)) = (is_cached, cache)
            && entries.iter().all(Option::is_none)
        {
            let span = self.key(entry);
            self.fault(
                Diagnostic::error(
                    "nothing-to-track",
                    "nothing says when this task is up to date",
                    span,
                    "not enough",
                )
                .help("name the files that it reads in `sources`, and those that it makes in `outputs`"),
            );
        }
        Tracking { sources, outputs, cache: is_cached.unwrap_or(true) }
    }

    fn patterns(&mut self, entry: Option<Entry<'f>>, scope: Scope<'_>) -> Vec<Template> {
        let Some(entry) = entry else { return Vec::new() };
        let nodes = self.items(Some(entry));
        if nodes.is_empty() {
            let span = self.at(entry.value);
            let title = format!("`{}` is empty", entry.name());
            self.fault(Diagnostic::error("empty", title, span, "names nothing"));
        }
        let mut found = Vec::new();
        for (index, node) in nodes.into_iter().enumerate() {
            found.extend(self.pattern(entry, node, scope, index == 0));
        }
        found
    }

    fn pattern(
        &mut self,
        entry: Entry<'f>,
        node: Node<'f>,
        scope: Scope<'_>,
        is_first: bool,
    ) -> Option<Template> {
        let subject = Subject::Item(entry.name());
        let template = self.template(subject, node, scope)?;
        // Whatever the values are, they mean themselves: a name stands in for each.
        let text: String = template
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.as_str(),
                Part::Hole(_) => "x",
            })
            .collect();
        let span = self.at(node);
        if is_first && text.starts_with('!') {
            self.fault(
                Diagnostic::error(
                    "bad-pattern",
                    format!("{subject} takes away from nothing"),
                    span,
                    "stands first",
                )
                .help("name what is meant first, and with `!` what is not"),
            );
            return None;
        }
        let folder = self.file.folder.to_string_lossy().into_owned();
        if let Err(fault) = patterns::check(&folder, &text) {
            let shown = match node.get_ref() {
                DeValue::String(text) => text.to_string(),
                _ => text,
            };
            let title = format!("`{shown}` can't be {subject}: {fault}");
            self.fault(Diagnostic::error("bad-pattern", title, span, "names no files").help(help(&fault)));
            return None;
        }
        Some(template)
    }
}

fn help(fault: &PatternFault) -> &'static str {
    match fault {
        PatternFault::Empty => "write a path, or a pattern such as `src/**/*.py`",
        PatternFault::Absolute => "write a path from the file's folder",
        PatternFault::Outside => {
            "only files of the project can be named: whatever else goes in, pass in a variable"
        }
        PatternFault::UpOverWildcard => "write the path without `..`",
        PatternFault::Never(_) => "what is checked out is told by `{{ git.commit }}`",
        PatternFault::Unclosed(_) | PatternFault::NothingEscaped => {
            "write `\\\\` before a sign that means itself"
        }
        PatternFault::DeepInName => "write `a*/**/*b`, or `*` for letters of one name",
        PatternFault::TooMany => "name a folder, or a pattern with `*`",
    }
}
