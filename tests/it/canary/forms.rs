//! How programs write a secret. It is a second opinion: nothing here is shared with `src/masking`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Shorter encoded pieces stand anywhere by chance.
const SHORTEST: usize = 8;

/// So much of the beginning or the end of a long secret is a leak of its own.
const PIECE: usize = 24;

/// Everything that must not be found, of a secret.
pub(super) fn forms(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let value = value.trim_ascii();
    let mut forms = BTreeSet::from([value.to_vec()]);
    let mut add = |form: Vec<u8>| {
        if form.len() >= SHORTEST {
            forms.insert(form);
        }
    };
    for engine in [&STANDARD, &URL_SAFE] {
        for shift in 0..3 {
            for line in stable(engine, value, shift) {
                add(line);
            }
        }
    }
    add(hex(value, |byte| format!("{byte:02x}")));
    add(hex(value, |byte| format!("{byte:02X}")));
    if let Ok(text) = std::str::from_utf8(value) {
        for form in written(text) {
            add(form.into_bytes());
        }
    }
    for line in value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        // The frame of a key is the same in all keys.
        if !line.starts_with(b"-----") {
            add(line.to_vec());
        }
    }
    if value.len() >= 64 && !value.starts_with(b"-----") {
        add(value[..PIECE].to_vec());
        add(value[value.len() - PIECE..].to_vec());
    }
    forms
}

/// The characters of the base64 of a longer text that say nothing but `value`, which comes after `shift` bytes of it: as one line, and
/// where nothing comes before, as the lines that `base64` breaks it into.
fn stable(engine: &impl base64::Engine, value: &[u8], shift: usize) -> Vec<Vec<u8>> {
    let around = [&vec![b'x'; shift], value].concat();
    let encoded = engine.encode(&around).into_bytes();
    let (first, last) = ((shift * 8).div_ceil(6), around.len() * 8 / 6);
    let mut lines = vec![encoded[first..last].to_vec()];
    if shift == 0 {
        lines.extend(encoded[..last].chunks(76).map(<[u8]>::to_vec));
    }
    lines
}

fn hex(value: &[u8], digits: impl Fn(u8) -> String) -> Vec<u8> {
    value.iter().map(|byte| digits(*byte)).collect::<String>().into_bytes()
}

/// By URLs, JSON and shells.
pub(super) fn written(text: &str) -> Vec<String> {
    let url = |kept: &[u8], upper: bool| {
        let mut out = String::new();
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
                out.push(char::from(byte));
            } else if upper {
                write!(out, "%{byte:02X}").unwrap();
            } else {
                write!(out, "%{byte:02x}").unwrap();
            }
        }
        out
    };
    let quoted = serde_json::to_string(text).unwrap();
    let json = quoted[1..quoted.len() - 1].to_owned();
    let mut ascii = String::new();
    for character in json.chars() {
        match character.is_ascii() {
            true => ascii.push(character),
            false => {
                character
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|unit| write!(ascii, "\\u{unit:04x}").unwrap());
            }
        }
    }
    let html = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    vec![
        url(b"-_.~", true),
        url(b"-_.~", false),
        url(b"-_.!~*'()", true),
        json,
        ascii,
        html,
        text.replace('\'', "'\\''"),
        text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`"),
    ]
}

#[test]
fn a_secret_is_found_in_what_real_programs_write() {
    crate::harness::needs!("bash", "base64", "od");
    let secret = "it's $5 \u{e9}\t\"x\\y\" <&> Zq3vT9xLwP2mN8bR";
    let script = r#"
printf 'a%s' "$S" | base64 -w0; printf 'ab%s' "$S" | base64 -w0; printf 'abc%sd' "$S" | base64 -w0
printf '%s' "$S" | od -An -v -tx1 | tr -d ' \n'; printf '%s' "$S$S$S$S$S" | base64
"#;
    let written = |script: &str| {
        let output =
            std::process::Command::new("bash").args(["-c", script]).env("S", secret).output().unwrap();
        output.stdout
    };
    let all = forms(secret.as_bytes());
    for line in script.lines().flat_map(|line| line.split(';')).filter(|line| !line.trim().is_empty()) {
        let text = written(line);
        let found =
            all.iter().filter(|form| text.windows(form.len()).any(|window| window == form.as_slice()));
        assert!(found.count() > 0, "{line}: {}", String::from_utf8_lossy(&text));
    }
}
