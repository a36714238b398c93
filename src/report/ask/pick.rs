//! Picks one of many by typing parts of it.

use std::io;

use dialoguer::FuzzySelect;
use dialoguer::console::Term;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};

use super::keyboard::{forget_typed, plain_error};

/// The place of the line that a person picked; `None` where they left with Escape. An error of kind `Interrupted` is a signal, for which
/// a handler has to be there.
pub fn pick(question: &str, lines: &[String], colour: bool) -> io::Result<Option<usize>> {
    forget_typed();
    let theme: Box<dyn Theme> =
        if colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) };
    FuzzySelect::with_theme(&*theme)
        .with_prompt(question)
        .items(lines)
        .default(0)
        .interact_opt()
        .map_err(plain_error)
        .inspect_err(|_| {
            // It hid the cursor, and shows it again only where somebody picks or leaves. A terminal that went away needs none.
            Term::stderr().show_cursor().ok();
        })
}
