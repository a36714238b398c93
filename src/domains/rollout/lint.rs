//! What is wrong, or should be looked at, with compose files that are to be rolled. Pure.

use super::mounts::inside;
use crate::adapters::compose::config::{Config, Service};
use crate::os::files::FileKind;
use crate::release::record::{Group, Probe, Rollout};
use crate::text::suggest::nearest;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// It can't be rolled so.
    pub(super) errors: Vec<String>,
    /// It can, but somebody should know.
    pub(super) warnings: Vec<String>,
}

/// What a path is.
type KindOf<'a> = &'a dyn Fn(&str) -> FileKind;

/// Looks at the files; `source` is the release's folder of files, absolute.
pub(super) fn lint(config: &Config, rollout: &Rollout, source: &str, kind_of: KindOf<'_>) -> Findings {
    let mut findings = Findings::default();
    for group in &rollout.groups {
        for name in &group.services {
            match config.services.get(name) {
                None => findings.errors.push(unknown(config, name, &format!("`rollout.{}`", group.name))),
                Some(service) => rolled(name, service, group, &mut findings),
            }
        }
    }
    if let Some(caddy) = &rollout.caddy
        && !config.services.contains_key(caddy)
    {
        findings.errors.push(unknown(config, caddy, "`rollout.proxy`"));
    }
    for (name, service) in &config.services {
        if rollout.caddy.as_ref() != Some(name) {
            ports(name, service, &mut findings);
        }
        mounts(name, service, (source, kind_of), &mut findings);
    }
    findings
}

