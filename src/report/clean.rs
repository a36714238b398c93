//! Makes foreign text safe to show: what a command prints may not steer the terminal or the log it is shown in.
//!
//! Kept are printable characters, tabs and, where colour is on, colours (SGR). Everything else that starts with an escape goes: cursor
//! movement would tear the live lines, a section mark would fold a GitLab log, OSC 52 would write into the clipboard. A carriage
//! return overwrites the line in a terminal, so only what stands after the last one is kept; GitHub's runner would even take it for a
//! new line and obey a command behind it.
//!
//! What is no UTF-8 is shown as it is: a terminal that knows another encoding shows it, and one of UTF-8 draws a mark for it and does nothing.

use std::borrow::Cow;

use crate::text::whole_lines;

/// Starts what steers a terminal.
const ESCAPE: u8 = 0x1b;

/// One line, without its newline, ready to be shown.
pub(super) fn line(text: &str, colour: bool) -> String {
    let mut kept = Vec::with_capacity(text.len());
    put_line(&mut kept, text.as_bytes(), colour);
    // Of a text only whole characters go.
    String::from_utf8(kept).unwrap_or_default()
}

/// The lines of a command that is to run, ready to be shown. Nothing of it may be hidden: what a carriage return would write over stands on a
/// line of its own.
pub(super) fn command(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let lines = text.trim_matches(['\n', '\r']).split(['\n', '\r']);
    lines.map(|each| line(each, false).trim_end().to_owned()).collect()
}

fn put_line(kept: &mut Vec<u8>, text: &[u8], colour: bool) {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let end = text.iter().rposition(|byte| !is_end(byte)).map_or(0, |at| at + 1);
    let start = text[..end].iter().rposition(is_end).map_or(0, |at| at + 1);
    let mut rest = &text[start..end];
    let (mut painted, mut has_gap) = (false, false);
    loop {
        let plain = rest.iter().position(|&byte| !is_plain(byte)).unwrap_or(rest.len());
        kept.extend_from_slice(&rest[..plain]);
        has_gap &= plain == 0;
        rest = &rest[plain..];
        let Some(&first) = rest.first() else { break };
        let (length, is_kept) = match (first, character(rest)) {
            (ESCAPE, _) => {
                let length = escape_length(rest);
                let is_kept = colour && is_colour(&rest[..length]);
                if is_kept {
                    painted = !matches!(&rest[..length], b"\x1b[m" | b"\x1b[0m");
                }
                (length, is_kept)
            }
            (_, Some(character)) => (character.len_utf8(), is_shown(character)),
            // Behind something that went it could make a character with what stands before that.
            (0x80..0xc0, None) => (1, !(has_gap && kept.last().is_some_and(|last| !last.is_ascii()))),
            (_, None) => (1, true),
        };
        let (unit, after) = rest.split_at(length);
        if is_kept {
            kept.extend_from_slice(unit);
        }
        has_gap = !is_kept;
        rest = after;
    }
    if painted {
        kept.extend_from_slice(b"\x1b[0m");
    }
}

/// Several lines, ready to be shown behind `prefix`, each with its newline.
pub(super) fn block<'t>(text: &'t [u8], prefix: &str, colour: bool) -> Cow<'t, [u8]> {
    // Without a way out, so that many bytes are looked at at once.
    let is_clean = text.iter().fold(true, |is_clean, &byte| is_clean & (is_plain(byte) | (byte == b'\n')));
    let mut block = Vec::new();
    if is_clean && (text.is_empty() || text.ends_with(b"\n")) {
        if prefix.is_empty() {
            return Cow::Borrowed(text);
        }
        whole_lines::put(&mut block, text, prefix.as_bytes(), b"\n");
        return Cow::Owned(block);
    }
    block.reserve(text.len());
    for each in text.split_inclusive(|&byte| byte == b'\n') {
        block.extend_from_slice(prefix.as_bytes());
        put_line(&mut block, each, colour);
        block.push(b'\n');
    }
    Cow::Owned(block)
}

/// Whether it is printable ASCII or a tab.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') | (byte == b'\t')
}

/// The character at the start of `text`; `None` where there is no UTF-8.
fn character(text: &[u8]) -> Option<char> {
    let width = match text.first()? {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    };
    std::str::from_utf8(text.get(..width)?).ok()?.chars().next()
}

