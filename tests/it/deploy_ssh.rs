//! Deployments over a real sshd on the loopback, and what can go wrong on the way or on the server.

use std::process::{Child, Command, Stdio};

use rustix::process::{Signal, getuid};

use crate::harness::deploy_project::{DeployProject, Settings};
use crate::harness::load::{Kind, Load};
use crate::harness::patience::until_true;
use crate::harness::server::{Server, told};
use crate::harness::space::gate;
use crate::harness::sshd::Sshd;
use crate::harness::{Space, needs};

const SERVE: &str = Server::SERVE;

fn start(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The five commands of `docs/deploy.md`.
fn commands() -> Vec<String> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/deploy.md")).unwrap();
    let lines: Vec<String> =
        page.lines().filter_map(|line| line.strip_prefix("$ shipway ")).map(str::to_owned).collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    lines
}

// F10.
#[test]
fn five_commands_lead_from_nothing_to_a_deployment_without_a_lost_request() {
    needs!("docker engine", "docker-compose", "git", "caddy", "sshd", "ssh", "ssh-keygen");
    let mut project = DeployProject::new(Settings::default());
    let sshd = Sshd::start(&project.space, None);
    project.space = sshd.known_to(std::mem::replace(&mut project.space, Space::new()));
    let server = project.server();
    project.deploys_to(&format!("{}{}", sshd.url(), server.display()), None);
    project.version("1");
    let mut load = None;
    let mut said = String::new();
    for command in commands() {
        // What the page asks for between the commands.
        match command.as_str() {
            "deploy v1" => {
                // `server setup` has written the host key.
                assert!(project.space.read("tasks.toml").contains(&sshd.host_key), "{said}");
                project.version("1");
            }
            "deploy v2" => {
                load = Some(Load::start(project.address, &Kind::POST));
                project.version("2");
            }
            _ => {}
        }
        said = project.space.run(&command).exits(0).all();
        match command.as_str() {
            "deploy v1" | "totag v1" => project.serves("1", 10, &said),
            "deploy v2" => project.serves("2", 10, &said),
            _ => {}
        }
    }
    let report = load.unwrap().stop();
    println!("deploy v2 and totag v1: {report}");
    report.lost_nothing();
    // It may all be given again.
    project.space.run("server setup").exits(0);
    project.space.run("totag v1").exits(0);
}

#[test]
fn a_connection_that_is_cut_in_the_middle_of_a_megabyte_of_output_ends_nothing() {
    needs!("git", "seq", "sshd", "ssh", "ssh-keygen");
    let server = Server::over_ssh(Space::new(), "true", SERVE);
    let (started, go) = (server.home().join("started"), server.home().join("go"));
    // A megabyte goes to the client, and another one when it is gone.
    let loud = format!("seq 160000; {}; seq 160000", gate(&started, &go));
    server.tasks(&loud, SERVE, 5);
    let commit = server.version("2");
    let push = start(server.pusher(&commit, &[]));
    until_true("it works", || started.exists());
    assert!(server.sshd.as_ref().unwrap().cut() > 0);
    let (ok, _) = told(&push.wait_with_output().unwrap());
    assert!(!ok);
    std::fs::write(&go, "").unwrap();
    let follower = server.space.run("attach");
    follower.exits(0);
    assert_eq!((server.served(), server.live_ref()), ("2".to_owned(), commit));
    assert_eq!(server.results(), ["succeeded"]);
    assert!(server.call(&["recover"]).status.success(), "the lock is free");
}

#[test]
fn ctrl_c_on_the_client_lets_go_and_says_how_to_take_hold_again() {
    needs!("git", "sshd", "ssh", "ssh-keygen");
    let server = Server::over_ssh(Space::new(), "true", SERVE);
    let (started, go) = (server.home().join("started"), server.home().join("go"));
    server.tasks(&gate(&started, &go), SERVE, 5);
    let commit = server.version("2");
    let client = server.space.start("deploy --ref HEAD");
    until_true("it works", || started.exists());
    client.signal(Signal::INT);
    let said = client.wait();
    said.says("shipway attach").says("shipway cancel");
    said.exits(130);
    std::fs::write(&go, "").unwrap();
    server.space.run("attach").exits(0);
    assert_eq!(server.live_ref(), commit);
}

