//! What is on disk: before the act, after a crash, and for nobody else to read.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::patience::until_true;
use crate::harness::space::{gate, lines, resource};
use crate::harness::{Space, needs};

/// Entries of a kind, in order.
fn entries<'a>(journal: &'a [Value], kind: &str) -> Vec<&'a Value> {
    journal.iter().map(|record| &record["entry"]).filter(|entry| entry["entry"] == kind).collect()
}

#[track_caller]
fn assert_private(path: &Path) {
    let metadata = path.symlink_metadata().unwrap();
    let mode = metadata.permissions().mode() & 0o777;
    // The ignore file says nothing that git would not say.
    if path.ends_with(".shipway/.gitignore") {
        return;
    }
    assert_eq!(mode & 0o077, 0, "{} has the mode {mode:o}", path.display());
    if metadata.is_dir() {
        assert_eq!(mode, 0o700, "{} has the mode {mode:o}", path.display());
        // What is removed meanwhile needs no look.
        for entry in path.read_dir().into_iter().flatten().flatten() {
            assert_private(&entry.path());
        }
    }
}

#[test]
fn an_intent_is_on_disk_before_the_act() {
    let space = Space::with_tasks(
        "[tasks.first]\nrun = \"true\"\n[tasks.look]\ndepends = [\"first\"]\nrun = \"cat .shipway/runs/*/journal.jsonl >seen\"\n",
    );
    space.run("look").exits(0);
    let seen = lines(&space.read("seen"));
    let steps: Vec<&Value> = entries(&seen, "step").into_iter().map(|entry| &entry["step"]).collect();
    assert_eq!(steps, ["task:first", "task:look"]);
    let commands = entries(&seen, "command");
    assert!(commands.last().unwrap()["line"].as_str().unwrap().contains("journal.jsonl"), "{seen:#?}");
    assert!(entries(&seen, "run-ended").is_empty());
    let ended = space.journal();
    assert_eq!(entries(&ended, "run-ended")[0]["exit_code"], 0);
    assert_eq!(entries(&ended, "step-ended").len(), 2);
}

#[test]
fn an_approved_plan_is_in_the_journal_before_its_apply_and_by_its_digest() {
    needs!("terraform");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n");
    let seen = space.path("seen");
    let look = format!("cat {}/*/journal.jsonl >{}", space.path(".shipway/runs").display(), seen.display());
    let space = space.workspace("one", &resource("a", &look));
    space.run("up --yes").exits(0);
    let seen = lines(&space.read("seen"));
    let answer = entries(&seen, "answer");
    assert_eq!((&answer[0]["approved"], &answer[0]["by"]), (&true.into(), &"--yes".into()));
    let apply = *entries(&seen, "command").last().unwrap();
    assert!(apply["line"].as_str().unwrap().contains(" apply "), "{apply}");
    assert_eq!(apply["digest"], answer[0]["digests"][0]);
    assert!(apply["digest"].is_string());
}

