//! What lies at the paths that stand in a configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::adapters::terraform::reads::{Base, PathRead};
use crate::domains::workspace::configuration::clean;
use crate::os::Doors;
use crate::os::files::FileKind;

/// More files than this, or deeper folders, are not looked through for one plan that may be left out.
const MOST: usize = 2000;
const DEEPEST: usize = 16;

/// Longer texts are no paths: `PATH_MAX` of Linux.
const LONGEST: usize = 4096;

/// Something that is there, or that is missing and has to be.
pub(super) struct Found {
    /// As a person would call it.
    pub(super) name: String,
    /// What it holds.
    pub(super) digest: String,
    /// Its text, where a function reads it: a template may read more.
    pub(super) template: Option<String>,
}

/// The folders in which paths begin whose rest only a run knows: that rest may climb out of them.
pub(super) fn prefixes(root: &Path, paths: &[(PathBuf, PathRead)]) -> BTreeSet<PathBuf> {
    let known = paths.iter().filter(|(_, path)| path.is_prefix && path.is_certain);
    let folder = |(module, path): &(PathBuf, PathRead)| {
        let base = if path.base == Base::Module { module.as_path() } else { root };
        clean(&base.join(&path.text))
    };
    known.map(folder).filter(|folder| folder != root).collect()
}

/// What lies at `path`, counted from `base`; nothing where it is only a text. The reason where too much lies there.
pub(super) fn look(
    doors: &Doors,
    project: &Path,
    base: &Path,
    path: &PathRead,
) -> Result<Option<Found>, String> {
    if path.text.len() > LONGEST || path.text.contains('\0') {
        return Ok(None);
    }
    let text = match (path.text.strip_prefix("~/"), doors.environment.home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(&path.text),
    };
    let place = clean(&base.join(&text));
    // A state that is read is compared by its outputs.
    if !path.is_certain && place.file_name().is_some_and(|name| name.to_string_lossy().contains(".tfstate")) {
        return Ok(None);
    }
    let shown = place.strip_prefix(project).unwrap_or(&place).display().to_string();
    match doors.files.kind(&place) {
        FileKind::File => {
            let bytes = doors.files.read(&place).unwrap_or_default();
            let template = path.is_certain.then(|| String::from_utf8_lossy(&bytes).into_owned());
            let digest = blake3::hash(&bytes).to_hex().to_string();
            Ok(Some(Found { name: shown, digest, template }))
        }
        FileKind::Folder => {
            // A folder's absolute name says where something is to be on another machine, more often than not.
            let is_meant = path.is_certain || text.is_relative() || place.starts_with(project);
            if !is_meant {
                return Ok(None);
            }
            let mut tree = Tree { doors, files: 0, hasher: blake3::Hasher::new(), states: path.is_certain };
            if !tree.add(&place, 0) {
                return Err(format!("it names the folder {shown}, which holds more than {MOST} files"));
            }
            let digest = tree.hasher.finalize().to_hex().to_string();
            Ok(Some(Found { name: format!("{shown}/"), digest, template: None }))
        }
        FileKind::Missing | FileKind::Other if path.is_certain => {
            Ok(Some(Found { name: shown, digest: "missing".to_owned(), template: None }))
        }
        FileKind::Missing | FileKind::Other => Ok(None),
    }
}

struct Tree<'a> {
    doors: &'a Doors,
    files: usize,
    hasher: blake3::Hasher,
    /// States count as well.
    states: bool,
}

impl Tree<'_> {
    /// Adds all in a folder; false where that is too much.
    fn add(&mut self, folder: &Path, depth: usize) -> bool {
        if depth > DEEPEST {
            return false;
        }
        for name in self.doors.files.list(folder).unwrap_or_default() {
            // What terraform, git and Shipway keep for themselves.
            if matches!(name.as_str(), ".terraform" | ".git" | ".shipway")
                || name.contains(".tfstate") && !self.states
            {
                continue;
            }
            let path = folder.join(&name);
            self.hasher.update(name.as_bytes()).update(b"\0");
            match self.doors.files.kind(&path) {
                FileKind::Folder => {
                    self.hasher.update(b"{");
                    if !self.add(&path, depth + 1) {
                        return false;
                    }
                    self.hasher.update(b"}");
                }
                FileKind::File => {
                    self.files += 1;
                    if self.files > MOST {
                        return false;
                    }
                    let bytes = self.doors.files.read(&path).unwrap_or_default();
                    self.hasher.update(blake3::hash(&bytes).as_bytes());
                }
                FileKind::Missing | FileKind::Other => {}
            }
        }
        true
    }
}
