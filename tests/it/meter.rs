//! The kit that deployments are measured with measures: a load that loses nothing where nothing happens, and what it must see where
//! requests are lost; an application that behaves as it is told; and a real sshd.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt as _;

use rustix::net::SendFlags;

use crate::harness::deploy_project::{Defect, DeployProject, OnTerm, Settings};
use crate::harness::docker::{docker, docker_says, free_port};
use crate::harness::load::{Kind, Load, Report, get};
use crate::harness::needs;
use crate::harness::patience::until_true;
use crate::harness::seed::SeedServer;
use crate::harness::series::Series;

#[test]
fn the_seeds_own_flow_loses_requests() {
    needs!("docker engine", "docker-compose", "git", "caddy", "curl");
    let settings = Settings { on_term: OnTerm::Die, stop_grace: None, ..Settings::default() };
    let project = DeployProject::new(settings);
    let server = SeedServer::new(&project);
    project.serves("1", 10, &server.deploy());

    let quiet = Load::start(project.address, &Kind::POST);
    quiet.goes_on_for(600);
    let quiet = quiet.stop();
    println!("nothing is deployed: {quiet}");
    quiet.lost_nothing();

    let series = Series::run(&project, &Kind::POST, 1, || server.deploy());
    println!("deployments: {series}");
    let report = series.report;
    assert!(report.lost > 0, "the meter sees nothing: {report}");
    assert_eq!(report.versions.keys().collect::<Vec<_>>(), ["1", "2"], "{report}");
}

#[test]
fn replicas_that_leave_before_they_end_lose_nothing() {
    needs!("docker engine", "docker-compose", "git", "caddy");
    let project = DeployProject::new(Settings { on_term: OnTerm::Die, ..Settings::default() });
    project.compose_up();
    project.serves("1", 10, "");
    project.version("2");
    project.compose(&["build"]);
    let load = Load::start(project.address, &Kind::POST);
    load.goes_on_for(100);
    for service in ["web", "web2"] {
        let old = project.replica(service);
        docker(&["kill", "--signal", "USR1", &old.id]);
        until_true("caddy sends it nothing more", || {
            let before = project.number(&old, "/served");
            load.goes_on_for(60);
            project.number(&old, "/served") == before
        });
        until_true("it has finished", || project.number(&old, "/busy") == Some(0));
        project.compose(&["up", "-d", "--no-deps", service]);
        let new = project.replica(service);
        until_true("caddy sends it something", || project.number(&new, "/served") >= Some(5));
    }
    load.goes_on_for(100);
    let report = load.stop();
    println!("{report}");
    report.lost_nothing();
    assert_eq!(report.versions.keys().collect::<Vec<_>>(), ["1", "2"], "{report}");
}

/// What a scripted server does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Answer,
    AnswerAndClose,
    Close,
    AnswerHalf,
    Refuse,
}