#[test]
fn everything_of_a_run_is_private_also_while_it_runs() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\nvars = { word = \"w\" }\nbefore_apply = \"bash gate.sh\"\n",
    );
    let (waits, go) = (space.path("waits"), space.path("go"));
    let space = space
        .file("gate.sh", &gate(&waits, &go))
        .workspace("one", &format!("variable \"word\" {{}}\n{}", resource("a", "true")));
    let wide = "umask 000; exec \"$0\" \"$@\"";
    let mut running = space
        .program("sh")
        .args(["-c", wide, crate::harness::program::PROGRAM, "up", "--yes"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    space.wait_for("waits");
    let raw = space.raw_of(&space.runs().pop().unwrap());
    let has_plan = raw.read_dir().unwrap().count() > 0;
    assert!(has_plan, "the plan waits in raw/");
    assert_private(&space.path(".shipway"));
    space.write("go", "");
    assert!(running.wait().unwrap().success());
    assert_private(&space.path(".shipway"));
    assert!(!raw.exists(), "unmasked streams go with the run");
}

#[test]
fn the_last_200_runs_are_kept_and_not_many_more() {
    let space = Space::with_tasks("[tasks.hello]\nrun = \"true\"\n");
    for number in 0..219 {
        std::fs::create_dir_all(space.path(&format!(".shipway/runs/20200101-000000-{number:03}-aaaa")))
            .unwrap();
    }
    for _ in 0..2 {
        space.run("hello").exits(0);
    }
    let runs = space.runs();
    assert!((200..220).contains(&runs.len()), "{} are kept", runs.len());
    assert!(!runs[0].ends_with("20200101-000000-000-aaaa"), "the oldest go first");
    let own = runs.iter().filter(|run| run.join("journal.jsonl").exists());
    assert_eq!(own.count(), 2, "those of now are kept");
}

#[test]
fn git_sees_nothing_of_the_journal() {
    needs!("git");
    let space = Space::with_tasks("[tasks.hello]\nrun = \"true\"\n");
    space.git(&["init", "--quiet"]);
    space.git(&["add", "--all"]);
    space.run("hello").exits(0);
    assert_eq!(space.git(&["status", "--porcelain"]), "A  tasks.toml\n");
}

#[test]
fn without_a_journal_nothing_is_started() {
    let space = Space::with_tasks("[tasks.hello]\nrun = \"touch hello\"\n").file(".shipway", "in the way");
    space.run("hello").exits(7).says(".shipway");
    assert!(!space.has("hello"));
}

#[test]
fn an_apply_finishes_when_shipway_is_killed_and_the_journal_says_what_was_begun() {
    needs!("terraform");
    let space = Space::with_tasks(
        "[terraform]\nroot = \"terraform\"\n[workspaces.one]\n[workspaces.two]\ndepends = [\"one\"]\n",
    );
    let (runs, go) = (space.path("apply-runs"), space.path("go"));
    let later = resource("later", "true").replacen('{', "{\n  depends_on = [terraform_data.slow]", 1);
    let space = space
        .workspace("one", &(resource("slow", &gate(&runs, &go)) + &later))
        .workspace("two", &resource("a", "true"));
    let running = space.start("up --yes");
    space.wait_for("apply-runs");
    running.signal(Signal::KILL);
    assert_eq!(running.wait().signal(), Some(9));
    let journal = space.journal();
    let last = *entries(&journal, "command").last().unwrap();
    assert!(last["line"].as_str().unwrap().contains("terraform/one apply "), "{last}");
    assert!(last["digest"].is_string());
    assert!(entries(&journal, "run-ended").is_empty());

    space.write("go", "");
    until_true("terraform has finished without us", || {
        !space.has("terraform/one/.terraform.tfstate.lock.info")
            && space.has("terraform/one/terraform.tfstate")
    });
    assert_eq!(space.state("one"), ["terraform_data.later", "terraform_data.slow"]);
    assert!(!space.state("two").contains(&"terraform_data.a".to_owned()));

    let raw = space.raw_of(&space.runs().pop().unwrap());
    until_true("its end is recorded", || {
        let entries = raw.read_dir().into_iter().flatten().flatten();
        let is_end = |text: String| text.contains("\"ended\"");
        let mut reports = entries.filter(|entry| entry.path().extension().is_some_and(|it| it == "status"));
        reports.all(|report| std::fs::read_to_string(report.path()).is_ok_and(is_end))
    });
    space.run("up --yes").exits(0).says("two");
    assert_eq!(space.state("two"), ["terraform_data.a"]);
    let left: Vec<String> = raw
        .read_dir()
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".tfplan") || name.ends_with(".json"))
        .collect();
    assert!(left.is_empty(), "the dead run's plans and values are gone: {left:?}");
}

#[test]
fn history_does_not_hide_a_run_that_was_killed() {
    let space = Space::with_tasks(
        "[tasks.stay]\nrun = \"touch runs; for turn in $(seq 1 600); do if [ -e go ]; then exit; fi; sleep 0.1; done\"\n",
    );
    let running = space.start("stay");
    space.wait_for("runs");
    running.signal(Signal::KILL);
    space.write("go", "");
    running.wait();
    let run = space.runs().pop().unwrap();
    let history = space.run("history");
    history.exits(0);
    assert!(history.stdout.contains(run.file_name().unwrap().to_str().unwrap()), "{}", history.all());
}

