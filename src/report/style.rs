//! How texts look: one table from meaning to colour.
//!
//! No other file names a colour. Colour is never the only carrier of a meaning: each label stands on a word or a mark that says the
//! same, so a report without colour loses nothing.

use anstyle::{AnsiColor, Color, Effects};

use crate::os::terminal::TerminalFacts;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Something failed.
    Error,
    /// Something should be looked at.
    Warning,
    /// What to do next.
    Hint,
    /// Something went well.
    Good,
    /// Less important than what stands around it.
    Quiet,
    /// The name of a step.
    Title,
    /// Somebody is asked.
    Question,
    /// Something would be taken away for good.
    Destroy,
}

impl Label {
    fn look(self) -> anstyle::Style {
        let colour = |colour: AnsiColor| anstyle::Style::new().fg_color(Some(Color::Ansi(colour)));
        match self {
            Self::Error => colour(AnsiColor::Red).effects(Effects::BOLD),
            Self::Destroy => colour(AnsiColor::Red),
            Self::Warning => colour(AnsiColor::Yellow).effects(Effects::BOLD),
            Self::Hint => colour(AnsiColor::Cyan).effects(Effects::BOLD),
            Self::Question => colour(AnsiColor::Cyan),
            Self::Good => colour(AnsiColor::Green),
            Self::Quiet => anstyle::Style::new().effects(Effects::DIMMED),
            Self::Title => anstyle::Style::new().effects(Effects::BOLD),
        }
    }
}

/// What a report may use to say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
    /// Marks and spinners outside ASCII.
    pub unicode: bool,
    /// Width in columns, where lines have to fit.
    pub columns: u16,
}

impl Style {
    /// What a terminal with these facts allows.
    pub fn new(facts: &TerminalFacts) -> Self {
        Self { colour: facts.colour, unicode: true, columns: facts.columns }
    }

    /// No colour, 80 columns: for texts that go into values and tests.
    pub fn plain() -> Self {
        Self { colour: false, unicode: true, columns: 80 }
    }

    /// `text` with the look of `label`, or as it is where colour is off.
    pub fn paint(&self, label: Label, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let look = label.look();
        format!("{look}{text}{look:#}")
    }

    /// `unicode` where that can be shown, else `ascii`.
    pub(super) fn mark(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_added_only_where_it_is_allowed_and_taken_back_after_the_text() {
        let plain = Style::plain();
        assert_eq!(plain.paint(Label::Error, "no"), "no");
        let coloured = Style { colour: true, ..plain };
        assert_eq!(coloured.paint(Label::Error, "no"), "\u{1b}[1m\u{1b}[31mno\u{1b}[0m");
        assert_eq!(coloured.paint(Label::Error, ""), "");
    }
}
