//! `tag NAME`: an annotated tag on a clean tree, pushed alone.
//!
//! All that could be refused is refused before anything changes. A tag that stands on this very commit already is no error: the rest is
//! done, so the same command can be given again after a push that failed (`seeds.md` F8, F9, F11, F12).

use super::git::{ask, demand, refuse_shallow};
use crate::adapters::git::{command, status};
use crate::diagnostic::{Fault, FaultKind};
use crate::plan::{Digest, Effect, Proposal, ProposedChange, WhenOrphaned};
use crate::run::node::{Need, Node};
use crate::run::{Action, Outcome, StepContext};
use crate::text::count::count;

/// So many paths are named in a refusal or a question.
const NAMED: usize = 10;

/// The remote that everybody fetches from.
const ORIGIN: &str = "origin";

/// A tag that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRequest {
    /// Its name.
    pub name: String,
    /// Its message; `version NAME` where none is given.
    pub message: Option<String>,
    /// Commit what is not committed first, with this message.
    pub commit: Option<String>,
    /// Push it to `origin`.
    pub push: bool,
    /// It is to be deployed.
    pub deploys: bool,
}

/// What the checks found.
struct Found {
    /// The tag stands on this commit already.
    stands: bool,
    /// Paths that are to be committed first.
    changed: Vec<String>,
}

/// The nodes that make and push a tag.
pub fn tag_nodes(request: &TagRequest) -> Vec<Node> {
    let mut nodes = vec![node("tag:check", format!("check for {}", request.name), &[], Verb::Check, request)];
    if request.commit.is_some() {
        nodes.push(node(
            "tag:approve",
            "approve the commit".to_owned(),
            &["tag:check"],
            Verb::Approve,
            request,
        ));
        nodes.push(node("tag:commit", "commit".to_owned(), &["tag:approve"], Verb::Commit, request));
    }
    let before = if request.commit.is_some() { "tag:commit" } else { "tag:check" };
    nodes.push(node("tag:create", format!("tag {}", request.name), &[before], Verb::Create, request));
    if request.push {
        nodes.push(node("tag:push", format!("push {}", request.name), &["tag:create"], Verb::Push, request));
    }
    nodes
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Check,
    Approve,
    Commit,
    Create,
    Push,
}

struct TagAction {
    verb: Verb,
    request: TagRequest,
}

fn node(name: &str, title: String, needs: &[&str], verb: Verb, request: &TagRequest) -> Node {
    let changes = matches!(verb, Verb::Commit | Verb::Create | Verb::Push);
    Node {
        name: name.to_owned(),
        title,
        needs: needs.iter().map(|&need| Need::Step(need.to_owned())).collect(),
        after: Vec::new(),
        effect: if changes { Effect::Changes } else { Effect::Reads },
        when_orphaned: WhenOrphaned::Stop,
        action: Box::new(TagAction { verb, request: request.clone() }),
    }
}

impl Action for TagAction {
    fn describe(&self) -> Vec<String> {
        let here = std::path::Path::new("");
        let name = &self.request.name;
        let specs = match self.verb {
            Verb::Check => {
                vec![command::status(here), command::commit_of(here, &format!("refs/tags/{name}"))]
            }
            Verb::Approve => return vec!["ask: Commit this and tag it?".to_owned()],
            Verb::Commit => {
                let message = self.request.commit.as_deref().unwrap_or_default();
                vec![command::add_all(here), command::commit(here, message)]
            }
            Verb::Create => vec![command::tag(here, name, &self.message(), "HEAD")],
            Verb::Push => vec![command::push_tag(here, ORIGIN, name)],
        };
        specs
            .into_iter()
            .map(|spec| crate::os::command::CommandSpec { env: Default::default(), ..spec }.to_string())
            .collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        match self.verb {
            Verb::Check => self.check(context).map(Outcome::done_with).into(),
            Verb::Approve => self.approve(context),
            Verb::Commit => self.commit(context).into(),
            Verb::Create => self.create(context).into(),
            Verb::Push => self.push(context).into(),
        }
    }
}

impl TagAction {
    fn message(&self) -> String {
        self.request.message.clone().unwrap_or_else(|| format!("version {}", self.request.name))
    }

