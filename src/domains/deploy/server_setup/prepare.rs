//! Folders, repository and hooks, made by the program on the server; and the proof that git there really runs the hook, without which a push
//! would move a ref and deploy nothing.

use super::looked;
use super::program::Looked;
use crate::adapters::git::command;
use crate::adapters::git::push::{self, Pushed};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::deploy::git::{Answer, ask, plain};
use crate::domains::deploy::remote::Remote;
use crate::domains::deploy::server::read_remote;
use crate::domains::deploy::target::Target;
use crate::event::Level;
use crate::release::protocol::{PROTOCOL, Settings, deploy_ref};
use crate::release::record::Flavour;
use crate::run::{Action, Outcome, StepContext};

/// Prepares the environment's folder.
pub(super) struct PrepareAction {
    pub(super) target: Target,
}

impl PrepareAction {
    fn words(&self) -> Vec<String> {
        vec!["setup".to_owned(), "--project".to_owned(), self.target.model.project.name.clone()]
    }
}

impl Action for PrepareAction {
    fn describe(&self) -> Vec<String> {
        vec![Remote::preview(&self.target).call(&self.words()).to_string()]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        looked(context).and_then(|looked| self.prepare(context, &looked)).into()
    }
}

impl PrepareAction {
    pub(super) fn prepare(&self, context: &mut StepContext<'_>, looked: &Looked) -> Result<Outcome, Fault> {
        let remote = &looked.remote;
        let answer = read_remote(context, remote, &remote.call(&self.words()))?;
        let settings: Settings = serde_json::from_str(&answer).map_err(|error| {
            let message =
                format!("the server of `{}` gave an answer that can't be read: {error}", remote.environment);
            Fault::new(FaultKind::Failed, message)
                .hint("name the right program: `shipway server setup --binary FILE`")
        })?;
        let wants_compose =
            self.target.model.rollout.as_ref().is_some_and(|rollout| !rollout.compose.is_empty());
        if wants_compose && settings.compose.is_none() {
            let text = "the project has compose files, and the server has no docker compose: install it, then run this again";
            context.log().notice(Level::Warning, text);
        }
        let said = said(&settings);
        if looked.settings().as_ref() == Some(&settings) {
            return Ok(Outcome::UpToDate(said));
        }
        context.log().notice(Level::Note, &said);
        Ok(Outcome::done())
    }
}

fn said(settings: &Settings) -> String {
    let mut text = format!("git {}", settings.git);
    if let Some(docker) = &settings.docker {
        text.push_str(&format!(", docker {docker}"));
    }
    if let Some((flavour, version)) = &settings.compose {
        let name = match flavour {
            Flavour::V1 => "docker-compose",
            Flavour::V2 => "docker compose",
        };
        text.push_str(&format!(", {name} {version}"));
    }
    text
}

/// Tries a push.
pub(super) struct VerifyAction {
    pub(super) target: Target,
}

/// What a trial said.
#[derive(Debug, PartialEq, Eq)]
enum Trial {
    /// The hook answered.
    Runs,
    /// git asked nobody, because the ref stands there.
    NotAsked,
    /// Something else answered, or nothing.
    Fails(String),
}

impl Action for VerifyAction {
    fn describe(&self) -> Vec<String> {
        let spec = Remote::preview(&self.target).push(&["probe".to_owned()], None, "HEAD");
        vec![plain(spec).to_string()]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.verify(context).into()
    }
}

impl VerifyAction {
    fn verify(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let looked = looked(context)?;
        let remote = &looked.remote;
        let root = context.root();
        // Two, because one of them may be what the ref names, and then git would ask nobody.
        let commits = ask(context, command::last_commits(root, 2))?;
        if !commits.termination.is_success() {
            return Ok(Outcome::Skipped("there is no commit to try it with".to_owned()));
        }
        for commit in commits.out.lines() {
            let push = remote.push(&["probe".to_owned()], None, commit);
            let mut answer = ask(context, push.clone())?;
            for _ in 0..push::TRIES {
                if !push::may_be_up_to_date(answer.termination, &answer.out) {
                    break;
                }
                answer = ask(context, push.clone())?;
            }
            match trial(&answer, &remote.environment) {
                Trial::Runs => return Ok(Outcome::done()),
                Trial::NotAsked => {}
                Trial::Fails(why) => {
                    let message = format!(
                        "the server of `{}` took the push otherwise than it should: {why}",
                        remote.environment
                    );
                    let mut fault = Fault::new(FaultKind::Failed, message);
                    fault.details = answer.err;
                    return Err(fault.hint(format!(
                        "look at the hooks of {}, and whether its file system lets programs run",
                        remote.address.path(&format!("{}/repo.git", remote.environment))
                    )));
                }
            }
        }
        Ok(Outcome::UpToDate("the only commit stands there already".to_owned()))
    }
}

fn trial(answer: &Answer, environment: &str) -> Trial {
    match push::parse(&answer.out, &deploy_ref(environment)) {
        Some(Pushed::Rejected { by_server: true, reason })
            if reason == format!("shipway probe {PROTOCOL} ok") =>
        {
            Trial::Runs
        }
        Some(Pushed::Rejected { reason, .. }) => Trial::Fails(reason),
        Some(Pushed::Taken) => Trial::Fails("it ran no hook".to_owned()),
        Some(Pushed::UpToDate) => Trial::NotAsked,
        None => Trial::Fails(answer.termination.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Termination;

    #[test]
    fn only_the_hooks_own_word_is_a_proof() {
        let said = |line: &str| {
            let termination = Termination::Exited { status: 1 };
            trial(&Answer { termination, out: format!("To x\n{line}\nDone\n"), err: Vec::new() }, "prod")
        };
        assert_eq!(said("!\ta:refs/deploy/prod\t[remote rejected] (shipway probe 1 ok)"), Trial::Runs);
        assert_eq!(said("=\ta:refs/deploy/prod\t[up to date]"), Trial::NotAsked);
        assert_eq!(said("*\ta:refs/deploy/prod\t[new reference]"), Trial::Fails("it ran no hook".to_owned()));
        let other = "!\ta:refs/deploy/prod\t[remote rejected] (shipway probe 2 ok)";
        assert_eq!(said(other), Trial::Fails("shipway probe 2 ok".to_owned()));
        assert!(matches!(said("fatal: gone"), Trial::Fails(_)));
    }
}
