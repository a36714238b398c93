//! The face: reads the command line, finds and checks the file, shows or runs, and says with which code that ended.
//!
//! `words` splits the line, `options` is what clap reads, `goals` says what names stand for, `commands` has one file per command.
//! Deliberately absent: how anything is done.

mod asking;
mod builtin;
pub mod commands;
mod complete;
mod documents;
mod environment;
pub mod format;
mod goals;
mod graph;
mod kept_index;
mod known;
mod options;
mod output;
mod project;
mod repository;
mod secrets;
mod session;
mod words;

use std::ffi::OsString;
use std::io::Write as _;

use clap::{CommandFactory as _, FromArgMatches as _};

pub use builtin::{Builtin, GraphFormat, ServerCommand};
pub use options::{Cli, Colour, Options};
pub(crate) use output::print;
pub use session::Session;

use goals::Named;
use words::{Words, split};

use crate::assemble::Goal;
use crate::diagnostic::{Fault, FaultKind};
use crate::domains::deploy::{TagRequest, Wish};
use crate::domains::rollout;
use crate::domains::workspace::Verb;
use crate::event::Stream;
use crate::os::{Doors, shim};

/// Runs Shipway with `arguments`, the program's name first. Gives the status to exit with.
pub fn main(arguments: Vec<OsString>) -> u8 {
    if arguments.get(1).is_some_and(|word| word == shim::WORD) {
        return shim::run(&arguments[2..]);
    }
    if arguments.get(1).is_some_and(|word| word == rollout::guest::WORD) {
        return rollout::guest::run(&arguments[2..]);
    }
    // A panic is told as our bug, with what to do, and not as a back trace.
    std::panic::set_hook(Box::new(|_| {}));
    let doors = Doors::real();
    if arguments.get(1).is_some_and(|word| word == complete::WORD) {
        return complete::run(&doors, &arguments[2..]);
    }
    let run = |words: &[String]| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&doors, words))).unwrap_or_else(|_| {
            let fault = Fault::new(FaultKind::Bug, "Shipway met a state that it does not know")
                .hint("please report this with the command that you typed");
            Err(Ended::fault(fault, Options::default()))
        })
    };
    let words: Result<Vec<String>, OsString> =
        arguments.into_iter().skip(1).map(OsString::into_string).collect();
    let wants_json = words.as_ref().is_ok_and(|words| words.iter().any(|word| word == "--json"));
    let result = match words {
        Ok(words) => run(&words),
        Err(word) => Err(Ended::fault(
            Fault::new(FaultKind::Usage, format!("`{}` is not UTF-8", word.to_string_lossy())),
            Options::default(),
        )),
    };
    let code = exit_code(&doors, result, wants_json);
    let Some(loss) = output::loss() else { return code };
    session::say_fault(&doors, &Options::default(), &loss);
    // How the command itself ended matters more.
    if code == 0 { loss.exit_code() } else { code }
}

/// Says how it ended, where that is not said yet, and gives the status to exit with.
fn exit_code(doors: &Doors, result: Result<u8, Ended>, wants_json: bool) -> u8 {
    match result {
        Ok(code) => code,
        Err(Ended::Clap(error)) if error.use_stderr() && wants_json => {
            let text = error.render().to_string();
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let mut fault = Fault::new(FaultKind::Usage, message);
            fault.details = lines.map(str::to_owned).collect();
            session::say_fault(doors, &Options { json: true, ..Options::default() }, &fault);
            fault.exit_code()
        }
        Err(Ended::Clap(error)) => {
            // clap prints help to standard output and errors to standard error.
            let stream = if error.use_stderr() { Stream::Err } else { Stream::Out };
            if let Err(lost) = error.print().and_then(|()| std::io::stdout().flush()) {
                output::note(stream, &lost);
            }
            if error.use_stderr() { FaultKind::Usage.exit_code() } else { 0 }
        }
        Err(Ended::Fault(ended)) => {
            let (fault, options) = *ended;
            session::say_fault(doors, &options, &fault);
            fault.exit_code()
        }
    }
}

/// How a command ended before it could start.
enum Ended {
    Clap(clap::Error),
    Fault(Box<(Fault, Options)>),
}

impl Ended {
    fn fault(fault: Fault, options: Options) -> Self {
        Self::Fault(Box::new((fault, options)))
    }
}

fn run(doors: &Doors, line: &[String]) -> Result<u8, Ended> {
    let words = split(line).map_err(|fault| Ended::fault(fault, Options::default()))?;
    let options = Options::read(&words.options).map_err(Ended::Clap)?;
    run_words(doors, words, options, line)
}

