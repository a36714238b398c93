//! The user's side of deployments, against a server that is played by a script: what is refused and why, what is asked, what is called, and
//! what is made of the answers.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::patience::until_true;
use crate::harness::sshd::Sshd;
use crate::harness::{Space, needs};

/// Plays a server's Shipway. Answers are files in the environment's folder, named for the verb; where there are several (`status.1`,
/// `status.2`), each call takes the next one. Every call is noted.
const SERVER: &str = r#"#!/bin/sh
[ "$1" = --version ] && { echo 'shipway 0.0.1'; exit 0; }
home=$3 verb=$4
echo "$*" >>"$home/calls"
if [ "$verb" = status ] && [ -f "$home/taken" ]; then cat "$home/taken"; exit 0; fi
number=$(grep -c " $verb" "$home/calls")
[ -f "$home/$verb.$number" ] && answer="$home/$verb.$number" || answer="$home/$verb"
if [ -f "$answer" ]; then cat "$answer"; else
    echo "{\"fault\":{\"kind\":\"refused\",\"message\":\"the script has no answer to $verb\"},\"exit_code\":4}" >&2
    exit 4
fi
[ -f "$home/$verb.fails" ] && { cat "$home/$verb.fails" >&2; exit 1; }
exit 0
"#;

const TASKS: &str = r#"
[environments.prod]
protected = true
[environments.prod.deploy]
server = "../server"
[environments.stage]
[environments.stage.deploy]
server = "../server"
[environments.test]
[tasks]
nothing = "true"
"#;

/// What a deployment leaves, in place of one: what was pushed is live.
const TAKEN: &str = r#"#!/bin/sh
commit=$(git rev-parse "$(git for-each-ref --format='%(refname)' refs/deploy)")
cat >../taken <<END
{"protocol":1,"shipway":"0.0.1","environment":"any","live":{"version":1,"number":1,"environment":"any","kind":"deploy",
"commit":"$commit","by":"","from":"","shipway":"0.0.1","asked":"2026-11-22T10:00:00Z","result":"succeeded"}}
END
"#;

/// A project with one commit, and a script in place of its server.
fn project() -> Space {
    let space = bare(TASKS);
    script(&space);
    for environment in ["prod", "stage"] {
        let repository = format!("../server/{environment}/repo.git");
        space.git(&["init", "--quiet", "--bare", &repository]);
        space.git(&["-C", &repository, "config", "receive.advertisePushOptions", "true"]);
        space.write(&format!("../server/{environment}/server.json"), "{}");
        answer(&space, environment, "status", &status(None, &[]));
        hook(&space, environment, "post-receive", TAKEN);
    }
    space
}

/// A hook of the server's repository.
fn hook(space: &Space, environment: &str, name: &str, text: &str) {
    let path = format!("../server/{environment}/repo.git/hooks/{name}");
    space.write(&path, text);
    assert!(space.program("chmod").arg("755").arg(space.path(&path)).status().unwrap().success());
}

/// A project with one commit.
fn bare(tasks: &str) -> Space {
    let space = Space::with_tasks(tasks).file(".gitignore", ".shipway\n");
    space.git(&["init", "--quiet", "--initial-branch=main"]);
    commit(&space, "one");
    space
}

fn commit(space: &Space, message: &str) -> String {
    space.git(&["add", "--all"]);
    space.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    head(space)
}

fn head(space: &Space) -> String {
    space.git(&["rev-parse", "HEAD"]).trim().to_owned()
}

fn script(space: &Space) {
    space.write("../server/bin/shipway", SERVER);
    let program = space.path("../server/bin/shipway");
    assert!(space.program("chmod").arg("755").arg(program).status().unwrap().success());
}

/// What the script says to a verb.
fn answer(space: &Space, environment: &str, verb: &str, text: &str) {
    std::fs::remove_file(space.path(&format!("../server/{environment}/taken"))).ok();
    space.write(&format!("../server/{environment}/{verb}"), text);
}

/// What the script was called with, a line each, without the fixed words.
fn calls(space: &Space, environment: &str) -> Vec<String> {
    let path = format!("../server/{environment}/calls");
    let text = if space.has(&path) { space.read(&path) } else { String::new() };
    text.lines().map(|line| line.splitn(4, ' ').nth(3).unwrap_or_default().to_owned()).collect()
}

