//! `repo create`: the project becomes a repository, here and at its forge.
//!
//! ```text
//! check → scan → approve → init → hooks → commit → create → remote → push → branches
//! ```
//!
//! `check` and `scan` refuse all that can be refused before anything changes. Each later step first finds out what is there already, so a
//! run that was killed anywhere is continued by the same command (`seeds.md` F56, F57, F58). What is pushed is what was scanned and shown:
//! the approval is bound to the tree of the first commit or, where there are commits, to the last one.

mod approve;
mod check;
mod findings;
mod forge;
mod git;
mod known;
mod origin;
mod scan;
mod steps;

use std::sync::Arc;

use crate::adapters::git::{command, repository};
use crate::diagnostic::{Fault, FaultKind};
use crate::model::{ForgeKind, ForgeSettings, Model};
use crate::os::command::CommandSpec;
use crate::plan::{Effect, WhenOrphaned};
use crate::run::node::{Need, Node};
use crate::run::{Action, Outcome, StepContext};
use crate::text::list;

/// The branch that is pushed first, and that others begin at.
const MAIN: &str = "main";

/// The remote that everybody fetches from.
const ORIGIN: &str = "origin";

/// The word that is typed where all the world may read.
pub const PUBLIC_WORD: &str = "public";

/// Where hooks are configured that the tool `pre-commit` installs.
const HOOKS_FILE: &str = ".pre-commit-config.yaml";

/// Who may read a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Whoever was given access.
    Private,
    /// Whoever has an account with the forge; GitLab only.
    Internal,
    /// All the world.
    Public,
}

impl Visibility {
    /// As the forges write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Internal => "internal",
            Self::Public => PUBLIC_WORD,
        }
    }
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who may read it.
    pub visibility: Visibility,
    /// `origin` is reached by https instead of ssh.
    pub https: bool,
    /// The first commit's message.
    pub message: String,
}

/// The nodes that do it.
pub fn nodes(model: &Arc<Model>, request: &Request) -> Result<Vec<Node>, Fault> {
    let forge = model.forge.clone().ok_or_else(|| {
        Fault::new(FaultKind::Usage, "the tasks file does not say where the repository is kept")
            .hint("add this:\n[forge]\nkind = \"github\"\nrepo = \"owner/name\"")
    })?;
    if request.visibility == Visibility::Internal && forge.kind == ForgeKind::Github {
        return Err(Fault::new(FaultKind::Usage, "`--internal` is for GitLab only").hint("choose --private"));
    }
    let mut branches: Vec<String> = Vec::new();
    for branch in model.environments.values().filter_map(|environment| environment.branch.as_ref()) {
        if branch != MAIN && !branches.contains(branch) {
            branches.push(branch.clone());
        }
    }
    let job = Arc::new(Job { model: Arc::clone(model), forge, request: request.clone(), branches });
    let mut nodes: Vec<Node> = Vec::new();
    for verb in Verb::ALL {
        if verb == Verb::Branches && job.branches.is_empty() {
            continue;
        }
        let reads = matches!(verb, Verb::Check | Verb::Scan | Verb::Approve);
        let mut needs: Vec<Need> =
            nodes.last().map(|before| Need::Step(before.name.clone())).into_iter().collect();
        // A step that changed something is not done again with those around it: whoever sends back to `scan` waits for the answer itself.
        if !reads && verb != Verb::Init {
            needs.push(Need::Step(Verb::Approve.step().to_owned()));
        }
        nodes.push(Node {
            name: verb.step().to_owned(),
            title: job.title(verb),
            needs,
            after: Vec::new(),
            effect: if reads { Effect::Reads } else { Effect::Changes },
            when_orphaned: WhenOrphaned::Stop,
            action: Box::new(RepositoryAction { verb, job: Arc::clone(&job) }),
        });
    }
    Ok(nodes)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Check,
    Scan,
    Approve,
    Init,
    Hooks,
    Commit,
    Create,
    Remote,
    Push,
    Branches,
}

