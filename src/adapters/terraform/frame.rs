//! Draws terraform's diagnostics in the look of ours, with paths as the user would name them.
//!
//! Terraform names files from the root's folder; a person stands in the project's. So the folder is put before the name.

use std::path::{Component, Path, PathBuf};

use super::diagnostic::{Snippet, TerraformDiagnostic, errors};
use crate::diagnostic::fault::{Fault, FaultKind};

/// Explanations are wrapped at this many columns, which leaves room for a step's name in front in a terminal of 100.
const WIDTH: usize = 84;

/// More lines of code than this are cut.
const CODE_LINES: usize = 6;

/// The lines of one diagnostic; `dir` is the root's folder as the user would name it.
pub fn render(diagnostic: &TerraformDiagnostic, dir: &Path) -> Vec<String> {
    let heading = if diagnostic.is_error() { "error" } else { "warning" };
    let mut lines = vec![format!("{heading}: {}", diagnostic.summary)];
    if let Some(place) = &diagnostic.place {
        lines.push(format!(
            "  --> {}:{}:{}",
            named_from(dir, &place.file).display(),
            place.line,
            place.column
        ));
    }
    if let Some(snippet) = &diagnostic.snippet {
        lines.extend(code(snippet));
    }
    let context = diagnostic.snippet.as_ref().and_then(|snippet| snippet.context.as_ref());
    if let Some(owner) = diagnostic.address.as_ref().or(context) {
        lines.push(format!("  in {owner}"));
    }
    lines.extend(
        diagnostic.detail.lines().flat_map(wrapped).map(|line| format!("  {line}").trim_end().to_owned()),
    );
    lines
}

/// A fault of `kind` with `message`, all errors drawn below it, and the place of the first one that has a place.
pub fn fault(
    kind: FaultKind,
    message: impl Into<String>,
    diagnostics: &[TerraformDiagnostic],
    dir: &Path,
) -> Fault {
    let mut fault = Fault::new(kind, message);
    fault.details = errors(diagnostics).flat_map(|diagnostic| render(diagnostic, dir)).collect();
    match errors(diagnostics).find_map(|diagnostic| diagnostic.place.as_ref()) {
        Some(place) => fault.at(named_from(dir, &place.file).to_string_lossy(), place.line, place.column),
        None => fault,
    }
}

/// `file` of the root `dir`, without needless `..`.
fn named_from(dir: &Path, file: &str) -> PathBuf {
    if file.starts_with('<') {
        return PathBuf::from(file);
    }
    let mut named = PathBuf::new();
    for part in dir.join(file).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(named.components().next_back(), Some(Component::Normal(_))) => {
                named.pop();
            }
            other => named.push(other),
        }
    }
    named
}

fn code(snippet: &Snippet) -> Vec<String> {
    let gutter = (snippet.start_line + snippet.code.lines().count()).to_string().len();
    let mut lines = vec![format!("{:gutter$} |", "")];
    let mut start = 0;
    for (index, line) in snippet.code.lines().enumerate().take(CODE_LINES) {
        lines.push(format!("{:gutter$} | {line}", snippet.start_line + index).trim_end().to_owned());
        // Only the first marked line gets carets: an error that runs over lines is found by its start.
        if (start..=start + line.len()).contains(&snippet.marked.start) && !snippet.marked.is_empty() {
            lines.push(format!("{:gutter$} | {}", "", carets(line, snippet, start)));
        }
        start += line.len() + 1;
    }
    lines.extend(snippet.values.iter().map(|value| format!("{:gutter$} = {value}", "")));
    lines
}

/// Spaces (and the tabs of `line`) up to the mark, then carets below it; the offsets count bytes of the whole snippet.
fn carets(line: &str, snippet: &Snippet, start: usize) -> String {
    let first = boundary(line, snippet.marked.start.saturating_sub(start));
    let last = boundary(line, snippet.marked.end.saturating_sub(start)).max(first);
    let pad: String = line[..first].chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("{pad}{}", "^".repeat(line[first..last].chars().count().max(1)))
}

/// The start of the character that byte `at` of `line` belongs to, or the line's end.
fn boundary(line: &str, at: usize) -> usize {
    (0..=at.min(line.len())).rev().find(|&byte| line.is_char_boundary(byte)).unwrap_or(0)
}

