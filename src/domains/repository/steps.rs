//! The steps on this machine: repository, hooks, first commit.

use super::approve::{again, demand_approval, found};
use super::check::tree_of_main;
use super::git::{self, act, commit_of, is_repository, look, maybe};
use super::scan::scan;
use super::{HOOKS_FILE, Job, MAIN};
use crate::adapters::git::{command, repository, status};
use crate::diagnostic::Fault;
use crate::event::Level;
use crate::os::files::FileKind;
use crate::run::{Outcome, StepContext};
use crate::text::count::count;

/// What `pre-commit` writes into each hook that is its own.
const HOOK_MARK: &str = "pre-commit.com";

/// `git init`.
pub(super) fn init(context: &mut StepContext<'_>, job: &Job) -> Result<Outcome, Fault> {
    let (_, scanned) = found(context)?;
    let root = context.root();
    if !is_repository(context)? {
        if let Err(outcome) = demand_approval(context, job, &scanned) {
            return Ok(outcome);
        }
        act(context, &repository::init(root, MAIN), "the repository could not be made")?;
        return Ok(Outcome::done());
    }
    let main = format!("refs/heads/{MAIN}");
    let head = maybe(context, &repository::head_branch(root))?;
    if commit_of(context, MAIN)?.is_some() || head.as_deref() == Some(main.as_str()) {
        return Ok(Outcome::UpToDate("there is one".to_owned()));
    }
    if let Err(outcome) = demand_approval(context, job, &scanned) {
        return Ok(outcome);
    }
    act(context, &repository::start_on(root, MAIN), &format!("the branch {MAIN} could not be begun"))?;
    Ok(Outcome::done())
}

/// Whether the hook of `pre-commit` is in place; false where there is no repository yet.
pub(super) fn has_hooks(context: &mut StepContext<'_>) -> Result<bool, Fault> {
    let Some(folder) = maybe(context, &command::hooks_folder(context.root()))? else { return Ok(false) };
    let hook = context.root().join(folder).join("pre-commit");
    let bytes = context.doors().files.read(&hook).unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).contains(HOOK_MARK))
}

/// `pre-commit install`.
pub(super) fn hooks(context: &mut StepContext<'_>, job: &Job) -> Result<Outcome, Fault> {
    let (_, scanned) = found(context)?;
    let root = context.root();
    if context.doors().files.kind(&root.join(HOOKS_FILE)) != FileKind::File {
        return Ok(Outcome::Skipped(format!("there is no {HOOKS_FILE}")));
    }
    if has_hooks(context)? {
        return Ok(Outcome::UpToDate("they are installed".to_owned()));
    }
    let spec = git::install_hooks(root);
    if !context.has_tool(&spec.tool) {
        let text = format!(
            "the hooks of {HOOKS_FILE} are not installed: `{tool}` is not there; once it is, `{}` installs them",
            spec.bare_line(),
            tool = spec.tool
        );
        context.log().notice(Level::Warning, &text);
        return Ok(Outcome::Skipped(format!("`{}` is not installed", spec.tool)));
    }
    if let Err(outcome) = demand_approval(context, job, &scanned) {
        return Ok(outcome);
    }
    act(context, &spec, "the hooks could not be installed")?;
    Ok(Outcome::done())
}

/// The first commit, of exactly what was scanned and shown.
pub(super) fn commit(context: &mut StepContext<'_>, job: &Job) -> Result<Outcome, Fault> {
    let (_, scanned) = found(context)?;
    let root = context.root();
    if commit_of(context, MAIN)?.is_some() {
        let changed = status::parse(&look(context, &command::status(root))?);
        if !changed.is_empty() {
            let (number, stays) =
                (count(changed.len(), "file"), if changed.len() == 1 { "stays" } else { "stay" });
            let text = format!("there are commits already: {number} that changed since {stays} uncommitted");
            context.log().notice(Level::Warning, &text);
        }
        return Ok(Outcome::UpToDate("there are commits".to_owned()));
    }
    // Between the question and its answer there was time to change a file.
    let now = scan(context, job)?;
    if now.tree != scanned.tree {
        return Ok(again("the files that would be committed are not those that were shown"));
    }
    if let Err(outcome) = demand_approval(context, job, &scanned) {
        return Ok(outcome);
    }
    act(context, &command::add_all(root), "the files could not be added")?;
    if look(context, &repository::staged_tree(root))?.trim() != scanned.tree {
        return Ok(again("the files that would be committed are not those that were shown"));
    }
    act(context, &command::commit(root, &job.request.message), "the first commit was not made")
        .map_err(|fault| fault.hint("correct what is told above; the same command goes on from here"))?;
    if tree_of_main(context)? != scanned.tree {
        return Ok(again("a hook changed what was committed"));
    }
    Ok(Outcome::done())
}
