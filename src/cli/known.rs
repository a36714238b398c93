//! The secrets that can be known before anything runs: those of the caller's environment, of the command line, and of the files that the
//! tasks file names. A command may print what no step of its run has asked for: `docker compose config`, `env`.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::adapters::hcp::credentials;
use crate::adapters::terraform::{dialect, var_file};
use crate::adapters::{digitalocean, github, gitlab};
use crate::masking::{Masker, dotenv_values, env_value_is_secret};
use crate::model::{Binding, EnvFiles, Model, Workspace};
use crate::os::Doors;
use crate::os::files::FileKind;

/// A masker that knows what the caller's environment and the command line say, the vendors' tokens included.
pub(super) fn masker(model: &Model, overrides: &BTreeMap<String, String>, doors: &Doors) -> Masker {
    let masker = Masker::default();
    if doors.environment.is_set("GITHUB_ACTIONS") {
        masker.keep_news();
    }
    for variable in model.variables.values().filter(|variable| variable.secret) {
        let value = match (overrides.get(&variable.name), &variable.binding) {
            (Some(value), _) => Some(value.as_str()),
            (None, Binding::Environment { name, .. }) => doors.environment.get(name),
            _ => None,
        };
        value.map(|value| masker.add(value.as_bytes()));
    }
    for vendor in [&github::GITHUB, &gitlab::GITLAB, &digitalocean::DIGITALOCEAN] {
        for token in vendor.token_variables.iter().filter_map(|name| doors.environment.get(name)) {
            masker.add(token.as_bytes());
        }
    }
    learn_terraform_tokens(doors, &masker);
    masker
}

/// The tokens that terraform takes, from variables and from its own file: what a provisioner prints knows the environment, too.
fn learn_terraform_tokens(doors: &Doors, masker: &Masker) {
    for (name, value) in &doors.environment.variables {
        if let Some(value) = value.to_str().filter(|_| name.to_str().is_some_and(credentials::is_token)) {
            masker.add(value.as_bytes());
        }
    }
    let file = doors.environment.home().map(|home| home.join(credentials::FILE));
    let text = file.and_then(|file| doors.files.read(&file).ok()).unwrap_or_default();
    for token in credentials::all_in_file(&String::from_utf8_lossy(&text)) {
        masker.add(token.as_bytes());
    }
}

/// Tells it what the files hold. One that is not there, or can't be read, is told by the step that needs it: whoever has none can do the rest.
pub(super) fn learn_files(model: &Model, doors: &Doors, masker: &Masker) {
    for entry in model.env_files.values() {
        learn_env_files(model, entry, doors, masker);
        learn_packed_files(entry, doors, masker);
    }
    for variable in model.variables.values() {
        if let Binding::File(source) = &variable.binding
            && let Ok(bytes) = doors.files.read(&model.root.join(&source.path))
        {
            masker.add(&bytes);
            masker.add_file(&bytes);
        }
    }
    for workspace in model.workspaces.values() {
        learn_var_files(&model.root.join(&workspace.dir), workspace, doors, masker);
    }
}

/// Every file of the folder, also one whose name can't be a secret's.
fn learn_env_files(model: &Model, entry: &EnvFiles, doors: &Doors, masker: &Masker) {
    let place = model.root.join(&entry.path);
    let paths = match doors.files.kind(&place) {
        FileKind::File => vec![place],
        FileKind::Folder => {
            let mut names = doors.files.list(&place).unwrap_or_default();
            names.retain(|name| !entry.ignore.contains(name));
            names.iter().map(|name| place.join(name)).collect()
        }
        FileKind::Missing | FileKind::Other => Vec::new(),
    };
    for path in paths.iter().filter(|path| doors.files.kind(path) == FileKind::File) {
        if let Ok(bytes) = doors.files.read(path) {
            learn_env_file(entry, &bytes, masker);
        }
    }
}

/// The files as a CI job has them before `secrets unpack`: base64 in variables. One that is none is told by that command.
fn learn_packed_files(entry: &EnvFiles, doors: &Doors, masker: &Masker) {
    if entry.prefix.is_empty() {
        return;
    }
    let prefix = format!("{}_", entry.prefix.to_ascii_uppercase());
    for (name, value) in &doors.environment.variables {
        let is_one = name.to_str().is_some_and(|name| name.starts_with(&prefix));
        if let Some(text) = value.to_str().filter(|_| is_one)
            && let Ok(bytes) = STANDARD.decode(text.trim())
        {
            learn_env_file(entry, &bytes, masker);
        }
    }
}

fn learn_env_file(entry: &EnvFiles, bytes: &[u8], masker: &Masker) {
    masker.add_file(bytes);
    for (key, value) in dotenv_values(bytes) {
        if env_value_is_secret(&key, &value, &entry.mask, &entry.public) {
            masker.add(&value);
        }
    }
}

/// The values of a root's sensitive variables, in the files that Shipway names and in those that terraform reads by itself.
fn learn_var_files(folder: &Path, workspace: &Workspace, doors: &Doors, masker: &Masker) {
    let text = |path: &Path| {
        let bytes = doors.files.read(path).ok()?;
        String::from_utf8(bytes).ok()
    };
    let names = doors.files.list(folder).unwrap_or_default();
    let is_read_anyway = |name: &&String| var_file::is_read_anyway(name);
    let own = workspace.var_files.iter().map(|file| file.value.clone());
    let files: Vec<(String, String)> = own
        .chain(names.iter().filter(is_read_anyway).map(Into::into))
        .filter_map(|path| Some((path.to_string_lossy().into_owned(), text(&folder.join(&path))?)))
        .collect();
    if files.is_empty() {
        return;
    }
    let is_root = |name: &&String| dialect::is_configuration(name, workspace.engine.program());
    let root: Vec<(String, String)> = names
        .iter()
        .filter(is_root)
        .filter_map(|name| Some((name.clone(), text(&folder.join(name))?)))
        .collect();
    for value in var_file::sensitive_values(&root, &files) {
        masker.add(value.as_bytes());
    }
}
