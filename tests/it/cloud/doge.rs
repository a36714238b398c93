//! The five workspaces of a bootstrap, each in a workspace of HCP Terraform that its own init makes.

use serde_json::Value;

use crate::cloud::project::{FIVE, five};
use crate::harness::needs;
use crate::harness::space::lines;
use crate::harness::vendors::StandIn;
use crate::harness::vendors::terraform_cloud::TerraformCloud;
use crate::harness::{Space, Story};

fn step(workspace: &str, verb: &str) -> String {
    format!("workspace:{workspace}:{verb}")
}

#[track_caller]
fn assert_in_order(story: &Story, verb: &str, workspaces: &[&str]) {
    for pair in workspaces.windows(2) {
        let (first, then) = (step(pair[0], verb), step(pair[1], verb));
        assert!(story.ended(&first) < story.started(&then), "{then} started before {first} had ended");
    }
}

/// Resources of each, by the vendor.
fn resources(cloud: &StandIn<TerraformCloud>) -> Vec<usize> {
    cloud.vendor(|cloud| FIVE.map(|name| cloud.named(&format!("shop-{name}")).resources()).to_vec())
}

/// Serials of the current states, by the vendor.
fn serials(cloud: &StandIn<TerraformCloud>) -> Vec<Value> {
    cloud.vendor(|cloud| {
        FIVE.map(|name| cloud.named(&format!("shop-{name}")).state()["serial"].clone()).to_vec()
    })
}

#[track_caller]
fn assert_nothing_is_locked(cloud: &StandIn<TerraformCloud>) {
    cloud.vendor(|cloud| {
        for workspace in &cloud.workspaces {
            assert_eq!(workspace.holder, None, "{} is locked", workspace.name);
        }
    });
}

/// Where a request of this line was made, the first time.
#[track_caller]
fn first(lines: &[String], method: &str, end: &str) -> usize {
    let is_it = |line: &String| line.starts_with(method) && line.ends_with(end);
    lines.iter().position(is_it).unwrap_or_else(|| panic!("nobody asked {method} …{end}: {lines:#?}"))
}

fn token(space: &Space) -> String {
    space.environment[std::ffi::OsStr::new("TFE_TOKEN")].to_str().unwrap().to_owned()
}

#[test]
fn the_five_go_up_in_workspaces_that_init_makes_change_nothing_again_and_come_down_in_reverse() {
    needs!("terraform", "curl");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = five(&cloud);

    let up = space.run("--json up --yes");
    let story = up.exits(0).story();
    assert_in_order(&story, "apply", &["meta", "base", "dotenv", "stage"]);
    assert_in_order(&story, "apply", &["dotenv", "prod"]);
    assert_eq!(resources(&cloud), [4, 1, 1, 1, 1]);
    assert_nothing_is_locked(&cloud);
    let lines = cloud.lines();
    let made = lines.iter().filter(|line| *line == "POST /organizations/acme/workspaces").count();
    assert_eq!(made, 5, "init makes each workspace once");
    assert!(
        first(&lines, "GET", "/workspaces/shop-meta")
            < first(&lines, "POST", "/organizations/acme/workspaces"),
        "it was looked for before"
    );
    for name in FIVE {
        assert!(!space.has(&format!("terraform/{name}/terraform.tfstate")), "{name} has a state here");
    }
    // The state of base was read by stage, through the vendor.
    space.run("show").exits(0);
    assert_eq!(space.read("shown"), "stage of shop with 1");
    for text in [&up.stdout, &up.stderr] {
        assert!(!text.contains(&token(&space)), "the token is shown: {text}");
    }
    assert!(up.stdout.contains("the token is ***"), "{}", up.stdout);
    assert!(!up.stdout.contains("key-of-the-server"), "{}", up.stdout);

    let before = serials(&cloud);
    let again = space.run("--json up --yes");
    let story = again.exits(0).story();
    assert!(!story.commands().iter().any(|line| line.contains(" apply ")), "{:#?}", story.commands());
    assert_eq!(serials(&cloud), before);
    space.run("up").exits(0).says("nothing to change");
    space.run("status").exits(0);

    // Another machine has no folder `.terraform`, and finds everything.
    space.run("clean-all").exits(0);
    space.run("up").exits(0).says("nothing to change");

    let down = space.run("--json down --yes");
    let story = down.exits(0).story();
    assert_in_order(&story, "destroy", &["prod", "stage", "dotenv", "base", "meta"]);
    // Meta asked for the safe deletion of the others, which were empty by then. Its own holds its state until the end.
    assert_eq!(cloud.vendor(|cloud| cloud.names()), ["shop-meta"]);
    assert_eq!(cloud.vendor(|cloud| cloud.named("shop-meta").resources()), 0);
    assert_nothing_is_locked(&cloud);
    assert!(!down.stdout.contains(&token(&space)));

    // What init had set up here is there no more: it is made once again.
    space.run("up --yes").exits(0);
    assert_eq!(resources(&cloud), [4, 1, 1, 1, 1]);
}

