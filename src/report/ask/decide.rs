//! Who answers a question: a flag, a person or nobody. Pure; the whole policy of confirmation stands here.

use crate::diagnostic::{Fault, FaultKind};
use crate::report::ask::proposal;
use crate::report::style::Style;
use crate::run::{Answer, Question};
use crate::text::list;
use crate::text::quote;

/// What was given on the command line, and whether somebody is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--yes`: answers ordinary questions.
    pub yes: bool,
    /// `--confirm WORD`, as often as it was given.
    pub confirm: Vec<String>,
    /// Somebody can be asked.
    pub can_ask: bool,
}

/// What is to be done with a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: this is the answer.
    Answer(Answer),
    /// A person is asked for yes or no; no, if they just go on.
    YesOrNo,
    /// A person has to type these words, those that no flag gave.
    Words(Vec<String>),
    /// A person is asked for a value.
    Text,
}

/// Who answers `question`.
pub fn decide(question: &Question, flags: &Flags) -> Decision {
    let ask =
        |decision| if flags.can_ask { decision } else { Decision::Answer(Answer::Refused(nobody(question))) };
    let Question::Approve(proposal) = question else {
        return ask(Decision::Text);
    };
    let missing = missing(&proposal.words, flags);
    match (proposal.words.is_empty(), missing.is_empty()) {
        (true, _) if flags.yes => Decision::Answer(Answer::Approved { by: "--yes".to_owned() }),
        (true, _) => ask(Decision::YesOrNo),
        (false, true) => Decision::Answer(Answer::Approved { by: confirm(&proposal.words) }),
        (false, false) if flags.can_ask => Decision::Words(missing),
        (false, false) => Decision::Answer(Answer::Refused(needs_words(question, &missing, flags))),
    }
}

/// Words that no flag gave.
fn missing(words: &[String], flags: &Flags) -> Vec<String> {
    words.iter().filter(|word| !flags.confirm.contains(word)).cloned().collect()
}

/// The question in one line.
pub(super) fn text(question: &Question) -> &str {
    match question {
        Question::Approve(proposal) => &proposal.question,
        Question::Text { text, .. } => text,
    }
}

/// `--confirm prod --confirm base`.
fn confirm(words: &[String]) -> String {
    let flags: Vec<String> = words.iter().map(|word| format!("--confirm {}", quote::shell(word))).collect();
    flags.join(" ")
}

/// The fault of a question that nobody can answer, with the flag that would.
pub(super) fn nobody(question: &Question) -> Fault {
    let fault = Fault::new(
        FaultKind::Refused,
        format!("`{}` has to be answered, and nobody can be asked here", text(question)),
    );
    match question {
        Question::Approve(proposal) if proposal.words.is_empty() => {
            with_proposal(fault, question).hint("`--yes` answers it with yes")
        }
        Question::Approve(proposal) => {
            with_proposal(fault, question).hint(format!("`{}` answers it with yes", confirm(&proposal.words)))
        }
        Question::Text { choices, .. } if !choices.is_empty() => {
            fault.hint(format!("give the value on the command line: {}", list::or_ticked(choices)))
        }
        Question::Text { secret: true, .. } => {
            fault.hint("run it where somebody can type it, or give the secret through its own source")
        }
        Question::Text { .. } => {
            fault.hint("give the value on the command line, or run it where somebody can type it")
        }
    }
}

fn needs_words(question: &Question, missing: &[String], flags: &Flags) -> Fault {
    let mut fault = nobody(question);
    fault.hints = vec![format!("`{}` answers it with yes", confirm(missing))];
    if flags.yes {
        fault.hints.push(format!("`--yes` is not enough for {}", list::and_ticked(missing)));
    }
    fault
}

/// What was asked about, so that a log shows what the flag would have allowed.
fn with_proposal(fault: Fault, question: &Question) -> Fault {
    match question {
        Question::Approve(proposal) => {
            proposal::render(proposal, &Style::plain()).lines().fold(fault, |fault, line| fault.detail(line))
        }
        Question::Text { .. } => fault,
    }
}
