//! A copy of the state before each apply and destroy: the way back when everything else is lost.
//!
//! `.shipway/snapshots/WORKSPACE/SERIAL-TIME.tfstate`, private, since a state holds secrets in clear; the last ten of each workspace are kept.
//! Without a copy nothing is changed. Where there is no state yet, there is nothing to copy.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::site::Site;
use crate::adapters::terraform::state::{self, StateReading};
use crate::adapters::terraform::text_box;
use crate::diagnostic::{Fault, FaultKind};
use crate::os::files::FileKind;
use crate::run::StepContext;

/// So many are kept of each workspace.
const KEPT: usize = 10;

impl Site {
    /// Copies the state, and tells what is in it.
    pub(super) fn snapshot(&self, context: &mut StepContext<'_>) -> Result<Option<StateReading>, Fault> {
        let text = match self.local_state(context)? {
            Some(path) if context.doors().files.kind(&path) == FileKind::Missing => return Ok(None),
            Some(path) => {
                let bytes = context.doors().files.read(&path).map_err(|error| self.not_copied(&error))?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            None => {
                let (termination, answer) = self.ask(context, |root| root.state_pull())?;
                if !termination.is_success() {
                    let diagnostics = text_box::parse(&answer.err);
                    return Err(self.failure(context, "copying the state", &diagnostics, &answer.err));
                }
                answer.out
            }
        };
        let reading = state::parse(&text).map_err(|error| self.not_copied(&error))?;
        // A backend that is no file prints an empty state where there is none: one without a lineage.
        let Some(reading) = reading.filter(|state| !state.lineage.is_empty()) else { return Ok(None) };
        let name = format!("{:08}", reading.serial);
        self.keep_snapshot(context, &name, text.as_bytes()).map_err(|error| self.not_copied(&error))?;
        Ok(Some(reading))
    }

    /// Keeps a state under the name that begins with `name`, and removes the oldest beyond those that are kept.
    pub(super) fn keep_snapshot(
        &self,
        context: &StepContext<'_>,
        name: &str,
        bytes: &[u8],
    ) -> std::io::Result<PathBuf> {
        let files = &context.doors().files;
        let folder = context.root().join(".shipway/snapshots").join(&self.name);
        files.create_private_dir(&folder)?;
        let time = context.doors().clock.now().strftime("%Y%m%dT%H%M%S%3fZ").to_string();
        let path = folder.join(format!("{name}-{time}.tfstate"));
        files.write(&path, bytes, 0o600)?;
        for old in surplus(files.list(&folder)?) {
            files.remove(&folder.join(old))?;
        }
        Ok(path)
    }

    fn not_copied(&self, error: &dyn std::fmt::Display) -> Fault {
        let message = format!("the state of `{}` could not be copied: {error}", self.name);
        Fault::new(FaultKind::World, message).hint(
            "nothing is changed without a copy in .shipway/snapshots; make that possible and run this again",
        )
    }

    /// The file that the state is in, where the backend is a local one.
    fn local_state(&self, context: &StepContext<'_>) -> Result<Option<PathBuf>, Fault> {
        let record = self.data_folder(&context.doors().environment)?.join("terraform.tfstate");
        let record = context.doors().files.read(&record).unwrap_or_default();
        local_path(&record).map(|path| Ok(self.folder()?.join(path))).transpose()
    }
}

/// The path of the state, from the root's folder, by what init wrote of the backend; `None` where the backend is not a local one.
fn local_path(record: &[u8]) -> Option<PathBuf> {
    let record: Json = serde_json::from_slice(record).unwrap_or_default();
    match record.get("backend") {
        None | Some(Json::Null) => Some(PathBuf::from("terraform.tfstate")),
        Some(backend) if backend.get("type").and_then(Json::as_str) == Some("local") => {
            let path = backend.get("config").and_then(|config| config.get("path")).and_then(Json::as_str);
            Some(Path::new(path.unwrap_or("terraform.tfstate")).to_owned())
        }
        Some(_) => None,
    }
}

/// The names of those that go. The time stands after the last `-`.
fn surplus(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| name.ends_with(".tfstate"));
    names.sort_by(|one, other| one.rsplit('-').next().cmp(&other.rsplit('-').next()));
    let kept = names.len().min(KEPT);
    names.truncate(names.len() - kept);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_whatever_their_serial() {
        let name = |number: usize| format!("{:08}-20261122T1000{number:02}000Z.tfstate", 50 - number);
        let mut names: Vec<String> = (0..12).map(name).collect();
        names.push("notes".to_owned());
        assert_eq!(surplus(names), [name(0), name(1)]);
        assert_eq!(surplus(vec![name(3)]), Vec::<String>::new());
    }

    #[test]
    fn only_a_local_backend_has_a_file() {
        let path = |text: &str| local_path(text.as_bytes());
        assert_eq!(path(""), Some("terraform.tfstate".into()));
        assert_eq!(
            path(r#"{"backend":{"type":"local","config":{"path":"../x.tfstate"}}}"#),
            Some("../x.tfstate".into())
        );
        assert_eq!(
            path(r#"{"backend":{"type":"local","config":{"path":null}}}"#),
            Some("terraform.tfstate".into())
        );
        assert_eq!(path(r#"{"backend":{"type":"pg","config":{}}}"#), None);
    }
}