/// A server that does `script` with the requests of each connection, and the last of it with all further ones.
fn scripted(script: &'static [Act]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut turn = 0;
                let mut buffer = [0; 4096];
                while let Ok(1..) = stream.read(&mut buffer) {
                    let act = script[turn.min(script.len() - 1)];
                    turn += 1;
                    let answer = match act {
                        Act::Answer | Act::AnswerAndClose => {
                            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1\n"
                        }
                        Act::AnswerHalf => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1",
                        Act::Refuse => "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
                        Act::Close => "",
                    };
                    // Who closes does so in the segment of the answer's end: there is no moment between the two.
                    if act == Act::AnswerAndClose {
                        rustix::net::send(&stream, answer.as_bytes(), SendFlags::MORE).ok();
                    } else {
                        stream.write_all(answer.as_bytes()).ok();
                    }
                    if matches!(act, Act::AnswerAndClose | Act::AnswerHalf | Act::Close) {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn measured(script: &'static [Act]) -> Report {
    let load = Load::start(scripted(script), &Kind { connections: 2, ..Kind::GET });
    load.goes_on_for(40);
    load.stop()
}

#[test]
fn only_what_a_client_can_not_help_is_lost() {
    measured(&[Act::Answer]).lost_nothing();
    // The end of the connection is there before it is used again.
    measured(&[Act::AnswerAndClose]).lost_nothing();
    let raced = measured(&[Act::Answer, Act::Close]);
    assert!(raced.lost > 5 && raced.raced == raced.lost, "{raced}");
    // A new connection is no race.
    for script in [&[Act::Close], &[Act::AnswerHalf], &[Act::Refuse]] {
        let report = measured(script);
        assert_eq!((report.lost, report.raced), (report.sent, 0), "{report}");
        assert_eq!(report.failures.len() as u64, report.lost);
    }
    let load = Load::start(free_port(), &Kind::SLOW_POST);
    load.goes_on_for(10);
    let refused = load.stop();
    assert_eq!(refused.lost, refused.sent, "{refused}");
}

/// An image of what is committed, and containers of it, past compose.
struct Lone<'a> {
    project: &'a DeployProject,
    image: String,
}

impl<'a> Lone<'a> {
    fn build(project: &'a DeployProject) -> Self {
        let image = format!("{}-lone", project.name());
        docker(&["build", "--quiet", "--tag", &image, &project.space.root.to_string_lossy()]);
        Self { project, image }
    }

    /// Starts one: its name, and where it listens.
    fn start(&self, name: &str, on_term: &str) -> (String, SocketAddr) {
        let name = format!("{}-{name}", self.project.name());
        let (address, on_term) = (free_port(), format!("ON_TERM={on_term}"));
        let publish = format!("{address}:8000");
        docker(&["run", "--detach", "--name", &name, "--publish", &publish, "--env", &on_term, &self.image]);
        (name, address)
    }
}

fn is_over(name: &str) -> bool {
    docker_says(&["inspect", "--format", "{{.State.Running}}", name]).trim() == "false"
}

#[test]
fn the_application_leaves_and_ends_as_it_is_told() {
    needs!("docker engine", "docker-compose", "git", "caddy");
    let project = DeployProject::new(Settings::default());
    let lone = Lone::build(&project);
    for (on_term, grace, answer, status) in [
        ("graceful", "10", Some("1\n"), "0"),
        ("die", "10", None, "143"),
        ("ignore", "3", Some("1\n"), "137"),
    ] {
        let (name, address) = lone.start(on_term, on_term);
        until_true("it is healthy", || get(address, "/healthz").is_some());
        docker(&["kill", "--signal", "USR1", &name]);
        until_true("it says that it leaves", || get(address, "/healthz").is_none());
        let slow = std::thread::spawn(move || get(address, "/?ms=1500"));
        until_true("it works", || get(address, "/busy").as_deref() == Some("1\n"));
        docker(&["stop", "--time", grace, &name]);
        assert_eq!(slow.join().unwrap().as_deref(), answer, "{on_term}");
        let code = docker(&["inspect", "--format", "{{.State.ExitCode}}", &name]);
        assert_eq!(code.trim(), status, "{on_term}");
    }
}

#[test]
fn a_version_has_the_defect_that_it_is_said_to_have() {
    needs!("docker engine", "docker-compose", "git", "caddy");
    let project = DeployProject::new(Settings::default());
    let name = project.name();
    let root = project.space.root.to_string_lossy();

    project.faulty("2", Defect::Unhealthy);
    let (_, address) = Lone::build(&project).start("unhealthy", "die");
    until_true("it serves", || get(address, "/").as_deref() == Some("2\n"));
    assert_eq!(get(address, "/healthz"), None);

    project.faulty("3", Defect::CrashesAtBoot);
    let (crashed, _) = Lone::build(&project).start("crash", "die");
    until_true("it is over", || is_over(&crashed));

    project.faulty("4", Defect::DoesNotBuild);
    let image = format!("{name}-unbuilt");
    let said = docker_says(&["build", "--tag", &image, &root]);
    assert!(said.contains("COPY failed") || said.contains("not found"), "{said}");
    assert!(!project.docker.images().contains(&format!("{image}:latest")));

    project.faulty("5", Defect::FailsToMigrate);
    let migrate = |lone: &Lone<'_>| docker_says(&["run", "--rm", &lone.image, "migrate"]);
    let said = migrate(&Lone::build(&project));
    assert!(said.contains("already exists") && !said.contains("migrated"), "{said}");
    // A good version has nothing of it left.
    project.version("6");
    let said = migrate(&Lone::build(&project));
    assert!(said.contains("migrated to version 6"), "{said}");
}

#[test]
fn what_a_test_has_in_docker_is_gone_with_it() {
    needs!("docker engine", "docker-compose", "git", "caddy");
    let project = DeployProject::new(Settings { on_term: OnTerm::Ignore, ..Settings::default() });
    project.compose_up();
    project.serves("1", 5, "");
    project.version("2");
    project.compose_up();
    project.serves("2", 5, "");
    assert_eq!(project.replicas().len(), 2, "{}", project.logs());
    let name = project.name().to_owned();
    // As a deployment that goes on when whoever asked for it is gone.
    let mut left = project.space.program("sleep").arg("600").spawn().unwrap();
    drop(project);
    assert_eq!(left.wait().unwrap().signal(), Some(9));
    for args in [
        ["ps", "--all", "--no-trunc", "--format={{.Names}}"],
        ["network", "ls", "--no-trunc", "--format={{.Name}}"],
        ["volume", "ls", "--quiet", "--format={{.Name}}"],
        ["image", "ls", "--no-trunc", "--format={{.Repository}}"],
    ] {
        let left = docker(&args);
        assert!(!left.contains(&name), "{args:?}: {left}");
    }
    let label = format!("label=shipway.it={name}");
    assert_eq!(docker(&["image", "ls", "--all", "--quiet", "--filter", &label]), "");
}
