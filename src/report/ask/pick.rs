//! Picks one of many by typing parts of it.

use std::io;

use dialoguer::FuzzySelect;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};

use super::heed::heeding;
use super::keyboard::{forget_typed, plain_error};
use crate::os::signal::Signal;

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
    let (question, lines) = (question.to_owned(), lines.to_vec());
    let picked = heeding(move || {
        forget_typed();
        let theme: Box<dyn Theme> =
            if colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) };
        let select = FuzzySelect::with_theme(&*theme).with_prompt(question).items(&lines).default(0);
        select.interact_opt().map_err(plain_error)
    })?;
    Ok(match picked {
        Ok(place) => place.map_or(Picked::Nothing, Picked::Line),
        Err(signal) => Picked::Signal(signal),
    })
}
