//! The forms in which tools print a secret: a pure function from its bytes to the byte strings to look for.
//!
//! A form costs memory and, where it is short, readability: a fragment of four letters would blank out words.
//! So encodings are listed as the tools that Shipway runs really write them (terraform, docker, git, shells,
//! and programs in Go, Python, JavaScript, Ruby, PHP), not in all mixtures that a decoder would accept.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::escape::{file_forms, json_forms, nested_json_forms, shell_forms, url_forms};

/// Bytes that a secret needs to be masked, without white space around it. Three bytes stand everywhere by
/// chance.
pub const SHORTEST_SECRET: usize = 4;

/// Characters that a piece of base64 needs to be looked for: 36 bits are no coincidence, 24 may be a word.
const SHORTEST_FRAGMENT: usize = 6;

/// Characters that a line of a file's base64 needs to be looked for. A file need not be a secret as a whole, so this is more than for a piece.
const SHORTEST_LINE: usize = 8;

/// Where `base64` (76, RFC 2045) and `openssl base64` (64, RFC 7468) break their lines.
const WRAPS: [usize; 2] = [64, 76];

/// All that has to be looked for so that `secret` is not shown; nothing where it is too short.
pub(super) fn forms(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    forms_of(&parts(secret))
}

/// The forms of the secret as one piece: none of a single line of it. Whoever refuses something because of what is found must not take a line
/// that stands in many files for the secret.
pub(super) fn whole_forms(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    match secret.trim_ascii() {
        short if short.len() < SHORTEST_SECRET => BTreeSet::new(),
        trimmed => forms_of(&[secret, trimmed]),
    }
}

fn forms_of(parts: &[&[u8]]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    for part in parts {
        forms.insert(part.to_vec());
        base64_forms(part, &mut forms);
        forms.insert(hex(part, b"0123456789abcdef"));
        forms.insert(hex(part, b"0123456789ABCDEF"));
        forms.extend(url_forms(part));
        forms.extend(shell_forms(part));
        forms.extend(json_forms(part));
        forms.extend(nested_json_forms(part));
        forms.extend(file_forms(part));
    }
    forms
}

/// The base64 of a file: as one line, and in the lines of `base64` and `openssl base64`, but for a rest that is short enough to stand anywhere
/// by chance. `file` and its newlines are taken exactly.
pub(super) fn file_lines(file: &[u8]) -> BTreeSet<Vec<u8>> {
    let whole = STANDARD.encode(file);
    let lines = WRAPS.iter().flat_map(|width| whole.as_bytes().chunks(*width)).chain([whole.as_bytes()]);
    lines.filter(|line| line.len() >= SHORTEST_LINE).map(<[u8]>::to_vec).collect()
}

/// The secret as it is, without white space around it (a file's last newline is seldom printed with it), and
/// each telling line.
fn parts(secret: &[u8]) -> Vec<&[u8]> {
    let trimmed = secret.trim_ascii();
    if trimmed.len() < SHORTEST_SECRET {
        return Vec::new();
    }
    let lines = trimmed.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| is_telling(line));
    let mut parts = vec![secret, trimmed];
    if trimmed.contains(&b'\n') {
        parts.extend(lines);
    }
    parts
}

/// The telling lines of a secret that are text, each once; of one line, that line.
pub(super) fn telling_lines(secret: &[u8]) -> Vec<String> {
    let trimmed = secret.trim_ascii();
    let lines = trimmed.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let is_one = !trimmed.contains(&b'\n');
    let texts =
        lines.filter(|line| is_one || is_telling(line)).filter_map(|line| std::str::from_utf8(line).ok());
    let mut texts: Vec<String> = texts.map(str::to_owned).collect();
    texts.dedup();
    texts
}

/// Whether a line of a longer secret is a secret by itself.
///
/// The frame of a PEM file is the same in all of them, and a line that only opens a block (`users:`, `"data":
/// {`) holds no value; masked alone, both would make other output unreadable.
fn is_telling(line: &[u8]) -> bool {
    line.len() >= SHORTEST_SECRET
        && line.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
        && !line.starts_with(b"-----")
        && !line.ends_with(b":")
        && !line.ends_with(b"{")
        && !line.ends_with(b"[")
}

fn base64_forms(part: &[u8], forms: &mut BTreeSet<Vec<u8>>) {
    for whole in [STANDARD.encode(part), STANDARD_NO_PAD.encode(part)] {
        forms.insert(whole.into_bytes());
    }
    for whole in [URL_SAFE.encode(part), URL_SAFE_NO_PAD.encode(part)] {
        forms.insert(whole.into_bytes());
    }
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for before in 0..3 {
            let stable = stable_base64(engine, part, before);
            insert_fragment(forms, &stable);
            if before == 0 {
                for fragment in WRAPS.iter().flat_map(|width| stable.chunks(*width)) {
                    insert_fragment(forms, fragment);
                }
            }
        }
    }
}