fn run_words(doors: &Doors, words: Words, options: Options, line: &[String]) -> Result<u8, Ended> {
    let with = |fault: Fault| Ended::fault(fault, options.clone());
    match words.goals.first().and_then(|goal| goal.first()).map(String::as_str) {
        None => {
            refuse_overrides(&words).map_err(with)?;
            commands::run(doors, options.clone(), Builtin::List { all: false }).map_err(with)
        }
        Some("builtin") => builtin(doors, &words, &options, line, 1),
        Some("run") => {
            // clap takes all behind `run` for the task's words, this too.
            if matches!(&words.goals[..], [goal] if matches!(&goal[1..], [word] if word == "--help" || word == "-h"))
            {
                print(&commands::help::command("run").unwrap_or_default());
                return Ok(0);
            }
            let mut words = words;
            words.goals[0].remove(0);
            if words.goals[0].is_empty() {
                return Err(with(
                    Fault::new(FaultKind::Usage, "`run` needs a task").hint("usage: shipway run TASK"),
                ));
            }
            goals(doors, &words, &options, line, false)
        }
        Some("help") => builtin(doors, &words, &options, line, 0),
        Some(_) => goals(doors, &words, &options, line, true),
    }
}

/// A built-in command whose words start at `skip` of the first goal.
fn builtin(
    doors: &Doors,
    words: &Words,
    options: &Options,
    line: &[String],
    skip: usize,
) -> Result<u8, Ended> {
    let with = |fault: Fault| Ended::fault(fault, options.clone());
    if words.goals.len() > 1 {
        return Err(with(Fault::new(FaultKind::Usage, "a built-in command stands alone, without `:::`")));
    }
    let (command, options) = parse_builtin(&words.goals[0][skip..], options)?;
    if let Builtin::Resume { run } = &command {
        refuse_overrides(words).map_err(|fault| Ended::fault(fault, options.clone()))?;
        return resume(doors, &options, run.as_deref());
    }
    if is_goal(&command) {
        let session = Session::open(doors, options.clone(), &words.overrides);
        return session
            .and_then(|session| {
                let goal = goal_of(&session, &command)?;
                session.run_goals(goal.as_slice(), line)
            })
            .map_err(|fault| Ended::fault(fault, options));
    }
    if commands::is_several_runs(&command) {
        return Session::open(doors, options.clone(), &words.overrides)
            .and_then(|session| commands::run_several(session, &command, line))
            .map_err(|fault| Ended::fault(fault, options));
    }
    refuse_overrides(words).map_err(|fault| Ended::fault(fault, options.clone()))?;
    commands::run(doors, options.clone(), command).map_err(|fault| Ended::fault(fault, options))
}

/// The command of an earlier run once more, as if it had been typed, with these options beside its own.
fn resume(doors: &Doors, options: &Options, run: Option<&str>) -> Result<u8, Ended> {
    let with = |fault: Fault| Ended::fault(fault, options.clone());
    let (line, resumed) = commands::resume::gather(doors, options, run).map_err(with)?;
    let words = split(&line).map_err(with)?;
    let typed = Options::read(&words.options).map_err(Ended::Clap)?;
    // Answers were for that run.
    let typed = Options { yes: false, confirm: Vec::new(), dry_run: false, ..typed };
    let options = Options { resumed: Some(resumed), ..typed.merged(options.clone()) };
    run_words(doors, words, options, &line)
}

fn parse_builtin(goal: &[String], options: &Options) -> Result<(Builtin, Options), Ended> {
    let line = std::iter::once("shipway".to_owned()).chain(goal.iter().cloned());
    let matches = Cli::command().try_get_matches_from(line).map_err(Ended::Clap)?;
    let cli = Cli::from_arg_matches(&matches).map_err(Ended::Clap)?;
    let options = options.clone().merged(cli.options);
    match cli.command {
        Some(command) => Ok((command, options)),
        None => Err(Ended::fault(Fault::new(FaultKind::Usage, "which command?"), options)),
    }
}

