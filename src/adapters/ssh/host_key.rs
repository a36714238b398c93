//! Host keys: what `ssh-keygen -F`, `ssh-keyscan` and a tasks file say, and the line of a known-hosts file.

use super::command::KEY_ALIAS;

/// The kinds of keys that ssh knows, the best first.
const KINDS: [&str; 7] = [
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
];

/// A public host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    kind: String,
    blob: String,
}

impl HostKey {
    /// Reads `ssh-ed25519 AAAA…`; a comment after it is left out.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let (kind, blob) = (words.next()?, words.next()?);
        let is_blob = blob.starts_with("AAAA")
            && blob.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
        (KINDS.contains(&kind) && is_blob && !text.contains(['\n', '\r']))
            .then(|| Self { kind: kind.to_owned(), blob: blob.to_owned() })
    }

    /// The known-hosts file in which it stands alone.
    pub fn known_hosts(&self) -> String {
        format!("{KEY_ALIAS} {self}\n")
    }
}

/// As it stands in a tasks file.
impl std::fmt::Display for HostKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.kind, self.blob)
    }
}

/// The best key of a known-hosts listing. Revoked keys and those of authorities are no host's own.
pub fn best(output: &str) -> Option<HostKey> {
    let keys = output
        .lines()
        .filter(|line| !line.starts_with(['#', '@']))
        .filter_map(|line| HostKey::parse(line.split_once(char::is_whitespace)?.1));
    keys.min_by_key(|key| KINDS.iter().position(|kind| *kind == key.kind))
}

/// The machine that ssh's configuration means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealHost {
    /// Its name or address.
    pub name: String,
    /// Where it listens.
    pub port: u16,
    /// How it is called in known-hosts files.
    pub known_as: String,
    /// Those files, the user's own first; some may not exist.
    pub known_in: Vec<String>,
}

/// The machine that `ssh -G` says is meant.
pub fn real_host(output: &str) -> Option<RealHost> {
    let value = |key: &str| {
        output
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
            .map(|it| it.trim().to_owned())
    };
    let (name, port) = (value("hostname")?, value("port")?.parse().ok()?);
    let plain = if port == 22 { name.clone() } else { format!("[{name}]:{port}") };
    let files = ["userknownhostsfile", "globalknownhostsfile"].into_iter().filter_map(value);
    let known_in = files.flat_map(|files| files.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect();
    Some(RealHost { known_as: value("hostkeyalias").unwrap_or(plain), known_in, name, port })
}

/// `SHA256:…` of what `ssh-keygen -l` prints.
pub fn fingerprint(output: &str) -> Option<&str> {
    output.split_whitespace().find(|word| word.starts_with("SHA256:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_key_on_one_line_is_one() {
        let key = HostKey::parse("ssh-ed25519 AAAAC3NzaC1+/= root@box").unwrap();
        assert_eq!(key.to_string(), "ssh-ed25519 AAAAC3NzaC1+/=");
        assert_eq!(key.known_hosts(), "shipway ssh-ed25519 AAAAC3NzaC1+/=\n");
        for text in [
            "",
            "ssh-ed25519",
            "ssh-dss AAAA",
            "ssh-ed25519 BBBB",
            "ssh-ed25519 AAAA\n* ssh-rsa AAAA",
            "x ssh-rsa AAAA",
        ] {
            assert_eq!(HostKey::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_best_key_is_taken_and_a_revoked_one_never() {
        let output = "# Host h found: line 3\nh ssh-rsa AAAAB3\n|1|x=|y= ecdsa-sha2-nistp256 AAAAE2\n@revoked h ssh-ed25519 AAAAC3\n";
        assert_eq!(best(output).unwrap().to_string(), "ecdsa-sha2-nistp256 AAAAE2");
        assert_eq!(best("# nothing\n"), None);
    }

    #[test]
    fn the_machine_behind_an_alias_is_found() {
        let known_as = |output: &str| real_host(output).map(|real| real.known_as);
        let alias = "user me\nhostname 203.0.113.7\nport 2222\nhostkeyalias web\n";
        assert_eq!(known_as(alias).as_deref(), Some("web"));
        assert_eq!(known_as("hostname h\nport 22\n").as_deref(), Some("h"));
        assert_eq!(known_as("hostname h\nport 23\n").as_deref(), Some("[h]:23"));
        assert_eq!(known_as("port 22\n"), None);
        let files = "hostname h\nport 22\nglobalknownhostsfile /etc/c\nuserknownhostsfile /a /b\n";
        assert_eq!(real_host(files).unwrap().known_in, ["/a", "/b", "/etc/c"]);
        assert_eq!(fingerprint("256 SHA256:abc+/ no comment (ED25519)\n"), Some("SHA256:abc+/"));
    }
}
