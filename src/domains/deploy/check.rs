//! What a deployment or a roll-back would do: from which commit to which, and what lies between.

use super::git::{ask, demand, refuse_shallow};
use super::journey::{Journey, NAMED, migrations, short};
use super::remote::Remote;
use super::request::{Version, VersionRequest, Wish};
use super::retreat::retreat;
use super::server::{ask_server, status};
use super::survey::{busy, surveyed};
use super::target::Target;
use crate::adapters::git::{command, history, tags};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::plan::Digest;
use crate::release::protocol::Status;
use crate::run::{Action, Outcome, StepContext};
use crate::text::suggest;

/// Compares what is live with what is to be.
pub(super) struct CheckAction {
    pub(super) target: Target,
    pub(super) wish: Wish,
}

/// What is to be done, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) act: Act,
    /// What would be live: `v2 (4f2a…)`.
    pub(super) version: String,
    /// In short, for the question.
    pub(super) summary: String,
    /// The commit that was live.
    pub(super) live: Option<String>,
    /// Of environment, live commit and what is to be.
    pub(super) digest: Digest,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Nothing: it is so already.
    Nothing(String),
    /// It is pushed.
    Push { commit: String },
    /// The server has it, and is to do it again.
    Again { commit: String },
    /// It is under way already: see it to its end.
    Follow { number: u64 },
    /// Back to the release of this deployment.
    Rollback { to: u64 },
}

impl Action for CheckAction {
    fn describe(&self) -> Vec<String> {
        let here = std::path::Path::new("");
        match &self.wish {
            Wish::Version(request) => {
                let spec = command::commit_of(here, &request.version.revision());
                vec![super::git::plain(spec).to_string()]
            }
            _ => vec![Remote::preview(&self.target).call(&["releases".to_owned()]).to_string()],
        }
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.check(context).map(Outcome::done_with).into()
    }
}

impl CheckAction {
    /// The name of the step.
    pub(super) const STEP: &str = "deploy:check";

    fn check(&self, context: &mut StepContext<'_>) -> Result<Checked, Fault> {
        let seen = surveyed(context)?;
        let status = match context.attempt() {
            1 => seen.status.clone(),
            // Something changed since.
            _ => status(context, &seen.remote, None)?,
        };
        let no_wait = match &self.wish {
            Wish::Version(request) => request.no_wait,
            Wish::Rollback { no_wait, .. } => *no_wait,
            _ => false,
        };
        let checked = match &self.wish {
            Wish::Version(request) => self.version(context, request, &status)?,
            Wish::Rollback { to, .. } => self.rollback(context, &seen.remote, *to, &status)?,
            _ => return Err(Fault::new(FaultKind::Bug, "this is not a change")),
        };
        if matches!(checked.act, Act::Push { .. } | Act::Again { .. } | Act::Rollback { .. }) {
            self.tell_of_others(context, &status, no_wait)?;
        }
        Ok(checked)
    }

    fn version(
        &self,
        context: &mut StepContext<'_>,
        request: &VersionRequest,
        status: &Status,
    ) -> Result<Checked, Fault> {
        let commit = resolve(context, &request.version)?;
        refuse_shallow(context)?;
        let journey = journey(context, status.live.as_ref().map(|live| live.commit.as_str()), &commit)?;
        let tag = request.version.tag();
        let version = named(tag.or(Some(request.version.name())), &commit);
        let same_under_way =
            status.open.iter().find(|open| open.commit == commit && open.tag.as_deref() == tag);
        let act = match (&status.live, same_under_way) {
            (_, Some(open)) if !request.again => Act::Follow { number: open.number },
            (Some(live), _) if live.commit == commit && status.open.is_empty() => {
                if request.again || status.unfinished.is_some() {
                    Act::Again { commit: commit.clone() }
                } else {
                    let since = live.finished.unwrap_or(live.asked).strftime("%Y-%m-%d %H:%M UTC");
                    Act::Nothing(format!(
                        "deployment #{} made {} live, on {since}",
                        live.number,
                        short(&commit)
                    ))
                }
            }
            _ => Act::Push { commit: commit.clone() },
        };
        if matches!(act, Act::Push { .. }) {
            self.tell(context, status, &version, &journey);
        }
        let live = status.live.as_ref().map(|live| live.commit.clone());
        let digest = self.digest(live.as_deref(), &commit);
        Ok(Checked { act, version, summary: journey.summary(), live, digest })
    }

