//! The terminal as it is asked: behind a trait, so that the policy above it is tested without one. All talk goes to standard error.
//!
//! dialoguer raises SIGINT on Ctrl-C and leaves the cursor hidden; with a handler of ours installed its call comes back as
//! `Interrupted`, and `restore` shows the cursor. What was typed before a question stood is thrown away: an Enter meant for something
//! else must not answer it.

use std::io;

use dialoguer::console::Term;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Select};
use rustix::termios::{QueueSelector, tcflush};

use super::secret;

/// Asks one thing at a time. An error of kind `Interrupted` is a signal, `UnexpectedEof` the end of input.
pub(super) trait Keyboard: Send {
    /// Yes or no; Enter alone is no.
    fn yes_or_no(&mut self, question: &str) -> io::Result<bool>;

    /// A line; may be empty where there is no default.
    fn line(&mut self, question: &str, default: Option<&str>) -> io::Result<String>;

    /// One of `choices`.
    fn choice(&mut self, question: &str, choices: &[String], default: Option<&str>) -> io::Result<String>;

    /// A line that is not shown.
    fn secret(&mut self, question: &str) -> io::Result<String>;

    /// Says something; whole lines.
    fn say(&mut self, text: &str);

    /// Puts the terminal back in order after a question that came to no end.
    fn restore(&mut self);
}

/// The terminal that standard input and error are.
pub(super) struct Terminal {
    theme: Box<dyn Theme + Send>,
}

impl Terminal {
    pub(super) fn new(colour: bool) -> Self {
        Self { theme: if colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) } }
    }
}

impl Keyboard for Terminal {
    fn yes_or_no(&mut self, question: &str) -> io::Result<bool> {
        forget_typed();
        Confirm::with_theme(&*self.theme)
            .with_prompt(question)
            .default(false)
            .wait_for_newline(true)
            .interact()
            .map_err(plain_error)
    }

    fn line(&mut self, question: &str, default: Option<&str>) -> io::Result<String> {
        forget_typed();
        let mut input = Input::<String>::with_theme(&*self.theme).with_prompt(question).allow_empty(true);
        if let Some(default) = default {
            input = input.default(default.to_owned());
        }
        input.interact_text().map_err(plain_error)
    }

    fn choice(&mut self, question: &str, choices: &[String], default: Option<&str>) -> io::Result<String> {
        forget_typed();
        let first = default.and_then(|default| choices.iter().position(|choice| choice == default));
        let chosen = Select::with_theme(&*self.theme)
            .with_prompt(question)
            .items(choices)
            .default(first.unwrap_or_default())
            .interact()
            .map_err(plain_error)?;
        choices.get(chosen).cloned().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    fn secret(&mut self, question: &str) -> io::Result<String> {
        forget_typed();
        secret::read(question)
    }

    fn say(&mut self, text: &str) {
        // A terminal that went away is noticed by the question that follows.
        Term::stderr().write_str(text).ok();
    }

    fn restore(&mut self) {
        let terminal = Term::stderr();
        terminal.show_cursor().ok();
        terminal.write_line("").ok();
    }
}

pub(super) fn forget_typed() {
    // Where standard input is no terminal the question itself fails with a better message.
    let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
}

pub(super) fn plain_error(error: dialoguer::Error) -> io::Error {
    let dialoguer::Error::IO(error) = error;
    error
}
