//! From the tasks file to what is kept of it with a release.
//!
//! A roll-back and a recovery run by what is kept and never read a tasks file again: whatever they need has to be in here.

use std::path::PathBuf;

use crate::model::{self, HealthCheck, Model, Proxy, RolledGroup};
use crate::release::record::{Drain, Group, Probe, Rollout};

/// Releases that are kept where there is no `[rollout]`; the same as where it says nothing.
const KEEP_RELEASES: usize = 5;

/// The roll-out of `model`, and its compose files from the tasks file's folder. A project without `[rollout]` has no groups and no
/// compose files.
pub fn resolve(model: &Model) -> (Rollout, Vec<PathBuf>) {
    let Some(rollout) = &model.rollout else {
        return (Rollout { keep_releases: KEEP_RELEASES, ..Rollout::default() }, Vec::new());
    };
    let caddy = match &rollout.proxy {
        Proxy::None => None,
        Proxy::Caddy { service } => Some(service.value.clone()),
    };
    let resolved = Rollout {
        caddy,
        has_after: !rollout.after.is_empty(),
        keep_releases: rollout.keep_releases,
        groups: rollout.groups.values().map(group).collect(),
    };
    (resolved, rollout.compose.iter().map(|file| file.value.clone()).collect())
}

fn group(group: &RolledGroup) -> Group {
    let HealthCheck { probe, timeout, successes } = &group.healthcheck;
    Group {
        name: group.name.clone(),
        services: group.services.iter().map(|service| service.value.clone()).collect(),
        probe: match probe {
            model::Probe::Http { path, port } => Probe::Http { path: path.clone(), port: *port },
            model::Probe::Tcp { port } => Probe::Tcp { port: *port },
            model::Probe::Exec(words) => Probe::Exec(words.clone()),
            model::Probe::Docker => Probe::Docker,
        },
        healthy_within: *timeout,
        successes: *successes,
        drain: group.drain.as_ref().map(|drain| match drain {
            model::Drain::Signal(name) => Drain::Signal(name.clone()),
            model::Drain::Exec(words) => Drain::Exec(words.clone()),
        }),
        drain_within: group.drain_timeout,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::model::{LoadedText, SourceLoader, load};

    /// A tasks file in memory.
    struct Text(&'static str);

    impl SourceLoader for Text {
        fn load(&self, path: &Path) -> Result<LoadedText, String> {
            Ok(LoadedText { shown: path.to_owned(), text: self.0.to_owned() })
        }

        fn is_folder(&self, _: &Path) -> bool {
            false
        }
    }

    fn resolved(text: &'static str) -> (Rollout, Vec<PathBuf>) {
        let model = load(Path::new("/project/tasks.toml"), &Text(text));
        resolve(&model.unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics)))
    }

    #[test]
    fn a_project_without_a_rollout_keeps_five_releases_and_replaces_nothing() {
        let expected = Rollout { caddy: None, has_after: false, keep_releases: 5, groups: Vec::new() };
        assert_eq!(resolved(""), (expected.clone(), Vec::new()));
        assert_eq!(resolved("[rollout]\n"), (expected, Vec::new()), "an empty one says the same");
    }

    #[test]
    fn all_that_a_later_roll_back_needs_is_kept() {
        let (rollout, compose) = resolved(
            r#"
            [tasks]
            collectstatic = "true"
            [rollout]
            compose = ["docker-compose.yaml", "./deploy/prod.yaml"]
            proxy = { kind = "caddy", service = "front" }
            after = ["collectstatic"]
            keep_releases = 3
            [rollout.web]
            services = ["web", "web2"]
            healthcheck = { path = "/healthz", port = 8000, timeout = "5m", successes = 3 }
            drain = { signal = "SIGUSR1" }
            drain_timeout = "45s"
            [rollout.api]
            healthcheck = { tcp = 9000 }
            drain = { exec = ["touch", "/tmp/draining"] }
            [rollout.worker]
            healthcheck = { exec = ["ping"] }
            [rollout.search]
            healthcheck = { docker = true }
            "#,
        );
        assert_eq!(compose, ["docker-compose.yaml", "deploy/prod.yaml"].map(PathBuf::from));
        assert_eq!(rollout.caddy.as_deref(), Some("front"));
        assert!(rollout.has_after);
        assert_eq!(rollout.keep_releases, 3);
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let defaults = |name: &str, probe: Probe| Group {
            name: name.to_owned(),
            services: words(&[name]),
            probe,
            healthy_within: Duration::from_secs(60),
            successes: 2,
            drain: None,
            drain_within: Duration::from_secs(30),
        };
        let expected = [
            Group {
                services: words(&["web", "web2"]),
                healthy_within: Duration::from_secs(300),
                successes: 3,
                drain: Some(Drain::Signal("USR1".to_owned())),
                drain_within: Duration::from_secs(45),
                ..defaults("web", Probe::Http { path: "/healthz".to_owned(), port: 8000 })
            },
            Group {
                drain: Some(Drain::Exec(words(&["touch", "/tmp/draining"]))),
                ..defaults("api", Probe::Tcp { port: 9000 })
            },
            defaults("worker", Probe::Exec(words(&["ping"]))),
            defaults("search", Probe::Docker),
        ];
        assert_eq!(rollout.groups, expected, "in the order of the file");
    }

    #[test]
    fn tasks_before_are_no_part_of_what_a_roll_back_does() {
        let (rollout, _) = resolved("[tasks]\nmigrate = 'true'\n[rollout]\nbefore = ['migrate']\n");
        assert!(!rollout.has_after);
    }
}