impl Verb {
    const ALL: [Self; 10] = [
        Self::Check,
        Self::Scan,
        Self::Approve,
        Self::Init,
        Self::Hooks,
        Self::Commit,
        Self::Create,
        Self::Remote,
        Self::Push,
        Self::Branches,
    ];

    fn step(self) -> &'static str {
        match self {
            Self::Check => "repo:check",
            Self::Scan => "repo:scan",
            Self::Approve => "repo:approve",
            Self::Init => "repo:init",
            Self::Hooks => "repo:hooks",
            Self::Commit => "repo:commit",
            Self::Create => "repo:create",
            Self::Remote => "repo:remote",
            Self::Push => "repo:push",
            Self::Branches => "repo:branches",
        }
    }
}

/// What all steps know.
struct Job {
    model: Arc<Model>,
    forge: ForgeSettings,
    request: Request,
    /// Besides `main`.
    branches: Vec<String>,
}

impl Job {
    fn title(&self, verb: Verb) -> String {
        let repo = &self.forge.repo;
        match verb {
            Verb::Check => format!("look at {repo}, here and there"),
            Verb::Scan => "look for secrets in what would be pushed".to_owned(),
            Verb::Approve => "approve the repository".to_owned(),
            Verb::Init => "make the repository here".to_owned(),
            Verb::Hooks => "install the hooks".to_owned(),
            Verb::Commit => "make the first commit".to_owned(),
            Verb::Create => format!("make {repo} at {}", self.forge.kind.title()),
            Verb::Remote => format!("add the remote {ORIGIN}"),
            Verb::Push => format!("push {MAIN}"),
            Verb::Branches => format!("push {}", list::and_ticked(&self.branches)),
        }
    }

    /// `Make the private repository ada/shop`.
    fn wish(&self) -> String {
        format!("Make the {} repository {}", self.request.visibility.word(), self.forge.repo)
    }
}

struct RepositoryAction {
    verb: Verb,
    job: Arc<Job>,
}

impl Action for RepositoryAction {
    fn describe(&self) -> Vec<String> {
        let here = std::path::Path::new("");
        let (job, repo) = (&self.job, &self.job.forge.repo);
        let lines = |specs: Vec<CommandSpec>| specs.iter().map(CommandSpec::bare_line).collect();
        match self.verb {
            Verb::Check => vec![format!("read the repository {repo} at {}", job.forge.kind.title())],
            Verb::Scan => {
                vec![format!("read what `git add --all` would take, and what the commits of {MAIN} hold")]
            }
            Verb::Approve => vec![format!("ask: {}, and push {MAIN} to it?", job.wish())],
            Verb::Init => lines(vec![repository::init(here, MAIN)]),
            Verb::Hooks => {
                vec![format!("where there is a {HOOKS_FILE}: {}", git::install_hooks(here).bare_line())]
            }
            Verb::Commit => lines(vec![command::add_all(here), command::commit(here, &job.request.message)]),
            Verb::Create => vec![format!(
                "make the {} repository {repo} at {}",
                job.request.visibility.word(),
                job.forge.kind.title()
            )],
            Verb::Remote => {
                let by = if job.request.https { "https" } else { "ssh" };
                vec![format!("git remote add {ORIGIN}, with the address of {repo} for {by}")]
            }
            Verb::Push => lines(vec![repository::push_branch(here, ORIGIN, MAIN, MAIN)]),
            Verb::Branches => {
                let push = |branch: &String| repository::push_branch(here, ORIGIN, MAIN, branch);
                lines(job.branches.iter().map(push).collect())
            }
        }
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let job = &self.job;
        match self.verb {
            Verb::Check => check::check(context, job).map(Outcome::done_with).into(),
            Verb::Scan => scan::step(context, job).into(),
            Verb::Approve => approve::approve(context, job).into(),
            Verb::Init => steps::init(context, job).into(),
            Verb::Hooks => steps::hooks(context, job).into(),
            Verb::Commit => steps::commit(context, job).into(),
            Verb::Create => origin::create(context, job).into(),
            Verb::Remote => origin::remote(context, job).into(),
            Verb::Push => origin::push(context, job).into(),
            Verb::Branches => origin::branches(context, job).into(),
        }
    }
}
