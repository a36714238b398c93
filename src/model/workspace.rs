//! `[terraform]` and `[workspaces]`.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use super::expression::Template;
use super::rules::Retry;
use super::task::{Call, Command};
use crate::diagnostic::{Span, Spanned};

/// `[terraform]`.
#[derive(Clone, Debug)]
pub struct TerraformSettings {
    /// Where workspaces' folders are, from the root; empty for the root itself.
    pub root: PathBuf,
    /// How long terraform waits for a state lock. 2 minutes where the file says nothing.
    pub lock_timeout: Duration,
    /// What does the work of a workspace that names nothing else.
    pub engine: Engine,
    /// How often an init, a plan or a look at a state is tried that fails with what passes.
    pub retry: Retry,
    /// Further texts, in whatever letters, by which such a failure is known.
    pub retry_on: Vec<String>,
}

/// What does the work of a workspace. The first two speak the same language and take the same command lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// terraform.
    #[default]
    Terraform,
    /// OpenTofu.
    Tofu,
    /// Pulumi.
    Pulumi,
}

impl Engine {
    /// Their words in the file.
    pub const WORDS: [&'static str; 3] = ["terraform", "tofu", "pulumi"];

    /// By its word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Terraform, Self::Tofu, Self::Pulumi].into_iter().find(|engine| engine.program() == word)
    }

    /// Its program, which is its word too.
    pub fn program(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Tofu => "tofu",
            Self::Pulumi => "pulumi",
        }
    }
}

/// What can be done with a workspace: each makes a task `VERB-NAME`, and `VERB-all` for all of them.
pub const WORKSPACE_VERBS: [&str; 9] =
    ["init", "validate", "fmt", "update", "plan", "apply", "output", "destroy", "clean"];

/// `[workspaces.NAME]`: one terraform root module with its own state, or one stack of Pulumi.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// Its folder, from the model's root (`[terraform] root` is already joined in).
    pub dir: PathBuf,
    /// What does its work.
    pub engine: Engine,
    /// The stack, where Pulumi does the work; else it has no meaning.
    pub stack: String,
    /// The environment that it belongs to; a protected one guards its apply and destroy.
    pub environment: Option<String>,
    /// What has to be there first.
    pub depends: Vec<Dependency>,
    /// Passed as `-var-file`, from `dir`.
    pub var_files: Vec<Spanned<PathBuf>>,
    /// Typed values, passed in a private file. Nested TOML is kept; strings are templates.
    pub vars: IndexMap<String, VarValue>,
    /// Passed to init as `-backend-config`, in a private file.
    pub backend_config: IndexMap<String, VarValue>,
    /// Exported to terraform and the hooks.
    pub env: IndexMap<String, Template>,
    /// Run before an init.
    pub before_init: Vec<Command>,
    /// Run before an apply, after the answer.
    pub before_apply: Vec<Command>,
    /// Run after an apply that succeeded.
    pub after_apply: Vec<Command>,
    /// Run before a destroy, after the answer; its failure stops the destroy.
    pub before_destroy: Vec<Command>,
    /// Run after a destroy that is proven.
    pub after_destroy: Vec<Command>,
    /// Addresses of what holds data, with `*` for anything: none of them is destroyed or replaced unless the command names it.
    pub stateful: Vec<String>,
    /// Where to look in a web UI; printed after apply.
    pub links: Vec<Template>,
}

/// A TOML value whose strings are templates.
#[derive(Clone, Debug, PartialEq)]
pub enum VarValue {
    /// A string.
    Text(Template),
    /// A boolean, a number or a date in JSON's shape.
    Literal(serde_json::Value),
    /// An array.
    List(Vec<VarValue>),
    /// A table.
    Map(IndexMap<String, VarValue>),
}

/// What a workspace needs before its init.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// A workspace that must be applied.
    Workspace(Spanned<String>),
    /// A task that must have run.
    Task(Call),
}

impl Workspace {
    /// The workspaces that it needs, in the order of the file.
    pub fn upstream(&self) -> impl Iterator<Item = &str> {
        self.depends.iter().filter_map(|dependency| match dependency {
            Dependency::Workspace(name) => Some(name.value.as_str()),
            Dependency::Task(_) => None,
        })
    }

    /// The tasks that it needs.
    pub fn tasks(&self) -> impl Iterator<Item = &Call> {
        self.depends.iter().filter_map(|dependency| match dependency {
            Dependency::Task(call) => Some(call),
            Dependency::Workspace(_) => None,
        })
    }

    /// The commands of all its hooks.
    pub fn hooks(&self) -> impl Iterator<Item = &Command> {
        self.before_init
            .iter()
            .chain(&self.before_apply)
            .chain(&self.after_apply)
            .chain(&self.before_destroy)
            .chain(&self.after_destroy)
    }
}

impl VarValue {
    /// All templates inside.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Text(template) => vec![template],
            Self::Literal(_) => Vec::new(),
            Self::List(items) => items.iter().flat_map(Self::templates).collect(),
            Self::Map(entries) => entries.values().flat_map(Self::templates).collect(),
        }
    }
}
