//! Strings with `{{ }}`: from a node of the tree to a `Template`, with every place exact.

use std::ops::Range;

use toml::de::DeValue;

use super::hole::{Found, scan};
use super::reader::{Node, Reader, Subject};
use crate::diagnostic::Diagnostic;
use crate::model::expression::{Hole, Part, Reference, Template};
use crate::model::located::Located;
use crate::model::project::Dotenv;
use crate::model::task::Argument;

/// What a `{{ }}` may name besides what the whole file may.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    /// The arguments of the task whose table this is; `None` outside of tasks.
    pub(super) arguments: Option<&'s [Argument]>,
}

impl Scope<'_> {
    /// Outside of tasks.
    pub(super) const GLOBAL: Scope<'static> = Scope { arguments: None };

    /// Whether `reference` is a `rest...`: many words, not one.
    pub(super) fn is_variadic(self, reference: &Reference) -> bool {
        let Reference::Argument(name) = reference else { return false };
        self.arguments.into_iter().flatten().any(|argument| argument.name == *name && argument.kind.is_rest())
    }
}

/// A decoded string whose holes are known, not yet split.
pub(super) struct Flat {
    /// The text; holes stand in it as they were written, literals are replaced by their text.
    pub(super) text: String,
    /// The holes' ranges in `text`; `None` for one that was reported.
    pub(super) holes: Vec<(Range<usize>, Option<Hole>)>,
    located: Located,
    /// Stretches of `text` with the stretches of the decoded string that they came from; empty where both are the same.
    moved: Vec<(Range<usize>, Range<usize>)>,
}

impl Flat {
    /// The bytes of the file that `range` of the text came from.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        if self.moved.is_empty() {
            return self.located.source(range);
        }
        let find = |offset: usize, is_end: bool| {
            let index = self
                .moved
                .partition_point(|(flat, _)| if is_end { flat.start < offset } else { flat.start <= offset });
            let Some((flat, decoded)) = index.checked_sub(1).and_then(|index| self.moved.get(index)) else {
                return 0;
            };
            if flat.len() == decoded.len() {
                decoded.start + (offset - flat.start)
            } else if is_end {
                decoded.end
            } else {
                decoded.start
            }
        };
        let start = find(range.start, false);
        self.located.source(start..find(range.end, true).max(start))
    }
}

