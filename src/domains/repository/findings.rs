//! What would give secrets away, and how it is told: file, line and name, never a value. Pure.

use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Finder;
use crate::text::count::count;

/// So many places are named.
const NAMED: usize = 20;

/// How a private key begins; what kind of key it is stands between this and the end.
const KEY_BEGINS: &[u8] = b"-----BEGIN ";

/// How the line ends that a private key begins with: PEM (RFC 7468), OpenSSH, OpenPGP.
const KEY_LINES: [&[u8]; 2] = [b"PRIVATE KEY-----", b"PRIVATE KEY BLOCK-----"];

/// Who only speaks of keys writes no such line of base64 after the first one.
const SHORTEST_KEY_LINE: usize = 24;

/// Something that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// git does not ignore an env file.
    Open {
        /// The file, or one that could be there.
        path: String,
        /// Its entry in `[env_files]`.
        entry: String,
        /// There is one already.
        is_here: bool,
    },
    /// Some commit has an env file.
    Committed {
        /// The file.
        path: String,
    },
    /// A file holds a secret.
    Secret {
        /// Where.
        place: Place,
        /// Which.
        name: String,
    },
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: String,
    /// From 1.
    pub(super) line: usize,
    /// Not as the file is now, but as some commit has it.
    pub(super) is_past: bool,
}

/// What one file holds, each secret once, at its first line.
pub(super) fn search(finder: &Finder, path: &str, is_past: bool, bytes: &[u8]) -> Vec<Finding> {
    let mut hits: Vec<(usize, String)> = Vec::new();
    for (range, name) in finder.find(bytes) {
        if !hits.iter().any(|(_, known)| known == name) {
            hits.push((range.start, name.to_owned()));
        }
    }
    hits.extend(private_key(bytes).map(|at| (at, "a private key".to_owned())));
    hits.sort();
    let line = |at: usize| bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let place = |at| Place { path: path.to_owned(), line: line(at), is_past };
    hits.into_iter().map(|(at, name)| Finding::Secret { place: place(at), name }).collect()
}

/// Where a private key begins.
fn private_key(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = position(&bytes[from..], KEY_BEGINS).map(|at| at + from) {
        from = at + KEY_BEGINS.len();
        // The kind of a key is a word or two.
        let label = &bytes[from..bytes.len().min(from + 48)];
        let ends = KEY_LINES.iter().filter_map(|end| Some(position(label, end)? + end.len())).min();
        if ends.is_some_and(|end| has_body(&bytes[from + end..])) {
            return Some(at);
        }
    }
    None
}

