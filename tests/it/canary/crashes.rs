//! Shipway killed hard, where it can least do with it; what the next run makes of that.

use rustix::process::Signal;

use super::scene::{Mode, Scene};
use crate::harness::needs;
use crate::harness::vendors::Vendor;

/// So many of the points at which a debug build can be killed.
const POINTS: u32 = 6;

#[test]
fn no_crash_leaves_a_secret() {
    needs!("bash", "git", "base64", "od");
    let mut scene = Scene::new("crashes", "github", super::github);
    for mode in [Mode::Plain, Mode::Terminal] {
        let command = scene.command("waits", mode);
        if mode == Mode::Terminal {
            let terminal = command.terminal();
            scene.space.wait_for("private/waits");
            rustix::process::kill_process(terminal.pid(), Signal::KILL).unwrap();
            let closed = terminal.wait();
            scene.shown("waits, killed", &closed.raw, &closed.screen);
        } else {
            let running = command.start();
            scene.space.wait_for("private/waits");
            running.signal(Signal::KILL);
            let output = running.wait();
            assert_eq!(output.signal(), Some(9));
            scene.said("waits, killed", &output.stdout, &output.stderr);
        }
        std::fs::remove_file(scene.space.path("private/waits")).unwrap();
        scene.search_files(true);
        scene.run("history", Mode::Plain, 0);
        scene.run("logs", Mode::Plain, 0);
        scene.run("fails", Mode::Plain, 3);
    }
    assert_eq!(killed_at_points(&mut scene, "print ::: fails"), POINTS);
    scene.run("fails", Mode::Plain, 3);
    scene.end("bodies of requests");
}

/// Runs a command for each point, with a look at all files after each: how often it was killed.
fn killed_at_points<V: Vendor>(scene: &mut Scene<V>, line: &str) -> u32 {
    let mut killed = 0;
    for point in 1..=POINTS {
        let output = scene.command(line, Mode::Plain).env("SHIPWAY_KILL_AT", point.to_string()).run();
        killed += u32::from(output.signal() == Some(9));
        scene.said(&format!("{line}, killed at point {point}"), &output.stdout, &output.stderr);
        scene.search_files(true);
    }
    killed
}

/// In the middle of an apply, which goes on: with a record that is open, and after the next run.
pub(super) fn killed_while_it_applies<V: Vendor>(scene: &mut Scene<V>) {
    let running = scene.command("up slow --yes", Mode::Plain).start();
    scene.space.wait_for("private/applies");
    running.signal(Signal::KILL);
    let output = running.wait();
    scene.said("up slow, killed", &output.stdout, &output.stderr);
    scene.search_files(true);
    scene.run("history", Mode::Plain, 0);
    scene.space.write("private/go", "");
    scene.run("up slow --yes", Mode::Plain, 0);
    scene.run("logs", Mode::Plain, 0);
    assert!(killed_at_points(scene, "up broken --yes") >= 2);
    scene.run("up broken --yes", Mode::Plain, 1);
}

/// In the middle of a deployment, whose worker goes with it or goes on.
pub(super) fn killed_while_it_deploys<V: Vendor>(scene: &mut Scene<V>) {
    assert!(killed_at_points(scene, "deploy --ref v0 --again") > 2);
    scene.run("deploy --ref v0 --again", Mode::Plain, 0);
}