#[test]
fn a_workspace_that_still_has_resources_is_deleted_by_nobody() {
    needs!("terraform", "curl");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = five(&cloud);
    space.run("up --yes").exits(0);
    let (before, names) = (resources(&cloud), cloud.vendor(|cloud| cloud.names()));

    // Shipway looks first.
    space.run("--yes destroy-base").exits(4).says("depends on `base` and still lives");
    space.run("--yes destroy-meta").exits(4).says("depends on `meta` and still lives");
    assert_eq!(resources(&cloud), before);

    // Somebody forgot to say what depends on meta: the vendor refuses, and that is what is told.
    let tasks = space.read("tasks.toml").replace("depends = [\"meta\"]", "");
    space.write("tasks.toml", &tasks);
    let refused = space.run("--yes destroy-meta");
    refused.exits(1).says("still managing resources");
    assert_eq!(cloud.vendor(|cloud| cloud.names()), names);
    assert_eq!(resources(&cloud)[1..], before[1..], "the others are as they were");
    assert_nothing_is_locked(&cloud);

    // Its outputs are gone, which base reads; an up brings them back, and in the right order all of it goes.
    space.write(
        "tasks.toml",
        &tasks.replace("[workspaces.base]\n", "[workspaces.base]\ndepends = [\"meta\"]\n"),
    );
    space.run("up --yes").exits(0);
    space.run("down --yes").exits(0);
    assert_eq!(cloud.vendor(|cloud| cloud.names()), ["shop-meta"]);
}

#[test]
fn a_workspace_that_was_deleted_by_force_is_made_again_with_a_new_state() {
    needs!("terraform", "curl");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = five(&cloud);
    space.run("up base --yes").exits(0);
    let first = cloud.vendor(|cloud| cloud.named("shop-base").id.clone());
    let mut delete = space.program("sh");
    let url = format!("https://{}/api/v2/organizations/acme/workspaces/shop-base", cloud.hostname());
    let line = "printf 'Authorization: Bearer %s' \"$TFE_TOKEN\" | curl -sS --fail-with-body --cacert \"$SSL_CERT_FILE\" -H @- -X DELETE";
    assert!(delete.args(["-c", &format!("{line} '{url}'")]).status().unwrap().success(), "force asks nobody");
    assert_eq!(cloud.vendor(|cloud| cloud.names()), ["shop-meta"]);
    // What it held is in nobody's care; Shipway sees an empty workspace, and asks before it makes anything.
    space.run("up base").exits(4).says("1 to add");
    space.run("up base --yes").exits(0);
    let second = cloud.vendor(|cloud| cloud.named("shop-base").id.clone());
    assert_ne!(first, second);
}

#[test]
fn a_preview_of_the_five_on_an_empty_machine_comes_true() {
    needs!("terraform", "curl");
    let cloud = StandIn::start(TerraformCloud::local());
    let space = five(&cloud);
    let plan = space.run("plan --json");
    let rows = lines(&plan.exits(0).stdout);
    let counts = |name: &str| {
        let row = rows.iter().find(|row| row["workspace"] == name);
        row.unwrap_or_else(|| panic!("{name}: {rows:#?}"))["counts"]["add"].clone()
    };
    let previewed = FIVE.map(counts);
    assert_eq!(cloud.vendor(|cloud| cloud.workspaces.iter().map(|it| it.states.len()).sum::<usize>()), 0);
    space.run("up --yes").exits(0);
    assert_eq!(Value::from(previewed.to_vec()), Value::from(resources(&cloud)));
}