#[test]
fn in_ci_an_apply_is_stopped_in_order_when_shipway_is_killed() {
    needs!("terraform");
    let space = Space::with_tasks("[terraform]\nroot = \"terraform\"\n[workspaces.one]\n");
    let (runs, go) = (space.path("apply-runs"), space.path("go"));
    let later = resource("later", "true").replacen('{', "{\n  depends_on = [terraform_data.slow]", 1);
    let space = space.workspace("one", &(resource("slow", &gate(&runs, &go)) + &later));
    let running = space.shipway(["up", "--yes"]).env("CI", "true").start();
    space.wait_for("apply-runs");
    running.signal(Signal::KILL);
    assert_eq!(running.wait().signal(), Some(9));
    until_true("terraform has stopped", || {
        !space.has("terraform/one/.terraform.tfstate.lock.info")
            && space.has("terraform/one/terraform.tfstate")
    });
    assert!(!space.state("one").contains(&"terraform_data.later".to_owned()));
    space.run("plan-one").exits(0);
}

#[test]
fn a_kill_at_any_moment_leaves_a_journal_of_whole_lines() {
    let mut tasks = String::from("[tasks.all]\ndepends = [");
    for number in 0..40 {
        tasks.push_str(&format!("\"t{number}\", "));
    }
    tasks.push_str("]\n");
    for number in 0..40 {
        tasks.push_str(&format!("[tasks.t{number}]\nrun = [\"true\", \"echo {number}\"]\n"));
    }
    let space = Space::with_tasks(&tasks);
    for moment in [1, 2, 5, 11, 23, 47, 95] {
        let known = space.runs().len();
        let running = space.start("-j2 all");
        until_true(&format!("{moment} records are written"), || {
            let runs = space.runs();
            runs.len() > known
                && std::fs::read_to_string(runs.last().unwrap().join("journal.jsonl"))
                    .is_ok_and(|text| text.lines().count() >= moment)
        });
        running.signal(Signal::KILL);
        running.wait();
        let run = space.runs().pop().unwrap();
        let text = std::fs::read_to_string(run.join("journal.jsonl")).unwrap();
        assert!(text.ends_with('\n'), "the last line is whole: {text:?}");
        let records = lines(&text);
        assert_eq!(records[0]["entry"]["entry"], "run");
    }
    space.run("all").exits(0);
}

#[test]
fn an_earlier_run_is_listed_and_shown_again() {
    let space =
        Space::with_tasks("[tasks.hello]\nrun = \"echo from-the-task\"\n[tasks.bad]\nrun = \"exit 3\"\n");
    space.run("hello").exits(0);
    space.run("bad").exits(3);
    let history = space.run("history");
    history.exits(0);
    assert!(history.stdout.contains("hello") && history.stdout.contains("bad"), "{}", history.all());
    let ids: Vec<String> =
        space.runs().iter().map(|run| run.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let logs = space.run(&format!("logs {}", ids[0]));
    logs.exits(0);
    assert!(format!("{}{}", logs.stdout, logs.stderr).contains("from-the-task"), "{}", logs.all());
    // Looking is no run.
    assert_eq!(space.runs().len(), 2);
}

#[test]
fn two_runs_at_once_keep_their_records_apart() {
    let space = Space::with_tasks(
        "[tasks.left]\nrun = \"touch left; while [ ! -e right ]; do sleep 0.05; done\"\n\
         [tasks.right]\nrun = \"touch right; while [ ! -e left ]; do sleep 0.05; done\"\n",
    );
    let (left, right) = (space.start("left"), space.start("right"));
    left.wait().exits(0);
    right.wait().exits(0);
    assert_eq!(space.runs().len(), 2);
    for run in space.runs() {
        let records = lines(&std::fs::read_to_string(run.join("journal.jsonl")).unwrap());
        assert_eq!(entries(&records, "run-ended").len(), 1);
    }
}
