//! Each rule of the walk as a story over a small graph.

use super::*;
use crate::diagnostic::{Fault, FaultKind};
use crate::plan::{Effect, PlanBuilder, Terms, WhenOrphaned};

struct Story {
    plan: Plan<()>,
    walk: Walk,
}

impl Story {
    fn new(steps: &[(&str, &[&str])], jobs: usize, keep_going: bool) -> Self {
        let mut builder = PlanBuilder::default();
        for (name, needs) in steps {
            let needs = needs.iter().map(|&need| need.to_owned()).collect();
            let effect = if name.starts_with("destroy") { Effect::Destroys } else { Effect::Reads };
            builder.add(*name, *name, needs, (effect, WhenOrphaned::Stop), ());
        }
        Self::of(builder, jobs, keep_going)
    }

    fn of(builder: PlanBuilder<()>, jobs: usize, keep_going: bool) -> Self {
        let plan = builder.build().unwrap();
        let walk = Walk::new(&plan, WalkSettings { jobs, keep_going });
        Self { plan, walk }
    }

    /// Starts all that may start.
    fn start(&mut self) -> Vec<String> {
        let mut started = Vec::new();
        while let Some(id) = self.walk.start_next() {
            started.push(self.plan.step(id).name.clone());
        }
        started
    }

    fn id(&self, name: &str) -> StepId {
        self.plan.find(name).unwrap()
    }

    fn end(&mut self, name: &str, ending: Ending) -> Vec<String> {
        let id = self.id(name);
        let over = self.walk.end(&self.plan, id, ending);
        over.into_iter().map(|(id, _)| self.plan.step(id).name.clone()).collect()
    }

    fn done(&mut self, name: &str) {
        self.end(name, Ending::Done);
    }

    fn ending(&self, name: &str) -> &Ending {
        match self.walk.state(self.id(name)) {
            StepState::Ended(ending) => ending,
            other => panic!("{name} is {other:?}"),
        }
    }
}

/// Steps that need nothing, each on its terms.
fn on_terms(steps: &[(&str, Terms)]) -> PlanBuilder<()> {
    let mut builder = PlanBuilder::default();
    for (name, terms) in steps {
        builder.add(*name, *name, Vec::new(), (Effect::Changes, WhenOrphaned::Stop), ());
        builder.on_terms(terms.clone());
    }
    builder
}

/// `open`, then `a` and `b`, and `close` which needs all of them; `last` needs `close`.
fn a_row(keep_going: bool) -> Story {
    let mut builder = PlanBuilder::default();
    let steps: [(&str, &[&str]); 5] =
        [("open", &[]), ("a", &["open"]), ("b", &["a"]), ("close", &["a", "b"]), ("last", &["close"])];
    for (name, needs) in steps {
        let needs = needs.iter().map(|&need| need.to_owned()).collect();
        builder.add(name, name, needs, (Effect::Changes, WhenOrphaned::Stop), ());
        if name == "close" {
            builder.on_terms(Terms { closes: Some("open".into()), ..Terms::default() });
        }
    }
    Story::of(builder, 4, keep_going)
}

fn failed() -> Ending {
    Ending::Failed { fault: Fault::new(FaultKind::Failed, "no") }
}

const DIAMOND: &[(&str, &[&str])] = &[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])];

#[test]
fn a_step_starts_when_all_that_it_needs_is_done() {
    let mut story = Story::new(DIAMOND, 4, false);
    assert_eq!(story.start(), ["a"]);
    story.done("a");
    assert_eq!(story.start(), ["b", "c"]);
    story.done("c");
    assert!(story.start().is_empty());
    story.done("b");
    assert_eq!(story.start(), ["d"]);
    story.done("d");
    assert!(story.walk.is_over());
}

#[test]
fn no_more_than_jobs_run_at_once() {
    let mut story = Story::new(&[("a", &[]), ("b", &[]), ("c", &[])], 2, false);
    assert_eq!(story.start(), ["a", "b"]);
    story.done("b");
    assert_eq!(story.start(), ["c"]);
}

#[test]
fn a_failure_skips_what_needs_it_and_starts_nothing_new() {
    let mut story = Story::new(&[("a", &[]), ("b", &["a"]), ("c", &[]), ("d", &["c"])], 1, false);
    assert_eq!(story.start(), ["a"]);
    assert_eq!(story.end("a", failed()), ["a", "b", "c", "d"]);
    assert_eq!(*story.ending("b"), Ending::Skipped(Skip::Needs { title: "a".into() }));
    assert_eq!(*story.ending("c"), Ending::Skipped(Skip::OtherFailed { title: "a".into() }));
    assert!(story.walk.is_over());
}

