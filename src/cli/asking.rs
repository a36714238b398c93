//! Asks for what a task can't do without, before there is a run.

use super::goals;
use super::session::{Session, facts};
use crate::assemble::Goal;
use crate::diagnostic::{Fault, FaultKind};
use crate::model::Argument;
use crate::os::signal::Signal;
use crate::report::ask::{TerminalAsk, ask_before_a_run};
use crate::run::{Answer, Question};

impl Session<'_> {
    /// The goal of the task `name`, and its words with those that were asked for.
    pub(super) fn task_goal(&self, name: &str, words: &[String]) -> Result<(Goal, Vec<String>), Fault> {
        let mut ask = |task: &str, argument: &Argument| self.ask_for(task, argument);
        goals::asked_goal(&self.model, &self.doors.environment, (name, words), &mut ask)
            .map_err(|fault| self.masked(fault))
    }

    /// Asks for a task's argument that was not given; `None`: nobody can be asked here.
    fn ask_for(&self, task: &str, argument: &Argument) -> Result<Option<String>, Fault> {
        // A dry run only looks: it says what is missing.
        if !facts(self.doors, &self.options).can_ask || self.options.json || self.options.dry_run {
            return Ok(None);
        }
        Ok(match self.ask_value(task, argument)? {
            // Nothing was typed: that is no value.
            Answer::Text(text) if text.is_empty() => None,
            Answer::Text(text) => Some(text),
            _ => None,
        })
    }

    /// Asks for an argument of `task`. Refusals and signals are faults.
    fn ask_value(&self, task: &str, argument: &Argument) -> Result<Answer, Fault> {
        let about = argument.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        let question = Question::Text {
            text: format!("{task}: {}{about}", argument.name),
            choices: argument.choices.clone(),
            default: None,
            secret: false,
        };
        let (facts, options) = (facts(self.doors, &self.options), &self.options);
        let ask = TerminalAsk::new(facts, options.json, options.yes, Vec::new());
        let answer = ask_before_a_run(ask, question)
            .map_err(|error| Fault::new(FaultKind::World, format!("can't ask on this terminal: {error}")))?;
        match answer {
            Ok(Answer::Refused(fault)) => Err(fault),
            Ok(answer) => Ok(answer),
            Err(signal) => Err(interrupted(signal, "interrupted")),
        }
    }
}

/// The end of a command that a signal ended while it asked.
pub(super) fn interrupted(signal: Signal, message: &str) -> Fault {
    let status = u8::try_from(128 + signal.number()).ok();
    Fault { status, ..Fault::new(FaultKind::Interrupted, message) }
}
