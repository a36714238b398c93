//! From the words of a command line to goals: tasks of the project, tasks that workspaces generate, `up` and `down`.

use std::path::Path;

use clap::{Arg, ArgAction, CommandFactory as _};

use super::options::Cli;
use super::session::Session;
use crate::assemble::Goal;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::deploy::{self, Request, TagRequest, Version, VersionRequest, Wish};
use crate::domains::task::{self, Word};
use crate::domains::workspace::{SavedRequest, Verb, saved_workspaces, with_downstream};
use crate::model::{Argument, ArgumentKind, Model};
use crate::os::environment::Environment;
use crate::run::node::Invocation;
use crate::text::{list, suggest, wildcard};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A task of the project.
    Task(String),
    /// A task that a workspace generates, or an `-all` form.
    Generated(Verb, Vec<String>),
    /// Neither.
    Unknown,
}

/// What `name` stands for in the project.
pub(super) fn lookup(model: &Model, name: &str) -> Named {
    if let Some(task) = model.task(name) {
        return Named::Task(task.name.clone());
    }
    for verb in Verb::GENERATED {
        let Some(rest) = name.strip_prefix(verb.word()).and_then(|rest| rest.strip_prefix('-')) else {
            continue;
        };
        if rest == "all" && !model.workspaces.is_empty() {
            // In order and with one question for a teardown, as `up` and `down` do it.
            let verb = match verb {
                Verb::Destroy => Verb::Down,
                other => other,
            };
            return Named::Generated(verb, model.workspaces.keys().cloned().collect());
        }
        if model.workspaces.contains_key(rest) {
            return Named::Generated(verb, vec![rest.to_owned()]);
        }
    }
    Named::Unknown
}

/// The goals, with those that a pattern names one by one: each gets its arguments.
pub(super) fn spread(model: &Model, goals: &[Vec<String>]) -> Result<Vec<Vec<String>>, Fault> {
    let mut spread = Vec::new();
    for goal in goals {
        let (name, arguments) = (&goal[0], &goal[1..]);
        if !wildcard::is_pattern(name) {
            spread.push(goal.clone());
            continue;
        }
        let before = spread.len();
        let found = model.tasks.keys().filter(|task| wildcard::fits(name, task));
        spread.extend(found.map(|task| [std::slice::from_ref(task), arguments].concat()));
        if spread.len() == before {
            return Err(Fault::new(FaultKind::Usage, format!("no task has a name like `{name}`"))
                .hint("`shipway list --all` lists the tasks"));
        }
    }
    Ok(spread)
}

/// Whether `words` ask for the task's help: `--help` or `-h`, where that is neither its own option nor a word that it takes.
pub(super) fn asks_for_help(model: &Model, name: &str, words: &[String]) -> bool {
    let Some(task) = model.task(name) else { return false };
    let takes = |name: &str| task.args.iter().any(|it| it.name == name && it.kind.is_option());
    let takes_any_word = !task.takes_options() && task.args.iter().any(|argument| argument.kind.is_rest());
    let is_asked = |word: &str| match word {
        "--help" => !takes("help"),
        "-h" => task.short('h').is_none(),
        _ => false,
    };
    if takes_any_word {
        return words == ["--help"];
    }
    let mut is_value = false;
    for word in words.iter().take_while(|word| *word != "--") {
        if is_asked(word) && !is_value {
            return true;
        }
        is_value = !is_value && task.wants_value(word);
    }
    false
}

/// Asks for an argument of the task of that name; `None`: nobody can be asked.
pub(super) type AskFor<'a> = dyn FnMut(&str, &Argument) -> Result<Option<String>, Fault> + 'a;

/// The goal of a task of the project.
pub(super) fn task_goal(
    model: &Model,
    environment: &Environment,
    name: &str,
    words: &[String],
    ask: &mut AskFor<'_>,
) -> Result<Goal, Fault> {
    asked_goal(model, environment, (name, words), ask).map(|(goal, _)| goal)
}

