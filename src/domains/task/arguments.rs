//! Reads what a task was given: pure, from words to a scope.

use indexmap::IndexMap;

use crate::diagnostic::{Fault, FaultKind};
use crate::model::{Argument, ArgumentKind, Shorts, Task};
use crate::os::environment::Environment;
use crate::run::bindings::{ArgumentValue, Scope};
use crate::text::{count::count, list, suggest};

/// A word that a task is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// As somebody wrote it: an option where it looks like one.
    Written(String),
    /// The value of an argument that is handed on: never an option.
    Value(String),
    /// An argument that is handed on and has no value.
    Nothing,
}

impl Word {
    fn text(&self) -> &str {
        match self {
            Self::Written(text) | Self::Value(text) => text,
            Self::Nothing => "",
        }
    }

    fn is_written(&self) -> bool {
        matches!(self, Self::Written(_))
    }
}

/// What is wrong with the words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentFault {
    /// A required argument is not there.
    #[error("`{task}` needs the argument `{argument}`")]
    Missing {
        /// The task.
        task: String,
        /// Its argument.
        argument: String,
        /// How it is called.
        usage: String,
    },
    /// More words than it takes.
    #[error("`{task}` takes {}, and `{word}` is one more", if *.takes == 0 { "no arguments".to_owned() } else { count(*.takes, "argument") })]
    Surplus {
        /// The task.
        task: String,
        /// The first word too many.
        word: String,
        /// How many it takes.
        takes: usize,
        /// How it is called.
        usage: String,
    },
    /// An option that it does not have.
    #[error("`{task}` has no option `{option}`{}", within.as_ref().map(|word| format!(" (in `{word}`)")).unwrap_or_default())]
    Unknown {
        /// The task.
        task: String,
        /// The option as written.
        option: String,
        /// The word of several letters that it stands in.
        within: Option<String>,
        /// The nearest that it has.
        near: Option<String>,
        /// How it is called.
        usage: String,
    },
    /// An option without its value, or a flag with one.
    #[error("the option `{option}` of `{task}` {problem}")]
    Option {
        /// The task.
        task: String,
        /// The option as written.
        option: String,
        /// What is wrong.
        problem: &'static str,
        /// How it is called.
        usage: String,
    },
    /// A value outside of the choices.
    #[error("`{value}` is no choice for `{argument}` of `{task}`: {}", list::or_ticked(.choices))]
    Choice {
        /// The task.
        task: String,
        /// Its argument.
        argument: String,
        /// What was given.
        value: String,
        /// What may be given.
        choices: Vec<String>,
    },
    /// A value that does not look as it has to.
    #[error("`{value}` does not fit `{argument}` of `{task}`: it has to look like `{pattern}`")]
    Pattern {
        /// The task.
        task: String,
        /// Its argument.
        argument: String,
        /// What was given.
        value: String,
        /// The pattern.
        pattern: String,
    },
    /// A variable that stands in for it, with bytes that are no text.
    #[error("`{argument}` of `{task}` comes from ${variable}, whose value is not UTF-8")]
    NotText {
        /// The task.
        task: String,
        /// Its argument.
        argument: String,
        /// The variable.
        variable: String,
    },
    /// A value that no command can be given.
    #[error("the argument `{argument}` of `{task}` holds a NUL byte")]
    Nul {
        /// The task.
        task: String,
        /// Its argument.
        argument: String,
    },
}

impl ArgumentFault {
    /// As the end of a command.
    pub fn into_fault(self) -> Fault {
        let fault = Fault::new(FaultKind::Usage, self.to_string());
        match self {
            Self::Missing { usage, .. } | Self::Option { usage, .. } => fault.hint(format!("usage: {usage}")),
            Self::Surplus { usage, .. } => fault.hint(format!("usage: {usage}")),
            Self::Unknown { task, near, usage, .. } => match near {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault
                    .hint(format!("usage: {usage}; what follows `--` is no option"))
                    .hint(format!("`shipway {task} --help` lists its options")),
            },
            Self::NotText { variable, .. } => {
                fault.hint(format!("set it to a text, or not at all: `unset {variable}`"))
            }
            Self::Choice { .. } | Self::Pattern { .. } | Self::Nul { .. } => fault,
        }
    }
}

