//! The words of `secrets`, and what they want.

use std::path::PathBuf;

use clap::Subcommand;

use super::session::Session;
use crate::assemble::Goal;
use crate::diagnostic::Fault;
use crate::domains::secrets::{MergeRequest, PushRequest, Request, Selection};

/// What can be done with secrets.
#[derive(Subcommand, Clone, Debug)]
pub enum SecretsCommand {
    /// List every secret, its source, and whether each place holds it as it is here
    ///
    /// Current, stale (changed here since), changed elsewhere, missing, or unknown. No value is shown. With -e only those of the environment.
    #[command(after_help = "Examples:\n  shipway secrets list\n  shipway secrets list -e stage --json")]
    List {
        /// Only these
        names: Vec<String>,
    },

    /// List the secrets that some place is not known to hold as they are here
    #[command(after_help = "Examples:\n  shipway secrets diff\n  shipway secrets diff --exit-code")]
    Diff {
        /// Only these
        names: Vec<String>,
        /// End with 1 where there is a difference
        #[arg(long)]
        exit_code: bool,
    },

    /// Send to the forge what it is not known to hold; asks, and says which and why
    ///
    /// Environments are made where they are missing. A CI job sends all. What a server or a workspace is given goes there by `server setup`
    /// and by `up`.
    #[command(
        after_help = "Examples:\n  shipway secrets push\n  shipway secrets push -e prod --confirm prod\n  shipway secrets push SSH_KEY --all --dry-run"
    )]
    Push {
        /// Only these
        names: Vec<String>,
        /// Also those that are current
        #[arg(long)]
        all: bool,
    },

    /// Say what is wrong with env files, and with how they are kept
    ///
    /// Places that are not set, keys that stand twice, lines that docker compose, docker and a shell would read differently, secrets that are
    /// ordinary words, keys that a compose file uses and no env file has, files that git does not ignore or has in its history, files that
    /// others may read. Ends with 1 where there is an error. No value is shown.
    #[command(after_help = "Examples:\n  shipway secrets lint\n  shipway secrets lint -e prod --json")]
    Lint,

    /// Give strong values to what a template left open in env files: `!!!SET NAME!!!`
    ///
    /// One name has one value in all files. Every other byte stays. With -e only the env files of the environment.
    #[command(after_help = "Example:\n  shipway secrets generate")]
    Generate,

    /// Join env files into one
    ///
    /// Keys that have different values are refused. In a git repository the new file has to be ignored.
    #[command(
        after_help = "Examples:\n  shipway secrets merge -e prod --output .env\n  shipway secrets merge .django .postgres --output .env --last-wins"
    )]
    Merge {
        /// The files; those of the environment where none is named
        files: Vec<PathBuf>,
        /// The new file, with access for its owner alone
        #[arg(short = 'o', long, value_name = "FILE")]
        output: PathBuf,
        /// Of a key with several values the last one counts
        #[arg(long)]
        last_wins: bool,
    },

    /// Write the env files of an environment from the variables that a CI job was given
    ///
    /// Each file gets exactly the bytes that were sent, with access for its owner alone. A file that holds something else is left alone,
    /// unless --force is given.
    #[command(after_help = "Example:\n  shipway secrets unpack -e stage")]
    Unpack,
}

impl SecretsCommand {
    /// Whether it puts steps into a plan that changes something, and so may stand beside others.
    pub(super) fn is_goal(&self) -> bool {
        !matches!(self, Self::List { .. } | Self::Diff { .. } | Self::Lint)
    }

    /// The goal, where it has one.
    pub(super) fn goal(&self, session: &Session<'_>) -> Result<Option<Goal>, Fault> {
        let named = session.options.environment.clone();
        let force = session.options.force;
        let request = match self {
            Self::List { .. } | Self::Diff { .. } | Self::Lint => return Ok(None),
            Self::Push { names, all } => {
                let selection = Selection { environment: named, names: names.clone() };
                Request::Push(PushRequest { selection, all: *all || force })
            }
            Self::Generate => Request::Generate { environment: named },
            Self::Merge { files, output, last_wins } => {
                let environment = match files.is_empty() {
                    true => Some(session.environment()?.to_owned()),
                    false => None,
                };
                let (files, output) = (files.clone(), output.clone());
                Request::Merge(MergeRequest { files, environment, output, last_wins: *last_wins, force })
            }
            Self::Unpack => Request::Unpack { environment: session.environment()?.to_owned(), force },
        };
        Ok(Some(Goal::Secrets(request)))
    }
}
