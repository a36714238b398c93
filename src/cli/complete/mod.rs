//! Completion: what could stand where the cursor is.
//!
//! The shell calls `shipway __complete WORD…` with the words up to the cursor, the last one unfinished and perhaps empty; the answer has a
//! candidate a line, with its description behind a tab. `outline` knows the project's names, also of a file with errors; `answer` is
//! pure. Nothing is run, and no fault is ever said: a shell would print it into the line that is being typed.

mod answer;
mod grammar;
mod outline;
mod scripts;

use std::ffi::OsString;
use std::path::Path;

use super::{print, project};
use crate::journal::store;
use crate::os::Doors;
use crate::os::files::FileKind;

pub(super) use answer::SHELLS;
pub(super) use scripts::script;

/// The word that a shell puts before the words of its command line.
pub(super) const WORD: &str = "__complete";

/// One thing that could stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    /// The whole word.
    pub(super) word: String,
    /// One line about it; may be empty.
    pub(super) about: String,
}

/// Prints the candidates for `words`, the program left out.
pub(super) fn run(doors: &Doors, words: &[OsString]) -> u8 {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let file = answer::file_option(&words);
    let located = project::locate(doors, file.as_deref().map(Path::new)).ok();
    let outline = located.as_deref().map(|file| outline::gather(doors, file)).unwrap_or_default();
    let root = located.as_deref().and_then(Path::parent);
    let runs = || -> Vec<String> {
        let Some(root) = root else { return Vec::new() };
        doors.files.list(&root.join(store::FOLDER).join("runs")).unwrap_or_default()
    };
    let tags = || root.map(|root| tags(doors, root)).unwrap_or_default();
    let kept = answer::Kept { runs: &runs, tags: &tags };
    let mut text = String::new();
    for candidate in answer::candidates(&words, &outline, &kept) {
        let about: String = candidate.about.split_whitespace().collect::<Vec<_>>().join(" ");
        text.push_str(&format!("{}\t{about}\n", candidate.word));
    }
    print(&text);
    0
}

/// The tags of the repository that `root` is in, as far as they stand in its own files; git itself is not run.
fn tags(doors: &Doors, root: &Path) -> Vec<String> {
    let files = &doors.files;
    let Some(git) =
        root.ancestors().map(|above| above.join(".git")).find(|git| files.kind(git) == FileKind::Folder)
    else {
        return Vec::new();
    };
    let mut found = files.list(&git.join("refs/tags")).unwrap_or_default();
    let packed = files.read(&git.join("packed-refs")).unwrap_or_default();
    let packed = String::from_utf8_lossy(&packed);
    found.extend(packed.lines().filter_map(|line| Some(line.split_once(" refs/tags/")?.1.to_owned())));
    found.sort();
    found.dedup();
    found
}
