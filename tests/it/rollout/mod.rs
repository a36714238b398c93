//! What moves containers, against a real docker and compose 1.x: an app of two replicas behind Caddy, and one of a single service.
//!
//! Images are made from nothing but a static program and the machine's own Caddy, so no registry is needed.

mod crash;
mod server;

use std::path::Path;
use std::time::Duration;

use shipway::release::record::{Drain, Group, Probe, Release, Rollout};

use crate::harness::{needs, patience};
use server::{Load, Server, docker, request};

const PAIR: &str = r#"version: "3.7"
services:
  caddy:
    image: CADDY
    ports: ["127.0.0.1::80"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
  keeper:
    build: ./keeper
    volumes: ["./conf:/conf:ro"]
  migrate:
    build: ./keeper
    profiles: [tools]
  web: &web
    build: .
    stop_grace_period: 2s
  web2: *web
"#;

const CADDYFILE: &str = ":80 {
  reverse_proxy web:8000 web2:8000 {
    health_uri /healthz
    health_interval 300ms
    health_timeout 2s
  }
}
";

fn pair() -> Rollout {
    behind_caddy(&["web", "web2"])
}

fn behind_caddy(services: &[&str]) -> Rollout {
    Rollout {
        caddy: Some("caddy".to_owned()),
        has_after: false,
        keep_releases: 5,
        groups: vec![Group {
            name: "web".to_owned(),
            services: services.iter().map(|&name| name.to_owned()).collect(),
            probe: Probe::Http { path: "/healthz".to_owned(), port: 8000 },
            healthy_within: Duration::from_secs(30),
            successes: 2,
            drain: Some(Drain::Signal("USR1".to_owned())),
            drain_within: Duration::from_secs(20),
        }],
    }
}

