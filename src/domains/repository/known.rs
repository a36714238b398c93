//! The secrets that are known here, each with a name that may be said; and the files that hold them.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::check::Found;
use super::{Job, Verb};
use crate::diagnostic::Fault;
use crate::event::Level;
use crate::masking::{EnvValue, dotenv_values, env_value, env_value_is_secret};
use crate::model::{Binding, EnvFiles, Model, Reference};
use crate::os::files::FileKind;
use crate::run::StepContext;
use crate::run::bindings::{EnvFilesFault, Scope, env_files};

/// What is shorter stands in many files by chance.
const SHORTEST: usize = 8;

/// What is looked for, and what must not be among the files.
#[derive(Default)]
pub(super) struct Known {
    /// Names and values.
    pub(super) secrets: Vec<(String, Vec<u8>)>,
    /// Env files, from the root: those that are here, and of a missing folder one that could be in it.
    pub(super) env_files: Vec<EnvFile>,
}

/// An env file that belongs into no commit.
pub(super) struct EnvFile {
    /// Its entry in `[env_files]`.
    pub(super) entry: String,
    pub(super) path: PathBuf,
    pub(super) is_here: bool,
}

impl Known {
    fn add(&mut self, name: String, value: &[u8]) {
        let is_new = |secrets: &[(String, Vec<u8>)]| !secrets.iter().any(|(_, known)| known == value);
        if value.trim_ascii().len() >= SHORTEST && is_new(&self.secrets) {
            self.secrets.push((name, value.to_vec()));
        }
    }

    /// What a file of terraform's variables holds under a telling name. Without a list of its own, only names can tell.
    pub(super) fn add_terraform_file(&mut self, context: &StepContext<'_>, path: &str, bytes: &[u8]) {
        let telling = |key: &str| env_value(key, b"x", &[], &[]) != EnvValue::Public;
        let values = match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes) {
            Ok(map) => {
                let text = |(key, value): (String, serde_json::Value)| {
                    Some((key, value.as_str()?.as_bytes().to_vec()))
                };
                map.into_iter().filter_map(text).collect()
            }
            Err(_) => dotenv_values(bytes),
        };
        for (key, value) in values {
            // A list or a map begins here, or a key that everybody may know.
            let is_open = [b"[".as_slice(), b"{", b"ssh-", b"ecdsa-"].iter().any(|it| value.starts_with(it));
            if telling(&key) && !is_open && env_value_is_secret(&key, &value, &[], &[]) {
                context.masker().add(&value);
                self.add(format!("`{key}` of {path}"), &value);
            }
        }
    }
}

/// Whether a path is that of a file of terraform's variables.
pub(super) fn is_terraform_file(path: &str) -> bool {
    path.ends_with(".tfvars") || path.ends_with(".tfvars.json")
}

/// Reads what is here. What is not here can't be looked for, and that is said.
pub(super) fn gather(context: &mut StepContext<'_>, job: &Job) -> Result<Known, Fault> {
    let mut known = Known::default();
    for entry in job.model.env_files.values() {
        gather_env_files(context, &job.model, entry, &mut known)?;
    }
    gather_variables(context, &job.model, &mut known)?;
    if let Some(found) = context.value::<Found>(Verb::Check.step()) {
        let token = &found.access.token;
        known.add(format!("the token of {}", token.source), token.secret.expose().as_bytes());
    }
    for workspace in job.model.workspaces.values() {
        for file in &workspace.var_files {
            let path = workspace.dir.join(&file.value);
            if let Ok(bytes) = context.doors().files.read(&context.root().join(&path)) {
                known.add_terraform_file(context, &path.display().to_string(), &bytes);
            }
        }
    }
    Ok(known)
}

fn gather_env_files(
    context: &StepContext<'_>,
    model: &Model,
    entry: &EnvFiles,
    known: &mut Known,
) -> Result<(), Fault> {
    let mut add = |path: PathBuf, is_here| {
        known.env_files.push(EnvFile { entry: entry.name.clone(), path, is_here });
    };
    match env_files(context.doors(), &model.root, entry) {
        Err(EnvFilesFault::Missing(_)) => {
            // Where it is a folder, its files will be: this asks about one of any name.
            let unnamed = [".env".to_owned()];
            let names = if entry.files.is_empty() { unnamed.as_slice() } else { entry.files.as_slice() };
            for path in names.iter().map(|name| entry.path.join(name)) {
                let is_here = context.doors().files.kind(&model.root.join(&path)) == FileKind::File;
                add(path, is_here);
            }
        }
        Ok(files) => files.into_iter().for_each(|file| add(file.path, true)),
        // Says what is wrong with the entry.
        Err(_) => drop(context.bindings().read_env_files(context, entry)?),
    }
    let here: Vec<PathBuf> = known
        .env_files
        .iter()
        .filter(|file| file.entry == entry.name && file.is_here)
        .map(|file| file.path.clone())
        .collect();
    for path in here {
        let bytes = read(context, &model.root, &path)?;
        let shown = path.display();
        let whole = STANDARD.encode(&bytes);
        for (key, value) in dotenv_values(&bytes) {
            if env_value_is_secret(&key, &value, &entry.mask, &entry.public) {
                context.masker().add(&value);
                known.add(format!("`{key}` of {shown}"), &value);
            }
        }
        context.masker().add(whole.as_bytes());
        known.add(format!("the whole of {shown}, as base64"), whole.as_bytes());
    }
    Ok(())
}

fn read(context: &StepContext<'_>, root: &Path, path: &Path) -> Result<Vec<u8>, Fault> {
    context.doors().files.read(&root.join(path)).map_err(|error| {
        let message = format!("the env file {} could not be read: {error}", path.display());
        Fault::new(crate::diagnostic::FaultKind::File, message)
    })
}

/// Secrets whose value lies ready: in a file or in a variable of the environment. Nobody is asked and nothing is run for one.
fn gather_variables(context: &mut StepContext<'_>, model: &Model, known: &mut Known) -> Result<(), Fault> {
    let mut unknown = Vec::new();
    for variable in model.variables.values().filter(|variable| variable.secret) {
        let reference = Reference::Variable(variable.name.clone());
        let is_here = match &variable.binding {
            Binding::Environment { name, .. } => {
                context.doors().environment.get(name).is_some_and(|value| !value.is_empty())
            }
            Binding::File(source) => {
                context.doors().files.kind(&model.root.join(&source.path)) == FileKind::File
            }
            _ => continue,
        };
        if !is_here {
            unknown.push(reference.to_string());
            continue;
        }
        let value = context.bindings().value(context, &Scope::default(), &reference)?;
        known.add(format!("`{reference}`"), value.text().as_bytes());
        if let Binding::File(source) = &variable.binding {
            let bytes = context.doors().files.read(&model.root.join(&source.path)).unwrap_or_default();
            known.add(format!("`{reference}`"), &bytes);
        }
    }
    if !unknown.is_empty() {
        let text = format!("not known here, and so not looked for: {}", unknown.join(", "));
        context.log().notice(Level::Note, &text);
    }
    Ok(())
}
