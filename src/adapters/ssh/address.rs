//! The address of a server: `ssh://user@host:port/root`, or a path on this machine.
//!
//! The address becomes words of ssh's and git's command lines and a part of a shell's line on the server, and it may come from a workspace's
//! output. So nothing is taken that any of them could read as something else: no option, no blank, no second host, no `%`.

use std::path::{Component, Path, PathBuf};

/// Where a server's root is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A folder of this machine, absolute.
    Local(PathBuf),
    /// A folder of another machine.
    Ssh {
        /// The machine.
        host: Host,
        /// The folder, absolute, without a final `/`.
        root: String,
    },
}

/// A machine, as ssh is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Who logs in; ssh's own choice where nobody is named.
    pub user: Option<String>,
    /// Name or address; of IPv6 without its brackets.
    pub name: String,
    /// ssh's own choice where none is named.
    pub port: Option<u16>,
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// Another scheme than ssh.
    #[error("`{0}://` is not known: it has to be `ssh://user@host/root`, or a path on this machine")]
    Scheme(String),
    /// `host:path`, as scp writes it.
    #[error("`host:path` could be a path as well: write `ssh://user@host/root`")]
    Scp,
    /// A home folder, which only a shell would find.
    #[error("`~` is only known to a shell: write the whole path")]
    Home,
    /// No root, or only `/`.
    #[error("the root on the server is missing: `ssh://user@host/srv/app`")]
    Root,
    /// A part holds what it may not.
    #[error("`{text}` can't be {what}")]
    Part {
        /// Which part: `a host`, `a user`, `a port`, `a path`.
        what: &'static str,
        /// As it stands.
        text: String,
    },
}

impl Address {
    /// Reads an address; a path is taken from `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Self, AddressFault> {
        if text.is_empty() {
            return Err(AddressFault::Empty);
        }
        if let Some(rest) = text.strip_prefix("ssh://") {
            return Self::parse_ssh(rest);
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(AddressFault::Scheme(scheme.to_owned()));
        }
        if text.starts_with('~') {
            return Err(AddressFault::Home);
        }
        let first = text.split('/').next().unwrap_or_default();
        if first.contains(':') {
            return Err(AddressFault::Scp);
        }
        let is_strange =
            text.chars().any(|letter| letter.is_control() || letter == '\\') || first.starts_with('-');
        if is_strange {
            return Err(AddressFault::Part { what: "a path", text: text.to_owned() });
        }
        Ok(Self::Local(plain(&base.join(text))))
    }

    fn parse_ssh(rest: &str) -> Result<Self, AddressFault> {
        let (authority, path) = rest.split_once('/').ok_or(AddressFault::Root)?;
        let host = Host::parse(authority)?;
        let root = format!("/{}", path.trim_end_matches('/'));
        if root == "/" {
            return Err(AddressFault::Root);
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@=,".contains(&byte);
        let parts_fit = root[1..].split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if !root.bytes().all(allowed) || !parts_fit {
            return Err(AddressFault::Part { what: "a path on a server", text: root });
        }
        Ok(Self::Ssh { host, root })
    }

    /// The root, for people and for git.
    pub fn path(&self, below: &str) -> String {
        match self {
            Self::Local(root) => root.join(below).display().to_string(),
            Self::Ssh { root, .. } => format!("{root}/{below}"),
        }
    }

    /// What git is told to push to: `below` of the root.
    pub fn url(&self, below: &str) -> String {
        match self {
            Self::Local(_) => self.path(below),
            Self::Ssh { host, .. } => format!("ssh://{}{}", host.authority(), self.path(below)),
        }
    }
}

/// The path without `.` and `..`, so that it is the same in every message and on every command line.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// As it stands in a file.
impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Local(root) => write!(formatter, "{}", root.display()),
            Self::Ssh { host, root } => write!(formatter, "ssh://{}{root}", host.authority()),
        }
    }
}