    fn rollback(
        &self,
        context: &mut StepContext<'_>,
        remote: &Remote,
        to: Option<u64>,
        status: &Status,
    ) -> Result<Checked, Fault> {
        let answer = ask_server(context, remote, &["releases".to_owned()], None)?;
        let records = super::look::records(&self.target.environment, &answer)?;
        let back = retreat(&self.target.environment, &records, status.live.as_ref(), to)?;
        let live = status.live.as_ref().map(|live| live.commit.as_str());
        let journey = journey(context, live, &back.commit)?;
        let version = format!("deployment #{}, {}", back.number, named(back.tag.as_deref(), &back.commit));
        self.tell(context, status, &version, &journey);
        let digest = self.digest(live, &format!("{} {}", back.number, back.commit));
        let live = live.map(str::to_owned);
        Ok(Checked {
            act: Act::Rollback { to: back.number },
            version,
            summary: journey.summary(),
            live,
            digest,
        })
    }

    /// Says what is live and what changes.
    fn tell(&self, context: &StepContext<'_>, status: &Status, version: &str, journey: &Journey) {
        let environment = &self.target.environment;
        let live = match &status.live {
            Some(live) => {
                format!(
                    "live on {environment}: deployment #{}, {}",
                    live.number,
                    named(live.tag.as_deref(), &live.commit)
                )
            }
            None => format!("nothing is live on {environment} yet"),
        };
        let mut lines = vec![live, format!("to be: {version}")];
        lines.extend(journey.lines());
        context.log().notice(Level::Note, &lines.join("\n"));
    }

    /// Says who is at work; fails where that should not be waited for.
    fn tell_of_others(&self, context: &StepContext<'_>, status: &Status, no_wait: bool) -> Result<(), Fault> {
        if let Some(number) = status.unfinished {
            let text = format!("deployment #{number} died under way: the server puts that in order first");
            context.log().notice(Level::Warning, &text);
        }
        let Some(open) = status.open.first() else { return Ok(()) };
        if no_wait {
            return Err(busy(&self.target.environment, open));
        }
        let at_work = format!("deployment #{} of {} is at work", open.number, open.by);
        context.log().notice(Level::Note, &format!("{at_work}; this one waits for it"));
        Ok(())
    }

    fn digest(&self, live: Option<&str>, wanted: &str) -> Digest {
        let text = format!("{}\0{}\0{wanted}", self.target.environment, live.unwrap_or_default());
        Digest(blake3::hash(text.as_bytes()).to_hex().to_string())
    }
}

/// `v2 (4f2a…)`, or the commit alone.
pub(super) fn named(tag: Option<&str>, commit: &str) -> String {
    match tag.filter(|tag| !commit.starts_with(tag)) {
        Some(tag) => format!("{tag} ({})", short(commit)),
        None => short(commit).to_owned(),
    }
}

/// The commit that a version names.
fn resolve(context: &mut StepContext<'_>, version: &Version) -> Result<String, Fault> {
    let root = context.root();
    let name = version.name();
    let answer = ask(context, command::commit_of(root, &version.revision()))?;
    if answer.termination.is_success() {
        return Ok(answer.out.trim().to_owned());
    }
    if answer.err.iter().any(|line| line.contains("not a git repository")) {
        return Err(Fault::new(FaultKind::Refused, "this is no git repository")
            .hint("what is deployed is a commit: `git init`, and commit the project"));
    }
    let Version::Tag(_) = version else {
        return Err(Fault::new(FaultKind::Refused, format!("git knows no commit `{name}`"))
            .hint("name a branch, a commit or anything else that `git rev-parse` understands"));
    };
    let known = tags::parse(&demand(context, command::tags(root), "the tags could not be listed")?);
    let fault = Fault::new(FaultKind::Refused, format!("there is no tag `{name}`"));
    Err(match suggest::nearest(name, known.iter().map(|tag| tag.name.as_str())) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault
            .hint("`git fetch --tags` brings those of others; `shipway tags` lists what there is")
            .hint(format!("`shipway deploy {name}` makes the tag on the current commit")),
    })
}

fn journey(context: &mut StepContext<'_>, live: Option<&str>, commit: &str) -> Result<Journey, Fault> {
    let root = context.root();
    let Some(live) = live else { return Ok(Journey::First) };
    if live == commit {
        return Ok(Journey::None);
    }
    let unknown = Journey::Unknown { live: live.to_owned() };
    for each in [live, commit] {
        if !ask(context, command::has_commit(root, each))?.termination.is_success() {
            return Ok(unknown);
        }
    }
    let what = "git could not compare the commits";
    let Some((behind, ahead)) = history::counts(&demand(context, command::counts(root, live, commit), what)?)
    else {
        return Ok(unknown);
    };
    let (from, to) = if ahead > 0 { (live, commit) } else { (commit, live) };
    let subjects = demand(context, command::subjects(root, from, to, NAMED), what)?;
    let paths = history::paths(&demand(context, command::changed_paths(root, live, commit), what)?);
    Ok(Journey::Way {
        ahead,
        behind,
        subjects: subjects.lines().map(str::to_owned).collect(),
        migrations: migrations(&paths),
    })
}
