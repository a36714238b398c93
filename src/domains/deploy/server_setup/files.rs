//! Env files, as they are, into `shared/` of an environment's folder; only where they differ from those there.

use std::path::PathBuf;
use std::sync::Arc;

use super::looked;
use super::program::Looked;
use crate::adapters::git::command;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::deploy::git::demand;
use crate::domains::deploy::remote::Remote;
use crate::domains::deploy::server::read_remote;
use crate::domains::deploy::target::Target;
use crate::event::Level;
use crate::model::EnvFiles;
use crate::os::command::{CommandSpec, Input, Raw};
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;

/// The digests of files in `$1`, or nothing where one is missing.
const DIGESTS: &str = r#"cd -- "$1" 2>/dev/null || exit 0
shift
git hash-object --no-filters -- "$@" 2>/dev/null
:"#;

/// The digest of each file in `$1`, or `-` where it is missing.
const EACH_DIGEST: &str = r#"cd -- "$1" 2>/dev/null || cd /
shift
for file do git hash-object --no-filters -- "$file" 2>/dev/null || echo -; done"#;

/// Which env files a server has as they are here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFilesSeen {
    /// The environment.
    pub environment: String,
    /// By path from the root: the same bytes, others (`false`), or none.
    pub files: std::collections::BTreeMap<PathBuf, Option<bool>>,
}

/// Compares, and changes nothing.
pub(in crate::domains::deploy) struct EnvFilesLook {
    pub(in crate::domains::deploy) target: Target,
}

impl Action for EnvFilesLook {
    fn describe(&self) -> Vec<String> {
        vec![format!("compare the env files of {} with those of its server", self.target.environment)]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.look(context).map(Outcome::done_with).into()
    }
}

impl EnvFilesLook {
    fn look(&self, context: &mut StepContext<'_>) -> Result<EnvFilesSeen, Fault> {
        let remote = Remote::find(context, &self.target, None)?;
        let files = gather(context, &self.target)?;
        let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
        let own = own_digests(context, &names)?;
        let theirs = if remote.is_unprepared_folder(context) {
            String::new()
        } else {
            let shared = remote.address.path(&format!("{}/shared", self.target.environment));
            let words: Vec<String> = std::iter::once(shared).chain(names).collect();
            let shown = format!("compare the env files with those in {}", words[0]);
            let spec = CommandSpec { shown: Some(shown), ..remote.shell(EACH_DIGEST, &words) };
            read_remote(context, &remote, &spec)?
        };
        let mut theirs = theirs.lines();
        let states = files.into_iter().zip(own.lines()).map(|((path, _), own)| {
            let there = theirs.next().filter(|digest| *digest != "-");
            (path, there.map(|digest| digest == own))
        });
        Ok(EnvFilesSeen { environment: self.target.environment.clone(), files: states.collect() })
    }
}

/// What git calls the files' contents.
fn own_digests(context: &mut StepContext<'_>, names: &[String]) -> Result<String, Fault> {
    let root = context.root().to_owned();
    let absolute = names.iter().map(|name| root.join(name).display().to_string());
    let spec = CommandSpec { dir: "/".into(), ..command::digests(&root) }.args(absolute);
    demand(context, spec, "the env files could not be read")
}

/// The files with their bytes, sorted; what is secret in them is masked from here on.
fn gather(context: &StepContext<'_>, target: &Target) -> Result<Vec<(PathBuf, Vec<u8>)>, Fault> {
    let mut files = Vec::new();
    for entry in entries(target) {
        let found = context.bindings().read_env_files(context, entry)?;
        files.extend(found.into_iter().map(|(file, bytes)| (file.path, bytes)));
    }
    files.sort();
    files.dedup_by(|one, other| one.0 == other.0);
    Ok(files)
}

/// Copies the env files of an environment.
pub(super) struct FilesAction {
    pub(super) target: Target,
}

/// Whether the environment has any.
pub(super) fn has_env_files(target: &Target) -> bool {
    !entries(target).is_empty()
}

fn entries(target: &Target) -> Vec<&EnvFiles> {
    let environment = target.model.environments.get(&target.environment);
    let names = environment.map(|environment| environment.env_files.as_slice()).unwrap_or_default();
    names.iter().filter_map(|name| target.model.env_files.get(&name.value)).collect()
}

impl Action for FilesAction {
    fn describe(&self) -> Vec<String> {
        let remote = Remote::preview(&self.target);
        let to = remote.address.path(&format!("{}/shared", self.target.environment));
        entries(&self.target).iter().map(|entry| format!("copy {} to {to}", entry.path.display())).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        looked(context).and_then(|looked| self.copy(context, &looked)).into()
    }
}

impl FilesAction {
    pub(super) fn copy(&self, context: &mut StepContext<'_>, looked: &Looked) -> Result<Outcome, Fault> {
        let remote = &looked.remote;
        let files = gather(context, &self.target)?;
        if files.is_empty() {
            return Ok(Outcome::Skipped("there are no env files".to_owned()));
        }
        let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
        let own = own_digests(context, &names)?;
        let shared = remote.address.path(&format!("{}/shared", self.target.environment));
        let words: Vec<String> = std::iter::once(shared).chain(names).collect();
        let shown = format!("compare the env files with those in {}", words[0]);
        let spec = CommandSpec { shown: Some(shown), ..remote.shell(DIGESTS, &words) };
        let theirs = read_remote(context, remote, &spec)?;
        let number = count(files.len(), "env file");
        if own == theirs {
            return Ok(Outcome::UpToDate(format!("{number} as they are here")));
        }
        let archive = archive(&files).map_err(|error| {
            Fault::new(FaultKind::World, format!("the env files could not be packed: {error}"))
        })?;
        let stdin = Input::Raw(Raw(Arc::from(archive)));
        let spec = CommandSpec { stdin, ..remote.call(&["files".to_owned()]) };
        read_remote(context, remote, &spec)?;
        context.log().notice(Level::Note, &number);
        Ok(Outcome::done())
    }
}

/// A tar archive of the files, which only their owner may read; the same files give the same bytes.
fn archive(files: &[(PathBuf, Vec<u8>)]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o600);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, path, bytes.as_slice())?;
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn an_archive_holds_the_exact_bytes_and_is_private() {
        let long = PathBuf::from(format!(".envs/{}/.django", "x".repeat(120)));
        let files = vec![(PathBuf::from(".envs/.prod/.django"), b"A=\xff\0\n".to_vec()), (long, Vec::new())];
        let bytes = archive(&files).unwrap();
        let mut read = tar::Archive::new(bytes.as_slice());
        let back: Vec<(PathBuf, Vec<u8>)> = read
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                assert_eq!(entry.header().mode().unwrap(), 0o600);
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                (entry.path().unwrap().into_owned(), bytes)
            })
            .collect();
        assert_eq!(back, files);
        assert!(archive(&[("../x".into(), Vec::new())]).is_err());
    }
}
