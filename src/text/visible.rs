//! Foreign text on a screen.

/// `text` with control characters written out (`\u{1b}`), but for newlines and tabs: what somebody wrote into an argument or a description must
/// not steer the terminal.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' && c != '\t' {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same on one line.
pub fn one_line(text: &str) -> String {
    visible(text).replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal_and_the_rest_stands() {
        assert_eq!(visible("ä\tb\nc"), "ä\tb\nc");
        assert_eq!(visible("\u{1b}[2J\u{7}\r"), "\\u{1b}[2J\\u{7}\\u{d}");
        assert_eq!(one_line("a\nb"), "a\\nb");
    }
}