/// How a task is called: `test [SUITE] [--keep] [REST]...`.
pub fn usage(task: &Task) -> String {
    let mut text = format!("shipway {}", task.name);
    for argument in &task.args {
        let name = argument.name.to_uppercase();
        text.push_str(&match &argument.kind {
            ArgumentKind::Positional { default: None } => format!(" {name}"),
            ArgumentKind::Positional { .. } => format!(" [{name}]"),
            ArgumentKind::Rest { required: true } => format!(" {name}..."),
            ArgumentKind::Rest { required: false } => format!(" [{name}]..."),
            ArgumentKind::Flag => format!(" [--{}]", argument.name),
            ArgumentKind::Option { default: None } => format!(" --{} VALUE", argument.name),
            ArgumentKind::Option { .. } => format!(" [--{} VALUE]", argument.name),
        });
    }
    text
}

/// The scope of a task that is given `words`. The first `--` ends its options; what follows goes to required arguments that have no word yet,
/// and then to the rest, where there is one.
pub fn read_arguments<'a>(
    task: &'a Task,
    words: &[Word],
    environment: &Environment,
) -> Result<Scope, ArgumentFault> {
    let mut given: IndexMap<&'a str, Word> = IndexMap::new();
    let mut rest: Vec<String> = Vec::new();
    let positionals: Vec<&'a Argument> = task
        .args
        .iter()
        .filter(|argument| matches!(argument.kind, ArgumentKind::Positional { .. }))
        .collect();
    let rest_argument = task.args.iter().find(|argument| argument.kind.is_rest());
    let mut filled = 0;
    let mut place = |word: &Word, is_behind: bool, given: &mut IndexMap<&'a str, Word>| {
        let next = positionals.get(filled).filter(|next| {
            let is_required = next.default().is_none();
            // What is nothing takes no place but one that can't stay empty.
            is_required || (*word != Word::Nothing && !(is_behind && rest_argument.is_some()))
        });
        match next {
            Some(positional) => {
                filled += 1;
                given.insert(&positional.name, word.clone());
            }
            None if *word == Word::Nothing => {}
            None if rest_argument.is_some() => rest.push(word.text().to_owned()),
            None => {
                return Err(ArgumentFault::Surplus {
                    task: task.name.clone(),
                    word: word.text().to_owned(),
                    takes: positionals.len(),
                    usage: usage(task),
                });
            }
        }
        Ok(())
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.text();
        if !word.is_written() {
            place(word, false, &mut given)?;
        } else if text == "--" {
            for word in words.by_ref() {
                place(word, true, &mut given)?;
            }
        } else if task.is_shorts(text) || (text.starts_with("--") && task.takes_options()) {
            read_option(task, text, &mut words, &mut given)?;
        } else {
            place(word, false, &mut given)?;
        }
    }
    let mut scope = Scope::default();
    for argument in &task.args {
        let value = if let ArgumentKind::Rest { required } = argument.kind {
            if required && rest.is_empty() {
                return Err(missing(task, argument));
            }
            if let Some(word) = rest.iter().find(|word| !argument.allows(word)) {
                return Err(not_a_choice(task, argument, word));
            }
            ArgumentValue::List(std::mem::take(&mut rest))
        } else {
            value(task, argument, given.swap_remove(argument.name.as_str()), environment)?
        };
        if let (Some(pattern), Some(value)) = (&argument.pattern, misfit(argument, &value)) {
            let (task, argument) = (task.name.clone(), argument.name.clone());
            return Err(ArgumentFault::Pattern { task, argument, value, pattern: pattern.clone() });
        }
        if value.text().contains('\0') {
            return Err(ArgumentFault::Nul { task: task.name.clone(), argument: argument.name.clone() });
        }
        scope.args.insert(argument.name.clone(), value);
    }
    Ok(scope)
}

/// The first value that does not fit the argument's pattern.
fn misfit(argument: &Argument, value: &ArgumentValue) -> Option<String> {
    let pattern = argument.pattern.as_ref()?;
    let whole = regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok()?;
    let values = match value {
        ArgumentValue::Absent => return None,
        ArgumentValue::Text(text) => std::slice::from_ref(text),
        ArgumentValue::List(items) => items.as_slice(),
    };
    values.iter().find(|value| !whole.is_match(value)).cloned()
}

