//! Does what was compared and, where it was asked for, approved: pushes, or calls the server, and follows to the end.
//!
//! The end of the push is the end of the deployment: git hands on what the server's hook says. What is lost on the way is the view of it,
//! never the deployment.

use std::collections::VecDeque;

use super::asker::{arguments, asker, push_options};
use super::check::{Act, CheckAction, Checked};
use super::look::records;
use super::remote::Remote;
use super::request::Wish;
use super::server::{ask_server, follow_server, goes_on, keep_last, status, unreachable};
use super::survey::surveyed;
use super::target::Target;
use crate::adapters::git::push::{self, Pushed};
use crate::diagnostic::{Fault, FaultKind};
use crate::event::{Level, Stream, Termination};
use crate::os::command::CommandSpec;
use crate::release::protocol::{Asker, deploy_ref};
use crate::release::record::Ended;
use crate::run::{Action, CommandRun, Outcome, StepContext, StepLog, interrupted};

/// Does it.
pub(super) struct PerformAction {
    pub(super) target: Target,
    pub(super) wish: Wish,
}

/// What git and the server said of a push.
struct PushAnswer {
    termination: Termination,
    out: String,
    /// The server's last lines.
    last: VecDeque<String>,
    /// git's own lines.
    own: Vec<String>,
}

impl Action for PerformAction {
    fn describe(&self) -> Vec<String> {
        let remote = Remote::preview(&self.target);
        let spec = match &self.wish {
            Wish::Version(request) => {
                let commit = match request.version.tag() {
                    Some(tag) => format!("refs/tags/{tag}^{{commit}}"),
                    None => request.version.name().to_owned(),
                };
                let asker = shown_asker(request.version.tag(), request.no_wait);
                remote.push(&push_options(&asker), request.version.tag(), &commit)
            }
            Wish::Rollback { to, no_wait } => {
                let mut words = vec!["rollback".to_owned()];
                words.extend(["--to".to_owned(), to.map_or("NUMBER".to_owned(), |to| to.to_string())]);
                words.extend(arguments(&shown_asker(None, *no_wait)));
                remote.call(&words)
            }
            _ => return Vec::new(),
        };
        vec![super::git::plain(spec).to_string()]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.perform(context).into()
    }
}

fn shown_asker(tag: Option<&str>, no_wait: bool) -> Asker {
    Asker { by: "YOU".to_owned(), from: "HERE".to_owned(), tag: tag.map(str::to_owned), no_wait }
}

impl PerformAction {
    fn perform(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let checked = context
            .value::<Checked>(CheckAction::STEP)
            .ok_or_else(|| Fault::new(FaultKind::Bug, "nothing was compared"))?;
        let seen = surveyed(context)?;
        let remote = &seen.remote;
        match &checked.act {
            Act::Nothing(reason) => return Ok(Outcome::UpToDate(reason.clone())),
            Act::Follow { number } => {
                let text = format!("deployment #{number} does just this already");
                context.log().notice(Level::Note, &text);
                follow_server(context, remote, &["follow".to_owned(), number.to_string()])?;
                return Ok(Outcome::done());
            }
            _ => {}
        }
        if let Some(redo) = self.approved(context, remote, &checked)? {
            return Ok(redo);
        }
        let (tag, no_wait) = match &self.wish {
            Wish::Version(request) => (request.version.tag(), request.no_wait),
            Wish::Rollback { no_wait, .. } => (None, *no_wait),
            _ => (None, false),
        };
        let asker = asker(context, tag, no_wait)?;
        match &checked.act {
            Act::Push { commit } => self.push(context, remote, &asker, commit)?,
            Act::Again { commit } => again(context, remote, &asker, commit)?,
            Act::Rollback { to } => {
                let mut words = vec!["rollback".to_owned(), "--to".to_owned(), to.to_string()];
                words.extend(arguments(&asker));
                follow_server(context, remote, &words)?;
            }
            Act::Nothing(_) | Act::Follow { .. } => {}
        }
        Ok(Outcome::done())
    }

    /// Demands the approval where the environment is protected. What was approved is the way from one commit to another: where another
    /// is live by now, it is asked again.
    fn approved(
        &self,
        context: &mut StepContext<'_>,
        remote: &Remote,
        checked: &Checked,
    ) -> Result<Option<Outcome>, Fault> {
        if !self.target.is_protected() {
            return Ok(None);
        }
        if context.approval(&checked.digest).is_none() {
            let message = format!("this change of `{}` was not approved", self.target.environment);
            return Err(Fault::new(FaultKind::Refused, message));
        }
        let live = status(context, remote, None)?.live.map(|live| live.commit);
        Ok((live != checked.live).then(|| Outcome::Redo {
            from: CheckAction::STEP.to_owned(),
            reason: format!("something else is live on `{}` by now", self.target.environment),
        }))
    }

