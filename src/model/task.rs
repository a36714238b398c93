//! `[tasks]`.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::expression::{Reference, Template};
use super::project::Dotenv;
use super::rules::Rules;
use super::script::Script;
use super::tracking::Tracking;
use crate::diagnostic::{Span, Spanned};

/// Before the names of a matrix's values among the arguments of a task's scope; no argument has a dot.
pub const MATRIX_PREFIX: &str = "matrix.";

/// One task.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its name, with the prefix of its file.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// One line for lists.
    pub description: Option<String>,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// Run first, each once.
    pub depends: Vec<Call>,
    /// What it takes on the command line.
    pub args: Vec<Argument>,
    /// The folder that it runs in, from `folder`.
    pub dir: Option<Template>,
    /// Exported to its commands.
    pub env: IndexMap<String, Template>,
    /// Read for its commands.
    pub dotenv: Vec<Dotenv>,
    /// Names in `[databases]`: how to reach them is told to its commands.
    pub databases: Vec<Spanned<String>>,
    /// Names of values that it hands on: lines `NAME=value` in the file `$SHIPWAY_OUTPUT`.
    pub exports: Vec<Spanned<String>>,
    /// It runs once for each combination of these, `{{ matrix.NAME }}`; empty: once.
    pub matrix: IndexMap<String, Vec<String>>,
    /// Whether, how long and how often it runs.
    pub rules: Rules,
    /// Tasks that come first where they run anyway.
    pub wait_for: Vec<Spanned<String>>,
    /// Run after it, where it ended well.
    pub depends_post: Vec<Call>,
    /// Asked before anything starts.
    pub confirm: Option<Confirm>,
    /// Its steps, in order.
    pub run: Vec<Command>,
    /// Run afterwards whatever happened, in reverse order.
    pub finally: Vec<Command>,
    /// When it is up to date.
    pub tracking: Tracking,
    /// The folder of the file that defines it, relative to the model's root; empty for the root itself.
    pub folder: PathBuf,
}

/// A task that another one needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The task's name in full.
    pub task: Spanned<String>,
    /// Its arguments, as they would stand on the command line.
    pub args: Vec<Template>,
}

/// One argument of a task.
#[derive(Clone, Debug)]
pub struct Argument {
    /// As it is called in `{{ }}`; with `-` where the user wrote `-`.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// How it is given.
    pub kind: ArgumentKind,
    /// One line for the task's help.
    pub help: Option<String>,
    /// The only values; empty for any.
    pub choices: Vec<String>,
    /// What a value has to look like, as a whole: a regular expression that was tried.
    pub pattern: Option<String>,
    /// `-x`.
    pub short: Option<char>,
    /// Taken from this variable of the environment where the command line has none.
    pub env: Option<String>,
}

/// How an argument is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// `"name"` or `"name=default"`.
    Positional {
        /// `None`: required.
        default: Option<String>,
    },
    /// `"rest..."` or `"rest+..."`: all that is left.
    Rest {
        /// One word at least.
        required: bool,
    },
    /// `"--flag"`: `true` or `false`.
    Flag,
    /// `"--option="` or `"--option=default"`.
    Option {
        /// `None`: required.
        default: Option<String>,
    },
}

impl ArgumentKind {
    /// Whether it takes all that is left.
    pub fn is_rest(&self) -> bool {
        matches!(self, Self::Rest { .. })
    }

    /// Whether a word that begins with `-` gives it.
    pub fn is_option(&self) -> bool {
        matches!(self, Self::Flag | Self::Option { .. })
    }
}

impl Argument {
    /// What it is where it is not given; `None` where it has to be.
    pub fn default(&self) -> Option<&str> {
        match &self.kind {
            ArgumentKind::Positional { default } | ArgumentKind::Option { default } => default.as_deref(),
            ArgumentKind::Flag => Some("false"),
            ArgumentKind::Rest { required } => (!required).then_some(""),
        }
    }

    /// Whether `value` is one of its choices, where it has some.
    pub fn allows(&self, value: &str) -> bool {
        self.choices.is_empty() || self.choices.iter().any(|choice| choice == value)
    }

    /// Its name in the environment of the commands: `-` becomes `_`.
    pub fn variable(&self) -> String {
        self.name.replace(['-', '.'], "_")
    }
}

