//! `attach` and `cancel`: what is under way on the server, seen and stopped.

use serde::Deserialize;

use super::remote::Remote;
use super::server::{ask_server, follow_server, status};
use super::target::Target;
use crate::diagnostic::{Fault, FaultKind};
use crate::event::Level;
use crate::run::{Action, Outcome, StepContext};

/// Follows a deployment to its end.
pub(super) struct AttachAction {
    pub(super) target: Target,
    pub(super) number: Option<u64>,
}

impl AttachAction {
    fn words(&self) -> Vec<String> {
        std::iter::once("follow".to_owned()).chain(self.number.map(|number| number.to_string())).collect()
    }
}

impl Action for AttachAction {
    fn describe(&self) -> Vec<String> {
        vec![Remote::preview(&self.target).call(&self.words()).to_string()]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let followed = Remote::find(context, &self.target, None).and_then(|remote| {
            status(context, &remote, None)?;
            follow_server(context, &remote, &self.words())
        });
        followed.map(|()| Outcome::done()).into()
    }
}

/// Cancels what is under way.
pub(super) struct CancelAction {
    pub(super) target: Target,
}

impl Action for CancelAction {
    fn describe(&self) -> Vec<String> {
        vec![Remote::preview(&self.target).call(&["cancel".to_owned()]).to_string()]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.cancel(context).into()
    }
}

impl CancelAction {
    fn cancel(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        #[derive(Deserialize)]
        struct Cancelled {
            number: u64,
        }
        let remote = Remote::find(context, &self.target, None)?;
        let environment = &self.target.environment;
        if status(context, &remote, None)?.open.is_empty() {
            return Ok(Outcome::UpToDate(format!("nothing is under way on {environment}")));
        }
        let answer = ask_server(context, &remote, &["cancel".to_owned()], None)?;
        let cancelled: Cancelled = serde_json::from_str(&answer).map_err(|error| {
            Fault::new(FaultKind::Failed, format!("the server's answer can't be read: {error}"))
        })?;
        let text =
            format!("deployment #{} is cancelled; the server puts back what was live", cancelled.number);
        context.log().notice(Level::Note, &text);
        Ok(Outcome::done())
    }
}
