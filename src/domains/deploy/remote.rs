//! A server as it can be reached: its address, found out, and how commands get there.
//!
//! A server on this machine is called as it is. All others go through ssh, with no key believed but the one that the file pins, where it pins
//! one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::login::LoginRequest;
use super::target::Target;
use crate::adapters::git::command::{self, DeployPush};
use crate::adapters::ssh::command::Ssh;
use crate::adapters::ssh::host_key::HostKey;
use crate::adapters::ssh::{Address, Host};
use crate::diagnostic::{Fault, FaultKind};
use crate::masking::Secret;
use crate::os::command::CommandSpec;
use crate::os::files::{FileKind, TemporaryFile};
use crate::release::layout::Layout;
use crate::release::protocol;
use crate::run::StepContext;
use crate::run::bindings::Scope;
use crate::text::quote;

/// A server that can be called.
#[derive(Clone)]
pub(super) struct Remote {
    pub(super) environment: String,
    pub(super) address: Address,
    /// The file in which the pinned key stands; it lives as long as somebody uses it.
    known_hosts: Option<Arc<TemporaryFile>>,
    /// Where commands of this machine run.
    folder: PathBuf,
}

impl Remote {
    /// The server of `target`. `learned` is a host key that the file does not have yet.
    pub(super) fn find(
        context: &mut StepContext<'_>,
        target: &Target,
        learned: Option<&HostKey>,
    ) -> Result<Self, Fault> {
        let address = address(context, target)?;
        let pinned = match target.server()?.host_key {
            Some(text) => Some(HostKey::parse(text).ok_or_else(|| {
                let message = format!("`host_key` of `{}` is no host key", target.environment);
                Fault::new(FaultKind::File, message).hint(
                    "it is the kind and the key, as in `ssh-ed25519 AAAA…`; `shipway server setup` writes it",
                )
            })?),
            None => learned.cloned(),
        };
        let known_hosts = match (&address, pinned) {
            (Address::Ssh { .. }, Some(key)) => {
                Some(Arc::new(TemporaryFile::with(key.known_hosts().as_bytes()).map_err(|error| {
                    Fault::new(FaultKind::World, format!("no temporary file could be written: {error}"))
                })?))
            }
            _ => None,
        };
        let folder = context.root().to_owned();
        Ok(Self { environment: target.environment.clone(), address, known_hosts, folder })
    }

    /// For a dry run, with the address as far as it is known. Only what it says is used.
    pub(super) fn preview(target: &Target) -> Self {
        let text = target.shown_address();
        let address = Address::parse(&text, &target.model.root)
            .unwrap_or_else(|_| Address::Ssh { host: shown_host(&text), root: shown_root(&text) });
        let environment = target.environment.clone();
        Self { environment, address, known_hosts: None, folder: PathBuf::new() }
    }

    /// A call of the server's own Shipway.
    pub(super) fn call(&self, words: &[String]) -> CommandSpec {
        let program = self.address.path("bin/shipway");
        let home = self.address.path(&self.environment);
        let fixed = [protocol::WORD.to_owned(), protocol::PROTOCOL.to_string(), home];
        let words = fixed.iter().chain(words);
        match &self.address {
            Address::Local(_) => CommandSpec::new(program, &self.folder).args(words),
            Address::Ssh { host, .. } => self.ssh(host, &line(std::iter::once(&program).chain(words))),
        }
    }

    /// A script for `sh` there; `words` are its `$1`, `$2`, ….
    pub(super) fn shell(&self, script: &str, words: &[String]) -> CommandSpec {
        let all = ["-c".to_owned(), script.to_owned(), "sh".to_owned()];
        let words = all.iter().chain(words);
        match &self.address {
            Address::Local(_) => CommandSpec::new("sh", &self.folder).args(words),
            Address::Ssh { host, .. } => {
                self.ssh(host, &line(std::iter::once(&"sh".to_owned()).chain(words)))
            }
        }
    }

    /// A push of `commit`, with push options.
    pub(super) fn push(&self, options: &[String], tag: Option<&str>, commit: &str) -> CommandSpec {
        let ssh = match &self.address {
            Address::Ssh { host, .. } => Some(self.caller(host).for_git()),
            Address::Local(_) => None,
        };
        let url = self.address.url(&format!("{}/repo.git", self.environment));
        let reference = protocol::deploy_ref(&self.environment);
        let push = DeployPush { url: &url, ssh: ssh.as_deref(), options, tag, commit, reference: &reference };
        command::push_deploy(&self.folder, &push)
    }