/// The same, and the words with those that were asked for among them.
pub(super) fn asked_goal(
    model: &Model,
    environment: &Environment,
    (name, words): (&str, &[String]),
    ask: &mut AskFor<'_>,
) -> Result<(Goal, Vec<String>), Fault> {
    let Some(found) = model.task(name) else { return Err(unknown(model, name, &[])) };
    let mut words = words.to_vec();
    let read = loop {
        let written: Vec<Word> = words.iter().cloned().map(Word::Written).collect();
        let read = task::read_arguments(found, &written, environment);
        let missing = match &read {
            Err(task::ArgumentFault::Missing { argument, .. }) => {
                found.args.iter().find(|other| other.name == *argument)
            }
            _ => None,
        };
        let Some(argument) = missing else { break read };
        let Some(answer) = ask(&found.name, argument)? else { break read };
        add_answer(&mut words, argument, answer);
    };
    let scope = read.map_err(|fault| {
        let surplus = match &fault {
            task::ArgumentFault::Surplus { word, .. } if model.task(word).is_some() => Some(word.clone()),
            _ => None,
        };
        let fault = fault.into_fault();
        match surplus {
            Some(word) => fault.hint(format!("did you mean `shipway {name} ::: {word}`?")),
            None => fault,
        }
    })?;
    Ok((Goal::Task(Invocation::new(&found.name, scope)), words))
}

/// As if it had been typed. What has no word yet comes behind all words that are there.
fn add_answer(words: &mut Vec<String>, argument: &Argument, answer: String) {
    let end = words.iter().position(|word| word == "--");
    if let ArgumentKind::Option { .. } = argument.kind {
        return words.insert(end.unwrap_or(words.len()), format!("--{}={answer}", argument.name));
    }
    if end.is_none() && answer.starts_with('-') {
        words.push("--".to_owned());
    }
    words.push(answer);
}

/// The words of a generated task: options of Shipway, and after `--` what goes to terraform. A word without meaning is the error.
pub(super) fn generated_words(words: &[String]) -> Result<(&[String], &[String]), &str> {
    let end = words.iter().position(|word| word == "--");
    let (own, extra) = match end {
        Some(end) => (&words[..end], &words[end + 1..]),
        None => (words, [].as_slice()),
    };
    let cli = Cli::command();
    let mut rest = own.iter();
    while let Some(word) = rest.next() {
        let Some(option) = cli.get_arguments().find(|option| stands_for(option, word)) else {
            return Err(word);
        };
        let takes_value = matches!(option.get_action(), ArgAction::Set | ArgAction::Append);
        let is_alone = word.len() == 2 || word.starts_with("--") && !word.contains('=');
        if takes_value && is_alone {
            rest.next();
        }
    }
    Ok((own, extra))
}

/// Whether `word` is this option: `--jobs`, `--jobs=4`, `-j`, `-j4`; and `-y`, but not `-yk`, which terraform might mean.
fn stands_for(option: &Arg, word: &str) -> bool {
    if let Some(word) = word.strip_prefix("--") {
        let name = word.split_once('=').map_or(word, |(name, _)| name);
        return option.get_long() == Some(name);
    }
    let takes_value = matches!(option.get_action(), ArgAction::Set | ArgAction::Append);
    let mut letters = word.strip_prefix('-').unwrap_or_default().chars();
    let short = letters.next();
    short.is_some() && option.get_short() == short && (takes_value || letters.next().is_none())
}

/// The goal of a generated task; `extra` goes to terraform.
pub(super) fn generated_goal(
    verb: Verb,
    names: Vec<String>,
    name: &str,
    extra: &[String],
) -> Result<Goal, Fault> {
    if verb == Verb::Clean && !extra.is_empty() {
        let message = format!("`{name}` runs no terraform, so nothing can be passed to it");
        return Err(Fault::new(FaultKind::Usage, message));
    }
    Ok(Goal::Workspaces { verb, names, extra: extra.to_vec(), allow_destroy: Vec::new() })
}

