//! `[environments.NAME.deploy]`: where an environment is deployed to.
//!
//! An address may have `{{ }}`, so only what stands there in any case is checked; the rest is seen when it is used.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::reader::{Entry, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::Diagnostic;
use crate::model::expression::{Part, Template};
use crate::model::rollout::{Deploy, DeployTarget};

/// The keys of hosts that OpenSSH has and does not warn of (`ssh -Q key-plain`).
const KEY_TYPES: &[&str] = &[
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// Bytes of the shortest of these keys, behind its type: those of Ed25519 with their length.
const SHORTEST: usize = 36;

/// The folder of the program, beside those of the environments.
const TAKEN: &str = "bin";

impl<'f> Reader<'f, '_> {
    /// The table `deploy` of `environment`.
    pub(super) fn deploy(&mut self, environment: Entry<'f>, entry: Entry<'f>) -> Option<Deploy> {
        self.check_deployed(environment, entry);
        let what = Subject::Key("deploy");
        let table = self.table(what, entry.value)?;
        let before = self.faults.len();
        let keys = ["server", "task", "host_key", "ssh_key"];
        let [server, task, host_key, ssh_key] = self.fields(table, what, keys);
        let misspelt = self.faults.len() > before;
        let address = server.and_then(|server| self.address(server));
        let key = host_key.and_then(|entry| self.host_key(entry));
        if let (Some(host_key), Some(other)) =
            (host_key, task.or(server.filter(|_| address.as_ref().is_some_and(is_local))))
        {
            let (at, other_at) = (self.key(host_key), self.key(other));
            let label = if task.is_some() { "deploys in its own way" } else { "a folder on this machine" };
            self.fault(
                Diagnostic::error("conflicting-keys", "`host_key` is the key of a server", at, "of which?")
                    .also(other_at, label)
                    .help("remove it"),
            );
        }
        let of_person = ssh_key.and_then(|entry| self.ssh_key(entry));
        if let (Some(ssh_key), Some(other)) =
            (ssh_key, task.or(server.filter(|_| address.as_ref().is_some_and(is_local))))
        {
            let (at, other_at) = (self.key(ssh_key), self.key(other));
            let label = if task.is_some() { "deploys in its own way" } else { "a folder on this machine" };
            self.fault(
                Diagnostic::error("conflicting-keys", "`ssh_key` opens a server", at, "of which?")
                    .also(other_at, label)
                    .help("remove it"),
            );
        }
        let target = match (server, task) {
            (Some(server), Some(task)) => {
                let (server, task) = (self.key(server), self.key(task));
                self.fault(
                    Diagnostic::error(
                        "conflicting-keys",
                        "`deploy` has both `server` and `task`",
                        task,
                        "only one can be meant",
                    )
                    .also(server, "the other one")
                    .help("keep one of them"),
                );
                return None;
            }
            (Some(server), None) => {
                let address_span = self.at(server.value);
                DeployTarget::Server { address: address?, address_span, host_key: key, ssh_key: of_person }
            }
            (None, Some(task)) => {
                DeployTarget::Task(self.call(Subject::Key("task"), task.value, Scope::GLOBAL)?)
            }
            (None, None) => {
                if !misspelt {
                    let span = self.key(entry);
                    self.fault(
                        Diagnostic::error("missing-key", "`deploy` has no target", span, "to where?")
                            .help("write `server = \"ssh://user@host/srv/app\"`, or `task = \"…\"`"),
                    );
                }
                return None;
            }
        };
        Some(Deploy { span: self.key(entry), target })
    }

    /// The environment's name becomes a folder on the server, a part of a ref and of names of containers.
    fn check_deployed(&mut self, environment: Entry<'f>, deploy: Entry<'f>) {
        let name = environment.name();
        let (span, deploy) = (self.key(environment), self.key(deploy));
        if name == TAKEN {
            self.fault(
                Diagnostic::error(
                    "reserved-name",
                    format!("an environment that is deployed to can't be called `{name}`"),
                    span,
                    "the folder of Shipway's program on the server",
                )
                .also(deploy, "deployed to")
                .help("choose another name"),
            );
            return;
        }
        // What is no name at all was reported with the environment.
        let safe = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if super::name::is_name(name) && !name.bytes().all(safe) {
            self.fault(
                Diagnostic::error(
                    "bad-name",
                    format!("an environment that is deployed to can't be called `{name}`"),
                    span,
                    "not the name of a folder and of containers",
                )
                .also(deploy, "deployed to")
                .help(
                    "such a name has small letters, digits, `_` and `-`, and starts with a letter or a digit",
                ),
            );
        }
    }

    /// The key itself is a secret, so only a place where it comes from may stand here.
    fn ssh_key(&mut self, entry: Entry<'f>) -> Option<Template> {
        let template = self.template(Subject::Key("ssh_key"), entry.value, Scope::GLOBAL)?;
        if template.references().next().is_some() {
            return Some(template);
        }
        // At the key and not at the value, which is better not shown.
        let span = self.key(entry);
        self.fault(
            Diagnostic::error("secret-in-file", "`ssh_key` names no place to get a key from", span, "")
                .note("a private key has to stay out of the tasks file")
                .help("write `ssh_key = \"{{ workspaces.base.outputs.ssh_key }}\"`, or a variable that is a secret"),
        );
        None
    }

    fn address(&mut self, entry: Entry<'f>) -> Option<Template> {
        let address = self.template(Subject::Key("server"), entry.value, Scope::GLOBAL)?;
        match unusable(&address) {
            None => Some(address),
            Some((problem, help)) => {
                let span = self.at(entry.value);
                self.fault(
                    Diagnostic::error("bad-address", "`server` is not an address of a server", span, problem)
                        .help(help),
                );
                None
            }
        }
    }

    fn host_key(&mut self, entry: Entry<'f>) -> Option<String> {
        let text = self.text(entry)?;
        let span = self.at(entry.value);
        match host_key(&text) {
            Ok(key) => Some(key),
            Err(problem) => {
                let fault =
                    Diagnostic::error("bad-host-key", "`host_key` is no key of a host", span, problem);
                self.fault(fault.help("write the key's type and its base64: `ssh-ed25519 AAAA…`"));
                None
            }
        }
    }
}