#[test]
fn keep_going_runs_what_does_not_need_the_failed_step() {
    let mut story = Story::new(&[("a", &[]), ("b", &["a"]), ("c", &[]), ("d", &["c"])], 1, true);
    story.start();
    assert_eq!(story.end("a", failed()), ["a", "b"]);
    assert_eq!(story.start(), ["c"]);
    story.done("c");
    assert_eq!(story.start(), ["d"]);
}

#[test]
fn a_running_step_finishes_after_a_failure_but_its_dependents_do_not_start() {
    let mut story = Story::new(&[("a", &[]), ("b", &[]), ("c", &["b"])], 2, false);
    story.start();
    story.end("a", failed());
    story.done("b");
    assert!(story.start().is_empty());
    assert_eq!(*story.ending("c"), Ending::Skipped(Skip::OtherFailed { title: "a".into() }));
    assert!(story.walk.is_over());
}

#[test]
fn a_question_gives_its_room_to_others_and_a_no_skips_only_what_needs_it() {
    let mut story =
        Story::new(&[("ask", &[]), ("apply", &["ask"]), ("late", &["apply"]), ("x", &[])], 1, false);
    assert_eq!(story.start(), ["ask"]);
    let ask = story.id("ask");
    story.walk.ask(ask);
    assert_eq!(story.start(), ["x"]);
    assert_eq!(story.end("ask", Ending::Declined { question: "?".into() }), ["ask", "apply", "late"]);
    assert_eq!(*story.ending("late"), Ending::Skipped(Skip::Declined { title: "ask".into() }));
    story.done("x");
    assert!(story.walk.is_over());
}

#[test]
fn a_redo_runs_the_stretch_again_and_only_three_times() {
    let steps: &[(&str, &[&str])] =
        &[("plan", &[]), ("approve", &["plan"]), ("apply", &["approve", "plan"]), ("next", &["apply"])];
    let mut story = Story::new(steps, 2, false);
    for attempt in 1..=4 {
        assert_eq!(story.start(), ["plan"], "attempt {attempt}");
        story.done("plan");
        assert_eq!(story.start(), ["approve"]);
        story.done("approve");
        assert_eq!(story.start(), ["apply"]);
        assert_eq!(story.walk.attempts(story.id("apply")), attempt);
        let (from, to) = (story.id("plan"), story.id("apply"));
        let again = story.walk.redo(&story.plan, from, to);
        assert_eq!(again, attempt < 4);
    }
    story.done("apply");
    assert_eq!(story.start(), ["next"]);
}

#[test]
fn a_redo_leaves_finished_steps_outside_the_stretch_alone() {
    let steps: &[(&str, &[&str])] = &[
        ("plan-b", &[]),
        ("plan-a", &[]),
        ("approve", &["plan-a", "plan-b"]),
        ("destroy-b", &["approve", "plan-b"]),
        ("destroy-a", &["approve", "plan-a", "destroy-b"]),
    ];
    let mut story = Story::new(steps, 2, false);
    story.start();
    story.done("plan-a");
    story.done("plan-b");
    story.start();
    story.done("approve");
    story.start();
    story.done("destroy-b");
    assert_eq!(story.start(), ["destroy-a"]);
    let (from, to) = (story.id("plan-a"), story.id("destroy-a"));
    assert!(story.walk.redo(&story.plan, from, to));
    assert_eq!(story.start(), ["plan-a"]);
    story.done("plan-a");
    assert_eq!(story.start(), ["approve"]);
    story.done("approve");
    assert_eq!(story.start(), ["destroy-a"]);
    assert_eq!(story.walk.attempts(story.id("destroy-b")), 1);
    story.done("destroy-a");
    assert!(story.walk.is_over());
}

#[test]
fn whoever_asked_for_a_redo_waits_for_it_also_where_what_stands_between_is_not_done_again() {
    let steps: &[(&str, &[&str])] =
        &[("plan", &[]), ("destroy-a", &["plan"]), ("look", &["destroy-a"]), ("destroy-b", &["look"])];
    for ending in [Ending::Done, failed()] {
        let mut story = Story::new(steps, 4, true);
        for name in ["plan", "destroy-a", "look"] {
            assert_eq!(story.start(), [name]);
            story.done(name);
        }
        assert_eq!(story.start(), ["destroy-b"]);
        let (from, to) = (story.id("plan"), story.id("destroy-b"));
        assert!(story.walk.redo(&story.plan, from, to));
        assert_eq!(story.start(), ["plan"], "and nothing beside it");
        let is_good = ending.is_good();
        story.end("plan", ending);
        if is_good {
            assert_eq!(story.start(), ["look"]);
            story.done("look");
            assert_eq!(story.start(), ["destroy-b"]);
            story.done("destroy-b");
        }
        assert!(story.walk.is_over());
        assert_eq!(story.walk.attempts(story.id("destroy-a")), 1);
    }
}

