//! The built-in commands: their words, and their help.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::repository::RepoCommand;
use super::secrets::SecretsCommand;

/// Built-in commands.
#[derive(Subcommand, Clone, Debug)]
pub enum Builtin {
    /// List the project's tasks
    #[command(after_help = "Example:\n  shipway list --all")]
    List {
        /// Also list hidden tasks, and those that each workspace generates
        #[arg(long)]
        all: bool,
    },

    /// Show a task or a workspace as it was read
    #[command(after_help = "Examples:\n  shipway show test\n  shipway show plan-stage --json")]
    Show {
        /// Its name
        name: String,
    },

    /// Show which tasks and workspaces need which
    ///
    /// Nothing is evaluated and nothing is run. For an argument that a task can't do without stands its first choice, or its name.
    #[command(
        after_help = "Examples:\n  shipway graph\n  shipway graph test\n  shipway graph --format mermaid"
    )]
    Graph {
        /// Tasks and workspaces, with all that they need; the whole project where none is named
        names: Vec<String>,
        /// Draw it as text, or for graphviz or mermaid
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: GraphFormat,
    },

    /// Bring the tasks file, and those that it includes, into shape
    ///
    /// Blank lines, blanks and indentation only: comments, the order of keys and the kind of quotes stay.
    #[command(after_help = "Examples:\n  shipway fmt\n  shipway fmt --check")]
    Fmt {
        /// Write nothing, show what would change, and end with 1 where something would
        #[arg(long)]
        check: bool,
    },

    /// Print the JSON schema of the tasks file, for editors
    #[command(after_help = "Example:\n  shipway schema")]
    Schema,

    /// Make a tasks file of a Makefile, a justfile, a Taskfile.yml or a mise.toml
    ///
    /// What does not do here what it did there is listed, with its line, and stands at the top of the new file. A Makefile is read by make
    /// itself, which runs every `$(shell …)` in it, and a justfile by just.
    #[command(
        after_help = "Examples:\n  shipway import Makefile\n  shipway import ops.mk --from make --print --yes"
    )]
    Import {
        /// The file; `tasks.toml` is written beside it
        #[arg(value_name = "FILE")]
        source: PathBuf,
        /// Whose it is, where its name does not say
        #[arg(long, value_name = "TOOL")]
        from: Option<ImportFrom>,
        /// Print the tasks file instead of writing it
        #[arg(long)]
        print: bool,
    },

    /// Pick a task on the terminal by typing parts of its name, and run it
    ///
    /// What the task can't do without is asked for.
    #[command(after_help = "Example:\n  shipway choose")]
    Choose,

    /// Run a task, and again whenever something in its folder changes
    ///
    /// A run that is under way is told to stop first, as Ctrl-C would. What git ignores is not looked at.
    #[command(after_help = "Examples:\n  shipway watch test\n  shipway watch test unit --keep")]
    Watch {
        /// The task and its arguments
        #[arg(value_name = "TASK", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        words: Vec<String>,
    },

    /// Read the tasks file and say everything that is wrong with it
    ///
    /// Then looks at what the file names: folders of workspaces and variable files have to exist, and git has to ignore env files. Runs
    /// none of the file's commands. Ends with 3 where something is wrong, with 0 where there are only warnings.
    #[command(after_help = "Examples:\n  shipway check\n  shipway check --json")]
    Check,

    /// Show what `up` would do, over all workspaces, before any is applied
    ///
    /// A workspace that reads what another one has yet to give is planned in a copy, with values that are known only after an apply. Nothing is
    /// changed, saved or locked, and no task is run.
    #[command(
        after_help = "Examples:\n  shipway plan\n  shipway plan stage --json\n  shipway plan --detailed-exitcode\n  shipway plan --save plans\n\nWith --detailed-exitcode: 0 nothing to do, 2 changes, 1 failed."
    )]
    Plan {
        /// The workspaces, with all that they need; all where none is named
        names: Vec<String>,
        /// End with 2 where there are changes, and with 1 for whatever fails
        #[arg(long)]
        detailed_exitcode: bool,
        /// Print the table as Markdown, for a comment on a pull request
        #[arg(long)]
        markdown: bool,
        /// Keep the plans that can be applied in this new folder, for `apply --saved`; they hold secrets
        #[arg(long, value_name = "DIR")]
        save: Option<PathBuf>,
    },

    /// Look whether somebody changed what was applied; for a schedule
    ///
    /// Terraform compares each state with the world, and nothing else: what the files would change is `plan`'s to say. Nothing is written.
    #[command(
        after_help = "Examples:\n  shipway drift\n  shipway drift stage --json\n\nExit codes: 0 no drift, 2 drift, 1 something could not be looked at."
    )]
    Drift {
        /// The workspaces; all where none is named
        names: Vec<String>,
    },

    /// Apply plans that `plan --save` kept, maybe on another machine
    ///
    /// Exactly these plans, and only where the files, the values, terraform and the state are those that they were made from. A plan is
    /// removed when it was applied.
    #[command(
        after_help = "Examples:\n  shipway apply --saved plans\n  shipway apply base --saved plans --verify\n\n`apply-NAME` and `up` make a plan, ask and apply it."
    )]
    Apply {
        /// The workspaces; all that have a plan there where none is named
        names: Vec<String>,
        /// The folder
        #[arg(long, value_name = "DIR")]
        saved: PathBuf,
        /// Make fresh plans, and apply those where they do exactly what the saved ones would
        #[arg(long)]
        verify: bool,
    },

    /// Apply workspaces with all that they need, in order
    ///
    /// A workspace of which nothing changed since its last plan or apply, be it files, values, the environment, outputs that it reads or its own
    /// state, is not planned again; `--force` plans all. What others changed in the world is `drift`'s to find.
    #[command(
        after_help = "Examples:\n  shipway up\n  shipway up stage --dry-run\n  shipway up --yes --confirm prod\n  shipway up --preview"
    )]
    Up {
        /// The workspaces; all where none is named
        names: Vec<String>,
        /// Show the preview of `plan` first and ask once for all of it; what goes beyond it is asked for again
        #[arg(long)]
        preview: bool,
    },

    /// Destroy workspaces in reverse order: all plans first, one question, one after another
    ///
    /// Refused while a workspace that is not named lives and depends on one that is.
    #[command(
        after_help = "Examples:\n  shipway down\n  shipway down --yes --confirm prod\n  shipway down base --with-dependents"
    )]
    Down {
        /// The workspaces; all where none is named
        names: Vec<String>,
        /// Destroy all that depends on them as well, first
        #[arg(long)]
        with_dependents: bool,
    },

    /// Make an annotated tag on a clean tree, and push it alone
    #[command(
        after_help = "Examples:\n  shipway tag v2\n  shipway tag v2 -m \"Faster search\" --no-push\n  shipway tag v2 --commit \"Faster search\""
    )]
    Tag {
        /// The tag's name. Where it stands on this commit already, only what is missing is done
        name: String,
        /// Its message (default: `version NAME`)
        #[arg(short = 'm', long, value_name = "TEXT")]
        message: Option<String>,
        /// Commit what is not committed first, with this message; asks
        #[arg(long, value_name = "MESSAGE")]
        commit: Option<String>,
        /// Leave it on this machine; otherwise it goes to `origin`, where there is one
        #[arg(long)]
        no_push: bool,
    },

    /// List the tags, the newest first
    #[command(after_help = "Example:\n  shipway tags -n 5")]
    Tags {
        /// So many
        #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = at_least_one)]
        number: usize,
    },

    /// Tag the current commit and make it live
    ///
    /// The tag is made as `tag` makes it; the commit then goes to the environment's server, which builds it, checks its health and moves the
    /// traffic. The command shows what the server does and ends as the deployment ends. The server does not need it for that: what was begun
    /// goes on when the connection is lost. Where the version is live already, nothing is done.
    #[command(
        after_help = "Examples:\n  shipway deploy v2\n  shipway deploy v2 -m \"Faster search\" -e prod\n  shipway deploy --ref feature-7 -e stage\n  shipway deploy v2 --dry-run"
    )]
    Deploy {
        /// The tag's name. Where it stands on this commit already, only what is missing is done
        #[arg(required_unless_present = "reference", conflicts_with = "reference")]
        tag: Option<String>,
        /// Deploy this commit or branch instead, and make no tag
        #[arg(long = "ref", value_name = "COMMIT", conflicts_with_all = ["message", "commit"])]
        reference: Option<String>,
        /// The tag's message (default: `version TAG`)
        #[arg(short = 'm', long, value_name = "TEXT")]
        message: Option<String>,
        /// Commit what is not committed first, with this message; asks
        #[arg(long, value_name = "MESSAGE")]
        commit: Option<String>,
        /// Deploy it also where it is live already
        #[arg(long)]
        again: bool,
        /// Fail at once where another deployment is at work, instead of waiting for it
        #[arg(long)]
        no_wait: bool,
    },

    /// Make the version of a tag live, older or newer
    #[command(after_help = "Examples:\n  shipway totag v1\n  shipway totag v1 -e prod --confirm prod")]
    Totag {
        /// The tag
        tag: String,
        /// Deploy it also where it is live already
        #[arg(long)]
        again: bool,
        /// Fail at once where another deployment is at work, instead of waiting for it
        #[arg(long)]
        no_wait: bool,
    },

    /// Go back to an earlier release, by what the server kept of it
    ///
    /// Nothing is built and no task of `before` runs. What migrations did is not undone.
    #[command(after_help = "Examples:\n  shipway rollback\n  shipway rollback 7 -e prod")]
    Rollback {
        /// The number of the deployment that made it; the last good one before what is live where none is given
        #[arg(value_name = "NUMBER", value_parser = deployment_number)]
        number: Option<u64>,
        /// Fail at once where another deployment is at work, instead of waiting for it
        #[arg(long)]
        no_wait: bool,
    },

    /// List the deployments of an environment, the newest first
    #[command(after_help = "Examples:\n  shipway releases\n  shipway releases -n 5 -e prod --json")]
    Releases {
        /// So many
        #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = at_least_one)]
        number: usize,
    },

    /// Follow a deployment on the server, or a run on this machine, to its end, and end like it
    #[command(after_help = "Examples:\n  shipway attach\n  shipway attach 7 -e prod\n  shipway attach --run")]
    Attach {
        /// Its number; the one that is under way, or the last one, where none is given
        #[arg(value_name = "NUMBER", value_parser = deployment_number)]
        number: Option<u64>,
        /// A run of this project on this machine, also where its Shipway died and terraform goes on; the last one where no id is given. The
        /// beginning of an id will do
        #[arg(long, value_name = "RUN", num_args = 0..=1, conflicts_with = "number")]
        run: Option<Option<String>>,
    },

    /// Stop the deployment that is under way; the server puts back what was live
    #[command(after_help = "Example:\n  shipway cancel -e prod")]
    Cancel,

    /// Log in to an environment's server, or run a command there
    ///
    /// With the key that `ssh_key` names, in an agent that ends with the connection: it is never on a disk. Ends as ssh ends.
    #[command(
        after_help = "Examples:\n  shipway ssh -e stage\n  shipway ssh -e prod 'docker ps'\n  shipway ssh -e stage -- -L 8080:localhost:80"
    )]
    Ssh {
        /// The command line, for the login shell there; a session where there is none
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
        /// Options for ssh, after `--`
        #[arg(value_name = "OPTION", last = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },

    /// Prepare a server for deployments
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "Examples:\n  shipway server setup\n  shipway server setup -e prod --dry-run"
    )]
    Server {
        /// What to do with it
        #[command(subcommand)]
        command: ServerCommand,
    },

    /// Env files and other secrets: what there is, where it is kept, and the way there and back
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "Examples:\n  shipway secrets list\n  shipway secrets push -e stage"
    )]
    Secrets {
        /// What to do with them
        #[command(subcommand)]
        command: SecretsCommand,
    },

    /// Make the project's repository, here and at its forge
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "Examples:\n  shipway repo create\n  shipway repo create --public --confirm public"
    )]
    Repo {
        /// What to do with it
        #[command(subcommand)]
        command: RepoCommand,
    },

    /// Show the state of each workspace, and what is live where
    #[command(after_help = "Examples:\n  shipway status\n  shipway status --json")]
    Status {
        /// The workspaces; all, and the environments that are deployed to, where none is named
        names: Vec<String>,
    },

    /// Forget which tasks are up to date, so that they run again
    ///
    /// What they made stays. Without a name, all that is remembered is forgotten, also where the tasks file is wrong.
    #[command(after_help = "Examples:\n  shipway clean-cache\n  shipway clean-cache build test")]
    CleanCache {
        /// The tasks, with whatever arguments they ran; all where none is named
        #[arg(value_name = "TASK")]
        names: Vec<String>,
    },

    /// List earlier runs
    #[command(after_help = "Example:\n  shipway history -n 5")]
    History {
        /// So many, the newest last
        #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = at_least_one)]
        number: usize,
    },

    /// Go on where a run stopped: its command once more, without the tasks that succeeded
    ///
    /// A task that succeeded in that run is not run again, unless something that it needs is. One that names its sources or outputs is looked
    /// at, as always; one that hands on values runs. Where the tasks file has changed since, everything runs.
    #[command(
        after_help = "Examples:\n  shipway resume\n  shipway resume 20261122-101500-123-4f2a\n  shipway resume --dry-run"
    )]
    Resume {
        /// The run, by the beginning of its id; the last one where none is given
        run: Option<String>,
    },

    /// Show an earlier run again, or what a deployment printed on the server
    ///
    /// With `--report FILE` nothing is shown: the run is written there as JUnit, JSON or Markdown.
    #[command(
        after_help = "Examples:\n  shipway logs\n  shipway logs 20261122-101500-123-4f2a --step \"apply base\"\n  shipway logs --report run.xml\n  shipway logs --release 7 -e prod"
    )]
    Logs {
        /// The run; the last one where none is named. The beginning of an id will do
        run: Option<String>,
        /// Only the log of this step
        #[arg(long, value_name = "STEP")]
        step: Option<String>,
        /// What the deployment of this number printed on the server; the last one where none is given
        #[arg(long, value_name = "NUMBER", num_args = 0..=1, value_parser = deployment_number, conflicts_with_all = ["run", "step"])]
        release: Option<Option<u64>>,
    },

    /// Make a new project from a template
    ///
    /// The folder has to be new or empty; its name becomes the project's. `local` is five terraform workspaces that need nothing but this
    /// machine.
    #[command(after_help = "Examples:\n  shipway new local my-app\n  shipway new local my-app --dry-run")]
    New {
        /// The template: `local`
        template: String,
        /// The new folder
        dir: PathBuf,
    },

    /// Print what makes a shell complete commands, options, tasks, workspaces and environments
    ///
    /// For bash and zsh put the line of the example into ~/.bashrc or ~/.zshrc (there after `compinit`), with the name of the shell; for
    /// fish, `shipway completions fish | source` into ~/.config/fish/config.fish.
    #[command(after_help = "Example:\n  source <(shipway completions bash)")]
    Completions {
        /// bash, zsh or fish
        shell: String,
    },

    /// Show help for a command, a task or a topic
    #[command(after_help = "Examples:\n  shipway help up\n  shipway help topics\n  shipway help tasks-file")]
    Help {
        /// The command, task or topic; `topics` lists these
        name: Option<String>,
    },

    /// Run a task, also one that has the name of a command
    #[command(after_help = "Example:\n  shipway run list")]
    Run {
        /// The task and its arguments, as without `run`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        words: Vec<String>,
    },

    /// Run a built-in command, also one whose name a task has
    #[command(after_help = "Example:\n  shipway builtin list")]
    Builtin {
        /// The command and its arguments, as without `builtin`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        words: Vec<String>,
    },
}