/// Whether it is in any case a folder on this machine.
fn is_local(address: &Template) -> bool {
    matches!(address.parts.first(), Some(Part::Text(text)) if !text.starts_with("ssh://"))
}

/// What is wrong with an address whatever its `{{ }}` become, and what to write.
fn unusable(address: &Template) -> Option<(&'static str, &'static str)> {
    const SHAPE: &str = "write `ssh://user@host/srv/app`, or a folder on this machine";
    // A value stands for one letter, so that what is around it can be seen.
    let text: String = address
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Hole(_) => "x",
        })
        .collect();
    let starts_with_text = matches!(address.parts.first(), Some(Part::Text(_)));
    let ends_with_text = matches!(address.parts.last(), Some(Part::Text(_)));
    if text.trim().is_empty() {
        return Some(("empty", SHAPE));
    }
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Some(("has a space or a line break", SHAPE));
    }
    if !starts_with_text {
        return None;
    }
    let Some(rest) = text.strip_prefix("ssh://") else {
        let before_path = text.split('/').next().unwrap_or_default();
        return if text.contains("://") {
            Some(("only `ssh://` leads to a server", SHAPE))
        } else if text.starts_with('~') {
            Some(("`~` is not expanded", SHAPE))
        } else if before_path.contains(':') {
            Some(("git's short form", "write it as `ssh://user@host/srv/app`"))
        } else {
            None
        };
    };
    let (authority, folder) = match rest.split_once('/') {
        Some((authority, folder)) => (authority, Some(folder)),
        None => (rest, None),
    };
    let (user, host) = authority.split_once('@').unwrap_or(("", authority));
    if user.contains(':') {
        return Some(("has a password", "let ssh log in with a key: `ssh://user@host/srv/app`"));
    }
    if host.is_empty() || host.starts_with(':') {
        return Some(("names no host", SHAPE));
    }
    match folder {
        // A value may bring its folder with it.
        None if !ends_with_text => None,
        None => Some(("names no folder on the server", "add one: `ssh://user@host/srv/app`")),
        Some(folder) if folder.trim_matches('/').is_empty() => {
            Some(("names no folder on the server", "add one: `ssh://user@host/srv/app`"))
        }
        Some(folder) if folder.starts_with('~') => {
            Some(("`~` is not expanded", "write the folder from the root: `ssh://user@host/srv/app`"))
        }
        Some(_) => None,
    }
}

/// The key as `TYPE BASE64`, or what is wrong with it.
fn host_key(text: &str) -> Result<String, &'static str> {
    let is_type = |word: &&str| KEY_TYPES.contains(word);
    let (kind, key) = match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [kind, key] if is_type(kind) => (*kind, *key),
        [print, ..] if print.starts_with("SHA256:") || print.starts_with("MD5:") => {
            return Err("a fingerprint; the whole key is needed");
        }
        [_, kind, ..] if is_type(kind) => return Err("starts with the host, as in `known_hosts`"),
        [kind, _, _, ..] if is_type(kind) => return Err("has a comment behind the key"),
        [kind] if is_type(kind) => return Err("has only the type"),
        _ => return Err("does not start with a type of keys"),
    };
    // A key repeats its type inside, behind its length (RFC 4253, 6.6).
    let bytes = STANDARD.decode(key).map_err(|_| "is not base64, or was cut off")?;
    let length = u32::try_from(kind.len()).unwrap_or_default().to_be_bytes();
    let is_whole = bytes
        .strip_prefix(length.as_slice())
        .and_then(|rest| rest.strip_prefix(kind.as_bytes()))
        .is_some_and(|rest| rest.len() >= SHORTEST);
    if is_whole { Ok(format!("{kind} {key}")) } else { Err("the key is of another type, or was cut off") }
}
