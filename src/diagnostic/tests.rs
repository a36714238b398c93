//! How diagnostics look.

use proptest::prelude::*;
use snapbox::{assert_data_eq, str};

use super::*;

const TASKS: &str = r#"[tasks.build]
runn = "cargo build"
depends = ["lint", "tset"]

[tasks.test]
run = "cargo test"
"#;

/// The span of `marked` in the text of `source`.
fn span(sources: &Sources, source: SourceId, marked: &str) -> Span {
    let start = sources.text(source).find(marked).expect("the marked text");
    Span::new(source, start, start + marked.len())
}

fn tasks() -> (Sources, SourceId) {
    let mut sources = Sources::default();
    let source = sources.add("tasks.toml", TASKS);
    (sources, source)
}

#[test]
fn a_fault_shows_its_place_and_what_to_do() {
    let (sources, source) = tasks();
    let diagnostic = Diagnostic::error(
        "unknown-key",
        "unknown key `runn`",
        span(&sources, source, "runn"),
        "a task has no such key",
    )
    .also(span(&sources, source, "[tasks.build]"), "in this task")
    .note("keys of a task are `run`, `depends` and more")
    .help("did you mean `run`?");
    assert_data_eq!(
        render(&sources, &[diagnostic], false),
        str![[r#"
error[unknown-key]: unknown key `runn`
 --> tasks.toml:2:1
  |
1 | [tasks.build]
  | ------------- in this task
2 | runn = "cargo build"
  | ^^^^ a task has no such key
  |
  = note: keys of a task are `run`, `depends` and more
  = help: did you mean `run`?

"#]]
    );
}

#[test]
fn places_in_other_files_have_their_own_snippet() {
    let (mut sources, tasks) = tasks();
    let docs = sources.add("docs/tasks.toml", "# docs\n[tasks.test]\n");
    let diagnostic =
        Diagnostic::error("defined-twice", "`test` is defined twice", span(&sources, docs, "tasks.test"), "")
            .also(span(&sources, tasks, "tasks.test"), "first here");
    assert_data_eq!(
        render(&sources, &[diagnostic], false),
        str![[r#"
error[defined-twice]: `test` is defined twice
 --> docs/tasks.toml:2:2
  |
2 | [tasks.test]
  |  ^^^^^^^^^^
  |
 ::: tasks.toml:5:2
  |
5 | [tasks.test]
  |  ---------- first here

"#]]
    );
}

#[test]
fn errors_come_first_and_a_blank_line_between() {
    let (sources, source) = tasks();
    let diagnostics = [
        Diagnostic::warning("unused", "`build` is never used", span(&sources, source, "build"), ""),
        Diagnostic::error(
            "unknown-task",
            "no task `tset`",
            span(&sources, source, "\"tset\""),
            "no such task",
        ),
        Diagnostic::error("unknown-key", "unknown key `runn`", span(&sources, source, "runn"), ""),
        Diagnostic::error("unknown-key", "unknown key `runn`", span(&sources, source, "runn"), ""),
    ];
    assert_data_eq!(
        render(&sources, &diagnostics, false),
        str![[r#"
error[unknown-key]: unknown key `runn`
 --> tasks.toml:2:1
  |
2 | runn = "cargo build"
  | ^^^^

error[unknown-task]: no task `tset`
 --> tasks.toml:3:20
  |
3 | depends = ["lint", "tset"]
  |                    ^^^^^^ no such task

warning[unused]: `build` is never used
 --> tasks.toml:1:8
  |
1 | [tasks.build]
  |        ^^^^^

"#]]
    );
    assert_eq!(render(&sources, &[], false), "");
}

#[test]
fn a_fault_without_a_place_is_told_without_a_snippet() {
    let (sources, source) = tasks();
    let mut diagnostic = Diagnostic::error("missing-file", "no tasks file here", Span::new(source, 0, 0), "")
        .note("looked in `.` and above")
        .help("`shipway init` writes one");
    diagnostic.labels.clear();
    assert_data_eq!(
        render(&sources, &[diagnostic], false),
        str![[r#"
error[missing-file]: no tasks file here
 |
 = note: looked in `.` and above
 = help: `shipway init` writes one

"#]]
    );
}

#[test]
fn a_place_that_spans_lines_is_bracketed() {
    let (sources, source) = tasks();
    let diagnostic =
        Diagnostic::error("empty", "nothing to run", Span::new(source, 0, 36), "this task does nothing");
    assert_data_eq!(
        render(&sources, &[diagnostic], false),
        str![[r#"
error[empty]: nothing to run
 --> tasks.toml:1:1
  |
1 | / [tasks.build]
2 | | runn = "cargo build"
3 | | depends = ["lint", "tset"]
  | |_^ this task does nothing

"#]]
    );
}

#[test]
fn an_empty_file_and_the_end_of_one_can_be_pointed_at() {
    let (mut sources, tasks) = tasks();
    let empty = sources.add("empty.toml", "");
    let at = |source, start| Diagnostic::error("rule", "a fault", Span::new(source, start, start), "here");
    let diagnostics = [at(empty, 0), at(tasks, TASKS.len()), at(tasks, TASKS.len() + 9)];
    assert_data_eq!(
        render(&sources, &diagnostics, false),
        str![[r#"
error[rule]: a fault
 --> tasks.toml:6:19
  |
6 | run = "cargo test"
  |                   ^ here

error[rule]: a fault
 --> tasks.toml:6:19
  |
6 | run = "cargo test"
  |                   ^ here

error[rule]: a fault
 --> empty.toml:1:1
  |
1 |
  | ^ here

"#]]
    );
}

#[test]
fn control_characters_are_made_visible() {
    let mut sources = Sources::default();
    let source = sources.add("tasks.toml", "a\u{1b}[31m = 1\n");
    let diagnostic = Diagnostic::error("rule", "key `a\u{1b}[31m`", Span::new(source, 0, 6), "\u{1b}")
        .note("\u{1b}[31m")
        .help("\u{1b}[31m");
    assert_data_eq!(
        render(&sources, &[diagnostic], false),
        str![[r#"
error[rule]: key `a␛[31m`
 --> tasks.toml:1:1
  |
1 | a␛[31m = 1
  | ^^^^^^ ␛
  |
  = note: ␛[31m
  = help: ␛[31m

"#]]
    );
}

#[test]
fn colour_changes_no_letter() {
    let (sources, source) = tasks();
    let diagnostics = [Diagnostic::error("rule", "title", span(&sources, source, "runn"), "label")
        .note("note")
        .help("help")];
    let coloured = render(&sources, &diagnostics, true);
    assert!(coloured.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), render(&sources, &diagnostics, false));
}

proptest! {
    #[test]
    fn no_span_and_no_text_makes_it_panic(
        text in "([a\\n\\r\\té\\x1b]|\\PC){0,20}",
        spans in proptest::collection::vec((0_usize..30, 0_usize..30), 0..4),
    ) {
        let mut sources = Sources::default();
        let source = sources.add("tasks.toml", text.as_str());
        let mut diagnostic = Diagnostic::error("rule", text.as_str(), Span::new(source, 0, 0), "");
        diagnostic.labels =
            spans
                .iter()
                .map(|(start, end)| Label { span: Span::new(source, *start, *end), text: text.clone() })
                .collect();
        prop_assert!(render(&sources, &[diagnostic.note(text.as_str())], false).starts_with("error[rule]: "));
    }
}
