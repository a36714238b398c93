//! `healthcheck` and `drain` of a group of services: what a container is asked, and how it is told to leave.

use std::time::Duration;

use toml::de::DeValue;

use super::reader::{Entry, Reader, Subject};
use crate::diagnostic::Diagnostic;
use crate::model::rollout::{Drain, HealthCheck, Probe};
use crate::text::suggest;

/// Longer than most apps take to start, shorter than the patience of whoever waits for a deployment.
const TIMEOUT: Duration = Duration::from_secs(60);

/// One good answer may be the last one of an app that is about to fall.
const SUCCESSES: u32 = 2;

/// The signals of POSIX (<https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/signal.h.html>) that a program can handle.
const SIGNALS: &[&str] = &[
    "ABRT", "ALRM", "BUS", "CHLD", "CONT", "FPE", "HUP", "ILL", "INT", "PIPE", "QUIT", "SEGV", "SYS", "TERM",
    "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];

/// Those that it can't.
const UNHEARD: [&str; 2] = ["KILL", "STOP"];

impl<'f> Reader<'f, '_> {
    /// `healthcheck`.
    pub(super) fn healthcheck(&mut self, entry: Entry<'f>) -> Option<HealthCheck> {
        let what = Subject::Key("healthcheck");
        let DeValue::Table(table) = entry.value.get_ref() else {
            self.wrong_type(what, "a table `{ path = \"/…\", port = … }`", entry.value);
            return None;
        };
        let before = self.faults.len();
        let [path, port, tcp, exec, docker, timeout, successes] =
            self.fields(table, what, ["path", "port", "tcp", "exec", "docker", "timeout", "successes"]);
        let misspelt = self.faults.len() > before;
        let timeout = timeout.and_then(|entry| self.some_time(entry));
        let successes =
            successes.and_then(|entry| self.whole_number(entry.name(), entry.value, 1..=u32::MAX));
        if !self.at_most_one([path.or(port), tcp, exec, docker], what) {
            return None;
        }
        let probe = match tcp.or(exec).or(docker) {
            Some(asked) => self.probe(asked),
            None if path.is_some() || port.is_some() => self.http(entry, path, port, misspelt),
            None => {
                if !misspelt {
                    let span = self.at(entry.value);
                    self.fault(
                        Diagnostic::error("missing-key", "`healthcheck` asks nothing", span, "asks nothing")
                            .help("give it `path` and `port`, `tcp`, `exec` or `docker`"),
                    );
                }
                None
            }
        };
        Some(HealthCheck {
            probe: probe?,
            timeout: timeout.unwrap_or(TIMEOUT),
            successes: successes.unwrap_or(SUCCESSES),
        })
    }

    /// Whether at most one of `entries` is there; two are reported.
    pub(super) fn at_most_one<const N: usize>(
        &mut self,
        entries: [Option<Entry<'f>>; N],
        owner: Subject<'_>,
    ) -> bool {
        let mut given: Vec<Entry<'f>> = entries.into_iter().flatten().collect();
        given.sort_by_key(|entry| entry.key.span().start);
        let [first, second, ..] = given.as_slice() else { return true };
        let (at, other) = (self.key(*second), self.key(*first));
        self.fault(
            Diagnostic::error(
                "conflicting-keys",
                format!("{owner} has both `{}` and `{}`", first.name(), second.name()),
                at,
                "only one can be meant",
            )
            .also(other, "the other one")
            .help("keep one of them"),
        );
        false
    }

    fn http(
        &mut self,
        owner: Entry<'f>,
        path: Option<Entry<'f>>,
        port: Option<Entry<'f>>,
        misspelt: bool,
    ) -> Option<Probe> {
        let (path, port) = match (path, port) {
            (Some(path), Some(port)) => (path, port),
            (path, _) => {
                let missing = if path.is_some() { "port" } else { "path" };
                if !misspelt {
                    self.missing("`healthcheck` over HTTP", missing, owner.value);
                }
                return None;
            }
        };
        let port = self.port(port);
        let text = self.text(path)?;
        let problem = if !text.starts_with('/') {
            "does not start with `/`"
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            "can't stand in a request"
        } else {
            return Some(Probe::Http { path: text, port: port? });
        };
        let span = self.at(path.value);
        self.fault(
            Diagnostic::error("bad-path", format!("`{text}` is not a path of a URL"), span, problem)
                .help("write for example `/healthz`"),
        );
        None
    }

    fn probe(&mut self, entry: Entry<'f>) -> Option<Probe> {
        match entry.name() {
            "tcp" => Some(Probe::Tcp { port: self.port(entry)? }),
            "exec" => Some(Probe::Exec(self.plain_exec(entry)?)),
            _ if self.boolean(entry)? => Some(Probe::Docker),
            _ => {
                let span = self.at(entry.value);
                self.fault(
                    Diagnostic::error("not-a-choice", "`docker` can only be `true`", span, "asks nothing")
                        .help("give `path` and `port`, `tcp` or `exec` instead"),
                );
                None
            }
        }
    }

    fn port(&mut self, entry: Entry<'f>) -> Option<u16> {
        let port = self.whole_number(entry.name(), entry.value, 1..=u32::from(u16::MAX))?;
        u16::try_from(port).ok()
    }

    /// `drain`.
    pub(super) fn drain(&mut self, entry: Entry<'f>) -> Option<Drain> {
        let what = Subject::Key("drain");
        let DeValue::Table(table) = entry.value.get_ref() else {
            self.wrong_type(what, "a table `{ signal = \"…\" }` or `{ exec = […] }`", entry.value);
            return None;
        };
        let before = self.faults.len();
        let [signal, exec] = self.fields(table, what, ["signal", "exec"]);
        let misspelt = self.faults.len() > before;
        if !self.at_most_one([signal, exec], what) {
            return None;
        }
        match (signal, exec) {
            (Some(signal), _) => self.signal(signal).map(Drain::Signal),
            (None, Some(exec)) => self.plain_exec(exec).map(Drain::Exec),
            (None, None) => {
                if !misspelt {
                    let span = self.at(entry.value);
                    self.fault(
                        Diagnostic::error("missing-key", "`drain` says nothing", span, "says nothing")
                            .help("give it `signal` or `exec`"),
                    );
                }
                None
            }
        }
    }

    fn signal(&mut self, entry: Entry<'f>) -> Option<String> {
        let text = self.text(entry)?;
        let name = text.strip_prefix("SIG").unwrap_or(&text);
        if SIGNALS.contains(&name) {
            return Some(name.to_owned());
        }
        let span = self.at(entry.value);
        self.fault(if UNHEARD.contains(&name) {
            Diagnostic::error("not-a-choice", format!("no app can hear `{text}`"), span, "ends it at once")
                .note("a drained app goes on serving what it has begun; only its health check fails")
                .help("write a signal that the app handles, for example `USR1`")
        } else {
            let diagnostic = Diagnostic::error(
                "not-a-choice",
                format!("`{text}` is not the name of a signal"),
                span,
                "unknown signal",
            );
            match suggest::nearest(name, SIGNALS.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help("write a name of POSIX, for example `USR1`"),
            }
        });
        None
    }
}
