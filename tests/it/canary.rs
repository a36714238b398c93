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

use scene::{MODES, Mode, Scene};

use crate::harness::needs;
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
        for case in cases::of(cases::CASES, group) {
            let is_dry = mode == Mode::DryRun && case.code != 2;
            scene.run(case.line, mode, if is_dry { 0 } else { case.code });
        }
        // Old runs are swept away by new ones.
        scene.search_files(false);
    }
    for case in cases::of(cases::ONCE, group) {
        scene.run(case.line, Mode::Plain, case.code);
    }
}

#[test]
fn no_task_shows_a_secret() {
    needs!("bash", "git", "base64", "od");
    let mut scene = Scene::new("tasks", "github", github);
    run_all(&mut scene, "tasks");
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
