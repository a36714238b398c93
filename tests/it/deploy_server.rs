//! The server's own part of a deployment, by plain git and without containers. `F…` are the faults of the hand-made deployment that
//! Shipway replaces.

use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::needs;
use crate::harness::patience::until_true;
use crate::harness::server::{Server, told};
use crate::harness::space::gate;

const SERVE: &str = Server::SERVE;

/// The process that works on a deployment.
fn worker(server: &Server, number: usize) -> Pid {
    let pid = || server.records().get(number - 1)?["process"]["pid"].as_i64();
    until_true("the worker says who it is", || pid().is_some());
    Pid::from_raw(i32::try_from(pid().unwrap()).unwrap()).unwrap()
}

fn start(mut command: std::process::Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn the_exit_code_of_the_push_is_the_deployments() {
    // F1, F2, F3.
    needs!("git");
    let server = Server::new("true", SERVE);
    let commit = server.version("2");
    let said = server.deploys(&commit);
    assert!(said.contains("✓ checkout") && said.contains("live after"), "{said}");
    assert_eq!((server.served(), server.live_ref()), ("2".to_owned(), commit));
    let record = &server.records()[0];
    assert_eq!((record["by"].as_str(), record["from"].as_str()), (Some("Tester"), Some("here")));
    assert_eq!(server.status()["live"]["number"], 1);
}

#[test]
fn hooks_that_the_machine_wants_elsewhere_do_not_leave_ours_out() {
    // F1.
    needs!("git");
    let server = Server::new("true", SERVE);
    let home = server.space.root.with_file_name("home");
    let config = std::fs::read_to_string(home.join(".gitconfig")).unwrap();
    std::fs::write(home.join(".gitconfig"), format!("{config}[core]\n\thooksPath = /nowhere\n")).unwrap();
    let commit = server.version("2");
    server.deploys(&commit);
    assert_eq!((server.served(), server.live_ref()), ("2".to_owned(), commit.clone()));
    // And a push can ask whether they are there.
    let probed = server.pusher(&server.version("3"), &["probe"]).output().unwrap();
    let (ok, said) = told(&probed);
    assert!(!ok && said.contains("shipway probe 1 ok"), "{said}");
    assert_eq!((server.live_ref(), server.records().len()), (commit, 1));
}

#[test]
fn what_fails_before_traffic_moves_leaves_the_live_version_alone_and_the_same_push_works_later() {
    // F2, F3, F4, F15.
    needs!("git");
    let server = Server::new("test ! -e \"$SHIPWAY_HOME/broken\" || { echo no room; exit 3; }", SERVE);
    let one = server.version("one");
    server.deploys(&one);
    let two = server.version("two");
    let flag = server.home().join("broken");
    std::fs::write(&flag, "").unwrap();
    let said = server.rejects(&two);
    assert!(said.contains("no room") && said.contains("`check` failed: exit status 3"), "{said}");
    assert_eq!((server.served(), server.live_ref()), ("one".to_owned(), one.clone()));
    assert_eq!(server.releases().len(), 1, "nothing is left of it");
    std::fs::remove_file(&flag).unwrap();
    server.deploys(&two);
    assert_eq!((server.served(), server.live_ref()), ("two".to_owned(), two));
    assert_eq!(server.results(), ["succeeded", "failed", "succeeded"]);
}

#[test]
fn what_fails_after_traffic_moved_is_put_back() {
    // F16.
    needs!("git");
    let server = Server::new("true", &format!("{SERVE}; test \"$(cat version)\" != bad"));
    let good = server.version("good");
    server.deploys(&good);
    let bad = server.version("bad");
    let said = server.rejects(&bad);
    assert!(said.contains("putting back what was live") && said.contains("✓ restore"), "{said}");
    assert_eq!((server.served(), server.live_ref()), ("good".to_owned(), good));
    let current = std::fs::read_link(server.home().join("current")).unwrap();
    assert!(current.to_string_lossy().contains("/1-"), "{current:?}");
}

#[test]
fn only_the_environments_own_ref_is_a_deployment() {
    // F5, F6, F7, F9.
    needs!("git");
    let server = Server::new("true", SERVE);
    let commit = server.version("2");
    server.space.git(&["tag", "v2"]);
    let repository = server.home().join("repo.git");
    let repository = repository.to_string_lossy();
    for spec in ["HEAD:refs/heads/main", "HEAD:refs/heads/feature", "refs/tags/v2"] {
        server.space.git(&["push", "--quiet", &repository, spec]);
    }
    for spec in ["HEAD:refs/deploy/x/stage", "HEAD:refs/deploy/prod", "HEAD:refs/deploy/stage2"] {
        let (ok, said) =
            told(&server.space.program("git").args(["push", &repository, spec]).output().unwrap());
        assert!(!ok && said.contains("only refs/deploy/stage is deployed here"), "{said}");
    }
    assert!(server.records().is_empty());
    server.deploys(&commit);
    let (ok, said) = told(
        &server.space.program("git").args(["push", &repository, ":refs/deploy/stage"]).output().unwrap(),
    );
    assert!(!ok && said.contains("can't be deleted"), "{said}");
    assert_eq!(server.live_ref(), commit);
    assert_eq!(server.records().len(), 1);
}

#[test]
fn each_release_is_a_folder_of_its_own_with_the_commits_files_and_the_environments() {
    // F15.
    needs!("git");
    let server = Server::new("test ! -e left && touch left && test -x run.sh && cat .env", SERVE);
    let shared = server.home().join("shared");
    std::fs::write(shared.join(".env"), "API_TOKEN=correct-horse-battery-staple\n").unwrap();
    server.space.write("run.sh", "true\n");
    let script = server.space.path("run.sh");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    server.space.write("ignored.txt", "export-ignore leaves nothing out");
    server.space.write(".gitattributes", "ignored.txt export-ignore\n");
    let said = server.deploys(&server.version("1"));
    assert!(!said.contains("correct-horse") && said.contains("API_TOKEN=***"), "{said}");
    server.deploys(&server.version("2"));
    for name in server.releases() {
        let source = server.home().join("releases").join(name).join("src");
        let mode = std::fs::metadata(source.join(".env")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(source.join("ignored.txt").exists() && !source.join(".git").exists());
    }
}

#[test]
fn two_pushes_at_once_come_one_after_the_other_and_of_three_the_middle_one_gives_way() {
    // F14.
    needs!("git");
    let server = Server::new("true", SERVE);
    let (started, go) = (server.home().join("started"), server.home().join("go"));
    let wait = format!("test \"$(cat version)\" != 1 || {{ {}; }}", gate(&started, &go));
    server.tasks(&wait, SERVE, 5);
    let commits: Vec<String> = ["1", "2", "3"].iter().map(|version| server.version(version)).collect();
    let first = start(server.pusher(&commits[0], &["by=A"]));
    until_true("the first one works", || started.exists());
    let second = start(server.pusher(&commits[1], &["by=B"]));
    until_true("the second one waits", || server.status()["open"].as_array().map(Vec::len) == Some(2));
    let refused = server.pusher(&commits[2], &["no-wait"]).output().unwrap();
    let (ok, said) = told(&refused);
    assert!(!ok && said.contains("deployment #1 of A, since"), "{said}");
    let third = start(server.pusher(&commits[2], &["by=C"]));
    let (ok, said) = told(&second.wait_with_output().unwrap());
    assert!(!ok && said.contains("waiting for deployment #1 of A"), "{said}");
    std::fs::write(&go, "").unwrap();
    assert!(first.wait_with_output().unwrap().status.success());
    assert!(third.wait_with_output().unwrap().status.success());
    assert_eq!(server.results(), ["succeeded", "superseded", "failed", "succeeded"]);
    for (record, commit) in server.records().iter().zip([0, 1, 2, 2]) {
        assert_eq!(record["commit"], commits[commit], "each record has its own commit");
    }
    assert_eq!((server.served(), server.live_ref()), ("3".to_owned(), commits[2].clone()));
}

#[test]
fn a_client_that_goes_away_changes_nothing_and_the_log_can_be_followed_again() {
    needs!("git", "seq");
    let server = Server::new("true", SERVE);
    let (started, go) = (server.home().join("started"), server.home().join("go"));
    // More than a pipe takes, printed when nobody reads any more.
    let loud = format!("{}; seq 200000", gate(&started, &go));
    server.tasks(&loud, SERVE, 5);
    let commit = server.version("2");
    let mut push = start(server.pusher(&commit, &[]));
    until_true("it works", || started.exists());
    kill_process(Pid::from_child(&push), Signal::KILL).unwrap();
    push.wait().unwrap();
    drop(push);
    let follower = start(server.caller(&["follow"]));
    std::fs::write(&go, "").unwrap();
    let (ok, said) = told(&follower.wait_with_output().unwrap());
    assert!(ok && said.lines().any(|line| line == "200000") && said.contains("live after"));
    assert_eq!((server.served(), server.live_ref()), ("2".to_owned(), commit));
    assert_eq!(server.says(&["log", "1"]), said);
}

#[test]
fn a_worker_that_is_killed_leaves_what_the_next_deployment_puts_in_order() {
    needs!("git");
    for (place, live) in [("before", "one"), ("after", "one")] {
        let server = Server::new("true", SERVE);
        server.deploys(&server.version("one"));
        let (started, go) = (server.home().join("started"), server.home().join("go"));
        let wait = gate(&started, &go);
        let (check, serve) = match place {
            "before" => (wait, SERVE.to_owned()),
            _ => ("true".to_owned(), format!("{SERVE}; {wait}")),
        };
        server.tasks(&check, &serve, 5);
        let commit = server.version("two");
        let push = start(server.pusher(&commit, &[]));
        until_true("it works", || started.exists());
        kill_process(worker(&server, 2), Signal::KILL).unwrap();
        let (ok, said) = told(&push.wait_with_output().unwrap());
        assert!(!ok && said.contains("died under way"), "{said}");
        assert_ne!(server.live_ref(), commit);
        assert_eq!(server.status()["unfinished"], 2);
        // What it had started still works, and so the lock is held.
        let (ok, said) = told(&server.call(&["recover"]));
        assert!(!ok && said.contains("at work"), "{said}");
        std::fs::write(&go, "").unwrap();
        until_true("what it had started is over", || server.call(&["recover"]).status.success());
        assert_eq!(server.served(), live, "{place}");
        assert_eq!(server.results(), ["succeeded", "abandoned"]);
        server.deploys(&commit);
        assert_eq!((server.served(), server.live_ref()), ("two".to_owned(), commit));
        assert_eq!(server.releases().len(), 2, "{place}");
    }
}

#[test]
fn a_roll_back_needs_no_commit_and_goes_back_release_by_release() {
    // F12, F20, R97.
    needs!("git");
    let server = Server::new("echo checking; touch \"$SHIPWAY_HOME/checked\"", SERVE);
    let commits: Vec<String> = ["1", "2", "3"].iter().map(|version| server.version(version)).collect();
    commits.iter().for_each(|commit| drop(server.deploys(commit)));
    let checked = server.home().join("checked");
    std::fs::remove_file(&checked).unwrap();
    for expected in ["2", "1"] {
        server.says(&["rollback", "--by", "B", "--from", "there"]);
        assert_eq!(server.served(), expected);
    }
    assert!(!checked.exists(), "`before` is not for a roll-back");
    assert_eq!(server.live_ref(), commits[0]);
    let (ok, said) = told(&server.call(&["rollback"]));
    assert!(!ok && said.contains("no earlier release"), "{said}");
    server.says(&["rollback", "--to", "3"]);
    assert_eq!((server.served(), server.live_ref()), ("3".to_owned(), commits[2].clone()));
    // A push of what is kept is a roll-back as well.
    let said = server.deploys(&commits[1]);
    assert!(said.contains("roll-back #7") || !said.contains("✓ build"), "{said}");
    assert_eq!(server.served(), "2");
    // The same commit again, made anew.
    server.says(&["again", &commits[1]]);
    assert!(checked.exists());
    assert_eq!(server.releases().last().map(|name| name.starts_with("8-")), Some(true));
}

#[test]
fn thirty_deployments_keep_what_is_asked_for() {
    needs!("git");
    let server = Server::new("true", SERVE);
    server.tasks("true", SERVE, 5);
    for number in 0..30 {
        server.deploys(&server.version(&number.to_string()));
    }
    let numbers: Vec<String> =
        server.releases().iter().map(|name| name.split('-').next().unwrap().to_owned()).collect();
    assert_eq!(numbers, ["26", "27", "28", "29", "30"]);
    server.says(&["rollback", "--to", "26"]);
    assert_eq!(server.served(), "25");
    let (ok, said) = told(&server.call(&["rollback", "--to", "3"]));
    assert!(!ok && said.contains("nothing is kept of deployment #3"), "{said}");
}

#[test]
fn a_deployment_that_is_cancelled_puts_back_what_was_live() {
    needs!("git");
    let server = Server::new("true", SERVE);
    server.deploys(&server.version("one"));
    let (started, go) = (server.home().join("started"), server.home().join("go"));
    server.tasks("true", &format!("{SERVE}; {}", gate(&started, &go)), 5);
    let push = start(server.pusher(&server.version("two"), &[]));
    until_true("it works", || started.exists());
    assert_eq!(server.says(&["cancel"]).trim(), "{\"number\":2}");
    let (ok, said) = told(&push.wait_with_output().unwrap());
    assert!(!ok && said.contains("was cancelled") && said.contains("putting back"), "{said}");
    until_true("the worker is gone", || server.call(&["recover"]).status.success());
    assert_eq!(
        (server.served(), server.results().as_slice()),
        ("one".to_owned(), &["succeeded".to_owned(), "cancelled".to_owned()][..])
    );
    let (ok, said) = told(&server.call(&["cancel"]));
    assert!(!ok && said.contains("no deployment is under way"), "{said}");
}

#[test]
fn an_older_git_asks_before_and_not_in_place_of_its_own_decision() {
    needs!("git");
    let server = Server::new("test ! -e \"$SHIPWAY_HOME/broken\"", SERVE);
    // As `server setup` leaves it where git has no `proc-receive`.
    let home = server.home();
    let repository = home.join("repo.git").to_string_lossy().into_owned();
    server.space.git(&["-C", &repository, "config", "--unset", "receive.procReceiveRefs"]);
    let hooks = home.join("repo.git/hooks");
    let text = std::fs::read_to_string(hooks.join("proc-receive")).unwrap();
    std::fs::remove_file(hooks.join("proc-receive")).unwrap();
    std::fs::write(hooks.join("pre-receive"), text.replace(" receive", " pre-receive")).unwrap();
    std::fs::set_permissions(hooks.join("pre-receive"), PermissionsExt::from_mode(0o755)).unwrap();
    let settings = std::fs::read_to_string(home.join("server.json")).unwrap();
    let mut settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
    settings["git"] = "2.28.1".into();
    std::fs::write(home.join("server.json"), settings.to_string()).unwrap();
    let one = server.version("one");
    let said = server.deploys(&one);
    assert!(said.contains("live after"), "{said}");
    assert_eq!((server.served(), server.live_ref()), ("one".to_owned(), one.clone()));
    std::fs::write(home.join("broken"), "").unwrap();
    let two = server.version("two");
    server.rejects(&two);
    assert_eq!((server.served(), server.live_ref()), ("one".to_owned(), one));
    std::fs::remove_file(home.join("broken")).unwrap();
    server.deploys(&two);
    assert_eq!((server.served(), server.live_ref()), ("two".to_owned(), two));
}

#[test]
fn a_server_that_is_not_prepared_and_a_client_of_another_protocol_are_told_what_to_do() {
    needs!("git");
    let server = Server::new("true", SERVE);
    std::fs::remove_file(server.home().join("server.json")).unwrap();
    let (ok, said) = told(&server.call(&["status"]));
    assert!(!ok && said.contains("server setup"), "{said}");
    let home = server.home().to_string_lossy().into_owned();
    let program = server.root.join("bin/shipway").to_string_lossy().into_owned();
    let output = server.space.program(&program).args(["__server", "99", &home, "status"]).output().unwrap();
    let (ok, said) = told(&output);
    assert!(!ok && said.contains("protocol 99"), "{said}");
}
