//! The local template is deployed by tag: to folders of this machine, without Docker, ssh or a network.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::program::PROGRAM;
use crate::harness::server::told;
use crate::harness::space::lines;
use crate::harness::{Space, needs};

/// The template, up.
fn up() -> Space {
    let space = Space::template_local();
    space.run("up --yes --confirm prod").exits(0);
    space
}

/// Commits a change of the page.
fn change(space: &Space, words: &str) {
    let page = space.read("site/index.html").replace("Hello", words);
    space.write("site/index.html", &page);
    space.git(&["commit", "--quiet", "--all", "--message", words]);
}

/// What an environment's server has in one of its places.
fn place(environment: &str, path: &str) -> String {
    format!(".local/servers/{environment}/{environment}/{path}")
}

/// What people see.
#[track_caller]
fn served(space: &Space, environment: &str) -> String {
    space.read(&place(environment, "site/index.html"))
}

/// The folder of the live release.
fn live(space: &Space, environment: &str) -> PathBuf {
    space.path(&place(environment, "current")).canonicalize().unwrap()
}

#[test]
fn versions_of_the_local_template_go_live_and_back_and_down_leaves_nothing() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = up();
    assert!(!space.run("status").exits(0).stdout.contains('?'));
    assert!(!space.has(&place("stage", "")));

    let first = space.run("--json deploy v1 -e stage");
    let story = first.exits(0).story();
    assert_eq!(*story.ending("deploy:prepare"), shipway::plan::Ending::Done);
    assert!(served(&space, "stage").contains("This is v1 on stage."), "{}", served(&space, "stage"));

    change(&space, "Good morning");
    let second = space.run("deploy v2 -e stage");
    second.exits(0).says("1 commit that is not live yet").says("it is prepared");
    let page = served(&space, "stage");
    assert!(page.contains("Good morning") && page.contains("This is v2 on stage."), "{page}");

    space.run("totag v1 -e stage").exits(0).says("goes back 1 commit");
    let page = served(&space, "stage");
    assert!(page.contains("Hello") && page.contains("This is v1 on stage."), "{page}");
    assert!(!space.has(&place("prod", "")), "prod is another server");

    let status = space.run("status --json");
    let status = lines(&status.exits(0).stdout);
    let row = |name: &str| {
        let of = |row: &&Value| row["environment"] == name && row.get("open").is_some();
        status.iter().find(of).cloned().unwrap_or_else(|| panic!("{status:#?}"))
    };
    assert_eq!((&row("stage")["live"]["tag"], &row("stage")["live"]["number"]), (&"v1".into(), &3.into()));
    assert_eq!(row("prod")["live"], Value::Null);
    let releases = space.run("releases -e stage");
    for number in ["#1", "#2", "#3"] {
        assert!(releases.exits(0).stdout.contains(number), "{}", releases.all());
    }
    assert_eq!(space.git(&["status", "--porcelain"]), "", "all that was made is ignored");

    let down = space.run("down --yes --confirm prod");
    down.exits(0);
    assert_eq!(space.git(&["status", "--ignored", "--porcelain"]), "!! .shipway/\n");
}

#[test]
fn prod_of_the_local_template_changes_only_when_its_name_is_given() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = up();
    space.run("deploy v1 -e prod --yes").exits(4).says("--confirm prod");
    assert!(!space.has(&place("prod", "")), "nothing is prepared, and no secret copied, without the name");
    space.run("deploy v1 -e prod --confirm prod").exits(0);
    assert!(served(&space, "prod").contains("This is v1 on prod."));
    change(&space, "Good morning");
    space.run("deploy v2 -e prod --confirm prod").exits(0);
    space.run("totag v1 -e prod --yes").exits(4).says("--confirm prod");
    assert!(served(&space, "prod").contains("This is v2 on prod."));
    space.run("totag v1 -e prod --confirm prod").exits(0);
    assert!(served(&space, "prod").contains("This is v1 on prod."));
    let tags = lines(&space.run("tags --json").exits(0).stdout);
    assert!(tags.iter().any(|tag| tag["name"] == "v1"), "{tags:#?}");
}

