//! Several env files as one, as a compose project with one `.env` needs it.
//!
//! Each file stands under a comment with its name; comments, order and the exact bytes of values stay. A key
//! is kept once. Where files say different things about it nobody but the user knows what is meant, so that is
//! refused, or, if they say so, the last one wins.

use std::collections::BTreeMap;

use thiserror::Error;

use super::document::{Document, Kind};

/// One file to join.
#[derive(Clone, Copy)]
pub struct File<'f> {
    /// Its name in the header and in messages.
    pub name: &'f str,
    /// What it says.
    pub bytes: &'f [u8],
}

/// What is done about a key with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// Nothing is joined.
    Refuse,
    /// The last one is kept, at its place.
    LastWins,
}

/// Why files can't be joined. No value is in it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MergeFault {
    /// A key has two values.
    #[error("`{key}` has one value in {first} and another in {second}")]
    Differs {
        /// The key.
        key: String,
        /// Where it comes first.
        first: Place,
        /// Where it comes with another value.
        second: Place,
    },
    /// A quote would be closed by another file and take its lines into a value.
    #[error("a quote in {file} is closed nowhere, and would take in what comes after the file")]
    OpenQuote {
        /// The file's name.
        file: String,
    },
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// From 1.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// One assignment: the index of its file and of its line there.
type Position = (usize, usize);

/// All of `files` in one, or all that speaks against it.
pub fn merge(files: &[File<'_>], clash: Clash) -> Result<Vec<u8>, Vec<MergeFault>> {
    let documents: Vec<Document<'_>> = files.iter().map(|file| Document::new(file.bytes)).collect();
    let mut kept: BTreeMap<&[u8], (Position, &[u8])> = BTreeMap::new();
    let mut faults = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        for (index, line) in document.lines().iter().enumerate() {
            let Kind::Assignment(assignment) = &line.kind else { continue };
            let (key, raw) = (document.key(assignment), document.raw(assignment));
            match kept.get(key) {
                Some((_, before)) if *before == raw => {}
                Some((first, _)) if clash == Clash::Refuse => {
                    let place = |at: usize, line: usize| Place { file: files[at].name.to_owned(), line };
                    faults.push(MergeFault::Differs {
                        key: String::from_utf8_lossy(key).into_owned(),
                        first: place(first.0, documents[first.0].lines()[first.1].number),
                        second: place(at, line.number),
                    });
                }
                _ => drop(kept.insert(key, ((at, index), raw))),
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut joined = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        let before = joined.len();
        append(&mut joined, files[at].name, document, |index, key| {
            kept.get(key).is_some_and(|(place, _)| *place == (at, index))
        });
        // What a file says must not depend on what stands behind it.
        let apart = Document::new(&joined[before..]).lines().len();
        let next = [&joined[before..], b"'\"\nA='\"\n"].concat();
        if Document::new(&next).lines().get(apart).is_none_or(|line| line.kind != Kind::Garbage) {
            faults.push(MergeFault::OpenQuote { file: files[at].name.to_owned() });
        }
    }
    if faults.is_empty() { Ok(joined) } else { Err(faults) }
}

/// Puts the lines of one file, under its header, behind what is there.
fn append(joined: &mut Vec<u8>, name: &str, document: &Document<'_>, is_kept: impl Fn(usize, &[u8]) -> bool) {
    if !joined.is_empty() {
        joined.push(b'\n');
    }
    // A name with a newline in it would end the comment.
    let name: String = name.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    joined.extend_from_slice(format!("# {name}\n").as_bytes());
    for (index, line) in document.lines().iter().enumerate() {
        let is_kept = match &line.kind {
            Kind::Assignment(assignment) => is_kept(index, document.key(assignment)),
            _ => true,
        };
        if is_kept {
            joined.extend_from_slice(&document.bytes()[line.span.clone()]);
        }
    }
    if joined.last().is_some_and(|last| *last != b'\n') {
        joined.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(files: &[(&str, &str)], clash: Clash) -> Result<String, Vec<String>> {
        let files: Vec<File> =
            files.iter().map(|(name, text)| File { name, bytes: text.as_bytes() }).collect();
        merge(&files, clash)
            .map(|bytes| String::from_utf8(bytes).expect("text"))
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn files_follow_each_other_under_their_names() {
        let files = [
            (".django", "\u{feff}# General\nexport A = 'x # y' # z\r\n\nB=1"),
            (".postgres", "# Postgres\nC=\"2\n3\"\n"),
            (".empty", ""),
        ];
        assert_eq!(
            merged(&files, Clash::Refuse).as_deref(),
            Ok(
                "# .django\n# General\nexport A = 'x # y' # z\r\n\nB=1\n\n# .postgres\n# Postgres\nC=\"2\n3\"\n\n# .empty\n"
            )
        );
        assert_eq!(merged(&[], Clash::Refuse).as_deref(), Ok(""));
    }

    #[test]
    fn a_key_that_says_the_same_is_kept_once() {
        let files = [("a", "A=1\nB=2\nA=1\n"), ("b", "# c\nA=1\nC=3\n")];
        for clash in [Clash::Refuse, Clash::LastWins] {
            assert_eq!(merged(&files, clash).as_deref(), Ok("# a\nA=1\nB=2\n\n# b\n# c\nC=3\n"));
        }
    }

    #[test]
    fn keys_that_differ_are_all_told_with_both_places_and_no_value() {
        let files =
            [("a", "# x\nA=hunter1\nB=1\nB=2\n"), ("b", "\nA=hunter2\nC=3"), ("c", "C=4\nA=hunter1\n")];
        assert_eq!(
            merged(&files, Clash::Refuse),
            Err(vec![
                "`B` has one value in a:3 and another in a:4".to_owned(),
                "`A` has one value in a:2 and another in b:2".to_owned(),
                "`C` has one value in b:3 and another in c:1".to_owned(),
            ])
        );
    }

    #[test]
    fn the_last_one_wins_at_its_place_where_that_is_wanted() {
        let files = [("a", "A=1\nB=1\nB=2\n"), ("b", "C=1\nA=2\n")];
        assert_eq!(merged(&files, Clash::LastWins).as_deref(), Ok("# a\nB=2\n\n# b\nC=1\nA=2\n"));
    }

    #[test]
    fn a_quote_that_another_file_would_close_is_refused() {
        let fault = "a quote in a is closed nowhere, and would take in what comes after the file".to_owned();
        for open in ["A='1\nB=2\n", "A=\"1\n", "B=x\nA = '1\\'"] {
            assert_eq!(
                merged(&[("a", open), ("b", "C='2'\n")], Clash::Refuse),
                Err(vec![fault.clone()]),
                "{open}"
            );
        }
        assert!(merged(&[("a", "A=it's\n# don't\n"), ("b", "C='2'\n")], Clash::Refuse).is_ok());
    }

    #[test]
    fn a_name_can_not_leave_its_comment() {
        assert_eq!(merged(&[("a\nA=1", "")], Clash::Refuse).as_deref(), Ok("# a?A=1\n"));
    }
}
