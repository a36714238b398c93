//! Reads keys and values out of an env file, to know what to mask.
//!
//! Docker, compose, systemd and the dotenv libraries disagree on quotes, escapes and comments. A masker must
//! not side with one of them, so a value that can be read in two ways is given in both: a reading too many
//! masks nothing that is ever printed. For the same reason no line is an error. This is no parser for giving
//! an environment to a command.

/// Every `KEY=VALUE` of `file` in order, a key once for each reading of its value.
///
/// `export` before the key and quotes around the value are dropped. A value with a comment after it, with
/// escapes, or with an open quote that a later line closes comes a second time without the comment, with the
/// escapes resolved, or with all its lines.
pub fn dotenv_values(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let mut values = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()));
        if let Some((key, start)) = assignment(line) {
            let readings = readings(line[start..].trim_ascii_end(), &rest[start..]);
            values.extend(readings.into_iter().map(|reading| (key.clone(), reading)));
        }
        rest = after.get(1..).unwrap_or_default();
    }
    values
}

/// The key that `line` gives a value to, and where in the line the value starts.
fn assignment(line: &[u8]) -> Option<(String, usize)> {
    let equals = line.iter().position(|byte| *byte == b'=')?;
    let key = line[..equals].trim_ascii();
    let key = match key.strip_prefix(b"export") {
        Some(exported) if exported.starts_with(b" ") || exported.starts_with(b"\t") => {
            exported.trim_ascii_start()
        }
        _ => key,
    };
    let is_key = !key.is_empty() && !key.starts_with(b"#") && !key.iter().any(u8::is_ascii_whitespace);
    let spaces = line[equals + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    is_key.then(|| (String::from_utf8_lossy(key).into_owned(), equals + 1 + spaces))
}

/// What `value` may be taken for; `onwards` is the file from its first byte on.
fn readings(value: &[u8], onwards: &[u8]) -> Vec<Vec<u8>> {
    let mut readings = Vec::new();
    match value.first() {
        Some(&quote @ (b'"' | b'\'')) => match quoted(onwards, quote) {
            Some(inner) if inner.len() + 2 <= value.len() => readings.push(inner.to_vec()),
            // Open at the line's end: a value of several lines for some, a quote that belongs to the value
            // for others.
            Some(inner) => readings.extend([value.to_vec(), inner.to_vec()]),
            None => readings.push(value.to_vec()),
        },
        _ => {
            readings.push(value.to_vec());
            readings.extend(before_comment(value).map(<[u8]>::to_vec));
        }
    }
    let resolved: Vec<Vec<u8>> = readings.iter().filter_map(|reading| resolve_escapes(reading)).collect();
    readings.extend(resolved);
    readings
}

/// What stands between the quote that `text` starts with and the next one of its kind that no backslash
/// escapes.
fn quoted(text: &[u8], quote: u8) -> Option<&[u8]> {
    let inner = text.get(1..)?;
    let mut escaped = false;
    for (at, &byte) in inner.iter().enumerate() {
        if byte == quote && !escaped {
            return Some(&inner[..at]);
        }
        escaped = byte == b'\\' && quote == b'"' && !escaped;
    }
    None
}

fn before_comment(value: &[u8]) -> Option<&[u8]> {
    let hash = value.windows(2).position(|pair| pair[0].is_ascii_whitespace() && pair[1] == b'#')?;
    Some(value[..hash].trim_ascii_end())
}

/// `value` with `\n` and the like resolved; `None` where it has no escapes.
fn resolve_escapes(value: &[u8]) -> Option<Vec<u8>> {
    value.contains(&b'\\').then(|| {
        let mut out = Vec::new();
        let mut bytes = value.iter();
        while let Some(&byte) = bytes.next() {
            out.push(match byte {
                b'\\' => match bytes.next() {
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b't') => b'\t',
                    Some(&other) => other,
                    None => b'\\',
                },
                _ => byte,
            });
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(file: &str) -> Vec<(String, String)> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        dotenv_values(file.as_bytes()).into_iter().map(|(key, value)| (key, text(value))).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn lines_are_keys_and_values() {
        let file = concat!(
            "\u{feff}# a comment\nA=1\n\nexport B = two words \r\nexported=x=y\n",
            "  C=\n#D=4\nnonsense\n= x\nE F=5\nG=last",
        );
        let expected = [("A", "1"), ("B", "two words"), ("exported", "x=y"), ("C", ""), ("G", "last")];
        assert_eq!(read(file), pairs(&expected));
    }

    #[test]
    fn quotes_are_dropped_and_what_follows_them_too() {
        let file = "A=\"one # two\" # three\nB='it\"s'\nC=\"\"\n";
        assert_eq!(read(file), pairs(&[("A", "one # two"), ("B", "it\"s"), ("C", "")]));
    }

    #[test]
    fn a_value_with_a_comment_is_read_in_both_ways() {
        assert_eq!(read("A=pass #word\nB=a#b"), pairs(&[("A", "pass #word"), ("A", "pass"), ("B", "a#b")]));
    }

    #[test]
    fn a_value_with_escapes_is_read_in_both_ways() {
        assert_eq!(read(r#"A="one\ntwo\"s""#), pairs(&[("A", r#"one\ntwo\"s"#), ("A", "one\ntwo\"s")]));
        assert_eq!(read(r#"A="one\\" # two""#), pairs(&[("A", r"one\\"), ("A", r"one\")]));
        assert_eq!(read(r"A=C:\temp\"), pairs(&[("A", r"C:\temp\"), ("A", "C:\temp\\")]));
    }

    #[test]
    fn an_open_quote_hides_no_later_line() {
        assert_eq!(read("A='abc\nB=2\n"), pairs(&[("A", "'abc"), ("B", "2")]));
        let file = "export A = \"one\ntwo=2\nthree\"\nB=3\n";
        let expected = [("A", "\"one"), ("A", "one\ntwo=2\nthree"), ("two", "2"), ("B", "3")];
        assert_eq!(read(file), pairs(&expected));
    }

    #[test]
    fn values_need_be_no_text() {
        assert_eq!(dotenv_values(b"A=\xff\xfe"), [("A".to_owned(), b"\xff\xfe".to_vec())]);
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(file in "([=\"'\\\\# \n\r\tab]|\\PC){0,40}") {
            drop(dotenv_values(file.as_bytes()));
        }
    }
}