#[test]
fn two_and_three_pushes_at_once_over_ssh() {
    needs!("git", "sshd", "ssh", "ssh-keygen");
    let server = Server::over_ssh(Space::new(), "true", SERVE);
    let (started, go) = (server.home().join("started"), server.home().join("go"));
    let wait = format!("test \"$(cat version)\" != 1 || {{ {}; }}", gate(&started, &go));
    server.tasks(&wait, SERVE, 5);
    let commits: Vec<String> = ["1", "2", "3"].iter().map(|version| server.version(version)).collect();
    let first = start(server.pusher(&commits[0], &["by=A"]));
    until_true("the first one works", || started.exists());
    let second = start(server.pusher(&commits[1], &["by=B"]));
    until_true("the second one waits", || server.status()["open"].as_array().map(Vec::len) == Some(2));
    let third = start(server.pusher(&commits[2], &["by=C"]));
    assert!(!second.wait_with_output().unwrap().status.success());
    std::fs::write(&go, "").unwrap();
    assert!(first.wait_with_output().unwrap().status.success());
    assert!(third.wait_with_output().unwrap().status.success());
    assert_eq!(server.results(), ["succeeded", "superseded", "succeeded"]);
    assert_eq!((server.served(), server.live_ref()), ("3".to_owned(), commits[2].clone()));
}

/// A space whose PATH has everything but docker.
fn without_docker() -> Space {
    let mut space = Space::new();
    let bin = space.root.with_file_name("no-docker");
    std::fs::create_dir(&bin).unwrap();
    for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !name.to_string_lossy().starts_with("docker") {
                // The first one of a name is the one that PATH finds.
                std::os::unix::fs::symlink(entry.path(), bin.join(name)).ok();
            }
        }
    }
    space.environment.insert("PATH".into(), bin.into());
    space
}

#[test]
fn a_server_without_docker_takes_what_needs_none_and_says_what_it_lacks_for_the_rest() {
    needs!("git", "sshd", "ssh", "ssh-keygen");
    let server = Server::over_ssh(without_docker(), "! command -v docker", SERVE);
    let one = server.version("1");
    server.deploys(&one);
    assert_eq!(server.served(), "1");
    let tasks =
        server.space.read("tasks.toml").replace("[rollout]", "[rollout]\ncompose = [\"compose.yaml\"]");
    server.space.write("tasks.toml", &tasks);
    server.space.write("compose.yaml", "version: \"2.4\"\nservices:\n  web:\n    image: none\n");
    let said = server.rejects(&server.version("2"));
    assert!(said.contains("`docker` is not installed") && said.contains("hint: install `docker`"), "{said}");
    assert_eq!((server.served(), server.live_ref()), ("1".to_owned(), one));
}

/// A small file system of its own, gone with the value.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(place: &std::path::Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(place).unwrap();
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "shipway-test"]).arg(place);
        mount.status().is_ok_and(|status| status.success()).then(|| Self(place.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(&self.0).status().ok();
    }
}

#[test]
fn a_full_disk_fails_the_push_changes_nothing_and_is_over_when_there_is_room() {
    needs!("git", "sshd", "ssh", "ssh-keygen", "mount", "umount", "head", "truncate");
    let space = Space::new();
    let disk = Disk::mount(&space.root.with_file_name("server"), "24m");
    let Some(_disk) = disk else {
        println!("skipped: only root can mount a small disk (this is user {})", getuid().as_raw());
        return;
    };
    let server = Server::over_ssh(space, "true", SERVE);
    let one = server.version("1");
    server.deploys(&one);
    // Small on its way, and large as a file.
    std::fs::write(server.space.path("large"), vec![b'a'; 8_000_000]).unwrap();
    let two = server.version("2");
    let filler = server.root.join("filler");
    let script = "head -c 100M /dev/zero > \"$0\" 2>/dev/null; truncate -s -3M \"$0\"";
    assert!(Command::new("sh").args(["-c", script]).arg(&filler).status().unwrap().success());
    let said = server.rejects(&two);
    assert!(said.contains("No space left on device") || said.contains("full"), "{said}");
    assert_eq!((server.served(), server.live_ref()), ("1".to_owned(), one));
    std::fs::remove_file(&filler).unwrap();
    server.deploys(&two);
    assert_eq!((server.served(), server.live_ref()), ("2".to_owned(), two));
    assert_eq!(server.releases().len(), 2);
}
