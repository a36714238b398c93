//! All files that a plan of a workspace comes from, as digests under their names: so that an edit after the plan can be named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::site::Site;
use crate::adapters::terraform::init;
use crate::adapters::terraform::module::SourceKind;
use crate::diagnostic::Fault;
use crate::os::Doors;
use crate::os::files::FileKind;

/// Digests of files by their names, from the project's folder.
pub(super) type Files = BTreeMap<String, String>;

/// Folders below a module that are looked into this deep; no module keeps its templates deeper.
const DEPTH: usize = 4;

/// The files of the root, of the local modules that it calls, those with values, and the lock file.
pub(super) fn gather(site: &Site, doors: &Doors) -> Result<Files, Fault> {
    let root = clean(&site.folder()?);
    let mut gathered = Gathered { doors, project: &site.model.root, digests: Files::new() };
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        for source in gathered.module(&folder, 0) {
            open.push(clean(&folder.join(source)));
        }
    }
    for file in &site.workspace()?.var_files {
        gathered.file(&clean(&root.join(&file.value)));
    }
    gathered.file(&root.join(".terraform.lock.hcl"));
    Ok(gathered.digests)
}

struct Gathered<'a> {
    doors: &'a Doors,
    project: &'a Path,
    digests: Files,
}

impl Gathered<'_> {
    /// A module's files; gives the local modules that it calls.
    fn module(&mut self, folder: &Path, depth: usize) -> Vec<String> {
        let mut texts: Vec<(String, String)> = Vec::new();
        let mut below = Vec::new();
        for name in self.doors.files.list(folder).unwrap_or_default() {
            let path = folder.join(&name);
            // Hidden files are those of terraform, git and ourselves.
            if name.starts_with('.') || name.contains(".tfstate") || name == "crash.log" {
                continue;
            }
            match self.doors.files.kind(&path) {
                FileKind::File => {
                    let bytes = self.file(&path);
                    if name.ends_with(".tf") || name.ends_with(".tf.json") {
                        texts.push((name, String::from_utf8_lossy(&bytes).into_owned()));
                    }
                }
                FileKind::Folder => below.push(path),
                _ => {}
            }
        }
        let texts: Vec<(&str, &str)> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let calls = init::static_need(&texts).modules;
        // What lies below and is no module of its own belongs to this one: templates, scripts.
        for path in below {
            let names = self.doors.files.list(&path).unwrap_or_default();
            let is_module = names.iter().any(|name| name.ends_with(".tf") || name.ends_with(".tf.json"));
            if !is_module && depth < DEPTH {
                self.module(&path, depth + 1);
            }
        }
        calls.into_iter().filter(|call| call.kind() == SourceKind::Local).map(|call| call.source).collect()
    }

    fn file(&mut self, path: &Path) -> Vec<u8> {
        let Ok(bytes) = self.doors.files.read(path) else { return Vec::new() };
        let name = path.strip_prefix(self.project).unwrap_or(path).display().to_string();
        self.digests.insert(name, blake3::hash(&bytes).to_hex().to_string());
        bytes
    }
}

/// A path without `.` and `..`, by words.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            part => clean.push(part),
        }
    }
    clean
}