impl Host {
    /// Reads `[user@]host[:port]`.
    fn parse(text: &str) -> Result<Self, AddressFault> {
        let part = |what: &'static str, text: &str| AddressFault::Part { what, text: text.to_owned() };
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, text),
        };
        if let Some(user) = user {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
            if user.is_empty() || user.starts_with('-') || !user.bytes().all(allowed) {
                return Err(part("a user", user));
            }
        }
        let (name, port) = match rest.strip_prefix('[') {
            Some(inner) => {
                let (name, after) = inner.split_once(']').ok_or_else(|| part("a host", rest))?;
                if !is_ipv6(name) {
                    return Err(part("a host", rest));
                }
                match after.strip_prefix(':') {
                    Some(port) => (name, Some(port)),
                    None if after.is_empty() => (name, None),
                    None => return Err(part("a host", rest)),
                }
            }
            None => {
                let (name, port) =
                    rest.split_once(':').map_or((rest, None), |(name, port)| (name, Some(port)));
                let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
                let starts = name.starts_with(|first: char| first.is_ascii_alphanumeric());
                if !starts || !name.bytes().all(allowed) {
                    return Err(part("a host", name));
                }
                (name, port)
            }
        };
        let port = match port {
            None => None,
            Some(text) => {
                let number =
                    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
                Some(number.filter(|port: &u16| *port > 0).ok_or_else(|| part("a port", text))?)
            }
        };
        Ok(Self { user: user.map(str::to_owned), name: name.to_owned(), port })
    }

    /// `user@host:port` as it stands in a URL.
    pub fn authority(&self) -> String {
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        let name = if self.name.contains(':') { format!("[{}]", self.name) } else { self.name.clone() };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{user}{name}{port}")
    }
}

/// Whether it can only be an address of IPv6; that it is one is for ssh to say.
fn is_ipv6(text: &str) -> bool {
    let groups = text.split(':').count();
    let fits = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    (3..=9).contains(&groups) && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, AddressFault> {
        Address::parse(text, Path::new("/project"))
    }

    #[test]
    fn an_address_is_read_and_written_alike() {
        for text in [
            "ssh://deploy@example.com:2222/srv/app",
            "ssh://example.com/srv/app",
            "ssh://[2001:db8::1]:22/srv/app",
            "ssh://root@[::1]/srv/my_app-2",
            "/srv/app",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert_eq!(parse("ssh://h/srv/app/").unwrap().to_string(), "ssh://h/srv/app");
        assert_eq!(parse("server").unwrap(), Address::Local("/project/server".into()));
        assert_eq!(parse("./a b/../server/").unwrap(), Address::Local("/project/server".into()));
        assert_eq!(parse("../srv").unwrap(), Address::Local("/srv".into()));
        assert_eq!(
            parse("ssh://u@h:7/srv/app").unwrap().url("prod/repo.git"),
            "ssh://u@h:7/srv/app/prod/repo.git"
        );
        assert_eq!(parse("/srv/app").unwrap().url("prod/repo.git"), "/srv/app/prod/repo.git");
    }

    #[test]
    fn what_a_program_could_take_for_something_else_is_refused() {
        for text in [
            "",
            "ssh://",
            "ssh://host",
            "ssh://host/",
            "ssh:///srv/app",
            "ssh://-oProxyCommand=touch$IFS/tmp/x/srv",
            "ssh://-l@host/srv",
            "ssh://user@-host/srv",
            "ssh://user name@host/srv",
            "ssh://us@er@host/srv",
            "ssh://user:secret@host/srv",
            "ssh://ho st/srv",
            "ssh://host,other/srv",
            "ssh://host:0/srv",
            "ssh://host:+22/srv",
            "ssh://host:99999/srv",
            "ssh://host:22x/srv",
            "ssh://host:/srv",
            "ssh://[::1/srv",
            "ssh://[::1]x/srv",
            "ssh://[-oX]/srv",
            "ssh://host/srv/../etc",
            "ssh://host//srv",
            "ssh://host/srv/%2e%2e",
            "ssh://host/srv/a b",
            "ssh://host/srv/$(id)",
            "ssh://host/srv/'x",
            "ssh://host/srv\n/x",
            "ssh://host/~/app",
            "http://host/srv",
            "ext::sh -c touch",
            "host:/srv/app",
            "user@host:srv",
            "~/app",
            "-oops/app",
            "/srv/a\nb",
        ] {
            assert!(parse(text).is_err(), "{text:?} gave {:?}", parse(text));
        }
    }
}
