//! What an ssh key may do that is restricted to this program: push and fetch, and call the server's Shipway; nothing else.
//!
//! `authorized_keys`: `command="ROOT/bin/shipway __server 1 ROOT shell",restrict ssh-ed25519 …`.

use std::path::{Path, PathBuf};

use super::call::{self, Call, Verb};
use crate::diagnostic::{Fault, FaultKind};
use crate::release::layout::Layout;
use crate::release::protocol::WORD;

/// What the key's owner asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// git's program, with the repository.
    Git { program: &'static str, repository: PathBuf },
    /// A call like any other.
    Call(Call),
}

/// Pure: whether the command that ssh was given may be run below `root`.
pub(super) fn parse(root: &Path, command: &str) -> Result<Wanted, Fault> {
    let refused = || {
        Fault::new(FaultKind::Refused, "this key may deploy and nothing else")
            .detail(format!("it was asked to run: {command}"))
            .hint("`shipway server setup` needs a key without `command=` in authorized_keys")
    };
    let words = shell_words::split(command).map_err(|_| refused())?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["git-receive-pack", path] => repository(root, path).map(|it| git("git-receive-pack", it)),
        ["git-upload-pack", path] => repository(root, path).map(|it| git("git-upload-pack", it)),
        [program, WORD, rest @ ..] if Path::new(program) == root.join("bin/shipway") => {
            let rest: Vec<String> = rest.iter().map(|&word| word.to_owned()).collect();
            let call = call::parse(&rest)?;
            let is_below = call.home.parent() == Some(root) && is_name(&call.home);
            let is_for_clients = !matches!(
                call.verb,
                Verb::Receive | Verb::PreReceive | Verb::Work { .. } | Verb::Shell | Verb::Setup { .. }
            );
            (is_below && is_for_clients).then_some(Wanted::Call(call))
        }
        _ => None,
    }
    .ok_or_else(refused)
}

fn git(program: &'static str, repository: PathBuf) -> Wanted {
    Wanted::Git { program, repository }
}

/// The repository of an environment below `root`, and no other.
fn repository(root: &Path, path: &str) -> Option<PathBuf> {
    let home = Path::new(path).parent()?;
    let is_ours = home.parent() == Some(root) && is_name(home);
    let repository = Layout::at(home).repository();
    (is_ours && repository == Path::new(path)).then_some(repository)
}

/// Whether the last part is a plain name.
fn is_name(path: &Path) -> bool {
    matches!(path.components().next_back(), Some(std::path::Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restricted_key_pushes_and_calls_and_does_nothing_else() {
        let root = Path::new("/srv/my app");
        let may = |command: &str| parse(root, command);
        assert_eq!(
            may("git-receive-pack '/srv/my app/prod/repo.git'").unwrap(),
            Wanted::Git { program: "git-receive-pack", repository: "/srv/my app/prod/repo.git".into() }
        );
        let call = may("'/srv/my app/bin/shipway' __server 1 '/srv/my app/prod' follow 3").unwrap();
        assert!(matches!(call, Wanted::Call(call) if call.verb == Verb::Follow(Some(3))));
        for command in [
            "",
            "sh -c id",
            "git-receive-pack '/srv/my app/prod/../../../etc/repo.git'",
            "git-receive-pack '/srv/my app/../repo.git'",
            "git-receive-pack /srv/other/prod/repo.git",
            "git-receive-pack '/srv/my app/prod/repo.git' --upload-pack=x",
            "git-receive-pack '/srv/my app/prod/releases'",
            "/bin/shipway __server 1 '/srv/my app/prod' status",
            "'/srv/my app/bin/shipway' __server 1 /srv/other/prod status",
            "'/srv/my app/bin/shipway' __server 1 '/srv/my app/..' status",
            "'/srv/my app/bin/shipway' __server 1 '/srv/my app/prod' work 3",
            "'/srv/my app/bin/shipway' __server 1 '/srv/my app/prod' shell",
            "'/srv/my app/bin/shipway' up",
            "git-receive-pack '/srv/my app/prod/repo.git'; id",
            "git-receive-pack 'unclosed",
        ] {
            assert_eq!(may(command).unwrap_err().kind, FaultKind::Refused, "{command}");
        }
    }
}
