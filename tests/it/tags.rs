//! `tag` and `tags` against a real git.

use crate::harness::{Space, needs};

/// A project in git with one commit and a bare `origin` beside it.
fn project() -> Space {
    let space = Space::new()
        .file("tasks.toml", "[tasks]\nnothing = \"true\"\n")
        .file(".gitignore", ".shipway\norigin.git\n");
    space.git(&["init", "--quiet", "--initial-branch=main"]);
    space.git(&["init", "--quiet", "--bare", "origin.git"]);
    space.git(&["remote", "add", "origin", "./origin.git"]);
    commit(&space, "one");
    space
}

fn commit(space: &Space, message: &str) -> String {
    space.git(&["add", "--all"]);
    space.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    space.git(&["rev-parse", "HEAD"])
}

fn tags(space: &Space, repository: &str) -> String {
    space.git(&["-C", repository, "for-each-ref", "--format=%(refname) %(objecttype)", "refs/tags"])
}

#[test]
fn a_tag_is_annotated_and_goes_alone_to_origin() {
    needs!("git");
    let space = project();
    space.git(&["tag", "local-only"]);
    space.run("tag v1").exits(0);
    assert_eq!(tags(&space, "origin.git").trim(), "refs/tags/v1 tag");
    assert_eq!(
        space.git(&["-C", "origin.git", "for-each-ref", "--format=%(refname)"]).trim(),
        "refs/tags/v1"
    );
    assert_eq!(space.git(&["tag", "--list", "--format=%(contents:subject)", "v1"]).trim(), "version v1");
    let told = space.run("tags");
    told.exits(0);
    assert!(told.stdout.contains("v1") && told.stdout.contains("lightweight"), "{}", told.all());
}

#[test]
fn the_same_command_again_does_only_what_is_missing() {
    needs!("git");
    let space = project();
    space.run("tag v1 --no-push").exits(0);
    assert_eq!(tags(&space, "origin.git").trim(), "");
    let again = space.run("tag v1");
    again.exits(0).says("stands on this commit");
    assert_eq!(tags(&space, "origin.git").trim(), "refs/tags/v1 tag");
    space.run("tag v1").exits(0).says("has it");
}

// F13.
#[test]
fn tags_are_told_the_newest_first_a_lightweight_one_among_them() {
    needs!("git");
    let space = project();
    let on = |date: &str, words: &[&str]| {
        let made = space.program("git").args(words).env("GIT_COMMITTER_DATE", date).status().unwrap();
        assert!(made.success(), "{words:?}");
    };
    on("2030-01-01T00:00:00Z", &["tag", "--annotate", "--message", "x", "oldest"]);
    on("2030-01-02T00:00:00Z", &["commit", "--quiet", "--allow-empty", "--message", "two"]);
    on("2030-01-02T00:00:00Z", &["tag", "lightweight"]);
    on("2030-01-03T00:00:00Z", &["tag", "--annotate", "--message", "x", "newest"]);
    let told = space.run("tags --json").exits(0).stdout.clone();
    let names: Vec<String> = told
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["name"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(names, ["newest", "lightweight", "oldest"]);
}

// F8.
#[test]
fn a_tag_never_moves() {
    needs!("git");
    let space = project();
    space.run("tag v1").exits(0);
    let first = space.git(&["rev-parse", "v1^{commit}"]);
    let head = commit(&space, "two");
    let refused = space.run("tag v1");
    refused.exits(4).says("exists already").says(first.trim().get(..12).unwrap());
    assert_eq!(space.git(&["rev-parse", "v1^{commit}"]), first);
    assert_eq!(space.git(&["rev-parse", "HEAD"]), head, "no commit was made on the way");
}

// F11.
#[test]
fn a_tree_that_is_not_clean_is_refused_or_committed_after_a_question() {
    needs!("git");
    let space = project();
    let head = space.git(&["rev-parse", "HEAD"]);
    space.write("new file.txt", "new");
    space.write("tasks.toml", "[tasks]\nnothing = \"true\" # changed\n");
    space.run("tag v1").exits(4).says("2 files are not committed").says("new file.txt").says("--commit");
    space.run("tag v1 --commit more").exits(4).says("--yes");
    assert_eq!((space.git(&["rev-parse", "HEAD"]), tags(&space, ".")), (head, String::new()));
    space.run("--yes tag v1 --commit more").exits(0);
    assert_eq!(space.git(&["log", "-1", "--format=%s", "v1"]).trim(), "more");
    assert_eq!(space.git(&["status", "--porcelain"]).trim(), "");
    assert_eq!(space.git(&["show", "v1:new file.txt"]).trim(), "new");
}

#[test]
fn another_tag_of_that_name_at_origin_is_told_and_stays() {
    needs!("git");
    let space = project();
    space.run("tag v1").exits(0);
    let theirs = tags_at(&space, "origin.git");
    space.git(&["tag", "--delete", "v1"]);
    commit(&space, "two");
    space.run("tag v1").exits(4).says("did not take the tag").says("git fetch --tags");
    assert_eq!(tags_at(&space, "origin.git"), theirs);
}

fn tags_at(space: &Space, repository: &str) -> String {
    space.git(&["-C", repository, "for-each-ref", "--format=%(refname) %(objectname)", "refs/tags"])
}

#[test]
fn a_shallow_clone_a_bad_name_and_no_commit_are_refused_before_anything_changes() {
    needs!("git");
    let space = project();
    commit(&space, "two");
    let here = format!("file://{}", space.path(".").display());
    space.git(&["clone", "--quiet", "--depth=1", &here, "origin.git/shallow"]);
    let shallow = space.run("-f origin.git/shallow/tasks.toml tag v1");
    shallow.exits(4).says("shallow").says("fetch-depth: 0");
    for name in ["a..b", "-x", "with~tilde"] {
        space.run(&format!("tag -- {name}")).exits(2).says("can't be the name of a tag");
    }
    assert_eq!(tags(&space, ".").trim(), "");
    let empty = Space::new().file("tasks.toml", "[tasks]\nnothing = \"true\"\n");
    empty.git(&["init", "--quiet"]);
    empty.run("tag v1").exits(4).says("no commit");
}

#[test]
fn a_dry_run_makes_no_tag() {
    needs!("git");
    let space = project();
    let dry = space.run("--dry-run tag v1");
    dry.exits(0);
    assert!(dry.stdout.contains("git push"), "{}", dry.all());
    assert_eq!(tags(&space, ".").trim(), "");
    assert!(!space.has(".shipway"));
}
