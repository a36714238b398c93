//! `repo create` against real git and stand-ins of the forges, whose repositories are real ones.

use rustix::process::Signal;
use shipway::plan::{Ending, Skip};

use crate::code;
use crate::harness::vendors::depot::Depot;
use crate::harness::vendors::github::{GitHub, Repository};
use crate::harness::vendors::gitlab::GitLab;
use crate::harness::vendors::{StandIn, Vendor, failures};
use crate::harness::{Output, Space, needs};

const TASKS: &str = "[forge]\nkind = \"github\"\nrepo = \"ada/shop\"\n\n[env_files.production]\npath = \".envs/.production\"\n\
     prefix = \"PROD\"\n\n[environments.stage]\nbranch = \"stage\"\n\n[environments.prod]\nbranch = \"main\"\nenv_files = [\"production\"]\n";

const PASSWORD: &str = "hunter22!canary";

/// A project without a repository, and a forge.
struct Project<V: Vendor> {
    space: Space,
    forge: StandIn<V>,
    depot: Depot,
}

fn github(depot: Depot) -> GitHub {
    let mut github = GitHub::default();
    github.depot = Some(depot);
    github
}

fn project() -> Project<GitHub> {
    Project::new(TASKS, github)
}

impl<V: Vendor> Project<V> {
    fn new(tasks: &str, vendor: impl FnOnce(Depot) -> V) -> Self {
        let mut space = Space::with_tasks(tasks)
            .file(".gitignore", "/.envs/\n")
            .file(".envs/.production/.django", &format!("DEBUG=false\nDJANGO_PASSWORD={PASSWORD}\n"))
            .file("src/app.py", "print('hello')\n");
        let depot = Depot::new(&space.root.with_file_name("depot"));
        let forge = StandIn::start(vendor(depot.clone()));
        for (name, value) in forge.variables() {
            space.environment.insert(name.into(), value.into());
        }
        Self { space, forge, depot }
    }

    fn run(&self, line: &str) -> Output {
        self.space.run(line)
    }

    /// Requests that change something.
    fn changes(&self) -> Vec<String> {
        self.forge.lines().into_iter().filter(|line| !line.starts_with("GET ")).collect()
    }

    /// Branches at the forge, with their commits.
    fn branches(&self, name: &str) -> Vec<(String, String)> {
        let repository = self.depot.path(name);
        let repository = repository.to_str().unwrap();
        let format = "--format=%(refname:short) %(objectname)";
        let told = self.space.git(&["-C", repository, "for-each-ref", format]);
        let pair = |line: &str| line.split_once(' ').map(|(name, id)| (name.to_owned(), id.to_owned()));
        told.lines().filter_map(pair).collect()
    }

    /// Everything is there and nothing twice.
    #[track_caller]
    fn is_whole(&self, name: &str, said: &str) {
        let space = &self.space;
        let head = space.git(&["rev-parse", "main"]).trim().to_owned();
        let both = ["main", "stage"].map(|branch| (branch.to_owned(), head.clone()));
        assert_eq!(self.branches(name), both, "{said}");
        assert_eq!(space.git(&["rev-list", "--count", "main"]).trim(), "1", "{said}");
        let upstream = space.git(&["rev-parse", "--abbrev-ref", "main@{upstream}"]);
        assert_eq!(upstream.trim(), "origin/main", "{said}");
        assert_eq!(space.git(&["status", "--porcelain"]), "", "{said}");
        let committed = space.git(&["ls-tree", "-r", "--name-only", "main"]);
        assert_eq!(committed, ".gitignore\nsrc/app.py\ntasks.toml\n", "{said}");
        assert_eq!(self.changes().len(), 1, "{said}\n{:?}", self.changes());
    }

    /// Nothing was made, here or there.
    #[track_caller]
    fn is_untouched(&self, output: &Output) {
        assert!(!self.space.has(".git"), "{}", output.all());
        assert_eq!(self.changes(), Vec::<String>::new(), "{}", output.all());
    }
}

