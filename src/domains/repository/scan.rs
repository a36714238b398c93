//! Looks for secrets in all that would be pushed: what a first commit of everything would hold, and what the commits of `main` hold.
//!
//! git itself says what that is, into an index and a store of objects that stand apart, so that nothing of the repository changes; before
//! there is one, an empty one stands for it. What is read are the bytes of those very objects and not the files, so what was read is what
//! has the tree's digest, and what is committed has the same one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::findings::{self, Finding};
use super::git::{ask, commit_of, is_repository, look};
use super::known::{self, Known, is_terraform_file};
use super::{Job, MAIN};
use crate::adapters::git::command;
use crate::adapters::git::snapshot::{self, Snapshot, SnapshotFile};
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Finder;
use crate::os::files::FileKind;
use crate::plan::Digest;
use crate::run::{Outcome, StepContext};

/// The folder of snapshot and copies, among the run's private files.
const FOLDER: &str = "repository-scan";

/// What was read, and found without secrets.
pub(super) struct Scanned {
    /// The tree of a commit of everything.
    pub(super) tree: String,
    /// So many files are in it.
    pub(super) files: usize,
    /// The last commit of `main`, where there is one.
    pub(super) commit: Option<String>,
}

/// A file's bytes, and where they come from.
struct Content {
    path: String,
    /// Not in the tree, but in a commit.
    is_past: bool,
}

impl Scanned {
    /// What an approval is bound to.
    pub(super) fn digest(&self, job: &Job) -> Digest {
        let pushed = self.commit.as_deref().unwrap_or(&self.tree);
        let mut hasher = blake3::Hasher::new();
        for part in [job.forge.repo.as_str(), job.request.visibility.word(), pushed] {
            hasher.update(part.as_bytes()).update(b"\0");
        }
        Digest(hasher.finalize().to_hex().to_string())
    }
}

/// The step.
pub(super) fn step(context: &mut StepContext<'_>, job: &Job) -> Result<Outcome, Fault> {
    let scanned = scan(context, job)?;
    if scanned.files == 0 && scanned.commit.is_none() {
        return Err(Fault::new(FaultKind::Refused, "there is no file that could be committed")
            .hint("git ignores all of them: look at .gitignore"));
    }
    Ok(Outcome::done_with(scanned))
}

/// Reads everything; refuses where a secret would be given away.
pub(super) fn scan(context: &mut StepContext<'_>, job: &Job) -> Result<Scanned, Fault> {
    let folder = context.private_path(FOLDER)?;
    let unwritten = |error: std::io::Error| {
        Fault::new(FaultKind::World, format!("{} could not be written: {error}", folder.display()))
    };
    let files = &context.doors().files;
    files.remove_dir(&folder).map_err(unwritten)?;
    for name in ["objects", "empty", "out"] {
        files.create_private_dir(&folder.join(name)).map_err(unwritten)?;
    }
    let result = scan_in(context, job, &folder);
    files.remove_dir(&folder).map_err(unwritten)?;
    result
}

fn scan_in(context: &mut StepContext<'_>, job: &Job, folder: &Path) -> Result<Scanned, Fault> {
    let is_repository = is_repository(context)?;
    let snapshot = begin(context, folder, is_repository)?;
    let what = "the files that would be committed could not be listed";
    context.demand_command(&snapshot.add_all(), true, what)?;
    let tree = look(context, &snapshot.tree())?.trim().to_owned();
    let listed = snapshot::files(&look(context, &snapshot.list())?);
    let commit = if is_repository { commit_of(context, MAIN)? } else { None };

    let mut known = known::gather(context, job)?;
    let mut findings = env_files(context, &snapshot, &known, is_repository)?;

    let mut contents: BTreeMap<String, Content> = BTreeMap::new();
    let past = if commit.is_some() { history(context, &snapshot)? } else { Vec::new() };
    let all = listed.iter().map(|file| (file, false)).chain(past.iter().map(|file| (file, true)));
    for (SnapshotFile { path, blob }, is_past) in all {
        if let Some(blob) = blob {
            contents.entry(blob.clone()).or_insert_with(|| Content { path: path.clone(), is_past });
        }
    }
    let copies = copy_out(context, &snapshot, folder, &contents)?;
    let read = |context: &StepContext<'_>, copy: &Path, content: &Content| {
        context.doors().files.read(copy).map_err(|error| {
            let message = format!("{} could not be read: {error}", content.path);
            Fault::new(FaultKind::World, message)
        })
    };
    for (copy, content) in copies.iter().zip(contents.values()) {
        if is_terraform_file(&content.path) {
            let bytes = read(context, copy, content)?;
            known.add_terraform_file(context, &content.path, &bytes);
        }
    }
    let finder = Finder::new(&known.secrets);
    for (copy, content) in copies.iter().zip(contents.values()) {
        let bytes = read(context, copy, content)?;
        findings.extend(findings::search(&finder, &content.path, content.is_past, &bytes));
    }
    match findings::refusal(&findings) {
        Some(fault) => Err(fault),
        None => Ok(Scanned { tree, files: listed.len(), commit }),
    }
}

