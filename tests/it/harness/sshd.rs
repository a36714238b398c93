//! A real sshd on the loopback, for one test: its own port, host key, client key and settings, run by whoever runs the tests.
//!
//! Sessions get the environment of a `Space`, its home included: what runs on "the server" reads nobody's own settings. `cut` is the
//! network that fails: the connections go, and what they ran is told by nothing but its closed pipes.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, getuid, kill_process, kill_process_group};
use tempfile::TempDir;

use super::docker::free_port;
use super::patience::until_true;
use super::processes::{self, Process};
use super::{Space, tools};

/// A running sshd; it and its connections end with the value.
pub(crate) struct Sshd {
    folder: TempDir,
    daemon: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its host key as `ssh-ed25519 AAAA…`, without a comment.
    pub(crate) host_key: String,
}

impl Sshd {
    /// Starts one whose sessions have the environment of `space`. Where there is a `forced` command, each session runs that one, with
    /// what was asked for in `SSH_ORIGINAL_COMMAND`.
    pub(crate) fn start(space: &Space, forced: Option<&str>) -> Self {
        let folder = tempfile::Builder::new().prefix("shipway-sshd-").tempdir().unwrap();
        let place = folder.path();
        // Where root starts it, it wants this folder, which a machine without sshd running may not have.
        if getuid().is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let host_key = make_key(&place.join("host"));
        let client_key = make_key(&place.join("client"));
        let options = forced.map_or(String::new(), |command| {
            format!("command=\"{}\" ", command.replace('\\', "\\\\").replace('"', "\\\""))
        });
        fs::write(place.join("authorized_keys"), format!("{options}{client_key}\n")).unwrap();
        let address = free_port();
        fs::write(place.join("sshd_config"), settings(place, address, space)).unwrap();
        let client = format!(
            "Host *\n  IdentityFile {place}/client\n  IdentitiesOnly yes\n  IdentityAgent none\n  \
             UserKnownHostsFile {place}/known_hosts\n  GlobalKnownHostsFile /dev/null\n",
            place = place.display()
        );
        fs::write(place.join("ssh_config"), client).unwrap();
        let known = format!("[{}]:{} {host_key}\n", address.ip(), address.port());
        fs::write(place.join("known_hosts"), known).unwrap();
        let log = fs::File::create(place.join("log")).unwrap();
        // sshd starts itself again for each connection and so has to be called by its whole path.
        let mut command = Command::new(tools::find("sshd").expect("sshd"));
        command.args(["-D", "-e", "-f"]).arg(place.join("sshd_config")).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut sshd = Self { daemon: command.spawn().unwrap(), folder, address, host_key };
        until_true("sshd listens", || {
            let status = sshd.daemon.try_wait().unwrap();
            assert!(status.is_none(), "sshd ended: {}", sshd.log());
            TcpStream::connect(sshd.address).is_ok()
        });
        sshd
    }

    /// The address as `ssh://user@127.0.0.1:PORT`, to which a path is added.
    pub(crate) fn url(&self) -> String {
        format!("ssh://{}@{}", user(), self.address)
    }

    /// A space whose `ssh`, wherever it is called by name, has the client's key and knows the host key. What a command line says itself
    /// wins over that.
    pub(crate) fn known_to(&self, space: Space) -> Space {
        let ssh = tools::find("ssh").expect("ssh");
        let settings = self.folder.path().join("ssh_config");
        let script = format!("#!/bin/sh\nexec '{}' -F '{}' \"$@\"\n", ssh.display(), settings.display());
        space.tool("ssh", &script)
    }

    /// The private key of the client.
    pub(crate) fn client_key(&self) -> PathBuf {
        self.folder.path().join("client")
    }

    /// Cuts all connections, as a network that fails; how many processes of sshd served them.
    pub(crate) fn cut(&self) -> usize {
        let processes = self.connections();
        for pid in &processes {
            kill_process(*pid, Signal::KILL).ok();
        }
        processes.len()
    }

    /// What it said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The processes of sshd below the daemon, and none of those that sessions started.
    fn connections(&self) -> Vec<Pid> {
        let all = processes::all();
        let mut family = vec![Pid::from_child(&self.daemon)];
        let mut at = 0;
        while let Some(parent) = family.get(at).copied() {
            let is_next = |each: &&Process| each.parent == Some(parent) && each.name.starts_with("sshd");
            family.extend(all.iter().filter(is_next).map(|each| each.pid));
            at += 1;
        }
        family.split_off(1)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let connections = self.connections();
        // The daemon first, or it would take another one.
        kill_process_group(Pid::from_child(&self.daemon), Signal::KILL).ok();
        for pid in connections {
            kill_process(pid, Signal::KILL).ok();
        }
        self.daemon.wait().ok();
    }
}

/// Settings of the daemon. Nothing of the machine's own is read.
fn settings(place: &Path, address: SocketAddr, space: &Space) -> String {
    let place = place.display();
    let mut text = format!(
        "ListenAddress {address}\nHostKey {place}/host\nPidFile {place}/pid\nAuthorizedKeysFile {place}/authorized_keys\n\
         UsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PrintMotd no\nPrintLastLog no\nMaxStartups 100\nMaxSessions 100\nUseDNS no\nAcceptEnv GIT_PROTOCOL\nLogLevel VERBOSE\n"
    );
    let quoted = |word: &OsString| word.to_str().unwrap().replace('\\', "\\\\").replace('"', "\\\"");
    text.push_str("SetEnv");
    for (name, value) in &space.environment {
        text.push_str(&format!(" \"{}={}\"", quoted(name), quoted(value)));
    }
    text.push('\n');
    text
}

/// A key pair without a passphrase: the public key, without a comment.
fn make_key(path: &Path) -> String {
    let mut command = Command::new(tools::find("ssh-keygen").expect("ssh-keygen"));
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(path);
    assert!(command.stdin(Stdio::null()).status().unwrap().success());
    fs::read_to_string(path.with_extension("pub")).unwrap().trim().to_owned()
}

/// The name of whoever runs the tests: only that one can log in where that is not root.
fn user() -> String {
    let id = getuid().as_raw().to_string();
    let users = BufReader::new(fs::File::open("/etc/passwd").unwrap());
    let name = |line: String| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        (fields.nth(1) == Some(id.as_str())).then_some(name)
    };
    users.lines().map_while(Result::ok).find_map(name).expect("a user with a name")
}