#[test]
fn a_release_of_the_local_template_has_the_env_files_of_its_environment() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = up();
    space.run("deploy v1 -e stage").exits(0).says("5 env files");
    space.run("deploy v1 -e prod --confirm prod").exits(0).says("3 env files");
    let files = |environment: &str| -> Vec<String> {
        let release = live(&space, environment);
        let all = [".production/.django", ".production/.postgres", ".staging/.django"];
        let is_there = |path: &&str| release.join("src/.envs").join(path).exists();
        for path in all.iter().filter(|path| is_there(path)) {
            let file = release.join("src/.envs").join(path);
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
            assert_eq!(std::fs::read(&file).unwrap(), space.bytes(&format!(".envs/{path}")));
        }
        all.into_iter().filter(|path| is_there(path)).map(str::to_owned).collect()
    };
    assert_eq!(files("stage"), [".production/.django", ".production/.postgres", ".staging/.django"]);
    assert_eq!(files("prod"), [".production/.django", ".production/.postgres"]);
}

#[test]
fn a_page_that_fails_its_check_never_goes_live() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let space = up();
    space.run("deploy v1 -e stage").exits(0);
    space.write("site/index.html", "<h1>no marks</h1>\n");
    space.git(&["commit", "--quiet", "--all", "--message", "broken"]);
    space.run("deploy v2 -e stage").exits(1).says("has no @version@");
    assert!(served(&space, "stage").contains("This is v1 on stage."));
}

#[test]
fn a_preparation_that_did_not_end_is_made_again_and_a_dry_run_shows_it() {
    needs!("git");
    let tasks = "[project]\nname = \"here\"\n[env_files.all]\npath = \".envs\"\nprefix = \"ALL\"\n\
                 [environments.stage]\nenv_files = [\"all\"]\ndeploy = { server = \"../server\" }\n\
                 [rollout]\nafter = [\"serve\"]\n[tasks.serve]\nrun = \"cp .envs/.django $SHIPWAY_HOME/served\"\n";
    let space = Space::with_tasks(tasks).file(".gitignore", ".shipway\n.envs\n");
    space.git(&["init", "--quiet"]);
    space.git(&["add", "--all"]);
    space.git(&["commit", "--quiet", "--message", "one"]);
    let dry = space.run("--dry-run deploy v1");
    dry.exits(0);
    for text in
        ["prepare the server", "that was not done yet", "setup --project here", "bin/shipway, where it is"]
    {
        assert!(dry.stdout.contains(text), "{text}: {}", dry.all());
    }
    assert!(!space.has("../server"));
    // The env files are missing: the program is there by then, and nothing is pinned.
    space.run("deploy v1").exits(3).says(".envs");
    assert!(space.has("../server/bin/shipway") && !space.has("../server/stage/server.json"));
    space.write(".envs/.django", "KEY=hunter2hunter2\n");
    space.run("deploy v1").exits(0).does_not_say("hunter2");
    assert_eq!(space.read("../server/stage/served"), "KEY=hunter2hunter2\n");
}

/// What the READMEs tell to type is typed as it stands, but for the questions of `up` and `down`, which nobody answers here.
#[test]
fn the_commands_of_both_readmes_work() {
    needs!("terraform", "git", "bash", "ssh-keygen");
    let blocks = |path: &str| -> Vec<String> {
        let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
        blocks.collect()
    };
    let run = |space: &Space, block: &str| {
        let block = block
            .replace("shipway up\n", "shipway up --yes --confirm prod\n")
            .replace("shipway down\n", "shipway down --yes --confirm prod\n");
        let path = Path::new(PROGRAM).parent().unwrap().to_string_lossy().into_owned();
        let script = format!("set -e; PATH='{path}':$PATH\n{block}");
        let output = space.program("bash").args(["-c", &script]).output().unwrap();
        let said = format!("{block}\n{}", told(&output).1);
        assert!(output.status.success(), "{said}");
        said
    };
    let new = || {
        let mut space = Space::new();
        space.run("new local local-app").exits(0);
        space.root = space.root.join("local-app");
        space
    };

    let space = new();
    let own = blocks("templates/local/README.md");
    let said: String = own.iter().map(|block| run(&space, block)).collect();
    assert!(own.len() > 5 && said.contains("This is v1 on stage."), "{said}");
    assert_eq!(space.git(&["status", "--ignored", "--porcelain"]), "!! .shipway/\n");

    let space = new();
    run(&space, blocks("README.md").last().unwrap());
    assert!(served(&space, "stage").contains("This is v1 on stage."));
    let page = served(&space, "prod");
    assert!(page.contains("Good morning") && page.contains("This is v2 on prod."), "{page}");
    space.run("down --yes --confirm prod").exits(0);
}
