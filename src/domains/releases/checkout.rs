//! A commit's files as a fresh folder, with the environment's own files among them.
//!
//! Through a private index and not by `git worktree` (which registers itself) or `git archive` (which leaves out what `export-ignore` names): all
//! of the tree and nothing else (`deployers.md` 3.2, `seeds.md` F15).

use std::path::{Path, PathBuf};

use super::git::demand;
use crate::adapters::git::command;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::os::command::CommandSpec;
use crate::os::files::FileKind;
use crate::plan::{Effect, WhenOrphaned};
use crate::run::node::Node;
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;

/// What a fault is about.
const WHAT: &str = "the commit could not be checked out";

/// A folder that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutRequest {
    /// The repository.
    pub repository: PathBuf,
    /// The commit, 40 digits.
    pub commit: String,
    /// The new folder; what stands beside it with the ending `index` is overwritten.
    pub folder: PathBuf,
    /// Files that are copied over those of the commit, each with its mode 0600.
    pub shared: PathBuf,
}

struct CheckoutAction(CheckoutRequest);

/// The node that makes it.
pub fn checkout_nodes(request: &CheckoutRequest) -> Vec<Node> {
    vec![Node {
        name: "release:checkout".to_owned(),
        title: format!("check out {}", request.commit.get(..12).unwrap_or(&request.commit)),
        needs: Vec::new(),
        after: Vec::new(),
        effect: Effect::Changes,
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(CheckoutAction(request.clone())),
    }]
}

impl CheckoutAction {
    fn specs(&self) -> [CommandSpec; 3] {
        let CheckoutRequest { repository, commit, folder, .. } = &self.0;
        let index = folder.with_extension("index");
        [
            command::links_of(repository, commit),
            command::read_tree(repository, &index, commit),
            command::check_out(repository, &index, folder),
        ]
    }

    fn check_out(&self, context: &mut StepContext<'_>) -> Result<(), Fault> {
        let CheckoutRequest { folder, .. } = &self.0;
        let files = &context.doors().files;
        files.create_private_dir(folder).map_err(|error| unwritable(folder, &error))?;
        let [links, read, write] = self.specs();
        let listed = demand(context, links, WHAT)?;
        let links: Vec<&str> = listed.lines().filter(|line| line.starts_with("160000 ")).collect();
        if !links.is_empty() {
            let text = format!(
                "{} left out: a release has the commit's own files",
                count(links.len(), "submodule is")
            );
            context.log().notice(Level::Warning, &text);
        }
        demand(context, read, WHAT)?;
        demand(context, write, WHAT)?;
        context.doors().files.remove(&folder.with_extension("index")).ok();
        let shared = self.0.shared.clone();
        if context.doors().files.kind(&shared) == FileKind::Folder {
            let copied = copy(context, &shared, folder)?;
            if copied > 0 {
                let text = format!("{} of the environment added", count(copied, "file"));
                context.log().notice(Level::Note, &text);
            }
        }
        Ok(())
    }
}

impl Action for CheckoutAction {
    fn describe(&self) -> Vec<String> {
        self.specs().iter().map(CommandSpec::to_string).collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.check_out(context).map(|()| Outcome::done()).into()
    }
}

/// Copies files.
fn copy(context: &StepContext<'_>, from: &Path, to: &Path) -> Result<usize, Fault> {
    let files = &context.doors().files;
    let mut copied = 0;
    for name in files.list(from).map_err(|error| unwritable(from, &error))? {
        let (from, to) = (from.join(&name), to.join(&name));
        if files.kind(&from) == FileKind::Folder {
            files.create_private_dir(&to).map_err(|error| unwritable(&to, &error))?;
            copied += copy(context, &from, &to)?;
            continue;
        }
        let bytes = files.read(&from).map_err(|error| unwritable(&from, &error))?;
        files.write(&to, &bytes, 0o600).map_err(|error| unwritable(&to, &error))?;
        copied += 1;
    }
    Ok(copied)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::World, format!("{}: {error}", path.display()))
}
