//! The words of `repo`, and what they want.

use clap::Subcommand;

use crate::assemble::Goal;
use crate::domains::repository::{Request, Visibility};

/// What can be done with the project's repository.
#[derive(Subcommand, Clone, Debug)]
pub enum RepoCommand {
    /// Make the repository of `[forge]` with a first commit, `origin`, `main` and the environments' branches
    ///
    /// Nothing is made while a file that would be pushed holds a known secret, or git does not ignore an env file. What is there already is
    /// left as it is, so the command can be given again at any time, also after one that was killed.
    #[command(
        after_help = "Examples:\n  shipway repo create\n  shipway repo create --https --dry-run\n  shipway repo create --public --confirm public"
    )]
    Create {
        /// Only those who were given access may read it (this is what is made where nothing is said)
        #[arg(long, conflicts_with_all = ["internal", "public"])]
        private: bool,
        /// Everybody with an account may read it; GitLab only
        #[arg(long, conflicts_with = "public")]
        internal: bool,
        /// Everybody may read it; the word `public` has to be typed, or given by --confirm
        #[arg(long)]
        public: bool,
        /// Reach it by https (default: by ssh)
        #[arg(long)]
        https: bool,
        /// The first commit's message
        #[arg(short = 'm', long, value_name = "TEXT", default_value = "Initial commit")]
        message: String,
    },
}

impl RepoCommand {
    /// The goal.
    pub(super) fn goal(&self) -> Goal {
        // Private is what is wanted where nothing is said, so `--private` alone changes nothing.
        let Self::Create { private: _, internal, public, https, message } = self;
        let visibility = match (internal, public) {
            (_, true) => Visibility::Public,
            (true, false) => Visibility::Internal,
            (false, false) => Visibility::Private,
        };
        Goal::Repository(Request { visibility, https: *https, message: message.clone() })
    }
}
