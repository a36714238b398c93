//! `environments.E.env_file_map`: the environment's env files as secret name → base64 of the exact bytes.
//!
//! Files are read here and nowhere before, so that people and CI jobs without them can do everything that does not need them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::Bindings;
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::{dotenv_values, env_value_is_secret};
use crate::model::{EnvFiles, Value};
use crate::os::Doors;
use crate::os::files::FileKind;
use crate::run::context::StepContext;
use crate::text::list;

/// One env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    /// The secret's name: `PROD_DJANGO`.
    pub secret: String,
    /// The file, from the root.
    pub path: std::path::PathBuf,
}

/// What keeps a folder's entry from being a secret: an editor's leftover, a folder, a name that no forge accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvFilesFault {
    /// The path itself is not there.
    #[error("{0} does not exist")]
    Missing(String),
    /// It can't be read.
    #[error("{path} could not be read: {reason}")]
    Unreadable {
        /// The path.
        path: String,
        /// Why.
        reason: String,
    },
    /// Entries that can't be secrets.
    #[error("{} can't be {} of a secret", list::and_ticked(.0), if .0.len() == 1 { "the name" } else { "names" })]
    Names(Vec<String>),
}

/// The files of one `[env_files]` entry with the names of their secrets, sorted by name.
pub fn env_files(
    doors: &Doors,
    root: &std::path::Path,
    entry: &EnvFiles,
) -> Result<Vec<EnvFile>, EnvFilesFault> {
    let place = root.join(&entry.path);
    let shown = entry.path.display().to_string();
    match doors.files.kind(&place) {
        FileKind::File => {
            let name =
                entry.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let secret = secret_name(&entry.prefix, &name).ok_or(EnvFilesFault::Names(vec![name]))?;
            Ok(vec![EnvFile { secret, path: entry.path.clone() }])
        }
        FileKind::Folder => {
            let names = doors
                .files
                .list(&place)
                .map_err(|error| EnvFilesFault::Unreadable { path: shown, reason: error.to_string() })?;
            let (mut files, mut wrong) = (Vec::new(), Vec::new());
            if let Some(missing) = entry.files.iter().find(|file| !names.contains(file)) {
                return Err(EnvFilesFault::Missing(entry.path.join(missing).display().to_string()));
            }
            let is_meant = |name: &String| match entry.files.as_slice() {
                [] => !entry.ignore.contains(name),
                files => files.contains(name),
            };
            for name in names.into_iter().filter(is_meant) {
                let is_file = doors.files.kind(&place.join(&name)) == FileKind::File;
                match secret_name(&entry.prefix, &name).filter(|_| is_file) {
                    Some(secret) => files.push(EnvFile { secret, path: entry.path.join(&name) }),
                    None => wrong.push(name),
                }
            }
            if wrong.is_empty() { Ok(files) } else { Err(EnvFilesFault::Names(wrong)) }
        }
        FileKind::Missing | FileKind::Other => Err(EnvFilesFault::Missing(shown)),
    }
}

/// `.django` under `PROD` → `PROD_DJANGO`; `None` where no forge would accept it: GitHub takes letters, digits and `_`, no leading digit
/// and no `GITHUB_` (`seeds.md` 1.2).
pub fn secret_name(prefix: &str, file: &str) -> Option<String> {
    let stem = file.strip_prefix('.').unwrap_or(file).to_ascii_uppercase();
    let name =
        if prefix.is_empty() { stem.clone() } else { format!("{}_{stem}", prefix.to_ascii_uppercase()) };
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let starts_well = !name.starts_with(|first: char| first.is_ascii_digit()) && !name.starts_with("GITHUB_");
    (!stem.is_empty() && name.bytes().all(allowed) && starts_well).then_some(name)
}

impl Bindings {
    /// The files of one `[env_files]` entry with their bytes, sorted; what is secret in them is masked from here on.
    pub fn read_env_files(
        &self,
        context: &StepContext<'_>,
        entry: &EnvFiles,
    ) -> Result<Vec<(EnvFile, Vec<u8>)>, Fault> {
        let doors = context.doors();
        let at = |fault| self.fault_at(entry.path_span, fault);
        let files = env_files(doors, &self.model.root, entry).map_err(|fault| at(explain(entry, &fault)))?;
        let mut read = Vec::new();
        for file in files {
            let bytes = doors.files.read(&self.model.root.join(&file.path)).map_err(|error| {
                let message = format!("the env file {} could not be read: {error}", file.path.display());
                at(Fault::new(FaultKind::File, message))
            })?;
            context.masker().add(STANDARD.encode(&bytes).as_bytes());
            context.masker().add_file(&bytes);
            for (key, value) in dotenv_values(&bytes) {
                if env_value_is_secret(&key, &value, &entry.mask, &entry.public) {
                    context.masker().add(&value);
                }
            }
            read.push((file, bytes));
        }
        Ok(read)
    }

    pub(super) fn env_file_map(&self, context: &StepContext<'_>, environment: &str) -> Result<Value, Fault> {
        let Some(environment) = self.model.environments.get(environment) else {
            return Err(Fault::new(FaultKind::Bug, format!("there is no environment `{environment}`")));
        };
        let mut map = serde_json::Map::new();
        for name in &environment.env_files {
            let Some(entry) = self.model.env_files.get(&name.value) else { continue };
            for (file, bytes) in self.read_env_files(context, entry)? {
                map.insert(file.secret, Json::String(STANDARD.encode(&bytes)));
            }
        }
        Ok(Value::secret(Json::Object(map)))
    }
}

fn explain(entry: &EnvFiles, fault: &EnvFilesFault) -> Fault {
    let message = format!("the env files `{}`: {fault}", entry.name);
    let hint = match fault {
        EnvFilesFault::Missing(path) => {
            format!("{path} is kept out of version control: make it, or get it from somebody who has it")
        }
        EnvFilesFault::Unreadable { .. } => "look at its owner and mode".to_owned(),
        EnvFilesFault::Names(_) => {
            format!("remove or rename it, or list it in `ignore` of [env_files.{}]", entry.name)
        }
    };
    Fault::new(FaultKind::File, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule_of_the_forges() {
        assert_eq!(secret_name("PROD", ".django").as_deref(), Some("PROD_DJANGO"));
        assert_eq!(secret_name("stage", "postgres_2").as_deref(), Some("STAGE_POSTGRES_2"));
        assert_eq!(secret_name("", ".django").as_deref(), Some("DJANGO"));
        for (prefix, file) in [
            ("PROD", ".django~"),
            ("PROD", ".django.swp"),
            ("PROD", "."),
            ("GITHUB", "x"),
            ("", "1x"),
            ("P", "ä"),
        ] {
            assert_eq!(secret_name(prefix, file), None, "{prefix} {file}");
        }
    }
}
