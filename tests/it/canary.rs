//! Forty secrets of all shapes, planted wherever a project has some, and every command in every mode of output. Then everything that was
//! printed or is left is searched: not one of them is anywhere but in the places that `places` names.
//!
//! `secrets` are the forty, `forms` how programs write them (not by the masker's own code), `project` the files, `scene` runs and
//! searches, `cases` the command lines, `watch` the command lines of all processes.

mod cases;
mod crashes;
mod forms;
mod ordinary;
mod places;
mod project;
mod scene;
mod secrets;
mod teeth;
mod vendors;
mod watch;

use rustix::process::Signal;

use scene::{MODES, Mode, Scene};

use crate::harness::needs;
use crate::harness::patience::until_true;
use crate::harness::vendors::github::GitHub;

/// A GitHub with the project's repository, whose secrets nobody can read.
fn github(token: &str, _theirs: &str) -> GitHub {
    let mut github = GitHub::with_repository("ada/shop");
    github.token = token.to_owned();
    github
}

/// Runs all cases of a group in all modes.
#[track_caller]
fn run_all(scene: &mut Scene<GitHub>, group: &'static str) {
    for mode in MODES {
        for (line, code) in cases::of(group).filter_map(|case| case.in_mode(mode)) {
            scene.run(&line, mode, code);
        }
        // Old runs are swept away by new ones.
        scene.search_files(false);
    }
}

/// Watches a task until its first run is over.
#[track_caller]
fn watched(scene: &mut Scene<GitHub>, mode: Mode) {
    let line = "watch print";
    let label = format!("{mode:?} {line}");
    let waits = "waiting for changes";
    let command = scene.command(line, mode);
    if mode == Mode::Terminal {
        let terminal = command.terminal();
        terminal.wait_for(waits);
        terminal.types("\u{3}");
        let closed = terminal.wait();
        closed.exits(130);
        scene.shown(&label, &closed.raw, &closed.screen);
        return;
    }
    let watch = command.start();
    // With --json nothing is said of watching; the run's last event is enough.
    let is_over = || watch.stderr().contains(waits) || watch.stdout().contains("\"run-finished\"");
    until_true("the first run is over", is_over);
    watch.signal(Signal::INT);
    let output = watch.wait();
    output.exits(130);
    scene.said(&label, &output.stdout, &output.stderr);
}

#[test]
fn no_task_shows_a_secret() {
    needs!("bash", "git", "base64", "od", "make");
    let mut scene = Scene::new("tasks", "github", github);
    run_all(&mut scene, "tasks");
    for mode in MODES {
        watched(&mut scene, mode);
    }
    let terminal = scene.command("choose", Mode::Terminal).terminal();
    terminal.wait_for("Run which task?");
    terminal.types("pieces\r");
    let closed = terminal.wait();
    closed.exits(0);
    scene.shown("choose", &closed.raw, &closed.screen);
    let spoken = scene.canary("SPOKEN").text().to_owned();
    let terminal = scene.command("spoken", Mode::Terminal).terminal();
    terminal.wait_for("The word");
    terminal.types(&format!("{spoken}\r"));
    let closed = terminal.wait();
    closed.exits(0);
    scene.shown("spoken", &closed.raw, &closed.screen);
    let typed = format!("overridden={}", scene.canary("OVERRIDDEN").text());
    for mode in [Mode::Plain, Mode::Json, Mode::Terminal, Mode::GitLab] {
        scene.run(&format!("{typed} overridden"), mode, 5);
        scene.run("history", mode, 0);
    }
    scene.run(&format!("{typed} {typed} overridden"), Mode::Plain, 2);
    scene.run(&format!("{typed} overriden"), Mode::Plain, 2);
    scene.end("bodies of requests");
}

#[test]
fn no_workspace_shows_a_secret() {
    needs!("terraform", "bash", "git", "base64", "od");
    let mut scene = Scene::new("terraform", "github", github);
    run_all(&mut scene, "terraform");
    scene.run("up source --yes", Mode::Plain, 0);
    // A dry run saves no plan, and so has none to show.
    scene.run("plan sink --save kept", Mode::Plain, 0);
    scene.run("apply --saved kept --yes", Mode::DryRun, 0);
    crashes::killed_while_it_applies(&mut scene);
    scene.end("bodies of requests");
}

#[test]
fn no_deployment_shows_a_secret() {
    needs!("bash", "git", "base64", "od");
    let mut scene = Scene::new("deploy", "github", github);
    scene.run("deploy v0", Mode::Plain, 0);
    run_all(&mut scene, "deploy");
    scene.space.write("fail", "");
    scene.space.git(&["add", "fail"]);
    scene.space.git(&["commit", "--quiet", "--message", "it fails"]);
    for mode in [Mode::Plain, Mode::Json, Mode::Terminal, Mode::GitHub, Mode::GitLab] {
        scene.run("deploy --ref HEAD", mode, 1);
    }
    scene.run("logs --release", Mode::Plain, 0);
    crashes::killed_while_it_deploys(&mut scene);
    scene.end("bodies of requests");
}
