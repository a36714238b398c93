//! Which files a list of patterns means: `src/**/*.rs`, `!src/generated`, with the last one that fits deciding.
//!
//! Patterns are split at `/` and walked together with the folders: a [`Place`] says how far each of them has come on the way to a folder, so
//! that a walk enters no folder in which nothing can fit, and tries at each name only what is left. `**` stands for any number of folders,
//! `*` and `?` for letters of one name, `[…]` for one of several, `{a,b}` for each of several; `\` takes a sign's meaning away. A folder
//! that is named (`src`, `**/target`) means all that is in it. Names that begin with a dot are names like others.
//!
//! Written here and not taken from a crate, because the crates match whole paths: ten thousand times the same folders.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Folders that are never looked into: what git and Shipway keep for themselves.
pub const NEVER: [&str; 2] = [".git", ".shipway"];

/// So many patterns may come out of one list with its `{a,b}` written out.
const MOST: usize = 1000;

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// It means nothing.
    #[error("it names no file")]
    Empty,
    /// It starts at the root of the disk or in a home.
    #[error("it is no path from the file's folder")]
    Absolute,
    /// It leads out of the project.
    #[error("it leads out of the project's folder")]
    Outside,
    /// It goes back up over a wildcard.
    #[error("`..` can't follow a wildcard")]
    UpOverWildcard,
    /// Into a folder that is never looked into.
    #[error("{0} is never looked into")]
    Never(&'static str),
    /// `[` or `{` that is not closed.
    #[error("`{0}` is not closed")]
    Unclosed(char),
    /// `a**b`.
    #[error("`**` stands for whole folders and can't be a part of a name")]
    DeepInName,
    /// `\` at the end.
    #[error("nothing follows the last `\\`")]
    NothingEscaped,
    /// Too many alternatives.
    #[error("`{{ }}` of the list stand for more than {MOST} patterns")]
    TooMany,
}

/// A list of patterns, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patterns {
    list: Vec<Pattern>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pattern {
    text: String,
    excludes: bool,
    /// Of the list whose files are taken away from those of the others.
    is_of_less: bool,
    pieces: Vec<Piece>,
}

/// What stands between two `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Piece {
    /// `**`.
    Deep,
    /// A name.
    Name(Vec<u8>),
    /// `*`.
    Any,
    /// `*.rs`.
    Ends(Vec<u8>),
    /// Anything else.
    Glob(Vec<u8>),
}

impl Pattern {
    /// Whether files are meant because of it.
    fn gives(&self) -> bool {
        !self.excludes && !self.is_of_less
    }

    /// The path, where no wildcard is in it.
    fn path(&self) -> Option<Vec<u8>> {
        let names = self.pieces.iter().map(|piece| match piece {
            Piece::Name(name) => Some(name.as_slice()),
            _ => None,
        });
        Some(names.collect::<Option<Vec<_>>>()?.join(&b'/'))
    }
}

impl Piece {
    fn fits(&self, name: &[u8]) -> bool {
        match self {
            Self::Deep | Self::Any => true,
            Self::Name(wanted) => name == wanted.as_slice(),
            Self::Ends(end) => name.ends_with(end),
            Self::Glob(glob) if glob.is_ascii() && name.is_ascii() => fast_glob::glob_match(glob, name),
            Self::Glob(glob) => glob_by_letters(glob, name),
        }
    }
}

