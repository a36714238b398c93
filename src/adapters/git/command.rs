//! git's command lines.
//!
//! Refs are always given in full (`refs/tags/v2`), because a short name may be a branch as well, and after `--` or as the value of an option, so
//! that none is taken for an option.

use std::path::Path;

use crate::os::command::{Argument, CommandSpec};

/// What `for-each-ref` prints of a tag, fields divided by NUL, tags by newline: name, object that it names in the end, date, whether
/// it is annotated, first line of its message.
const TAG_FORMAT: &str = "%(refname:strip=2)%00%(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)%00\
     %(creatordate:unix)%00%(objecttype)%00%(contents:subject)";

/// `git` in `folder`. Never asks anything on a terminal, never opens an editor or a pager.
pub(super) fn git(folder: &Path, args: &[&str]) -> CommandSpec {
    CommandSpec::new("git", folder)
        .args(args.iter().copied())
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_EDITOR", "false")
}

/// Changed, added and unknown files, each with NUL after it; read by `status`.
pub fn status(folder: &Path) -> CommandSpec {
    git(folder, &["status", "--porcelain=v1", "-z", "--untracked-files=normal"])
}

/// The commit that a revision names, whole.
pub fn commit_of(folder: &Path, revision: &str) -> CommandSpec {
    git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options"])
        .args([format!("{revision}^{{commit}}")])
}

/// `true` or `false`: whether history is cut off.
pub fn is_shallow(folder: &Path) -> CommandSpec {
    git(folder, &["rev-parse", "--is-shallow-repository"])
}

/// Succeeds where `name` may be a tag's name.
pub fn check_tag_name(folder: &Path, name: &str) -> CommandSpec {
    git(folder, &["check-ref-format"]).args([format!("refs/tags/{name}")])
}

/// All tags, the newest first (`creatordate`, because a lightweight tag has no tagger); read by `tags`.
pub fn tags(folder: &Path) -> CommandSpec {
    git(folder, &["for-each-ref", "--sort=-creatordate", &format!("--format={TAG_FORMAT}"), "refs/tags/"])
}

/// An annotated tag on `commit`.
pub fn tag(folder: &Path, name: &str, message: &str, commit: &str) -> CommandSpec {
    git(folder, &["tag", "--annotate", "--message", message, "--end-of-options", name, commit])
}

/// Everything that changed becomes part of the next commit.
pub fn add_all(folder: &Path) -> CommandSpec {
    git(folder, &["add", "--all"])
}

/// A commit of what was added.
pub fn commit(folder: &Path, message: &str) -> CommandSpec {
    git(folder, &["commit", "--quiet", "--message", message])
}

/// Where the remote is; fails where there is none of that name.
pub fn remote_url(folder: &Path, remote: &str) -> CommandSpec {
    git(folder, &["remote", "get-url", "--", remote])
}

/// Pushes exactly one tag.
pub fn push_tag(folder: &Path, remote: &str, name: &str) -> CommandSpec {
    git(folder, &["push", "--porcelain", "--", remote]).args([format!("refs/tags/{name}:refs/tags/{name}")])
}

/// Whether the repository has the commit; fails where not.
pub fn has_commit(folder: &Path, commit: &str) -> CommandSpec {
    git(folder, &["cat-file", "-e"]).args([format!("{commit}^{{commit}}")])
}

/// What lies between two commits: `ONLY-IN-OLD TAB ONLY-IN-NEW`; read by `history::counts`.
pub fn counts(folder: &Path, old: &str, new: &str) -> CommandSpec {
    git(folder, &["rev-list", "--count", "--left-right"]).args([format!("{old}...{new}"), "--".to_owned()])
}

/// Commits that `new` has and `old` has not, the newest first, at most `limit`: a line each, short id and subject.
pub fn subjects(folder: &Path, old: &str, new: &str, limit: usize) -> CommandSpec {
    let limit = format!("--max-count={limit}");
    git(folder, &["log", "--no-show-signature", "--no-decorate", "--no-color", "--format=%h %s", &limit])
        .args([format!("{old}..{new}"), "--".to_owned()])
}

/// Paths that differ between two commits, each with NUL after it.
pub fn changed_paths(folder: &Path, old: &str, new: &str) -> CommandSpec {
    git(folder, &["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", old, new, "--"])
}

/// Who git takes us for: `NAME <ADDRESS> SECONDS ZONE`; fails where it does not know.
pub fn identity(folder: &Path) -> CommandSpec {
    git(folder, &["var", "GIT_AUTHOR_IDENT"])
}

/// The digest of each file's bytes, a line each.
pub fn digests(folder: &Path) -> CommandSpec {
    git(folder, &["hash-object", "--no-filters", "--"])
}

/// Whether git ignores a path: 0 where it does, 1 where not (also where it has the file already), more where there is no repository.
pub fn is_ignored(folder: &Path, path: &Path) -> CommandSpec {
    let mut spec = git(folder, &["check-ignore", "--quiet", "--"]);
    spec.args.push(Argument::Path(path.to_owned()));
    spec
}

