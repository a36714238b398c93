//! How URLs, JSON and shells write a text that they have to escape.

use std::collections::BTreeSet;
use std::fmt::Write;

/// What encoders leave alone beside letters and digits.
const URL_SAFE_BYTES: [&[u8]; 5] = [
    // RFC 3986: Go's `QueryEscape` (terraform's `urlencode`), Python's `quote(safe="")`.
    b"-._~",
    // Python's `quote`.
    b"-._~/",
    // `encodeURIComponent`.
    b"-._~!*'()",
    // Forms in browsers and Java.
    b"-._*",
    // User info in Go's `net/url`, which is what git, docker and database drivers print.
    b"-._~$&+,;=",
];

/// What shells leave alone when they escape by backslashes.
const SHELL_SAFE_BYTES: [&[u8]; 2] = [
    // bash's `printf %q`, which escapes `#` and `~` only where a word begins.
    b"#%+-./:=@_~",
    // Ruby's `Shellwords`.
    b"+,-./:@_",
];

/// `part` in percent encoding: every usual set of safe bytes, both cases of hex, a space as `%20` and as `+`.
pub(super) fn url_forms(part: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    // Most secrets have few bytes that anybody escapes, so most sets do the same with them.
    let special: BTreeSet<u8> = part.iter().copied().filter(|byte| !byte.is_ascii_alphanumeric()).collect();
    let spaces: &[&[u8]] = if special.contains(&b' ') { &[b"%20", b"+"] } else { &[b"%20"] };
    let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
    for safe in URL_SAFE_BYTES {
        let left: Vec<u8> = special.iter().copied().filter(|byte| safe.contains(byte)).collect();
        if !seen.insert(left) {
            continue;
        }
        for space in spaces {
            for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
                forms.insert(percent(part, safe, space, digits));
            }
        }
    }
    forms
}

fn percent(part: &[u8], safe: &[u8], space: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(part.len() * 2);
    for &byte in part {
        match byte {
            b' ' => out.extend_from_slice(space),
            _ if byte.is_ascii_alphanumeric() || safe.contains(&byte) => out.push(byte),
            _ => {
                out.extend_from_slice(&[b'%', digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]])
            }
        }
    }
    out
}

/// `part` inside a JSON string, as the usual writers escape it; nothing where it is no text.
pub(super) fn json_forms(part: &[u8]) -> BTreeSet<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(part) else { return BTreeSet::new() };
    let mut forms = BTreeSet::new();
    // Where a text has nothing that a style writes in its own way, it need not be written in that style.
    let is_wide = !text.is_ascii();
    let is_html = text.contains(|character| JsonStyle::HTML.contains(&character));
    let is_coded = is_wide || is_html || text.contains(|character: char| character < ' ');
    let matters = [is_wide, is_html, text.contains('/'), is_coded];
    let makes_no_difference =
        |bits: &u8| matters.iter().enumerate().any(|(bit, matters)| bits & (1 << bit) != 0 && !matters);
    for bits in (0..16_u8).filter(|bits| !makes_no_difference(bits)) {
        forms.insert(JsonStyle::of(bits).escape(text).into_bytes());
    }
    forms
}

/// Where JSON writers differ.
#[derive(Clone, Copy)]
struct JsonStyle {
    /// `\u00e9` for `é`, as Python writes.
    only_ascii: bool,
    /// `\u003c`, `\u003e` and `\u0026`, as Go (so terraform and docker) writes.
    html_safe: bool,
    /// `\/`, as PHP writes.
    slashes: bool,
    /// `\u00E9`, as Java and .NET write.
    upper_case: bool,
}

impl JsonStyle {
    /// What `html_safe` codes.
    const HTML: [char; 5] = ['<', '>', '&', '\u{2028}', '\u{2029}'];

    /// One of the sixteen, a bit for each difference.
    fn of(bits: u8) -> Self {
        Self {
            only_ascii: bits & 1 != 0,
            html_safe: bits & 2 != 0,
            slashes: bits & 4 != 0,
            upper_case: bits & 8 != 0,
        }
    }

    fn escape(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + text.len() / 8);
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '/' if self.slashes => out.push_str("\\/"),
                _ if self.is_coded(character) => self.push_coded(&mut out, character),
                _ => out.push(character),
            }
        }
        out
    }

    fn is_coded(self, character: char) -> bool {
        character < ' '
            || self.only_ascii && !character.is_ascii()
            || self.html_safe && Self::HTML.contains(&character)
    }

    fn push_coded(self, out: &mut String, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a `String` can't fail.
            let _ = if self.upper_case { write!(out, "\\u{unit:04X}") } else { write!(out, "\\u{unit:04x}") };
        }
    }
}