#[test]
fn a_fresh_project_becomes_a_repository_and_the_second_time_all_is_there() {
    needs!("git");
    let project = project();
    let made = project.run("--json --yes repo create");
    made.exits(0);
    let expected = ["check", "scan", "approve", "init", "commit", "create", "remote", "push", "branches"];
    assert_eq!(made.story().done(), expected.map(|step| format!("repo:{step}")), "{}", made.all());
    project.is_whole("ada/shop", &made.all());
    assert_eq!(project.changes(), ["POST /user/repos"]);
    let url = project.space.git(&["remote", "get-url", "origin"]);
    assert_eq!(url.trim(), project.depot.url("ssh", "ada/shop"));
    assert!(project.forge.vendor(|forge| forge.repositories["ada/shop"].private));
    assert_eq!(project.space.git(&["log", "--format=%s"]).trim(), "Initial commit");
    assert!(!made.stdout.contains(PASSWORD), "{}", made.all());

    let again = project.run("--json repo create");
    again.exits(0);
    let story = again.story();
    assert_eq!(story.done(), ["repo:check", "repo:scan"], "{}", again.all());
    let skipped = story.ending("repo:approve");
    assert!(matches!(skipped, Ending::Skipped(Skip::Nothing { .. })), "{skipped:?}");
    for step in ["init", "commit", "create", "remote", "push", "branches"] {
        let ending = story.ending(&format!("repo:{step}"));
        assert!(matches!(ending, Ending::UpToDate { .. }), "{step}: {ending:?}");
    }
    project.is_whole("ada/shop", &again.all());
}

#[test]
fn nothing_is_made_without_a_yes_and_a_dry_run_asks_nobody() {
    needs!("git");
    let project = project();
    let dry = project.run("--dry-run repo create --https -m hello");
    dry.exits(0);
    for line in ["git init", "git commit --quiet --message hello", "for https", "refs/heads/stage"] {
        assert!(dry.stdout.contains(line), "{line}: {}", dry.all());
    }
    assert_eq!(project.forge.lines(), Vec::<String>::new());
    let asked = project.run("repo create");
    asked
        .exits(4)
        .says("Make the private repository ada/shop at")
        .says("3 files")
        .says("`stage`")
        .says("--yes");
    project.is_untouched(&asked);
}

#[test]
fn a_public_repository_needs_the_word() {
    needs!("git");
    let project = project();
    let refused = project.run("--yes repo create --public");
    refused.exits(4).says("--confirm public");
    project.is_untouched(&refused);
    let made = project.run("repo create --public --https --confirm public");
    made.exits(0);
    project.is_whole("ada/shop", &made.all());
    assert!(project.forge.vendor(|forge| !forge.repositories["ada/shop"].private));
    let url = project.space.git(&["remote", "get-url", "origin"]);
    assert_eq!(url.trim(), project.depot.url("https", "ada/shop"));
    // What is public is not taken for private, and the other way round.
    project.run("--yes repo create").exits(4).says("is public, and private was asked for");
}

#[test]
fn a_repository_of_an_organisation_is_made_there() {
    needs!("git");
    let tasks = TASKS.replace("ada/shop", "acme/shop");
    let project = Project::new(&tasks, github);
    let made = project.run("--yes repo create");
    made.exits(0);
    assert_eq!(project.changes(), ["POST /orgs/acme/repos"]);
    project.is_whole("acme/shop", &made.all());
    assert!(project.run("--yes repo create --internal").exits(2).stderr.contains("GitLab only"));
}

