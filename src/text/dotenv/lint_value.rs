//! What is wrong with one value of an env file, without a word of it.

use super::generate::markers;
use super::lint::Severity;
use super::read::{Reader, Reading, Unreadable, read_as};

/// A value that somebody still has to set.
pub(super) struct UnsetMarker {
    pub(super) code: &'static str,
    /// Where in the value it is.
    pub(super) at: usize,
    /// What comes after the key.
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// `!!!SET NAME!!!` and other texts between `!!!`, or a whole value in `<…>`.
///
/// `CHANGEME` and the like are not looked for: they are passwords that somebody chose. What stands in angle
/// brackets is none, because a shell would read it as two redirections.
pub(super) fn unset_marker(raw: &[u8]) -> Option<UnsetMarker> {
    const HELP: &str = "put the value in its place";
    if let Some(marker) = markers(raw).first() {
        return Some(UnsetMarker {
            code: "unset-marker",
            at: marker.span.start,
            message: format!("is not set: `!!!SET {}!!!` stands for it", marker.name),
            help: "put the value in its place, or let one be generated",
        });
    }
    let ruler = |from: usize| {
        let found = raw.get(from..)?.windows(3).position(|three| three == b"!!!");
        found.map(|at| from + at)
    };
    if let Some(open) = ruler(0)
        && let Some(close) = ruler(open + 3)
        && raw[open + 3..close].iter().any(u8::is_ascii_alphabetic)
        && raw[open + 3..close].iter().all(|byte| byte.is_ascii_alphanumeric() || b" _-".contains(byte))
    {
        let message = "is not set: a text between `!!!` and `!!!` stands for it".to_owned();
        return Some(UnsetMarker { code: "unset-marker", at: open, message, help: HELP });
    }
    let start = raw.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let value = raw.trim_ascii();
    let value = [b'"', b'\'']
        .iter()
        .find_map(|quote| value.strip_prefix(&[*quote])?.strip_suffix(&[*quote]))
        .unwrap_or(value);
    let inner = value.strip_prefix(b"<").and_then(|value| value.strip_suffix(b">"))?;
    let is_placeholder = !inner.iter().any(|byte| matches!(byte, b'<' | b'>' | b'/' | b'=' | b'"'));
    is_placeholder.then(|| UnsetMarker {
        code: "placeholder",
        at: start,
        message: "is not set: a text in `<` and `>` stands for it".to_owned(),
        help: HELP,
    })
}

/// Whether what any reader makes of `raw` is so.
pub(super) fn any_reading(raw: &str, is_so: impl Fn(&str) -> bool) -> bool {
    Reader::ALL.iter().any(|reader| read_as(*reader, raw).is_ok_and(|reading| is_so(&reading.value)))
}

/// One way to read a value, and who reads it so.
struct Way {
    result: Result<Reading, Unreadable>,
    readers: Vec<Reader>,
}

/// How `readers` differ about `raw`; `None` where they agree.
pub(super) fn difference(raw: &str, readers: &[Reader]) -> Option<(Severity, String, String)> {
    let mut ways: Vec<Way> = Vec::new();
    for &reader in readers {
        let result = read_as(reader, raw);
        let same = |way: &&mut Way| match (&way.result, &result) {
            (Ok(way), Ok(reading)) => way.value == reading.value,
            // Those that refuse it may do so for different reasons.
            (Err(way), Err(reason)) => way == reason,
            _ => false,
        };
        match ways.iter_mut().find(same) {
            Some(way) => way.readers.push(reader),
            None => ways.push(Way { result, readers: vec![reader] }),
        }
    }
    if ways.len() < 2 && ways.iter().all(|way| way.result.is_ok()) {
        return None;
    }
    let of = |reader: Reader| ways.iter().position(|way| way.readers.contains(&reader));
    let (compose, python) = (of(Reader::Compose), of(Reader::Python));
    let is_refused = |way: Option<usize>| way.is_some_and(|way| ways[way].result.is_err());
    let differ = compose.is_some() && python.is_some() && compose != python;
    let severity =
        if differ || is_refused(compose) || is_refused(python) { Severity::Error } else { Severity::Warning };
    let told: Vec<String> = ways.iter().map(|way| tell(way, &ways)).collect();
    Some((severity, told.join("; "), help(raw, readers)))
}

/// "compose 2 and python-dotenv: removes quotes".
fn tell(way: &Way, all: &[Way]) -> String {
    let names: Vec<&str> = way.readers.iter().map(|reader| reader.name()).collect();
    let done = match &way.result {
        Err(Unreadable(reason)) => (*reason).to_owned(),
        Ok(reading) => {
            let same = |other: &&Way| {
                other.result.as_ref().is_ok_and(|other| other.treatments == reading.treatments)
            };
            // `"\$"` has its backslash resolved by compose and by python-dotenv, and not to the same.
            let own = if all.iter().filter(same).count() > 1 { ", in its own way" } else { "" };
            let words: Vec<&str> = reading.treatments.iter().map(|treatment| treatment.words()).collect();
            let words =
                if words.is_empty() { "takes every byte as it stands".to_owned() } else { joined(&words) };
            words + own
        }
    };
    format!("{}: {done}", joined(&names))
}

/// "a, b and c".
fn joined(words: &[&str]) -> String {
    match words {
        [init @ .., last] if !init.is_empty() => format!("{} and {last}", init.join(", ")),
        words => words.concat(),
    }
}

fn help(raw: &str, readers: &[Reader]) -> String {
    let is_refused = |reader: Reader| read_as(reader, raw).is_err();
    let is_plain_inside = |special: &[char]| !raw.trim().contains(special);
    if readers.contains(&Reader::DockerEnvFile) && raw.trim().starts_with(['"', '\'']) {
        "docker --env-file knows no quotes: leave them out where letters, digits and `_-./:@%+,=` are enough, and do \
         not give this file to it where they are not"
            .to_owned()
    } else if is_refused(Reader::Compose) || is_refused(Reader::Python) {
        "close the quote, and put nothing but a comment behind it".to_owned()
    } else if is_plain_inside(&['\'', '\\', '$']) {
        "put the value into single quotes".to_owned()
    } else {
        "choose a value of letters and digits, or write it so that those who use the file agree".to_owned()
    }
}
