//! Damaged tasks files: whatever the bytes, loading ends with a model or with diagnostics inside the texts.

use proptest::prelude::*;

use crate::model::{EVERYTHING, INCLUDED};
use crate::texts::Texts;

/// Pieces that a slip of the hand or a merge would put into a file.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "[",
    "]",
    "[[",
    "=",
    "\\",
    "\n",
    "\r\n",
    "\0",
    "é",
    "{",
    "}",
    ",",
    "#",
    ".",
    "-",
    "{{ rest }}",
    "{{ \"",
    "vars.",
    "[tasks.test]\n",
    "= 1e999\n",
    "99999999999999999999",
    "\\u00e9",
    "\\\n  ",
];

fn damaged(text: &str, edits: &[(usize, usize, usize)]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (at, taken, piece) in edits {
        let at = at % (characters.len() + 1);
        let end = (at + taken).min(characters.len());
        let piece = PIECES[piece % PIECES.len()];
        characters.splice(at..end, piece.chars());
    }
    characters.into_iter().collect()
}

fn load(main: String, included: String) {
    let result = Texts::main(main).file("docs/tasks.toml", included).load();
    let (sources, diagnostics) = match result {
        Ok(model) => (model.sources, model.warnings),
        Err(failure) => {
            assert!(!failure.diagnostics.is_empty(), "a failure without a reason");
            (failure.sources, failure.diagnostics)
        }
    };
    for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        let text = sources.text(label.span.source);
        let place = text.get(label.span.start..label.span.end);
        assert!(place.is_some(), "{:?} is no part of a text of {} bytes", label, text.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edits_never_break_the_loader(
        main in prop::collection::vec((any::<usize>(), 0_usize..12, any::<usize>()), 1..6),
        included in prop::collection::vec((any::<usize>(), 0_usize..12, any::<usize>()), 0..3),
    ) {
        load(damaged(EVERYTHING, &main), damaged(INCLUDED, &included));
    }

    #[test]
    fn noise_never_breaks_the_loader(text in "\\PC{0,200}") {
        load(text, String::new());
    }
}

#[test]
fn truncation_anywhere_never_breaks_the_loader() {
    for (at, _) in EVERYTHING.char_indices() {
        load(EVERYTHING[..at].to_owned(), INCLUDED.to_owned());
    }
}
