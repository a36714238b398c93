//! The tasks file as checked values: what a project wrote, resolved and without doubt.
//!
//! The way in is `load`: text → `toml` tree → `decode` (one table each, every fault at once) → `check` (names, cycles, references
//! across tables) → `Model`. Whoever holds a `Model` need not check again: each name in it exists, each `{{ }}` stands where
//! it may, no cycle is left.
//!
//! Deliberately absent: the machine. Nothing here reads a file but through `SourceLoader`, runs a command, knows the time or
//! the environment. What a template becomes is `run::bindings`' part.

mod check;
mod decode;
mod environment;
mod excerpt;
mod expression;
mod files;
mod foreign;
mod load;
mod located;
mod names;
mod project;
mod references;
mod rollout;
mod rules;
mod schema;
mod script;
mod secret;
mod syntax;
mod task;
mod tracking;
mod value;
mod workspace;

pub use environment::{EnvFiles, Environment};
pub use excerpt::{index, is_current, is_worth_index, load_excerpt};
pub use expression::{GitFact, Hole, Part, Reference, Template};
pub use load::{LoadFailure, LoadedText, SourceLoader, load};
pub use project::{Binding, Dotenv, Project, Variable};
pub use references::Outputs;
pub use rollout::{Deploy, DeployTarget, Drain, HealthCheck, Probe, Proxy, RolledGroup, Rollout};
pub use rules::{Condition, Ready, RequiredTool, RequiredVariable, Requires, Retry, Rules, WaitUntil};
pub use schema::schema;
pub use script::{Given, Place, Script, ScriptPart, ScriptShell};
pub use secret::{
    Database, Encoding, FileSource, ForgeKind, ForgeSettings, RepositorySecret, SECRET_PREFIX, SecretValue,
};
pub use task::{Argument, ArgumentKind, Call, Command, Confirm, MATRIX_PREFIX, Shorts, Task};
pub use tracking::Tracking;
pub use value::Value;
pub use workspace::{Dependency, Engine, TerraformSettings, VarValue, WORKSPACE_VERBS, Workspace};

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Sources};

/// A checked tasks file with everything that it includes.
#[derive(Clone, Debug)]
pub struct Model {
    /// The tasks file, absolute.
    pub file: PathBuf,
    /// Its folder, absolute: commands run from here.
    pub root: PathBuf,
    /// All texts that were read, for later messages about places in them.
    pub sources: Sources,
    /// What was found but forbids nothing.
    pub warnings: Vec<Diagnostic>,
    /// `[project]`.
    pub project: Project,
    /// `[vars]`; those of an included file carry its prefix.
    pub variables: IndexMap<String, Variable>,
    /// `[env]` of the main file.
    pub env: IndexMap<String, Template>,
    /// `[tasks]`; those of an included file carry its prefix.
    pub tasks: IndexMap<String, Task>,
    /// `[env_files]`.
    pub env_files: IndexMap<String, EnvFiles>,
    /// `[environments]`.
    pub environments: IndexMap<String, Environment>,
    /// `[terraform]`.
    pub terraform: TerraformSettings,
    /// `[workspaces]`, in the order of the file.
    pub workspaces: IndexMap<String, Workspace>,
    /// `[secrets]`, in the order of the file.
    pub secrets: IndexMap<String, RepositorySecret>,
    /// `[forge]`.
    pub forge: Option<ForgeSettings>,
    /// `[databases]`.
    pub databases: IndexMap<String, Database>,
    /// `[pools]`: how many tasks of each run at once.
    pub pools: IndexMap<String, usize>,
    /// `[rollout]`.
    pub rollout: Option<Rollout>,
}

impl Model {
    /// The task of this name or alias.
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks
            .get(name)
            .or_else(|| self.tasks.values().find(|task| task.aliases.iter().any(|a| a == name)))
    }
}
