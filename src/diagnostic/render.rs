//! Draws diagnostics in the look of rustc, which most readers know how to read.
//!
//! The width is fixed and the drawing ASCII, so that the same fault looks the same on a terminal, in a log
//! and in a test; only colour is a choice.

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str,
};

use super::order::ordered;
use super::{Diagnostic, Label, Severity, SourceId, Sources};

/// All diagnostics, errors first, in the order of their places, a blank line between them; each once.
pub fn render(sources: &Sources, diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let drawn: Vec<String> = ordered(diagnostics)
        .into_iter()
        .map(|diagnostic| renderer.render(&[group(sources, diagnostic)]) + "\n")
        .collect();
    drawn.join("\n")
}

fn group<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let messages = |level: Level<'a>, texts: &'a [String]| {
        texts.iter().map(move |text| level.clone().message(harmless(text))).collect::<Vec<_>>()
    };
    level
        .primary_title(&diagnostic.title)
        .id(diagnostic.code)
        .elements(snippets(sources, &diagnostic.labels))
        .elements(messages(Level::NOTE, &diagnostic.notes))
        .elements(messages(Level::HELP, &diagnostic.help))
}

/// A snippet for each text that is pointed into, the one with the place itself first.
fn snippets<'a>(sources: &'a Sources, labels: &'a [Label]) -> Vec<Snippet<'a, Annotation<'a>>> {
    let mut snippets: Vec<(SourceId, Snippet<'a, Annotation<'a>>)> = Vec::new();
    for (index, label) in labels.iter().enumerate() {
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let text = Some(harmless(&label.text)).filter(|text| !text.is_empty());
        let annotation = kind.span(sources.range(label.span)).label(text);
        let source = label.span.source;
        match snippets.iter_mut().find(|(id, _)| *id == source) {
            Some((_, snippet)) => *snippet = snippet.clone().annotation(annotation),
            None => {
                let path = harmless(&sources.path(source).display().to_string());
                let snippet = Snippet::source(sources.text(source)).path(path);
                snippets.push((source, snippet.annotation(annotation)));
            }
        }
    }
    snippets.into_iter().map(|(_, snippet)| snippet).collect()
}

/// `text` with control characters made visible. The library (0.12.17) does so for titles and sources but not
/// for messages, paths and, against its documentation, labels; a key with an escape sequence in it must not
/// reach the terminal.
fn harmless(text: &str) -> String {
    normalize_untrusted_str(text)
}