/// The characters that stand for `part` in the base64 of any longer text where it comes after `before` bytes
/// (modulo 3). The first and the last character may share their bits with the neighbours, and are left out
/// where they do.
fn stable_base64(engine: &impl Engine, part: &[u8], before: usize) -> Vec<u8> {
    let mut padded = vec![0; before];
    padded.extend_from_slice(part);
    let first = (before * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    engine.encode(padded).into_bytes().drain(..end).skip(first).collect()
}

fn insert_fragment(forms: &mut BTreeSet<Vec<u8>>, fragment: &[u8]) {
    if fragment.len() >= SHORTEST_FRAGMENT {
        forms.insert(fragment.to_vec());
    }
}

fn hex(part: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    part.iter().flat_map(|byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn has(secret: &str, form: &str) -> bool {
        forms(secret.as_bytes()).contains(form.as_bytes())
    }

    #[test]
    fn what_is_shorter_than_four_bytes_has_no_form() {
        assert!(forms(b"").is_empty());
        assert!(forms(b"abc").is_empty());
        assert!(forms(b"  abc\n\n").is_empty());
        assert!(has("abcd", "abcd"));
    }

    #[test]
    fn white_space_around_a_secret_is_optional() {
        assert!(has("hunter22\n", "hunter22\n"));
        assert!(has("hunter22\n", "hunter22"));
    }

    #[test]
    fn base64_is_found_whole_with_and_without_padding_in_both_alphabets() {
        for form in ["Pz8+fn4=", "Pz8+fn4", "Pz8-fn4=", "Pz8-fn4"] {
            assert!(has("??>~~", form), "{form}");
        }
    }

    #[test]
    fn hex_is_found_in_both_cases() {
        assert!(has("key\u{fe}", "6b6579c3be"));
        assert!(has("key\u{fe}", "6B6579C3BE"));
    }

    #[test]
    fn no_fragment_is_short_enough_to_stand_anywhere_by_chance() {
        let shortest = |secret: &[u8]| forms(secret).iter().map(Vec::len).min();
        assert_eq!(shortest(b"abcd"), Some(4));
        assert_eq!(forms(b"abcd").iter().filter(|form| form.len() < SHORTEST_FRAGMENT).count(), 1);
        assert_eq!(shortest(b"abcdefgh"), Some(8));
    }

    #[test]
    fn each_telling_line_of_a_longer_secret_is_a_secret() {
        let pem = "-----BEGIN KEY-----\r\nMIIEowIBAAKCAQEA\r\nq83v\r\n==\r\n-----END KEY-----\r\n";
        assert!(has(pem, "MIIEowIBAAKCAQEA"));
        assert!(has(pem, "q83v"));
        assert!(!has(pem, "=="));
        assert!(!has(pem, "-----BEGIN KEY-----"));
        assert!(!has(pem, "-----END KEY-----"));
        assert!(has(pem, pem.trim()));
    }

    #[test]
    fn lines_that_only_open_a_block_are_none() {
        let config = "users:\n- name: admin\n  user: {\n    token: abc123\n";
        assert!(!has(config, "users:"));
        assert!(!has(config, "user: {"));
        assert!(has(config, "token: abc123"));
    }

    #[test]
    fn base64_that_is_broken_into_lines_is_found_line_by_line() {
        let secret = "0123456789".repeat(9);
        let encoded = STANDARD.encode(&secret);
        for width in WRAPS {
            for line in encoded.as_bytes().chunks(width) {
                assert!(forms(secret.as_bytes()).contains(line), "{}", String::from_utf8_lossy(line));
            }
        }
    }

    #[test]
    fn the_lines_of_a_files_base64_are_looked_for_wherever_a_secret_in_it_begins() {
        let file = format!("A=1\nPASSWORD={}\n", "hunter22-".repeat(12));
        let encoded = STANDARD.encode(&file);
        let lines = file_lines(file.as_bytes());
        for width in WRAPS {
            for line in encoded.as_bytes().chunks(width).filter(|line| line.len() >= SHORTEST_LINE) {
                assert!(lines.contains(line), "{}", String::from_utf8_lossy(line));
            }
        }
        assert!(file_lines(b"A=1\n").len() == 1 && file_lines(b"A=1").is_empty());
    }

    proptest! {
        #[test]
        fn a_stable_fragment_stands_in_the_base64_of_every_text_around(
            secret in proptest::collection::vec(any::<u8>(), 4..20),
            before in proptest::collection::vec(any::<u8>(), 0..7),
            after in proptest::collection::vec(any::<u8>(), 0..7),
        ) {
            let around = [before.as_slice(), &secret, &after].concat();
            let fragment = stable_base64(&URL_SAFE_NO_PAD, &secret, before.len() % 3);
            let fragment = std::str::from_utf8(&fragment).expect("base64");
            prop_assert!(URL_SAFE_NO_PAD.encode(around).contains(fragment));
            prop_assert!(fragment.len() + 2 >= secret.len() * 8 / 6);
        }
    }
}