/// The newest commit of any branch or tag that touched a path; nothing where none did.
pub fn commit_of_path(folder: &Path, path: &Path) -> CommandSpec {
    let mut spec = git(folder, &["log", "--all", "--max-count=1", "--format=%H", "--"]);
    spec.args.push(Argument::Path(path.to_owned()));
    spec
}

/// The last `limit` commits of the current branch, a line each.
pub fn last_commits(folder: &Path, limit: usize) -> CommandSpec {
    git(folder, &["rev-list", &format!("--max-count={limit}"), "HEAD", "--"])
}

/// A push to a server's ref of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployPush<'a> {
    /// Where to.
    pub url: &'a str,
    /// The value of `GIT_SSH_COMMAND`; `None`: git's own.
    pub ssh: Option<&'a str>,
    /// Push options, in order.
    pub options: &'a [String],
    /// A tag that goes along.
    pub tag: Option<&'a str>,
    /// The commit.
    pub commit: &'a str,
    /// The server's ref.
    pub reference: &'a str,
}

/// Pushes a commit to a server. Nothing goes along that the user's settings would add: other tags, submodules, a signature.
pub fn push_deploy(folder: &Path, push: &DeployPush<'_>) -> CommandSpec {
    let fixed = ["push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--no-signed"];
    let mut spec = git(folder, &fixed);
    for option in push.options {
        spec = spec.args(["-o", option]);
    }
    spec = spec.args(["--", push.url]);
    if let Some(tag) = push.tag {
        spec = spec.args([format!("refs/tags/{tag}:refs/tags/{tag}")]);
    }
    spec = spec.args([format!("+{}:{}", push.commit, push.reference)]);
    match push.ssh {
        Some(ssh) => spec.env("GIT_SSH_COMMAND", ssh).env("GIT_SSH_VARIANT", "ssh"),
        None => spec,
    }
}

/// Every file of a commit with its mode; a submodule's is `160000`.
pub fn links_of(repository: &Path, commit: &str) -> CommandSpec {
    git(repository, &["ls-tree", "-r", "--full-tree", "--end-of-options", commit])
}

/// A commit's tree into the file `index`.
pub fn read_tree(repository: &Path, index: &Path, commit: &str) -> CommandSpec {
    git(repository, &["read-tree"]).args([commit]).env("GIT_INDEX_FILE", index.to_string_lossy())
}

/// All files of `index` into `folder`, which is there.
pub fn check_out(repository: &Path, index: &Path, folder: &Path) -> CommandSpec {
    git(folder, &[])
        .args([format!("--git-dir={}", repository.display()), format!("--work-tree={}", folder.display())])
        .args(["checkout-index", "--all"])
        .env("GIT_INDEX_FILE", index.to_string_lossy())
}

/// Moves a ref, or makes it.
pub fn update_ref(repository: &Path, name: &str, commit: &str) -> CommandSpec {
    git(repository, &["update-ref", "--end-of-options", name, commit])
}

/// A repository without files, or the one that is there.
pub fn init_bare(repository: &Path) -> CommandSpec {
    git(repository, &["init", "--quiet", "--bare", "."])
}

/// Sets one value of the repository's own configuration.
pub fn configure(repository: &Path, name: &str, value: &str) -> CommandSpec {
    git(repository, &["config", "--local", "--replace-all", name, value])
}

/// Where the repository looks for its hooks; another place may be configured for the whole machine.
pub fn hooks_folder(repository: &Path) -> CommandSpec {
    git(repository, &["rev-parse", "--git-path", "hooks"])
}

/// Which git this is.
pub fn version(folder: &Path) -> CommandSpec {
    git(folder, &["version"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_line_names_refs_in_full() {
        let here = Path::new("/app");
        let push = DeployPush {
            url: "ssh://h/srv/prod/repo.git",
            ssh: None,
            options: &["by=me".to_owned(), "from=the box".to_owned()],
            tag: Some("v2"),
            commit: "4f2a",
            reference: "refs/deploy/prod",
        };
        let lines: Vec<String> = [
            status(here),
            commit_of(here, "HEAD"),
            check_tag_name(here, "v2"),
            tag(here, "v2", "version v2", "4f2a"),
            push_tag(here, "origin", "v2"),
            push_deploy(here, &push),
        ]
        .iter()
        .map(|spec| spec.to_string().replace("GIT_EDITOR=false GIT_TERMINAL_PROMPT=0 ", ""))
        .collect();
        assert_eq!(
            lines,
            [
                "git status --porcelain=v1 -z --untracked-files=normal",
                "git rev-parse --verify --quiet --end-of-options 'HEAD^{commit}'",
                "git check-ref-format refs/tags/v2",
                "git tag --annotate --message 'version v2' --end-of-options v2 4f2a",
                "git push --porcelain -- origin refs/tags/v2:refs/tags/v2",
                "git push --porcelain --no-follow-tags --recurse-submodules=no --no-signed -o by=me -o 'from=the box' -- \
                 ssh://h/srv/prod/repo.git refs/tags/v2:refs/tags/v2 +4f2a:refs/deploy/prod",
            ]
        );
    }
}
