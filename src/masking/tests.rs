//! The masker and its stream together: what goes in, what comes out, and that the pieces make no difference.

use std::sync::Arc;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

fn masker<T: AsRef<[u8]>>(secrets: &[T]) -> Masker {
    let masker = Masker::default();
    for secret in secrets {
        masker.add(secret.as_ref());
    }
    masker
}

/// What a stream makes of `text` in pieces of `sizes`, over and over.
fn streamed(masker: &Masker, text: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut stream = masker.stream();
    let mut out = Vec::new();
    let mut rest = text;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        out.extend(stream.push(piece).iter());
        rest = after;
    }
    out.extend(stream.finish());
    out
}

#[test]
fn without_secrets_all_is_let_through() {
    let masker = Masker::default();
    assert_eq!(masker.mask("hunter2"), "hunter2");
    assert_eq!(masker.stream().push(b"hunter2").into_owned(), b"hunter2");
}

#[test]
fn a_secret_is_masked_wherever_it_stands() {
    let masker = masker(&["hunter2"]);
    assert_eq!(masker.mask("hunter2, hunter2hunter2 and xhunter2x; hunter"), "***, ****** and x***x; hunter");
}

#[test]
fn too_short_a_secret_is_refused() {
    let masker = Masker::default();
    assert!(!masker.add(b"abc"));
    assert!(!masker.add(b" abc\n"));
    assert!(masker.add(b"abcd"));
    assert_eq!(masker.mask("abc abcd"), "abc ***");
}

#[test]
fn a_secret_is_masked_in_each_form() {
    let secret = "p@ss w0rd/'é\"<&>";
    let masker = masker(&[secret]);
    for form in [
        secret.to_owned(),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        "p%40ss%20w0rd%2F%27%C3%A9%22%3C%26%3E".to_owned(),
        "p%40ss+w0rd%2f%27%c3%a9%22%3c%26%3e".to_owned(),
        r#"p@ss w0rd/'é\"<&>"#.to_owned(),
        r#"p@ss w0rd/'\u00e9\"<&>"#.to_owned(),
        r#"p@ss w0rd/'é\"\u003c\u0026\u003e"#.to_owned(),
        r#"p@ss w0rd\/'\u00e9\"<&>"#.to_owned(),
        r#"p@ss w0rd/'\''é"<&>"#.to_owned(),
        r#"p@ss w0rd/''é"<&>"#.to_owned(),
        r#"p@ss w0rd/'é\\\"<&>"#.to_owned(),
        r#"p@ss\ w0rd/\'é\"\<\&\>"#.to_owned(),
        "7040737320773072642f27c3a9223c263e".to_owned(),
    ] {
        assert_eq!(masker.mask(&format!("[{form}]")), "[***]", "{form}");
    }
}

#[test]
fn secrets_that_overlap_are_masked_as_one() {
    let masker = masker(&["xxhunter", "hunter2longpassword"]);
    assert_eq!(masker.mask("xxhunter2longpassword!"), "***!");
    assert_eq!(streamed(&masker, b"xxhunter2longpassword!", &[1]), b"***!");
}

#[test]
fn a_longer_text_hides_a_secret_in_its_base64() {
    let masker = masker(&["correct-horse"]);
    for before in ["", "u", "us"] {
        let masked = masker.mask(&STANDARD.encode(format!("{before}correct-horse:more")));
        assert!(masked.contains(MASK), "{masked}");
        assert!(masked.len() < MASK.len() + 16, "{masked}");
    }
}

#[test]
fn lines_of_a_key_are_masked_one_by_one() {
    let key = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\nAbCdEfGhIjKlMnOp\n-----END KEY-----\n";
    let masker = masker(&[key]);
    assert_eq!(masker.mask(&format!("a{key}b")), "a***b");
    assert_eq!(masker.mask("    AbCdEfGhIjKlMnOp\r\n"), "    ***\r\n");
    assert_eq!(masker.mask("-----BEGIN KEY-----"), "-----BEGIN KEY-----");
}

#[test]
fn a_secret_that_is_no_text_leaves_a_text() {
    let masker = masker(&[b"\xa9abc\xc3"]);
    assert_eq!(masker.mask("éabcé"), "\u{fffd}***\u{fffd}");
    assert_eq!(masker.mask_bytes(b"\xa9abc\xc3"), b"***");
}

#[test]
fn a_stream_holds_back_nothing_but_the_beginning_of_a_secret() {
    let mut stream = masker(&["hunter2"]).stream();
    assert_eq!(stream.push(b"Password: ").into_owned(), b"Password: ");
    assert_eq!(stream.push(b"hunt").into_owned(), b"");
    assert_eq!(stream.push(b"er").into_owned(), b"");
    assert_eq!(stream.push(b"s\nhunter2").into_owned(), b"hunters\n***");
    assert_eq!(stream.push(b"hun").into_owned(), b"");
    assert_eq!(stream.finish(), b"hun");
    assert_eq!(stream.push(b"ter2").into_owned(), b"ter2");
}

