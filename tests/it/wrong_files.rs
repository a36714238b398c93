//! Wrong tasks files: each of `wrong_files/` with everything that is said about it.
//!
//! A folder is a project with includes, its main file `tasks.toml`. Beside it stands `NAME.stderr`: a line `code
//! file:line:column` for each diagnostic, then the drawn ones. `SNAPSHOTS=overwrite cargo test` writes them anew.
#![expect(clippy::disallowed_methods, reason = "reads its own folder")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use shipway::diagnostic::{Diagnostic, Sources, render};

use crate::texts::Texts;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/wrong_files")
}

fn read_folder(texts: Texts, folder: &Path, under: &str) -> Texts {
    let mut texts = texts;
    for entry in folder.read_dir().expect("folder").map(|entry| entry.expect("entry").path()) {
        let name = format!("{under}{}", entry.file_name().expect("name").to_string_lossy());
        texts = if entry.is_dir() {
            read_folder(texts, &entry, &format!("{name}/"))
        } else {
            texts.file(&name, std::fs::read_to_string(&entry).expect("text"))
        };
    }
    texts
}

/// What is said about a file: places first, so that a snapshot means something whatever the drawing looks like.
fn said(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let span = diagnostic.labels[0].span;
        let position = sources.position(span);
        let file = sources.path(span.source).display();
        writeln!(text, "{} {file}:{}:{}", diagnostic.code, position.line, position.column).expect("text");
    }
    text + "\n" + &render(sources, diagnostics, false)
}

#[test]
fn every_fault_is_told_at_its_place() {
    let mut cases: Vec<PathBuf> = folder()
        .read_dir()
        .expect("folder")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 45, "only {} wrong files", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let texts = if case.is_dir() {
            read_folder(Texts::default(), &case, "")
        } else {
            Texts::main(std::fs::read_to_string(&case).expect("text"))
        };
        let actual = match texts.load() {
            Err(failure) => said(&failure.sources, &failure.diagnostics),
            Ok(model) if model.warnings.is_empty() => "nothing is wrong\n".to_owned(),
            Ok(model) => said(&model.sources, &model.warnings),
        };
        let expected = snapbox::Data::read_from(&case.with_extension("stderr"), None);
        let assert = snapbox::Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
        if let Err(error) = assert.try_eq(Some(&case.display()), actual.into(), expected) {
            wrong.push(error.to_string());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
