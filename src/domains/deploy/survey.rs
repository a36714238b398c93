//! The first look at a server: it answers, it speaks as we do, and this is what is live there.

use super::remote::Remote;
use super::server::status;
use super::target::Target;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::release::protocol::{PROTOCOL, Status};
use crate::release::record::Record;
use crate::run::{Action, Outcome, StepContext};

/// The name of the step.
pub(super) const STEP: &str = "deploy:server";

/// Looks at the server.
pub(super) struct SurveyAction {
    pub(super) target: Target,
    /// A tag that is made next, and the deployment of which is not to wait.
    pub(super) hurried: Option<String>,
    /// A folder of this machine that is not prepared yet is prepared later: nothing is live there.
    pub(super) prepares: bool,
}

/// What was seen, and how to call the server again.
pub(super) struct Surveyed {
    pub(super) remote: Remote,
    pub(super) status: Status,
}

impl Action for SurveyAction {
    fn describe(&self) -> Vec<String> {
        vec![Remote::preview(&self.target).call(&["status".to_owned()]).to_string()]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.look(context).map(Outcome::done_with).into()
    }
}

impl SurveyAction {
    fn look(&self, context: &mut StepContext<'_>) -> Result<Surveyed, Fault> {
        let remote = Remote::find(context, &self.target, None)?;
        if self.prepares && remote.is_unprepared_folder(context) {
            let text =
                format!("{} is not prepared for deployments yet; this one does that first", remote.address);
            context.log().notice(Level::Note, &text);
            let status = nothing_yet(&self.target.environment);
            return Ok(Surveyed { remote, status });
        }
        let status = status(context, &remote, None)?;
        let is_other = |open: &&Record| open.tag != self.hurried;
        if let (Some(_), Some(open)) = (&self.hurried, status.open.iter().find(is_other)) {
            return Err(busy(&self.target.environment, open));
        }
        Ok(Surveyed { remote, status })
    }
}

/// What a server says on which nothing was ever deployed.
pub(super) fn nothing_yet(environment: &str) -> Status {
    Status {
        protocol: PROTOCOL,
        shipway: env!("CARGO_PKG_VERSION").to_owned(),
        environment: environment.to_owned(),
        live: None,
        open: Vec::new(),
        unfinished: None,
        flavour: None,
    }
}

/// Somebody is at work, and is not to be waited for.
pub(super) fn busy(environment: &str, open: &Record) -> Fault {
    let message = format!("deployment #{} of {} is at work on `{environment}`", open.number, open.by);
    Fault::new(FaultKind::Locked, message).hint(format!(
        "follow it with `shipway attach -e {environment}`, or leave out --no-wait to wait for it"
    ))
}

/// What the step saw.
pub(super) fn surveyed(context: &StepContext<'_>) -> Result<std::sync::Arc<Surveyed>, Fault> {
    context
        .value::<Surveyed>(STEP)
        .ok_or_else(|| Fault::new(FaultKind::Bug, "nobody has looked at the server"))
}
