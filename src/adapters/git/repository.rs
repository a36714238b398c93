//! Command lines that make a repository and bring it to its forge.

use std::path::Path;

use super::command::git;
use crate::os::command::CommandSpec;

/// Empty where `folder` is the top of its work tree, `../` and the like below it; fails where there is no repository. In English, for
/// its refusals are told apart.
pub fn way_to_top(folder: &Path) -> CommandSpec {
    git(folder, &["rev-parse", "--show-cdup"]).env("LC_ALL", "C")
}

/// A repository with the branch `main` to be, or the one that is there.
pub fn init(folder: &Path, branch: &str) -> CommandSpec {
    git(folder, &["init", "--quiet", &format!("--initial-branch={branch}")])
}

/// The branch that `HEAD` is on, as a whole ref, also one without a commit; fails where it is on none.
pub fn head_branch(folder: &Path) -> CommandSpec {
    git(folder, &["symbolic-ref", "--quiet", "HEAD"])
}

/// Puts `HEAD` on a branch that has no commit yet.
pub fn start_on(folder: &Path, branch: &str) -> CommandSpec {
    git(folder, &["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")])
}

/// The tree of a revision, whole.
pub fn tree_of(folder: &Path, revision: &str) -> CommandSpec {
    git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options"])
        .args([format!("{revision}^{{tree}}")])
}

/// The tree of what was added, as a commit would have it.
pub fn staged_tree(folder: &Path) -> CommandSpec {
    git(folder, &["write-tree"])
}

/// Adds a remote.
pub fn add_remote(folder: &Path, name: &str, url: &str) -> CommandSpec {
    git(folder, &["remote", "add", "--", name, url])
}

/// The branches of a remote or a URL, `ID TAB refs/heads/NAME` a line; read by `branches`.
pub fn remote_branches(folder: &Path, place: &str) -> CommandSpec {
    git(folder, &["ls-remote", "--heads", "--", place])
}

/// Pushes exactly one commit to one branch, and nothing that the user's settings would add. Never over what is there.
pub fn push_branch(folder: &Path, remote: &str, commit: &str, branch: &str) -> CommandSpec {
    git(folder, &["push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--", remote])
        .args([format!("{commit}:refs/heads/{branch}")])
}

/// `pull` and `push` on the branch mean the same one of the remote.
pub fn follow(folder: &Path, remote: &str, branch: &str) -> CommandSpec {
    git(folder, &["branch", "--quiet", &format!("--set-upstream-to={remote}/{branch}"), branch])
}

/// What the branch follows, as a whole ref; fails where it follows nothing.
pub fn followed(folder: &Path, branch: &str) -> CommandSpec {
    git(folder, &["rev-parse", "--verify", "--quiet", "--symbolic-full-name"])
        .args([format!("{branch}@{{upstream}}")])
}

/// Succeeds where everything that `old` has is in `new`.
pub fn is_ancestor(folder: &Path, old: &str, new: &str) -> CommandSpec {
    git(folder, &["merge-base", "--is-ancestor", old, new])
}

/// The ssh command of the user's own settings; fails where there is none.
pub fn ssh_command(folder: &Path) -> CommandSpec {
    git(folder, &["config", "--get", "core.sshCommand"])
}

/// Branches and their commits, of what `remote_branches` prints.
pub fn branches(output: &str) -> std::collections::BTreeMap<String, String> {
    let branch = |line: &str| {
        let (commit, name) = line.split_once('\t')?;
        Some((name.strip_prefix("refs/heads/")?.to_owned(), commit.to_owned()))
    };
    output.lines().filter_map(branch).collect()
}

/// Host and path of a repository's address, however it is written: `git@github.com:ada/shop.git` and `https://github.com/ada/shop` are the
/// same. `None`: it is a path of this machine.
pub fn host_and_path(url: &str) -> Option<(String, String)> {
    let (host, path) = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?,
        None => url.split_once(':').filter(|(host, _)| !host.contains('/'))?,
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    let path = path.trim_matches('/');
    Some((host, path.strip_suffix(".git").unwrap_or(path).to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let shop = Some(("github.com".to_owned(), "ada/shop".to_owned()));
        for url in [
            "git@github.com:ada/shop.git",
            "github.com:Ada/shop",
            "https://github.com/ada/shop",
            "https://x:y@GitHub.com/ada/shop.git/",
            "ssh://git@github.com:22/ada/shop.git",
        ] {
            assert_eq!(host_and_path(url), shop, "{url}");
        }
        for url in ["../origin.git", "/srv/shop.git", "file:///srv/shop.git", "./a:b"] {
            assert_eq!(host_and_path(url), None, "{url}");
        }
    }

    #[test]
    fn a_push_names_one_commit_and_one_branch_in_full() {
        let line = push_branch(Path::new("/app"), "origin", "4f2a", "stage").bare_line();
        let expected =
            "git push --porcelain --no-follow-tags --recurse-submodules=no -- origin 4f2a:refs/heads/stage";
        assert_eq!(line, expected);
    }

    #[test]
    fn branches_are_read_without_what_is_no_branch() {
        let output = "4f2a\trefs/heads/main\n77aa\trefs/heads/feature/x\n77aa\trefs/tags/v1\n";
        let read: Vec<(String, String)> = branches(output).into_iter().collect();
        let pair = |name: &str, commit: &str| (name.to_owned(), commit.to_owned());
        assert_eq!(read, [pair("feature/x", "77aa"), pair("main", "4f2a")]);
    }
}
