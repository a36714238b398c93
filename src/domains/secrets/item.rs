//! Every secret of the project with its source, put together from the file and from what the steps before found. Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::Fault;
use crate::ledger::secret_key;
use crate::masking::Secret;
use crate::model::Model;

/// One secret for one environment, or for all jobs of the repository.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name with the forge.
    pub name: String,
    /// Whose jobs get it; `None`: all.
    pub environment: Option<String>,
    /// Where its value comes from.
    pub source: Source,
    /// The value, or why there is none.
    pub value: Result<Secret, Fault>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The base64 of an env file's bytes: the file, from the root.
    File(PathBuf),
    /// A value of `[secrets]`: its name there.
    Value(String),
}

impl Item {
    /// As the ledger calls it.
    pub fn key(&self) -> String {
        secret_key(self.environment.as_deref(), &self.name)
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Value(name) => write!(formatter, "[secrets.{name}]"),
        }
    }
}

/// The files of one `[env_files]` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFiles {
    /// The entry.
    pub entry: String,
    /// Its files.
    pub files: Vec<FoundFile>,
}

/// One env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// The secret's name.
    pub secret: String,
    /// The file, from the root.
    pub path: PathBuf,
    /// Its bytes as base64.
    pub encoded: Secret,
}

/// One value of `[secrets]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundValue {
    /// The variable that holds it.
    pub variable: String,
    /// The value.
    pub value: Secret,
}

/// What the steps found, or why they did not.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// By entry.
    pub files: BTreeMap<String, Result<Arc<FoundFiles>, Fault>>,
    /// By variable.
    pub values: BTreeMap<String, Result<Arc<FoundValue>, Fault>>,
}

/// Which secrets are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only those of this environment.
    pub environment: Option<String>,
    /// Only those of these names; all where none is named.
    pub names: Vec<String>,
}

impl Selection {
    fn has(&self, name: &str, environment: Option<&str>) -> bool {
        (self.environment.is_none() || self.environment.as_deref() == environment)
            && (self.names.is_empty() || self.names.iter().any(|wanted| wanted == name))
    }

    /// The `[env_files]` entries that its environments have, in the order of the file.
    pub fn entries(&self, model: &Model) -> Vec<String> {
        let is_used = |entry: &&String| {
            model.environments.values().any(|environment| {
                self.environment.as_ref().is_none_or(|wanted| *wanted == environment.name)
                    && environment.env_files.iter().any(|name| name.value == **entry)
            })
        };
        model.env_files.keys().filter(is_used).cloned().collect()
    }

    /// The variables that hold its values of `[secrets]`.
    pub fn variables(&self, model: &Model) -> Vec<String> {
        let mut variables: Vec<String> = Vec::new();
        for secret in model.secrets.values() {
            for value in &secret.values {
                let environment = value.environment.as_ref().map(|environment| environment.value.as_str());
                if self.has(&secret.name, environment) && !variables.contains(&value.variable) {
                    variables.push(value.variable.clone());
                }
            }
        }
        variables
    }
}

/// All secrets that are meant: those of the repository, then environment by environment. A file that could not be listed has no items; its
/// fault is given apart.
pub fn items(model: &Model, found: &Found, selection: &Selection) -> (Vec<Item>, Vec<Fault>) {
    let (mut items, mut faults) = (Vec::new(), Vec::new());
    let scopes = std::iter::once(None).chain(model.environments.keys().map(Some));
    for scope in scopes {
        let scope = scope.map(String::as_str);
        for secret in model.secrets.values() {
            for value in &secret.values {
                let environment = value.environment.as_ref().map(|environment| environment.value.as_str());
                if environment != scope || !selection.has(&secret.name, scope) {
                    continue;
                }
                let Some(found) = found.values.get(&value.variable) else { continue };
                items.push(Item {
                    name: secret.name.clone(),
                    environment: scope.map(str::to_owned),
                    source: Source::Value(secret.name.clone()),
                    value: found.clone().map(|found| found.value.clone()),
                });
            }
        }
        let Some(environment) = scope.and_then(|scope| model.environments.get(scope)) else { continue };
        for entry in &environment.env_files {
            match found.files.get(&entry.value) {
                Some(Ok(files)) => {
                    let meant = files.files.iter().filter(|file| selection.has(&file.secret, scope));
                    items.extend(meant.map(|file| Item {
                        name: file.secret.clone(),
                        environment: scope.map(str::to_owned),
                        source: Source::File(file.path.clone()),
                        value: Ok(file.encoded.clone()),
                    }));
                }
                Some(Err(fault)) if !faults.contains(fault) => faults.push(fault.clone()),
                Some(Err(_)) | None => {}
            }
        }
    }
    (items, faults)
}
