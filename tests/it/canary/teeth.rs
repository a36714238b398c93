//! The search finds what is there: without that, it would prove nothing.

use super::scene::{Mode, Scene};
use crate::harness::needs;

/// Where, and of which secret something was found.
fn found(scene: &Scene<crate::harness::vendors::github::GitHub>) -> Vec<(String, &'static str)> {
    let mut found: Vec<_> = scene.search.hits().iter().map(|hit| (hit.place.clone(), hit.canary)).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_task_whose_secrets_are_not_masked_is_found() {
    needs!("bash", "git", "base64", "od");
    let mut scene = Scene::new("teeth", "github", super::github);
    // Masking is off: no variable is a secret any more, and the key that was masked is public.
    let tasks = scene.space.read("tasks.toml");
    let open = tasks.replace(", secret = true", "").replace("mask   = [\"GREETING\"]\n", "");
    let open = open.replace("\"SITE_URL\"", "\"SITE_URL\", \"GREETING\", \"DATABASE_URL\", \"NUMBER_KEY\"");
    assert_ne!(tasks, open);
    scene.space.write("tasks.toml", &open);
    for mode in [Mode::Plain, Mode::Terminal] {
        scene.run("print", mode, 0);
    }
    scene.run("print-map", Mode::Plain, 0);
    scene.search_rest("bodies of requests");
    let found = found(&scene);
    for place in ["standard output", "standard error", "a terminal", "Shipway's records"] {
        for canary in ["FOUR_BYTES", "SIXTEEN_BYTES", "PEM", "CONTROLS", "LONG", "BLANKS", "EIGHT_BYTES"] {
            assert!(
                found.contains(&(place.to_owned(), canary)),
                "{canary} was not found in {place}: {found:?}"
            );
        }
    }
    for canary in ["LISTED_WORD", "DSN", "NUMBER"] {
        assert!(found.contains(&("standard output".to_owned(), canary)), "{canary}: {found:?}");
    }
}

#[test]
fn a_secret_in_any_place_is_found() {
    needs!("git", "sh");
    let mut scene = Scene::new("teeth", "github", super::github);
    let secret = scene.canary("SIXTEEN_BYTES").text().to_owned();
    scene.space.write(".shipway/runs/1/steps/fake.log", &format!("a line\nwith {secret} in it\n"));
    scene.space.write(&format!("../{}/.local/state/left", "home"), &secret);
    scene.space.write("../tmp/left", &secret);
    scene.space.write("../server/stage/log", &secret);
    scene.space.write("kept", &secret);
    scene.space.git(&["add", "kept"]);
    scene.space.git(&["commit", "--quiet", "--message", "a slip"]);
    scene.space.git(&["rm", "--quiet", "kept"]);
    scene.space.git(&["commit", "--quiet", "--message", "too late"]);
    let gone = scene.space.path("../tmp/gone");
    let mut child = scene.space.program("sh");
    child.args(["-c", "while [ ! -e \"$0\" ]; do sleep 0.1; done"]).arg(&gone).arg(&secret);
    let mut child = child.spawn().unwrap();
    scene.space.program("git").args(["log", &format!("--grep={secret}")]).output().unwrap();
    let output = scene
        .space
        .program("sh")
        .args(["-c", "printf '%s' \"$0\" | od -An -v -tx1 | tr -d ' \\n'"])
        .arg(&secret)
        .output();
    scene.said("a plain shell", &String::from_utf8(output.unwrap().stdout).unwrap(), "");
    scene.run("list", Mode::Plain, 0);
    // The sampler has had all the time of these to look at it.
    scene.wait_for_sample(secret.as_bytes());
    std::fs::write(gone, "").unwrap();
    child.wait().unwrap();
    scene.search_rest("bodies of requests");
    let places = [
        "Shipway's records",
        "the user's home",
        "temporary files",
        "other files of the server",
        "git's history",
        "a command line",
        "arguments of a program",
        "standard output",
    ];
    let found = found(&scene);
    for place in places {
        assert!(found.contains(&(place.to_owned(), "SIXTEEN_BYTES")), "{place}: {found:?}");
    }
}