#[test]
fn a_project_of_gitlab_is_made_in_its_group_with_the_visibility_that_was_asked_for() {
    needs!("git");
    let tasks = TASKS.replace("github", "gitlab").replace("ada/shop", "team/shop");
    let vendor = |depot| GitLab { depot: Some(depot), ..GitLab::with_project("team/other") };
    let project = Project::new(&tasks, vendor);
    let made = project.run("--yes repo create --internal");
    made.exits(0);
    project.is_whole("team/shop", &made.all());
    assert_eq!(project.changes(), ["POST /projects"]);
    let asked = project.forge.asked();
    let body = asked.iter().find(|asked| asked.method == "POST").unwrap().json();
    assert_eq!((&body["visibility"], &body["namespace_id"]), (&"internal".into(), &7.into()));
    project.run("repo create --internal").exits(0);

    let own = Project::new(&tasks.replace("team/shop", "ada/shop"), |depot| GitLab {
        depot: Some(depot),
        ..GitLab::with_project("team/other")
    });
    let made = own.run("--yes repo create");
    made.exits(0);
    own.is_whole("ada/shop", &made.all());
}

#[test]
fn a_file_with_a_known_secret_refuses_everything_by_name_and_line() {
    needs!("git");
    let cases = [
        (
            "notes.md",
            format!("# Notes\n\nlog in with {PASSWORD}\n"),
            "notes.md:3: `DJANGO_PASSWORD` of .envs/.production/.django",
        ),
        // As base64 somewhere inside of a line.
        ("ci.yml", "env:\n  X: aHVudGVyMjIhY2FuYXJ5\n".to_owned(), "ci.yml:2: `DJANGO_PASSWORD`"),
        (
            "keys/deploy",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\n".to_owned(),
            "keys/deploy:1: a private key",
        ),
        (
            "infra/prod.tfvars",
            "region = \"fra1\"\ndo_token = \"dop_v1_0123456789\"\n".to_owned(),
            "infra/prod.tfvars:2: `do_token`",
        ),
        ("app.env", "TOKEN=from-the-variable\n".to_owned(), "app.env:1: `secrets.DEPLOY_TOKEN`"),
        (
            "deploy.sh",
            "curl -H 'authorization: Bearer ghp_canary0123456789'\n".to_owned(),
            "deploy.sh:1: the token of `GH_TOKEN`",
        ),
        ("key.txt", "x\nfrom-the-file-0123\n".to_owned(), "key.txt:2: `secrets.SIGNING`"),
    ];
    for (path, text, told) in cases {
        let mut project = Project::new(
            &format!(
                "{TASKS}\n[secrets.DEPLOY_TOKEN]\nvalue = {{ env = \"DEPLOY_TOKEN\" }}\n[secrets.SIGNING]\nvalue = {{ file = \".envs/signing\" }}\n"
            ),
            github,
        );
        project.space.environment.insert("DEPLOY_TOKEN".into(), "from-the-variable".into());
        project.space.write(".envs/signing", "from-the-file-0123\n");
        project.space.write(path, &text);
        let refused = project.run("--yes repo create");
        refused.exits(4).says(told).says("nothing is pushed").does_not_say(PASSWORD);
        project.is_untouched(&refused);
        // Taken out, it goes on.
        std::fs::remove_file(project.space.path(path)).unwrap();
        let made = project.run("--yes repo create");
        made.exits(0);
        project.is_whole("ada/shop", &made.all());
    }
}

#[test]
fn what_is_public_or_short_stands_in_nobodys_way() {
    needs!("git");
    let tasks = TASKS.replace("prefix = \"PROD\"", "prefix = \"PROD\"\npublic = [\"SITE_KEY\"]");
    let project = Project::new(&tasks, github);
    project.space.write(".envs/.production/.django", "SITE_KEY=for-everybody-1\nPIN_KEY=short77\n");
    project.space.write("src/app.py", "for-everybody-1 short77\n");
    project.run("--yes repo create").exits(0);
    project.is_whole("ada/shop", "");
}

#[test]
fn an_env_file_that_git_does_not_ignore_or_has_already_refuses() {
    needs!("git");
    let project = project();
    project.space.write(".gitignore", "*.pyc\n");
    let refused = project.run("--yes repo create");
    refused
        .exits(4)
        .says(".envs/.production/.django: git does not ignore this file of [env_files.production]");
    refused.says("add `/.envs/.production/.django` to .gitignore");
    project.is_untouched(&refused);

    // Files that are yet to come, too.
    std::fs::remove_dir_all(project.space.path(".envs")).unwrap();
    let refused = project.run("--yes repo create");
    refused.exits(4).says("once [env_files.production] has its files");
    project.is_untouched(&refused);
}

