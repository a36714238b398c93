//! What the server's Shipway is called with: pure.

use std::path::PathBuf;

use crate::diagnostic::{Fault, FaultKind};
use crate::release::protocol::{Asker, PROTOCOL};

/// A call, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// `ROOT/ENV`; for `shell`, `ROOT`.
    pub(super) home: PathBuf,
    pub(super) verb: Verb,
}

/// What is to be done; `release::protocol` tells what each means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Receive,
    PreReceive,
    Work { number: u64, no_wait: bool },
    Status,
    Releases,
    Follow(Option<u64>),
    Log(Option<u64>),
    Rollback { to: Option<u64>, asker: Asker },
    Again { commit: String, asker: Asker },
    Cancel,
    Recover,
    Files,
    Setup { project: String },
    Shell,
}

/// Reads the words after `protocol::WORD`.
pub(super) fn parse(words: &[String]) -> Result<Call, Fault> {
    let usage = |message: String| Fault::new(FaultKind::Usage, message);
    let [protocol, home, verb, rest @ ..] = words else {
        return Err(usage("a call of the server's Shipway needs PROTOCOL, ROOT/ENV and a verb".to_owned()));
    };
    if *protocol != PROTOCOL.to_string() {
        let version = env!("CARGO_PKG_VERSION");
        return Err(Fault::new(
            FaultKind::Refused,
            format!("the client speaks protocol {protocol}, and Shipway {version} on the server {PROTOCOL}"),
        )
        .hint("bring both to one version: `shipway server setup` installs the client's on the server"));
    }
    if !home.starts_with('/') {
        return Err(usage(format!("`{home}` is no absolute path")));
    }
    let mut rest = Rest::read(rest)?;
    let number = |text: Option<String>| match text {
        None => Ok(None),
        Some(text) => text
            .trim_start_matches('#')
            .parse()
            .map(Some)
            .map_err(|_| usage(format!("`{text}` is not the number of a deployment"))),
    };
    let verb = match verb.as_str() {
        "receive" => Verb::Receive,
        "pre-receive" => Verb::PreReceive,
        "work" => {
            let number = number(rest.word())?.ok_or_else(|| usage("`work` needs a number".to_owned()))?;
            Verb::Work { number, no_wait: rest.asker().no_wait }
        }
        "status" => Verb::Status,
        "releases" => Verb::Releases,
        "follow" => Verb::Follow(number(rest.word())?),
        "log" => Verb::Log(number(rest.word())?),
        "rollback" => Verb::Rollback { to: number(rest.option("to"))?, asker: rest.asker() },
        "again" => {
            let commit = rest.word().ok_or_else(|| usage("`again` needs a commit".to_owned()))?;
            Verb::Again { commit, asker: rest.asker() }
        }
        "cancel" => Verb::Cancel,
        "recover" => Verb::Recover,
        "files" => Verb::Files,
        "setup" => Verb::Setup {
            project: rest.option("project").ok_or_else(|| usage("`setup` needs --project".to_owned()))?,
        },
        "shell" => Verb::Shell,
        other => return Err(usage(format!("`{other}` is no verb of the server"))),
    };
    match rest.first_left() {
        Some(left) => Err(usage(format!("`{left}` is not understood here"))),
        None => Ok(Call { home: PathBuf::from(home), verb }),
    }
}

/// Words and options after the verb.
struct Rest {
    words: std::collections::VecDeque<String>,
    options: Vec<(String, Option<String>)>,
}

/// Options without a value.
const FLAGS: &[&str] = &["no-wait"];

impl Rest {
    fn read(words: &[String]) -> Result<Self, Fault> {
        let mut rest = Self { words: Default::default(), options: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some(name) if FLAGS.contains(&name) => rest.options.push((name.to_owned(), None)),
                Some(name) => {
                    let value = words
                        .next()
                        .ok_or_else(|| Fault::new(FaultKind::Usage, format!("`--{name}` needs a value")))?;
                    rest.options.push((name.to_owned(), Some(value.clone())));
                }
                None => rest.words.push_back(word.clone()),
            }
        }
        Ok(rest)
    }

    fn word(&mut self) -> Option<String> {
        self.words.pop_front()
    }

    fn option(&mut self, name: &str) -> Option<String> {
        let at = self.options.iter().position(|(known, _)| known == name)?;
        self.options.remove(at).1
    }

    fn asker(&mut self) -> Asker {
        let count = self.options.len();
        self.options.retain(|(name, _)| name != "no-wait");
        Asker {
            no_wait: self.options.len() < count,
            by: self.option("by").unwrap_or_default(),
            from: self.option("from").unwrap_or_default(),
            tag: self.option("tag"),
        }
    }

    fn first_left(&self) -> Option<&str> {
        self.words.front().map(String::as_str).or(self.options.first().map(|(name, _)| name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Call, Fault> {
        parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn calls_are_understood() {
        assert_eq!(read("1 /srv/app/prod status").unwrap().verb, Verb::Status);
        assert_eq!(read("1 /srv/app/prod follow #12").unwrap().verb, Verb::Follow(Some(12)));
        let asker = Asker { by: "A".to_owned(), from: "host".to_owned(), tag: None, no_wait: true };
        let verb = Verb::Rollback { to: Some(3), asker };
        assert_eq!(read("1 /srv/app/prod rollback --to 3 --no-wait --by A --from host").unwrap().verb, verb);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "1 /srv/app/prod",
            "1 srv/app/prod status",
            "1 /srv/app/prod dance",
            "1 /srv/app/prod follow x",
            "1 /srv/app/prod status now",
            "1 /srv/app/prod rollback --to",
            "1 /srv/app/prod status --by A",
        ] {
            assert_eq!(read(line).unwrap_err().kind, FaultKind::Usage, "{line}");
        }
        let newer = read("2 /srv/app/prod status").unwrap_err();
        assert_eq!(newer.kind, FaultKind::Refused);
    }
}