/// The crate knows bytes only: each letter beyond ASCII that occurs stands for one, in their order, so that `?` and `[à-ü]` mean letters. A name
/// has too few letters for more than there are bytes.
fn glob_by_letters(glob: &[u8], name: &[u8]) -> bool {
    let letters = |bytes: &[u8]| -> Vec<u32> {
        let of = |chunk: std::str::Utf8Chunk<'_>| -> Vec<u32> {
            // What is no letter is one of its own.
            let others = chunk.invalid().iter().map(|byte| u32::from(char::MAX) + u32::from(*byte));
            chunk.valid().chars().map(u32::from).chain(others).collect()
        };
        bytes.utf8_chunks().flat_map(of).collect()
    };
    let (glob, name) = (letters(glob), letters(name));
    let others: BTreeSet<u32> = glob.iter().chain(&name).copied().filter(|letter| *letter > 0x7f).collect();
    let byte = |letter: &u32| {
        let place = 0x80 + others.range(..letter).count();
        u8::try_from(*letter).ok().filter(u8::is_ascii).unwrap_or(u8::try_from(place).unwrap_or(u8::MAX))
    };
    let bytes = |letters: &[u32]| letters.iter().map(byte).collect::<Vec<u8>>();
    fast_glob::glob_match(bytes(&glob), bytes(&name))
}

/// How far each pattern has come on the way to a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The pattern, and the piece that comes next; one past the last where all of the folder is meant.
    at: Vec<(u16, u16)>,
}

impl Patterns {
    /// Adds a pattern as it was written in `folder`, a path from the root without `..`. With `!` it takes away what those before it gave.
    pub fn add(&mut self, folder: &str, text: &str) -> Result<(), PatternFault> {
        let (excludes, bare) = match text.strip_prefix('!') {
            Some(bare) => (true, bare),
            None => (false, text),
        };
        check_signs(bare)?;
        for expanded in expand(bare, MOST.saturating_sub(self.list.len()))? {
            let pieces = pieces(folder, &expanded)?;
            self.list.push(Pattern { text: bare.to_owned(), excludes, is_of_less: false, pieces });
        }
        Ok(())
    }

    /// The same without all that `other` means.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        self.list.extend(other.list.iter().map(|pattern| Pattern { is_of_less: true, ..pattern.clone() }));
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Each pattern that names something, alone, with what was written: `{a,b}` is one.
    pub fn each(&self) -> Vec<(&str, Self)> {
        let named: Vec<&Pattern> = self.list.iter().filter(|pattern| pattern.gives()).collect();
        let written = named.chunk_by(|one, next| one.text == next.text);
        let alone = |group: &[&Pattern]| Self { list: group.iter().copied().cloned().collect() };
        written.filter_map(|group| Some((group.first()?.text.as_str(), alone(group)))).collect()
    }

    /// Whether no wildcard is in it: then it names one file or folder, or with `{a,b}` either, which is expected to be there.
    pub fn is_name(&self) -> bool {
        self.list.iter().all(|pattern| pattern.path().is_some())
    }

    /// The paths of those without a wildcard.
    pub fn paths(&self) -> impl Iterator<Item = Vec<u8>> {
        self.list.iter().filter(|pattern| pattern.gives()).filter_map(Pattern::path)
    }

    /// Whether the file at `path` is meant.
    pub fn means_path(&self, path: &[u8]) -> bool {
        let mut names: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        let Some(file) = names.pop() else { return false };
        let place = names.into_iter().fold(self.start(), |place, name| self.enter(&place, name));
        self.means(&place, file)
    }

    /// Where a walk starts.
    pub fn start(&self) -> Place {
        let mut place = Place::default();
        for number in 0..self.list.len() {
            self.reach(&mut place, number, 0);
        }
        place
    }

    /// The folder `name` in the folder of `place`.
    pub fn enter(&self, place: &Place, name: &[u8]) -> Place {
        let mut entered = Place::default();
        for &(number, piece) in &place.at {
            let (number, piece) = (usize::from(number), usize::from(piece));
            match self.list[number].pieces.get(piece) {
                None | Some(Piece::Deep) => self.reach(&mut entered, number, piece),
                Some(next) if next.fits(name) => {
                    let is_last = piece + 1 == self.list[number].pieces.len();
                    if !is_last || matches!(next, Piece::Name(_)) {
                        self.reach(&mut entered, number, piece + 1);
                    }
                }
                Some(_) => {}
            }
        }
        entered
    }