/// `line` in pieces of at most `WIDTH`; lines that are indented are lists or commands and stay whole.
fn wrapped(line: &str) -> Vec<String> {
    if line.starts_with([' ', '\t']) || line.is_empty() {
        return vec![line.to_owned()];
    }
    let mut pieces = vec![String::new()];
    for word in line.split(' ') {
        let width = pieces.last().map_or(0, |piece| piece.chars().count());
        if width > 0 && width + 1 + word.chars().count() > WIDTH {
            pieces.push(word.to_owned());
        } else if let Some(piece) = pieces.last_mut() {
            if width > 0 {
                piece.push(' ');
            }
            piece.push_str(word);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::terraform::stream::{StreamEvent, parse};

    fn drawn(stream: &str, dir: &str) -> String {
        let frames = stream.lines().map(parse).filter_map(|event| match event {
            StreamEvent::Diagnostic(diagnostic) => Some(render(&diagnostic, Path::new(dir)).join("\n")),
            _ => None,
        });
        frames.collect::<Vec<_>>().join("\n\n")
    }

    #[test]
    fn a_frame_names_the_file_from_the_project_and_marks_the_code() {
        let stream = include_str!("../../../tests/fixtures/terraform/plan-error.jsonl");
        assert_eq!(
            drawn(stream, "terraform/broken"),
            "\
error: Reference to undeclared resource
  --> terraform/broken/main.tf:10:11
   |
10 |   input = terraform_data.nowhere.output
   |           ^^^^^^^^^^^^^^^^^^^^^^
  in resource \"terraform_data\" \"b\"
  A managed resource \"terraform_data\" \"nowhere\" has not been declared in the root
  module.

error: Unsupported attribute
  --> terraform/broken/main.tf:6:21
  |
6 |   input = local.zone.b
  |                     ^^
  = local.zone is object with 1 attribute \"a\"
  in resource \"terraform_data\" \"a\"
  This object does not have an attribute named \"b\"."
        );
    }

    #[test]
    fn an_error_without_a_place_is_its_text() {
        let stream = include_str!("../../../tests/fixtures/terraform/apply-stale.jsonl");
        assert_eq!(
            drawn(stream, "x"),
            "\
error: Saved plan is stale
  The given plan file can no longer be applied because the state was changed by
  another operation after the plan was created."
        );
    }

    #[test]
    fn a_mark_that_runs_over_the_line_stops_at_its_end() {
        let stream = include_str!("../../../tests/fixtures/terraform/plan-syntax-error.jsonl");
        assert_eq!(
            drawn(stream, ""),
            "\
error: Invalid expression
  --> main.tf:2:11
  |
2 |   input =
  |           ^
3 | }
  in resource \"terraform_data\" \"a\"
  Expected the start of an expression, but found an invalid expression token."
        );
    }

    #[test]
    fn a_module_beside_the_root_is_named_without_dots_and_a_value_is_no_file() {
        assert_eq!(
            named_from(Path::new("terraform/base"), "../modules/net/main.tf"),
            Path::new("terraform/modules/net/main.tf")
        );
        assert_eq!(named_from(Path::new("base"), "../../shared/main.tf"), Path::new("../shared/main.tf"));
        assert_eq!(named_from(Path::new("base"), "/run/prod.tfvars"), Path::new("/run/prod.tfvars"));
        assert_eq!(named_from(Path::new("base"), "<value for var.app>"), Path::new("<value for var.app>"));
    }

    #[test]
    fn a_fault_carries_the_frames_and_the_first_place() {
        let stream = include_str!("../../../tests/fixtures/terraform/apply-failed.jsonl");
        let diagnostics: Vec<_> = stream
            .lines()
            .filter_map(|line| match parse(line) {
                StreamEvent::Diagnostic(diagnostic) => Some(diagnostic),
                _ => None,
            })
            .collect();
        let fault = fault(FaultKind::Failed, "`base` failed", &diagnostics, Path::new("terraform/base"));
        let place = fault.place.unwrap();
        assert_eq!((place.file.as_str(), place.line, place.column), ("terraform/base/main.tf", 6, 28));
        assert_eq!(fault.details[0], "error: local-exec provisioner error");
        assert_eq!(fault.details[5], "  in terraform_data.second");
    }

    #[test]
    fn marks_that_split_a_character_or_lie_outside_do_no_harm() {
        let snippet =
            Snippet { code: "a = \"é\"".to_owned(), start_line: 1, marked: 6..99, ..Snippet::default() };
        assert_eq!(code(&snippet), ["  |", "1 | a = \"é\"", "  |      ^^"]);
        let unmarked = Snippet { marked: 0..0, ..snippet };
        assert_eq!(code(&unmarked), ["  |", "1 | a = \"é\""]);
    }
}
