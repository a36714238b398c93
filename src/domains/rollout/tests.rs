//! The parts as a dry run tells them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::release::record::{Compose, Flavour, Group, Image, Probe, RECORD_VERSION, Rollout};

fn release(number: u64, services: &[&str], caddyfile: &str) -> Release {
    let image = |service: &&str| {
        let reference = format!("shop-prod/{service}:{number}");
        ((*service).to_owned(), Image { reference, id: format!("sha256:{number}"), built: true })
    };
    let group = |name: &str, services: &[&str]| Group {
        name: name.to_owned(),
        services: services.iter().map(|&name| name.to_owned()).collect(),
        probe: Probe::Tcp { port: 8000 },
        healthy_within: Duration::from_secs(60),
        successes: 2,
        drain: None,
        drain_within: Duration::from_secs(30),
    };
    Release {
        version: RECORD_VERSION,
        number,
        name: format!("{number}-v{number}-c0ffee"),
        project: "shop".to_owned(),
        environment: "prod".to_owned(),
        commit: "c0ffee".repeat(7),
        tag: None,
        rollout: Rollout {
            caddy: Some("caddy".to_owned()),
            has_after: false,
            keep_releases: 5,
            groups: vec![group("web", &["web", "web2"]), group("api", &["api"])],
        },
        compose: Some(Compose {
            flavour: Flavour::V1,
            project: "shop-prod".to_owned(),
            files: vec!["deploy/c.yaml".into()],
            images: services.iter().map(image).collect(),
            mounts: BTreeMap::from([("caddy".to_owned(), caddyfile.to_owned())]),
            fingerprints: BTreeMap::new(),
            on_demand: vec!["migrate".to_owned()],
            settings: BTreeMap::new(),
            stamp: String::new(),
        }),
    }
}

fn told(part: Part) -> Vec<String> {
    let request = Request { layout: Layout::at("/srv/shop/prod".as_ref()), part };
    let nodes = nodes(&request);
    for (at, node) in nodes.iter().enumerate() {
        let before: Vec<Need> =
            nodes[..at].last().map(|node| Need::Step(node.name.clone())).into_iter().collect();
        assert_eq!(node.needs, before, "one after another");
    }
    nodes
        .iter()
        .flat_map(|node| node.action.describe().into_iter().map(|line| format!("{}: {line}", node.name)))
        .collect()
}

const CALL: &str = "docker-compose --project-name shop-prod --project-directory /srv/shop/prod/current/src/deploy \
     --file /srv/shop/prod/current/src/deploy/c.yaml --file /srv/shop/prod/current/override.yml";

#[test]
fn a_dry_run_tells_what_is_done_in_order() {
    let old = release(1, &["api", "caddy", "db", "web", "web2", "worker"], "a");
    let new = release(2, &["api", "caddy", "db", "migrate", "web", "web2"], "b");
    let part = Part::Converge { to: Some(Box::new(new)), from: Some(Box::new(old)) };
    let replaced = "where it is not as the release wants it: take it out of traffic, let it finish, stop and remove \
                    it, make it anew, wait until it is healthy";
    let doubled = "where it is not as the release wants it: start a second container, wait until it is healthy, move \
                   traffic, let the old one finish, stop and remove it";
    assert_eq!(
        told(part),
        [
            "rollout:files: /srv/shop/prod/current → releases/2-v2-c0ffee".to_owned(),
            format!("rollout:services: {CALL} up --detach --no-deps --no-build db"),
            format!("rollout:group:web: web, {replaced}"),
            format!("rollout:group:web: web2, {replaced}"),
            format!("rollout:group:api: api, {doubled}"),
            format!("rollout:proxy: {CALL} up --detach --no-deps --no-build caddy"),
            "rollout:proxy: Caddy loads its new Caddyfile".to_owned(),
            "rollout:leftovers: stop and remove the containers of worker".to_owned(),
        ]
    );
}

#[test]
fn a_first_deployment_that_failed_is_taken_away() {
    let from = Some(Box::new(release(1, &["web", "web2", "api", "db"], "a")));
    assert_eq!(
        told(Part::Converge { to: None, from }),
        [
            "rollout:remove: stop and remove the containers of web",
            "rollout:remove: stop and remove the containers of web2",
            "rollout:remove: stop and remove the containers of api",
            "rollout:remove: remove /srv/shop/prod/current",
        ]
    );
}

#[test]
fn a_release_without_containers_is_only_its_files() {
    let bare = Release { compose: None, ..release(2, &[], "a") };
    let settings = Settings {
        protocol: crate::release::protocol::PROTOCOL,
        environment: "prod".to_owned(),
        git: "2.47".to_owned(),
        docker: None,
        compose: None,
    };
    let draft = Box::new(bare.clone());
    assert_eq!(
        told(Part::Build { draft, live: None, settings: Box::new(settings) }),
        ["rollout:release: write /srv/shop/prod/releases/2-v2-c0ffee/release.json"]
    );
    assert_eq!(
        told(Part::Converge { to: Some(Box::new(bare)), from: None }),
        ["rollout:files: /srv/shop/prod/current → releases/2-v2-c0ffee"]
    );
}
