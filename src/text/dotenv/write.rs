//! One `KEY=value` that all who read it read in the same way.
//!
//! Ways of writing are tried from the plainest on, and the first that every reader's model reads back as the
//! value is taken. So the rules of quoting stand in one place, in the models, and a way that is wrong for a
//! reader is never used for it.

use thiserror::Error;

use super::read::{Reader, Unreadable, read_as};

/// Why there is no such line. No part of the value is in it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unwritable {
    /// The key is not one that a shell and a process can have.
    #[error("`{0}` is no name of a variable: letters, digits and `_` are, and a digit is never first")]
    Key(String),
    /// Each way that other readers can read is wrong for this one.
    #[error("the value of `{key}` can't be written for {}: {reason}", .reader.name())]
    Reader {
        /// The key.
        key: String,
        /// The first reader, in the order in which they were given, that leaves no way.
        reader: Reader,
        /// What it does to the way that is best for those before it.
        reason: &'static str,
    },
}

/// Whether a shell takes `key` for a name (POSIX, XBD 3.231).
pub fn is_shell_name(key: &[u8]) -> bool {
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    key.first().is_some_and(|first| !first.is_ascii_digit()) && key.iter().all(in_name)
}

/// `KEY=value` without a newline, as all of `readers` read it.
///
/// Compose 2, python-dotenv and a shell agree on nearly everything; `Reader::DockerEnvFile` has no quotes, so
/// that only plain values are left.
pub fn render_assignment(key: &str, value: &str, readers: &[Reader]) -> Result<String, Unwritable> {
    if !is_shell_name(key.as_bytes()) {
        return Err(Unwritable::Key(key.to_owned()));
    }
    let mut ways = ways(value);
    for &reader in readers {
        let mut reason = None;
        let reads_back = |way: &String| match read_as(reader, way) {
            Ok(reading) if reading.value == value => true,
            Ok(_) => {
                reason = reason.or(Some("it would read another value"));
                false
            }
            Err(Unreadable(why)) => {
                reason = reason.or(Some(why));
                false
            }
        };
        ways.retain(reads_back);
        if ways.is_empty() {
            let reason = reason.unwrap_or_default();
            return Err(Unwritable::Reader { key: key.to_owned(), reader, reason });
        }
    }
    let way = ways.into_iter().next().unwrap_or_default();
    Ok(format!("{key}={way}"))
}

/// The ways to write `value`, the plainest first.
fn ways(value: &str) -> Vec<String> {
    let escaped = |special: &str| {
        let mut out = String::new();
        for c in value.chars() {
            if special.contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        out
    };
    let mut ways = vec![
        value.to_owned(),
        format!("'{value}'"),
        format!("\"{value}\""),
        // What each of them escapes in double quotes: a shell; compose; python-dotenv.
        format!("\"{}\"", escaped("\\\"$`")),
        format!("\"{}\"", escaped("\\\"$")),
        format!("\"{}\"", escaped("\\\"")),
        // Compose and python-dotenv know `\'`, python-dotenv `\\` beside it.
        format!("'{}'", escaped("'")),
        format!("'{}'", escaped("'\\")),
        // Only a shell puts pieces together.
        format!("'{}'", value.replace('\'', "'\\''")),
    ];
    // A carriage return that stands in a file is a newline to Python.
    if value.contains('\r') {
        ways.push(format!("\"{}\"", escaped("\\\"$").replace('\r', "\\r")));
        ways.push(format!("\"{}\"", escaped("\\\"").replace('\r', "\\r")));
    }
    ways
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: [Reader; 3] = [Reader::Compose, Reader::Python, Reader::Shell];

    fn usual(value: &str) -> String {
        render_assignment("A", value, &USUAL).expect("a way")
    }

    #[test]
    fn the_plainest_way_is_taken() {
        for (value, line) in [
            ("", "A="),
            ("postgres", "A=postgres"),
            ("a#b", "A=a#b"),
            ("two words", "A='two words'"),
            ("$HOME", "A='$HOME'"),
            ("`id`", "A='`id`'"),
            ("a # b", "A='a # b'"),
            ("it's", "A=\"it's\""),
            ("say \"it's\"", "A=\"say \\\"it's\\\"\""),
            ("one\ntwo", "A='one\ntwo'"),
            ("a\\nb", "A='a\\nb'"),
            (" a ", "A=' a '"),
            ("!!!", "A=!!!"),
        ] {
            assert_eq!(usual(value), line, "{value:?}");
        }
    }

    #[test]
    fn the_reader_that_leaves_no_way_is_named() {
        let refusal = |value: &str, readers: &[Reader]| {
            render_assignment("A", value, readers).expect_err("no way").to_string()
        };
        assert_eq!(
            refusal("one\ntwo", &[Reader::Shell, Reader::DockerEnvFile]),
            "the value of `A` can't be written for docker --env-file: ends the value at the line's end, quoted or not"
        );
        assert_eq!(
            refusal("two words", &[Reader::Shell, Reader::DockerEnvFile]),
            "the value of `A` can't be written for docker --env-file: it would read another value"
        );
        assert_eq!(
            refusal("it's ${x}", &USUAL),
            "the value of `A` can't be written for python-dotenv: it would read another value"
        );
        let nul = refusal("a\0b", &[Reader::Compose]);
        assert!(nul.ends_with("stops at a NUL byte, which no variable can hold"), "{nul}");
    }

    #[test]
    fn the_key_is_a_name() {
        for key in ["", "1A", "A-B", "A B", "A\n", "é", "A="] {
            assert_eq!(render_assignment(key, "1", &USUAL), Err(Unwritable::Key(key.to_owned())), "{key:?}");
        }
        assert_eq!(render_assignment("_a1", "1", &[]).as_deref(), Ok("_a1=1"));
    }

    fn values() -> impl Strategy<Value = String> {
        "([ab '\"\\\\$#`;~!\n\r\t]|\\$\\{B\\}|[ -~]|é|\\PC){0,10}"
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_by_every_reader_or_refused(
            value in values(),
            readers in proptest::sample::subsequence(Reader::ALL.to_vec(), 0..=4).prop_shuffle(),
        ) {
            match render_assignment("A", &value, &readers) {
                Ok(line) => {
                    let raw = line.strip_prefix("A=").expect("the key");
                    for reader in readers {
                        prop_assert!(read_as(reader, raw).is_ok_and(|found| found.value == value), "{:?}", line);
                    }
                }
                Err(Unwritable::Reader { reader, .. }) => prop_assert!(readers.contains(&reader)),
                Err(Unwritable::Key(_)) => prop_assert!(false, "the key is one"),
            }
        }

        #[test]
        fn for_one_of_them_there_is_nearly_always_a_way(value in "[ -~é\n]{0,12}") {
            prop_assert!(render_assignment("A", &value, &[Reader::Shell]).is_ok());
            prop_assert!(render_assignment("A", &value, &[Reader::Compose]).is_ok(), "{:?}", value);
        }

        #[test]
        fn without_dollars_quotes_and_backslashes_the_usual_readers_agree(value in "[ !#%&(-Z^-~é\n]{0,12}") {
            prop_assert!(render_assignment("A", &value, &USUAL).is_ok());
        }
    }
}