#[test]
fn an_env_file_or_a_secret_of_an_earlier_commit_refuses_though_it_is_gone() {
    needs!("git");
    let project = project();
    let space = &project.space;
    space.git(&["init", "--quiet"]);
    space.write("notes.md", PASSWORD);
    space.git(&["add", "--force", ".envs", "notes.md"]);
    // In the index, and in no commit: the patterns alone would let it through.
    let staged = project.run("--yes repo create");
    staged.exits(4).says("git does not ignore this file").says("git rm --cached .envs/.production/.django");
    space.git(&["commit", "--quiet", "--message", "oh"]);
    space.git(&["rm", "--quiet", "--cached", "-r", ".envs", "notes.md"]);
    std::fs::remove_file(space.path("notes.md")).unwrap();
    space.git(&["add", "--all"]);
    space.git(&["commit", "--quiet", "--message", "gone"]);
    let refused = project.run("--yes repo create");
    refused.exits(4).says(".envs/.production/.django: an env file that is in a commit");
    refused.says("notes.md:1, in an earlier commit: `DJANGO_PASSWORD`").says("git filter-repo");
    refused.does_not_say(PASSWORD);
    assert_eq!(project.changes(), Vec::<String>::new());
    assert_eq!(space.git(&["remote"]), "");
}

#[test]
fn another_origin_a_parent_and_another_branch_are_refused_before_anything_changes() {
    needs!("git");
    let project = project();
    let space = &project.space;
    space.git(&["init", "--quiet"]);
    space.git(&["remote", "add", "origin", "https://ada:canary@github.com/ada/other.git"]);
    let refused = project.run("--yes repo create");
    refused
        .exits(4)
        .says("`origin` is not ada/shop at GitHub")
        .says("github.com/ada/other")
        .does_not_say("canary");
    space.git(&["remote", "remove", "origin"]);

    space.git(&["checkout", "--quiet", "-b", "trunk"]);
    space.git(&["commit", "--quiet", "--allow-empty", "--message", "one"]);
    project.run("--yes repo create").exits(4).says("git branch -m trunk main");

    space.write("inner/tasks.toml", TASKS);
    project.run("--yes -f inner/tasks.toml repo create").exits(4).says("inside another git repository");
    assert_eq!(project.changes(), Vec::<String>::new());
    assert_eq!(space.git(&["rev-list", "--count", "HEAD"]).trim(), "1");
}

#[test]
fn commits_that_are_there_are_pushed_and_what_is_not_committed_stays() {
    needs!("git");
    let project = project();
    let space = &project.space;
    space.git(&["init", "--quiet"]);
    space.git(&["add", "--all"]);
    space.git(&["commit", "--quiet", "--message", "mine"]);
    let head = space.git(&["rev-parse", "HEAD"]);
    space.write("new.txt", "new\n");
    project.run("--yes repo create").exits(0).says("1 file that changed since stays uncommitted");
    assert_eq!(space.git(&["rev-parse", "main"]), head);
    assert_eq!(space.git(&["status", "--porcelain"]), "?? new.txt\n");
    assert_eq!(project.branches("ada/shop")[0].1, head.trim());
}