/// Tasks, generated tasks and, where they are allowed and the name is no task's, built-in commands.
fn goals(
    doors: &Doors,
    words: &Words,
    options: &Options,
    line: &[String],
    with_builtins: bool,
) -> Result<u8, Ended> {
    let is_command = |name: &str| with_builtins && command_names().iter().any(|known| known == name);
    let session = match Session::open_for(doors, options.clone(), words) {
        Ok(session) => session,
        // `check` and `history` have something to say about a file that is wrong, or absent.
        Err(fault) => {
            let alone = words.goals.len() == 1 && is_command(&words.goals[0][0]);
            return if alone {
                builtin(doors, words, options, line, 0)
            } else {
                Err(Ended::fault(fault, options.clone()))
            };
        }
    };
    let mut options = options.clone();
    let mut all = Vec::new();
    let spread =
        goals::spread(&session.model, &words.goals).map_err(|fault| Ended::fault(fault, options.clone()))?;
    for goal in &spread {
        let (name, arguments) = (&goal[0], &goal[1..]);
        let with = |fault: Fault| Ended::fault(session.masked(fault), options.clone());
        match goals::lookup(&session.model, name) {
            Named::Task(task) if goals::asks_for_help(&session.model, &task, arguments) => {
                return commands::help::task(&session, name).map_err(with);
            }
            Named::Task(_) => {
                all.push(session.task_goal(name, arguments).map_err(with)?.0);
            }
            Named::Generated(verb, names) => {
                let (own, extra) =
                    goals::generated_words(arguments).map_err(|word| with(goals::surplus(name, word)))?;
                options = options.clone().merged(Options::read(own).map_err(Ended::Clap)?);
                let goal = goals::generated_goal(verb, names, name, extra);
                all.push(goal.map_err(|fault| Ended::fault(fault, options.clone()))?);
            }
            Named::Unknown if is_command(name) => {
                let (command, later) = parse_builtin(goal, &options)?;
                // What it lacks is told as its own options want it, too.
                let with = |fault: Fault| Ended::fault(fault, later.clone());
                let found = if names_the_same(&later, &session.options) {
                    goal_of(&session, &command)
                } else {
                    Session::open(doors, later.clone(), &words.overrides)
                        .and_then(|session| goal_of(&session, &command))
                };
                match found.map_err(with)? {
                    Some(goal) => {
                        all.push(goal);
                        options = later;
                    }
                    None if words.goals.len() == 1 => return builtin(doors, words, &options, line, 0),
                    None => {
                        let message = format!("`{name}` is a command that stands alone, without `:::`");
                        return Err(with(Fault::new(FaultKind::Usage, message)));
                    }
                }
            }
            Named::Unknown => {
                let commands = if with_builtins { command_names() } else { Vec::new() };
                return Err(with(goals::unknown(&session.model, name, &commands)));
            }
        }
    }
    // Options that stood after a built-in command may name another file or environment.
    let session = if names_the_same(&options, &session.options) {
        session.with(options.clone())
    } else {
        Session::open(doors, options.clone(), &words.overrides)
            .map_err(|fault| Ended::fault(fault, options.clone()))?
    };
    let ended = session.run_goals(&all, line).map_err(|fault| Ended::fault(fault, options));
    session.keep_index();
    // The process ends with it: a large file is not taken apart piece by piece for that.
    std::mem::forget(session);
    ended
}

/// Whether both mean the same file and environment.
fn names_the_same(one: &Options, other: &Options) -> bool {
    one.file == other.file && one.environment == other.environment
}

/// Whether a command puts steps into a plan, and so may stand beside others.
fn is_goal(command: &Builtin) -> bool {
    use Builtin::{Apply, Attach, Cancel, Deploy, Down, Repo, Rollback, Secrets, Server, Tag, Totag, Up};
    matches!(
        command,
        Up { preview: false, .. }
            | Apply { .. }
            | Down { .. }
            | Tag { .. }
            | Deploy { .. }
            | Totag { .. }
            | Rollback { .. }
            | Attach { run: None, .. }
            | Cancel
            | Server { .. }
            | Repo { .. }
    ) || matches!(command, Secrets { command } if command.is_goal())
}

/// The goal of a command that puts steps into a plan, and so may stand beside others.
fn goal_of(session: &Session<'_>, command: &Builtin) -> Result<Option<Goal>, Fault> {
    let goal = match command {
        Builtin::Up { preview: true, .. } => return Ok(None),
        Builtin::Up { names, .. } => goals::workspaces_goal(&session.model, Verb::Up, names)?,
        Builtin::Down { names, with_dependents } => {
            goals::down_goal(&session.model, names, *with_dependents)?
        }
        Builtin::Apply { names, saved, verify } => goals::saved_goal(session, (saved, names), *verify)?,
        Builtin::Tag { name, message, commit, no_push } => Goal::Tag(TagRequest {
            name: name.clone(),
            message: message.clone(),
            commit: commit.clone(),
            push: !no_push,
            deploys: false,
        }),
        Builtin::Deploy { tag, reference, message, commit, again, no_wait } => {
            let made = tag.as_ref().map(|name| TagRequest {
                name: name.clone(),
                message: message.clone(),
                commit: commit.clone(),
                push: true,
                deploys: true,
            });
            let name = tag.as_deref().or(reference.as_deref()).unwrap_or_default();
            let version = goals::version(name, tag.is_some(), made, (*again, *no_wait));
            goals::deploy_goal(session, version)?
        }
        Builtin::Totag { tag, again, no_wait } => {
            goals::deploy_goal(session, goals::version(tag, true, None, (*again, *no_wait)))?
        }
        Builtin::Rollback { number, no_wait } => {
            goals::deploy_goal(session, Wish::Rollback { to: *number, no_wait: *no_wait })?
        }
        Builtin::Attach { number, run: None } => {
            goals::deploy_goal(session, Wish::Attach { number: *number })?
        }
        Builtin::Cancel => goals::deploy_goal(session, Wish::Cancel)?,
        Builtin::Server { command: ServerCommand::Setup { binary } } => {
            goals::deploy_goal(session, Wish::Setup { binary: binary.clone() })?
        }
        Builtin::Repo { command } => command.goal(),
        Builtin::Secrets { command } => match command.goal(session)? {
            Some(goal) => goal,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Some(goal))
}

fn refuse_overrides(words: &Words) -> Result<(), Fault> {
    match words.overrides.first() {
        None => Ok(()),
        Some((name, _)) => {
            Err(Fault::new(FaultKind::Usage, format!("`{name}=…` stands without a task that could use it")))
        }
    }
}

/// The names of all built-in commands.
pub fn command_names() -> Vec<String> {
    Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}