/// `part` as a word of a shell, without quotes around it.
pub(super) fn shell_forms(part: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([
        // In single quotes: by us and by `set -x`; by Python's `shlex`.
        replace(part, |byte| (byte == b'\'').then_some(br"'\''".as_slice())),
        replace(part, |byte| (byte == b'\'').then_some(br#"'"'"'"#.as_slice())),
        // In double quotes.
        escape_by_backslash(part, |byte| b"\"$`\\".contains(&byte)),
        // In `$'…'`, which bash chooses where there are control characters.
        replace(part, |byte| match byte {
            b'\'' => Some(br"\'".as_slice()),
            b'\\' => Some(br"\\"),
            b'\n' => Some(br"\n"),
            b'\t' => Some(br"\t"),
            b'\r' => Some(br"\r"),
            _ => None,
        }),
    ]);
    for safe in SHELL_SAFE_BYTES {
        forms.insert(escape_by_backslash(part, |byte| {
            byte.is_ascii() && !byte.is_ascii_alphanumeric() && !safe.contains(&byte)
        }));
    }
    forms
}

fn escape_by_backslash(part: &[u8], special: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in part {
        if special(byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}

fn replace(part: &[u8], escape: impl Fn(u8) -> Option<&'static [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in part {
        match escape(byte) {
            Some(escaped) => out.extend_from_slice(escaped),
            None => out.push(byte),
        }
    }
    out
}

/// `part` in files that are written to be read again: what `docker-compose config` prints, and what stands in
/// terraform's configuration.
pub(super) fn file_forms(part: &[u8]) -> BTreeSet<Vec<u8>> {
    // Compose doubles each `$` of a value that is no variable, and YAML each `'` of a text in single quotes.
    let doubled = replace(part, |byte| (byte == b'$').then_some(b"$$".as_slice()));
    let quoted = |part: &[u8]| replace(part, |byte| (byte == b'\'').then_some(b"''".as_slice()));
    let mut forms = BTreeSet::from([quoted(part), quoted(&doubled)]);
    // What it puts into double quotes is escaped as in JSON, or nearly so.
    forms.extend(json_forms(&doubled));
    forms.insert(doubled);
    // `"${"` and `"%{"` begin a template in terraform's language, which writes `$${` and `%%{` for itself.
    let mut template = Vec::new();
    for (at, &byte) in part.iter().enumerate() {
        if part.get(at + 1) == Some(&b'{') && (byte == b'$' || byte == b'%') {
            template.push(byte);
        }
        template.push(byte);
    }
    forms.extend(json_forms(&template));
    forms
}

/// `part` inside a JSON string that is itself inside one, as in `"log": "{\"password\": \"…\"}"` of docker's
/// log files; nothing where it is no text.
pub(super) fn nested_json_forms(part: &[u8]) -> BTreeSet<Vec<u8>> {
    const PLAIN: JsonStyle =
        JsonStyle { only_ascii: false, html_safe: false, slashes: false, upper_case: false };
    let Ok(text) = std::str::from_utf8(part) else { return BTreeSet::new() };
    let mut styles = vec![PLAIN];
    if !text.is_ascii() {
        styles.push(JsonStyle { only_ascii: true, ..PLAIN });
    }
    if text.contains(|character| JsonStyle::HTML.contains(&character)) {
        styles.push(JsonStyle { html_safe: true, ..PLAIN });
    }
    let pairs = styles.iter().flat_map(|inner| styles.iter().map(move |outer| (inner, outer)));
    pairs.map(|(inner, outer)| outer.escape(&inner.escape(text)).into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(forms: BTreeSet<Vec<u8>>) -> Vec<String> {
        forms.into_iter().map(|form| String::from_utf8(form).expect("text")).collect()
    }

    #[test]
    fn plain_letters_have_one_form_everywhere() {
        for forms in [url_forms(b"aB3d"), json_forms(b"aB3d"), shell_forms(b"aB3d")] {
            assert_eq!(texts(forms), ["aB3d"]);
        }
    }

    #[test]
    fn urls_are_written_in_both_cases_with_both_spaces() {
        let forms = texts(url_forms("a b/é~!".as_bytes()));
        for form in [
            "a%20b%2F%C3%A9~%21",
            "a+b%2f%c3%a9~%21",
            "a+b/%C3%A9~%21",
            "a%20b%2F%C3%A9~!",
            "a+b%2F%C3%A9%7E%21",
        ] {
            assert!(forms.contains(&form.to_owned()), "{form} in {forms:?}");
        }
    }

    #[test]
    fn json_is_written_as_go_python_php_and_java_do() {
        let forms = texts(json_forms("\"<é/😀\u{1}\n".as_bytes()));
        for form in [
            r#"\"<é/😀\u0001\n"#,
            r#"\"\u003cé/😀\u0001\n"#,
            r#"\"<\u00e9/\ud83d\ude00\u0001\n"#,
            r#"\"<\u00e9\/\ud83d\ude00\u0001\n"#,
            r#"\"<\u00E9/\uD83D\uDE00\u0001\n"#,
        ] {
            assert!(forms.contains(&form.to_owned()), "{form} in {forms:?}");
        }
        assert!(json_forms(b"\xff\xfe\xfd\xfc").is_empty());
    }

    #[test]
    fn shells_write_quotes_in_their_several_ways() {
        let forms = texts(shell_forms(b"it's $5,"));
        for form in
            [r"it'\''s $5,", r#"it'"'"'s $5,"#, r"it's \$5,", r"it\'s $5,", r"it\'s\ \$5\,", r"it\'s\ \$5,"]
        {
            assert!(forms.contains(&form.to_owned()), "{form} in {forms:?}");
        }
    }

    #[test]
    fn files_double_what_would_be_read_again() {
        let forms = texts(file_forms(b"it's $5 ${x} %{y}\\"));
        for form in [
            r"it''s $5 ${x} %{y}\",
            r"it's $$5 $${x} %{y}\",
            r"it''s $$5 $${x} %{y}\",
            r"it's $$5 $${x} %{y}\\",
            r"it's $5 $${x} %%{y}\\",
        ] {
            assert!(forms.contains(&form.to_owned()), "{form} in {forms:?}");
        }
        assert_eq!(texts(file_forms(b"aB3d")), ["aB3d"]);
    }

    #[test]
    fn json_in_json_is_escaped_twice() {
        let forms = texts(nested_json_forms("a\"b<\né".as_bytes()));
        for form in [r#"a\\\"b<\\né"#, r#"a\\\"b\\u003c\\né"#, r#"a\\\"b\u003c\\né"#, r#"a\\\"b<\\n\\u00e9"#]
        {
            assert!(forms.contains(&form.to_owned()), "{form} in {forms:?}");
        }
        assert!(nested_json_forms(b"\xff").is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_serde_writes_is_among_the_json_forms(text in "([ -~\\x00-\\x1f]|\\PC){0,12}") {
            let written = serde_json::to_string(&text).expect("a string");
            prop_assert!(json_forms(text.as_bytes()).contains(&written.as_bytes()[1..written.len() - 1]));
        }

        #[test]
        fn no_form_is_missing_because_it_was_not_worth_writing(text in "([ -~\\x00-\\x1f]|\\PC){0,12}") {
            let styles = (0..16_u8).map(JsonStyle::of);
            let all: BTreeSet<Vec<u8>> = styles.map(|style| style.escape(&text).into_bytes()).collect();
            prop_assert_eq!(json_forms(text.as_bytes()), all);
            let mut all = BTreeSet::new();
            for safe in URL_SAFE_BYTES {
                for (space, digits) in [
                    (b"%20".as_slice(), b"0123456789ABCDEF"),
                    (b"%20", b"0123456789abcdef"),
                    (b"+", b"0123456789ABCDEF"),
                    (b"+", b"0123456789abcdef"),
                ] {
                    all.insert(percent(text.as_bytes(), safe, space, digits));
                }
            }
            prop_assert_eq!(url_forms(text.as_bytes()), all);
        }

        #[test]
        #[expect(clippy::disallowed_methods, reason = "the claim is about a real shell")]
        fn what_bash_writes_is_among_the_shell_forms(word in "[a-z][ -}]{3,12}") {
            let output = std::process::Command::new("bash").args(["-c", "printf %q \"$1\"", "-", &word]).output();
            let written = output.expect("bash starts").stdout;
            prop_assert!(shell_forms(word.as_bytes()).contains(&written), "{}", String::from_utf8_lossy(&written));
        }
    }
}
