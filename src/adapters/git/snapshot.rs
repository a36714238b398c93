//! What a commit of everything would hold, found out without a change to the repository: index and new objects are kept in a folder apart.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::command::git;
use crate::os::command::{CommandSpec, Input, Raw};

/// A link to another repository: there is no file.
const LINK_TO_REPOSITORY: &str = "160000";

/// Where a snapshot is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The folder whose files it is of.
    pub work_tree: PathBuf,
    /// The repository, or an empty one that stands for the one to be.
    pub git_dir: PathBuf,
    /// Its index.
    pub index: PathBuf,
    /// Its new objects.
    pub objects: PathBuf,
    /// The repository's own objects.
    pub known_objects: PathBuf,
}

/// A file of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFile {
    /// From the work tree's top.
    pub path: String,
    /// Of its bytes; `None`: a link to another repository.
    pub blob: Option<String>,
}

impl Snapshot {
    fn git(&self, args: &[&str]) -> CommandSpec {
        git(&self.work_tree, args)
            .env("GIT_DIR", self.git_dir.to_string_lossy())
            .env("GIT_WORK_TREE", self.work_tree.to_string_lossy())
            .env("GIT_INDEX_FILE", self.index.to_string_lossy())
            .env("GIT_OBJECT_DIRECTORY", self.objects.to_string_lossy())
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.known_objects.to_string_lossy())
    }

    /// Takes everything that `git add --all` would take.
    pub fn add_all(&self) -> CommandSpec {
        self.git(&["add", "--all"])
    }

    /// Prints the tree of what was taken.
    pub fn tree(&self) -> CommandSpec {
        self.git(&["write-tree"])
    }

    /// Lists what was taken; read by `files`.
    pub fn list(&self) -> CommandSpec {
        self.git(&["ls-files", "--stage", "-z"])
    }

    /// Prints those of `paths` that git ignores, each with NUL after it. What was taken is not ignored, whatever the patterns say. Ends
    /// with 1 where it ignores none.
    pub fn ignored(&self, paths: &[String]) -> CommandSpec {
        let text: String = paths.iter().map(|path| format!("{path}\0")).collect();
        reading(self.git(&["check-ignore", "-z", "--stdin"]), &text)
    }

    /// Every object of a branch's history, `ID PATH` a line.
    pub fn history(&self, branch: &str) -> CommandSpec {
        self.git(&["rev-list", "--objects", &format!("refs/heads/{branch}"), "--"])
    }

    /// The kind of each of these objects, with what stands after it; read by `blobs`.
    pub fn kinds(&self, objects: &str) -> CommandSpec {
        let format = "--batch-check=%(objecttype) %(objectname) %(rest)";
        reading(self.git(&["cat-file", format]), objects)
    }

    /// Paths that any commit touched, of those that `patterns` name, each with NUL after it, some more than once.
    pub fn ever_committed(&self, patterns: &[String]) -> CommandSpec {
        self.git(&[
            "log",
            "--all",
            "--no-show-signature",
            "--format=",
            "--name-only",
            "--no-renames",
            "-z",
            "--",
        ])
        .args(patterns)
    }

    /// Takes these blobs, and nothing else, under the names of their numbers from 0; for a snapshot with an index of its own.
    pub fn take_blobs(&self, blobs: &[&str]) -> CommandSpec {
        let mut entries = String::new();
        for (number, blob) in blobs.iter().enumerate() {
            // A text has nothing that could fail.
            write!(entries, "100644 {blob}\t{number}\0").ok();
        }
        reading(self.git(&["update-index", "-z", "--index-info"]), &entries)
    }

    /// Writes what was taken into the work tree, byte by byte.
    pub fn check_out(&self) -> CommandSpec {
        self.git(&["-c", "core.autocrlf=false", "checkout-index", "--all"])
    }
}

/// The command with `text` to read.
fn reading(spec: CommandSpec, text: &str) -> CommandSpec {
    CommandSpec { stdin: Input::Raw(Raw(Arc::from(text.as_bytes()))), ..spec }
}

/// Where the repository of `folder` is, absolute.
pub fn git_dir(folder: &Path) -> CommandSpec {
    git(folder, &["rev-parse", "--absolute-git-dir"])
}

/// Where the repository keeps `name`, from `folder` or absolute.
pub fn place_of(folder: &Path, name: &str) -> CommandSpec {
    git(folder, &["rev-parse", "--git-path", name])
}

/// The files of `Snapshot::list`.
pub fn files(output: &str) -> Vec<SnapshotFile> {
    let file = |entry: &str| {
        let (facts, path) = entry.split_once('\t')?;
        let mut facts = facts.split(' ');
        let (mode, blob) = (facts.next()?, facts.next()?);
        let blob = (mode != LINK_TO_REPOSITORY).then(|| blob.to_owned());
        Some(SnapshotFile { path: path.to_owned(), blob })
    };
    output.split('\0').filter_map(file).collect()
}

/// The files among the objects of `Snapshot::kinds`; each has one of the paths that it ever had.
pub fn blobs(output: &str) -> Vec<SnapshotFile> {
    let blob = |line: &str| {
        let (id, path) = line.strip_prefix("blob ")?.split_once(' ')?;
        Some(SnapshotFile { path: path.to_owned(), blob: Some(id.to_owned()) })
    };
    output.lines().filter_map(blob).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_and_links_to_repositories_have_no_bytes() {
        let entries = ["100644 4f2a 0\ta b.txt", "160000 77aa 0\tvendor/x", "120000 11bb 0\tlink"];
        let read = files(&format!("{}\0\n", entries.join("\0")));
        let told: Vec<(&str, Option<&str>)> =
            read.iter().map(|file| (file.path.as_str(), file.blob.as_deref())).collect();
        assert_eq!(told, [("a b.txt", Some("4f2a")), ("vendor/x", None), ("link", Some("11bb"))]);
    }

    #[test]
    fn only_blobs_of_a_history_are_files() {
        let read = blobs("commit 1 \ntree 2 \nblob 3 a b.txt\ntree 4 src\n");
        assert_eq!(read, [SnapshotFile { path: "a b.txt".to_owned(), blob: Some("3".to_owned()) }]);
    }
}
