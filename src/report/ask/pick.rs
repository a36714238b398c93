//! Picks one of many by typing parts of it.

use std::io;

use dialoguer::FuzzySelect;
use dialoguer::console::Term;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};

use super::keyboard::{forget_typed, plain_error};
use crate::os::signal::{self, Signal};
use crate::os::terminal::TerminalGuard;

/// What a person who was to pick did.
pub enum Picked {
    /// The place of the line that they picked.
    Line(usize),
    /// They left with Escape.
    Nothing,
    /// They, or somebody else, sent a signal.
    Signal(Signal),
}

/// Lets a person pick one of `lines`.
pub fn pick(question: &str, lines: &[String], colour: bool) -> io::Result<Picked> {
    let (tell, told) = crossbeam_channel::unbounded();
    let heard = tell.clone();
    // Without a handler of ours a Ctrl-C would leave the terminal without its cursor.
    let _signals = signal::watch(move |signal| heard.send(Ok(Picked::Signal(signal))).is_ok())?;
    let _terminal = TerminalGuard::new();
    let (question, lines) = (question.to_owned(), lines.to_vec());
    // Whoever waits for a key hears no signal.
    std::thread::Builder::new().name("pick".to_owned()).spawn(move || {
        tell.send(wait(&question, &lines, colour)).ok();
    })?;
    let picked = told.recv().unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()));
    if !matches!(picked, Ok(Picked::Line(_) | Picked::Nothing)) {
        // It is hidden until somebody picks or leaves. A terminal that went away needs none.
        Term::stderr().show_cursor().ok();
    }
    picked
}

fn wait(question: &str, lines: &[String], colour: bool) -> io::Result<Picked> {
    forget_typed();
    let theme: Box<dyn Theme> =
        if colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) };
    let select = FuzzySelect::with_theme(&*theme).with_prompt(question).items(lines).default(0);
    match select.interact_opt().map_err(plain_error) {
        Ok(place) => Ok(place.map_or(Picked::Nothing, Picked::Line)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Picked::Signal(Signal::Interrupt)),
        Err(error) => Err(error),
    }
}
