//! What is on the screen, read back from the bytes by a terminal in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use snapbox::{assert_data_eq, str};

use super::*;
use crate::diagnostic::{Fault, FaultKind};
use crate::report::sink::Sink;
use crate::report::tape::{Paper, Tape};

/// A terminal in memory with a report that draws on it.
struct Stage {
    paper: Paper,
    seconds: Arc<AtomicU64>,
    live: Live,
}

impl Stage {
    fn new() -> Self {
        let (paper, seconds) = (Paper::default(), Arc::new(AtomicU64::new(0)));
        let read = Arc::clone(&seconds);
        let clock: Clock = Box::new(move || Duration::from_secs(read.load(Ordering::Relaxed)));
        let size = Box::new(|| Size { columns: 60, rows: 24 });
        let live = Live::new(Style::plain(), paper.outputs(), clock, size);
        Self { paper, seconds, live }
    }

    fn screen(&self) -> String {
        let mut parser = vt100::Parser::new(24.try_into().unwrap(), 60.try_into().unwrap(), 0);
        parser.process(self.paper.text().replace('\n', "\r\n").as_bytes());
        assert!(!parser.screen().hide_cursor());
        parser.screen().contents().lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    fn at(&mut self, second: u64) {
        self.seconds.store(second, Ordering::Relaxed);
        self.live.tick();
    }
}

fn bootstrap() -> Tape {
    Tape::new(&[("lint", &[]), ("plan base", &[]), ("apply base", &["plan base"])])
        .started("lint")
        .started("plan base")
        .line("lint", "checking \u{1b}[2Kall")
}

#[test]
fn running_steps_stand_below_what_was_printed() {
    let mut stage = Stage::new();
    bootstrap().progress("plan base", "reading", Some((2, 7))).play(&mut stage.live);
    stage.at(12);
    assert_data_eq!(
        stage.screen(),
        str![[r#"
lint | checking all
⠋ lint  12s
⠋ plan base   reading 2/7  12s
· apply base  waits for plan base
  0 of 3 steps ended  12s

"#]]
    );
    stage.at(13);
    stage.at(14);
    assert_data_eq!(
        stage.screen(),
        str![[r#"
lint | checking all
⠋ lint  14s
⠋ plan base   reading 2/7  14s
· apply base  waits for plan base
  0 of 3 steps ended  14s

"#]]
    );
}

#[test]
fn a_pause_leaves_nothing_that_moves_and_resume_brings_it_back() {
    let mut stage = Stage::new();
    bootstrap().after(3).done("plan base", 3).started("apply base").asked("apply base").play(&mut stage.live);
    stage.at(4);
    stage.live.pause();
    stage.at(5);
    assert_data_eq!(
        stage.screen(),
        str![[r#"
lint | checking all
✓ plan base  done  3s

"#]]
    );
    stage.live.resume();
    assert_data_eq!(
        stage.screen(),
        str![[r#"
lint | checking all
✓ plan base  done  3s
? apply base  waits for your answer  2s
⠸ lint  5s
  1 of 3 steps ended  5s

"#]]
    );
}

#[test]
fn the_end_is_the_summary_and_then_each_fault() {
    let mut stage = Stage::new();
    bootstrap().play(&mut stage.live);
    stage.at(1);
    let events = bootstrap()
        .notice(Some("plan base"), Level::Note, "1 to add")
        .after(3)
        .done("plan base", 3)
        .failed("lint", Fault::new(FaultKind::Failed, "exit status 2").hint("look at it"), 3)
        .skipped("apply base", "lint")
        .finished(1)
        .events;
    events[4..].iter().for_each(|event| stage.live.event(event));
    assert_data_eq!(
        stage.screen(),
        str![[r#"
lint | checking all
plan base | 1 to add
✓ plan base  done  3s
✗ lint  failed: exit status 2  3s
- apply base  not started: needs `lint`

✗ lint        failed       3s  exit status 2
✓ plan base   done         3s
- apply base  not started      needs `lint`

1 done, 1 not started and 1 failed in 3s

error: lint: exit status 2

hint: look at it

"#]]
    );
}

#[test]
fn a_single_step_is_shown_without_prefix_or_table() {
    let mut stage = Stage::new();
    Tape::new(&[("lint", &[])])
        .started("lint")
        .command("lint", "cargo clippy")
        .line("lint", "fine")
        .after(2)
        .done("lint", 2)
        .finished(0)
        .play(&mut stage.live);
    assert_data_eq!(
        stage.screen(),
        str![[r#"
$ cargo clippy
fine
✓ lint  done  2s

"#]]
    );
}

#[test]
fn lines_are_printed_in_batches() {
    let mut stage = Stage::new();
    let mut tape = Tape::new(&[("lint", &[])]).started("lint");
    for _ in 0..100 {
        tape = tape.line("lint", "a line");
    }
    tape.play(&mut stage.live);
    stage.at(1);
    let bytes = stage.paper.text().len();
    assert!(bytes < 100 * 8 + 500, "{bytes} bytes for 100 lines");
}

#[test]
fn dropping_the_report_clears_what_moves() {
    let mut stage = Stage::new();
    bootstrap().play(&mut stage.live);
    stage.at(1);
    let Stage { paper, live, seconds } = stage;
    drop(live);
    let live = Stage::new().live;
    assert_data_eq!(
        Stage { paper, seconds, live }.screen(),
        str![[r#"
lint | checking all

"#]]
    );
}

#[test]
fn data_for_a_program_goes_past_the_screen_as_it_is() {
    let (talk, data) = (Paper::default(), Paper::default());
    let outputs = Outputs::new(Sink::new(talk.writer()), Sink::new(data.writer()), StandardOutput::Apart);
    let size = Box::new(|| Size { columns: 60, rows: 24 });
    let mut live = Live::new(Style::plain(), outputs, Box::new(|| Duration::ZERO), size);
    Tape::new(&[("task sha", &[]), ("task lint", &[])])
        .started("task sha")
        .started("task lint")
        .line("task sha", "\u{1b}[1m5c5c975\u{1b}[0m")
        .error("task lint", "fine")
        .done("task sha", 2)
        .play(&mut live);
    drop(live);
    assert_eq!(data.text(), "\u{1b}[1m5c5c975\u{1b}[0m\n");
    assert!(
        talk.text().contains("task lint | fine") && !talk.text().contains("5c5c975"),
        "{:?}",
        talk.text()
    );
}

#[test]
fn a_question_that_is_left_standing_gets_its_line_ended() {
    let mut stage = Stage::new();
    bootstrap().asked("plan base").play(&mut stage.live);
    stage.live.pause();
    let before = stage.paper.text().len();
    stage.live.abandon();
    bootstrap().interrupted(1).events[4..].iter().for_each(|event| stage.live.event(event));
    stage.live.pause();
    assert_eq!(&stage.paper.text()[before..], "\nSIGINT: ending what runs; the same again ends it at once\n");
}
