use std::time::Duration;

use snapbox::{assert_data_eq, str};

use super::*;
use crate::diagnostic::{Fault, FaultKind};
use crate::report::tape::{Paper, Tape};

fn printed(dialect: Dialect, tape: &Tape) -> String {
    let paper = Paper::default();
    let mut ci = Ci::new(dialect, Style::plain(), Sink::new(paper.writer()), Box::new(|| Duration::ZERO));
    tape.play(&mut ci);
    paper.text()
}

fn git_hub(tape: &Tape) -> String {
    printed(Dialect::GitHub { token: "TOKEN".into() }, tape)
}

fn git_lab(tape: &Tape) -> String {
    printed(Dialect::GitLab, tape).replace('\u{1b}', "<ESC>").replace('\r', "<CR>")
}

/// One step alone, then two at once, then the first alone again.
fn interleaved() -> Tape {
    Tape::new(&[("lint", &[]), ("plan base", &[]), ("test", &[])])
        .started("lint")
        .line("lint", "lint alone")
        .after(1)
        .started("plan base")
        .line("lint", "lint beside plan")
        .line("plan base", "plan beside lint")
        .line("plan base", "std::process::id")
        .notice(Some("plan base"), Level::Note, "plan\n\n1 to add")
        .after(2)
        .progress("plan base", "1 to add", Some((1, 1)))
        .done("plan base", 2)
        .line("lint", "lint alone again")
        .after(1)
        .done("lint", 4)
}

#[test]
fn on_github_groups_never_interleave() {
    assert_data_eq!(git_hub(&interleaved()), str![[r#""#]]);
}

#[test]
fn on_gitlab_sections_never_interleave_and_carry_the_events_times() {
    assert_data_eq!(git_lab(&interleaved()), str![[r#""#]]);
}

fn failing() -> Tape {
    Tape::new(&[("lint", &[]), ("test", &[])])
        .started("lint")
        .started("test")
        .line("test", "::set-env name=PATH::/tmp")
        .line("test", "progress\r::add-path::/tmp")
        .notice(Some("lint"), Level::Warning, "old version, 50%")
        .failed(
            "test",
            Fault::new(FaultKind::Failed, "2 tests failed").at("a.rs", 3, 1).hint("run `just test`"),
            2,
        )
        .done("lint", 3)
        .after(3)
        .finished(1)
}

#[test]
fn a_failed_step_is_not_folded_and_gets_an_annotation() {
    assert_data_eq!(git_hub(&failing()), str![[r#""#]]);
}

#[test]
fn on_gitlab_faults_are_red() {
    assert_data_eq!(git_lab(&failing()), str![[r#""#]]);
}

/// The lines that the runner would obey, as it reads them.
fn obeyed(log: &str) -> Vec<&str> {
    let mut stopped = false;
    let mut obeyed = Vec::new();
    for line in log.split(['\r', '\n']) {
        let is_command = line.trim_start().starts_with("::") || line.contains("##[");
        match line {
            "::stop-commands::TOKEN" => stopped = true,
            "::TOKEN::" => stopped = false,
            command if is_command && !stopped => obeyed.push(command),
            _ => {}
        }
    }
    obeyed
}

#[test]
fn the_runner_obeys_only_our_own_commands() {
    let evil = "::set-env name=A::b\n\u{1b}[1m::add-mask::x\nx ##[add-path]/tmp";
    let mut fault = Fault::new(FaultKind::Failed, evil).detail(evil).hint(evil);
    fault.status = Some(3);
    let tape = Tape::new(&[("lint", &[]), ("test", &[])])
        .started("lint")
        .command("lint", "::add-path::/tmp")
        .line("lint", "::add-path::/tmp")
        .started("test")
        .line("test", "a\r##[add-path]/tmp")
        .notice(Some("test"), Level::Warning, evil)
        .notice(None, Level::Note, evil)
        .progress("test", evil, Some((1, 1)))
        .done("test", 1)
        .failed("lint", fault, 1)
        .finished(1);
    let log = git_hub(&tape);
    for line in obeyed(&log) {
        let ours = ["::group::", "::endgroup::", "::warning ", "::error "];
        assert!(ours.iter().any(|command| line.starts_with(command)), "{line:?} in\n{log}");
    }
}
