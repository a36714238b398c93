//! The keys of a task that say whether, how long and how often it runs, and what it needs.

use std::time::Duration;

use toml::de::DeValue;

use super::reader::{Entry, Node, Reader, Subject};
use super::template::Scope;
use crate::diagnostic::{Diagnostic, Spanned};
use crate::model::rules::{
    Condition, Ready, RequiredTool, RequiredVariable, Requires, Retry, Rules, WaitUntil,
};

/// Their names.
pub(super) const RULE_KEYS: [&str; 12] = [
    "if",
    "timeout",
    "retry",
    "requires",
    "wait_until",
    "ignore_error",
    "hide",
    "quiet",
    "pool",
    "interactive",
    "tty",
    "shell",
];

/// A service that takes longer to start says so.
const READY: Duration = Duration::from_secs(60);

/// More is a loop.
const MOST_ATTEMPTS: u32 = 1000;

impl<'f> Reader<'f, '_> {
    /// All of them, in the order of `RULE_KEYS`.
    pub(super) fn rules(&mut self, entries: [Option<Entry<'f>>; 12], scope: Scope<'_>) -> Rules {
        let [condition, timeout, retry, requires, wait_until, ignore_error, hide, quiet, entries @ ..] =
            entries;
        let [pool, interactive, tty, shell] = entries;
        let mut boolean =
            |entry: Option<Entry<'f>>| entry.and_then(|entry| self.boolean(entry)).unwrap_or_default();
        let (ignore_error, hide, quiet) = (boolean(ignore_error), boolean(hide), boolean(quiet));
        let (interactive, tty) = (boolean(interactive), boolean(tty));
        Rules {
            condition: condition.and_then(|entry| self.condition(entry, scope)).map(Box::new),
            timeout: timeout.and_then(|entry| self.some_time(entry)),
            retry: retry.and_then(|entry| self.retry(entry)).unwrap_or_default(),
            requires: requires.map(|entry| self.requires(entry)).unwrap_or_default(),
            wait_until: wait_until.and_then(|entry| self.wait_until(entry, scope)).map(Box::new),
            ignore_error,
            hide,
            quiet,
            pool: pool.and_then(|entry| Some(Spanned::new(self.text(entry)?, self.at(entry.value)))),
            interactive,
            tty,
            shell: self.shell(shell),
        }
    }

    /// `"zsh -eu -c"`, or its words as a list.
    fn shell(&mut self, entry: Option<Entry<'f>>) -> Vec<String> {
        let Some(entry) = entry else { return Vec::new() };
        let is_list = matches!(entry.value.get_ref(), DeValue::Array(_));
        let texts = self.texts(Some(entry)).into_iter().map(|text| text.value);
        match is_list {
            true => texts.collect(),
            false => texts
                .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
                .collect(),
        }
    }

    /// A command, or a table of what has to hold.
    fn condition(&mut self, entry: Entry<'f>, scope: Scope<'_>) -> Option<Condition> {
        let what = Subject::Key("if");
        let span = Some(self.at(entry.value));
        match entry.value.get_ref() {
            DeValue::String(_) => Some(Condition {
                run: Some(self.script(what, entry.value, scope)?),
                span,
                ..Condition::default()
            }),
            DeValue::Table(table) => {
                let before = self.faults.len();
                let [os, arch, env, environment, run] =
                    self.fields(table, what, ["os", "arch", "env", "environment", "run"]);
                if [os, arch, env, environment, run].iter().all(Option::is_none)
                    && self.faults.len() == before
                {
                    let place = self.at(entry.value);
                    self.fault(
                        Diagnostic::error("empty", "`if` asks nothing", place, "always true")
                            .help("write a command, or `{ os = \"linux\" }`, `{ env = \"CI\" }`, `{ environment = \"prod\" }`"),
                    );
                    return None;
                }
                let texts = |reader: &mut Self, entry| {
                    reader.texts(entry).into_iter().map(|text| text.value).collect::<Vec<String>>()
                };
                let environments = self.texts(environment);
                for name in &environments {
                    if let Err(diagnostic) = self.environment_name(&name.value, name.span) {
                        self.fault(diagnostic);
                    }
                }
                Some(Condition {
                    os: texts(self, os),
                    arch: texts(self, arch),
                    env: texts(self, env),
                    environment: environments.into_iter().map(|name| name.value).collect(),
                    run: run.and_then(|entry| self.script(Subject::Key("run"), entry.value, scope)),
                    span,
                })
            }
            _ => {
                self.wrong_type(what, "a command or a table", entry.value);
                None
            }
        }
    }

    /// `2`: twice more; or `{ attempts = 3, delay = "2s" }`.
    pub(super) fn retry(&mut self, entry: Entry<'f>) -> Option<Retry> {
        let DeValue::Table(table) = entry.value.get_ref() else {
            let more = self.whole_number("retry", entry.value, 0..=MOST_ATTEMPTS - 1)?;
            return Some(Retry { attempts: more + 1, ..Retry::default() });
        };
        let [attempts, delay] = self.fields(table, Subject::Key("retry"), ["attempts", "delay"]);
        let Some(attempts) = attempts else {
            self.missing("`retry`", "attempts", entry.value);
            return None;
        };
        let attempts = self.whole_number("attempts", attempts.value, 1..=MOST_ATTEMPTS)?;
        let delay = delay.and_then(|entry| self.duration(entry)).unwrap_or(Retry::default().delay);
        Some(Retry { attempts, delay })
    }

    fn requires(&mut self, entry: Entry<'f>) -> Requires {
        let Some(table) = self.table(Subject::Key("requires"), entry.value) else {
            return Requires::default();
        };
        let [tools, env] = self.fields(table, Subject::Key("requires"), ["tools", "env"]);
        let tools = self.items(tools).into_iter().filter_map(|node| self.required_tool(node)).collect();
        let env = self.items(env).into_iter().filter_map(|node| self.required_variable(node)).collect();
        Requires { tools, env }
    }

    /// `"docker >=24"`, or `{ name = "docker", version = ">=24", advice = "…" }`.
    fn required_tool(&mut self, node: Node<'f>) -> Option<RequiredTool> {
        let span = self.at(node);
        if let DeValue::Table(table) = node.get_ref() {
            let owner = Subject::Item("tools");
            let [name, version, advice] = self.fields(table, owner, ["name", "version", "advice"]);
            let Some(name) = name else {
                self.missing("an item of `tools`", "name", node);
                return None;
            };
            let version = match version {
                Some(entry) => {
                    let text = self.text(entry)?;
                    Some(self.version(&text, entry.value)?)
                }
                None => None,
            };
            let advice = advice.and_then(|entry| self.text(entry));
            return Some(RequiredTool { name: self.text(name)?, version, advice, span });
        }
        let text = self.filled(Subject::Item("tools"), node)?;
        let (name, version) = match text.trim().split_once(char::is_whitespace) {
            Some((name, version)) => (name.to_owned(), Some(self.version(version.trim(), node)?)),
            None => (text.trim().to_owned(), None),
        };
        Some(RequiredTool { name, version, advice: None, span })
    }

    fn version(&mut self, text: &str, node: Node<'f>) -> Option<semver::VersionReq> {
        match semver::VersionReq::parse(text) {
            Ok(requirement) => Some(requirement),
            Err(error) => {
                let span = self.at(node);
                let title = format!("`{text}` is no version requirement");
                self.fault(
                    Diagnostic::error("bad-version", title, span, error.to_string())
                        .help("write for example `docker >=24` or `docker >=24, <28`"),
                );
                None
            }
        }
    }

    /// `"DO_TOKEN"`, or `{ name = "DO_TOKEN", advice = "…" }`.
    fn required_variable(&mut self, node: Node<'f>) -> Option<RequiredVariable> {
        let span = self.at(node);
        let (name, advice) = if let DeValue::Table(table) = node.get_ref() {
            let [name, advice] = self.fields(table, Subject::Item("env"), ["name", "advice"]);
            let Some(name) = name else {
                self.missing("an item of `env`", "name", node);
                return None;
            };
            (self.text(name)?, advice.and_then(|entry| self.text(entry)))
        } else {
            (self.filled(Subject::Item("env"), node)?, None)
        };
        self.check_variable(&name, span);
        Some(RequiredVariable { name, advice, span })
    }

    fn wait_until(&mut self, entry: Entry<'f>, scope: Scope<'_>) -> Option<WaitUntil> {
        let what = Subject::Key("wait_until");
        let table = self.table(what, entry.value)?;
        let before = self.faults.len();
        let [http, tcp, file, run, timeout] =
            self.fields(table, what, ["http", "tcp", "file", "run", "timeout"]);
        let misspelt = self.faults.len() > before;
        if !self.at_most_one([http, tcp, file, run], what) {
            return None;
        }
        let timeout = timeout.and_then(|entry| self.some_time(entry)).unwrap_or(READY);
        let ready = if let Some(http) = http {
            let url = self.text(http)?;
            if !url.starts_with("http://") || url.len() == "http://".len() {
                let span = self.at(http.value);
                self.fault(
                    Diagnostic::error("bad-value", format!("`{url}` can't be waited for"), span, "not `http://…`")
                        .help("a service of this machine is asked over plain HTTP; for anything else: `run = \"curl …\"`"),
                );
                return None;
            }
            Ready::Http(url)
        } else if let Some(tcp) = tcp {
            let address = self.text(tcp)?;
            let port = address.rsplit_once(':').and_then(|(host, port)| {
                port.parse::<u16>().ok().filter(|port| *port > 0 && !host.is_empty())
            });
            if port.is_none() {
                let span = self.at(tcp.value);
                self.fault(
                    Diagnostic::error("bad-value", format!("`{address}` is no host and port"), span, "")
                        .help("write for example `\"localhost:5432\"`"),
                );
                return None;
            }
            Ready::Tcp(address)
        } else if let Some(file) = file {
            Ready::File(self.path(Subject::Key("file"), file.value)?.display().to_string())
        } else if let Some(run) = run {
            Ready::Run(self.script(Subject::Key("run"), run.value, scope)?)
        } else {
            if !misspelt {
                let span = self.at(entry.value);
                self.fault(
                    Diagnostic::error(
                        "missing-key",
                        "`wait_until` waits for nothing",
                        span,
                        "waits for nothing",
                    )
                    .help("give it `http`, `tcp`, `file` or `run`"),
                );
            }
            return None;
        };
        Some(WaitUntil { ready, timeout })
    }
}