#[test]
fn a_pair_behind_caddy_is_replaced_put_back_and_rolled_back_without_a_lost_request() {
    needs!("docker", "docker-compose", "caddy", "ldd", "rustc");
    let server = Server::new("pair").with_caddy();
    let files = [("docker-compose.yaml", PAIR), ("Caddyfile", CADDYFILE), ("conf/x", "1")];
    let make = |number, version: &str, live: Option<&Release>| {
        server.build(server.release(number, version, pair(), &files), live).expect("built")
    };

    let first = make(1, "one", None);
    server.converge(Some(&first), None).expect("live");
    assert_eq!([server.version_of("web"), server.version_of("web2")], ["one", "one"]);
    let (caddy, keeper) = (server.container("caddy"), server.container("keeper"));
    let address = docker(&["port", &caddy, "80"]);
    patience::until_true("Caddy answers", || {
        request(&address, "GET", "/").is_ok_and(|answer| answer.0 == 200)
    });
    server.said();

    // The second release is another one only for those that are rolled.
    let load = Load::start(&address);
    let second = make(2, "two", Some(&first));
    server.converge(Some(&second), Some(&first)).expect("live");
    assert!(load.nothing_lost() > 50);
    assert_eq!([server.version_of("web"), server.version_of("web2")], ["two", "two"]);
    assert_eq!(server.container("caddy"), caddy);
    assert_eq!(server.container("keeper"), keeper, "its image and its files are as they were");
    assert_eq!(server.containers().len(), 4);
    let images = |release: &Release| release.compose.clone().expect("containers").images;
    assert_eq!(images(&second)["keeper"], images(&first)["keeper"]);
    assert_ne!(images(&second)["web"].reference, images(&first)["web"].reference);
    let said = server.said();
    for part in [
        "web: told to leave",
        "web: idle after ",
        "web2: idle after ",
        ", 0 requests cut",
        "web2: healthy after ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }

    // F18, F19. One that does not become healthy: the second replica is never touched, and the first is put back.
    let web2 = server.container("web2");
    let load = Load::start(&address);
    let mut broken = server.release(3, "broken", pair(), &files);
    for group in &mut broken.rollout.groups {
        group.healthy_within = Duration::from_secs(2);
    }
    let broken = server.build(broken, Some(&second)).expect("built");
    let fault = server.converge(Some(&broken), Some(&second)).expect_err("it is not healthy");
    assert!(
        fault.message.starts_with("the new container of `web` is not healthy after 2s: GET /healthz"),
        "{fault:?}"
    );
    assert!(fault.details.contains(&"this is broken".to_owned()), "{fault:?}");
    server.converge(Some(&second), Some(&broken)).expect("put back");
    load.nothing_lost();
    assert_eq!([server.version_of("web"), server.version_of("web2")], ["two", "two"]);
    assert_eq!(server.container("web2"), web2);

    // One that ends at once fails at once. It has other files for the service that is not rolled, too, which come and go with it.
    let files = [("docker-compose.yaml", PAIR), ("Caddyfile", CADDYFILE), ("conf/x", "2")];
    let crash = server.build(server.release(4, "crash", pair(), &files), Some(&second)).expect("built");
    let fault = server.converge(Some(&crash), Some(&second)).expect_err("it ends");
    assert_eq!(fault.message, "the new container of `web` ended with status 3");
    let seen = |server: &Server| std::fs::read_to_string(Path::new(&server.mounted("keeper")).join("x"));
    assert_eq!(seen(&server).expect("a file"), "2");
    server.converge(Some(&second), Some(&crash)).expect("put back");
    std::fs::remove_dir_all(server.layout.release(&first.name).join("src/conf")).expect("removed");
    assert_eq!(seen(&server).expect("a file"), "1", "it does not depend on any release's folder");

    // Nothing is left to do: nothing is done.
    let before = server.containers();
    server.converge(Some(&second), Some(&second)).expect("live");
    assert_eq!(server.containers(), before);

    // Back to the first, by what is kept of it.
    let load = Load::start(&address);
    server.said();
    server.converge(Some(&first), Some(&second)).expect("live");
    load.nothing_lost();
    assert_eq!([server.version_of("web"), server.version_of("web2")], ["one", "one"]);
    // compose is not waited for: it makes each while the old one leaves, whose name the new one has then.
    let said = server.said();
    assert!(said.contains("--scale web=2 web") && said.contains("--scale web2=2 web2"), "{said}");
    assert!(!said.contains(" up --detach "), "{said}");
    let names = server.names();
    assert!(names.iter().all(|name| name.ends_with("_1")), "{names:?}");
    assert_eq!(server.container("caddy"), caddy);

    server.converge(None, Some(&first)).expect("gone");
    let left: Vec<String> = server.containers();
    assert!(left.iter().all(|line| !line.starts_with("web")), "{left:?}");
    assert!(!server.layout.current().exists());
}

/// Without a way to be told to leave, and without a service that is not rolled.
fn silently(mut rollout: Rollout) -> Rollout {
    for group in &mut rollout.groups {
        group.drain = None;
    }
    rollout
}

const SINGLE: &str = r#"version: "3.7"
services:
  caddy:
    image: CADDY
    ports: ["127.0.0.1::80"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
  web:
    build: .
    stop_grace_period: 2s
    networks: { default: { aliases: [app] } }
"#;

const SINGLE_CADDYFILE: &str = ":80 {
  reverse_proxy app:8000 {
    health_uri /healthz
    health_interval 300ms
  }
}
";

#[test]
fn a_single_service_starts_first_and_a_new_caddyfile_is_loaded_without_a_new_caddy() {
    needs!("docker", "docker-compose", "caddy", "ldd", "rustc");
    let server = Server::new("single").with_caddy();
    let make = |number, version: &str, caddyfile: &str, live: Option<&Release>| {
        let files = [("docker-compose.yaml", SINGLE), ("Caddyfile", caddyfile)];
        let rollout = silently(behind_caddy(&["web"]));
        server.build(server.release(number, version, rollout, &files), live).expect("built")
    };
    let caddyfile = SINGLE_CADDYFILE.replace("app:8000", "web:8000");
    let first = make(1, "one", &caddyfile, None);
    server.converge(Some(&first), None).expect("live");
    let caddy = server.container("caddy");
    let address = docker(&["port", &caddy, "80"]);
    patience::until_true("Caddy answers", || {
        request(&address, "GET", "/").is_ok_and(|answer| answer.0 == 200)
    });
    server.said();

    let load = Load::start(&address);
    // Their connections look as if nothing were owed; Caddy knows better.
    let streams = Load::of_streams(&address);
    let second = make(2, "two", &caddyfile, Some(&first));
    server.converge(Some(&second), Some(&first)).expect("live");
    streams.nothing_lost_but_by_a_reload();
    assert!(load.nothing_lost_but_by_a_reload() > 30);
    assert_eq!(server.version_of("web"), "two");
    let said = server.said();
    assert!(said.contains("web: Caddy sends its requests to ") && said.contains("_web_2"), "{said}");
    assert!(!said.contains("told to leave"), "{said}");

    // The third is broken: the second never stopped serving.
    let web = server.container("web");
    let load = Load::start(&address);
    let crash = make(3, "crash", &caddyfile, Some(&second));
    let fault = server.converge(Some(&crash), Some(&second)).expect_err("it ends");
    assert_eq!(fault.message, "the new container of `web` ended with status 3");
    server.converge(Some(&second), Some(&crash)).expect("put back");
    load.nothing_lost_but_by_a_reload();
    assert_eq!(server.container("web"), web);

    // The fourth has another Caddyfile, which names the app by its other name.
    let load = Load::start(&address);
    let caddyfile = format!("{SINGLE_CADDYFILE}:81 {{\n  respond here\n}}\n");
    let fourth = make(4, "four", &caddyfile, Some(&second));
    server.converge(Some(&fourth), Some(&second)).expect("live");
    load.nothing_lost_but_by_a_reload();
    assert_eq!(server.container("caddy"), caddy);
    assert!(server.said().contains("Caddy has its new Caddyfile"));
    assert_eq!(request(&address, "GET", "/").expect("an answer").1, "four");
    assert_eq!(server.containers().len(), 2);

    // One that Caddy would not take is refused before anything changes.
    let files = [("docker-compose.yaml", SINGLE), ("Caddyfile", ":80 {\n  respondd x\n}\n")];
    let wrong = server.release(6, "six", silently(behind_caddy(&["web"])), &files);
    let fault = server.build(wrong, Some(&fourth)).expect_err("no Caddyfile");
    assert_eq!(fault.message, "Caddy does not take Caddyfile");
    assert!(fault.details[0].contains("unrecognized directive: respondd"), "{fault:?}");

    // Caddy knows it by that other name now.
    let load = Load::start(&address);
    let fifth = make(5, "five", &caddyfile, Some(&fourth));
    server.converge(Some(&fifth), Some(&fourth)).expect("live");
    load.nothing_lost_but_by_a_reload();
    assert_eq!(request(&address, "GET", "/").expect("an answer").1, "five");
}

#[test]
fn a_pair_that_can_not_be_told_to_leave_is_taken_out_of_caddy_and_put_back() {
    needs!("docker", "docker-compose", "caddy", "ldd", "rustc");
    let server = Server::new("quiet").with_caddy();
    let files = [("docker-compose.yaml", PAIR), ("Caddyfile", CADDYFILE), ("conf/x", "1")];
    let make = |number, version: &str, live: Option<&Release>| {
        server.build(server.release(number, version, silently(pair()), &files), live).expect("built")
    };
    let first = make(1, "one", None);
    server.converge(Some(&first), None).expect("live");
    let address = docker(&["port", &server.container("caddy"), "80"]);
    patience::until_true("Caddy answers", || {
        request(&address, "GET", "/").is_ok_and(|answer| answer.0 == 200)
    });
    server.said();

    let load = Load::start(&address);
    let second = make(2, "two", Some(&first));
    server.converge(Some(&second), Some(&first)).expect("live");
    load.nothing_lost_but_by_a_reload();
    let said = server.said();
    for service in ["web", "web2"] {
        assert!(said.contains(&format!("{service}: Caddy sends it nothing more")), "{said}");
        assert!(said.contains(&format!("{service}: Caddy sends it requests again")), "{said}");
    }
    assert!(!server.layout.home.join("proxy.json").exists());
}
