//! All files that a plan of a workspace comes from, as digests under their names: so that an edit after the plan can be named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::site::Site;
use crate::adapters::terraform::module::{ModuleCall, SourceKind};
use crate::adapters::terraform::{dialect, init};
use crate::diagnostic::Fault;
use crate::os::Doors;
use crate::os::files::FileKind;

/// Digests of files by their names, from the project's folder.
pub(super) type Files = BTreeMap<String, String>;

/// Folders below a module that are looked into this deep; no module keeps its templates deeper.
const DEPTH: usize = 4;

/// The files of a workspace, and the texts of its modules.
pub(super) struct Configuration {
    /// All files.
    pub(super) files: Files,
    /// Each module's folder, and its files that hold configuration or values, by name.
    pub(super) modules: Vec<(PathBuf, Vec<(String, String)>)>,
}

/// The files of the root, of the local modules that it calls, those with values, and the lock file.
pub(super) fn gather(site: &Site, doors: &Doors) -> Result<Files, Fault> {
    Ok(read(site, doors, &[], &calls)?.files)
}

/// Tells which modules files call, given by name and text.
pub(super) type Calls<'a> = dyn Fn(&[(String, String)]) -> Vec<ModuleCall> + 'a;

fn calls(texts: &[(String, String)]) -> Vec<ModuleCall> {
    let borrowed: Vec<(&str, &str)> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    init::static_need(&borrowed).modules
}

/// The same with the texts, and with the modules in further folders. `calls` tells which modules files call.
pub(super) fn read(
    site: &Site,
    doors: &Doors,
    further: &[PathBuf],
    calls: &Calls<'_>,
) -> Result<Configuration, Fault> {
    let root = clean(&site.folder()?);
    let mut gathered =
        Gathered { doors, tool: site.tool(), project: &site.model.root, digests: Files::new() };
    let mut modules = Vec::new();
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    let mut open: Vec<PathBuf> = further.to_vec();
    open.push(root.clone());
    while let Some(folder) = open.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        let texts = gathered.module(&folder, 0);
        let local = calls(&texts).into_iter().filter(|call| call.kind() == SourceKind::Local);
        open.extend(local.map(|call| clean(&folder.join(call.source))));
        modules.push((folder, texts));
    }
    for file in &site.workspace()?.var_files {
        gathered.file(&clean(&root.join(&file.value)));
    }
    gathered.file(&root.join(".terraform.lock.hcl"));
    Ok(Configuration { files: gathered.digests, modules })
}

/// The folders of the modules that init has installed, by its list in terraform's own folder.
pub(super) fn installed_modules(doors: &Doors, root: &Path, data: &Path) -> Vec<PathBuf> {
    let list = doors.files.read(&data.join("modules/modules.json")).unwrap_or_default();
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap_or_default();
    let modules = list.get("Modules").and_then(serde_json::Value::as_array).into_iter().flatten();
    let folders = modules.filter_map(|module| module.get("Dir")?.as_str());
    folders.map(|folder| clean(&root.join(folder))).collect()
}

struct Gathered<'a> {
    doors: &'a Doors,
    tool: &'a str,
    project: &'a Path,
    digests: Files,
}

impl Gathered<'_> {
    /// A module's files; gives the texts of those that hold configuration or values.
    fn module(&mut self, folder: &Path, depth: usize) -> Vec<(String, String)> {
        let mut texts: Vec<(String, String)> = Vec::new();
        let mut below = Vec::new();
        let names = self.doors.files.list(folder).unwrap_or_default();
        let read = dialect::configuration(names.clone(), self.tool);
        for name in names {
            let path = folder.join(&name);
            // Hidden files are those of terraform, git and ourselves.
            if name.starts_with('.') || name.contains(".tfstate") || name == "crash.log" {
                continue;
            }
            match self.doors.files.kind(&path) {
                FileKind::File => {
                    let bytes = self.file(&path);
                    // OpenTofu passes over some files of configuration; values are read by both.
                    let has_values = name.ends_with(".tfvars") || name.ends_with(".tfvars.json");
                    if read.contains(&name) || has_values {
                        texts.push((name, String::from_utf8_lossy(&bytes).into_owned()));
                    }
                }
                FileKind::Folder => below.push(path),
                _ => {}
            }
        }
        // What lies below and is no module of its own belongs to this one: templates, scripts.
        for path in below {
            let names = self.doors.files.list(&path).unwrap_or_default();
            let is_module = names.iter().any(|name| dialect::is_configuration(name, self.tool));
            if !is_module && depth < DEPTH {
                self.module(&path, depth + 1);
            }
        }
        texts
    }

    fn file(&mut self, path: &Path) -> Vec<u8> {
        let Ok(bytes) = self.doors.files.read(path) else { return Vec::new() };
        let name = path.strip_prefix(self.project).unwrap_or(path).display().to_string();
        self.digests.insert(name, blake3::hash(&bytes).to_hex().to_string());
        bytes
    }
}

/// A path without `.` and `..`, by words.
pub(super) fn clean(path: &Path) -> PathBuf {
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