/// A snapshot that has taken nothing but what the repository's index has.
fn begin(context: &mut StepContext<'_>, folder: &Path, is_repository: bool) -> Result<Snapshot, Fault> {
    let root = context.root();
    let (index, objects) = (folder.join("index"), folder.join("objects"));
    if !is_repository {
        let git_dir = folder.join("empty");
        look(context, &command::init_bare(&git_dir))?;
        let known_objects = git_dir.join("objects");
        return Ok(Snapshot { work_tree: root.to_owned(), git_dir, index, objects, known_objects });
    }
    let line = |text: String| PathBuf::from(text.trim_end_matches('\n'));
    let git_dir = line(look(context, &snapshot::git_dir(root))?);
    let known_objects = root.join(line(look(context, &snapshot::place_of(root, "objects"))?));
    let own_index = root.join(line(look(context, &snapshot::place_of(root, "index"))?));
    let files = &context.doors().files;
    if files.kind(&own_index) == FileKind::File {
        let copied = files.read(&own_index).and_then(|bytes| files.write(&index, &bytes, 0o600));
        copied.map_err(|error| {
            Fault::new(FaultKind::World, format!("git's index could not be copied: {error}"))
        })?;
    }
    Ok(Snapshot { work_tree: root.to_owned(), git_dir, index, objects, known_objects })
}

/// Env files that git does not ignore, or that it has.
fn env_files(
    context: &mut StepContext<'_>,
    snapshot: &Snapshot,
    known: &Known,
    is_repository: bool,
) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    if known.env_files.is_empty() {
        return Ok(findings);
    }
    let paths: Vec<String> = known.env_files.iter().map(|file| file.path.display().to_string()).collect();
    let answer = ask(context, &snapshot.ignored(&paths))?;
    // 1: none is ignored.
    if !matches!(answer.termination, crate::event::Termination::Exited { status: 0 | 1 }) {
        let mut fault = Fault::new(FaultKind::Failed, "git can't say whether it ignores the env files");
        fault.details = answer.err;
        return Err(fault);
    }
    let ignored: Vec<&str> = answer.out.trim_end_matches('\n').split('\0').collect();
    for (file, path) in known.env_files.iter().zip(&paths) {
        if !ignored.contains(&path.as_str()) {
            let (path, entry) = (path.clone(), file.entry.clone());
            findings.push(Finding::Open { path, entry, is_here: file.is_here });
        }
    }
    if is_repository {
        let pattern = |file: &known::EnvFile| {
            let path = if file.is_here { Some(file.path.as_path()) } else { file.path.parent() };
            // No path at all would be every path.
            path.filter(|path| !path.as_os_str().is_empty())
                .map(|path| format!(":(top,literal){}", path.display()))
        };
        let patterns: Vec<String> = known.env_files.iter().filter_map(pattern).collect();
        let output = look(context, &snapshot.ever_committed(&patterns))?;
        let mut committed: Vec<&str> =
            output.trim_end_matches('\n').split('\0').filter(|path| !path.is_empty()).collect();
        committed.sort_unstable();
        committed.dedup();
        findings.extend(committed.into_iter().map(|path| Finding::Committed { path: path.to_owned() }));
    }
    Ok(findings)
}

/// Every file that any commit of `main` has.
fn history(context: &mut StepContext<'_>, snapshot: &Snapshot) -> Result<Vec<SnapshotFile>, Fault> {
    let objects = look(context, &snapshot.history(MAIN))?;
    let kinds = look(context, &snapshot.kinds(&objects))?;
    Ok(snapshot::blobs(&kinds))
}

/// The bytes of these objects as files, in the same order.
fn copy_out(
    context: &mut StepContext<'_>,
    snapshot: &Snapshot,
    folder: &Path,
    contents: &BTreeMap<String, Content>,
) -> Result<Vec<PathBuf>, Fault> {
    let out = folder.join("out");
    let blobs: Vec<&str> = contents.keys().map(String::as_str).collect();
    let copies = Snapshot { work_tree: out.clone(), index: folder.join("out-index"), ..snapshot.clone() };
    look(context, &copies.take_blobs(&blobs))?;
    look(context, &copies.check_out())?;
    Ok((0..blobs.len()).map(|number| out.join(number.to_string())).collect())
}