/// The fault of a word after a generated task that means nothing.
pub(super) fn surplus(name: &str, word: &str) -> Fault {
    Fault::new(FaultKind::Usage, format!("`{name}` takes no arguments, and `{word}` is one"))
        .hint(format!("options of Shipway stand before `--`: `shipway {name} --yes`"))
        .hint(format!("arguments for terraform stand after it: `shipway {name} -- {word}`"))
}

/// The goal of `up` or `down` with the workspaces that were named.
pub(super) fn workspaces_goal(model: &Model, verb: Verb, named: &[String]) -> Result<Goal, Fault> {
    if model.workspaces.is_empty() {
        return Err(Fault::new(
            FaultKind::Usage,
            format!("there is nothing for `{}`: the tasks file has no [workspaces]", verb.word()),
        )
        .hint("`shipway new local DIR` makes a project that has some"));
    }
    for name in named {
        if !model.workspaces.contains_key(name) {
            let names: Vec<&str> = model.workspaces.keys().map(String::as_str).collect();
            let fault = Fault::new(FaultKind::Usage, format!("there is no workspace `{name}`"));
            return Err(match suggest::nearest(name, names.iter().copied()) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint(format!("there are {}", list::and_ticked(&names))),
            });
        }
    }
    let chosen = |name: &&String| named.is_empty() || named.contains(name);
    let names = model.workspaces.keys().filter(chosen).cloned().collect();
    Ok(Goal::Workspaces { verb, names, extra: Vec::new(), allow_destroy: Vec::new() })
}

/// The goal of `down`; `with_dependents`: of all that needs the named ones as well.
pub(super) fn down_goal(model: &Model, named: &[String], with_dependents: bool) -> Result<Goal, Fault> {
    let goal = workspaces_goal(model, Verb::Down, named)?;
    Ok(match goal {
        Goal::Workspaces { verb, names, extra, allow_destroy } if with_dependents => {
            Goal::Workspaces { verb, names: with_downstream(model, &names), extra, allow_destroy }
        }
        goal => goal,
    })
}

/// The goal of `apply --saved`: the plans that lie in `folder`, or those of them that are named.
pub(super) fn saved_goal(
    session: &Session<'_>,
    (folder, named): (&Path, &[String]),
    verify: bool,
) -> Result<Goal, Fault> {
    let folder = session.doors.environment.current_dir.join(folder);
    let files = session.doors.files.list(&folder).map_err(|error| {
        Fault::new(FaultKind::Usage, format!("{} could not be read: {error}", folder.display()))
            .hint("`shipway plan --save DIR` keeps plans there")
    })?;
    let saved = saved_workspaces(&files);
    let Goal::Workspaces { mut names, .. } = workspaces_goal(&session.model, Verb::Apply, named)? else {
        return Err(Fault::new(FaultKind::Bug, "saved plans are of workspaces"));
    };
    if let Some(strange) = saved.iter().find(|name| !session.model.workspaces.contains_key(*name)) {
        let message = format!("{} has a plan of `{strange}`, which is no workspace here", folder.display());
        return Err(Fault::new(FaultKind::Refused, message).hint("it was saved for another project"));
    }
    if let Some(missing) = named.iter().find(|name| !saved.contains(name)) {
        let message = format!("{} has no plan of `{missing}`", folder.display());
        return Err(Fault::new(FaultKind::Usage, message));
    }
    names.retain(|name| saved.contains(name));
    if names.is_empty() {
        return Err(Fault::new(FaultKind::Usage, format!("{} has no saved plan", folder.display()))
            .hint("plans are removed when they were applied; `shipway plan --save DIR` keeps new ones"));
    }
    Ok(Goal::Saved(SavedRequest { folder, names, verify, allow_destroy: Vec::new() }))
}

