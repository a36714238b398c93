//! Makes foreign text safe to show: what a command prints may not steer the terminal or the log it is shown in.
//!
//! Kept are printable characters, tabs and, where colour is on, colours (SGR). Everything else that starts with an escape goes: cursor
//! movement would tear the live lines, a section mark would fold a GitLab log, OSC 52 would write into the clipboard. A carriage
//! return overwrites the line in a terminal, so only what stands after the last one is kept; GitHub's runner would even take it for a
//! new line and obey a command behind it.

use crate::text::whole_lines;

/// One line, without its newline, ready to be shown.
pub(super) fn line(text: &str, colour: bool) -> String {
    let text = text.trim_end_matches(['\r', '\n']);
    let text = text.rsplit(['\r', '\n']).next().unwrap_or(text);
    let mut kept = String::with_capacity(text.len());
    let mut painted = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        match first {
            '\u{1b}' => {
                let (sequence, behind) = rest.split_at(escape_length(rest));
                if colour && is_colour(sequence) {
                    kept.push_str(sequence);
                    painted = !matches!(sequence, "\u{1b}[m" | "\u{1b}[0m");
                }
                rest = behind;
                continue;
            }
            '\t' => kept.push('\t'),
            control if control.is_control() => {}
            // Marks that reorder what is read: a line could show something else than it is (CVE-2021-42574).
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            shown => kept.push(shown),
        }
        rest = after;
    }
    if painted {
        kept.push_str("\u{1b}[0m");
    }
    kept
}

/// Several lines, each with its newline, ready to be shown behind `prefix`.
pub(super) fn block(text: &str, prefix: &str, colour: bool) -> String {
    if is_clean(text) && (text.is_empty() || text.ends_with('\n')) {
        if prefix.is_empty() {
            return text.to_owned();
        }
        let mut block = Vec::new();
        whole_lines::put(&mut block, text.as_bytes(), prefix.as_bytes(), b"\n");
        return match String::from_utf8(block) {
            Ok(block) => block,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
    }
    let mut block = String::with_capacity(text.len());
    for each in text.split_inclusive('\n') {
        block.push_str(prefix);
        block.push_str(&line(each, colour));
        block.push('\n');
    }
    block
}

/// Whether there is nothing but printable ASCII, tabs and newlines.
fn is_clean(text: &str) -> bool {
    // Without a way out, so that many bytes are looked at at once.
    text.bytes().fold(true, |is_clean, byte| {
        is_clean & (matches!(byte, b' '..=b'~') | (byte == b'\t') | (byte == b'\n'))
    })
}

/// The lines of a text of several lines.
pub(super) fn lines(text: &str, colour: bool) -> Vec<String> {
    text.lines().map(|each| line(each, colour)).collect()
}

/// Bytes of the escape sequence at the start of `text` (ECMA-48 5.4 and 5.6); one that does not end takes the rest of the line.
fn escape_length(text: &str) -> usize {
    let body = &text[1..];
    match body.chars().next() {
        Some('[') => body[1..]
            .char_indices()
            .find(|(_, each)| ('\u{40}'..='\u{7e}').contains(each))
            .map_or(text.len(), |(at, _)| 2 + at + 1),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let bell = body.find('\u{7}').map(|at| 1 + at + 1);
            let terminator = body.find("\u{1b}\\").map(|at| 1 + at + 2);
            match (bell, terminator) {
                (Some(bell), Some(terminator)) => bell.min(terminator),
                (Some(end), None) | (None, Some(end)) => end,
                (None, None) => text.len(),
            }
        }
        Some(' '..='/') => body.chars().nth(1).map_or(text.len(), |last| 2 + last.len_utf8()),
        Some(other) => 1 + other.len_utf8(),
        None => 1,
    }
}

fn is_colour(sequence: &str) -> bool {
    sequence.strip_prefix("\u{1b}[").and_then(|body| body.strip_suffix('m')).is_some_and(|parameters| {
        parameters.chars().all(|each| each.is_ascii_digit() || each == ';' || each == ':')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_stay_only_where_colour_is_on_and_end_with_the_line() {
        assert_eq!(
            line("\u{1b}[31mred\u{1b}[0m and \u{1b}[1mbold", true),
            "\u{1b}[31mred\u{1b}[0m and \u{1b}[1mbold\u{1b}[0m"
        );
        assert_eq!(line("\u{1b}[31mred\u{1b}[0m and \u{1b}[1mbold", false), "red and bold");
    }

    #[test]
    fn what_steers_a_terminal_is_dropped() {
        for (text, kept) in [
            ("a\u{1b}[2Kb", "ab"),
            ("a\u{1b}[10;20Hb", "ab"),
            ("a\u{1b}]52;c;aGk=\u{7}b", "ab"),
            ("a\u{1b}]0;title\u{1b}\\b", "ab"),
            ("a\u{1b}Pq#0\u{1b}\\b", "ab"),
            ("a\u{1b}(Bb", "ab"),
            ("a\u{1b}7b", "ab"),
            ("a\u{1b}[31", "a"),
            ("a\u{1b}", "a"),
            ("a\u{9b}31mb", "a31mb"),
            ("a\u{7}\u{8}b", "ab"),
            ("a\tb", "a\tb"),
            ("10%\r50%\r100%\r", "100%"),
            ("hidden\r::set-output name=a::b", "::set-output name=a::b"),
            ("grün 日本 ✓", "grün 日本 ✓"),
            ("user\u{202e}nimda", "usernimda"),
        ] {
            assert_eq!(line(text, false), kept, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_block_is_its_lines(lines in proptest::collection::vec("[ -~\t]{0,6}|\\PC{0,6}|[\u{1b}\\[m\u{7}a\u{202e}]{0,6}", 0..6), prefix in "|[a-c] ") {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let single: String = lines.iter().map(|each| format!("{prefix}{}\n", line(each, true))).collect();
            prop_assert_eq!(block(&text, &prefix, true), single);
        }

        #[test]
        fn no_control_character_survives(text in any::<String>()) {
            let kept = line(&text, false);
            prop_assert!(!kept.chars().any(|each| each.is_control() && each != '\t'), "{kept:?}");
        }

        #[test]
        fn with_colour_each_escape_is_a_colour(text in "[\u{1b}\\[\\]0-9;mHKP\u{7}\\\\a-c]{0,24}") {
            let kept = line(&text, true);
            for part in kept.split('\u{1b}').skip(1) {
                prop_assert!(part.starts_with('[') && part.contains('m'), "{kept:?}");
            }
        }
    }
}