fn is_shown(character: char) -> bool {
    // Marks that reorder what is read: a line could show something else than it is (CVE-2021-42574).
    let reorders = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character == '\t' || !(reorders || character.is_control())
}

/// The lines of a text of several lines.
pub(super) fn lines(text: &str, colour: bool) -> Vec<String> {
    text.lines().map(|each| line(each, colour)).collect()
}

/// Bytes of the escape sequence at the start of `text` (ECMA-48 5.4 and 5.6); one that does not end takes the rest of the line.
fn escape_length(text: &[u8]) -> usize {
    let body = &text[1..];
    let at = |at: usize| body.get(at..).and_then(character).map_or(1, char::len_utf8);
    match body.first() {
        Some(b'[') => {
            body[1..].iter().position(|each| matches!(each, 0x40..=0x7e)).map_or(text.len(), |at| 2 + at + 1)
        }
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let bell = body.iter().position(|&each| each == 0x07).map(|at| 1 + at + 1);
            let terminator = body.windows(2).position(|two| two == b"\x1b\\").map(|at| 1 + at + 2);
            match (bell, terminator) {
                (Some(bell), Some(terminator)) => bell.min(terminator),
                (Some(end), None) | (None, Some(end)) => end,
                (None, None) => text.len(),
            }
        }
        Some(b' '..=b'/') => text.len().min(2 + at(1)),
        Some(_) => 1 + at(0),
        None => 1,
    }
}

fn is_colour(sequence: &[u8]) -> bool {
    sequence.strip_prefix(b"\x1b[").and_then(|body| body.strip_suffix(b"m")).is_some_and(|parameters| {
        parameters.iter().all(|each| each.is_ascii_digit() || matches!(each, b';' | b':'))
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

    #[test]
    fn of_a_command_nothing_is_hidden() {
        assert_eq!(
            command("\nmkdir -p dist\r\n\n  rm \u{1b}[2K-f *\recho ok \n"),
            ["mkdir -p dist", "", "  rm -f *", "echo ok"]
        );
        assert_eq!(command("make"), ["make"]);
    }

    #[test]
    fn what_is_no_utf_8_stays_as_it_is() {
        for (text, kept) in [
            (&b"gr\xfcn\n"[..], &b"gr\xfcn\n"[..]),
            (b"\xff\xfe\x1b[2Kb\n", b"\xff\xfeb\n"),
            (b"\x1b[1m\xa35 \xe2\x82", b"\xa35 \xe2\x82\n"),
            (b"\x1b(\xfcb\x1b\xfc\n\x1b(", b"b\n\n"),
            (b"\xc2\x07\x9b31m \xe2\x07\x80\xae", b"\xc231m \xe2\n"),
            (b"a\0b", b"ab\n"),
        ] {
            assert_eq!(&*block(text, "", false), kept, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_block_is_its_lines(lines in proptest::collection::vec("[ -~\t]{0,6}|\\PC{0,6}|[\u{1b}\\[m\u{7}a\u{202e}]{0,6}", 0..6), prefix in "|[a-c] ") {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let single: String = lines.iter().map(|each| format!("{prefix}{}\n", line(each, true))).collect();
            prop_assert_eq!(&*block(text.as_bytes(), &prefix, true), single.as_bytes());
        }

        #[test]
        fn bytes_of_any_encoding_stay_and_nothing_that_steers_comes_about(
            pieces in proptest::collection::vec(prop_oneof![
                Just(b"\x07".to_vec()), Just(b"\xc2".to_vec()), Just(b"\xe2".to_vec()), Just(b"\xe2\x80".to_vec()), Just(b"\xae".to_vec()),
                Just(b"\x9b".to_vec()), Just(b"\x80".to_vec()), Just(b"\x1b[1m".to_vec()), Just(b"a".to_vec()), proptest::collection::vec(any::<u8>(), 0..3),
            ], 0..8)
        ) {
            let text = pieces.concat();
            let kept = block(&text, "", false);
            prop_assert!(!String::from_utf8_lossy(&kept).chars().any(|each| !is_shown(each) && each != '\n'), "{:?}", kept);
            prop_assert_eq!(block(&kept, "", false).into_owned(), kept.into_owned());
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
