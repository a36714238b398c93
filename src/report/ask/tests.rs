//! The policy as tables, and conversations with a scripted terminal.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use snapbox::{assert_data_eq, str};

use super::*;
use crate::os::terminal::StandardOutput;
use crate::report::fault;
use crate::report::tape::proposal;

/// What is typed, in order; an `Err` is what the terminal does instead.
type Typed = VecDeque<Result<&'static str, io::ErrorKind>>;

/// A terminal that somebody types at by script.
struct Scripted {
    typed: Typed,
    seen: Arc<Mutex<String>>,
}

impl Scripted {
    fn next(&mut self, question: &str) -> io::Result<String> {
        let typed = self.typed.pop_front().expect("a question too many");
        self.seen.lock().unwrap().push_str(&format!("{question} {typed:?}\n"));
        typed.map(str::to_owned).map_err(io::Error::from)
    }
}

impl Keyboard for Scripted {
    fn yes_or_no(&mut self, question: &str) -> io::Result<bool> {
        Ok(self.next(question)? == "y")
    }

    fn line(&mut self, question: &str, default: Option<&str>) -> io::Result<String> {
        self.next(&format!("{question} [{}]", default.unwrap_or_default()))
    }

    fn choice(&mut self, question: &str, choices: &[String], _: Option<&str>) -> io::Result<String> {
        self.next(&format!("{question} {choices:?}"))
    }

    fn secret(&mut self, question: &str) -> io::Result<String> {
        self.next(&format!("{question} (secret)"))
    }

    fn say(&mut self, text: &str) {
        self.seen.lock().unwrap().push_str(text);
    }

    fn restore(&mut self) {
        self.seen.lock().unwrap().push_str("<restored>\n");
    }
}

fn flags(yes: bool, confirm: &[&str], can_ask: bool) -> Flags {
    Flags { yes, confirm: confirm.iter().map(|word| (*word).to_owned()).collect(), can_ask }
}