#[test]
fn a_secret_that_comes_during_a_stream_is_masked_from_then_on() {
    let masker = masker(&["first-secret"]);
    let mut stream = masker.stream();
    assert_eq!(stream.push(b"second first-").into_owned(), b"second ");
    masker.add(b"second");
    assert_eq!(stream.push(b"secret second").into_owned(), b"*** ***");
}

#[test]
fn threads_share_what_is_masked() {
    let masker = Arc::new(Masker::default());
    thread::scope(|scope| {
        for number in 0..4 {
            let masker = Arc::clone(&masker);
            scope.spawn(move || {
                let secret = format!("secret-{number}");
                masker.add(secret.as_bytes());
                assert_eq!(masker.mask(&secret), MASK);
            });
        }
    });
    assert_eq!(masker.mask("secret-0 secret-1 secret-2 secret-3"), "*** *** *** ***");
}

#[test]
fn debug_shows_no_secret() {
    let masker = masker(&["hunter2"]);
    let mut stream = masker.stream();
    stream.push(b"hunter");
    assert_eq!(format!("{masker:?} {stream:?}"), "Masker MaskStream");
}

/// Short secrets of few letters, so that they overlap, repeat and are each other's beginnings.
fn tangled_secrets() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[ab']{4,7}", 1..4)
}

proptest! {
    #[test]
    fn no_division_into_pieces_makes_a_difference(
        secrets in tangled_secrets(),
        text in "[ab'\\\\]{0,60}",
        sizes in proptest::collection::vec(1_usize..9, 1..8),
    ) {
        let masker = masker(&secrets);
        prop_assert_eq!(streamed(&masker, text.as_bytes(), &sizes), masker.mask_bytes(text.as_bytes()));
    }

    #[test]
    fn no_byte_of_a_secret_is_shown(secrets in tangled_secrets(), text in "[ab']{0,60}") {
        let mut secret_bytes = vec![false; text.len()];
        for secret in &secrets {
            for at in 0..text.len() {
                if text[at..].starts_with(secret.as_str()) {
                    secret_bytes[at..at + secret.len()].fill(true);
                }
            }
        }
        let shown = masker(&secrets).mask(&text).replace(MASK, "").len();
        prop_assert!(shown <= secret_bytes.iter().filter(|secret| !**secret).count());
    }

    #[test]
    fn any_secret_is_masked_in_its_encodings(secret in "[ -~é]{4,20}", around in "[0-9]{0,3}") {
        prop_assume!(secret.trim().len() >= SHORTEST_SECRET && !secret.trim().contains('*'));
        let masker = masker(&[&secret]);
        let json = serde_json::to_string(&secret).expect("a string");
        for form in [&secret, &STANDARD.encode(&secret), &json[1..json.len() - 1].to_owned()] {
            let masked = masker.mask(&[&around, form, &around].map(String::as_str).concat());
            prop_assert!(!masked.contains(form.as_str()), "{} in {}", form, masked);
        }
    }

    #[test]
    fn many_secrets_in_a_long_text_are_masked_whatever_the_pieces(
        secrets in proptest::collection::vec("[!-~]{4,40}|[ -~]{3,20}\n[ -~]{3,20}\n|[a-z]{6,9}", 1..12),
        uses in proptest::collection::vec((any::<usize>(), 0..6, 0..40_usize), 1..12),
        fill in "[a-zA-Z0-9 ./:=-]{0,40}",
        sizes in proptest::collection::vec(1_usize..200, 1..8),
    ) {
        let masker = masker(&secrets);
        let mut text = String::new();
        for (which, form, cut) in uses {
            let secret = &secrets[which % secrets.len()];
            text += &fill;
            match form {
                0 => text += secret,
                1 => text += &STANDARD.encode(format!("{fill}{secret}")),
                2 => text += &serde_json::to_string(secret).expect("a string"),
                3 => text += &secret.replace('\n', "\r\n"),
                4 => text += &secret[..cut.min(secret.len())],
                _ => text.extend(secret.bytes().map(|byte| format!("%{byte:02X}"))),
            }
        }
        let whole = masker.mask_bytes(text.as_bytes());
        prop_assert_eq!(streamed(&masker, text.as_bytes(), &sizes), whole.clone());
        for secret in secrets.iter().filter(|secret| secret.trim().len() >= SHORTEST_SECRET && !secret.contains('*')) {
            prop_assert!(!String::from_utf8_lossy(&whole).contains(secret.as_str()), "{}", secret);
        }
    }
}