/// Whether a key's base64, or the headers before it, come next; they may stand in a string of some language.
fn has_body(rest: &[u8]) -> bool {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b"\\\"'+,".contains(byte);
    let skipped = rest.iter().position(|byte| !is_between(byte)).unwrap_or(rest.len());
    let mut body = &rest[skipped..];
    // The `n` of an escaped newline.
    if rest[..skipped].ends_with(b"\\") && body.first().is_some_and(|byte| b"nr".contains(byte)) {
        body = &body[1..];
    }
    let headers: [&[u8]; 3] = [b"Proc-Type:", b"Version:", b"Comment:"];
    let is_base64 = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    headers.iter().any(|header| body.starts_with(header))
        || body.iter().take_while(is_base64).count() >= SHORTEST_KEY_LINE
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// The refusal that names them all; `None`: nothing was found.
pub(super) fn refusal(findings: &[Finding]) -> Option<Fault> {
    if findings.is_empty() {
        return None;
    }
    let number = count(findings.len(), "place");
    let message = format!("{number} would give secrets away: nothing is pushed");
    let mut fault = Fault::new(FaultKind::Refused, message);
    for finding in findings.iter().take(NAMED) {
        fault = fault.detail(told(finding));
    }
    if findings.len() > NAMED {
        fault = fault.detail(format!("and {} more", findings.len() - NAMED));
    }
    let mut hints: Vec<String> = Vec::new();
    for hint in findings.iter().flat_map(hints_for) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    fault.hints = hints;
    Some(fault)
}

fn told(finding: &Finding) -> String {
    match finding {
        Finding::Open { path, entry, is_here: true } => {
            format!("{path}: git does not ignore this file of [env_files.{entry}]")
        }
        Finding::Open { path, entry, is_here: false } => {
            format!("{path}: git would not ignore it, once [env_files.{entry}] has its files")
        }
        Finding::Committed { path } => format!("{path}: an env file that is in a commit"),
        Finding::Secret { place, name } => {
            let past = if place.is_past { ", in an earlier commit" } else { "" };
            format!("{}:{}{past}: {name}", place.path, place.line)
        }
    }
}

fn hints_for(finding: &Finding) -> Vec<String> {
    let rewrite = "what is in a commit stays in its history: take the secret for known and change it, and rewrite the history \
         (`git filter-repo`), or begin a new one";
    match finding {
        Finding::Open { path, is_here, .. } => {
            let mut hints = vec![format!("add `/{path}` to .gitignore, or the folder that it is in")];
            if *is_here {
                hints.push(format!("where git has it already: `git rm --cached {path}`"));
            }
            hints
        }
        Finding::Committed { .. } => vec![rewrite.to_owned()],
        Finding::Secret { place, .. } if place.is_past => vec![rewrite.to_owned()],
        Finding::Secret { place, name } if super::known::is_terraform_file(&place.path) => {
            vec![format!("add `/{}` to .gitignore; {name} belongs into no commit", place.path)]
        }
        Finding::Secret { place, name } => {
            let mut hints =
                vec![format!("take it out of {}, or add `/{}` to .gitignore", place.path, place.path)];
            if let Some((key, file)) = name.strip_prefix('`').and_then(|rest| rest.split_once("` of "))
                && !super::known::is_terraform_file(file)
            {
                hints
                    .push(format!("where `{key}` is no secret: `public = [\"{key}\"]` in its [env_files.…]"));
            }
            hints
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Finding> {
        let secrets = [("`KEY` of .env".to_owned(), b"hunter22!".to_vec())];
        search(&Finder::new(&secrets), "a.txt", false, text.as_bytes())
    }

    fn lines(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(told).collect()
    }

    #[test]
    fn a_secret_is_told_by_its_name_at_its_first_line() {
        assert_eq!(lines(&found("a\nb hunter22!\nhunter22!\n")), ["a.txt:2: `KEY` of .env"]);
        assert!(found("a\nhunter2\n").is_empty());
        let refusal = refusal(&found("hunter22!")).expect("a refusal");
        assert!(!format!("{refusal:?}").contains("hunter22"), "{refusal:?}");
        assert!(refusal.hints.iter().any(|hint| hint.contains("public = [\"KEY\"]")), "{refusal:?}");
    }

    #[test]
    fn a_private_key_has_a_body_and_who_speaks_of_one_has_not() {
        let body = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE";
        for kind in ["OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "PRIVATE KEY", "PGP PRIVATE KEY BLOCK"] {
            for between in
                ["\n", "\r\n", "\\n", "\",\n\t\"", "\nProc-Type: 4,ENCRYPTED\n", "\nVersion: 1\n\n"]
            {
                let text = format!("x\n-----BEGIN {kind}-----{between}{body}\n");
                assert_eq!(lines(&found(&text)), ["a.txt:2: a private key"], "{text}");
            }
            assert!(found(&format!("if text.starts_with(\"-----BEGIN {kind}-----\") {{")).is_empty());
        }
        assert!(found(&format!("-----BEGIN PUBLIC KEY-----\n{body}\n")).is_empty());
        // One that is only spoken of does not hide one that is there.
        let both = format!("-----BEGIN PRIVATE KEY----- begins it\n-----BEGIN PRIVATE KEY-----\n{body}\n");
        assert_eq!(lines(&found(&both)), ["a.txt:2: a private key"]);
    }
}
