//! The sshd that deployments of tests go through is a real one, and connections to it can be cut.

use std::process::Stdio;

use crate::harness::patience::until_true;
use crate::harness::sshd::Sshd;
use crate::harness::{Space, needs};

#[test]
fn a_loopback_sshd_runs_commands_with_the_environment_of_the_space() {
    needs!("sshd", "ssh", "ssh-keygen", "git");
    let space = Space::new();
    let sshd = Sshd::start(&space, None);
    let space = sshd.known_to(space);
    let output = space.program("ssh").args([&sshd.url(), "echo \"$HOME\"; exit 7"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}\n{}", sshd.log());
    let home = space.root.with_file_name("home");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), home.to_string_lossy());
}

#[test]
fn a_push_goes_over_a_loopback_sshd() {
    needs!("sshd", "ssh", "ssh-keygen", "git");
    let space = Space::new();
    let sshd = Sshd::start(&space, None);
    let space = sshd.known_to(space).file("a", "text");
    let repository = space.root.with_file_name("repo.git");
    let repository = repository.to_string_lossy();
    space.git(&["init", "--quiet", "--bare", &repository]);
    space.git(&["init", "--quiet"]);
    space.git(&["add", "--all"]);
    space.git(&["commit", "--quiet", "--message", "one"]);
    space.git(&["push", "--quiet", &format!("{}{repository}", sshd.url()), "HEAD:refs/heads/main"]);
    let there = space.git(&["-C", &repository, "rev-parse", "main"]);
    assert_eq!(there, space.git(&["rev-parse", "HEAD"]));
}

#[test]
fn another_host_key_is_not_believed() {
    needs!("sshd", "ssh", "ssh-keygen");
    let space = Space::new();
    let (sshd, other) = (Sshd::start(&space, None), Sshd::start(&space, None));
    let space = sshd.known_to(space);
    assert_ne!(sshd.host_key, other.host_key);
    space.write("known", &format!("[127.0.0.1]:{} {}\n", sshd.address.port(), other.host_key));
    let known = format!("UserKnownHostsFile={}", space.path("known").display());
    let mut ssh = space.program("ssh");
    let output = ssh.args(["-o", &known, "-o", "BatchMode=yes", &sshd.url(), "true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(255), "{output:?}");
}

#[test]
fn a_key_can_be_good_for_one_command_only() {
    needs!("sshd", "ssh", "ssh-keygen");
    let space = Space::new();
    let sshd = Sshd::start(&space, Some("printf 'asked for <%s>' \"$SSH_ORIGINAL_COMMAND\""));
    assert!(sshd.client_key().is_file());
    let space = sshd.known_to(space);
    let output = space.program("ssh").args([&sshd.url(), "rm -r x"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "asked for <rm -r x>", "{}", sshd.log());
}

#[test]
fn a_cut_connection_ends_the_client_and_not_what_it_ran() {
    needs!("sshd", "ssh", "ssh-keygen");
    let space = Space::new();
    let sshd = Sshd::start(&space, None);
    let space = sshd.known_to(space);
    let (started, go, done) = (space.path("started"), space.path("go"), space.path("done"));
    let gate = crate::harness::space::gate(&started, &go);
    let script = format!("{gate}; touch '{}'", done.display());
    let mut ssh = space.program("ssh");
    let mut client = ssh.args([&sshd.url(), &script]).stderr(Stdio::null()).spawn().unwrap();
    space.wait_for("started");
    assert!(sshd.cut() > 0, "{}", sshd.log());
    assert_eq!(client.wait().unwrap().code(), Some(255));
    space.write("go", "");
    until_true("the command ends", || done.exists());
    // It takes new ones.
    assert!(space.program("ssh").args([&sshd.url(), "true"]).status().unwrap().success());
}
