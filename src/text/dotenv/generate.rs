//! Fills the places that a template left for secrets: `POSTGRES_PASSWORD=!!!SET POSTGRES_PASSWORD!!!`.
//!
//! A marker may be all of a value or a part of it (`postgres://!!!SET POSTGRES_USER!!!@db/`); in comments it
//! stays, for there it explains. One *name* has one value in all files that one `Generator` fills: compose
//! gives `.postgres` to the database and `.django` to the application, and both must say the same password.
//! A second `Generator` draws new values.
//!
//! Values have only letters and digits, which every reader of env files, every URL and every shell takes as they
//! stand. That costs nothing: 64 of them are 381 bits. Randomness is given from outside; each character is
//! drawn without a bias, by throwing away the bytes that would make one.

use std::collections::BTreeMap;
use std::ops::Range;

use super::document::Document;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A marker's beginning and end.
const OPEN: &[u8] = b"!!!SET ";
const CLOSE: &[u8] = b"!!!";

/// Draws values for markers and remembers them. It has no `Debug`, for that would show them.
pub struct Generator<'r> {
    random: &'r mut dyn FnMut(&mut [u8]),
    values: BTreeMap<String, String>,
}

impl<'r> Generator<'r> {
    /// `random` fills what it is given with bytes that nobody can guess.
    pub fn new(random: &'r mut dyn FnMut(&mut [u8])) -> Self {
        Self { random, values: BTreeMap::new() }
    }

    /// `file` with its markers filled; every other byte is kept.
    pub fn fill(&mut self, file: &[u8]) -> Vec<u8> {
        let document = Document::new(file);
        document.write(|_, assignment| {
            let raw = document.raw(assignment);
            let markers = markers(raw);
            (!markers.is_empty()).then(|| {
                let mut filled = Vec::new();
                let mut done = 0;
                for marker in markers {
                    filled.extend_from_slice(&raw[done..marker.span.start]);
                    filled.extend_from_slice(self.value(&marker.name).as_bytes());
                    done = marker.span.end;
                }
                filled.extend_from_slice(&raw[done..]);
                filled
            })
        })
    }

    /// The names that have a value by now, sorted, and the values: they are secrets.
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    fn value(&mut self, name: &str) -> &str {
        let random = &mut *self.random;
        self.values.entry(name.to_owned()).or_insert_with(|| {
            let (alphabet, length) = rule(name);
            draw(alphabet, length, random)
        })
    }
}

/// Of which characters and how many a value is made: names of users are 32 letters (a digit in front is none for
/// some databases), pieces of URLs and paths 32 characters, all else 64, as cookiecutter-django's template
/// has it.
fn rule(name: &str) -> (&'static [u8], usize) {
    let has = |word: &str| name.to_ascii_uppercase().split('_').any(|part| part == word);
    if has("USER") || has("USERNAME") {
        (LETTERS, 32)
    } else if has("URL") || has("PATH") {
        (LETTERS_AND_DIGITS, 32)
    } else {
        (LETTERS_AND_DIGITS, 64)
    }
}

/// `length` characters, each as likely as any other.
fn draw(alphabet: &[u8], length: usize, random: &mut dyn FnMut(&mut [u8])) -> String {
    // The last bytes would make the first characters likelier than the others.
    let fair = 256 - 256 % alphabet.len();
    let mut value = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while value.len() < length {
        random(&mut bytes);
        let chosen = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        value.extend(
            chosen.take(length - value.len()).map(|byte| char::from(alphabet[byte % alphabet.len()])),
        );
    }
    value
}

/// A `!!!SET NAME!!!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Where it stands in the value.
    pub span: Range<usize>,
    /// `NAME`.
    pub name: String,
}

/// The markers in a value, in order. The name is one word of letters, digits and `_`.
pub fn markers(raw: &[u8]) -> Vec<Marker> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(marker) = next_marker(raw, at) {
        at = marker.span.end;
        found.push(marker);
    }
    found
}

