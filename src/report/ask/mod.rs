//! Asks a person, or answers for them where a flag does.
//!
//! `decide` is the policy (pure), `proposal` draws what would be done, `keyboard` is the terminal behind a trait. Where nobody can answer the
//! question is refused with the flag that would have answered it; yes is never assumed. A protected thing wants its own word, typed or
//! given as `--confirm WORD`: `--yes` stands in too many scripts to take something away for good.

mod decide;
mod heed;
mod keyboard;
mod pick;
mod proposal;
mod secret;

pub use self::decide::{Decision, Flags, decide};
pub use self::pick::{Picked, pick};
pub use self::proposal::render as render_proposal;

use std::io;

use self::keyboard::{Keyboard, Terminal};
use super::style::{Label, Style};
use crate::diagnostic::{Fault, FaultKind};
use crate::os::signal::Signal;
use crate::os::terminal::TerminalFacts;
use crate::plan::Proposal;
use crate::run::{Answer, Ask, Question};
use crate::text::visible::{one_line, visible};

/// How often a word may be typed.
const TRIES: usize = 2;

/// Answers by flags, and by whoever sits at the terminal.
pub struct TerminalAsk {
    flags: Flags,
    style: Style,
    keyboard: Box<dyn Keyboard>,
}

impl TerminalAsk {
    /// `json`: the output is for a program, so nobody is asked even on a terminal.
    pub fn new(facts: TerminalFacts, json: bool, yes: bool, confirm: Vec<String>) -> Self {
        Self {
            flags: Flags { yes, confirm, can_ask: facts.can_ask && !json },
            style: Style::new(&facts),
            keyboard: Box::new(Terminal::new(facts.colour)),
        }
    }

    fn approve(&mut self, proposal: &Proposal) -> io::Result<Answer> {
        self.keyboard.say(&format!("\n{}\n", proposal::render(proposal, &self.style)));
        let is_yes = self.keyboard.yes_or_no(&visible(&proposal.question))?;
        Ok(if is_yes { Answer::Approved { by: "terminal".to_owned() } } else { Answer::Declined })
    }

    fn confirm(&mut self, proposal: &Proposal, words: &[String]) -> io::Result<Answer> {
        let question = visible(&proposal.question);
        self.keyboard.say(&format!("\n{}\n{question}\n", proposal::render(proposal, &self.style)));
        for word in words {
            if !self.wants_word(word)? {
                return Ok(Answer::Declined);
            }
        }
        Ok(Answer::Approved { by: "terminal".to_owned() })
    }

    fn wants_word(&mut self, word: &str) -> io::Result<bool> {
        for left in (0..TRIES).rev() {
            let typed = self.keyboard.line(&format!("Type `{}` to confirm", visible(word)), None)?;
            if typed.trim() == word {
                return Ok(true);
            }
            let what_now = if left > 0 && !typed.is_empty() { "once more" } else { "nothing is done" };
            let said = format!("that is not `{}`: {what_now}", visible(word));
            self.keyboard.say(&format!("{}\n", self.style.paint(Label::Warning, &said)));
            if typed.is_empty() {
                break;
            }
        }
        Ok(false)
    }

    fn text(&mut self, question: &Question) -> io::Result<Answer> {
        let Question::Text { text, choices, default, secret } = question else {
            return Ok(Answer::Declined);
        };
        let text = &visible(text);
        let shown_default = default.as_deref().map(visible);
        let typed = if *secret {
            self.keyboard.secret(text)?
        } else if choices.is_empty() {
            let typed = self.keyboard.line(text, shown_default.as_deref())?;
            // Enter alone gives what is shown.
            if shown_default.as_ref() == Some(&typed) { String::new() } else { typed }
        } else {
            let shown: Vec<String> = choices.iter().map(|choice| one_line(choice)).collect();
            let chosen = self.keyboard.choice(text, &shown, default.as_deref().map(one_line).as_deref())?;
            let place = shown.iter().position(|choice| *choice == chosen);
            place.and_then(|place| choices.get(place)).cloned().unwrap_or(chosen)
        };
        let typed = match default {
            Some(default) if typed.is_empty() => default.clone(),
            _ => typed,
        };
        Ok(Answer::Text(typed))
    }
}

/// Puts a question before a run, whose signals nobody else heeds then.
pub fn ask_before_a_run(mut ask: TerminalAsk, question: Question) -> io::Result<Result<Answer, Signal>> {
    if ask.is_silent(&question) {
        return Ok(Ok(ask.ask(&question)));
    }
    heed::heeding(move || match ask.ask(&question) {
        Answer::Interrupted => Err(io::ErrorKind::Interrupted.into()),
        answer => Ok(answer),
    })
}

impl Ask for TerminalAsk {
    fn is_silent(&self, question: &Question) -> bool {
        matches!(decide(question, &self.flags), Decision::Answer(_))
    }

    fn ask(&mut self, question: &Question) -> Answer {
        let answer = match (decide(question, &self.flags), question) {
            (Decision::Answer(answer), _) => return answer,
            (Decision::YesOrNo, Question::Approve(proposal)) => self.approve(proposal),
            (Decision::Words(words), Question::Approve(proposal)) => self.confirm(proposal, &words),
            (Decision::YesOrNo | Decision::Words(_) | Decision::Text, _) => self.text(question),
        };
        answer.unwrap_or_else(|error| {
            self.keyboard.restore();
            unanswered(question, &error)
        })
    }
}

/// What it means that the terminal gave no answer.
fn unanswered(question: &Question, error: &io::Error) -> Answer {
    match (error.kind(), question) {
        (io::ErrorKind::Interrupted, _) => Answer::Interrupted,
        // The terminal was closed: whoever sat there did not say yes.
        (io::ErrorKind::UnexpectedEof, Question::Approve(_)) => Answer::Declined,
        (io::ErrorKind::UnexpectedEof | io::ErrorKind::NotConnected, _) => {
            Answer::Refused(decide::nobody(question))
        }
        _ => Answer::Refused(
            Fault::new(FaultKind::World, format!("can't ask on this terminal: {error}"))
                .detail(format!("  the question was: {}", decide::text(question))),
        ),
    }
}

#[cfg(test)]
mod tests;
