//! Which variables the text of a compose file uses.
//!
//! Compose replaces `$NAME` and `${NAME…}` in scalars, after YAML is read. This looks at the text, for whoever
//! wants to know what is missing needs the line: comments are skipped, block scalars (`|`, `>`) have none,
//! and `$$` is a dollar sign.

/// A variable that a compose file uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedKey {
    /// Its name.
    pub key: String,
    /// The line of this use, from 1.
    pub line: usize,
    /// Whether something else stands for it where it is not set: `${KEY:-default}`, `${KEY:+other}`.
    pub has_default: bool,
}

/// Each use of a variable in order.
pub fn keys_used(text: &str) -> Vec<UsedKey> {
    let mut used = Vec::new();
    let mut quote = None;
    // How far the line is indented whose block scalar goes on.
    let mut block: Option<usize> = None;
    for (index, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let is_blank = line.trim().is_empty();
        if block.is_some_and(|above| indent <= above && !is_blank) {
            block = None;
        }
        if block.is_some() {
            of_scalar(line, index + 1, &mut used);
            continue;
        }
        let code = without_comment(line, &mut quote);
        if quote.is_none() && opens_block(code) {
            block = Some(indent);
        }
        of_scalar(code, index + 1, &mut used);
    }
    used
}

/// `line` up to its comment. `quote` is what is open at its beginning and, after that, at its end.
fn without_comment<'l>(line: &'l str, quote: &mut Option<char>) -> &'l str {
    // Where a scalar may begin; elsewhere a quote is a letter like others.
    let mut may_begin = true;
    let mut after_blank = true;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match *quote {
            Some('"') if c == '\\' => {
                chars.next();
            }
            Some('\'') if c == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                chars.next();
            }
            Some(open) => {
                if c == open {
                    *quote = None;
                    may_begin = false;
                }
            }
            None if c == '#' && after_blank => return &line[..at],
            None if may_begin && (c == '\'' || c == '"') => *quote = Some(c),
            None => {
                let after_sign = after_blank && c == '-' || matches!(c, ':' | '[' | '{' | ',' | '?');
                may_begin = after_sign || may_begin && c.is_whitespace();
            }
        }
        after_blank = quote.is_none() && c.is_whitespace();
    }
    line
}

/// Whether a line ends with the header of a block scalar: `command: |`, `- >-`, `text: |2+`.
fn opens_block(code: &str) -> bool {
    let header = code.trim_end().rsplit([' ', '\t']).next().unwrap_or_default();
    let before = code.trim_end().strip_suffix(header).unwrap_or_default().trim_end();
    let is_header = header.strip_prefix(['|', '>']).is_some_and(|rest| {
        rest.len() <= 2 && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'+' || byte == b'-')
    });
    is_header && (before.ends_with(':') || before.trim_start().ends_with('-'))
}

/// The variables of a piece of a scalar. A `${` that no `}` closes is none.
fn of_scalar(text: &str, line: usize, used: &mut Vec<UsedKey>) {
    // What is left to look at; a word of `${A:-word}` comes before what is behind it.
    let mut open = vec![text];
    while let Some(text) = open.pop() {
        let Some((_, after)) = text.split_once('$') else { continue };
        if let Some(after) = after.strip_prefix('$') {
            open.push(after);
            continue;
        }
        let (braced, inner) = match after.strip_prefix('{') {
            Some(inner) => (true, inner),
            None => (false, after),
        };
        let name_end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let (name, after) = inner.split_at(name_end);
        let is_name = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
        let operator = after.strip_prefix(':').unwrap_or(after);
        let is_closed = !braced || after.starts_with('}') || operator.starts_with(['-', '?', '+']);
        if is_name && is_closed {
            let has_default = braced && operator.starts_with(['-', '+']);
            used.push(UsedKey { key: name.to_owned(), line, has_default });
        }
        // The word of `${NAME:-word}` may have variables, too; they are found by going on right here.
        open.push(after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<(String, usize)> {
        keys_used(text).into_iter().map(|used| (used.key, used.line)).collect()
    }

    #[track_caller]
    fn assert_keys(text: &str, expected: &[(&str, usize)]) {
        let expected: Vec<_> = expected.iter().map(|(key, line)| ((*key).to_owned(), *line)).collect();
        assert_eq!(keys(text), expected, "{text}");
    }

    #[test]
    fn each_form_of_a_variable_is_found_with_its_line() {
        assert_keys(
            "image: ${IMAGE}:$TAG\nports:\n  - \"${PORT:-80}:8000\"\n  - ${A-1}${B:?no}${C?}${D:+d}$_e1.$F-$G",
            &[
                ("IMAGE", 1),
                ("TAG", 1),
                ("PORT", 3),
                ("A", 4),
                ("B", 4),
                ("C", 4),
                ("D", 4),
                ("_e1", 4),
                ("F", 4),
                ("G", 4),
            ],
        );
        assert_keys("a: ${A:-${B:-$C}/x}/$D", &[("A", 1), ("B", 1), ("C", 1), ("D", 1)]);
    }

    #[test]
    fn a_default_is_told() {
        let found: Vec<bool> = keys_used("$A ${B} ${C:-x} ${D-} ${E:+x} ${F:?x} $G-x")
            .iter()
            .map(|used| used.has_default)
            .collect();
        assert_eq!(found, [false, false, true, true, true, false, false]);
    }

    #[test]
    fn a_doubled_dollar_sign_and_what_is_no_name_are_nothing() {
        assert_keys("a: $$A $${B} $$$C $5 ${} ${1} $ ${D $", &[("C", 1)]);
    }

    #[test]
    fn comments_are_skipped_and_quotes_hide_none() {
        assert_keys(
            "# $A\na: b # $C\nd: \"# $E\" # $F\ng: '# ''$H' # $I\nj: it's # $K\nl: a#$M\n- \"\\\" # $N\"\n- ['#$O', \"# $P\"] #$Q\n",
            &[("E", 3), ("H", 4), ("M", 6), ("N", 7), ("O", 8), ("P", 8)],
        );
    }

    #[test]
    fn a_quoted_text_goes_on_in_the_next_line() {
        assert_keys("a: \"one\n  # $B\n  two\" # $C\nd: $E", &[("B", 2), ("E", 4)]);
    }

    #[test]
    fn a_block_has_no_comments_and_ends_with_its_indentation() {
        let text = "command: |\n  # $A\n\n  it's 'x # $B\nother: > # why\n    # $C\n  - $D # e\nlast: a | # $F\n  # $G\n";
        assert_keys(text, &[("A", 2), ("B", 4), ("C", 6), ("D", 7)]);
        assert_keys("a:\n  - >-\n    # $B\n  # $C\n", &[("B", 3)]);
    }
}