/// What a word of short options gives: `-v`, `-vn5`, `-n=5`.
#[derive(Debug, Default)]
pub struct Shorts<'t, 'w> {
    /// Those that take no value.
    pub flags: Vec<&'t Argument>,
    /// The one that ends them, with what follows its letter; `None`: its value is the next word.
    pub option: Option<(&'t Argument, Option<&'w str>)>,
    /// A letter that is none, where the rest was not looked at.
    pub unknown: Option<char>,
}

impl Task {
    /// Whether words that begin with `-` mean something.
    pub fn takes_options(&self) -> bool {
        self.args.iter().any(|argument| argument.kind.is_option())
    }

    /// Whether `word` is an option whose value is the next word.
    pub fn wants_value(&self, word: &str) -> bool {
        let is_this = |argument: &&Argument| word.strip_prefix("--") == Some(argument.name.as_str());
        match self.args.iter().find(is_this) {
            Some(argument) => matches!(argument.kind, ArgumentKind::Option { .. }),
            None => self.is_shorts(word) && matches!(self.shorts(word).option, Some((_, None))),
        }
    }

    /// Whether `word` is one of short options; `-5` is a number where no option is called so.
    pub fn is_shorts(&self, word: &str) -> bool {
        let Some(first) = word.strip_prefix('-').and_then(|letters| letters.chars().next()) else {
            return false;
        };
        let is_number = first.is_ascii_digit() || first == '.';
        self.takes_options() && first != '-' && (!is_number || self.short(first).is_some())
    }

    /// Reads a word of short options.
    pub fn shorts<'w>(&self, word: &'w str) -> Shorts<'_, 'w> {
        let mut shorts = Shorts::default();
        let mut letters = word.strip_prefix('-').unwrap_or(word).chars();
        while let Some(letter) = letters.next() {
            match self.short(letter) {
                Some(argument) if argument.kind == ArgumentKind::Flag => shorts.flags.push(argument),
                Some(argument) => {
                    let value = Some(letters.as_str()).filter(|value| !value.is_empty());
                    let value = value.map(|value| value.strip_prefix('=').unwrap_or(value));
                    shorts.option = Some((argument, value));
                    break;
                }
                None => {
                    shorts.unknown = Some(letter);
                    break;
                }
            }
        }
        shorts
    }

    /// The argument with this letter.
    pub fn short(&self, letter: char) -> Option<&Argument> {
        self.args.iter().find(|argument| argument.short == Some(letter))
    }
}

/// A question before anything starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// The question.
    pub text: String,
    /// The word to be typed, or given as `--confirm WORD`; `None`: yes or no.
    pub word: Option<String>,
}

/// One step of `run`, `finally` or a workspace's hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A script for a shell.
    Shell(Script),
    /// `{ exec = ["git", "push"] }`: a program and its arguments, no shell. A variadic that is a whole item is one word for each.
    Exec(Vec<Template>),
    /// `{ task = "name", args = […] }`: another task, here and now. Only of `run` and `finally`.
    Task(Call),
}

impl Command {
    /// The task that it is.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Task(call) => Some(call),
            Self::Shell(_) | Self::Exec(_) => None,
        }
    }

    /// Everything that it refers to.
    pub fn references(&self) -> Vec<&Reference> {
        match self {
            Self::Shell(script) => script.references().collect(),
            Self::Exec(words) => words.iter().flat_map(Template::references).collect(),
            // What its arguments refer to is known before anything runs.
            Self::Task(_) => Vec::new(),
        }
    }
}

impl Task {
    /// The tasks among its steps, in order.
    pub fn called(&self) -> impl Iterator<Item = &Call> {
        self.run.iter().filter_map(Command::call)
    }

    /// The tasks among what runs afterwards.
    pub fn called_finally(&self) -> impl Iterator<Item = &Call> {
        self.finally.iter().filter_map(Command::call)
    }

    /// Every combination of its matrix, each with its values by name; one that is empty where it has none.
    pub fn combinations(&self) -> Vec<Vec<(&str, &str)>> {
        let mut all = vec![Vec::new()];
        for (name, values) in &self.matrix {
            let mut longer = Vec::with_capacity(all.len() * values.len());
            for combination in &all {
                for value in values {
                    let mut combination = combination.clone();
                    combination.push((name.as_str(), value.as_str()));
                    longer.push(combination);
                }
            }
            all = longer;
        }
        all
    }
}