#[test]
fn commits_of_others_at_the_forge_are_not_overwritten() {
    needs!("git");
    let project = project();
    project.depot.make("ada/shop");
    project.forge.vendor(|forge| {
        let repository = Repository { private: true, ..Repository::default() };
        forge.repositories.insert("ada/shop".to_owned(), repository);
    });
    // A repository that somebody made by hand, and that is empty, is taken as it is.
    let url = project.depot.url("ssh", "ada/shop");
    let other = project.space.root.with_file_name("other");
    let other: &str = other.to_str().unwrap();
    project.space.git(&["clone", "--quiet", &url, other]);
    project.space.git(&["-C", other, "commit", "--quiet", "--allow-empty", "--message", "theirs"]);
    project.space.git(&["-C", other, "push", "--quiet", "origin", "HEAD:main"]);
    let refused = project.run("--yes repo create");
    refused.exits(4).says("`main` of ada/shop has commits that `main` has not here");
    project.is_untouched(&refused);
    project.space.git(&[
        "-C",
        project.depot.path("ada/shop").to_str().unwrap(),
        "update-ref",
        "-d",
        "refs/heads/main",
    ]);
    let made = project.run("--yes repo create");
    made.exits(0);
    assert_eq!(project.changes(), Vec::<String>::new());
    assert_eq!(project.branches("ada/shop").len(), 2, "{}", made.all());
}

#[test]
fn hooks_are_installed_where_their_tool_is_and_told_of_where_it_is_not() {
    needs!("git");
    let hooked = || {
        let project = project();
        project.space.write(".pre-commit-config.yaml", "repos: []\n");
        project
    };
    let mut project = hooked();
    // A PATH with git and without pre-commit.
    let git = String::from_utf8(
        project.space.program("sh").args(["-c", "command -v git"]).output().unwrap().stdout,
    );
    let bin = project.space.root.with_file_name("only-git");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(git.unwrap().trim(), bin.join("git")).unwrap();
    project.space.environment.insert("PATH".into(), bin.into());
    project.run("--yes repo create").exits(0).says("`pre-commit` is not there").says("pre-commit install");
    project.run("repo create").exits(0);

    let mut project = hooked();
    let hook = "mkdir -p .git/hooks && echo '# https://pre-commit.com' >.git/hooks/pre-commit";
    project.space =
        project.space.tool("pre-commit", &format!("#!/bin/sh\necho \"$@\" >>.git/asked\n{hook}\n"));
    project.run("--yes repo create").exits(0);
    project.run("repo create").exits(0);
    assert_eq!(project.space.read(".git/asked"), "install\n");
}

#[test]
fn files_that_change_while_the_question_stands_are_shown_again() {
    needs!("git");
    let project = project();
    let terminal = project.space.shipway(["repo", "create"]).terminal();
    terminal.wait_for("3 files");
    terminal.wait_for_question("private repository ada/shop");
    project.space.write("more.txt", "more\n");
    terminal.types("y\r");
    terminal.wait_for("4 files");
    terminal.wait_for_question("private repository ada/shop");
    terminal.types("y\r");
    terminal.wait().exits(0);
    assert_eq!(project.space.git(&["ls-tree", "-r", "--name-only", "main"]).lines().count(), 4);
}

#[test]
fn a_push_that_failed_goes_on_where_it_stopped() {
    needs!("git");
    let project = project();
    let refuse = |project: &Project<GitHub>, branch: &str| {
        let path = project.depot.path("ada/shop").join("hooks/update");
        let text = format!("#!/bin/sh\ntest \"$1\" != refs/heads/{branch}\n");
        let status = std::process::Command::new("sh")
            .args(["-c", "mkdir -p \"$(dirname \"$0\")\" && printf '%s' \"$1\" >\"$0\" && chmod 755 \"$0\""])
            .arg(&path)
            .arg(text)
            .status();
        assert!(status.unwrap().success());
    };
    project.depot.make("ada/shop");
    refuse(&project, "main");
    let failed = project.run("--yes repo create");
    failed.exits(4).says("did not take the branch `main`").says("the same command goes on from here");
    refuse(&project, "stage");
    let failed = project.run("--yes repo create");
    failed.exits(4).says("did not take the branch `stage`");
    refuse(&project, "none");
    let made = project.run("--yes repo create");
    made.exits(0);
    project.is_whole("ada/shop", &made.all());
}