fn unknown(config: &Config, name: &str, place: &str) -> String {
    let near = nearest(name, config.services.keys().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("{place} names the service `{name}`, which the compose files do not have{near}")
}

fn rolled(name: &str, service: &Service, group: &Group, findings: &mut Findings) {
    let mut wrong = |text: String| findings.errors.push(text);
    if service.image.is_none() && !service.is_built {
        wrong(format!("`{name}` has neither `image:` nor `build:`"));
    }
    if service.replicas != 1 {
        wrong(format!(
            "`{name}` has {} replicas: a service that is rolled has one container",
            service.replicas
        ));
    }
    if let Some(mode) = service.network_mode.as_deref().filter(|mode| *mode != "bridge") {
        wrong(format!(
            "`{name}` has `network_mode: {mode}`: a service that is rolled needs an address of its own"
        ));
    }
    if group.services.len() == 1 {
        start_first(name, service, &mut wrong);
    }
    if group.probe == Probe::Docker && service.has_health_check == Some(false) {
        wrong(format!(
            "`{name}` has its health check switched off, and `rollout.{}` asks for docker's",
            group.name
        ));
    }
    if service.stop_grace.is_none() {
        findings.warnings.push(format!(
            "`{name}` has no `stop_grace_period`: it is killed 10 seconds after it was told to stop"
        ));
    }
}

fn start_first(name: &str, service: &Service, wrong: &mut impl FnMut(String)) {
    let how = "its new container starts beside the old one, and both can't have";
    if let Some(fixed) = &service.container_name {
        wrong(format!("`{name}` has `container_name: {fixed}`: {how} that name"));
    }
    if service.has_fixed_address {
        wrong(format!("`{name}` has a fixed address: {how} it"));
    }
    for port in service.ports.iter().filter_map(|port| port.published.as_deref()) {
        wrong(format!("`{name}` publishes port {port} of the server: {how} it"));
    }
}

fn mounts(name: &str, service: &Service, (source, kind_of): (&str, KindOf<'_>), findings: &mut Findings) {
    for file in &service.files {
        if inside(&file.source, source).is_some() && kind_of(&file.source) != FileKind::File {
            findings.errors.push(format!("`{name}` has {}, whose file the commit does not have", file.name));
        }
    }
    for bind in &service.binds {
        let Some(path) = inside(&bind.source, source) else { continue };
        let shown = if path.is_empty() { "." } else { path };
        match kind_of(&bind.source) {
            FileKind::Missing => findings.errors.push(format!(
                "`{name}` mounts `{shown}`, which the commit does not have: what is written there would go with the \
                 release; use a named volume, or an absolute path"
            )),
            FileKind::Folder if !bind.read_only => findings.warnings.push(format!(
                "`{name}` can write to `{shown}` of the release: what it writes there goes when the files change; \
                 mount it with `:ro`, or use a named volume"
            )),
            _ => {}
        }
    }
}

fn ports(name: &str, service: &Service, findings: &mut Findings) {
    for port in service.ports.iter().filter(|port| port.is_open_to_all()) {
        let published =
            port.published.as_deref().map_or("a random port".to_owned(), |port| format!("port {port}"));
        findings.warnings.push(format!(
            "`{name}` publishes {published} to everybody, past the server's firewall: write `127.0.0.1:{}:{}` if \
             only the server itself is to reach it",
            port.published.as_deref().unwrap_or_default(),
            port.target
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::compose::config;
    use std::time::Duration;

    fn group(services: &[&str]) -> Group {
        Group {
            name: "web".to_owned(),
            services: services.iter().map(|&name| name.to_owned()).collect(),
            probe: Probe::Tcp { port: 8000 },
            healthy_within: Duration::from_secs(60),
            successes: 2,
            drain: None,
            drain_within: Duration::from_secs(30),
        }
    }

    fn findings(text: &str, services: &[&str]) -> Findings {
        let config = config::parse(text).expect("a file");
        let groups = vec![group(services)];
        let rollout = Rollout { caddy: Some("caddy".to_owned()), groups, ..Rollout::default() };
        let kind_of = |path: &str| if path.ends_with("data") { FileKind::Missing } else { FileKind::Folder };
        lint(&config, &rollout, "/r/src", &kind_of)
    }

    const FILE: &str = "
services:
  caddy: { image: caddy, ports: ['80:80'] }
  db: { image: db, ports: ['5432:5432', '8001'], volumes: ['/r/src/conf:/conf:ro', '/r/src/www:/www', 'data:/data'] }
  web:
    build: { context: /r/src }
    container_name: shop
    ports: ['127.0.0.1:8000:8000']
    networks: { default: { ipv4_address: 10.0.0.7 } }
  web2: { image: web, stop_grace_period: 5s }
";

    #[test]
    fn a_pair_may_have_what_a_single_service_may_not() {
        let pair = findings(FILE, &["web", "web2"]);
        assert_eq!(pair.errors, Vec::<String>::new());
        assert_eq!(
            pair.warnings,
            [
                "`web` has no `stop_grace_period`: it is killed 10 seconds after it was told to stop",
                "`db` publishes port 5432 to everybody, past the server's firewall: write `127.0.0.1:5432:5432` if \
                 only the server itself is to reach it",
                "`db` publishes a random port to everybody, past the server's firewall: write `127.0.0.1::8001` if \
                 only the server itself is to reach it",
                "`db` can write to `www` of the release: what it writes there goes when the files change; mount it \
                 with `:ro`, or use a named volume",
            ]
        );
        let how = "its new container starts beside the old one, and both can't have";
        assert_eq!(
            findings(FILE, &["web"]).errors,
            [
                format!("`web` has `container_name: shop`: {how} that name"),
                format!("`web` has a fixed address: {how} it"),
                format!("`web` publishes port 8000 of the server: {how} it"),
            ]
        );
    }

    #[test]
    fn services_that_are_not_there_are_named_with_what_is_near() {
        let found = findings("services: { cady: { image: x } }", &["web"]);
        assert_eq!(
            found.errors,
            [
                "`rollout.web` names the service `web`, which the compose files do not have",
                "`rollout.proxy` names the service `caddy`, which the compose files do not have; did you mean `cady`?",
            ]
        );
    }

    #[test]
    fn a_folder_that_the_commit_does_not_have_is_no_place_for_data() {
        let text = "services: { caddy: { image: x }, web: { image: x, volumes: ['/r/src/data:/data'] }, web2: { image: x } }";
        assert_eq!(
            findings(text, &["web", "web2"]).errors,
            ["`web` mounts `data`, which the commit does not have: what is written there would go with the \
              release; use a named volume, or an absolute path"]
        );
    }
}
