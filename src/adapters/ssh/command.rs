//! ssh's command lines: our own, and the one that git is to use.

use std::path::Path;

use super::Host;
use crate::masking::Secret;
use crate::os::command::{CommandSpec, EnvironmentValue};
use crate::text::quote;

/// The name under which the pinned key stands in its file, whatever the host is called: an address that changes keeps its key.
pub const KEY_ALIAS: &str = "shipway";

/// A machine that does not answer for so long is not there.
const CONNECT_SECONDS: u32 = 10;

/// The agent forgets a key after so long: enough to look at a host key and type `yes`.
const KEY_SECONDS: u32 = 300;

/// The variable in which the key goes to the script below, which takes it out of the environment before ssh starts.
const KEY_VARIABLE: &str = "SHIPWAY_SSH_KEY";

/// Gives the key to the agent, then becomes ssh. `printf` is a part of the shell: no command line has the key.
const WITH_KEY: &str =
    "printf '%s\\n' \"$SHIPWAY_SSH_KEY\" | ssh-add -q - || exit 255\nunset SHIPWAY_SSH_KEY\nexec \"$@\"";

/// How ssh is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh<'a> {
    /// The machine.
    pub host: &'a Host,
    /// The file with the only key that is believed; `None`: ssh's own known hosts decide.
    pub known_hosts: Option<&'a Path>,
}

impl Ssh<'_> {
    /// Runs `line`, which the login shell of the server reads, from `folder`. Nothing is asked on a terminal.
    pub fn run(&self, folder: &Path, line: &str) -> CommandSpec {
        let spec = CommandSpec::new("ssh", folder).args(self.options()).args(self.place());
        spec.args(["--", &self.host.name, line])
    }

    /// A login of a person, who is asked what ssh has to ask; `flags` are further options, `command` what the login shell there runs. `key` is
    /// given to an agent that ssh alone can ask: through the environment and a pipe, never on a command line or a disk. The agent ends with
    /// ssh (`ssh-agent(1)`: with the command that it is given).
    pub fn login(
        &self,
        folder: &Path,
        (flags, command): (&[String], &[String]),
        key: Option<&Secret>,
    ) -> CommandSpec {
        let mut words: Vec<String> = self.connection();
        if key.is_some() {
            // Neither another agent nor other keys of the user's configuration come first.
            words.extend(["-oIdentityAgent=SSH_AUTH_SOCK", "-oIdentitiesOnly=no"].map(str::to_owned));
        }
        words.extend(self.place());
        words.extend(flags.iter().cloned());
        words.extend(["--".to_owned(), self.host.name.clone()]);
        words.extend(command.iter().cloned());
        let ssh = CommandSpec::new("ssh", folder).args(words.clone());
        let Some(key) = key else { return ssh };
        let shown = ssh.to_string();
        let seconds = KEY_SECONDS.to_string();
        let mut agent = CommandSpec::new("ssh-agent", folder)
            .args(["-t", &seconds, "sh", "-c", WITH_KEY, "shipway-ssh", "ssh"])
            .args(words);
        agent.env.insert(KEY_VARIABLE.to_owned(), EnvironmentValue::Secret(key.clone()));
        agent.shown_as(shown)
    }

    /// The value of `GIT_SSH_COMMAND`; git adds port, user, host and its command.
    pub fn for_git(&self) -> String {
        let words: Vec<String> =
            self.options().iter().map(|option| quote::shell(option).into_owned()).collect();
        format!("ssh {}", words.join(" "))
    }

    /// The machine, but for its name.
    fn place(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(port) = self.host.port {
            words.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(user) = &self.host.user {
            words.extend(["-l".to_owned(), user.clone()]);
        }
        words
    }

    fn options(&self) -> Vec<String> {
        let mut options = vec!["-T".to_owned(), "-oBatchMode=yes".to_owned()];
        options.extend(self.connection());
        options
    }

    /// A connection that is dead is noticed after a minute; until then the server may be quiet for as long as it likes.
    fn connection(&self) -> Vec<String> {
        let mut options = vec![
            format!("-oConnectTimeout={CONNECT_SECONDS}"),
            "-oServerAliveInterval=15".to_owned(),
            "-oServerAliveCountMax=4".to_owned(),
        ];
        if let Some(file) = self.known_hosts {
            // A connection that somebody else opened was not held against our key.
            let fixed =
                ["ControlPath=none", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "VerifyHostKeyDNS=no"];
            options.extend(fixed.map(|option| format!("-o{option}")));
            options.push(format!("-oHostKeyAlias={KEY_ALIAS}"));
            options.push(format!("-oUserKnownHostsFile={}", in_options(&file.to_string_lossy())));
            options.push("-oGlobalKnownHostsFile=/dev/null".to_owned());
        }
        options
    }
}

