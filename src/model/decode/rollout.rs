//! `[rollout]`: its own keys, and its groups of services, which are all its other tables.

use std::path::{Component, PathBuf};
use std::time::Duration;

use toml::de::DeValue;

use super::reader::{Entry, Node, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::model::rollout::{Proxy, RolledGroup, Rollout};
use crate::text::{list, suggest};

const KEYS: [&str; 5] = ["compose", "proxy", "before", "after", "keep_releases"];

/// The kinds of `proxy`.
const PROXIES: [&str; 2] = ["caddy", "none"];

/// Kinds of `proxy` that a later version brings.
const LATER_PROXIES: [&str; 2] = ["haproxy", "nginx"];

/// Enough to go back over a bad week, few enough for a small disk.
const KEEP_RELEASES: u32 = 5;

/// As long as a request of a patient person; longer ones are the app's to declare.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

impl<'f> Reader<'f, '_> {
    /// `[rollout]`.
    pub(super) fn rollout(&mut self, entry: Entry<'f>) -> Option<Rollout> {
        let owner = Subject::Section("rollout");
        let table = self.table(owner, entry.value)?;
        let mut fields = [None; KEYS.len()];
        let mut groups = Vec::new();
        for each in Self::entries(table) {
            match KEYS.iter().position(|key| *key == each.name()) {
                Some(index) => fields[index] = Some(each),
                None if matches!(each.value.get_ref(), DeValue::Table(_)) => groups.push(each),
                None => self.unknown_key(each, owner, &KEYS),
            }
        }
        let [compose, proxy, before, after, keep_releases] = fields;
        if compose.is_none() {
            self.check_without_compose(proxy, &groups);
        }
        let keep_releases =
            keep_releases.and_then(|entry| self.whole_number(entry.name(), entry.value, 2..=u32::MAX));
        Some(Rollout {
            span: self.key(entry),
            compose: self.compose(compose),
            proxy: proxy.and_then(|entry| self.proxy(entry)).unwrap_or(Proxy::None),
            before: self.calls(before, Scope::GLOBAL, ""),
            after: self.calls(after, Scope::GLOBAL, ""),
            keep_releases: keep_releases.unwrap_or(KEEP_RELEASES) as usize,
            groups: groups
                .into_iter()
                .filter_map(|entry| self.group(entry))
                .map(|group| (group.name.clone(), group))
                .collect(),
        })
    }

    /// What has no meaning without containers; told once.
    fn check_without_compose(&mut self, proxy: Option<Entry<'f>>, groups: &[Entry<'f>]) {
        let caddy = proxy.filter(|proxy| {
            let table = proxy.value.get_ref().as_table();
            table.and_then(|table| table.get("kind")).and_then(|kind| kind.get_ref().as_str())
                == Some("caddy")
        });
        let (what, entry) = match (groups.first(), caddy) {
            (Some(group), _) => (format!("group `{}`", group.name()), *group),
            (None, Some(proxy)) => ("a proxy".to_owned(), proxy),
            (None, None) => return,
        };
        let span = self.key(entry);
        self.fault(
            Diagnostic::error(
                "missing-key",
                format!("{what} needs `compose`"),
                span,
                "its services stand in no compose file",
            )
            .help("name the compose files: `compose = [\"docker-compose.yaml\"]` in `[rollout]`"),
        );
    }

    fn compose(&mut self, entry: Option<Entry<'f>>) -> Vec<Spanned<PathBuf>> {
        let nodes = self.items(entry);
        if let Some(entry) = entry
            && nodes.is_empty()
        {
            self.empty_list(entry, "no files");
        }
        nodes.into_iter().filter_map(|node| self.compose_file(node)).collect()
    }

    /// A path inside of the release.
    fn compose_file(&mut self, node: Node<'f>) -> Option<Spanned<PathBuf>> {
        let path = self.path(Subject::Item("compose"), node)?;
        let span = self.at(node);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        // Without its `./`: the same file has one name.
        let short: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
        let (title, label) = if !inside {
            (
                format!("the compose file `{}` is outside of the tasks file's folder", path.display()),
                "leaves the folder",
            )
        } else if short.as_os_str().is_empty() {
            (format!("`{}` is not a file", path.display()), "a folder")
        } else {
            return Some(Spanned::new(short, span));
        };
        self.fault(
            Diagnostic::error("bad-path", title, span, label)
                .note("on the server there is nothing but the files of the commit")
                .help("name a file beside or below the tasks file"),
        );
        None
    }

    fn proxy(&mut self, entry: Entry<'f>) -> Option<Proxy> {
        let what = Subject::Key("proxy");
        let DeValue::Table(table) = entry.value.get_ref() else {
            self.wrong_type(what, "a table `{ kind = \"caddy\", service = \"…\" }`", entry.value);
            return None;
        };
        let before = self.faults.len();
        let [kind, service] = self.fields(table, what, ["kind", "service"]);
        let Some(kind) = kind else {
            if self.faults.len() == before {
                self.missing(what, "kind", entry.value);
            }
            return None;
        };
        match self.text(kind)?.as_str() {
            "caddy" => {
                let Some(service) = service else {
                    if self.faults.len() == before {
                        self.missing("a proxy", "service", entry.value);
                    }
                    return None;
                };
                let span = self.at(service.value);
                let service = self.text(service)?;
                self.check_name_at("a compose service", &service, span);
                Some(Proxy::Caddy { service: Spanned::new(service, span) })
            }
            "none" => {
                if let Some(service) = service {
                    let (service, none) = (self.key(service), self.at(kind.value));
                    self.fault(
                        Diagnostic::error(
                            "conflicting-keys",
                            "a proxy of the kind `none` has no `service`",
                            service,
                            "has no meaning",
                        )
                        .also(none, "there is no proxy"),
                    );
                }
                Some(Proxy::None)
            }
            other => {
                let span = self.at(kind.value);
                self.fault(unknown_proxy(other, span));
                None
            }
        }
    }

    fn group(&mut self, entry: Entry<'f>) -> Option<RolledGroup> {
        self.check_name("a group of services", entry);
        let owner = Subject::Named("group", entry.name());
        let table = self.table(owner, entry.value)?;
        let before = self.faults.len();
        let [services, healthcheck, drain, drain_timeout] =
            self.fields(table, owner, ["services", "healthcheck", "drain", "drain_timeout"]);
        let misspelt = self.faults.len() > before;
        let span = self.key(entry);
        let services = match services {
            Some(services) => self.services(services),
            None => vec![Spanned::new(entry.name().to_owned(), span)],
        };
        let drain = drain.and_then(|entry| self.drain(entry));
        let drain_timeout = drain_timeout.and_then(|entry| self.duration(entry));
        let Some(healthcheck) = healthcheck else {
            if !misspelt {
                self.fault(
                    Diagnostic::error(
                        "missing-key",
                        format!("group `{}` needs `healthcheck`", entry.name()),
                        span,
                        "when may a container take traffic?",
                    )
                    .help("write for example `healthcheck = { path = \"/healthz\", port = 8000 }`"),
                );
            }
            return None;
        };
        Some(RolledGroup {
            name: entry.name().to_owned(),
            span,
            services,
            healthcheck: self.healthcheck(healthcheck)?,
            drain,
            drain_timeout: drain_timeout.unwrap_or(DRAIN_TIMEOUT),
        })
    }

    fn services(&mut self, entry: Entry<'f>) -> Vec<Spanned<String>> {
        if self.items(Some(entry)).is_empty() {
            self.empty_list(entry, "no services");
        }
        let services = self.texts(Some(entry));
        for service in &services {
            self.check_name_at("a compose service", &service.value, service.span);
        }
        services
    }

    fn empty_list(&mut self, entry: Entry<'f>, label: &str) {
        let span = self.at(entry.value);
        self.fault(Diagnostic::error("empty", format!("`{}` is empty", entry.name()), span, label));
    }
}

fn unknown_proxy(kind: &str, span: Span) -> Diagnostic {
    let valid = format!("the kinds are {}", list::and_ticked(&PROXIES));
    if LATER_PROXIES.contains(&kind) {
        return Diagnostic::error(
            "not-built",
            format!("a proxy of the kind `{kind}` belongs to a later version"),
            span,
            "not yet",
        )
        .note(format!("this is Shipway {}", env!("CARGO_PKG_VERSION")))
        .help(valid);
    }
    let diagnostic =
        Diagnostic::error("not-a-choice", format!("`{kind}` is not a kind of proxy"), span, "unknown kind");
    diagnostic.help(match suggest::nearest(kind, PROXIES) {
        Some(near) => format!("did you mean `{near}`?"),
        None => valid,
    })
}
