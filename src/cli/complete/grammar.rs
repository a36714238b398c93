//! What clap knows of our command lines, asked for completion: pure.

use clap::{Arg, ArgAction, Command};

use super::Candidate;

/// Whether `word` is this option: `--jobs`, `-j`.
pub(super) fn is_named(arg: &Arg, word: &str) -> bool {
    let long = arg.get_long().is_some_and(|long| word.strip_prefix("--") == Some(long));
    let short = arg.get_short().is_some_and(|short| {
        word.strip_prefix('-').is_some_and(|rest| rest.chars().eq(std::iter::once(short)))
    });
    long || short
}

/// Whether the option takes the next word as its value.
pub(super) fn takes_word(arg: &Arg, word: &str) -> bool {
    !word.contains('=') && matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

/// A candidate with clap's words about it.
pub(super) fn described(name: &str, about: Option<&clap::builder::StyledStr>) -> Candidate {
    Candidate { word: name.to_owned(), about: about.map(ToString::to_string).unwrap_or_default() }
}

/// The long options of a command.
pub(super) fn all_options(command: &Command) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = command
        .get_arguments()
        .filter_map(|arg| Some(described(&format!("--{}", arg.get_long()?), arg.get_help())))
        .collect();
    found.push(Candidate { word: "--help".into(), about: "Show help".into() });
    found
}

/// How many words of `rest` are neither options nor their values.
pub(super) fn positionals(command: &Command, rest: &[String]) -> usize {
    let mut number = 0;
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let option = command.get_arguments().find(|arg| is_named(arg, word));
        if option.is_some_and(|arg| takes_word(arg, word)) {
            words.next();
        } else if !word.starts_with('-') {
            number += 1;
        }
    }
    number
}