fn next_marker(raw: &[u8], from: usize) -> Option<Marker> {
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut starts = (from..raw.len()).filter(|&at| raw[at..].starts_with(OPEN));
    starts.find_map(|start| {
        let after = &raw[start + OPEN.len()..];
        let length = after.iter().position(|byte| !in_name(byte)).unwrap_or(after.len());
        let (name, rest) = after.split_at(length);
        let closed = !name.is_empty() && rest.starts_with(CLOSE);
        closed.then(|| Marker {
            span: start..start + OPEN.len() + length + CLOSE.len(),
            name: String::from_utf8_lossy(name).into_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::dotenv::{Reader, read_as};

    /// Bytes that differ from call to call: a small generator of Marsaglia's.
    fn bytes(mut state: u32) -> impl FnMut(&mut [u8]) {
        move |out: &mut [u8]| {
            for byte in out {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                *byte = state.to_be_bytes()[1];
            }
        }
    }

    fn filled(file: &str) -> String {
        let mut random = bytes(7);
        String::from_utf8(Generator::new(&mut random).fill(file.as_bytes())).expect("text")
    }

    fn value<'t>(file: &'t str, key: &str) -> &'t str {
        file.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).expect("the key")
    }

    #[test]
    fn each_name_has_its_length_and_alphabet() {
        for (name, length, digits) in [
            ("DJANGO_SECRET_KEY", 64, true),
            ("POSTGRES_PASSWORD", 64, true),
            ("CELERY_FLOWER_PASSWORD", 64, true),
            ("POSTGRES_USER", 32, false),
            ("CELERY_FLOWER_USER", 32, false),
            ("DJANGO_ADMIN_URL", 32, true),
            ("HOOK_PATH", 32, true),
            ("USERS_TOKEN", 64, true),
        ] {
            let file = filled(&format!("A=!!!SET {name}!!!"));
            let value = value(&file, "A");
            assert_eq!(value.len(), length, "{name}");
            assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
            assert_eq!(value.bytes().any(|byte| byte.is_ascii_digit()), digits, "{name}");
            for reader in Reader::ALL {
                assert!(read_as(reader, value).is_ok_and(|found| found.value == value), "{reader:?}");
            }
        }
    }

    #[test]
    fn every_other_byte_is_kept() {
        let file = b"\xef\xbb\xbf# set !!!SET A!!!\r\n\xff\r\nexport A = 'x !!!SET A!!!/!!!SET B!!!' # y\r\nC=!!!SET !!!\nD=!!!SET D\nE=!!!SET E F!!!\nF=!!!SET G!!";
        let mut random = bytes(1);
        let mut generator = Generator::new(&mut random);
        let filled = generator.fill(file);
        let values = generator.values();
        assert_eq!(values.keys().collect::<Vec<_>>(), ["A", "B"]);
        let expected = String::from_utf8_lossy(file)
            .replace("x !!!SET A!!!", &format!("x {}", values["A"]))
            .replace("!!!SET B!!!", &values["B"]);
        assert_eq!(String::from_utf8_lossy(&filled), expected);
        assert!(filled.starts_with(b"\xef\xbb\xbf# set !!!SET A!!!\r\n\xff\r\n"));
    }

    #[test]
    fn one_name_has_one_value_in_all_files_and_another_name_another() {
        let mut random = bytes(3);
        let mut generator = Generator::new(&mut random);
        let django = generator.fill(b"URL=postgres://!!!SET POSTGRES_USER!!!:!!!SET POSTGRES_PASSWORD!!!@db");
        let postgres = generator
            .fill(b"POSTGRES_USER=!!!SET POSTGRES_USER!!!\nPOSTGRES_PASSWORD=!!!SET POSTGRES_PASSWORD!!!");
        let postgres = String::from_utf8(postgres).expect("text");
        let (user, password) = (value(&postgres, "POSTGRES_USER"), value(&postgres, "POSTGRES_PASSWORD"));
        assert_eq!(django, format!("URL=postgres://{user}:{password}@db").as_bytes());
        assert_ne!(user, &password[..32]);
    }

    #[test]
    fn a_file_without_markers_draws_nothing() {
        let mut random = |_: &mut [u8]| panic!("nothing is drawn");
        assert_eq!(Generator::new(&mut random).fill(b"A=1\n# !!!SET B!!!\n"), b"A=1\n# !!!SET B!!!\n");
    }

    #[test]
    fn no_character_is_likelier_than_another() {
        // Every byte once, over and over: a fair draw then has every character equally often.
        for alphabet in [LETTERS, LETTERS_AND_DIGITS] {
            let mut next = 0_u8;
            let mut random = |out: &mut [u8]| {
                for byte in out {
                    *byte = next;
                    next = next.wrapping_add(1);
                }
            };
            // As many times as all bytes come three times.
            let times = 256 / alphabet.len() * 3;
            let value = draw(alphabet, alphabet.len() * times, &mut random);
            for character in alphabet {
                let count = value.bytes().filter(|byte| byte == character).count();
                assert_eq!(count, times, "{}", char::from(*character));
            }
        }
    }
}
