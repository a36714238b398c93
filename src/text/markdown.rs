//! Texts of others in Markdown: they stay what they are, whatever they hold.

/// Text as code in a line; a key of a resource may be any text.
pub fn code(text: &str) -> String {
    let one_line = text.replace(['\n', '\r'], " ");
    let ticks = "`".repeat(longest_run(&one_line) + 1);
    let blank = if one_line.starts_with('`') || one_line.ends_with('`') { " " } else { "" };
    format!("{ticks}{blank}{one_line}{blank}{ticks}")
}

/// Text as a block of its own, with its end of line.
pub fn block(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Text in a line or a cell of a table.
pub fn escaped(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|").replace('`', "\\`")
}

/// The longest row of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_code_whatever_it_holds() {
        assert_eq!(code("a.b[\"c\"]"), "`a.b[\"c\"]`");
        assert_eq!(code("a[\"``\"]`"), "``` a[\"``\"]` ```");
        assert_eq!(code("a\nb"), "`a b`");
        assert_eq!(block("a\n```\n"), "````text\na\n```\n````\n");
        assert_eq!(escaped("<b>|`\n&"), "&lt;b>\\|\\` &amp;");
    }
}