#[test]
fn what_the_forge_refused_is_done_by_the_next_run() {
    needs!("git");
    let project = project();
    project.forge.fail(failures::github_forbidden().on("POST", "/user/repos").times(1));
    project.run("--yes repo create").exits(7).says("it needs");
    assert_eq!(project.space.git(&["remote"]), "");
    let made = project.run("--json --yes repo create");
    made.exits(0);
    assert_eq!(project.changes(), ["POST /user/repos", "POST /user/repos"]);
    let story = made.story();
    for step in ["init", "commit"] {
        let ending = story.ending(&format!("repo:{step}"));
        assert!(matches!(ending, Ending::UpToDate { .. }), "{step}: {ending:?}");
    }
    assert_eq!(project.branches("ada/shop").len(), 2);
}

#[test]
fn what_a_hook_adds_to_the_commit_is_read_and_shown_too() {
    needs!("git");
    let hooked = |text: &str| {
        let mut project = project();
        project.space.write(".pre-commit-config.yaml", "repos: []\n");
        let hook =
            format!("#!/bin/sh\n# https://pre-commit.com\necho '{text}' >added.txt && git add added.txt\n");
        let install =
            format!("cat >.git/hooks/pre-commit <<'END'\n{hook}END\nchmod 755 .git/hooks/pre-commit\n");
        let script = format!("#!/bin/sh\nmkdir -p .git/hooks\n{install}");
        project.space = project.space.tool("pre-commit", &script);
        project
    };
    let project = hooked("fine");
    let made = project.run("--yes repo create");
    made.exits(0).says("a hook changed what was committed");
    let commit = project.space.git(&["rev-parse", "main"]);
    assert_eq!(project.branches("ada/shop")[0].1, commit.trim(), "{}", made.all());

    let project = hooked(PASSWORD);
    let refused = project.run("--yes repo create");
    refused.exits(4).says("added.txt:1: `DJANGO_PASSWORD`").does_not_say(PASSWORD);
    assert_eq!(project.changes(), Vec::<String>::new(), "{}", refused.all());
}

/// A debug build ends itself hard after the N-th write of its journal or external command. Here some places are tried; with
/// `REPOSITORY_KILLS` set every one.
#[test]
fn a_run_killed_anywhere_is_continued_by_the_next_one() {
    needs!("git");
    let counted = project();
    let points = counted.space.root.with_file_name("points");
    let whole =
        counted.space.shipway(["--yes", "repo", "create"]).env("SHIPWAY_COUNT_POINTS", points.as_os_str());
    whole.run().exits(0);
    let all: u64 = std::fs::read_to_string(&points).unwrap().parse().unwrap();
    assert!(all > 40, "{all}");
    let step = if std::env::var_os("REPOSITORY_KILLS").is_some() { 1 } else { all / 8 };
    for point in (1..=all).step_by(usize::try_from(step).unwrap()) {
        let project = project();
        let run =
            project.space.shipway(["--yes", "repo", "create"]).env("SHIPWAY_KILL_AT", point.to_string());
        let killed = run.run();
        assert_eq!(killed.signal(), Some(Signal::KILL.as_raw()), "{point} of {all}: {}", killed.all());
        let next = project.run("--yes repo create");
        next.exits(0);
        project.is_whole("ada/shop", &format!("killed at {point} of {all}: {}", next.all()));
    }
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    needs!("git");
    let page = code::read(std::path::Path::new("docs/repository.md"));
    let block = |language: &str| {
        let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let project = Project::new(&block("toml"), github);
    let lines = block("console");
    let lines: Vec<&str> = lines.lines().map(|line| line.strip_prefix("$ shipway ").unwrap()).collect();
    assert_eq!(lines.len(), 3);
    // The first tries it, the second does it, the third finds it done.
    for (number, line) in lines.iter().enumerate() {
        let words = line.replace("\"Begin\"", "Begin");
        let output = project.run(&words);
        output.exits(0);
        match number {
            0 => project.is_untouched(&output),
            _ => project.is_whole("ada/shop", &output.all()),
        }
    }
}