impl<'f> Reader<'f, '_> {
    /// The string of `node` with the way back to its source.
    pub(super) fn locate(&self, node: Node<'_>) -> Located {
        let range = node.span();
        Located::lex(self.file.text.get(range.clone()).unwrap_or_default(), range.start)
    }

    /// The string of `node`, its holes resolved; faults are reported.
    pub(super) fn flat(&mut self, node: Node<'f>, scope: Scope<'_>) -> Flat {
        let mut located = self.locate(node);
        let decoded = std::mem::take(&mut located.text);
        let mut flat = Flat { text: String::new(), holes: Vec::new(), located, moved: Vec::new() };
        let found = scan(&decoded);
        let mut copied = 0;
        let has_literal = found.iter().any(|found| matches!(found, Found::Literal(..)));
        for found in found {
            let (range, hole) = match found {
                Found::Literal(range, text) => {
                    flat.copy(&decoded, copied..range.start);
                    let start = flat.text.len();
                    flat.text.push_str(&decoded[text]);
                    flat.moved.push((start..flat.text.len(), range.clone()));
                    copied = range.end;
                    continue;
                }
                Found::Hole(range, inner) => {
                    let span = self.span(flat.located.source(range.clone()));
                    let place =
                        if inner.is_empty() { span } else { self.span(flat.located.source(inner.clone())) };
                    let reference = self.resolve(&decoded[inner], place, scope);
                    (range, reference.map(|reference| Hole { reference, span }))
                }
                Found::Unclosed(range) => {
                    let span = self.span(flat.located.source(range.clone()));
                    self.fault(unclosed(span));
                    (range, None)
                }
            };
            let mut start = range.start;
            if has_literal {
                flat.copy(&decoded, copied..range.end);
                start = flat.text.len() - range.len();
                copied = range.end;
            }
            flat.holes.push((start..start + range.len(), hole));
        }
        if has_literal {
            flat.copy(&decoded, copied..decoded.len());
        } else {
            flat.text = decoded;
        }
        flat
    }

    /// A string whose holes are values put in as they are.
    pub(super) fn template(
        &mut self,
        what: Subject<'_>,
        node: Node<'f>,
        scope: Scope<'_>,
    ) -> Option<Template> {
        let template = self.word(what, node, scope)?;
        for part in &template.parts {
            if let Part::Hole(hole) = part
                && scope.is_variadic(&hole.reference)
            {
                self.fault(variadic(hole, &format!("{what} is one text")));
                return None;
            }
        }
        Some(template)
    }

    /// The same where a `rest...` that is the whole string may be many.
    pub(super) fn word(&mut self, what: Subject<'_>, node: Node<'f>, scope: Scope<'_>) -> Option<Template> {
        let DeValue::String(text) = node.get_ref() else {
            self.wrong_type(what, "a string", node);
            return None;
        };
        let span = self.at(node);
        if !text.contains("{{") {
            return Some(Template { parts: text_part(text).into_iter().collect(), span });
        }
        let flat = self.flat(node, scope);
        let mut parts = Vec::new();
        let mut copied = 0;
        for (range, hole) in &flat.holes {
            parts.extend(text_part(&flat.text[copied..range.start]));
            parts.push(Part::Hole(hole.clone()?));
            copied = range.end;
        }
        parts.extend(text_part(&flat.text[copied..]));
        if parts.len() > 1
            && let Some(hole) = parts.iter().find_map(|part| match part {
                Part::Hole(hole) if scope.is_variadic(&hole.reference) => Some(hole),
                _ => None,
            })
        {
            self.fault(variadic(hole, "it has to be the whole item"));
            return None;
        }
        Some(Template { parts, span })
    }

    /// A `dotenv` list: paths, with `?` behind one that may be absent.
    pub(super) fn dotenv(
        &mut self,
        entry: Option<super::reader::Entry<'f>>,
        scope: Scope<'_>,
    ) -> Vec<Dotenv> {
        let mut files = Vec::new();
        for node in self.items(entry) {
            let Some(mut path) = self.template(Subject::Plain("a path in `dotenv`"), node, scope) else {
                continue;
            };
            let mut optional = false;
            if let Some(Part::Text(text)) = path.parts.last_mut()
                && let Some(stripped) = text.strip_suffix('?')
            {
                *text = stripped.to_owned();
                optional = true;
            }
            path.parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
            if path.parts.is_empty() {
                let span = self.at(node);
                self.fault(Diagnostic::error("empty", "a path in `dotenv` is empty", span, "empty"));
                continue;
            }
            files.push(Dotenv { path, optional });
        }
        files
    }
}

impl Flat {
    fn copy(&mut self, decoded: &str, range: Range<usize>) {
        let start = self.text.len();
        self.text.push_str(&decoded[range.clone()]);
        self.moved.push((start..self.text.len(), range));
    }
}

fn text_part(text: &str) -> Option<Part> {
    (!text.is_empty()).then(|| Part::Text(text.to_owned()))
}

/// A `rest...` where it can't be many words.
pub(super) fn variadic(hole: &Hole, why: &str) -> Diagnostic {
    let name = match &hole.reference {
        Reference::Argument(name) => name.as_str(),
        _ => "",
    };
    Diagnostic::error(
        "variadic-place",
        format!("`{name}...` stands for any number of words, but not here"),
        hole.span,
        why.to_owned(),
    )
    .help(format!(
        "let `{{{{ {name} }}}}` stand alone, as a word of a command or an item of `exec` or `args`"
    ))
}

fn unclosed(span: crate::diagnostic::Span) -> Diagnostic {
    Diagnostic::error("unclosed-template", "`{{` has no `}}` on its line", span, "opened here")
        .help("a literal `{{` is written `{{ '{{' }}`")
}
