//! Errors that terraform prints as text, read into the same struct as those of the stream.
//!
//! `init`, `output`, `state` and a refused command line answer so, on standard error. With `-no-color` an error is a paragraph that opens with
//! `Error: `; else it stands in a box of `╷│╵`, with colours even in a pipe. Both are read, and mixed: a missing
//! command-line configuration file puts a box before whatever follows. Paragraphs that terraform broke at its 78 columns are joined again.

use super::diagnostic::{DiagnosticPlace, Snippet, TerraformDiagnostic};
use crate::diagnostic::Severity;

/// Terraform breaks lines at 78 columns where it writes to no terminal; the frame of a box takes two of them.
const WRAP: usize = 76;

/// All errors and warnings in `text`, in order. Other text is passed over.
pub fn parse(text: &str) -> Vec<TerraformDiagnostic> {
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut open = false;
    let mut blank = true;
    for line in text.lines() {
        let line = without_colours(line);
        let (line, boxed) = match line.strip_prefix('│') {
            Some(rest) => (rest.strip_prefix(' ').unwrap_or(rest).trim_end().to_owned(), true),
            None => (line.trim_end().to_owned(), false),
        };
        if line.starts_with(['╷', '╵']) {
            open = false;
            blank = true;
        } else if heading(&line).is_some() && (blank || boxed) && !(boxed && open) {
            found.push(vec![line]);
            open = true;
            blank = false;
        } else {
            blank = line.is_empty();
            if let (true, Some(lines)) = (open, found.last_mut()) {
                lines.push(line);
            }
        }
    }
    found.iter().filter_map(|lines| diagnostic(lines)).collect()
}

fn heading(line: &str) -> Option<(Severity, &str)> {
    let error = line.strip_prefix("Error: ").map(|summary| (Severity::Error, summary));
    error.or_else(|| line.strip_prefix("Warning: ").map(|summary| (Severity::Warning, summary)))
}

fn diagnostic(lines: &[String]) -> Option<TerraformDiagnostic> {
    let (severity, summary) = heading(lines.first()?)?;
    let mut found = TerraformDiagnostic {
        severity,
        summary: summary.to_owned(),
        detail: String::new(),
        address: None,
        place: None,
        snippet: None,
    };
    let mut rest = lines[1..].iter().map(String::as_str).skip_while(|line| line.is_empty()).peekable();
    while let Some(line) = rest.next_if(|line| line.starts_with("  with ") || line.starts_with("  on ")) {
        if let Some(address) = line.strip_prefix("  with ") {
            found.address = Some(address.trim_end_matches([',', ':']).to_owned());
        } else if let Some((place, context)) = place(line) {
            found.snippet = Some(Snippet { context, start_line: place.line, ..Snippet::default() });
            found.place = Some(place);
        }
    }
    if let Some(snippet) = &mut found.snippet {
        while let Some(code) = rest.next_if(|line| numbered(line).is_some()).and_then(numbered) {
            let separator = if snippet.code.is_empty() { "" } else { "\n" };
            snippet.code = format!("{}{separator}{code}", snippet.code);
        }
    }
    found.detail = joined(rest);
    Some(found)
}

/// `  on main.tf line 2, in terraform:`.
fn place(line: &str) -> Option<(DiagnosticPlace, Option<String>)> {
    let (file, rest) = line.strip_prefix("  on ")?.split_once(" line ")?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let context = rest[digits..].strip_prefix(", in ").map(|text| text.trim_end_matches(':').to_owned());
    Some((DiagnosticPlace { file: file.to_owned(), line: rest[..digits].parse().ok()?, column: 1 }, context))
}

/// `   2:   backend "x" {}` without the number.
fn numbered(line: &str) -> Option<&str> {
    let (number, code) = line.split_once(':')?;
    let digits = number.trim_start();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && number.starts_with(' ')).then(|| code.strip_prefix(' ').unwrap_or(code))
}

/// The lines as text, with those joined that were broken only because they were too long.
fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut width = 0;
    for line in lines {
        let word = line.split(' ').next().unwrap_or_default().chars().count();
        let prose = width > 0 && word > 0;
        if prose && width + 1 + word > WRAP {
            text.push(' ');
        } else if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
        width = if line.starts_with(' ') { 0 } else { line.chars().count() };
    }
    text.trim_matches('\n').to_owned()
}

/// `line` without SGR sequences, the only ones that terraform prints.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: &str = include_str!("../../../tests/fixtures/terraform/init-bad-backend.txt");
    const COLOURED: &str = include_str!("../../../tests/fixtures/terraform/init-bad-backend-colour.txt");

    fn bad_backend() -> TerraformDiagnostic {
        TerraformDiagnostic {
            severity: Severity::Error,
            summary: "Unsupported backend type".to_owned(),
            detail: "There is no backend type named \"nonsense\".".to_owned(),
            address: None,
            place: Some(DiagnosticPlace { file: "main.tf".to_owned(), line: 2, column: 1 }),
            snippet: Some(Snippet {
                context: Some("terraform".to_owned()),
                code: "  backend \"nonsense\" {}".to_owned(),
                start_line: 2,
                ..Snippet::default()
            }),
        }
    }

    #[test]
    fn a_plain_error_and_a_coloured_box_say_the_same() {
        assert_eq!(parse(BAD), [bad_backend()]);
        assert_eq!(parse(COLOURED), [bad_backend()]);
    }

    #[test]
    fn broken_paragraphs_are_joined_and_commands_stay() {
        let found = parse(include_str!("../../../tests/fixtures/terraform/init-no-plugin.txt"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].summary, "Failed to query available provider packages");
        let last = found[0].detail.lines().last();
        assert_eq!(last, Some("    terraform providers"));

        let found = parse(include_str!("../../../tests/fixtures/terraform/init-backend-changed.txt"));
        assert_eq!(
            found[0].detail,
            "A change in the backend configuration has been detected, which may require migrating existing state.\n\n\
             If you wish to attempt automatic migration of the state, use \"terraform init -migrate-state\".\n\
             If you wish to store the current configuration with no changes to the state, use \"terraform init -reconfigure\"."
        );
    }

    #[test]
    fn a_warning_box_before_a_plain_error_is_another_diagnostic() {
        let text =
            format!("There are problems:\n╷\n│ Warning: Unable to open\n│ \n│ It isn't there.\n╵\n\n{BAD}");
        let found = parse(&text);
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(
            (found[0].summary.as_str(), found[0].detail.as_str()),
            ("Unable to open", "It isn't there.")
        );
        assert_eq!(found[1..], [bad_backend()]);
    }

    #[test]
    fn a_detail_that_opens_like_an_error_stays_in_its_box() {
        let found = parse("╷\n│ Error: Failed to load\n│ \n│ Error: no such file\n╵\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].detail, "Error: no such file");
    }

    #[test]
    fn an_address_is_read_and_other_text_gives_nothing() {
        let text = "Error: broken\n\n  with terraform_data.a,\n  on main.tf line 3:\n   3: }\n\nBecause.\n";
        let found = parse(text);
        assert_eq!(found[0].address.as_deref(), Some("terraform_data.a"));
        assert_eq!(found[0].snippet.as_ref().map(|snippet| snippet.code.as_str()), Some("}"));
        assert_eq!(parse("Initializing the backend...\nSuccess! Error: none\n"), []);
        assert_eq!(parse(""), []);
    }
}