    fn push(
        &self,
        context: &mut StepContext<'_>,
        remote: &Remote,
        asker: &Asker,
        commit: &str,
    ) -> Result<(), Fault> {
        let environment = &self.target.environment;
        let spec = remote.push(&push_options(asker), asker.tag.as_deref(), commit);
        let mut answer = push_and_show(context, &spec)?;
        for _ in 0..push::TRIES {
            if !push::may_be_up_to_date(answer.termination, &answer.out) || !answer.last.is_empty() {
                break;
            }
            answer = push_and_show(context, &spec)?;
        }
        if let Some(tag) = &asker.tag
            && let Some(Pushed::Rejected { reason, .. }) =
                push::parse(&answer.out, &format!("refs/tags/{tag}"))
        {
            let text = format!(
                "the server did not take the tag `{tag}` itself ({reason}); the deployment needs only its commit"
            );
            context.log().notice(Level::Warning, &text);
        }
        match push::parse(&answer.out, &deploy_ref(environment)) {
            Some(Pushed::Taken) => demand_deployed(context, remote, commit),
            // git asked nobody: the ref stands there already, though something else is live, or something is to be done again.
            Some(Pushed::UpToDate) => again(context, remote, asker, commit),
            Some(Pushed::Rejected { by_server, reason }) => Err(self.rejected(by_server, &reason, answer)),
            None if context.is_cancelled() => Err(goes_on(remote, interrupted())),
            None => Err(not_told(remote, answer)),
        }
    }

    fn rejected(&self, by_server: bool, reason: &str, answer: PushAnswer) -> Fault {
        let environment = &self.target.environment;
        if !by_server {
            let mut fault =
                Fault::new(FaultKind::Refused, format!("git did not push to `{environment}`: {reason}"));
            fault.details = answer.own;
            return fault;
        }
        let mut fault =
            Fault::new(FaultKind::Failed, format!("the deployment to `{environment}` failed: {reason}"));
        fault.details = answer.last.into_iter().collect();
        // The server's own words where even that went wrong.
        let next = match reason.contains("could not be put back") {
            true => {
                "look at the server before anything else; the next deployment tries first to put back what was live"
            }
            false => "what was live is untouched; mend it and run the same command again",
        };
        fault.hint(next).hint(format!("all that it printed: `shipway logs --release -e {environment}`"))
    }
}

/// A push that the server took is a deployment only if its hook ran; a git that runs none moves the ref and is content (`seeds.md` F1).
fn demand_deployed(context: &mut StepContext<'_>, remote: &Remote, commit: &str) -> Result<(), Fault> {
    let environment = &remote.environment;
    let seen = status(context, remote, None)?;
    if seen.live.iter().chain(&seen.open).any(|record| record.commit == commit) {
        return Ok(());
    }
    // Somebody else's may have followed at once.
    let answer = ask_server(context, remote, &["releases".to_owned()], None)?;
    let mut records = records(environment, &answer)?.into_iter();
    if records.any(|record| record.commit == commit && record.result == Some(Ended::Succeeded)) {
        return Ok(());
    }
    let message =
        format!("the server of `{environment}` took the commit and deployed nothing: git runs no hook there");
    Err(Fault::new(FaultKind::Failed, message).hint(format!(
        "`shipway server setup -e {environment}` looks after that; then run the same command again"
    )))
}

fn again(context: &mut StepContext<'_>, remote: &Remote, asker: &Asker, commit: &str) -> Result<(), Fault> {
    let mut words = vec!["again".to_owned(), commit.to_owned()];
    words.extend(arguments(asker));
    follow_server(context, remote, &words)
}

/// Runs a push and shows what the server prints.
fn push_and_show(context: &mut StepContext<'_>, spec: &CommandSpec) -> Result<PushAnswer, Fault> {
    let (mut out, mut last, mut own) = (String::new(), VecDeque::new(), Vec::new());
    let mut reader = |log: StepLog<'_>, stream: Stream, line: &str| match (stream, push::remote_line(line)) {
        (Stream::Out, _) => {
            out.push_str(line);
            out.push('\n');
        }
        (Stream::Err, Some(text)) => {
            log.line(Stream::Out, text);
            keep_last(&mut last, text);
        }
        (Stream::Err, None) => own.push(line.to_owned()),
    };
    let run = CommandRun { reader: Some(&mut reader), ..CommandRun::default() };
    let termination = context.run_command(&super::git::plain(spec.clone()), run)?;
    Ok(PushAnswer { termination, out, last, own })
}

/// The push ended without a word about the ref.
fn not_told(remote: &Remote, answer: PushAnswer) -> Fault {
    let environment = &remote.environment;
    if !answer.last.is_empty() {
        let fault =
            Fault::new(FaultKind::World, format!("the connection to the server of `{environment}` was lost"));
        let mut fault = goes_on(remote, fault);
        fault.details = answer.own;
        return fault;
    }
    if remote.host().is_some()
        && answer.own.iter().any(|line| line.contains("Could not read from remote repository"))
    {
        let said: Vec<String> =
            answer.own.iter().take_while(|line| !line.starts_with("fatal: Could")).cloned().collect();
        return unreachable(remote, &said);
    }
    let message = format!("the commit could not be pushed to `{environment}`: {}", answer.termination);
    let mut fault = Fault::new(FaultKind::World, message);
    fault.details = answer.own;
    fault.hint(format!("`shipway server setup -e {environment}` looks after the server"))
}