/// The answer, and what was on the screen.
fn asked(
    question: &Question,
    flags: Flags,
    typed: &[Result<&'static str, io::ErrorKind>],
) -> (Answer, String) {
    let seen = Arc::new(Mutex::new(String::new()));
    let keyboard = Box::new(Scripted { typed: typed.iter().copied().collect(), seen: Arc::clone(&seen) });
    let answer = TerminalAsk { flags, style: Style::plain(), keyboard }.ask(question);
    let seen = seen.lock().unwrap().clone();
    (answer, seen)
}

fn approve(words: &[&str]) -> Question {
    Question::Approve(proposal(words))
}

fn text(choices: &[&str], default: Option<&str>, secret: bool) -> Question {
    Question::Text {
        text: "Which region".into(),
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        default: default.map(str::to_owned),
        secret,
    }
}

fn approved(by: &str) -> Decision {
    Decision::Answer(Answer::Approved { by: by.into() })
}

#[test]
fn flags_answer_what_they_may_and_nothing_more() {
    let words = |words: &[&str]| Decision::Words(words.iter().map(|word| (*word).to_owned()).collect());
    for (question, flags, decision) in [
        (approve(&[]), flags(true, &[], false), approved("--yes")),
        (approve(&[]), flags(true, &[], true), approved("--yes")),
        (approve(&[]), flags(false, &[], true), Decision::YesOrNo),
        (approve(&[]), flags(false, &["base"], true), Decision::YesOrNo),
        (approve(&["prod"]), flags(false, &["prod"], false), approved("--confirm prod")),
        (approve(&["prod"]), flags(true, &[], true), words(&["prod"])),
        (approve(&["prod"]), flags(true, &["Prod"], true), words(&["prod"])),
        (approve(&["prod", "base"]), flags(false, &["prod"], true), words(&["base"])),
        (
            approve(&["prod", "base"]),
            flags(false, &["base", "prod"], false),
            approved("--confirm prod --confirm base"),
        ),
        (text(&[], None, false), flags(true, &[], true), Decision::Text),
    ] {
        assert_eq!(decide(&question, &flags), decision, "{question:?} {flags:?}");
    }
}

fn refused(question: &Question, flags: &Flags) -> String {
    match decide(question, flags) {
        Decision::Answer(Answer::Refused(fault)) => {
            assert_eq!(fault.kind, FaultKind::Refused);
            fault::render(&fault, &Style::plain())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_nobody_is_the_flag_that_would_answer_is_named() {
    assert_data_eq!(
        refused(&approve(&[]), &flags(false, &[], false)),
        str![[r#"
refused: `Apply base?` has to be answered, and nobody can be asked here
  base  2 to add, 2 to destroy
    - destroy   digitalocean_droplet.web
    -/+ replace digitalocean_volume.data

hint: `--yes` answers it with yes

"#]]
    );
    assert_data_eq!(
        refused(&approve(&["prod", "base"]), &flags(true, &["base"], false)),
        str![[r#"
refused: `Apply base?` has to be answered, and nobody can be asked here
  base  2 to add, 2 to destroy
    - destroy   digitalocean_droplet.web
    -/+ replace digitalocean_volume.data

hint: `--confirm prod` answers it with yes
hint: `--yes` is not enough for `prod`

"#]]
    );
    assert_data_eq!(
        refused(&text(&["fra1", "ams3"], None, false), &flags(true, &[], false)),
        str![[r#"
refused: `Which region` has to be answered, and nobody can be asked here

hint: give the value on the command line: `fra1` or `ams3`

"#]]
    );
}

#[test]
fn json_is_never_asked_on_the_terminal() {
    let facts = TerminalFacts {
        live: true,
        can_ask: true,
        output: StandardOutput::Terminal,
        colour: true,
        columns: 80,
    };
    let question = approve(&[]);
    assert!(!TerminalAsk::new(facts, false, false, vec![]).is_silent(&question));
    assert!(TerminalAsk::new(facts, true, false, vec![]).is_silent(&question));
    assert!(TerminalAsk::new(facts, false, true, vec![]).is_silent(&question));
}

#[test]
fn the_proposal_is_shown_before_the_question() {
    let (answer, seen) = asked(&approve(&[]), flags(false, &[], true), &[Ok("y")]);
    assert_eq!(answer, Answer::Approved { by: "terminal".into() });
    assert_data_eq!(
        seen,
        str![[r#"

  base  2 to add, 2 to destroy
    - destroy   digitalocean_droplet.web
    -/+ replace digitalocean_volume.data

Apply base? Ok("y")

"#]]
    );
    assert_eq!(asked(&approve(&[]), flags(false, &[], true), &[Ok("")]).0, Answer::Declined);
}

#[test]
fn a_wrong_word_may_be_corrected_once() {
    let (answer, seen) = asked(&approve(&["prod"]), flags(true, &[], true), &[Ok("yes"), Ok("prod")]);
    assert_eq!(answer, Answer::Approved { by: "terminal".into() });
    assert_data_eq!(
        seen,
        str![[r#"

  base  2 to add, 2 to destroy
    - destroy   digitalocean_droplet.web
    -/+ replace digitalocean_volume.data

Apply base?
Type `prod` to confirm [] Ok("yes")
that is not `prod`: once more
Type `prod` to confirm [] Ok("prod")

"#]]
    );
    let (answer, seen) = asked(&approve(&["prod"]), flags(true, &[], true), &[Ok("yes"), Ok("PROD")]);
    assert_eq!(answer, Answer::Declined);
    assert!(seen.ends_with("that is not `prod`: nothing is done\n"), "{seen}");
}

#[test]
fn each_protected_thing_wants_its_word() {
    let question = approve(&["prod", "base"]);
    let (answer, _) = asked(&question, flags(false, &[], true), &[Ok("prod"), Ok("")]);
    assert_eq!(answer, Answer::Declined);
    let (answer, _) = asked(&question, flags(false, &[], true), &[Ok("prod"), Ok("base")]);
    assert_eq!(answer, Answer::Approved { by: "terminal".into() });
}

#[test]
fn texts_are_asked_by_their_kind_and_fall_back_to_the_default() {
    for (question, typed, value) in [
        (text(&[], None, false), "ams3", "ams3"),
        (text(&[], Some("fra1"), false), "", "fra1"),
        (text(&["fra1", "ams3"], Some("fra1"), false), "ams3", "ams3"),
        (text(&[], None, true), "hunter2", "hunter2"),
    ] {
        let (answer, _) = asked(&question, flags(false, &[], true), &[Ok(typed)]);
        assert_eq!(answer, Answer::Text(value.into()), "{question:?}");
    }
}

#[test]
fn a_question_without_an_answer_leaves_the_terminal_in_order() {
    use io::ErrorKind::{Interrupted, Other, UnexpectedEof};
    let (answer, seen) = asked(&approve(&[]), flags(false, &[], true), &[Err(Interrupted)]);
    assert_eq!(answer, Answer::Interrupted);
    assert!(seen.ends_with("<restored>\n"), "{seen}");
    assert_eq!(
        asked(&approve(&["prod"]), flags(false, &[], true), &[Err(UnexpectedEof)]).0,
        Answer::Declined
    );
    for error in [UnexpectedEof, Other] {
        let (answer, _) = asked(&text(&[], None, true), flags(false, &[], true), &[Err(error)]);
        assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
    }
}
