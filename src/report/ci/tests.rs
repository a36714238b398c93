//! Whole logs, and what a runner would obey in them.

use std::time::Duration;

use snapbox::{assert_data_eq, str};

use super::*;
use crate::diagnostic::{Fault, FaultKind};
use crate::report::sink::Sink;
use crate::report::tape::{Paper, Tape};

fn printed(dialect: Dialect, tape: &Tape) -> String {
    let paper = Paper::default();
    let mut ci =
        Ci::new(dialect, Masker::default(), Style::plain(), paper.outputs(), Box::new(|| Duration::ZERO));
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
    assert_data_eq!(
        git_hub(&interleaved()),
        str![[r#"
::group::lint
lint alone
::endgroup::
::group::plan base
plan beside lint
std::process::id
plan

1 to add
::endgroup::
✓ plan base  1 to add  2s
::group::lint (goes on)
lint beside plan
lint alone again
::endgroup::
✓ lint  done  4s

"#]]
    );
}

#[test]
fn on_gitlab_sections_never_interleave_and_carry_the_events_times() {
    assert_data_eq!(
        git_lab(&interleaved()),
        str![[r#"
<ESC>[0Ksection_start:1700000000:lint<CR><ESC>[0Klint
lint alone
<ESC>[0Ksection_end:1700000001:lint<CR><ESC>[0K
<ESC>[0Ksection_start:1700000003:plan_base[collapsed=true]<CR><ESC>[0Kplan base
plan beside lint
std::process::id
plan

1 to add
<ESC>[0Ksection_end:1700000003:plan_base<CR><ESC>[0K
<ESC>[32m✓<ESC>[0m <ESC>[1mplan base<ESC>[0m  1 to add<ESC>[2m  2s<ESC>[0m
<ESC>[0Ksection_start:1700000003:lint<CR><ESC>[0Klint (goes on)
lint beside plan
lint alone again
<ESC>[0Ksection_end:1700000004:lint<CR><ESC>[0K
<ESC>[32m✓<ESC>[0m <ESC>[1mlint<ESC>[0m  done<ESC>[2m  4s<ESC>[0m

"#]]
    );
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
    assert_data_eq!(
        git_hub(&failing()),
        str![[r#"
::warning title=lint::old version, 50%25
::stop-commands::TOKEN
::set-env name=PATH::/tmp
::add-path::/tmp
::TOKEN::
✗ test  failed: 2 tests failed  2s
::group::lint
warning: old version, 50%
::endgroup::
✓ lint  done  3s

✓ lint  done    3s
✗ test  failed  2s  2 tests failed

1 done and 1 failed in 3s

error: 2 tests failed
  --> a.rs:3:1

hint: run `just test`
::error file=a.rs,line=3,col=1,title=test::2 tests failed

"#]]
    );
}

#[test]
fn on_gitlab_faults_are_red() {
    assert_data_eq!(
        git_lab(&failing()),
        str![[r#"
::set-env name=PATH::/tmp
::add-path::/tmp
<ESC>[1m<ESC>[31m✗<ESC>[0m <ESC>[1mtest<ESC>[0m  failed: 2 tests failed<ESC>[2m  2s<ESC>[0m
<ESC>[0Ksection_start:1700000000:lint<CR><ESC>[0Klint
<ESC>[1m<ESC>[33mwarning:<ESC>[0m old version, 50%
<ESC>[0Ksection_end:1700000000:lint<CR><ESC>[0K
<ESC>[32m✓<ESC>[0m <ESC>[1mlint<ESC>[0m  done<ESC>[2m  3s<ESC>[0m

<ESC>[32m✓<ESC>[0m lint  done    3s
<ESC>[1m<ESC>[31m✗<ESC>[0m test  failed  2s  2 tests failed

1 done and 1 failed in 3s

<ESC>[1m<ESC>[31merror:<ESC>[0m 2 tests failed
  --> a.rs:3:1

<ESC>[1m<ESC>[36mhint:<ESC>[0m run `just test`

"#]]
    );
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
        .command("lint", "true\n::add-path::/tmp\n##[add-path]/tmp")
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

#[test]
fn data_stays_whole_for_whoever_captures_it_and_lines_of_a_step_stay_together() {
    let (talk, data) = (Paper::default(), Paper::default());
    let outputs = Outputs::new(Sink::new(talk.writer()), Sink::new(data.writer()), StandardOutput::Apart);
    let dialect = Dialect::GitHub { token: "TOKEN".into() };
    let mut ci = Ci::new(dialect, Masker::default(), Style::plain(), outputs, Box::new(|| Duration::ZERO));
    Tape::new(&[("task sha", &[]), ("task lint", &[])])
        .started("task sha")
        .line("task sha", "sha 1")
        .started("task lint")
        .line("task sha", "::notice::sha 2")
        .line("task lint", "lint 1")
        .error("task lint", "::set-env::no")
        .line("task sha", "sha 3")
        .done("task lint", 1)
        .done("task sha", 2)
        .finished(0)
        .play(&mut ci);
    assert_data_eq!(
        data.text(),
        str![[r#"
sha 1
lint 1
::notice::sha 2
sha 3

"#]]
    );
    assert_data_eq!(
        talk.text(),
        str![[r#"
::group::task lint
::stop-commands::TOKEN
::set-env::no
::TOKEN::
::endgroup::
✓ task lint  done  1s
::group::task sha
::endgroup::
✓ task sha  done  2s

✓ task sha   done  2s
✓ task lint  done  1s

2 done in 0s

"#]]
    );
}