    fn check(&self, context: &mut StepContext<'_>) -> Result<Found, Fault> {
        let name = &self.request.name;
        let root = context.root();
        let refused = |message: String| Fault::new(FaultKind::Refused, message);
        if !ask(context, command::check_tag_name(root, name))?.termination.is_success()
            || name.starts_with('-')
        {
            return Err(Fault::new(FaultKind::Usage, format!("`{name}` can't be the name of a tag"))
                .hint("letters, digits, `.`, `-` and `_` are safe: `v2`, `v2.1.0`"));
        }
        let head = ask(context, command::commit_of(root, "HEAD"))?;
        if !head.termination.is_success() {
            return Err(refused("there is no commit that could be tagged".to_owned())
                .hint("this needs a git repository with at least one commit"));
        }
        refuse_shallow(context)?;
        let changed = status::parse(&demand(context, command::status(root), "git could not be asked")?);
        let tagged = ask(context, command::commit_of(root, &format!("refs/tags/{name}")))?;
        let stands = tagged.termination.is_success();
        if stands && (tagged.out != head.out || !changed.is_empty() && self.request.commit.is_some()) {
            let fault = refused(format!("the tag `{name}` exists already, on {}", short(&tagged.out)))
                .hint("a tag never moves; choose the next name")
                .hint("`shipway tags` lists what there is");
            return Err(match self.request.deploys {
                true => fault.hint(format!("`shipway totag {name}` deploys it as it stands")),
                false => fault,
            });
        }
        if !changed.is_empty() && self.request.commit.is_none() {
            let mut fault = refused(format!("{} not committed", is_or_are(changed.len())));
            fault.details = named(&changed);
            return Err(fault
                .hint("commit or stash them first; what is tagged is what was committed")
                .hint(format!("or let Shipway commit all of this: `shipway tag {name} --commit MESSAGE`")));
        }
        Ok(Found { stands, changed })
    }

    fn approve(&self, context: &mut StepContext<'_>) -> Outcome {
        let found = context.value::<Found>("tag:check");
        let Some(changed) = found.map(|found| found.changed.clone()).filter(|changed| !changed.is_empty())
        else {
            return Outcome::Skipped("there is nothing to commit".to_owned());
        };
        Outcome::Ask(Proposal {
            question: format!("Commit this and tag it `{}`?", self.request.name),
            changes: vec![ProposedChange {
                name: count(changed.len(), "file"),
                summary: named(&changed).join(", "),
                destroys: Vec::new(),
                replaces: Vec::new(),
                digest: digest(&changed),
            }],
            words: Vec::new(),
        })
    }

    fn commit(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let root = context.root();
        let changed = status::parse(&demand(context, command::status(root), "git could not be asked")?);
        if changed.is_empty() {
            return Ok(Outcome::UpToDate("there is nothing to commit".to_owned()));
        }
        if context.approval(&digest(&changed)).is_none() {
            let reason = "the files that would be committed are not those that were shown".to_owned();
            return Ok(Outcome::Redo { from: "tag:check".to_owned(), reason });
        }
        demand(context, command::add_all(root), "the files could not be added")?;
        let message = self.request.commit.as_deref().unwrap_or_default();
        demand(context, command::commit(root, message), "the commit was not made")?;
        Ok(Outcome::done())
    }

    fn create(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        if context.value::<Found>("tag:check").is_some_and(|found| found.stands) {
            return Ok(Outcome::UpToDate("it stands on this commit".to_owned()));
        }
        let root = context.root();
        let head = demand(context, command::commit_of(root, "HEAD"), "git could not be asked")?;
        let spec = command::tag(root, &self.request.name, &self.message(), head.trim());
        demand(context, spec, "the tag was not made")?;
        Ok(Outcome::done())
    }

    fn push(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let root = context.root();
        if !ask(context, command::remote_url(root, ORIGIN))?.termination.is_success() {
            return Ok(Outcome::Skipped(format!("there is no remote `{ORIGIN}`")));
        }
        let answer = ask(context, command::push_tag(root, ORIGIN, &self.request.name))?;
        if answer.termination.is_success() {
            let is_old = answer.out.lines().any(|line| line.starts_with("=\t"));
            return Ok(if is_old {
                Outcome::UpToDate(format!("`{ORIGIN}` has it"))
            } else {
                Outcome::done()
            });
        }
        let name = &self.request.name;
        let rejected = answer.out.lines().any(|line| line.starts_with("!\t"));
        let mut fault = if rejected {
            Fault::new(FaultKind::Refused, format!("`{ORIGIN}` did not take the tag `{name}`"))
                .hint("it may have another tag of that name: `git fetch --tags` shows it; a tag never moves")
        } else {
            Fault::new(FaultKind::Failed, format!("the tag `{name}` could not be pushed to `{ORIGIN}`"))
        };
        fault.details.extend(answer.out.lines().filter(|line| line.starts_with("!\t")).map(str::to_owned));
        fault.details.extend(answer.err);
        Err(fault.hint(format!("the tag is made here; the same command pushes it: `shipway tag {name}`")))
    }
}

fn digest(paths: &[String]) -> Digest {
    Digest(blake3::hash(paths.join("\0").as_bytes()).to_hex().to_string())
}

fn named(paths: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = paths.iter().take(NAMED).cloned().collect();
    if paths.len() > NAMED {
        lines.push(format!("and {} more", paths.len() - NAMED));
    }
    lines
}

fn is_or_are(number: usize) -> String {
    format!("{} {}", count(number, "file"), if number == 1 { "is" } else { "are" })
}

fn short(commit: &str) -> &str {
    commit.trim().get(..12).unwrap_or(commit.trim())
}
