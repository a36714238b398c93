//! `--report`: a run as JUnit, JSON and Markdown, while it is made and later of what was recorded.

use serde_json::Value;

use crate::harness::Space;

const TASKS: &str = r#"
[tasks.good]
run = "echo fine"

[tasks.bad]
run = "echo 'a < b'; echo $((40 + 2)) printed; echo hunter2-secret; exit 3"
env = { TOKEN = "{{ vars.token }}" }

[tasks.after]
depends = ["bad"]
run = "true"

[vars]
token = { env = "GIVEN", secret = true }
"#;

/// The counts of a suite.
fn counts(xml: &str) -> [String; 3] {
    let suite = xml.lines().find(|line| line.contains("<testsuite ")).unwrap();
    ["tests", "failures", "skipped"].map(|name| {
        let (_, rest) = suite.split_once(&format!(" {name}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    })
}

#[test]
fn a_run_is_written_down_in_each_form_as_it_ended() {
    let space = Space::with_tasks(TASKS);
    let line = "-k --report run.xml --report run.json --report run.md good ::: after";
    space.shipway(line.split(' ')).env("GIVEN", "hunter2-secret").run().exits(3);
    let (xml, json, markdown) = (space.read("run.xml"), space.read("run.json"), space.read("run.md"));
    assert_eq!(counts(&xml), ["3", "1", "1"], "{xml}");
    assert!(xml.contains("<failure type=\"failed\"") && xml.contains("a &lt; b"), "{xml}");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["exit_code"], &json["counts"]["failed"]), (&3.into(), &1.into()));
    assert!(markdown.contains("failed (3)") && markdown.contains("### bad"), "{markdown}");
    for text in [&xml, &json.to_string(), &markdown] {
        assert!(text.contains("42 printed") && !text.contains("hunter2"), "{text}");
    }
    // Of the record it is the same.
    space.run("logs --report later.xml --report later.json").exits(0).prints("");
    assert_eq!(space.read("later.xml"), xml);
    assert_eq!(serde_json::from_str::<Value>(&space.read("later.json")).unwrap(), json);
}

#[test]
fn a_report_that_can_not_be_is_refused_before_anything_runs() {
    let space = Space::with_tasks("[tasks.make]\nrun = \"touch made\"\n");
    space.run("--report run.txt make").exits(2).says("`.xml` is JUnit");
    space.run("--report no/run.xml make").exits(2).says("does not exist");
    space.run("--dry-run --report run.xml make").exits(2).says("dry run");
    space.run("list --report run.xml").exits(2).says("runs nothing");
    space.run("--report run.xml check").exits(2).says("runs nothing");
    assert!(!space.has("made") && !space.has("run.xml"));
    space.run("--report run.xml make").exits(0);
    assert!(space.has("made"));
    assert_eq!(counts(&space.read("run.xml")), ["1", "0", "0"]);
}
