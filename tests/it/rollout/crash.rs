//! Killed in the middle: whoever comes next puts things in order, and no request is lost meanwhile.
//!
//! The killed one is this test program, started again as `the_one_that_is_killed`. By default a few points are tried; with
//! `SHIPWAY_TEST_POINTS=all` each of them is, and with numbers (`3,17`) those.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use shipway::release::record::{Release, Rollout};

use super::server::{Load, Server, docker, request};
use super::{CADDYFILE, PAIR, SINGLE, behind_caddy, pair, silently};
use crate::harness::{needs, patience};

/// The folder, the project, and the names of the releases to and from.
const CHILD: &str = "SHIPWAY_TEST_CHILD";

/// Does nothing but where the crash tests start it as a process of its own.
#[test]
fn the_one_that_is_killed() {
    let Ok(words) = std::env::var(CHILD) else { return };
    let [folder, project, to, from] = words.split(' ').collect::<Vec<_>>()[..] else { panic!("{words}") };
    let server = Server::at(folder, project);
    server.converge(Some(&server.written(to)), Some(&server.written(from))).expect("live");
}

fn child(server: &Server, to: &Release, from: &Release) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.args(["--exact", "rollout::crash::the_one_that_is_killed"]);
    let (folder, project) = (server.root().display(), server.project());
    command.env(CHILD, format!("{folder} {project} {} {}", to.name, from.name));
    command
}

/// Whether a command that the killed one had started still works on the project; a deployment's lock is held by those, too.
fn somebody_is_left(project: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let mut lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| {
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains("docker") && line.contains(&format!("--project-name {project} "))
    })
}

fn points(all: u64) -> Vec<u64> {
    match std::env::var("SHIPWAY_TEST_POINTS") {
        Ok(text) if text == "all" => (1..=all).collect(),
        Ok(text) => text.split(',').map(|number| number.parse().expect("a number")).collect(),
        Err(_) => vec![all * 2 / 5, all * 7 / 10],
    }
}

/// Which way the one that is killed goes: the way back is another one (spares).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Forward,
    Back,
}

fn survives(name: &str, compose: &str, caddyfile: &str, rollout: &Rollout, way: Way) {
    let server = Server::new(name).with_caddy();
    let files = [("docker-compose.yaml", compose), ("Caddyfile", caddyfile), ("conf/x", "1")];
    let make = |number, version: &str, live: Option<&Release>| {
        server.build(server.release(number, version, rollout.clone(), &files), live).expect("built")
    };
    let first = make(1, "one", None);
    server.converge(Some(&first), None).expect("live");
    let second = make(2, "two", Some(&first));
    let (live, aim, version) = match way {
        Way::Forward => (&first, &second, "one"),
        Way::Back => (&second, &first, "two"),
    };
    if way == Way::Back {
        server.forget();
        server.converge(Some(&second), Some(&first)).expect("live");
    }
    let address = docker(&["port", &server.container("caddy"), "80"]);
    patience::until_true("Caddy answers", || {
        request(&address, "GET", "/").is_ok_and(|answer| answer.0 == 200)
    });
    let services = &rollout.groups[0].services;
    let number = server.containers().len();

    let count = server.root().join("points");
    let output = child(&server, aim, live).env("SHIPWAY_COUNT_POINTS", &count).output().expect("a child");
    assert!(output.status.success(), "{output:?}");
    let all: u64 = std::fs::read_to_string(count).expect("points").parse().expect("a number");
    server.forget();
    server.converge(Some(live), Some(aim)).expect("back");
    server.forget();
    for point in points(all) {
        server.said();
        let load = Load::start(&address);
        let output = child(&server, aim, live).env("SHIPWAY_KILL_AT", point.to_string()).output();
        let status = output.expect("a child").status;
        // How often a container is looked at until it is healthy is not the same each time: the last points may not be reached.
        assert!(status.success() || status.signal() == Some(9), "point {point} of {all}: {status:?}");
        patience::until_true("what it started is over", || !somebody_is_left(server.project()));
        eprintln!("killed at {point} of {all}: {:?}", server.containers());
        server.converge(Some(live), Some(aim)).expect("put back");
        server.forget();
        if services.len() > 1 {
            load.nothing_lost();
        } else {
            load.nothing_lost_but_by_a_reload();
        }
        for service in services {
            assert_eq!(server.version_of(service), version, "point {point}");
        }
        assert_eq!(server.containers().len(), number, "point {point}");
        assert!(!server.names().iter().any(|name| name.chars().nth(12) == Some('_')), "{:?}", server.names());
    }
}

#[test]
fn a_pair_is_put_back_wherever_the_deployment_dies() {
    needs!("docker", "docker-compose", "caddy", "ldd", "rustc");
    survives("dies", PAIR, CADDYFILE, &pair(), Way::Forward);
}

#[test]
fn a_pair_is_put_back_wherever_its_roll_back_dies() {
    needs!("docker", "docker-compose", "caddy", "ldd", "rustc");
    survives("diesb", PAIR, CADDYFILE, &pair(), Way::Back);
}

#[test]
fn a_single_service_is_put_back_wherever_the_deployment_dies() {
    needs!("docker", "docker-compose", "caddy", "ldd", "rustc");
    let caddyfile = CADDYFILE.replace(" web2:8000", "");
    survives("dies1", SINGLE, &caddyfile, &silently(behind_caddy(&["web"])), Way::Forward);
}