    /// Whether the file `name` in the folder of `place` is meant.
    pub fn means(&self, place: &Place, name: &[u8]) -> bool {
        let (mut own, mut less) = (None, None);
        for &(number, piece) in &place.at {
            let pattern = &self.list[usize::from(number)];
            let fits = match pattern.pieces[usize::from(piece)..].split_first() {
                None => true,
                // What it stands for in the end is at a place of its own.
                Some((Piece::Deep, _)) => false,
                // `a/**` is what is in `a`, and not `a` itself.
                Some((next, rest)) => rest.is_empty() && next.fits(name),
            };
            if fits {
                let decides = if pattern.is_of_less { &mut less } else { &mut own };
                *decides = (*decides).max(Some((number, !pattern.excludes)));
            }
        }
        let is_meant = |decides: Option<(u16, bool)>| decides.is_some_and(|(_, is_meant)| is_meant);
        is_meant(own) && !is_meant(less)
    }

    /// Whether anything in the folder of `place` could be meant.
    pub fn goes_on(&self, place: &Place) -> bool {
        let pattern = |number: u16| &self.list[usize::from(number)];
        // What decides of all in the folder is the last that means, or excludes, the whole of it; those behind it may decide of a part.
        let last_whole = |is_of_less: bool, excludes: bool| {
            let whole = place.at.iter().filter(|at| usize::from(at.1) == pattern(at.0).pieces.len());
            let of = whole
                .filter(|at| (pattern(at.0).is_of_less, pattern(at.0).excludes) == (is_of_less, excludes));
            of.map(|at| at.0).max()
        };
        let shut = last_whole(false, true);
        let is_some_meant =
            place.at.iter().any(|at| pattern(at.0).gives() && shut.is_none_or(|shut| at.0 > shut));
        let is_taken_back = |number: u16, all: u16| number > all && pattern(number).excludes;
        let is_all_less =
            last_whole(true, false).is_some_and(|all| !place.at.iter().any(|at| is_taken_back(at.0, all)));
        is_some_meant && !is_all_less
    }

    /// The only names that can fit in the folder of `place`; `None` where a wildcard stands there, so that one has to look.
    pub fn names(&self, place: &Place) -> Option<Vec<&[u8]>> {
        let mut names = Vec::new();
        for &(number, piece) in &place.at {
            let pattern = &self.list[usize::from(number)];
            if !pattern.gives() {
                continue;
            }
            match pattern.pieces.get(usize::from(piece)) {
                Some(Piece::Name(name)) => names.push(name.as_slice()),
                _ => return None,
            }
        }
        names.sort_unstable();
        names.dedup();
        Some(names)
    }

    /// A place at `piece`, and at those behind it while they may stand for nothing.
    fn reach(&self, place: &mut Place, number: usize, mut piece: usize) {
        let pieces = &self.list[number].pieces;
        loop {
            let at = (u16::try_from(number).unwrap_or(u16::MAX), u16::try_from(piece).unwrap_or(u16::MAX));
            if !place.at.contains(&at) {
                place.at.push(at);
            }
            if pieces.get(piece) != Some(&Piece::Deep) {
                return;
            }
            piece += 1;
        }
    }
}

/// `text` as a part of a pattern that means exactly itself.
pub fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\*?[]{},!".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// What is wrong with a pattern that was written in `folder`.
pub fn check(folder: &str, text: &str) -> Result<(), PatternFault> {
    Patterns::default().add(folder, text)
}

/// Looks whether brackets are closed.
fn check_signs(text: &str) -> Result<(), PatternFault> {
    let mut letters = text.chars();
    let mut braces = 0_usize;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next().ok_or(PatternFault::NothingEscaped)?;
            }
            '[' => {
                let rest = letters.as_str();
                let inner = rest.strip_prefix(['!', '^']).unwrap_or(rest);
                // The first may be the bracket itself: `[]a]`.
                let from = inner.chars().next().map_or(0, char::len_utf8);
                let end = inner[from..].find(']').ok_or(PatternFault::Unclosed('['))?;
                if inner[..from + end].contains('/') {
                    return Err(PatternFault::Unclosed('['));
                }
                letters = inner[from + end + 1..].chars();
            }
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
    }
    if braces > 0 { Err(PatternFault::Unclosed('{')) } else { Ok(()) }
}

