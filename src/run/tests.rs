//! The engine as stories: scripted actions and processes, a real journal in a temporary folder.

use std::sync::{Arc, Mutex};

use super::*;
use crate::event::{Event, Stream, Termination};
use crate::journal::record::Entry;
use crate::journal::store;
use crate::model::{LoadedText, SourceLoader};
use crate::os::clock::RealClock;
use crate::os::command::CommandSpec;
use crate::os::environment::Environment;
use crate::os::files::{Files as _, RealFiles};
use crate::os::scripted::{ScriptedAnswer, ScriptedProcesses};
use crate::os::tool::Tools;
use crate::plan::{Digest, Effect, Ending, PlanBuilder, Proposal, ProposedChange, Skip, WhenOrphaned};

type Run = Box<dyn Fn(&mut StepContext<'_>) -> Outcome + Send + Sync>;

struct Scripted(Run);

impl Action for Scripted {
    fn describe(&self) -> Vec<String> {
        Vec::new()
    }
    fn run(&self, context: &mut StepContext<'_>) -> Outcome {
        (self.0)(context)
    }
}

struct Heard(Arc<Mutex<Vec<Event>>>);

impl Observer for Heard {
    fn event(&mut self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

struct Answers(Vec<Answer>);

impl Ask for Answers {
    fn is_silent(&self, _question: &Question) -> bool {
        false
    }
    fn ask(&mut self, _question: &Question) -> Answer {
        self.0.remove(0)
    }
}

struct NoFile;

impl SourceLoader for NoFile {
    fn load(&self, path: &std::path::Path) -> Result<LoadedText, String> {
        Ok(LoadedText { shown: path.to_owned(), text: String::new() })
    }
    fn is_folder(&self, _path: &std::path::Path) -> bool {
        false
    }
}

/// A run of scripted steps.
struct Story {
    folder: tempfile::TempDir,
    steps: PlanBuilder<Box<dyn Action>>,
    processes: ScriptedProcesses,
    answers: Vec<Answer>,
    masker: Masker,
    keep_going: bool,
}

struct Told {
    result: RunResult,
    events: Vec<Event>,
    folder: tempfile::TempDir,
}

impl Story {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            steps: PlanBuilder::default(),
            processes: ScriptedProcesses::default(),
            answers: Vec::new(),
            masker: Masker::default(),
            keep_going: false,
        }
    }

    fn step(
        mut self,
        name: &str,
        needs: &[&str],
        run: impl Fn(&mut StepContext<'_>) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let needs = needs.iter().map(|&need| need.to_owned()).collect();
        let effect = if name == "apply" { Effect::Changes } else { Effect::Reads };
        let kind = (effect, WhenOrphaned::Stop);
        self.steps.add(name, name, needs, kind, Box::new(Scripted(Box::new(run))));
        self
    }

    fn answered(mut self, answers: Vec<Answer>) -> Self {
        self.answers = answers;
        self
    }

    fn doors(&self) -> Doors {
        let variables = std::iter::once(("PATH".into(), "/usr/bin:/bin".into())).collect();
        Doors {
            processes: Box::new(self.processes.clone()),
            files: Box::new(RealFiles),
            clock: Box::new(RealClock::default()),
            environment: Environment { variables, current_dir: self.folder.path().into(), executable: None },
            tools: Tools::default(),
        }
    }

    fn tell(self) -> Told {
        let doors = self.doors();
        let plan = self.steps.build().unwrap();
        let model = Arc::new(crate::model::load(&self.folder.path().join("tasks.toml"), &NoFile).unwrap());
        let bindings = Bindings::new(model, Default::default(), Ok(String::new()));
        let events = Arc::new(Mutex::new(Vec::new()));
        let settings = RunSettings {
            command: "shipway story".into(),
            project: "story".into(),
            root: self.folder.path().into(),
            records: self.folder.path().into(),
            jobs: 2,
            unlock_own_stale: false,
            keep_going: self.keep_going,
            fail_fast: false,
            force: false,
            explain: false,
            tasks_file: String::new(),
            resumed: None,
            recorded: true,
        };
        let observer = Box::new(Heard(Arc::clone(&events)));
        let ask = Box::new(Answers(self.answers));
        let result = run((&plan, &doors, &self.masker, &bindings), settings, observer, ask).unwrap();
        let events = events.lock().unwrap().clone();
        Told { result, events, folder: self.folder }
    }
}

impl Told {
    fn ending(&self, step: &str) -> &Ending {
        &self.result.endings.iter().find(|(name, _)| name == step).unwrap().1
    }

    fn everything_kept(&self) -> String {
        let mut open = vec![self.folder.path().to_owned()];
        let mut text = String::new();
        while let Some(path) = open.pop() {
            for name in RealFiles.list(&path).unwrap() {
                let path = path.join(name);
                match RealFiles.kind(&path) {
                    crate::os::files::FileKind::Folder => open.push(path),
                    _ => text.push_str(&String::from_utf8_lossy(&RealFiles.read(&path).unwrap())),
                }
            }
        }
        text
    }
}

fn proposal(digest: &str) -> Proposal {
    Proposal {
        question: format!("Apply {digest}?"),
        changes: vec![ProposedChange {
            name: "base".into(),
            summary: "1 to add".into(),
            destroys: vec![],
            replaces: vec![],
            digest: Digest(digest.into()),
        }],
        words: vec![],
    }
}

fn yes() -> Answer {
    Answer::Approved { by: "terminal".into() }
}

#[test]
fn an_approval_is_bound_to_the_digest_that_was_asked_for() {
    let told = Story::new()
        .step("approve", &[], |_| Outcome::Ask(proposal("one")))
        .step("apply", &["approve"], |context| {
            assert!(context.approval(&Digest("two".into())).is_none());
            let approval = context.approval(&Digest("one".into())).unwrap();
            assert_eq!(approval.digest().0, "one");
            Outcome::done()
        })
        .answered(vec![yes()])
        .tell();
    assert_eq!(*told.ending("apply"), Ending::Done);
    assert_eq!(told.result.exit_code, 0);
}

#[test]
fn a_no_skips_what_needs_it_and_the_rest_finishes() {
    let told = Story::new()
        .step("approve", &[], |_| Outcome::Ask(proposal("one")))
        .step("apply", &["approve"], |_| unreachable!("it was declined"))
        .step("other", &[], |_| Outcome::done())
        .answered(vec![Answer::Declined])
        .tell();
    assert_eq!(told.result.exit_code, FaultKind::Declined.exit_code());
    assert_eq!(*told.ending("apply"), Ending::Skipped(Skip::Declined { title: "approve".into() }));
    assert_eq!(*told.ending("other"), Ending::Done);
}

#[test]
fn a_stale_plan_is_made_and_asked_for_again() {
    let told = Story::new()
        .step("plan", &[], |context| Outcome::done_with(format!("plan {}", context.attempt())))
        .step("approve", &["plan"], |context| {
            Outcome::Ask(proposal(&context.value::<String>("plan").unwrap()))
        })
        .step("apply", &["approve"], |context| {
            let plan = context.value::<String>("plan").unwrap();
            assert!(context.approval(&Digest((*plan).clone())).is_some());
            if *plan == "plan 1" {
                return Outcome::Redo { from: "plan".into(), reason: "stale".into() };
            }
            Outcome::done()
        })
        .answered(vec![yes(), yes()])
        .tell();
    assert_eq!(*told.ending("apply"), Ending::Done);
    let asked: Vec<String> = told
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Asked { proposal } => Some(proposal.question.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(asked, ["Apply plan 1?", "Apply plan 2?"]);
}

#[test]
fn a_plan_that_is_stale_four_times_is_a_failure() {
    let told = Story::new()
        .step("plan", &[], |_| Outcome::done())
        .step("apply", &["plan"], |_| Outcome::Redo { from: "plan".into(), reason: "stale".into() })
        .tell();
    assert!(matches!(told.ending("apply"), Ending::Failed { fault } if fault.kind == FaultKind::Failed));
    assert_eq!(told.result.exit_code, 1);
}

#[test]
fn a_panic_is_told_as_our_bug_and_ends_nothing_else() {
    let told = Story::new()
        .step("broken", &[], |_| panic!("a state that nobody thought of"))
        .step("other", &[], |_| Outcome::done())
        .tell();
    assert!(matches!(told.ending("broken"), Ending::Failed { fault } if fault.kind == FaultKind::Bug));
    assert_eq!(told.result.exit_code, 70);
}

#[test]
fn the_intent_of_a_command_is_in_the_journal_before_it_starts() {
    let mut story = Story::new();
    story.processes = ScriptedProcesses::new([ScriptedAnswer::new("hello\nlast", 0)]);
    let folder = story.folder.path().to_owned();
    let told = story
        .step("say", &[], move |context| {
            let spec = CommandSpec::new("true", context.root()).args(["a b"]);
            let doors = context.doors();
            let mut reader = |_: StepLog<'_>, _: Stream, _: &str| {
                let run = store::list(doors, &folder).unwrap().pop().unwrap();
                let is_intent =
                    |entry: &Entry| matches!(entry, Entry::Command { line, .. } if line == "true 'a b'");
                assert!(run.records.iter().any(|record| is_intent(&record.entry)));
            };
            let run = CommandRun { reader: Some(&mut reader), ..CommandRun::default() };
            assert_eq!(context.run_command(&spec, run).unwrap(), Termination::Exited { status: 0 });
            Outcome::done()
        })
        .tell();
    assert_eq!(*told.ending("say"), Ending::Done);
}

#[test]
fn two_things_at_a_time_are_both_in_the_journal() {
    let mut story = Story::new();
    let ends = || ScriptedAnswer::new("", 0);
    story.processes = ScriptedProcesses::new([ends(), ends()]);
    let told = story
        .step("both", &[], |context| {
            let spec =
                |word: &str, context: &StepContext<'_>| CommandSpec::new("true", context.root()).args([word]);
            let (sender, receiver) = crossbeam_channel::bounded(0);
            let patience = std::time::Duration::from_secs(20);
            // Each needs the other to have begun.
            let (sent, received) = context.beside(
                |context| {
                    let sent = sender.send_timeout((), patience).is_ok();
                    context.run_command(&spec("this", context), CommandRun::default()).unwrap();
                    sent
                },
                |context| {
                    let received = receiver.recv_timeout(patience).is_ok();
                    context.run_command(&spec("other", context), CommandRun::default()).unwrap();
                    received
                },
            );
            assert!(sent && received);
            Outcome::done()
        })
        .tell();
    assert_eq!(*told.ending("both"), Ending::Done);
    let started = |event: &Event| match &event.kind {
        EventKind::CommandStarted { line } => Some(line.clone()),
        _ => None,
    };
    let mut lines: Vec<String> = told.events.iter().filter_map(started).collect();
    lines.sort();
    assert_eq!(lines, ["true other", "true this"]);
}

#[test]
fn a_secret_is_masked_in_events_journal_and_logs() {
    let mut story = Story::new();
    story.masker.add(b"hunter2-and-more");
    story.processes = ScriptedProcesses::new([ScriptedAnswer {
        output: vec![
            (Stream::Out, b"it is hunter2-".to_vec()),
            (Stream::Out, b"and-more\naHVudGVyMi1hbmQtbW9yZQ==\n".to_vec()),
        ],
        ends: Some(Termination::Exited { status: 3 }),
    }]);
    let told = story
        .step("leak", &[], |context| {
            let spec = CommandSpec::new("true", context.root()).args(["hunter2-and-more"]);
            let termination = context.run_command(&spec, CommandRun::default()).unwrap();
            context.log().notice(crate::event::Level::Note, "hunter2-and-more");
            Outcome::Failed(Fault::new(FaultKind::Failed, format!("hunter2-and-more {termination}")))
        })
        .tell();
    let events = serde_json::to_string(&told.events).unwrap();
    for kept in [events, told.everything_kept()] {
        assert!(!kept.contains("hunter2"), "{kept}");
        assert!(!kept.contains("aHVudGVy"), "{kept}");
        assert!(kept.contains("it is ***"), "{kept}");
    }
}

#[test]
fn a_run_that_cannot_be_recorded_starts_nothing() {
    let story = Story::new();
    RealFiles.write(&story.folder.path().join(store::FOLDER), b"in the way", 0o600).unwrap();
    let story = story.step("change", &[], |_| unreachable!("nothing may start"));
    let doors = story.doors();
    let plan = story.steps.build().unwrap();
    let model = Arc::new(crate::model::load(&story.folder.path().join("tasks.toml"), &NoFile).unwrap());
    let bindings = Bindings::new(model, Default::default(), Ok(String::new()));
    let settings = RunSettings {
        command: "shipway".into(),
        project: "story".into(),
        root: story.folder.path().into(),
        records: story.folder.path().into(),
        jobs: 1,
        unlock_own_stale: false,
        keep_going: false,
        fail_fast: false,
        force: false,
        explain: false,
        tasks_file: String::new(),
        resumed: None,
        recorded: true,
    };
    let observer = Box::new(Heard(Arc::default()));
    let fault = run((&plan, &doors, &story.masker, &bindings), settings, observer, Box::new(Answers(vec![])));
    assert_eq!(fault.err().unwrap().kind, FaultKind::World);
}

#[test]
fn a_missing_program_is_named_with_what_to_do() {
    let told = Story::new()
        .step("call", &[], |context| {
            let spec = CommandSpec::new("no-such-program-here", context.root());
            match context.run_command(&spec, CommandRun::default()) {
                Ok(_) => unreachable!("it does not exist"),
                Err(fault) => Outcome::Failed(fault),
            }
        })
        .tell();
    let Ending::Failed { fault } = told.ending("call") else { panic!("it failed") };
    assert_eq!(fault.kind, FaultKind::World);
    assert!(fault.message.contains("no-such-program-here"), "{}", fault.message);
    assert_eq!(told.result.exit_code, FaultKind::World.exit_code());
}

#[test]
fn steps_after_each_other_are_one_thread_s_and_steps_beside_each_other_are_not() {
    let threads = Arc::new(Mutex::new(Vec::new()));
    let meet = |(sender, receiver): (crossbeam_channel::Sender<()>, crossbeam_channel::Receiver<()>)| {
        let patience = std::time::Duration::from_secs(20);
        (
            move |_: &mut StepContext<'_>| {
                sender.send_timeout((), patience).unwrap();
                Outcome::done()
            },
            move |_: &mut StepContext<'_>| {
                receiver.recv_timeout(patience).unwrap();
                Outcome::done()
            },
        )
    };
    let noted = |threads: &Arc<Mutex<Vec<std::thread::ThreadId>>>| {
        let threads = Arc::clone(threads);
        move |_: &mut StepContext<'_>| {
            threads.lock().unwrap().push(std::thread::current().id());
            Outcome::done()
        }
    };
    let (one, other) = meet(crossbeam_channel::bounded(0));
    let (third, fourth) = meet(crossbeam_channel::bounded(0));
    let told = Story::new()
        .step("one", &[], one)
        .step("other", &[], other)
        .step("a", &["one", "other"], noted(&threads))
        .step("b", &["a"], noted(&threads))
        .step("c", &["b"], noted(&threads))
        // By now a thread sleeps, which has to be woken.
        .step("third", &["c"], third)
        .step("fourth", &["c"], fourth)
        .tell();
    assert_eq!(told.result.counts.done, 7, "{:?}", told.result.endings);
    let threads = threads.lock().unwrap();
    assert!(threads.len() == 3 && threads.iter().all(|thread| *thread == threads[0]), "{threads:?}");
}

#[test]
fn a_command_whose_folder_went_away_names_the_folder() {
    let mut story = Story::new();
    story.processes = ScriptedProcesses::new([ScriptedAnswer::new("", 0)]);
    let folder = story.folder.path().join("here");
    RealFiles.create_private_dir(&folder).unwrap();
    let told = story
        .step("first", &[], |context| {
            let spec = CommandSpec::new("true", context.root().join("here"));
            context.run_command(&spec, CommandRun::default()).unwrap();
            RealFiles.remove_dir(&context.root().join("here")).unwrap();
            // The scripted processes have no answer to a second one, as a system has none without the folder.
            Outcome::Failed(context.run_command(&spec, CommandRun::default()).unwrap_err())
        })
        .tell();
    let Ending::Failed { fault } = told.ending("first") else { panic!("it failed") };
    assert_eq!(fault.message, format!("the folder {} does not exist", folder.display()));
}
