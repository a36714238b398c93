//! Whose machine a server is: the host key that this user's ssh believes already, or else the one that the machine shows, which is asked.

use crate::adapters::ssh::command;
use crate::adapters::ssh::host_key::{self, HostKey, RealHost};
use crate::adapters::ssh::{Address, Host};
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::deploy::git::{ask, demand};
use crate::domains::deploy::remote::address;
use crate::domains::deploy::target::Target;
use crate::masking::Secret;
use crate::os::command::{CommandSpec, Input};
use crate::plan::{Digest, Proposal, ProposedChange};
use crate::run::{Action, Outcome, StepContext};

/// The name of the step that finds the key.
pub(super) const STEP: &str = "server:key";

/// The name of the step that asks for it.
pub(super) const TRUST: &str = "server:trust";

/// Finds the key.
pub(super) struct KeyAction {
    pub(super) target: Target,
}

/// A key that is not pinned yet.
pub(super) struct Found {
    pub(super) key: HostKey,
    /// ssh believes it already.
    pub(super) known: bool,
    fingerprint: String,
    host: String,
}

impl Found {
    pub(super) fn digest(&self) -> Digest {
        Digest(format!("{} {}", self.host, self.key))
    }
}

impl Action for KeyAction {
    fn describe(&self) -> Vec<String> {
        let host = self.target.shown_address();
        let host = host.strip_prefix("ssh://").unwrap_or(&host);
        let host = host.split('/').next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        vec![format!("ssh-keygen -F {host}"), format!("ssh-keyscan {host}  (where no key is known)")]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        self.find(context).into()
    }
}

impl KeyAction {
    fn find(&self, context: &mut StepContext<'_>) -> Result<Outcome, Fault> {
        let Address::Ssh { host, .. } = address(context, &self.target)? else {
            return Ok(Outcome::Skipped("the server is this machine".to_owned()));
        };
        let root = context.root();
        let real = real(context, &host)?;
        let mut known = None;
        for file in &real.known_in {
            let answer = ask(context, command::known_keys(root, &real.known_as, file))?;
            known = known.or_else(|| host_key::best(&answer.out));
        }
        let (key, known) = match known {
            Some(key) => (key, true),
            None => {
                let scan = ask(context, command::scan_keys(root, &real.name, real.port))?;
                let key = host_key::best(&scan.out).ok_or_else(|| {
                    let message = format!("{} shows no host key: is it there?", host.authority());
                    let mut fault = Fault::new(FaultKind::World, message);
                    fault.details = scan.err;
                    fault
                })?;
                (key, false)
            }
        };
        let spec = CommandSpec {
            stdin: Input::Bytes(Secret::new(format!("{key}\n"))),
            ..command::fingerprint(root)
        };
        let printed = demand(context, spec, "the key's fingerprint could not be told")?;
        let fingerprint = host_key::fingerprint(&printed).unwrap_or("without a fingerprint").to_owned();
        Ok(Outcome::done_with(Found { key, known, fingerprint, host: host.authority() }))
    }
}

/// The machine that ssh's configuration means.
fn real(context: &mut StepContext<'_>, host: &Host) -> Result<RealHost, Fault> {
    let printed =
        demand(context, command::configuration(context.root(), host), "ssh's settings could not be read")?;
    host_key::real_host(&printed)
        .ok_or_else(|| Fault::new(FaultKind::World, "`ssh -G` says no host: is this OpenSSH?"))
}

/// Asks for a key that nobody vouches for.
pub(super) struct TrustAction {
    pub(super) target: Target,
}

impl Action for TrustAction {
    fn describe(&self) -> Vec<String> {
        vec![format!("ask: Is this the server of {}?  (where its key is not known)", self.target.environment)]
    }

    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        let Some(found) = context.value::<Found>(STEP) else {
            return Outcome::Skipped("there is no key to trust".to_owned());
        };
        if found.known {
            return Outcome::Skipped("ssh knows this key".to_owned());
        }
        Outcome::Ask(Proposal {
            question: format!("Is this the host key of {}?", found.host),
            changes: vec![ProposedChange {
                name: found.host.clone(),
                summary: found.fingerprint.clone(),
                destroys: Vec::new(),
                replaces: Vec::new(),
                digest: found.digest(),
            }],
            words: Vec::new(),
        })
    }
}
