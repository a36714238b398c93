//! The end of a run: what became of each task that somebody named, with the reason, in every form.

use serde_json::Value;

use crate::harness::Space;
use crate::harness::space::lines;

const FIVE: &str = r#"
[tasks]
a = "true"
b = "true"
[tasks.never]
if = "test -e there"
run = "touch never"
[tasks.ign]
ignore_error = true
run = "exit 3"
[tasks.all]
depends = ["a", "b", "never", "ign"]
run = "true"
"#;

/// The rows of the table at the end, without their times, and the line that counts them.
fn table(stderr: &str) -> (Vec<String>, String) {
    let (table, rest) = stderr.rsplit_once("\n\n").unwrap();
    let rows = table.rsplit_once("\n\n").unwrap().1.lines();
    let is_time = |word: &&str| word.ends_with('s') && word.starts_with(|c: char| c.is_ascii_digit());
    let row = |row: &str| row.split_whitespace().filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ");
    (rows.map(row).collect(), rest.lines().next().unwrap().split(" in ").next().unwrap().to_owned())
}

#[test]
fn a_skipped_task_and_an_ignored_failure_have_their_rows_and_are_counted() {
    let space = Space::with_tasks(FIVE);
    let output = space.run("-j 1 all");
    output.exits(0).says("- never  skipped: `test -e there` says no");
    output.says("! ign  failed but ignored: `ign` failed: exit status 3").does_not_say("nothing to do");
    let (rows, counted) = table(&output.stderr);
    assert_eq!(
        rows,
        [
            "✓ a done",
            "✓ b done",
            "- never skipped `test -e there` says no",
            "! ign failed but ignored `ign` failed: exit status 3",
            "✓ all done",
        ]
    );
    assert_eq!(counted, "3 done, 1 skipped and 1 failed but ignored");
}

#[test]
fn programs_are_told_the_same_and_the_record_keeps_it() {
    let space = Space::with_tasks(FIVE);
    let output = space.run("--json --report run.xml --report run.json --report run.md all");
    let told = lines(&output.exits(0).stdout);
    let counts = &told.last().unwrap()["kind"]["counts"];
    let number = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!(
        ["done", "up_to_date", "skipped", "ignored", "declined", "failed"].map(number),
        [3, 0, 1, 1, 0, 0]
    );
    let is_new = |event: &&Value| event["version"] == 3;
    assert_eq!(told.iter().filter(is_new).map(|event| &event["step"]).collect::<Vec<_>>(), ["task:ign"]);
    let report: Value = serde_json::from_str(&space.read("run.json")).unwrap();
    assert_eq!(&report["counts"], counts);
    let ending = |title: &str| {
        report["steps"].as_array().unwrap().iter().find(|step| step["title"] == title).unwrap()["ending"]
            .clone()
    };
    assert_eq!(ending("never")["result"], "skipped");
    assert_eq!(
        (ending("ign")["result"].as_str(), &ending("ign")["fault"]["status"]),
        (Some("ignored"), &3.into())
    );
    let markdown = space.read("run.md");
    assert!(markdown.contains("| never | skipped | \\`test -e there\\` says no |"), "{markdown}");
    assert!(
        markdown.contains("| ign | failed but ignored | \\`ign\\` failed: exit status 3 |"),
        "{markdown}"
    );
    let junit = space.read("run.xml");
    assert!(junit.contains("failures=\"0\" errors=\"0\" skipped=\"2\""), "{junit}");
    assert!(junit.contains("<skipped message=\"`test -e there` says no\"/>"), "{junit}");
    let ignored = "<skipped type=\"ignored\" message=\"failed but ignored: `ign` failed: exit status 3\"/>";
    assert!(junit.contains(ignored), "{junit}");

    let logs = space.run("logs").exits(0).stdout.clone();
    assert!(logs.contains("3 done, 1 skipped and 1 failed but ignored"), "{logs}");
    space.run("history").exits(0);
    // A record says of which format it needs to know.
    let versions = |is_ignored: bool| {
        let records = space.journal().into_iter().filter(|record| record["entry"]["entry"] == "step-ended");
        let of = move |record: &Value| (record["entry"]["ending"]["result"] == "ignored") == is_ignored;
        records.filter(of).map(|record| record["version"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(versions(true), [2]);
    assert_eq!(versions(false), [1, 1, 1, 1]);
}

#[test]
fn a_task_alone_that_is_skipped_or_ignores_its_failure_says_so_once() {
    let space = Space::with_tasks(FIVE);
    assert_eq!(space.run("never").exits(0).stderr, "- never  skipped: `test -e there` says no\n");
    let output = space.run("ign");
    output.exits(0).says("`ign` failed: exit status 3; the task ignores it");
    output.does_not_say("nothing to do").does_not_say("done");
}

#[test]
fn ci_services_and_groups_tell_both_too() {
    let space = Space::with_tasks(FIVE);
    for (name, line) in [("GITHUB_ACTIONS", "all"), ("GITLAB_CI", "all"), ("NOTHING", "--group all")] {
        let output = space.shipway(line.split(' ')).env(name, "true").run();
        output.exits(0).says("3 done, 1 skipped and 1 failed but ignored");
        output.says("never  skipped").says("ign    failed but ignored");
    }
}

#[test]
fn a_task_in_parts_that_is_skipped_is_one_row() {
    let space = Space::with_tasks(
        "[tasks.ship]\nif = \"test -e there\"\nrun = [\"true\", { task = \"build\" }]\n[tasks]\nbuild = \"true\"\nother = \"true\"\n",
    );
    let output = space.run("ship ::: other");
    let (rows, counted) = table(&output.exits(0).stderr);
    assert_eq!(
        rows,
        [
            "✓ other done",
            "- build not started `test -e there` says no",
            "- ship skipped `test -e there` says no",
        ]
    );
    assert_eq!(counted, "1 done, 1 skipped and 1 not started");
}

#[test]
fn what_a_task_requires_is_no_task_of_its_own() {
    let space = Space::with_tasks(
        "[tasks.build]\nrequires = { tools = [\"sh\"] }\nsources = [\"in\"]\noutputs = [\"out\"]\nrun = \"cp in out\"\n\
         [tasks]\nother = \"true\"\n",
    )
    .file("in", "1");
    space.run("build").exits(0).does_not_say("requires").does_not_say("1 done");
    let again = space.run("build");
    again.exits(0).says("= build  up to date").does_not_say("1 done").does_not_say("requires");
    let (rows, counted) = table(&space.run("build ::: other").exits(0).stderr);
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(counted, "1 done and 1 up to date");
    assert_eq!(table(&space.run("--force build ::: other").exits(0).stderr).1, "2 done");
}
