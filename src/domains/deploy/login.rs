//! A login on an environment's server, for a person: where it goes, and with which key.
//!
//! The key may be one that terraform made: it comes from an output, goes to an agent of its own, and never onto a disk or a command line. The
//! agent lives as long as the connection, and forgets the key after a few minutes even so. Opening the connection is for whoever owns the
//! terminal; this step only finds out all that it needs.

use super::remote::Remote;
use super::target::Target;
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Secret;
use crate::os::command::CommandSpec;
use crate::run::bindings::Scope;
use crate::run::{Action, Outcome, StepContext};

pub(super) struct LoginAction {
    pub(super) target: Target,
    pub(super) request: LoginRequest,
}

/// What is to be done there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginRequest {
    /// A command line for the login shell there, as ssh takes it; a session where there is none.
    pub command: Vec<String>,
    /// Further options for ssh.
    pub flags: Vec<String>,
}

/// A login that can be opened. What it needs on the disk, a pinned host key, goes with the value.
pub struct Login {
    remote: Remote,
    key: Option<Secret>,
    request: LoginRequest,
}

impl Login {
    /// The command that opens it.
    pub fn command(&self) -> Result<CommandSpec, Fault> {
        self.remote.login(&self.request, self.key.as_ref())
    }
}

impl Action for LoginAction {
    fn describe(&self) -> Vec<String> {
        let line = Remote::preview(&self.target).login(&self.request, None).map(|spec| spec.to_string());
        line.into_iter().collect()
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.find(context).map(Outcome::done_with).into()
    }
}

impl LoginAction {
    fn find(&self, context: &mut StepContext<'_>) -> Result<Login, Fault> {
        let remote = Remote::find(context, &self.target, None)?;
        let key = match self.target.ssh_key() {
            None => None,
            Some(template) => {
                let bindings = context.bindings();
                let text = bindings.template(context, &Scope::default(), template)?.text();
                context.masker().add(text.as_bytes());
                if !text.contains("PRIVATE KEY") {
                    let message = format!("`ssh_key` of `{}` is no private key", self.target.environment);
                    let fault = Fault::new(FaultKind::File, message)
                        .hint("it is a whole one, from `-----BEGIN … PRIVATE KEY-----` to its end");
                    return Err(bindings.fault_at(template.span, fault));
                }
                Some(Secret::new(text))
            }
        };
        let login = Login { remote, key, request: self.request.clone() };
        // What can't be opened is told here.
        login.command()?;
        Ok(login)
    }
}
