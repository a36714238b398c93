//! The talk between `git receive-pack` and the hook `proc-receive` (githooks(5)), which decides over refs instead of git: a ref that it
//! refuses does not move, and the push ends with its reason.
//!
//! Lines of `pre-receive` and `post-receive` are read here too. Nothing here knows what a deployment is.

use std::io::{self, Read, Write};

/// What a push wants of a ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefChange {
    /// The object that it names now; `None`: there is no such ref.
    pub old: Option<String>,
    /// The object that it is to name; `None`: it is to go.
    pub new: Option<String>,
    /// The ref in full.
    pub name: String,
}

/// All that a push wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Push {
    /// Refs, in the order of the push.
    pub changes: Vec<RefChange>,
    /// `-o` of the push.
    pub options: Vec<String>,
}

impl Push {
    /// The value of the option `name=VALUE`, the last one where there are several.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }

    /// Whether the option `name` stands alone.
    pub fn has(&self, name: &str) -> bool {
        self.options.iter().any(|option| option == name)
    }
}

/// What becomes of a ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was moved by the hook.
    Ok,
    /// It stays as it is, because of this.
    Refused(String),
}

/// Reads what the push wants, from the hook's standard input; `output` is its standard output.
pub fn read_push(input: &mut impl Read, output: &mut impl Write) -> io::Result<Push> {
    let greeting = lines_until_flush(input)?;
    let capabilities = greeting.first().and_then(|line| line.split_once('\0')).map_or("", |(_, rest)| rest);
    let version = greeting.first().map_or("", |line| line.split('\0').next().unwrap_or_default());
    if version.trim_end() != "version=1" {
        return Err(broken(format!("git speaks `{}` to the hook, and not version 1", version.trim_end())));
    }
    let has_options = capabilities.split_whitespace().any(|capability| capability == "push-options");
    write_line(output, if has_options { "version=1\0push-options" } else { "version=1" })?;
    write_flush(output)?;
    let changes =
        lines_until_flush(input)?.iter().map(|line| parse_change(line)).collect::<io::Result<_>>()?;
    let options = if has_options {
        lines_until_flush(input)?.iter().map(|line| line.trim_end_matches('\n').to_owned()).collect()
    } else {
        Vec::new()
    };
    Ok(Push { changes, options })
}

/// Tells git what became of each ref.
pub fn write_verdicts(output: &mut impl Write, verdicts: &[(String, Verdict)]) -> io::Result<()> {
    for (name, verdict) in verdicts {
        match verdict {
            Verdict::Ok => write_line(output, &format!("ok {name}"))?,
            // git shows the reason in brackets on one line.
            Verdict::Refused(reason) => {
                let reason: Vec<&str> = reason.split_whitespace().collect();
                write_line(output, &format!("ng {name} {}", reason.join(" ")))?;
            }
        }
    }
    write_flush(output)
}

/// A line `OLD NEW REF`.
pub fn parse_change(line: &str) -> io::Result<RefChange> {
    let mut words = line.trim_end_matches('\n').splitn(3, ' ');
    let (Some(old), Some(new), Some(name)) = (words.next(), words.next(), words.next()) else {
        return Err(broken(format!("`{line}` is no change of a ref")));
    };
    let object = |text: &str| {
        let is_id = text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match is_id {
            true if text.bytes().all(|byte| byte == b'0') => Ok(None),
            true => Ok(Some(text.to_owned())),
            false => Err(broken(format!("`{text}` is no object"))),
        }
    };
    Ok(RefChange { old: object(old)?, new: object(new)?, name: name.to_owned() })
}

fn lines_until_flush(input: &mut impl Read) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut length = [0; 4];
        input.read_exact(&mut length)?;
        let text = std::str::from_utf8(&length).map_err(|_| broken("a packet has no length".to_owned()))?;
        let length =
            usize::from_str_radix(text, 16).map_err(|_| broken(format!("`{text}` is no packet's length")))?;
        match length {
            0 => return Ok(lines),
            1..4 => return Err(broken(format!("`{text}` is no packet's length"))),
            _ => {
                let mut bytes = vec![0; length - 4];
                input.read_exact(&mut bytes)?;
                lines.push(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
}

/// The longest packet of git's protocol.
const LONGEST: usize = 65_516;

fn write_line(output: &mut impl Write, line: &str) -> io::Result<()> {
    let mut end = line.len().min(LONGEST);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let line = &line[..end];
    write!(output, "{:04x}{line}", line.len() + 4)?;
    output.flush()
}

fn write_flush(output: &mut impl Write) -> io::Result<()> {
    output.write_all(b"0000")?;
    output.flush()
}

fn broken(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "1111111111111111111111111111111111111111";
    const NEW: &str = "2222222222222222222222222222222222222222";
    const NONE: &str = "0000000000000000000000000000000000000000";

    fn packets(lines: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        lines.iter().for_each(|line| write_line(&mut bytes, line).unwrap());
        write_flush(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_push_is_read_with_its_options() {
        let mut input = packets(&["version=1\0push-options atomic"]);
        input.extend(packets(&[
            &format!("{OLD} {NEW} refs/deploy/prod"),
            &format!("{OLD} {NONE} refs/deploy/x"),
        ]));
        input.extend(packets(&["tag=v1", "by=A = B", "no-wait", "tag=v2"]));
        let mut output = Vec::new();
        let push = read_push(&mut input.as_slice(), &mut output).unwrap();
        assert_eq!(output, packets(&["version=1\0push-options"]));
        assert_eq!(push.changes[0].new.as_deref(), Some(NEW));
        assert_eq!((push.changes[1].new.as_deref(), push.changes[1].name.as_str()), (None, "refs/deploy/x"));
        assert_eq!(
            (push.option("tag"), push.option("by"), push.has("no-wait")),
            (Some("v2"), Some("A = B"), true)
        );
    }

    #[test]
    fn a_push_without_options_is_not_asked_for_them() {
        let mut input = packets(&["version=1\0atomic"]);
        input.extend(packets(&[&format!("{NONE} {NEW} refs/deploy/prod")]));
        let mut output = Vec::new();
        let push = read_push(&mut input.as_slice(), &mut output).unwrap();
        assert_eq!((push.changes[0].old.clone(), push.options), (None, vec![]));
        assert_eq!(output, packets(&["version=1"]));
    }

    #[test]
    fn verdicts_stay_on_one_line() {
        let mut output = Vec::new();
        let verdicts = [
            ("refs/deploy/a".to_owned(), Verdict::Ok),
            ("refs/deploy/b".to_owned(), Verdict::Refused("the build\nfailed".to_owned())),
        ];
        write_verdicts(&mut output, &verdicts).unwrap();
        assert_eq!(output, packets(&["ok refs/deploy/a", "ng refs/deploy/b the build failed"]));
    }

    #[test]
    fn what_is_no_talk_of_git_is_an_error() {
        for bytes in [&b""[..], b"zzzz", b"0002", b"0010version=1", b"000eversion=2\n0000"] {
            assert!(read_push(&mut &bytes[..], &mut Vec::new()).is_err(), "{bytes:?}");
        }
        for line in ["", "a b c", &format!("{OLD} {NEW}")] {
            assert!(parse_change(line).is_err(), "{line}");
        }
    }
}