/// Where the server's ref of an environment stands.
fn deployed(space: &Space, environment: &str) -> String {
    let repository = format!("../server/{environment}/repo.git");
    space.git(&["-C", &repository, "for-each-ref", "--format=%(refname) %(objectname)", "refs/deploy"])
}

fn record(number: u64, commit: &str, more: Value) -> Value {
    let mut record = json!({
        "version": 1, "number": number, "environment": "prod", "kind": "deploy", "commit": commit,
        "by": "Ann <ann@example.com>", "from": "box", "shipway": "0.0.1", "asked": "2026-11-22T10:00:00Z",
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

fn live(number: u64, commit: &str) -> Value {
    let release = format!("{number}-{}", &commit[..12]);
    record(number, commit, json!({ "tag": format!("v{number}"), "result": "succeeded", "release": release }))
}

fn status(live: Option<&Value>, open: &[Value]) -> String {
    let mut status = json!({ "protocol": 1, "shipway": "0.0.1", "environment": "prod", "open": open });
    if let Some(live) = live {
        status["live"] = live.clone();
    }
    status.to_string()
}

fn tags(space: &Space) -> String {
    space.git(&["tag", "--list"])
}

#[test]
fn what_the_file_refuses_is_refused_before_anything_changes() {
    needs!("git");
    let space = project();
    space.run("deploy v1").exits(4).says("not clear which environment").says("`prod`, `stage` or `test`");
    space.run("deploy v1 -e pord").exits(2).says("did you mean `prod`?");
    space.run("deploy v1 -e test").exits(2).says("[environments.test.deploy]").says("server = \"ssh://");
    space.run("rollback -e test").exits(2).says("does not say where `test` is deployed to");
    space.run("deploy").exits(2);
    space.run("deploy v1 --ref main -e stage").exits(2);
    space.run("rollback zero -e stage").exits(2).says("the number of a deployment");
    assert_eq!(tags(&space), "");
    assert!(!space.has(".shipway"));
    assert_eq!(calls(&space, "stage"), Vec::<String>::new());
}

#[test]
fn the_only_environment_that_is_deployed_to_is_meant() {
    needs!("git");
    let space = project();
    let tasks = "[environments.dev]\n[environments.stage]\ndeploy = { server = \"../server\" }\n[tasks]\nnothing = \"true\"\n";
    space.write("tasks.toml", tasks);
    commit(&space, "two");
    space.run("deploy v1").exits(0);
    assert!(deployed(&space, "stage").starts_with("refs/deploy/stage "));
}

#[test]
fn no_tag_is_made_where_the_server_cannot_be_used() {
    needs!("git");
    let space = bare(TASKS);
    space.run("rollback -e stage").exits(4).says("is not set up").says("shipway server setup -e stage");
    script(&space);
    space.write("../server/stage/server.json", "{}");
    let other = r#"{"protocol":99,"shipway":"9.9.9","environment":"stage"}"#;
    answer(&space, "stage", "status", other);
    let refused = space.run("deploy v1 -e stage");
    refused.exits(4).says("has Shipway 9.9.9, which speaks protocol 99").says("server setup -e stage");
    answer(&space, "stage", "status", "Last login: today\n");
    space.run("deploy v1 -e stage").exits(1).says("can't be read");
    assert_eq!(tags(&space), "");
}

#[test]
fn a_missing_tag_or_commit_is_refused_with_what_may_have_been_meant() {
    needs!("git");
    let space = project();
    space.git(&["tag", "v1.0"]);
    space.run("totag v1.1 -e stage").exits(4).says("there is no tag `v1.1`").says("did you mean `v1.0`?");
    space.run("totag other -e stage").exits(4).says("shipway deploy other");
    space.run("deploy --ref=--upload-pack=x -e stage").exits(4).says("git knows no commit");
    space.run("deploy --ref nowhere -e stage").exits(4).says("git knows no commit `nowhere`");
    assert_eq!(deployed(&space, "stage"), "");
}

#[test]
fn a_shallow_clone_is_refused() {
    needs!("git");
    let space = project();
    commit(&space, "two");
    space.git(&["tag", "v1"]);
    let here = format!("file://{}", space.root.display());
    space.git(&["clone", "--quiet", "--depth=1", &here, "../shallow"]);
    let shallow = space.run("-f ../shallow/tasks.toml totag v1 -e stage");
    shallow.exits(4).says("shallow").says("fetch-depth: 0");
    assert_eq!(deployed(&space, "stage"), "");
}

#[test]
fn a_version_is_pushed_with_its_tag_and_who_asks() {
    needs!("git");
    let space = project();
    hook(
        &space,
        "stage",
        "pre-receive",
        "#!/bin/sh\nfor n in 0 1 2 3; do eval echo \"\\$GIT_PUSH_OPTION_$n\"; done\n",
    );
    let made = space.run("deploy v1 -e stage");
    made.exits(0).says("nothing is live on stage yet").says("by=Test <test@example.com>").says("tag=v1");
    made.does_not_say("remote:");
    assert_eq!(deployed(&space, "stage"), format!("refs/deploy/stage {}\n", head(&space)));
    assert_eq!(space.git(&["-C", "../server/stage/repo.git", "tag"]), "v1\n");
    // A branch's commit goes without a tag.
    space.git(&["checkout", "--quiet", "-b", "feature"]);
    let feature = commit(&space, "two");
    space.run("deploy --ref feature --no-wait -e stage").exits(0).says("no-wait").does_not_say("tag=");
    assert_eq!(deployed(&space, "stage"), format!("refs/deploy/stage {feature}\n"));
    assert_eq!(tags(&space), "v1\n");
}

// F21.
#[test]
fn what_would_change_is_told_and_migrations_with_it() {
    needs!("git");
    let space = project();
    let old = head(&space);
    space.write("app/migrations/0002.py", "");
    let new = commit(&space, "a new field");
    answer(&space, "stage", "status", &status(Some(&live(1, &old)), &[]));
    let told = space.run("deploy --ref main -e stage");
    told.exits(0).says("live on stage: deployment #1, v1").says("a new field").says("app/migrations/0002.py");
    answer(&space, "stage", "status", &status(Some(&live(2, &new)), &[]));
    let told = space.run(&format!("deploy --ref {old} -e stage"));
    told.exits(0).says("this goes back 1 commit").says("nothing undoes those that ran");
    let elsewhere = "0123456789012345678901234567890123456789";
    answer(&space, "stage", "status", &status(Some(&live(3, elsewhere)), &[]));
    space.run("deploy --ref main -e stage").exits(0).says("this clone has not that commit");
}

#[test]
fn what_is_live_is_not_deployed_again_unless_that_is_wanted() {
    needs!("git");
    let space = project();
    let commit = head(&space);
    answer(&space, "stage", "status", &status(Some(&live(1, &commit)), &[]));
    answer(&space, "stage", "again", "it is done\n");
    space.run("deploy v1 -e stage").exits(0).says("up to date").says("deployment #1 made");
    assert_eq!((deployed(&space, "stage"), tags(&space)), (String::new(), "v1\n".to_owned()));
    space.run("totag v1 --again -e stage").exits(0).says("it is done");
    let last = calls(&space, "stage").pop().unwrap();
    assert!(
        last.starts_with(&format!("again {commit} --tag v1 --by Test <test@example.com> --from ")),
        "{last}"
    );
    // git asks nobody where the ref stands already, though after a roll-back something else is live.
    space.git(&["push", "--quiet", "../server/stage/repo.git", &format!("{commit}:refs/deploy/stage")]);
    answer(&space, "stage", "status", &status(None, &[]));
    space.run("totag v1 -e stage").exits(0).says("it is done");
}

#[test]
fn a_protected_environment_wants_its_name_typed() {
    needs!("git");
    let space = project();
    space.run("deploy v1 -e prod --yes").exits(4).says("--confirm prod").says("--yes` is not enough");
    assert_eq!(deployed(&space, "prod"), "");
    space.run("deploy v1 -e prod --confirm prod").exits(0);
    assert!(deployed(&space, "prod").contains(&head(&space)));
    space.run("deploy v1 -e prod --dry-run").exits(0);
}

#[test]
fn what_was_approved_is_asked_again_where_something_else_is_live_by_then() {
    needs!("git");
    let space = project();
    let one = head(&space);
    let two = commit(&space, "two");
    commit(&space, "three");
    answer(&space, "prod", "status.1", &status(Some(&live(1, &one)), &[]));
    answer(&space, "prod", "status", &status(Some(&live(2, &two)), &[]));
    let told = space.run("deploy v3 -e prod --confirm prod");
    told.exits(0).says("2 commits that are not live yet").says("something else is live on `prod` by now");
    told.says("1 commit that is not live yet");
    assert!(deployed(&space, "prod").contains(&head(&space)));
}

#[test]
fn a_failed_deployment_ends_with_the_servers_reason() {
    needs!("git");
    let space = project();
    hook(&space, "stage", "pre-receive", "#!/bin/sh\necho 'build web: no space left' >&2\nexit 1\n");
    let failed = space.run("deploy v1 -e stage");
    failed.exits(1).says("the deployment to `stage` failed: pre-receive hook declined");
    failed
        .says("build web: no space left")
        .says("what was live is untouched")
        .says("logs --release -e stage");
    let again = space.run("deploy v1 -e stage");
    again.exits(1).says("build web: no space left");
}

#[test]
fn a_push_that_no_hook_saw_is_no_deployment() {
    needs!("git");
    let space = project();
    hook(&space, "stage", "post-receive", "#!/bin/sh\n");
    answer(&space, "stage", "releases", "");
    let failed = space.run("deploy v1 -e stage");
    failed.exits(1).says("deployed nothing: git runs no hook there").says("server setup -e stage");
    // The ref stands now, so git would ask nobody: the server is told in the other way.
    answer(&space, "stage", "again", "it is done\n");
    space.run("deploy v1 -e stage").exits(0).says("it is done");
}

#[test]
fn another_deployment_at_work_is_waited_for_or_not_and_the_same_one_is_followed() {
    needs!("git");
    let space = project();
    let commit = head(&space);
    let started = json!({ "tag": "v9", "started": "2026-11-22T10:00:00Z" });
    let other = record(7, "0123456789012345678901234567890123456789", started.clone());
    answer(&space, "stage", "status", &status(None, &[other]));
    space.run("deploy v1 --no-wait -e stage").exits(6).says("deployment #7 of Ann").says("shipway attach");
    assert_eq!(tags(&space), "");
    space.run("deploy v1 -e stage").exits(0).says("this one waits for it");
    let same = record(8, &commit, json!({ "tag": "v1", "started": "2026-11-22T10:00:00Z" }));
    answer(&space, "stage", "status", &status(None, &[same]));
    answer(&space, "stage", "follow", "built\n");
    space.run("totag v1 -e stage").exits(0).says("deployment #8 does just this already").says("built");
    assert_eq!(calls(&space, "stage").pop().unwrap(), "follow 8");
}

#[test]
fn a_roll_back_names_its_release_and_passes_on_how_it_ended() {
    needs!("git");
    let space = project();
    let one = head(&space);
    let two = commit(&space, "two");
    let records = [live(2, &two), live(1, &one)].map(|record| format!("{record}\n")).concat();
    answer(&space, "prod", "releases", &records);
    answer(&space, "prod", "status", &status(Some(&live(2, &two)), &[]));
    answer(&space, "prod", "rollback", "traffic moved\n");
    space
        .run("rollback -e prod")
        .exits(4)
        .says("Roll `prod` back to deployment #1, v1")
        .says("goes back 1 commit");
    space.run("rollback 2 -e prod --confirm prod").exits(4).says("is live on `prod`");
    space.run("rollback 9 -e prod").exits(2).says("has no deployment #9").says("`#2` and `#1`");
    let done = space.run("rollback -e prod --confirm prod --no-wait");
    done.exits(0).says("traffic moved");
    let last = calls(&space, "prod").pop().unwrap();
    assert!(last.starts_with("rollback --to 1 --no-wait --by Test <test@example.com> --from "), "{last}");
    let fault =
        json!({ "fault": { "kind": "failed", "message": "the health check of web failed" }, "exit_code": 1 });
    answer(&space, "prod", "rollback.fails", &format!("{fault}\n"));
    let failed = space.run("rollback -e prod --confirm prod");
    failed.exits(1).says("the health check of web failed").does_not_say("exit_code");
}

#[test]
fn what_the_server_tells_is_shown() {
    needs!("git");
    let space = project();
    let commit = head(&space);
    space.git(&["tag", "v1"]);
    answer(&space, "stage", "status", &status(Some(&live(1, &commit)), &[]).replace("\"prod\"", "\"stage\""));
    answer(&space, "stage", "releases", &format!("{}\n", live(1, &commit)));
    answer(&space, "stage", "log", "one line\nanother\n");
    answer(&space, "stage", "follow", "going on\n");
    let releases = space.run("releases -e stage");
    releases.exits(0);
    assert!(releases.stdout.contains("#1      live   deploy  v1"), "{}", releases.all());
    let releases = space.run("releases -e stage --json");
    let row: Value = serde_json::from_str(releases.stdout.trim()).unwrap();
    assert_eq!((&row["live"], &row["state"], &row["number"]), (&json!(true), &json!("live"), &json!(1)));
    space.run("logs --release -e stage").exits(0).prints("one line\nanother\n");
    space.run("logs --release 1 -e stage").exits(0);
    assert_eq!(calls(&space, "stage").pop().unwrap(), "log 1");
    space.run("attach -e stage").exits(0).says("going on");
    space.run("cancel -e stage").exits(0).says("nothing is under way");
    // A server that can't be asked hides no other.
    std::fs::remove_file(space.path("../server/prod/status")).unwrap();
    let status = space.run("status");
    status.exits(0);
    assert!(status.stdout.contains("stage     #1    v1"), "{}", status.all());
    assert!(status.stdout.contains("prod: the script has no answer to status"), "{}", status.all());
    let rows = crate::harness::space::lines(&space.run("status --json").stdout);
    assert_eq!(rows[0]["problem"], "the script has no answer to status");
    assert_eq!(rows[1]["live"]["number"], 1);
    let tags = space.run("tags --json");
    let row: Value = serde_json::from_str(tags.stdout.trim()).unwrap();
    assert_eq!(row["live_in"], json!(["stage"]));
}

#[test]
fn an_address_may_come_from_a_workspace_that_is_read_first() {
    needs!("git", "terraform");
    let tasks = r##"
[terraform]
root = "terraform"
[vars]
place = { sh = """#!/bin/sh
echo server""" }
[workspaces.one]
backend_config = { path = "kept.tfstate" }
[environments.stage.deploy]
server = "../{{ workspaces.one.outputs.place }}"
[environments.prod.deploy]
server = "../{{ vars.place }}"
"##;
    let space = project();
    space.write("tasks.toml", tasks);
    let main = "terraform {\n  backend \"local\" {}\n}\noutput \"place\" {\n  value = \"server\"\n}\n";
    let space = space.workspace("one", main).file(".gitignore", ".shipway\nterraform\n");
    let missing = space.run("status");
    missing.exits(0);
    assert!(missing.stdout.contains("stage: "), "{}", missing.all());
    assert!(missing.stdout.contains("prod   "), "{}", missing.all());
    space.run("up --yes").exits(0);
    commit(&space, "with a workspace");
    std::fs::remove_dir_all(space.path("terraform/one/.terraform")).unwrap();
    let status = space.run("status");
    status.exits(0).does_not_say("?");
    assert!(!status.stdout.contains('?'), "{}", status.all());
    space.run("deploy v1 -e stage").exits(0);
    assert!(deployed(&space, "stage").contains(&head(&space)));
    let dry = space.run("--dry-run totag v1 -e stage");
    assert!(dry.stdout.contains("{{ workspaces.one.outputs.place }}/bin/shipway"), "{}", dry.all());
}

#[test]
fn what_is_under_way_is_cancelled() {
    needs!("git");
    let space = project();
    let open = record(3, &head(&space), json!({ "started": "2026-11-22T10:00:00Z" }));
    answer(&space, "stage", "status", &status(None, &[open]));
    answer(&space, "stage", "cancel", "{\"number\":3}\n");
    space.run("cancel -e stage").exits(0).says("deployment #3 is cancelled");
}

#[test]
fn a_task_that_deploys_is_told_the_tag_and_runs_after_it_was_made() {
    needs!("git");
    let tasks = r#"
[environments.prod]
protected = true
deploy = { task = { task = "ship", args = ["fast"] } }
[tasks.ship]
args = ["how"]
run = "git rev-parse --verify --quiet \"refs/tags/$SHIPWAY_TAG\" && echo \"$how $SHIPWAY_TAG $SHIPWAY_ENVIRONMENT\" >>shipped"
"#;
    let space = bare(tasks);
    space.run("deploy v1 --yes").exits(4).says("--confirm prod");
    assert_eq!(tags(&space), "");
    space.run("deploy v1 --confirm prod").exits(0);
    assert_eq!(space.read("shipped"), "fast v1 prod\n");
    space.run("rollback").exits(2).says("is deployed by the task `ship`");
    space.run("releases").exits(2);
}

#[test]
fn a_dry_run_shows_each_step_and_asks_nobody() {
    needs!("git");
    let space = project();
    let dry = space.run("--dry-run deploy v1 -e prod");
    dry.exits(0);
    for text in [
        "bin/shipway __server 1 ",
        "git tag --annotate",
        "(type prod)",
        "+'refs/tags/v1^{commit}':refs/deploy/prod",
    ] {
        let text = text.replace("+'refs", "'+refs").replace("}':refs", "}:refs");
        assert!(dry.stdout.contains(&text), "{text}: {}", dry.all());
    }
    let dry = space.run("--dry-run server setup -e prod");
    dry.exits(0);
    assert!(dry.stdout.contains("setup --project"), "{}", dry.all());
    space.run("--dry-run rollback -e stage").exits(0);
    assert_eq!((calls(&space, "prod"), tags(&space)), (Vec::new(), String::new()));
}

#[test]
fn setup_brings_our_program_and_the_second_time_finds_all_as_it_was_left() {
    needs!("git");
    let tasks = "[env_files.stage]\npath = \".envs/.stage\"\nprefix = \"STAGE\"\n\n[environments.stage]\n\
                 env_files = [\"stage\"]\ndeploy = { server = \"../server\" }\n";
    let space = Space::with_tasks(tasks)
        .file(".gitignore", ".shipway\n.envs\n")
        .file(".envs/.stage/.django", "KEY=hunter2hunter2\n");
    space.git(&["init", "--quiet"]);
    commit(&space, "one");
    let first = space.run("server setup");
    first.exits(0).says("1 env file").does_not_say("up to date").does_not_say("hunter2");
    assert_eq!(space.read("../server/stage/shared/.envs/.stage/.django"), "KEY=hunter2hunter2\n");
    let second = space.run("server setup");
    second.exits(0).says("shipway 0.1.0 is there").says("1 env file as they are here");
    space.run("status").exits(0).does_not_say("?");
    space.run("releases").exits(0).does_not_say("#1");
    // Only the hook's own word counts: a git that runs no hooks would move the ref and deploy nothing.
    space.git(&["-C", "../server/stage/repo.git", "config", "core.hooksPath", "/nowhere"]);
    space.write(".envs/.stage/.django", "KEY=other\n");
    space.run("server setup").exits(0);
    assert_eq!(space.read("../server/stage/shared/.envs/.stage/.django"), "KEY=other\n");
}

#[test]
fn a_program_that_does_not_run_there_takes_no_ones_place() {
    needs!("git");
    let space = project();
    space.write("broken", "#!/bin/sh\nexit 1\n");
    let before = space.read("../server/bin/shipway");
    space
        .run("server setup -e stage --binary broken")
        .exits(1)
        .says("does not run on the server")
        .says("--binary FILE");
    assert_eq!(space.read("../server/bin/shipway"), before);
    assert_eq!(std::fs::read_dir(space.path("../server/bin")).unwrap().count(), 1);
    space.run("server setup -e stage --binary nowhere").exits(1).says("nowhere");
}

#[test]
fn over_ssh_no_server_is_prepared_by_a_deployment() {
    needs!("sshd", "ssh", "git");
    let space = Space::new();
    let sshd = Sshd::start(&space, None);
    let root = space.root.with_file_name("server");
    let tasks = format!("[environments.prod.deploy]\nserver = \"{}{}\"\n", sshd.url(), root.display());
    let space = sshd.known_to(space).file("tasks.toml", &tasks).file(".gitignore", ".shipway\n");
    space.git(&["init", "--quiet", "--initial-branch=main"]);
    commit(&space, "one");
    assert!(!space.run("--dry-run deploy v1").exits(0).stdout.contains("prepare"));
    space.run("deploy v1").exits(4).says("is not set up").says("shipway server setup -e prod");
    assert!(!root.exists());
    assert_eq!(tags(&space), "");
    space.git(&["tag", "v1"]);
    space.run("totag v1").exits(4).says("is not set up");
}

#[test]
fn over_ssh_an_unknown_key_is_asked_for_then_pinned_and_no_other_believed() {
    needs!("sshd", "ssh", "ssh-keygen", "ssh-keyscan", "git");
    let space = Space::new();
    let sshd = Sshd::start(&space, None);
    let root = space.root.with_file_name("server");
    let tasks = format!(
        "# ours\n[environments.prod.deploy]\nserver = \"{}{}\"  # the box\n",
        sshd.url(),
        root.display()
    );
    let space = sshd.known_to(space).file("tasks.toml", &tasks).file(".gitignore", ".shipway\n");
    // ssh knows it already; take that away.
    let known = sshd.client_key().with_file_name("known_hosts");
    let line = std::fs::read_to_string(&known).unwrap();
    std::fs::write(&known, "").unwrap();
    space.git(&["init", "--quiet", "--initial-branch=main"]);
    commit(&space, "one");
    let asked = space.run("server setup");
    asked.exits(4).says("Is this the host key of").says("SHA256:").says("--yes");
    assert_eq!(space.read("tasks.toml"), tasks);
    assert!(!root.exists());
    let first = space.run("server setup --yes");
    first.exits(0).says("host_key = \"ssh-ed25519 ");
    let pinned = format!("{}host_key = \"{}\"\n", tasks, sshd.host_key);
    assert_eq!(space.read("tasks.toml"), pinned, "comments stay");
    space.run("server setup").exits(0).says("is there");
    space.run("status").exits(0).does_not_say("?");
    commit(&space, "the key is pinned");
    space.run("deploy v0").exits(0).says("live after");
    let status = space.run("status");
    assert!(status.stdout.contains("prod      #1    v0"), "{}", status.all());
    // Another key, though ssh's own files would believe this one.
    std::fs::write(&known, line).unwrap();
    let other = Sshd::start(&space, None);
    space.write("tasks.toml", &pinned.replace(&sshd.host_key, &other.host_key));
    space.run("releases").exits(7).says("could not be reached").says("is not the one that is believed");
    let closed = pinned.replace(&format!(":{}", sshd.address.port()), ":1");
    space.write("tasks.toml", &closed);
    space.run("releases").exits(7).says("could not be reached");
    commit(&space, "two");
    space.run("deploy v1").exits(7);
    assert_eq!(tags(&space), "v0\n", "no `v1` was made");
}

#[test]
fn a_lost_connection_is_told_apart_from_a_deployment_that_failed() {
    needs!("sshd", "ssh", "ssh-keygen", "git");
    let space = project();
    let sshd = Sshd::start(&space, None);
    let space = sshd.known_to(space);
    let (started, go) = (space.path("../started"), space.path("../go"));
    let text = format!("#!/bin/sh\necho 'build web' >&2\n{}\n", crate::harness::space::gate(&started, &go));
    hook(&space, "stage", "pre-receive", &text);
    let server = space.root.with_file_name("server");
    let tasks = TASKS.replace("\"../server\"", &format!("\"{}{}\"", sshd.url(), server.display()));
    space.write("tasks.toml", &tasks);
    commit(&space, "over ssh");
    let running = space.start("deploy v1 -e stage");
    space.wait_for("../started");
    until_true("its words are here", || running.stderr().contains("build web"));
    assert!(sshd.cut() > 0, "{}", sshd.log());
    let lost = running.wait();
    lost.exits(7).says("the connection to the server of `stage` was lost").says("goes on there");
    lost.says("shipway attach -e stage").says("shipway cancel -e stage");
    space.write("../go", "");
}

#[test]
fn an_interruption_here_stops_nothing_there_and_says_so() {
    needs!("git");
    let space = project();
    let (started, go) = (space.path("../started"), space.path("../go"));
    let gate = crate::harness::space::gate(&started, &go);
    let script = SERVER.replace(
        "if [ -f \"$answer\" ]",
        &format!("[ $verb = follow ] && {{ {gate}; }}\nif [ -f \"$answer\" ]"),
    );
    space.write("../server/bin/shipway", &script);
    answer(&space, "stage", "follow", "");
    let running = space.start("attach 3 -e stage");
    space.wait_for("../started");
    running.signal(Signal::INT);
    let ended = running.wait();
    ended.exits(130).says("goes on there").says("shipway attach -e stage");
}
