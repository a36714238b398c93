//! Shipway's own options, as clap reads them; the doc comments are the help.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use super::builtin::Builtin;
use crate::run::Resumed;

/// Options that stand before the first task, and anywhere after a built-in command.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Read this tasks file instead of the `tasks.toml` found here or above
    #[arg(short = 'f', long, value_name = "FILE", global = true)]
    pub file: Option<PathBuf>,

    /// Run at most this many steps at once (default: the number of processors, at least 4)
    #[arg(short = 'j', long, value_name = "N", global = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,

    /// Show what would be done, in order, and run nothing
    #[arg(long, global = true)]
    pub dry_run: bool,

    /// Run a step although its work is as it was left
    #[arg(long, global = true)]
    pub force: bool,

    /// Say of each task why it runs, or why not
    #[arg(long, global = true)]
    pub explain: bool,

    /// After a failure, go on with what does not depend on it
    #[arg(short = 'k', long, global = true)]
    pub keep_going: bool,

    /// After a failure, end the tasks that still run, instead of waiting for them
    #[arg(long, global = true, conflicts_with = "keep_going")]
    pub fail_fast: bool,

    /// Answer ordinary questions with yes; a word that has to be typed still needs --confirm
    #[arg(short = 'y', long, global = true)]
    pub yes: bool,

    /// Give the word that a question wants typed, such as a protected environment's name; may be repeated
    #[arg(long, value_name = "NAME", global = true)]
    pub confirm: Vec<String>,

    /// Release a state's lock, unasked, where the journal proves that a dead apply of ours left it
    #[arg(long, global = true)]
    pub unlock_own_stale: bool,

    /// Allow that this address, which the tasks file calls stateful, is destroyed or replaced; may be repeated
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub allow_destroy: Vec<String>,

    /// Print events (or the report) as JSON, one a line, on standard output
    #[arg(long, global = true)]
    pub json: bool,

    /// Write a report of the run to this file when it is over: `.xml` (JUnit), `.json` or `.md`; may be repeated
    #[arg(long, value_name = "FILE", global = true)]
    pub report: Vec<PathBuf>,

    /// Tell what each step prints in one piece, when it has ended; of those that failed at the end
    #[arg(long, global = true, conflicts_with = "json")]
    pub group: bool,

    /// Show only what commands print, warnings and questions; where something fails, that
    #[arg(short = 'q', long, global = true, conflicts_with = "json")]
    pub quiet: bool,

    /// The environment that is meant
    #[arg(short = 'e', long, value_name = "ENVIRONMENT", global = true)]
    pub environment: Option<String>,

    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: Colour,

    /// What an earlier run got done (`resume`); no option.
    #[arg(skip)]
    pub resumed: Option<Resumed>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Options {
    /// These, with `later` over them: what was given twice counts as given last, words add up.
    #[must_use]
    pub fn merged(mut self, later: Self) -> Self {
        self.confirm.extend(later.confirm);
        self.allow_destroy.extend(later.allow_destroy);
        self.report.extend(later.report);
        Self {
            file: later.file.or(self.file),
            jobs: later.jobs.or(self.jobs),
            dry_run: self.dry_run || later.dry_run,
            force: self.force || later.force,
            explain: self.explain || later.explain,
            keep_going: self.keep_going || later.keep_going,
            fail_fast: self.fail_fast || later.fail_fast,
            yes: self.yes || later.yes,
            unlock_own_stale: self.unlock_own_stale || later.unlock_own_stale,
            confirm: self.confirm,
            allow_destroy: self.allow_destroy,
            report: self.report,
            json: self.json || later.json,
            group: self.group || later.group,
            quiet: self.quiet || later.quiet,
            environment: later.environment.or(self.environment),
            resumed: later.resumed.or(self.resumed),
            color: if later.color == Colour::Auto { self.color } else { later.color },
        }
    }
}

/// One tasks file for an app's infrastructure: tasks, bootstrap, deployment and teardown.
#[derive(Parser, Clone, Debug)]
#[command(
    name = "shipway",
    version,
    disable_help_subcommand = true,
    after_help = AFTER_HELP,
    override_usage = "shipway [OPTIONS] [NAME=value]... TASK [ARGS]... [::: TASK [ARGS]...]...\n       shipway [OPTIONS] COMMAND"
)]
pub struct Cli {
    /// Shipway's own options.
    #[command(flatten)]
    pub options: Options,

    /// What to do.
    #[command(subcommand)]
    pub command: Option<Builtin>,
}

/// The options alone: commands and their help are made only where a command is meant, or where something is wrong.
#[derive(Parser)]
#[command(name = "shipway", version)]
struct Front {
    #[command(flatten)]
    options: Options,
}

impl Options {
    /// What `words` say, which are options of ours and nothing else.
    ///
    /// # Errors
    ///
    /// Help, the version, or what is wrong with them, as the whole command line would tell it.
    pub(super) fn read(words: &[String]) -> Result<Self, clap::Error> {
        if words.is_empty() {
            return Ok(Self::default());
        }
        let line = || std::iter::once("shipway").chain(words.iter().map(String::as_str));
        match Front::try_parse_from(line()) {
            Ok(front) => Ok(front.options),
            Err(_) => Ok(Cli::try_parse_from(line())?.options),
        }
    }
}

const AFTER_HELP: &str = "\
Tasks come from `tasks.toml`; `shipway` alone lists them. A project's own task wins over a command of the
same name; `shipway builtin COMMAND` reaches the other.

Examples:
  shipway                       list the tasks
  shipway test --keep           run the task `test` with its own option
  shipway lint ::: test         run two tasks, side by side where nothing orders them
  shipway region=fra1 up        apply all workspaces, with another value for `vars.region`
  shipway --dry-run down        show what a teardown would do
  shipway --explain test        run the task `test`, and say which file made it necessary

Exit codes: 0 done, 1 failed (or the status of the command that failed), 2 usage, 3 a file is wrong,
4 refused, 5 declined, 6 locked, 7 the machine is not ready, 70 a bug in Shipway,
124 a task took longer than its `timeout`, 128+N ended by a signal.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_reads_what_the_whole_line_reads() {
        let lines: [&[&str]; 8] = [
            &[],
            &["-j", "3"],
            &["--jobs=3", "-ky", "--explain"],
            &["-f", "other.toml", "--confirm", "a", "--confirm", "b", "--allow-destroy", "x"],
            &["--color", "never", "-e", "prod", "--json", "--force", "--dry-run", "--unlock-own-stale"],
            &["-j", "0"],
            &["--help"],
            &["--jbos", "3"],
        ];
        for line in lines {
            let words: Vec<String> = line.iter().map(|&word| word.to_owned()).collect();
            let whole = Cli::try_parse_from(std::iter::once("shipway").chain(line.iter().copied()));
            let read = |options: Result<Options, clap::Error>| match options {
                Ok(options) => format!("{options:?}"),
                Err(error) => error.render().to_string(),
            };
            assert_eq!(read(Options::read(&words)), read(whole.map(|cli| cli.options)), "{line:?}");
        }
    }
}
