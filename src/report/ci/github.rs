//! Workflow commands of GitHub Actions, written and warded off.
//!
//! The runner obeys each line of a job's output that is a command, whoever printed it: `::name …::` where nothing but white space
//! stands before, and the older `##[name]` anywhere in a line (actions/runner, `ActionCommand.cs`, `TryParseV2` and `TryParse`). So text
//! that is not ours is searched for both, and where one is found, obeying is switched off around the whole text with
//! `::stop-commands::TOKEN`. Always switching it off would be safe as well, but two lines of noise around each line of output.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::borrow::Cow;
use std::hash::{BuildHasher as _, Hasher as _};

use crate::diagnostic::Fault;

/// 128 bits that nobody can guess, from the keys with which the standard library protects its hash tables against chosen input.
pub(super) fn unguessable() -> String {
    let part = || std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("shipway-{:016x}{:016x}", part(), part())
}

pub(super) fn open(title: &str) -> String {
    format!("::group::{}\n", escape_data(title))
}

pub(super) fn close() -> String {
    "::endgroup::\n".to_owned()
}

/// The annotation of a fault, at its place where it has one.
pub(super) fn error(title: &str, fault: &Fault) -> String {
    let mut properties = Vec::new();
    if let Some(place) = &fault.place {
        properties.push(format!("file={}", escape_property(&place.file)));
        properties.push(format!("line={}", place.line));
        properties.push(format!("col={}", place.column));
    }
    properties.push(format!("title={}", escape_property(title)));
    format!("::error {}::{}\n", properties.join(","), escape_data(&fault.message))
}

/// The annotation of a warning.
pub(super) fn warning(title: Option<&str>, text: &str) -> String {
    let title = title.map(|title| format!(" title={}", escape_property(title))).unwrap_or_default();
    format!("::warning{title}::{}\n", escape_data(text))
}

/// Tells the service to mask a text in all that comes after, also from other steps of the job.
pub(super) fn mask(secret: &str) -> String {
    // Its end is not trimmed: it is no sentence.
    let escaped = secret.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    format!("::add-mask::{escaped}\n")
}

/// `text` so that the runner obeys no line of it.
pub(super) fn harmless<'t>(text: &'t [u8], token: &str) -> Cow<'t, [u8]> {
    if !text.split(|&byte| byte == b'\n').any(may_be_command) {
        return Cow::Borrowed(text);
    }
    let newline = if text.ends_with(b"\n") { "" } else { "\n" };
    let (before, after) = (format!("::stop-commands::{token}\n"), format!("{newline}::{token}::\n"));
    Cow::Owned([before.as_bytes(), text, after.as_bytes()].concat())
}

/// Whether the runner might take the line for a command. Looser than the runner, which trims only what .NET calls white space.
fn may_be_command(line: &[u8]) -> bool {
    let first = line.iter().position(u8::is_ascii_graphic);
    first.is_some_and(|first| line[first..].starts_with(b"::"))
        || line.windows(3).any(|three| three == b"##[")
}

fn escape_data(text: &str) -> String {
    text.trim_end().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::FaultKind;

    #[test]
    fn what_the_runner_would_obey_is_fenced_in_and_the_rest_is_left_alone() {
        for line in [
            "::set-env name=A::b",
            "  \t::add-mask::x",
            "\u{a0}::error::x",
            "text ##[add-path]/tmp",
            "::TOKEN::",
        ] {
            assert_eq!(
                harmless(format!("a\n{line}\n").as_bytes(), "T"),
                format!("::stop-commands::T\na\n{line}\n::T::\n").as_bytes(),
                "{line:?}"
            );
        }
        for line in ["std::process::Command", "a ::b", "# [x]", "", ": :"] {
            let line = format!("{line}\n");
            assert_eq!(harmless(line.as_bytes(), "T"), line.as_bytes());
        }
    }

    #[test]
    fn annotations_escape_data_and_properties_each_by_its_rule() {
        let fault = Fault::new(FaultKind::File, "100%: a, b\nsecond line").at("a,b:c.toml", 3, 7);
        assert_eq!(
            error("plan: base", &fault),
            "::error file=a%2Cb%3Ac.toml,line=3,col=7,title=plan%3A base::100%25: a, b%0Asecond line\n"
        );
        assert_eq!(warning(None, "drift\r\n"), "::warning::drift\n");
        assert_eq!(open("a\n::b"), "::group::a%0A::b\n");
    }

    #[test]
    fn two_tokens_differ_and_are_long() {
        let (one, two) = (unguessable(), unguessable());
        assert_ne!(one, two);
        assert_eq!(one.len(), "shipway-".len() + 32);
    }
}