/// What `deploy` and `totag` want.
pub(super) fn version(
    name: &str,
    is_tag: bool,
    tag: Option<TagRequest>,
    (again, no_wait): (bool, bool),
) -> Wish {
    let name = name.to_owned();
    let version = if is_tag { Version::Tag(name) } else { Version::Commit(name) };
    Wish::Version(VersionRequest { version, tag, again, no_wait })
}

/// A wish for the environment that is meant. All that the file alone can refuse is refused here, before anything starts.
pub(super) fn deploy_goal(session: &Session<'_>, wish: Wish) -> Result<Goal, Fault> {
    let environment = session.environment()?.to_owned();
    let request = Request { environment, wish };
    deploy::nodes(&session.model, &request)?;
    Ok(Goal::Deploy(request))
}

/// The fault of a name that stands for nothing; `commands` are further names that are known.
pub(super) fn unknown(model: &Model, name: &str, commands: &[String]) -> Fault {
    let mut known: Vec<String> = model.tasks.keys().cloned().collect();
    known.extend(model.tasks.values().flat_map(|task| task.aliases.iter().cloned()));
    for verb in Verb::GENERATED {
        known.extend(model.workspaces.keys().map(|workspace| format!("{}-{workspace}", verb.word())));
        if !model.workspaces.is_empty() {
            known.push(format!("{}-all", verb.word()));
        }
    }
    known.extend(commands.iter().cloned());
    if commands.is_empty() && super::command_names().iter().any(|command| command == name) {
        return Fault::new(FaultKind::Usage, format!("there is no task `{name}`"))
            .hint(format!("there is a command of that name: `shipway {name}`"));
    }
    let fault = Fault::new(FaultKind::Usage, format!("there is no task or command `{name}`"));
    match suggest::nearest(name, known.iter().map(String::as_str)) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint("`shipway` lists the tasks, `shipway help` the commands"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_stands_where_it_is_read_as_the_argument() {
        let answered = |kind: ArgumentKind, line: &str, answer: &str| {
            let argument = Argument {
                name: "it".to_owned(),
                span: crate::diagnostic::Span::new(crate::diagnostic::Sources::default().add("", ""), 0, 0),
                kind,
                help: None,
                choices: Vec::new(),
                pattern: None,
                short: None,
                env: None,
            };
            let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            add_answer(&mut words, &argument, answer.to_owned());
            words.join(" ")
        };
        let word = || ArgumentKind::Positional { default: None };
        let option = || ArgumentKind::Option { default: None };
        assert_eq!(answered(word(), "a --flag", "b"), "a --flag b");
        assert_eq!(answered(word(), "a", "-b"), "a -- -b");
        assert_eq!(answered(word(), "-- a", "-b"), "-- a -b");
        assert_eq!(answered(option(), "a -- b", "-c"), "a --it=-c -- b");
    }

    #[test]
    fn a_generated_task_takes_our_options_and_hands_the_rest_on() {
        let split = |line: &str| {
            let words: Vec<String> =
                line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
            match generated_words(&words) {
                Ok((own, extra)) => format!("{} | {}", own.join(" "), extra.join(" ")),
                Err(word) => format!("no: {word}"),
            }
        };
        for (line, expected) in [
            ("", " | "),
            ("--yes -- -parallelism=2", "--yes | -parallelism=2"),
            ("-y --confirm prod -j4 -j 4 --jobs=2", "-y --confirm prod -j4 -j 4 --jobs=2 | "),
            ("-- --yes -- x", " | --yes -- x"),
            ("-parallelism=2", "no: -parallelism=2"),
            ("--yes stage", "no: stage"),
            ("-yk", "no: -yk"),
            ("-", "no: -"),
            ("--help", "no: --help"),
        ] {
            assert_eq!(split(line), expected, "{line}");
        }
    }
}