    /// A login of a person, with `key` in an agent of its own.
    pub(super) fn login(&self, request: &LoginRequest, key: Option<&Secret>) -> Result<CommandSpec, Fault> {
        match &self.address {
            Address::Ssh { host, .. } => {
                Ok(self.caller(host).login(&self.folder, (&request.flags, &request.command), key))
            }
            Address::Local(root) => {
                let message = format!("the server of `{}` is this machine", self.environment);
                Err(Fault::new(FaultKind::Refused, message)
                    .hint(format!("there is nothing to log in to; its folder is {}", root.display())))
            }
        }
    }

    /// Whether the server's Shipway is there, as far as this machine can tell.
    pub(super) fn may_be_set_up(&self, context: &StepContext<'_>) -> bool {
        match &self.address {
            Address::Local(root) => context.doors().files.kind(&root.join("bin/shipway")) == FileKind::File,
            Address::Ssh { .. } => true,
        }
    }

    /// Whether it is a folder of this machine that no setup has brought to its end.
    pub(super) fn is_unprepared_folder(&self, context: &StepContext<'_>) -> bool {
        let Address::Local(root) = &self.address else { return false };
        let layout = Layout::new(root, &self.environment);
        [layout.program(), layout.settings()]
            .iter()
            .any(|path| context.doors().files.kind(path) == FileKind::Missing)
    }

    /// The machine, where it is another one.
    pub(super) fn host(&self) -> Option<&Host> {
        match &self.address {
            Address::Ssh { host, .. } => Some(host),
            Address::Local(_) => None,
        }
    }

    fn caller<'a>(&'a self, host: &'a Host) -> Ssh<'a> {
        let known_hosts: Option<&Path> = self.known_hosts.as_deref().map(TemporaryFile::path);
        Ssh { host, known_hosts }
    }

    /// Shown without the options that are the same each time.
    fn ssh(&self, host: &Host, line: &str) -> CommandSpec {
        let port = host.port.map(|port| format!("-p {port} ")).unwrap_or_default();
        let plain = Host { port: None, ..host.clone() };
        let shown = format!("ssh {port}{} {}", plain.authority(), quote::shell(line));
        CommandSpec { shown: Some(shown), ..self.caller(host).run(&self.folder, line) }
    }
}

/// Words as the login shell of a server reads them.
fn line<'a>(words: impl Iterator<Item = &'a String>) -> String {
    words.map(|word| quote::shell(word)).collect::<Vec<_>>().join(" ")
}

/// Where the server of `target` is.
pub(super) fn address(context: &mut StepContext<'_>, target: &Target) -> Result<Address, Fault> {
    let template = target.server()?.address;
    let bindings = context.bindings();
    let text = bindings.template(context, &Scope::default(), template)?.text();
    Address::parse(&text, &target.model.root).map_err(|fault| {
        let message = format!("the server of `{}` can't be `{text}`: {fault}", target.environment);
        bindings.fault_at(template.span, Fault::new(FaultKind::File, message))
    })
}

fn shown_host(text: &str) -> Host {
    let name = text.strip_prefix("ssh://").unwrap_or(text);
    let name = name.split('/').next().unwrap_or_default();
    Host { user: None, name: name.to_owned(), port: None }
}

fn shown_root(text: &str) -> String {
    let rest = text.strip_prefix("ssh://").unwrap_or(text);
    rest.split_once('/').map(|(_, root)| format!("/{root}")).unwrap_or_default()
}

#[cfg(test)]
impl Remote {
    pub(super) fn for_tests(environment: &str, address: Address) -> Self {
        Self { environment: environment.to_owned(), address, known_hosts: None, folder: "/".into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_word_for_each_shell_on_its_way() {
        let address = Address::parse("ssh://me@h:7/srv/app", Path::new("/")).unwrap();
        let remote = Remote::for_tests("prod", address);
        let words = ["cancel".to_owned(), "it's".to_owned()];
        assert_eq!(
            remote.call(&words).to_string(),
            r#"ssh -p 7 me@h '/srv/app/bin/shipway __server 1 /srv/app/prod cancel '\''it'\''\'\'''\''s'\'''"#
        );
        let local = Remote { address: Address::Local("/srv/a b".into()), ..remote };
        assert_eq!(
            local.call(&words[..1]).to_string(),
            "'/srv/a b/bin/shipway' __server 1 '/srv/a b/prod' cancel"
        );
        assert!(
            local
                .push(&[], None, "4f2a")
                .to_string()
                .ends_with("-- '/srv/a b/prod/repo.git' +4f2a:refs/deploy/prod")
        );
    }
}