#[test]
fn an_interrupt_skips_all_that_waits_and_lets_the_running_end() {
    let mut story = Story::new(DIAMOND, 2, true);
    story.start();
    story.walk.stop(Skip::Interrupted);
    assert_eq!(*story.ending("d"), Ending::Skipped(Skip::Interrupted));
    assert!(!story.walk.is_over());
    story.end("a", failed());
    assert!(story.walk.is_over());
}

#[test]
fn what_was_opened_is_closed_however_the_rest_ended() {
    for keep_going in [false, true] {
        let mut story = a_row(keep_going);
        assert_eq!(story.start(), ["open"]);
        story.done("open");
        assert_eq!(story.start(), ["a"]);
        story.end("a", failed());
        assert_eq!(story.start(), ["close"]);
        let broken = story.walk.broken(&story.plan, story.id("close")).unwrap();
        assert_eq!(broken.skip, Skip::Needs { title: "a".into() });
        assert_eq!(broken.status, 1);
        story.end("close", Ending::Skipped(broken.skip));
        let title = "a".to_owned();
        let why = if keep_going { Skip::Needs { title } } else { Skip::OtherFailed { title } };
        assert_eq!(*story.ending("last"), Ending::Skipped(why));
        assert!(story.walk.is_over());
    }
}

#[test]
fn what_was_opened_is_closed_after_an_interrupt_and_what_was_not_is_skipped() {
    let mut story = a_row(false);
    story.start();
    story.walk.stop(Skip::Interrupted);
    assert!(!story.walk.is_over());
    assert!(story.start().is_empty(), "the opener still runs");
    story.end("open", failed());
    assert_eq!(story.start(), ["close"]);
    story.done("close");
    assert!(story.walk.is_over());

    let mut story = a_row(false);
    story.walk.stop(Skip::Interrupted);
    assert!(story.walk.is_over());
    assert_eq!(*story.ending("close"), Ending::Skipped(Skip::Interrupted));
}

#[test]
fn parts_of_what_is_held_back_are_too_and_the_closing_step_says_why() {
    let mut story = a_row(false);
    story.start();
    let held = Skip::HeldBack { reason: "not here".into() };
    story.end("open", Ending::Skipped(held.clone()));
    assert_eq!(*story.ending("b"), Ending::Skipped(held.clone()));
    assert_eq!(story.start(), ["close"]);
    assert_eq!(story.walk.broken(&story.plan, story.id("close")).map(|it| it.skip), Some(held));
    story.end("close", Ending::Skipped(Skip::Nothing { reason: "not here".into() }));
    assert_eq!(story.start(), ["last"]);
}

#[test]
fn a_pool_has_no_more_steps_than_places_and_others_pass_it() {
    let pooled = || Terms { pool: Some(("db".into(), 1)), ..Terms::default() };
    let steps = [("a", pooled()), ("b", pooled()), ("c", pooled()), ("x", Terms::default())];
    let mut story = Story::of(on_terms(&steps), 4, true);
    assert_eq!(story.start(), ["a", "x"]);
    story.done("x");
    assert!(story.start().is_empty());
    story.end("a", failed());
    assert_eq!(story.start(), ["b"]);
    // A question takes no place.
    let b = story.id("b");
    story.walk.ask(b);
    assert_eq!(story.start(), ["c"]);
    story.done("c");
    story.done("b");
    assert!(story.walk.is_over());

    let mut story = Story::of(on_terms(&steps), 4, false);
    story.start();
    story.end("a", failed());
    story.done("x");
    assert!(story.start().is_empty() && story.walk.is_over(), "what is parked is skipped too");
}

#[test]
fn a_step_with_the_terminal_runs_alone_and_not_beside_a_question() {
    let alone = || Terms { alone: true, ..Terms::default() };
    let usual = Terms::default;
    let steps = [("a", usual()), ("shell", alone()), ("b", usual())];
    let mut story = Story::of(on_terms(&steps), 4, false);
    assert_eq!(story.start(), ["a"], "it is the shell's turn next");
    story.done("a");
    assert_eq!(story.start(), ["shell"]);
    story.done("shell");
    assert_eq!(story.start(), ["b"]);

    let mut story = Story::of(on_terms(&steps), 1, false);
    assert_eq!(story.start(), ["a"]);
    let a = story.id("a");
    story.walk.ask(a);
    assert_eq!(story.start(), ["b"], "a question has the terminal");
    story.done("b");
    assert!(story.start().is_empty());
    story.done("a");
    assert_eq!(story.start(), ["shell"]);
}
