//! Draws a `Fault`: heading and message, details as they stand, then each hint on a line of its own after a blank line. Used for the
//! faults of steps and for those that end a command before any run.
//!
//! The message is lowercase and without a final period by convention of whoever makes it; nothing is rewritten here.

use super::clean;
use super::style::{Label, Style};
use crate::diagnostic::{Fault, FaultKind};

/// The fault as text, with a newline at its end.
pub fn render(fault: &Fault, style: &Style) -> String {
    render_of(None, fault, style)
}

/// The fault of a step. The step's title is put before the message where the message does not name it.
pub(super) fn render_of(title: Option<&str>, fault: &Fault, style: &Style) -> String {
    let label = match fault.kind {
        FaultKind::Declined | FaultKind::Interrupted => Label::Warning,
        _ => Label::Error,
    };
    let mut text = style.paint(label, &format!("{}:", fault.kind.heading()));
    text.push(' ');
    if let Some(title) = title.filter(|title| !fault.message.contains(title)) {
        text.push_str(&format!("{title}: "));
    }
    push_lines(&mut text, &fault.message, style);
    if let Some(place) = &fault.place
        && !fault.details.iter().any(|detail| detail.contains(&place.file))
    {
        text.push_str(&format!("  --> {}:{}:{}\n", place.file, place.line, place.column));
    }
    for detail in &fault.details {
        push_lines(&mut text, detail, style);
    }
    if !fault.hints.is_empty() {
        text.push('\n');
    }
    for hint in &fault.hints {
        text.push_str(&style.paint(Label::Hint, "hint:"));
        text.push(' ');
        push_lines(&mut text, hint, style);
    }
    text
}

fn push_lines(text: &mut String, lines: &str, style: &Style) {
    if lines.is_empty() {
        text.push('\n');
    }
    for line in clean::lines(lines, style.colour) {
        text.push_str(&line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;

    fn fault() -> Fault {
        Fault::new(FaultKind::Failed, "terraform exited with exit status 1")
            .detail("  terraform -chdir=base apply plan")
            .detail("  Error: quota exceeded")
            .hint("the whole log: `shipway logs r1`")
            .hint("go on with `shipway up --resume`")
    }

    #[test]
    fn a_fault_is_heading_details_and_hints_in_this_order() {
        assert_data_eq!(
            render_of(Some("apply base"), &fault(), &Style::plain()),
            str![[r#"
error: apply base: terraform exited with exit status 1
  terraform -chdir=base apply plan
  Error: quota exceeded

hint: the whole log: `shipway logs r1`
hint: go on with `shipway up --resume`

"#]]
        );
    }

    #[test]
    fn a_place_is_named_where_no_detail_shows_it() {
        let fault = Fault::new(FaultKind::File, "unknown key `comand`").at("tasks.toml", 3, 1);
        assert_data_eq!(
            render(&fault, &Style::plain()),
            str![[r#"
error: unknown key `comand`
  --> tasks.toml:3:1

"#]]
        );
        let drawn = fault.detail(" --> tasks.toml:3:1\n  |\n3 | comand = 1");
        assert_data_eq!(
            render(&drawn, &Style::plain()),
            str![[r#"
error: unknown key `comand`
 --> tasks.toml:3:1
  |
3 | comand = 1

"#]]
        );
    }

    #[test]
    fn only_the_heading_and_the_word_hint_have_colour_of_their_own() {
        let style = Style { colour: true, ..Style::plain() };
        let coloured = render(&fault(), &style);
        assert!(coloured.starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m terraform"), "{coloured:?}");
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), render(&fault(), &Style::plain()));
    }
}