/// The patterns that one with `{a,b}` stands for, at most `most`.
fn expand(text: &str, most: usize) -> Result<Vec<String>, PatternFault> {
    let mut open = vec![text.to_owned()];
    let mut done = Vec::new();
    while let Some(text) = open.pop() {
        if done.len() + open.len() >= most {
            return Err(PatternFault::TooMany);
        }
        let Some((before, choices, after)) = first_braces(&text) else {
            done.push(text);
            continue;
        };
        open.extend(choices.iter().rev().map(|choice| format!("{before}{choice}{after}")));
    }
    Ok(done)
}

/// The first `{…}` of a text: what stands before it, its choices, and what follows.
fn first_braces(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    let (mut depth, mut start, mut from) = (0_usize, 0, 0);
    let mut choices = Vec::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '{' => {
                if depth == 0 {
                    (start, from) = (at, at + 1);
                }
                depth += 1;
            }
            ',' if depth == 1 => {
                choices.push(&text[from..at]);
                from = at + 1;
            }
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    choices.push(&text[from..at]);
                    return Some((&text[..start], choices, &text[at + 1..]));
                }
            }
            _ => {}
        }
    }
    None
}

fn pieces(folder: &str, text: &str) -> Result<Vec<Piece>, PatternFault> {
    if text.starts_with(['/', '~']) {
        return Err(PatternFault::Absolute);
    }
    if text.trim().is_empty() {
        return Err(PatternFault::Empty);
    }
    let names = folder.split('/').filter(|name| !name.is_empty());
    let mut pieces: Vec<Piece> = names.map(|name| Piece::Name(name.as_bytes().to_vec())).collect();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => match pieces.pop() {
                None => return Err(PatternFault::Outside),
                Some(Piece::Name(_)) => {}
                Some(_) => return Err(PatternFault::UpOverWildcard),
            },
            "**" => {
                if pieces.last() != Some(&Piece::Deep) {
                    pieces.push(Piece::Deep);
                }
            }
            part => pieces.push(piece(part)?),
        }
    }
    for piece in &pieces {
        if let Piece::Name(name) = piece
            && let Some(never) = NEVER.iter().find(|never| never.as_bytes() == name.as_slice())
        {
            return Err(PatternFault::Never(never));
        }
    }
    Ok(pieces)
}

/// One part of a path.
fn piece(part: &str) -> Result<Piece, PatternFault> {
    if let Some(end) = part.strip_prefix('*')
        && !end.contains(['*', '?', '[', '\\'])
    {
        return Ok(if end.is_empty() { Piece::Any } else { Piece::Ends(end.as_bytes().to_vec()) });
    }
    let (mut name, mut is_name, mut last) = (Vec::new(), true, None);
    let mut letters = part.chars();
    while let Some(letter) = letters.next() {
        let taken = if letter == '\\' { letters.next().unwrap_or('\\') } else { letter };
        if letter == '*' && last == Some('*') {
            return Err(PatternFault::DeepInName);
        }
        is_name &= !matches!(letter, '*' | '?' | '[');
        last = Some(letter);
        name.extend(taken.to_string().into_bytes());
    }
    if is_name {
        return Ok(Piece::Name(name));
    }
    // At its beginning the crate would take it for "everything but".
    let escape = if part.starts_with('!') { "\\" } else { "" };
    Ok(Piece::Glob(format!("{escape}{part}").into_bytes()))
}

#[cfg(test)]
#[path = "patterns_tests.rs"]
mod tests;