/// What the graph is drawn for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// People: a tree
    #[default]
    Text,
    /// Graphviz
    Dot,
    /// Mermaid, in Markdown
    Mermaid,
}

/// Whose file is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportFrom {
    /// GNU make
    Make,
    /// just
    Just,
    /// Task
    Task,
    /// mise
    Mise,
}

/// What can be done with a server.
#[derive(Subcommand, Clone, Debug)]
pub enum ServerCommand {
    /// Bring Shipway to the server, prepare the environment's folder, copy its env files and try a push
    ///
    /// Whatever is there already is left as it is, so the command can be given again at any time: to bring a newer Shipway, or env files
    /// that have changed. The host key is written into the tasks file, where it has none.
    #[command(
        after_help = "Examples:\n  shipway server setup\n  shipway server setup -e prod --binary ./shipway-aarch64"
    )]
    Setup {
        /// The program that is to run there, for a server that is another kind of machine (default: this one)
        #[arg(long, value_name = "FILE")]
        binary: Option<PathBuf>,
    },
}

/// `7`, or `#7` as it is shown.
fn deployment_number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    match digits.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("it has to be the number of a deployment; `shipway releases` lists them".to_owned()),
    }
}

/// A count that is not 0.
fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse::<std::num::NonZeroUsize>()
        .map(usize::from)
        .map_err(|_| "it has to be a number from 1 up".to_owned())
}