/// A path as ssh's own reader of options gives it back: it splits at blanks and replaces `%` (`ssh_config(5)`, TOKENS).
fn in_options(path: &str) -> String {
    let escaped = path.replace('%', "%%");
    if escaped.contains([' ', '\t', '"', '\\', '\'']) {
        format!("\"{}\"", escaped.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        escaped
    }
}

/// What ssh's configuration makes of a host: read by `host_key::real_host`.
pub fn configuration(folder: &Path, host: &Host) -> CommandSpec {
    let mut spec = CommandSpec::new("ssh", folder).args(["-G", "-T"]);
    if let Some(port) = host.port {
        spec = spec.args(["-p".to_owned(), port.to_string()]);
    }
    spec.args(["--", &host.name])
}

/// The keys of a host in a known-hosts file; read by `host_key::best`. Fails where there is none.
pub fn known_keys(folder: &Path, known_as: &str, file: &str) -> CommandSpec {
    CommandSpec::new("ssh-keygen", folder).args(["-F", known_as, "-f", file])
}

/// The keys that a host shows; read by `host_key::best`.
pub fn scan_keys(folder: &Path, host: &str, port: u16) -> CommandSpec {
    let port = port.to_string();
    CommandSpec::new("ssh-keyscan", folder).args([
        "-T",
        "10",
        "-p",
        &port,
        "-t",
        "ed25519,ecdsa,rsa",
        "--",
        host,
    ])
}

/// The fingerprint of the key on standard input.
pub fn fingerprint(folder: &Path) -> CommandSpec {
    CommandSpec::new("ssh-keygen", folder).args(["-l", "-f", "-"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        Host { user: Some("deploy".into()), name: "example.com".into(), port: Some(2222) }
    }

    #[test]
    fn the_command_is_one_word_after_the_host() {
        let host = host();
        let ssh = Ssh { host: &host, known_hosts: None };
        assert_eq!(
            ssh.run(Path::new("/"), "/srv/app/bin/shipway 'a b'").to_string(),
            "ssh -T -oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=15 -oServerAliveCountMax=4 -p 2222 \
             -l deploy -- example.com '/srv/app/bin/shipway '\\''a b'\\'''"
        );
    }

    #[test]
    fn a_key_goes_to_an_agent_and_on_no_command_line() {
        let host = host();
        let ssh = Ssh { host: &host, known_hosts: None };
        let flags = ["-v".to_owned()];
        let command = ["uptime".to_owned()];
        let options = "-oConnectTimeout=10 -oServerAliveInterval=15 -oServerAliveCountMax=4";
        assert_eq!(
            ssh.login(Path::new("/"), (&flags, &command), None).to_string(),
            format!("ssh {options} -p 2222 -l deploy -v -- example.com uptime")
        );
        let with = ssh.login(Path::new("/"), (&[], &[]), Some(&Secret::new("the key")));
        assert!(!format!("{:?} {with}", with.args).contains("the key"), "{:?}", with.args);
        assert_eq!(with.tool, "ssh-agent");
        let shown = with.to_string();
        assert!(shown.ends_with("-oIdentitiesOnly=no -p 2222 -l deploy -- example.com"), "{shown}");
    }

    #[test]
    fn with_a_pinned_key_no_other_file_and_no_other_connection_counts() {
        let host = host();
        let ssh = Ssh { host: &host, known_hosts: Some(Path::new("/tmp/a b/100%")) };
        let line = ssh.for_git();
        assert!(line.starts_with("ssh -T -oBatchMode=yes "), "{line}");
        for part in [
            " -oControlPath=none ",
            " -oStrictHostKeyChecking=yes ",
            " -oHostKeyAlias=shipway ",
            " '-oUserKnownHostsFile=\"/tmp/a b/100%%\"' ",
            " -oGlobalKnownHostsFile=/dev/null",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert!(!Ssh { host: &host, known_hosts: None }.for_git().contains("KnownHosts"));
    }
}