/// Reads `--long`, `--long=value`, or the letters of short ones.
fn read_option<'a>(
    task: &'a Task,
    word: &str,
    words: &mut std::slice::Iter<'_, Word>,
    given: &mut IndexMap<&'a str, Word>,
) -> Result<(), ArgumentFault> {
    let (name, inline) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    let problem = |option: &str, problem| ArgumentFault::Option {
        task: task.name.clone(),
        option: option.to_owned(),
        problem,
        usage: usage(task),
    };
    let Some(long) = name.strip_prefix("--") else {
        let Shorts { flags, option, unknown } = task.shorts(word);
        match (unknown, flags.last().and_then(|flag| flag.short)) {
            (Some('='), Some(flag)) => return Err(problem(&format!("-{flag}"), "takes no value")),
            (Some(letter), _) => return Err(unknown_option(task, format!("-{letter}"), word)),
            (None, _) => {}
        }
        given.extend(flags.iter().map(|flag| (flag.name.as_str(), written("true"))));
        if let Some((argument, value)) = option {
            let value = value.map(written).or_else(|| words.next().cloned());
            let letter = argument.short.unwrap_or_default();
            let value = value.ok_or_else(|| problem(&format!("-{letter}"), "needs a value"))?;
            given.insert(&argument.name, value);
        }
        return Ok(());
    };
    match task.args.iter().find(|argument| argument.name == long).map(|found| (found, &found.kind)) {
        Some((argument, ArgumentKind::Flag)) => {
            if inline.is_some() {
                return Err(problem(name, "takes no value"));
            }
            given.insert(&argument.name, written("true"));
        }
        Some((argument, ArgumentKind::Option { .. })) => {
            let value = inline.map(written).or_else(|| words.next().cloned());
            let value = value.ok_or_else(|| problem(name, "needs a value"))?;
            given.insert(&argument.name, value);
        }
        _ => return Err(unknown_option(task, name.to_owned(), name)),
    }
    Ok(())
}

fn written(text: &str) -> Word {
    Word::Written(text.to_owned())
}

fn unknown_option(task: &Task, option: String, word: &str) -> ArgumentFault {
    let is_option =
        |argument: &&Argument| matches!(argument.kind, ArgumentKind::Flag | ArgumentKind::Option { .. });
    let options = task.args.iter().filter(is_option).map(|argument| argument.name.as_str());
    // `-keep` means `--keep`, and not four letters.
    let name = word.trim_start_matches('-');
    let near = options.clone().find(|option| *option == name).or_else(|| suggest::nearest(name, options));
    let near = near.map(|near| format!("--{near}"));
    let within = Some(word.to_owned()).filter(|word| *word != option);
    ArgumentFault::Unknown { task: task.name.clone(), option, within, near, usage: usage(task) }
}

fn missing(task: &Task, argument: &Argument) -> ArgumentFault {
    ArgumentFault::Missing { task: task.name.clone(), argument: argument.name.clone(), usage: usage(task) }
}

/// Whether a variable of the environment leaves a flag unset.
fn is_falsey(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    ["", "0", "no", "off", "false"].contains(&value.as_str())
}

fn value(
    task: &Task,
    argument: &Argument,
    given: Option<Word>,
    environment: &Environment,
) -> Result<ArgumentValue, ArgumentFault> {
    let is_required = argument.default().is_none();
    let (value, is_given) = match given {
        // An empty word that somebody gave is a word.
        Some(Word::Written(text) | Word::Value(text)) => (text, true),
        Some(Word::Nothing) if is_required => (String::new(), true),
        Some(Word::Nothing) | None => (standing_in(task, argument, environment)?, false),
    };
    // Only a default can be empty here, and that says that it has none.
    if value.is_empty() && !is_given {
        return Ok(ArgumentValue::Absent);
    }
    if !argument.allows(&value) {
        return Err(not_a_choice(task, argument, &value));
    }
    Ok(ArgumentValue::Text(value))
}

/// What stands for an argument that is not given: a variable of the environment, or the default.
fn standing_in(task: &Task, argument: &Argument, environment: &Environment) -> Result<String, ArgumentFault> {
    let not_text = |name: &String| ArgumentFault::NotText {
        task: task.name.clone(),
        argument: argument.name.clone(),
        variable: name.clone(),
    };
    let variable = argument.env.as_ref().map(|name| environment.text(name).map_err(|_| not_text(name)));
    // An empty one stands for one that is not set.
    if let Some(value) = variable.transpose()?.flatten().filter(|value| !value.is_empty()) {
        return Ok(match &argument.kind {
            ArgumentKind::Flag => (!is_falsey(value)).to_string(),
            _ => value.to_owned(),
        });
    }
    match &argument.kind {
        ArgumentKind::Flag => Ok("false".to_owned()),
        ArgumentKind::Positional { default: Some(default) }
        | ArgumentKind::Option { default: Some(default) } => Ok(default.clone()),
        _ => Err(missing(task, argument)),
    }
}

fn not_a_choice(task: &Task, argument: &Argument, value: &str) -> ArgumentFault {
    ArgumentFault::Choice {
        task: task.name.clone(),
        argument: argument.name.clone(),
        value: value.to_owned(),
        choices: argument.choices.clone(),
    }
}
